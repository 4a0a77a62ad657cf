//! Polyphase filters of the resizer: one direction, one line.
//!
//! An output sample is a weighted sum of 4 or 7 neighbours; the weights are those of the phase
//! (8 or 4 of them) that is nearest to the sample's position. A position is a number with eight
//! fraction bits that grows by the ratio per sample; its upper bits select the first neighbour, the
//! next 3 or 2 bits the phase:
//!
//! ```text
//!   4 taps: position = 32 * start_phase + i * ratio + 16;  first = position >> 8;  phase = position >> 5 & 7
//!   7 taps: position = 64 * start_phase + i * ratio + 32;  first = position >> 8;  phase = position >> 6 & 3
//! ```
//!
//! which is what the exact input sizes of the OMAP3 resizer follow from. Between the two directions
//! samples keep four fraction bits and are not clipped.

use super::MAX_WIDTH_PX;

/// Weights of one phase; unused ones are zero.
pub type Weights = [i32; 8];

/// Lines that are kept between the two directions with the longer filter.
pub const SLOTS: usize = 8;

/// The newest horizontally filtered lines, by column: samples times 16.
///
/// The lines of a column lie next to each other, so that a vertical filter reads them through one
/// pointer. It does not turn the lines into order, it turns the weights ([`Bank::vertical`]).
pub type Columns = [[i16; SLOTS]; MAX_WIDTH_PX];

/// Ratio of the same size: 1:1.
pub const UNITY: u32 = 256;

/// The largest ratio that the 4-tap filters serve.
pub const MAX_FOUR_TAP_RATIO: u32 = 512;

/// Length of a buffer that a filter reads: any position that is reached, and the longest
/// filter from there.
pub const SOURCE_LENGTH: usize = 2 * POSITIONS + 16;

/// Positions wrap here, so that an absurd configuration reads old bytes instead of panicking.
const POSITIONS: usize = 2048;

/// Which of the two filter shapes a ratio uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 4 taps, 8 phases.
    FourTap,
    /// 7 taps, 4 phases.
    SevenTap,
}

impl Shape {
    /// 4 taps up to ratio 512, 7 taps above.
    pub fn of_ratio(ratio: u32) -> Self {
        if ratio <= MAX_FOUR_TAP_RATIO { Self::FourTap } else { Self::SevenTap }
    }

    /// Number of taps.
    pub fn taps(self) -> usize {
        match self {
            Self::FourTap => 4,
            Self::SevenTap => 7,
        }
    }

    /// By how much a position is shifted to give the phase.
    pub fn phase_shift(self) -> u32 {
        match self {
            Self::FourTap => 5,
            Self::SevenTap => 6,
        }
    }

    /// Position of the first sample, without the rounding half.
    pub fn start(self, start_phase: u32) -> u32 {
        start_phase << self.phase_shift()
    }

    /// Half a phase: added before the phase is cut off.
    pub fn half(self) -> u32 {
        1 << (self.phase_shift() - 1)
    }

    /// Phase of a position.
    pub fn phase(self, position: u32) -> usize {
        (position & 0xff) as usize >> self.phase_shift()
    }
}

/// The weights of all phases of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Bank {
    shape: Shape,
    weights: [Weights; 8],
}

impl Bank {
    /// A bank whose weights are zero.
    pub const IDLE: Self = Self { shape: Shape::FourTap, weights: [[0; 8]; 8] };

    /// Sorts 32 coefficients (S10Q8) as they stand in the registers: 8 phases of 4, or 4 phases
    /// of 8 whose last is unused.
    pub fn new(shape: Shape, coefficients: &[i16; 32]) -> Self {
        let mut weights = [[0; 8]; 8];
        let (stride, taps) = match shape {
            Shape::FourTap => (4, 4),
            Shape::SevenTap => (8, 7),
        };
        for (weights, coefficients) in weights.iter_mut().zip(coefficients.chunks_exact(stride)) {
            for (weight, &coefficient) in weights.iter_mut().zip(&coefficients[..taps]) {
                *weight = i32::from(coefficient);
            }
        }
        Self { shape, weights }
    }

    /// The shape that the weights were sorted for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Weights at a position.
    #[inline(always)]
    fn at(&self, position: u32, shift: u32) -> &Weights {
        &self.weights[(position & 0xff) as usize >> shift & 7]
    }

    /// Lines that a vertical filter keeps: line `n` is in slot `n % slots`.
    pub fn slots(&self) -> usize {
        match self.shape {
            Shape::FourTap => 4,
            Shape::SevenTap => SLOTS,
        }
    }

    /// Filters single samples: output `i` starts at tap `position + i * ratio` and goes to `slot`
    /// of column `i`.
    // A function of its own, so that its loop has the registers to itself.
    #[inline(never)]
    pub fn luma(
        &self,
        source: &[u8; SOURCE_LENGTH],
        position: u32,
        ratio: u32,
        slot: usize,
        out: &mut [[i16; SLOTS]],
    ) {
        match self.shape {
            Shape::FourTap => self.interleaved::<4, 1, 5>(source, position, ratio, slot, out),
            Shape::SevenTap => self.interleaved::<7, 1, 6>(source, position, ratio, slot, out),
        }
    }

    /// Filters pairs of samples (Cb, Cr), `out` in pairs too; positions count pairs.
    // A function of its own, so that its loop has the registers to itself.
    #[inline(never)]
    pub fn chroma(
        &self,
        source: &[u8; SOURCE_LENGTH],
        position: u32,
        ratio: u32,
        slot: usize,
        out: &mut [[i16; SLOTS]],
    ) {
        match self.shape {
            Shape::FourTap => self.interleaved::<4, 2, 5>(source, position, ratio, slot, out),
            Shape::SevenTap => self.interleaved::<7, 2, 6>(source, position, ratio, slot, out),
        }
    }

    /// `LANES` interleaved signals with the same weights.
    #[inline(always)]
    fn interleaved<const TAPS: usize, const LANES: usize, const SHIFT: u32>(
        &self,
        source: &[u8; SOURCE_LENGTH],
        mut position: u32,
        ratio: u32,
        slot: usize,
        out: &mut [[i16; SLOTS]],
    ) {
        let slot = slot % SLOTS;
        for out in out.chunks_exact_mut(LANES) {
            let first = LANES * ((position >> 8) as usize % POSITIONS);
            let weights = self.at(position, SHIFT);
            for (lane, out) in out.iter_mut().enumerate() {
                let mut sum = 8;
                for tap in 0..TAPS {
                    sum += weights[tap] * i32::from(source[first + lane + LANES * tap]);
                }
                out[slot] = (sum >> 4) as i16;
            }
            position = position.wrapping_add(ratio);
        }
    }

    /// Filters down the columns: the first neighbour is line `position >> 8`. The result is rounded
    /// and saturated to 8 bits.
    // A function of its own, so that its loop has the registers to itself.
    #[inline(never)]
    pub fn vertical(&self, columns: &[[i16; SLOTS]], position: u32, out: &mut [u8]) {
        let first = (position >> 8) as usize;
        match self.shape {
            Shape::FourTap => combine::<4>(columns, first, self.at(position, 5), out),
            Shape::SevenTap => combine::<SLOTS>(columns, first, self.at(position, 6), out),
        }
    }
}

/// Weighted sum of the slots of each column, of which `USED` hold lines.
#[inline(always)]
fn combine<const USED: usize>(
    columns: &[[i16; SLOTS]],
    first: usize,
    weights: &Weights,
    out: &mut [u8],
) {
    // Slot `s` holds the line that is `s - first` lines below the first neighbour, modulo the ring.
    let turned: [i32; USED] =
        core::array::from_fn(|slot| weights[(slot + USED - first % USED) % USED]);
    for (column, out) in columns.iter().zip(out) {
        let mut sum = 1 << 11;
        for slot in 0..USED {
            sum += turned[slot] * i32::from(column[slot]);
        }
        *out = (sum >> 12).clamp(0, 255) as u8;
    }
}

/// Linear interpolation of pairs (Cb, Cr) with eight fraction bits, as CBILIN asks for.
pub fn bilinear_chroma(
    source: &[u8; SOURCE_LENGTH],
    mut position: u32,
    ratio: u32,
    slot: usize,
    out: &mut [[i16; SLOTS]],
) {
    let slot = slot % SLOTS;
    for out in out.chunks_exact_mut(2) {
        let first = 2 * ((position >> 8) as usize % POSITIONS);
        let fraction = (position & 0xff) as i32;
        for (lane, out) in out.iter_mut().enumerate() {
            let (here, next) = (source[first + lane], source[first + lane + 2]);
            let sum = i32::from(here) * (256 - fraction) + i32::from(next) * fraction;
            out[slot] = ((sum + 8) >> 4) as i16;
        }
        position = position.wrapping_add(ratio);
    }
}
