//! From the bytes of AEWB to a few means.

use idl::types::{AEWB_PACKET_BYTES, AewbConfig, COLUMNS_MAX, Grid};

/// Windows per row and rows of [`grid`].
const COLUMNS: u8 = 8;
const ROWS: u8 = 6;
/// Height of the row of black windows that the engine insists on, in lines.
const BLACK_HEIGHT_PX: u16 = 2;
/// Largest window, in pixels.
const SIDE_MAX_PX: u16 = 256;
/// Cells along each side of a window that count: sums have 16 bits, so at most 64 white samples.
const CELLS: u16 = 8;
/// A sample at or above it counts as clipped. Codes of 10 bits less a black level of some forty
/// codes end below 1000.
const SATURATION: u16 = 960;

/// Room for a measurement of [`grid`], in bytes.
pub const MEASUREMENT_BYTES_MAX: usize = 1024;

/// What to measure in a picture of the video port: 8 x 6 windows over all of it. Even everywhere, so
/// that each cell of a window has the sensor's order of colours.
#[must_use]
pub fn grid(width_px: u16, height_px: u16) -> AewbConfig {
    let side = |length_px: u16, count: u8| (length_px / u16::from(count)).min(SIDE_MAX_PX) & !1;
    let step = |side_px: u16| (side_px.div_ceil(CELLS).next_multiple_of(2)).clamp(2, 32) as u8;
    // The first lines are the black windows'; the video port gives a line less than the sensor.
    let lines_px = height_px.saturating_sub(BLACK_HEIGHT_PX + 1);
    let (width_px, height_px) = (side(width_px, COLUMNS).max(6), side(lines_px, ROWS).max(2));
    AewbConfig {
        grid: Grid {
            left_px: 0,
            top_px: BLACK_HEIGHT_PX,
            width_px,
            height_px,
            columns: COLUMNS,
            rows: ROWS,
        },
        black_top_px: 0,
        black_height_px: BLACK_HEIGHT_PX,
        step_x_px: step(width_px),
        step_y_px: step(height_px),
        saturation: SATURATION,
        alaw: false,
    }
}

/// Sums over windows; the colours are those of a GRBG sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    red: u64,
    green: u64,
    blue: u64,
    cells: u64,
}

impl Sums {
    /// Means per pixel, in sixteenths of a code.
    fn means_q4(&self) -> [u32; 3] {
        let cells = self.cells.max(1);
        [(self.red, cells), (self.green, 2 * cells), (self.blue, cells)]
            .map(|(sum, count)| (sum * 16 / count) as u32)
    }
}

/// A frame in means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// Mean of green over the whole grid, in sixteenths of a code above black.
    pub luma_q4: u32,
    /// Mean red, green and blue of the windows without clipped samples, in sixteenths of a code.
    pub colour_q4: [u32; 3],
    /// Share of the grid without clipped samples, in 1/256 of the windows.
    pub clean_q8: u32,
}

impl Measurement {
    /// Reads a measurement of this configuration, whose black row comes first.
    ///
    /// `None` if the bytes are not as many as it has.
    #[must_use]
    pub fn read(config: &AewbConfig, bytes: &[u8]) -> Option<Self> {
        let columns = usize::from(config.grid.columns.min(COLUMNS_MAX));
        let windows = columns * (usize::from(config.grid.rows) + 1);
        let packet = AEWB_PACKET_BYTES as usize;
        if bytes.len() != (windows + windows.div_ceil(8)) * packet {
            return None;
        }
        let cells = u64::from(cells(config));
        let (mut all, mut clean) = (Sums::default(), Sums::default());
        let mut clean_windows = 0;
        for window in columns..windows {
            // After each eighth window comes a packet of counts.
            let sums = words(&bytes[(window + window / 8) * packet..]);
            let group = window / 8;
            let counts = (8 * (group + 1)).min(windows) + group;
            let unsaturated = u64::from(words(&bytes[counts * packet..])[window % 8]);
            add(&mut all, sums, cells);
            if unsaturated == cells {
                add(&mut clean, sums, cells);
                clean_windows += 1;
            }
        }
        let [_, luma_q4, _] = all.means_q4();
        let clean_q8 = (clean_windows * 256 / (windows - columns).max(1)) as u32;
        Some(Self { luma_q4, colour_q4: clean.means_q4(), clean_q8 })
    }
}

/// Cells of a window that count.
fn cells(config: &AewbConfig) -> u32 {
    let along = |side: u16, step: u8| u32::from(side.div_ceil(u16::from(step).max(1)));
    along(config.grid.width_px, config.step_x_px) * along(config.grid.height_px, config.step_y_px)
}

fn add(sums: &mut Sums, [green, red, blue, green_too, ..]: [u16; 8], cells: u64) {
    sums.green += u64::from(green) + u64::from(green_too);
    sums.red += u64::from(red);
    sums.blue += u64::from(blue);
    sums.cells += cells;
}

/// The eight words of a packet.
fn words(packet: &[u8]) -> [u16; 8] {
    core::array::from_fn(|index| {
        let at = 2 * index;
        packet.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]))
    })
}
