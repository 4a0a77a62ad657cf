//! Register words to configurations of the data path: pure decoding, done at frame start.

use super::{filters, video_port, weights};
use crate::params::Flags;
use crate::pixels::Window;
use crate::pixels::bridge::Bridge;
use crate::pixels::ccdc::{CcdcConfig, InputMode};
use crate::pixels::csi2::DataType;
use crate::pixels::edge_enhancement::{EdgeEnhancement, HighPass};
use crate::pixels::gamma::GammaTables;
use crate::pixels::memory_path::{Culling, MemoryPath};
use crate::pixels::optical_black::Clamp;
use crate::pixels::preview::{AtOnce, Features, PreviewConfig};
use crate::pixels::resizer::ResizerConfig;
use crate::pixels::tone::Tone;
use crate::pixels::yuv::YuvOrder;
use crate::scene::sensor::{Levels, NOMINAL_LIGHT_Q6, SensorConfig, TestPattern};
use crate::shared::Shared;
use core::sync::atomic::Ordering::Relaxed;
use drv_isp_regs::sensor::*;
use drv_isp_regs::{Field, Register, bench_control, ccdc, main_block, preview, resizer};

/// Sign-extends the low `bits` bits.
pub const fn signed(value: u32, bits: u32) -> i32 {
    let unused = u32::BITS - bits;
    ((value << unused) as i32) >> unused
}

/// The sensor's configuration.
///
/// One step serves both directions: that of the columns.
pub fn sensor(shared: &Shared) -> SensorConfig {
    let get = |register: &Register| shared.sensor(register.sensor_index()).load(Relaxed);
    let step = column_address_mode::SKIP.get(get(&COLUMN_ADDRESS_MODE)) + 1;
    let size = |last: u32| 2 * (last + 1).div_ceil(2 * step) as usize;
    let mode = get(&READ_MODE_2);
    SensorConfig {
        column_start: get(&COLUMN_START).saturating_sub(COLUMN_START_DEFAULT.into()),
        row_start: get(&ROW_START).saturating_sub(ROW_START_DEFAULT.into()),
        step,
        width_px: size(get(&WINDOW_WIDTH)),
        height_px: size(get(&WINDOW_HEIGHT)),
        exposure_lines: get(&SHUTTER_WIDTH_UPPER) << 16 | get(&SHUTTER_WIDTH_LOWER),
        gains_eighths: [&GREEN1_GAIN, &RED_GAIN, &BLUE_GAIN, &GREEN2_GAIN]
            .map(|register| gain_eighths(get(register))),
        light_q6: light_q6(shared.get(&bench_control::LIGHT)),
        flip_horizontal: read_mode_2::COLUMN_MIRROR.is_set(mode),
        flip_vertical: read_mode_2::ROW_MIRROR.is_set(mode),
        bits: sent(shared).sample_bits(),
        ycbcr: sent(shared).ycbcr(),
        pattern: pattern(get),
        noise: !Flags(shared.options.flags.load(Relaxed)).has(Flags::NO_NOISE),
        seed: shared.options.seed.load(Relaxed),
    }
}

/// What the module sends.
pub fn sent(shared: &Shared) -> DataType {
    let get = |register: &Register| shared.sensor(register.sensor_index()).load(Relaxed);
    let asked = DataType::of((get(&DATA_FORMAT) & DATA_FORMAT.writable) as u16);
    match asked {
        DataType::Yuv422(_) if get(&CHIP_VERSION) != CHIP_VERSION_YCBCR.into() => DataType::Raw10,
        possible => possible,
    }
}

/// What the bridge of the parallel port does, and the lane shifter in front of it.
pub fn bridge(shared: &Shared) -> (Bridge, u32) {
    use main_block::ctrl::{PAR_BRIDGE, SHIFT};
    let control = shared.get(&main_block::CTRL);
    (Bridge::of(PAR_BRIDGE.get(control)), 2 * SHIFT.get(control))
}

/// The light on the scene; a word of zero is nominal.
fn light_q6(word: u32) -> [u32; 3] {
    use bench_control::light::{BLUE, GREEN, RED};
    if word == 0 {
        return [NOMINAL_LIGHT_Q6; 3];
    }
    [RED, GREEN, BLUE].map(|field| field.get(word))
}

/// Analog (in eighths, perhaps doubled) times digital gain (1 + n / 8).
fn gain_eighths(word: u32) -> u32 {
    let analog = green1_gain::ANALOG.get(word) * (1 + green1_gain::MULTIPLIER.get(word));
    (analog * (8 + green1_gain::DIGITAL.get(word)) / 8).clamp(8, 1024)
}

fn pattern(get: impl Fn(&Register) -> u32) -> TestPattern {
    let levels = Levels {
        green: get(&TEST_PATTERN_GREEN) as u16,
        red: get(&TEST_PATTERN_RED) as u16,
        blue: get(&TEST_PATTERN_BLUE) as u16,
    };
    let bar = get(&TEST_PATTERN_BAR_WIDTH) as usize + 1;
    let word = get(&TEST_PATTERN);
    if !test_pattern::ENABLE.is_set(word) {
        return TestPattern::Off;
    }
    match test_pattern::CONTROL.get(word) {
        0 => TestPattern::ColorField(levels),
        1 => TestPattern::HorizontalGradient,
        2 => TestPattern::VerticalGradient,
        3 => TestPattern::DiagonalGradient,
        4 => TestPattern::Classic(levels),
        5 => TestPattern::WalkingOnes,
        6 => TestPattern::HorizontalBars(levels, bar),
        7 => TestPattern::MonochromeVerticalBars(levels, bar),
        _ => TestPattern::ColorBars,
    }
}

/// What feeds the CCDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The sensor, on the parallel port.
    Sensor = 0,
    /// The sensor, through the receiver CSI2a.
    Csi2a = 1,
    /// The receiver CCP2 (CSI B).
    Ccp2 = 2,
}

/// Does the CCDC hear this input?
pub fn hears(shared: &Shared, input: Input) -> bool {
    main_block::ctrl::PAR_SER_CLK_SEL.get(shared.get(&main_block::CTRL)) == input as u32
}

/// The CCDC's configuration in a frame that is field 1, or not.
pub fn ccdc(shared: &Shared, odd_field: bool) -> CcdcConfig {
    use ccdc::*;
    let get = |register: &Register| shared.get(register);
    let black = get(&BLKCMP);
    let level = |field: Field| signed(field.get(black), 8) as i8;
    let (bridge, lane_shift) = bridge(shared);
    let top = if odd_field { vert_start::SLV1 } else { vert_start::SLV0 };
    let paired = bridge != Bridge::Off && hears(shared, Input::Sensor);
    CcdcConfig {
        // What the bridge has joined has been shifted.
        lane_shift: if paired { 0 } else { lane_shift as u8 },
        input: input_mode(shared),
        chroma_inverted: cfg::MSBINVI.is_set(get(&CFG)),
        data_bits: data_bits(syn_mode::DATSIZ.get(get(&SYN_MODE))),
        inverted: syn_mode::DATAPOL.is_set(get(&SYN_MODE)),
        dc_sub: get(&DCSUB) as u16,
        clamp: optical_black(get(&CLAMP)),
        black_compensation: [
            level(blkcmp::R),
            level(blkcmp::GR),
            level(blkcmp::GB),
            level(blkcmp::B),
        ],
        colour_pattern: get(&COLPTN),
        memory: Window {
            left: horz_info::SPH.get(get(&HORZ_INFO)) as usize,
            top: top.get(get(&VERT_START)) as usize,
            width: horz_info::NPH.get(get(&HORZ_INFO)) as usize + 1,
            height: vert_lines::NLV.get(get(&VERT_LINES)) as usize + 1,
        },
        memory_path: MemoryPath {
            low_pass: syn_mode::LPF.is_set(get(&SYN_MODE)),
            culling: culling(get(&CULLING)),
            alaw_shift: alaw::CCDTBL
                .is_set(get(&ALAW))
                .then(|| 6_u32.saturating_sub(alaw::GWDI.get(get(&ALAW)))),
            pack8: syn_mode::PACK8.is_set(get(&SYN_MODE)),
            swap_bytes: cfg::BSWD.is_set(get(&CFG)),
        },
        port_to_memory: syn_mode::VP2SDR.is_set(get(&SYN_MODE)),
        video_port: video_port::input(shared),
        video_port_shift: 6_u32.saturating_sub(fmtcfg::VPIN.get(get(&FMTCFG))) as u8,
    }
}

/// The fourth code is not named by the manual; here it is raw.
fn input_mode(shared: &Shared) -> InputMode {
    let luma_second = ccdc::cfg::Y8POS.is_set(shared.get(&ccdc::CFG));
    match ccdc::syn_mode::INPMOD.get(shared.get(&ccdc::SYN_MODE)) {
        1 => InputMode::Words,
        2 => InputMode::Bytes { luma_first: !luma_second },
        _ => InputMode::Raw,
    }
}

fn optical_black(word: u32) -> Option<Clamp> {
    use ccdc::clamp::{CLAMPEN, OBGAIN, OBSLEN, OBSLN, OBST};
    CLAMPEN.is_set(word).then(|| Clamp {
        start: OBST.get(word) as usize,
        pixels_log2: OBSLEN.get(word).min(4),
        lines_log2: OBSLN.get(word).min(4),
        gain_q4: OBGAIN.get(word),
    })
}

/// The masks, unless they keep everything.
fn culling(word: u32) -> Option<Culling> {
    use ccdc::culling::{CULHEVN, CULHODD, CULV};
    let [lines, even, odd] = [CULV, CULHEVN, CULHODD].map(|field| field.get(word) as u8);
    ([lines, even, odd] != [0xff; 3]).then_some(Culling { lines, even, odd })
}

const fn data_bits(datsiz: u32) -> u8 {
    match datsiz {
        4 => 12,
        5 => 11,
        6 => 10,
        7 => 8,
        _ => 16,
    }
}

/// The preview's configuration; `port` is the video port's window, which moves the colours.
pub fn preview(shared: &Shared, port: &Window) -> PreviewConfig {
    use preview::*;
    let get = |register: &Register| shared.get(register);
    let control = get(&PCR);
    let on = |field: Field| field.is_set(control);
    let (horizontal, vertical) = (get(&HORZ_INFO), get(&VERT_INFO));
    let window = Window {
        left: horz_info::SPH.get(horizontal) as usize,
        top: vert_info::SLV.get(vertical) as usize,
        width: span(horz_info::SPH.get(horizontal), horz_info::EPH.get(horizontal)),
        height: span(vert_info::SLV.get(vertical), vert_info::ELV.get(vertical)),
    };
    let black = get(&BLKADJOFF);
    let csc_offsets = get(&CSC_OFFSET);
    let byte = |field: Field, word: u32| signed(field.get(word), 8) as i8;
    PreviewConfig {
        window,
        features: Features {
            cfa: on(pcr::CFAEN),
            noise_or_defect: on(pcr::NFEN) || on(pcr::DCOREN),
            median: on(pcr::HMEDEN),
            yc_filters: on(pcr::YNENHEN) || on(pcr::SUPEN),
            gamma_bypass: on(pcr::GAMMA_BYPASS),
        },
        raw: filters::raw(shared),
        enhance_luma: on(pcr::YNENHEN),
        suppress_chroma: filters::suppression(shared),
        first_colour: weights::order(shared).moved(port.left + window.left, port.top + window.top),
        at_once: at_once(shared),
        cfa_threshold_horizontal: cfa::GRADTH_HOR.get(get(&CFA)) as u8,
        cfa_threshold_vertical: cfa::GRADTH_VER.get(get(&CFA)) as u8,
        black_adjust: [
            byte(blkadjoff::R, black),
            byte(blkadjoff::G, black),
            byte(blkadjoff::B, black),
        ],
        rgb_matrix_q8: rgb_matrix(shared),
        rgb_offset: [
            signed(rgb_off1::R.get(get(&RGB_OFF1)), 10) as i16,
            signed(rgb_off1::G.get(get(&RGB_OFF1)), 10) as i16,
            signed(rgb_off2::B.get(get(&RGB_OFF2)), 10) as i16,
        ],
        csc_q8: core::array::from_fn(|row| {
            let word = shared.element(&CSC, row).load(Relaxed);
            [csc::R, csc::G, csc::B].map(|field| signed(field.get(word), 10) as i16)
        }),
        csc_offset: [
            byte(csc_offset::Y, csc_offsets),
            byte(csc_offset::CB, csc_offsets),
            byte(csc_offset::CR, csc_offsets),
        ],
    }
}

/// What of the preview's configuration takes effect in the middle of a frame.
pub fn at_once(shared: &Shared) -> AtOnce {
    use preview::*;
    let get = |register: &Register| shared.get(register);
    let (tone, limits) = (get(&CNT_BRT), get(&SETUP_YC));
    AtOnce {
        digital_gain_q8: wb_dgain::DGAIN.get(get(&WB_DGAIN)) as u16,
        white_balance_q5: get(&WBGAIN).to_le_bytes(),
        white_balance_select: get(&WBSEL),
        tone: Tone {
            contrast_q4: cnt_brt::CNT.get(tone) as u8,
            brightness: cnt_brt::BRT.get(tone) as u8,
            luma_limits: (setup_yc::MINY.get(limits) as u8, setup_yc::MAXY.get(limits) as u8),
            chroma_limits: (setup_yc::MINC.get(limits) as u8, setup_yc::MAXC.get(limits) as u8),
        },
    }
}

/// Number of pixels from `first` to `last`.
const fn span(first: u32, last: u32) -> usize {
    (last + 1).saturating_sub(first) as usize
}

/// Nine coefficients, two a word.
fn rgb_matrix(shared: &Shared) -> [[i16; 3]; 3] {
    core::array::from_fn(|row| {
        core::array::from_fn(|column| {
            let index = 3 * row + column;
            let word = shared.element(&preview::RGB_MAT, index / 2).load(Relaxed);
            let field = if index % 2 == 0 { preview::rgb_mat::LOW } else { preview::rgb_mat::HIGH };
            signed(field.get(word), 12) as i16
        })
    })
}

/// Order of the preview's bytes in memory.
pub fn preview_order(shared: &Shared) -> YuvOrder {
    match preview::pcr::YCPOS.get(shared.get(&preview::PCR)) {
        0 => YuvOrder::Uyvy,
        1 => YuvOrder::Vyuy,
        2 => YuvOrder::Yvyu,
        _ => YuvOrder::Yuyv,
    }
}

/// Copies the gamma tables.
pub fn gamma(shared: &Shared, tables: &mut GammaTables) {
    let starts = [preview::TABLE_RED_GAMMA, preview::TABLE_GREEN_GAMMA, preview::TABLE_BLUE_GAMMA];
    let targets = [&mut tables.red, &mut tables.green, &mut tables.blue];
    for (start, target) in starts.into_iter().zip(targets) {
        let entries = &shared.preview_tables[start as usize..];
        for (entry, word) in target.iter_mut().zip(entries) {
            *entry = word.load(Relaxed) as u8;
        }
    }
}

/// The resizer's configuration.
pub fn resizer(shared: &Shared) -> ResizerConfig {
    use resizer::*;
    let get = |register: &Register| shared.get(register);
    let (control, start) = (get(&CNT), get(&IN_START));
    let (input, output) = (get(&IN_SIZE), get(&OUT_SIZE));
    // Live input counts bytes, two a pixel.
    let unit = if cnt::INPSRC.is_set(control) { 1 } else { 2 };
    ResizerConfig {
        input: Window {
            left: in_start::HORZ_ST.get(start) as usize / unit,
            top: in_start::VERT_ST.get(start) as usize,
            width: in_size::HORZ.get(input) as usize,
            height: in_size::VERT.get(input) as usize,
        },
        output_width: out_size::HORZ.get(output) as usize,
        output_height: out_size::VERT.get(output) as usize,
        horizontal_ratio: cnt::HRSZ.get(control) + 1,
        vertical_ratio: cnt::VRSZ.get(control) + 1,
        horizontal_phase: cnt::HSTPH.get(control),
        vertical_phase: cnt::VSTPH.get(control),
        horizontal_filter: filter(shared, &HFILT),
        vertical_filter: filter(shared, &VFILT),
        chroma_bilinear: cnt::CBILIN.is_set(control),
        edge_enhancement: edge_enhancement(get(&YENH)),
    }
}

/// Codes of ALGO that the manual does not name are off.
fn edge_enhancement(word: u32) -> Option<EdgeEnhancement> {
    use resizer::yenh::{ALGO, CORE, GAIN, SLOP};
    let high_pass = match ALGO.get(word) {
        1 => HighPass::ThreeTap,
        2 => HighPass::FiveTap,
        _ => return None,
    };
    let [core, slope_q4, gain_q4] = [CORE, SLOP, GAIN].map(|field| field.get(word) as u8);
    Some(EdgeEnhancement { high_pass, core, slope_q4, gain_q4 })
}

fn filter(shared: &Shared, register: &Register) -> [i16; 32] {
    core::array::from_fn(|index| {
        let word = shared.element(register, index / 2).load(Relaxed);
        signed(word >> (16 * (index % 2)), 10) as i16
    })
}

/// Order of the resizer's bytes in memory.
pub fn resizer_order(shared: &Shared) -> YuvOrder {
    let control = shared.get(&resizer::CNT);
    if resizer::cnt::INPTYP.is_set(control) && resizer::cnt::INPSRC.is_set(control) {
        YuvOrder::Plane
    } else if resizer::cnt::YCPOS.is_set(control) {
        YuvOrder::Yuyv
    } else {
        YuvOrder::Uyvy
    }
}
