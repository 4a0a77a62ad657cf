//! The configuration of the preview engine: when the hardware takes it.

use idl::types::{IspError, Name, PreviewFeatures, PreviewParameters, PreviewTable};

use super::{Driver, Phase};
use crate::program::Blocks;
use crate::registers::Registers;
use crate::run::Run;
use crate::running::Running;
use crate::stream::{Ledger, Outside};

/// Entries of tables that are written in one go: it takes a few milliseconds.
pub(super) const CHUNK_ENTRIES: usize = 256;

impl Driver {
    /// Parameters of a function of the preview engine, for the next [`Driver::preview_configure`].
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration`; `InvalidConfiguration`; `Busy` while earlier ones wait.
    pub fn preview_parameters(
        &mut self,
        entity: &Name,
        given: &PreviewParameters,
    ) -> Result<(), IspError> {
        self.config.give(entity, given)
    }

    /// A table of the preview engine, as [`Driver::preview_parameters`].
    ///
    /// # Errors
    /// The same; `Busy` too while tables are on their way to the hardware: they get there, however often others
    /// are given.
    pub fn preview_table(
        &mut self,
        entity: &Name,
        table: PreviewTable,
        bytes: &[u8],
    ) -> Result<(), IspError> {
        self.config.may_give(entity, table.feature())?;
        let is_on_its_way = matches!(self.phase, Phase::Resetting { .. } | Phase::Loading);
        if self.config.is_stale() && (is_on_its_way || self.is_loading()) {
            return Err(IspError::Busy);
        }
        self.config.give_table(entity, table, bytes)
    }

    /// Switches functions of the preview engine: between two frames if it works, else for the next start.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration`; `UnsupportedFeature`; `InvalidConfiguration`.
    pub fn preview_configure<R: Registers, L: Ledger>(
        &mut self,
        entity: &Name,
        (update, flag): (PreviewFeatures, PreviewFeatures),
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        self.config.configure(entity, (update, flag))?;
        self.take_configuration(outside);
        Ok(())
    }

    /// Takes over what waits, and goes on with loading tables, if the engine is between two frames. Else
    /// the interrupt at the end of its frame comes back here.
    pub(super) fn take_configuration<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
    ) {
        if !self.config.is_waiting() && !self.config.is_stale() {
            return;
        }
        let is_up = self.phase == Phase::Up;
        let Some(running) = self.running.iter_mut().flatten().find(|each| is_up && works(each))
        else {
            // The next start writes it. Until a last frame has ended that is being finished, it waits: what is
            // set meanwhile is written at once, and nothing else may be written with it.
            if !(is_up && self.running.iter().flatten().any(finishes)) {
                self.config.take(&mut self.controls);
            }
            return;
        };
        if !running.hold(outside) {
            return;
        }
        if self.config.take(&mut self.controls)
            && let Some(state) = &running.checked().pipeline.preview
        {
            self.config.write(state, outside.registers);
            self.controls.write(outside.registers);
        }
        if self.config.load(CHUNK_ENTRIES, outside.registers) {
            running.release(outside, &mut self.outboxes);
        }
    }

    /// Whether a pipeline waits for tables.
    pub(super) fn is_loading(&self) -> bool {
        self.config.is_stale() && self.running.iter().flatten().any(works)
    }
}

/// Whether frames of it go through the preview engine.
fn works(running: &Running) -> bool {
    running.run().is_on() && running.blocks().overlap(Blocks::PREVIEW)
}

/// Whether it may be in the middle of its last frame through the preview engine before it stops or rests.
fn finishes(running: &Running) -> bool {
    let run = running.run();
    let in_frame = run.is_stopping() && !run.is_parked() || matches!(run, Run::Parked { .. });
    in_frame && running.blocks().overlap(Blocks::PREVIEW)
}
