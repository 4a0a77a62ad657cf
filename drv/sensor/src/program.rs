//! Register writes to be made over the control bus, in order.

use crate::controls::{Control, Controls, flip_word, gain_word, pattern_word};
use crate::mode::Mode;
use crate::pixel_clock::Pll;
use drv_isp_regs::{Register, sensor as regs};

/// Most writes that wait: a whole mode with all controls.
pub const WRITES_MAX: usize = 24;

/// One register write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Register index.
    pub index: u8,
    /// Value.
    pub value: u16,
}

impl Write {
    const NONE: Self = Self { index: 0, value: 0 };
}

/// Writes in order.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    writes: [Write; WRITES_MAX],
    next: usize,
    count: usize,
}

impl Program {
    /// Nothing to write.
    pub const EMPTY: Self = Self { writes: [Write::NONE; WRITES_MAX], next: 0, count: 0 };

    /// All registers to their defaults (a running part stops); then the PLL gets its power and its factors,
    /// if there is to be one.
    #[must_use]
    pub fn reset(pll: Option<Pll>) -> Self {
        use regs::{pll_config_1, pll_config_2};
        let mut program = Self::EMPTY;
        program.push(&regs::RESET, 1);
        program.push(&regs::RESET, 0);
        if let Some(Pll { m, n, p1 }) = pll {
            let factors = pll_config_1::M.of(m) | pll_config_1::N_LESS_1.of(n - 1);
            program.push(&regs::PLL_CONTROL, pll_control(false));
            program.push(&regs::PLL_CONFIG_1, factors as u16);
            program.push(&regs::PLL_CONFIG_2, pll_config_2::P1_LESS_1.of(p1 - 1) as u16);
        }
        program
    }

    /// Switches the part to its PLL, which has locked.
    #[must_use]
    pub fn use_pll() -> Self {
        let mut program = Self::EMPTY;
        program.push(&regs::PLL_CONTROL, pll_control(true));
        program
    }

    /// Reads out `mode`, with this many blank lines but one after each frame, beginning with a frame of its own.
    ///
    /// # Why it restarts the part
    /// A part that was told to stop reads its frame to the end, and an exposure may make that take minutes. What is
    /// left of it means nothing to a new stream, which would wait for it. It is not given up at the stop, because
    /// the ISP may not have all of its lines. The order is that of the data sheet (MT9P031, R11: Pause_Restart, then
    /// Chip_Enable, then no pause): RESTART stays set in the last write, as the part clears it, and to clear it by
    /// hand is undefined.
    #[must_use]
    pub fn start(mode: &Mode, controls: &Controls, vertical_blank: u16) -> Self {
        let mut program = Self::EMPTY;
        program.push(&regs::RESTART, restart(true));
        program.geometry(mode);
        program.push(&regs::VERTICAL_BLANK, vertical_blank);
        // Both flips live in one register: one of them writes it.
        for control in Control::ALL.into_iter().filter(|one| *one != Control::HorizontalFlip) {
            program.control(control, controls);
        }
        program.push(&regs::OUTPUT_CONTROL, output_control(true));
        program.push(&regs::RESTART, restart(false));
        program
    }

    /// Stops at the end of the frame.
    #[must_use]
    pub fn stop() -> Self {
        let mut program = Self::EMPTY;
        program.push(&regs::OUTPUT_CONTROL, output_control(false));
        program
    }

    /// Sets one control.
    #[must_use]
    pub fn set(control: Control, controls: &Controls) -> Self {
        let mut program = Self::EMPTY;
        program.control(control, controls);
        program
    }

    /// Sets the blanking.
    #[must_use]
    pub fn blanking(vertical_blank: u16) -> Self {
        let mut program = Self::EMPTY;
        program.push(&regs::VERTICAL_BLANK, vertical_blank);
        program
    }

    /// The next write, taken out.
    pub fn take(&mut self) -> Option<Write> {
        let write = *self.writes[..self.count].get(self.next)?;
        self.next += 1;
        Some(write)
    }

    fn geometry(&mut self, mode: &Mode) {
        let window = mode.window;
        // One in `reduction` row pairs is read, averaged over up to four.
        let address_mode = u32::from(mode.reduction - 1);
        let bin = u32::from(mode.reduction.min(4) - 1);
        let row =
            regs::row_address_mode::SKIP.of(address_mode) | regs::row_address_mode::BIN.of(bin);
        let column = regs::column_address_mode::SKIP.of(address_mode)
            | regs::column_address_mode::BIN.of(bin);
        self.push(&regs::ROW_START, regs::ROW_START_DEFAULT + window.top_px);
        self.push(&regs::COLUMN_START, regs::COLUMN_START_DEFAULT + window.left_px);
        self.push(&regs::WINDOW_HEIGHT, window.height_px - 1);
        self.push(&regs::WINDOW_WIDTH, window.width_px - 1);
        self.push(&regs::ROW_ADDRESS_MODE, row as u16);
        self.push(&regs::COLUMN_ADDRESS_MODE, column as u16);
        self.push(&regs::DATA_FORMAT, mode.sent.word());
    }

    fn control(&mut self, control: Control, controls: &Controls) {
        let value = controls.get(control);
        match control {
            Control::Exposure => {
                self.push(&regs::SHUTTER_WIDTH_UPPER, (value >> 16) as u16);
                self.push(&regs::SHUTTER_WIDTH_LOWER, value as u16);
            }
            Control::Gain => self.push(&regs::GLOBAL_GAIN, gain_word(value)),
            // Both live in one register.
            Control::HorizontalFlip | Control::VerticalFlip => {
                self.push(&regs::READ_MODE_2, flip_word(controls));
            }
            Control::TestPattern => {
                if value != 0 {
                    for (register, level) in PATTERN_COLOURS {
                        self.push(&register, level);
                    }
                }
                self.push(&regs::TEST_PATTERN, pattern_word(value));
            }
        }
    }

    fn push(&mut self, register: &Register, value: u16) {
        debug_assert!(self.count < WRITES_MAX, "the longest program is tested to fit");
        if let Some(slot) = self.writes.get_mut(self.count) {
            *slot = Write { index: register.sensor_index(), value };
            self.count += 1;
        }
    }
}

/// Levels of the colour field, 12 bits, and the width of the bars (Linux mt9p031 driver).
const PATTERN_COLOURS: [(Register, u16); 4] = [
    (regs::TEST_PATTERN_GREEN, 0x05A0),
    (regs::TEST_PATTERN_RED, 0x0A50),
    (regs::TEST_PATTERN_BLUE, 0x0AA0),
    (regs::TEST_PATTERN_BAR_WIDTH, 0),
];

/// The PLL with power, in use or not.
fn pll_control(in_use: bool) -> u16 {
    use regs::pll_control::{POWER, USE};
    USE.put(POWER.put(regs::PLL_CONTROL.reset, 1), u32::from(in_use)) as u16
}

fn output_control(on: bool) -> u16 {
    regs::output_control::CHIP_ENABLE.put(regs::OUTPUT_CONTROL.reset, u32::from(on)) as u16
}

/// The frame is given up; the next one begins, or waits while this pauses.
fn restart(pauses: bool) -> u16 {
    use regs::restart::{PAUSE, RESTART};
    PAUSE.put(RESTART.of(1), u32::from(pauses)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(mut program: Program) -> Vec<(u8, u16)> {
        core::iter::from_fn(|| program.take()).map(|write| (write.index, write.value)).collect()
    }

    #[test]
    fn the_default_mode_reads_all_rows_and_columns_four_to_one() {
        let program = writes(Program::start(&Mode::DEFAULT, &Controls::DEFAULT, 25));
        let geometry = [(1, 54), (2, 16), (3, 1943), (4, 2591), (0x22, 0x33), (0x23, 0x33)];
        assert_eq!(program[1..7], geometry);
        assert_eq!(program[7..9], [(0xE0, 0x0A0A), (6, 25)]);
        let controls = [(8, 0), (9, 144), (0x35, 8), (0xA0, 0), (0x20, 0x40)];
        assert_eq!(program[9..14], controls);
    }

    #[test]
    fn eight_to_one_skips_eight_and_averages_four() {
        let mode = Mode { reduction: 8, ..Mode::DEFAULT };
        let program = writes(Program::start(&mode, &Controls::DEFAULT, 25));
        assert_eq!(program[5..7], [(0x22, 0x37), (0x23, 0x37)]);
    }

    #[test]
    fn a_start_gives_the_old_frame_up_first_and_lets_the_new_one_go_last() {
        let program = writes(Program::start(&Mode::DEFAULT, &Controls::DEFAULT, 25));
        assert_eq!(program.first(), Some(&(0x0B, 3)), "restart, and pause");
        let last = [(7, 0x1F82), (0x0B, 1)];
        assert_eq!(program[program.len() - 2..], last, "RESTART is never cleared by hand");
        assert_eq!(program.iter().filter(|(index, _)| *index == 0x0B).count(), 2);
        assert!(writes(Program::stop()).iter().all(|(index, _)| *index != 0x0B));
    }

    #[test]
    fn the_longest_program_fits() {
        let mut controls = Controls::DEFAULT;
        controls.set(Control::TestPattern, 1);
        let program = writes(Program::start(&Mode::DEFAULT, &controls, 25));
        assert_eq!(program.len(), 20);
        assert!(program.len() < WRITES_MAX);
    }

    #[test]
    fn the_pll_has_power_and_factors_before_it_is_used() {
        let pll = Pll { m: 80, n: 9, p1: 8 };
        let reset = [(0x0D, 1), (0x0D, 0)];
        assert_eq!(writes(Program::reset(None)), reset);
        let powered = writes(Program::reset(Some(pll)));
        assert_eq!(powered[..2], reset);
        assert_eq!(powered[2..], [(0x10, 0x51), (0x11, 0x5008), (0x12, 7)]);
        assert_eq!(writes(Program::use_pll()), [(0x10, 0x53)]);
    }

    #[test]
    fn a_long_exposure_uses_both_registers() {
        let mut controls = Controls::DEFAULT;
        controls.set(Control::Exposure, 0x4_0001);
        assert_eq!(writes(Program::set(Control::Exposure, &controls)), [(8, 4), (9, 1)]);
    }

    #[test]
    fn stop_clears_the_enable_bit_only() {
        assert_eq!(writes(Program::stop()), [(7, 0x1F80)]);
    }
}
