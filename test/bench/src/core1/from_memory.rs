//! Frames from memory: the preview, the resizer or the histogram reads its input line by line.
//!
//! One line of input is read in the time of a sensor line, whether the sensor sends or not. A line that
//! does not come (the firewall refuses it, the bus is denied) is black or zero, and the frame goes on,
//! as in hardware whose bursts are answered with errors.

use super::camera::Camera;
use super::config;
use super::dma::{Memory, Source};
use super::frame::{Frame, Output};
use super::statistics::HISTOGRAM;
use crate::pixels::yuv::{YuvOrder, unpack};
use crate::pixels::{MAX_WIDTH_PX, Window};
use crate::regs::firewall::Engine;
use crate::regs::memory_frames::{OF_ALL, OF_PREVIEW, OF_RESIZER};
use crate::shared::{MemoryFrame, Shared, gate};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::{hist, preview};

/// A frame that is being read.
#[derive(Clone, Copy, Debug)]
pub struct FromMemory {
    frame: Frame,
    source: Source,
    /// Pixels of a line that are read.
    pixels: usize,
    /// Bytes of one of them.
    pixel_bytes: usize,
}

impl FromMemory {
    /// Engines with something to read or to write.
    fn engines(&self) -> u32 {
        self.frame.engines() | 1 << self.source.engine as u32
    }

    /// Blocks with this frame in them, a bit per block code.
    fn blocks(&self) -> u32 {
        let counts = self.source.engine == Engine::Histogram;
        self.frame.blocks() | if counts { HISTOGRAM.bit() } else { 0 }
    }
}

impl Camera {
    /// Takes the frames that core 0 has started, and gives up those of an epoch that is over.
    pub(super) fn take_memory_frames(&mut self, shared: &Shared) {
        let epoch = shared.epoch();
        for kept in &mut self.from_memory {
            kept.take_if(|reading| reading.frame.epoch != epoch);
        }
        for block in 0..OF_ALL {
            let given = &shared.memory_frames[block];
            if given.pending.swap(0, SeqCst) != 0 && given.epoch.load(Relaxed) == epoch {
                let reading = self.begin_memory_frame(shared, block, given);
                self.from_memory[block] = Some(reading);
                shared.progress.active.fetch_or(reading.blocks(), SeqCst);
            }
        }
        self.take_channel_frame(shared, epoch);
        self.publish_memory_engines(shared);
    }

    /// Blocks with a frame from memory in them, a bit per block code.
    pub(super) fn blocks_from_memory(&self) -> u32 {
        let of_channel = self.channel.map_or(0, |channel| channel.blocks());
        let reading = self.from_memory.iter().flatten();
        reading.fold(of_channel, |set, reading| set | reading.blocks())
    }

    /// Reads and runs a line of each frame from memory.
    pub(super) fn memory_lines(&mut self, shared: &Shared, memory: &mut impl Memory) {
        if shared.gates.load(SeqCst) & gate::PIPE == 0 {
            return;
        }
        for block in 0..OF_ALL {
            if let Some(mut reading) = self.from_memory[block].take() {
                self.memory_line(shared, &mut reading, memory);
                reading.frame.line += 1;
                // Without more to read it is over, even if the sizes do not fit and a block goes on
                // waiting, which BUSY shows.
                let more = reading.frame.line < reading.frame.height;
                self.from_memory[block] = more.then_some(reading);
                let left = if more { 0 } else { reading.blocks() };
                shared.progress.active.fetch_and(!left, SeqCst);
            }
        }
        self.channel_line(shared, memory);
        self.publish_memory_engines(shared);
    }

    fn publish_memory_engines(&self, shared: &Shared) {
        let of_channel = self.channel.map_or(0, |channel| channel.engines());
        let reading = self.from_memory.iter().flatten();
        let engines = reading.fold(of_channel, |set, reading| set | reading.engines());
        shared.progress.from_memory.store(engines, SeqCst);
    }

    fn begin_memory_frame(
        &mut self,
        shared: &Shared,
        block: usize,
        given: &MemoryFrame,
    ) -> FromMemory {
        let mut frame = Frame::of_memory(given.epoch.load(Relaxed));
        let (engine, pixels, pixel_bytes) = match block {
            OF_PREVIEW => self.begin_preview_frame(shared, given, &mut frame),
            OF_RESIZER => self.begin_resizer_frame(shared, given, &mut frame),
            _ => self.begin_histogram_frame(shared, &mut frame),
        };
        let [address, offset_bytes] =
            [&given.input, &given.input_offset].map(|word| word.load(Relaxed));
        let source = Source { engine, address, offset_bytes };
        FromMemory { frame, source, pixels: pixels.min(MAX_WIDTH_PX), pixel_bytes }
    }

    /// The preview takes part, and perhaps the resizer. Gives who reads, pixels of a line and bytes of one.
    fn begin_preview_frame(
        &mut self,
        shared: &Shared,
        given: &MemoryFrame,
        frame: &mut Frame,
    ) -> (Engine, usize, usize) {
        self.mischief.begin_frame(shared);
        let get = |word: &AtomicU32| word.load(Relaxed);
        let control = shared.get(&preview::PCR);
        let to_memory = preview::pcr::SDRPORT.is_set(control);
        let (output, output_offset) = (get(&given.output), get(&given.output_offset));
        let target =
            to_memory.then(|| self.mischief.target(Engine::Preview, output, output_offset));
        let order = config::preview_order(shared);
        let mut output = Output { lines_left: 0, target, order };
        // Memory begins with the first pixel of a mosaic cell.
        let origin = Window { left: 0, top: 0, width: 0, height: 0 };
        self.start_preview(shared, &mut output, &origin);
        frame.preview = Some(output);
        if get(&given.scaled) != 0 {
            let scaled = (get(&given.scaled_output), get(&given.scaled_offset));
            frame.resizer = Some(self.scaler(shared, scaled));
        }
        frame.height = preview::vert_info::ELV.get(shared.get(&preview::VERT_INFO)) + 1;
        let pixels = preview::horz_info::EPH.get(shared.get(&preview::HORZ_INFO)) as usize + 1;
        (Engine::Preview, pixels, if preview::pcr::WIDTH.is_set(control) { 1 } else { 2 })
    }

    /// The resizer takes part.
    fn begin_resizer_frame(
        &mut self,
        shared: &Shared,
        given: &MemoryFrame,
        frame: &mut Frame,
    ) -> (Engine, usize, usize) {
        self.mischief.begin_frame(shared);
        let output = (given.output.load(Relaxed), given.output_offset.load(Relaxed));
        frame.resizer = Some(self.scaler(shared, output));
        let input = config::resizer(shared).input;
        frame.height = (input.top + input.height) as u32;
        let plane = config::resizer_order(shared) == YuvOrder::Plane;
        let pixels = (input.left + input.width).next_multiple_of(2);
        (Engine::Resizer, pixels, if plane { 1 } else { 2 })
    }

    /// The histogram takes part.
    fn begin_histogram_frame(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
    ) -> (Engine, usize, usize) {
        use hist::{CNT, H_V_INFO, cnt, h_v_info};
        self.statistics.begin_picture(shared);
        let size = shared.get(&H_V_INFO);
        frame.height = h_v_info::VSIZE.get(size);
        let packed = cnt::DATSIZ.is_set(shared.get(&CNT));
        // A picture without lines has none to read.
        let pixels = if frame.height == 0 { 0 } else { h_v_info::HSIZE.get(size) };
        (Engine::Histogram, pixels as usize, if packed { 1 } else { 2 })
    }

    fn scaler(&mut self, shared: &Shared, (address, offset_bytes): (u32, u32)) -> Output {
        let target = Some(self.mischief.target(Engine::Resizer, address, offset_bytes));
        let mut output = Output { lines_left: 0, target, order: config::resizer_order(shared) };
        self.start_resizer(shared, &mut output);
        output
    }

    fn memory_line(&mut self, shared: &Shared, reading: &mut FromMemory, memory: &mut impl Memory) {
        let bytes = &mut self.bytes[..reading.pixels * reading.pixel_bytes];
        let epoch = reading.frame.epoch;
        let came = bytes.is_empty().then_some(true).or_else(|| {
            shared.commit(epoch, |gates| reading.source.read_line(shared, gates, memory, bytes))
        });
        if came != Some(true) {
            bytes.fill(0);
        }
        let frame = &mut reading.frame;
        if reading.source.engine == Engine::Preview && frame.preview.is_some() {
            samples(shared, bytes, &mut self.raw);
            self.develop(shared, frame, (frame.line as usize, 0..reading.pixels), memory);
        } else if reading.source.engine == Engine::Resizer && frame.resizer.is_some() {
            unpack(bytes, config::resizer_order(shared), &mut self.developed);
            self.scale(shared, frame, memory);
        } else if reading.source.engine == Engine::Histogram {
            let row = frame.line as usize;
            counted(bytes, reading.pixel_bytes, &mut self.raw);
            self.statistics.count_row(row, &self.raw[..reading.pixels]);
            if frame.line + 1 >= frame.height {
                self.statistics.end_picture(shared, epoch);
            }
        }
    }
}

/// Samples of a raw line in memory: 10 bits in two bytes, or 8 in one. Eight bits are the upper ones
/// of ten, unless A-law made them.
fn samples(shared: &Shared, bytes: &[u8], raw: &mut [u16]) {
    let control = shared.get(&preview::PCR);
    if preview::pcr::WIDTH.is_set(control) {
        let shift = if preview::pcr::INVALAW.is_set(control) { 0 } else { 2 };
        for (sample, byte) in raw.iter_mut().zip(bytes) {
            *sample = u16::from(*byte) << shift;
        }
        return;
    }
    for (sample, pair) in raw.iter_mut().zip(bytes.chunks_exact(2)) {
        *sample = u16::from_le_bytes([pair[0], pair[1]]) & 0x3FF;
    }
}

/// Samples of a raw line in memory as the histogram takes them: of two bytes the lower 14 bits.
fn counted(bytes: &[u8], pixel_bytes: usize, raw: &mut [u16]) {
    for (sample, bytes) in raw.iter_mut().zip(bytes.chunks_exact(pixel_bytes)) {
        *sample = bytes.iter().rev().fold(0, |code, byte| code << 8 | u16::from(*byte)) & 0x3FFF;
    }
}
