//! S32: a stream that is stopped in the middle of a long exposure. The next one begins with a frame of its own,
//! as soon and with the same pixels as if nothing had been before it.

use idl::types::{BufferIndex, ControlId, PixFormat};
use task_client::Subdev;

use super::hw_serial;
use super::memory::{self, FIRST, Pick, Queue};
use crate::check::{Failure, Verdict, at_most, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::mmio::Pixels;
use crate::stage::{OUTPUT_PX, SENSOR_PX, Stage};
use crate::text::Text;

/// Lines of a short exposure, which the frame has room for, and of one of some five seconds.
const SHORT: i32 = 60;
const LONG: i32 = 40_000;
/// Longest time from STREAMON to the first frame, in microseconds: a frame of the short exposure, the start of the
/// next one, by which a raw frame ends, and some twenty registers of the sensor at 120 us each.
const FIRST_FRAME_US: u64 = 40_000;
/// How much later than without a past that may be, in microseconds: the sensor may be told to stop first, gives
/// its frame up at the end of a row, and computes rows until then, which takes time here.
const LATER_US: u64 = 2_000;
/// Longest time to stop a stream whose blocks have nothing to do any more, in microseconds.
const STOP_US: u64 = 10_000;
/// Where the long exposure is broken off: its picture is over, and the next one far away.
const BROKEN_OFF_LINE: u32 = 400;
/// Longest wait for that line, in microseconds.
const LINE_US: u64 = 200_000;
/// How often a stream is stopped and started without a pause in one long exposure.
const STARTS: u32 = 3;

/// A pipeline from the sensor to memory.
struct Path {
    node: Pick,
    pool: Pixels,
    set_up: fn(&mut Stage) -> Result<PixFormat, Failure>,
}

fn paths(stage: &Stage) -> [Path; 3] {
    let raw = |stage: &mut Stage| Ok(ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?.output);
    let processed =
        |stage: &mut Stage| Ok(ok("set up", stage.camera.processed(SENSOR_PX, OUTPUT_PX))?.output);
    let serial = |stage: &mut Stage| hw_serial::set_up(stage, hw_serial::WHOLE);
    let (pool, nodes) = (stage.pool.pixels, &stage.nodes);
    [
        Path { node: memory::raw, pool: nodes.raw.pool.pixels, set_up: raw },
        Path { node: memory::resizer_output, pool, set_up: processed },
        Path { node: hw_serial::serial, pool: nodes.serial.pool.pixels, set_up: serial },
    ]
}

/// A queue behind such a pipeline, and the sensor's node.
struct Rig {
    queue: Queue,
    pool: Pixels,
    sensor: Subdev,
}

impl Rig {
    fn open(stage: &mut Stage, path: &Path) -> Result<Self, Failure> {
        let format = (path.set_up)(stage)?;
        let queue = Queue::open(stage, path.node, format)?;
        let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
        Ok(Self { queue, pool: path.pool, sensor })
    }

    fn close(self, stage: &Stage) -> Result<(), Failure> {
        ok("close", self.sensor.close())?;
        self.queue.close(stage)
    }

    fn expose(&self, lines: i32) -> Result<(), Failure> {
        let set = ok("S_CTRL", self.sensor.set_control(ControlId::EXPOSURE, lines))?;
        equal("exposure", set, lines)
    }

    /// How long the first frame of a stream that starts now took, in microseconds.
    fn first(&self, stage: &Stage) -> Result<u64, Failure> {
        self.queue.queue(stage, FIRST)?;
        let begun_us = now_us();
        self.queue.start(stage)?;
        let info = self.queue.take(stage)?;
        let took_us = now_us() - begun_us;
        equal("number of the first frame", info.frame.sequence, 0)?;
        Ok(took_us)
    }

    fn sum(&self, stage: &Stage) -> Result<u32, Failure> {
        Ok(self.queue.pixels(self.pool, stage, FIRST)?.checksum())
    }

    /// Stops in the middle of a long exposure, after its picture.
    fn stop_in_long(&self, stage: &mut Stage) -> Result<(), Failure> {
        self.expose(LONG)?;
        for buffer in (0..memory::BUFFERS).map(BufferIndex) {
            self.queue.queue(stage, buffer)?;
        }
        self.queue.start(stage)?;
        stage.wait_for("a line of the long exposure", LINE_US, |stage| {
            Ok((stage.bench.line() >= BROKEN_OFF_LINE).then_some(()))
        })?;
        let begun_us = now_us();
        self.queue.stop(stage)?;
        at_most("stream off", now_us() - begun_us, STOP_US)?;
        let line = stage.bench.line();
        ensure!(line < LONG as u32 / 2, "line {line}: the exposure is over");
        Ok(())
    }
}

/// What the first frame of the short exposure is without a past; then after a long one, and after one in which the
/// stream was started several times.
pub fn stopped(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let mut seen = [[0; 3]; 3];
    for (path, seen) in paths(stage).into_iter().zip(&mut seen) {
        let rig = Rig::open(stage, &path)?;
        rig.expose(SHORT)?;
        let clean_us = rig.first(stage)?;
        let sum = rig.sum(stage)?;
        rig.queue.stop(stage)?;
        at_most("to the first frame", clean_us, FIRST_FRAME_US)?;
        seen[0] = clean_us;
        for (starts, seen) in [1, STARTS].into_iter().zip(&mut seen[1..]) {
            rig.stop_in_long(stage)?;
            ensure!(rig.sum(stage)? != sum, "a long exposure is seen");
            rig.expose(SHORT)?;
            for _ in 1..starts {
                rig.queue.start(stage)?;
                rig.queue.stop(stage)?;
            }
            *seen = rig.first(stage)?;
            at_most("to the first frame after it", *seen, clean_us + LATER_US)?;
            equal("checksum", rig.sum(stage)?, sum)?;
            rig.queue.stop(stage)?;
        }
        rig.close(stage)?;
    }
    Ok(Text::of(format_args!("to the first frame: {seen:?} us")))
}
