//! A subdev node with a graph of the test's making: one test per promise, and per cell of the
//! table of edges in the crate's docs.

use std::cell::RefCell;
use std::rc::Rc;

use idl::types::{
    BlockState, Cause, Disconnect, Edge, EntityId, FormatChange, Generation, GraphError, Handle,
    MbusCode, Name, NodeError, NodeUsage, Note, Outlook, PadFormat, PollEvents, Rect, TaskIndex,
    Which,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::Refusal;
use task_subdev::{Config, GraphResult, Node, Upstream};

const DRIVER: TaskIndex = TaskIndex(3);
const GRAPH: TaskIndex = TaskIndex(5);
const ALICE: TaskId = TaskId::new(TaskIndex(12), Generation(0));

struct World {
    active: BlockState,
    known: bool,
    failure: Option<ipc::Error<GraphError>>,
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

    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
        assert_eq!(caller, ALICE);
        self.0.borrow_mut().log.push(format!("poll {:?}", result.map(|events| events.0)));
    }

    fn note(&mut self, _: Note) {
        self.0.borrow_mut().log.push("note".into());
    }
}

fn serving() -> (Node<Fake>, Fake, Handle) {
    let world = World { active: state(640), known: true, failure: None, log: Vec::new() };
    let fake = Fake(Rc::new(RefCell::new(world)));
    let entity = Name::new("OMAP3 ISP CCDC");
    let config = Config { entity, handles: 4, driver: DRIVER, graph: GRAPH };
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
