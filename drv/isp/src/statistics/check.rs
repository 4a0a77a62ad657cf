//! What the engines can measure: limits of each number, as the Linux driver has them
//! (`isph3a_aewb.c`, `isph3a_af.c`, `isphist.c`).

use core::ops::RangeInclusive;
use idl::types::{
    AewbConfig, AfConfig, COLUMNS_MAX, Grid, HISTOGRAM_REGIONS_MAX, HistogramConfig,
    HistogramRegion, IspError, ROWS_MAX, StatisticsConfig,
};

/// First pixel or line of a grid, at most: 12 bits.
const START_MAX: u16 = 4095;
/// Width or height of a window, at most.
const SIDE_MAX: u16 = 256;
/// Distances inside of a window.
const STEP: RangeInclusive<u16> = 2..=32;
/// The largest 10-bit sample.
const SAMPLE_MAX: u16 = 1023;
/// A coefficient has 12 bits.
const COEFFICIENT_MAX: u16 = 0xFFF;
/// The last code of the places of colours.
const COLOURS_MAX: u8 = 5;
/// First or last pixel or line of a region: 14 bits.
const EDGE_MAX: u16 = 0x3FFF;
/// Entries of the histogram's memory.
const ENTRIES: u32 = 1024;
/// Places of a 2x2 cell.
const PLACES: u32 = 4;

/// Checks a configuration.
///
/// # Errors
/// `InvalidConfiguration` if a number is outside of its limits.
pub fn check(config: &StatisticsConfig) -> Result<(), IspError> {
    let good = match config {
        StatisticsConfig::Aewb(aewb) => is_aewb(aewb),
        StatisticsConfig::Af(af) => is_af(af),
        StatisticsConfig::Histogram(histogram) => is_histogram(histogram),
    };
    if good { Ok(()) } else { Err(IspError::InvalidConfiguration) }
}

fn is_aewb(config: &AewbConfig) -> bool {
    is_grid(&config.grid, 6)
        && config.black_top_px <= START_MAX
        && is_even(config.black_height_px, 2..=SIDE_MAX)
        && is_even(config.step_x_px.into(), STEP)
        && is_even(config.step_y_px.into(), STEP)
        && config.saturation <= SAMPLE_MAX
}

fn is_af(config: &AfConfig) -> bool {
    let grid = &config.grid;
    is_grid(grid, 16)
        && grid.left_px >= 1
        && config.filter_start_px <= grid.left_px
        && is_even(config.step_y_px.into(), STEP)
        && config.filters.as_flattened().iter().all(|value| *value <= COEFFICIENT_MAX)
        && config.colours <= COLOURS_MAX
}

fn is_grid(grid: &Grid, width_min_px: u16) -> bool {
    grid.left_px <= START_MAX
        && grid.top_px <= START_MAX
        && is_even(grid.width_px, width_min_px..=SIDE_MAX)
        && is_even(grid.height_px, 2..=SIDE_MAX)
        && (1..=COLUMNS_MAX).contains(&grid.columns)
        && (1..=ROWS_MAX).contains(&grid.rows)
}

fn is_histogram(config: &HistogramConfig) -> bool {
    let count = usize::from(config.region_count);
    let regions = config.regions.get(..count).unwrap_or_default();
    let entries = u32::from(config.region_count) * PLACES * u32::from(config.bins);
    matches!(config.bins, 32 | 64 | 128 | 256)
        && (1..=HISTOGRAM_REGIONS_MAX).contains(&count)
        && entries <= ENTRIES
        && regions.iter().all(is_region)
}

fn is_region(region: &HistogramRegion) -> bool {
    let span = |first: u16, last: u16| first < last && last <= EDGE_MAX;
    span(region.left_px, region.right_px) && span(region.top_px, region.bottom_px)
}

fn is_even(value: u16, range: RangeInclusive<u16>) -> bool {
    value.is_multiple_of(2) && range.contains(&value)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const AEWB: AewbConfig = AewbConfig {
        grid: Grid { left_px: 8, top_px: 6, width_px: 16, height_px: 12, columns: 4, rows: 3 },
        black_top_px: 0,
        black_height_px: 2,
        step_x_px: 4,
        step_y_px: 6,
        saturation: 1000,
        alaw: false,
    };

    pub(crate) const AF: AfConfig = AfConfig {
        grid: Grid { left_px: 16, top_px: 4, width_px: 32, height_px: 8, columns: 2, rows: 5 },
        step_y_px: 4,
        filter_start_px: 12,
        filters: [[1; 11], [0xFFF; 11]],
        colours: 2,
        peak: true,
        median: Some(77),
        alaw: true,
    };

    pub(crate) const HISTOGRAM: HistogramConfig = HistogramConfig {
        bins: 64,
        region_count: 2,
        regions: [
            HistogramRegion { left_px: 0, right_px: 9, top_px: 0, bottom_px: 7 },
            HistogramRegion { left_px: 10, right_px: 90, top_px: 4, bottom_px: 60 },
            HistogramRegion { left_px: 0, right_px: 0, top_px: 0, bottom_px: 0 },
            HistogramRegion { left_px: 0, right_px: 0, top_px: 0, bottom_px: 0 },
        ],
        gains_q5: [32, 40, 50, 60],
    };

    fn is_good(config: StatisticsConfig) -> bool {
        check(&config).is_ok()
    }

    /// Tries a number just inside and just outside of both ends of its limits.
    fn ends<T: Copy>(base: T, put: impl Fn(&mut T, u16), good: &[u16], bad: &[u16]) -> bool
    where
        StatisticsConfig: From<T>,
    {
        let with = |value: u16| {
            let mut config = base;
            put(&mut config, value);
            is_good(config.into())
        };
        good.iter().all(|value| with(*value)) && !bad.iter().any(|value| with(*value))
    }

    #[test]
    fn aewb_is_held_to_the_limits_of_omap3isp() {
        assert!(is_good(AEWB.into()));
        assert!(ends(AEWB, |c, v| c.grid.width_px = v, &[6, 256], &[4, 5, 7, 258]));
        assert!(ends(AEWB, |c, v| c.grid.height_px = v, &[2, 256], &[0, 1, 3, 258]));
        assert!(ends(AEWB, |c, v| c.grid.columns = v as u8, &[1, 36], &[0, 37]));
        assert!(ends(AEWB, |c, v| c.grid.rows = v as u8, &[1, 128], &[0, 129]));
        assert!(ends(AEWB, |c, v| c.grid.left_px = v, &[0, 4095], &[4096]));
        assert!(ends(AEWB, |c, v| c.grid.top_px = v, &[0, 4095], &[4096, 65535]));
        assert!(ends(AEWB, |c, v| c.black_top_px = v, &[0, 4095], &[4096]));
        assert!(ends(AEWB, |c, v| c.black_height_px = v, &[2, 256], &[0, 3, 258]));
        assert!(ends(AEWB, |c, v| c.step_x_px = v as u8, &[2, 32], &[0, 1, 3, 34]));
        assert!(ends(AEWB, |c, v| c.step_y_px = v as u8, &[2, 32], &[0, 1, 3, 34]));
        assert!(ends(AEWB, |c, v| c.saturation = v, &[0, 1023], &[1024]));
    }

    #[test]
    fn auto_focus_is_held_to_the_limits_of_omap3isp() {
        assert!(is_good(AF.into()));
        assert!(ends(AF, |c, v| c.grid.width_px = v, &[16, 256], &[14, 17, 258]));
        assert!(ends(AF, |c, v| c.grid.height_px = v, &[2, 256], &[0, 3, 258]));
        assert!(ends(AF, |c, v| c.grid.left_px = v, &[12, 4095], &[0, 11, 4096]));
        assert!(ends(AF, |c, v| c.filter_start_px = v, &[0, 16], &[17]));
        assert!(ends(AF, |c, v| c.step_y_px = v as u8, &[2, 32], &[0, 3, 34]));
        assert!(ends(AF, |c, v| c.filters[1][10] = v, &[0, 0xFFF], &[0x1000]));
        assert!(ends(AF, |c, v| c.colours = v as u8, &[0, 5], &[6]));
        let zero = AfConfig { filter_start_px: 0, ..AF };
        assert!(ends(zero, |c, v| c.grid.left_px = v, &[1], &[0]));
    }

    #[test]
    fn the_histogram_is_held_to_its_memory_and_to_real_regions() {
        assert!(is_good(HISTOGRAM.into()));
        assert!(ends(HISTOGRAM, |c, v| c.bins = v, &[32, 64, 128], &[0, 33, 256, 512, 65535]));
        assert!(ends(HISTOGRAM, |c, v| c.region_count = v as u8, &[1, 2], &[0, 3, 5, 255]));
        let one = HistogramConfig { region_count: 1, ..HISTOGRAM };
        assert!(ends(one, |c, v| c.bins = v, &[256], &[512]));
        assert!(ends(one, |c, v| c.regions[0].right_px = v, &[1, 0x3FFF], &[0, 0x4000]));
        assert!(ends(one, |c, v| c.regions[0].bottom_px = v, &[1, 0x3FFF], &[0, 0x4000]));
    }
}
