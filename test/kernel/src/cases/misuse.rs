//! System calls that no correct task makes: the caller faults, with the reason.

use super::harness::*;
use crate::misbehave::raw_call;
use crate::protocol::BUFFER_BYTES;
use hubris_derive::test_case;
use sys_abi::{FaultInfo, FaultSource, RecvMode, Sysnum, TaskState, UsageError};
use userlib::{TaskId, TaskIndex, kipc, sys_refresh_task_id};

const CODE: u32 = 0x1000;

fn kernel_access(address: u32) -> FaultInfo {
    FaultInfo::MemoryAccess { address: Some(address), source: FaultSource::Kernel }
}

fn out_of_range() -> u32 {
    TaskId::new(TaskIndex(userlib::task_count!() as u8), userlib::Generation(0)).0
}

#[test_case]
pub fn a_bad_system_call_number_faults() {
    assist_calls(Sysnum::ALL.len() as u32, [0; 7]);
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadSyscallNumber));
}

#[test_case]
pub fn a_huge_system_call_number_faults() {
    assist_calls(u32::MAX, [0; 7]);
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadSyscallNumber));
}

/// SEND from assist to the kernel with this message, which is checked first.
fn sends(base: u32, len: u32) {
    assist_calls(Sysnum::Send as u32, [TaskId::KERNEL.0, 4, base, len, 0, 0, 0]);
}

#[test_case]
pub fn a_message_in_foreign_memory_faults() {
    sends(CODE, 4);
    expect_assist_fault(kernel_access(CODE));
}

#[test_case]
pub fn a_message_that_wraps_faults() {
    sends(assist_buffer(), u32::MAX);
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::InvalidSlice));
}

#[test_case]
pub fn a_message_across_two_regions_faults() {
    let base = assist_code();
    sends(base, 0x1000_0000);
    expect_assist_fault(kernel_access(base));
}

#[test_case]
pub fn a_reply_buffer_in_code_faults() {
    let code = assist_code();
    assist_calls(Sysnum::Send as u32, [TaskId::KERNEL.0, 4, 0, 0, code, 8, 0]);
    expect_assist_fault(kernel_access(code));
}

#[test_case]
pub fn a_receive_buffer_in_code_faults() {
    let code = assist_code();
    assist_calls(Sysnum::Recv as u32, [code, 4, 0, RecvMode::Open as u32, 0, 0, 0]);
    expect_assist_fault(kernel_access(code));
}

#[test_case]
pub fn a_receive_buffer_in_device_memory_faults() {
    // Assist has no device; the runner's UART is as foreign to it as any address.
    let uart = sys_boot::mps2_an521::UART0.range.base;
    assist_calls(Sysnum::Recv as u32, [uart, 4, 0, RecvMode::Open as u32, 0, 0, 0]);
    expect_assist_fault(kernel_access(uart));
}

#[test_case]
pub fn a_message_in_own_device_memory_faults() {
    let device = sys_boot::mps2_an521::ISP.range.base;
    let own = sys_refresh_task_id(SUITE);
    assist_calls(Sysnum::Reply as u32, [own.0, 0, device, 4, 0, 0, 0]);
    expect_assist_fault(kernel_access(device));
}

#[test_case]
pub fn a_receive_buffer_in_own_device_memory_faults() {
    let device = sys_boot::mps2_an521::ISP.range.base;
    assist_calls(Sysnum::Recv as u32, [device, 4, 0, RecvMode::Open as u32, 0, 0, 0]);
    expect_assist_fault(kernel_access(device));
}

/// Assist receives into memory that it shares with the suite.
fn send_from_shared(offset: u32) -> TaskState {
    let shared = sys_boot::mps2_an521::POOLS.base;
    assist_calls(Sysnum::Recv as u32, [shared, 8, 0, RecvMode::Open as u32, 0, 0, 0]);
    let assist = assist_id();
    let message =
        [assist.0, crate::protocol::assist::NEVER_REPLY.into(), shared + offset, 4, 0, 0, 0];
    let _results = raw_call(Sysnum::Send as u32, message);
    kipc::read_task_status(assist_index())
}

#[test_case]
pub fn a_receive_buffer_that_overlaps_the_message_faults_the_receiver() {
    let wanted = FaultInfo::SyscallUsage(UsageError::InvalidSlice);
    let state = send_from_shared(2);
    assert!(matches!(state, TaskState::Faulted { fault, .. } if fault == wanted), "a fault");
}

/// Behind what assist reads alone.
const SHOWN: u32 = sys_boot::mps2_an521::POOLS.base + 0x800;

/// The client's read-only region would stop the kernel that it has called.
#[test_case]
pub fn a_receive_buffer_that_a_sender_may_only_read_faults_the_receiver() {
    let mut client = Client::new(CLIENT1);
    let op = crate::protocol::assist::NEVER_REPLY.into();
    client.call(Sysnum::Send, [assist_id().0, op, client.buffer, 4, 0, 0, 0]);
    assist_calls(Sysnum::Recv as u32, [SHOWN, 8, 0, RecvMode::Open as u32, 0, 0, 0]);
    let_others_run();
    expect_assist_fault(kernel_access(SHOWN));
}

#[test_case]
pub fn a_message_in_memory_that_others_read_is_sent() {
    let own = sys_refresh_task_id(SUITE);
    assist_calls(Sysnum::Reply as u32, [own.0, 0, SHOWN, 8, 0, 0, 0]);
    assert!(matches!(kipc::read_task_status(assist_index()), TaskState::Healthy(_)), "it lives");
}

#[test_case]
pub fn a_receive_descriptor_in_code_faults() {
    let code = assist_code();
    assist_calls(Sysnum::SetRecv as u32, [code, 4, 0, 0, 0, 0, 0]);
    expect_assist_fault(kernel_access(code));
}

#[test_case]
pub fn send_to_an_index_out_of_range_faults() {
    let args = [out_of_range(), 0, 0, 0, 0, 0, 0];
    assist_misuses(Sysnum::Send, args, UsageError::TaskOutOfRange);
}

#[test_case]
pub fn send_to_somebody_not_in_the_send_list_faults() {
    let down = sys_refresh_task_id(CLIENT0);
    assist_misuses(Sysnum::Send, [down.0, 0, 0, 0, 0, 0, 0], UsageError::SendNotAllowed);
}

#[test_case]
pub fn post_to_an_index_out_of_range_faults() {
    let args = [out_of_range(), 1, 0, 0, 0, 0, 0];
    assist_misuses(Sysnum::Post, args, UsageError::TaskOutOfRange);
}

/// Assist may post nothing to anybody; the suite may post one bit to assist.
#[test_case]
pub fn post_of_a_bit_outside_of_the_mask_faults() {
    let own = sys_refresh_task_id(SUITE);
    assist_misuses(Sysnum::Post, [own.0, 1 << 4, 0, 0, 0, 0, 0], UsageError::PostNotAllowed);
}

#[test_case]
pub fn post_to_a_task_outside_of_the_table_faults() {
    let other = sys_refresh_task_id(CLIENT0);
    assist_misuses(Sysnum::Post, [other.0, 1, 0, 0, 0, 0, 0], UsageError::PostNotAllowed);
}

#[test_case]
pub fn post_of_a_kernel_bit_faults() {
    // Bit 0 of the supervisor is the fault notification: the kernel's alone.
    let runner = sys_refresh_task_id(runner_index());
    assist_misuses(Sysnum::Post, [runner.0, 1, 0, 0, 0, 0, 0], UsageError::PostNotAllowed);
}

#[test_case]
pub fn reply_to_an_index_out_of_range_faults() {
    let args = [out_of_range(), 0, 0, 0, 0, 0, 0];
    assist_misuses(Sysnum::Reply, args, UsageError::TaskOutOfRange);
}

#[test_case]
pub fn closed_receive_from_an_index_out_of_range_faults() {
    let args = [0, 0, 0, RecvMode::Closed as u32, out_of_range(), 0, 0];
    assist_misuses(Sysnum::Recv, args, UsageError::TaskOutOfRange);
}

#[test_case]
pub fn borrow_from_an_index_out_of_range_faults() {
    let args = [out_of_range(), 0, 0, 0, 0, 0, 0];
    assist_misuses(Sysnum::BorrowInfo, args, UsageError::TaskOutOfRange);
}

#[test_case]
pub fn reply_receive_without_descriptor_faults() {
    let mut client = Client::new(CLIENT0);
    client.call(Sysnum::ReplyRecv, [client.id.0, 0, 0, 0, 0, 0, 0]);
    let_others_run();
    let wanted = FaultInfo::SyscallUsage(UsageError::NoRecvDescriptor);
    let fault = matches!(state(CLIENT0), TaskState::Faulted { fault, .. } if fault == wanted);
    assert!(fault, "no descriptor");
}

#[test_case]
pub fn a_bad_reply_fault_reason_faults() {
    let own = sys_refresh_task_id(SUITE);
    let args = [own.0, 6, 0, 0, 0, 0, 0];
    assist_misuses(Sysnum::ReplyFault, args, UsageError::BadReplyFaultReason);
}

#[test_case]
pub fn irq_control_of_a_mask_without_line_faults() {
    assist_misuses(Sysnum::IrqControl, [1 << 1, 1, 0, 0, 0, 0, 0], UsageError::NoIrq);
}

#[test_case]
pub fn irq_control_with_unknown_bits_faults() {
    assist_misuses(Sysnum::IrqControl, [1, 4, 0, 0, 0, 0, 0], UsageError::NoIrq);
}

#[test_case]
pub fn irq_status_of_a_mask_without_line_faults() {
    assist_misuses(Sysnum::IrqStatus, [0b11, 0, 0, 0, 0, 0, 0], UsageError::NoIrq);
}

#[test_case]
pub fn zero_length_slices_are_fine_anywhere() {
    let image_id = userlib::kipc::read_image_id();
    let buffer = assist_buffer();
    let args = [TaskId::KERNEL.0, 4, u32::MAX, 0, buffer, BUFFER_BYTES as u32, u32::MAX];
    let [status, code, len, ..] = assist_call_results(Sysnum::Send, args);
    assert!((status, code, len) == (0, 0, 8), "answered");
    assert!(userlib::kipc::read_image_id() == image_id, "still");
}

/// A slice whose end is beyond the address space.
fn wraps() -> FaultInfo {
    FaultInfo::SyscallUsage(UsageError::InvalidSlice)
}

#[test_case]
pub fn a_receive_buffer_that_wraps_faults() {
    let args = [assist_buffer(), u32::MAX, 0, RecvMode::Open as u32, 0, 0, 0];
    assist_calls(Sysnum::Recv as u32, args);
    expect_assist_fault(wraps());
}

#[test_case]
pub fn a_reply_that_wraps_faults() {
    let own = sys_refresh_task_id(SUITE);
    assist_calls(Sysnum::Reply as u32, [own.0, 0, assist_buffer(), u32::MAX, 0, 0, 0]);
    expect_assist_fault(wraps());
}

#[test_case]
pub fn a_reply_buffer_that_wraps_faults() {
    let buffer = assist_buffer();
    assist_calls(Sysnum::Send as u32, [TaskId::KERNEL.0, 4, 0, 0, buffer, u32::MAX, 0]);
    expect_assist_fault(wraps());
}

#[test_case]
pub fn a_receive_descriptor_that_wraps_faults() {
    assist_calls(Sysnum::SetRecv as u32, [assist_buffer(), u32::MAX, 0, 0, 0, 0, 0]);
    expect_assist_fault(wraps());
}

#[test_case]
pub fn borrowing_into_a_slice_that_wraps_faults_the_borrower() {
    let own = sys_refresh_task_id(SUITE);
    for number in [Sysnum::BorrowRead, Sysnum::BorrowWrite] {
        assist_calls(number as u32, [own.0, 0, 0, assist_buffer(), u32::MAX, 0, 0]);
        expect_assist_fault(wraps());
        kipc::reinit_task(assist_index(), true);
    }
}

#[test_case]
pub fn borrowing_a_lease_onto_itself_faults_the_borrower() {
    let shared = sys_boot::mps2_an521::POOLS.base;
    // SAFETY: the region is mapped for this task, and assist does not write it in this case.
    let lent = unsafe { userlib::arch::linked_bytes(shared, 8) };
    let own = sys_refresh_task_id(SUITE);
    let message: [u8; 32] =
        crate::protocol::bytes([Sysnum::BorrowRead as u32, own.0, 0, 0, shared + 2, 4, 0, 0]);
    let op = crate::protocol::assist::CALL_THEN_REPLY;
    let leases = [userlib::Lease::read(lent)];
    let sent = userlib::sys_send(assist_id(), op, &message, &mut [0; 24], &leases);
    assert!(sent.is_err(), "assist died");
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::InvalidSlice));
}

/// Asks assist for an answer by reply-and-receive that must cost its life.
fn reply_receive_faults(op: u16, argument: u32, error: UsageError) {
    let living = assist_id();
    let sent = userlib::sys_send(living, op, &argument.to_le_bytes(), &mut [0; 8], &[]);
    assert!(matches!(sent, Err(record) if record.generation == living.generation()), "its death");
    expect_assist_fault(FaultInfo::SyscallUsage(error));
}

#[test_case]
pub fn a_too_long_answer_by_reply_receive_faults_the_server() {
    let op = crate::protocol::assist::REPLY_RECV_BYTES;
    assert!(ask(op, [8]).len == 8, "what fits passes");
    reply_receive_faults(op, 9, UsageError::ReplyTooBig);
}

#[test_case]
pub fn a_reserved_code_by_reply_receive_faults_the_server() {
    let op = crate::protocol::assist::REPLY_RECV_CODE;
    assert!(ask(op, [userlib::CODE_RESERVED_FIRST - 1]).code == userlib::CODE_RESERVED_FIRST - 1);
    for code in [userlib::CODE_RESERVED_FIRST, u32::MAX] {
        reply_receive_faults(op, code, UsageError::ReservedCode);
        kipc::reinit_task(assist_index(), true);
    }
}
