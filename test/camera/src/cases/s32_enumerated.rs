//! S32: what the nodes enumerate is what they take: every node, every pad, the try and the active state.

use idl::types::{
    BlockState, ControlId, Handle, MbusCode, NodeError, PadFormat, PixFormat, PixelFormat,
    SizeRange, TaskIndex, Which,
};
use idl::video;
use task_client::Subdev;

use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::stage::Stage;
use crate::text::Text;

/// Codes of a pad, or formats of a node, that are looked at; the CCDC's sink has most of them, 17.
const ENTRIES_MAX: u16 = 32;
/// Sensor, blocks, and the CCDC's third pad.
const PADS: u32 = 12;
/// A size that every pad can be asked for.
const ASKED_PX: (u16, u16) = (640, 480);

fn at(pad: u8, state: &BlockState) -> PadFormat {
    match pad {
        0 => state.sink,
        1 => state.source,
        _ => state.video_port,
    }
}

/// A node of a block, or of the sensor, and one of its states.
struct Asked<'a> {
    node: &'a Subdev,
    which: Which,
    is_sensor: bool,
}

impl Asked<'_> {
    /// What becomes of a format that is asked for at a pad.
    fn taken(&self, pad: u8, format: PadFormat) -> Result<PadFormat, Failure> {
        let state = match self.which {
            Which::Try => self.node.try_format(pad, format),
            Which::Active => self.node.set_format(pad, format),
        };
        let state = ok("S_FMT", state)?;
        // The sensor's one pad is a source.
        Ok(if self.is_sensor { state.source } else { at(pad, &state) })
    }

    /// Looks at a pad; gives the number of its codes.
    fn pad(&self, pad: u8) -> Result<u16, Failure> {
        let (width_px, height_px) = ASKED_PX;
        let mut seen = [MbusCode(0); ENTRIES_MAX as usize];
        for index in 0..ENTRIES_MAX {
            let code = match self.node.code(self.which, pad, index) {
                Ok(code) => code,
                Err(end) => {
                    refused("after the last", Err::<(), _>(end), NodeError::InvalidFormat)?;
                    // What the next pad is looked at with.
                    self.taken(pad, PadFormat { width_px, height_px, code: seen[0] })?;
                    self.nothing_else(pad, seen[0])?;
                    return Ok(index);
                }
            };
            ensure!(!seen.contains(&code), "pad {pad} has {code:?} twice");
            seen[usize::from(index)] = code;
            let sizes = ok("sizes", self.node.sizes(self.which, pad, code, 0))?;
            equal("code", self.taken(pad, PadFormat { width_px, height_px, code })?.code, code)?;
            self.sizes(pad, code, sizes)?;
            for index in [1, u16::MAX] {
                let more = self.node.sizes(self.which, pad, code, index);
                refused("one range of sizes", more, NodeError::InvalidFormat)?;
            }
        }
        Err(crate::failure!("pad {pad} has no last code"))
    }

    /// The extremes are taken, and what is beyond them is not.
    fn sizes(&self, pad: u8, code: MbusCode, sizes: SizeRange) -> Result<(), Failure> {
        let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } = sizes;
        ensure!(min_width_px > 0 && min_height_px > 0, "{sizes:?}");
        // Not all four: the widest picture of the resizer can be too wide for the lowest one.
        let corners = [(min_width_px, min_height_px), (max_width_px, max_height_px)];
        for (width_px, height_px) in corners {
            let format = PadFormat { width_px, height_px, code };
            equal("an extreme", self.taken(pad, format)?, format)?;
        }
        for (width_px, height_px) in [(0, 0), (max_width_px + 2, max_height_px + 2)] {
            let taken = self.taken(pad, PadFormat { width_px, height_px, code })?;
            ensure!(sizes.contains(taken.width_px, taken.height_px), "{taken:?} {sizes:?}");
        }
        let (width_px, height_px) = ASKED_PX;
        self.taken(pad, PadFormat { width_px, height_px, code }).map(|_| ())
    }

    fn nothing_else(&self, pad: u8, code: MbusCode) -> Result<(), Failure> {
        const NONE: u8 = 7;
        let (width_px, height_px) = ASKED_PX;
        let format = PadFormat { width_px, height_px, code };
        let (which, end) = (self.which, NodeError::InvalidFormat);
        refused("index", self.node.code(which, pad, u16::MAX), end)?;
        refused("code", self.node.sizes(which, pad, MbusCode(0), 0), end)?;
        refused("pad", self.node.code(which, NONE, 0), NodeError::NoSuchLink)?;
        refused("pad", self.node.sizes(which, NONE, code, 0), NodeError::NoSuchLink)?;
        refused("pad", self.node.interval(which, NONE, format, 0), NodeError::NoSuchLink)?;
        refused("S_FMT", self.node.try_format(NONE, format), NodeError::NoSuchLink)?;
        let interval = self.node.interval(which, pad, format, 0);
        match interval {
            Ok(_) => equal("who has intervals", self.is_sensor, true),
            other => refused("interval", other, NodeError::NoFrameInterval),
        }
    }
}

fn subdev(task: TaskIndex, pads: u8, is_sensor: bool) -> Result<u32, Failure> {
    let node = ok("open", Subdev::open(task))?;
    let mut codes = 0;
    for which in [Which::Try, Which::Active] {
        let asked = Asked { node: &node, which, is_sensor };
        for pad in 0..pads {
            codes += u32::from(asked.pad(pad)?);
        }
    }
    ok("close", node.close())?;
    Ok(codes)
}

/// The intervals of the sensor, which takes those that it enumerates.
fn intervals(sensor: TaskIndex) -> Result<u32, Failure> {
    let node = ok("open", Subdev::open(sensor))?;
    ok("S_CTRL", node.set_control(ControlId::EXPOSURE, 1))?;
    let format = ok("state", node.state())?.source;
    let get = |index| node.interval(Which::Active, 0, format, index);
    let mut count = 0;
    let mut last_us = 0;
    while let Ok(interval) = get(count) {
        ensure!(interval.as_us() > last_us, "{interval:?} after {last_us} us");
        last_us = interval.as_us();
        equal("taken", ok("S_FRAME_INTERVAL", node.set_frame_interval(interval))?, interval)?;
        count += 1;
    }
    refused("after the last", get(count), NodeError::InvalidFormat)?;
    let odd = PadFormat { width_px: format.width_px + 1, ..format };
    refused("a size", node.interval(Which::Active, 0, odd, 0), NodeError::InvalidFormat)?;
    ok("close", node.close())?;
    Ok(count.into())
}

/// A video node: formats, sizes, and intervals if it takes frames; gives the number of formats.
fn video(node: &video::Client) -> Result<u32, Failure> {
    let handle = ok("open", node.open())?;
    let captures = ok("QUERYCAP", node.query_capability(handle))?.capture;
    let mut seen = [PixelFormat(0); ENTRIES_MAX as usize];
    let mut count = 0;
    while let Ok(format) = node.enum_format(handle, count) {
        ensure!(!seen.contains(&format), "{format:?} twice");
        *seen.get_mut(usize::from(count)).ok_or(crate::failure!("no last format"))? = format;
        video_sizes(node, (handle, captures), format)?;
        count += 1;
    }
    refused("the last", node.enum_format(handle, u8::MAX), NodeError::InvalidFormat)?;
    let unknown = node.enum_frame_sizes(handle, PixelFormat(0), 0);
    refused("an unknown format", unknown, NodeError::InvalidFormat)?;
    ok("close", node.close(handle))?;
    Ok(count.into())
}

fn video_sizes(
    node: &video::Client,
    (handle, captures): (Handle, bool),
    pixel_format: PixelFormat,
) -> Result<(), Failure> {
    let room = ok("ENUM_FRAMESIZES", node.enum_frame_sizes(handle, pixel_format, 0))?;
    let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } = room.sizes;
    let none = |width_px, height_px| PixFormat {
        width_px,
        height_px,
        pixel_format,
        stride_bytes: 0,
        size_bytes: 0,
    };
    let take = |format| ok("S_FMT", node.set_format(handle, format));
    for (width_px, height_px) in [
        (min_width_px, min_height_px),
        (min_width_px, max_height_px),
        (max_width_px, min_height_px),
    ] {
        let taken = take(none(width_px, height_px))?;
        let found = (taken.width_px, taken.height_px, taken.pixel_format);
        equal("an extreme", found, (width_px, height_px, pixel_format))?;
        equal("lines", taken.stride_bytes % room.align_bytes, 0)?;
        ensure!(taken.size_bytes <= room.buffer_bytes, "{taken:?} {room:?}");
    }
    for (width_px, height_px) in [(0, 0), (u16::MAX, u16::MAX)] {
        let taken = take(none(width_px, height_px))?;
        ensure!(room.sizes.contains(taken.width_px, taken.height_px), "{taken:?} {room:?}");
    }
    let more = node.enum_frame_sizes(handle, pixel_format, u16::MAX);
    refused("one range", more, NodeError::InvalidFormat)?;
    let format = none(min_width_px, min_height_px);
    let intervals = node.enum_frame_intervals(handle, format, 0);
    if captures {
        return refused("intervals", intervals, NodeError::NoFrameInterval);
    }
    let intervals = ok("ENUM_FRAMEINTERVALS", intervals)?;
    for interval in [intervals.min, intervals.max] {
        equal("taken", ok("S_PARM", node.set_parm(handle, interval))?, interval)?;
    }
    let more = node.enum_frame_intervals(handle, format, u16::MAX);
    refused("one range", more, NodeError::InvalidFormat)?;
    let odd = node.enum_frame_intervals(handle, none(min_width_px + 1, min_height_px), 0);
    refused("a size", odd, NodeError::InvalidFormat)
}

pub fn everywhere(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let camera = &stage.camera;
    let (sensor, mut codes, mut pads) = (camera.sensor, 0, 0);
    for (task, count) in [
        (stage.ccp2, 2),
        (stage.csi2a, 2),
        (camera.ccdc, 3),
        (camera.preview, 2),
        (camera.resizer, 2),
    ] {
        codes += subdev(task, count, false)?;
        pads += u32::from(count);
    }
    codes += subdev(sensor, 1, true)?;
    equal("pads", pads + 1, PADS)?;
    let intervals = intervals(sensor)?;
    let nodes = &stage.nodes;
    let mut formats = video(&stage.video)?;
    for node in [
        &nodes.raw,
        &nodes.preview_input,
        &nodes.preview_output,
        &nodes.resizer_input,
        &nodes.ccp2_input,
        &nodes.serial,
    ] {
        formats += video(&node.video)?;
    }
    Ok(Text::of(format_args!("{codes} codes, {intervals} intervals, {formats} formats")))
}
