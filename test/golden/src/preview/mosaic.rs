//! From a mosaic of codes to a colour for each pixel.

use super::Engine;
use idl::types::PreviewFeatures;

/// The largest code.
const CODE_MAX: i32 = 1023;
/// Places of the eight neighbours of the same colour.
const SAME_COLOUR: [(isize, isize); 8] =
    [(-2, -2), (0, -2), (2, -2), (-2, 0), (2, 0), (-2, 2), (0, 2), (2, 2)];

/// A picture of codes. What lies outside of it is its edge: no function's result in a crop depends on that,
/// because the crop leaves room for all of them.
#[derive(Clone, Copy)]
struct Codes<'a> {
    codes: &'a [u16],
    width: usize,
}

impl Codes<'_> {
    fn at(&self, x: isize, y: isize) -> i32 {
        let height = self.codes.len() / self.width;
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, height as isize - 1) as usize;
        self.codes[y * self.width + x].into()
    }

    fn map(&self, code: impl Fn(isize, isize) -> i32) -> Vec<u16> {
        let places = (0..self.codes.len()).map(|place| (place % self.width, place / self.width));
        places.map(|(x, y)| code(x as isize, y as isize) as u16).collect()
    }
}

impl Engine {
    /// Median, defect correction and noise filter, those that are on.
    pub(super) fn filtered(&self, codes: &[u16], width: usize) -> Vec<u16> {
        let mut codes = codes.to_vec();
        if self.has(PreviewFeatures::HRZ_MED) {
            let from = Codes { codes: &codes, width };
            codes = from.map(|x, y| self.median_of(from, x, y));
        }
        let (defects, noise) =
            (self.has(PreviewFeatures::DEFECT_COR), self.has(PreviewFeatures::NF));
        let from = Codes { codes: &codes, width };
        from.map(|x, y| {
            let near = SAME_COLOUR.map(|(dx, dy)| from.at(x + dx, y + dy));
            let place = 2 * (y % 2) + x % 2;
            let own = from.at(x, y);
            let own = if defects { self.corrected(own, near, place as usize) } else { own };
            if noise { self.smoothed(own, near) } else { own }
        })
    }

    /// A code beyond both of its neighbours by more than the threshold becomes their mean, rounded up.
    fn median_of(&self, codes: Codes<'_>, x: isize, y: isize) -> i32 {
        let distance =
            if x % 2 == 0 { self.median.even_distance_px } else { self.median.odd_distance_px };
        let [left, own, right] =
            [-1, 0, 1].map(|side| codes.at(x + side * isize::from(distance as i8), y));
        let threshold = i32::from(self.median.threshold);
        let beyond = own - left.max(right) > threshold || left.min(right) - own > threshold;
        if beyond { (left + right + 1) / 2 } else { own }
    }

    /// A code beyond all neighbours (but one, for couplets) by more than `detect` keeps at most `correct` of
    /// what it exceeds them by.
    fn corrected(&self, own: i32, mut near: [i32; 8], place: usize) -> i32 {
        near.sort_unstable();
        let skip = usize::from(self.defects.couplets);
        let (lowest, highest) = (near[skip], near[near.len() - 1 - skip]);
        let threshold = self.defects.thresholds[place];
        let (detect, correct) = (i32::from(threshold.detect), i32::from(threshold.correct));
        if own - highest > detect {
            highest + (own - highest).min(correct)
        } else if lowest - own > detect {
            lowest - (lowest - own).min(correct)
        } else {
            own
        }
    }

    /// An eighth of the distance to each neighbour that is as near as noise is.
    fn smoothed(&self, own: i32, near: [i32; 8]) -> i32 {
        let noise = i32::from(self.noise_table[own as usize / 16]) << self.noise.spread;
        let pull: i32 = near.iter().map(|code| code - own).filter(|away| away.abs() <= noise).sum();
        own + (pull + 4).div_euclid(8)
    }

    /// White balance: red, green in red lines, green in blue lines, blue; one rounding.
    pub(super) fn balanced(&self, codes: &[u16], width: usize) -> Vec<u16> {
        let codes = Codes { codes, width };
        codes.map(|x, y| {
            let colour = match (x % 2, y % 2) {
                (1, 0) => 0,
                (0, 0) => 1,
                (1, 1) => 2,
                _ => 3,
            };
            let on = self.has(PreviewFeatures::WB);
            let gains = (self.balance.digital_gain_q8, self.balance.gains_q5[colour]);
            let (digital, gain) = if on { gains } else { (256, 32) };
            let product = codes.at(x, y) * i32::from(digital) * i32::from(gain);
            ((product + (256 * 32) / 2) / (256 * 32)).min(CODE_MAX)
        })
    }

    /// Red, green, blue of a pixel (`test/bench/src/pixels/cfa.rs`: green as Hamilton and Adams, with
    /// thresholds; the others as Malvar, He and Cutler).
    pub(super) fn interpolated(&self, codes: &[u16], width: usize, x: usize, y: usize) -> [i32; 3] {
        let codes = Codes { codes, width };
        let at = |dx: isize, dy: isize| codes.at(x as isize + dx, y as isize + dy);
        let (own, red_line) = (at(0, 0), y.is_multiple_of(2));
        let diagonal = at(-1, -1) + at(1, -1) + at(-1, 1) + at(1, 1);
        let (far_x, far_y) = (at(-2, 0) + at(2, 0), at(0, -2) + at(0, 2));
        let (near_x, near_y) = (at(-1, 0) + at(1, 0), at(0, -1) + at(0, 1));
        if x.is_multiple_of(2) == red_line {
            // Green: the colour of the line beside it, the other one above and below.
            let along = 10 * own + 8 * near_x - 2 * diagonal - 2 * far_x + far_y;
            let across = 10 * own + 8 * near_y - 2 * diagonal - 2 * far_y + far_x;
            let [along, across] = [along, across].map(|sixteenths| rounded(sixteenths, 16));
            return if red_line { [along, own, across] } else { [across, own, along] };
        }
        let (bend_x, bend_y) = (2 * own - far_x, 2 * own - far_y);
        let steep_x = (at(-1, 0) - at(1, 0)).abs() + bend_x.abs();
        let steep_y = (at(0, -1) - at(0, 1)).abs() + bend_y.abs();
        let (from_x, from_y) = (2 * near_x + bend_x, 2 * near_y + bend_y);
        let green = if steep_x - steep_y > self.cfa.horizontal.into() {
            2 * from_y
        } else if steep_y - steep_x > self.cfa.vertical.into() {
            2 * from_x
        } else {
            from_x + from_y
        };
        let other = 4 * diagonal + 3 * (bend_x + bend_y);
        let (green, other) = (rounded(green, 8), rounded(other, 16));
        if red_line { [own, green, other] } else { [other, green, own] }
    }
}

/// A code from a sum of parts, half a code up, in the range of codes.
fn rounded(sum: i32, parts: i32) -> i32 {
    (sum + parts / 2).div_euclid(parts).clamp(0, CODE_MAX)
}
