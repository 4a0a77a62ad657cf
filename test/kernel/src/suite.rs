//! A suite: the task that runs cases, one after the other, as the runner names them.
//!
//! ```text
//!   suite ── NEXT ──► runner: which case?        BEGIN: its name, the time limit starts
//!     ▲                  │                       PASSED: it is over
//!     └── restarted ◄────┘ a panic, a fault, or the time limit ends the case and this life
//! ```

use crate::protocol::{bytes, runner, word};
use userlib::{TaskIndex, slot, sys_refresh_task_id, sys_send};

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A sentence.
    pub name: &'static str,
    /// It is for images that are asked for this tag; `None` = for all.
    pub tag: Option<&'static str>,
    /// Panics to fail.
    pub run: fn(),
}

/// The main loop of a suite. `fresh` is called before each case, to make its peers anew.
///
/// # Restart
/// The next life goes on with the next case.
pub fn run(cases: &[Case], fresh: fn()) -> ! {
    loop {
        let id = ask_runner(runner::NEXT, [cases.len() as u32]);
        let Some(case) = cases.get(id as usize) else { continue };
        fresh();
        begin(id, case.name);
        (case.run)();
        ask_runner(runner::PASSED, []);
    }
}

/// The supervisor of the image.
#[must_use]
pub fn runner_index() -> TaskIndex {
    slot!("runner")
}

/// Asks the runner something that has one word as answer.
///
/// # Panics
/// If the runner is gone; the kernel resets before that.
pub fn ask_runner<const N: usize>(op: u16, words: [u32; N]) -> u32 {
    let message: [u8; 8] = bytes(words);
    let mut reply = [0; 4];
    let runner = sys_refresh_task_id(runner_index());
    assert!(sys_send(runner, op, &message[..N * 4], &mut reply, &[]).is_ok(), "the runner lives");
    word(&reply, 0)
}

/// Tells the runner what runs.
fn begin(id: u32, name: &str) {
    let mut message = [0; 100];
    message[..4].copy_from_slice(&id.to_le_bytes());
    message[4..4 + name.len()].copy_from_slice(name.as_bytes());
    let runner = sys_refresh_task_id(runner_index());
    let sent = sys_send(runner, runner::BEGIN, &message[..4 + name.len()], &mut [], &[]);
    assert!(sent.is_ok(), "the runner lives");
}
