//! Entities, links and active formats.
//!
//! An entity id is the graph's life (high 12 bits) and a counter (low 20 bits), so ids are not
//! reused when an entity leaves and not when the graph restarts. When either part is exhausted
//! nobody can join any more; that is 4096 lives, or a million entities in one life.

use idl::types::{
    BlockState, Entity, EntityDescription, EntityFunction, EntityId, Feed, Generation, GraphError,
    Link, LinkFlags, Name, PadFormat, PadRef,
};

/// Most entities; the OMAP3 ISP with a sensor has 16.
pub const ENTITIES_MAX: usize = 24;
/// Most data links; the OMAP3 ISP with a sensor has 16.
pub const LINKS_MAX: usize = 32;

const COUNTER_BITS: u32 = 20;

/// Whose entity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The ISP driver.
    Isp,
    /// The sensor driver.
    Sensor,
}

/// An entity and what the graph keeps for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What clients see.
    pub entity: Entity,
    /// Who described it.
    pub member: Member,
    /// Its position in its driver's description.
    pub position: u8,
    /// Active formats, if it has any.
    pub state: Option<BlockState>,
}

impl Node {
    /// Whether `pad` exists and is a sink; `None` if there is no such pad.
    #[must_use]
    pub fn is_sink(&self, pad: u8) -> Option<bool> {
        let EntityDescription { pads, sinks, .. } = self.entity.description;
        (pad < pads).then(|| sinks >> pad & 1 == 1)
    }

    /// The active format of a pad: the sink's, or that of the first or second source pad.
    #[must_use]
    pub fn pad_format(&self, pad: u8) -> Option<PadFormat> {
        let state = self.state?;
        if self.is_sink(pad)? {
            return Some(state.sink);
        }
        let sources_before = (0..pad).filter(|before| self.is_sink(*before) == Some(false)).count();
        Some(if sources_before == 0 { state.source } else { state.video_port })
    }
}

/// The graph's data.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Filled from the front, ids ascending.
    entities: [Option<Node>; ENTITIES_MAX],
    /// Filled from the front.
    links: [Option<Link>; LINKS_MAX],
    version: u32,
    next_id: Option<u32>,
}

impl Topology {
    /// An empty topology of this life of the graph.
    #[must_use]
    pub fn new(life: Generation) -> Self {
        let first =
            (life.0 < 1 << (u32::BITS - COUNTER_BITS)).then_some(life.0 << COUNTER_BITS | 1);
        Self {
            entities: [None; ENTITIES_MAX],
            links: [None; LINKS_MAX],
            version: life.0.wrapping_shl(COUNTER_BITS),
            next_id: first,
        }
    }

    /// Changes with each change of entities or links.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Marks a change.
    pub fn changed(&mut self) {
        self.version = self.version.wrapping_add(1);
    }

    /// Adds an entity. `None` when the table is full or the ids are exhausted.
    pub fn join(
        &mut self,
        member: Member,
        position: u8,
        description: EntityDescription,
        state: Option<BlockState>,
    ) -> Option<EntityId> {
        let free = self.entities.iter_mut().find(|entry| entry.is_none())?;
        let number = self.next_id?;
        let id = EntityId(number);
        *free = Some(Node { entity: Entity { id, description }, member, position, state });
        let exhausted = (number + 1).trailing_zeros() >= COUNTER_BITS;
        self.next_id = (!exhausted).then_some(number + 1);
        Some(id)
    }

    /// Adds a link. `None` when the table is full or an end does not exist.
    pub fn connect(&mut self, link: Link) -> Option<()> {
        let right_way = self.node(link.source.entity)?.is_sink(link.source.pad) == Some(false)
            && self.node(link.sink.entity)?.is_sink(link.sink.pad) == Some(true);
        let free = self.links.iter_mut().find(|entry| entry.is_none())?;
        right_way.then(|| *free = Some(link))
    }

    /// Takes all entities of a member out, and the links that touch them. Whether there were any.
    pub fn leave(&mut self, member: Member) -> bool {
        let gone = |nodes: &[Option<Node>], id: EntityId| {
            nodes.iter().flatten().any(|node| node.member == member && node.entity.id == id)
        };
        for link in &mut self.links {
            if let Some(ends) = *link
                && (gone(&self.entities, ends.source.entity)
                    || gone(&self.entities, ends.sink.entity))
            {
                *link = None;
            }
        }
        let before = self.nodes().count();
        for node in &mut self.entities {
            if node.is_some_and(|node| node.member == member) {
                *node = None;
            }
        }
        compact(&mut self.links);
        compact(&mut self.entities);
        before != self.nodes().count()
    }

    /// All entities, ids ascending.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.entities.iter().flatten()
    }

    /// All links.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().flatten()
    }

    /// One entity.
    #[must_use]
    pub fn node(&self, id: EntityId) -> Option<&Node> {
        self.nodes().find(|node| node.entity.id == id)
    }

    /// One entity, to change its active formats.
    pub fn node_mut(&mut self, id: EntityId) -> Option<&mut Node> {
        self.entities.iter_mut().flatten().find(|node| node.entity.id == id)
    }

    /// One entity by its exact name.
    #[must_use]
    pub fn named(&self, name: &Name) -> Option<&Node> {
        self.nodes().find(|node| node.entity.description.name == *name)
    }

    /// The enabled link into a sink pad.
    #[must_use]
    pub fn link_into(&self, sink: PadRef) -> Option<&Link> {
        self.links().find(|link| link.sink == sink && link.flags.contains(LinkFlags::ENABLED))
    }

    /// Where the samples at pad 0 of an entity come from.
    #[must_use]
    pub fn feed(&self, entity: EntityId) -> Feed {
        let link = self.link_into(PadRef { entity, pad: 0 });
        let upstream = link.and_then(|link| self.node(link.source.entity));
        match upstream.map(|node| node.entity.description.function) {
            Some(EntityFunction::IoV4l) => Feed::Memory,
            _ => Feed::Live,
        }
    }

    /// The enabled link out of an entity that software has switched: a block has at most one.
    #[must_use]
    pub fn link_from(&self, source: EntityId) -> Option<&Link> {
        self.links().find(|link| link.source.entity == source && link.flags == LinkFlags::ENABLED)
    }

    /// Enables or disables a link by the rules of the OMAP3 ISP: a block writes to one place at a
    /// time (immutable links to the statistics aside), and a sink pad reads from one.
    ///
    /// # Errors
    /// `NoSuchLink`; `Immutable` if it would change an immutable link; `Busy` if another link of
    /// the source entity, or into the sink pad, is enabled.
    pub fn setup_link(
        &mut self,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> Result<(), GraphError> {
        let wanted = |link: &Link| link.source == source && link.sink == sink;
        let link = *self.links().find(|link| wanted(link)).ok_or(GraphError::NoSuchLink)?;
        if link.flags.contains(LinkFlags::ENABLED) == enabled {
            return Ok(());
        }
        if link.flags.contains(LinkFlags::IMMUTABLE) {
            return Err(GraphError::Immutable);
        }
        if enabled && self.links().any(|other| excludes(other, &link)) {
            return Err(GraphError::Busy);
        }
        if let Some(link) = self.links.iter_mut().flatten().find(|link| wanted(link)) {
            link.flags = if enabled { LinkFlags::ENABLED } else { LinkFlags::default() };
        }
        self.changed();
        Ok(())
    }
}

/// Moves what is left to the front, in its order.
fn compact<T>(entries: &mut [Option<T>]) {
    let mut kept = 0;
    for position in 0..entries.len() {
        if entries[position].is_some() {
            entries.swap(kept, position);
            kept += 1;
        }
    }
}

/// Whether `wanted` cannot be enabled because `other` is.
fn excludes(other: &Link, wanted: &Link) -> bool {
    let active = other.flags.contains(LinkFlags::ENABLED);
    let same_output =
        other.source.entity == wanted.source.entity && !other.flags.contains(LinkFlags::IMMUTABLE);
    active && (same_output || other.sink == wanted.sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{DeviceNode, EntityFunction};

    fn description(name: &str, pads: u8, sinks: u8) -> EntityDescription {
        EntityDescription {
            name: Name::new(name),
            function: EntityFunction::Scaler,
            pads,
            sinks,
            must_connect: sinks,
            default: false,
            node: DeviceNode::Subdev(0),
        }
    }

    fn join(topology: &mut Topology, member: Member, name: &str) -> EntityId {
        topology.join(member, 0, description(name, 2, 1), None).unwrap()
    }

    fn pad(entity: EntityId, pad: u8) -> PadRef {
        PadRef { entity, pad }
    }

    fn link(source: EntityId, sink: EntityId, flags: LinkFlags) -> Link {
        Link { source: pad(source, 1), sink: pad(sink, 0), flags }
    }

    #[test]
    fn ids_are_never_reused_not_even_after_a_restart() {
        let mut first = Topology::new(Generation(0));
        let old = join(&mut first, Member::Isp, "a");
        first.leave(Member::Isp);
        let again = join(&mut first, Member::Isp, "a");
        let restarted = join(&mut Topology::new(Generation(1)), Member::Isp, "a");
        assert!(old < again && again < restarted);
        assert_eq!(first.node(old), None);
    }

    #[test]
    fn exhausted_ids_refuse_instead_of_wrapping() {
        let mut topology = Topology::new(Generation(1));
        topology.next_id = Some((2 << COUNTER_BITS) - 1);
        assert!(topology.join(Member::Isp, 0, description("last", 1, 0), None).is_some());
        assert_eq!(topology.join(Member::Isp, 0, description("more", 1, 0), None), None);
        let mut worn_out = Topology::new(Generation(4096));
        assert_eq!(worn_out.join(Member::Isp, 0, description("a", 1, 0), None), None);
    }

    #[test]
    fn a_full_table_refuses() {
        let mut topology = Topology::new(Generation(0));
        for _ in 0..ENTITIES_MAX {
            join(&mut topology, Member::Isp, "a");
        }
        assert_eq!(topology.join(Member::Isp, 0, description("more", 1, 0), None), None);
    }

    #[test]
    fn a_member_leaves_with_its_links_and_the_others_stay_in_order() {
        let mut topology = Topology::new(Generation(0));
        let sensor = join(&mut topology, Member::Sensor, "sensor");
        let ccdc = join(&mut topology, Member::Isp, "ccdc");
        let preview = join(&mut topology, Member::Isp, "preview");
        topology.connect(link(sensor, ccdc, LinkFlags::ENABLED)).unwrap();
        topology.connect(link(ccdc, preview, LinkFlags::ENABLED)).unwrap();
        assert!(topology.leave(Member::Sensor));
        assert_eq!(
            topology.nodes().map(|node| node.entity.id).collect::<Vec<_>>(),
            [ccdc, preview]
        );
        assert_eq!(topology.links().count(), 1);
        assert!(!topology.leave(Member::Sensor), "leaving twice changes nothing");
    }

    #[test]
    fn a_link_needs_both_ends_the_right_way_round() {
        let mut topology = Topology::new(Generation(0));
        let a = join(&mut topology, Member::Isp, "a");
        let b = join(&mut topology, Member::Isp, "b");
        let backwards = Link { source: pad(a, 0), sink: pad(b, 1), flags: LinkFlags::default() };
        assert_eq!(topology.connect(backwards), None);
        assert_eq!(topology.connect(link(a, EntityId(99), LinkFlags::default())), None);
        assert_eq!(topology.links().count(), 0);
    }

    #[test]
    fn a_block_writes_to_one_place_and_a_pad_reads_from_one() {
        let mut topology = Topology::new(Generation(0));
        let [a, b, c] = ["a", "b", "c"].map(|name| join(&mut topology, Member::Isp, name));
        for (source, sink) in [(a, b), (a, c), (b, c)] {
            topology.connect(link(source, sink, LinkFlags::default())).unwrap();
        }
        assert_eq!(topology.setup_link(pad(a, 1), pad(b, 0), true), Ok(()));
        assert_eq!(topology.setup_link(pad(a, 1), pad(c, 0), true), Err(GraphError::Busy));
        assert_eq!(topology.setup_link(pad(b, 1), pad(c, 0), true), Ok(()));
        assert_eq!(topology.setup_link(pad(a, 1), pad(b, 0), false), Ok(()));
        assert_eq!(topology.setup_link(pad(a, 1), pad(c, 0), true), Err(GraphError::Busy));
    }

    #[test]
    fn immutable_links_stay_and_do_not_use_up_the_output() {
        let mut topology = Topology::new(Generation(0));
        let [a, b, c] = ["a", "b", "c"].map(|name| join(&mut topology, Member::Isp, name));
        let fixed = LinkFlags(LinkFlags::ENABLED.0 | LinkFlags::IMMUTABLE.0);
        topology.connect(link(a, b, fixed)).unwrap();
        topology.connect(link(a, c, LinkFlags::default())).unwrap();
        assert_eq!(topology.setup_link(pad(a, 1), pad(b, 0), false), Err(GraphError::Immutable));
        assert_eq!(topology.setup_link(pad(a, 1), pad(b, 0), true), Ok(()), "unchanged is fine");
        assert_eq!(topology.setup_link(pad(a, 1), pad(c, 0), true), Ok(()));
    }

    #[test]
    fn the_version_changes_only_when_a_link_does() {
        let mut topology = Topology::new(Generation(0));
        let [a, b] = ["a", "b"].map(|name| join(&mut topology, Member::Isp, name));
        topology.connect(link(a, b, LinkFlags::default())).unwrap();
        let before = topology.version();
        topology.setup_link(pad(a, 1), pad(b, 0), false).unwrap();
        assert_eq!(topology.version(), before);
        topology.setup_link(pad(a, 1), pad(b, 0), true).unwrap();
        assert_ne!(topology.version(), before);
    }
}
