//! Leases, from both sides.

use super::harness::*;
use crate::protocol::{assist, bytes};
use hubris_derive::test_case;
use sys_abi::{FaultInfo, FaultSource, LeaseAttributes, Sysnum, TaskState, UsageError};
use userlib::{Lease, sys_borrow_info, sys_borrow_read, sys_borrow_write, sys_refresh_task_id};

#[test_case]
pub fn borrow_info_tells_attributes_and_length() {
    let mut memory = [0; 16];
    let both = LeaseAttributes::READ | LeaseAttributes::WRITE;
    let leases = [Lease::read_write(&mut memory), Lease::read(b"hello")];
    for (index, attributes, length) in [(0, both, 16), (1, LeaseAttributes::READ, 5)] {
        let info = ask_lending(assist::BORROW_INFO, [index], &leases);
        let seen = [info.word(0), info.word(1), info.word(2)];
        assert!(seen == [0, attributes.0, length], "attributes and length");
    }
}

#[test_case]
pub fn borrow_read_gives_all_and_parts() {
    let leases = [Lease::read(b"xx"), Lease::read(b"hello")];
    let all = ask_lending(assist::BORROW_READ, [1, 0, 16], &leases);
    assert!(all.word(0) == 0 && &all.bytes[8..all.len] == b"hello", "all of it");
    let part = ask_lending(assist::BORROW_READ, [1, 2, 16], &leases);
    assert!(&part.bytes[8..part.len] == b"llo", "from an offset");
    let short = ask_lending(assist::BORROW_READ, [1, 1, 2], &leases);
    assert!(&short.bytes[8..short.len] == b"el", "as much as there is room for");
}

#[test_case]
pub fn borrow_write_reaches_the_lender() {
    let mut memory = [0xee; 16];
    let leases = [Lease::read_write(&mut memory)];
    let answer = ask_lending(assist::BORROW_WRITE, [0, 0, 16], &leases);
    assert!((answer.word(0), answer.word(1)) == (0, 16), "all written");
    let leases = [Lease::write(&mut memory)];
    let answer = ask_lending(assist::BORROW_WRITE, [0, 7, 5], &leases);
    assert!((answer.word(0), answer.word(1)) == (0, 5), "a part written");
    assert!(memory == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 13, 14, 15, 16], "in place");
}

#[test_case]
pub fn borrow_from_somebody_who_does_not_wait_is_a_defect() {
    let id = assist_id();
    assert!(sys_borrow_info(id, 0).is_err(), "info");
    assert!(sys_borrow_read(id, 0, 0, &mut [0; 4]).is_err(), "read");
    assert!(sys_borrow_write(id, 0, 0, &[0; 4]).is_err(), "write");
    assert!(assist_id() == id, "nobody died");
}

#[test_case]
pub fn borrow_without_the_right_is_a_defect() {
    let mut memory = [0; 4];
    let leases = [Lease::write(&mut memory)];
    assert!(ask_lending(assist::BORROW_READ, [0, 0, 4], &leases).word(0) == 1, "read");
    let leases = [Lease::read(b"text")];
    assert!(ask_lending(assist::BORROW_WRITE, [0, 0, 4], &leases).word(0) == 1, "write");
}

#[test_case]
pub fn borrow_at_the_end_gives_nothing() {
    let leases = [Lease::read(b"text")];
    let answer = ask_lending(assist::BORROW_READ, [0, 4, 4], &leases);
    assert!((answer.word(0), answer.word(1)) == (0, 0), "zero bytes");
}

/// Sends a request with one lease that must cost assist its life.
fn borrower_faults(op: u16, words: [u32; 3], error: UsageError) {
    let mut memory = [0; 8];
    let leases = [Lease::read_write(&mut memory)];
    let message: [u8; 12] = bytes(words);
    let sent = userlib::sys_send(assist_id(), op, &message, &mut [0; 32], &leases);
    assert!(sent.is_err(), "assist died");
    expect_assist_fault(FaultInfo::SyscallUsage(error));
}

#[test_case]
pub fn a_lease_index_too_far_faults_the_borrower() {
    borrower_faults(assist::BORROW_READ, [1, 0, 4], UsageError::LeaseOutOfRange);
}

#[test_case]
pub fn a_lease_offset_too_far_faults_the_borrower() {
    borrower_faults(assist::BORROW_WRITE, [0, 9, 4], UsageError::OffsetOutOfRange);
}

/// Client 0 lends what its buffer says (`attributes, base, length`); we borrow.
fn lend(lease: impl Fn(&Client) -> [u32; 3]) -> Client {
    let mut client = Client::new(CLIENT0);
    let lease: [u8; 32] = bytes(lease(&client));
    // The client's buffer becomes a lease table.
    client.fill(&lease[..12]);
    let own = sys_refresh_task_id(SUITE);
    let target = client.buffer;
    client.call(Sysnum::Send, [own.0, 21 | 1 << 16, 0, 0, 0, 0, target]);
    assert!(
        matches!(userlib::sys_recv_open(&mut [], 0), userlib::Received::Message(_)),
        "it lends"
    );
    client
}

fn lender_faults(lease: impl Fn(&Client) -> [u32; 3], write: bool, wanted: FaultInfo) {
    let client = lend(lease);
    let defect = if write {
        sys_borrow_write(client.id, 0, 0, &[1; 4])
    } else {
        sys_borrow_read(client.id, 0, 0, &mut [0; 4])
    };
    assert!(defect.is_err(), "a defect for us");
    let fault = matches!(state(CLIENT0), TaskState::Faulted { fault, .. } if fault == wanted);
    assert!(fault, "a fault for the lender");
}

fn kernel_access(address: u32) -> FaultInfo {
    FaultInfo::MemoryAccess { address: Some(address), source: FaultSource::Kernel }
}

#[test_case]
pub fn a_lease_of_foreign_memory_faults_the_lender() {
    let foreign = 0x1000;
    lender_faults(|_| [3, foreign, 4], false, kernel_access(foreign));
}

#[test_case]
pub fn a_lease_of_code_for_writing_faults_the_lender() {
    // The suite and the clients do not share code; the vectors belong to nobody.
    let vectors = sys_boot::mps2_an521::PRODUCT_FLASH.base;
    lender_faults(|_| [3, vectors, 4], true, kernel_access(vectors));
}

#[test_case]
pub fn a_lease_that_wraps_faults_the_lender() {
    let wanted = FaultInfo::SyscallUsage(UsageError::InvalidSlice);
    lender_faults(|client| [3, client.buffer, u32::MAX], false, wanted);
}

/// Client 0 sends with this lease table, which must cost its life.
fn table_faults(table: impl Fn(&Client) -> u32, wanted: FaultInfo) {
    let mut client = Client::new(CLIENT0);
    let own = sys_refresh_task_id(SUITE);
    let table = table(&client);
    client.call(Sysnum::Send, [own.0, 1 << 16, 0, 0, 0, 0, table]);
    let_others_run();
    let fault = matches!(state(CLIENT0), TaskState::Faulted { fault, .. } if fault == wanted);
    assert!(fault, "the sender faulted");
}

#[test_case]
pub fn a_lease_table_in_foreign_memory_faults_the_sender() {
    table_faults(|_| 0x1000, kernel_access(0x1000));
}

#[test_case]
pub fn a_lease_table_out_of_line_faults_the_sender() {
    let wanted = FaultInfo::SyscallUsage(UsageError::InvalidSlice);
    table_faults(|client| client.buffer + 1, wanted);
}

#[test_case]
pub fn borrowing_into_foreign_memory_faults_the_borrower() {
    let id = sys_refresh_task_id(SUITE);
    assist_calls(Sysnum::BorrowRead as u32, [id.0, 0, 0, 0x1000, 4, 0, 0]);
    expect_assist_fault(kernel_access(0x1000));
}

#[test_case]
pub fn a_lease_ends_with_the_reply() {
    let client = lend(|client| [3, client.buffer, 4]);
    let mut word = [0; 4];
    assert!(sys_borrow_read(client.id, 0, 0, &mut word) == Ok(4), "while it waits");
    userlib::sys_reply(client.id, 0, &[]);
    assert!(sys_borrow_read(client.id, 0, 0, &mut word).is_err(), "not afterwards");
}

#[test_case]
pub fn a_lease_ends_with_the_life_of_its_lender() {
    let client = lend(|client| [3, client.buffer, 4]);
    userlib::kipc::kill_task(CLIENT0, userlib::Cause::Stopped);
    assert!(sys_borrow_info(client.id, 0).is_err(), "dead");
    userlib::kipc::reinit_task(CLIENT0, true);
    let next = Client::new(CLIENT0);
    assert!(sys_borrow_read(client.id, 0, 0, &mut [0; 4]).is_err(), "the old life lends nothing");
    assert!(next.id != client.id, "the next one is another");
}
