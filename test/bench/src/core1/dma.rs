//! DMA: lines of bytes on their way to memory, through the firewall.

use super::mischief::Twist;
use super::receiver::raise_receiver;
use crate::regs::firewall::{Engine, allows_read, allows_write, refuse, refuse_read};
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::csi2a::irqstatus;
use drv_isp_regs::main_block::{self, IRQ0STATUS, ctrl, irq};
use drv_isp_regs::sbl;

/// Memory that the camera can reach.
pub trait Memory {
    /// Writes bytes; the range has passed the firewall.
    fn write(&mut self, address: u32, bytes: &[u8]);
    /// Reads bytes; the range has passed the firewall.
    fn read(&mut self, address: u32, bytes: &mut [u8]);
}

/// Where an engine writes: a frame, line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who writes.
    pub engine: Engine,
    /// Address of the next line.
    pub address: u32,
    /// Distance of two lines in bytes.
    pub offset_bytes: u32,
    /// How many of those are from an even line to the next, and from an odd one.
    pub steps: [i8; 2],
    /// Lines so far.
    pub line: u16,
    /// Lines of the whole picture; 0 if it is not a picture.
    pub lines: u16,
    /// What is wrong with it.
    pub twist: Twist,
    /// Of the receiver CSI2a: the cuts before its start; after another one nothing is written.
    pub life: u32,
}

impl Target {
    /// A bit for the set of engines with requests outstanding.
    pub const fn engine_bit(&self) -> u32 {
        1 << self.engine as u32
    }

    /// The next line goes another way.
    pub fn skip_line(&mut self) {
        let step = i32::from(self.steps[usize::from(self.line % 2)]);
        self.line = self.line.saturating_add(1);
        self.address = self.address.wrapping_add(self.offset_bytes.wrapping_mul(step as u32));
    }

    /// Writes the next line; call it inside a commit.
    pub fn write_line(
        &mut self,
        shared: &Shared,
        gates: u32,
        memory: &mut impl Memory,
        bytes: &[u8],
    ) {
        let Twist { short_lines, long_lines, torn_at, .. } = self.twist;
        let is_picture = self.lines != 0;
        let line = self.line;
        if is_picture && torn_at.is_some_and(|torn_at| line >= torn_at) {
            self.skip_line();
            return overflow(shared, self.engine);
        }
        if is_picture && line.saturating_add(short_lines) >= self.lines {
            return self.skip_line();
        }
        self.write_burst(shared, gates, memory, bytes);
        if is_picture && self.line == self.lines {
            for _ in 0..long_lines {
                self.write_burst(shared, gates, memory, bytes);
            }
        }
    }

    fn write_burst(&mut self, shared: &Shared, gates: u32, memory: &mut impl Memory, bytes: &[u8]) {
        let address = self.address;
        self.skip_line();
        let buffers_on = ctrl::SBL_WR0_RAM_EN.is_set(shared.get(&main_block::CTRL));
        let serial = self.engine == Engine::Csi2a;
        if serial && self.life != shared.receiver.cuts.load(SeqCst) {
            return;
        }
        if gates & gate::DMA == 0 || !buffers_on {
            // Nobody takes the data; it is lost.
            return;
        }
        if !allows_write(shared, address, bytes.len() as u32) {
            refuse(shared, self.engine, address);
            shared.word(&IRQ0STATUS).fetch_or(irq::MMU_ERR.mask(), Relaxed);
            if serial {
                raise_receiver(shared, irqstatus::OCP_ERR.mask());
            }
            return;
        }
        memory.write(address, bytes);
        shared.progress.dma_bytes.fetch_add(bytes.len() as u32, Relaxed);
    }
}

/// The write buffer of an engine overflowed.
fn overflow(shared: &Shared, engine: Engine) {
    let flag = match engine {
        Engine::Ccdc => sbl::pcr::CCDC_WBL_OVF,
        Engine::Preview => sbl::pcr::PRV_WBL_OVF,
        Engine::Resizer => sbl::pcr::RSZ1_WBL_OVF,
        Engine::Aewb => sbl::pcr::H3A_AEAWB_WBL_OVF,
        Engine::Focus => sbl::pcr::H3A_AF_WBL_OVF,
        Engine::Csi2a => {
            raise_receiver(shared, irqstatus::FIFO_OVF.mask());
            sbl::pcr::CSIA_WBL_OVF
        }
        // They only read.
        Engine::Tables | Engine::Ccp2 | Engine::Histogram => return,
    };
    shared.word(&sbl::PCR).fetch_or(flag.mask(), Relaxed);
    shared.word(&IRQ0STATUS).fetch_or(irq::OVF.mask(), Relaxed);
}

/// Where an engine reads: a frame, line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Who reads.
    pub engine: Engine,
    /// Address of the next line.
    pub address: u32,
    /// Distance of two lines in bytes.
    pub offset_bytes: u32,
}

impl Source {
    /// Reads the next line; call it inside a commit. Returns whether the bytes came.
    pub fn read_line(
        &mut self,
        shared: &Shared,
        gates: u32,
        memory: &mut impl Memory,
        bytes: &mut [u8],
    ) -> bool {
        let address = self.address;
        self.address = address.wrapping_add(self.offset_bytes);
        read(shared, gates, self.engine, memory, address, bytes)
    }
}

/// Reads a part of a table; call it inside a commit. Returns whether the bytes came.
pub fn read_table(
    shared: &Shared,
    gates: u32,
    memory: &mut impl Memory,
    address: u32,
    bytes: &mut [u8],
) -> bool {
    read(shared, gates, Engine::Tables, memory, address, bytes)
}

fn read(
    shared: &Shared,
    gates: u32,
    engine: Engine,
    memory: &mut impl Memory,
    address: u32,
    bytes: &mut [u8],
) -> bool {
    let buffers_on = ctrl::SBL_RD_RAM_EN.is_set(shared.get(&main_block::CTRL));
    if gates & gate::DMA == 0 || !buffers_on {
        return false;
    }
    if !allows_read(shared, address, bytes.len() as u32) {
        refuse_read(shared, engine, address);
        shared.word(&IRQ0STATUS).fetch_or(irq::MMU_ERR.mask(), Relaxed);
        return false;
    }
    memory.read(address, bytes);
    true
}
