//! The node against peers that are played: what a client sees, whatever happens below.

use idl::types::{
    AewbConfig, BufferIndex, Cause, Disconnect, Edge, Event, EventKind, Generation, Grid, Handle,
    Name, NextStatistics, NodeError, Note, Outlook, PollEvents, Pool, Statistics, StatisticsConfig,
    StatisticsEngine, TaskIndex,
};
use idol_runtime::ipc;
use std::collections::VecDeque;
use sys_abi::{TaskId, WatchEvent};
use task_node::{PollPeers, Refusal};
use task_statistics::{Config, EVENTS_MAX, Node, Upstream};

const ISP: TaskIndex = TaskIndex(3);
const GRAPH: TaskIndex = TaskIndex(5);
const FRAMES: TaskIndex = TaskIndex(2);
const ALICE: TaskId = TaskId::new(TaskIndex(8), Generation(0));
const BOB: TaskId = TaskId::new(TaskIndex(9), Generation(0));
const BUFFERS: u8 = 5;
const BUFFER_BYTES: u32 = 1024;

const CONFIG: AewbConfig = AewbConfig {
    grid: Grid { left_px: 0, top_px: 0, width_px: 16, height_px: 12, columns: 4, rows: 3 },
    black_top_px: 0,
    black_height_px: 2,
    step_x_px: 2,
    step_y_px: 2,
    saturation: 1000,
    alaw: false,
};

/// Ledger and driver, as far as the node can tell.
#[derive(Default)]
struct Peers {
    known: bool,
    configured: bool,
    enabled: bool,
    /// Buffers that the driver has, oldest first.
    given: VecDeque<u8>,
    outbox: VecDeque<NextStatistics>,
    collected: Vec<(u8, u32)>,
    /// Buffers that the ledger was told are nobody's.
    released: Vec<u8>,
    /// Buffers that the ledger keeps.
    kept: Vec<u8>,
    /// The next call to the driver brings this.
    death: Option<Disconnect>,
    collect_fails: bool,
    answers: Vec<(TaskId, Result<PollEvents, Refusal>)>,
    notes: Vec<Note>,
}

impl Peers {
    fn alive(&mut self) -> Result<(), Refusal> {
        self.death.take().map_or(Ok(()), |record| Err(ipc::Error::Disconnected(record)))
    }

    fn statistics(&self, frame_number: u32) -> Statistics {
        let bytes = StatisticsConfig::from(CONFIG).bytes();
        Statistics { frame_number, config_counter: 1, timestamp_us: 10, bytes }
    }
}

impl Upstream for Peers {
    fn find(&mut self, _: TaskId, _: Name) -> Result<(), Refusal> {
        if self.known { Ok(()) } else { Err(ipc::Error::Op(NodeError::NoSuchEntity)) }
    }

    fn configure(&mut self, _: TaskId, _: StatisticsConfig) -> Result<u16, Refusal> {
        self.alive()?;
        self.configured = true;
        Ok(1)
    }

    fn enable(&mut self, _: TaskId, on: bool) -> Result<(), Refusal> {
        self.alive()?;
        if on && !self.configured {
            return Err(ipc::Error::Op(NodeError::NotEnabled));
        }
        if !on && self.enabled {
            for buffer in self.given.drain(..).map(BufferIndex) {
                self.outbox.push_back(NextStatistics::Returned { buffer });
            }
            self.outbox.push_back(NextStatistics::Off);
        }
        self.enabled = on;
        Ok(())
    }

    fn queue(&mut self, _: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        self.alive()?;
        assert!(!self.given.contains(&buffer.0), "the driver has {buffer:?} already");
        self.given.push_back(buffer.0);
        Ok(())
    }

    fn next(&mut self, _: TaskId) -> Result<NextStatistics, Refusal> {
        self.alive()?;
        Ok(self.outbox.pop_front().unwrap_or(NextStatistics::Empty))
    }

    fn collect(&mut self, _: TaskId, buffer: BufferIndex, bytes: u32) -> Result<(), Refusal> {
        if self.collect_fails {
            return Err(ipc::Error::Op(NodeError::NotStreaming));
        }
        self.collected.push((buffer.0, bytes));
        Ok(())
    }

    fn attach(&mut self, _: TaskId) -> Result<Pool, Refusal> {
        Ok(Pool { base: 0, buffer_bytes: BUFFER_BYTES, count: BUFFERS })
    }

    fn prepare(&mut self, _: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        if self.kept.contains(&buffer.0) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        Ok(())
    }

    fn release(&mut self, _: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        self.released.push(buffer.0);
        Ok(())
    }
}

impl PollPeers for Peers {
    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
        self.answers.push((caller, result));
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

fn ready(node: &mut Node<Peers>, generation: u32) {
    for peer in [ISP, GRAPH, FRAMES] {
        let generation = if peer == ISP { Generation(generation) } else { Generation(0) };
        node.learn(peer, Outlook::Ready { generation });
    }
}

fn node() -> Node<Peers> {
    let config = Config {
        entity: Name::new("OMAP3 ISP AEWB"),
        engine: StatisticsEngine::Aewb,
        handles: 3,
        isp: ISP,
        graph: GRAPH,
        frames: FRAMES,
    };
    let mut node = Node::new(Peers { known: true, ..Peers::default() }, config);
    ready(&mut node, 0);
    node
}

/// An engine that measures, and a handle that hears of it.
fn measuring() -> (Node<Peers>, Handle) {
    let mut node = node();
    let handle = node.open(ALICE).unwrap();
    node.subscribe(ALICE, handle, EventKind::Statistics).unwrap();
    assert_eq!(node.configure(ALICE, handle, CONFIG.into()), Ok(1));
    node.enable(ALICE, handle, true).unwrap();
    (node, handle)
}

/// The driver measures frames `range`, as long as it has buffers.
fn measure(node: &mut Node<Peers>, frames: core::ops::Range<u32>) {
    for frame in frames {
        if let Some(buffer) = node.upstream.given.pop_front().map(BufferIndex) {
            let statistics = node.upstream.statistics(frame);
            node.upstream.outbox.push_back(NextStatistics::Filled { buffer, statistics });
        }
        node.drain().unwrap();
    }
}

fn request(node: &mut Node<Peers>, handle: Handle) -> Result<u32, Refusal> {
    let mut copied = None;
    let got =
        node.request((ALICE, handle), 1024, |_, buffer, bytes| copied = Some((buffer, bytes)));
    assert_eq!(got.is_ok(), copied.is_some(), "copied if and only if it is given");
    got.map(|statistics| statistics.frame_number)
}

fn op<T>(error: NodeError) -> Result<T, Refusal> {
    Err(ipc::Error::Op(error))
}

fn died(node: &mut Node<Peers>, generation: u32) {
    let (generation, cause) = (Generation(generation), Cause::Unplugged);
    node.edge(WatchEvent { peer: ISP, edge: Edge::Died, generation, cause });
}

fn record(hops: u8) -> Disconnect {
    Disconnect { peer: ISP, generation: Generation(0), cause: Cause::Unplugged, hops }
}

#[test]
fn an_open_needs_all_peers_and_the_entity() {
    let mut node = node();
    node.upstream.known = false;
    assert_eq!(node.open(ALICE), op(NodeError::NoDevice));
    node.upstream.known = true;
    assert!(node.open(ALICE).is_ok());
    died(&mut node, 0);
    assert_eq!(node.open(ALICE), op(NodeError::NoDevice));
}

#[test]
fn nothing_can_be_requested_before_configure_and_enable() {
    let mut node = node();
    let handle = node.open(ALICE).unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::NotEnabled));
    assert_eq!(node.enable(ALICE, handle, true), op(NodeError::NotEnabled));
    node.configure(ALICE, handle, CONFIG.into()).unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::NotEnabled));
    node.enable(ALICE, handle, true).unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::Busy));
}

#[test]
fn a_configuration_of_another_engine_or_without_room_is_refused() {
    let mut node = node();
    let handle = node.open(ALICE).unwrap();
    let region = idl::types::HistogramRegion::default();
    let histogram = idl::types::HistogramConfig {
        bins: 32,
        region_count: 1,
        regions: [region; 4],
        gains_q5: [32; 4],
    };
    let invalid = op(NodeError::InvalidConfiguration);
    assert_eq!(node.configure(ALICE, handle, histogram.into()), invalid);
    let large = AewbConfig { grid: Grid { columns: 20, ..CONFIG.grid }, ..CONFIG };
    assert_eq!(node.configure(ALICE, handle, large.into()), invalid);
    assert!(!node.upstream.configured);
}

#[test]
fn measurements_are_requested_oldest_first_and_the_buffer_goes_back() {
    let (mut node, handle) = measuring();
    assert_eq!(node.upstream.given, [0, 1, 2, 3, 4]);
    measure(&mut node, 0..2);
    assert_eq!((node.usage().buffers, node.upstream.given.len()), (2, 3));
    assert_eq!(request(&mut node, handle), Ok(0));
    assert_eq!(request(&mut node, handle), Ok(1));
    assert_eq!(request(&mut node, handle), op(NodeError::Busy));
    assert_eq!(node.upstream.given, [2, 3, 4, 0, 1]);
}

#[test]
fn a_measurement_that_does_not_fit_stays() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..1);
    let bytes = StatisticsConfig::from(CONFIG).bytes() as usize;
    let copied = |_: &mut Peers, _, _| panic!("nothing is copied");
    let short = node.request((ALICE, handle), bytes - 1, copied);
    assert_eq!(short.map(|_| ()), op(NodeError::TooShort));
    assert!(node.request((ALICE, handle), bytes, |_, _, _| {}).is_ok());
}

#[test]
fn an_unread_measurement_gives_way_to_the_latest() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..20);
    assert_eq!((node.usage().buffers, node.upstream.given.len()), (3, 2));
    assert_eq!([(); 3].map(|()| request(&mut node, handle)), [Ok(17), Ok(18), Ok(19)]);
}

#[test]
fn each_measurement_is_an_event_lost_ones_too() {
    let (mut node, handle) = measuring();
    let deaf = node.open(BOB).unwrap();
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(None));
    assert_eq!(node.poll(BOB, deaf, 100, 0), Ok(None));
    measure(&mut node, 7..8);
    assert_eq!(node.upstream.answers, [(ALICE, Ok(PollEvents::PRI))]);
    let buffer = BufferIndex(node.upstream.given.pop_front().unwrap());
    let statistics = node.upstream.statistics(8);
    node.upstream.outbox.push_back(NextStatistics::Damaged { buffer, statistics });
    node.drain().unwrap();
    for (frame_number, buffer_error) in [(7, false), (8, true)] {
        let event = node.dequeue_event(ALICE, handle).unwrap();
        let expected = Event::Statistics { frame_number, config_counter: 1, buffer_error };
        assert_eq!((event.event, event.timestamp_us), (expected, 10));
    }
    assert_eq!(node.dequeue_event(ALICE, handle), op(NodeError::NoEvent));
    assert_eq!(request(&mut node, handle), Ok(7));
    assert_eq!(request(&mut node, handle), op(NodeError::Busy), "a lost one is not given");
    assert_eq!(node.upstream.given.len(), 5);
}

#[test]
fn counts_that_cannot_be_read_are_a_lost_measurement() {
    let (mut node, handle) = measuring();
    node.upstream.collect_fails = true;
    measure(&mut node, 0..1);
    let event = node.dequeue_event(ALICE, handle).unwrap().event;
    assert!(matches!(event, Event::Statistics { buffer_error: true, .. }));
    assert_eq!(node.upstream.given.len(), 5);
}

#[test]
fn frame_starts_are_no_events_of_this_node() {
    let mut node = node();
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.subscribe(ALICE, handle, EventKind::FrameSync), op(NodeError::NoSuchEvent));
}

#[test]
fn a_full_queue_loses_the_oldest_event_but_never_the_end() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..EVENTS_MAX as u32 + 3);
    let first = node.dequeue_event(ALICE, handle).unwrap();
    assert_eq!((first.number, usize::from(first.pending)), (3, EVENTS_MAX - 1));
    measure(&mut node, 30..40);
    died(&mut node, 0);
    let gone = ipc::Error::Disconnected(record(0));
    for _ in 0..2 {
        assert_eq!(node.dequeue_event(ALICE, handle), Err(gone));
        assert_eq!(request(&mut node, handle), Err(gone));
        assert_eq!(node.configure(ALICE, handle, CONFIG.into()), Err(gone));
        assert_eq!(node.enable(ALICE, handle, true), Err(gone));
        assert_eq!(node.poll(ALICE, handle, 100, 0), Err(gone));
    }
    assert_eq!(node.close(ALICE, handle), Ok(()));
}

#[test]
fn who_waits_wakes_with_the_end_and_the_next_life_knows_nothing() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..2);
    assert!(node.dequeue_event(ALICE, handle).is_ok() && node.dequeue_event(ALICE, handle).is_ok());
    assert_eq!(node.poll(ALICE, handle, 100, 0), Ok(None));
    died(&mut node, 0);
    assert_eq!(node.upstream.answers, [(ALICE, Ok(PollEvents::DISCONNECTED))]);
    node.settle();
    assert_eq!(node.upstream.notes.len(), 1);
    assert_eq!(node.usage().buffers, 0);
    node.upstream = Peers { known: true, ..Peers::default() };
    ready(&mut node, 1);
    let handle = node.open(ALICE).unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::NotEnabled));
    assert_eq!(node.enable(ALICE, handle, true), op(NodeError::NotEnabled));
}

#[test]
fn a_death_that_a_call_brings_ends_the_handle_too() {
    let (mut node, handle) = measuring();
    node.upstream.death = Some(record(1));
    assert_eq!(request(&mut node, handle), Err(ipc::Error::Disconnected(record(1))));
    let sticky = node.dequeue_event(ALICE, handle);
    assert_eq!(sticky, Err(ipc::Error::Disconnected(record(1))));
}

#[test]
fn off_drops_what_was_not_requested_and_on_gives_all_buffers_again() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..2);
    node.enable(ALICE, handle, false).unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::NotEnabled));
    assert_eq!((node.usage().buffers, node.upstream.given.len()), (0, 0));
    node.upstream.released.sort_unstable();
    assert_eq!(node.upstream.released, [0, 1, 2, 3, 4]);
    node.enable(ALICE, handle, true).unwrap();
    assert_eq!(node.upstream.given.len(), 5);
    measure(&mut node, 5..6);
    assert_eq!(request(&mut node, handle), Ok(5));
}

#[test]
fn the_end_of_the_stream_is_off() {
    let (mut node, handle) = measuring();
    measure(&mut node, 0..1);
    node.upstream.outbox.push_back(NextStatistics::Off);
    node.drain().unwrap();
    assert_eq!(request(&mut node, handle), op(NodeError::NotEnabled));
}

#[test]
fn a_buffer_in_quarantine_is_left_alone_until_it_is_free() {
    let mut node = node();
    let handle = node.open(ALICE).unwrap();
    node.configure(ALICE, handle, CONFIG.into()).unwrap();
    node.upstream.kept = vec![1, 3];
    node.enable(ALICE, handle, true).unwrap();
    assert_eq!(node.upstream.given, [0, 2, 4]);
    node.upstream.kept.clear();
    node.enable(ALICE, handle, true).unwrap();
    assert_eq!(node.upstream.given, [0, 2, 4, 1, 3]);
}

#[test]
fn polls_end_at_their_time() {
    let (mut node, handle) = measuring();
    assert_eq!(node.poll(ALICE, handle, 0, 0), Ok(Some(PollEvents::NONE)));
    assert_eq!(node.poll(ALICE, handle, 10, 0), Ok(None));
    assert_eq!(node.deadline_us(), Some(10_000));
    node.expire(10_000);
    assert_eq!(node.upstream.answers, [(ALICE, Ok(PollEvents::NONE))]);
}

#[test]
fn a_driver_that_never_ends_its_list_does_not_hold_the_node() {
    let (mut node, _) = measuring();
    let statistics = node.upstream.statistics(0);
    for _ in 0..1000 {
        let buffer = BufferIndex(9);
        node.upstream.outbox.push_back(NextStatistics::Filled { buffer, statistics });
    }
    node.drain().unwrap();
    assert!(node.upstream.outbox.len() > 900);
}
