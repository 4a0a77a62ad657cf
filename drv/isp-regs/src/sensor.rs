//! Registers of the sensor, an MT9P031-class part: 16 bits each, 8-bit index, on the control bus.
//!
//! Output size: `width = 2 * ceil((WINDOW_WIDTH + 1) / (2 * (skip + 1)))`, height alike. Full
//! array 2592 x 1944 (in steps of 2), Bayer order GRBG at even starts without mirroring. With
//! binning the skipped pixels are averaged. Some settings:
//!
//! | output | window (columns x rows) | skip field |
//! |---|---|---|
//! | 640 x 480 | 2560 x 1920 | 3 |
//! | 320 x 240 | 2560 x 1920 | 7 |
//! | 160 x 120 | 1280 x 960 | 7 |
//!
//! The module sends the same lines twice: in parallel to the CCDC, and through a CSI-2 transmitter on virtual
//! channel 0 of CSI2a. The transmitter sits behind the parallel port of the sensor, so both have the same
//! frames at the same time. DATA_FORMAT says how many of the converter's twelve bits are sent, the upper ones: the
//! parallel port has them on its lowest lines. What is compressed for the serial line is not so in parallel. A frame that the
//! sensor ends early has its frame end on the line nevertheless; one that loses its power or clock has none.
//!
//! There is a second part ([`CHIP_VERSION_YCBCR`]): the same array with a colour processor behind it, which can send
//! YCbCr 4:2:2 in place of the mosaic, a byte in a clock and two clocks a pixel. It sees the scene as it is
//! (BT.601, 8 bits, 16..=235 and 16..=240), whatever light, exposure and gains are: it is taken to set them itself, and
//! well. A test pattern it makes of the upper eight bits of each cell of the mosaic.
//!
//! Its field pin is low in the first frame after its start and changes with each one, though each is a whole
//! picture (as a video encoder's would be that repeats lines). The other part has no such pin: it is low.
//!
//! A frame has height + VERTICAL_BLANK + 1 lines. Geometry, exposure and gains that are written
//! during a frame take effect at the next frame start, unless SYNCHRONIZE_CHANGES is set: then they
//! wait until it is cleared.

use crate::Access::{ReadOnly, ReadWrite, Shadowed};
use crate::register::registers;

/// 7-bit address on the control bus.
pub const BUS_ADDRESS: u8 = 0x48;
/// `CHIP_VERSION` of this part.
pub const CHIP_VERSION_VALUE: u16 = 0x1801;
/// `CHIP_VERSION` of the part with a colour processor, which is on the modules of
/// [`crate::prcm::MODULE_KIND_YCBCR`] (bench).
pub const CHIP_VERSION_YCBCR: u16 = 0x1802;
/// Active columns of the array.
pub const ARRAY_WIDTH_PX: u16 = 2592;
/// Active rows of the array.
pub const ARRAY_HEIGHT_PX: u16 = 1944;
/// Column of the first active pixel.
pub const COLUMN_START_DEFAULT: u16 = 16;
/// Row of the first active pixel.
pub const ROW_START_DEFAULT: u16 = 54;
/// Black level at the output with the default ROW_BLACK_TARGET, in 12-bit steps.
pub const BLACK_LEVEL_DEFAULT: u16 = 0xA8;

/// Fastest pixel clock, in Hz (MT9P031, key performance parameters: 96 MHz, 2.8 V I/O).
pub const PIXEL_CLOCK_MAX_HZ: u32 = 96_000_000;

/// What the PLL can do (MT9P031, PLL-generated master clock; Linux mt9p031 has the same limits).
///
/// ```text
///   external --(/ N)--> reference --(x M)--> VCO --(/ P1)--> clock of the part
/// ```
pub mod pll {
    use core::ops::RangeInclusive;

    /// External clock, in Hz.
    pub const EXTERNAL_HZ: RangeInclusive<u32> = 6_000_000..=27_000_000;
    /// Reference, in Hz.
    pub const REFERENCE_HZ: RangeInclusive<u32> = 2_000_000..=13_500_000;
    /// VCO, in Hz.
    pub const VCO_HZ: RangeInclusive<u32> = 180_000_000..=360_000_000;
    /// Factor of the VCO.
    pub const M: RangeInclusive<u32> = 16..=255;
    /// Divider before the VCO.
    pub const N: RangeInclusive<u32> = 1..=64;
    /// Divider behind the VCO, as far as the field goes.
    pub const P1: RangeInclusive<u32> = 1..=32;
    /// From power, or from another reference or factor, until the VCO is stable, in microseconds.
    pub const LOCK_US: u32 = 1_000;
}

/// Codes of DATA_FORMAT: bits of a sample before and after compression (SMIA 1.0, CSI_data_format).
pub mod data_format {
    /// Twelve bits, packed on the serial line (CSI-2 data type RAW12, 0x2C).
    pub const RAW12: u16 = 0x0C0C;
    /// Ten bits, packed (RAW10, 0x2B).
    pub const RAW10: u16 = 0x0A0A;
    /// Eight bits (RAW8, 0x2A).
    pub const RAW8: u16 = 0x0808;
    /// Ten bits compressed to eight (user-defined byte, 0x30; DPCM 10-8-10, predictor 1).
    pub const DPCM8: u16 = 0x0A08;
    /// YCbCr 4:2:2 (YUV422 8-bit, 0x1E), in parallel two bytes a pixel in the order Y Cb Y Cr. Only the part with
    /// a colour processor has it.
    pub const YUYV8: u16 = 0x1E00;
    /// The same in the order Cb Y Cr Y.
    pub const UYVY8: u16 = 0x1E01;
}

registers! {
    block Sensor;
    /// Identity.
    CHIP_VERSION chip_version @ 0x00, 0x1801, ReadOnly, 0, "MT9P031" {}
    /// First row of the window; even.
    ROW_START row_start @ 0x01, 54, Shadowed, 0x07FF, "MT9P031" {}
    /// First column of the window; even.
    COLUMN_START column_start @ 0x02, 16, Shadowed, 0x0FFF, "MT9P031" {}
    /// Rows of the window - 1; odd.
    WINDOW_HEIGHT window_height @ 0x03, 1943, Shadowed, 0x07FF, "MT9P031" {}
    /// Columns of the window - 1; odd.
    WINDOW_WIDTH window_width @ 0x04, 2591, Shadowed, 0x0FFF, "MT9P031" {}
    /// Pairs of blank pixels at the end of a line - 1; what is below the part's least counts as that.
    HORIZONTAL_BLANK horizontal_blank @ 0x05, 0, Shadowed, 0x0FFF, "MT9P031" {}
    /// Blank lines at the end of a frame - 1.
    VERTICAL_BLANK vertical_blank @ 0x06, 25, Shadowed, 0x07FF, "MT9P031" {}
    /// Output control.
    OUTPUT_CONTROL output_control @ 0x07, 0x1F80, ReadWrite, 0x1FFF, "MT9P031" {
        /// Hold back shadowed registers.
        SYNCHRONIZE_CHANGES: 0, 1;
        /// The sensor streams; clearing it stops at the end of the frame.
        CHIP_ENABLE: 1, 1;
    }
    /// Exposure in lines, upper 4 bits.
    SHUTTER_WIDTH_UPPER shutter_width_upper @ 0x08, 0, Shadowed, 0xF, "MT9P031" {}
    /// Exposure in lines, lower 16 bits.
    SHUTTER_WIDTH_LOWER shutter_width_lower @ 0x09, 1943, Shadowed, 0xFFFF, "MT9P031" {}
    /// Pixel clock. At once, as the PLL.
    PIXEL_CLOCK_CONTROL pixel_clock_control @ 0x0A, 0, ReadWrite, 0x877F, "MT9P031" {
        /// The clock is divided by twice this; 0 = not at all, else a power of two up to 64.
        DIVIDE: 0, 7;
        /// Shift of the clock against the data, in steps; nothing here samples either.
        SHIFT: 8, 3;
        /// The clock is inverted.
        INVERT: 15, 1;
    }
    /// Restart of the frame in progress.
    RESTART restart @ 0x0B, 0, ReadWrite, 0x7, "MT9P031" {
        /// Abandons the frame and begins the next one, and is cleared by that. To clear it by hand is
        /// undefined.
        RESTART: 0, 1;
        /// While set, a restart stays before the first row, with RESTART set, and goes on when this is
        /// cleared.
        PAUSE: 1, 1;
    }
    /// Shutter delay. Stored only: an exposure begins with its line.
    SHUTTER_DELAY shutter_delay @ 0x0C, 0, Shadowed, 0x1FFF, "MT9P031" {}
    /// Writing 1 puts all registers to their defaults and stops the sensor; then write 0.
    RESET reset @ 0x0D, 0, ReadWrite, 0x1, "MT9P031" {}
    /// PLL control.
    PLL_CONTROL pll_control @ 0x10, 0x50, ReadWrite, 0xFFFF, "MT9P031" {
        /// The PLL has power; it locks `pll::LOCK_US` later.
        POWER: 0, 1;
        /// Its output is the clock of the part, instead of the one from outside.
        USE: 1, 1;
    }
    /// PLL factors: the VCO makes M / N of the external clock.
    PLL_CONFIG_1 pll_config_1 @ 0x11, 0x6404, ReadWrite, 0xFF3F, "MT9P031" {
        /// N - 1.
        N_LESS_1: 0, 6;
        /// M, 16..255.
        M: 8, 8;
    }
    /// PLL post divider.
    PLL_CONFIG_2 pll_config_2 @ 0x12, 0, ReadWrite, 0x1F, "MT9P031" {
        /// P1 - 1: the output is the VCO's divided by P1.
        P1_LESS_1: 0, 5;
    }
    /// Read mode 1. Stored only.
    READ_MODE_1 read_mode_1 @ 0x1E, 0x4006, ReadWrite, 0xFFFF, "MT9P031" {}
    /// Read mode 2.
    READ_MODE_2 read_mode_2 @ 0x20, 0x0040, Shadowed, 0xFFFF, "MT9P031" {
        /// Row black level correction.
        ROW_BLC: 6, 1;
        /// Mirror left and right.
        COLUMN_MIRROR: 14, 1;
        /// Mirror up and down.
        ROW_MIRROR: 15, 1;
    }
    /// Row skip and bin. SKIP is stored only: a picture is skipped alike in both directions, by that of the
    /// columns.
    ROW_ADDRESS_MODE row_address_mode @ 0x22, 0, Shadowed, 0x37, "MT9P031" {
        /// Every (n + 1)th row pair.
        SKIP: 0, 3;
        /// Average n + 1 rows; 0, 1 or 3.
        BIN: 4, 2;
    }
    /// Column skip and bin.
    COLUMN_ADDRESS_MODE column_address_mode @ 0x23, 0, Shadowed, 0x37, "MT9P031" {
        /// Every (n + 1)th column pair.
        SKIP: 0, 3;
        /// Average n + 1 columns; 0, 1 or 3.
        BIN: 4, 2;
    }
    /// Gain of green in red lines: analog x digital.
    GREEN1_GAIN green1_gain @ 0x2B, 8, Shadowed, 0x7F7F, "MT9P031" {
        /// Analog gain in 1/8, 8..63.
        ANALOG: 0, 6;
        /// Doubles the analog gain.
        MULTIPLIER: 6, 1;
        /// Digital gain 1 + n/8.
        DIGITAL: 8, 7;
    }
    /// Gain of blue; fields as green 1.
    BLUE_GAIN blue_gain @ 0x2C, 8, Shadowed, 0x7F7F, "MT9P031" {}
    /// Gain of red.
    RED_GAIN red_gain @ 0x2D, 8, Shadowed, 0x7F7F, "MT9P031" {}
    /// Gain of green in blue lines.
    GREEN2_GAIN green2_gain @ 0x2E, 8, Shadowed, 0x7F7F, "MT9P031" {}
    /// Writes all four gains.
    GLOBAL_GAIN global_gain @ 0x35, 8, Shadowed, 0x7F7F, "MT9P031" {}
    /// Black level that the row correction aims at, 12-bit steps. Stored only: black stands where the default
    /// target puts it.
    ROW_BLACK_TARGET row_black_target @ 0x49, 0xA8, Shadowed, 0x0FFF, "MT9P031" {}
    /// Default offset of the row correction. Stored only, as ROW_BLACK_TARGET.
    ROW_BLACK_DEFAULT_OFFSET row_black_default_offset @ 0x4B, 0x28, ReadWrite, 0x0FFF, "MT9P031" {}
    /// Offsets of green 1, green 2, red and blue are at 0x60, 0x61, 0x63, 0x64; this is green 1. Stored only,
    /// as ROW_BLACK_TARGET.
    GREEN1_OFFSET green1_offset @ 0x60, 0x20, ReadWrite, 0x1FF, "MT9P031" {}
    /// Offset of green 2. Stored only, as ROW_BLACK_TARGET.
    GREEN2_OFFSET green2_offset @ 0x61, 0x20, ReadWrite, 0x1FF, "MT9P031" {}
    /// Black level calibration. Stored only, as ROW_BLACK_TARGET.
    BLACK_LEVEL_CALIBRATION black_level_calibration @ 0x62, 0, ReadWrite, 0xFFFF, "MT9P031" {
        /// Use the manual offsets.
        MANUAL: 0, 1;
        /// Stop the calibration.
        DISABLE: 1, 1;
    }
    /// Offset of red. Stored only, as ROW_BLACK_TARGET.
    RED_OFFSET red_offset @ 0x63, 0x20, ReadWrite, 0x1FF, "MT9P031" {}
    /// Offset of blue. Stored only, as ROW_BLACK_TARGET.
    BLUE_OFFSET blue_offset @ 0x64, 0x20, ReadWrite, 0x1FF, "MT9P031" {}
    /// Test pattern.
    TEST_PATTERN test_pattern @ 0xA0, 0, Shadowed, 0x7F, "MT9P031" {
        /// On.
        ENABLE: 0, 1;
        /// 0 colour field, 1 horizontal gradient, 2 vertical gradient, 3 diagonal gradient,
        /// 4 classic, 5 walking 1s, 6 monochrome horizontal bars, 7 monochrome vertical bars,
        /// 8 vertical colour bars.
        CONTROL: 3, 4;
    }
    /// Test pattern green, 12 bits.
    TEST_PATTERN_GREEN test_pattern_green @ 0xA1, 0, Shadowed, 0x0FFF, "MT9P031" {}
    /// Test pattern red, 12 bits.
    TEST_PATTERN_RED test_pattern_red @ 0xA2, 0, Shadowed, 0x0FFF, "MT9P031" {}
    /// Test pattern blue, 12 bits.
    TEST_PATTERN_BLUE test_pattern_blue @ 0xA3, 0, Shadowed, 0x0FFF, "MT9P031" {}
    /// Test pattern bar width; odd.
    TEST_PATTERN_BAR_WIDTH test_pattern_bar_width @ 0xA4, 0, Shadowed, 0x0FFF, "MT9P031" {}
    /// What is sent of a sample: one of [`data_format`]. From the next frame start on.
    DATA_FORMAT data_format_word @ 0xE0, 0x0A0A, Shadowed, 0xFFFF, "bench" {}
    /// Identity again.
    CHIP_VERSION_ALT chip_version_alt @ 0xFF, 0x1801, ReadOnly, 0, "MT9P031" {}
}
