//! Statistics engines: what they are asked to measure, and what a measurement is labelled with.
//!
//! Limits, sizes and the life of a measurement are those of the Linux driver (`omap3isp.h`,
//! `isph3a_aewb.c`, `isph3a_af.c`, `isphist.c`).

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::BufferIndex;

/// Windows or paxels per row, at most.
pub const COLUMNS_MAX: u8 = 36;
/// Rows of windows or paxels, at most.
pub const ROWS_MAX: u8 = 128;
/// Bytes of an AEWB window's sums, and of the counts of eight windows.
pub const AEWB_PACKET_BYTES: u32 = 16;
/// Bytes of a paxel.
pub const AF_PAXEL_BYTES: u32 = 48;
/// Bytes of an entry of the histogram.
pub const HISTOGRAM_ENTRY_BYTES: u32 = 4;
/// Regions of a histogram, at most.
pub const HISTOGRAM_REGIONS_MAX: usize = 4;
/// The largest measurement of the histogram, in bytes: the memory of the engine.
pub const HISTOGRAM_BYTES_MAX: u32 = 4096;

/// A statistics engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum StatisticsEngine {
    /// H3A: exposure and white balance.
    Aewb,
    /// H3A: auto focus.
    Af,
    /// Histogram.
    Histogram,
}

impl StatisticsEngine {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Aewb, Self::Af, Self::Histogram];
}

/// A grid of rectangles over the picture of the video port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Grid {
    /// First column of the first rectangle, 0..=4095 (AF: 1..=4095), in pixels.
    pub left_px: u16,
    /// First line of the first rectangle, 0..=4095, in pixels.
    pub top_px: u16,
    /// Width of a rectangle, in pixels; even, 6..=256 (AF: 16..=256).
    pub width_px: u16,
    /// Height of a rectangle, in pixels; even, 2..=256.
    pub height_px: u16,
    /// Rectangles per row, 1..=36.
    pub columns: u8,
    /// Rows of rectangles, 1..=128.
    pub rows: u8,
}

/// OMAP3ISP_AEWB_CFG.
///
/// A measurement is `[windows]` packets of eight little-endian 16-bit sums, `[rows + 1][columns]`
/// with the black row where its lines come: four sums of the samples by place in the 2x2 cell
/// (left to right, top to bottom), then the same of the samples clipped to the limit. After each
/// eighth window come eight 16-bit counts of cells without a saturated sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct AewbConfig {
    /// The windows.
    pub grid: Grid,
    /// First line of the row of black windows, 0..=4095, in pixels.
    pub black_top_px: u16,
    /// Height of the black windows, in pixels; even, 2..=256.
    pub black_height_px: u16,
    /// Distance of the cells that count, along a line, in pixels; even, 2..=32.
    pub step_x_px: u8,
    /// Distance of the cells that count, across lines, in pixels; even, 2..=32.
    pub step_y_px: u8,
    /// A sample at or above it is saturated, 0..=1023.
    pub saturation: u16,
    /// Samples are compressed by A-law first.
    pub alaw: bool,
}

/// Coefficients of an auto focus filter, S12Q6 in twelve bits of two's complement.
pub type AfFilter = [u16; 11];

/// OMAP3ISP_AF_CFG.
///
/// A measurement is `[rows][columns]` paxels of twelve little-endian 32-bit words: for green, red
/// and blue the sum of the samples, the values of both filters, and zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct AfConfig {
    /// The paxels.
    pub grid: Grid,
    /// Distance of the pairs of lines that count, in pixels; even, 2..=32.
    pub step_y_px: u8,
    /// Column at which the filters of a line start, in pixels; at most the first paxel's.
    pub filter_start_px: u16,
    /// The two filters; each coefficient at most 0xFFF.
    pub filters: [AfFilter; 2],
    /// Place of the colours in a 2x2 cell, left to right, top to bottom: 0 GRGB, 1 RGGB, 2 GRBG,
    /// 3 RGBG, 4 GGRB, 5 RBGG.
    pub colours: u8,
    /// The peak of each line counts, not its sum.
    pub peak: bool,
    /// Threshold of a median over the samples; `None` = no median.
    pub median: Option<u8>,
    /// Samples are compressed by A-law first.
    pub alaw: bool,
}

/// A region of the histogram: first and last pixel of each line, first and last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct HistogramRegion {
    /// First column, in pixels.
    pub left_px: u16,
    /// Last column, in pixels; more than the first, at most 16383.
    pub right_px: u16,
    /// First line, in pixels.
    pub top_px: u16,
    /// Last line, in pixels; more than the first, at most 16383.
    pub bottom_px: u16,
}

/// OMAP3ISP_HIST_CFG.
///
/// A measurement is `[regions][4 places of the 2x2 cell][bins]` little-endian 32-bit counts, each at
/// most 2^20 - 1. A pixel in several regions counts for the first one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct HistogramConfig {
    /// Bins: 32, 64, 128 or 256.
    pub bins: u16,
    /// Regions in use, 1..=4; 128 bins leave room for two, 256 for one.
    pub region_count: u8,
    /// The regions.
    pub regions: [HistogramRegion; HISTOGRAM_REGIONS_MAX],
    /// Gains of the four places of the 2x2 cell, U8Q5; 32 = 1.0.
    pub gains_q5: [u8; 4],
}

/// What an engine shall measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum StatisticsConfig {
    /// Exposure and white balance.
    Aewb(AewbConfig),
    /// Auto focus.
    Af(AfConfig),
    /// Histogram.
    Histogram(HistogramConfig),
}

impl StatisticsConfig {
    /// The engine that it is for.
    #[must_use]
    pub const fn engine(&self) -> StatisticsEngine {
        match self {
            Self::Aewb(_) => StatisticsEngine::Aewb,
            Self::Af(_) => StatisticsEngine::Af,
            Self::Histogram(_) => StatisticsEngine::Histogram,
        }
    }

    /// Size of a measurement, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        match self {
            Self::Aewb(AewbConfig { grid, .. }) => {
                let windows = grid.columns as u32 * (grid.rows as u32 + 1);
                (windows + windows.div_ceil(8)) * AEWB_PACKET_BYTES
            }
            Self::Af(AfConfig { grid, .. }) => {
                grid.columns as u32 * grid.rows as u32 * AF_PAXEL_BYTES
            }
            Self::Histogram(HistogramConfig { bins, region_count, .. }) => {
                *region_count as u32 * 4 * *bins as u32 * HISTOGRAM_ENTRY_BYTES
            }
        }
    }
}

impl From<AewbConfig> for StatisticsConfig {
    fn from(config: AewbConfig) -> Self {
        Self::Aewb(config)
    }
}

impl From<AfConfig> for StatisticsConfig {
    fn from(config: AfConfig) -> Self {
        Self::Af(config)
    }
}

impl From<HistogramConfig> for StatisticsConfig {
    fn from(config: HistogramConfig) -> Self {
        Self::Histogram(config)
    }
}

/// What a measurement is labelled with (`struct omap3isp_stat_data`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Statistics {
    /// The frame that was measured: the `sequence` of its buffer.
    pub frame_number: u32,
    /// Which configuration it was measured with: what `configure` gave.
    pub config_counter: u16,
    /// When the driver saw the end of the measurement, in microseconds since boot.
    pub timestamp_us: u64,
    /// Size of the measurement, in bytes.
    pub bytes: u32,
}

/// What `isp.statistics_next` drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum NextStatistics {
    /// Nothing new.
    Empty,
    /// A measurement is in the buffer. That of the histogram is still in the engine: read it with
    /// `isp.statistics_counts`.
    Filled {
        /// The buffer.
        buffer: BufferIndex,
        /// Its label.
        statistics: Statistics,
    },
    /// A measurement was lost (`buf_err` of omap3isp); what the buffer holds means nothing.
    Damaged {
        /// The buffer.
        buffer: BufferIndex,
        /// The label of what was lost.
        statistics: Statistics,
    },
    /// The buffer comes back without a measurement.
    Returned {
        /// The buffer.
        buffer: BufferIndex,
    },
    /// The engine is off; all its buffers have come back.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid =
        Grid { left_px: 0, top_px: 0, width_px: 64, height_px: 64, columns: 36, rows: 128 };

    fn aewb(columns: u8, rows: u8) -> StatisticsConfig {
        StatisticsConfig::Aewb(AewbConfig {
            grid: Grid { columns, rows, ..GRID },
            black_top_px: 0,
            black_height_px: 2,
            step_x_px: 2,
            step_y_px: 2,
            saturation: 1023,
            alaw: false,
        })
    }

    /// `omap3isp.h`: OMAP3ISP_AEWB_MAX_BUF_SIZE 83600, OMAP3ISP_AF_MAX_BUF_SIZE 221184.
    #[test]
    fn the_largest_measurements_are_those_of_omap3isp() {
        assert_eq!(aewb(36, 128).bytes(), 83_600);
        assert_eq!(aewb(1, 1).bytes(), 2 * 16 + 16);
        let af = AfConfig {
            grid: GRID,
            step_y_px: 2,
            filter_start_px: 0,
            filters: [[0; 11]; 2],
            colours: 0,
            peak: false,
            median: None,
            alaw: false,
        };
        assert_eq!(StatisticsConfig::Af(af).bytes(), 221_184);
        for (bins, region_count, bytes) in
            [(32, 4, 2048), (64, 4, 4096), (128, 2, 4096), (256, 1, 4096)]
        {
            let config = HistogramConfig {
                bins,
                region_count,
                regions: [HistogramRegion::default(); 4],
                gains_q5: [32; 4],
            };
            assert_eq!(StatisticsConfig::Histogram(config).bytes(), bytes);
            assert!(bytes <= HISTOGRAM_BYTES_MAX);
        }
    }
}
