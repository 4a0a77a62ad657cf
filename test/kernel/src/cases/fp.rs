//! FP contexts, in the image for a processor with FP registers (`fp.toml`).

use super::harness::*;
use crate::fp::{COUNT, call, changed, pattern, set_status, status};
use crate::protocol::{assist, client};
use hubris_derive::test_case;
use sys_abi::{FaultInfo, Kipc, RecvMode, Sysnum};
use userlib::{Cause, TaskId, TaskIndex, kipc, notification, sys_get_timer, sys_set_timer};

/// Registers of half a set: what one answer of assist holds.
const HALF: usize = 16;
const LOW: usize = 0;
const HIGH: usize = 16;

/// Makes a system call with our pattern in the FP registers, and expects to find it again.
fn call_keeps(number: Sysnum, args: [u32; 7], half: usize) {
    let before = pattern(1);
    let mut registers = before;
    let _results = call(number as u32, args, &mut registers);
    assert!(registers[half..half + HALF] == before[half..half + HALF], "ours are unchanged");
    assert!(changed(&before, &registers) == 0, "all of them");
}

/// Asks assist with live FP registers, which must survive.
fn ask_keeps(op: u16, argument: u32, half: usize) {
    let message = argument.to_le_bytes();
    let address = message.as_ptr().expose_provenance() as u32;
    call_keeps(Sysnum::Send, [assist_id().0, op.into(), address, 4, 0, 0, 0], half);
}

/// Begins assist's next life while our registers are full: it is more important and runs at once.
fn restart_assist_with_full_registers(half: usize) {
    let mut message = [0; 5];
    message[..4].copy_from_slice(&u32::from(assist_index().0).to_le_bytes());
    message[4] = 1;
    let address = message.as_ptr().expose_provenance() as u32;
    let args = [TaskId::KERNEL.0, Kipc::ReinitTask as u32, address, 5, 0, 0, 0];
    call_keeps(Sysnum::Send, args, half);
}

fn are_zero_at_start_and_survive(half: usize) {
    restart_assist_with_full_registers(half);
    let start = ask(assist::FP_AT_START, [half as u32]);
    assert!(start.len == HALF * 4 && start.bytes == [0; HALF * 4], "zero at the start");
    ask_keeps(assist::FP_LOAD, 2, half);
}

#[test_case(fp)]
pub fn fp_low_registers_are_zero_at_task_start_and_survive_another_task() {
    are_zero_at_start_and_survive(LOW);
}

#[test_case(fp)]
pub fn fp_high_registers_are_zero_at_task_start_and_survive_another_task() {
    are_zero_at_start_and_survive(HIGH);
}

#[test_case(fp)]
pub fn a_task_with_live_fp_registers_faults_and_is_recorded() {
    ask_keeps(assist::FP_DIE, 3, LOW);
    expect_assist_fault(FaultInfo::IllegalInstruction);
}

#[test_case(fp)]
pub fn fp_registers_of_an_ended_life_are_gone() {
    ask(assist::FP_LOAD, [4]);
    kipc::kill_task(assist_index(), Cause::Stopped);
    kipc::reinit_task(assist_index(), true);
    for half in [LOW, HIGH] {
        assert!(ask(assist::FP_AT_START, [half as u32]).bytes == [0; HALF * 4], "zero");
    }
}

#[test_case(fp)]
pub fn fp_registers_survive_preemption() {
    // 64 ns an instruction, two of them a turn: about ten milliseconds.
    const TURNS: u32 = 80_000;
    let mut spinning = Client::new(CLIENT0);
    let switches = |task: TaskIndex| kipc::read_task_stats(task).switches;
    let before = switches(CLIENT0);
    spinning.order(client::FP_SPIN, [TURNS, 5, 0, 0, 0, 0, 0]);
    let timer = notification!("timer");
    for _ in 0..5 {
        sys_set_timer(Some(sys_get_timer().now_us + 1000), timer);
        let args = [0, 0, timer, RecvMode::Closed as u32, TaskId::KERNEL.0, 0, 0];
        call_keeps(Sysnum::Recv, args, LOW);
    }
    assert!(switches(CLIENT0).wrapping_sub(before) >= 5, "it was preempted");
    assert!(spinning.results()[0] == 0, "all of its registers are unchanged");
}

#[test_case(fp)]
pub fn fp_registers_survive_an_interrupt() {
    let line = notification!("interrupt");
    userlib::sys_irq_control_clear_pending(line);
    userlib::sys_irq_control(line, true);
    let [a, b, c, d] = line.to_le_bytes();
    let message = [SUITE.0, 0, 0, 0, a, b, c, d];
    let address = message.as_ptr().expose_provenance() as u32;
    let args = [TaskId::KERNEL.0, Kipc::SoftwareIrq as u32, address, 8, 0, 0, 0];
    call_keeps(Sysnum::Send, args, HIGH);
    assert!(userlib::sys_recv_notification(line) == line, "it came");
}

#[test_case(fp)]
pub fn fp_status_belongs_to_one_task() {
    const ROUND_TOWARDS_ZERO: u32 = 3 << 22;
    set_status(ROUND_TOWARDS_ZERO);
    let theirs = ask(assist::FP_STATUS, []).word(0);
    let ours = status();
    set_status(0);
    assert!(theirs == 0, "the default for others");
    assert!(ours == ROUND_TOWARDS_ZERO, "ours stays");
}

#[test_case(fp)]
pub fn an_fp_frame_that_does_not_fit_is_a_stack_overflow() {
    ask_keeps(assist::FP_OVERFLOW, 0, LOW);
    assert!(matches!(assist_fault(), FaultInfo::StackOverflow { .. }), "a stack overflow");
}

const _: () = assert!(COUNT == HIGH + HALF);
