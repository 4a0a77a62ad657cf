//! The bridge of the parallel port: two clocks of eight bits become one word for the CCDC (ISP_CTRL 3:2).
//!
//! In front of it the lane shifter moves the port to the right (ISP_CTRL 7:6). A line of the sensor has a sample for
//! each clock, or, if a pixel takes two, a word for each pixel with the first clock in its lower byte.

/// What the bridge makes of two clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bridge {
    /// Nothing: the CCDC sees each clock.
    #[default]
    Off,
    /// The first byte is the lower one.
    LittleEndian,
    /// The first byte is the upper one.
    BigEndian,
}

impl Bridge {
    /// The bridge with this code; the manual does not name 1, which is off here.
    #[must_use]
    pub const fn of(code: u32) -> Self {
        match code {
            2 => Self::LittleEndian,
            3 => Self::BigEndian,
            _ => Self::Off,
        }
    }

    /// Turns the first `count` words of a line into what the CCDC sees; returns their number. What is more than the
    /// line holds is cut.
    // Kept out of the caller, which is off this path by default.
    #[inline(never)]
    pub fn cross(self, line: &mut [u16], count: usize, is_paired: bool, lane_shift: u32) -> usize {
        if !is_paired {
            return if self == Self::Off { count } else { self.pair(line, count, lane_shift) };
        }
        if self == Self::Off {
            // The CCDC shifts what it sees.
            return unpair(line, count);
        }
        for word in &mut line[..count] {
            *word = self.joined(word.to_le_bytes().map(|clock| clock >> lane_shift));
        }
        count
    }

    fn pair(self, line: &mut [u16], count: usize, lane_shift: u32) -> usize {
        for index in 0..count / 2 {
            let clock = |index: usize| (line[index] >> lane_shift) as u8;
            line[index] = self.joined([clock(2 * index), clock(2 * index + 1)]);
        }
        count / 2
    }

    const fn joined(self, clocks: [u8; 2]) -> u16 {
        match self {
            Self::BigEndian => u16::from_be_bytes(clocks),
            Self::Off | Self::LittleEndian => u16::from_le_bytes(clocks),
        }
    }
}

/// A sample for each clock, in place.
fn unpair(line: &mut [u16], count: usize) -> usize {
    let clocks = (2 * count).min(line.len());
    // From the end on: a word is read before its place is needed.
    for index in (0..clocks).rev() {
        line[index] = line[index / 2].to_le_bytes()[index % 2].into();
    }
    clocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(bridge: Bridge, line: [u16; 4], paired: bool, lane_shift: u32) -> Vec<u16> {
        let mut buffer = [line.as_slice(), &[0xEEEE; 3]].concat();
        let count = bridge.cross(&mut buffer, 4, paired, lane_shift);
        buffer[..count].to_vec()
    }

    #[test]
    fn a_sensor_of_one_clock_a_sample_passes_or_is_paired() {
        let line = [0x11, 0x22, 0x33, 0x144];
        assert_eq!(crossed(Bridge::Off, line, false, 2), line);
        assert_eq!(crossed(Bridge::LittleEndian, line, false, 0), [0x2211, 0x4433]);
        assert_eq!(crossed(Bridge::BigEndian, line, false, 0), [0x1122, 0x3344]);
        assert_eq!(crossed(Bridge::BigEndian, line, false, 4), [0x0102, 0x0314]);
    }

    #[test]
    fn a_sensor_of_two_clocks_a_pixel_is_paired_or_comes_clock_by_clock() {
        let line = [0x2211, 0x4433, 0x6655, 0x8877];
        assert_eq!(crossed(Bridge::LittleEndian, line, true, 0), line);
        assert_eq!(crossed(Bridge::BigEndian, line, true, 0), [0x1122, 0x3344, 0x5566, 0x7788]);
        assert_eq!(crossed(Bridge::LittleEndian, line, true, 4), [0x0201, 0x0403, 0x0605, 0x0807]);
        let clocks = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77];
        assert_eq!(crossed(Bridge::Off, line, true, 0), clocks, "the eighth has no room");
    }

    #[test]
    fn codes_are_those_of_the_register() {
        let all = [Bridge::Off, Bridge::Off, Bridge::LittleEndian, Bridge::BigEndian];
        assert_eq!([0, 1, 2, 3].map(Bridge::of), all);
    }
}
