//! The video port of the CCDC: through the formatter or around it, to the statistics, the preview, and
//! with VP2SDR to memory.
//!
//! FMT_HORZ and FMT_VERT cut at the formatter's input, VP_OUT at its output. Lines that the formatter
//! makes have numbers of their own, which VP_OUT counts; the events of the CCDC count the lines of its
//! input (the bench's choice: the manual does not say).

use super::camera::Camera;
use super::dma::Memory;
use super::frame::Frame;
use crate::pixels::Window;
use crate::pixels::formatter::{FormatterConfig, Pointer, Program};
use crate::pixels::yuv::unpack;
use crate::shared::Shared;
use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;
use drv_isp_regs::ccdc::{
    FMT_ADDR, FMT_HORZ, FMT_VERT, FMTCFG, PRGEVEN, PRGODD, VP_OUT, fmt_addr, fmt_horz, fmt_vert,
    fmtcfg, vp_out,
};
use drv_isp_regs::{Field, Register};

/// The formatter is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    config: FormatterConfig,
    /// What of its lines leaves the port.
    output: Window,
}

impl Format {
    /// What the registers say, if they say that it is on.
    pub fn latch(shared: &Shared) -> Option<Self> {
        let control = shared.get(&FMTCFG);
        fmtcfg::FMTEN.is_set(control).then(|| Self {
            config: if fmtcfg::LNALT.is_set(control) {
                FormatterConfig::Swap
            } else {
                FormatterConfig::Decompose(program(shared, control))
            },
            output: output(shared),
        })
    }

    /// Where the mosaic is that leaves the port, if the sensor's begins at the first pixel.
    ///
    /// What the formatter makes is taken to begin as the sensor's mosaic does (the bench's choice: the chip
    /// knows no colours here).
    pub const fn origin(&self) -> Window {
        self.output
    }
}

/// What of a line goes to the port, before or around the formatter.
pub fn input(shared: &Shared) -> Window {
    let (horizontal, vertical) = (shared.get(&FMT_HORZ), shared.get(&FMT_VERT));
    let window = Window {
        left: fmt_horz::FMTSPH.get(horizontal) as usize,
        top: fmt_vert::FMTSLV.get(vertical) as usize,
        width: fmt_horz::FMTLNH.get(horizontal) as usize,
        height: fmt_vert::FMTLNV.get(vertical) as usize,
    };
    if fmtcfg::FMTEN.is_set(shared.get(&FMTCFG)) { window } else { window.cut(&output(shared)) }
}

fn output(shared: &Shared) -> Window {
    let word = shared.get(&VP_OUT);
    let [left, width, height] =
        [vp_out::HORZ_ST, vp_out::HORZ_NUM, vp_out::VERT_NUM].map(|field| field.get(word) as usize);
    Window { left, top: 0, width, height }
}

fn program(shared: &Shared, control: u32) -> Program {
    let count = |field: Field| field.get(control) as usize + 1;
    let word = |register: &Register, index| shared.element(register, index).load(Relaxed);
    let entries = |register| [word(register, 0), word(register, 1)];
    Program {
        lines: count(fmtcfg::LNUM),
        pointers: core::array::from_fn(|index| {
            let place = word(&FMT_ADDR, index);
            Pointer {
                line: fmt_addr::LINE.get(place) as u8,
                pixel: fmt_addr::INIT.get(place) as u16,
            }
        }),
        entries: [&PRGEVEN, &PRGODD].map(entries),
        lengths: [fmtcfg::PLEN_EVEN, fmtcfg::PLEN_ODD].map(count),
    }
}

impl Camera {
    /// Line `row` of the CCDC is in the raw line: what of it goes over the port, goes.
    pub(super) fn port_line(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        (row, width): (usize, usize),
        memory: &mut impl Memory,
    ) {
        let Some(columns) = self.ccdc.video_port_line(row, &mut self.raw[..width]) else { return };
        let window = &self.ccdc_config.video_port;
        let y = row - window.top;
        let last = y + 1 == window.height || frame.line + 1 == frame.height;
        match self.format {
            None => self.port_row(shared, frame, (y, columns), last, memory),
            Some(format) => self.reformat(shared, frame, &format, (y, columns), last, memory),
        }
    }

    /// Row `row` of what goes to memory, and to the resizer, is in these columns of the raw line.
    pub(super) fn write_raw(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        (row, columns): (usize, Range<usize>),
        memory: &mut impl Memory,
    ) {
        let Some(count) = self.ccdc.memory_line(row, &self.raw[columns], &mut self.bytes) else {
            return;
        };
        if let Some(Some(target)) = &mut frame.ccdc {
            self.lines.write(shared, frame.epoch, target, &self.bytes[..count], memory);
        }
        if let Some(output) = frame.resizer.filter(|_| frame.ccdc_to_resizer) {
            unpack(&self.bytes[..count], output.order, &mut self.developed);
            self.scale(shared, frame, memory);
        }
    }

    /// Row `y` of the formatter's input; the rows that it makes of it leave the port.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    fn reformat(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        Format { config, output }: &Format,
        (y, columns): (usize, Range<usize>),
        last: bool,
        memory: &mut impl Memory,
    ) {
        let ready = self.formatter.push(config, y, &self.raw[columns], last);
        let end = ready.end;
        for number in ready.take_while(|number| *number < output.height) {
            let line = self.formatter.line(config, number);
            let line = &line[output.columns(line.len())];
            // The line buffers behind are no longer than the bench's sensor is wide.
            let count = line.len().min(self.raw.len());
            self.raw[..count].copy_from_slice(&line[..count]);
            let last = number + 1 == output.height || last && number + 1 == end;
            self.port_row(shared, frame, (number, 0..count), last, memory);
        }
    }

    /// Row `y` of the port, the `last` one of the frame or not, is in these columns of the raw line.
    fn port_row(
        &mut self,
        shared: &Shared,
        frame: &mut Frame,
        (y, columns): (usize, Range<usize>),
        last: bool,
        memory: &mut impl Memory,
    ) {
        if self.ccdc_config.port_to_memory && fmtcfg::VPEN.is_set(shared.get(&FMTCFG)) {
            self.write_raw(shared, frame, (y, columns.clone()), memory);
        }
        if self.statistics.are_on() {
            let pixels = &self.raw[columns.clone()];
            self.statistics.row(shared, frame, (y, pixels), last, memory);
        }
        if frame.preview.is_some() {
            self.develop(shared, frame, (y, columns), memory);
        }
    }
}
