//! The media node with a graph of the test's making: one test per promise, and per cell of the
//! table of edges in the crate's docs.

use std::cell::RefCell;
use std::rc::Rc;

use idl::types::{
    Cause, Disconnect, Edge, Entity, EntityId, Generation, GraphError, Handle, Link, NodeError,
    NodeUsage, Note, Outlook, PadRef, PollEvents, TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_media::{Config, GraphResult, Node, Upstream};
use task_node::{PollPeers, Refusal};

const ISP: TaskIndex = TaskIndex(3);
const SENSOR: TaskIndex = TaskIndex(4);
const GRAPH: TaskIndex = TaskIndex(5);
const ALICE: TaskId = TaskId::new(TaskIndex(12), Generation(0));

#[derive(Default)]
struct World {
    version: u32,
    graph_is_dead: bool,
    log: Vec<String>,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<World>>);

fn record(peer: TaskIndex) -> Disconnect {
    Disconnect { peer, generation: Generation(0), cause: Cause::Faulted, hops: 0 }
}

impl Fake {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().log)
    }
}

impl Upstream for Fake {
    fn topology_version(&mut self, _: TaskId) -> GraphResult<u32> {
        let world = self.0.borrow();
        if world.graph_is_dead { Err(record(GRAPH).into()) } else { Ok(world.version) }
    }

    fn entity(&mut self, _: TaskId, _: u32, _: u8) -> GraphResult<Entity> {
        Err(ipc::Error::Op(GraphError::Stale))
    }

    fn link(&mut self, _: TaskId, _: u32, _: u8) -> GraphResult<Link> {
        Err(ipc::Error::Op(GraphError::NoSuchLink))
    }

    fn setup_link(&mut self, _: TaskId, _: PadRef, _: PadRef, _: bool) -> GraphResult<()> {
        Err(ipc::Error::Op(GraphError::Immutable))
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
    let fake = Fake::default();
    let mut node = Node::new(fake.clone(), Config { handles: 2, isp: ISP, graph: GRAPH });
    for peer in [ISP, GRAPH] {
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

#[test]
fn a_poll_wakes_when_the_topology_is_not_the_known_one() {
    let (mut node, fake, handle) = serving();
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(Some(PollEvents::PRI)), "never read");
    node.topology_version(ALICE, handle).unwrap();
    assert_eq!(node.poll(ALICE, handle, 0, 0), Ok(Some(PollEvents::NONE)));
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(None));
    node.topology_changed();
    assert_eq!(fake.take(), Vec::<String>::new(), "a hint without a change wakes nobody");
    fake.0.borrow_mut().version += 1;
    node.topology_changed();
    assert_eq!(fake.take(), [format!("poll Ok({})", PollEvents::PRI.0)]);
}

#[test]
fn a_poll_ends_at_its_time_out() {
    let (mut node, fake, handle) = serving();
    node.topology_version(ALICE, handle).unwrap();
    node.poll(ALICE, handle, 100, 0).unwrap();
    node.expire(99_999);
    assert_eq!(fake.take(), Vec::<String>::new());
    node.expire(100_000);
    assert_eq!(fake.take(), ["poll Ok(0)"]);
}

#[test]
fn refusals_of_the_graph_are_told_in_the_words_of_a_node() {
    let (mut node, _, handle) = serving();
    let pad = PadRef { entity: EntityId(1), pad: 0 };
    let op = |error| Err(ipc::Error::Op(error));
    assert_eq!(node.entity(ALICE, handle, 0, 0).map(|_| ()), op(NodeError::Stale));
    assert_eq!(node.link(ALICE, handle, 0, 0).map(|_| ()), op(NodeError::NoSuchLink));
    assert_eq!(node.setup_link(ALICE, handle, pad, pad, true), op(NodeError::Immutable));
}

#[test]
fn when_isp_or_graph_dies_polls_are_answered_before_the_note_and_the_record_sticks() {
    for peer in [ISP, GRAPH] {
        let (mut node, fake, handle) = serving();
        node.topology_version(ALICE, handle).unwrap();
        node.poll(ALICE, handle, 100, 0).unwrap();
        edge(&mut node, peer, Edge::Died, 0);
        let hang_up = format!("poll Ok({})", PollEvents::DISCONNECTED.0);
        assert_eq!(fake.take(), [hang_up, "note".into()]);
        let ended = Err(ipc::Error::Disconnected(record(peer)));
        assert_eq!(node.topology_version(ALICE, handle), ended);
        assert_eq!(node.open(ALICE), Err(ipc::Error::Op(NodeError::NoDevice)));
        edge(&mut node, peer, Edge::Quiet, 0);
        edge(&mut node, peer, Edge::Ready, 1);
        assert_eq!(node.topology_version(ALICE, handle), ended);
        assert!(node.open(ALICE).is_ok());
        assert!(node.close(ALICE, handle).is_ok());
    }
}

#[test]
fn a_graph_that_dies_in_a_call_ends_the_handle_once() {
    let (mut node, fake, handle) = serving();
    fake.0.borrow_mut().graph_is_dead = true;
    let ended = Err(ipc::Error::Disconnected(record(GRAPH)));
    assert_eq!(node.topology_version(ALICE, handle), ended);
    node.settle();
    assert_eq!(fake.take(), ["note"]);
    edge(&mut node, GRAPH, Edge::Died, 0);
    assert_eq!(fake.take(), Vec::<String>::new());
}

#[test]
fn removing_refuses_opens_and_operations_but_not_close() {
    let (mut node, _, handle) = serving();
    edge(&mut node, ISP, Edge::Removing, 0);
    let refused = ipc::Error::Op(NodeError::NoDevice);
    assert_eq!(node.open(ALICE), Err(refused));
    assert_eq!(node.topology_version(ALICE, handle), Err(refused));
    assert_eq!(node.close(ALICE, handle), Ok(()));
}

#[test]
fn the_sensor_can_come_and_go() {
    let (mut node, fake, handle) = serving();
    for what in Edge::ALL {
        edge(&mut node, SENSOR, what, 0);
    }
    assert!(node.topology_version(ALICE, handle).is_ok());
    assert_eq!(fake.take(), Vec::<String>::new());
}

#[test]
fn a_dead_client_leaves_nothing_behind() {
    let (mut node, _, handle) = serving();
    node.topology_version(ALICE, handle).unwrap();
    node.poll(ALICE, handle, 100, 0).unwrap();
    edge(&mut node, ALICE.index(), Edge::Died, 0);
    assert_eq!(node.usage(), NodeUsage::default());
}

#[test]
fn a_full_table_says_so() {
    let (mut node, _, _) = serving();
    node.open(ALICE).unwrap();
    assert_eq!(node.open(ALICE), Err(ipc::Error::Op(NodeError::TableFull)));
}
