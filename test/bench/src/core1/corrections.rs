//! CCDC corrections that read tables from memory: fault pixels and lens shading.
//!
//! Both fetch what they need for a line before the line, through the firewall. A table that does not
//! come ends its correction for the frame: FPERR and CCDC_ERR for fault pixels, LSC_PREF_ERR for
//! lens shading. LSC_DONE comes at the end of a frame that was corrected.

use super::dma::{Memory, read_table};
use crate::pixels::fault_pixels::{BURST_ENTRIES, Fault};
use crate::pixels::lens_shading::{LensShading, MAX_POINTS};
use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::ccdc::{
    FPC, FPC_ADDR, LSC_CONFIG, LSC_INITIAL, LSC_TABLE_BASE, LSC_TABLE_OFFSET, fpc, lsc_config,
    lsc_initial,
};
use drv_isp_regs::main_block::{IRQ0STATUS, irq};

/// Tables in the middle of a frame.
pub struct Corrections {
    faults: Option<Faults>,
    shading: Option<LensShading>,
    /// The two rows of points around the line, and the number of the upper one.
    points: [[u32; MAX_POINTS]; 2],
    point_row: Option<usize>,
}

/// How far the table of fault pixels has been used.
#[derive(Clone, Copy)]
struct Faults {
    next: usize,
    count: usize,
    burst: [u32; BURST_ENTRIES],
}

impl Corrections {
    /// Nothing is on.
    pub const fn new() -> Self {
        Self { faults: None, shading: None, points: [[0; MAX_POINTS]; 2], point_row: None }
    }

    /// Is anything on in this frame?
    pub fn are_on(&self) -> bool {
        self.faults.is_some() || self.shading.is_some()
    }

    /// Frame start.
    pub fn begin_frame(&mut self, shared: &Shared) {
        let word = shared.get(&FPC);
        let count = fpc::FPNUM.get(word) as usize;
        let burst = [0; BURST_ENTRIES];
        self.faults = fpc::FPCEN.is_set(word).then_some(Faults { next: 0, count, burst });
        self.shading = shading(shared);
        self.point_row = None;
        if self.shading.is_some() {
            shared.word(&LSC_CONFIG).fetch_or(lsc_config::BUSY.mask(), SeqCst);
        }
    }

    /// Corrects a line in place; codes saturate at `max`.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn line(
        &mut self,
        shared: &Shared,
        epoch: u32,
        (y, pixels): (usize, &mut [u16]),
        max: u16,
        memory: &mut impl Memory,
    ) {
        self.correct_faults(shared, epoch, y, pixels, memory);
        if let Some(shading) = self.shading {
            if !self.fetch_points(shared, epoch, shading.point_row(y), pixels.len(), memory) {
                return;
            }
            let [upper, lower] = &self.points;
            shading.apply(y, pixels, [upper, lower], max);
        }
    }

    /// Frame end: LSC_DONE comes.
    pub fn end_frame(&mut self, shared: &Shared, epoch: u32) {
        let shaded = self.shading.take().is_some();
        self.faults = None;
        shared.commit(epoch, |_| {
            shared.word(&LSC_CONFIG).fetch_and(!lsc_config::BUSY.mask(), SeqCst);
            if shaded {
                shared.word(&IRQ0STATUS).fetch_or(irq::LSC_DONE.mask(), SeqCst);
            }
        });
    }

    fn correct_faults(
        &mut self,
        shared: &Shared,
        epoch: u32,
        y: usize,
        pixels: &mut [u16],
        memory: &mut impl Memory,
    ) {
        while let Some(faults) = &mut self.faults {
            if faults.next == faults.count {
                return;
            }
            let place = faults.next % BURST_ENTRIES;
            let address = shared.get(&FPC_ADDR).wrapping_add(4 * faults.next as u32);
            let missing = place == 0 && faults.burst[0] == 0;
            if missing && !read_words(shared, epoch, memory, address, &mut faults.burst) {
                self.faults = None;
                shared.commit(epoch, |_| {
                    shared.word(&FPC).fetch_or(fpc::FPERR.mask(), SeqCst);
                    shared.word(&IRQ0STATUS).fetch_or(irq::CCDC_ERR.mask(), SeqCst);
                });
                return;
            }
            let fault = Fault::from_word(faults.burst[place]);
            if fault.line > y {
                return;
            }
            if fault.line == y {
                fault.correct(pixels);
            }
            faults.next += 1;
            if faults.next.is_multiple_of(BURST_ENTRIES) {
                faults.burst = [0; BURST_ENTRIES];
            }
        }
    }

    /// Makes the rows of points around a line the current ones; `false` if they did not come.
    fn fetch_points(
        &mut self,
        shared: &Shared,
        epoch: u32,
        row: usize,
        width: usize,
        memory: &mut impl Memory,
    ) -> bool {
        let Some(shading) = self.shading else { return false };
        if self.point_row == Some(row) {
            return true;
        }
        let count = shading.points(width);
        let distance = shared.get(&LSC_TABLE_OFFSET);
        for (index, points) in self.points.iter_mut().enumerate() {
            let offset = distance.wrapping_mul((row + index) as u32);
            let address = shared.get(&LSC_TABLE_BASE).wrapping_add(offset);
            if !read_words(shared, epoch, memory, address, &mut points[..count]) {
                self.shading = None;
                shared.commit(epoch, |_| {
                    shared.word(&IRQ0STATUS).fetch_or(irq::LSC_PREF_ERR.mask(), SeqCst);
                });
                return false;
            }
        }
        self.point_row = Some(row);
        true
    }
}

/// Reads little-endian words; `false` if they did not come.
fn read_words(
    shared: &Shared,
    epoch: u32,
    memory: &mut impl Memory,
    address: u32,
    words: &mut [u32],
) -> bool {
    const CHUNK: usize = 64;
    let mut bytes = [0; 4 * CHUNK];
    for (index, words) in words.chunks_mut(CHUNK).enumerate() {
        let address = address.wrapping_add((4 * CHUNK * index) as u32);
        let bytes = &mut bytes[..4 * words.len()];
        let came = shared.commit(epoch, |gates| read_table(shared, gates, memory, address, bytes));
        if came != Some(true) {
            return false;
        }
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
    }
    true
}

fn shading(shared: &Shared) -> Option<LensShading> {
    let (config, initial) = (shared.get(&LSC_CONFIG), shared.get(&LSC_INITIAL));
    lsc_config::ENABLE.is_set(config).then(|| LensShading {
        format: lsc_config::GAIN_FORMAT.get(config),
        width_log2: lsc_config::GAIN_MODE_M.get(config).clamp(2, 6),
        height_log2: lsc_config::GAIN_MODE_N.get(config).clamp(2, 6),
        initial_x: lsc_initial::X.get(initial) as usize,
        initial_y: lsc_initial::Y.get(initial) as usize,
    })
}
