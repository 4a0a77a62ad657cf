//! A module whose sensor sends YCbCr: what comes over the CCDC to memory and through the resizer, what is
//! refused, and its end in the middle of a frame.

use drv_isp_regs::bench_control as control;
use drv_isp_regs::prcm::MODULE_KIND_YCBCR;
use idl::types::{FormatChange, MbusCode, NodeError, PadFormat, Which};

use super::hw_serial_trouble::cut;
use super::hw_widths::starts;
use super::memory::{self, FIRST, HALF_PX, LARGE_PX, Pair};
use super::s37_developed::{first_frame, same, test_pattern};
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{OUTPUT_PX, SENSOR_PX, Stage};
use crate::text::Text;
use crate::ycbcr;

/// What the sensor sends.
const SENT: [MbusCode; 2] = [MbusCode::YUYV8_2X8, MbusCode::UYVY8_2X8];
/// What the CCDC makes of it.
const STORED: [MbusCode; 2] = [MbusCode::YUYV8_1X16, MbusCode::UYVY8_1X16];
/// Identity of the module.
const MODULE: u32 = MODULE_KIND_YCBCR << 16 | 1;
/// Time between two modules, in microseconds.
const CHANGED_US: u64 = 5_000;
/// Frames of each stream.
const FRAMES: u32 = 4;

/// Pulls the module that is there and plugs this one; its drivers serve.
fn change_module(stage: &mut Stage) -> Result<(), Failure> {
    let before = stage.all_ready(None)?;
    stage.bench.unplug()?;
    stage.sleep_us(CHANGED_US);
    stage.bench.now(control::REPLUG, MODULE, 0)?;
    stage.all_ready(Some(before)).map(|_| ())
}

/// In either order, sent and stored, each frame is bit for bit what the golden model makes of the scene.
pub fn frames(stage: &mut Stage) -> Verdict {
    change_module(stage)?;
    let mut last = 0;
    for (sent, stored) in SENT.into_iter().flat_map(|sent| STORED.map(|stored| (sent, stored))) {
        let layout = ok("set up", stage.camera.ycbcr(SENSOR_PX, (sent, stored)))?;
        let queue = first_frame(stage, memory::raw, layout.output)?;
        let found = queue.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
        let format = layout.output.pixel_format;
        equal("frame 0", Some(found.checksum()), ycbcr::sum(format, 0))?;
        queue.stop(stage)?;
        queue.close(stage)?;
        let queue = memory::Queue::open(stage, memory::raw, layout.output)?;
        queue.queue(stage, FIRST)?;
        queue.start(stage)?;
        for _ in 0..FRAMES {
            let frame = queue.take(stage)?.frame;
            let found = queue.pixels(stage.nodes.raw.pool.pixels, stage, frame.buffer)?;
            last = frame.sequence;
            let expected = ycbcr::sum(format, last);
            ensure!(expected.is_some(), "picture {last} is not known");
            equal("frame", Some(found.checksum()), expected)?;
            queue.queue(stage, frame.buffer)?;
        }
        queue.stop(stage)?;
        queue.close(stage)?;
    }
    memory::at_rest(stage, stage.nodes.raw.pool.id)?;
    Ok(Text::of(format_args!("4 ways, {FRAMES} frames each, the last one is number {last}")))
}

/// The live picture behind the resizer is bit for bit what the resizer makes of the same picture in memory.
pub fn scaled(stage: &mut Stage) -> Verdict {
    change_module(stage)?;
    test_pattern(stage)?;
    let codes = (MbusCode::UYVY8_2X8, MbusCode::YUYV8_1X16);
    let layout = ok("set up", stage.camera.ycbcr(LARGE_PX, codes))?;
    let whole = first_frame(stage, memory::raw, layout.output)?;
    whole.stop(stage)?;
    let taken = whole.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    equal("line distance", whole.format.stride_bytes, pair.input.format.stride_bytes)?;
    let input = pair.input.pixels(stage.nodes.resizer_input.pool.pixels, stage, FIRST)?;
    input.fill_from(taken);
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let expected = pair.output.pixels(stage.pool.pixels, stage, made.frame.buffer)?;
    let kept = stage.nodes.preview_input.pool.pixels.part(0, expected.bytes());
    kept.fill_from(expected);
    pair.output.stop(stage)?;
    pair.close(stage)?;
    whole.close(stage)?;
    let mut sum = 0;
    for sent in SENT {
        let layout = ok("set up", stage.camera.ycbcr_scaled(LARGE_PX, HALF_PX, sent))?;
        equal("size", (layout.output.width_px, layout.output.height_px), HALF_PX)?;
        let live = first_frame(stage, memory::resizer_output, layout.output)?;
        let found = live.pixels(stage.pool.pixels, stage, FIRST)?;
        same(found, kept, live.format)?;
        sum = found.checksum();
        live.stop(stage)?;
        live.close(stage)?;
    }
    Ok(Text::of(format_args!("320x240 from 640x480, checksum {sum:#010x}")))
}

/// The module goes in the middle of a frame behind the resizer, while the client waits for it, and comes back.
pub fn unplugged(stage: &mut Stage) -> Verdict {
    change_module(stage)?;
    let pool = stage.pool;
    let set_up = |stage: &mut Stage| {
        let layout = stage.camera.ycbcr_scaled(SENSOR_PX, OUTPUT_PX, MbusCode::YUYV8_2X8);
        Ok(ok("set up", layout)?.output)
    };
    cut(stage, memory::resizer_output, set_up, pool)
}

/// A mosaic does not go to the resizer, nor YCbCr over the video port, nor anything of it from a sensor without a
/// colour processor (EPIPE, or adjusted).
pub fn refused(stage: &mut Stage) -> Verdict {
    let (width_px, height_px) = SENSOR_PX;
    stage.all_ready(None)?;
    let sensor = idl::subdev::Client::to(stage.camera.sensor);
    let handle = ok("open the sensor", sensor.open())?;
    for code in SENT {
        let format = PadFormat { width_px, height_px, code };
        let change = FormatChange::Format { pad: 0, format };
        let set = ok("set format", sensor.adjust(handle, Which::Active, change))?;
        equal("code of the other part", set.source.code, MbusCode::SGRBG10)?;
    }
    ok("close the sensor", sensor.close(handle))?;
    change_module(stage)?;
    let broken = Some(NodeError::BrokenPipeline);
    for sent in [MbusCode::SGRBG10, MbusCode::SGRBG12, MbusCode::SGRBG8] {
        let layout = ok("set up", stage.camera.ycbcr_scaled(SENSOR_PX, OUTPUT_PX, sent))?;
        starts(stage, memory::resizer_output, layout.output, broken)?;
    }
    for sent in SENT {
        let layout = ok("set up", stage.camera.previewed_of(SENSOR_PX, (sent, sent)))?;
        starts(stage, memory::preview_output, layout.output, broken)?;
        // The lane shifter makes no other order of it, and no mosaic.
        for taken in SENT.into_iter().chain([MbusCode::SGRBG8]).filter(|taken| *taken != sent) {
            let layout = ok("set up", stage.camera.raw_of(SENSOR_PX, SENSOR_PX, (sent, taken)))?;
            starts(stage, memory::raw, layout.output, broken)?;
        }
        // The node's own format is another one than the pad's (EINVAL).
        let layout = ok("set up", stage.camera.ycbcr(SENSOR_PX, (sent, STORED[0])))?;
        let [yuyv, uyvy] = [STORED[0], STORED[1]].map(idl::types::code::pixel_format);
        for (pixel_format, refusal) in [(uyvy, Some(NodeError::InvalidFormat)), (yuyv, None)] {
            let Some(pixel_format) = pixel_format else { continue };
            let output = idl::types::PixFormat { pixel_format, ..layout.output };
            starts(stage, memory::raw, output, refusal)?;
        }
    }
    Ok(Text::of(format_args!("11 links refused")))
}
