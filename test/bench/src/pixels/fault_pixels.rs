//! Fault pixel correction: known bad pixels take their value from their neighbours.
//!
//! A table in memory names the pixels, sorted by line and then by column. An entry is a word:
//!
//! ```text
//! 31        19 18           5 4         0     1 left   2 right   3 mean of both
//! |  line     |   column     | operation |    others: the pixel stays
//! ```
//!
//! Neighbours are two pixels away, of the same colour; one that lies outside of the line is replaced
//! by the other. That the table is a list of positions and operations in 32-bit words is SWPU177N's;
//! the layout of the word and the numbers of the operations are ours.

/// Entries that are fetched together (the table is 64-byte aligned).
pub const BURST_ENTRIES: usize = 16;

/// One bad pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the frame.
    pub line: usize,
    /// Pixel of the line.
    pub column: usize,
    /// What is done about it.
    pub operation: u32,
}

impl Fault {
    /// Decodes a word of the table.
    pub const fn from_word(word: u32) -> Self {
        Self {
            line: (word >> 19) as usize,
            column: (word >> 5 & 0x3fff) as usize,
            operation: word & 0x1f,
        }
    }

    /// Corrects the pixel in its line.
    pub fn correct(&self, pixels: &mut [u16]) {
        let left = self.column.checked_sub(2).and_then(|column| pixels.get(column)).copied();
        let right = pixels.get(self.column + 2).copied();
        let (Some(either), Some(pixel)) = (left.or(right), pixels.get_mut(self.column)) else {
            return;
        };
        let (left, right) = (left.unwrap_or(either), right.unwrap_or(either));
        *pixel = match self.operation {
            1 => left,
            2 => right,
            3 => (u32::from(left) + u32::from(right)).div_ceil(2) as u16,
            _ => *pixel,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(line: u32, column: u32, operation: u32) -> u32 {
        line << 19 | column << 5 | operation
    }

    #[test]
    fn a_word_names_line_column_and_operation() {
        let expected = Fault { line: 8191, column: 16383, operation: 31 };
        assert_eq!(Fault::from_word(u32::MAX), expected);
        let fault = Fault::from_word(word(971, 1295, 3));
        assert_eq!(fault, Fault { line: 971, column: 1295, operation: 3 });
    }

    /// The definition: what the operation makes of the pixels two away, of which at least one is there.
    fn reference(fault: &Fault, line: &[u16]) -> Option<f64> {
        let at = |offset: i64| {
            let place = usize::try_from(fault.column as i64 + offset).ok();
            place.and_then(|place| line.get(place)).map(|code| f64::from(*code))
        };
        let own = at(0)?;
        let beside = match fault.operation {
            1 => [at(-2), at(-2)],
            2 => [at(2), at(2)],
            3 => [at(-2), at(2)],
            _ => return Some(own),
        };
        let Some(any) = at(-2).or(at(2)) else { return Some(own) };
        let values = beside.map(|value| value.unwrap_or(any));
        Some((values[0] + values[1]) / 2.0)
    }

    proptest::proptest! {
        /// The mean of two codes is rounded once: half a code.
        #[test]
        fn every_fault_is_what_the_definition_gives_and_nothing_else_changes(
            line in proptest::collection::vec(0_u16.., 0..24),
            column in 0_usize..26,
            operation in 0_u32..6,
        ) {
            let fault = Fault::from_word(word(7, column as u32, operation));
            let mut got = line.clone();
            fault.correct(&mut got);
            for (x, (got, before)) in got.iter().zip(&line).enumerate() {
                if x != column {
                    proptest::prop_assert_eq!(got, before, "{} is not the fault", x);
                } else if let Some(exact) = reference(&fault, &line) {
                    let error = (f64::from(*got) - exact).abs();
                    proptest::prop_assert!(error <= 0.5, "{} {}", got, exact);
                }
            }
        }
    }

    #[test]
    fn each_operation_takes_the_neighbours_of_the_same_colour() {
        let check = |column, operation, expected| {
            let mut line = [10, 20, 31, 40, 51, 60];
            Fault { line: 0, column, operation }.correct(&mut line);
            assert_eq!(line.get(column).copied(), expected, "{column} {operation}");
        };
        check(2, 1, Some(10));
        check(2, 2, Some(51));
        check(2, 3, Some(31)); // (10 + 51) / 2 = 30.5
        check(2, 0, Some(31));
        check(2, 9, Some(31));
        check(1, 1, Some(40));
        check(5, 3, Some(40));
        check(6, 3, None);
    }
}
