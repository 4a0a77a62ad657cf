//! The host bridge as a task: slots, dispatch, the story every 10 ms, and requests of the host.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod mmio;

use idl::ctl::{INCOMING_BYTES, InOrderCtlImpl, dispatch};
use idl::idol_runtime::R;
use idl::types::{CtlError, Picture, TaskIndex};
use idl::{CallInfo, Leased, RequestError, power, supervisor};
use mmio::Registers;
use task_ctl::{HostLink, LINE_BYTES, Request, story};
use userlib::{notification, slot};

userlib::entry!(main);

/// Between two looks at the story, in microseconds.
const STORY_US: u64 = 10_000;
/// Most events per look, so that lines of others get through; a look is due again at once then.
const EVENTS_MAX: usize = 16;
/// Most looks at the end of a run, in which the story may still grow.
const LAST_LOOKS: u32 = 16;

struct Server {
    host: HostLink<Registers>,
    supervisor: supervisor::Client,
    power: TaskIndex,
    /// Number of the next event of the story.
    cursor: u32,
    buffer: [u8; LINE_BYTES],
}

impl Server {
    /// Passes on what is new in the story. Gives whether there may be more.
    fn pump(&mut self) -> bool {
        for _ in 0..EVENTS_MAX {
            // Without a supervisor the kernel resets the machine.
            let Ok(Some(event)) = self.supervisor.next_event(self.cursor) else { return false };
            self.cursor = event.number.wrapping_add(1);
            let length = story::line(&event, &mut self.buffer);
            // A line that the host does not take is lost; nobody waits for it.
            let _ = self.host.line(&self.buffer[..length]);
        }
        true
    }

    /// Passes on what the host asks. What becomes of it is in the story.
    fn serve_request(&mut self) {
        if let Some(request) = self.host.request() {
            // A power that is gone forgets a suspend; the host sees that it does not come.
            let _ = power::Client::to(self.power).suspend(request == Request::Suspend);
        }
        userlib::sys_irq_control(notification!("host_request"), true);
    }

    fn pump_and_sleep(&mut self) {
        let pause_us = if self.pump() { 0 } else { STORY_US };
        let next_us = userlib::sys_get_timer().now_us + pause_us;
        userlib::sys_set_timer(Some(next_us), notification!("timer"));
    }
}

impl InOrderCtlImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("timer") | notification!("host_request")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & notification!("host_request") != 0 {
            self.serve_request();
        }
        self.pump_and_sleep();
    }

    fn line(&mut self, _: &CallInfo, text: Leased<R, [u8]>) -> Result<(), RequestError<CtlError>> {
        let length = text.len().min(LINE_BYTES);
        text.read_range(0, &mut self.buffer[..length])?;
        Ok(self.host.line(&self.buffer[..length])?)
    }

    fn picture(&mut self, _: &CallInfo, picture: Picture) -> Result<(), RequestError<CtlError>> {
        Ok(self.host.picture(picture)?)
    }

    fn finish(&mut self, _: &CallInfo, code: u8) -> Result<(), RequestError<CtlError>> {
        let mut looks = 0..LAST_LOOKS;
        while self.pump() && looks.next().is_some() {}
        Ok(self.host.finish(code)?)
    }
}

fn main() -> ! {
    let mut registers = Registers::mapped();
    registers.hear_requests();
    let mut server = Server {
        host: HostLink::new(registers),
        supervisor: supervisor::Client::to(slot!("supervisor")),
        power: slot!("power"),
        cursor: 0,
        buffer: [0; LINE_BYTES],
    };
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = server.supervisor.ready();
    // Also for what was asked before this life began.
    server.serve_request();
    server.pump_and_sleep();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        dispatch(&mut incoming, &mut server);
    }
}
