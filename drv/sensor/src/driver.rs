//! The sensor from power to frames, as a state machine.
//!
//! ```text
//!         power on          clock runs            settled         answered, reset, PLL locked
//!   Dark ---------> Unclocked -------> Settling ----------> Probing ----------> Serving
//!    ^                ^                   |                    |                   |
//!    |  power off     |    clock lost     |                    |                   |
//!    '----------------+-------------------+--------------------+-------------------'
//!
//!                            asked to rest, bus idle                power on: as from Dark
//!     any but Dark ------------------------------------> Rested -----------------------> Unclocked
//! ```
//! What clients ask for is a target (a mode, or nothing), and what the part does is brought to it
//! write by write while the bus is idle. So a call never waits for the bus, and a stop and a start
//! that overtake each other end in what was asked for last. A stop is told in any case: the start after it
//! begins with a frame of its own.
//!
//! | call | Dark, Rested, Unclocked | Settling, Probing | Serving |
//! |---|---|---|---|
//! | describe, default_state, adjust, controls | NotReady before the first probe, else served | same | served |
//! | start | NotReady in Dark, and when the clock was lost; else programmed after the probe | programmed after the probe | programmed |
//! | stop | nothing to stop | forgets the target | programmed |
//!
//! While it rests the domain may lose its power. Target and controls are kept, and after power is back
//! the part is probed and programmed again: so the driver restores what the part has forgotten, and
//! its clients see no more than a pause.
//!
//! The clock comes from the ISP: when it is lost, the stream is over and the part is probed again
//! when the clock is back. A bus that stays broken, or a part that is another one, ends this life:
//! the supervisor knows what to do with a task that cannot do its work.

use crate::bus::{Bus, Look, Transfer, Verdict};
use crate::controls::{Control, Controls, pixel_rate};
use crate::mode::{self, Mode, Part};
use crate::pixel_clock::PixelClock;
use crate::program::Program;
use crate::timing;
use drv_isp_regs::sensor as regs;
use idl::types::{
    BlockState, Choice, ControlDescription, ControlId, FormatChange, FrameInterval, Name, Offer,
    PadFormat, SensorError,
};

/// From the clock's start to the first transfer, in microseconds (MT9P031: 850 clocks; a
/// millisecond is 20 times that at 21.6 MHz).
pub const CLOCK_SETTLE_US: u64 = 1_000;

/// From the PLL's factors to its use, in microseconds.
pub const LOCK_US: u64 = regs::pll::LOCK_US as u64;

/// Between two questions for the clock after a rest, in microseconds: the ISP restores itself first.
pub const CLOCK_RETRY_US: u64 = 5_000;

/// The clock to ask for: 172.8 MHz / 8, as boards with this part and the OMAP3 do.
pub const CLOCK_HZ: u32 = 21_600_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The camera domain is on, or not any more.
    Power(bool),
    /// The camera domain wants to be switched off for a while.
    Rest,
    /// The ISP supplies the clock, of so many Hz, or not any more.
    Clock(Option<u32>),
    /// A look at the bus controller.
    Bus(Look),
    /// Time has passed.
    Timer,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the ISP for [`CLOCK_HZ`].
    WantClock,
    /// Command the bus controller.
    Command(Transfer),
    /// Tell power that no register is touched until it says that the domain is on.
    AtRest,
    /// Tell the supervisor that this life serves.
    Ready,
    /// End this life.
    Give(Up),
}

/// Why this life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// The bus stays broken after all retries.
    BusBroken,
    /// The part says that it is another one.
    WrongPart(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Dark,
    /// The domain may lose its power; target and controls are kept.
    Rested,
    /// `again_us`: when to ask for the clock again; `None` after it was lost.
    Unclocked {
        again_us: Option<u64>,
    },
    Settling {
        until_us: u64,
    },
    Recovering,
    Identifying,
    Resetting,
    /// The PLL is not to be used before.
    Locking {
        until_us: u64,
    },
    Switching,
    Serving,
}

/// The sensor.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    phase: Phase,
    /// The pixel clock that the board wants, in Hz.
    wanted_hz: u32,
    /// The one that there is, of the clock that was given last.
    clock: PixelClock,
    bus: Bus,
    /// What answered the first probe.
    part: Part,
    program: Program,
    /// What clients want.
    target: Option<Mode>,
    /// What the part was told last.
    running: Option<Mode>,
    /// It is to be told to stop before anything else, also if the same mode is wanted again by then: a new
    /// stream begins with a frame of its own.
    stop_wanted: bool,
    controls: Controls,
    /// Bit n: control n of [`Control::ALL`] is not in the part yet.
    dirty: u8,
    /// How often clients want a frame.
    interval: FrameInterval,
    /// The part has not been told yet.
    interval_is_new: bool,
    /// Probed at least once in this life.
    identified: bool,
    /// To come to rest as soon as the bus is idle.
    rest_wanted: bool,
}

impl Sensor {
    /// Before power; with a pixel clock as near as possible to this, in Hz.
    #[must_use]
    pub const fn new(pixel_clock_hz: u32) -> Self {
        Self {
            phase: Phase::Dark,
            wanted_hz: pixel_clock_hz,
            clock: PixelClock { hz: CLOCK_HZ, pll: None },
            bus: Bus::IDLE,
            part: Part::Plain,
            program: Program::EMPTY,
            target: None,
            running: None,
            stop_wanted: false,
            controls: Controls::DEFAULT,
            dirty: 0,
            interval: FrameInterval::NONE,
            interval_is_new: false,
            identified: false,
            rest_wanted: false,
        }
    }

    /// Takes one event and says what to do.
    pub fn step(&mut self, now_us: u64, event: Event, act: &mut dyn FnMut(Action)) {
        match event {
            Event::Power(on) => self.power(now_us, on, act),
            Event::Rest => self.rest_wanted = true,
            Event::Clock(Some(external_hz)) if self.wants_clock() => {
                self.clock = PixelClock::nearest(external_hz, self.wanted_hz);
                self.phase = Phase::Settling { until_us: now_us.saturating_add(CLOCK_SETTLE_US) };
            }
            Event::Clock(Some(_)) => {}
            Event::Clock(None) => match self.phase {
                Phase::Dark => {}
                Phase::Rested => self.lose(Phase::Rested),
                _ => self.lose(Phase::Unclocked { again_us: None }),
            },
            Event::Bus(look) => self.bus_event(now_us, &look, act),
            Event::Timer => {}
        }
        self.advance(now_us, act);
    }

    /// Whether the bus controller answers: no access to it otherwise.
    #[must_use]
    pub fn may_touch(&self) -> bool {
        !matches!(self.phase, Phase::Dark | Phase::Rested)
    }

    /// Whether it waits for the clock.
    #[must_use]
    pub fn wants_clock(&self) -> bool {
        matches!(self.phase, Phase::Unclocked { .. })
    }

    /// When to take a look if no interrupt comes, in microseconds since boot.
    #[must_use]
    pub fn wake_us(&self) -> Option<u64> {
        match self.phase {
            Phase::Settling { until_us } | Phase::Locking { until_us } => Some(until_us),
            Phase::Unclocked { again_us } => again_us,
            _ => self.bus.wake_us(),
        }
    }

    /// Whether there is something to describe.
    ///
    /// # Errors
    /// `NotReady` before the first probe.
    pub fn known(&self) -> Result<(), SensorError> {
        if self.identified { Ok(()) } else { Err(SensorError::NotReady) }
    }

    /// The state before anybody sets one.
    ///
    /// # Errors
    /// `NotReady` before the first probe.
    pub fn default_state(&self) -> Result<BlockState, SensorError> {
        self.known()?;
        Ok(Mode { part: self.part, ..Mode::DEFAULT }.state())
    }

    /// Reads out `state` as soon as the bus allows. Step with [`Event::Timer`] afterwards.
    ///
    /// # Errors
    /// `NotReady`, `InvalidFormat` (adjust it first), `Busy` (stop it first).
    pub fn start(&mut self, state: &BlockState) -> Result<(), SensorError> {
        self.known()?;
        if matches!(self.phase, Phase::Dark | Phase::Unclocked { again_us: None }) {
            return Err(SensorError::NotReady);
        }
        let mode = Mode::of(state).filter(|mode| mode.part == self.part);
        let mode = mode.ok_or(SensorError::InvalidFormat)?;
        if self.target.is_some() {
            return Err(SensorError::Busy);
        }
        self.target = Some(mode);
        Ok(())
    }

    /// Stops at the end of the frame. Stopping what is stopped is fine. Step with
    /// [`Event::Timer`] afterwards.
    ///
    /// # Errors
    /// `NotReady` before the first probe.
    pub fn stop(&mut self) -> Result<(), SensorError> {
        self.known()?;
        self.target = None;
        if self.running.is_some() {
            // What it was being told means nothing any more: a frame that had not begun never will, and the
            // next start tells it everything.
            self.program = Program::EMPTY;
            self.stop_wanted = true;
        }
        Ok(())
    }

    /// The control at a position.
    ///
    /// # Errors
    /// `NotReady`, `NoSuchControl`.
    pub fn query_control(&self, index: u8) -> Result<ControlDescription, SensorError> {
        self.known()?;
        match Control::ALL.get(usize::from(index)) {
            Some(control) => Ok(control.description()),
            None if usize::from(index) == Control::ALL.len() => Ok(pixel_rate(self.clock.hz)),
            None => Err(SensorError::NoSuchControl),
        }
    }

    /// The name of an item of a menu.
    ///
    /// # Errors
    /// `NotReady`; `NoSuchControl` also if it is no menu, or has no such item.
    pub fn query_menu(&self, id: ControlId, index: u32) -> Result<Name, SensorError> {
        self.known()?;
        let item = Control::from_id(id).and_then(|control| control.item(index));
        item.ok_or(SensorError::NoSuchControl)
    }

    /// The value of a control.
    ///
    /// # Errors
    /// `NotReady`, `NoSuchControl`.
    pub fn get_control(&self, id: ControlId) -> Result<i32, SensorError> {
        self.known()?;
        if id == ControlId::PIXEL_RATE {
            return Ok(pixel_rate(self.clock.hz).default);
        }
        let control = Control::from_id(id).ok_or(SensorError::NoSuchControl)?;
        Ok(self.controls.get(control))
    }

    /// Sets a control and gives the value that the part has. Step with [`Event::Timer`] afterwards.
    ///
    /// # Errors
    /// `NotReady`, `NoSuchControl`, `ReadOnly`.
    pub fn set_control(&mut self, id: ControlId, value: i32) -> Result<i32, SensorError> {
        self.known()?;
        if id == ControlId::PIXEL_RATE {
            return Err(SensorError::ReadOnly);
        }
        let control = Control::from_id(id).ok_or(SensorError::NoSuchControl)?;
        self.dirty |= bit(control);
        Ok(self.controls.set(control, value))
    }

    /// How often there is a frame of `state`.
    ///
    /// # Errors
    /// `NotReady` before the first probe; `InvalidFormat` (adjust it first).
    pub fn frame_interval(&self, state: &BlockState) -> Result<FrameInterval, SensorError> {
        self.known()?;
        let mode = Mode::of(state).ok_or(SensorError::InvalidFormat)?;
        Ok(self.interval_of(&mode))
    }

    /// How long a frame takes with what was asked for last, in microseconds; 0 = none is to be read out, or the
    /// part has not been told to.
    #[must_use]
    pub fn frame_us(&self) -> u32 {
        let mode = self.running.filter(|_| !self.stop_wanted);
        mode.map_or(0, |mode| self.interval_of(&mode).as_us())
    }

    fn interval_of(&self, mode: &Mode) -> FrameInterval {
        let exposure_lines = self.controls.get(Control::Exposure) as u32;
        timing::interval(mode, self.clock.hz, self.vertical_blank(mode), exposure_lines)
    }

    fn vertical_blank(&self, mode: &Mode) -> u16 {
        timing::vertical_blank(mode, self.clock.hz, self.interval)
    }

    /// Asks for frames this often, in every mode, and gives what comes of it in `state`. Step with
    /// [`Event::Timer`] afterwards: a running part takes it at a frame start.
    ///
    /// # Errors
    /// As [`Sensor::frame_interval`]; then nothing has changed.
    pub fn set_frame_interval(
        &mut self,
        state: &BlockState,
        wanted: FrameInterval,
    ) -> Result<FrameInterval, SensorError> {
        self.frame_interval(state)?;
        (self.interval, self.interval_is_new) = (wanted, true);
        self.frame_interval(state)
    }

    /// A code that can be sent, and its sizes.
    ///
    /// # Errors
    /// `NotReady` before the first probe; `InvalidFormat` after the last, and for one that cannot be sent.
    pub fn enumerate(&self, state: &BlockState, choice: Choice) -> Result<Offer, SensorError> {
        self.known()?;
        mode::enumerate(state, choice).ok_or(SensorError::InvalidFormat)
    }

    /// A frame interval that `state` has once it is changed to `format`, the shortest first.
    ///
    /// # Errors
    /// `NotReady` before the first probe; `InvalidFormat` after the last, and if the array cannot read out
    /// that format.
    pub fn enumerate_interval(
        &self,
        state: &BlockState,
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, SensorError> {
        self.known()?;
        let state = mode::adjust(state, &FormatChange::Format { pad: 0, format });
        Mode::of(&state)
            .filter(|mode| mode.output() == format)
            .and_then(|mode| timing::nth(&mode, self.clock.hz, index))
            .ok_or(SensorError::InvalidFormat)
    }

    fn power(&mut self, now_us: u64, on: bool, act: &mut dyn FnMut(Action)) {
        match (on, self.phase) {
            (true, Phase::Dark | Phase::Rested) => {
                // The ISP may be in its reset, and says once in its life that it serves.
                let again_us = Some(now_us.saturating_add(CLOCK_RETRY_US));
                self.phase = Phase::Unclocked { again_us };
                act(Action::WantClock);
            }
            (true, _) | (false, Phase::Rested) => {}
            (false, _) => self.lose(Phase::Dark),
        }
        // Whatever it was, it is over.
        self.rest_wanted = false;
    }

    /// Nothing is on the bus: the part may lose its power.
    fn come_to_rest(&mut self, act: &mut dyn FnMut(Action)) {
        self.phase = Phase::Rested;
        self.program = Program::EMPTY;
        self.forget_running();
        self.rest_wanted = false;
        act(Action::AtRest);
    }

    /// Power or clock is gone: whatever the part did, it does no more.
    fn lose(&mut self, phase: Phase) {
        self.phase = phase;
        self.bus = Bus::IDLE;
        self.program = Program::EMPTY;
        self.target = None;
        self.forget_running();
    }

    /// The part reads out nothing, or is told to.
    fn forget_running(&mut self) {
        (self.running, self.stop_wanted) = (None, false);
    }

    fn bus_event(&mut self, now_us: u64, look: &Look, act: &mut dyn FnMut(Action)) {
        match self.bus.look(now_us, look) {
            Verdict::Waiting => {}
            Verdict::Again(transfer) => act(Action::Command(transfer)),
            Verdict::GaveUp => act(Action::Give(Up::BusBroken)),
            Verdict::Finished(data) => self.finished(now_us, data, act),
        }
    }

    fn finished(&mut self, now_us: u64, data: u16, act: &mut dyn FnMut(Action)) {
        match self.phase {
            Phase::Recovering => {
                self.phase = Phase::Identifying;
                let index = regs::CHIP_VERSION.sensor_index();
                self.begin(now_us, Transfer::Read { index }, act);
            }
            Phase::Identifying => match Part::of_version(data) {
                // A life is that of one part: what clients were told stays true.
                Some(part) if !self.identified || part == self.part => {
                    self.part = part;
                    self.phase = Phase::Resetting;
                    self.program = Program::reset(self.clock.pll);
                }
                _ => act(Action::Give(Up::WrongPart(data))),
            },
            _ => {}
        }
    }

    /// Begins what can begin now.
    fn advance(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        if self.rest_wanted && self.bus.is_idle() && self.may_touch() {
            return self.come_to_rest(act);
        }
        match self.phase {
            Phase::Unclocked { again_us: Some(again_us) } if now_us >= again_us => {
                let again_us = Some(now_us.saturating_add(CLOCK_RETRY_US));
                self.phase = Phase::Unclocked { again_us };
                act(Action::WantClock);
            }
            Phase::Settling { until_us } if now_us >= until_us => {
                self.phase = Phase::Recovering;
                self.begin(now_us, Transfer::Recover, act);
            }
            Phase::Resetting if self.bus.is_idle() => {
                if self.write_next(now_us, act) {
                    return;
                }
                match self.clock.pll {
                    Some(_) => {
                        let until_us = now_us.saturating_add(LOCK_US);
                        self.phase = Phase::Locking { until_us };
                    }
                    None => self.begin_to_serve(now_us, act),
                }
            }
            Phase::Locking { until_us } if now_us >= until_us => {
                self.phase = Phase::Switching;
                self.program = Program::use_pll();
                self.write_next(now_us, act);
            }
            Phase::Switching if self.bus.is_idle() => self.begin_to_serve(now_us, act),
            Phase::Serving if self.bus.is_idle() => self.serve(now_us, act),
            _ => {}
        }
    }

    fn begin_to_serve(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        self.phase = Phase::Serving;
        self.identified = true;
        act(Action::Ready);
        self.serve(now_us, act);
    }

    fn serve(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        if self.write_next(now_us, act) {
            return;
        }
        match (self.running, self.target) {
            (Some(_), _) if self.stop_wanted => {
                self.forget_running();
                self.program = Program::stop();
            }
            (None, Some(mode)) => {
                self.running = Some(mode);
                (self.dirty, self.interval_is_new) = (0, false);
                let blank = self.vertical_blank(&mode);
                self.program = Program::start(&mode, &self.controls, blank);
            }
            // Controls of a part that does not run are written when it starts.
            (None, None) => {}
            (Some(mode), _) if self.interval_is_new => {
                self.interval_is_new = false;
                self.program = Program::blanking(self.vertical_blank(&mode));
            }
            (Some(_), _) => {
                let dirty =
                    Control::ALL.into_iter().find(|control| self.dirty & bit(*control) != 0);
                let Some(control) = dirty else { return };
                self.dirty &= !bit(control);
                self.program = Program::set(control, &self.controls);
            }
        }
        self.write_next(now_us, act);
    }

    fn write_next(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) -> bool {
        let Some(write) = self.program.take() else { return false };
        self.begin(now_us, Transfer::Write { index: write.index, value: write.value }, act);
        true
    }

    fn begin(&mut self, now_us: u64, transfer: Transfer, act: &mut dyn FnMut(Action)) {
        self.bus.begin(now_us, transfer);
        act(Action::Command(transfer));
    }
}

const fn bit(control: Control) -> u8 {
    1 << control as u8
}
