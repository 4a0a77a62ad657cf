//! The host bridge as a task: slots, dispatch, and the story every 10 ms.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod mmio;

use idl::ctl::{INCOMING_BYTES, InOrderCtlImpl, dispatch};
use idl::idol_runtime::R;
use idl::types::{CtlError, Picture};
use idl::{CallInfo, Leased, RequestError, supervisor};
use mmio::Registers;
use task_ctl::{HostLink, LINE_BYTES, story};
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

    fn pump_and_sleep(&mut self) {
        let pause_us = if self.pump() { 0 } else { STORY_US };
        let next_us = userlib::sys_get_timer().now_us + pause_us;
        userlib::sys_set_timer(Some(next_us), notification!("timer"));
    }
}

impl InOrderCtlImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("timer")
    }

    fn handle_notification(&mut self, _bits: u32) {
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
    let mut server = Server {
        host: HostLink::new(Registers::mapped()),
        supervisor: supervisor::Client::to(slot!("supervisor")),
        cursor: 0,
        buffer: [0; LINE_BYTES],
    };
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = server.supervisor.ready();
    server.pump_and_sleep();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        dispatch(&mut incoming, &mut server);
    }
}
