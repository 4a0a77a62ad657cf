//! Tasks that read frames beside the client that streams.

use super::*;

const CAROL: TaskId = TaskId::new(TaskIndex(14), Generation(0));
const MUST: Reading = Reading::Must;
const ONE: Reading = Reading::MaySkip { max_held: 1 };

fn reader(node: &mut Subject, task: TaskId, reading: Reading) -> Handle {
    let handle = node.open(task).unwrap();
    node.subscribe(task, handle, reading).unwrap();
    handle
}

fn take(node: &mut Subject, task: TaskId, handle: Handle) -> ReadFrame {
    node.next_frame(task, handle, 0, 0).unwrap().expect("it did not want to wait")
}

fn filled(node: &mut Subject, fake: &Fake, buffer: u8, sequence: u32) {
    done(node, fake, &[NextDone::Frame(frame(buffer, sequence))]);
}

fn let_go(node: &mut Subject, task: TaskId, handle: Handle, buffer: u8) {
    node.let_go(task, handle, BufferIndex(buffer)).unwrap();
    node.settle();
}

fn reads(fake: &Fake) -> Vec<(u8, u8)> {
    fake.0.borrow().readers.iter().copied().collect()
}

#[test]
fn a_reader_gets_the_frame_of_the_client_with_all_that_it_needs_to_look_at_it() {
    let (mut node, fake, handle) = streaming();
    let format = node.get_format(ALICE, handle).unwrap();
    let theirs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, theirs, 0, 0), op(NodeError::WouldBlock));
    filled(&mut node, &fake, 2, 7);
    let info = node.dequeue_buffer(ALICE, handle, 0, 0).unwrap().unwrap();
    let FrameDone { buffer, sequence, timestamp_us, bytes_used, flags, .. } = info.frame;
    let read = ReadFrame {
        buffer,
        sequence,
        timestamp_us,
        flags,
        epoch: info.epoch,
        offset_bytes: 2 * 614_400,
        bytes_used,
        format,
        skipped: 0,
    };
    assert_eq!(take(&mut node, BOB, theirs), read);
    assert_eq!(node.next_frame(BOB, theirs, 0, 0), op(NodeError::WouldBlock), "each frame once");
}

#[test]
fn a_buffer_is_filled_again_when_the_last_of_three_lets_go() {
    for last in 0..3 {
        let (mut node, fake, handle) = streaming();
        let bobs = reader(&mut node, BOB, MUST);
        let carols = reader(&mut node, CAROL, ONE);
        filled(&mut node, &fake, 2, 0);
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
        take(&mut node, BOB, bobs);
        take(&mut node, CAROL, carols);
        fake.calls();
        for who in (0..3).map(|step| (last + 1 + step) % 3) {
            assert_eq!(fake.calls(), Vec::<String>::new(), "the last is {last}");
            match who {
                0 => node.queue_buffer(ALICE, handle, BufferIndex(2)).unwrap(),
                1 => let_go(&mut node, BOB, bobs, 2),
                _ => let_go(&mut node, CAROL, carols, 2),
            }
        }
        assert_eq!(fake.calls(), ["isp.queue 2"], "the last is {last}");
    }
}

#[test]
fn a_queued_buffer_that_is_read_is_the_client_s_no_more() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    filled(&mut node, &fake, 2, 0);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    assert_eq!(fake.0.borrow().held.get(&2), Some(&ALICE.index()));
    node.queue_buffer(ALICE, handle, BufferIndex(2)).unwrap();
    assert_eq!(fake.0.borrow().held.get(&2), None, "the ledger names the reader");
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(2)), op(NodeError::BadBuffer));
    assert_eq!(node.usage().buffers, 4);
    // Before the reader has taken it.
    assert_eq!(node.let_go(BOB, bobs, BufferIndex(2)), op(NodeError::BadBuffer));
}

#[test]
fn frames_that_waited_are_queued_in_the_client_s_order() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    for (sequence, buffer) in [2, 0, 3].into_iter().enumerate() {
        filled(&mut node, &fake, buffer, sequence as u32);
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    }
    for buffer in [3, 2, 0].map(BufferIndex) {
        node.queue_buffer(ALICE, handle, buffer).unwrap();
    }
    fake.calls();
    node.close(BOB, bobs).unwrap();
    node.settle();
    assert_eq!(fake.calls(), ["isp.queue 3", "isp.queue 2", "isp.queue 0"]);
}

#[test]
fn a_reader_that_may_skip_has_so_many_and_knows_what_it_missed() {
    let (mut node, fake, _) = streaming();
    let bobs = reader(&mut node, BOB, Reading::MaySkip { max_held: 2 });
    for (sequence, buffer) in [2, 0, 3].into_iter().enumerate() {
        filled(&mut node, &fake, buffer, sequence as u32);
    }
    assert_eq!(reads(&fake), [(0, BOB.index().0), (2, BOB.index().0)]);
    let first = take(&mut node, BOB, bobs);
    assert_eq!((first.sequence, first.skipped), (0, 1), "the oldest first");
    let_go(&mut node, BOB, bobs, 2);
    filled(&mut node, &fake, 1, 3);
    let sequences = [0, 1].map(|_| take(&mut node, BOB, bobs).sequence);
    assert_eq!(sequences, [1, 3]);
}

#[test]
fn a_must_reader_that_never_lets_go_costs_the_frames_and_both_are_told() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    for (sequence, buffer) in [2, 0, 3, 1].into_iter().enumerate() {
        filled(&mut node, &fake, buffer, sequence as u32);
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
        assert_eq!(take(&mut node, BOB, bobs).sequence, sequence as u32);
        node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
    }
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    node.expire(100_000);
    let dry = NodeError::NoBuffers;
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(dry))), (BOB, Answer::Read(op(dry)))]);
    fake.calls();
    let_go(&mut node, BOB, bobs, 3);
    assert_eq!(fake.calls(), ["isp.queue 3"], "the stream goes on");
}

#[test]
fn a_waiting_reader_is_answered_by_the_frame_after_the_client() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    let carols = reader(&mut node, CAROL, ONE);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    assert_eq!(node.poll(CAROL, carols, PollEvents::IN, 100, 0), Ok(None));
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    filled(&mut node, &fake, 2, 0);
    let answers = fake.answers();
    assert!(
        matches!(
            answers[..],
            [
                (ALICE, Answer::Dequeued(Ok(_))),
                (BOB, Answer::Read(Ok(_))),
                (CAROL, Answer::Polled(Ok(PollEvents::IN)))
            ]
        ),
        "{answers:?}"
    );
    let ready = node.poll(CAROL, carols, PollEvents::IN, 100, 0);
    assert_eq!(ready, Ok(Some(PollEvents::IN)));
    assert_eq!(node.poll(BOB, bobs, PollEvents::IN, 0, 0), Ok(Some(PollEvents::NONE)));
}

#[test]
fn a_reader_waits_while_nothing_streams_and_a_silent_sensor_is_told_to_it() {
    let (mut node, fake) = serving();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    node.expire(100_000);
    assert_eq!(fake.answers(), [(BOB, Answer::Read(op(NodeError::TimedOut)))]);
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 4).unwrap();
    node.queue_buffer(ALICE, handle, BufferIndex(2)).unwrap();
    node.stream_on(ALICE, handle).unwrap();
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::NoFrames]);
    assert_eq!(fake.answers(), [(BOB, Answer::Read(op(NodeError::NoFrames)))]);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    filled(&mut node, &fake, 2, 5);
    assert!(matches!(fake.answers()[..], [(BOB, Answer::Read(Ok(_)))]), "the stream went on");
}

#[test]
fn stream_off_takes_nothing_from_a_must_reader_and_what_is_not_taken_from_the_other() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    let carols = reader(&mut node, CAROL, Reading::MaySkip { max_held: 2 });
    filled(&mut node, &fake, 2, 0);
    filled(&mut node, &fake, 0, 1);
    take(&mut node, CAROL, carols);
    assert_eq!(node.poll(CAROL, carols, PollEvents::PRI, 1000, 0), Ok(None));
    assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::StreamedOff(Ok(())))], "readers are not told");
    let (bob, carol) = (BOB.index().0, CAROL.index().0);
    assert_eq!(reads(&fake), [(0, bob), (2, bob), (2, carol)]);
    assert_eq!(node.next_frame(CAROL, carols, 0, 0), op(NodeError::WouldBlock));
    // All buffers are the client's again, but those that are read have to wait.
    (0..4).for_each(|buffer| node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap());
    fake.calls();
    node.stream_on(ALICE, handle).unwrap();
    assert_eq!(fake.calls(), ["graph.start", "isp.queue 1", "isp.queue 3"]);
    assert_eq!([0, 1].map(|_| take(&mut node, BOB, bobs).sequence), [0, 1]);
    let_go(&mut node, BOB, bobs, 0);
    assert_eq!(fake.calls(), ["isp.queue 0"]);
    let_go(&mut node, BOB, bobs, 2);
    assert_eq!(fake.calls(), Vec::<String>::new(), "the other has it");
    let_go(&mut node, CAROL, carols, 2);
    assert_eq!(fake.calls(), ["isp.queue 2"]);
    filled(&mut node, &fake, 1, 0);
    assert_eq!(take(&mut node, CAROL, carols).skipped, 1, "what it lost at the stop");
}

#[test]
fn a_request_for_what_is_read_is_refused_and_none_of_it_is_taken() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    filled(&mut node, &fake, 2, 0);
    node.stream_off(ALICE, handle, 1000, 0).unwrap();
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.request_buffers(ALICE, handle, 4), op(NodeError::NoBuffers));
    assert_eq!(node.request_buffers(ALICE, handle, 0), Ok(0));
    assert_eq!(node.request_buffers(ALICE, handle, 3), op(NodeError::NoBuffers));
    assert_eq!(node.request_buffers(ALICE, handle, 2), Ok(2), "those are free");
    assert_eq!(take(&mut node, BOB, bobs).sequence, 0);
    let_go(&mut node, BOB, bobs, 2);
    assert_eq!(node.request_buffers(ALICE, handle, 4), Ok(4));
}

#[test]
fn a_reader_that_closes_or_dies_gives_back_all_that_it_had_once() {
    for dies in [false, true] {
        let (mut node, fake, handle) = streaming();
        let bobs = reader(&mut node, BOB, MUST);
        for (sequence, buffer) in [2, 0].into_iter().enumerate() {
            filled(&mut node, &fake, buffer, sequence as u32);
            node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
            node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
        }
        take(&mut node, BOB, bobs);
        fake.calls();
        if dies {
            edge(&mut node, BOB.index(), Edge::Died, 0);
        } else {
            node.close(BOB, bobs).unwrap();
            node.settle();
        }
        assert_eq!(fake.calls(), ["isp.queue 2", "isp.queue 0"]);
        assert_eq!(reads(&fake), []);
        assert_eq!(node.let_go(BOB, bobs, BufferIndex(2)), op(NodeError::BadHandle));
        filled(&mut node, &fake, 3, 2);
        assert_eq!(reads(&fake), [], "it does not read any more");
    }
}

#[test]
fn the_end_of_the_client_is_not_the_end_of_its_readers() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    filled(&mut node, &fake, 2, 0);
    take(&mut node, BOB, bobs);
    assert_eq!(node.next_frame(BOB, bobs, 1000, 0), Ok(None));
    node.close(ALICE, handle).unwrap();
    node.settle();
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), []);
    let next = node.open(CAROL).unwrap();
    assert_eq!(node.request_buffers(CAROL, next, 4), op(NodeError::NoBuffers));
    let_go(&mut node, BOB, bobs, 2);
    assert_eq!(node.request_buffers(CAROL, next, 4), Ok(4));
    node.queue_buffer(CAROL, next, BufferIndex(1)).unwrap();
    node.stream_on(CAROL, next).unwrap();
    filled(&mut node, &fake, 1, 0);
    assert!(matches!(fake.answers()[..], [(BOB, Answer::Read(Ok(_)))]));
}

#[test]
fn a_disconnect_is_told_to_each_reader_once_and_leaves_it_what_it_looks_at() {
    for (peer, hops) in [(ISP, 0), (GRAPH, 0), (SENSOR, 0)] {
        let (mut node, fake, handle) = streaming();
        let bobs = reader(&mut node, BOB, MUST);
        let carols = reader(&mut node, CAROL, Reading::MaySkip { max_held: 2 });
        filled(&mut node, &fake, 2, 0);
        filled(&mut node, &fake, 0, 1);
        let _ = [0, 1].map(|_| take(&mut node, BOB, bobs));
        let_go(&mut node, BOB, bobs, 0);
        take(&mut node, CAROL, carols);
        assert_eq!(node.next_frame(BOB, bobs, 1000, 0), Ok(None));
        edge(&mut node, peer, Edge::Died, 0);
        let told = Disconnect { hops, ..record(peer, 0) };
        assert_eq!(fake.answers(), [(BOB, Answer::Read(ended(told)))], "{peer:?}");
        assert_eq!(node.next_frame(BOB, bobs, 1000, 0), ended(told));
        assert_eq!(node.next_frame(CAROL, carols, 0, 0), ended(told), "not the frame before it");
        assert_eq!(node.subscribe(CAROL, carols, MUST), ended(told));
        let (bob, carol) = (BOB.index().0, CAROL.index().0);
        assert_eq!(reads(&fake), [(2, bob), (2, carol)], "what they look at");
        let_go(&mut node, BOB, bobs, 2);
        assert_eq!(node.let_go(BOB, bobs, BufferIndex(2)), op(NodeError::BadBuffer));
        node.close(BOB, bobs).unwrap();
        node.close(CAROL, carols).unwrap();
        node.close(ALICE, handle).unwrap();
        node.settle();
        assert_eq!(reads(&fake), []);
        assert_eq!(node.usage().handles, 0);
    }
}

#[test]
fn the_buffers_of_an_ended_stream_come_back_to_the_client_though_they_are_read() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    filled(&mut node, &fake, 2, 0);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    node.queue_buffer(ALICE, handle, BufferIndex(2)).unwrap();
    filled(&mut node, &fake, 0, 1);
    let _ = [0, 1].map(|_| take(&mut node, BOB, bobs));
    edge(&mut node, ISP, Edge::Died, 0);
    edge(&mut node, ISP, Edge::Quiet, 0);
    for buffer in (0..4).map(BufferIndex) {
        assert_eq!(node.reclaim(ALICE, handle, buffer), Ok(Reclaim::Cancelled));
        assert_eq!(node.reclaim(ALICE, handle, buffer), op(NodeError::BadBuffer));
    }
    node.close(ALICE, handle).unwrap();
    edge(&mut node, ISP, Edge::Ready, 1);
    let next = node.open(ALICE).unwrap();
    assert_eq!(node.request_buffers(ALICE, next, 4), op(NodeError::NoBuffers), "no seizure");
    node.close(BOB, bobs).unwrap();
    node.settle();
    assert_eq!(node.request_buffers(ALICE, next, 4), Ok(4));
}

#[test]
fn the_next_ledger_is_told_who_reads_what() {
    let (mut node, fake, _) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    filled(&mut node, &fake, 2, 0);
    filled(&mut node, &fake, 0, 1);
    take(&mut node, BOB, bobs);
    edge(&mut node, FRAMES, Edge::Died, 0);
    fake.0.borrow_mut().readers.clear();
    assert_eq!(node.let_go(BOB, bobs, BufferIndex(0)), op(NodeError::BadBuffer), "never taken");
    edge(&mut node, FRAMES, Edge::Ready, 1);
    assert_eq!(reads(&fake), [(2, BOB.index().0)]);
    let_go(&mut node, BOB, bobs, 2);
    assert_eq!(reads(&fake), []);
}

#[test]
fn a_ledger_that_dies_while_frames_are_given_ends_readers_as_anybody() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, bobs, 1000, 0), Ok(None));
    fake.0.borrow_mut().frames_are_dead = true;
    fake.0.borrow_mut().done.push_back(NextDone::Frame(frame(2, 0)));
    let _ = node.drain();
    node.settle();
    let told = record(FRAMES, 0);
    assert_eq!(fake.answers(), [(BOB, Answer::Read(ended(told)))]);
    assert_eq!(node.get_format(ALICE, handle), ended(told));
}

#[test]
fn what_a_task_read_in_an_earlier_life_of_the_node_it_lets_go_by_subscribing() {
    let (mut node, fake) = serving();
    fake.0.borrow_mut().readers.extend([(1, BOB.index().0), (1, CAROL.index().0)]);
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.request_buffers(ALICE, handle, 4), op(NodeError::NoBuffers));
    reader(&mut node, BOB, MUST);
    assert_eq!(reads(&fake), [(1, CAROL.index().0)], "its own");
    reader(&mut node, CAROL, MUST);
    assert_eq!(node.request_buffers(ALICE, handle, 4), Ok(4));
}

#[test]
fn a_subscription_that_makes_no_sense_is_refused() {
    let (mut node, _, handle) = streaming();
    assert_eq!(node.subscribe(ALICE, handle, MUST), op(NodeError::Busy), "it streams");
    let theirs = node.delegate(ALICE, handle, Some(BOB)).unwrap();
    assert_eq!(node.subscribe(BOB, theirs, MUST), op(NodeError::Busy), "of the same stream");
    let bobs = node.open(BOB).unwrap();
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), op(NodeError::NotSubscribed));
    assert_eq!(node.let_go(BOB, bobs, BufferIndex(0)), op(NodeError::NotSubscribed));
    let none = Reading::MaySkip { max_held: 0 };
    assert_eq!(node.subscribe(BOB, bobs, none), op(NodeError::InvalidConfiguration));
    assert_eq!(node.subscribe(CAROL, bobs, MUST), op(NodeError::BadHandle));
    assert_eq!(node.subscribe(BOB, Handle(77), MUST), op(NodeError::BadHandle));
    assert_eq!(node.subscribe(BOB, bobs, MUST), Ok(()));
    assert_eq!(node.subscribe(BOB, bobs, ONE), op(NodeError::Busy), "it reads already");
    let second = node.open(BOB).unwrap();
    assert_eq!(node.subscribe(BOB, second, MUST), op(NodeError::Busy), "a task reads once");
    assert_eq!(node.next_frame(CAROL, bobs, 100, 0), op(NodeError::BadHandle));
    assert_eq!(node.let_go(CAROL, bobs, BufferIndex(0)), op(NodeError::BadHandle));
    for buffer in [0, 4, 8, 31, 32, 255] {
        let let_go = node.let_go(BOB, bobs, BufferIndex(buffer));
        assert_eq!(let_go, op(NodeError::BadBuffer), "{buffer}");
    }
    let (mut node, _) = serving_as(5, "OMAP3 ISP resizer input");
    let handle = node.open(ALICE).unwrap();
    assert_eq!(node.subscribe(ALICE, handle, MUST), op(NodeError::InvalidFormat));
}

#[test]
fn a_handle_that_reads_has_no_queue_and_its_delegate_does_not_read() {
    let (mut node, fake) = serving();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.request_buffers(BOB, bobs, 2), op(NodeError::Busy));
    assert_eq!(node.stream_on(BOB, bobs), op(NodeError::BadBuffer));
    let carols = node.delegate(BOB, bobs, Some(CAROL)).unwrap();
    assert_eq!(node.next_frame(CAROL, carols, 100, 0), op(NodeError::NotSubscribed));
    assert_eq!(node.subscribe(CAROL, carols, ONE), Ok(()));
    node.close(BOB, bobs).unwrap();
    node.settle();
    assert_eq!(node.request_buffers(CAROL, carols, 2), op(NodeError::Busy));
    assert_eq!(fake.answers(), []);
}

#[test]
fn there_is_room_for_so_many_readers_and_a_close_makes_room() {
    let (mut node, fake, _) = streaming();
    let tasks: Vec<_> = (20..)
        .map(|index| TaskId::new(TaskIndex(index), Generation(0)))
        .take(READERS_MAX)
        .collect();
    let handles: Vec<_> = tasks.iter().map(|task| reader(&mut node, *task, MUST)).collect();
    let bobs = node.open(BOB).unwrap();
    assert_eq!(node.subscribe(BOB, bobs, MUST), op(NodeError::TableFull));
    filled(&mut node, &fake, 2, 0);
    assert_eq!(reads(&fake).len(), READERS_MAX);
    node.close(tasks[1], handles[1]).unwrap();
    node.settle();
    assert_eq!(node.subscribe(BOB, bobs, MUST), Ok(()));
    assert_eq!(node.next_frame(BOB, bobs, 0, 0), op(NodeError::WouldBlock), "from the next one on");
}

#[test]
fn a_frame_that_is_there_is_not_called_no_frames() {
    let (mut node, fake, _) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0)), NextDone::NoFrames]);
    let answers = fake.answers();
    assert!(matches!(answers[..], [(BOB, Answer::Read(Ok(_)))]), "{answers:?}");
}

#[test]
fn a_frame_that_is_there_is_not_timed_out() {
    let (mut node, fake, _) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    // One turn of the main loop: frame_done and timer.
    fake.0.borrow_mut().done.push_back(NextDone::Frame(frame(2, 0)));
    let _ = node.drain();
    node.expire(100_000);
    node.settle();
    let answers = fake.answers();
    assert!(matches!(answers[..], [(BOB, Answer::Read(Ok(_)))]), "{answers:?}");
}

#[test]
fn a_must_reader_that_waits_is_answered_when_the_last_close_drains_a_frame() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    assert_eq!(node.next_frame(BOB, bobs, 100, 0), Ok(None));
    // The frame ends while the node is in `close`; the hardware is idle after it.
    fake.0.borrow_mut().done.extend([NextDone::Frame(frame(2, 0)), NextDone::Stopped]);
    node.close(ALICE, handle).unwrap();
    node.settle();
    let answers = fake.answers();
    assert!(matches!(answers[..], [(BOB, Answer::Read(Ok(_)))]), "{answers:?}");
}

#[test]
fn a_refused_request_takes_nothing_from_the_client() {
    let (mut node, fake, handle) = streaming();
    let bobs = reader(&mut node, BOB, MUST);
    for (n, buffer) in [2, 0].into_iter().enumerate() {
        filled(&mut node, &fake, buffer, n as u32);
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    }
    take(&mut node, BOB, bobs);
    take(&mut node, BOB, bobs);
    let_go(&mut node, BOB, bobs, 0);
    // Alice holds 0 and 2, Bob reads 2.
    fake.0.borrow_mut().done.push_back(NextDone::Stopped);
    node.stream_off(ALICE, handle, 100, 0).unwrap();
    node.settle();
    assert_eq!(node.request_buffers(ALICE, handle, 4), op(NodeError::NoBuffers));
    let held = fake.0.borrow().held.clone();
    assert_eq!((held.get(&0), held.get(&2)), (Some(&ALICE.index()), Some(&ALICE.index())));
}
