//! Gamma: three tables of 1024 entries, from 10 linear bits to 8 coded bits.
//!
//! The tables belong to the driver, which loads them through the table port; the hardware only
//! looks up. With the bypass bit the upper eight of the ten bits are taken.

/// Number of entries of a table.
pub const ENTRIES: usize = 1024;

/// The three tables of the preview engine.
#[derive(Clone)]
pub struct GammaTables {
    /// Table address 0x0000.
    pub red: [u8; ENTRIES],
    /// Table address 0x0400.
    pub green: [u8; ENTRIES],
    /// Table address 0x0800.
    pub blue: [u8; ENTRIES],
}

impl GammaTables {
    /// Tables that do what the bypass does.
    pub const fn linear() -> Self {
        let mut table = [0; ENTRIES];
        let mut code = 0;
        while code < ENTRIES {
            table[code] = (code >> 2) as u8;
            code += 1;
        }
        Self { red: table, green: table, blue: table }
    }
}

/// Tables of the bypass.
pub static BYPASS: GammaTables = GammaTables::linear();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_tables_take_the_upper_eight_bits() {
        let tables = GammaTables::linear();
        for code in 0..ENTRIES {
            assert_eq!(usize::from(tables.green[code]), code / 4);
        }
        assert_eq!(tables.red, tables.blue);
    }
}
