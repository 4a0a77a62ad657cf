//! The runner: task 0 of the suite image. It names the case to run, ends one that hangs, sees
//! faults, prints the results, and resets the machine at the end.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::misbehave::{Kind, perform};
use test_kernel::protocol::{bytes, runner, wanted, word};
use test_kernel::report::{self, Sums};
use test_kernel::uart::Uart;
use userlib::{
    Cause, Message, Received, TaskIndex, TaskState, kipc, notification, sys_get_timer,
    sys_recv_open, sys_reply, sys_set_timer,
};

userlib::entry!(main);

/// Longest name of a case, in bytes.
const NAME_BYTES: usize = 96;

/// The case that runs.
struct Running {
    id: u32,
    name: [u8; NAME_BYTES],
    name_len: usize,
}

struct Runner {
    uart: Uart,
    suite: TaskIndex,
    limit_us: u64,
    /// Which cases are to run ([`wanted`]).
    wanted: &'static [u8],
    running: Option<Running>,
    next: u32,
    sums: Sums,
    notes: u32,
    auto_restart: bool,
}

fn main() -> ! {
    let mut runner = Runner {
        // SAFETY: app.toml gives this task the UART, and no other.
        uart: unsafe { Uart::new(userlib::peripheral!("uart0")) },
        suite: TaskIndex(userlib::config_u32!("suite") as u8),
        limit_us: u64::from(userlib::config_u32!("case_limit_ms")) * 1000,
        wanted: parameters(),
        running: None,
        next: 0,
        sums: Sums::default(),
        notes: 0,
        auto_restart: false,
    };
    let mask = notification!("fault") | notification!("case_timer");
    let mut buffer = [0; NAME_BYTES + 4];
    loop {
        match sys_recv_open(&mut buffer, mask) {
            Received::Notification(bits) => runner.notified(bits),
            Received::Message(message) => {
                let len = message.len.min(buffer.len());
                runner.asked(message, &buffer[..len]);
            }
        }
    }
}

/// The block that the loader of the emulator left.
fn parameters() -> &'static [u8] {
    let (base, bytes) = userlib::region!("parameters");
    // SAFETY: the region is mapped read-only for this task, and nothing writes it while tasks run.
    unsafe { userlib::arch::linked_bytes(base as u32, bytes as u32) }
}

impl Runner {
    fn notified(&mut self, bits: u32) {
        if bits & notification!("case_timer") != 0 && self.running.is_some() {
            self.finish(false, b"time limit");
            self.stop_everybody();
        }
        if bits & notification!("fault") != 0 {
            self.notes |= bits;
            self.look_for_the_dead();
        }
    }

    /// Whoever hogs the processor. The suite's next life makes its peers anew; idle, the last task,
    /// cannot do harm.
    fn stop_everybody(&mut self) {
        for index in 1..userlib::task_count!() - 1 {
            kipc::kill_task(TaskIndex(index as u8), Cause::Stalled);
        }
    }

    fn look_for_the_dead(&mut self) {
        let mut first = TaskIndex(1);
        while let Some(task) = kipc::find_faulted_task(first) {
            if task == self.suite {
                self.suite_died();
            } else if self.auto_restart {
                kipc::reinit_task(task, true);
            }
            first = TaskIndex(task.0 + 1);
        }
    }

    /// A case that panics or faults has failed; the suite's next life runs the next one.
    fn suite_died(&mut self) {
        let mut text = [0; 128];
        let detail = match kipc::read_panic_message(self.suite, &mut text) {
            Ok(text) => text,
            Err(_) if matches!(kipc::read_task_status(self.suite), TaskState::Healthy(_)) => {
                b"the suite was stopped"
            }
            Err(_) => b"the suite faulted",
        };
        self.finish(false, detail);
        self.auto_restart = false;
        kipc::reinit_task(self.suite, true);
    }

    fn finish(&mut self, passed: bool, detail: &[u8]) {
        let Some(running) = self.running.take() else { return };
        sys_set_timer(None, 0);
        let name = &running.name[..running.name_len];
        report::case(&mut self.uart, name, running.id, passed, detail);
        if passed {
            self.sums.ok += 1;
        } else {
            self.sums.failed += 1;
        }
    }

    fn asked(&mut self, message: Message, body: &[u8]) {
        match message.op {
            runner::NEXT => self.next(message, word(body, 0)),
            runner::BEGIN => self.begin(message, body),
            runner::PASSED => {
                self.finish(true, b"");
                sys_reply(message.sender, 0, &[]);
            }
            runner::READ_AND_CLEAR_NOTES => {
                let notes: [u8; 4] = bytes([self.notes]);
                self.notes = 0;
                sys_reply(message.sender, 0, &notes);
            }
            runner::AUTO_RESTART => {
                self.auto_restart = word(body, 0) != 0;
                sys_reply(message.sender, 0, &[]);
            }
            runner::HANG => perform(Kind::Spin, 0),
            runner::BABBLE => loop {
                report::begin(&mut self.uart, b"nonsense", u32::MAX);
            },
            _ => sys_reply(message.sender, 1, &[]),
        }
    }

    fn next(&mut self, message: Message, case_count: u32) {
        let Some(id) = wanted::nth(self.wanted, self.next, case_count) else {
            self.sums.cases = self.next;
            report::sums(&mut self.uart, self.sums);
            kipc::reset();
        };
        self.next += 1;
        sys_reply(message.sender, 0, &bytes::<1, 4>([id]));
    }

    fn begin(&mut self, message: Message, body: &[u8]) {
        let text = body.get(4..).unwrap_or(&[]);
        let mut running =
            Running { id: word(body, 0), name: [0; NAME_BYTES], name_len: text.len() };
        running.name[..text.len()].copy_from_slice(text);
        report::begin(&mut self.uart, text, running.id);
        self.running = Some(running);
        self.notes = 0;
        let deadline_us = sys_get_timer().now_us + self.limit_us;
        sys_set_timer(Some(deadline_us), notification!("case_timer"));
        sys_reply(message.sender, 0, &[]);
    }
}
