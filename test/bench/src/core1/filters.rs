//! Register words to the preview's filters: those in front of white balance, and those on luma and
//! chroma. All of them are off after reset.

use super::dma::{Memory, Source, read_table};
use crate::pixels::averager::Averager;
use crate::pixels::chroma_suppression::Suppression;
use crate::pixels::dark_frame::DarkFrame;
use crate::pixels::defect::Defects;
use crate::pixels::median::Median;
use crate::pixels::preview::{Preview, PreviewConfig};
use crate::pixels::raw_stages::RawConfig;
use crate::regs::firewall::Engine;
use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::preview::{
    AVE, CDC_THR, CSUP, DRKF_OFFSET, DSDR_ADDR, HMED, NF, PCR, TABLE_LUMA_ENHANCEMENT,
    TABLE_NOISE_FILTER, ave, cdc_thr, csup, hmed, nf, pcr,
};

/// The filters in front of white balance.
pub fn raw(shared: &Shared) -> RawConfig {
    let control = shared.get(&PCR);
    let shading = DarkFrame::Shading { shift: pcr::SCOMP_SFT.get(control) };
    let dark = if pcr::SCOMP_EN.is_set(control) { shading } else { DarkFrame::Subtract };
    RawConfig {
        average: averager(shared.get(&AVE)),
        inverse_alaw: pcr::INVALAW.is_set(control),
        dark_frame: pcr::DRKFEN.is_set(control).then_some(dark),
        median: pcr::HMEDEN.is_set(control).then(|| median(shared.get(&HMED))),
        defects: pcr::DCOREN.is_set(control).then(|| defects(shared, control)),
        noise_spread: pcr::NFEN.is_set(control).then(|| nf::SPREAD.get(shared.get(&NF))),
    }
}

/// Chroma suppression, if it is on.
pub fn suppression(shared: &Shared) -> Option<Suppression> {
    let word = shared.get(&CSUP);
    pcr::SUPEN.is_set(shared.get(&PCR)).then(|| Suppression {
        gain_q8: csup::GAIN.get(word) as u8,
        threshold: csup::THRESHOLD.get(word) as u8,
        high_pass: csup::HPYF.is_set(word),
    })
}

/// Copies the tables of the filters that are on.
pub fn load_tables(shared: &Shared, config: &PreviewConfig, preview: &mut Preview) {
    if config.raw.noise_spread.is_some() {
        let entries = &shared.preview_tables[TABLE_NOISE_FILTER as usize..];
        for (threshold, word) in preview.raw.noise_table.iter_mut().zip(entries) {
            *threshold = word.load(Relaxed) as u8;
        }
    }
    if config.enhance_luma {
        let entries = &shared.preview_tables[TABLE_LUMA_ENHANCEMENT as usize..];
        for (entry, word) in preview.luma_table.iter_mut().zip(entries) {
            *entry = word.load(Relaxed);
        }
    }
}

/// Where the dark frame is, for the preview's frame that starts.
pub fn dark_frame(shared: &Shared) -> Source {
    Source {
        engine: Engine::Tables,
        address: shared.get(&DSDR_ADDR),
        offset_bytes: shared.get(&DRKF_OFFSET),
    }
}

/// Reads the dark frame's line for row `row` of the video port. Returns the number of bytes: none
/// outside of the window, or if they did not come, which DRK_FAIL says.
// Kept out of the caller's loop over pixels, which is off this path by default.
#[inline(never)]
pub fn dark_line(
    shared: &Shared,
    epoch: u32,
    config: &PreviewConfig,
    (row, dark_frame): (usize, &Source),
    memory: &mut impl Memory,
    bytes: &mut [u8],
) -> usize {
    let Some(row) = config.window.row(row) else { return 0 };
    let count = config.raw.average.output(config.window.width).min(bytes.len());
    let offset = (row as u32).wrapping_mul(dark_frame.offset_bytes);
    let address = dark_frame.address.wrapping_add(offset);
    let line = &mut bytes[..count];
    let came = shared.commit(epoch, |gates| {
        let came = read_table(shared, gates, memory, address, line);
        if !came {
            shared.word(&PCR).fetch_or(pcr::DRK_FAIL.mask(), SeqCst);
        }
        came
    });
    if came == Some(true) { count } else { 0 }
}

fn averager(word: u32) -> Averager {
    Averager {
        count_log2: ave::COUNT.get(word),
        even_distance: ave::EVEN_DISTANCE.get(word) as usize + 1,
        odd_distance: ave::ODD_DISTANCE.get(word) as usize + 1,
    }
}

fn median(word: u32) -> Median {
    Median {
        threshold: hmed::THRESHOLD.get(word) as u8,
        even_distance: hmed::EVEN_DISTANCE.get(word) as usize + 1,
        odd_distance: hmed::ODD_DISTANCE.get(word) as usize + 1,
    }
}

fn defects(shared: &Shared, control: u32) -> Defects {
    let threshold = |place| {
        let word = shared.element(&CDC_THR, place).load(Relaxed);
        (cdc_thr::DETECT.get(word) as u16, cdc_thr::CORRECT.get(word) as u16)
    };
    Defects { thresholds: core::array::from_fn(threshold), couplets: pcr::DCCOUP.is_set(control) }
}
