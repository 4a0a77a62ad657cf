//! Wrong bits on the serial line: what the receiver finds marks the frame, on each way that frames take.

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, FrameFlags, PixFormat};

use super::hw_serial::{WHOLE, developed_sum, is_pattern, serial, set_up};
use super::memory::{self, BUFFERS, Pick, Queue};
use super::s37_developed::test_pattern;
use crate::check::{Failure, Verdict, ok};
use crate::ensure;
use crate::mmio::Pixels;
use crate::stage::{FRAME_MS, MappedPool, SENSOR_PX, Stage};
use crate::text::Text;

/// Frames of a stream that are looked at, and which of them are at its end.
const WATCHED: u32 = 10;
const RIGHT_AT_LAST: u32 = 3;
/// A line in the middle, and the last one.
const LINES: [u32; 2] = [60, SENSOR_PX.1 as u32 - 1];

/// A way that frames take.
struct Way<'a> {
    node: Pick,
    pool: MappedPool,
    format: PixFormat,
    is_right: &'a dyn Fn(Pixels, PixFormat) -> bool,
}

/// How many frames of a stream are marked if a bit is wrong in a line of one; all others are right.
fn marked(stage: &mut Stage, way: &Way<'_>, (kind, line): (u32, u32)) -> Result<u32, Failure> {
    let queue = Queue::open(stage, way.node, way.format)?;
    (0..BUFFERS).try_for_each(|index| queue.queue(stage, BufferIndex(index)))?;
    queue.start(stage)?;
    let (mut marked, mut right_at_last) = (0, 0);
    for number in 0..WATCHED {
        if number == 2 {
            stage.bench.now(kind, line, 1)?;
        }
        let taken = (way.node)(stage).dequeue_buffer(queue.handle, FRAME_MS);
        let frame = ok("dequeue", taken)?.frame;
        if frame.flags.contains(FrameFlags::ERROR) {
            (marked, right_at_last) = (marked + 1, 0);
        } else {
            let found = queue.pixels(way.pool.pixels, stage, frame.buffer)?;
            let right = (way.is_right)(found, queue.format);
            ensure!(right, "frame {number} is wrong and not marked: kind {kind}, line {line}");
            right_at_last += 1;
        }
        queue.queue(stage, frame.buffer)?;
    }
    ensure!(right_at_last >= RIGHT_AT_LAST, "only {right_at_last} right at last: kind {kind}");
    queue.stop(stage)?;
    queue.close(stage)?;
    Ok(marked)
}

/// A wrong payload and a header that is lost mark one frame, to memory and through the CCDC, raw and
/// developed; a header that is corrected marks none.
pub fn errors(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let (raw, developed) = (stage.nodes.raw.pool, stage.nodes.preview_output.pool);
    let direct = set_up(stage, WHOLE)?;
    let pool = stage.nodes.serial.pool;
    let is_right = |found: Pixels, format| is_pattern(found, format).is_ok();
    each_kind(stage, &Way { node: serial, pool, format: direct, is_right: &is_right }, "video1")?;

    let layout = ok("set up", stage.camera.serial_raw(stage.csi2a, SENSOR_PX, false))?;
    let format = layout.output;
    let is_right = |found: Pixels, format| is_pattern(found, format).is_ok();
    each_kind(stage, &Way { node: memory::raw, pool: raw, format, is_right: &is_right }, "video2")?;

    let layout = ok("set up", stage.camera.serial_previewed(stage.csi2a, SENSOR_PX))?;
    let format = layout.output;
    let sum = developed_sum(stage, format)?;
    let is_right = |found: Pixels, _| found.checksum() == sum;
    let way = Way { node: memory::preview_output, pool: developed, format, is_right: &is_right };
    each_kind(stage, &way, "video4")?;
    Ok(Text::of(format_args!("three ways, lines {LINES:?}; developed {sum:#010x}")))
}

fn each_kind(stage: &mut Stage, way: &Way<'_>, what: &str) -> Result<(), Failure> {
    for line in LINES {
        for (kind, expected) in
            [(control::CSI2_CRC, 1), (control::CSI2_ECC_1BIT, 0), (control::CSI2_ECC_2BIT, 1)]
        {
            let marked = marked(stage, way, (kind, line))?;
            ensure!(marked == expected, "{what}: kind {kind}, line {line}: {marked} are marked");
        }
    }
    Ok(())
}
