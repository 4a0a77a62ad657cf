//! The driver against a model of bus and part: a table of registers that answers transfers.

mod enumeration;

use crate::mode::{Part, Sent};
use crate::{
    Action, CLOCK_HZ, CLOCK_RETRY_US, CLOCK_SETTLE_US, Event, LOCK_US, Look, Mode, RETRIES_MAX,
    Sensor, Transfer, Up,
};
use drv_isp_regs::sensor as regs;
use idl::types::{
    Choice, ControlId, FormatChange, FrameInterval, MbusCode, Offer, PadFormat, Rect, SensorError,
    SizeRange,
};

const GOOD: Look = Look { done: true, nak: false, arbitration_lost: false, stuck: false, data: 0 };
/// What the board wants.
const PIXEL_CLOCK_HZ: u32 = 24_000_000;
const ENABLED: u16 = 0x1F82;
const DISABLED: u16 = 0x1F80;
/// Index of the register.
const RESTART: usize = 0x0B;

struct World {
    sensor: Sensor,
    now_us: u64,
    registers: [u16; 256],
    command: Option<Transfer>,
    naks: u32,
    stuck: bool,
    /// Everything but commands.
    log: Vec<Action>,
    writes: Vec<(u8, u16)>,
}

impl World {
    fn new() -> Self {
        let mut registers = [0; 256];
        registers[0] = regs::CHIP_VERSION_VALUE;
        Self {
            sensor: Sensor::new(PIXEL_CLOCK_HZ),
            now_us: 0,
            registers,
            command: None,
            naks: 0,
            stuck: false,
            log: Vec::new(),
            writes: Vec::new(),
        }
    }

    fn serving() -> Self {
        let mut world = Self::new();
        world.up();
        assert_eq!(world.log, [Action::WantClock, Action::Ready]);
        world.log.clear();
        world
    }

    fn up(&mut self) {
        self.step(Event::Power(true));
        self.step(Event::Clock(Some(CLOCK_HZ)));
        self.pass(CLOCK_SETTLE_US);
        self.lock();
    }

    /// From the probe until it serves.
    fn lock(&mut self) {
        self.run();
        self.pass(LOCK_US);
        self.run();
    }

    fn step(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.sensor.step(self.now_us, event, &mut |action| actions.push(action));
        for action in actions {
            match action {
                Action::Command(transfer) => {
                    assert!(self.sensor.may_touch(), "no access without power");
                    assert_eq!(self.command.replace(transfer), None, "one at a time");
                }
                other => self.log.push(other),
            }
        }
    }

    fn pass(&mut self, us: u64) {
        self.now_us += us;
        self.step(Event::Timer);
    }

    /// One transfer; false if there is none.
    fn transfer(&mut self) -> bool {
        let Some(transfer) = self.command.take() else { return false };
        self.now_us += 120;
        let mut look = GOOD;
        match transfer {
            Transfer::Recover => self.stuck = false,
            _ if self.stuck => (look.arbitration_lost, look.stuck) = (true, true),
            _ if self.naks > 0 => {
                self.naks -= 1;
                look.nak = true;
            }
            Transfer::Read { index } => look.data = self.registers[usize::from(index)],
            Transfer::Write { index, value } => {
                self.registers[usize::from(index)] = value;
                if (index, value) == (regs::RESET.sensor_index(), 1) {
                    self.reset();
                }
                self.writes.push((index, value));
            }
        }
        self.step(Event::Bus(look));
        true
    }

    /// The part forgets everything.
    fn reset(&mut self) {
        for register in regs::TABLE {
            self.registers[usize::from(register.sensor_index())] = register.reset as u16;
        }
    }

    fn run(&mut self) {
        for _ in 0..100 {
            if !self.transfer() {
                return;
            }
        }
        panic!("the bus never comes to rest");
    }

    fn start(&mut self, mode: Mode) -> Result<(), SensorError> {
        let result = self.sensor.start(&mode.state());
        self.step(Event::Timer);
        result
    }

    fn stop(&mut self) {
        self.sensor.stop().expect("probed");
        self.step(Event::Timer);
    }

    fn output_control(&self) -> u16 {
        self.registers[7]
    }
}

fn small() -> Mode {
    let window = Rect { left_px: 656, top_px: 492, width_px: 1280, height_px: 960 };
    Mode { window, reduction: 8, ..Mode::DEFAULT }
}

/// The ISP was in its reset when the first life asked, and has said before that it serves.
#[test]
fn a_new_life_asks_for_the_clock_until_it_comes() {
    let mut world = World::new();
    world.step(Event::Power(true));
    for asked in 1..=3 {
        assert_eq!(world.log, [Action::WantClock].repeat(asked));
        let wake_us = world.sensor.wake_us().expect("it asks again");
        assert!(wake_us <= world.now_us + CLOCK_RETRY_US);
        world.pass(wake_us - world.now_us);
    }
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.pass(CLOCK_SETTLE_US);
    world.lock();
    assert_eq!(world.log.last(), Some(&Action::Ready));
}

#[test]
fn it_asks_for_power_then_clock_then_probes_then_says_ready() {
    let mut world = World::new();
    assert!(!world.sensor.may_touch());
    world.step(Event::Power(true));
    assert_eq!(world.log, [Action::WantClock]);
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.pass(CLOCK_SETTLE_US - 1);
    assert_eq!(world.command, None, "the part needs its clocks first");
    world.pass(1);
    assert_eq!(world.command, Some(Transfer::Recover), "the last life may have left a stuck bus");
    assert_eq!(world.sensor.known(), Err(SensorError::NotReady));
    world.run();
    assert_eq!(world.registers[0x10..=0x12], [0x51, 0x2802, 11], "the PLL locks");
    assert_eq!(world.sensor.wake_us(), Some(world.now_us + LOCK_US));
    world.pass(LOCK_US - 1);
    assert_eq!((world.command, world.log.len()), (None, 1), "it is not used before");
    world.pass(1);
    world.run();
    assert_eq!(world.registers[0x10], 0x53);
    assert_eq!(world.log, [Action::WantClock, Action::Ready]);
    assert_eq!(world.sensor.known(), Ok(()));
    assert_eq!(world.sensor.wake_us(), None);
}

#[test]
fn a_clock_that_the_pll_cannot_take_is_the_pixel_clock_and_intervals_follow_it() {
    let state = small().state();
    let mut intervals = [CLOCK_HZ, 28_800_000].map(|external_hz| {
        let mut world = World::new();
        world.step(Event::Power(true));
        world.step(Event::Clock(Some(external_hz)));
        world.pass(CLOCK_SETTLE_US);
        world.lock();
        assert_eq!(world.log.last(), Some(&Action::Ready));
        let uses_pll = regs::pll_control::USE.is_set(world.registers[0x10].into());
        assert_eq!(uses_pll, external_hz == CLOCK_HZ);
        world.sensor.frame_interval(&state).unwrap()
    });
    assert_eq!(intervals.map(|interval| interval.denominator), [PIXEL_CLOCK_HZ, 28_800_000]);
    intervals[1].denominator = PIXEL_CLOCK_HZ;
    assert_eq!(intervals[0], intervals[1], "the same pixel clocks");
}

#[test]
fn the_pixel_rate_is_the_pixel_clock_and_cannot_be_set() {
    let mut world = World::serving();
    let last = crate::controls::Control::ALL.len() as u8;
    let rate = world.sensor.query_control(last).expect("the last one");
    assert_eq!((rate.id, rate.read_only), (ControlId::PIXEL_RATE, true));
    assert_eq!([rate.minimum, rate.maximum, rate.default], [PIXEL_CLOCK_HZ as i32; 3]);
    assert_eq!(world.sensor.query_control(last + 1), Err(SensorError::NoSuchControl));
    let refused = world.sensor.set_control(ControlId::PIXEL_RATE, 1);
    assert_eq!(refused, Err(SensorError::ReadOnly));
    assert_eq!(world.sensor.get_control(ControlId::PIXEL_RATE), Ok(PIXEL_CLOCK_HZ as i32));
    assert_eq!(world.sensor.query_menu(ControlId::PIXEL_RATE, 0), Err(SensorError::NoSuchControl));
}

/// What the ISP is told, before the part is.
#[test]
fn an_exposure_longer_than_the_frame_makes_it_longer_and_stays_when_a_short_interval_is_asked_for()
{
    let mut world = World::serving();
    let state = small().state();
    assert_eq!(world.sensor.frame_us(), 0, "nothing is read out");
    world.start(small()).expect("ready");
    world.run();
    let shortest = world.sensor.frame_interval(&state).unwrap();
    assert_eq!(world.sensor.frame_us(), shortest.as_us());
    let twice = FrameInterval { numerator: 2 * shortest.numerator, ..shortest };
    assert_eq!(world.sensor.set_frame_interval(&state, twice), Ok(twice));
    assert_eq!(world.sensor.set_control(ControlId::EXPOSURE, 1459), Ok(1459));
    // 120 + 26 lines are ten times as many then.
    let long = FrameInterval { numerator: 10 * shortest.numerator, ..shortest };
    assert_eq!(world.sensor.frame_interval(&state), Ok(long));
    assert_eq!(world.sensor.frame_us(), long.as_us());
    assert_eq!(world.sensor.set_frame_interval(&state, FrameInterval::NONE), Ok(long));
    assert_eq!(world.sensor.set_frame_interval(&state, twice), Ok(long));
    assert_eq!(world.sensor.set_control(ControlId::EXPOSURE, 10), Ok(10));
    assert_eq!(world.sensor.frame_interval(&state), Ok(twice), "it was asked for");
    world.sensor.stop().expect("it runs");
    assert_eq!(world.sensor.frame_us(), 0, "nothing is to be read out any more");
}

/// YCbCr from the part that has it.
fn processed() -> Mode {
    Mode { part: Part::Processed, sent: Sent::Uyvy8, ..small() }
}

#[test]
fn each_part_sends_what_it_can() {
    let mut world = World::new();
    assert_eq!(world.sensor.default_state(), Err(SensorError::NotReady));
    world.registers[0] = regs::CHIP_VERSION_YCBCR;
    world.up();
    let default = world.sensor.default_state().expect("probed");
    assert_eq!(Mode::of(&default), Some(Mode { part: Part::Processed, ..Mode::DEFAULT }));
    assert_eq!(world.start(small()), Err(SensorError::InvalidFormat), "a state of the other part");
    assert_eq!(world.start(processed()), Ok(()));
    world.run();
    assert_eq!((world.registers[0xE0], world.output_control()), (0x1E01, ENABLED));
    let mut plain = World::serving();
    assert_eq!(plain.sensor.default_state(), Ok(Mode::DEFAULT.state()));
    assert_eq!(plain.start(processed()), Err(SensorError::InvalidFormat));
}

#[test]
fn a_part_that_has_become_another_one_ends_this_life() {
    let mut world = World::serving();
    world.step(Event::Clock(None));
    world.registers[0] = regs::CHIP_VERSION_YCBCR;
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.pass(CLOCK_SETTLE_US);
    world.run();
    assert_eq!(world.log, [Action::Give(Up::WrongPart(0x1802))]);
}

#[test]
fn another_part_or_a_silent_one_ends_this_life() {
    let mut other = World::new();
    other.registers[0] = 0x2400;
    other.up();
    assert_eq!(other.log[1..], [Action::Give(Up::WrongPart(0x2400))]);
    let mut silent = World::new();
    silent.naks = u32::MAX;
    silent.up();
    assert_eq!(silent.log[1..], [Action::Give(Up::BusBroken)]);
}

#[test]
fn a_few_missing_acknowledges_and_a_stuck_line_are_overcome() {
    let mut world = World::new();
    world.naks = u32::from(RETRIES_MAX);
    world.up();
    assert_eq!(world.log[1..], [Action::Ready]);
    world.stuck = true;
    world.start(Mode::DEFAULT).expect("ready");
    world.run();
    assert_eq!(world.output_control(), ENABLED);
}

#[test]
fn start_programs_the_window_and_enables_last_and_stop_disables() {
    let mut world = World::serving();
    world.start(small()).expect("ready");
    assert_eq!(world.start(small()), Err(SensorError::Busy));
    while world.output_control() != ENABLED {
        assert!(world.transfer(), "it was never enabled");
    }
    assert_eq!(world.registers[1..=4], [54 + 492, 16 + 656, 959, 1279]);
    assert_eq!((world.registers[0x22], world.registers[0x23]), (0x37, 0x37));
    world.stop();
    world.run();
    assert_eq!(world.output_control(), DISABLED);
    world.stop();
    assert!(!world.transfer(), "stopping twice does nothing");
}

#[test]
fn a_stop_in_the_middle_of_programming_wins() {
    let mut world = World::serving();
    world.start(small()).expect("ready");
    world.transfer();
    world.stop();
    world.run();
    assert_eq!(world.output_control(), DISABLED);
    assert!(world.writes.iter().all(|write| *write != (7, ENABLED)), "no frame begins");
}

#[test]
fn a_stop_and_a_start_with_another_mode_go_through_a_stop() {
    let mut world = World::serving();
    world.start(small()).expect("ready");
    world.run();
    world.stop();
    world.start(Mode::DEFAULT).expect("stopped");
    world.transfer();
    assert_eq!(world.output_control(), DISABLED);
    world.run();
    assert_eq!((world.output_control(), world.registers[4]), (ENABLED, 2591));
}

/// PAUSE stays in the part. Neither a rest that is given up nor a lost clock leaves it there: the part is reset
/// before it is programmed again.
#[test]
fn a_start_that_is_cut_off_while_the_part_pauses_is_made_again_to_its_end() {
    for rests in [true, false] {
        let mut world = World::serving();
        world.start(small()).expect("ready");
        world.transfer();
        assert_eq!(world.registers[RESTART], 3);
        if rests {
            world.step(Event::Rest);
            world.run();
        } else {
            world.step(Event::Clock(None));
            world.command = None;
            world.start(small()).expect_err("no clock");
            world.step(Event::Power(false));
        }
        assert_eq!((world.registers[RESTART], world.output_control()), (3, DISABLED), "{rests}");
        world.up();
        assert_eq!(world.registers[RESTART], if rests { 1 } else { 0 }, "{rests}");
        if !rests {
            world.start(small()).expect("ready");
            world.run();
        }
        assert_eq!((world.registers[RESTART], world.output_control()), (1, ENABLED), "{rests}");
    }
}

#[test]
fn a_start_whose_last_write_is_not_acknowledged_is_made_to_its_end() {
    let mut world = World::serving();
    world.start(small()).expect("ready");
    while world.output_control() != ENABLED {
        assert!(world.transfer(), "it was never enabled");
    }
    assert_eq!(world.registers[RESTART], 3, "it pauses until the last write");
    world.naks = u32::from(RETRIES_MAX);
    world.run();
    assert_eq!((world.registers[RESTART], world.output_control()), (1, ENABLED));
}

/// The bus is busy when it is told to stop: the same mode that is asked for in that time is a new stream.
#[test]
fn a_stream_that_follows_another_at_once_begins_with_a_frame_of_its_own() {
    for busy in [true, false] {
        let mut world = World::serving();
        world.start(small()).expect("ready");
        world.run();
        if busy {
            world.sensor.set_control(ControlId::GAIN, 16).expect("a control");
            world.step(Event::Timer);
        }
        world.writes.clear();
        world.stop();
        world.start(small()).expect("stopped");
        assert_eq!(world.sensor.frame_us(), 0, "the part has not been told yet");
        world.run();
        let outside = |(index, _): &&(u8, u16)| [7, RESTART as u8].contains(index);
        let told: Vec<_> = world.writes.iter().filter(outside).copied().collect();
        assert_eq!(told, [(7, DISABLED), (0x0B, 3), (7, ENABLED), (0x0B, 1)], "busy: {busy}");
        assert_ne!(world.sensor.frame_us(), 0);
    }
}

#[test]
fn a_state_that_the_array_cannot_read_out_is_refused() {
    let mut world = World::serving();
    let mut state = Mode::DEFAULT.state();
    state.source.width_px += 2;
    assert_eq!(world.sensor.start(&state), Err(SensorError::InvalidFormat));
    assert!(!world.transfer());
}

#[test]
fn controls_are_written_while_it_runs_and_kept_until_it_does() {
    let mut world = World::serving();
    assert_eq!(world.sensor.set_control(ControlId::GAIN, 33), Ok(32));
    world.step(Event::Timer);
    assert!(!world.transfer(), "it does not run");
    world.start(Mode::DEFAULT).expect("ready");
    world.run();
    assert_eq!(world.registers[0x35], 32);
    for value in [100, 200, 300] {
        world.sensor.set_control(ControlId::EXPOSURE, value).expect("a control");
        world.step(Event::Timer);
    }
    world.writes.clear();
    world.run();
    assert_eq!(world.registers[9], 300);
    assert!(world.writes.len() <= 4, "values that were never seen are not written");
    assert_eq!(world.sensor.get_control(ControlId::EXPOSURE), Ok(300));
    assert_eq!(world.sensor.get_control(ControlId(1)), Err(SensorError::NoSuchControl));
    assert_eq!(world.sensor.query_control(6), Err(SensorError::NoSuchControl));
}

#[test]
fn a_frame_interval_is_written_while_it_runs_and_kept_until_it_does() {
    const BLANK: usize = 6;
    let mut world = World::serving();
    let state = small().state();
    let shortest = world.sensor.frame_interval(&state).unwrap();
    let twice = FrameInterval { numerator: 2 * shortest.numerator, ..shortest };
    assert_eq!(world.sensor.set_frame_interval(&state, twice), Ok(twice));
    world.run();
    assert_eq!(world.registers[BLANK], 25, "nothing runs");
    world.start(small()).unwrap();
    world.run();
    let lines = small().output().height_px + 26;
    assert_eq!(world.registers[BLANK], 25 + lines);
    for (wanted, taken, blank) in [(FrameInterval::NONE, shortest, 25), (twice, twice, 25 + lines)]
    {
        assert_eq!(world.sensor.set_frame_interval(&state, wanted), Ok(taken));
        let writes = world.writes.len();
        world.step(Event::Timer);
        world.run();
        assert_eq!((world.registers[BLANK], world.writes.len() - writes), (blank, 1), "{wanted:?}");
        assert_eq!(world.sensor.frame_interval(&state), Ok(taken));
    }
    let odd = Rect { left_px: 1, ..state.crop };
    let impossible = idl::types::BlockState { crop: odd, ..state };
    let refused = Err(SensorError::InvalidFormat);
    assert_eq!(world.sensor.set_frame_interval(&impossible, FrameInterval::NONE), refused);
    assert_eq!(world.sensor.frame_interval(&state), Ok(twice), "nothing has changed");
    assert_eq!(Sensor::new(PIXEL_CLOCK_HZ).frame_interval(&state), Err(SensorError::NotReady));
}

#[test]
fn isp_died_ends_the_stream_and_its_return_probes_again() {
    let mut world = World::serving();
    world.start(Mode::DEFAULT).expect("ready");
    world.run();
    world.step(Event::Clock(None));
    assert!(world.sensor.wants_clock());
    assert_eq!(world.sensor.wake_us(), None);
    assert_eq!(world.start(Mode::DEFAULT), Err(SensorError::NotReady));
    assert_eq!(world.sensor.known(), Ok(()), "it is still the same sensor");
    world.command = None;
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.start(small()).expect("programmed after the probe");
    world.pass(CLOCK_SETTLE_US);
    world.lock();
    assert_eq!(world.log, [Action::Ready]);
    assert_eq!((world.output_control(), world.registers[4]), (ENABLED, 1279));
}

#[test]
fn isp_died_in_the_middle_of_a_transfer_leaves_nothing_behind() {
    let mut world = World::serving();
    world.start(Mode::DEFAULT).expect("ready");
    world.transfer();
    world.step(Event::Clock(None));
    world.step(Event::Bus(GOOD));
    world.pass(1_000_000);
    world.command = None;
    world.step(Event::Timer);
    assert_eq!((world.command, world.log.len()), (None, 0));
}

#[test]
fn power_off_forbids_every_access() {
    let mut world = World::serving();
    world.start(Mode::DEFAULT).expect("ready");
    world.transfer();
    world.command = None;
    world.step(Event::Power(false));
    world.pass(1_000_000);
    world.step(Event::Bus(GOOD));
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.pass(1_000_000);
    assert!(!world.sensor.may_touch());
    assert_eq!((world.command, world.sensor.wake_us()), (None, None));
}

#[test]
fn at_rest_nothing_is_touched_and_after_it_the_part_is_programmed_again() {
    let mut world = World::serving();
    world.start(small()).expect("it serves");
    world.run();
    world.sensor.set_control(ControlId::EXPOSURE, 300).expect("a control");
    world.step(Event::Timer);
    world.step(Event::Rest);
    assert!(world.sensor.may_touch(), "a transfer is on the bus");
    world.run();
    assert_eq!((world.sensor.may_touch(), world.log.as_slice()), (false, &[Action::AtRest][..]));
    assert_eq!(world.sensor.wake_us(), None);

    // The part forgets everything; what is asked for meanwhile is kept.
    world.registers[7] = DISABLED;
    world.registers[9] = 1943;
    world.step(Event::Power(false));
    world.sensor.set_control(ControlId::GAIN, 16).expect("a control");
    world.pass(10 * CLOCK_RETRY_US);
    assert_eq!((world.command, world.sensor.known()), (None, Ok(())));
    world.log.clear();
    world.step(Event::Power(true));
    world.pass(CLOCK_RETRY_US);
    assert_eq!(world.log, [Action::WantClock; 2], "the ISP was not up at first");
    world.step(Event::Clock(Some(CLOCK_HZ)));
    world.pass(CLOCK_SETTLE_US);
    world.lock();
    assert_eq!((world.output_control(), world.registers[9]), (ENABLED, 300));
    assert_eq!(world.registers[0x35], 16);
}

#[test]
fn a_stream_that_is_asked_for_or_stopped_at_rest_is_so_afterwards() {
    for start in [true, false] {
        let mut world = World::serving();
        if !start {
            world.start(Mode::DEFAULT).expect("it serves");
            world.run();
        }
        world.step(Event::Rest);
        world.step(Event::Power(false));
        if start {
            world.start(Mode::DEFAULT).expect("kept for later");
        } else {
            world.stop();
            world.registers[7] = DISABLED;
        }
        assert_eq!(world.command, None);
        world.up();
        assert_eq!(world.output_control(), if start { ENABLED } else { DISABLED });
    }
}

#[test]
fn a_rest_that_is_given_up_changes_nothing_and_the_death_of_the_isp_ends_the_stream() {
    let mut world = World::serving();
    world.start(small()).expect("it serves");
    world.step(Event::Rest);
    world.step(Event::Power(true));
    world.run();
    assert_eq!((world.output_control(), world.log.len()), (ENABLED, 0));
    world.step(Event::Rest);
    world.step(Event::Clock(None));
    assert!(!world.sensor.may_touch());
    world.registers[7] = DISABLED;
    world.up();
    assert_eq!(world.output_control(), DISABLED);
}
