//! The corrections of the CCDC: when the hardware takes them.

use idl::types::{BufferIndex, CcdcFeatures, CcdcParameters, CcdcTable, IspError, Name};

use super::{Driver, Phase};
use crate::program::Blocks;
use crate::registers::{Registers, Writer};
use crate::running::Running;
use crate::stream::{Ledger, Outside};

impl Driver {
    /// Parameters of a function of the CCDC, for the next [`Driver::ccdc_configure`].
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration`; `InvalidConfiguration`.
    pub fn ccdc_parameters(
        &mut self,
        entity: &Name,
        given: &CcdcParameters,
    ) -> Result<(), IspError> {
        self.corrections.give(entity, given)
    }

    /// A piece of a table of the CCDC, which has `whole.1` bytes: the buffer of the pool of tables that it is
    /// to be written to, at its offset.
    ///
    /// # Errors
    /// As [`Driver::ccdc_parameters`].
    pub fn ccdc_table(
        &mut self,
        entity: &Name,
        whole: (CcdcTable, u32),
        offset: u32,
        piece: &[u8],
    ) -> Result<BufferIndex, IspError> {
        self.corrections.give_piece(entity, whole, offset, piece)
    }

    /// Switches functions of the CCDC: those that are shadowed with the next frame, the others if none goes
    /// through it.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration`; `UnsupportedFeature`; `InvalidConfiguration`; `Busy`;
    /// `BadBuffer`.
    pub fn ccdc_configure<R: Registers, L: Ledger>(
        &mut self,
        entity: &Name,
        switches: (CcdcFeatures, CcdcFeatures),
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let running = self.running.iter_mut().flatten().find(|running| uses_ccdc(running));
        if running.as_ref().is_some_and(|running| !running.is_live()) {
            // Frames from memory begin whenever there is one.
            return Err(IspError::Busy);
        }
        self.corrections.configure(entity, switches, running.is_some(), outside.ledger)?;
        if let Some(Running::Live(stream)) = running.filter(|_| self.phase == Phase::Up) {
            stream.correct(&self.corrections, false, outside);
        }
        Ok(())
    }

    /// The ledger died, and with it the windows of the tables: they are off until they are given again.
    pub fn lose_tables<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        if !self.corrections.lose_tables() || self.phase != Phase::Up {
            return;
        }
        for running in self.running.iter_mut().flatten().filter(|it| uses_ccdc(it)) {
            if let Running::Live(stream) = running {
                stream.correct(&self.corrections, true, outside);
            } else {
                // A job under way comes back cancelled: its ledger is gone.
                let mut write = |write| outside.registers.write_at(write);
                self.corrections.write_tables(&mut Writer(&mut write));
            }
        }
    }
}

const fn uses_ccdc(running: &Running) -> bool {
    running.blocks().overlap(Blocks::CCDC)
}
