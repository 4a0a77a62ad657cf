//! A driver that takes no buffers, because a block of it has crashed or the stream has ended there.

use super::*;

fn refuse(fake: &Fake, refusal: impl Into<Option<IspError>>) {
    fake.0.borrow_mut().refusal = refusal.into();
}

/// Two buffers of a stream are the client's again, and the driver has crashed since.
fn crashed() -> (Subject, Fake, Handle) {
    let (mut node, fake, handle) = streaming();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0)), NextDone::Frame(frame(0, 1))]);
    for _ in 0..2 {
        node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    }
    refuse(&fake, IspError::Crashed);
    fake.calls();
    (node, fake, handle)
}

#[test]
fn a_buffer_that_the_driver_refuses_stays_the_client_s() {
    let (mut node, fake, handle) = crashed();
    for buffer in [2, 0, 2] {
        let refused = node.queue_buffer(ALICE, handle, BufferIndex(buffer));
        assert_eq!(refused, op(NodeError::DriverRefused), "{buffer}, however often");
        assert_eq!(fake.calls(), [format!("frames.cancel {buffer}")], "as the ledger has it, too");
    }
    assert_eq!(node.usage().buffers, 2, "what the driver had before");
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::NoFrames]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NoFrames)))]);
    refuse(&fake, None);
    fake.calls();
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(2)), Ok(()));
    assert_eq!(fake.calls(), ["isp.queue 2"]);
}

/// Imported memory is its holder's again, at the other node.
#[test]
fn an_imported_buffer_that_the_driver_refuses_is_let_go_of() {
    let (mut node, fake) = serving_as(5, "OMAP3 ISP resizer input");
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 2).unwrap();
    fake.0.borrow_mut().started = Started::Memory;
    node.stream_on(ALICE, handle).unwrap();
    refuse(&fake, IspError::Crashed);
    fake.calls();
    let (memory, whole) =
        (Memory { pool: PoolId(9), buffer: BufferIndex(3) }, OutputFrame::default());
    for _ in 0..2 {
        let refused = node.import_buffer(ALICE, handle, BufferIndex(1), memory, whole);
        assert_eq!(refused, op(NodeError::DriverRefused));
        let import = format!("frames.import 3 of 9 for {}", ALICE.index().0);
        assert_eq!(fake.calls(), [import, "frames.release 3 of 9".into()]);
    }
    let refused = node.queue_output(ALICE, handle, BufferIndex(1), whole);
    assert_eq!(refused, op(NodeError::DriverRefused));
    assert_eq!(fake.calls(), ["frames.cancel 1"], "its own memory");
    assert_eq!(node.usage().buffers, 0);
}

/// Their QBUF has been answered: nobody is told but by NoFrames, and STREAMOFF gives them back.
#[test]
fn buffers_that_were_queued_before_wait_for_stream_off() {
    let (mut node, fake) = serving();
    let handle = node.open(ALICE).unwrap();
    node.request_buffers(ALICE, handle, 4).unwrap();
    for buffer in 0..3 {
        node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
    }
    refuse(&fake, IspError::Crashed);
    assert_eq!(node.stream_on(ALICE, handle), Ok(()), "it crashed in the stream");
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::NoFrames]);
    assert_eq!(fake.answers(), [(ALICE, Answer::Dequeued(op(NodeError::NoFrames)))]);
    let refused = node.queue_buffer(ALICE, handle, BufferIndex(3));
    assert_eq!(refused, op(NodeError::DriverRefused), "it does not wait behind them");
    assert_eq!(node.usage().buffers, 3);
    assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(fake.answers(), [(ALICE, Answer::StreamedOff(Ok(())))]);
    refuse(&fake, None);
    for buffer in 0..4 {
        node.queue_buffer(ALICE, handle, BufferIndex(buffer)).unwrap();
    }
}

#[test]
fn a_full_driver_is_no_refusal() {
    let (mut node, fake, handle) = crashed();
    refuse(&fake, IspError::QueueFull);
    for buffer in [2, 0] {
        assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(buffer)), Ok(()));
    }
    let again = node.queue_buffer(ALICE, handle, BufferIndex(2));
    assert_eq!(again, op(NodeError::BadBuffer), "it is queued");
    refuse(&fake, None);
    fake.calls();
    done(&mut node, &fake, &[NextDone::Frame(frame(3, 2))]);
    assert_eq!(fake.calls(), ["isp.queue 2", "isp.queue 0"]);
}

/// The node at the other end has stopped, and this one is not told yet.
#[test]
fn a_buffer_for_a_stream_that_has_ended_comes_back_with_its_end() {
    let (mut node, fake, handle) = crashed();
    refuse(&fake, IspError::NotStreaming);
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(2)), Ok(()));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.usage().buffers, 0);
    assert_eq!(node.dequeue_buffer(ALICE, handle, 100, 0), op(NodeError::NotStreaming));
    assert_eq!(node.queue_buffer(ALICE, handle, BufferIndex(2)), Ok(()));
}

/// A reader lets go of a buffer that the client has queued meanwhile.
#[test]
fn a_buffer_that_a_reader_lets_go_of_too_late_waits_for_stream_off() {
    let (mut node, fake, handle) = streaming();
    let reading = node.open(BOB).unwrap();
    node.subscribe(BOB, reading, Reading::Must).unwrap();
    done(&mut node, &fake, &[NextDone::Frame(frame(2, 0))]);
    let read = node.next_frame(BOB, reading, 0, 0).unwrap().unwrap();
    node.dequeue_buffer(ALICE, handle, 0, 0).unwrap();
    node.queue_buffer(ALICE, handle, BufferIndex(2)).unwrap();
    refuse(&fake, IspError::Crashed);
    node.let_go(BOB, reading, read.buffer).unwrap();
    node.settle();
    assert_eq!(node.usage().buffers, 4);
    assert_eq!(node.stream_off(ALICE, handle, 1000, 0), Ok(None));
    done(&mut node, &fake, &[NextDone::Stopped]);
    assert_eq!(node.usage().buffers, 0);
}
