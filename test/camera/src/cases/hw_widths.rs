//! Raw frames of twelve, ten and eight bits: each sample against what the sensor's converter gives.

use idl::types::{FormatChange, MbusCode, NodeError, PadFormat, PixFormat, PixelFormat, Which};

use super::hw_serial::{self, close, pair, serial};
use super::memory::{self, FIRST, Queue};
use super::s37_developed::{first_frame, same, test_pattern};
use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::mmio::Pixels;
use crate::reference::Gradient;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// What the sensor sends of the test pattern.
const SENT: Gradient = Gradient { width_px: SENSOR_PX.0 as u32, height_px: SENSOR_PX.1 as u32 };
/// Bits of the converter.
const CONVERTER_BITS: u32 = 12;

/// A code, how it lies in memory, and its bits.
type Width = (MbusCode, PixelFormat, u32);
const TWELVE: Width = (MbusCode::SGRBG12, PixelFormat::SGRBG12, 12);
const TEN: Width = (MbusCode::SGRBG10, PixelFormat::SGRBG10, 10);
const EIGHT: Width = (MbusCode::SGRBG8, PixelFormat::SGRBG8, 8);
/// What can be sent, and what the CCDC can take of it.
const WAYS: [(Width, Width); 6] =
    [(TWELVE, TWELVE), (TWELVE, TEN), (TWELVE, EIGHT), (TEN, TEN), (TEN, EIGHT), (EIGHT, EIGHT)];

/// Sample of a column and line, of so many bits.
fn sample(found: Pixels, format: PixFormat, bits: u32, (x, y): (u32, u32)) -> u32 {
    match bits {
        8 => hw_serial::byte(found, y * format.stride_bytes + x),
        _ => pair(found, format, x, y),
    }
}

/// Compares all samples.
fn check_all(
    (found, format, bits): (Pixels, PixFormat, u32),
    expect: impl Fn(u32, u32) -> u32,
) -> Result<(), Failure> {
    for y in 0..u32::from(format.height_px) {
        for x in 0..u32::from(format.width_px) {
            let (found, expected) = (sample(found, format, bits, (x, y)), expect(x, y));
            ensure!(found == expected, "{bits}: ({x}, {y}) is {found:#x}, not {expected:#x}");
        }
    }
    Ok(())
}

/// The test pattern by its definition.
fn check_pattern(found: Pixels, format: PixFormat, bits: u32) -> Result<(), Failure> {
    let whole = |x, y| SENT.sample_of(x, y, CONVERTER_BITS);
    check_all((found, format, bits), |x, y| whole(x, y) >> (CONVERTER_BITS - bits))
}

/// The first frame behind the CCDC, on the parallel port; the queue is stopped.
fn parallel(
    stage: &mut Stage,
    ((sent, ..), (taken, lies, _)): (Width, Width),
) -> Result<(Queue, Pixels), Failure> {
    let layout = ok("set up", stage.camera.raw_of(SENSOR_PX, SENSOR_PX, (sent, taken)))?;
    equal("format", layout.output.pixel_format, lies)?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    let pixels = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
    Ok((raw, pixels))
}

/// The pattern is what its definition says, at all widths of bus and memory; the scene with its noise is that
/// of twelve bits, shifted, whoever shifts it.
pub fn parallel_port(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let (raw, taken) = parallel(stage, (TWELVE, TWELVE))?;
    let whole = (raw.format, stage.nodes.resizer_input.pool.pixels.part(0, taken.bytes()));
    whole.1.fill_from(taken);
    let sum = taken.checksum();
    raw.close(stage)?;
    for (sent, taken) in WAYS {
        let (raw, found) = parallel(stage, (sent, taken))?;
        let dropped = CONVERTER_BITS - taken.2;
        let upper = |x, y| sample(whole.1, whole.0, CONVERTER_BITS, (x, y)) >> dropped;
        check_all((found, raw.format, taken.2), upper)?;
        raw.close(stage)?;
    }
    test_pattern(stage)?;
    for (sent, taken) in WAYS {
        let (raw, found) = parallel(stage, (sent, taken))?;
        check_pattern(found, raw.format, taken.2)?;
        raw.close(stage)?;
    }
    Ok(Text::of(format_args!("scene of twelve bits {sum:#010x}; {} ways", WAYS.len())))
}

/// Twelve bits over the serial line, to memory and to the CCDC, which can narrow them; and a picture that is
/// made of twelve is that of ten.
pub fn serial_line(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let ten = developed(stage, (TEN, TEN))?;
    for way in [(TWELVE, TWELVE), (TWELVE, TEN)] {
        equal("the picture", developed(stage, way)?, ten)?;
    }
    let (raw, taken) = parallel(stage, (TWELVE, TWELVE))?;
    let kept = stage.nodes.resizer_input.pool.pixels.part(0, taken.bytes());
    kept.fill_from(taken);
    raw.close(stage)?;
    let format = hw_serial::set_up(stage, (PixelFormat::SGRBG12, false))?;
    let scene = first_frame(stage, serial, format)?;
    same(hw_serial::pixels(stage, &scene, FIRST)?, kept, scene.format)?;
    scene.close(stage)?;
    test_pattern(stage)?;
    let queue = hw_serial::streaming(stage, (PixelFormat::SGRBG12, false))?;
    for _ in 0..3 {
        let info = queue.take(stage)?;
        let found = hw_serial::pixels(stage, &queue, info.frame.buffer)?;
        check_pattern(found, queue.format, CONVERTER_BITS)?;
        queue.queue(stage, info.frame.buffer)?;
    }
    close(stage, &queue)?;
    for ((sent, ..), (taken, lies, bits)) in WAYS {
        let codes = (sent, sent, taken);
        let layout = stage.camera.serial_raw_of(stage.csi2a, SENSOR_PX, codes);
        let layout = ok("set up", layout)?;
        equal("format", layout.output.pixel_format, lies)?;
        let raw = first_frame(stage, memory::raw, layout.output)?;
        let found = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
        check_pattern(found, raw.format, bits)?;
        raw.close(stage)?;
    }
    Ok(Text::of(format_args!("picture {ten:#010x}; {} ways", WAYS.len())))
}

/// Checksum of the first picture behind the preview engine.
fn developed(stage: &mut Stage, ((sent, ..), (taken, ..)): (Width, Width)) -> Result<u32, Failure> {
    let layout = ok("set up", stage.camera.previewed_of(SENSOR_PX, (sent, taken)))?;
    hw_serial::developed_sum(stage, layout.output)
}

/// What does not fit is adjusted at the pads and nodes, and refused when the stream starts: links as a broken
/// pipeline (EPIPE), the node's own format as such (EINVAL).
pub fn misfits(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let sensor = idl::subdev::Client::to(stage.camera.sensor);
    let handle = ok("open the sensor", sensor.open())?;
    let (width_px, height_px) = SENSOR_PX;
    // YUYV, SBGGR12, Y12, and no code at all.
    for code in [MbusCode::YUYV8_1X16, MbusCode(0x3008), MbusCode(0x2013), MbusCode(0xFFFF)] {
        let format = PadFormat { width_px, height_px, code };
        for which in [Which::Try, Which::Active] {
            let change = FormatChange::Format { pad: 0, format };
            let set = ok("set format", sensor.adjust(handle, which, change))?;
            equal("code", set.source.code, MbusCode::SGRBG10)?;
        }
    }
    ok("close the sensor", sensor.close(handle))?;
    let links = [
        (MbusCode::SGRBG10, MbusCode::SGRBG12),
        (MbusCode::SGRBG8, MbusCode::SGRBG10),
        // SBGGR10 and Y10.
        (MbusCode::SGRBG12, MbusCode(0x3007)),
        (MbusCode::SGRBG12, MbusCode(0x200a)),
        (MbusCode::SGRBG10_DPCM8, MbusCode::SGRBG8),
    ];
    for codes in links {
        let layout = ok("set up", stage.camera.raw_of(SENSOR_PX, SENSOR_PX, codes))?;
        let output = PixFormat { pixel_format: PixelFormat::SGRBG10, ..layout.output };
        starts(stage, memory::raw, output, Some(NodeError::BrokenPipeline))?;
    }
    for ((sent, ..), (taken, lies, _)) in WAYS {
        let layout = ok("set up", stage.camera.raw_of(SENSOR_PX, SENSOR_PX, (sent, taken)))?;
        for pixel_format in [PixelFormat::SGRBG12, PixelFormat::SGRBG10, PixelFormat::SGRBG8] {
            let output = PixFormat { pixel_format, ..layout.output };
            let refusal = (pixel_format != lies).then_some(NodeError::InvalidFormat);
            starts(stage, memory::raw, output, refusal)?;
        }
    }
    // Eight bits are a quarter of what the preview engine takes for white.
    let eight = (MbusCode::SGRBG12, MbusCode::SGRBG8);
    let layout = ok("set up", stage.camera.previewed_of(SENSOR_PX, eight))?;
    starts(stage, memory::preview_output, layout.output, Some(NodeError::BrokenPipeline))?;
    Ok(Text::of(format_args!("{} links refused", links.len() + 1)))
}

/// Starts and stops a stream, or is refused.
pub fn starts(
    stage: &mut Stage,
    node: memory::Pick,
    format: PixFormat,
    refusal: Option<NodeError>,
) -> Result<(), Failure> {
    let queue = Queue::open(stage, node, format)?;
    queue.queue(stage, FIRST)?;
    match refusal {
        Some(error) => refused("the stream", node(stage).stream_on(queue.handle), error)?,
        None => {
            queue.start(stage)?;
            queue.take(stage)?;
            queue.stop(stage)?;
        }
    }
    queue.close(stage)
}
