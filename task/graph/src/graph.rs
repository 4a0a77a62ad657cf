//! Members that join and leave, pipelines that start and stop.

mod formats;

use idl::types::{
    BlockState, Entity, EntityFunction, EntityId, Generation, GraphError, IspError, Link,
    LinkFlags, Name, Outlook, PadFormat, PadRef, Pipeline, PixFormat, SensorError, Started,
    TaskIndex, VideoNode,
};
use idol_runtime::ipc;
use sys_abi::{Disconnect, TaskId, WatchEvent};
use task_node::{Reaction, Session};

use crate::drivers::Drivers;
use crate::pipeline::{self, Origin};
use crate::running::Running;
use crate::topology::{ENTITIES_MAX, LINKS_MAX, Member, Node, Topology};

/// Most pipelines at a time: one per video node.
const PIPELINES_MAX: usize = 7;

/// How long to wait before a live member that did not describe itself is asked again, in
/// microseconds.
pub const RETRY_US: u64 = 10_000;

type Failure = ipc::Error<GraphError>;

/// Calls that have to be made once the caller at hand has its answer.
#[derive(Clone, Copy, Debug, Default)]
struct Duties {
    stop_sensor: bool,
    /// Bit n: stop the pipeline of video node n.
    stop_isp: u8,
    announce: bool,
}

/// The media graph. `D` reaches the drivers.
pub struct Graph<D> {
    /// The drivers below.
    pub drivers: D,
    topology: Topology,
    session: Session<2>,
    isp: TaskIndex,
    sensor: TaskIndex,
    sinks: [Name; 2],
    joined: [bool; 2],
    pipelines: [Option<Running>; PIPELINES_MAX],
    duties: Duties,
}

impl<D: Drivers> Graph<D> {
    /// An empty graph of this life. The sensor is wired to the entities of these names: in parallel, by a
    /// link that clients switch, and serially, by one that is always on (Linux omap3isp: a CSI-2 sensor's
    /// link is immutable). A name that no entity has is no wire.
    #[must_use]
    pub fn new(
        drivers: D,
        life: Generation,
        isp: TaskIndex,
        sensor: TaskIndex,
        (parallel_sink, serial_sink): (&str, &str),
    ) -> Self {
        Self {
            drivers,
            topology: Topology::new(life),
            session: Session::new([isp, sensor]),
            isp,
            sensor,
            sinks: [parallel_sink, serial_sink].map(Name::new),
            joined: [false; 2],
            pipelines: [None; PIPELINES_MAX],
            duties: Duties::default(),
        }
    }

    /// At the graph's own start: takes over what the supervisor says of a member. A member that
    /// serves already may be running what the previous life of the graph started: it is stopped.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.session.learn(peer, outlook);
        if self.session.id(peer).is_some() {
            self.duties.stop_sensor |= peer == self.sensor;
            self.duties.stop_isp |= if peer == self.isp { 0x7F } else { 0 };
        }
    }

    /// Takes an edge of a watched task.
    pub fn edge(&mut self, event: WatchEvent) {
        let reaction = self.session.edge(event);
        self.react(reaction);
    }

    /// What is left to do when nobody waits for an answer: stop orphaned hardware, describe
    /// members that are live, tell who watches. To be called after each message and edge.
    pub fn settle(&mut self) {
        self.stop_orphans();
        for member in [Member::Isp, Member::Sensor] {
            if !self.joined[member as usize] && self.life(member).is_some() {
                self.join(member);
            }
        }
        if core::mem::take(&mut self.duties.announce) {
            self.drivers.announce(self.topology.version());
        }
    }

    /// Whether a live member has not described itself yet: then `settle` is due again after
    /// [`RETRY_US`].
    #[must_use]
    pub fn rebuilding(&self) -> bool {
        [Member::Isp, Member::Sensor]
            .into_iter()
            .any(|member| !self.joined[member as usize] && self.life(member).is_some())
    }

    /// The topology version.
    #[must_use]
    pub fn topology_version(&self) -> u32 {
        self.topology.version()
    }

    /// One entity of a snapshot.
    ///
    /// # Errors
    /// `Rebuilding`, `Stale`, `NoSuchEntity` after the last.
    pub fn entity(&self, version: u32, index: u8) -> Result<Entity, GraphError> {
        self.snapshot(version)?;
        let node = self.topology.nodes().nth(usize::from(index));
        Ok(node.ok_or(GraphError::NoSuchEntity)?.entity)
    }

    /// One link of a snapshot.
    ///
    /// # Errors
    /// `Rebuilding`, `Stale`, `NoSuchLink` after the last.
    pub fn link(&self, version: u32, index: u8) -> Result<Link, GraphError> {
        self.snapshot(version)?;
        self.topology.links().nth(usize::from(index)).copied().ok_or(GraphError::NoSuchLink)
    }

    /// The entity of that name.
    ///
    /// # Errors
    /// `Rebuilding`, `NoSuchEntity`.
    pub fn find(&self, name: &Name) -> Result<EntityId, GraphError> {
        self.complete()?;
        self.topology.named(name).map(|node| node.entity.id).ok_or(GraphError::NoSuchEntity)
    }

    /// Enables or disables a link.
    ///
    /// # Errors
    /// `Rebuilding`; `Busy` while a pipeline that it touches runs, or when another link excludes
    /// it; `NoSuchLink`; `Immutable`.
    pub fn setup_link(
        &mut self,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> Result<(), GraphError> {
        self.complete()?;
        if self.locked(source.entity) || self.locked(sink.entity) {
            return Err(GraphError::Busy);
        }
        let before = self.topology.version();
        self.topology.setup_link(source, sink, enabled)?;
        self.duties.announce |= before != self.topology.version();
        Ok(())
    }

    /// The active format of a pad.
    ///
    /// # Errors
    /// `Rebuilding`, `NoSuchEntity`, `NoSuchPad`.
    pub fn get_format(&self, pad: PadRef) -> Result<PadFormat, GraphError> {
        self.complete()?;
        self.node(pad.entity)?.pad_format(pad.pad).ok_or(GraphError::NoSuchPad)
    }

    /// The active formats of an entity.
    ///
    /// # Errors
    /// `Rebuilding`, `NoSuchEntity`, `NoSuchPad` if it has none.
    pub fn state(&self, entity: EntityId) -> Result<BlockState, GraphError> {
        self.complete()?;
        self.node(entity)?.state.ok_or(GraphError::NoSuchPad)
    }

    /// Validates the pipeline with the video node `end` at one of its ends and locks it to the life of
    /// `holder`. If no node is missing, it starts the ISP, then the sensor.
    ///
    /// # Errors
    /// Those of [`pipeline::validate`]; `FormatMismatch` if the node's format is not what the block
    /// there has; `TooFast`; `Busy` if a part of it runs; `StartFailed`; a driver's disconnect. After an error
    /// nothing is locked that was not locked before, and nothing runs.
    pub fn start(
        &mut self,
        holder: TaskId,
        end: EntityId,
        format: PixFormat,
    ) -> Result<Started, Failure> {
        self.complete().map_err(ipc::Error::Op)?;
        let (slot, running) = self.joined(holder, end, format).map_err(ipc::Error::Op)?;
        let started = match (running.pipeline(), running.path.origin) {
            (None, _) => Started::Waiting,
            (Some(pipeline), Origin::Memory { .. }) => {
                self.start_isp(pipeline, 0)?;
                Started::Memory
            }
            (Some(pipeline), Origin::Sensor { sensor, .. }) => {
                let rate_hz = self.pixel_rate()?;
                self.start_isp(pipeline, rate_hz)?;
                self.start_sensor(sensor).inspect_err(|_| {
                    self.duties.stop_isp |= 1 << pipeline.video as u8;
                })?;
                Started::Live
            }
        };
        self.pipelines[slot] = Some(running);
        Ok(started)
    }

    /// The pipeline as it is with this node in it, and where it is kept.
    fn joined(
        &self,
        holder: TaskId,
        end: EntityId,
        format: PixFormat,
    ) -> Result<(usize, Running), GraphError> {
        let waits = |running: &Running| running.waits_for(end);
        let waiting = self.pipelines.iter().position(|slot| slot.as_ref().is_some_and(waits));
        if let Some((slot, mut running)) =
            waiting.and_then(|slot| Some((slot, self.pipelines[slot]?)))
        {
            running.join(end, holder, format);
            let fits = running.path.fits(end, format);
            return if fits { Ok((slot, running)) } else { Err(GraphError::FormatMismatch) };
        }
        let path = pipeline::validate(&self.topology, end)?;
        if !path.fits(end, format) {
            return Err(GraphError::FormatMismatch);
        }
        if path.entities.iter().flatten().any(|id| self.locked(*id)) {
            return Err(GraphError::Busy);
        }
        let free = self.pipelines.iter().position(Option::is_none).ok_or(GraphError::Busy)?;
        Ok((free, Running::new(path, end, holder, format)))
    }

    /// Stops the ISP, then the sensor if it has a part in it, and unlocks, for all nodes of the
    /// pipeline. Only a task that started it may.
    ///
    /// # Errors
    /// `NoSuchEntity` if no pipeline of the caller ends there. Drivers that refuse or are gone do
    /// not keep the pipeline locked.
    pub fn stop(&mut self, caller: TaskId, end: EntityId) -> Result<(), Failure> {
        let wanted = |running: &Running| running.was_started_by(caller, end);
        let stopped = self
            .pipelines
            .iter_mut()
            .find_map(|slot| slot.as_ref().is_some_and(wanted).then(|| slot.take()).flatten());
        let running = stopped.ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        if running.pipeline().is_some() {
            self.stop_isp(running.path.video);
        }
        if running.is_live() {
            self.stop_sensor();
        }
        Ok(())
    }

    fn react(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::Disconnect(record) => self.leave(record),
            Reaction::Sweep { task, generation } => {
                self.release(|running| running.is_held_by(task, generation));
            }
            Reaction::None | Reaction::Quiet { .. } => {}
        }
    }

    /// A member's life ended: what it described leaves, what ran through it is released.
    fn leave(&mut self, record: Disconnect) {
        let member = if record.peer == self.isp { Member::Isp } else { Member::Sensor };
        // Every pipeline runs through the ISP; those from memory go on without the sensor.
        self.release(|running| member == Member::Isp || running.is_live());
        match member {
            Member::Isp => self.duties.stop_isp = 0,
            Member::Sensor => self.duties.stop_sensor = false,
        }
        // What a member described before it had joined was never to be seen.
        let visible = core::mem::take(&mut self.joined[member as usize]);
        if self.topology.leave(member) && visible {
            self.topology.changed();
            self.duties.announce = true;
        }
    }

    fn release(&mut self, which: impl Fn(&Running) -> bool) {
        for slot in &mut self.pipelines {
            if let Some(running) = slot
                && which(running)
            {
                if running.pipeline().is_some() {
                    self.duties.stop_isp |= 1 << running.path.video as u8;
                }
                self.duties.stop_sensor |= running.is_live();
                *slot = None;
            }
        }
    }

    fn stop_orphans(&mut self) {
        let stop_isp = core::mem::take(&mut self.duties.stop_isp);
        let stop_sensor = core::mem::take(&mut self.duties.stop_sensor);
        for video in VIDEO_NODES.into_iter().filter(|video| stop_isp >> *video as u8 & 1 == 1) {
            self.stop_isp(video);
        }
        if stop_sensor {
            self.stop_sensor();
        }
    }

    /// Asks a live member to describe itself. All or nothing.
    fn join(&mut self, member: Member) {
        let described = match member {
            Member::Isp => self.describe_isp(),
            Member::Sensor => self.describe_sensor(),
        };
        match described {
            Some(()) => {
                self.joined[member as usize] = true;
                self.wire_sensor();
                self.topology.changed();
                self.duties.announce = true;
            }
            None => {
                self.topology.leave(member);
            }
        }
    }

    fn describe_isp(&mut self) -> Option<()> {
        let isp = self.life(Member::Isp)?;
        let mut ids = [EntityId(0); ENTITIES_MAX];
        for position in 0..=ENTITIES_MAX as u8 {
            let result = self.drivers.isp_describe_entity(isp, position);
            let description = match result {
                Err(ipc::Error::Op(IspError::NoSuchEntity)) => break,
                result => self.heard(result)?,
            };
            let has_formats =
                !matches!(description.function, EntityFunction::IoV4l | EntityFunction::Statistics);
            let state = match has_formats.then(|| self.drivers.isp_default_state(isp, position)) {
                None | Some(Err(ipc::Error::Op(IspError::NoSuchEntity))) => None,
                Some(result) => Some(self.heard(result)?),
            };
            let id = self.topology.join(Member::Isp, position, description, state)?;
            ids[usize::from(position)] = id;
        }
        for position in 0..=LINKS_MAX as u8 {
            let result = self.drivers.isp_describe_link(isp, position);
            let link = match result {
                Err(ipc::Error::Op(IspError::NoSuchLink)) => break,
                result => self.heard(result)?,
            };
            let end = |(entity, pad): (u8, u8)| {
                Some(PadRef { entity: *ids.get(usize::from(entity))?, pad })
            };
            let (source, sink) = (end(link.source)?, end(link.sink)?);
            self.topology.connect(Link { source, sink, flags: link.flags })?;
        }
        Some(())
    }

    fn describe_sensor(&mut self) -> Option<()> {
        let sensor = self.life(Member::Sensor)?;
        let description = self.drivers.sensor_describe(sensor);
        let description = self.heard(description)?;
        let state = self.drivers.sensor_default_state(sensor);
        let state = self.heard(state)?;
        self.topology.join(Member::Sensor, 0, description, Some(state)).map(|_| ())
    }

    /// The links between the two members.
    fn wire_sensor(&mut self) {
        let always = LinkFlags(LinkFlags::ENABLED.0 | LinkFlags::IMMUTABLE.0);
        for (name, flags) in self.sinks.into_iter().zip([LinkFlags::default(), always]) {
            let sensor = self.topology.nodes().find(|node| node.member == Member::Sensor);
            let sink = self.topology.named(&name);
            if let (Some(sensor), Some(sink)) = (sensor, sink) {
                let source = PadRef { entity: sensor.entity.id, pad: 0 };
                let sink = PadRef { entity: sink.entity.id, pad: 0 };
                // Without room the link is missing and pipelines answer BrokenPipeline; LINKS_MAX
                // has room for twice the links of the OMAP3 ISP.
                let _ = self.topology.connect(Link { source, sink, flags });
            }
        }
    }

    /// How many pixels the sensor sends in a second; a sensor that cannot say it cannot be used.
    fn pixel_rate(&mut self) -> Result<u32, Failure> {
        let sensor = self.life(Member::Sensor).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        let told = self.drivers.sensor_pixel_rate(sensor);
        let rate_hz = self.relay(told, |_| GraphError::StartFailed)?;
        u32::try_from(rate_hz).map_err(|_| ipc::Error::Op(GraphError::StartFailed))
    }

    fn start_isp(&mut self, pipeline: Pipeline, pixel_rate_hz: u32) -> Result<(), Failure> {
        let isp = self.life(Member::Isp).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        let started = self.drivers.isp_start(isp, pipeline, pixel_rate_hz);
        self.relay(started, |error| match error {
            IspError::Busy => GraphError::Busy,
            IspError::InvalidPipeline => GraphError::LinkMismatch,
            IspError::TooFast => GraphError::TooFast,
            _ => GraphError::StartFailed,
        })
    }

    fn start_sensor(&mut self, state: BlockState) -> Result<(), Failure> {
        let sensor = self.life(Member::Sensor).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        let started = self.drivers.sensor_start(sensor, state);
        self.relay(started, |error| match error {
            SensorError::Busy => GraphError::Busy,
            _ => GraphError::StartFailed,
        })
    }

    /// A driver that refuses to stop is not streaming; one that is gone has stopped.
    fn stop_isp(&mut self, video: VideoNode) {
        if let Some(isp) = self.life(Member::Isp) {
            let stopped = self.drivers.isp_stop(isp, video);
            self.heard(stopped);
        }
    }

    fn stop_sensor(&mut self) {
        if let Some(sensor) = self.life(Member::Sensor) {
            let stopped = self.drivers.sensor_stop(sensor);
            self.heard(stopped);
        }
    }

    /// The value of a call. A death that it brought is dealt with, an error is dropped.
    fn heard<T, E>(&mut self, result: Result<T, ipc::Error<E>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if let Some(record) = error.disconnect() {
                    let reaction = self.session.observe(record);
                    self.react(reaction);
                }
                None
            }
        }
    }

    /// The result of a call in the graph's words. A death that it brought is dealt with.
    fn relay<T, E>(
        &mut self,
        result: Result<T, ipc::Error<E>>,
        translate: impl FnOnce(E) -> GraphError,
    ) -> Result<T, Failure> {
        result.map_err(|error| {
            let error = error.map_op(translate);
            if let ipc::Error::Disconnected(record) = error {
                let reaction = self.session.observe(record);
                self.react(reaction);
            }
            error
        })
    }

    fn life(&self, member: Member) -> Option<TaskId> {
        self.session.id(match member {
            Member::Isp => self.isp,
            Member::Sensor => self.sensor,
        })
    }

    fn locked(&self, id: EntityId) -> bool {
        self.running(id).is_some()
    }

    /// The end of the running pipeline that an entity is part of.
    fn running(&self, id: EntityId) -> Option<VideoNode> {
        let mut pipelines = self.pipelines.iter().flatten();
        pipelines.find(|running| running.path.contains(id)).map(|it| it.path.video)
    }

    fn node(&self, id: EntityId) -> Result<&Node, GraphError> {
        self.topology.node(id).ok_or(GraphError::NoSuchEntity)
    }

    fn snapshot(&self, version: u32) -> Result<(), GraphError> {
        self.complete()?;
        if version == self.topology.version() { Ok(()) } else { Err(GraphError::Stale) }
    }

    fn complete(&self) -> Result<(), GraphError> {
        if self.rebuilding() { Err(GraphError::Rebuilding) } else { Ok(()) }
    }
}

const VIDEO_NODES: [VideoNode; PIPELINES_MAX] = [
    VideoNode::Ccp2Input,
    VideoNode::Csi2aOutput,
    VideoNode::CcdcOutput,
    VideoNode::PreviewInput,
    VideoNode::PreviewOutput,
    VideoNode::ResizerInput,
    VideoNode::ResizerOutput,
];
