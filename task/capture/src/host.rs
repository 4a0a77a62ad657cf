//! The host behind `ctl`.

use idl::ctl;
use idl::types::{Disconnect, Picture, TaskIndex};
use idol_runtime::ipc;
use task_capture::lines::{self, Line};
use task_client::{Failure, Frame, Step};

/// What this task tells the host, and how many pictures it has sent.
pub struct Host {
    ctl: TaskIndex,
    pictures: bool,
    number: u32,
}

impl Host {
    /// The host behind this bridge. `pictures`: whether it wants the pixels.
    pub fn new(ctl: TaskIndex, pictures: bool) -> Self {
        Self { ctl, pictures, number: 0 }
    }

    /// Writes a line. A line that the host does not take is lost: streaming goes on without it.
    pub fn line(&mut self, line: &Line) {
        let _ = ctl::Client::to(self.ctl).line(line.text());
    }

    /// Sends a frame's pixels, if the host wants them. Gives the number under which it has them.
    pub fn picture(&mut self, frame: &Frame<'_>) -> Option<u32> {
        if !self.pictures {
            return None;
        }
        let (address, bytes) = (frame.address() as u32, frame.pixels().len() as u32);
        let picture = Picture { number: self.number, address, bytes };
        ctl::Client::to(self.ctl).picture(picture).ok()?;
        self.number += 1;
        Some(picture.number)
    }

    /// Says what happened.
    pub fn event(&mut self, kind: &str, count: Option<u32>, error: Option<u16>) {
        self.line(&lines::event(kind, now_us(), count, error));
    }

    /// Says what was measured, and what was set after it.
    pub fn auto(&mut self, step: &Step) {
        self.line(&lines::auto(now_us(), step));
    }

    /// Says which call was disconnected, and by whose death.
    pub fn disconnected(&mut self, call: &str, record: Disconnect) {
        self.line(&lines::disconnected(now_us(), call, record));
    }

    /// Says which call failed before a stream was there.
    pub fn failed(&mut self, call: &str, failure: Failure) {
        match failure {
            ipc::Error::Op(error) => self.event(call, None, Some(error.into())),
            // Streams have said it already.
            ipc::Error::Disconnected(record) if call == "setup" => self.disconnected(call, record),
            ipc::Error::Disconnected(_) => {}
        }
    }

    /// Ends the run.
    pub fn finish(&mut self, code: u8) -> ! {
        let _ = ctl::Client::to(self.ctl).finish(code);
        loop {
            userlib::sys_recv_notification(0);
        }
    }
}

fn now_us() -> u64 {
    userlib::sys_get_timer().now_us
}
