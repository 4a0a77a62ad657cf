//! Kernel IPC: one function per op of [`sys_abi::Kipc`].
//!
//! The kernel is a peer that never dies, so nothing here returns a death record. Misuse (an index
//! out of range, missing authority) faults the caller.

use crate::answers::Reader;
use crate::sys_send;
use hubpack::SerializedSize;
use sys_abi::{Cause, Edge, Generation, Kipc, TaskId, TaskIndex, TaskState, TaskStats};

/// Why there is no panic text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPanicMessage {
    /// The task has not panicked.
    NotPanicked,
    /// It panicked with a buffer that is not its own.
    BadBuffer,
}

/// What `task` does, or what it died of.
#[must_use]
pub fn read_task_status(task: TaskIndex) -> TaskState {
    ask::<_, { TaskState::MAX_SIZE }>(Kipc::ReadTaskStatus, &index(task), |answer| answer.state())
}

/// Ends the present life of `task` if there is one, and makes the next one; starts it if asked.
pub fn reinit_task(task: TaskIndex, start: bool) {
    let [a, b, c, d] = index(task);
    tell(Kipc::ReinitTask, &[a, b, c, d, start.into()]);
}

/// Faults `task`.
pub fn fault_task(task: TaskIndex) {
    tell(Kipc::FaultTask, &index(task));
}

/// First eight bytes of the image id.
#[must_use]
pub fn read_image_id() -> u64 {
    ask::<_, 8>(Kipc::ReadImageId, &[], |answer| answer.long())
}

/// Resets the machine.
pub fn reset() -> ! {
    loop {
        tell(Kipc::Reset, &[]);
    }
}

/// Pends the interrupts of `task` behind the notification bits in `mask`.
pub fn software_irq(task: TaskIndex, mask: u32) {
    tell(Kipc::SoftwareIrq, &pair(task, mask));
}

/// The first faulted task at `first` or behind it. Task 0 is never found: its fault is a reset.
#[must_use]
pub fn find_faulted_task(first: TaskIndex) -> Option<TaskIndex> {
    let found = ask::<_, 4>(Kipc::FindFaultedTask, &index(first), |answer| answer.word());
    (found != 0).then_some(TaskIndex(found as u8))
}

/// The text that `task` panicked with, as far as `text` holds it.
///
/// # Errors
/// See [`NoPanicMessage`].
pub fn read_panic_message(task: TaskIndex, text: &mut [u8]) -> Result<&[u8], NoPanicMessage> {
    match send(Kipc::ReadPanicMessage, &index(task), text) {
        (0, len) => Ok(text.get(..len).unwrap_or(&[])),
        (1, _) => Err(NoPanicMessage::NotPanicked),
        _ => Err(NoPanicMessage::BadBuffer),
    }
}

/// Ends the life of `task` with `cause`, which its peers are told. Nothing happens if it is down.
pub fn kill_task(task: TaskIndex, cause: Cause) {
    let [a, b, c, d] = index(task);
    tell(Kipc::KillTask, &[a, b, c, d, cause as u8]);
}

/// Posts `edge` of life `generation` of `task` to all its watchers.
pub fn publish_edge(task: TaskIndex, edge: Edge, generation: Generation) {
    let [a, b, c, d] = index(task);
    let [e, f, g, h] = generation.0.to_le_bytes();
    tell(Kipc::PublishEdge, &[a, b, c, d, edge as u8, e, f, g, h]);
}

/// Counters and stamps of `task`.
#[must_use]
pub fn read_task_stats(task: TaskIndex) -> TaskStats {
    ask::<_, { TaskStats::MAX_SIZE }>(Kipc::ReadTaskStats, &index(task), |answer| answer.stats())
}

fn index(task: TaskIndex) -> [u8; 4] {
    u32::from(task.0).to_le_bytes()
}

fn pair(task: TaskIndex, second: u32) -> [u8; 8] {
    let [a, b, c, d] = index(task);
    let [e, f, g, h] = second.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

fn send(op: Kipc, msg: &[u8], reply: &mut [u8]) -> (u32, usize) {
    match sys_send(TaskId::KERNEL, op as u16, msg, reply, &[]) {
        Ok(answer) => answer,
        Err(_) => unreachable!("the kernel does not die"),
    }
}

fn tell(op: Kipc, msg: &[u8]) {
    send(op, msg, &mut []);
}

fn ask<T, const BYTES: usize>(
    op: Kipc,
    msg: &[u8],
    decode: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> T {
    let mut reply = [0; BYTES];
    send(op, msg, &mut reply);
    match decode(&mut Reader(&reply)) {
        Some(value) => value,
        None => unreachable!("kernel and task share one ABI crate"),
    }
}
