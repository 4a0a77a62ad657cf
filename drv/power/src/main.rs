#![cfg_attr(target_os = "none", no_std, no_main)]
//! Performs what [`drv_power`] decides: looks at registers, writes them, tells, posts.

mod mmio;

use core::convert::Infallible;
use drv_power::{Action, Event, LOOKS_MAX, Power, Report};
use idl::types::{Note, PendingQuiesce, PowerError, PowerState};
use idl::{CallInfo, RequestError, frames, power, supervisor};
use mmio::Prcm;
use sys_abi::{Edge, ReplyFaultReason, TaskIndex};

userlib::entry!(main);

/// Each pull ends one life's quiesce, and there are no more tasks than this.
const PULLS_MAX: usize = sys_abi::MAX_TASKS;

fn main() -> ! {
    let mut prcm = Prcm::at(userlib::peripheral!("prcm"));
    prcm.enable_interrupts();
    userlib::sys_irq_control(userlib::notification!("presence_irq"), true);
    let supervisor = supervisor::Client::to(userlib::slot!("supervisor"));
    let mut server = Server { power: Power::new(isp()), prcm, supervisor };
    server.look();
    server.pull();
    // Without a supervisor the machine resets, and nobody is left to be told.
    let _ = server.supervisor.ready();
    let mut incoming = [0; power::INCOMING_BYTES];
    loop {
        power::dispatch(&mut incoming, &mut server);
    }
}

/// The first task of the domain owns the DMA engines.
fn isp() -> TaskIndex {
    let domain = userlib::config_u32s!("domain");
    TaskIndex(domain.first().map_or(u8::MAX, |task| *task as u8))
}

/// What a step has done.
struct Done {
    /// The hardware may look different now.
    wrote: bool,
    /// Somebody is quiet.
    quiet: bool,
}

struct Server {
    power: Power,
    prcm: Prcm,
    supervisor: supervisor::Client,
}

impl Server {
    /// Looks at the hardware until there is nothing to write, then sleeps until the timer.
    fn look(&mut self) {
        for _ in 0..LOOKS_MAX {
            let look = self.prcm.look(self.power.wants_identity());
            if !self.step(Event::Look(look)) {
                break;
            }
        }
        let now_us = userlib::sys_get_timer().now_us;
        userlib::sys_set_timer(Some(self.power.wake_us(now_us)), userlib::notification!("timer"));
    }

    /// One step; true if the hardware may look different now. When it has made somebody quiet, the
    /// next one who is pending has his step as well: one after the other, so that the stack has a
    /// bound.
    fn step(&mut self, event: Event) -> bool {
        let Done { wrote, mut quiet } = self.act(event);
        for _ in 0..PULLS_MAX {
            if !quiet {
                break;
            }
            let Some(pending) = self.pending() else { break };
            quiet = self.act(Event::Pending(pending)).quiet;
        }
        wrote
    }

    fn act(&mut self, event: Event) -> Done {
        let now_us = userlib::sys_get_timer().now_us;
        let Self { power, prcm, supervisor } = self;
        let (mut wrote, mut quiet, mut news) = (false, false, None);
        power.step(now_us, event, &mut |action| {
            wrote |= !matches!(action, Action::Present(_) | Action::Announce(_));
            match action {
                Action::Power(on) => prcm.power(on),
                Action::Clocks(clocks) => prcm.clocks(clocks),
                Action::Resets(resets) => prcm.resets(resets),
                Action::Deny(deny) => prcm.deny(deny),
                Action::Present(report) => tell_presence(supervisor, report),
                Action::Quiet(pending) => {
                    tell_quiet(supervisor, pending);
                    quiet = true;
                }
                Action::Announce(state) => news = Some(state),
            }
        });
        if let Some(state) = news {
            self.announce(state);
        }
        Done { wrote, quiet }
    }

    /// Asks for the next hardware to be made quiet; the next look works on it.
    fn pull(&mut self) {
        if let Some(pending) = self.pending() {
            self.step(Event::Pending(pending));
        }
    }

    fn pending(&self) -> Option<PendingQuiesce> {
        self.supervisor.pending_quiesce().ok().flatten()
    }

    fn announce(&self, state: PowerState) {
        let _ = self.supervisor.note(Note::Power(state));
        for client in self.power.clients() {
            // A client that is gone needs no news.
            let _ = userlib::sys_post(client, userlib::post_mask!("power_edge"));
        }
    }

    fn drain_watches(&mut self) {
        while let Some(event) = userlib::sys_watch_next() {
            if event.edge == Edge::Died {
                self.step(Event::Died { task: event.peer, generation: event.generation });
            }
        }
    }
}

/// Kills the drivers of a lost module before this returns: nobody touches a register after that.
fn tell_presence(supervisor: &supervisor::Client, report: Report) {
    let _ = match report {
        Report::Lost => supervisor.presence(false, 0),
        Report::Found(module) => supervisor.presence(true, module),
    };
}

fn tell_quiet(supervisor: &supervisor::Client, pending: PendingQuiesce) {
    let PendingQuiesce { task, generation } = pending;
    // Without a living ledger the windows stay open in front of hardware that is quiet.
    let frames = frames::Client::to(userlib::slot!("frames"));
    if let Ok(count @ 1..) = frames.shut_windows(task, generation) {
        let _ = supervisor.note(Note::WindowsShut { count });
    }
    // A refusal means that the switch was faster.
    let _ = supervisor.quiesced(task, generation);
}

impl power::InOrderPowerImpl for Server {
    fn notification_mask(&self) -> u32 {
        userlib::notification!("quiesce")
            | userlib::notification!("presence_irq")
            | userlib::notification!("timer")
            | userlib::notification!("client_edge")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & userlib::notification!("client_edge") != 0 {
            self.drain_watches();
        }
        if bits & userlib::notification!("quiesce") != 0 {
            self.pull();
        }
        self.look();
        if bits & userlib::notification!("presence_irq") != 0 {
            userlib::sys_irq_control(userlib::notification!("presence_irq"), true);
        }
    }

    fn request(
        &mut self,
        call: &CallInfo,
        on: bool,
    ) -> Result<PowerState, RequestError<Infallible>> {
        if !self.power.wish(call.sender, on) {
            return Err(RequestError::Fault(ReplyFaultReason::AccessViolation));
        }
        self.look();
        Ok(self.power.state())
    }

    fn rest(&mut self, call: &CallInfo) -> Result<PowerState, RequestError<Infallible>> {
        self.power.rest(call.sender);
        self.look();
        Ok(self.power.state())
    }

    fn suspend(
        &mut self,
        call: &CallInfo,
        on: bool,
    ) -> Result<PowerState, RequestError<PowerError>> {
        let operators = userlib::config_u32s!("operators");
        if !operators.contains(&u32::from(call.sender.index().0)) {
            return Err(PowerError::NotAllowed.into());
        }
        self.power.suspend(userlib::sys_get_timer().now_us, on);
        self.look();
        Ok(self.power.state())
    }

    fn state(&mut self, _: &CallInfo) -> Result<PowerState, RequestError<Infallible>> {
        Ok(self.power.state())
    }
}
