//! CSI2a: frames of the serial line to memory, one at a time, or to the video port.
//!
//! # Why
//! *A context is told to take one frame.* COUNT switches it off by itself, so a driver that is late loses a
//! frame and never has one overwritten; that the next frame can be given its address only between two is
//! the price (Linux omap3isp does the same by hand). Both addresses are the same, so which of them is next
//! does not matter.
//!
//! *The receiver has no BUSY.* After IF_EN off at once, the end of its own reset says that nothing of it is
//! under way any more.

use drv_isp_regs::csi2a::{self as regs, format};
use idl::types::{MbusCode, PadFormat, PixFormat, PixelFormat};

use crate::formats::code::{Encoding, encoding};
use crate::registers::{Registers, Writer};

/// Smart standby: the receiver asks for the bus only while it needs it.
const SMART_STANDBY: u32 = 2;
/// The module's lanes, as they are wired: the clock first, then the only data lane.
const CLOCK_LANE: u32 = 1;
const DATA_LANE: u32 = 2;
/// The sync events that the driver needs.
const EVENTS: u32 = regs::ctx_irqstatus::FS.mask() | regs::ctx_irqstatus::FE.mask();
/// What says that a part of a frame was lost.
const ERRORS: u32 = regs::irqstatus::OCP_ERR.mask()
    | regs::irqstatus::SHORT_PACKET.mask()
    | regs::irqstatus::ECC_NO_CORRECTION.mask()
    | regs::irqstatus::COMPLEXIO1_ERR.mask()
    | regs::irqstatus::FIFO_OVF.mask();

/// What happened since the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// The frame has started.
    pub started: bool,
    /// Its last line has come.
    pub last_line: bool,
    /// It has ended.
    pub ended: bool,
    /// A part of it was lost.
    pub damaged: bool,
}

/// The format of the context for what is on both pads; `None` if it has none. `output` is what shall lie
/// in memory, `None` if the video port gets the frames.
#[must_use]
pub fn format(sink: MbusCode, source: MbusCode, output: Option<PixelFormat>) -> Option<u32> {
    let decompressed = source != sink;
    Some(match (encoding(sink)?, output) {
        (Encoding::Bayer { bits: 8, .. }, Some(_)) => format::RAW8,
        (Encoding::Bayer { bits: 8, .. }, None) => format::RAW8_VP,
        (Encoding::Bayer { bits: 10, .. }, Some(PixelFormat::SGRBG10P)) => format::RAW10,
        (Encoding::Bayer { bits: 10, .. }, Some(_)) => format::RAW10_EXP16,
        (Encoding::Bayer { bits: 10, .. }, None) => format::RAW10_EXP16_VP,
        (Encoding::Bayer { bits: 12, .. }, Some(PixelFormat::SGRBG10P)) => return None,
        (Encoding::Bayer { bits: 12, .. }, Some(_)) => format::RAW12_EXP16,
        (Encoding::Bayer { bits: 12, .. }, None) => format::RAW12_VP,
        // What is decompressed is not packed again: it takes two bytes a sample.
        (Encoding::Compressed, Some(PixelFormat::SGRBG10P)) => return None,
        (Encoding::Compressed, Some(_)) if decompressed => format::USER_8BIT_DPCM10,
        (Encoding::Compressed, Some(_)) => format::USER_8BIT,
        (Encoding::Compressed, None) if decompressed => format::USER_8BIT_DPCM10_VP,
        _ => return None,
    })
}

/// All writes for frames to memory, without addresses and the bit that takes one.
pub fn configure((sink, source): (PadFormat, PadFormat), output: &PixFormat, out: &mut Writer<'_>) {
    let format = format(sink.code, source.code, Some(output.pixel_format));
    common(sink, format.unwrap_or(0), out);
    out.put(&regs::CTX_DAT_OFST, output.stride_bytes);
    out.put(&regs::CTX_IRQENABLE, EVENTS);
    out.put(&regs::IRQENABLE, regs::irqstatus::CONTEXT0.mask());
    out.put(&regs::CTRL, regs::ctrl::IF_EN.of(1) | regs::ctrl::ECC_EN.of(1));
}

/// All writes for frames to the video port, which get there from now on.
pub fn configure_port((sink, source): (PadFormat, PadFormat), out: &mut Writer<'_>) {
    common(sink, format(sink.code, source.code, None).unwrap_or(0), out);
    // Frames start and end at the CCDC; what is wrong with one is known here.
    out.put(&regs::CTX_IRQENABLE, regs::ctx_irqstatus::CS.mask());
    out.put(&regs::IRQENABLE, ERRORS | regs::irqstatus::CONTEXT0.mask());
    let checks = regs::ctx_ctrl1::CS_EN.of(1);
    let endless = regs::ctx_ctrl1::COUNT_UNLOCK.of(1) | regs::ctx_ctrl1::CTX_EN.of(1);
    out.put(&regs::CTX_CTRL1, endless | checks);
    let control = regs::ctrl::VP_ONLY_EN.of(1) | regs::ctrl::IF_EN.of(1);
    out.put(&regs::CTRL, control | regs::ctrl::ECC_EN.of(1));
}

fn common(sink: PadFormat, format: u32, out: &mut Writer<'_>) {
    out.put(
        &regs::SYSCONFIG,
        regs::sysconfig::MSTANDBY_MODE.of(SMART_STANDBY) | regs::sysconfig::AUTO_IDLE.of(1),
    );
    let lanes = regs::complexio_cfg1::CLOCK_POSITION.of(CLOCK_LANE)
        | regs::complexio_cfg1::DATA1_POSITION.of(DATA_LANE)
        | regs::complexio_cfg1::RESET_CTRL.of(1)
        | regs::complexio_cfg1::PWR_AUTO.of(1)
        | regs::complexio_cfg1::PWR_CMD.of(regs::POWER_ON);
    out.put(&regs::COMPLEXIO_CFG1, lanes);
    // The context is off: else its format would be locked.
    out.put(&regs::CTX_CTRL1, 0);
    let bytes_are_bytes = if encoding(sink.code) == Some(Encoding::Compressed) {
        // The simple predictor, which is that of the sensor.
        regs::ctx_ctrl2::DPCM_PRED.of(1) | regs::ctx_ctrl2::USER_DEF_MAP.of(regs::USER_DEF_BYTES)
    } else {
        0
    };
    out.put(&regs::CTX_CTRL2, regs::ctx_ctrl2::FORMAT.of(format) | bytes_are_bytes);
    out.put(&regs::CTX_CTRL3, regs::ctx_ctrl3::LINE_NUMBER.of(sink.height_px.into()));
    out.put(&regs::CTX_IRQSTATUS, regs::CTX_IRQSTATUS.writable);
    out.put(&regs::IRQSTATUS, regs::IRQSTATUS.writable);
}

/// Takes the next frame that starts, and no other.
pub fn take_frame(address: u32, registers: &mut impl Registers) {
    registers.write(&regs::CTX_DAT_PING_ADDR, address);
    registers.write(&regs::CTX_DAT_PONG_ADDR, address);
    let one = regs::ctx_ctrl1::COUNT.of(1) | regs::ctx_ctrl1::COUNT_UNLOCK.of(1);
    let checks = regs::ctx_ctrl1::CS_EN.of(1);
    registers.write(&regs::CTX_CTRL1, one | checks | regs::ctx_ctrl1::CTX_EN.of(1));
}

/// Reads and acknowledges the events of context 0 and of the receiver.
pub fn take_events(registers: &mut impl Registers) -> Happened {
    // The outer status first: what comes between raises it again.
    let outer = registers.read(&regs::IRQSTATUS);
    registers.write(&regs::IRQSTATUS, outer);
    let events = registers.read(&regs::CTX_IRQSTATUS);
    registers.write(&regs::CTX_IRQSTATUS, events);
    let ended = regs::ctx_irqstatus::FE.is_set(events);
    // And what was wrong with a frame that ended between: this is the last look at it.
    let late = if ended { registers.read(&regs::IRQSTATUS) & ERRORS } else { 0 };
    if late != 0 {
        registers.write(&regs::IRQSTATUS, late);
    }
    Happened {
        started: regs::ctx_irqstatus::FS.is_set(events),
        last_line: regs::ctx_irqstatus::LINE_NUMBER.is_set(events),
        ended,
        damaged: (outer | late) & ERRORS != 0 || regs::ctx_irqstatus::CS.is_set(events),
    }
}

/// Ends whatever is in progress, where it is; [`is_resetting`] until nothing is under way any more.
pub fn cut(registers: &mut impl Registers) {
    registers.write(&regs::CTRL, 0);
    registers.write(&regs::SYSCONFIG, regs::sysconfig::SOFT_RESET.of(1));
}

/// Whether something may still be under way after [`cut`].
pub fn is_resetting(registers: &mut impl Registers) -> bool {
    !regs::sysstatus::RESET_DONE.is_set(registers.read(&regs::SYSSTATUS))
}

/// Off, when nobody listens to the video port any more.
pub fn switch_off(registers: &mut impl Registers) {
    registers.write(&regs::CTRL, 0);
    registers.write(&regs::CTX_CTRL1, 0);
    registers.write(&regs::COMPLEXIO_CFG1, 0);
}
