//! ISP main: clocks of the blocks, input, system configuration.

use drv_isp_regs::main_block::{
    CTRL, IRQ0ENABLE, SYSCONFIG, TCTRL_CTRL, ctrl, sysconfig, tctrl_ctrl,
};
use idl::types::MbusCode;

use crate::formats::code::{Encoding, encoding};
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

/// What the bridge of the parallel port makes of two bytes: codes of CTRL.PAR_BRIDGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bridge {
    /// Nothing.
    Off = 0,
    /// A word, the first byte in its lower half.
    LittleEndian = 2,
    /// A word, the first byte in its upper half.
    BigEndian = 3,
}

impl Bridge {
    /// The bridge that gives the CCDC luma in the lower half, if this is YCbCr (Linux omap3isp).
    #[must_use]
    pub fn of(code: MbusCode) -> Self {
        match encoding(code) {
            Some(Encoding::Yuv8 { chroma_first: false }) => Self::LittleEndian,
            Some(Encoding::Yuv8 { chroma_first: true }) => Self::BigEndian,
            _ => Self::Off,
        }
    }
}

/// Connects the CCDC, whose lane shifter drops this many bits. Its input must be idle, or its frame is lost.
pub fn select(port: Port, bridge: Bridge, dropped_bits: u8, out: &mut Writer<'_>) {
    let bridge = ctrl::PAR_BRIDGE.of(bridge as u32);
    // The shifter moves by pairs of lines.
    out.put(&CTRL, control(port) | bridge | ctrl::SHIFT.of(u32::from(dropped_bits) / 2));
}

/// After a reset: no interrupts, all blocks clocked, parallel input, `xclk_divider` as it was.
pub fn configure_main(xclk_divider: u32, out: &mut Writer<'_>) {
    out.put(&SYSCONFIG, sysconfig::MIDLEMODE.of(SMART_STANDBY) | sysconfig::AUTOIDLE.of(1));
    out.put(&IRQ0ENABLE, 0);
    select(Port::Parallel, Bridge::Off, 0, out);
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
