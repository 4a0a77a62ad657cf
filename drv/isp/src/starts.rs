//! The count of frame starts, and the numbers that frames get from it.
//!
//! A frame's number is the count of those that started before it, and both wrap (V4L2: `sequence` of
//! `v4l2_buffer` has 32 bits): at 30 frames per second that takes four and a half years.

/// Frame starts seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starts(u32);

impl Starts {
    /// None.
    pub const NONE: Self = Self(0);

    /// One more.
    pub const fn count(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }

    /// Number of the frame that starts next.
    #[must_use]
    pub const fn next(self) -> u32 {
        self.0
    }

    /// Number of the frame that started last. There must be one.
    #[must_use]
    pub const fn last(self) -> u32 {
        self.0.wrapping_sub(1)
    }

    /// Number of the frame that started before the last one. There must be one.
    #[must_use]
    pub const fn last_but_one(self) -> u32 {
        self.0.wrapping_sub(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_go_on_across_the_wrap() {
        let mut starts = Starts(u32::MAX - 1);
        let mut numbers = Vec::new();
        for _ in 0..4 {
            starts.count();
            numbers.push((starts.last_but_one(), starts.last(), starts.next()));
        }
        let max = u32::MAX;
        assert_eq!(numbers, [(max - 2, max - 1, max), (max - 1, max, 0), (max, 0, 1), (0, 1, 2)]);
    }
}
