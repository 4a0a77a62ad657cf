//! ISP main: clocks of the blocks, input, system configuration.

use drv_isp_regs::main_block::{
    CTRL, IRQ0ENABLE, SYSCONFIG, TCTRL_CTRL, ctrl, sysconfig, tctrl_ctrl,
};

use crate::registers::Writer;

/// Smart standby: the ISP asks for the bus only while it needs it.
const SMART_STANDBY: u32 = 2;
/// A frame starts where VS rises.
const VS_RISING: u32 = 3;

/// What the CCDC listens to: codes of CTRL.PAR_SER_CLK_SEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// The sensor.
    Parallel = 0,
    /// The receiver CSI2a.
    CsiA = 1,
    /// The receiver CCP2.
    CsiB = 2,
}

/// Connects the CCDC, whose lane shifter drops this many bits. Its input must be idle, or its frame is lost.
pub fn select(port: Port, dropped_bits: u8, out: &mut Writer<'_>) {
    // The shifter moves by pairs of lines.
    out.put(&CTRL, control(port) | ctrl::SHIFT.of(u32::from(dropped_bits) / 2));
}

/// After a reset: no interrupts, all blocks clocked, parallel input, `xclk_divider` as it was.
pub fn configure_main(xclk_divider: u32, out: &mut Writer<'_>) {
    out.put(&SYSCONFIG, sysconfig::MIDLEMODE.of(SMART_STANDBY) | sysconfig::AUTOIDLE.of(1));
    out.put(&IRQ0ENABLE, 0);
    select(Port::Parallel, 0, out);
    out.put(&TCTRL_CTRL, tctrl_ctrl::DIVA.of(xclk_divider));
}

fn control(port: Port) -> u32 {
    let fields = [
        (ctrl::PAR_SER_CLK_SEL, port as u32),
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
    fields.iter().fold(0, |word, (field, value)| word | field.of(*value))
}
