//! What kernel operations cost, in guest instructions.
//!
//! Under `-icount shift=6` with one core running, an instruction takes exactly 64 ns of virtual
//! time, so a duration is a number of instructions. A batch of operations is timed inside of one
//! kernel tick, so that no tick is counted; the best of [`ROUNDS`] batches is divided by the number
//! of operations, after the cost of an empty batch is taken off.

use userlib::{Lease, TaskId, sys_get_timer, sys_post, sys_send};

/// Largest message, in bytes.
pub const PAYLOAD_BYTES: usize = 64;

/// Op of the server: echo.
pub const OP_ECHO: u16 = 0;

/// Op of the server: borrow 64 bytes from lease 0, then echo.
pub const OP_BORROW: u16 = 1;

/// Bit of the server's only notification.
pub const WAKE: u32 = 1;

/// Batches of which the best counts.
pub const ROUNDS: u32 = 24;

/// Nanoseconds of virtual time per instruction at `shift=6`.
const NS_PER_INSTRUCTION: u64 = 64;

const TICK_US: u64 = 1000;

/// One row.
pub struct Row {
    /// As in the project's table of figures.
    pub id: &'static str,
    /// Operations per batch: as many as fit in a tick.
    pub operations: u32,
    /// One operation.
    pub operation: fn(TaskId),
}

/// All rows.
pub const ROWS: &[Row] = &[
    Row { id: "sys.get_timer", operations: 100, operation: get_timer },
    Row { id: "ipc.rt.0_0", operations: 16, operation: round_trip::<0> },
    Row { id: "ipc.rt.4_4", operations: 16, operation: round_trip::<4> },
    Row { id: "ipc.rt.64_64", operations: 12, operation: round_trip::<64> },
    Row { id: "ipc.rt.lease64", operations: 12, operation: round_trip_lease },
    Row { id: "post.wake", operations: 16, operation: wake },
];

fn get_timer(_server: TaskId) {
    let _state = sys_get_timer();
}

/// What is sent and lent; word-aligned, in this task's data.
static PAYLOAD: [[u8; 4]; PAYLOAD_BYTES / 4] = [[7; 4]; PAYLOAD_BYTES / 4];

fn round_trip<const BYTES: usize>(server: TaskId) {
    let message = &PAYLOAD.as_flattened()[..BYTES];
    let mut reply = [0u8; BYTES];
    let _answer = sys_send(server, OP_ECHO, message, &mut reply, &[]);
}

fn round_trip_lease(server: TaskId) {
    let lease = [Lease::read(PAYLOAD.as_flattened())];
    let mut reply = [0u8; 4];
    let _answer = sys_send(server, OP_BORROW, &[0; 4], &mut reply, &lease);
}

fn wake(server: TaskId) {
    let _posted = sys_post(server, WAKE);
}

/// Calls one operation. A function of its own, so that a stream of executed instructions shows where
/// each operation begins and ends (`cargo xtask bench`); an empty batch pays for the call, too.
#[inline(never)]
fn operate(operation: fn(TaskId), server: TaskId) {
    operation(server);
}

/// Microseconds that a batch takes, if no tick came in between.
fn batch_us(server: TaskId, operation: fn(TaskId), operations: u32) -> Option<u64> {
    // Right behind a tick there is the longest time to the next.
    let mut start_us = sys_get_timer().now_us;
    let tick = start_us / TICK_US;
    while start_us / TICK_US == tick {
        start_us = sys_get_timer().now_us;
    }
    let before_us = sys_get_timer().now_us;
    for _ in 0..operations {
        operate(operation, server);
    }
    let after_us = sys_get_timer().now_us;
    (after_us / TICK_US == before_us / TICK_US).then_some(after_us - before_us)
}

fn best_us(server: TaskId, operation: fn(TaskId), operations: u32) -> Option<u64> {
    (0..ROUNDS).filter_map(|_| batch_us(server, operation, operations)).min()
}

/// Instructions per operation, rounded; `None` if no batch fits in a tick.
#[must_use]
pub fn instructions(server: TaskId, row: &Row) -> Option<u32> {
    let empty_us = best_us(server, |_| {}, row.operations)?;
    let used_us = best_us(server, row.operation, row.operations)?;
    let used_ns = used_us.saturating_sub(empty_us) * 1000;
    let per_batch = used_ns / NS_PER_INSTRUCTION;
    u32::try_from((per_batch + u64::from(row.operations / 2)) / u64::from(row.operations)).ok()
}
