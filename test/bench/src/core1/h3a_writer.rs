//! How an engine of H3A writes its measurement to memory, burst after burst.
//!
//! When its write buffer overflows, the engine stands still: what is left of the measurement is lost,
//! and the next one goes on from there, so that it begins as far into its own buffer as the lost one
//! had come (Linux omap3isp, `ispstat.c`: "H3A module will recover itself by starting to write to
//! the new buffer from where it was stopped in the last one"). Only a reset forgets the place.

use super::dma::{Memory, Target};
use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{Field, sbl};

/// Where an engine stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stopped {
    /// In which epoch; a reset begins another.
    epoch: u32,
    /// Bytes behind the start of its buffer.
    bytes: u32,
}

/// The write port of an engine.
pub struct Writer {
    /// Its flag in SBL PCR.
    overflow: Field,
    /// Where the next burst goes, while a measurement is written.
    target: Option<Target>,
    /// Start of the buffer.
    start: u32,
    stopped: Option<Stopped>,
}

impl Writer {
    /// Idle.
    pub const fn new(overflow: Field) -> Self {
        Self { overflow, target: None, start: 0, stopped: None }
    }

    /// A measurement to the buffer that `target` is the start of.
    pub fn start(&mut self, shared: &Shared, target: Target) {
        let epoch = shared.epoch();
        let stopped = self.stopped.take().filter(|stopped| stopped.epoch == epoch);
        let bytes = stopped.map_or(0, |stopped| stopped.bytes);
        self.start = target.address;
        self.target = Some(Target { address: target.address.wrapping_add(bytes), ..target });
    }

    /// No measurement, or the end of it.
    pub fn stop(&mut self) {
        self.target = None;
    }

    /// A measurement is written.
    pub const fn is_on(&self) -> bool {
        self.target.is_some()
    }

    /// The engine in a set of engines, while a measurement is written.
    pub fn engine_bit(&self) -> u32 {
        self.target.map_or(0, |target| target.engine_bit())
    }

    /// Writes a burst behind the one before, or loses it.
    pub fn write(&mut self, shared: &Shared, epoch: u32, bytes: &[u8], memory: &mut impl Memory) {
        let Some(target) = self.target.as_mut().filter(|_| !bytes.is_empty()) else { return };
        let overflowed = self.overflow.is_set(shared.word(&sbl::PCR).load(SeqCst));
        if overflowed || self.stopped.is_some() {
            let bytes = target.address.wrapping_sub(self.start);
            self.stopped.get_or_insert(Stopped { epoch, bytes });
            return;
        }
        target.offset_bytes = bytes.len() as u32;
        shared.commit(epoch, |gates| target.write_line(shared, gates, memory, bytes));
    }
}
