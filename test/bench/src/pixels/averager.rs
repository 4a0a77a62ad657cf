//! Averager: the mean of 1, 2, 4 or 8 pixels along the line, in front of everything else.
//!
//! A line is cut into blocks of twice as many pixels as are averaged; each gives an even and an odd
//! pixel. With a distance of two, that of a mosaic, the even pixel is the mean of the even ones and
//! the odd pixel that of the odd ones; with a distance of one each is the mean of neighbours:
//!
//! ```text
//! count 2, distance 2:  a b a b -> A B        count 2, distance 1:  a a b b -> A B
//! ```
//!
//! The distances are those of PRV_AVE; the arrangement of the blocks is ours.

/// PRV_AVE, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Averager {
    /// log2 of the number of pixels, 0..=3.
    pub count_log2: u32,
    /// Distance of the pixels that make an even one.
    pub even_distance: usize,
    /// Distance of the pixels that make an odd one.
    pub odd_distance: usize,
}

impl Averager {
    /// Does nothing.
    pub const OFF: Self = Self { count_log2: 0, even_distance: 2, odd_distance: 2 };

    /// Pixels that a line of `count` becomes.
    pub fn output(&self, count: usize) -> usize {
        if self.count_log2 == 0 { count } else { (count >> (self.count_log2 + 1)) << 1 }
    }

    /// Averages a line and returns the number of pixels; what is left over at its end is lost.
    pub fn average(&self, input: &[u16], out: &mut [u16]) -> usize {
        let count = 1 << self.count_log2;
        let odd_start = if self.odd_distance == 1 { count } else { 1 };
        let mean = |block: &[u16], start: usize, distance: usize| {
            let pixels = (0..count).filter_map(|index| block.get(start + index * distance));
            let sum: u32 = pixels.map(|pixel| u32::from(*pixel)).sum();
            ((sum + count as u32 / 2) >> self.count_log2) as u16
        };
        let blocks = input.chunks_exact(2 * count);
        for (block, out) in blocks.zip(out.chunks_exact_mut(2)) {
            out[0] = mean(block, 0, self.even_distance);
            out[1] = mean(block, odd_start, self.odd_distance);
        }
        self.output(input.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_the_rounded_mean_of_its_own_colour() {
        let input: Vec<u16> = (0..200_u32).map(|x| (x * x * 37 % 1024) as u16).collect();
        for count_log2 in 1..=3 {
            let averager = Averager { count_log2, ..Averager::OFF };
            let mut out = [0; 200];
            let count = averager.average(&input, &mut out);
            assert_eq!(count, 200 / (2 << count_log2) * 2);
            for (x, got) in out[..count].iter().enumerate() {
                let block = &input[x / 2 * (2 << count_log2)..][..2 << count_log2];
                let own: Vec<f64> =
                    block[x % 2..].iter().step_by(2).map(|p| f64::from(*p)).collect();
                let mean = own.iter().sum::<f64>() / own.len() as f64;
                assert!((f64::from(*got) - mean).abs() <= 0.5, "{count_log2} {x}");
            }
        }
    }

    proptest::proptest! {
        /// The definition: a block's even pixel begins at its start, its odd one behind the even ones. One
        /// rounding: half a code.
        #[test]
        fn every_pixel_is_the_rounded_mean_at_its_distance(
            input in proptest::collection::vec(0_u16..1024, 0..90),
            count_log2 in 1_u32..4,
            even_distance in 1_usize..3,
            odd_distance in 1_usize..3,
        ) {
            let averager = Averager { count_log2, even_distance, odd_distance };
            let mut out = [0; 90];
            let (count, block) = (1 << count_log2, 2 << count_log2);
            let made = averager.average(&input, &mut out);
            proptest::prop_assert_eq!(made, 2 * (input.len() / block));
            for (x, got) in out[..made].iter().enumerate() {
                let (first, distance) = match (x % 2, odd_distance) {
                    (0, _) => (0, even_distance),
                    (_, 1) => (count, 1),
                    (_, distance) => (1, distance),
                };
                let pixels = (0..count).map(|n| input[x / 2 * block + first + n * distance]);
                let mean = pixels.map(f64::from).sum::<f64>() / count as f64;
                proptest::prop_assert!((f64::from(*got) - mean).abs() <= 0.5, "{}: {}", x, got);
            }
        }
    }

    #[test]
    fn neighbours_are_averaged_at_distance_one() {
        let averager = Averager { count_log2: 1, even_distance: 1, odd_distance: 1 };
        let mut out = [0; 4];
        assert_eq!(averager.average(&[10, 20, 30, 50, 1, 1, 2, 2, 9], &mut out), 4);
        assert_eq!(out, [15, 40, 1, 2]);
    }
}
