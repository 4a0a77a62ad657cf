//! The disconnect procedure: what each edge of each peer means for handles, waits and buffers.

use super::*;

#[test]
fn when_the_isp_dies_waiters_are_answered_first_then_handles_end_then_the_note_is_sent() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    edge(&mut node, ISP, Edge::Died, 0);
    let told = record(ISP, 0);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(ended(told)))]);
    let calls = fake.calls();
    assert_eq!(calls[0], "answer");
    assert!(calls[1].starts_with("note Told"), "{calls:?}");
    assert_eq!(calls.len(), 2, "nothing is asked of a dead isp, nothing of the graph");
    for _ in 0..2 {
        assert_eq!(node.dequeue_buffer(ALICE, handle, 10, 0), ended(told));
        assert_eq!(node.stream_off(ALICE, handle, 10, 0), ended(told), "never a faked success");
        assert_eq!(node.poll(ALICE, handle, PollEvents::IN, 10, 0), ended(told));
        assert_eq!(node.dequeue_event(ALICE, handle), ended(told));
        assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(0)), ended(told));
    }
    assert_eq!(node.open(BOB), op(NodeError::NoDevice));
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!((fake.calls(), fake.answers()), (vec![], vec![]), "once per ended generation");
}

#[test]
fn lost_buffers_come_back_at_quiet_and_not_before_each_exactly_once() {
    let (mut node, fake, handle) = streaming();
    edge(&mut node, ISP, Edge::Died, 0);
    for buffer in (0..4).map(BufferIndex) {
        assert_eq!(node.reclaim(ALICE, handle, buffer), Ok(Reclaim::Pending));
    }
    edge(&mut node, ISP, Edge::Quiet, 0);
    for buffer in (0..4).map(BufferIndex) {
        assert_eq!(node.reclaim(ALICE, handle, buffer), Ok(Reclaim::Cancelled));
        assert_eq!(node.reclaim(ALICE, handle, buffer), op(NodeError::BadBuffer));
    }
    node.close(ALICE, handle).unwrap();
    node.settle();
    assert_eq!(node.usage(), NodeUsage::default());
    assert_eq!(fake.calls().iter().filter(|call| call.starts_with("frames.cancel")).count(), 4);
}

#[test]
fn a_buffer_that_the_ledger_still_holds_stays_pending() {
    let (mut node, fake, handle) = streaming();
    fake.0.borrow_mut().quarantined.insert(3);
    edge(&mut node, ISP, Edge::Died, 0);
    edge(&mut node, ISP, Edge::Quiet, 0);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(3)), Ok(Reclaim::Pending));
    fake.0.borrow_mut().quarantined.clear();
    node.settle();
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(3)), Ok(Reclaim::Cancelled));
}

#[test]
fn a_close_before_quiet_is_fine_and_usage_is_at_baseline_after_quiet() {
    let (mut node, _, handle) = streaming();
    edge(&mut node, ISP, Edge::Died, 0);
    node.close(ALICE, handle).unwrap();
    node.settle();
    assert_eq!(node.usage(), NodeUsage { handles: 0, waiters: 0, buffers: 4 });
    edge(&mut node, ISP, Edge::Quiet, 0);
    assert_eq!(node.usage(), NodeUsage::default());
    edge(&mut node, ISP, Edge::Ready, 1);
    let handle = node.open(BOB).unwrap();
    assert_eq!(node.request_buffers(BOB, handle, 4), Ok(4));
}

#[test]
fn no_frame_of_the_ended_epoch_follows_the_disconnect() {
    let (mut node, fake, handle) = streaming();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!(node.dequeue_buffer(ALICE, handle, 10, 0), ended(record(ISP, 0)));
    edge(&mut node, ISP, Edge::Quiet, 0);
    edge(&mut node, ISP, Edge::Ready, 1);
    done(&mut node, &fake, &[NextDone::Frame(frame(0, 1))]);
    assert_eq!(node.dequeue_buffer(ALICE, handle, 10, 0), ended(record(ISP, 0)));
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(2)), Ok(Reclaim::Cancelled));
}

#[test]
fn the_next_life_delivers_frames_of_its_own_epoch() {
    let (mut node, fake, handle) = streaming();
    edge(&mut node, ISP, Edge::Died, 0);
    edge(&mut node, ISP, Edge::Quiet, 0);
    node.close(ALICE, handle).unwrap();
    edge(&mut node, ISP, Edge::Ready, 1);
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 2).unwrap();
    node.queue_buffer(ALICE, handle, BufferIndex(0)).unwrap();
    node.stream_on(ALICE, handle).unwrap();
    done(&mut node, &fake, &[NextDone::Frame(frame(0, 0))]);
    let info = node.dequeue_buffer(ALICE, handle, 0, 0).unwrap().unwrap();
    assert_eq!(info.epoch, Generation(1));
}

#[test]
fn a_waiting_poll_wakes_with_error_hang_up_and_priority() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.poll(ALICE, handle, PollEvents::IN, 1000, 0), Ok(None));
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!(fake.answers(), [(ALICE, Answer::Polled(Ok(PollEvents::DISCONNECTED)))]);
}

#[test]
fn when_the_isp_dies_in_a_call_that_call_tells_and_the_watch_is_silent() {
    let (mut node, fake) = serving();
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 1).unwrap();
    node.queue_buffer(ALICE, handle, BufferIndex(0)).unwrap();
    fake.0.borrow_mut().isp_is_dead = true;
    assert_eq!(node.stream_on(ALICE, handle), ended(record(ISP, 0)));
    node.settle();
    assert_eq!(fake.calls().iter().filter(|call| call.starts_with("note")).count(), 1);
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!(fake.calls(), Vec::<String>::new());
    edge(&mut node, ISP, Edge::Quiet, 0);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Cancelled));
}

#[test]
fn when_the_graph_dies_handles_end_and_buffers_wait_until_the_isp_has_stopped() {
    let (mut node, fake, handle) = streaming();
    edge(&mut node, GRAPH, Edge::Died, 0);
    assert_eq!(node.get_format(ALICE, handle), ended(record(GRAPH, 0)));
    assert!(!fake.calls().contains(&"graph.stop".into()), "a dead graph is not called");
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Pending));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Cancelled));
    edge(&mut node, GRAPH, Edge::Ready, 1);
    assert!(node.open(BOB).is_ok());
}

#[test]
fn when_frames_dies_the_pipeline_is_stopped_and_buffers_wait_until_the_pool_is_attached_again() {
    let (mut node, fake, handle) = streaming();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    fake.calls();
    edge(&mut node, FRAMES, Edge::Died, 0);
    assert_eq!(node.get_format(ALICE, handle), ended(record(FRAMES, 0)));
    let calls = fake.calls();
    assert!(calls.contains(&"graph.stop".into()), "{calls:?}");
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Pending));
    edge(&mut node, FRAMES, Edge::Ready, 1);
    assert_eq!(fake.calls()[0], "frames.attach 0b100", "what the client holds is declared");
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Cancelled));
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(2)), op(NodeError::BadBuffer));
}

#[test]
fn when_isp_and_graph_are_gone_close_is_ok_and_reaches_nobody() {
    let (mut node, fake, handle) = streaming();
    edge(&mut node, ISP, Edge::Died, 0);
    edge(&mut node, GRAPH, Edge::Died, 0);
    fake.calls();
    assert_eq!(node.stream_off(ALICE, handle, 10, 0), ended(record(ISP, 0)), "the first sticks");
    node.close(ALICE, handle).unwrap();
    node.settle();
    assert_eq!(fake.calls(), Vec::<String>::new());
}

#[test]
fn when_the_sensor_dies_the_stream_ends_and_other_handles_go_on() {
    let (mut node, fake, handle) = streaming();
    let idle = node.open(BOB).unwrap();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    edge(&mut node, SENSOR, Edge::Died, 0);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(ended(record(SENSOR, 0))))]);
    assert!(node.get_format(BOB, idle).is_ok());
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Pending));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.reclaim(ALICE, handle, BufferIndex(0)), Ok(Reclaim::Cancelled));
}

#[test]
fn when_the_client_dies_its_stream_is_stopped_and_everything_is_free() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    edge(&mut node, ALICE.index(), Edge::Died, 0);
    assert_eq!(fake.answers(), [], "the kernel has ended the call");
    assert_eq!(fake.calls(), ["graph.stop"]);
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.usage(), NodeUsage::default());
}

#[test]
fn while_removing_new_entries_are_refused_and_waiters_go_on_waiting() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    edge(&mut node, ISP, Edge::Removing, 0);
    assert_eq!(node.open(BOB), op(NodeError::NoDevice));
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(0)), op(NodeError::NoDevice));
    assert_eq!(fake.answers(), []);
    edge(&mut node, ISP, Edge::Died, 0);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(ended(record(ISP, 0))))]);
}

#[test]
fn edges_that_mean_nothing_change_nothing() {
    let (mut node, fake, handle) = streaming();
    for peer in [SENSOR, ALICE.index()] {
        for what in [Edge::Removing, Edge::Quiet, Edge::Ready] {
            edge(&mut node, peer, what, 1);
        }
    }
    for peer in [GRAPH, FRAMES, ISP] {
        edge(&mut node, peer, Edge::Quiet, 0);
        edge(&mut node, peer, Edge::Ready, 0);
    }
    assert_eq!((fake.calls(), fake.answers()), (vec![], vec![]));
    assert!(node.get_format(ALICE, handle).is_ok());
}

/// Two hold the stream; one of them goes with a frame in its hands, and the other goes on with all buffers.
#[test]
fn what_a_holder_leaves_behind_is_the_streams_again_however_it_leaves() {
    for dies in [true, false] {
        let (mut node, fake, handle) = streaming();
        let theirs = node.delegate(ALICE, handle, Some(BOB)).unwrap();
        let second = node.delegate(ALICE, handle, Some(BOB)).unwrap();
        done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
        let held = node.dequeue_buffer(BOB, theirs, 100, 0).unwrap().unwrap().frame.buffer;
        node.close(BOB, theirs).unwrap();
        node.settle();
        let early = node.queue_buffer(ALICE, handle, held);
        assert_eq!(early, op(NodeError::BadBuffer), "another handle of the same stream");
        if dies {
            edge(&mut node, BOB.index(), Edge::Died, 0);
        } else {
            node.close(BOB, second).unwrap();
        }
        node.settle();
        assert!(fake.0.borrow().held.is_empty(), "the ledger is told; dies: {dies}");
        assert_eq!(node.queue_buffer(ALICE, handle, held), Ok(()), "dies: {dies}");
    }
}

#[test]
fn a_handle_that_has_ended_says_so_whomever_it_is_to_be_passed_to() {
    let (mut node, _, handle) = streaming();
    assert_eq!(node.delegate(ALICE, handle, None), op(NodeError::NoSuchTask));
    edge(&mut node, ISP, Edge::Died, 0);
    for holder in [Some(BOB), None] {
        assert_eq!(node.delegate(ALICE, handle, holder), ended(record(ISP, 0)));
    }
}

/// The graph is more important than the node: when the sensor dies it may have stopped the ISP before the node,
/// which was in the middle of something, looks at its edges. What it sees first is that the stream has ended.
#[test]
fn a_stream_that_the_graph_ends_for_the_death_of_the_sensor_ends_with_the_record() {
    let (mut node, fake, handle) = streaming();
    assert_eq!(node.dequeue_buffer(ALICE, handle, 1000, 0), Ok(None));
    let cause = Cause::Faulted;
    let died = WatchEvent { peer: SENSOR, edge: Edge::Died, generation: Generation(0), cause };
    fake.0.borrow_mut().edges.push_back(died);
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(ended(record(SENSOR, 0))))]);
    assert_eq!(node.get_format(ALICE, handle), ended(record(SENSOR, 0)));
    for index in 0..3 {
        assert_eq!(node.reclaim(ALICE, handle, BufferIndex(index)), Ok(Reclaim::Cancelled));
    }
}
