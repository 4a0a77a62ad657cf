//! The camera power domain as a state machine that is driven by looking at the registers.
//!
//! ```text
//!                wanted, present                 on, clocks run, resets released
//!     Off -----------------------------> Rising ---------------------------------> On
//!      ^                                   | bound passed                         |  ^
//!      |  off, or bound passed             v              nobody wants it         |  | reset
//!      '------------------------------ Falling <----------------------------------'  | released
//!      ^                                                                          |  |
//!      '--- the domain is off by itself: unplugged, or the kill switch ---   Quiescing
//! ```
//! # Rest: off without a death
//! A client that needs no register for a while (no stream, or an operator suspends) says that it is
//! at rest and keeps its wish. While one is at rest the state is *suspending*: the others are asked
//! to come to rest too. After the last one the domain falls; a wish brings it up again, all are told,
//! and each driver restores its registers. The same life of the same task goes on, so nobody is told
//! of a disconnect. A suspend that a client does not follow within [`SUSPEND_US`] is given up, because
//! cutting the power under a driver would end its life.
//!
//! Each look compares what should be with what is and makes the next write; the same look made
//! twice writes the same. So nothing depends on which interrupt came, or how often.
//!
//! Quiescing the ISP: deny bus requests; wait for DMA idle, at most [`IDLE_US`]; assert its reset in
//! any case, so that the next life finds reset state; still not idle after [`RESET_US`]: domain
//! off. Quiescing the sensor: reset it and its bus. A domain that is off is quiet.

use crate::presence::{Pin, Presence, Report};
use crate::wishes::Wishes;
use drv_isp_regs::prcm;
use idl::types::{PendingQuiesce, PowerState};
use sys_abi::{Generation, TaskId, TaskIndex};

/// Bound from switching on to clocks and resets settled, in microseconds. Settling takes
/// `SETTLE_LINES` lines of 50 us, and four looks at the registers; ten times the sum is broken.
pub const RISE_US: u64 = 20_000;
/// Bound of switching off, in microseconds.
pub const FALL_US: u64 = 10_000;
/// Pause before another try to switch on, in microseconds.
pub const RETRY_US: u64 = 100_000;
/// Longest wait for DMA to become idle by itself, in microseconds. Denied requests end within a
/// device line.
pub const IDLE_US: u64 = 10_000;
/// Longest wait for DMA to become idle under reset, in microseconds.
pub const RESET_US: u64 = 5_000;
/// Longest wait for clients to come to rest before a suspend is given up, in microseconds. A stream
/// may take a second for its last frame (the stop limit of the ISP's driver).
pub const SUSPEND_US: u64 = 1_500_000;
/// Longest time between two looks, in microseconds: an edge of the presence pin whose interrupt is lost
/// is found by then.
pub const PRESENCE_US: u64 = 100_000;
/// Time between two looks while something is going on, in microseconds.
pub const POLL_US: u64 = 1_000;

/// All clocks that the camera needs.
pub const CLOCKS: u32 = prcm::clock::CAM_ICK.mask()
    | prcm::clock::CAM_MCLK.mask()
    | prcm::clock::CSI2_96M.mask()
    | prcm::clock::L3_ICK.mask();
/// All resets.
pub const RESETS: u32 =
    prcm::reset::ISP.mask() | prcm::reset::SENSOR.mask() | prcm::reset::BUS.mask();
/// The resets that make the ISP forget a life.
pub const ISP_RESET: u32 = prcm::reset::ISP.mask();
/// The resets that make the sensor forget a life.
pub const SENSOR_RESET: u32 = prcm::reset::SENSOR.mask() | prcm::reset::BUS.mask();

/// What one look at the registers gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The presence pin.
    pub pin: Pin,
    /// POWER_STATUS.STATE: one of `prcm::STATE_*`.
    pub domain: u32,
    /// CLOCK_STATUS.
    pub clocks: u32,
    /// RESET_STATUS.
    pub resets: u32,
    /// DMA_STATUS.IDLE.
    pub dma_idle: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An interrupt, the timer, or another look after writes.
    Look(Look),
    /// The life of a client ended.
    Died {
        /// Whose.
        task: TaskIndex,
        /// Which.
        generation: Generation,
    },
    /// The supervisor waits for this hardware to be quiet.
    Pending(PendingQuiesce),
}

/// What to do, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write POWER_CONTROL.
    Power(bool),
    /// Write CLOCK_ENABLE.
    Clocks(u32),
    /// Write RESET_CONTROL.
    Resets(u32),
    /// Write BUS_CTRL.DENY.
    Deny(bool),
    /// Tell the supervisor about the module.
    Present(Report),
    /// Shut the windows of this life, tell the supervisor that it is quiet, pull the next one.
    Quiet(PendingQuiesce),
    /// Post the change to all who want power.
    Announce(PowerState),
}

/// Which part of the domain a task owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Isp,
    Sensor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// What an earlier life of power left behind; nothing of it is used.
    Adopting,
    Off {
        not_before_us: u64,
    },
    Rising {
        until_us: u64,
    },
    On,
    /// Bus denied, waiting for idle.
    Draining {
        until_us: u64,
    },
    /// Under reset, waiting for idle.
    Resetting {
        until_us: u64,
    },
    Falling {
        until_us: u64,
    },
}

/// What an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspend {
    No,
    /// The clients are coming to rest.
    Asked {
        until_us: u64,
    },
    Yes,
}

/// The state of power.
#[derive(Clone, Copy, Debug)]
pub struct Power {
    isp: TaskIndex,
    state: State,
    presence: Presence,
    wishes: Wishes,
    suspend: Suspend,
    pending: Option<PendingQuiesce>,
    announced: Option<PowerState>,
}

impl Power {
    /// A life of power adopts no hardware state: it begins by switching off. `isp` is the task
    /// whose death concerns the DMA engines.
    #[must_use]
    pub const fn new(isp: TaskIndex) -> Self {
        Self {
            isp,
            state: State::Adopting,
            presence: Presence::Unknown,
            wishes: Wishes::NONE,
            suspend: Suspend::No,
            pending: None,
            announced: None,
        }
    }

    /// Takes one event and says what to do. After any write look again: at most [`LOOKS_MAX`] times.
    pub fn step(&mut self, now_us: u64, event: Event, act: &mut dyn FnMut(Action)) {
        match event {
            Event::Look(look) => self.look(now_us, &look, act),
            Event::Died { task, generation } => self.wishes.release(task, generation),
            Event::Pending(pending) => self.pending = Some(pending),
        }
    }

    /// A client wants power, or no longer; the next look acts on it. False: too many clients.
    pub fn wish(&mut self, client: TaskId, on: bool) -> bool {
        if on && self.suspend == Suspend::No {
            // Those who are at rest are wanted too: they are told that the domain is on.
            self.wishes.wake();
        }
        self.wishes.set(client, on)
    }

    /// A client has come to rest; the next look acts on it.
    pub fn rest(&mut self, client: TaskId) {
        self.wishes.rest(client);
    }

    /// An operator suspends, or resumes; the next look acts on it.
    pub fn suspend(&mut self, now_us: u64, on: bool) {
        match (on, self.suspend) {
            (true, Suspend::No) => {
                let until_us = now_us.saturating_add(SUSPEND_US);
                self.suspend = Suspend::Asked { until_us };
            }
            (false, Suspend::Asked { .. } | Suspend::Yes) => {
                self.suspend = Suspend::No;
                self.wishes.wake();
            }
            (true, _) | (false, Suspend::No) => {}
        }
    }

    /// The state as clients know it.
    #[must_use]
    pub fn state(&self) -> PowerState {
        match self.state {
            _ if !self.presence.is_present() => PowerState::Absent,
            State::Adopting | State::Off { .. } | State::Falling { .. } => match self.suspend {
                Suspend::Yes => PowerState::Suspended,
                Suspend::No | Suspend::Asked { .. } => PowerState::Off,
            },
            State::Rising { .. } => PowerState::Rising,
            State::On if self.suspend != Suspend::No || self.wishes.any_at_rest() => {
                PowerState::Suspending
            }
            State::On => PowerState::On,
            State::Draining { .. } | State::Resetting { .. } => PowerState::Quiescing,
        }
    }

    /// Whether the next look needs the identity of the module even if the pin did not change.
    #[must_use]
    pub fn wants_identity(&self) -> bool {
        !self.presence.is_present()
    }

    /// Those who want power.
    pub fn clients(&self) -> impl Iterator<Item = TaskId> {
        self.wishes.iter()
    }

    /// When to look next if no interrupt comes, in microseconds since boot; at the latest after
    /// [`PRESENCE_US`].
    #[must_use]
    pub fn wake_us(&self, now_us: u64) -> u64 {
        let poll_us = Some(now_us.saturating_add(POLL_US));
        let state_us = match self.state {
            State::Off { not_before_us } if self.wanted() => Some(not_before_us.max(now_us)),
            State::Off { .. } => None,
            State::On if self.pending.is_none() => match self.suspend {
                Suspend::Asked { until_us } => Some(until_us.max(now_us)),
                Suspend::No | Suspend::Yes => None,
            },
            _ => poll_us,
        };
        let debounce_us = match self.presence {
            Presence::Bouncing { until_us } => Some(until_us),
            _ => None,
        };
        let presence_us = now_us.saturating_add(PRESENCE_US);
        let earlier_us = [state_us, debounce_us, self.pending.and(poll_us)].into_iter().flatten();
        earlier_us.fold(presence_us, u64::min)
    }

    fn wanted(&self) -> bool {
        self.presence.is_present() && self.suspend == Suspend::No && self.wishes.any_awake()
    }

    fn look(&mut self, now_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        if let Some(report) = self.presence.look(now_us, look.pin) {
            act(Action::Present(report));
        }
        self.notice_loss(now_us, look, act);
        self.drive(now_us, look, act);
        self.settle(look, act);
        if self.announced != Some(self.state()) {
            self.announced = Some(self.state());
            act(Action::Announce(self.state()));
        }
    }

    /// Unplugged or cut by the kill switch: the domain is off although nobody here asked for it.
    fn notice_loss(&mut self, now_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        let up = matches!(self.state, State::On | State::Draining { .. } | State::Resetting { .. });
        let rising = matches!(self.state, State::Rising { .. });
        let absent = !self.presence.is_present();
        if (up && look.domain != prcm::STATE_ON) || ((up || rising) && absent) {
            self.fall(now_us, act);
        }
    }

    fn drive(&mut self, now_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        match self.state {
            State::Off { not_before_us } if self.wanted() && now_us >= not_before_us => {
                self.state = State::Rising { until_us: now_us.saturating_add(RISE_US) };
                act(Action::Power(true));
            }
            State::Off { .. } => self.nobody_to_wait_for(),
            State::Rising { until_us } => self.rise(now_us, until_us, look, act),
            State::On => self.serve(now_us, act),
            State::Draining { until_us } if look.dma_idle || now_us >= until_us => {
                self.state = State::Resetting { until_us: now_us.saturating_add(RESET_US) };
                act(Action::Resets(ISP_RESET));
            }
            State::Draining { .. } => {}
            State::Resetting { until_us } => self.reset(now_us, until_us, look, act),
            State::Falling { until_us } if look.domain == prcm::STATE_OFF || now_us >= until_us => {
                self.state = State::Off { not_before_us: now_us };
            }
            State::Falling { .. } => {}
            State::Adopting => self.fall(now_us, act),
        }
    }

    fn rise(&mut self, now_us: u64, until_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        if now_us >= until_us || !self.wanted() {
            self.fall(now_us, act);
            if now_us >= until_us {
                self.state = State::Off { not_before_us: now_us.saturating_add(RETRY_US) };
            }
        } else if look.domain != prcm::STATE_ON {
            // Voltage is still rising.
        } else if look.clocks != CLOCKS {
            act(Action::Clocks(CLOCKS));
        } else if look.resets != 0 {
            act(Action::Resets(0));
        } else {
            act(Action::Deny(false));
            self.wishes.wake();
            self.state = State::On;
        }
    }

    /// A suspend of a domain that is off is done.
    fn nobody_to_wait_for(&mut self) {
        if matches!(self.suspend, Suspend::Asked { .. }) {
            self.suspend = Suspend::Yes;
        }
    }

    fn serve(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        match self.pending.map(|pending| self.part(pending.task)) {
            Some(Part::Isp) => {
                self.state = State::Draining { until_us: now_us.saturating_add(IDLE_US) };
                act(Action::Deny(true));
            }
            Some(Part::Sensor) => {
                act(Action::Resets(SENSOR_RESET));
                act(Action::Resets(0));
            }
            None if !self.wishes.any_awake() => self.fall(now_us, act),
            None => match self.suspend {
                Suspend::Asked { until_us } if now_us >= until_us => self.suspend(now_us, false),
                Suspend::No | Suspend::Asked { .. } | Suspend::Yes => {}
            },
        }
    }

    fn reset(&mut self, now_us: u64, until_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        if look.dma_idle && look.resets & ISP_RESET != 0 {
            if self.pending.is_some_and(|pending| self.part(pending.task) == Part::Isp) {
                self.report(act);
            }
            act(Action::Resets(0));
            act(Action::Deny(false));
            self.state = State::On;
        } else if now_us >= until_us {
            self.fall(now_us, act);
        }
    }

    fn fall(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        self.nobody_to_wait_for();
        for action in
            [Action::Deny(true), Action::Resets(RESETS), Action::Clocks(0), Action::Power(false)]
        {
            act(action);
        }
        self.state = State::Falling { until_us: now_us.saturating_add(FALL_US) };
    }

    /// Reports what is quiet without a procedure: a sensor that was reset in this very look, and
    /// anything on a domain that is not up.
    fn settle(&mut self, look: &Look, act: &mut dyn FnMut(Action)) {
        let Some(pending) = self.pending else { return };
        let quiet = match (self.state, self.part(pending.task)) {
            (State::On, part) => part == Part::Sensor,
            (State::Adopting | State::Draining { .. } | State::Resetting { .. }, _) => false,
            (State::Off { .. } | State::Rising { .. } | State::Falling { .. }, _) => look.dma_idle,
        };
        if quiet {
            self.report(act);
        }
    }

    fn report(&mut self, act: &mut dyn FnMut(Action)) {
        if let Some(pending) = self.pending.take() {
            act(Action::Quiet(pending));
        }
    }

    fn part(&self, task: TaskIndex) -> Part {
        if task == self.isp { Part::Isp } else { Part::Sensor }
    }
}

/// Most looks in a row after writes; from off to on it takes five.
pub const LOOKS_MAX: usize = 8;
