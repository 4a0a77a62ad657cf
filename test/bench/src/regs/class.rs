//! What a write does to the word of a register, by access class. Side effects are elsewhere.

use drv_isp_regs::{Access, Register};

/// The new value of a word, and whether something was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// New value.
    pub value: u32,
    /// A write to locked bits was dropped because the block was busy.
    pub dropped: bool,
}

/// The effect of writing `value` over `old` while the block is `busy` or not.
#[must_use]
pub fn write(register: &Register, old: u32, value: u32, busy: bool) -> Written {
    let mask = register.writable;
    let replace = |mask: u32| (old & !mask) | (value & mask);
    let kept = |value| Written { value, dropped: false };
    match register.access {
        Access::ReadOnly | Access::Command => kept(old),
        Access::ReadWrite | Access::Shadowed => kept(replace(mask)),
        Access::Mixed { clear, .. } => {
            let cleared = old & !(value & mask & clear);
            kept(cleared & !(mask & !clear) | value & mask & !clear)
        }
        Access::WriteOneToClear => kept(old & !(value & mask)),
        Access::BusyLocked | Access::TableAddress | Access::TableData if busy => {
            Written { value: old, dropped: true }
        }
        Access::BusyLocked | Access::TableAddress | Access::TableData => kept(replace(mask)),
        Access::Control { shadowed } if busy => {
            let locked = mask & !shadowed;
            Written { value: replace(shadowed), dropped: (old ^ value) & locked != 0 }
        }
        Access::Control { .. } => kept(replace(mask)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::{ccdc, main_block, preview, resizer};

    fn check(register: &Register, old: u32, value: u32, busy: bool, expect: u32, dropped: bool) {
        let written = write(register, old, value, busy);
        assert_eq!(written, Written { value: expect, dropped }, "{}", register.name);
    }

    #[test]
    fn status_bits_clear_where_ones_are_written() {
        check(&main_block::IRQ0STATUS, 0x8000_0300, 0x0000_0100, false, 0x8000_0200, false);
        check(&main_block::IRQ0STATUS, 0x8000_0300, 0, true, 0x8000_0300, false);
    }

    #[test]
    fn a_word_may_have_bits_to_clear_and_bits_to_set() {
        check(&ccdc::FPC, 0x1_8005, 0x0_8003, false, 0x1_8003, false);
        check(&ccdc::FPC, 0x1_8005, 0x1_0000, true, 0, false);
    }

    #[test]
    fn read_only_words_and_bits_do_not_change() {
        check(&main_block::REVISION, 0xF0, 0xFFFF, false, 0xF0, false);
        // BUSY of the CCDC is not writable.
        check(&ccdc::PCR, 0b00, 0b11, false, 0b01, false);
    }

    #[test]
    fn locked_writes_are_dropped_silently_while_busy() {
        check(&resizer::CNT, 0x11, 0x22, true, 0x11, true);
        check(&resizer::CNT, 0x11, 0x22, false, 0x22, false);
        check(&preview::SET_TBL_ADDR, 1, 2, true, 1, true);
    }

    #[test]
    fn shadowed_and_busy_writable_words_change_also_while_busy() {
        check(&resizer::SDR_OUTADD, 0, 0x8001_0020, true, 0x8001_0020, false);
        check(&preview::WB_DGAIN, 0x100, 0x180, true, 0x180, false);
    }

    #[test]
    fn enable_can_be_written_while_busy_but_the_rest_of_the_control_word_cannot() {
        check(&preview::PCR, 0b0010, 0b0101, true, 0b0011, true);
        check(&preview::PCR, 0b1010, 0b1001, true, 0b1011, false);
        check(&preview::PCR, 0b0000, 0b1001, false, 0b1001, false);
    }

    #[test]
    fn bits_outside_of_the_mask_read_as_zero() {
        check(&ccdc::SDR_ADDR, 0, 0xFFFF_FFFF, false, 0xFFFF_FFE0, false);
    }
}
