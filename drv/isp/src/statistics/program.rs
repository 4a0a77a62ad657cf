//! What to write for a configuration, and the bits that differ from frame to frame.
//!
//! Registers of H3A take effect at frame start, those of the histogram only while it is idle; all
//! are written while the engine is off, so that no frame is measured with half of them.

use drv_isp_regs::main_block::irq;
use drv_isp_regs::{Field, Register, h3a, hist, sbl};
use idl::types::{
    AewbConfig, AfConfig, AfFilter, Grid, HistogramConfig, StatisticsConfig, StatisticsEngine,
};

use crate::registers::{Registers, Write};

/// Samples have 10 bits.
const SAMPLE_BITS: u32 = 10;

/// Bits of H3A's PCR that belong to the configuration of AEWB.
const AEWB_BITS: u32 = h3a::pcr::AEW_ALAW.mask() | h3a::pcr::AVE2LMT.mask();
/// Bits of H3A's PCR that belong to the configuration of auto focus.
const AF_BITS: u32 = h3a::pcr::AF_ALAW.mask()
    | h3a::pcr::AF_MED_EN.mask()
    | h3a::pcr::AF_MED_TH.mask()
    | h3a::pcr::RGBPOS.mask()
    | h3a::pcr::FVMODE.mask();

/// Where an engine is switched, and how it tells.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    control: Register,
    enable: Field,
    busy: Field,
    /// Bit of IRQ0STATUS: a frame is measured.
    pub done: u32,
    /// Bit of the shared buffer logic: data was lost on the way to memory; 0 = it has no DMA.
    pub overflow: u32,
    /// Address of the buffer; `None` = no DMA.
    pub address: Option<Register>,
}

/// The engine's own bits.
#[must_use]
pub const fn unit(engine: StatisticsEngine) -> Unit {
    match engine {
        StatisticsEngine::Aewb => Unit {
            control: h3a::PCR,
            enable: h3a::pcr::AEW_EN,
            busy: h3a::pcr::BUSYAEAWB,
            done: irq::H3A_AWB_DONE.mask(),
            overflow: sbl::pcr::H3A_AEAWB_WBL_OVF.mask(),
            address: Some(h3a::AEWBUFST),
        },
        StatisticsEngine::Af => Unit {
            control: h3a::PCR,
            enable: h3a::pcr::AF_EN,
            busy: h3a::pcr::BUSYAF,
            done: irq::H3A_AF_DONE.mask(),
            overflow: sbl::pcr::H3A_AF_WBL_OVF.mask(),
            address: Some(h3a::AFBUFST),
        },
        StatisticsEngine::Histogram => Unit {
            control: hist::PCR,
            enable: hist::pcr::EN,
            busy: hist::pcr::BUSY,
            done: irq::HIST_DONE.mask(),
            overflow: 0,
            address: None,
        },
    }
}

impl Unit {
    /// Takes part in frames from the next frame start on, or no longer. A frame in progress is
    /// measured to its end.
    pub fn switch(&self, on: bool, registers: &mut impl Registers) {
        // The other engine of the block keeps its bit.
        let control = registers.read(&self.control);
        registers.write(&self.control, self.enable.put(control, on.into()));
    }

    /// Whether it is in the middle of a frame.
    pub fn is_busy(&self, registers: &mut impl Registers) -> bool {
        self.busy.is_set(registers.read(&self.control))
    }
}

/// Writes a configuration. It has passed the check.
pub fn configure(config: &StatisticsConfig, registers: &mut impl Registers) {
    match config {
        StatisticsConfig::Aewb(config) => aewb(config, registers),
        StatisticsConfig::Af(config) => af(config, registers),
        StatisticsConfig::Histogram(config) => histogram(config, registers),
    }
}

/// The smallest measurement of H3A: after an overflow it is run once and thrown away, because the
/// engine goes on writing where it stopped (Linux omap3isp: recover configuration).
#[must_use]
pub const fn recovery(config: &StatisticsConfig) -> StatisticsConfig {
    match *config {
        StatisticsConfig::Aewb(config) => StatisticsConfig::Aewb(AewbConfig {
            grid: Grid { width_px: 6, height_px: 2, columns: 1, rows: 1, ..config.grid },
            ..config
        }),
        StatisticsConfig::Af(config) => StatisticsConfig::Af(AfConfig {
            grid: Grid { width_px: 16, height_px: 2, columns: 1, rows: 1, ..config.grid },
            ..config
        }),
        histogram @ StatisticsConfig::Histogram(_) => histogram,
    }
}

/// Begins to read the histogram's memory at an entry.
pub fn seek(entry: u16, registers: &mut impl Registers) {
    registers.write(&hist::ADDR, entry.into());
}

/// Reads the next entry, and clears it.
pub fn take_count(registers: &mut impl Registers) -> u32 {
    registers.read(&hist::DATA)
}

fn aewb(config: &AewbConfig, registers: &mut impl Registers) {
    use h3a::{aewinblk, aewinstart, aewsubwin, aewwin1, pcr};
    let Grid { left_px, top_px, width_px, height_px, columns, rows } = config.grid;
    let size = aewwin1::WINHC.of(u32::from(columns) - 1)
        | aewwin1::WINVC.of(u32::from(rows) - 1)
        | aewwin1::WINW.of(half(width_px))
        | aewwin1::WINH.of(half(height_px));
    let black = aewinblk::WINH.of(half(config.black_height_px))
        | aewinblk::WINSV.of(config.black_top_px.into());
    let step = aewsubwin::AEWINCH.of(half(config.step_x_px.into()))
        | aewsubwin::AEWINCV.of(half(config.step_y_px.into()));
    registers.write(&h3a::AEWWIN1, size);
    let start = aewinstart::WINSH.of(left_px.into()) | aewinstart::WINSV.of(top_px.into());
    registers.write(&h3a::AEWINSTART, start);
    registers.write(&h3a::AEWINBLK, black);
    registers.write(&h3a::AEWSUBWIN, step);
    let control = pcr::AVE2LMT.of(config.saturation.into()) | pcr::AEW_ALAW.of(config.alaw.into());
    control_bits(AEWB_BITS, control, registers);
}

fn af(config: &AfConfig, registers: &mut impl Registers) {
    use h3a::{afpax1, afpax2, afpaxstart, pcr};
    let Grid { left_px, top_px, width_px, height_px, columns, rows } = config.grid;
    let size = afpax1::PAXW.of(half(width_px)) | afpax1::PAXH.of(half(height_px));
    let count = afpax2::PAXHC.of(u32::from(columns) - 1)
        | afpax2::PAXVC.of(u32::from(rows) - 1)
        | afpax2::AFINCV.of(half(config.step_y_px.into()));
    registers.write(&h3a::AFPAX1, size);
    registers.write(&h3a::AFPAX2, count);
    let start = afpaxstart::PAXSH.of(left_px.into()) | afpaxstart::PAXSV.of(top_px.into());
    registers.write(&h3a::AFPAXSTART, start);
    registers.write(&h3a::AFIIRSH, config.filter_start_px.into());
    for (first, filter) in [h3a::AFCOEF0, h3a::AFCOEF1].iter().zip(&config.filters) {
        coefficients(first, filter, registers);
    }
    let control = pcr::AF_ALAW.of(config.alaw.into())
        | pcr::AF_MED_EN.of(config.median.is_some().into())
        | pcr::AF_MED_TH.of(config.median.unwrap_or(0).into())
        | pcr::RGBPOS.of(config.colours.into())
        | pcr::FVMODE.of(config.peak.into());
    control_bits(AF_BITS, control, registers);
}

/// Two coefficients a word.
fn coefficients(first: &Register, filter: &AfFilter, registers: &mut impl Registers) {
    use h3a::afcoef0::{HIGH, LOW};
    for (index, pair) in filter.chunks(2).enumerate() {
        let high = pair.get(1).map_or(0, |value| HIGH.of((*value).into()));
        let value = LOW.of(pair[0].into()) | high;
        registers.write_at(Write { offset: first.offset_at(index), value });
    }
}

fn histogram(config: &HistogramConfig, registers: &mut impl Registers) {
    use hist::{cnt, region, wb_gain};
    let bins_log2 = u32::from(config.bins).ilog2();
    let count =
        cnt::SHIFT.of(SAMPLE_BITS - bins_log2) | cnt::BINS.of(bins_log2 - 5) | cnt::CLEAR.of(1);
    registers.write(&hist::CNT, count);
    let fields = [wb_gain::WG00, wb_gain::WG01, wb_gain::WG02, wb_gain::WG03];
    let gains = fields.iter().zip(config.gains_q5);
    let gains = gains.fold(0, |word, (field, gain)| word | field.of(gain.into()));
    registers.write(&hist::WB_GAIN, gains);
    for (index, place) in config.regions.iter().enumerate() {
        // A region of one pixel counts nothing: zero is off.
        let on = index < usize::from(config.region_count);
        let span = |first: u16, last: u16| {
            if on { region::START.of(first.into()) | region::END.of(last.into()) } else { 0 }
        };
        let words = [span(place.left_px, place.right_px), span(place.top_px, place.bottom_px)];
        for (half, value) in words.into_iter().enumerate() {
            registers.write_at(Write { offset: hist::REGION.offset_at(2 * index + half), value });
        }
    }
}

/// Bits of H3A's PCR that are not the engine's keep their values.
fn control_bits(mask: u32, value: u32, registers: &mut impl Registers) {
    let control = registers.read(&h3a::PCR);
    registers.write(&h3a::PCR, control & !mask | value);
}

/// How registers hold even numbers: half, less one.
const fn half(value: u16) -> u32 {
    (value / 2) as u32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::check::tests::{AEWB, AF, HISTOGRAM};
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Words(BTreeMap<usize, u32>);

    impl Registers for Words {
        fn read_at(&mut self, offset: usize) -> u32 {
            self.0.get(&offset).copied().unwrap_or_default()
        }
        fn write_at(&mut self, Write { offset, value }: Write) {
            self.0.insert(offset, value);
        }
    }

    fn written(config: StatisticsConfig) -> Words {
        let mut words = Words::default();
        configure(&config, &mut words);
        words
    }

    #[test]
    fn aewb_windows_are_halved_and_counted_from_one() {
        let mut words = written(AEWB.into());
        // 16 x 12 windows, 4 x 3 of them, at (8, 6), every 4th column and 6th line.
        assert_eq!(words.read(&h3a::AEWWIN1), 3 | 2 << 6 | 7 << 13 | 5 << 24);
        assert_eq!(words.read(&h3a::AEWINSTART), 8 | 6 << 16);
        assert_eq!(words.read(&h3a::AEWINBLK), 0);
        assert_eq!(words.read(&h3a::AEWSUBWIN), 1 | 2 << 8);
        assert_eq!(words.read(&h3a::PCR), 1000 << 22);
    }

    #[test]
    fn auto_focus_has_two_filters_of_eleven() {
        let mut words = written(AF.into());
        assert_eq!(words.read(&h3a::AFPAX1), 15 << 16 | 3);
        assert_eq!(words.read(&h3a::AFPAX2), 1 | 4 << 6 | 1 << 13);
        assert_eq!(words.read(&h3a::AFPAXSTART), 16 << 16 | 4);
        assert_eq!(words.read(&h3a::AFIIRSH), 12);
        let filter = |first: &Register| [0, 1, 2, 3, 4, 5].map(|at| words.0[&first.offset_at(at)]);
        assert_eq!(filter(&h3a::AFCOEF0), [0x1_0001, 0x1_0001, 0x1_0001, 0x1_0001, 0x1_0001, 1]);
        assert_eq!(filter(&h3a::AFCOEF1)[4..], [0xFFF_0FFF, 0xFFF]);
        assert_eq!(words.read(&h3a::PCR), 1 << 1 | 1 << 2 | 77 << 3 | 2 << 11 | 1 << 14);
    }

    #[test]
    fn both_engines_of_h3a_keep_their_bits() {
        let mut words = Words::default();
        unit(StatisticsEngine::Af).switch(true, &mut words);
        configure(&AF.into(), &mut words);
        configure(&AEWB.into(), &mut words);
        unit(StatisticsEngine::Aewb).switch(true, &mut words);
        let all = words.read(&h3a::PCR);
        assert_eq!(all & 0x0001_FFFF, 1 << 16 | 1 | 1 << 1 | 1 << 2 | 77 << 3 | 2 << 11 | 1 << 14);
        unit(StatisticsEngine::Af).switch(false, &mut words);
        assert_eq!(words.read(&h3a::PCR), all & !1);
    }

    #[test]
    fn the_histogram_clears_what_is_read_and_has_only_the_regions_in_use() {
        let mut words = written(HISTOGRAM.into());
        assert_eq!(words.read(&hist::CNT), 4 | 1 << 4 | 1 << 7);
        assert_eq!(words.read(&hist::WB_GAIN), 32 << 24 | 40 << 16 | 50 << 8 | 60);
        let region = |at| words.0[&hist::REGION.offset_at(at)];
        assert_eq!([0, 1, 2, 3].map(region), [9, 7, 10 << 16 | 90, 4 << 16 | 60]);
        assert_eq!([4, 5, 6, 7].map(region), [0; 4]);
    }

    #[test]
    fn recovery_is_as_small_as_the_engine_allows() {
        for config in [AEWB.into(), AF.into()] {
            let small = recovery(&config);
            assert_eq!(crate::statistics::check::check(&small), Ok(()));
            assert!(small.bytes() <= 48, "{small:?}");
        }
    }
}
