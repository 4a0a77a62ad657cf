//! The default scene: a test chart, drawn on the host.
//!
//! ```text
//! +------------------------------------+----------------+
//! |  6 x 4 colour patches              |   zone plate   |
//! |                                    |                |
//! +------------------------------------+----------------+
//! |  dark lane in which the object moves                |
//! +-----------------------------------------------------+
//! |  ramps: grey, red, green, blue                      |
//! +-----------------------------------------------------+
//! ```
//!
//! The patches check colour, the zone plate sharpness and aliasing in every direction, the ramps
//! tone, the lane time. Everything scales with the size of the scene. The patches are the sRGB
//! values of the 24-patch colour checker (public averages by D. Pascale, "RGB coordinates of the
//! Macbeth ColorChecker", 2006).

use super::SceneSize;

/// sRGB of the patches, row by row.
pub const PATCHES: [[u8; 3]; 24] = [
    [115, 82, 68],
    [194, 150, 130],
    [98, 122, 157],
    [87, 108, 67],
    [133, 128, 177],
    [103, 189, 170],
    [214, 126, 44],
    [80, 91, 166],
    [193, 90, 99],
    [94, 60, 108],
    [157, 188, 64],
    [224, 163, 46],
    [56, 61, 150],
    [70, 148, 73],
    [175, 54, 60],
    [231, 199, 31],
    [187, 86, 149],
    [60, 133, 161],
    [243, 243, 242],
    [200, 200, 200],
    [160, 160, 160],
    [122, 122, 121],
    [85, 85, 85],
    [52, 52, 52],
];

/// Patches per row of the chart.
pub const PATCH_COLUMNS: usize = 6;

const BACKGROUND: [u8; 3] = [118, 118, 118];
const LANE: [u8; 3] = [48, 48, 56];

/// Highest frequency of the zone plate, at its rim, in cycles per scene pixel.
const ZONE_RIM_CYCLES_PER_PX: f64 = 0.2;

/// A rectangle of scene pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub left_px: usize,
    /// Top edge.
    pub top_px: usize,
    /// Width.
    pub width_px: usize,
    /// Height.
    pub height_px: usize,
}

impl Area {
    /// Whether a pixel lies inside.
    pub fn contains(&self, x: usize, y: usize) -> bool {
        x.wrapping_sub(self.left_px) < self.width_px && y.wrapping_sub(self.top_px) < self.height_px
    }

    /// An area given by its edges, in thousandths of the scene.
    fn of_scene(size: SceneSize, edges: [usize; 4]) -> Self {
        let [left, top, right, bottom] = edges;
        let (width, height) = (size.width_px, size.height_px);
        let (left_px, top_px) = (left * width / 1000, top * height / 1000);
        Self {
            left_px,
            top_px,
            width_px: right * width / 1000 - left_px,
            height_px: bottom * height / 1000 - top_px,
        }
    }
}

/// The area that patch `index` (0..24, row by row) covers.
pub fn patch_area(index: usize, size: SceneSize) -> Area {
    let (column, row) = (index % PATCH_COLUMNS, index / PATCH_COLUMNS);
    let (left, top) = (30 + column * 99, 40 + row * 115);
    Area::of_scene(size, [left, top, left + 93, top + 107])
}

/// Draws the chart: `[height][width][3]` bytes of sRGB.
pub fn chart(width_px: usize, height_px: usize) -> Vec<u8> {
    let size = SceneSize { width_px, height_px };
    let mut bytes = Vec::with_capacity(3 * width_px * height_px);
    for y in 0..height_px {
        for x in 0..width_px {
            bytes.extend(colour_at(x, y, size));
        }
    }
    bytes
}

fn colour_at(x: usize, y: usize, size: SceneSize) -> [u8; 3] {
    let zone = Area::of_scene(size, [650, 40, 970, 490]);
    let lane = Area::of_scene(size, [0, 505, 1000, 705]);
    let ramps = Area::of_scene(size, [30, 735, 970, 960]);
    if let Some(index) = (0..PATCHES.len()).find(|i| patch_area(*i, size).contains(x, y)) {
        PATCHES[index]
    } else if zone.contains(x, y) {
        zone_plate(x, y, zone)
    } else if lane.contains(x, y) {
        LANE
    } else if ramps.contains(x, y) {
        ramp(x - ramps.left_px, y - ramps.top_px, ramps)
    } else {
        BACKGROUND
    }
}

/// Concentric rings whose frequency grows linearly with the radius.
fn zone_plate(x: usize, y: usize, area: Area) -> [u8; 3] {
    let centre = |start: usize, length: usize| start as f64 + (length as f64 - 1.0) / 2.0;
    let dx = x as f64 - centre(area.left_px, area.width_px);
    let dy = y as f64 - centre(area.top_px, area.height_px);
    let rim = area.width_px.min(area.height_px) as f64 / 2.0;
    let squared = dx * dx + dy * dy;
    if squared > rim * rim {
        return BACKGROUND;
    }
    // The frequency is the derivative of the phase: rim_frequency * r / rim.
    let cycles = ZONE_RIM_CYCLES_PER_PX * squared / (2.0 * rim);
    let level = 128.0 + 90.0 * (core::f64::consts::TAU * cycles).cos();
    [level as u8; 3]
}

/// Four bars that rise from 20 to 240, from left to right: grey, red, green, blue.
fn ramp(x: usize, y: usize, area: Area) -> [u8; 3] {
    let level = (20 + 220 * x / area.width_px.max(1)) as u8;
    match 4 * y / area.height_px.max(1) {
        0 => [level; 3],
        1 => [level, 40, 40],
        2 => [40, level, 40],
        _ => [40, 40, level],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_do_not_touch_and_lie_in_the_scene() {
        for size in [(648, 486), (1296, 972), (160, 120)] {
            let size = SceneSize { width_px: size.0, height_px: size.1 };
            let chart = chart(size.width_px, size.height_px);
            for (index, colour) in PATCHES.iter().enumerate() {
                let area = patch_area(index, size);
                let (x, y) = (area.left_px + area.width_px / 2, area.top_px + area.height_px / 2);
                assert_eq!(chart[3 * (y * size.width_px + x)..][..3], *colour);
                let neighbours = (0..24).filter(|other| patch_area(*other, size).contains(x, y));
                assert_eq!(neighbours.count(), 1);
            }
        }
    }

    #[test]
    fn the_object_stays_clear_of_the_patches() {
        let size = SceneSize { width_px: 648, height_px: 486 };
        let lowest = (0..24).map(|i| patch_area(i, size)).map(|a| a.top_px + a.height_px).max();
        assert!(super::super::object::object_at(0, size).top_px >= lowest.unwrap());
    }
}
