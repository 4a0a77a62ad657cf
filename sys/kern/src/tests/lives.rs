//! Scripted lives.

use super::world::*;
use crate::arch::Arch;
use crate::task::State;
use sys_abi::{
    Cause, Edge, FaultInfo, FaultSource, Generation, Kipc, RecvStatus, SendStatus, Sysnum, TaskId,
    UsageError,
};

const DEAD: u32 = SendStatus::Dead as u32;

fn kill(kernel: &mut HostKernel, index: u8, cause: Cause) {
    kernel.kill(member(0), member(index), cause);
    kernel.choose();
}

fn restart(kernel: &mut HostKernel, index: u8) {
    kernel.reinit(member(0), member(index), true);
    kernel.choose();
}

fn fault_of(kernel: &HostKernel, index: u8) -> Option<FaultInfo> {
    kernel.task(member(index)).end.map(|end| end.fault)
}

#[test]
fn the_most_important_task_runs_first() {
    assert_eq!(boot().current(), member(0));
}

#[test]
fn a_message_goes_there_and_back() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    kernel.arch.bytes_mut(ram(3) + 0x280, 4).copy_from_slice(b"ping");
    let server = id(&kernel, 1);
    send(&mut kernel, server, 42);
    assert_eq!(kernel.current(), member(1));
    assert_eq!(results(&kernel, 1), [0, id(&kernel, 3).0, 42, 4, 8, 0]);
    assert_eq!(kernel.arch.bytes(ram(1) + 0x300, 4), b"ping");
    kernel.arch.bytes_mut(ram(1) + 0x2c0, 4).copy_from_slice(b"pong");
    let client = id(&kernel, 3);
    reply(&mut kernel, client, 5);
    assert_eq!(kernel.current(), member(1), "a reply does not reschedule");
    receive(&mut kernel, 0);
    assert_eq!(kernel.current(), member(3));
    assert_eq!(results(&kernel, 3)[..3], [0, 5, 4]);
    assert_eq!(kernel.arch.bytes(ram(3) + 0x2a0, 4), b"pong");
}

#[test]
fn death_gives_everybody_the_record_in_the_same_pass() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let server = id(&kernel, 1);
    send(&mut kernel, server, 1);
    // The server has the message; now it stops receiving, and another client sends.
    call(&mut kernel, Sysnum::Recv, &[0, 0, 0, 1, TaskId::KERNEL.0]);
    assert_eq!(kernel.current(), member(4));
    send(&mut kernel, server, 2);
    assert_eq!(
        (state(&kernel, 3), state(&kernel, 4)),
        (State::InReply(server), State::InSend(server))
    );
    kill(&mut kernel, 1, Cause::Unplugged);
    for client in [3, 4] {
        assert_eq!(state(&kernel, client), State::Runnable);
        assert_eq!(results(&kernel, client)[..4], [DEAD, 1, 0, Cause::Unplugged as u32]);
    }
    assert_eq!(id(&kernel, 1).generation(), Generation(1));
}

#[test]
fn a_closed_receiver_learns_of_the_death() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let peer = id(&kernel, 4);
    call(&mut kernel, Sysnum::Recv, &[0, 0, 0, 1, peer.0]);
    kill(&mut kernel, 4, Cause::Stopped);
    let dead = RecvStatus::Dead as u32;
    assert_eq!(results(&kernel, 3)[..4], [dead, 4, 0, Cause::Stopped as u32]);
}

#[test]
fn a_send_to_the_dead_does_not_block() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let server = id(&kernel, 1);
    kill(&mut kernel, 1, Cause::PowerLost);
    // The watch notifies this task; it is not receiving, so it goes on.
    for target in [server, id(&kernel, 1)] {
        send(&mut kernel, target, 1);
        assert_eq!(kernel.current(), member(3));
        assert_eq!(results(&kernel, 3)[..4], [DEAD, 1, 0, Cause::PowerLost as u32]);
    }
}

#[test]
fn the_generation_goes_up_at_death_only() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    for life in 0..5 {
        assert_eq!(id(&kernel, 1).generation(), Generation(life));
        kill(&mut kernel, 1, Cause::Stopped);
        kill(&mut kernel, 1, Cause::Stopped);
        assert_eq!(id(&kernel, 1).generation(), Generation(life + 1));
        restart(&mut kernel, 1);
        assert_eq!(id(&kernel, 1).generation(), Generation(life + 1));
        until_runs(&mut kernel, 3);
    }
}

#[test]
fn a_task_without_lives_left_stays_down() {
    let mut kernel = boot();
    let last = TaskId::new(member(1).index(), Generation::LAST);
    let task = kernel.task_mut(member(1));
    (task.id, task.live) = (last, last);
    until_runs(&mut kernel, 3);
    kill(&mut kernel, 1, Cause::Faulted);
    restart(&mut kernel, 1);
    assert!(!kernel.task(member(1)).is_live());
    assert_eq!(state(&kernel, 1), State::Down);
    send(&mut kernel, last, 1);
    assert_eq!(results(&kernel, 3)[..3], [DEAD, 1, Generation::LAST.0]);
    // Nor does the exhausted generation name anybody.
    let exhausted = id(&kernel, 1);
    send(&mut kernel, exhausted, 1);
    assert_eq!(results(&kernel, 3)[..3], [DEAD, 1, Generation::LAST.0]);
}

#[test]
fn interrupts_of_the_dead_are_masked_forgotten_and_counted() {
    let mut kernel = boot();
    kernel.arch.enabled.extend([7, 9]);
    kernel.arch.pending.extend([7, 9]);
    until_runs(&mut kernel, 3);
    kill(&mut kernel, 1, Cause::Faulted);
    assert_eq!(kernel.arch.enabled.iter().copied().collect::<Vec<_>>(), [9]);
    assert_eq!(kernel.arch.pending.iter().copied().collect::<Vec<_>>(), [9]);
    kernel.interrupt(7);
    assert_eq!(kernel.dropped_interrupts, 1);
    restart(&mut kernel, 1);
    assert_eq!(kernel.task(member(1)).notifications, 0);
}

#[test]
fn an_interrupt_without_a_task_is_masked_and_counted() {
    let mut kernel = boot();
    kernel.arch.enabled.insert(30);
    kernel.interrupt(30);
    assert_eq!(kernel.dropped_interrupts, 1);
    assert!(kernel.arch.enabled.is_empty());
}

#[test]
fn an_interrupt_wakes_its_task_and_is_masked() {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    receive(&mut kernel, 0b1_0000);
    until_runs(&mut kernel, 3);
    kernel.arch.enabled.insert(7);
    kernel.interrupt(7);
    assert_eq!(kernel.current(), member(1));
    assert_eq!(results(&kernel, 1)[..3], [1, TaskId::KERNEL.0, 0b1_0000]);
    assert!(kernel.arch.enabled.is_empty());
}

#[test]
fn watchers_learn_each_death_once() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    for cause in [Cause::Faulted, Cause::Stalled] {
        kill(&mut kernel, 1, cause);
        restart(&mut kernel, 1);
    }
    until_runs(&mut kernel, 3);
    for (generation, cause) in [(0, Cause::Faulted), (1, Cause::Stalled)] {
        call(&mut kernel, Sysnum::WatchNext, &[]);
        let expect = [1, 1, Edge::Died as u32, generation, cause as u32];
        assert_eq!(results(&kernel, 3)[..5], expect);
    }
    call(&mut kernel, Sysnum::WatchNext, &[]);
    assert_eq!(results(&kernel, 3)[0], 0);
    assert_eq!(kernel.task(member(3)).notifications, 0b1000);
}

#[test]
fn a_watcher_that_dies_forgets() {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    kill(&mut kernel, 1, Cause::Faulted);
    kill(&mut kernel, 3, Cause::Faulted);
    kill(&mut kernel, 2, Cause::Faulted);
    restart(&mut kernel, 3);
    until_runs(&mut kernel, 3);
    call(&mut kernel, Sysnum::WatchNext, &[]);
    assert_eq!(results(&kernel, 3)[0], 0, "neither of its old life nor while it was down");
}

#[test]
fn timers_fire_at_the_tick_and_in_the_order_of_importance() {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    for deadline in [2500, 1000] {
        call(&mut kernel, Sysnum::SetTimer, &[1, deadline, 0, 1]);
        receive(&mut kernel, 1);
    }
    assert_eq!(kernel.current(), member(3));
    for (now_us, runs) in [(999, 3), (1000, 2), (2000, 2), (3000, 1)] {
        kernel.arch.now_us = now_us;
        kernel.tick();
        assert_eq!(kernel.current(), member(runs), "at {now_us}");
    }
}

#[test]
fn processor_time_is_right_however_long_nobody_else_runs() {
    let mut kernel = boot();
    until_runs(&mut kernel, TASKS - 1);
    // Twice what the counter of cycles holds, with not one switch.
    const RUNS_US: u64 = 500_000_000;
    const STEP_US: u64 = 50_000_000;
    for _ in 0..RUNS_US / STEP_US {
        kernel.arch.now_us += STEP_US;
        kernel.tick();
    }
    kernel.account();
    let idle = kernel.task(member(TASKS - 1));
    assert_eq!(idle.cpu_cycles, RUNS_US * u64::from(kernel.arch.cycles_per_us()));
}

#[test]
fn a_deadline_that_has_passed_is_posted_at_once() {
    let mut kernel = boot();
    kernel.arch.now_us = 700;
    call(&mut kernel, Sysnum::SetTimer, &[1, 700, 0, 0b10]);
    receive(&mut kernel, 0b10);
    assert_eq!(kernel.current(), member(0));
    assert_eq!(results(&kernel, 0)[..3], [1, TaskId::KERNEL.0, 0b10]);
    call(&mut kernel, Sysnum::GetTimer, &[]);
    assert_eq!(results(&kernel, 0), [700, 0, 0, u32::MAX, u32::MAX, 0]);
}

/// The caller's fault, nobody else's.
fn misuse(number: Sysnum, args: &[u32], wanted: FaultInfo) {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let before: Vec<_> = [0, 1, 2, 4, 5].map(|index| state(&kernel, index)).into();
    call(&mut kernel, number, args);
    assert_eq!(fault_of(&kernel, 3), Some(wanted), "{number:?} {args:x?}");
    let after: Vec<_> = [0, 1, 2, 4, 5].map(|index| state(&kernel, index)).into();
    assert_eq!(before, after, "{number:?} {args:x?}");
}

#[test]
fn misuse_faults_the_caller_and_nobody_else() {
    let usage = FaultInfo::SyscallUsage;
    let own = ram(3);
    let foreign = ram(1);
    let denied = FaultInfo::MemoryAccess { address: Some(foreign), source: FaultSource::Kernel };
    let server = TaskId::new(member(1).index(), Generation(0)).0;
    let nobody = TaskId::new(sys_abi::TaskIndex(TASKS), Generation(0)).0;
    let future = TaskId::new(member(1).index(), Generation(1)).0;
    misuse(Sysnum::Send, &[nobody], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::Send, &[future], usage(UsageError::IllegalTask));
    misuse(Sysnum::Send, &[server, 0, foreign, 1], denied);
    misuse(Sysnum::Send, &[server, 0, 0, 0, foreign, 1], denied);
    misuse(Sysnum::Send, &[server, 1 << 16, 0, 0, 0, 0, foreign], denied);
    misuse(Sysnum::Send, &[server, 1 << 16, 0, 0, 0, 0, own + 2], usage(UsageError::InvalidSlice));
    misuse(Sysnum::Recv, &[foreign, 1], denied);
    misuse(Sysnum::Recv, &[0, 0, 0, 1, nobody], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::Recv, &[0, 0, 0, 1, future], usage(UsageError::IllegalTask));
    misuse(Sysnum::Reply, &[server, 0, foreign, 1], denied);
    misuse(Sysnum::Reply, &[nobody], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::Reply, &[server, 0xffff_ffff], usage(UsageError::ReservedCode));
    misuse(Sysnum::ReplyRecv, &[server], usage(UsageError::NoRecvDescriptor));
    misuse(Sysnum::SetRecv, &[foreign, 4], denied);
    misuse(Sysnum::ReplyFault, &[server, 6], usage(UsageError::BadReplyFaultReason));
    misuse(Sysnum::ReplyFault, &[nobody, 0], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::BorrowRead, &[server, 0, 0, foreign, 1], denied);
    misuse(Sysnum::BorrowWrite, &[server, 0, 0, foreign, 1], denied);
    misuse(Sysnum::BorrowInfo, &[nobody], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::Post, &[nobody, 0], usage(UsageError::TaskOutOfRange));
    misuse(Sysnum::Post, &[server, 0b1000], usage(UsageError::PostNotAllowed));
    misuse(Sysnum::Post, &[future, 0b10], usage(UsageError::IllegalTask));
    misuse(Sysnum::IrqControl, &[1, 1], usage(UsageError::NoIrq));
    misuse(Sysnum::IrqControl, &[1, 4], usage(UsageError::NoIrq));
    misuse(Sysnum::IrqStatus, &[1], usage(UsageError::NoIrq));
    misuse(Sysnum::RefreshTaskId, &[nobody], usage(UsageError::TaskOutOfRange));
}

/// A kernel message from task 3, which has no grant.
fn kernel_misuse(op: u16, message: &[u8], error: UsageError) {
    let mut kernel = boot();
    until_runs(&mut kernel, 3);
    let base = ram(3) + 0x280;
    kernel.arch.bytes_mut(base, message.len()).copy_from_slice(message);
    let args = [TaskId::KERNEL.0, op.into(), base, message.len() as u32, base + 0x20, 0x40, 0];
    call(&mut kernel, Sysnum::Send, &args);
    assert_eq!(fault_of(&kernel, 3), Some(FaultInfo::SyscallUsage(error)), "{op} {message:?}");
}

#[test]
fn kernel_messages_need_form_range_and_grant() {
    let one = |op: Kipc, message: &[u8], error| kernel_misuse(op as u16, message, error);
    kernel_misuse(0, &[], UsageError::BadKernelMessage);
    kernel_misuse(6, &[], UsageError::BadKernelMessage);
    kernel_misuse(6, &[0; 255], UsageError::BadKernelMessage);
    kernel_misuse(6, &[0; 256], UsageError::BadKernelMessage);
    one(Kipc::ReadTaskStatus, &[0; 3], UsageError::BadKernelMessage);
    one(Kipc::ReadTaskStatus, &[0; 5], UsageError::BadKernelMessage);
    one(Kipc::ReadTaskStatus, &[0; 10], UsageError::BadKernelMessage);
    one(Kipc::ReadTaskStatus, &[TASKS, 0, 0, 0], UsageError::TaskOutOfRange);
    one(Kipc::ReadTaskStatus, &[1, 1, 0, 0], UsageError::TaskOutOfRange);
    one(Kipc::ReinitTask, &[1, 0, 0, 0, 2], UsageError::BadKernelMessage);
    one(Kipc::ReinitTask, &[0, 0, 0, 0, 1], UsageError::IllegalTask);
    one(Kipc::ReinitTask, &[3, 0, 0, 0, 1], UsageError::IllegalTask);
    one(Kipc::ReinitTask, &[1, 0, 0, 0, 1], UsageError::NotAuthorized);
    one(Kipc::KillTask, &[1, 0, 0, 0, 8], UsageError::BadKernelMessage);
    one(Kipc::KillTask, &[1, 0, 0, 0, 1], UsageError::NotAuthorized);
    one(Kipc::FaultTask, &[1, 0, 0, 0], UsageError::NotAuthorized);
    one(Kipc::SoftwareIrq, &[1, 0, 0, 0, 16, 0, 0, 0], UsageError::NotAuthorized);
    one(Kipc::PublishEdge, &[1, 0, 0, 0, 4, 0, 0, 0, 0], UsageError::BadKernelMessage);
    one(Kipc::PublishEdge, &[1, 0, 0, 0, 1, 0, 0, 0, 0], UsageError::NotAuthorized);
    one(Kipc::Reset, &[], UsageError::NotAuthorized);
}

#[test]
#[should_panic(expected = "crash of kind 3")]
fn the_supervisors_death_is_a_crash() {
    let mut kernel = boot();
    kernel.hardware_fault(FaultInfo::DivideByZero);
}

#[test]
#[should_panic(expected = "crash of kind 4")]
fn nobody_to_run_is_a_crash() {
    let mut kernel = boot();
    for _ in 0..TASKS {
        receive(&mut kernel, 0);
    }
}

#[test]
fn overlapping_buffers_cost_the_receiver_its_life() {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    call(&mut kernel, Sysnum::Recv, &[SHARED, 8, 0, 0, 0]);
    until_runs(&mut kernel, 3);
    let server = id(&kernel, 1);
    call(&mut kernel, Sysnum::Send, &[server.0, 1, SHARED + 2, 4, 0, 0, 0]);
    assert_eq!(fault_of(&kernel, 1), Some(FaultInfo::SyscallUsage(UsageError::InvalidSlice)));
    assert_eq!(results(&kernel, 3)[..4], [DEAD, 1, 0, Cause::Faulted as u32]);
    assert_eq!(kernel.current(), member(3), "it does not lose its turn to its equal");
}
