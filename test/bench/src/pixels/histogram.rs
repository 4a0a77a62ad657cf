//! Histogram: how many pixels of each colour have how much light, in up to four regions.
//!
//! ```text
//! code * gain (U8Q5) >> shift -> bin (the last one takes all above) -> one more in the entry
//!   entry = (region * 4 + place in the 2x2 cell) * bins + bin
//! ```
//!
//! A pixel that lies in several regions counts for the first only. An entry has 20 bits and stays at
//! its largest value. The 1024 entries are shared out: 256 bins leave room for one region, 128 for
//! two, 64 or 32 for four (SWPU177N, histogram). The memory is not cleared by a new frame: it is by
//! being read, so the counts of frames add up until a driver reads them.

/// Entries of the memory.
pub const ENTRIES: usize = 1024;

/// The largest value of an entry.
pub const MAX_COUNT: u32 = (1 << 20) - 1;

/// A region: first and last pixel, first and last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First pixel.
    pub left: usize,
    /// Last pixel.
    pub right: usize,
    /// First line.
    pub top: usize,
    /// Last line.
    pub bottom: usize,
}

impl Region {
    /// A region of one pixel or line is not allowed, and counts nothing: so zero is off.
    fn is_on(&self) -> bool {
        self.right > self.left && self.bottom > self.top
    }
}

/// The registers, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistogramConfig {
    /// Regions, the first one first.
    pub regions: [Region; 4],
    /// log2 of the number of bins, 5..=8.
    pub bins_log2: u32,
    /// By how much a code is shifted to give its bin.
    pub shift: u32,
    /// Gains of the four places of a 2x2 cell, U8Q5.
    pub gains_q5: [u8; 4],
}

impl HistogramConfig {
    /// How many regions the memory has room for.
    fn regions(&self) -> usize {
        (ENTRIES >> (self.bins_log2 + 2)).min(self.regions.len())
    }
}

/// The counts of a frame in the making.
pub struct Histogram {
    config: HistogramConfig,
    counts: [u32; ENTRIES],
}

impl Histogram {
    /// A histogram without regions.
    pub const fn new() -> Self {
        const OFF: Region = Region { left: 0, right: 0, top: 0, bottom: 0 };
        let config =
            HistogramConfig { regions: [OFF; 4], bins_log2: 5, shift: 0, gains_q5: [0; 4] };
        Self { config, counts: [0; ENTRIES] }
    }

    /// Starts a frame.
    pub fn begin_frame(&mut self, config: &HistogramConfig) {
        self.config = *config;
        self.counts = [0; ENTRIES];
    }

    /// Counts line `y` (codes of 10 bits, from memory of up to 14).
    // Has two callers; on its own its loop would find the counts through a register that it needs.
    #[inline(always)]
    pub fn line(&mut self, y: usize, pixels: &[u16]) {
        let config = &self.config;
        let regions = &config.regions[..config.regions()];
        let here = |region: &Region| region.is_on() && (region.top..=region.bottom).contains(&y);
        let Some(first) = regions.iter().position(here) else { return };
        for (x, &code) in pixels.iter().enumerate() {
            let hit = regions[first..]
                .iter()
                .position(|region| here(region) && (region.left..=region.right).contains(&x));
            if let Some(region) = hit {
                let place = 2 * (y % 2) + x % 2;
                let entry = ((first + region) * 4 + place) << config.bins_log2;
                self.counts[entry + config.bin(code, place)] += 1;
            }
        }
    }

    /// What the frame adds to each entry of the memory.
    pub fn counts(&self) -> &[u32; ENTRIES] {
        &self.counts
    }
}

impl HistogramConfig {
    fn bin(&self, code: u16, place: usize) -> usize {
        let balanced = (u32::from(code) * u32::from(self.gains_q5[place])) >> 5;
        ((balanced >> self.shift) as usize).min((1 << self.bins_log2) - 1)
    }
}

/// An entry after `count` more: it stays at its largest value.
pub fn added(entry: u32, count: u32) -> u32 {
    entry.saturating_add(count).min(MAX_COUNT)
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Region = Region { left: 0, right: 99, top: 0, bottom: 59 };
    const CONFIG: HistogramConfig = HistogramConfig {
        regions: [
            Region { left: 10, right: 40, top: 5, bottom: 20 },
            Region { left: 30, right: 99, top: 0, bottom: 12 },
            WHOLE,
            Region { left: 0, right: 50, top: 0, bottom: 59 },
        ],
        bins_log2: 6,
        shift: 4,
        gains_q5: [32, 40, 64, 20],
    };

    fn code(x: usize, y: usize) -> u16 {
        ((x * 389 + y * 613 + x * y * 7) % 1024) as u16
    }

    fn run(config: &HistogramConfig) -> Vec<u32> {
        let mut histogram = Box::new(Histogram::new());
        histogram.begin_frame(config);
        for y in 0..60 {
            let line: Vec<u16> = (0..100).map(|x| code(x, y)).collect();
            histogram.line(y, &line);
        }
        histogram.counts().to_vec()
    }

    /// Counts one entry from the definition.
    fn reference(config: &HistogramConfig, region: usize, place: usize, bin: usize) -> u32 {
        let bins = 1 << config.bins_log2;
        let inside = |region: &Region, x: usize, y: usize| {
            (region.left <= x && x <= region.right) && (region.top <= y && y <= region.bottom)
        };
        let mut count = 0;
        for y in 0..60 {
            for x in 0..100 {
                let first = config.regions.iter().position(|region| inside(region, x, y));
                let gain = f64::from(config.gains_q5[place]) / 32.0;
                let level = (f64::from(code(x, y)) * gain).floor() / f64::from(1 << config.shift);
                let own = (level as usize).min(bins - 1);
                let here = first == Some(region) && 2 * (y % 2) + x % 2 == place && own == bin;
                count += u32::from(here);
            }
        }
        count
    }

    #[test]
    fn every_entry_is_the_number_of_pixels_of_the_definition() {
        let counts = run(&CONFIG);
        for region in 0..4 {
            for place in 0..4 {
                for bin in 0..64 {
                    let got = counts[(region * 4 + place) * 64 + bin];
                    assert_eq!(
                        got,
                        reference(&CONFIG, region, place, bin),
                        "{region} {place} {bin}"
                    );
                }
            }
        }
        assert_eq!(counts.iter().sum::<u32>(), 6000, "region 2 takes the rest");
    }

    #[test]
    fn more_bins_leave_room_for_fewer_regions() {
        for (bins_log2, regions) in [(5, 4), (6, 4), (7, 2), (8, 1)] {
            let config = HistogramConfig { bins_log2, regions: [CONFIG.regions[0]; 4], ..CONFIG };
            assert_eq!(config.regions(), regions);
            let counted: u32 = run(&config).iter().sum();
            assert_eq!(counted, 31 * 16, "{bins_log2}");
        }
    }

    #[test]
    fn a_region_of_one_line_or_of_nothing_counts_nothing() {
        let line = Region { bottom: 0, ..WHOLE };
        let config = HistogramConfig { regions: [line, Region::default(), line, line], ..CONFIG };
        assert_eq!(run(&config).iter().sum::<u32>(), 0);
    }

    #[test]
    fn a_full_entry_stays_full() {
        assert_eq!(added(MAX_COUNT - 5, 4), MAX_COUNT - 1);
        assert_eq!(added(MAX_COUNT - 5, 6), MAX_COUNT);
    }
}
