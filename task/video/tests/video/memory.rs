//! A node of a pipeline from memory: half a pipeline, buffers with a client's data, imports, and who
//! holds what.

use super::*;

/// A client's time of a frame.
const TIME_US: u64 = 777;

fn filled() -> OutputFrame {
    OutputFrame { bytes_used: 0, timestamp_us: TIME_US }
}

/// The resizer's input, with four buffers; the capture node has not started yet.
fn half() -> (Subject, Fake, Handle) {
    let (mut node, fake) = serving_as(5, "OMAP3 ISP resizer input");
    fake.0.borrow_mut().started = Started::Waiting;
    fake.0.borrow_mut().isp_waits = true;
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.request_buffers(ALICE, handle, 4), Ok(4));
    node.queue_output(ALICE, handle, BufferIndex(2), filled()).unwrap();
    node.stream_on(ALICE, handle).unwrap();
    assert_eq!(fake.calls(), ["graph.start"], "the ISP knows of nothing yet");
    (node, fake, handle)
}

fn running() -> (Subject, Fake, Handle) {
    let (mut node, fake, handle) = half();
    fake.0.borrow_mut().isp_waits = false;
    node.drain().unwrap();
    assert_eq!(fake.calls(), ["isp.queue 2 of 0 at 777"]);
    (node, fake, handle)
}

#[test]
fn half_a_pipeline_waits_until_the_isp_wakes_the_node() {
    let (mut node, fake, handle) = half();
    node.drain().unwrap();
    node.queue_output(ALICE, handle, BufferIndex(0), filled()).unwrap();
    assert_eq!(node.stream_on(ALICE, handle), Ok(()), "again changes nothing");
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None), "it waits");
    assert_eq!(fake.calls(), [""; 0]);
    fake.0.borrow_mut().isp_waits = false;
    node.drain().unwrap();
    assert_eq!(fake.calls(), ["isp.queue 2 of 0 at 777", "isp.queue 0 of 0 at 777"]);
}

#[test]
fn half_a_pipeline_ends_without_the_isp() {
    let (mut node, fake, handle) = half();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    assert_eq!(node.stream_off(ALICE, handle, 100, 0), Ok(Some(())), "at once");
    assert_eq!(fake.calls(), ["graph.stop", "frames.cancel 2", "answer"]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NotStreaming)))]);
    let (mut node, fake, handle) = half();
    node.close(ALICE, handle).unwrap();
    node.settle();
    assert_eq!(fake.calls(), ["graph.stop", "frames.cancel 2"]);
    assert_eq!(node.usage(), NodeUsage::default());
}

#[test]
fn a_buffer_that_was_read_comes_back_with_its_time() {
    let (mut node, fake, handle) = running();
    assert_eq!(node.poll(ALICE, handle, PollEvents::OUT, 0, 0), Ok(Some(PollEvents::NONE)));
    let read = FrameDone { timestamp_us: TIME_US, ..frame(2, 3) };
    done(&mut node, &fake, &[NextDone::Frame(read)]);
    assert_eq!(node.poll(ALICE, handle, PollEvents::OUT, 0, 0), Ok(Some(PollEvents::OUT)));
    assert_eq!(node.poll(ALICE, handle, PollEvents::IN, 0, 0), Ok(Some(PollEvents::NONE)));
    let info = node.dequeue_buffer(ALICE, handle, 0, 0).unwrap().unwrap();
    assert_eq!((info.frame.sequence, info.frame.timestamp_us), (3, TIME_US));
}

#[test]
fn frames_that_do_not_fit_and_capture_nodes_take_no_data() {
    let (mut node, _, handle) = running();
    for bytes_used in [1, 614_399, 614_401, u32::MAX] {
        let frame = OutputFrame { bytes_used, ..filled() };
        let queued = node.queue_output(ALICE, handle, BufferIndex(0), frame);
        assert_eq!(queued, op(NodeError::InvalidFormat), "{bytes_used}");
    }
    assert_eq!(
        node.queue_output(ALICE, handle, BufferIndex(2), filled()),
        op(NodeError::BadBuffer)
    );
    assert_eq!(
        node.queue_output(ALICE, handle, BufferIndex(9), filled()),
        op(NodeError::BadBuffer)
    );
    assert_eq!(node.queue_output(BOB, handle, BufferIndex(0), filled()), op(NodeError::BadHandle));
    let whole = OutputFrame { bytes_used: 614_400, ..filled() };
    assert_eq!(node.queue_output(ALICE, handle, BufferIndex(0), whole), Ok(()));
    let (mut node, _) = serving();
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 4).unwrap();
    let refused = node.queue_output(ALICE, handle, BufferIndex(0), filled());
    assert_eq!(refused, op(NodeError::InvalidFormat));
    let memory = Memory { pool: PoolId(3), buffer: BufferIndex(1) };
    let refused = node.import_buffer(ALICE, handle, BufferIndex(0), memory, filled());
    assert_eq!(refused, op(NodeError::InvalidFormat), "nobody writes what a client reads");
}

#[test]
fn what_is_queued_after_an_interval_was_set_is_read_at_that_pace() {
    let (mut node, fake, handle) = running();
    let every = |numerator, denominator| FrameInterval { numerator, denominator };
    assert_eq!(node.get_parm(ALICE, handle), Ok(FrameInterval::NONE), "as fast as it goes");
    for (wanted, taken, index, pace) in [
        (every(1, 30), every(1, 30), 0, " every 1/30"),
        (every(2, 0), every(2, 1), 1, " every 2/1"),
        (every(u32::MAX, 1), FrameInterval::MAX, 3, " every 4294967295/1000000"),
    ] {
        assert_eq!(node.set_parm(ALICE, handle, wanted), Ok(taken));
        assert_eq!(node.get_parm(ALICE, handle), Ok(taken));
        node.queue_output(ALICE, handle, BufferIndex(index), filled()).unwrap();
        assert_eq!(fake.calls(), [format!("isp.queue {index} of 0 at 777{pace}")]);
    }
    let other = node.open(ALICE).unwrap();
    assert_eq!(node.get_parm(ALICE, other), Ok(FrameInterval::NONE), "of each handle its own");
    assert_eq!(node.set_parm(BOB, handle, every(1, 1)), op(NodeError::BadHandle));
}

#[test]
fn the_intervals_that_are_enumerated_are_taken_and_no_others() {
    let (mut node, _, handle) = running();
    let format = node.get_format(ALICE, handle).unwrap();
    let FrameIntervals { min, max } = node.enum_frame_intervals(ALICE, handle, format, 0).unwrap();
    let every = |numerator, denominator| FrameInterval { numerator, denominator };
    for taken in [min, max, every(1, 30), every(7, 1), FrameInterval::NONE] {
        assert_eq!(node.set_parm(ALICE, handle, taken), Ok(taken));
    }
    for (beyond, taken) in [(every(1, 1_000_001), min), (every(4295, 1), max)] {
        assert_eq!(node.set_parm(ALICE, handle, beyond), Ok(taken));
    }
    let stride_bytes = 0;
    assert!(
        node.enum_frame_intervals(ALICE, handle, PixFormat { stride_bytes, ..format }, 0).is_ok()
    );
    let width_px = format.width_px + 1;
    let pixel_format = PixelFormat(7);
    for (format, index) in [
        (format, 1),
        (format, u16::MAX),
        (PixFormat { width_px, ..format }, 0),
        (PixFormat { height_px: 0, ..format }, 0),
        (PixFormat { pixel_format, ..format }, 0),
    ] {
        let refused = node.enum_frame_intervals(ALICE, handle, format, index);
        assert_eq!(refused, op(NodeError::InvalidFormat), "{format:?} {index}");
    }
    assert_eq!(node.enum_frame_intervals(BOB, handle, format, 0), op(NodeError::BadHandle));
}

#[test]
fn a_capture_node_has_the_interval_of_its_source() {
    let (mut node, _, handle) = streaming();
    let format = node.get_format(ALICE, handle).unwrap();
    let none = node.enum_frame_intervals(ALICE, handle, format, 0);
    assert_eq!(none, op(NodeError::NoFrameInterval));
    assert_eq!(node.get_parm(ALICE, handle), op(NodeError::InvalidFormat));
    let wanted = FrameInterval { numerator: 1, denominator: 30 };
    assert_eq!(node.set_parm(ALICE, handle, wanted), op(NodeError::InvalidFormat));
}

#[test]
fn imported_memory_is_queued_read_and_given_back_to_its_holder() {
    let (mut node, fake, handle) = running();
    let memory = Memory { pool: PoolId(3), buffer: BufferIndex(1) };
    node.import_buffer(ALICE, handle, BufferIndex(0), memory, filled()).unwrap();
    assert_eq!(fake.calls(), ["frames.import 1 of 3 for 12", "isp.queue 1 of 3 at 777"]);
    let again = node.import_buffer(ALICE, handle, BufferIndex(0), memory, filled());
    assert_eq!(again, op(NodeError::BadBuffer), "its place is taken");
    // A frame of the same index in the node's own pool is another buffer.
    done(&mut node, &fake, &[NextDone::Frame(frame(1, 0))]);
    assert_eq!(node.dequeue_buffer(ALICE, handle, 0, 0), op(NodeError::WouldBlock));
    let read = FrameDone { pool: PoolId(3), ..frame(1, 0) };
    done(&mut node, &fake, &[NextDone::Frame(read)]);
    let info = node.dequeue_buffer(ALICE, handle, 0, 0).unwrap().unwrap();
    assert_eq!((info.frame.buffer, info.frame.pool), (BufferIndex(0), PoolId(3)));
    assert_eq!(fake.calls(), ["frames.release 1 of 3"]);
    node.queue_buffer(ALICE, handle, BufferIndex(0)).unwrap();
    assert_eq!(fake.calls(), ["isp.queue 0"], "the place has its own memory again");
}

/// The client holds the place's own buffer, as it has dequeued that before.
#[test]
fn who_imports_into_a_place_lets_go_of_the_place_s_own_buffer() {
    let memory = Memory { pool: PoolId(3), buffer: BufferIndex(1) };
    for is_read in [false, true] {
        let (mut node, fake, handle) = running();
        done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
        assert_eq!(fake.0.borrow().held.get(&2), Some(&ALICE.index()));
        node.import_buffer(ALICE, handle, BufferIndex(2), memory, filled()).unwrap();
        if is_read {
            let read = FrameDone { pool: PoolId(3), ..frame(1, 1) };
            done(&mut node, &fake, &[NextDone::Frame(read)]);
            node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
        }
        assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
        done(&mut node, &fake, &[NextDone::Stopped]);
        assert_eq!(fake.0.borrow().held.len(), 0, "nobody has it, imported memory read: {is_read}");
        node.close(ALICE, handle).unwrap();
        node.settle();
        let theirs = node.open(BOB).unwrap();
        assert_eq!(node.request_buffers(BOB, theirs, 4), Ok(4));
    }
}

#[test]
fn an_import_that_is_refused_leaves_the_place_s_own_buffer_with_its_holder() {
    let (mut node, fake, handle) = running();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    let short = OutputFrame { bytes_used: 1, timestamp_us: TIME_US };
    let memory = Memory { pool: PoolId(3), buffer: BufferIndex(1) };
    let refused = node.import_buffer(ALICE, handle, BufferIndex(2), memory, short);
    assert_eq!(refused, op(NodeError::InvalidFormat));
    assert_eq!(fake.0.borrow().held.get(&2), Some(&ALICE.index()));
}

#[test]
fn imported_memory_comes_back_at_quiet_and_not_before() {
    let (mut node, fake, handle) = running();
    let memory = Memory { pool: PoolId(3), buffer: BufferIndex(1) };
    node.import_buffer(ALICE, handle, BufferIndex(0), memory, filled()).unwrap();
    fake.0.borrow_mut().quarantined.insert(1);
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Pending));
    fake.0.borrow_mut().quarantined.clear();
    fake.calls();
    edge(&mut node, ISP, Edge::Quiet, 0);
    assert!(fake.calls().contains(&"frames.release 1 of 3".into()));
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Cancelled));
}

/// The job of a pipeline whose far end is gone is settled by the ISP; the client that waits is told
/// once, and the handle works on.
#[test]
fn the_end_of_the_far_node_s_stream_ends_this_one_with_one_answer() {
    let (mut node, fake, handle) = running();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    let cancelled = FrameDone { flags: FrameFlags::CANCELLED, ..frame(2, 0) };
    done(&mut node, &fake, &[NextDone::Frame(cancelled), NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NotStreaming)))]);
    assert_eq!(fake.calls(), ["graph.stop", "frames.cancel 2", "answer"]);
    node.queue_output(ALICE, handle, BufferIndex(2), filled()).unwrap();
    fake.0.borrow_mut().started = Started::Memory;
    node.stream_on(ALICE, handle).unwrap();
    assert_eq!(fake.calls(), ["graph.start", "isp.queue 2 of 0 at 777"]);
}

#[test]
fn the_sensor_s_death_is_nothing_to_a_pipeline_from_memory() {
    let (mut node, fake, handle) = running();
    edge(&mut node, SENSOR, Edge::Died, 0);
    assert_eq!((fake.calls(), fake.answers()), (vec![], vec![]));
    assert!(node.dequeue_buffer(ALICE, handle, 100, 0).is_ok());
}

#[test]
fn a_client_that_never_lets_go_is_named_and_keeps_its_buffers() {
    let (mut node, fake) = serving();
    // It has held buffer 1 since an earlier life of the node.
    fake.0.borrow_mut().held.insert(1, BOB.index());
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.request_buffers(ALICE, handle, 4), op(NodeError::NoBuffers));
    assert_eq!(node.request_buffers(ALICE, handle, 1), Ok(1), "that one is free");
    assert_eq!(node.request_buffers(ALICE, handle, 0), Ok(0), "and nothing of others is let go");
    assert_eq!(fake.0.borrow().held.get(&1), Some(&BOB.index()));
    assert!(node.holder(ALICE, handle, BufferIndex(1)).is_ok());
    let theirs = node.open(BOB).unwrap();
    assert_eq!(node.request_buffers(BOB, theirs, 0), Ok(0), "it lets go by its word");
    assert_eq!(node.request_buffers(ALICE, handle, 4), Ok(4));
}

#[test]
fn a_wait_for_frames_that_cannot_come_says_so_in_the_end() {
    let (mut node, fake, handle) = streaming();
    let frames: Vec<_> = [2, 0, 3, 1].map(|index| NextDone::Frame(frame(index, 0))).into();
    done(&mut node, &fake, &frames);
    (0..4).for_each(|_| _ = node.dequeue_buffer(ALICE, handle, 0, 0).unwrap());
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    node.expire(100_000);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NoBuffers)))]);
    node.queue_buffer(ALICE, handle, BufferIndex(0)).unwrap();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    node.expire(100_000);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::TimedOut)))]);
}

#[test]
fn close_lets_go_of_what_its_holder_held() {
    let (mut node, fake, handle) = streaming();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    assert_eq!(fake.0.borrow().held.get(&2), Some(&ALICE.index()));
    node.close(ALICE, handle).unwrap();
    node.settle();
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.0.borrow().held.get(&2), None);
}
