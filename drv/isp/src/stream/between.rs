//! What changes between two frames of a running pipeline: the crop of the resizer, functions of the preview
//! engine, corrections of the CCDC. Why it waits for then is in the documentation of the stream.

use drv_isp_regs::main_block::{self, irq};
use drv_isp_regs::preview;

use super::{GAP_STARTS_MAX, Ledger, Outside, Stream};
use crate::corrections::Corrections;
use crate::outbox::Outbox;
use crate::program::{self, Blocks, Checked, Path};
use crate::registers::{Registers, Writer};

/// A frame that starts while corrections are written, and the one that may still be under way.
const MIXED_FRAMES: u8 = 2;

/// What the resizer has of the crop that was asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crop {
    /// All of it.
    Taken,
    /// Nothing.
    Waiting,
    /// A frame started while it was being written: frames are damaged until it is written again.
    Torn,
}

impl Stream {
    /// Runs with another crop of the resizer from the next gap between frames on.
    pub fn set_crop<R: Registers, L>(&mut self, checked: Checked, outside: &mut Outside<'_, R, L>) {
        self.checked = checked;
        if self.crop == Crop::Taken {
            self.crop = Crop::Waiting;
        }
        if !self.run.is_parked() {
            self.apply_crop(outside);
        }
    }

    /// Lets no frame of the preview engine start; `false` if one is in progress, if one has passed whose
    /// events have not been handled, or if none has been since [`Stream::release`]: their interrupt comes back
    /// here. If that goes on for too long, a gap is made.
    pub fn hold<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) -> bool {
        self.held = self.held || self.finds_gap(outside);
        self.gap_awaited = if self.held { None } else { self.gap_awaited.or(Some(0)) };
        self.held
    }

    /// No gap has been found for so long that no further frame is armed.
    pub(super) fn makes_gap(&self) -> bool {
        self.gap_awaited.is_some_and(|starts| starts >= GAP_STARTS_MAX)
    }

    fn finds_gap<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) -> bool {
        if self.configured && self.next.is_some() {
            return false;
        }
        let news = irq::HS_VS.mask() | self.path.done_event();
        // In this order: a frame that ends between the two reads shows in the second.
        let busy = Blocks::PREVIEW.busy(outside.registers) != Blocks::NONE;
        if busy || outside.registers.read(&main_block::IRQ0STATUS) & news != 0 {
            return false;
        }
        let pcr = outside.registers.read(&preview::PCR);
        let enabled = preview::pcr::EN.is_set(pcr);
        if self.next.is_some() && !enabled {
            // It has been written, and the next frame start tells of it.
            return false;
        }
        outside.registers.write(&preview::PCR, pcr & !preview::pcr::EN.mask());
        self.note_doubt(outside);
        // One that has started meanwhile is a frame like any other.
        Blocks::PREVIEW.busy(outside.registers) == Blocks::NONE
    }

    /// Frames start again.
    pub fn release<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        (self.held, self.configured) = (false, true);
        match self.next {
            Some(_) => self.enable_next(outside),
            None => self.arm(outside, outbox),
        }
    }

    /// The CCDC corrects otherwise from the next frame start on; if `tables`, at once.
    pub fn correct<R: Registers, L>(
        &mut self,
        corrections: &Corrections,
        tables: bool,
        outside: &mut Outside<'_, R, L>,
    ) {
        let Some(bits) = self.checked.pipeline.input.ccdc().and_then(program::mosaic_bits) else {
            return;
        };
        if self.run.is_parked() {
            // All of it is written when it goes on.
            return;
        }
        let started =
            |registers: &mut R| irq::HS_VS.is_set(registers.read(&main_block::IRQ0STATUS));
        let before = started(outside.registers);
        corrections.write_shadowed(bits, self.path == Path::Raw, outside.registers);
        if tables {
            let mut write = |write| outside.registers.write_at(write);
            corrections.write_tables(&mut Writer(&mut write));
        }
        if tables || (started(outside.registers) && !before) {
            self.mixed = MIXED_FRAMES;
        }
    }

    pub(super) fn apply_crop<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        let Some(resizer) = self.checked.pipeline.resizer else { return };
        if self.crop == Crop::Taken {
            return;
        }
        let path = self.path;
        // In this order: a frame that ends between the two reads shows in the second.
        let busy = path.writing(outside.registers);
        let ended = outside.registers.read(&main_block::IRQ0STATUS) & path.done_event() != 0;
        if busy || ended {
            // The interrupt at the end of that frame comes back here.
            return;
        }
        let mut write = |write| outside.registers.write_at(write);
        program::configure_crop(&self.checked, &resizer, &mut Writer(&mut write));
        let started = path.writing(outside.registers);
        // An armed frame may have come and gone unseen while the words were torn.
        self.damaged |= self.crop == Crop::Torn && (self.current.is_some() || self.next.is_some());
        self.crop = if started { Crop::Torn } else { Crop::Taken };
    }
}
