//! H3A, exposure and white balance: sums of a grid of windows.
//!
//! ```text
//!  window (6..256 x 2..256 pixels)         packet of a window: eight little-endian 16-bit sums
//!  +--+------+--+------+--+                  0..4  samples, by place in the 2x2 block
//!  |##|      |##|      |##|  2x2 blocks      4..8  samples clipped to the limit
//!  +--+      +--+      +--+  at a distance
//!  |  2..32 lines and columns              after every eighth window: eight 16-bit counts of
//!  +--+      +--+      +--+                blocks without a saturated sample
//! ```
//!
//! A sum has 16 bits and wraps: a driver must choose its windows so that it does not (more than 64
//! white samples do; SWPU177N, H3A). One more row of windows lies over black lines, above or below
//! the grid; it comes in the order of its lines. The counts of windows that do not make up eight
//! come at the end, filled with zeros. So the buffer has 16 bytes for each window and 16 for each
//! eight or fewer, which is what the Linux driver reserves.

use super::{MAX_WIDTH_PX, alaw};

/// Windows of a row.
pub const MAX_COLUMNS: usize = 36;

/// Bytes of a window's sums, and of eight windows' counts.
pub const PACKET_BYTES: usize = 16;

/// The most bytes that come at once: a row, the counts of it and of seven windows before, and the
/// rest of the counts.
pub const MAX_BURST_BYTES: usize = (MAX_COLUMNS + MAX_COLUMNS.div_ceil(8) + 1) * PACKET_BYTES;

/// The registers, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AewbConfig {
    /// Width of a window in pixels; even.
    pub width: usize,
    /// Height of a window in lines; even.
    pub height: usize,
    /// Windows per row, at most [`MAX_COLUMNS`].
    pub columns: usize,
    /// Rows of windows.
    pub rows: usize,
    /// First pixel of the first window.
    pub left: usize,
    /// First line of the first window.
    pub top: usize,
    /// First line of the black windows.
    pub black_top: usize,
    /// Height of the black windows in lines.
    pub black_height: usize,
    /// Distance of sampled columns, 2..=32, even.
    pub step_x: usize,
    /// Distance of sampled lines, 2..=32, even.
    pub step_y: usize,
    /// AVE2LMT: a sample at or above it is saturated.
    pub limit: u16,
    /// Samples are compressed first.
    pub alaw: bool,
}

/// One window in the making.
#[derive(Clone, Copy)]
struct Sums {
    samples: [u16; 4],
    clipped: [u16; 4],
    unsaturated: u16,
}

const ZERO: Sums = Sums { samples: [0; 4], clipped: [0; 4], unsaturated: 0 };

/// The engine in the middle of a frame.
pub struct Aewb {
    config: AewbConfig,
    sums: [Sums; MAX_COLUMNS],
    /// The largest sample of each block's first line.
    block_max: [u16; MAX_WIDTH_PX / 2],
    /// Counts that wait for the eighth.
    counts: [u16; 8],
    count: usize,
    grid_rows_left: usize,
    black_row_left: bool,
    burst: [u8; MAX_BURST_BYTES],
    burst_bytes: usize,
}

impl Aewb {
    /// An engine without windows.
    pub const fn new() -> Self {
        Self {
            config: AewbConfig {
                width: 2,
                height: 2,
                columns: 0,
                rows: 0,
                left: 0,
                top: 0,
                black_top: 0,
                black_height: 0,
                step_x: 2,
                step_y: 2,
                limit: 0,
                alaw: false,
            },
            sums: [ZERO; MAX_COLUMNS],
            block_max: [0; MAX_WIDTH_PX / 2],
            counts: [0; 8],
            count: 0,
            grid_rows_left: 0,
            black_row_left: false,
            burst: [0; MAX_BURST_BYTES],
            burst_bytes: 0,
        }
    }

    /// Starts a frame.
    pub fn begin_frame(&mut self, config: &AewbConfig) {
        self.config = *config;
        self.config.columns = config.columns.min(MAX_COLUMNS);
        self.sums = [ZERO; MAX_COLUMNS];
        (self.count, self.burst_bytes) = (0, 0);
        (self.grid_rows_left, self.black_row_left) = (config.rows, true);
    }

    /// All windows have come.
    pub fn is_done(&self) -> bool {
        self.grid_rows_left == 0 && !self.black_row_left
    }

    /// Takes line `y` (10-bit codes). The bytes that are ready for memory, perhaps none.
    pub fn line(&mut self, y: usize, pixels: &[u16]) -> &[u8] {
        self.burst_bytes = 0;
        let Some((inside, height, is_grid)) = self.place(y) else { return &[] };
        let offset = inside % self.config.step_y;
        if offset < 2 {
            self.sample(offset, pixels);
        }
        if inside + 1 == height {
            self.end_row(is_grid);
        }
        &self.burst[..self.burst_bytes]
    }

    /// The frame ended. Rows that have not come come as far as they are, the others as zeros: one
    /// row per call, none when all are out.
    pub fn flush(&mut self) -> &[u8] {
        self.burst_bytes = 0;
        if !self.is_done() {
            self.end_row(self.grid_rows_left > 0);
        }
        &self.burst[..self.burst_bytes]
    }

    /// Line within a row of windows, the row's height, and whether it is one of the grid.
    fn place(&self, y: usize) -> Option<(usize, usize, bool)> {
        let config = &self.config;
        let grid = y.checked_sub(config.top).filter(|y| *y < config.rows * config.height);
        if let Some(inside) = grid.filter(|_| config.height > 0 && self.grid_rows_left > 0) {
            return Some((inside % config.height, config.height, true));
        }
        let black = y.checked_sub(config.black_top).filter(|y| *y < config.black_height);
        black.filter(|_| self.black_row_left).map(|inside| (inside, config.black_height, false))
    }

    /// Adds line `row` (0 or 1) of the blocks.
    fn sample(&mut self, row: usize, pixels: &[u16]) {
        let config = &self.config;
        let starts = (config.left..).step_by(config.width.max(1));
        for (sums, start) in self.sums[..config.columns].iter_mut().zip(starts) {
            let blocks = (start..start + config.width).step_by(config.step_x.max(1));
            for x in blocks {
                let (Some(block), Some(max)) =
                    (pixels.get(x..x + 2), self.block_max.get_mut(x / 2))
                else {
                    break;
                };
                let block = [block[0], block[1]].map(|code| sample(code, config.alaw));
                sums.add(row, block, config.limit);
                let highest = block[0].max(block[1]);
                if row == 0 {
                    *max = highest;
                } else if highest.max(*max) < config.limit {
                    sums.unsaturated += 1;
                }
            }
        }
    }

    fn end_row(&mut self, is_grid: bool) {
        for column in 0..self.config.columns {
            let sums = core::mem::replace(&mut self.sums[column], ZERO);
            self.put([sums.samples, sums.clipped].as_flattened());
            self.put_count(sums.unsaturated);
        }
        if is_grid {
            self.grid_rows_left -= 1;
        } else {
            self.black_row_left = false;
        }
        while self.is_done() && self.count != 0 {
            self.put_count(0);
        }
    }

    fn put_count(&mut self, count: u16) {
        self.counts[self.count] = count;
        self.count = (self.count + 1) % self.counts.len();
        if self.count == 0 {
            let counts = self.counts;
            self.put(&counts);
        }
    }

    fn put(&mut self, words: &[u16]) {
        let place = self.burst[self.burst_bytes..].chunks_exact_mut(2);
        for (bytes, word) in place.zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.burst_bytes += 2 * words.len();
    }
}

impl Sums {
    /// Adds one line of a block. Eight adders of 16 bits.
    fn add(&mut self, row: usize, block: [u16; 2], limit: u16) {
        for (column, code) in block.into_iter().enumerate() {
            let place = 2 * row + column;
            self.samples[place] = self.samples[place].wrapping_add(code);
            self.clipped[place] = self.clipped[place].wrapping_add(code.min(limit));
        }
    }
}

fn sample(code: u16, compressed: bool) -> u16 {
    if compressed { alaw::COMPRESS[usize::from(code & 0x3ff)].into() } else { code }
}

impl Default for Aewb {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
