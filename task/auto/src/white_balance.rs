//! Gains of red and blue.

use crate::Measurement;

/// A gain of 1.0.
pub const UNITY_Q5: u8 = 32;

/// Least share of clean windows that a scene is judged by, in 1/256.
const CLEAN_MIN_Q8: u32 = 32;
/// Least mean that is more than noise, in sixteenths of a code.
const MEAN_MIN_Q4: u32 = 16 * 4;
/// Limits of a gain: between half and four times.
const GAIN_Q5: (u32, u32) = (16, 128);

/// The state of the white balance.
#[derive(Clone, Debug)]
pub struct WhiteBalance {
    red_q5: u8,
    blue_q5: u8,
}

impl WhiteBalance {
    pub const fn new(red_q5: u8, blue_q5: u8) -> Self {
        Self { red_q5, blue_q5 }
    }

    pub const fn settings(&self) -> (u8, u8) {
        (self.red_q5, self.blue_q5)
    }

    pub fn step(&mut self, measured: &Measurement) {
        let [red, green, blue] = measured.colour_q4;
        let too_dark = red.min(green).min(blue) < MEAN_MIN_Q4;
        if measured.clean_q8 < CLEAN_MIN_Q8 || too_dark {
            return;
        }
        self.red_q5 = towards(self.red_q5, green, red);
        self.blue_q5 = towards(self.blue_q5, green, blue);
    }
}

/// Half of the way to the gain that makes `mean` equal to `green`; a step at least.
fn towards(present_q5: u8, green: u32, mean: u32) -> u8 {
    let (least, most) = GAIN_Q5;
    let wanted = ((32 * green + mean / 2) / mean).clamp(least, most) as i32;
    let present = i32::from(present_q5);
    let way = wanted - present;
    let step = (way.abs() + 1) / 2 * way.signum();
    (present + step) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(colour_q4: [u32; 3], clean_q8: u32) -> Measurement {
        Measurement { luma_q4: 0, colour_q4, clean_q8 }
    }

    #[test]
    fn it_goes_half_of_the_way_and_arrives() {
        let mut balance = WhiteBalance::new(32, 32);
        let scene = measured([1000, 2000, 4000], 256);
        let mut seen = Vec::new();
        for _ in 0..8 {
            balance.step(&scene);
            seen.push(balance.settings());
        }
        assert_eq!(seen[..3], [(48, 24), (56, 20), (60, 18)]);
        assert_eq!(seen[5..], [(64, 16); 3]);
    }

    #[test]
    fn a_scene_that_says_nothing_changes_nothing() {
        let mut balance = WhiteBalance::new(40, 50);
        for scene in [
            measured([1000, 2000, 4000], CLEAN_MIN_Q8 - 1),
            measured([63, 2000, 4000], 256),
            measured([0; 3], 256),
        ] {
            balance.step(&scene);
            assert_eq!(balance.settings(), (40, 50));
        }
    }

    #[test]
    fn gains_end_at_their_limits() {
        let mut balance = WhiteBalance::new(32, 32);
        (0..20).for_each(|_| balance.step(&measured([64, 16_000, 16_000], 256)));
        assert_eq!(balance.settings(), (128, 32));
        (0..20).for_each(|_| balance.step(&measured([16_000, 64, 16_000], 256)));
        assert_eq!(balance.settings(), (16, 16));
    }
}
