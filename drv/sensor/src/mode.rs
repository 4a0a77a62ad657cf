//! Which part of the array is read out, at which reduction: formats in, window registers out.
//!
//! ```text
//!   array 2592 x 1944          window = output x reduction            output
//!  +------------------+        +------------+                        +---+
//!  |   +----------+   |  crop  | columns x  |  average of n x n      |   |
//!  |   |  window  |   | -----> |   rows     | ---------------------> |   |  GRBG, 12 bits or fewer
//!  |   +----------+   |        +------------+  n = 1, 2, 4, 8        +---+
//!  +------------------+
//! ```
//! Any even size from [`SIZE_MIN_PX`] to the array can be asked for. The reduction is the largest
//! with which the window still fits the array, so a small picture shows as much of the scene as
//! possible; the window stays around the middle of the former one. A size that the present crop
//! can be reduced to keeps that crop. Free ratios (3, 5, ...) were left out: with them the part
//! averages only some of the pixels, and no size needs them.
//!
//! A state says in its sink, which is no pad, what is read out of the array: the mosaic, or, on the part with a colour
//! processor, its pixels. So the rules need no more than a state.

use drv_isp_regs::sensor as regs;
use idl::types::{BlockState, Choice, FormatChange, MbusCode, Offer, PadFormat, Rect, enumeration};

/// Smallest output, each way; the CCDC takes no less (OMAP3 ISP: 32).
pub const SIZE_MIN_PX: u16 = 32;

/// Reductions, the largest first.
const REDUCTIONS: [u16; 4] = [8, 4, 2, 1];

/// The whole array.
pub const ARRAY: Rect = Rect {
    left_px: 0,
    top_px: 0,
    width_px: regs::ARRAY_WIDTH_PX,
    height_px: regs::ARRAY_HEIGHT_PX,
};

/// What the module sends of a sample: that many lines of the parallel port, or packets of the serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// All twelve bits of the converter.
    Raw12,
    /// The upper ten.
    Raw10,
    /// The upper eight.
    Raw8,
    /// The upper ten, compressed to eight on the serial line.
    Dpcm8,
    /// YCbCr 4:2:2, luma first; a byte in a clock, as the next one.
    Yuyv8,
    /// The same, chroma first.
    Uyvy8,
}

impl Sent {
    /// All of them.
    const ALL: [Self; 6] =
        [Self::Raw12, Self::Raw10, Self::Raw8, Self::Dpcm8, Self::Yuyv8, Self::Uyvy8];

    /// What a part sends for this code; `None` if it cannot.
    #[must_use]
    pub fn of(code: MbusCode, part: Part) -> Option<Self> {
        let sent = Self::ALL.into_iter().find(|sent| sent.code() == code)?;
        (part == Part::Processed || !sent.is_processed()).then_some(sent)
    }

    const fn is_processed(self) -> bool {
        matches!(self, Self::Yuyv8 | Self::Uyvy8)
    }

    /// Clocks in which a pixel is sent.
    #[must_use]
    pub const fn clocks(self) -> u32 {
        if self.is_processed() { 2 } else { 1 }
    }

    /// The code on the media bus.
    #[must_use]
    pub const fn code(self) -> MbusCode {
        match self {
            Self::Raw12 => MbusCode::SGRBG12,
            Self::Raw10 => MbusCode::SGRBG10,
            Self::Raw8 => MbusCode::SGRBG8,
            Self::Dpcm8 => MbusCode::SGRBG10_DPCM8,
            Self::Yuyv8 => MbusCode::YUYV8_2X8,
            Self::Uyvy8 => MbusCode::UYVY8_2X8,
        }
    }

    /// The word of DATA_FORMAT.
    #[must_use]
    pub const fn word(self) -> u16 {
        match self {
            Self::Raw12 => regs::data_format::RAW12,
            Self::Raw10 => regs::data_format::RAW10,
            Self::Raw8 => regs::data_format::RAW8,
            Self::Dpcm8 => regs::data_format::DPCM8,
            Self::Yuyv8 => regs::data_format::YUYV8,
            Self::Uyvy8 => regs::data_format::UYVY8,
        }
    }
}

/// What is on the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The array and its converter.
    Plain,
    /// The same, and a colour processor.
    Processed,
}

impl Part {
    const ALL: [Self; 2] = [Self::Plain, Self::Processed];

    /// The part that says this of itself; `None` if this driver does not know it.
    #[must_use]
    pub const fn of_version(version: u16) -> Option<Self> {
        match version {
            regs::CHIP_VERSION_VALUE => Some(Self::Plain),
            regs::CHIP_VERSION_YCBCR => Some(Self::Processed),
            _ => None,
        }
    }

    /// What its array gives to what is behind it.
    const fn array(self) -> PadFormat {
        let Rect { width_px, height_px, .. } = ARRAY;
        let code = match self {
            Self::Plain => MbusCode::SGRBG12,
            Self::Processed => MbusCode::RGB888,
        };
        PadFormat { width_px, height_px, code }
    }
}

/// A window of the array and its reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// What is read, in array pixels: all four numbers even.
    pub window: Rect,
    /// This many pixels each way become one: 1, 2, 4 or 8.
    pub reduction: u16,
    /// What is sent.
    pub sent: Sent,
    /// Who sends it.
    pub part: Part,
}

impl Mode {
    /// The whole array, four to one: 648 x 486.
    pub const DEFAULT: Self =
        Self { window: ARRAY, reduction: 4, sent: Sent::Raw10, part: Part::Plain };

    /// The mode behind a state that [`adjust`] made.
    #[must_use]
    pub fn of(state: &BlockState) -> Option<Self> {
        let part = Part::ALL.into_iter().find(|part| part.array() == state.sink)?;
        let sent = Sent::of(state.source.code, part)?;
        let mode = REDUCTIONS
            .into_iter()
            .map(|reduction| Self { window: state.crop, reduction, sent, part })
            .find(|mode| mode.output() == state.source)?;
        mode.is_possible().then_some(mode)
    }

    /// What comes out.
    #[must_use]
    pub fn output(&self) -> PadFormat {
        PadFormat {
            width_px: self.window.width_px / self.reduction,
            height_px: self.window.height_px / self.reduction,
            code: self.sent.code(),
        }
    }

    /// The state that clients see.
    #[must_use]
    pub fn state(&self) -> BlockState {
        BlockState {
            sink: self.part.array(),
            crop: self.window,
            crop_bounds: ARRAY,
            source: self.output(),
            video_port: self.output(),
        }
    }

    fn is_possible(&self) -> bool {
        let Rect { left_px, top_px, width_px, height_px } = self.window;
        let even = [left_px, top_px].into_iter().all(|edge| edge % 2 == 0);
        let whole = [width_px, height_px].into_iter().all(|size| size % (2 * self.reduction) == 0);
        let inside = |start: u16, size: u16, limit: u16| {
            start.checked_add(size).is_some_and(|end| end <= limit)
                && size / self.reduction >= SIZE_MIN_PX
        };
        even && whole
            && inside(left_px, width_px, ARRAY.width_px)
            && inside(top_px, height_px, ARRAY.height_px)
    }
}

/// Applies one change by the rules of the array; never refuses, adjusts instead. A state that
/// is none of this sensor's counts as the default.
#[must_use]
pub fn adjust(state: &BlockState, change: &FormatChange) -> BlockState {
    let mode = Mode::of(state).unwrap_or(Mode::DEFAULT);
    match change {
        FormatChange::Format { format, .. } => {
            let sent = Sent::of(format.code, mode.part).unwrap_or(Sent::Raw10);
            with_size(Mode { sent, ..mode }, format.width_px, format.height_px)
        }
        FormatChange::Crop(crop) => with_window(mode, *crop),
    }
    .state()
}

/// A code that can be sent, and its sizes; `None` after the last, and for one that cannot be sent.
#[must_use]
pub fn enumerate(state: &BlockState, choice: Choice) -> Option<Offer> {
    let becomes = |format| adjust(state, &FormatChange::Format { pad: 0, format }).source;
    enumeration::offered(choice, SIZE_MIN_PX, becomes)
}

fn with_size(mode: Mode, width_px: u16, height_px: u16) -> Mode {
    let width_px = even(width_px.clamp(SIZE_MIN_PX, ARRAY.width_px));
    let height_px = even(height_px.clamp(SIZE_MIN_PX, ARRAY.height_px));
    let fits = |output: PadFormat| (output.width_px, output.height_px) == (width_px, height_px);
    let same_window = REDUCTIONS.map(|reduction| Mode { reduction, ..mode });
    if let Some(kept) =
        same_window.into_iter().find(|mode| fits(mode.output()) && mode.is_possible())
    {
        return kept;
    }
    let reduction = REDUCTIONS
        .into_iter()
        .find(|n| width_px <= ARRAY.width_px / n && height_px <= ARRAY.height_px / n)
        .unwrap_or(1);
    let Rect { left_px, top_px, width_px: old_width_px, height_px: old_height_px } = mode.window;
    let width_px = width_px * reduction;
    let height_px = height_px * reduction;
    let window = Rect {
        left_px: centred(left_px, old_width_px, width_px, ARRAY.width_px),
        top_px: centred(top_px, old_height_px, height_px, ARRAY.height_px),
        width_px,
        height_px,
    };
    Mode { window, reduction, ..mode }
}

fn with_window(mode: Mode, crop: Rect) -> Mode {
    let reduction = mode.reduction;
    let size = |wanted_px: u16, limit_px: u16| {
        let step_px = 2 * reduction;
        let wanted_px = wanted_px.clamp(SIZE_MIN_PX * reduction, limit_px);
        wanted_px - wanted_px % step_px
    };
    let width_px = size(crop.width_px, ARRAY.width_px);
    let height_px = size(crop.height_px, ARRAY.height_px);
    let window = Rect {
        left_px: even(crop.left_px.min(ARRAY.width_px - width_px)),
        top_px: even(crop.top_px.min(ARRAY.height_px - height_px)),
        width_px,
        height_px,
    };
    Mode { window, ..mode }
}

/// The even start of a window of `size_px` around the middle of an old one, inside of the limit.
fn centred(old_start_px: u16, old_size_px: u16, size_px: u16, limit_px: u16) -> u16 {
    let middle_px = old_start_px + old_size_px / 2;
    even(middle_px.saturating_sub(size_px / 2).min(limit_px - size_px))
}

const fn even(value: u16) -> u16 {
    value & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(width_px: u16, height_px: u16) -> FormatChange {
        let code = MbusCode::UYVY8_1X16;
        FormatChange::Format { pad: 0, format: PadFormat { width_px, height_px, code } }
    }

    fn rect(left_px: u16, top_px: u16, width_px: u16, height_px: u16) -> Rect {
        Rect { left_px, top_px, width_px, height_px }
    }

    /// The whole array, then the change: output size and crop.
    fn check(change: FormatChange, size: (u16, u16), crop: Rect) {
        let state = adjust(&Mode::DEFAULT.state(), &change);
        assert_eq!((state.source.width_px, state.source.height_px), size, "{change:?}");
        assert_eq!(state.crop, crop, "{change:?}");
        assert_eq!(
            state.source.code,
            MbusCode::SGRBG10,
            "the code that was asked for cannot be sent"
        );
        assert!(Mode::of(&state).is_some(), "{change:?} gives a mode");
    }

    #[test]
    fn the_default_is_the_whole_array_four_to_one() {
        let state = Mode::DEFAULT.state();
        assert_eq!((state.source.width_px, state.source.height_px), (648, 486));
        assert_eq!(Mode::of(&state), Some(Mode::DEFAULT));
    }

    #[test]
    fn a_size_is_made_from_the_largest_window_that_fits() {
        check(format(1296, 972), (1296, 972), ARRAY);
        check(format(2592, 1944), (2592, 1944), ARRAY);
        check(format(640, 480), (640, 480), rect(16, 12, 2560, 1920));
        check(format(160, 120), (160, 120), rect(656, 492, 1280, 960));
        check(format(32, 32), (32, 32), rect(1168, 844, 256, 256));
    }

    #[test]
    fn impossible_sizes_become_the_nearest_possible() {
        check(format(0, 0), (32, 32), rect(1168, 844, 256, 256));
        check(format(u16::MAX, u16::MAX), (2592, 1944), ARRAY);
        check(format(641, 481), (640, 480), rect(16, 12, 2560, 1920));
    }

    #[test]
    fn a_crop_keeps_the_reduction() {
        check(FormatChange::Crop(rect(101, 51, 803, 401)), (200, 100), rect(100, 50, 800, 400));
        check(FormatChange::Crop(rect(9000, 9000, 1, 1)), (32, 32), rect(2464, 1816, 128, 128));
    }

    #[test]
    fn setting_what_was_got_changes_nothing() {
        for (width_px, height_px) in [(648, 486), (640, 480), (162, 122), (1300, 800), (32, 1944)] {
            let first = adjust(&Mode::DEFAULT.state(), &format(width_px, height_px));
            let again = format(first.source.width_px, first.source.height_px);
            assert_eq!(adjust(&first, &again), first);
            assert_eq!(adjust(&first, &FormatChange::Crop(first.crop)), first);
        }
    }

    #[test]
    fn a_size_that_the_crop_can_be_reduced_to_keeps_the_crop() {
        let crop = rect(400, 200, 1280, 960);
        let cropped = adjust(&Mode::DEFAULT.state(), &FormatChange::Crop(crop));
        for reduction in [1, 2, 4, 8] {
            let state = adjust(&cropped, &format(1280 / reduction, 960 / reduction));
            assert_eq!(state.crop, crop);
        }
    }

    #[test]
    fn every_change_gives_a_mode_that_the_array_can_read_out() {
        let mut state = Mode::DEFAULT.state();
        let mut random = 0x1234_5678_u32;
        let mut pick = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) as u16 % 3000
        };
        for _ in 0..20_000 {
            let change = match pick() % 2 {
                0 => format(pick(), pick()),
                _ => FormatChange::Crop(rect(pick(), pick(), pick(), pick())),
            };
            state = adjust(&state, &change);
            assert!(Mode::of(&state).is_some(), "{change:?} gives {state:?}");
        }
    }

    #[test]
    fn the_code_that_is_sent_is_kept_by_a_crop_and_is_part_of_the_mode() {
        for (code, word) in [
            (MbusCode::SGRBG12, 0x0C0C),
            (MbusCode::SGRBG10, 0x0A0A),
            (MbusCode::SGRBG8, 0x0808),
            (MbusCode::SGRBG10_DPCM8, 0x0A08),
        ] {
            let format = PadFormat { width_px: 320, height_px: 240, code };
            let change = FormatChange::Format { pad: 0, format };
            let state = adjust(&Mode::DEFAULT.state(), &change);
            assert_eq!(state.source, format);
            assert_eq!(Mode::of(&state).map(|mode| mode.sent.word()), Some(word));
            let cropped = adjust(&state, &FormatChange::Crop(ARRAY));
            assert_eq!(cropped.source.code, code);
        }
        let mut other = Mode::DEFAULT.state();
        other.source.code = MbusCode::YUYV8_1X16;
        assert_eq!(Mode::of(&other), None);
    }

    #[test]
    fn only_the_part_with_a_colour_processor_sends_ycbcr_and_it_stays_that_part() {
        let processed = Mode { part: Part::Processed, ..Mode::DEFAULT };
        for (code, word) in [(MbusCode::YUYV8_2X8, 0x1E00), (MbusCode::UYVY8_2X8, 0x1E01)] {
            let format = PadFormat { width_px: 640, height_px: 480, code };
            let change = FormatChange::Format { pad: 0, format };
            let state = adjust(&processed.state(), &change);
            assert_eq!(state.source, format);
            let mode = Mode::of(&state).expect("it can be read out");
            assert_eq!((mode.part, mode.sent.word()), (Part::Processed, word));
            let back = adjust(&state, &super::tests::format(640, 480));
            assert_eq!(back.source.code, MbusCode::SGRBG10, "the mosaic is still there");
            assert_eq!(Mode::of(&back).map(|mode| mode.part), Some(Part::Processed));
            let plain = adjust(&Mode::DEFAULT.state(), &change);
            assert_eq!(plain.source.code, MbusCode::SGRBG10);
            // A state of nobody's: that code, and the other part's array.
            assert_eq!(Mode::of(&BlockState { sink: plain.sink, ..state }), None);
        }
    }

    #[test]
    fn a_part_is_known_by_its_version() {
        let known = [0x1801, 0x1802].map(Part::of_version);
        assert_eq!(known, [Some(Part::Plain), Some(Part::Processed)]);
        assert_eq!([0, 0x1800, 0x1803, 0xFFFF].map(Part::of_version), [None; 4]);
    }

    #[test]
    fn a_state_that_is_none_of_this_sensor_is_no_mode() {
        let good = Mode::DEFAULT.state();
        for crop in [rect(1, 0, 2592, 1944), rect(2, 0, 2592, 1944), rect(0, 0, 2590, 1944)] {
            assert_eq!(Mode::of(&BlockState { crop, ..good }), None, "{crop:?}");
        }
    }
}
