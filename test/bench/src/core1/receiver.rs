//! Context 0 of the receiver CSI2a: the sensor's frames from the serial line to memory and the video port.
//!
//! It sees each frame of the sensor at the time of the parallel port, line by line. What takes part in a
//! frame is decided at its start; what a cut (IF_EN cleared, a soft reset) ends stays ended until the next.

use super::camera::Camera;
use super::config::{self, Input};
use super::dma::{Memory, Target};
use super::frame::Frame;
use super::line_errors::{LineErrors, Packet};
use super::mischief::Mischief;
use crate::pixels::csi2::{self, DataType, Format};
use crate::regs::firewall::Engine;
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::Block;
use drv_isp_regs::csi2a::{
    COMPLEXIO_CFG1, CTRL, CTX_CTRL1, CTX_CTRL2, CTX_CTRL3, CTX_DAT_OFST, CTX_DAT_PING_ADDR,
    CTX_DAT_PONG_ADDR, CTX_IRQENABLE, CTX_IRQSTATUS, IRQENABLE, IRQSTATUS, POWER_ON,
    complexio_cfg1, ctrl, ctx_ctrl1, ctx_ctrl2, ctx_ctrl3, ctx_irqstatus, irqstatus,
};
use drv_isp_regs::main_block::{IRQ0STATUS, irq};

/// A frame that context 0 takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Cuts before its start.
    cuts: u32,
    /// What is on the line.
    sent: DataType,
    /// What the context takes; `None` = nothing that is ever sent.
    format: Option<Format>,
    /// Where it goes in memory.
    target: Option<Target>,
    /// Lines that were taken.
    lines: u32,
    /// What is wrong on the line.
    errors: LineErrors,
}

impl Reception {
    /// The memory side, as long as there is something to write.
    pub const fn target(&self) -> Option<Target> {
        self.target
    }

    /// Whether the video port gets it.
    fn feeds_port(&self) -> bool {
        self.format.is_some_and(|format| format.to_port && format.takes == self.sent)
    }

    fn is_cut(&self, shared: &Shared) -> bool {
        self.cuts != shared.receiver.cuts.load(SeqCst)
    }
}

/// Does the receiver hear the line?
fn hears_line(shared: &Shared) -> bool {
    let lanes = shared.get(&COMPLEXIO_CFG1);
    let [clock, data] = [complexio_cfg1::CLOCK_POSITION, complexio_cfg1::DATA1_POSITION]
        .map(|position| position.get(lanes));
    ctrl::IF_EN.is_set(shared.get(&CTRL))
        && complexio_cfg1::PWR_STATUS.get(lanes) == POWER_ON
        && clock != 0
        && data != 0
        && clock != data
}

/// The frame that starts, `sent` so, if context 0 takes it. Call it inside a commit.
fn begin(shared: &Shared, sent: DataType, mischief: &mut Mischief) -> Option<Reception> {
    let cuts = shared.receiver.cuts.load(SeqCst);
    let control = shared.get(&CTX_CTRL2);
    let enabled = ctx_ctrl1::CTX_EN.is_set(shared.get(&CTX_CTRL1));
    if !hears_line(shared) || !enabled || ctx_ctrl2::VIRTUAL_ID.get(control) != 0 {
        return None;
    }
    let pong = shared.receiver.frames.fetch_add(1, SeqCst) % 2 == 1;
    let (address, turn) = if pong {
        (&CTX_DAT_PONG_ADDR, ctx_ctrl1::PING_PONG.mask())
    } else {
        (&CTX_DAT_PING_ADDR, 0)
    };
    update(shared, |word| word & !ctx_ctrl1::PING_PONG.mask() | turn);
    let format = Format::of(ctx_ctrl2::FORMAT.get(control));
    let port_only = ctrl::VP_ONLY_EN.is_set(shared.get(&CTRL));
    let target = format.filter(|_| !port_only).map(|_| {
        mischief.begin_frame(shared);
        let offset = shared.get(&CTX_DAT_OFST);
        Target { life: cuts, ..mischief.target(Engine::Csi2a, shared.get(address), offset) }
    });
    raise(shared, ctx_irqstatus::FS.mask());
    let errors = LineErrors::begin_frame(shared);
    Some(Reception { cuts, sent, format, target, lines: 0, errors })
}

impl Camera {
    /// Frame start on the serial line, and what the CCDC hears of the frame.
    pub(super) fn begin_reception(&mut self, shared: &Shared, frame: &mut Frame) {
        let Self { mischief, sent, .. } = self;
        let begun = shared.commit(frame.epoch, |gates| {
            if gates & gate::PIPE != 0 { begin(shared, *sent, mischief) } else { None }
        });
        frame.reception = begun.flatten();
        if let Some(target) = frame.reception.as_mut().and_then(|taken| taken.target.as_mut()) {
            target.lines = frame.height as u16;
        }
        frame.heard = config::hears(shared, Input::Sensor);
        if config::hears(shared, Input::Csi2a) {
            frame.input = Input::Csi2a;
            frame.heard = frame.reception.is_some_and(|reception| reception.feeds_port());
        }
        self.publish_outstanding(shared, frame.engines());
    }

    /// A line of the sensor, which is in the raw line, comes over the serial line as well; if the CCDC
    /// listens to that, the raw line becomes what is received. Whether there is a line for the CCDC.
    pub(super) fn receive_line(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        width: usize,
        memory: &mut impl Memory,
    ) -> bool {
        let Some(mut reception) = frame.reception.filter(|taken| !taken.is_cut(shared)) else {
            frame.reception = None;
            return true;
        };
        let mut packet = Packet::default();
        if let Some(format) = reception.format.filter(|format| format.takes == reception.sent) {
            packet = self.take_line(shared, frame, (&mut reception, format), width, memory);
            if frame.input == Input::Csi2a && !packet.lost {
                self.raw[..width].copy_from_slice(&self.serial[..width]);
            }
        }
        if !packet.lost {
            packet.events |= ctx_irqstatus::LS.mask() | ctx_irqstatus::LE.mask();
        }
        frame.reception = Some(reception);
        shared.commit(frame.epoch, |_| {
            if !reception.is_cut(shared) {
                raise(shared, packet.events);
                raise_receiver(shared, packet.of_receiver);
            }
        });
        if frame.line + 1 == frame.height {
            self.end_reception(shared, frame);
        }
        frame.input != Input::Csi2a || !packet.lost
    }

    fn take_line(
        &mut self,
        shared: &Shared,
        frame: &Frame,
        (reception, format): (&mut Reception, Format),
        width: usize,
        memory: &mut impl Memory,
    ) -> Packet {
        let Self { raw, serial, bytes, lines, .. } = self;
        let mut count = reception.sent.send(&raw[..width], bytes);
        let errors = reception.errors;
        let mut packet = errors.receive(shared, frame.line, reception.sent, &mut bytes[..count]);
        if packet.lost {
            return packet;
        }
        reception.lines += 1;
        if reception.lines == ctx_ctrl3::LINE_NUMBER.get(shared.get(&CTX_CTRL3)) {
            packet.events |= ctx_irqstatus::LINE_NUMBER.mask();
        }
        format.samples(&bytes[..count], serial);
        let Some(target) = &mut reception.target else { return packet };
        if format.stores_samples() {
            count = csi2::store(&serial[..width], bytes);
        }
        if target.offset_bytes == 0 {
            target.offset_bytes = count as u32;
        }
        lines.write(shared, frame.epoch, target, &bytes[..count], memory);
        packet
    }

    /// The frame end on the serial line. A stuck receiver does not see it.
    pub(super) fn end_reception(&mut self, shared: &Shared, frame: &mut Frame) {
        let Some(reception) = frame.reception.take() else { return };
        shared.commit(frame.epoch, |gates| {
            let stuck = shared.mischief.stuck.load(SeqCst) & 1 << Block::Csi2a as u32 != 0;
            if stuck || gates & gate::PIPE == 0 || reception.is_cut(shared) {
                return;
            }
            raise(shared, ctx_irqstatus::FE.mask());
            let left = ctx_ctrl1::COUNT.get(update(shared, counted));
            if left == 1 {
                raise(shared, ctx_irqstatus::FRAME_NUMBER.mask());
            }
        });
        self.publish_outstanding(shared, frame.engines());
    }
}

/// A frame less to take; after the last one the context is off.
fn counted(word: u32) -> u32 {
    let left = ctx_ctrl1::COUNT.get(word);
    let less = ctx_ctrl1::COUNT.put(word, left.saturating_sub(1));
    if left == 1 { less & !ctx_ctrl1::CTX_EN.mask() } else { less }
}

/// Changes CTX_CTRL1, which core 0 writes too; returns what it was.
fn update(shared: &Shared, change: impl Fn(u32) -> u32) -> u32 {
    // The closure always gives a value, so the update cannot fail.
    let changed = shared.word(&CTX_CTRL1).fetch_update(SeqCst, SeqCst, |word| Some(change(word)));
    changed.unwrap_or_else(|word| word)
}

/// Events of context 0; call it inside a commit.
fn raise(shared: &Shared, events: u32) {
    shared.word(&CTX_IRQSTATUS).fetch_or(events, SeqCst);
    if shared.get(&CTX_IRQENABLE) & events != 0 {
        raise_receiver(shared, irqstatus::CONTEXT0.mask());
    }
}

/// Events of the receiver; call it inside a commit.
pub fn raise_receiver(shared: &Shared, events: u32) {
    shared.word(&IRQSTATUS).fetch_or(events, SeqCst);
    if shared.get(&IRQENABLE) & events != 0 {
        shared.word(&IRQ0STATUS).fetch_or(irq::CSIA.mask(), SeqCst);
    }
}
