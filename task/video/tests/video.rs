//! A video node with peers that keep a log: one test per promise, and per cell of the table of
//! edges in the crate's docs.

#[path = "video/disconnect.rs"]
mod disconnect;
#[path = "video/memory.rs"]
mod memory;
#[path = "video/reading.rs"]
mod reading;
#[path = "video/refused.rs"]
mod refused;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;

use idl::types::{
    BufferIndex, Cause, Disconnect, Drained, Edge, EntityId, FrameDone, FrameFlags, FrameInterval,
    FrameIntervals, FramesError, Generation, GraphError, Handle, IspError, Name, NextDone,
    NodeError, NodeUsage, Note, Outlook, OutputFrame, Owner, PixFormat, PixelFormat, PollEvents,
    Pool, PoolId, READERS_MAX, ReadFrame, ReadTiming, Reading, Reclaim, SizeRange, Started,
    TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_video::{Answer, Config, FramesResult, GraphResult, IspResult, Memory, Node, Upstream};

const FRAMES: TaskIndex = TaskIndex(2);
const ISP: TaskIndex = TaskIndex(3);
const SENSOR: TaskIndex = TaskIndex(4);
const GRAPH: TaskIndex = TaskIndex(5);
const ALICE: TaskId = TaskId::new(TaskIndex(12), Generation(0));
const BOB: TaskId = TaskId::new(TaskIndex(13), Generation(0));

/// What the peers were asked, in order, and how they shall answer.
struct World {
    calls: Vec<String>,
    answers: Vec<(TaskId, Answer)>,
    done: VecDeque<NextDone>,
    /// Edges that the node has not taken yet.
    edges: VecDeque<WatchEvent>,
    /// Buffers that the ledger does not give back yet.
    quarantined: HashSet<u8>,
    start: Option<ipc::Error<GraphError>>,
    started: Started,
    /// The ISP knows of no pipeline of this node.
    isp_waits: bool,
    /// Who reads which buffer, as the ledger has it.
    readers: BTreeSet<(u8, u8)>,
    /// Buffers that the ledger has for these tasks.
    held: std::collections::HashMap<u8, TaskIndex>,
    isp_is_dead: bool,
    /// What the ISP says to each buffer.
    refusal: Option<IspError>,
    frames_are_dead: bool,
}

impl World {
    fn is_read(&self, buffer: BufferIndex) -> bool {
        self.readers.iter().any(|(read, _)| *read == buffer.0)
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            answers: Vec::new(),
            done: VecDeque::new(),
            edges: VecDeque::new(),
            quarantined: HashSet::new(),
            start: None,
            started: Started::Live,
            isp_waits: false,
            readers: BTreeSet::new(),
            held: std::collections::HashMap::new(),
            isp_is_dead: false,
            refusal: None,
            frames_are_dead: false,
        }
    }
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<World>>);

fn record(peer: TaskIndex, generation: u32) -> Disconnect {
    Disconnect { peer, generation: Generation(generation), cause: Cause::Faulted, hops: 0 }
}

impl Fake {
    fn log(&self, line: String) {
        self.0.borrow_mut().calls.push(line);
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().calls)
    }

    fn answers(&self) -> Vec<(TaskId, Answer)> {
        std::mem::take(&mut self.0.borrow_mut().answers)
    }
}

impl Upstream for Fake {
    fn graph_find(&mut self, _: TaskId, _: Name) -> GraphResult<EntityId> {
        Ok(EntityId(7))
    }

    fn graph_start(&mut self, _: TaskId, _: EntityId, _: PixFormat) -> GraphResult<Started> {
        self.log("graph.start".into());
        let world = self.0.borrow();
        world.start.map_or(Ok(world.started), Err)
    }

    fn graph_stop(&mut self, _: TaskId, _: EntityId) -> GraphResult<()> {
        self.log("graph.stop".into());
        Ok(())
    }

    fn isp_queue(&mut self, _: TaskId, memory: Memory, timing: ReadTiming) -> IspResult<()> {
        let Memory { pool, buffer } = memory;
        let ReadTiming { timestamp_us, interval } = timing;
        if self.0.borrow().isp_is_dead {
            return Err(ipc::Error::Disconnected(record(ISP, 0)));
        }
        if let Some(refusal) = self.0.borrow().refusal {
            return Err(ipc::Error::Op(refusal));
        }
        let own = pool == PoolId(0) && timestamp_us == 0;
        let more = if own { String::new() } else { format!(" of {} at {timestamp_us}", pool.0) };
        let FrameInterval { numerator, denominator } = interval;
        let pace = if numerator == 0 {
            String::new()
        } else {
            format!(" every {numerator}/{denominator}")
        };
        self.log(format!("isp.queue {}{more}{pace}", buffer.0));
        Ok(())
    }

    fn next_edge(&mut self) -> Option<WatchEvent> {
        self.0.borrow_mut().edges.pop_front()
    }

    fn isp_next_done(&mut self, _: TaskId) -> IspResult<Drained> {
        let mut world = self.0.borrow_mut();
        if world.isp_waits {
            return Err(ipc::Error::Op(IspError::NotStreaming));
        }
        let done = world.done.pop_front().unwrap_or(NextDone::Empty);
        Ok(Drained { done, more: !world.done.is_empty() })
    }

    fn frames_pool(&mut self, _: TaskId, _: PoolId) -> FramesResult<Pool> {
        Ok(Pool { base: 0x8001_0000, buffer_bytes: 614_400, count: 4 })
    }

    fn frames_attach(&mut self, _: TaskId, held: u32) -> FramesResult<()> {
        self.log(format!("frames.attach {held:#b}"));
        Ok(())
    }

    fn frames_queue(&mut self, _: TaskId, buffer: BufferIndex) -> FramesResult<()> {
        assert!(!self.0.borrow().is_read(buffer), "{buffer:?} is queued while somebody reads it");
        Ok(())
    }

    fn frames_hand_out(
        &mut self,
        _: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<()> {
        self.0.borrow_mut().held.insert(buffer.0, holder);
        Ok(())
    }

    fn frames_cancel(&mut self, _: TaskId, buffer: BufferIndex) -> FramesResult<()> {
        if self.0.borrow().quarantined.contains(&buffer.0) {
            return Err(ipc::Error::Op(FramesError::Busy));
        }
        self.log(format!("frames.cancel {}", buffer.0));
        Ok(())
    }

    fn frames_import(&mut self, _: TaskId, memory: Memory, holder: TaskIndex) -> FramesResult<()> {
        let Memory { pool, buffer } = memory;
        self.log(format!("frames.import {} of {} for {}", buffer.0, pool.0, holder.0));
        Ok(())
    }

    fn frames_release(&mut self, _: TaskId, memory: Memory) -> FramesResult<()> {
        if self.0.borrow().quarantined.contains(&memory.buffer.0) {
            return Err(ipc::Error::Op(FramesError::Busy));
        }
        self.log(format!("frames.release {} of {}", memory.buffer.0, memory.pool.0));
        Ok(())
    }

    fn frames_let_go(
        &mut self,
        _: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<bool> {
        let mut world = self.0.borrow_mut();
        match world.held.get(&buffer.0) {
            Some(other) if *other != holder => Err(ipc::Error::Op(FramesError::WrongOwner)),
            _ => {
                world.held.remove(&buffer.0);
                Ok(!world.is_read(buffer))
            }
        }
    }

    fn frames_share(
        &mut self,
        _: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()> {
        if self.0.borrow().frames_are_dead {
            return Err(ipc::Error::Disconnected(record(FRAMES, 0)));
        }
        let new = self.0.borrow_mut().readers.insert((buffer.0, reader.0));
        assert!(new, "{buffer:?} is shared twice");
        Ok(())
    }

    fn frames_unshare(
        &mut self,
        _: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()> {
        let had = self.0.borrow_mut().readers.remove(&(buffer.0, reader.0));
        if had { Ok(()) } else { Err(ipc::Error::Op(FramesError::WrongOwner)) }
    }

    fn frames_owner(&mut self, _: TaskId, _: BufferIndex) -> FramesResult<Owner> {
        Ok(Owner::Client(None))
    }

    fn answer(&mut self, caller: TaskId, answer: Answer) {
        self.log("answer".into());
        self.0.borrow_mut().answers.push((caller, answer));
    }

    fn note(&mut self, note: Note) {
        self.log(format!("note {note:?}"));
    }
}

type Subject = Node<Fake>;

fn edge(node: &mut Subject, peer: TaskIndex, edge: Edge, generation: u32) {
    let (generation, cause) = (Generation(generation), Cause::Faulted);
    node.edge(WatchEvent { peer, edge, generation, cause });
    node.settle();
}

fn serving() -> (Subject, Fake) {
    serving_as(6, "OMAP3 ISP resizer output")
}

fn serving_as(number: u8, entity: &str) -> (Subject, Fake) {
    let fake = Fake::default();
    let config = Config {
        number,
        entity: Name::new(entity),
        pool: PoolId(0),
        handles: 128,
        isp: ISP,
        graph: GRAPH,
        frames: FRAMES,
        sensor: SENSOR,
    };
    let mut node = Node::new(fake.clone(), config);
    for peer in [ISP, GRAPH, FRAMES] {
        node.learn(peer, Outlook::Ready { generation: Generation(0) });
    }
    node.settle();
    assert_eq!(fake.calls(), ["frames.attach 0b0"]);
    (node, fake)
}

/// Four buffers queued, stream on.
fn streaming() -> (Subject, Fake, Handle) {
    let (mut node, fake) = serving();
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.request_buffers(ALICE, handle, 9), Ok(4));
    for buffer in [2, 0, 3, 1] {
        node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
    }
    node.stream_on(ALICE, handle).unwrap();
    let started = ["graph.start", "isp.queue 2", "isp.queue 0", "isp.queue 3", "isp.queue 1"];
    assert_eq!(fake.calls(), started, "started first, then fed in the client's order");
    (node, fake, handle)
}

fn frame(buffer: u8, sequence: u32) -> FrameDone {
    let (buffer, flags) = (BufferIndex(buffer), FrameFlags::default());
    FrameDone { pool: PoolId(0), buffer, sequence, timestamp_us: 0, bytes_used: 614_400, flags }
}

fn done(node: &mut Subject, fake: &Fake, results: &[NextDone]) {
    fake.0.borrow_mut().done.extend(results);
    node.drain().unwrap();
    node.settle();
}

fn op<T>(error: NodeError) -> Result<T, ipc::Error<NodeError>> {
    Err(ipc::Error::Op(error))
}

fn ended<T>(record: Disconnect) -> Result<T, ipc::Error<NodeError>> {
    Err(ipc::Error::Disconnected(record))
}

#[test]
fn frames_reach_waiting_clients_in_order_and_buffers_go_round() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0)), NextDone::Frame(frame(0, 1))]);
    let [(ALICE, Answer::Dequeued(Ok(first)))] = fake.answers()[..] else { panic!("one answer") };
    assert_eq!((first.frame.buffer.0, first.epoch), (2, Generation(0)));
    let second = node.dequeue_buffer(ALICE, handle, 100, 0).unwrap().unwrap();
    assert_eq!(second.frame.sequence, 1);
    fake.calls();
    node.queue_buffer(ALICE, handle, first.frame.buffer).unwrap();
    assert_eq!(fake.calls(), ["isp.queue 2"]);
    assert_eq!(node.queue_buffer(ALICE, handle, first.frame.buffer), op(NodeError::BadBuffer));
}

#[test]
fn without_frames_a_call_times_out_and_the_driver_is_not_blamed() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 0, 0), op(NodeError::WouldBlock));
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 5), Ok(None));
    assert_eq!(node.deadline_us(), Some(100_005));
    node.expire(100_004);
    assert_eq!(fake.answers(), []);
    node.expire(100_005);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::TimedOut)))]);
    assert!(node.dequeue_buffer(ALICE, handle, 100, 5).is_ok());
}

#[test]
fn a_silent_sensor_is_told_to_those_who_wait_and_to_nobody_else() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0)), NextDone::NoFrames]);
    assert!(
        matches!(fake.answers()[..], [(ALICE, Answer::Dequeued(Ok(_)))]),
        "a frame is no silence"
    );
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None), "it waits for the next");
    done(&mut node, &fake, &[NextDone::NoFrames]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NoFrames)))]);
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Frame(frame(0, 5))]);
    assert!(matches!(fake.answers()[..], [(ALICE, Answer::Dequeued(Ok(_)))]), "the stream went on");
}

#[test]
fn stream_off_ends_when_the_hardware_is_idle_and_gives_all_buffers_back() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
    assert_eq!(fake.calls(), ["graph.stop"]);
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    assert_eq!(fake.answers(), [], "not before Stopped");
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::StreamedOff(Ok(())))]);
    assert_eq!(node.usage().buffers, 0);
    for buffer in 0..4 {
        node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
    }
}

#[test]
fn stream_off_of_another_holder_ends_the_waits_on_the_same_queue() {
    let (mut node, fake, handle) = streaming();
    let theirs = node.delegate(ALICE, handle, Some(BOB)).unwrap();
    assert_eq!(node.dequeue_buffer(BOB, theirs, 1000, 0), Ok(None));
    assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
    assert_eq!(fake.answers(), [(BOB, Answer::Dequeued(op(NodeError::NotStreaming)))]);
}

#[test]
fn a_delegate_cannot_queue_a_buffer_that_somebody_reads() {
    let (mut node, fake, handle) = streaming();
    let theirs = node.delegate(ALICE, handle, Some(BOB)).unwrap();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    assert_eq!(node.queue_buffer(BOB, theirs, BufferIndex(2)), op(NodeError::BadBuffer));
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(2)), Ok(()));
}

#[test]
fn the_queue_belongs_to_one_family_until_its_last_close() {
    let (mut node, fake, handle) = streaming();
    let other = node.open(BOB).unwrap();
    assert_eq!(node.request_buffers(BOB, other, 2), op(NodeError::Busy));
    assert_eq!(node.stream_on(BOB, other), op(NodeError::Busy));
    assert_eq!(node.dequeue_buffer(BOB, other, 10, 0), op(NodeError::Busy));
    let theirs = node.delegate(ALICE, handle, Some(BOB)).unwrap();
    node.close(ALICE, handle).unwrap();
    node.settle();
    fake.calls();
    assert_eq!(node.request_buffers(BOB, other, 2), op(NodeError::Busy), "a delegate is left");
    node.close(BOB, theirs).unwrap();
    node.settle();
    assert_eq!(fake.calls(), ["graph.stop"]);
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.request_buffers(BOB, other, 2), Ok(2));
}

#[test]
fn a_refused_start_leaves_nothing_started() {
    let (mut node, fake) = serving();
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.stream_on(ALICE, handle), op(NodeError::BadBuffer));
    node.request_buffers(ALICE, handle, 2).unwrap();
    fake.0.borrow_mut().start = Some(ipc::Error::Op(GraphError::BrokenPipeline));
    assert_eq!(node.stream_on(ALICE, handle), op(NodeError::BrokenPipeline));
    assert_eq!(node.dequeue_buffer(ALICE, handle, 10, 0), op(NodeError::NotStreaming));
}

#[test]
fn a_disconnect_at_start_sticks_to_the_handle_whoever_died() {
    let (mut node, fake) = serving();
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 2).unwrap();
    let told = Disconnect { hops: 1, ..record(SENSOR, 0) };
    fake.0.borrow_mut().start = Some(ipc::Error::Disconnected(told));
    assert_eq!(node.stream_on(ALICE, handle), ended(told));
    assert_eq!(node.get_format(ALICE, handle), ended(told));
    assert!(node.open(BOB).is_ok(), "the node itself goes on");
}

#[test]
fn a_poll_says_in_when_a_frame_is_there_and_error_when_nothing_streams() {
    let (mut node, fake, handle) = streaming();
    let poll = |node: &mut Subject| node.poll(ALICE, handle, PollEvents::IN, 1000, 0);
    assert_eq!(poll(&mut node), Ok(None));
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Polled(Ok(PollEvents::IN)))]);
    assert_eq!(poll(&mut node), Ok(Some(PollEvents::IN)));
    let idle = node.open(BOB).unwrap();
    assert_eq!(node.poll(BOB, idle, PollEvents::IN, 1000, 0), Ok(Some(PollEvents::ERR)));
}

#[test]
fn a_driver_that_ends_the_stream_by_itself_ends_the_waits_and_unlocks_the_graph() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NotStreaming)))]);
    assert!(fake.calls().contains(&"graph.stop".into()));
    assert_eq!(node.stream_on(ALICE, handle), Ok(()));
}

#[test]
fn frame_sizes_are_enumerated_once_per_format() {
    let (mut node, _) = serving();
    let handle = node.open(ALICE).unwrap();
    let listed = (0..).map_while(|index| node.enum_format(ALICE, handle, index).ok());
    let listed: Vec<_> = listed.collect();
    for pixel_format in listed {
        let sizes = node.enum_frame_sizes(ALICE, handle, pixel_format, 0).unwrap();
        let SizeRange { max_width_px, min_height_px, .. } = sizes.sizes;
        let format = node.get_format(ALICE, handle).unwrap();
        let widest =
            PixFormat { width_px: max_width_px, height_px: min_height_px, pixel_format, ..format };
        let taken = node.set_format(ALICE, handle, widest).unwrap();
        assert_eq!((taken.width_px, taken.height_px), (max_width_px, min_height_px));
        for index in [1, u16::MAX] {
            let refused = node.enum_frame_sizes(ALICE, handle, pixel_format, index);
            assert_eq!(refused, op(NodeError::InvalidFormat));
        }
    }
    let unknown = node.enum_frame_sizes(ALICE, handle, PixelFormat(0), 0);
    assert_eq!(unknown, op(NodeError::InvalidFormat));
    edge(&mut node, ISP, Edge::Died, 0);
    let record = record(ISP, 0);
    assert_eq!(node.enum_frame_sizes(ALICE, handle, PixelFormat::YUYV, 0), ended(record));
    let format = PixFormat {
        width_px: 0,
        height_px: 0,
        pixel_format: PixelFormat::YUYV,
        stride_bytes: 0,
        size_bytes: 0,
    };
    assert_eq!(node.enum_frame_intervals(ALICE, handle, format, 0), ended(record));
}
