//! Generated stubs, from both sides: what they carry, what the server refuses and in which order,
//! and what a client learns when the server dies.

use super::harness::*;
use crate::idl::idol_test::{Client as Idol, INCOMING_BYTES, Op};
use crate::idol_types::{Colour, IdolTestError, Plot, Reading, Shape};
use hubris_derive::test_case;
use idol_runtime::ipc::Error;
use sys_abi::{FaultInfo, LeaseAttributes, Sysnum, TaskState};
use userlib::{Cause, Disconnect, ReplyFaultReason, kipc, sys_refresh_task_id};

fn idol() -> Idol {
    Idol::to(idol_index())
}

const PLOT: Plot =
    Plot { shape: Shape::Rectangle { width: 3, height: 70_000 }, colour: Colour::Green, area: 0 };

#[test_case]
pub fn idol_an_integer_goes_there_and_back() {
    assert!(idol().increment(1) == Ok(2), "one more");
}

#[test_case]
pub fn idol_a_bool_argument_arrives() {
    assert!(idol().maybe_increment(1, true) == Ok(2), "true");
    assert!(idol().maybe_increment(1, false) == Ok(1), "false");
}

#[test_case]
pub fn idol_a_bool_comes_back() {
    assert!(idol().is_odd(1) == Ok(true), "true");
    assert!(idol().is_odd(2) == Ok(false), "false");
}

#[test_case]
pub fn idol_two_bools_are_told_apart() {
    for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
        assert!(idol().differ(a, b) == Ok(a ^ b), "exclusive or");
    }
}

#[test_case]
pub fn idol_an_error_is_a_code() {
    assert!(idol().fail(0) == Ok(()), "none");
    assert!(idol().fail(1) == Err(Error::Op(IdolTestError::Busy)), "the smallest code");
    assert!(idol().fail(2) == Err(Error::Op(IdolTestError::Empty)), "a code of two bytes");
}

#[test_case]
pub fn idol_a_struct_goes_there_and_back() {
    for reading in [
        Reading { count: 0, valid: false, level: 0.0 },
        Reading { count: u32::MAX, valid: true, level: -1.5 },
    ] {
        assert!(idol().echo(reading) == Ok(reading), "the same");
    }
}

#[test_case]
pub fn idol_a_nested_struct_with_contents_arrives() {
    for (shape, area) in [
        (Shape::Empty, 0),
        (Shape::Square(u16::MAX), 0xfffe_0001),
        (Shape::Rectangle { width: 3, height: 70_000 }, 210_000),
    ] {
        let plot = Plot { shape, ..PLOT };
        let wanted = Plot { area: area * 200, ..plot };
        assert!(idol().describe(200, plot) == Ok(wanted), "the area in it");
    }
}

#[test_case]
pub fn idol_an_enum_and_a_nested_struct_arrive() {
    for colour in [Colour::Red, Colour::Green, Colour::Blue] {
        assert!(idol().paint(colour, PLOT) == Ok(Plot { colour, ..PLOT }), "painted");
    }
}

#[test_case]
pub fn idol_leases_of_both_sorts_are_used() {
    assert!(idol().sum(&[1, 2, 250]) == Ok(253), "a slice");
    assert!(idol().sum(&[]) == Ok(0), "an empty one");
    let mut tally = 40;
    assert!(idol().count(2, &mut tally) == Ok(()), "a word");
    assert!(tally == 42, "written");
}

/// A message as no generated client sends it.
#[derive(Clone, Copy)]
struct Raw<'a> {
    op: u16,
    message: &'a [u8],
    capacity: u32,
    /// Attributes and length of each; they lend the client's buffer.
    leases: &'a [(LeaseAttributes, u32)],
}

// In the client's buffer.
const LEASES_AT: u32 = 24;
const REPLY_AT: u32 = 48;

impl Raw<'_> {
    /// What the generated client would send for `increment`.
    const GOOD: Self =
        Self { op: Op::Increment as u16, message: &[1, 0, 0, 0], capacity: 16, leases: &[] };

    /// Client 0 sends it, to the server's present life.
    fn send(self) -> Client {
        let mut client = Client::new(CLIENT0);
        let mut bytes = [0; REPLY_AT as usize];
        bytes[..self.message.len()].copy_from_slice(self.message);
        for (place, (attributes, length)) in
            bytes[LEASES_AT as usize..].chunks_exact_mut(12).zip(self.leases)
        {
            for (word, value) in
                place.chunks_exact_mut(4).zip([attributes.0, client.buffer, *length])
            {
                word.copy_from_slice(&value.to_le_bytes());
            }
        }
        client.fill(&bytes);
        let (buffer, op) = (client.buffer, u32::from(self.op) | (self.leases.len() as u32) << 16);
        let server = sys_refresh_task_id(idol_index());
        let (len, reply) = (self.message.len() as u32, buffer + REPLY_AT);
        let args = [server.0, op, buffer, len, reply, self.capacity, buffer + LEASES_AT];
        client.call(Sysnum::Send, args);
        let_others_run();
        client
    }

    fn passes(self) {
        let mut client = self.send();
        let [status, code, ..] = client.results();
        assert!((status, code) == (0, 0), "answered");
        kipc::reinit_task(CLIENT0, true);
    }

    /// It must cost the client its life, by this reply fault of the server, which goes on.
    fn refused(self, reason: ReplyFaultReason) {
        self.send();
        let fault = FaultInfo::FromServer(sys_refresh_task_id(idol_index()), reason);
        let found = match state(CLIENT0) {
            TaskState::Faulted { fault, .. } => fault,
            TaskState::Healthy(_) => panic!("the client lives"),
        };
        assert!(found == fault, "for this reason");
        assert!(idol().increment(1) == Ok(2), "the server goes on");
        kipc::reinit_task(CLIENT0, true);
    }
}

const UNKNOWN_OPS: [u16; 3] = [0, Op::ALL.len() as u16 + 1, u16::MAX];
const READ: LeaseAttributes = LeaseAttributes::READ;
const BOTH: LeaseAttributes = LeaseAttributes(LeaseAttributes::READ.0 | LeaseAttributes::WRITE.0);
/// Longer than the longest request.
const TOO_LONG: &[u8] = &[0; INCOMING_BYTES + 1];

const SUM: Raw<'_> = Raw { op: Op::Sum as u16, message: &[], capacity: 16, leases: &[(READ, 4)] };
const COUNT: Raw<'_> =
    Raw { op: Op::Count as u16, message: &[1], capacity: 16, leases: &[(BOTH, 4)] };

#[test_case]
pub fn idol_the_messages_of_these_cases_are_good_but_for_one_thing() {
    for good in [Raw::GOOD, SUM, COUNT] {
        good.passes();
    }
}

#[test_case]
pub fn idol_a_message_longer_than_the_longest_is_refused() {
    Raw { message: TOO_LONG, ..Raw::GOOD }.refused(ReplyFaultReason::BadMessageSize);
}

#[test_case]
pub fn idol_an_unknown_op_is_refused() {
    for op in UNKNOWN_OPS {
        Raw { op, ..Raw::GOOD }.refused(ReplyFaultReason::UndefinedOperation);
    }
}

#[test_case]
pub fn idol_a_reply_buffer_that_is_too_small_is_refused() {
    for capacity in [0, Op::Increment.info().reply_bytes as u32 - 1] {
        Raw { capacity, ..Raw::GOOD }.refused(ReplyFaultReason::ReplyBufferTooSmall);
    }
}

#[test_case]
pub fn idol_a_wrong_number_of_leases_is_refused() {
    Raw { leases: &[(READ, 4)], ..Raw::GOOD }.refused(ReplyFaultReason::BadLeases);
    Raw { leases: &[], ..SUM }.refused(ReplyFaultReason::BadLeases);
    Raw { leases: &[(READ, 4), (READ, 4)], ..SUM }.refused(ReplyFaultReason::BadLeases);
}

#[test_case]
pub fn idol_arguments_that_do_not_decode_are_refused() {
    let bad = ReplyFaultReason::BadMessageContents;
    Raw { message: &[1, 0, 0], ..Raw::GOOD }.refused(bad);
    Raw { message: &[1, 0, 0, 0, 0], ..Raw::GOOD }.refused(bad);
    Raw { message: &[0], ..SUM }.refused(bad);
    // Paint: the colours are 0 to 2.
    let mut paint = [0; 11];
    let op = Op::Paint as u16;
    Raw { op, message: &paint, ..Raw::GOOD }.passes();
    paint[0] = 3;
    Raw { op, message: &paint, ..Raw::GOOD }.refused(bad);
    // Echo: a bool is 0 or 1.
    let op = Op::Echo as u16;
    Raw { op, message: &[0, 0, 0, 0, 2, 0, 0, 0, 0], ..Raw::GOOD }.refused(bad);
}

#[test_case]
pub fn idol_a_lease_with_wrong_rights_or_size_is_refused() {
    let bad = ReplyFaultReason::BadLeases;
    Raw { leases: &[(LeaseAttributes::WRITE, 4)], ..SUM }.refused(bad);
    Raw { leases: &[(READ, 5)], ..SUM }.refused(bad);
    Raw { leases: &[(READ, 4)], ..COUNT }.refused(bad);
    for length in [3, 5] {
        Raw { leases: &[(BOTH, length)], ..COUNT }.refused(bad);
    }
}

#[test_case]
pub fn idol_the_first_check_that_fails_is_the_reason() {
    use ReplyFaultReason::*;
    let one_lease = &[(READ, 4)][..];
    let all_wrong = Raw { op: 0, message: TOO_LONG, capacity: 0, leases: one_lease };
    all_wrong.refused(BadMessageSize);
    Raw { message: &[9; 5], ..all_wrong }.refused(UndefinedOperation);
    let known = Raw { op: Op::Increment as u16, message: &[9; 5], ..all_wrong };
    known.refused(ReplyBufferTooSmall);
    Raw { capacity: 16, ..known }.refused(BadLeases);
    Raw { capacity: 16, leases: &[], ..known }.refused(BadMessageContents);
    Raw { message: &[], leases: one_lease, ..COUNT }.refused(BadMessageContents);
}

#[test_case]
pub fn idol_a_dead_server_is_a_disconnect() {
    let mut client = idol();
    let living = client.task_id();
    kipc::kill_task(idol_index(), Cause::Unplugged);
    let (peer, generation) = (living.index(), living.generation());
    let record = Disconnect { peer, generation, cause: Cause::Unplugged, hops: 0 };
    assert!(client.increment(1) == Err(record), "an op that cannot fail otherwise");
    assert!(client.fail(0) == Err(Error::Disconnected(record)), "an op that can");
    assert!(client.sum(&[1]) == Err(record), "one that lends");
    kipc::reinit_task(idol_index(), true);
    assert!(client.increment(1) == Err(record), "the record sticks to the client");
    client.rebind();
    assert!(client.increment(1) == Ok(2), "until it is bound anew");
}
