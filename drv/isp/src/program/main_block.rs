//! ISP main: clocks of the blocks, input, system configuration.

use drv_isp_regs::main_block::{
    CTRL, IRQ0ENABLE, SYSCONFIG, TCTRL_CTRL, ctrl, sysconfig, tctrl_ctrl,
};

use crate::registers::Writer;

/// Smart standby: the ISP asks for the bus only while it needs it.
const SMART_STANDBY: u32 = 2;
/// A frame starts where VS rises.
const VS_RISING: u32 = 3;

/// After a reset: no interrupts, all blocks clocked, parallel input, `xclk_divider` as it was.
pub fn configure_main(xclk_divider: u32, out: &mut Writer<'_>) {
    let fields = [
        (ctrl::SYNC_DETECT, VS_RISING),
        (ctrl::CCDC_CLK_EN, 1),
        (ctrl::PREV_CLK_EN, 1),
        (ctrl::RSZ_CLK_EN, 1),
        (ctrl::H3A_CLK_EN, 1),
        (ctrl::HIST_CLK_EN, 1),
        (ctrl::CCDC_RAM_EN, 1),
        (ctrl::PREV_RAM_EN, 1),
        (ctrl::SBL_RD_RAM_EN, 1),
        (ctrl::SBL_WR1_RAM_EN, 1),
        (ctrl::SBL_WR0_RAM_EN, 1),
        (ctrl::SBL_AUTOIDLE, 1),
    ];
    let control = fields.iter().fold(0, |word, (field, value)| word | field.of(*value));
    out.put(&SYSCONFIG, sysconfig::MIDLEMODE.of(SMART_STANDBY) | sysconfig::AUTOIDLE.of(1));
    out.put(&IRQ0ENABLE, 0);
    out.put(&CTRL, control);
    out.put(&TCTRL_CTRL, tctrl_ctrl::DIVA.of(xclk_divider));
}
