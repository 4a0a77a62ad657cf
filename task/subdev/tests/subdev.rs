//! A subdev node with a graph of the test's making: one test per promise, and per cell of the
//! table of edges in the crate's docs.

#[path = "subdev/configuration.rs"]
mod configuration;
#[path = "subdev/enumeration.rs"]
mod enumeration;

use std::cell::RefCell;
use std::rc::Rc;

use idl::types::{
    BlackCompensation, BlockState, Cause, CcdcFeatures, CcdcParameters, CcdcTable, Choice,
    ControlDescription, ControlId, ControlKind, Disconnect, Edge, EntityId, Event, EventKind,
    FormatChange, FrameInterval, FrameStart, Generation, GraphError, Handle, MbusCode, Name,
    NodeError, NodeUsage, NoiseFilter, Note, Offer, Outlook, PadFormat, PadRef, PollEvents,
    PreviewFeatures, PreviewParameters, PreviewTable, QueuedEvent, Rect, SizeRange, TaskIndex,
    Which,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::{PollPeers, Refusal};
use task_subdev::{Config, Driver, EVENTS_MAX, GraphResult, Node, Upstream};

const DRIVER: TaskIndex = TaskIndex(3);
const GRAPH: TaskIndex = TaskIndex(5);
const ALICE: TaskId = TaskId::new(TaskIndex(12), Generation(0));

struct World {
    active: BlockState,
    known: bool,
    failure: Option<ipc::Error<GraphError>>,
    /// What the driver answers, if it does not succeed.
    refusal: Option<Refusal>,
    brightness: i32,
    interval: FrameInterval,
    started: FrameStart,
    log: Vec<String>,
}

#[derive(Clone)]
struct Fake(Rc<RefCell<World>>);

fn record(peer: TaskIndex) -> Disconnect {
    Disconnect { peer, generation: Generation(0), cause: Cause::Faulted, hops: 0 }
}

fn state(width_px: u16) -> BlockState {
    let format = PadFormat { width_px, height_px: 100, code: MbusCode::SGRBG10 };
    let crop = Rect { width_px, height_px: 100, ..Rect::default() };
    BlockState { sink: format, crop, crop_bounds: crop, source: format, video_port: format }
}

fn to_width(width_px: u16) -> FormatChange {
    FormatChange::Format { pad: 0, format: state(width_px).sink }
}

impl Fake {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().log)
    }
}

impl Driver for Fake {
    fn query_control(&mut self, driver: TaskId, index: u8) -> Result<ControlDescription, Refusal> {
        assert_eq!(driver.index(), DRIVER);
        let none = Err(ipc::Error::Op(NodeError::NoSuchControl));
        let id = ControlId::BRIGHTNESS;
        let (kind, default) = (ControlKind::Integer, 0);
        let only = ControlDescription {
            id,
            kind,
            minimum: 0,
            maximum: 255,
            step: 1,
            default,
            read_only: false,
        };
        if index == 0 { self.0.borrow().refusal.map_or(Ok(only), Err) } else { none }
    }

    fn query_menu(&mut self, _: TaskId, id: ControlId, index: u32) -> Result<Name, Refusal> {
        let item = (id == ControlId::TEST_PATTERN && index == 3).then(|| Name::new("Three"));
        let found = item.ok_or(ipc::Error::Op(NodeError::NoSuchControl));
        self.0.borrow().refusal.map_or(found, Err)
    }

    fn get_control(&mut self, _: TaskId, _: ControlId) -> Result<i32, Refusal> {
        let world = self.0.borrow();
        world.refusal.map_or(Ok(world.brightness), Err)
    }

    fn set_control(&mut self, _: TaskId, _: ControlId, value: i32) -> Result<i32, Refusal> {
        let mut world = self.0.borrow_mut();
        if let Some(refusal) = world.refusal {
            return Err(refusal);
        }
        world.brightness = value.clamp(0, 255);
        Ok(world.brightness)
    }

    fn frame_interval(&mut self, _: TaskId, state: BlockState) -> Result<FrameInterval, Refusal> {
        let world = self.0.borrow();
        let interval = FrameInterval { numerator: state.sink.width_px.into(), ..world.interval };
        world.refusal.map_or(Ok(interval), Err)
    }

    fn set_frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
        interval: FrameInterval,
    ) -> Result<FrameInterval, Refusal> {
        if self.0.borrow().refusal.is_none() {
            self.0.borrow_mut().interval = interval;
        }
        self.frame_interval(driver, state)
    }

    fn enum_frame_interval(
        &mut self,
        _: TaskId,
        state: BlockState,
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, Refusal> {
        let world = self.0.borrow();
        if let Some(refusal) = world.refusal {
            return Err(refusal);
        }
        let known = format == state.sink && index < 2;
        let interval = FrameInterval { numerator: u32::from(index) + 1, denominator: 30 };
        known.then_some(interval).ok_or(ipc::Error::Op(NodeError::InvalidFormat))
    }

    fn preview_parameters(&mut self, _: TaskId, given: PreviewParameters) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push(format!("give {given:?}"));
        world.refusal.map_or(Ok(()), Err)
    }

    fn preview_table(
        &mut self,
        _: TaskId,
        table: PreviewTable,
        entries: &[u8],
    ) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push(format!("give {table:?} {entries:?}"));
        world.refusal.map_or(Ok(()), Err)
    }

    fn preview_configure(
        &mut self,
        _: TaskId,
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push(format!("configure {:#x} {:#x}", update.0, flag.0));
        world.refusal.map_or(Ok(()), Err)
    }

    fn ccdc_parameters(&mut self, _: TaskId, given: CcdcParameters) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push(format!("give {given:?}"));
        world.refusal.map_or(Ok(()), Err)
    }

    fn ccdc_table(
        &mut self,
        _: TaskId,
        (table, whole_bytes): (CcdcTable, u32),
        offset: u32,
        piece: &[u8],
    ) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        let first = piece.first();
        world
            .log
            .push(format!("give {table:?} {offset}+{} of {whole_bytes} {first:?}", piece.len()));
        world.refusal.map_or(Ok(()), Err)
    }

    fn ccdc_configure(
        &mut self,
        _: TaskId,
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Result<(), Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push(format!("correct {:#x} {:#x}", update.0, flag.0));
        world.refusal.map_or(Ok(()), Err)
    }

    fn frame_start(&mut self, _: TaskId) -> Result<FrameStart, Refusal> {
        let mut world = self.0.borrow_mut();
        world.log.push("asked".into());
        world.refusal.map_or(Ok(world.started), Err)
    }
}

impl Upstream for Fake {
    fn find(&mut self, _: TaskId, _: Name) -> GraphResult<EntityId> {
        let known = self.0.borrow().known;
        known.then_some(EntityId(7)).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))
    }

    fn state(&mut self, _: TaskId, _: EntityId) -> GraphResult<BlockState> {
        let world = self.0.borrow();
        world.failure.map_or(Ok(world.active), Err)
    }

    fn adjust(
        &mut self,
        _: TaskId,
        _: EntityId,
        tried: BlockState,
        change: FormatChange,
        commit: bool,
    ) -> GraphResult<BlockState> {
        let mut world = self.0.borrow_mut();
        if let Some(failure) = world.failure {
            return Err(failure);
        }
        let before = if commit { world.active } else { tried };
        let after = match change {
            FormatChange::Format { format, .. } => BlockState { sink: format, ..before },
            FormatChange::Crop(crop) => BlockState { crop, ..before },
        };
        if commit {
            world.active = after;
        }
        Ok(after)
    }

    fn enumerate(
        &mut self,
        _: TaskId,
        PadRef { pad, .. }: PadRef,
        (tried, which): (BlockState, Which),
        choice: Choice,
    ) -> GraphResult<Offer> {
        let world = self.0.borrow();
        if let Some(failure) = world.failure {
            return Err(failure);
        }
        let state = if which == Which::Try { tried } else { world.active };
        let PadFormat { width_px, height_px, code } = state.sink;
        let sizes = SizeRange {
            min_width_px: 1,
            max_width_px: width_px,
            min_height_px: 1,
            max_height_px: height_px,
        };
        match choice {
            _ if pad > 0 => Err(ipc::Error::Op(GraphError::NoSuchPad)),
            Choice::Index(0) => Ok(Offer { code, sizes }),
            Choice::Code(wanted) if wanted == code => Ok(Offer { code, sizes }),
            _ => Err(ipc::Error::Op(GraphError::NoSuchFormat)),
        }
    }
}

impl PollPeers for Fake {
    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
        assert_eq!(caller, ALICE);
        self.0.borrow_mut().log.push(format!("poll {:?}", result.map(|events| events.0)));
    }

    fn note(&mut self, _: Note) {
        self.0.borrow_mut().log.push("note".into());
    }
}

fn serving() -> (Node<Fake>, Fake, Handle) {
    let world = World {
        active: state(640),
        known: true,
        failure: None,
        refusal: None,
        interval: FrameInterval::NONE,
        brightness: 0,
        started: FrameStart::default(),
        log: Vec::new(),
    };
    let fake = Fake(Rc::new(RefCell::new(world)));
    let entity = Name::new("OMAP3 ISP CCDC");
    let config = Config { entity, handles: 4, driver: DRIVER, graph: GRAPH, frame_sync: true };
    let mut node = Node::new(fake.clone(), config);
    for peer in [DRIVER, GRAPH] {
        node.learn(peer, Outlook::Ready { generation: Generation(0) });
    }
    let handle = node.open(ALICE).unwrap();
    (node, fake, handle)
}

fn edge(node: &mut Node<Fake>, peer: TaskIndex, edge: Edge, generation: u32) {
    let (generation, cause) = (Generation(generation), Cause::Faulted);
    node.edge(WatchEvent { peer, edge, generation, cause });
    node.settle();
}

fn width(result: Result<BlockState, Refusal>) -> u16 {
    result.unwrap().sink.width_px
}

#[test]
fn try_formats_belong_to_a_handle_and_active_ones_to_the_device() {
    let (mut node, _, handle) = serving();
    let other = node.open(ALICE).unwrap();
    assert_eq!(width(node.adjust(ALICE, handle, Which::Try, to_width(320))), 320);
    assert_eq!(width(node.state(ALICE, handle, Which::Try)), 320);
    assert_eq!(width(node.state(ALICE, other, Which::Try)), 640);
    assert_eq!(width(node.state(ALICE, handle, Which::Active)), 640);
    assert_eq!(width(node.adjust(ALICE, handle, Which::Active, to_width(160))), 160);
    assert_eq!(width(node.state(ALICE, other, Which::Active)), 160);
    assert_eq!(width(node.state(ALICE, handle, Which::Try)), 320);
}

#[test]
fn a_refused_change_changes_neither_state() {
    let (mut node, fake, handle) = serving();
    fake.0.borrow_mut().failure = Some(ipc::Error::Op(GraphError::Busy));
    for which in [Which::Try, Which::Active] {
        let refused = node.adjust(ALICE, handle, which, to_width(320));
        assert_eq!(refused, Err(ipc::Error::Op(NodeError::Busy)));
    }
    fake.0.borrow_mut().failure = None;
    for which in [Which::Try, Which::Active] {
        assert_eq!(width(node.state(ALICE, handle, which)), 640);
    }
}

#[test]
fn an_entity_that_the_graph_does_not_know_cannot_be_opened() {
    let (mut node, fake, _) = serving();
    fake.0.borrow_mut().known = false;
    assert_eq!(node.open(ALICE), Err(ipc::Error::Op(NodeError::NoDevice)));
}

#[test]
fn when_driver_or_graph_dies_polls_are_answered_before_the_note_and_the_record_sticks() {
    for peer in [DRIVER, GRAPH] {
        let (mut node, fake, handle) = serving();
        assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(None));
        edge(&mut node, peer, Edge::Died, 0);
        let hang_up = format!("poll Ok({})", PollEvents::DISCONNECTED.0);
        assert_eq!(fake.take(), [hang_up, "note".into()]);
        edge(&mut node, peer, Edge::Quiet, 0);
        edge(&mut node, peer, Edge::Ready, 1);
        let ended = Err(ipc::Error::Disconnected(record(peer)));
        assert_eq!(node.state(ALICE, handle, Which::Try), ended, "cached values too");
        assert_eq!(node.adjust(ALICE, handle, Which::Active, to_width(1)), ended);
        assert!(node.open(ALICE).is_ok());
        assert!(node.close(ALICE, handle).is_ok());
    }
}

#[test]
fn a_driver_that_dies_in_a_set_ends_the_handle_and_nothing_is_half_set() {
    let (mut node, fake, handle) = serving();
    let told = Disconnect { hops: 1, ..record(DRIVER) };
    fake.0.borrow_mut().failure = Some(ipc::Error::Disconnected(told));
    let ended = Err(ipc::Error::Disconnected(told));
    assert_eq!(node.adjust(ALICE, handle, Which::Active, to_width(320)), ended);
    assert_eq!(node.state(ALICE, handle, Which::Try), ended);
    node.settle();
    edge(&mut node, DRIVER, Edge::Died, 0);
    assert_eq!(fake.take(), ["note"], "the watch that follows finds nothing to do");
    assert_eq!(fake.0.borrow().active.sink.width_px, 640);
}

#[test]
fn removing_refuses_opens_and_operations_but_not_close() {
    let (mut node, _, handle) = serving();
    edge(&mut node, DRIVER, Edge::Removing, 0);
    let refused = ipc::Error::Op(NodeError::NoDevice);
    assert_eq!(node.open(ALICE), Err(refused));
    assert_eq!(node.state(ALICE, handle, Which::Active), Err(refused));
    assert_eq!(node.close(ALICE, handle), Ok(()));
}

#[test]
fn a_poll_ends_at_its_time_out_and_a_dead_client_leaves_nothing_behind() {
    let (mut node, fake, handle) = serving();
    node.poll(ALICE, handle, 100, 0).unwrap();
    node.expire(100_000);
    assert_eq!(fake.take(), ["poll Ok(0)"]);
    node.poll(ALICE, handle, 100, 0).unwrap();
    for what in [Edge::Removing, Edge::Quiet, Edge::Ready] {
        edge(&mut node, ALICE.index(), what, 0);
    }
    assert_eq!(node.usage(), NodeUsage { handles: 1, waiters: 1, buffers: 0 });
    edge(&mut node, ALICE.index(), Edge::Died, 0);
    assert_eq!(node.usage(), NodeUsage::default());
}

/// A frame starts, and the node hears of it.
fn frame(node: &mut Node<Fake>, fake: &Fake, sequence: u32) {
    let timestamp_us = 1_000 * u64::from(sequence);
    fake.0.borrow_mut().started = FrameStart { sequence, timestamp_us };
    node.frame_started();
}

fn sync(sequence: u32, number: u32, pending: u8) -> Result<QueuedEvent, Refusal> {
    let timestamp_us = 1_000 * u64::from(sequence);
    Ok(QueuedEvent { event: Event::FrameSync { sequence }, number, pending, timestamp_us })
}

const NO_EVENT: Result<QueuedEvent, Refusal> = Err(ipc::Error::Op(NodeError::NoEvent));

#[test]
fn frame_starts_are_queued_for_who_subscribed_from_then_on() {
    let (mut node, fake, handle) = serving();
    frame(&mut node, &fake, 4);
    assert_eq!(fake.take(), [""; 0], "nobody listens, nothing is asked");
    assert_eq!(node.dequeue_event(ALICE, handle), NO_EVENT);
    node.subscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    frame(&mut node, &fake, 5);
    node.subscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    frame(&mut node, &fake, 6);
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(Some(PollEvents::PRI)));
    assert_eq!(node.dequeue_event(ALICE, handle), sync(5, 0, 1));
    assert_eq!(node.dequeue_event(ALICE, handle), sync(6, 1, 0));
    assert_eq!(node.dequeue_event(ALICE, handle), NO_EVENT);
    frame(&mut node, &fake, 7);
    node.unsubscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    node.subscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    assert_eq!(node.dequeue_event(ALICE, handle), NO_EVENT, "what was queued is dropped");
}

#[test]
fn a_poll_wakes_with_the_event_and_one_that_did_not_subscribe_goes_on_waiting() {
    let (mut node, fake, handle) = serving();
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(None));
    let other = node.open(ALICE).unwrap();
    node.subscribe(ALICE, other, EventKind::FrameSync).unwrap();
    frame(&mut node, &fake, 1);
    assert_eq!(fake.take(), ["asked"]);
    assert_eq!(node.poll(ALICE, other, 0, 0), Ok(Some(PollEvents::PRI)));
    node.dequeue_event(ALICE, other).unwrap();
    assert_eq!(node.poll(ALICE, other, 100, 0), Ok(None));
    frame(&mut node, &fake, 2);
    assert_eq!(fake.take(), ["asked".to_string(), format!("poll Ok({})", PollEvents::PRI.0)]);
}

#[test]
fn a_full_queue_does_not_hide_the_disconnect() {
    let (mut node, fake, handle) = serving();
    node.subscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    (0..3 * EVENTS_MAX as u32).for_each(|sequence| frame(&mut node, &fake, sequence));
    edge(&mut node, DRIVER, Edge::Died, 0);
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    for _ in 0..2 {
        assert_eq!(node.dequeue_event(ALICE, handle), ended);
    }
    assert_eq!(node.subscribe(ALICE, handle, EventKind::FrameSync), ended.map(|_| ()));
    edge(&mut node, DRIVER, Edge::Ready, 1);
    let _ = fake.take();
    frame(&mut node, &fake, 9);
    assert_eq!(fake.take(), [""; 0], "an ended handle does not listen");
    let renewed = node.open(ALICE).unwrap();
    assert_eq!(node.dequeue_event(ALICE, renewed), NO_EVENT, "events of the old life stay there");
}

#[test]
fn a_driver_that_dies_when_asked_for_the_frame_ends_the_handle() {
    let (mut node, fake, handle) = serving();
    node.subscribe(ALICE, handle, EventKind::FrameSync).unwrap();
    node.poll(ALICE, handle, 100, 0).unwrap();
    fake.0.borrow_mut().refusal = Some(ipc::Error::Disconnected(record(DRIVER)));
    frame(&mut node, &fake, 1);
    let hang_up = format!("poll Ok({})", PollEvents::DISCONNECTED.0);
    assert_eq!(fake.take(), ["asked".to_string(), hang_up]);
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    assert_eq!(node.dequeue_event(ALICE, handle), ended);
}

#[test]
fn a_node_without_events_says_so() {
    let (node, fake, _) = serving();
    let entity = Name::new("OMAP3 ISP preview");
    let config = Config { entity, handles: 4, driver: DRIVER, graph: GRAPH, frame_sync: false };
    drop(node);
    let mut node = Node::new(fake, config);
    for peer in [DRIVER, GRAPH] {
        node.learn(peer, Outlook::Ready { generation: Generation(0) });
    }
    let handle = node.open(ALICE).unwrap();
    let refused = node.subscribe(ALICE, handle, EventKind::FrameSync);
    assert_eq!(refused, Err(ipc::Error::Op(NodeError::NoSuchEvent)));
}

#[test]
fn the_frame_interval_is_the_drivers_for_the_active_format_and_ends_with_it() {
    let (mut node, fake, handle) = serving();
    let every = |numerator, denominator| FrameInterval { numerator, denominator };
    let wide = u32::from(fake.0.borrow().active.sink.width_px);
    assert_eq!(node.set_frame_interval(ALICE, handle, every(1, 30)), Ok(every(wide, 30)));
    node.adjust(ALICE, handle, Which::Try, to_width(77)).unwrap();
    assert_eq!(node.frame_interval(ALICE, handle), Ok(every(wide, 30)), "not of the try format");
    node.adjust(ALICE, handle, Which::Active, to_width(88)).unwrap();
    assert_eq!(node.frame_interval(ALICE, handle), Ok(every(88, 30)));
    fake.0.borrow_mut().refusal = Some(ipc::Error::Op(NodeError::NoFrameInterval));
    let none = Err(ipc::Error::Op(NodeError::NoFrameInterval));
    assert_eq!(node.frame_interval(ALICE, handle), none);
    fake.0.borrow_mut().refusal = Some(ipc::Error::Disconnected(record(DRIVER)));
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    assert_eq!(node.set_frame_interval(ALICE, handle, every(1, 1)), ended);
    fake.0.borrow_mut().refusal = None;
    assert_eq!(node.frame_interval(ALICE, handle), ended);
    assert_eq!(fake.0.borrow().interval, every(1, 30));
}

#[test]
fn controls_are_the_drivers_and_end_with_it() {
    let (mut node, fake, handle) = serving();
    assert_eq!(node.query_control(ALICE, handle, 0).unwrap().id, ControlId::BRIGHTNESS);
    let none = Err(ipc::Error::Op(NodeError::NoSuchControl));
    assert_eq!(node.query_control(ALICE, handle, 1), none);
    assert_eq!(node.set_control(ALICE, handle, ControlId::BRIGHTNESS, 300), Ok(255));
    assert_eq!(node.get_control(ALICE, handle, ControlId::BRIGHTNESS), Ok(255));
    fake.0.borrow_mut().refusal = Some(ipc::Error::Disconnected(record(DRIVER)));
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    assert_eq!(node.set_control(ALICE, handle, ControlId::BRIGHTNESS, 1), ended);
    fake.0.borrow_mut().refusal = None;
    assert_eq!(node.get_control(ALICE, handle, ControlId::BRIGHTNESS), ended, "no cached value");
    assert_eq!(node.set_control(ALICE, handle, ControlId::BRIGHTNESS, 2), ended);
    assert_eq!(fake.0.borrow().brightness, 255);
}

/// The graph may have handled the driver's death before this node has: the client learns of the death, and
/// not that its entity is unknown.
#[test]
fn an_entity_that_has_left_while_its_handle_lives_is_a_death() {
    let (mut node, fake, handle) = serving();
    fake.0.borrow_mut().failure = Some(ipc::Error::Op(GraphError::NoSuchEntity));
    // The driver lives: the graph does not know it yet.
    let unknown = Err(ipc::Error::Op(NodeError::NoSuchEntity));
    assert_eq!(node.state(ALICE, handle, Which::Active), unknown);
    fake.0.borrow_mut().refusal = Some(ipc::Error::Disconnected(record(DRIVER)));
    let ended = Err(ipc::Error::Disconnected(record(DRIVER)));
    let change = FormatChange::Crop(Rect::default());
    assert_eq!(node.adjust(ALICE, handle, Which::Active, change), ended);
    assert_eq!(node.state(ALICE, handle, Which::Try), ended, "it sticks");
}
