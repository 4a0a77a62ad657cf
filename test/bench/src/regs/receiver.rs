//! CSI2a: what its writes do beyond the word. Core 1 receives.

use super::hardware::{Hardware, Platform};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::csi2a::{
    COMPLEXIO_CFG1, CTRL, CTX_CTRL1, CTX_CTRL2, PHY_REG1, SYSCONFIG, SYSSTATUS, complexio_cfg1,
    ctrl, ctx_ctrl1, phy_reg1, sysconfig,
};
use drv_isp_regs::{Block, Register};

impl<P: Platform> Hardware<'_, P> {
    /// Whether this is a word that its context locks.
    pub(super) fn context_locks(&self, register: &Register, index: u16) -> bool {
        *register == CTX_CTRL2 && {
            let control = self.shared.element(&CTX_CTRL1, usize::from(index));
            ctx_ctrl1::CTX_EN.is_set(control.load(SeqCst))
        }
    }

    /// A register of CSI2a was written with `value`; it was `old` before.
    pub(super) fn receiver_written(&mut self, register: &Register, value: u32, old: u32) {
        match *register {
            SYSCONFIG if sysconfig::SOFT_RESET.is_set(value) => self.reset_receiver(),
            CTRL if ctrl::IF_EN.is_set(old & !value) && !ctrl::FRAME.is_set(value) => self.cut(),
            COMPLEXIO_CFG1 => self.power_lanes(value),
            _ => {}
        }
    }

    fn reset_receiver(&mut self) {
        super::domain::reset_blocks(self.shared, &[Block::Csi2a]);
        self.shared.receiver.frames.store(0, SeqCst);
        self.cut();
        if self.shared.mischief.stuck.load(SeqCst) & 1 << Block::Csi2a as u32 != 0 {
            self.shared.set(&SYSSTATUS, 0);
        }
    }

    /// The frame in progress ends here; core 1 is out of its burst.
    fn cut(&mut self) {
        self.shared.receiver.cuts.fetch_add(1, SeqCst);
        let platform = &mut self.platform;
        self.shared.wait_out_of_commit(|| platform.relax());
    }

    /// Power and reset of the PHY follow at once.
    fn power_lanes(&mut self, value: u32) {
        let power = complexio_cfg1::PWR_STATUS.of(complexio_cfg1::PWR_CMD.get(value));
        let running = u32::from(complexio_cfg1::RESET_CTRL.is_set(value));
        let status = power | complexio_cfg1::RESET_DONE.of(running);
        let kept = self.shared.get(&COMPLEXIO_CFG1) & COMPLEXIO_CFG1.writable;
        self.shared.set(&COMPLEXIO_CFG1, kept | status);
        let timing = self.shared.get(&PHY_REG1) & PHY_REG1.writable;
        self.shared.set(&PHY_REG1, timing | phy_reg1::RESET_DONE_CTRLCLK.of(running));
    }
}

/// What a write of `value` over `old` means for a word with a lock of its own: COUNT of a context stays as
/// it is without COUNT_UNLOCK.
pub(super) fn unlocked(register: &Register, old: u32, value: u32) -> u32 {
    if *register != CTX_CTRL1 {
        value
    } else if ctx_ctrl1::COUNT_UNLOCK.is_set(value) {
        value & !ctx_ctrl1::COUNT_UNLOCK.mask()
    } else {
        ctx_ctrl1::COUNT.put(value, ctx_ctrl1::COUNT.get(old))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hardware_tests::{get, power_up, set, set_at, with_defaults};
    use super::*;
    use crate::log::Verdict;
    use drv_isp_regs::csi2a::{CTX_DAT_PING_ADDR, POWER_ON};

    #[test]
    fn the_format_of_a_context_is_locked_while_that_context_is_on() {
        with_defaults(|hw, shared| {
            power_up(hw);
            set_at(hw, &CTX_CTRL1, 2, ctx_ctrl1::CTX_EN.mask());
            for (index, kept) in [(1, 0x2B), (2, 0), (3, 0x2B)] {
                set_at(hw, &CTX_CTRL2, index as u32, 0x2B);
                assert_eq!(shared.element(&CTX_CTRL2, index).load(SeqCst), kept, "{index}");
                let dropped = hw.last_verdict() == Some(Verdict::BusyDropped);
                assert_eq!(dropped, index == 2, "{index}");
            }
            set_at(hw, &CTX_CTRL1, 2, 0);
            set_at(hw, &CTX_CTRL2, 2, 0x2B);
            assert_eq!(shared.element(&CTX_CTRL2, 2).load(SeqCst), 0x2B);
        });
    }

    #[test]
    fn the_count_is_written_with_its_unlock_bit_only() {
        with_defaults(|hw, _| {
            power_up(hw);
            let (unlock, count) = (ctx_ctrl1::COUNT_UNLOCK.mask(), ctx_ctrl1::COUNT);
            for (value, expect) in
                [(count.of(7), 0), (count.of(7) | unlock, 7), (1, 7), (unlock, 0)]
            {
                set(hw, &CTX_CTRL1, value);
                assert_eq!(count.get(get(hw, &CTX_CTRL1)), expect, "{value:#x}");
                assert_eq!(get(hw, &CTX_CTRL1) & unlock, 0);
            }
        });
    }

    #[test]
    fn a_cut_is_a_reset_or_an_interface_that_is_switched_off_at_once() {
        with_defaults(|hw, shared| {
            power_up(hw);
            let cuts = || shared.receiver.cuts.load(SeqCst);
            let at_frame_end = ctrl::FRAME.mask();
            for (before, after, cut) in [
                (ctrl::IF_EN.mask(), 0, 1),
                (0, 0, 0),
                (ctrl::IF_EN.mask() | at_frame_end, at_frame_end, 0),
                (ctrl::IF_EN.mask(), ctrl::IF_EN.mask() | at_frame_end, 0),
            ] {
                set(hw, &CTRL, before);
                let counted = cuts();
                set(hw, &CTRL, after);
                assert_eq!(cuts() - counted, cut, "{before:#x} {after:#x}");
                set(hw, &CTRL, 0);
            }
            let counted = cuts();
            set(hw, &CTX_DAT_PING_ADDR, 0x8001_0000);
            set(hw, &SYSCONFIG, sysconfig::SOFT_RESET.mask());
            assert_eq!((cuts() - counted, get(hw, &CTX_DAT_PING_ADDR)), (1, 0));
            assert_eq!((get(hw, &SYSCONFIG), get(hw, &SYSSTATUS)), (SYSCONFIG.reset, 1));
        });
    }

    #[test]
    fn a_stuck_receiver_is_done_with_its_reset_when_the_whole_isp_is_reset() {
        use drv_isp_regs::main_block;
        with_defaults(|hw, shared| {
            power_up(hw);
            shared.mischief.stuck.store(1 << Block::Csi2a as u32, SeqCst);
            set(hw, &SYSCONFIG, sysconfig::SOFT_RESET.mask());
            assert_eq!(get(hw, &SYSSTATUS), 0);
            set(hw, &main_block::SYSCONFIG, main_block::sysconfig::SOFTRESET.mask());
            assert_eq!(get(hw, &SYSSTATUS), 1);
        });
    }

    #[test]
    fn the_lanes_say_what_their_power_and_reset_are() {
        with_defaults(|hw, _| {
            power_up(hw);
            let command = complexio_cfg1::PWR_CMD.of(POWER_ON) | 0x21;
            set(hw, &COMPLEXIO_CFG1, command | complexio_cfg1::RESET_CTRL.mask());
            let word = get(hw, &COMPLEXIO_CFG1);
            assert_eq!(complexio_cfg1::PWR_STATUS.get(word), POWER_ON);
            assert!(complexio_cfg1::RESET_DONE.is_set(word));
            let done = phy_reg1::RESET_DONE_CTRLCLK.mask();
            assert_eq!(get(hw, &PHY_REG1), PHY_REG1.reset | done);
            set(hw, &PHY_REG1, 0x3F);
            assert_eq!(get(hw, &PHY_REG1), 0x3F | done, "status is not written");
            set(hw, &COMPLEXIO_CFG1, 0x21);
            assert_eq!((get(hw, &COMPLEXIO_CFG1), get(hw, &PHY_REG1)), (0x21, 0x3F));
        });
    }
}
