//! What cases are made of: fresh peers, requests, expectations.

use crate::misbehave::Kind;
use crate::protocol::{BUFFER_BYTES, assist, bytes, client, runner, word};
pub use crate::suite::{ask_runner, runner_index};
use sys_abi::{FaultInfo, SchedState, Sysnum, TaskState, UsageError};
use userlib::{
    Received, TaskId, TaskIndex, kipc, notification, slot, sys_get_timer, sys_recv_closed,
    sys_recv_notification, sys_refresh_task_id, sys_reply, sys_send, sys_set_timer, sys_watch_next,
};

/// Positions in `app.toml` of the tasks that the suite may not send to.
pub const SUITE: TaskIndex = TaskIndex(1);
/// The more important of the clients.
pub const CLIENT0: TaskIndex = TaskIndex(3);
/// Two equals.
pub const CLIENT1: TaskIndex = TaskIndex(4);
/// Two equals.
pub const CLIENT2: TaskIndex = TaskIndex(5);
/// Never started.
pub const ABSENT: TaskIndex = TaskIndex(6);

/// The server.
pub fn assist_index() -> TaskIndex {
    slot!("assist")
}

/// Makes assist, the generated server and the clients anew, and forgets what they did.
pub fn fresh() {
    for task in [assist_index(), idol_index(), CLIENT0, CLIENT1, CLIENT2] {
        kipc::reinit_task(task, true);
    }
    while sys_watch_next().is_some() {}
    sys_set_timer(None, 0);
}

/// What the runner has seen since the case began, or since the last call.
pub fn runner_notes() -> u32 {
    ask_runner(runner::READ_AND_CLEAR_NOTES, [])
}

/// The server with a generated stub.
pub fn idol_index() -> TaskIndex {
    slot!("idol")
}

/// The id of assist's present life.
pub fn assist_id() -> TaskId {
    sys_refresh_task_id(assist_index())
}

/// An answer of assist.
pub struct Answer {
    /// Its code.
    pub code: u32,
    /// Its bytes.
    pub bytes: [u8; BUFFER_BYTES],
    /// How many.
    pub len: usize,
}

impl Answer {
    /// Word `index`.
    pub fn word(&self, index: usize) -> u32 {
        word(&self.bytes, index)
    }
}

/// Asks assist, which must answer.
pub fn ask<const N: usize>(op: u16, words: [u32; N]) -> Answer {
    ask_lending(op, words, &[])
}

/// The same, with leases.
pub fn ask_lending<const N: usize>(
    op: u16,
    words: [u32; N],
    leases: &[userlib::Lease<'_>],
) -> Answer {
    let message: [u8; 32] = bytes(words);
    let mut reply = [0; BUFFER_BYTES];
    match sys_send(assist_id(), op, &message[..N * 4], &mut reply, leases) {
        Ok((code, len)) => Answer { code, bytes: reply, len },
        Err(_) => panic!("assist did not answer"),
    }
}

/// Lets assist misbehave after it has answered.
pub fn misbehave(kind: Kind, argument: u32) {
    ask(assist::MISBEHAVE, [kind as u32, argument]);
}

/// Lets assist make a system call after it has answered.
pub fn assist_calls(number: u32, args: [u32; 7]) {
    let [a, b, c, d, e, f, g] = args;
    ask(assist::REPLY_THEN_CALL, [number, a, b, c, d, e, f, g]);
}

/// Lets assist make a system call and tell its results.
pub fn assist_call_results(number: Sysnum, args: [u32; 7]) -> [u32; 6] {
    let [a, b, c, d, e, f, g] = args;
    let answer = ask(assist::CALL_THEN_REPLY, [number as u32, a, b, c, d, e, f, g]);
    core::array::from_fn(|index| answer.word(index))
}

/// Lets assist make a system call that must end its life with this usage error.
pub fn assist_misuses(number: Sysnum, args: [u32; 7], error: UsageError) {
    assist_calls(number as u32, args);
    expect_assist_fault(FaultInfo::SyscallUsage(error));
}

/// Where assist's buffer is.
pub fn assist_buffer() -> u32 {
    ask(assist::WHERE, []).word(0)
}

/// Where assist's code is (an address in it, without the Thumb bit).
pub fn assist_code() -> u32 {
    ask(assist::WHERE, []).word(2) & !1
}

/// How assist's life ended: with what, and that it was running then.
pub fn assist_fault() -> FaultInfo {
    match kipc::read_task_status(assist_index()) {
        TaskState::Faulted { fault, original_state: SchedState::Runnable } => fault,
        TaskState::Faulted { .. } => panic!("assist faulted in another state"),
        TaskState::Healthy(_) => panic!("assist is healthy"),
    }
}

/// Assist's life must have ended like that.
pub fn expect_assist_fault(wanted: FaultInfo) {
    assert!(assist_fault() == wanted, "another fault");
}

/// What a task does.
pub fn state(task: TaskIndex) -> TaskState {
    kipc::read_task_status(task)
}

/// Lets less important tasks run for two ticks.
pub fn let_others_run() {
    sleep_us(2000);
}

/// Sleeps at least that long.
pub fn sleep_us(duration_us: u64) {
    let mask = notification!("timer");
    sys_set_timer(Some(sys_get_timer().now_us + duration_us), mask);
    sys_recv_notification(mask);
}

/// A client task, by remote control.
pub struct Client {
    /// Its present life.
    pub id: TaskId,
    /// A buffer of its own, [`BUFFER_BYTES`] long.
    pub buffer: u32,
    asks: bool,
    results: [u32; 6],
}

impl Client {
    /// The present life of that client, waiting for its first order.
    pub fn new(index: TaskIndex) -> Self {
        let id = sys_refresh_task_id(index);
        let mut client = Self { id, buffer: 0, asks: false, results: [0; 6] };
        client.wait();
        client
    }

    fn wait(&mut self) {
        if self.asks {
            return;
        }
        let mut report = [0; 32];
        match sys_recv_closed(&mut report, 0, self.id) {
            Ok(Received::Message(message)) => assert!(message.op == client::NEXT, "a question"),
            _ => panic!("the client died"),
        }
        self.results = core::array::from_fn(|index| word(&report, index));
        self.buffer = word(&report, 6);
        self.asks = true;
    }

    /// Orders a system call. It is made when this task waits for something.
    pub fn call(&mut self, number: Sysnum, args: [u32; 7]) {
        self.order(number as u32, args);
    }

    /// Orders it to spin for ever.
    pub fn spin(&mut self) {
        self.order(client::SPIN, [0; 7]);
    }

    /// Orders what [`client`] lists, or a system call.
    pub fn order(&mut self, number: u32, args: [u32; 7]) {
        self.wait();
        let [a, b, c, d, e, f, g] = args;
        let command: [u8; 32] = bytes([number, a, b, c, d, e, f, g]);
        sys_reply(self.id, 0, &command);
        self.asks = false;
    }

    /// Puts bytes into its buffer: it gets them as an answer from us.
    pub fn fill(&mut self, bytes: &[u8]) {
        let own = sys_refresh_task_id(SUITE);
        let (buffer, len) = (self.buffer, bytes.len() as u32);
        self.call(Sysnum::Send, [own.0, client::FILL.into(), 0, 0, buffer, len, 0]);
        let asked = sys_recv_closed(&mut [], 0, self.id);
        assert!(
            matches!(asked, Ok(Received::Message(message)) if message.op == client::FILL),
            "it asks"
        );
        sys_reply(self.id, 0, bytes);
    }

    /// Orders a SEND without bytes.
    pub fn send(&mut self, target: TaskId, op: u16) {
        self.call(Sysnum::Send, [target.0, op.into(), 0, 0, 0, 0, 0]);
    }

    /// Waits for the results of the call.
    pub fn results(&mut self) -> [u32; 6] {
        self.wait();
        self.results
    }
}
