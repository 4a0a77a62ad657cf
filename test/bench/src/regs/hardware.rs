//! The hardware as core 0 sees it: state, the way of an access, and the passing of time.

use super::bus::Bus;
use super::pixel_clock::PixelClock;
use super::prcm::{Answer, Needs, Prcm};
use super::reads::BadReads;
use super::unanswered::Spinning;
use super::{class, domain, receiver};
use crate::irq::{LINES, Line, Pend};
use crate::log::{Access, Log, Verdict, Who};
use crate::params::{Flags, Parameters};
use crate::script::Script;
use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::{
    Block, Register, ccdc, firewall, hist, host_link, lookup, main_block, prcm, preview, resizer,
    sensor_bus,
};

/// A transfer that the host link was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostTransfer {
    /// Code of the kind.
    pub kind: u32,
    /// Where the bytes are.
    pub address: u32,
    /// How many.
    pub bytes: u32,
    /// Depends on the kind.
    pub argument: u32,
}

/// What the hardware needs from the processor it runs on.
pub trait Platform {
    /// Virtual time since the start.
    fn now_us(&mut self) -> u64;
    /// Wakes core 1.
    fn ring_core1(&mut self);
    /// One turn of a wait for core 1.
    fn relax(&mut self);
    /// Makes the interrupt controller follow a line.
    fn pend(&mut self, line: usize, pend: Pend);
    /// Carries out a host transfer; `false` if it was refused.
    fn send_to_host(&mut self, transfer: HostTransfer) -> bool;
    /// Shows an access on the host's error output (option TRACE).
    fn trace(&mut self, access: &Access);
}

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Read.
    Read,
    /// Write this value.
    Write(u32),
}

/// An access as the trap decoded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Offset in the window in bytes.
    pub offset: u32,
    /// 32 bits wide and aligned; everything else is reserved.
    pub is_word: bool,
    /// Read or write.
    pub kind: Kind,
    /// Who.
    pub who: Who,
}

/// The hardware, seen from core 0.
pub struct Hardware<'a, P> {
    pub(super) shared: &'a Shared,
    pub(super) log: &'a mut Log,
    pub(super) platform: P,
    pub(super) prcm: Prcm,
    pub(super) bus: Bus,
    pub(super) script: Script,
    pub(super) lines: [Line; LINES],
    /// One of them storms.
    is_storming: bool,
    pub(super) bad_reads: BadReads,
    pub(super) pixel_clock: PixelClock,
    /// The sensor's clock stands still, whatever drives it.
    pub(super) clock_lost: bool,
    pub(super) reset_stuck: bool,
    pub(super) wrong_id: u16,
    pub(super) time_high: u32,
    pub(super) late_irqs: u32,
    /// Lines that requests take to drain, and the line at which they have.
    pub(super) drain_lines: u32,
    pub(super) drained_at_line: Option<u32>,
    pub(super) stuck_block: Option<Block>,
    /// The access that does not complete.
    pub(super) spinning: Option<Spinning>,
    /// The block whose next access is a system call instead, and its number.
    pub(super) mute: Option<(Block, u32)>,
    trace: bool,
    /// Device lines so far, those of idle time included.
    pub(super) device_lines: u32,
    seen_lines: u32,
    /// When time was last let pass, and how far the lines of idle time have followed.
    now_us: u64,
    seen_us: u64,
}

impl<'a, P: Platform> Hardware<'a, P> {
    /// Hardware at power on. `shared` must be all zero.
    pub fn new(shared: &'a Shared, log: &'a mut Log, platform: P, parameters: &Parameters) -> Self {
        let present = parameters.flags.has(Flags::PRESENT);
        let mut hardware = Self {
            shared,
            log,
            platform,
            prcm: Prcm::new(present, parameters.module_id),
            bus: Bus::new(),
            script: Script::new(parameters.script),
            lines: [Line::default(); LINES],
            is_storming: false,
            bad_reads: BadReads::default(),
            pixel_clock: PixelClock::default(),
            clock_lost: false,
            reset_stuck: false,
            wrong_id: 0,
            time_high: 0,
            late_irqs: 0,
            drain_lines: 0,
            drained_at_line: None,
            stuck_block: None,
            spinning: None,
            mute: None,
            trace: parameters.flags.has(Flags::TRACE),
            device_lines: 0,
            seen_lines: 0,
            now_us: 0,
            seen_us: 0,
        };
        domain::reset_blocks(shared, &Block::WINDOW);
        hardware.reset_sensor();
        hardware.publish_domain();
        hardware.tick();
        hardware
    }

    /// The processor's side, for the code around the hardware.
    pub fn platform(&mut self) -> &mut P {
        &mut self.platform
    }

    /// Does one access: its verdict, its effect, its place in the log.
    ///
    /// # Errors
    /// The verdict, if the access must end in a bus fault.
    pub fn access(&mut self, request: Request) -> Result<u32, Verdict> {
        self.pass_time();
        let verdict = self.verdict(&request);
        let outcome = match verdict {
            Err(verdict) => (verdict, written_value(request.kind)),
            Ok((register, index)) => match request.kind {
                Kind::Read => self.read(register, index, request.offset),
                Kind::Write(value) => (self.write(register, index, value, request.offset), value),
            },
        };
        self.record(&request, outcome);
        if matches!(request.kind, Kind::Write(_)) || self.is_storming {
            self.update_lines();
        }
        let (verdict, value) = outcome;
        if verdict.is_fault() { Err(verdict) } else { Ok(value) }
    }

    /// What became of the latest access.
    #[cfg(test)]
    pub(super) fn last_verdict(&self) -> Option<Verdict> {
        self.log.latest().next().map(|access| access.verdict)
    }

    /// Heartbeat, or doorbell of core 1: time passes, the script goes on, lines are evaluated.
    pub fn tick(&mut self) {
        self.pass_time();
        self.run_script();
        self.update_lines();
    }

    /// Moment of device time: frame and line.
    #[must_use]
    pub fn device_time(&self) -> (u32, u32) {
        let progress = &self.shared.progress;
        (progress.frame.load(SeqCst), progress.line.load(SeqCst))
    }

    fn verdict(&self, request: &Request) -> Result<(&'static Register, u16), Verdict> {
        let block = Block::at(request.offset).ok_or(Verdict::Reserved)?;
        let needs = match block {
            Block::SensorBus => Some(Needs::BUS),
            Block::Csi2a => Some(Needs::CSI2),
            Block::Prcm
            | Block::Firewall
            | Block::KillSwitch
            | Block::BenchControl
            | Block::HostLink => None,
            _ => Some(Needs::ISP),
        };
        match needs.map_or(Answer::Yes, |needs| self.answer(needs)) {
            Answer::Yes => {}
            Answer::Absent => return Err(Verdict::Absent),
            Answer::Unpowered => return Err(Verdict::Unpowered),
            Answer::Unclocked => return Err(Verdict::Unclocked),
        }
        match lookup(request.offset) {
            Some(found) if request.is_word => Ok(found),
            _ => Err(Verdict::Reserved),
        }
    }

    fn write(&mut self, register: &'static Register, index: u16, value: u32, at: u32) -> Verdict {
        if self.is_locked(register, index) {
            return Verdict::BusyDropped;
        }
        let busy = self.is_busy(register.block) || self.context_locks(register, index);
        let mut dropped = false;
        let change = |old| {
            let value = receiver::unlocked(register, old, value);
            let written = class::write(register, old, value, busy);
            dropped = written.dropped;
            Some(written.value)
        };
        let word = self.shared.word_at(at);
        // The closure always gives a value, so the update cannot fail.
        let old = word.fetch_update(SeqCst, SeqCst, change).unwrap_or_else(|old| old);
        if !dropped || matches!(register.access, drv_isp_regs::Access::Control { .. }) {
            self.after_write(register, index, value, old);
        }
        if dropped { Verdict::BusyDropped } else { Verdict::Ok }
    }

    /// Is the block in the middle of something?
    pub(super) fn is_busy(&self, block: Block) -> bool {
        let busy = |register, field: drv_isp_regs::Field| field.is_set(self.shared.get(register));
        match block {
            Block::Ccdc => busy(&ccdc::PCR, ccdc::pcr::BUSY),
            Block::Preview => busy(&preview::PCR, preview::pcr::BUSY),
            Block::Resizer => busy(&resizer::PCR, resizer::pcr::BUSY),
            Block::Hist => busy(&hist::PCR, hist::pcr::BUSY),
            Block::SensorBus => self.bus.is_busy(),
            _ => false,
        }
    }

    /// Base and size of an open firewall window cannot be changed.
    fn is_locked(&self, register: &Register, index: u16) -> bool {
        let control = self.shared.element(&firewall::WINDOW_CONTROL, usize::from(index) % 16);
        matches!(*register, firewall::WINDOW_BASE | firewall::WINDOW_BYTES)
            && firewall::window_control::ENABLE.is_set(control.load(Relaxed))
    }

    pub(super) fn record(&mut self, request: &Request, (verdict, value): (Verdict, u32)) {
        let access = Access {
            time_us: self.now_us as u32,
            who: request.who,
            value,
            offset: request.offset as u16,
            write: matches!(request.kind, Kind::Write(_)),
            verdict,
        };
        if self.trace {
            self.platform.trace(&access);
        }
        self.log.record(access);
    }

    /// Lets everything happen that is due by now.
    pub(super) fn pass_time(&mut self) {
        let now_us = self.platform.now_us();
        self.now_us = now_us;
        let lines = self.lines_passed(now_us);
        self.device_lines = self.device_lines.wrapping_add(lines);
        let change = self.prcm.pass_lines(lines);
        if change.settled {
            self.domain_changed(change);
        }
        self.poll_bus(now_us);
        if self.pixel_clock.is_due(now_us) {
            self.update_gates();
        }
    }

    /// Device lines since the last call: core 1's while the sensor sends, else those of a clock.
    fn lines_passed(&mut self, now_us: u64) -> u32 {
        let progress = &self.shared.progress;
        let counted = progress.lines.load(SeqCst).wrapping_sub(self.seen_lines);
        self.seen_lines = self.seen_lines.wrapping_add(counted);
        if progress.streaming.load(SeqCst) != 0 {
            self.seen_us = now_us;
            return counted;
        }
        // Called at each heartbeat, so the difference fits in 32 bits, which divide much faster.
        let idle = (now_us - self.seen_us) as u32 / prcm::IDLE_LINE_US;
        self.seen_us += u64::from(idle * prcm::IDLE_LINE_US);
        self.run_idle_clock(idle);
        counted.saturating_add(idle)
    }

    /// Device time goes on between streams, in frames as long as the latest one, so that a script
    /// can replug what it unplugged. Before the first frame it stands still: scripts count frames
    /// from there.
    fn run_idle_clock(&mut self, lines: u32) {
        let progress = &self.shared.progress;
        let frame_lines = progress.frame_lines.load(SeqCst);
        if frame_lines == 0 || lines == 0 {
            return;
        }
        let line = progress.line.load(SeqCst).saturating_add(lines);
        progress.frame.fetch_add(line / frame_lines, SeqCst);
        progress.line.store(line % frame_lines, SeqCst);
    }

    /// Makes the interrupt controller follow all lines.
    pub(super) fn update_lines(&mut self) {
        let pairs = [
            (&main_block::IRQ0STATUS, &main_block::IRQ0ENABLE),
            (&sensor_bus::STATUS, &sensor_bus::IRQENABLE),
            (&prcm::IRQSTATUS, &prcm::IRQENABLE),
            (&firewall::FAULT_STATUS, &firewall::IRQENABLE),
            (&host_link::STATUS, &host_link::IRQENABLE),
        ];
        let camera_answers = self.answer(Needs::ISP) == Answer::Yes;
        for (index, (status, enable)) in pairs.into_iter().enumerate() {
            let active = self.shared.get(status) & self.shared.get(enable);
            let pend = self.lines[index].evaluate(active, self.device_lines);
            if pend == Pend::Set && index < 2 && !camera_answers {
                self.late_irqs = self.late_irqs.saturating_add(1);
            }
            self.platform.pend(index, pend);
        }
        self.is_storming = self.lines.iter().any(Line::is_storming);
    }
}

/// Nothing is written by a read.
pub(super) const fn written_value(kind: Kind) -> u32 {
    match kind {
        Kind::Read => 0,
        Kind::Write(value) => value,
    }
}
