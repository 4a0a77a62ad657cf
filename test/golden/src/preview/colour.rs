//! From red, green and blue of a line to YUYV.

use super::Engine;
use idl::types::PreviewFeatures;

/// Pixels to the left of a line that the luma filters look at.
pub(super) const LEAD: usize = 2;

impl Engine {
    /// A line of pixels with [`LEAD`] more on its left.
    pub(super) fn converted(&self, line: &[[i32; 3]]) -> Vec<u8> {
        let coded: Vec<_> = line.iter().map(|pixel| self.coded(self.blended(*pixel))).collect();
        let luma: Vec<_> = coded.iter().map(|pixel| self.converted_to(0, *pixel, 1, 0)).collect();
        let mut yuyv = Vec::new();
        for x in (LEAD..line.len()).step_by(2) {
            let pair = std::array::from_fn(|channel| coded[x][channel] + coded[x + 1][channel]);
            let chroma = [1, 2].map(|row| {
                let chroma = self.converted_to(row, pair, 2, 128);
                self.limited_chroma(self.suppressed(chroma, &luma, x))
            });
            let [first, second] = [x, x + 1].map(|x| self.toned(self.enhanced(&luma, x)));
            yuyv.extend([first, chroma[0], second, chroma[1]]);
        }
        yuyv
    }

    /// Black adjustment and blending, one rounding.
    fn blended(&self, pixel: [i32; 3]) -> [usize; 3] {
        let black = if self.has(PreviewFeatures::BLKADJ) { self.black.0 } else { [0; 3] };
        let adjusted: [i32; 3] = std::array::from_fn(|n| pixel[n] + i32::from(black[n]));
        let on = self.has(PreviewFeatures::RGB2RGB);
        std::array::from_fn(|row| {
            let (factors, offset) = if on {
                (self.blend.matrix_q8[row].map(i32::from), i32::from(self.blend.offset[row]))
            } else {
                (std::array::from_fn(|column| if column == row { 256 } else { 0 }), 0)
            };
            let sum = product(factors, adjusted) + 256 * offset;
            (sum + 128).div_euclid(256).clamp(0, 1023) as usize
        })
    }

    fn coded(&self, pixel: [usize; 3]) -> [i32; 3] {
        let on = self.has(PreviewFeatures::GAMMA);
        std::array::from_fn(|channel| {
            let code = pixel[channel];
            if on { self.gamma[channel][code].into() } else { code as i32 / 4 }
        })
    }

    /// Row `row` of the conversion over the sum of `count` pixels; `middle` is what stands for zero.
    fn converted_to(&self, row: usize, sum: [i32; 3], count: i32, middle: i32) -> i32 {
        let factors = self.conversion.matrix_q8[row].map(i32::from);
        let offset = middle + i32::from(self.conversion.offset[row]);
        let scale = 256 * count;
        (product(factors, sum) + scale * offset + scale / 2).div_euclid(scale).clamp(0, 255)
    }

    /// Adds what the table answers to how much luma stands out of its two neighbours.
    fn enhanced(&self, luma: &[i32], x: usize) -> i32 {
        if !self.has(PreviewFeatures::LUMAENH) {
            return luma[x];
        }
        let place = high_pass(luma, x).clamp(-256, 255) + 256;
        let entry: [u8; 4] =
            self.luma_table[place as usize & !3..][..4].try_into().expect("four bytes");
        let entry = u32::from_le_bytes(entry);
        let field = |low: u32| {
            let bits = (entry >> low & 0x3FF) as i32;
            if bits < 512 { bits } else { bits - 1024 }
        };
        // Four quarters of an offset, and a quarter of the slope for each step behind the entry.
        let quarters = 4 * field(10) + field(0) * (place % 4);
        (luma[x] + (quarters + 2).div_euclid(4)).clamp(0, 255)
    }

    /// Takes colour away where luma (or its high pass) is above the threshold.
    fn suppressed(&self, chroma: i32, luma: &[i32], x: usize) -> i32 {
        if !self.has(PreviewFeatures::CHROMA_SUPP) {
            return chroma;
        }
        let measure = if self.suppression.high_pass {
            [x, x + 1].map(|x| high_pass(luma, x).abs()).into_iter().max().unwrap_or(0)
        } else {
            (luma[x] + luma[x + 1] + 1) / 2
        };
        let excess = (measure - i32::from(self.suppression.threshold)).max(0);
        let share_q8 = (256 - i32::from(self.suppression.gain_q8) * excess).max(0);
        128 + ((chroma - 128) * share_q8 + 128).div_euclid(256)
    }

    fn limited_chroma(&self, chroma: i32) -> u8 {
        let on = self.has(PreviewFeatures::YC_LIMIT);
        limited(chroma, if on { self.limits.chroma } else { (0, 255) })
    }

    /// The controls contrast (1.0) and brightness (0) as a life begins, and limits.
    fn toned(&self, luma: i32) -> u8 {
        let on = self.has(PreviewFeatures::YC_LIMIT);
        limited(luma, if on { self.limits.luma } else { (0, 255) })
    }
}

fn product(factors: [i32; 3], values: [i32; 3]) -> i32 {
    factors.into_iter().zip(values).map(|(factor, value)| factor * value).sum()
}

/// Twice the distance of a pixel to the mean of its neighbours; the last one's right neighbour is itself.
fn high_pass(luma: &[i32], x: usize) -> i32 {
    2 * luma[x] - luma[x - 1] - luma[(x + 1).min(luma.len() - 1)]
}

fn limited(value: i32, (lowest, highest): (u8, u8)) -> u8 {
    value.clamp(lowest.into(), highest.into()) as u8
}
