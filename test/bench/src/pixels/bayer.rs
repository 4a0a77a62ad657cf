//! Where the colours of a mosaic are.

/// The order of colours in a mosaic: the two pixels of an even row, then those of an odd row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Green red / blue green.
    Grbg,
    /// Red green / green blue.
    Rggb,
    /// Blue green / green red.
    Bggr,
    /// Green blue / red green.
    Gbrg,
}

impl Phase {
    /// The order seen from a window that starts `columns` and `rows` later.
    pub fn moved(self, columns: usize, rows: usize) -> Self {
        Self::from_parts(
            self.green_first() ^ ((columns + rows) % 2 == 1),
            self.red_row_first() ^ (rows % 2 == 1),
        )
    }

    /// The first pixel of an even row is green.
    pub fn green_first(self) -> bool {
        matches!(self, Self::Grbg | Self::Gbrg)
    }

    /// Even rows hold red, odd rows blue.
    pub fn red_row_first(self) -> bool {
        matches!(self, Self::Grbg | Self::Rggb)
    }

    fn from_parts(green_first: bool, red_row_first: bool) -> Self {
        match (green_first, red_row_first) {
            (true, true) => Self::Grbg,
            (true, false) => Self::Gbrg,
            (false, true) => Self::Rggb,
            (false, false) => Self::Bggr,
        }
    }
}

/// Entry of a 4x4 table of 2-bit fields (CCDC_COLPTN, PRV_WBSEL) for a pixel. The fields run from
/// bit 0, four pixels of a line, then the next line (SWPU177N, CCDC_COLPTN).
pub fn pattern_field(pattern: u32, row: usize, column: usize) -> usize {
    (pattern >> (8 * (row % 4) + 2 * (column % 4)) & 3) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_by_one_changes_the_order_as_on_paper() {
        let cases = [
            (Phase::Grbg, 1, 0, Phase::Rggb),
            (Phase::Grbg, 0, 1, Phase::Bggr),
            (Phase::Grbg, 1, 1, Phase::Gbrg),
            (Phase::Rggb, 1, 1, Phase::Bggr),
            (Phase::Gbrg, 2, 4, Phase::Gbrg),
        ];
        for (phase, columns, rows, expected) in cases {
            assert_eq!(phase.moved(columns, rows), expected, "{phase:?} {columns} {rows}");
        }
    }

    #[test]
    fn colour_pattern_of_a_grbg_sensor_decodes() {
        // R 0, Gr 1, Gb 2, B 3.
        let grbg = 0xbb11_bb11;
        let read = |row, column| pattern_field(grbg, row, column);
        assert_eq!([read(0, 0), read(0, 1), read(1, 0), read(1, 1)], [1, 0, 3, 2]);
        assert_eq!(read(6, 3), 0);
    }
}
