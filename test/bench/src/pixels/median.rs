//! Horizontal median: removes single hot pixels of a line.
//!
//! A pixel that differs from its two neighbours in the same direction, by more than a threshold from
//! each, becomes their mean. The neighbours are one or two pixels away; two in a mosaic, where the
//! next pixel has another colour (the rule is that of the H3A's filter in TI's later manuals, SPRUJ28,
//! "H3A preprocessing"; SWPU177N gives the same registers without the rule).

/// Settings of one filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Median {
    /// Difference that must be exceeded, in codes.
    pub threshold: u8,
    /// Distance of the neighbours of pixels 0, 2, 4, ...: 1 or 2.
    pub even_distance: usize,
    /// Distance of the neighbours of pixels 1, 3, 5, ...: 1 or 2.
    pub odd_distance: usize,
}

/// Filters `input` into `out`; pixels without two neighbours are copied.
pub fn filter(settings: &Median, input: &[u16], out: &mut [u16]) {
    let distances = [settings.even_distance, settings.odd_distance];
    for (x, (place, &pixel)) in out.iter_mut().zip(input).enumerate() {
        let distance = distances[x % 2];
        let neighbours = x.checked_sub(distance).map(|left| (input[left], input.get(x + distance)));
        *place = match neighbours {
            Some((left, Some(&right))) => corrected(pixel, left, right, settings.threshold),
            _ => pixel,
        };
    }
}

fn corrected(pixel: u16, left: u16, right: u16, threshold: u8) -> u16 {
    let (lowest, highest) = (left.min(right), left.max(right));
    let threshold = u16::from(threshold);
    let outside =
        pixel > highest.saturating_add(threshold) || pixel.saturating_add(threshold) < lowest;
    // Fifteen bits at most, so the sum of two fits.
    if outside { (left + right).div_ceil(2) } else { pixel }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(settings: Median, input: &[u16]) -> Vec<u16> {
        let mut out = vec![0; input.len()];
        filter(&settings, input, &mut out);
        out
    }

    #[test]
    fn every_pixel_of_noise_obeys_the_rule() {
        let input: Vec<u16> = (0..997_u32).map(|x| (x * x * 31 % 1021) as u16).collect();
        for (threshold, even_distance, odd_distance) in [(0, 2, 2), (64, 1, 2), (255, 2, 1)] {
            let settings = Median { threshold, even_distance, odd_distance };
            for (x, got) in run(settings, &input).into_iter().enumerate() {
                let distance = if x % 2 == 0 { even_distance } else { odd_distance };
                let here = f64::from(input[x]);
                let mut expected = here;
                if x >= distance && x + distance < input.len() {
                    let (left, right) =
                        (f64::from(input[x - distance]), f64::from(input[x + distance]));
                    let (from_left, from_right) = (here - left, here - right);
                    let far = from_left.abs().min(from_right.abs()) > f64::from(threshold);
                    if far && from_left.signum() == from_right.signum() {
                        expected = (left + right) / 2.0;
                    }
                }
                assert!((f64::from(got) - expected).abs() <= 0.5, "{settings:?} {x}");
            }
        }
    }

    #[test]
    fn a_hot_pixel_goes_and_an_edge_stays() {
        let settings = Median { threshold: 20, even_distance: 2, odd_distance: 2 };
        assert_eq!(run(settings, &[10, 50, 12, 900, 14, 54]), [10, 50, 12, 52, 14, 54]);
        let edge = [10, 50, 10, 50, 800, 900, 800, 900];
        assert_eq!(run(settings, &edge), edge);
    }
}
