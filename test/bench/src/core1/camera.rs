//! The camera: sensor and data path, one line at a time.

use super::config::{self, Input};
use super::corrections::Corrections;
use super::dma::{Memory, Source, Target};
use super::filters;
use super::frame::{CCDC, Frame, Output, PREVIEW, RESIZER, Unfinished};
use super::from_memory::FromMemory;
use super::memory_channel::MemoryChannel;
use super::mischief::{Lines, Mischief};
use super::sending::{end_restart, restart_wanted, sending, sensor_powered, sensor_sends};
use super::statistics::Statistics;
use super::timing::Timing;
use super::video_port::Format;
use crate::pixels::ccdc::{Ccdc, CcdcConfig};
use crate::pixels::csi2::DataType;
use crate::pixels::formatter::Formatter;
use crate::pixels::gamma::GammaTables;
use crate::pixels::preview::Preview;
use crate::pixels::resizer::Resizer;
use crate::pixels::yuv::{YuvLine, pack};
use crate::pixels::{MAX_WIDTH_PX, Window};
use crate::regs::firewall::Engine;
use crate::regs::memory_frames::OF_ALL;
use crate::scene::SceneSource;
use crate::scene::sensor::{Sensor, SensorConfig};
use crate::shared::{Shared, gate};
use core::ops::Range;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::ccdc::{CFG, HSIZE_OFF, cfg};
use drv_isp_regs::main_block::{IRQ0STATUS, irq};
use drv_isp_regs::sensor::{OUTPUT_CONTROL, output_control};

/// What the next turn of the loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing streams: sleep until somebody rings.
    Idle,
    /// A line is to be run.
    Line,
}

/// The engine that goes on writing after it should have stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Runaway {
    epoch: u32,
    target: Target,
    lines_left: u32,
}

/// Sensor, data path and line buffers.
pub struct Camera {
    pub(super) sensor: Sensor,
    /// What the sensor latched at frame start.
    pub(super) sensor_config: SensorConfig,
    /// And what it makes of time.
    timing: Timing,
    /// What its module sends, latched with it.
    pub(super) sent: DataType,
    /// The sensor's tables belong to `sensor_config`.
    pub(super) sensor_ready: bool,
    /// Exposure that the frame after this one has, in lines.
    next_exposure: u32,
    pub(super) ccdc: Ccdc,
    pub(super) ccdc_config: CcdcConfig,
    pub(super) format: Option<Format>,
    pub(super) formatter: Formatter,
    corrections: Corrections,
    pub(super) preview: Preview,
    resizer: Resizer,
    pub(super) statistics: Statistics,
    gamma: GammaTables,
    pub(super) raw: [u16; MAX_WIDTH_PX],
    /// Samples of a line that came serially.
    pub(super) serial: [u16; MAX_WIDTH_PX],
    dark_frame: Source,
    /// A line of the dark frame.
    dark: [u8; MAX_WIDTH_PX],
    pub(super) developed: YuvLine,
    scaled: YuvLine,
    pub(super) bytes: [u8; 2 * MAX_WIDTH_PX],
    frame: Option<Frame>,
    /// Number of the next frame since the sensor started to send; `None` while it does not.
    next_sequence: Option<u32>,
    /// Stops of the sensor that the number knows of.
    seen_stops: u32,
    /// Blocks that wait for lines of a frame that has ended.
    unfinished: Unfinished,
    pub(super) mischief: Mischief,
    /// Lines that come late to memory.
    pub(super) lines: Lines,
    runaway: Option<Runaway>,
    /// Frames from memory: the preview's, the resizer's and the histogram's.
    pub(super) from_memory: [Option<FromMemory>; OF_ALL],
    /// The frame of the CCP2's memory channel.
    pub(super) channel: Option<MemoryChannel>,
}

impl Camera {
    /// A camera at power on.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sensor: Sensor::new(),
            sensor_config: SensorConfig::FULL_4X,
            timing: Timing::NONE,
            sent: DataType::Raw10,
            sensor_ready: false,
            next_exposure: 0,
            ccdc: Ccdc::new(),
            ccdc_config: CcdcConfig::EMPTY,
            format: None,
            formatter: Formatter::new(),
            corrections: Corrections::new(),
            preview: Preview::new(),
            resizer: Resizer::new(),
            statistics: Statistics::new(),
            gamma: GammaTables::linear(),
            raw: [0; MAX_WIDTH_PX],
            serial: [0; MAX_WIDTH_PX],
            dark_frame: Source { engine: Engine::Tables, address: 0, offset_bytes: 0 },
            dark: [0; MAX_WIDTH_PX],
            developed: YuvLine::new(),
            scaled: YuvLine::new(),
            bytes: [0; 2 * MAX_WIDTH_PX],
            frame: None,
            next_sequence: None,
            seen_stops: 0,
            unfinished: Unfinished { preview: None, resizer: None },
            mischief: Mischief::new(),
            lines: Lines::new(),
            runaway: None,
            from_memory: [None; OF_ALL],
            channel: None,
        }
    }

    /// Lets device time go on by a line, or says that nothing streams.
    pub fn begin_line(&mut self, shared: &Shared) -> Turn {
        let epoch = shared.epoch();
        self.take_memory_frames(shared);
        let gone = self.frame.is_some_and(|frame| frame.epoch != epoch || !sensor_powered(shared));
        if gone {
            self.end_frame(shared);
        }
        if let Some(frame) = &mut self.frame {
            frame.line += 1;
            if frame.line < frame.lines && !restart_wanted(shared) {
                publish(shared, frame.line);
                return Turn::Line;
            }
            // A frame that is cut short has a frame end all the same.
            let mut ended = *frame;
            self.end_reception(shared, &mut ended);
            self.end_frame(shared);
        }
        let (sends, stops) = sending(|| sensor_sends(shared), || shared.sensor_stops.load(SeqCst));
        if core::mem::replace(&mut self.seen_stops, stops) != stops {
            self.next_sequence = None;
        }
        if sends && epoch.is_multiple_of(2) {
            self.begin_frame(shared, epoch);
            return Turn::Line;
        }
        self.next_sequence = None;
        shared.progress.streaming.store(0, SeqCst);
        let reads = self.channel.is_some() || self.from_memory.iter().any(Option::is_some);
        if self.runaway.is_some() || !self.lines.is_empty() || reads {
            shared.progress.lines.fetch_add(1, SeqCst);
            return Turn::Line;
        }
        Turn::Idle
    }

    /// Time of a line, in units of 1 / `unit_hz`.
    pub fn line_time(&self, shared: &Shared, unit_hz: u32) -> u32 {
        self.timing.line_time(shared, unit_hz)
    }

    fn begin_frame(&mut self, shared: &Shared, epoch: u32) {
        end_restart(shared);
        self.latch_sensor(shared);
        let height = self.sensor_config.height_px as u32;
        let lines = self.timing.lines;
        shared.progress.frame_lines.store(lines, SeqCst);
        // An early end does not make the frames of device time shorter that go on without a sensor.
        let lines = shared.mischief.truncated.take().map_or(lines, |early| lines.min(early.max(1)));
        let sequence = self.next_sequence.unwrap_or(0);
        self.next_sequence = Some(sequence.wrapping_add(1));
        self.frame = Some(Frame {
            epoch,
            sequence,
            line: 0,
            row: 0,
            height,
            lines,
            dropped: shared.mischief.dropped.take().is_some(),
            input: Input::Sensor,
            heard: false,
            reception: None,
            ccdc: None,
            preview: None,
            resizer: None,
            odd_field: false,
            ccdc_to_resizer: false,
            from_memory: false,
        });
        shared.progress.streaming.store(1, SeqCst);
        shared.progress.frame.fetch_add(1, SeqCst);
        publish(shared, 0);
    }

    /// The sensor takes over its registers, unless it was told to wait until all are written.
    fn latch_sensor(&mut self, shared: &Shared) {
        let output = shared.sensor(OUTPUT_CONTROL.sensor_index()).load(SeqCst);
        let waits = output_control::SYNCHRONIZE_CHANGES.is_set(output);
        if waits && self.next_sequence.is_some() {
            return;
        }
        let mut config = config::sensor(shared);
        self.timing =
            Timing::of(shared, (config.width_px, config.height_px), config.exposure_lines);
        // A new exposure starts with the rows of the next frame, so it is seen one frame after the
        // gain that was written with it (MT9P031, exposure timing). A sensor that starts has no
        // frame behind it.
        let written = core::mem::replace(&mut self.next_exposure, config.exposure_lines);
        if self.next_sequence.is_some() {
            config.exposure_lines = written;
        }
        self.sensor_ready &= self.sensor_config == config;
        self.sensor_config = config;
        self.sent = config::sent(shared);
    }

    fn end_frame(&mut self, shared: &Shared) {
        if let Some(frame) = self.frame.take() {
            self.leave_unfinished(&frame);
        }
        shared.progress.active.fetch_and(self.blocks_from_memory(), SeqCst);
        shared.progress.outstanding.store(self.lines.engines(shared), SeqCst);
    }

    /// The frame at the CCDC's input is over. A block that was waiting for lines already goes on waiting.
    pub(super) fn leave_unfinished(&mut self, frame: &Frame) {
        let Unfinished { preview, resizer } = self.unfinished;
        self.unfinished =
            Unfinished { preview: frame.preview.or(preview), resizer: frame.resizer.or(resizer) };
    }

    /// Runs the line that [`Camera::begin_line`] announced. Returns whether core 0 must look at
    /// the interrupt lines.
    pub fn run_line(
        &mut self,
        shared: &Shared,
        scene: &mut impl SceneSource,
        memory: &mut impl Memory,
    ) -> bool {
        let before = shared.get(&IRQ0STATUS);
        if self.lines.pass_line(shared, memory) {
            self.publish_outstanding(shared, self.frame.map_or(0, |frame| frame.engines()));
        }
        self.run_away(shared, memory);
        if let Some(mut frame) = self.frame.take_if(|frame| !frame.dropped) {
            if frame.line == 0 {
                self.begin_reception(shared, &mut frame);
                if frame.heard {
                    self.start(shared, &mut frame);
                }
            }
            if frame.line < frame.height {
                self.active_line(shared, &mut frame, scene, memory);
            }
            self.frame = Some(frame);
        }
        self.memory_lines(shared, memory);
        shared.get(&IRQ0STATUS) & !before != 0
    }

    /// Frame start: everything shadowed is latched.
    pub(super) fn start(&mut self, shared: &Shared, frame: &mut Frame) {
        self.statistics.stop();
        let unfinished = core::mem::take(&mut self.unfinished);
        let Self { statistics, mischief, .. } = self;
        shared.commit(frame.epoch, |gates| {
            frame.start_blocks(shared, gates, unfinished, statistics, mischief);
            if gates & gate::PIPE != 0 {
                shared.word(&IRQ0STATUS).fetch_or(irq::HS_VS.mask(), SeqCst);
            }
        });
        if frame.ccdc.is_some() {
            self.latch_ccdc(shared, frame.odd_field);
            self.corrections.begin_frame(shared);
        }
        if let Some(Some(target)) = &mut frame.ccdc {
            target.lines = self.ccdc_config.memory.height as u16;
        }
        self.statistics.begin_frame(shared);
        if let Some(output) = frame.preview.as_mut().filter(|output| output.lines_left == 0) {
            let origin = self.format.as_ref().map(Format::origin);
            let port = origin.unwrap_or(self.ccdc_config.video_port);
            self.start_preview(shared, output, &port);
        }
        if let Some(output) = frame.resizer.as_mut().filter(|output| output.lines_left == 0) {
            self.start_resizer(shared, output);
        }
    }

    /// The preview takes over its registers; `input` is where its input begins.
    pub(super) fn start_preview(&mut self, shared: &Shared, output: &mut Output, input: &Window) {
        let config = config::preview(shared, input);
        if !config.features.gamma_bypass {
            config::gamma(shared, &mut self.gamma);
        }
        output.expect_lines(config.output_size().1);
        filters::load_tables(shared, &config, &mut self.preview);
        self.dark_frame = filters::dark_frame(shared);
        self.preview.begin_frame(&config);
    }

    /// The resizer takes over its registers.
    pub(super) fn start_resizer(&mut self, shared: &Shared, output: &mut Output) {
        let config = config::resizer(shared);
        output.expect_lines(config.output_height);
        self.resizer.begin_frame(&config);
    }

    fn latch_ccdc(&mut self, shared: &Shared, odd_field: bool) {
        self.ccdc_config = config::ccdc(shared, odd_field);
        self.ccdc.configure(&self.ccdc_config);
        self.format = Format::latch(shared);
    }

    fn active_line(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        scene: &mut impl SceneSource,
        memory: &mut impl Memory,
    ) {
        let taken = frame.ccdc.is_some() || frame.reception.is_some();
        let width = if taken { self.sensor_row(frame, scene) } else { 0 };
        let came = self.receive_line(shared, frame, width, memory);
        if frame.heard && came {
            let count = self.cross_port(shared, frame.input, width);
            self.received(shared, frame, count, memory);
        } else if frame.heard {
            self.end_line(shared, frame, 0);
        }
    }

    /// A line has come to the CCDC; its pixels are in the raw line.
    pub(super) fn received(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        width: usize,
        memory: &mut impl Memory,
    ) {
        if frame.ccdc.is_some() {
            if !cfg::VDLC.is_set(shared.get(&CFG)) {
                // Nothing is shadowed: what was written meanwhile tears the frame.
                self.latch_ccdc(shared, frame.odd_field);
                if let Some(Some(target)) = &mut frame.ccdc {
                    target.offset_bytes = shared.get(&HSIZE_OFF);
                }
            }
            self.ccdc_row(shared, frame, width, memory);
        }
        self.end_line(shared, frame, frame.line_events(shared));
        frame.row += 1;
    }

    fn ccdc_row(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        width: usize,
        memory: &mut impl Memory,
    ) {
        let row = frame.row as usize;
        self.ccdc.correct(row, &mut self.raw[..width]);
        if self.corrections.are_on() {
            let max = self.ccdc_config.max_code();
            let line = (row, &mut self.raw[..width]);
            self.corrections.line(shared, frame.epoch, line, max, memory);
        }
        let port_to_memory = self.ccdc_config.port_to_memory;
        if !port_to_memory && (frame.ccdc_to_resizer || frame.ccdc.flatten().is_some()) {
            self.write_raw(shared, frame, (row, 0..width), memory);
        }
        if frame.preview.is_some() || self.statistics.are_on() || port_to_memory {
            self.port_line(shared, frame, (row, width), memory);
        }
    }

    /// Row `row` of the preview's input is in these columns of the raw line.
    pub(super) fn develop(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        (row, columns): (usize, Range<usize>),
        memory: &mut impl Memory,
    ) {
        self.preview.change(&config::at_once(shared));
        let dark = match self.preview.dark_frame() {
            Some(config) => {
                let line = (row, &self.dark_frame);
                filters::dark_line(shared, frame.epoch, config, line, memory, &mut self.dark)
            }
            None => 0,
        };
        let (input, dark) = (&self.raw[columns], &self.dark[..dark]);
        if self.preview.line_over(&self.gamma, input, dark, &mut self.developed) {
            self.preview_row(shared, frame, memory);
        }
    }

    /// A line came out of the preview.
    fn preview_row(&mut self, shared: &Shared, frame: &mut Frame, memory: &mut impl Memory) {
        let Some(output) = &mut frame.preview else { return };
        if let Some(target) = &mut output.target {
            let count = pack(&self.developed, output.order, &mut self.bytes);
            self.lines.write(shared, frame.epoch, target, &self.bytes[..count], memory);
        }
        output.lines_left = output.lines_left.saturating_sub(1);
        let done = output.lines_left == 0;
        if frame.resizer.is_some() && !frame.ccdc_to_resizer {
            self.scale(shared, frame, memory);
        }
        if done {
            let target = frame.preview.take().and_then(|output| output.target);
            let finished = shared.commit(frame.epoch, |_| {
                if PREVIEW.finish(shared) {
                    shared.word(&IRQ0STATUS).fetch_or(irq::PRV_DONE.mask(), SeqCst);
                }
            });
            self.stopped(shared, frame, finished.and(target));
        }
    }

    /// The resizer takes the line that the preview made, or that was read in its place.
    pub(super) fn scale(&mut self, shared: &Shared, frame: &mut Frame, memory: &mut impl Memory) {
        self.resizer.push(&self.developed);
        while self.resizer.pop(&mut self.scaled) {
            self.resizer_row(shared, frame, memory);
        }
    }

    /// A line came out of the resizer.
    fn resizer_row(&mut self, shared: &Shared, frame: &mut Frame, memory: &mut impl Memory) {
        let Some(output) = &mut frame.resizer else { return };
        if let Some(target) = &mut output.target {
            let count = pack(&self.scaled, output.order, &mut self.bytes);
            self.lines.write(shared, frame.epoch, target, &self.bytes[..count], memory);
        }
        output.lines_left = output.lines_left.saturating_sub(1);
        if output.lines_left == 0 {
            let target = frame.resizer.take().and_then(|output| output.target);
            let finished = shared.commit(frame.epoch, |_| {
                if RESIZER.finish(shared) {
                    shared.word(&IRQ0STATUS).fetch_or(irq::RSZ_DONE.mask(), SeqCst);
                }
            });
            self.stopped(shared, frame, finished.and(target));
        }
    }

    /// Line events, and the end of the CCDC's frame with the last active line of the sensor.
    fn end_line(&mut self, shared: &Shared, frame: &mut Frame, events: u32) {
        let last = frame.line + 1 == frame.height;
        if events == 0 && !(last && frame.ccdc.is_some()) {
            return;
        }
        let ended = frame.ccdc.filter(|_| last);
        let committed = shared.commit(frame.epoch, |gates| {
            if gates & gate::PIPE == 0 {
                return;
            }
            shared.word(&IRQ0STATUS).fetch_or(events, SeqCst);
            if ended.is_some() {
                CCDC.finish(shared);
            }
        });
        if let Some(target) = ended {
            frame.ccdc = None;
            self.corrections.end_frame(shared, frame.epoch);
            self.stopped(shared, frame, committed.and(target));
        }
    }

    /// An engine wrote its last line; it may be made to go on nevertheless.
    fn stopped(&mut self, shared: &Shared, frame: &Frame, target: Option<Target>) {
        let lines_left = shared.mischief.after_stop_lines.load(SeqCst);
        let target = target.filter(|_| lines_left != 0 && !CCDC.is_enabled(shared));
        if let Some(target) = target {
            shared.mischief.after_stop_lines.store(0, SeqCst);
            let back = target.offset_bytes.wrapping_mul(lines_left);
            let address = target.address.wrapping_sub(back);
            let target = Target { address, lines: 0, ..target };
            self.runaway = Some(Runaway { epoch: frame.epoch, target, lines_left });
        }
        let of_sensor = if frame.from_memory { self.frame.as_ref() } else { Some(frame) };
        self.publish_outstanding(shared, of_sensor.map_or(0, Frame::engines));
    }

    /// The engine that should have stopped writes its last line once more.
    fn run_away(&mut self, shared: &Shared, memory: &mut impl Memory) {
        let Some(mut runaway) = self.runaway.take() else { return };
        runaway.lines_left -= 1;
        let bytes = &self.bytes[..(runaway.target.offset_bytes as usize).min(self.bytes.len())];
        let target = &mut runaway.target;
        let written =
            shared.commit(runaway.epoch, |gates| target.write_line(shared, gates, memory, bytes));
        if written.is_some() && runaway.lines_left != 0 {
            self.runaway = Some(runaway);
        } else {
            self.publish_outstanding(shared, self.frame.map_or(0, |frame| frame.engines()));
        }
    }

    pub(super) fn publish_outstanding(&self, shared: &Shared, of_frame: u32) {
        let runaway = self.runaway.map_or(0, |runaway| runaway.target.engine_bit());
        let engines = of_frame | self.statistics.engines() | self.lines.engines(shared) | runaway;
        shared.progress.outstanding.store(engines, SeqCst);
    }
}

impl Default for Camera {
    fn default() -> Self {
        Self::new()
    }
}

/// Must core 0 run the fault script before device time goes on?
#[must_use]
pub fn alarm_due(shared: &Shared) -> bool {
    let alarm = &shared.alarm;
    let progress = &shared.progress;
    alarm.armed.load(SeqCst) != 0
        && (alarm.frame.load(SeqCst), alarm.line.load(SeqCst))
            <= (progress.frame.load(SeqCst), progress.line.load(SeqCst))
}

/// Tells core 0 where device time is.
fn publish(shared: &Shared, line: u32) {
    let progress = &shared.progress;
    progress.line.store(line, SeqCst);
    progress.lines.fetch_add(1, SeqCst);
}
