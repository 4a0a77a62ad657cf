//! The memory channel of CCP2: a raw frame from memory takes the sensor's place in front of the CCDC.
//!
//! It is read a line in the time of a sensor line. From the CCDC on it is a frame as any other: shadowed
//! words are latched at its start, HS_VS, VD0 and VD1 come at its lines, preview, resizer and statistics
//! take part. If the CCDC listens to another input, or is not there for it, nobody sees it; it ends all
//! the same. A line that does not come (the firewall refuses it, the bus is denied) is black, and the
//! channel says OCPERROR.

use super::camera::Camera;
use super::config::{self, Input};
use super::dma::{Memory, Source};
use super::frame::Frame;
use crate::pixels::MAX_WIDTH_PX;
use crate::pixels::ccp2::Storage;
use crate::regs::firewall::Engine;
use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::Block;
use drv_isp_regs::ccp2::{
    CTRL, DECOMPRESS_DPCM10, LCM_CTRL, LCM_HSIZE, LCM_IRQENABLE, LCM_IRQSTATUS, LCM_PREFETCH,
    LCM_VSIZE, ctrl, format, lcm_ctrl, lcm_hsize, lcm_irqstatus, lcm_prefetch, lcm_vsize,
};
use drv_isp_regs::main_block::{IRQ0STATUS, irq};

/// A frame that is being read.
#[derive(Clone, Copy, Debug)]
pub struct MemoryChannel {
    frame: Frame,
    source: Source,
    storage: Storage,
    /// Samples at the start of a line that nobody sees.
    skip: usize,
    /// Bytes of a line that its samples take.
    line_bytes: usize,
    /// Bytes of a line that are fetched.
    fetched_bytes: usize,
}

impl MemoryChannel {
    /// Blocks with this frame in them, a bit per block code.
    pub fn blocks(&self) -> u32 {
        self.frame.blocks()
    }

    /// Engines with something to read or to write.
    pub fn engines(&self) -> u32 {
        self.frame.engines() | 1 << self.source.engine as u32
    }

    /// The frame that core 0 has started, unless the channel is set up in a way that this one is not.
    fn begin(shared: &Shared, epoch: u32) -> Option<Self> {
        let storage = storage(shared)?;
        let size = shared.get(&LCM_HSIZE);
        let (skip, count) = (lcm_hsize::SKIP.get(size), lcm_hsize::COUNT.get(size));
        let samples = ((skip + count) as usize).min(MAX_WIDTH_PX);
        let line_bytes = samples * storage.sample_bytes();
        let prefetch = 8 * lcm_prefetch::HWORDS.get(shared.get(&LCM_PREFETCH)) as usize;
        let given = &shared.channel_frame;
        let offset_bytes = match given.input_offset.load(Relaxed) {
            0 => line_bytes as u32,
            offset => offset,
        };
        let mut frame = Frame::of_memory(epoch);
        frame.height = lcm_vsize::COUNT.get(shared.get(&LCM_VSIZE));
        let address = given.input.load(Relaxed);
        Some(Self {
            frame,
            source: Source { engine: Engine::Ccp2, address, offset_bytes },
            storage,
            skip: skip as usize,
            line_bytes,
            fetched_bytes: prefetch.min(line_bytes),
        })
    }
}

/// How the frame lies in memory, if the channel can send it to the video port.
fn storage(shared: &Shared) -> Option<Storage> {
    let word = shared.get(&LCM_CTRL);
    if !ctrl::IO_OUT_SEL.is_set(shared.get(&CTRL)) || lcm_ctrl::DST_PORT.is_set(word) {
        return None;
    }
    let packed = lcm_ctrl::SRC_PACK.is_set(word);
    let formats = (lcm_ctrl::SRC_FORMAT.get(word), lcm_ctrl::DST_FORMAT.get(word));
    match (formats, lcm_ctrl::SRC_DECOMPR.get(word)) {
        ((format::RAW8, format::RAW8), 0) => Some(Storage::Bytes),
        ((format::RAW10, format::RAW10), 0) if !packed => Some(Storage::Pairs),
        ((format::RAW8, format::RAW10), DECOMPRESS_DPCM10)
            if lcm_ctrl::SRC_DPCM_PRED.is_set(word) =>
        {
            Some(Storage::Codes)
        }
        _ => None,
    }
}

impl Camera {
    /// Takes the frame that core 0 has started, and gives up one of an epoch that is over.
    pub(super) fn take_channel_frame(&mut self, shared: &Shared, epoch: u32) {
        self.channel.take_if(|channel| channel.frame.epoch != epoch);
        let given = &shared.channel_frame;
        if given.pending.swap(0, SeqCst) != 0 && given.epoch.load(Relaxed) == epoch {
            self.channel = MemoryChannel::begin(shared, epoch);
        }
    }

    /// Reads a line and sends it on.
    pub(super) fn channel_line(&mut self, shared: &Shared, memory: &mut impl Memory) {
        let Some(mut channel) = self.channel.take() else { return };
        let enabled = lcm_ctrl::CHAN_EN.is_set(shared.get(&LCM_CTRL));
        if enabled && channel.frame.line < channel.frame.height {
            self.send_line(shared, &mut channel, memory);
            channel.frame.line += 1;
        }
        if enabled && channel.frame.line < channel.frame.height {
            self.channel = Some(channel);
            return;
        }
        shared.progress.active.fetch_and(!channel.blocks(), SeqCst);
        self.leave_unfinished(&channel.frame);
        let stuck = shared.mischief.stuck.load(SeqCst) & 1 << Block::Ccp2 as u32 != 0;
        if enabled && !stuck {
            shared.commit(channel.frame.epoch, |_| {
                shared.word(&LCM_CTRL).fetch_and(!lcm_ctrl::CHAN_EN.mask(), SeqCst);
                raise(shared, lcm_irqstatus::EOF.mask());
            });
        }
    }

    fn send_line(
        &mut self,
        shared: &Shared,
        channel: &mut MemoryChannel,
        memory: &mut impl Memory,
    ) {
        let heard = config::hears(shared, Input::Ccp2);
        if heard && channel.frame.line == 0 {
            self.start(shared, &mut channel.frame);
        }
        let bytes = &mut self.bytes[..channel.line_bytes];
        let (fetched, beyond) = bytes.split_at_mut(channel.fetched_bytes);
        beyond.fill(0);
        let MemoryChannel { frame, source, .. } = channel;
        let came = shared.commit(frame.epoch, |gates| {
            let came = source.read_line(shared, gates, memory, fetched);
            if !came {
                raise(shared, lcm_irqstatus::OCPERROR.mask());
            }
            came
        });
        if came != Some(true) {
            fetched.fill(0);
        }
        let width = channel.storage.line(bytes, channel.skip, &mut self.raw);
        if heard {
            self.received(shared, &mut channel.frame, width, memory);
        }
    }
}

/// Events of the channel; call it inside a commit.
fn raise(shared: &Shared, events: u32) {
    shared.word(&LCM_IRQSTATUS).fetch_or(events, SeqCst);
    if shared.get(&LCM_IRQENABLE) & events != 0 {
        shared.word(&IRQ0STATUS).fetch_or(irq::CCP2_LCM.mask(), SeqCst);
    }
}
