//! The way up after power on, and to rest before power goes for a while.

use drv_isp_regs::main_block::{
    IRQ0ENABLE, IRQ0STATUS, REVISION, REVISION_15_0, SYSCONFIG, SYSSTATUS,
};
use drv_isp_regs::main_block::{irq, sysconfig, sysstatus};
use drv_isp_regs::sbl;
use idl::types::FrameFlags;

use super::config::CHUNK_ENTRIES;
use super::{Driver, News, PIPELINES_MAX, Phase};
use crate::program::{self, Blocks, Path};
use crate::registers::{Registers, Write, Writer};
use crate::run::Run;
use crate::running::Running;
use crate::stream::{Ledger, Outside};

/// Polls of RESETDONE before the reset counts as failed (Linux omap3isp: 10,000 us).
const RESET_POLLS_MAX: u32 = 20;

impl Driver {
    /// The domain is on: registers answer. Whatever state they are in, it goes. Lost if it is not
    /// the ISP that the driver knows.
    pub fn power_on(&mut self, registers: &mut impl Registers) -> News {
        if registers.read(&REVISION) != REVISION_15_0 {
            return News::LOST;
        }
        self.rest_wanted = false;
        self.running.iter_mut().flatten().for_each(Running::park_now);
        self.reset(registers);
        News::NONE
    }

    /// The domain wants to be switched off for a while: frames in progress are finished, and `at_rest`
    /// follows when nothing is going on any more.
    pub fn rest<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        if self.rest_wanted {
            return News::NONE;
        }
        if self.phase == Phase::Up {
            self.running.iter_mut().flatten().for_each(|running| running.park(outside));
            self.statistics.stream_pauses();
        }
        self.rest_wanted = true;
        self.look_at_us = None;
        self.poll_rest(outside)
    }

    /// Writes everything of a parked pipeline, and lets its frames start.
    pub(super) fn go_on<R: Registers, L: Ledger>(
        &mut self,
        index: usize,
        outside: &mut Outside<'_, R, L>,
    ) {
        let wanted = self.wanted_events();
        let Some(running) = &mut self.running[index] else { return };
        let (blocks, own) = (running.blocks(), running.checked().route.events());
        let registers = &mut *outside.registers;
        let mut write = |write| registers.write_at(write);
        program::configure(running.checked(), &mut Writer(&mut write));
        // Old events and overflows of these blocks mean nothing; those of others do, and a refused
        // request is of whoever is under way.
        let others = if wanted == 0 { 0 } else { wanted | irq::MMU_ERR.mask() };
        registers.write(&IRQ0STATUS, !others);
        registers.write(&sbl::PCR, blocks.overflows());
        registers.write(&IRQ0ENABLE, wanted | own);
        if let (Some(bits), Some(path)) = (
            running.checked().pipeline.input.ccdc().and_then(program::mosaic_bits),
            running.checked().route.behind_ccdc(),
        ) {
            self.corrections.write(bits, path == Path::Raw, registers);
        }
        if let Some(state) = &running.checked().pipeline.preview {
            self.config.take(&mut self.controls);
            self.config.write(state, registers);
            self.controls.write(registers);
            self.config.expect(state.sink.code);
            // Tables that changed meanwhile come before the first frame.
            running.set_held(self.config.is_stale());
        }
        if let Some(path) = running.checked().route.live() {
            self.statistics.stream_started(path);
        }
        running.go_on(outside, &mut self.outboxes);
    }

    pub(super) fn reset(&mut self, registers: &mut impl Registers) {
        registers.write(&SYSCONFIG, sysconfig::SOFTRESET.of(1));
        self.phase = Phase::Resetting { polls_left: RESET_POLLS_MAX };
    }

    pub(super) fn poll_reset<R: Registers, L: Ledger>(
        &mut self,
        polls_left: u32,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        if !sysstatus::RESETDONE.is_set(outside.registers.read(&SYSSTATUS)) {
            assert!(polls_left > 0, "the reset of the ISP does not end");
            self.phase = Phase::Resetting { polls_left: polls_left - 1 };
            return News::NONE;
        }
        let mut write = |write: Write| outside.registers.write_at(write);
        program::configure_main(self.xclk.divider(), &mut Writer(&mut write));
        self.config.forget();
        self.phase = Phase::Loading;
        News::NONE
    }

    pub(super) fn load<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        if !self.config.load(CHUNK_ENTRIES, outside.registers) {
            return News::NONE;
        }
        self.phase = Phase::Up;
        self.crashed = Blocks::NONE;
        // A reset that no loss of power came before, because a suspend was given up.
        self.statistics.power_ends(outside);
        // After a reset nothing is in progress: what would not stop has stopped. It is said only
        // now, so that who hears it can start the next one. What was parked goes on.
        for index in 0..PIPELINES_MAX {
            match self.running[index].as_ref().map(Running::run) {
                Some(Run::Parked { .. }) if !self.rest_wanted => self.go_on(index, outside),
                Some(Run::Parked { .. } | Run::Crashed) | None => {}
                Some(Run::Stopping { parked: true, .. }) => {
                    self.end(index, FrameFlags::default(), outside);
                }
                Some(Run::On | Run::Stopping { parked: false, .. }) => {
                    self.end(index, self.ends_with, outside);
                }
            }
        }
        let ready = !core::mem::replace(&mut self.announced, true);
        News { ready, ..self.news() }
    }

    /// Comes to rest if nothing is going on. What the hardware is in the middle of after the stop
    /// limit ends with its power; so do pipelines that waited for a reset to end.
    pub(super) fn poll_rest<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        let mut news = News::NONE;
        if self.phase == Phase::Up {
            let settled = self
                .running
                .each_ref()
                .map(|running| running.as_ref().map(|it| it.settled(self.crashed, outside)));
            // The last events, which came before the blocks were idle.
            news = self.interrupt(outside);
            let measuring = self.statistics.are_running();
            let waits =
                |(busy, late): &(Blocks, bool)| (measuring || *busy != Blocks::NONE) && !late;
            let waits = settled.iter().flatten().any(waits);
            if news.lost || waits {
                return news;
            }
            for (running, settled) in self.running.iter_mut().zip(settled) {
                let parked = running.as_mut().filter(|running| !running.is_stopping());
                if let (Some(running), Some((busy, _))) = (parked, settled) {
                    running.finish_last(busy == Blocks::NONE, outside, &mut self.outboxes);
                }
            }
        }
        self.statistics.power_ends(outside);
        let flags = if self.phase == Phase::Up { FrameFlags::default() } else { self.ends_with };
        self.phase = Phase::Off;
        self.rest_wanted = false;
        self.end_stopping(flags, outside);
        self.take_configuration(outside);
        News { at_rest: true, wake: news.wake.and(self.outboxes.take_news()), ..news }
    }
}
