//! The generated stubs at work: each encoding there and back, each bad message, disconnects
//! through a relay, deferred answers.

// A fixture is a whole module; a test needs a part of it.
#[allow(dead_code)]
#[path = "fixtures/sample.rs"]
#[rustfmt::skip]
mod sample;
#[allow(dead_code)]
#[path = "fixtures/stateless.rs"]
#[rustfmt::skip]
mod stateless;
mod types;

use idol_runtime::host::{self, HostLease, Sent};
use idol_runtime::{
    CallInfo, CallerGone, Disconnect, Leased, Outcome, R, RW, RequestError, W, ipc,
};
use std::convert::Infallible;
use sys_abi::{
    CODE_DISCONNECTED, Cause, DeathRecord, Generation, LeaseAttributes, ReplyFaultReason, TaskId,
    TaskIndex,
};
use types::{Description, Explanation, Folded, Level, Mode, SampleError, Shape};

const SERVER: TaskIndex = TaskIndex(3);
const LIFE: TaskId = TaskId::new(SERVER, Generation(7));
const CALLER: TaskId = TaskId::new(TaskIndex(9), Generation(2));

/// Answers from its arguments, or with what the test tells it.
#[derive(Default)]
struct Server {
    waiting: Vec<TaskId>,
    notified: u32,
    /// Whether what it waits for depends on what it has seen.
    mask_follows: bool,
    refuse: Option<RequestError<Infallible>>,
}

impl sample::InOrderSampleImpl for Server {
    fn notification_mask(&self) -> u32 {
        if self.mask_follows { 6 | self.notified | self.waiting.len() as u32 } else { 6 }
    }

    fn handle_notification(&mut self, bits: u32) {
        self.notified |= bits;
    }

    fn add(
        &mut self,
        _: &CallInfo,
        small: u8,
        large: u32,
    ) -> Result<u32, RequestError<Infallible>> {
        Ok(large.wrapping_add(u32::from(small)))
    }

    fn choose(
        &mut self,
        _: &CallInfo,
        flag: bool,
        count: usize,
        mode: Mode,
        level: Level,
        folded: Folded,
        pair: [u16; 2],
    ) -> Result<bool, RequestError<SampleError>> {
        let expected = (count, level.0, folded.0, pair) == (70_000, 512, 7, [1, 2]);
        if expected && mode == Mode::Slow { Ok(flag) } else { Err(SampleError::Refused.into()) }
    }

    fn describe(
        &mut self,
        _: &CallInfo,
        shape: Shape,
        limit: Option<u16>,
        count: usize,
        flag: bool,
    ) -> Result<Description, RequestError<SampleError>> {
        match (shape, limit) {
            (Shape::Rectangle { width_px, height_px }, Some(limit)) => {
                let area_px = u32::from(width_px) * u32::from(height_px);
                Ok(Description { area_px, limit, count: count as u64, flag })
            }
            _ => Err(SampleError::Empty)?,
        }
    }

    fn explain(&mut self, _: &CallInfo, code: u16) -> Result<(), RequestError<Explanation>> {
        if code % 2 == 1 { Ok(()) } else { Err(RequestError::Op(Explanation { code, depth: 3 })) }
    }

    fn copy(
        &mut self,
        _: &CallInfo,
        from: Leased<R, [u16]>,
        into: Leased<W, [u16]>,
        tally: Leased<RW, u32>,
    ) -> Result<(), RequestError<SampleError>> {
        if into.len() < from.len() {
            return Err(SampleError::Empty.into());
        }
        let mut elements = [0; 4];
        from.read_range(0, &mut elements[..from.len()])?;
        into.write_range(0, &elements[..from.len()])?;
        tally.write(&(tally.read()? + from.len() as u32))?;
        Ok(())
    }

    fn wait(&mut self, call: &CallInfo, timeout_ms: u32) -> Result<u8, RequestError<SampleError>> {
        if timeout_ms == 0 {
            return Err(SampleError::Empty.into());
        }
        self.waiting.push(call.sender);
        Err(RequestError::Deferred)
    }

    fn ping(&mut self, _: &CallInfo) -> Result<(), RequestError<Infallible>> {
        self.refuse.take().map_or(Ok(()), Err)
    }
}

fn client() -> sample::Client {
    let mut server = Server::default();
    host::serve(LIFE, move |call, message, reply| {
        sample::dispatch_message(&mut server, call, message, reply)
    });
    sample::Client::to(SERVER)
}

fn death(cause: Cause) -> DeathRecord {
    DeathRecord { peer: SERVER, generation: LIFE.generation(), cause }
}

#[test]
fn a_client_is_bound_to_the_life_it_found() {
    let mut client = client();
    assert_eq!(client.task_id(), LIFE);
    host::die(death(Cause::Panicked));
    assert_eq!(client.task_id(), LIFE);
    client.rebind();
    assert_eq!(client.task_id(), TaskId::new(SERVER, Generation(8)));
}

#[test]
fn packed_integers_travel_without_padding() {
    assert_eq!(client().add(200, 0xFFFF_FF00), Ok(0xFFFF_FFC8));
    assert_eq!(sample::ADD_REQUEST_BYTES, 5);
}

#[test]
fn zerocopy_converts_flags_counts_and_enums() {
    let client = client();
    for flag in [false, true] {
        let answer = client.choose(flag, 70_000, Mode::Slow, Level(512), Folded(7), [1, 2]);
        assert_eq!(answer, Ok(flag));
    }
    let answer = client.choose(true, 70_000, Mode::Fast, Level(512), Folded(7), [1, 2]);
    assert_eq!(answer, Err(ipc::Error::Op(SampleError::Refused)));
}

#[test]
fn hubpack_carries_structs_enums_and_options() {
    let client = client();
    let shape = Shape::Rectangle { width_px: 640, height_px: 480 };
    let expect = Description { area_px: 307_200, limit: 9, count: 4, flag: true };
    assert_eq!(client.describe(shape, Some(9), 4, true), Ok(expect));
    assert_eq!(client.describe(shape, None, 4, true), Err(ipc::Error::Op(SampleError::Empty)));
    assert_eq!(
        client.describe(Shape::Point, Some(1), 0, false),
        Err(ipc::Error::Op(SampleError::Empty))
    );
}

#[test]
fn an_error_with_contents_arrives_whole() {
    let client = client();
    assert_eq!(client.explain(1), Ok(()));
    assert_eq!(client.explain(4), Err(ipc::Error::Op(Explanation { code: 4, depth: 3 })));
}

#[test]
fn leases_are_read_and_written() {
    let client = client();
    let mut into = [9; 4];
    let mut tally = 10;
    assert_eq!(client.copy(&[1, 2, 3], &mut into, &mut tally), Ok(()));
    assert_eq!((into, tally), ([1, 2, 3, 9], 13));
}

#[test]
#[should_panic(expected = "`from` is lent with more than 4 elements")]
fn a_lease_that_is_too_long_is_the_clients_own_bug() {
    let _ = client().copy(&[0; 5], &mut [0; 5], &mut 0);
}

#[test]
fn an_op_without_errors_still_tells_of_death() {
    let client = client();
    assert_eq!(client.ping(), Ok(()));
    host::die(death(Cause::Stalled));
    let expect =
        Disconnect { peer: SERVER, generation: Generation(7), cause: Cause::Stalled, hops: 0 };
    assert_eq!(client.ping(), Err(expect));
    assert_eq!(client.add(1, 1), Err(expect));
    assert_eq!(client.explain(1), Err(ipc::Error::Disconnected(expect)));
}

#[test]
fn a_server_that_answers_nonsense_has_ended_the_session() {
    let client = client();
    let expect =
        Disconnect { peer: SERVER, generation: Generation(7), cause: Cause::SessionEnded, hops: 0 };
    for (code, length) in [(0, 3), (0, 5), (77, 0), (CODE_DISCONNECTED, 2), (0, 500)] {
        host::serve(LIFE, move |_, _, _| Outcome::Reply { code, length });
        assert_eq!(client.add(1, 1), Err(expect), "code {code}, {length} bytes");
        assert_eq!(
            client.wait(1),
            Err(ipc::Error::Disconnected(expect)),
            "code {code}, {length} bytes"
        );
    }
}

// ---- messages by hand ---------------------------------------------------------------------

fn call(op: sample::Op) -> CallInfo {
    let info = op.info();
    CallInfo {
        sender: CALLER,
        op: op.code(),
        message_bytes: 0,
        reply_capacity: info.reply_bytes,
        lease_count: info.lease_count,
    }
}

fn outcome(call: CallInfo, message: &[u8]) -> Outcome {
    let call = CallInfo { message_bytes: call.message_bytes.max(message.len()), ..call };
    sample::dispatch_message(
        &mut Server::default(),
        &call,
        message,
        &mut [0; sample::OUTGOING_BYTES],
    )
}

#[test]
fn a_bad_message_faults_its_sender() {
    use ReplyFaultReason::*;
    use sample::Op;
    let add = call(Op::Add);
    let describe = call(Op::Describe);
    let cases: &[(&str, CallInfo, &[u8], ReplyFaultReason)] = &[
        ("truncated", CallInfo { message_bytes: 6, ..add }, &[0; 5], BadMessageSize),
        ("op 0", CallInfo { op: 0, ..add }, &[0; 5], UndefinedOperation),
        ("op 8", CallInfo { op: 8, ..add }, &[0; 5], UndefinedOperation),
        ("op 65535", CallInfo { op: 65535, ..add }, &[0; 5], UndefinedOperation),
        ("no room", CallInfo { reply_capacity: 7, ..add }, &[0; 5], ReplyBufferTooSmall),
        ("a lease too many", CallInfo { lease_count: 1, ..add }, &[0; 5], BadLeases),
        ("a lease missing", CallInfo { lease_count: 2, ..call(Op::Copy) }, &[], BadLeases),
        ("too short", add, &[0; 4], BadMessageContents),
        ("too long", add, &[0; 6], BadMessageContents),
        ("hubpack too short", describe, &[0, 0, 1, 0, 0, 0], BadMessageContents),
        ("hubpack too long", describe, &[0, 0, 1, 0, 0, 0, 1, 0], BadMessageContents),
        ("no such shape", describe, &[9, 0, 1, 0, 0, 0, 1], BadMessageContents),
        ("neither true nor false", describe, &[0, 0, 1, 0, 0, 0, 2], BadMessageContents),
        (
            "no such mode",
            call(Op::Choose),
            &[1, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 2, 0],
            BadMessageContents,
        ),
        ("arguments for none", call(Op::Ping), &[0], BadMessageContents),
    ];
    for (name, call, message, reason) in cases {
        assert_eq!(outcome(*call, message), Outcome::Fault(*reason), "{name}");
    }
}

#[test]
fn the_checks_come_in_the_documented_order() {
    use ReplyFaultReason::*;
    let all_wrong =
        CallInfo { sender: CALLER, op: 99, message_bytes: 999, reply_capacity: 0, lease_count: 9 };
    let known = CallInfo { op: 1, message_bytes: 1, ..all_wrong };
    let roomy = CallInfo { reply_capacity: 8, ..known };
    let expect = [
        (all_wrong, BadMessageSize),
        (CallInfo { message_bytes: 1, ..all_wrong }, UndefinedOperation),
        (known, ReplyBufferTooSmall),
        (roomy, BadLeases),
        (CallInfo { lease_count: 0, ..roomy }, BadMessageContents),
    ];
    for (call, reason) in expect {
        assert_eq!(outcome(call, &[0]), Outcome::Fault(reason));
    }
}

#[test]
fn a_bad_lease_faults_its_lender() {
    let both = LeaseAttributes::READ | LeaseAttributes::WRITE;
    let lease = |attributes, length: usize| HostLease { attributes, bytes: vec![0; length] };
    let good =
        || vec![lease(LeaseAttributes::READ, 4), lease(LeaseAttributes::WRITE, 4), lease(both, 4)];
    let run = |table: Vec<HostLease>| {
        host::lend(CALLER, table);
        outcome(call(sample::Op::Copy), &[])
    };
    let bad = Outcome::Fault(ReplyFaultReason::BadLeases);
    assert_eq!(run(good()), Outcome::Reply { code: 0, length: 0 });
    let replaced = [
        ("not readable", 0, lease(LeaseAttributes::WRITE, 4)),
        ("half an element", 0, lease(LeaseAttributes::READ, 3)),
        ("longer than max_len", 0, lease(LeaseAttributes::READ, 10)),
        ("not writable", 1, lease(LeaseAttributes::READ, 4)),
        ("read only where both are needed", 2, lease(LeaseAttributes::READ, 4)),
        ("shorter than the type", 2, lease(both, 3)),
        ("longer than the type", 2, lease(both, 8)),
    ];
    for (name, index, lease) in replaced {
        let mut table = good();
        table[index] = lease;
        assert_eq!(run(table), bad, "{name}");
    }
    assert_eq!(run(good()[..2].to_vec()), Outcome::CallerGone);
}

#[test]
fn more_access_than_needed_is_fine() {
    let both = LeaseAttributes::READ | LeaseAttributes::WRITE;
    host::lend(CALLER, vec![HostLease { attributes: both, bytes: vec![1, 0, 0, 0] }; 3]);
    assert_eq!(outcome(call(sample::Op::Copy), &[]), Outcome::Reply { code: 0, length: 0 });
}

#[test]
fn a_dead_lender_is_not_answered() {
    let leased = Leased::<R, u32>::sized(CALLER, 0);
    assert!(matches!(leased, Err(Outcome::CallerGone)));
    let gone: RequestError<SampleError> = CallerGone.into();
    assert_eq!(gone, RequestError::CallerGone);
}

// ---- deferred answers ---------------------------------------------------------------------

#[test]
fn a_deferred_answer_is_sent_later_to_the_waiting_life() {
    let mut server = Server::default();
    let call = CallInfo { message_bytes: 4, ..call(sample::Op::Wait) };
    let mut reply = [0; sample::OUTGOING_BYTES];
    let first = sample::dispatch_message(&mut server, &call, &[5, 0, 0, 0], &mut reply);
    assert_eq!((first, host::next_sent()), (Outcome::Deferred, None));
    assert_eq!(server.waiting, [CALLER]);

    sample::reply_wait(CALLER, Ok(42));
    sample::reply_wait(CALLER, Err(SampleError::Refused.into()));
    sample::reply_wait(CALLER, Err(Disconnect::from(death(Cause::Unplugged)).into()));
    sample::reply_wait(CALLER, Err(RequestError::Fault(ReplyFaultReason::AccessViolation)));
    sample::reply_wait(CALLER, Err(RequestError::Deferred));
    let reply =
        |code, bytes: &[u8]| Some(Sent::Reply { caller: CALLER, code, bytes: bytes.to_vec() });
    assert_eq!(host::next_sent(), reply(0, &[42]));
    assert_eq!(host::next_sent(), reply(2, &[]));
    assert_eq!(host::next_sent(), reply(CODE_DISCONNECTED, &[3, 7, 0, 0, 0, 3, 1]));
    let fault = Sent::Fault { caller: CALLER, reason: ReplyFaultReason::AccessViolation };
    assert_eq!(host::next_sent(), Some(fault));
    assert_eq!(host::next_sent(), None);
}

// ---- relays -------------------------------------------------------------------------------

const RELAY: TaskId = TaskId::new(TaskIndex(5), Generation(1));
const OUTER: TaskId = TaskId::new(TaskIndex(6), Generation(0));

/// Serves `Stateless` by asking a `Sample` server.
struct Relay {
    below: sample::Client,
}

impl stateless::InOrderStatelessImpl for Relay {
    fn notification_mask(&self) -> u32 {
        0
    }

    fn handle_notification(&mut self, _: u32) {}

    fn double(&mut self, _: &CallInfo, value: u32) -> Result<u32, RequestError<Infallible>> {
        self.below.ping()?;
        Ok(value * 2)
    }
}

/// An operation of a relay: its own failures are those from below.
fn relay_explain(below: sample::Client, code: u16) -> Result<(), RequestError<Explanation>> {
    below.explain(code)?;
    Ok(())
}

fn serve_relay() {
    let mut relay = Relay { below: sample::Client::new(LIFE) };
    host::serve(RELAY, move |call, message, reply| {
        stateless::dispatch_message(&mut relay, call, message, reply)
    });
}

#[test]
fn a_relay_forwards_a_death_with_one_hop_more() {
    client();
    serve_relay();
    let outer = stateless::Client::new(RELAY);
    assert_eq!(outer.double(4), Ok(8));
    host::die(death(Cause::Unplugged));
    let seen = outer.double(4).unwrap_err();
    assert_eq!(seen, Disconnect { hops: 1, ..death(Cause::Unplugged).into() });
    assert_eq!(seen.peer, SERVER, "the origin, not the relay");
}

#[test]
fn hops_add_up_along_a_chain_and_do_not_wrap() {
    client();
    serve_relay();
    host::die(death(Cause::Faulted));
    let below = stateless::Client::new(RELAY);
    host::serve(OUTER, move |_, _, reply| {
        let result: Result<u32, RequestError<Infallible>> =
            below.double(1).map_err(RequestError::from);
        idol_runtime::server::settle(result, reply, |_, _| {}, idol_runtime::server::never)
    });
    let seen = stateless::Client::new(OUTER).double(1).unwrap_err();
    assert_eq!((seen.peer, seen.hops), (SERVER, 2));
    assert_eq!(Disconnect { hops: 255, ..seen }.forwarded().hops, 255);
}

#[test]
fn a_relay_translates_errors_and_forwards_disconnects() {
    let below = client();
    assert_eq!(relay_explain(below, 3), Ok(()));
    let error = Explanation { code: 2, depth: 3 };
    assert_eq!(relay_explain(below, 2), Err(RequestError::Op(error)));
    host::die(death(Cause::PowerLost));
    let record = death(Cause::PowerLost).into();
    assert_eq!(relay_explain(below, 2), Err(RequestError::Disconnected(record)));
}

#[test]
fn an_ended_session_is_the_servers_own_record() {
    let record =
        Disconnect { peer: SERVER, generation: Generation(7), cause: Cause::SessionEnded, hops: 0 };
    let mut server =
        Server { refuse: Some(RequestError::SessionEnded(record)), ..Server::default() };
    host::serve(LIFE, move |call, message, reply| {
        sample::dispatch_message(&mut server, call, message, reply)
    });
    assert_eq!(sample::Client::new(LIFE).ping(), Err(record));
}

// ---- retry_on_death -----------------------------------------------------------------------

#[test]
fn a_stateless_client_follows_its_server() {
    client();
    serve_relay();
    let outer = stateless::Client::new(TaskId::new(RELAY.index(), Generation(0)));
    host::die(DeathRecord {
        peer: RELAY.index(),
        generation: Generation(0),
        cause: Cause::Panicked,
    });
    serve_relay();
    assert_eq!(outer.double(21), Ok(42));
    assert_eq!(outer.task_id(), RELAY);
}

#[test]
fn a_stateless_client_gives_up_on_a_server_that_stays_down() {
    let peer = RELAY.index();
    host::die(DeathRecord { peer, generation: Generation(1), cause: Cause::Stopped });
    let seen = stateless::Client::new(RELAY).double(1).unwrap_err();
    assert_eq!((seen.peer, seen.cause), (peer, Cause::Stopped));
}

// ---- main loops ---------------------------------------------------------------------------

/// Two calls, a bad message, a notification, and a call whose answer is deferred.
fn queue_some_of_each() {
    let add = call(sample::Op::Add);
    host::queue_message(add, &[1, 2, 0, 0, 0]);
    host::queue_message(add, &[3; sample::INCOMING_BYTES + 1]);
    host::queue_notification(4);
    host::queue_message(call(sample::Op::Wait), &[1, 0, 0, 0]);
    host::queue_message(add, &[3, 2, 0, 0, 0]);
}

fn check_what_was_sent() {
    let sum = |sum| Some(Sent::Reply { caller: CALLER, code: 0, bytes: vec![sum, 0, 0, 0] });
    let fault = Sent::Fault { caller: CALLER, reason: ReplyFaultReason::BadMessageSize };
    assert_eq!(host::next_sent(), sum(3));
    assert_eq!(host::next_sent(), Some(fault));
    assert_eq!(host::next_sent(), sum(5));
    assert_eq!(host::next_sent(), None);
}

#[test]
fn dispatch_handles_one_thing_at_a_time() {
    let mut server = Server::default();
    queue_some_of_each();
    for _ in 0..5 {
        sample::dispatch(&mut [0; sample::INCOMING_BYTES], &mut server);
    }
    check_what_was_sent();
    assert_eq!((server.notified, server.waiting.as_slice()), (4, [CALLER].as_slice()));
}

#[test]
fn serve_answers_like_dispatch_also_when_the_mask_changes() {
    for mask_follows in [false, true] {
        let mut server = Server { mask_follows, ..Server::default() };
        queue_some_of_each();
        let run = std::panic::AssertUnwindSafe(|| sample::serve(&mut server));
        let end = std::panic::catch_unwind(run).expect_err("the queue ends");
        assert_eq!(end.downcast_ref(), Some(&"nothing is queued for the main loop"));
        check_what_was_sent();
        assert_eq!((server.notified, server.waiting.as_slice()), (4, [CALLER].as_slice()));
    }
}

// ---- tables -------------------------------------------------------------------------------

#[test]
fn ops_are_numbered_from_one_in_the_order_of_the_file() {
    use sample::Op;
    let names: Vec<&str> = sample::OPS.iter().map(|op| op.name).collect();
    assert_eq!(names, ["add", "choose", "describe", "explain", "copy", "wait", "ping"]);
    assert_eq!((Op::Add.code(), Op::Ping.code()), (1, 7));
    assert_eq!(
        (Op::from_code(0), Op::from_code(7), Op::from_code(8)),
        (None, Some(Op::Ping), None)
    );
    assert_eq!(Op::Describe.info().answers, idol_runtime::Answers::WithinMs(5));
    assert_eq!(Op::Wait.info().answers, idol_runtime::Answers::Deferred);
    assert!(sample::INTERFACE.starts_with("// One op for each thing"));
}

#[test]
fn every_reply_buffer_holds_a_forwarded_record() {
    for op in sample::OPS {
        assert!(op.reply_bytes >= sys_abi::FORWARD_BYTES, "{}", op.name);
    }
}

#[test]
fn notifications_reach_the_server() {
    use sample::InOrderSampleImpl;
    let mut server = Server::default();
    assert_eq!(server.notification_mask(), 6);
    server.handle_notification(2);
    assert_eq!(server.notified, 2);
}
