//! The statistics engines: AEWB and auto focus of H3A, and the histogram.
//!
//! They see what the video port gives, so they run with the pipelines through the preview engine;
//! the raw pipeline leaves the port shut. Each is a state machine of its own; what they
//! share is the stream.
//!
//! # Why
//! *The end of a stream disables.* As with omap3isp: a client that streams again enables again. So
//! an engine never measures for somebody who has gone.
//!
//! *An overflow of statistics does not damage a picture*, and the other way round: each looks at its
//! own bits of the shared buffer logic.
//!
//! # Cost
//! Per engine of H3A and measured frame nine register accesses and two calls to the ledger; with a new
//! configuration six more for AEWB, eighteen for auto focus. Of the histogram seven, no calls, and
//! one access per entry to read it out. A measurement is there when its last window is: before the
//! end of the frame, if the grid ends before it.

pub(crate) mod check;
mod engine;
mod program;

use drv_isp_regs::main_block::irq;
use drv_isp_regs::sbl;
use idl::types::{FrameStart, IspError, NextStatistics, StatisticsConfig, StatisticsEngine};
use sys_abi::TaskId;

use crate::program::Path;
use crate::registers::Registers;
use crate::stream::{Held, Ledger, Outside};
use engine::Engine;

/// Events of the engines, to be enabled with those of a stream.
pub const EVENTS: u32 = irq::H3A_AF_DONE.mask() | irq::H3A_AWB_DONE.mask() | irq::HIST_DONE.mask();

/// Overflows that are the engines' business.
pub const OVERFLOWS: u32 = sbl::pcr::H3A_AEAWB_WBL_OVF.mask() | sbl::pcr::H3A_AF_WBL_OVF.mask();

/// All engines.
#[derive(Debug)]
pub struct Engines([Engine; 3]);

impl Engines {
    /// All off.
    #[must_use]
    pub const fn new() -> Self {
        Self([
            Engine::new(StatisticsEngine::Aewb),
            Engine::new(StatisticsEngine::Af),
            Engine::new(StatisticsEngine::Histogram),
        ])
    }

    /// What an engine shall measure; gives the counter of that configuration.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn configure<R: Registers, L: Ledger>(
        &mut self,
        node: TaskId,
        config: &StatisticsConfig,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<u16, IspError> {
        check::check(config)?;
        let engine = self.engine(config.engine());
        engine.adopt(node, outside);
        Ok(engine.configure(*config))
    }

    /// Measure, or no longer.
    ///
    /// # Errors
    /// `NotConfigured`.
    pub fn enable<R: Registers, L: Ledger>(
        &mut self,
        node: TaskId,
        (which, on): (StatisticsEngine, bool),
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let engine = self.engine(which);
        engine.adopt(node, outside);
        if on {
            return engine.enable(outside);
        }
        engine.disable(outside);
        Ok(())
    }

    /// One more buffer for an engine.
    ///
    /// # Errors
    /// `QueueFull`.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        node: TaskId,
        (which, held): (StatisticsEngine, Held),
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let engine = self.engine(which);
        engine.adopt(node, outside);
        engine.queue(held, outside)
    }

    /// What happened to the buffers of an engine.
    pub fn next<R: Registers, L: Ledger>(
        &mut self,
        node: TaskId,
        which: StatisticsEngine,
        outside: &mut Outside<'_, R, L>,
    ) -> NextStatistics {
        let engine = self.engine(which);
        engine.adopt(node, outside);
        engine.next()
    }

    /// Reads the next counts of the histogram.
    ///
    /// # Errors
    /// `NotStreaming` unless exactly these entries are the next ones to read.
    pub fn counts<R: Registers, L: Ledger>(
        &mut self,
        (node, first): (TaskId, u16),
        out: &mut [u32],
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let engine = self.engine(StatisticsEngine::Histogram);
        engine.adopt(node, outside);
        engine.counts(first, out, outside)
    }

    /// A pipeline has been configured. Engines are armed from its first frame start on.
    pub fn stream_started(&mut self, path: Path) {
        if path.is_developed() {
            self.0.iter_mut().for_each(Engine::stream_started);
        }
    }

    /// No further frame will be measured. To be called before the CCDC is told to stop.
    pub fn stream_stops<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.0.iter_mut().for_each(|engine| engine.stream_stops(outside));
    }

    /// The stream pauses, and goes on with [`Engines::stream_started`].
    pub fn stream_pauses(&mut self) {
        self.0.iter_mut().for_each(Engine::stream_pauses);
    }

    /// The hardware loses its power for a while, or was reset: nothing of it is touched before the
    /// stream goes on.
    pub fn power_ends<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.0.iter_mut().for_each(|engine| engine.power_ends(outside));
    }

    /// The stream is over.
    pub fn stream_ended<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.0.iter_mut().for_each(|engine| engine.stream_ended(outside));
    }

    /// Events of IRQ0STATUS, acknowledged; `frame` is the one that started last.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        frame: Option<FrameStart>,
        outside: &mut Outside<'_, R, L>,
    ) {
        self.0.iter_mut().for_each(|engine| engine.events(events, frame, outside));
    }

    /// The timer fired.
    pub fn tick<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.0.iter_mut().for_each(|engine| engine.tick(outside));
    }

    /// Whether a frame is being measured, or the next one will be.
    #[must_use]
    pub fn are_measuring(&self) -> bool {
        self.0.iter().any(Engine::is_measuring)
    }

    /// Whether a frame is being measured.
    #[must_use]
    pub fn are_running(&self) -> bool {
        self.0.iter().any(Engine::is_running)
    }

    /// Whether the timer is needed.
    #[must_use]
    pub fn need_time(&self) -> bool {
        self.0.iter().any(Engine::is_clearing)
    }

    /// Whether an engine has something to fetch for its node.
    #[must_use]
    pub fn have_news(&self) -> bool {
        self.0.iter().any(Engine::has_news)
    }

    /// The engines with something to fetch for their nodes; asking forgets them.
    pub fn take_news(&mut self) -> [bool; 3] {
        self.0.each_mut().map(Engine::take_news)
    }

    fn engine(&mut self, which: StatisticsEngine) -> &mut Engine {
        &mut self.0[which as usize]
    }
}

impl Default for Engines {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
