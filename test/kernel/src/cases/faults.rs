//! What the processor refuses, and what the record says about it.

use super::harness::*;
use crate::misbehave::Kind;
use crate::protocol::{assist, bytes, client};
use hubris_derive::test_case;
use sys_abi::FAULT_NOTIFICATION;
use sys_abi::{FaultInfo, FaultSource, SchedState, Sysnum, TaskState};
use userlib::{kipc, sys_get_timer, sys_send};

fn user_access(address: u32) -> FaultInfo {
    FaultInfo::MemoryAccess { address: Some(address), source: FaultSource::User }
}

#[test_case]
pub fn reading_address_zero_is_a_memory_access() {
    misbehave(Kind::ReadWord, 0);
    expect_assist_fault(user_access(0));
}

#[test_case]
pub fn writing_own_code_is_a_memory_access() {
    let code = assist_code() & !3;
    misbehave(Kind::WriteWord, code);
    expect_assist_fault(user_access(code));
}

#[test_case]
pub fn writing_address_zero_is_a_memory_access() {
    misbehave(Kind::WriteWord, 0);
    expect_assist_fault(user_access(0));
}

#[test_case]
pub fn reading_kernel_memory_is_a_memory_access() {
    let vectors = sys_boot::mps2_an521::PRODUCT_FLASH.base;
    misbehave(Kind::ReadWord, vectors);
    expect_assist_fault(user_access(vectors));
}

#[test_case]
pub fn reading_another_tasks_stack_is_a_memory_access() {
    let here = 0u32;
    let address = (&raw const here).expose_provenance() as u32;
    misbehave(Kind::ReadWord, address);
    expect_assist_fault(user_access(address));
}

/// What the MPU holds behind its fourth region is assist's: a client, which has two, must not find
/// it there when it runs right after assist.
#[test_case]
pub fn a_task_with_fewer_regions_finds_none_of_the_task_before() {
    // `regions.upper` of the manifest.
    let upper = sys_boot::mps2_an521::POOLS.base + 0x400;
    misbehave(Kind::ReadWord, upper);
    assert!(matches!(state(assist_index()), TaskState::Healthy(_)), "assist may read it");
    let order = [assist_id().0, assist::JUST_REPLY.into(), Kind::ReadWord as u32, upper, 0, 0, 0];
    let mut client = Client::new(CLIENT0);
    client.order(client::SEND_THEN_MISBEHAVE, order);
    let_others_run();
    let original_state = SchedState::Runnable;
    let refused = TaskState::Faulted { fault: user_access(upper), original_state };
    assert!(state(CLIENT0) == refused, "the client may not");
}

#[test_case]
pub fn a_stack_overflow_is_a_stack_overflow() {
    misbehave(Kind::OverflowStack, 0);
    assert!(matches!(assist_fault(), FaultInfo::StackOverflow { .. }), "stack overflow");
}

#[test_case]
pub fn a_trap_without_stack_is_a_stack_overflow() {
    // Far below the limit; the stacking itself fails, and the system call must not be made in
    // the name of whoever runs next.
    misbehave(Kind::TrapWithoutStack, (assist_buffer() & !7) - 0x4000);
    assert!(matches!(assist_fault(), FaultInfo::StackOverflow { .. }), "stack overflow");
    assert!(runner_notes() == FAULT_NOTIFICATION, "one fault");
}

#[test_case]
pub fn executing_the_stack_is_illegal_text() {
    misbehave(Kind::ExecuteStack, 0);
    expect_assist_fault(FaultInfo::IllegalText);
}

#[test_case]
pub fn jumping_to_address_zero_is_illegal_text() {
    misbehave(Kind::Jump, 0);
    expect_assist_fault(FaultInfo::IllegalText);
}

#[test_case]
pub fn jumping_into_the_kernel_is_illegal_text() {
    misbehave(Kind::Jump, sys_boot::mps2_an521::PRODUCT_FLASH.base + 0x400);
    expect_assist_fault(FaultInfo::IllegalText);
}

#[test_case]
pub fn jumping_without_thumb_is_an_invalid_operation() {
    misbehave(Kind::JumpToArm, 0);
    assert!(matches!(assist_fault(), FaultInfo::InvalidOperation(_)), "invalid operation");
}

#[test_case]
pub fn a_breakpoint_is_an_illegal_instruction() {
    misbehave(Kind::Breakpoint, 0);
    expect_assist_fault(FaultInfo::IllegalInstruction);
}

#[test_case]
pub fn an_undefined_instruction_is_illegal_instruction() {
    misbehave(Kind::Undefined, 0);
    expect_assist_fault(FaultInfo::IllegalInstruction);
}

#[test_case]
pub fn dividing_by_zero_is_divide_by_zero() {
    misbehave(Kind::DivideByZero, 0);
    expect_assist_fault(FaultInfo::DivideByZero);
}

#[test_case]
pub fn reading_past_own_code_is_refused() {
    // Flash of this size cannot be one task's.
    let far = assist_code() + 0x4_0000;
    misbehave(Kind::ReadWord, far & !3);
    assert!(
        matches!(assist_fault(), FaultInfo::MemoryAccess { .. } | FaultInfo::BusError { .. }),
        "refused"
    );
}

#[test_case]
pub fn reading_past_own_memory_is_a_memory_access() {
    // Assist's RAM is a few KiB.
    let far = (assist_buffer() & !3) + 0x4000;
    misbehave(Kind::ReadWord, far);
    expect_assist_fault(user_access(far));
}

#[test_case]
pub fn reading_a_system_register_is_a_bus_error() {
    const CFSR: u32 = 0xE000_ED28;
    misbehave(Kind::ReadWord, CFSR);
    let source = FaultSource::User;
    expect_assist_fault(FaultInfo::BusError { address: Some(CFSR), source });
}

#[test_case]
pub fn grabbing_privilege_gains_nothing() {
    misbehave(Kind::GrabPrivilege, 0);
    expect_assist_fault(user_access(0));
    // Interrupts are not masked: the tick goes on.
    sleep_us(2000);
}

#[test_case]
pub fn a_panic_is_a_panic_with_its_text() {
    misbehave(Kind::Panic, 0);
    expect_assist_fault(FaultInfo::Panic);
    let mut text = [0; 128];
    let Ok(text) = kipc::read_panic_message(assist_index(), &mut text) else { panic!("a text") };
    assert!(text.starts_with(b"panicked at "), "where");
    assert!(text.ends_with(b": as requested"), "what");
    kipc::reinit_task(assist_index(), true);
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "it can be restarted");
}

#[test_case]
pub fn the_panic_text_of_a_healthy_task_is_refused() {
    let mut text = [0; 8];
    let refused = kipc::read_panic_message(assist_index(), &mut text);
    assert!(refused == Err(kipc::NoPanicMessage::NotPanicked), "healthy");
    misbehave(Kind::Undefined, 0);
    let mut text = [0; 8];
    let refused = kipc::read_panic_message(assist_index(), &mut text);
    assert!(refused == Err(kipc::NoPanicMessage::NotPanicked), "faulted otherwise");
}

#[test_case]
pub fn the_panic_text_in_foreign_memory_is_refused() {
    assist_calls(Sysnum::Panic as u32, [0, 16, 0, 0, 0, 0, 0]);
    expect_assist_fault(FaultInfo::Panic);
    let mut text = [0; 8];
    let refused = kipc::read_panic_message(assist_index(), &mut text);
    assert!(refused == Err(kipc::NoPanicMessage::BadBuffer), "not its memory");
}

#[test_case]
pub fn the_supervisor_sees_a_fault_as_bit_zero() {
    assert!(runner_notes() == 0, "nothing yet");
    misbehave(Kind::Undefined, 0);
    assert!(runner_notes() == FAULT_NOTIFICATION, "exactly the fault bit");
}

#[test_case]
pub fn a_fault_stamps_its_time() {
    let before_us = sys_get_timer().now_us;
    misbehave(Kind::Undefined, 0);
    let after_us = sys_get_timer().now_us;
    let stats = kipc::read_task_stats(assist_index());
    assert!((before_us..=after_us).contains(&stats.died_us), "between before and after");
    // A message to it is answered with the record, not by it.
    let sent = sys_send(assist_id(), assist::JUST_REPLY, &bytes::<1, 4>([1]), &mut [0; 4], &[]);
    assert!(sent.is_err(), "dead");
    let down = matches!(
        state(assist_index()),
        TaskState::Faulted { original_state: SchedState::Runnable, .. }
    );
    assert!(down, "and stays so");
}
