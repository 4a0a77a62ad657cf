//! A bit field of a 32-bit register.

/// Position and width of a field. Values are unsigned; a field that holds a signed number says so
/// in its own description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    shift: u8,
    width_bits: u8,
}

impl Field {
    /// The field of `width_bits` bits whose lowest bit is `shift`.
    ///
    /// # Panics
    /// If the field does not fit in 32 bits (a compile error in the constants of this crate).
    #[must_use]
    pub const fn new(shift: u8, width_bits: u8) -> Self {
        assert!(width_bits >= 1 && shift as u32 + width_bits as u32 <= u32::BITS);
        Self { shift, width_bits }
    }

    /// All bits of the field, in place.
    #[must_use]
    pub const fn mask(self) -> u32 {
        self.max() << self.shift
    }

    /// The largest value the field holds.
    #[must_use]
    pub const fn max(self) -> u32 {
        u32::MAX >> (u32::BITS - self.width_bits as u32)
    }

    /// The field's value in `word`.
    #[must_use]
    pub const fn get(self, word: u32) -> u32 {
        (word >> self.shift) & self.max()
    }

    /// Whether any bit of the field is set in `word`.
    #[must_use]
    pub const fn is_set(self, word: u32) -> bool {
        word & self.mask() != 0
    }

    /// `value` in place, all other bits zero. Bits that do not fit are cut off.
    #[must_use]
    pub const fn of(self, value: u32) -> u32 {
        (value & self.max()) << self.shift
    }

    /// `word` with the field replaced by `value`.
    #[must_use]
    pub const fn put(self, word: u32, value: u32) -> u32 {
        (word & !self.mask()) | self.of(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn put_changes_the_field_only() {
        let field = Field::new(8, 3);
        assert_eq!(field.put(0xFFFF_FFFF, 0b010), 0xFFFF_FAFF);
        assert_eq!(field.get(0xFFFF_FAFF), 0b010);
        assert_eq!(field.of(0xFF), 0x700);
    }

    #[test]
    fn a_full_width_field_keeps_every_bit() {
        let field = Field::new(0, 32);
        assert_eq!(field.mask(), u32::MAX);
        assert_eq!(field.put(0, 0xDEAD_BEEF), 0xDEAD_BEEF);
    }
}
