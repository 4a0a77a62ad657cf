//! Pictures that the sensor makes without a scene (MT9P031, register 0xA0).
//!
//! | code | pattern | a pixel's 12 bits |
//! |---|---|---|
//! | 0 | colour field | the level of its colour |
//! | 1, 2, 3 | horizontal, vertical, diagonal gradient | rising from 0 to 4095 along the way |
//! | 4 | classic | the level of its colour, and its inverse in every second pair of columns |
//! | 5 | walking ones | one bit, one place higher in each pair of columns |
//! | 6, 7 | monochrome horizontal, vertical bars | the level of green, then that of red |
//! | 8 | vertical colour bars | the corners of the RGB cube, black first |
//!
//! The list and the registers are the data sheet's; what a pattern looks like in detail is as far as
//! its text goes, and ours beyond.

use super::sensor::{BLACK_LEVEL, MAX_CODE};

/// Levels that patterns are made of, 12 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Both greens.
    pub green: u16,
    /// Red.
    pub red: u16,
    /// Blue.
    pub blue: u16,
}

impl Levels {
    /// The level of the colour at a place of the mosaic.
    fn at(&self, row: usize, column: usize) -> u16 {
        match (row % 2, column % 2) {
            (0, 1) => self.red,
            (1, 0) => self.blue,
            _ => self.green,
        }
    }
}

/// A pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestPattern {
    /// The scene is shown.
    Off,
    /// One level per colour.
    ColorField(Levels),
    /// From left to right.
    HorizontalGradient,
    /// From top to bottom.
    VerticalGradient,
    /// From the upper left to the lower right.
    DiagonalGradient,
    /// Levels and inverse levels.
    Classic(Levels),
    /// One bit walks.
    WalkingOnes,
    /// Green and red levels in bars of this many lines.
    HorizontalBars(Levels, usize),
    /// Green and red levels in bars of this many columns.
    MonochromeVerticalBars(Levels, usize),
    /// Eight bars.
    ColorBars,
}

/// A row of a pattern of `height` rows, in the colour order of the mosaic: codes of 12 bits.
pub fn pattern_row(pattern: &TestPattern, (row, height): (usize, usize), out: &mut [u16]) {
    let width = out.len().max(1);
    let gradient = |at: usize, length: usize| (at * 4096 / length.max(1)) as u16;
    let bar = |levels: &Levels, at: usize, width: usize| {
        if (at / width.max(1)).is_multiple_of(2) { levels.green } else { levels.red }
    };
    for (column, code) in out.iter_mut().enumerate() {
        *code = match pattern {
            TestPattern::Off => BLACK_LEVEL,
            TestPattern::ColorField(levels) => levels.at(row, column),
            TestPattern::HorizontalGradient => gradient(column, width),
            TestPattern::VerticalGradient => gradient(row, height),
            TestPattern::DiagonalGradient => gradient(row + column, height + width),
            TestPattern::Classic(levels) => {
                let level = levels.at(row, column);
                if (column / 2).is_multiple_of(2) { level } else { !level & 0xfff }
            }
            TestPattern::WalkingOnes => 1 << (column / 2 % 12),
            TestPattern::HorizontalBars(levels, lines) => bar(levels, row, *lines),
            TestPattern::MonochromeVerticalBars(levels, columns) => bar(levels, column, *columns),
            TestPattern::ColorBars => color_bar(row, column, column * 8 / width),
        }
        .min(MAX_CODE);
    }
}

/// A pixel of a colour bar; bits 0, 1, 2 of the bar's number switch blue, red, green.
fn color_bar(row: usize, column: usize, bar: usize) -> u16 {
    let bit = match (row % 2, column % 2) {
        (0, 1) => 1,
        (1, 0) => 0,
        _ => 2,
    };
    if (bar >> bit) & 1 == 1 { MAX_CODE } else { BLACK_LEVEL }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: Levels = Levels { green: 0x5a0, red: 0xa50, blue: 0xaa0 };

    fn picture(pattern: TestPattern) -> Vec<[u16; 48]> {
        let row = |row| {
            let mut line = [0; 48];
            pattern_row(&pattern, (row, 32), &mut line);
            line
        };
        (0..32).map(row).collect()
    }

    #[test]
    fn a_field_and_the_classic_pattern_have_one_level_per_colour() {
        let field = picture(TestPattern::ColorField(LEVELS));
        assert_eq!(field[4][..2], [0x5a0, 0xa50]);
        assert_eq!(field[5][..2], [0xaa0, 0x5a0]);
        let classic = picture(TestPattern::Classic(LEVELS));
        assert_eq!(classic[4][..4], [0x5a0, 0xa50, 0xa5f, 0x5af]);
    }

    #[test]
    fn gradients_rise_along_their_direction_only() {
        let across = picture(TestPattern::HorizontalGradient);
        assert!(across[0].is_sorted() && across[0] == across[31] && across[0][47] > 4000);
        let down = picture(TestPattern::VerticalGradient);
        let column: Vec<u16> = down.iter().map(|row| row[9]).collect();
        assert!(column.is_sorted() && column[31] > 3960 && down[7] == [down[7][0]; 48]);
        let diagonal = picture(TestPattern::DiagonalGradient);
        assert!(diagonal[3][10] == diagonal[10][3] && diagonal[31][47] > diagonal[0][47]);
    }

    #[test]
    fn bars_are_as_wide_as_they_are_told() {
        let columns = picture(TestPattern::MonochromeVerticalBars(LEVELS, 5));
        assert_eq!(
            columns[8][..11],
            [0x5a0, 0x5a0, 0x5a0, 0x5a0, 0x5a0, 0xa50, 0xa50, 0xa50, 0xa50, 0xa50, 0x5a0]
        );
        let rows = picture(TestPattern::HorizontalBars(LEVELS, 3));
        assert_eq!([rows[2][9], rows[3][9], rows[6][9]], [0x5a0, 0xa50, 0x5a0]);
        // A width of zero does not divide by zero.
        assert_eq!(picture(TestPattern::HorizontalBars(LEVELS, 0))[1][0], 0xa50);
    }

    #[test]
    fn a_bit_walks_and_comes_round() {
        let ones = picture(TestPattern::WalkingOnes)[0];
        assert_eq!(
            [ones[0], ones[4], ones[6], ones[22], ones[24], ones[28]],
            [1, 4, 8, 2048, 1, 4]
        );
    }
}
