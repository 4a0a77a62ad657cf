//! Interrupts as notifications. Lines are made pending by kernel IPC.

use super::harness::*;
use crate::protocol::assist;
use hubris_derive::test_case;
use sys_abi::{IrqStatus, Sysnum};
use userlib::{
    kipc, notification, sys_irq_control, sys_irq_control_clear_pending, sys_irq_status,
    sys_recv_notification,
};

fn line() -> u32 {
    notification!("interrupt")
}

fn pend() {
    kipc::software_irq(SUITE, line());
}

/// Takes whatever an earlier case left.
fn quiet(mask: u32) {
    sys_irq_control_clear_pending(mask);
    sys_irq_control(mask, false);
    userlib::sys_set_timer(Some(0), notification!("timer"));
    while sys_recv_notification(mask | notification!("timer")) & mask != 0 {
        userlib::sys_set_timer(Some(0), notification!("timer"));
    }
}

#[test_case]
pub fn an_enabled_interrupt_arrives_as_its_bit() {
    quiet(line());
    sys_irq_control(line(), true);
    pend();
    assert!(sys_recv_notification(line()) == line(), "its bit");
    assert!(sys_irq_status(line()) & IrqStatus::ENABLED == 0, "masked by the kernel");
}

#[test_case]
pub fn interrupt_status_follows_the_life_of_an_interrupt() {
    quiet(line());
    assert!(sys_irq_status(line()) == 0, "disabled, idle");
    pend();
    assert!(sys_irq_status(line()) == IrqStatus::PENDING, "pended while disabled");
    sys_irq_control(line(), true);
    assert!(sys_irq_status(line()) == IrqStatus::POSTED, "posted when enabled");
    pend();
    assert!(sys_irq_status(line()) == IrqStatus::POSTED | IrqStatus::PENDING, "and again");
    assert!(sys_recv_notification(line()) == line(), "received");
    assert!(sys_irq_status(line()) == IrqStatus::PENDING, "the second waits");
    quiet(line());
}

#[test_case]
pub fn a_masked_interrupt_waits() {
    quiet(line());
    pend();
    sleep_us(2000);
    assert!(sys_irq_status(line()) == IrqStatus::PENDING, "not delivered");
    sys_irq_control(line(), true);
    assert!(sys_recv_notification(line()) == line(), "delivered when enabled");
}

#[test_case]
pub fn clearing_forgets_a_pending_interrupt() {
    quiet(line());
    pend();
    sys_irq_control_clear_pending(line());
    assert!(sys_irq_status(line()) == IrqStatus::ENABLED, "enabled, nothing pending");
    quiet(line());
}

#[test_case]
pub fn two_lines_may_share_a_bit() {
    let pair = notification!("interrupt_pair");
    quiet(pair);
    sys_irq_control(pair, true);
    kipc::software_irq(SUITE, pair);
    assert!(sys_recv_notification(pair) == pair, "the bit");
    assert!(sys_irq_status(pair) == 0, "both lines came and are masked");
}

#[test_case]
pub fn interrupts_of_a_dead_task_are_masked_and_forgotten() {
    const ASSIST_LINE: u32 = 1;
    assist_call_results(Sysnum::IrqControl, [ASSIST_LINE, 1, 0, 0, 0, 0, 0]);
    let status = assist_call_results(Sysnum::IrqStatus, [ASSIST_LINE, 0, 0, 0, 0, 0, 0])[0];
    assert!(status == IrqStatus::ENABLED, "enabled");
    kipc::reinit_task(assist_index(), false);
    kipc::software_irq(assist_index(), ASSIST_LINE);
    kipc::reinit_task(assist_index(), true);
    let status = assist_call_results(Sysnum::IrqStatus, [ASSIST_LINE, 0, 0, 0, 0, 0, 0])[0];
    assert!(status & IrqStatus::ENABLED == 0, "masked in the next life");
    assert!(ask(assist::NOTES, []).word(0) == 0, "nothing of the old life arrived");
    kipc::reinit_task(assist_index(), true);
    let status = assist_call_results(Sysnum::IrqStatus, [ASSIST_LINE, 0, 0, 0, 0, 0, 0])[0];
    assert!(status == 0, "pending state was forgotten at the death");
}

#[test_case]
pub fn interrupts_of_two_tasks_do_not_mix() {
    const ASSIST_LINE: u32 = 1;
    quiet(line());
    assist_call_results(Sysnum::IrqControl, [ASSIST_LINE, 1, 0, 0, 0, 0, 0]);
    sys_irq_control(line(), true);
    kipc::software_irq(assist_index(), ASSIST_LINE);
    assert!(ask(assist::NOTES, []).word(0) == ASSIST_LINE, "theirs");
    assert!(sys_irq_status(line()) == IrqStatus::ENABLED, "not ours");
    quiet(line());
}

#[test_case]
pub fn lines_with_different_bits_arrive_together() {
    let (one, pair) = (line(), notification!("interrupt_pair"));
    quiet(one);
    quiet(pair);
    kipc::software_irq(SUITE, one | pair);
    for mask in [one, pair] {
        sys_irq_control(mask, true);
    }
    assert!(sys_recv_notification(one | pair) == one | pair, "both bits in one receive");
}

#[test_case]
pub fn enabling_a_shared_bit_enables_all_its_lines_again() {
    let pair = notification!("interrupt_pair");
    quiet(pair);
    for _ in 0..3 {
        sys_irq_control(pair, true);
        assert!(sys_irq_status(pair) == IrqStatus::ENABLED, "enabled");
        kipc::software_irq(SUITE, pair);
        assert!(sys_recv_notification(pair) == pair, "each time");
        assert!(sys_irq_status(pair) == 0, "both were masked");
    }
}

#[test_case]
pub fn disabling_keeps_what_comes_for_later() {
    quiet(line());
    sys_irq_control(line(), true);
    sys_irq_control(line(), false);
    pend();
    assert!(sys_irq_status(line()) == IrqStatus::PENDING, "not delivered, not lost");
    quiet(line());
    assert!(sys_irq_status(line()) == 0, "until it is cleared");
}
