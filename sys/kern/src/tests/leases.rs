//! Scripted leases, and the other places where buffers of two tasks may overlap.

use super::world::*;
use crate::task::State;
use sys_abi::{
    Cause, FaultInfo, FaultSource, Kipc, LeaseAttributes, ReplyFaultReason, SendStatus, Sysnum,
    TaskFlags, TaskId, UsageError,
};

const LENDER: u8 = 3;
const BORROWER: u8 = 1;
const READ: u32 = LeaseAttributes::READ.0;
const WRITE: u32 = LeaseAttributes::WRITE.0;
/// What BORROW gives first.
const OK: u32 = 0;
const DEFECT: u32 = 1;

/// A lease: attributes, first address, length.
type Lease = (u32, u32, u32);

/// Memory of the lender, with "hello, world" at its start.
const LENT: u32 = ram(LENDER) + 0x100;

/// The lender waits for the borrower's reply and lends; the borrower runs.
fn lend(leases: &[Lease]) -> HostKernel {
    let mut kernel = boot();
    until_runs(&mut kernel, LENDER);
    let table = ram(LENDER) + 0x240;
    let words = leases.iter().flat_map(|(attributes, base, length)| [*attributes, *base, *length]);
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    kernel.arch.bytes_mut(table, bytes.len()).copy_from_slice(&bytes);
    kernel.arch.bytes_mut(LENT, 12).copy_from_slice(b"hello, world");
    let (server, count) = (id(&kernel, BORROWER), leases.len() as u32);
    call(&mut kernel, Sysnum::Send, &[server.0, 1 | count << 16, 0, 0, 0, 0, table]);
    assert_eq!((kernel.current(), results(&kernel, BORROWER)[5]), (member(BORROWER), count));
    kernel
}

/// The borrower's call on lease 0, with a buffer of 8 bytes; gives status and bytes.
fn borrow(kernel: &mut HostKernel, number: Sysnum, offset: u32) -> [u32; 2] {
    let lender = id(kernel, LENDER).0;
    let buffer = ram(BORROWER) + 0x180;
    call(kernel, number, &[lender, 0, offset, buffer, 8]);
    let [status, bytes, ..] = results(kernel, BORROWER);
    [status, bytes]
}

fn fault_of(kernel: &HostKernel, index: u8) -> Option<FaultInfo> {
    kernel.task(member(index)).end.map(|end| end.fault)
}

const fn usage(error: UsageError) -> Option<FaultInfo> {
    Some(FaultInfo::SyscallUsage(error))
}

#[test]
fn a_lease_is_read_from_an_offset_to_its_end() {
    for (offset, expect) in [(0, &b"hello, w"[..]), (7, b"world"), (12, b"")] {
        let mut kernel = lend(&[(READ, LENT, 12)]);
        let given = borrow(&mut kernel, Sysnum::BorrowRead, offset);
        assert_eq!(given, [OK, expect.len() as u32], "from {offset}");
        assert_eq!(kernel.arch.bytes(ram(BORROWER) + 0x180, expect.len()), expect);
    }
}

#[test]
fn a_lease_is_written_from_an_offset_to_its_end() {
    for (offset, expect) in [(0, &b"HELLO!!!orld"[..]), (7, b"hello, HELLO"), (12, b"hello, world")]
    {
        let mut kernel = lend(&[(WRITE, LENT, 12)]);
        kernel.arch.bytes_mut(ram(BORROWER) + 0x180, 8).copy_from_slice(b"HELLO!!!");
        let given = borrow(&mut kernel, Sysnum::BorrowWrite, offset);
        assert_eq!(given, [OK, 8.min(12 - offset)], "from {offset}");
        assert_eq!(kernel.arch.bytes(LENT, 12), expect);
    }
}

#[test]
fn attributes_and_length_are_told_and_attributes_bind() {
    let mut kernel = lend(&[(READ, LENT, 5)]);
    let lender = id(&kernel, LENDER).0;
    call(&mut kernel, Sysnum::BorrowInfo, &[lender, 0]);
    assert_eq!(results(&kernel, BORROWER)[..3], [OK, READ, 5]);
    assert_eq!(borrow(&mut kernel, Sysnum::BorrowWrite, 0), [DEFECT, 0]);
    let mut kernel = lend(&[(WRITE, LENT, 5)]);
    assert_eq!(borrow(&mut kernel, Sysnum::BorrowRead, 0), [DEFECT, 0]);
    assert_eq!((fault_of(&kernel, LENDER), fault_of(&kernel, BORROWER)), (None, None));
}

/// Somebody lends what is not his: he is the guilty one.
#[test]
fn a_lender_of_foreign_memory_dies_and_the_borrower_lives() {
    let foreign = ram(2);
    let access = FaultInfo::MemoryAccess { address: Some(foreign), source: FaultSource::Kernel };
    for (number, attributes) in [(Sysnum::BorrowRead, READ), (Sysnum::BorrowWrite, WRITE)] {
        let mut kernel = lend(&[(attributes, foreign, 8)]);
        assert_eq!(borrow(&mut kernel, number, 0), [DEFECT, 0]);
        assert_eq!(fault_of(&kernel, LENDER), Some(access));
        assert_eq!(state(&kernel, BORROWER), State::Runnable);
    }
}

#[test]
fn a_borrower_that_reaches_behind_table_or_lease_dies() {
    let mut kernel = lend(&[(READ | WRITE, LENT, 5)]);
    let _dead = borrow(&mut kernel, Sysnum::BorrowRead, 6);
    assert_eq!(fault_of(&kernel, BORROWER), usage(UsageError::OffsetOutOfRange));
    let mut kernel = lend(&[(READ | WRITE, LENT, 5)]);
    let _dead = borrow(&mut kernel, Sysnum::BorrowWrite, u32::MAX);
    assert_eq!(fault_of(&kernel, BORROWER), usage(UsageError::OffsetOutOfRange));
    let mut kernel = lend(&[]);
    let _dead = borrow(&mut kernel, Sysnum::BorrowRead, 0);
    assert_eq!(fault_of(&kernel, BORROWER), usage(UsageError::LeaseOutOfRange));
}

#[test]
fn a_borrower_whose_buffer_overlaps_the_lease_dies() {
    for number in [Sysnum::BorrowRead, Sysnum::BorrowWrite] {
        let mut kernel = lend(&[(READ | WRITE, SHARED, 8)]);
        let lender = id(&kernel, LENDER).0;
        call(&mut kernel, number, &[lender, 0, 0, SHARED + 4, 8]);
        assert_eq!(fault_of(&kernel, BORROWER), usage(UsageError::InvalidSlice), "{number:?}");
        assert_eq!(fault_of(&kernel, LENDER), None);
    }
}

#[test]
fn a_lease_ends_with_the_reply() {
    let mut kernel = lend(&[(READ, LENT, 12)]);
    let lender = id(&kernel, LENDER);
    call(&mut kernel, Sysnum::Reply, &[lender.0, 0, 0, 0]);
    for number in [Sysnum::BorrowRead, Sysnum::BorrowWrite, Sysnum::BorrowInfo] {
        assert_eq!(borrow(&mut kernel, number, 0), [DEFECT, 0]);
    }
}

#[test]
fn a_receiver_that_finds_a_message_in_its_own_buffer_dies() {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    // The server waits for somebody else; the client queues.
    let other = id(&kernel, 4);
    call(&mut kernel, Sysnum::Recv, &[SHARED, 8, 0b1000, 1, other.0]);
    until_runs(&mut kernel, 3);
    let server = id(&kernel, 1);
    call(&mut kernel, Sysnum::Send, &[server.0, 1, SHARED + 4, 8, 0, 0, 0]);
    kernel.kill(member(0), member(4), Cause::Stopped);
    kernel.choose();
    assert_eq!(kernel.current(), member(1));
    call(&mut kernel, Sysnum::Recv, &[SHARED, 8, 0, 0, 0]);
    assert_eq!(fault_of(&kernel, 1), usage(UsageError::InvalidSlice));
    assert_eq!(results(&kernel, 3)[..2], [SendStatus::Dead as u32, 1]);
}

#[test]
fn a_server_that_replies_out_of_the_reply_buffer_dies() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let server = id(&kernel, 1);
    call(&mut kernel, Sysnum::Send, &[server.0, 1, 0, 0, SHARED, 8, 0]);
    let client = id(&kernel, 3);
    call(&mut kernel, Sysnum::Reply, &[client.0, 0, SHARED + 4, 8]);
    assert_eq!(fault_of(&kernel, 1), usage(UsageError::InvalidSlice));
    assert_eq!(results(&kernel, 3)[..2], [SendStatus::Dead as u32, 1]);
}

#[test]
fn a_server_that_is_not_believed_ends_itself_by_accusing() {
    let mut kernel = lend(&[]);
    let mut descs = kernel.tables.tasks.to_vec();
    descs[usize::from(BORROWER)].flags |= TaskFlags::UNBELIEVED;
    kernel.tables.tasks = descs.leak();
    let client = id(&kernel, LENDER);
    call(&mut kernel, Sysnum::ReplyFault, &[client.0, 2]);
    let accuser = FaultInfo::Accuser(client, ReplyFaultReason::BadMessageContents);
    assert_eq!(fault_of(&kernel, BORROWER), Some(accuser));
    assert_eq!(fault_of(&kernel, LENDER), None);
    assert_eq!(results(&kernel, LENDER)[..2], [SendStatus::Dead as u32, 1]);
}

/// Task 4 panics with this text; task 3 reads it into shared memory. Gives code and length.
fn read_panic(text: (u32, u32)) -> [u32; 2] {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    receive(&mut kernel, 0b1000);
    assert_eq!(kernel.current(), member(4));
    call(&mut kernel, Sysnum::Panic, &[text.0, text.1]);
    // Somebody who can read it runs.
    let reader = kernel.current();
    let request = ram(reader.index().0) + 0x280;
    kernel.arch.bytes_mut(request, 4).copy_from_slice(&4_u32.to_le_bytes());
    let op = Kipc::ReadPanicMessage as u32;
    call(&mut kernel, Sysnum::Send, &[TaskId::KERNEL.0, op, request, 4, SHARED, 8, 0]);
    let [status, code, len, ..] = results(&kernel, reader.index().0);
    assert_eq!(status, SendStatus::Replied as u32);
    [code, len]
}

#[test]
fn a_panic_message_is_read_or_refused() {
    assert_eq!(read_panic((ram(4), 6)), [0, 6]);
    assert_eq!(read_panic((SHARED + 16, 20)), [0, 8]);
    assert_eq!(read_panic((ram(1), 6)), [2, 0], "a text that is not his");
    assert_eq!(read_panic((SHARED + 4, 20)), [2, 0], "a text where the answer goes");
}

#[test]
#[should_panic(expected = "crash of kind 4")]
fn an_image_that_starts_nobody_is_a_crash() {
    let mut kernel = boot();
    kernel.ready = crate::ready::RankSet::EMPTY;
    kernel.tasks.iter_mut().for_each(|task| task.state = State::Stopped);
    kernel.start();
}
