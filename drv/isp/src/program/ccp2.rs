//! CCP2: a raw frame from memory to the CCDC, decompressed if it has to be.

use drv_isp_regs::ccp2 as regs;
use idl::types::{PixFormat, PixelFormat};

use crate::registers::{Registers, Writer};

/// Smart standby: the receiver asks for the bus only while it needs it.
const SMART_STANDBY: u32 = 2;
/// Bursts of 32 words of 64 bits.
const BURST_32: u32 = 5;
/// Pixel clock of the port: half of the interface clock, in 1/65536 (Linux omap3isp: the least divider
/// is 2).
const HALF_CLOCK: u32 = 65_536 / 2;
/// Bytes of a word that is fetched.
const WORD_BYTES: u32 = 8;
/// Both events of the memory channel.
const EVENTS: u32 = regs::lcm_irqstatus::EOF.mask() | regs::lcm_irqstatus::OCPERROR.mask();

/// All writes for the receiver, without its address and the bit that starts a frame.
pub fn configure(input: &PixFormat, out: &mut Writer<'_>) {
    let compressed = input.pixel_format == PixelFormat::SGRBG10_DPCM8;
    let width = u32::from(input.width_px);
    let line_bytes = if compressed { width } else { 2 * width };
    out.put(
        &regs::SYSCONFIG,
        regs::sysconfig::MSTANDBY_MODE.of(SMART_STANDBY) | regs::sysconfig::AUTO_IDLE.of(1),
    );
    let control = regs::ctrl::IO_OUT_SEL.of(1)
        | regs::ctrl::MODE.of(1)
        | regs::ctrl::VP_ONLY_EN.of(1)
        | regs::ctrl::VPCLK_DIV.of(HALF_CLOCK);
    out.put(&regs::CTRL, control);
    out.put(&regs::LCM_CTRL, channel(compressed));
    out.put(&regs::LCM_HSIZE, regs::lcm_hsize::COUNT.of(width));
    out.put(&regs::LCM_VSIZE, regs::lcm_vsize::COUNT.of(input.height_px.into()));
    let words = line_bytes.div_ceil(WORD_BYTES);
    out.put(&regs::LCM_PREFETCH, regs::lcm_prefetch::HWORDS.of(words));
    out.put(&regs::LCM_SRC_OFST, input.stride_bytes);
    out.put(&regs::LCM_IRQSTATUS, EVENTS);
    out.put(&regs::LCM_IRQENABLE, EVENTS);
}

fn channel(compressed: bool) -> u32 {
    let common = regs::lcm_ctrl::BURST_SIZE.of(BURST_32)
        | regs::lcm_ctrl::DST_FORMAT.of(regs::format::RAW10);
    if !compressed {
        return common | regs::lcm_ctrl::SRC_FORMAT.of(regs::format::RAW10);
    }
    common
        | regs::lcm_ctrl::SRC_FORMAT.of(regs::format::RAW8)
        | regs::lcm_ctrl::SRC_DECOMPR.of(regs::DECOMPRESS_DPCM10)
        | regs::lcm_ctrl::SRC_DPCM_PRED.of(1)
}

/// Starts to read one frame.
pub fn start(address: u32, registers: &mut impl Registers) {
    registers.write(&regs::LCM_SRC_ADDR, address);
    let control = registers.read(&regs::LCM_CTRL) | regs::lcm_ctrl::CHAN_EN.of(1);
    registers.write(&regs::LCM_CTRL, control);
}

/// What the channel has said.
pub struct Taken {
    /// The frame has been read to its end.
    pub ended: bool,
    /// A part of it did not come; the channel reads on.
    pub failed: bool,
}

/// Acknowledges the events of the channel.
pub fn take_events(registers: &mut impl Registers) -> Taken {
    let events = registers.read(&regs::LCM_IRQSTATUS);
    registers.write(&regs::LCM_IRQSTATUS, events);
    Taken {
        ended: regs::lcm_irqstatus::EOF.is_set(events),
        failed: regs::lcm_irqstatus::OCPERROR.is_set(events),
    }
}
