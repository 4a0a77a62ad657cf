//! S32: what a client configures of the CCDC is in every frame, raw and developed, bit for bit as the golden
//! model makes it ([`crate::corrected`]); its tables are the ledger's, whoever dies.

use idl::types::{
    BlackClamp, BlackCompensation, BufferIndex, CcdcFeatures, CcdcParameters, CcdcTable, Control,
    Culling, FrameFlags, Generation, LensShading, NodeError, OwnerCounts, PoolId,
};
use task_client::Subdev;

use super::memory::{self, BUFFERS, Queue};
use super::s53_gating::{self, REST_US};
use crate::check::{Failure, Verdict, disconnected, equal, ok, refused};
use crate::corrected::{self, SETS, STEPS, SUMS};
use crate::ensure;
use crate::looks::CROP;
use crate::mmio::Pixels;
use crate::stage::{FRAME_MS, QUIET_US, READY_US, SENSOR_PX, Stage};
use crate::text::Text;

/// The pool of tables (app.toml).
const TABLES: PoolId = PoolId(9);
/// Frames that are looked at.
const EACH: u32 = 3;
/// The set of pictures behind the preview engine.
const VIEWED: usize = SETS;
/// The set of raw frames with the levels of step 0 alone.
const LEVELS: usize = SETS + 1;
/// Lives in which tables are given: more than there are buffers.
const LIVES: u32 = 6;

fn open(stage: &Stage) -> Result<Subdev, Failure> {
    ok("open the CCDC", Subdev::open(stage.camera.ccdc))
}

fn take(stage: &mut Stage, step: usize) -> Result<(), Failure> {
    let node = open(stage)?;
    ok("correct", corrected::take(&node, &STEPS[step]))?;
    ok("close", node.close())
}

/// A stream of raw frames, or of pictures.
struct Watched {
    queue: Queue,
    pool: Pixels,
}

impl Watched {
    fn raw(stage: &mut Stage) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
        let queue = Queue::open(stage, memory::raw, layout.output)?;
        Self { queue, pool: stage.nodes.raw.pool.pixels }.start(stage)
    }

    fn viewed(stage: &mut Stage) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.previewed(SENSOR_PX))?;
        equal("crop", layout.preview, Some(CROP))?;
        let queue = Queue::open(stage, memory::preview_output, layout.output)?;
        Self { queue, pool: stage.nodes.preview_output.pool.pixels }.start(stage)
    }

    fn start(self, stage: &mut Stage) -> Result<Self, Failure> {
        for buffer in 0..BUFFERS {
            self.queue.queue(stage, BufferIndex(buffer))?;
        }
        self.queue.start(stage)?;
        Ok(self)
    }

    /// The next frame is one of this set, of which so many pixels of a line, and lines, are written.
    fn shows(&self, stage: &mut Stage, set: usize, size: (u32, u32)) -> Result<u32, Failure> {
        let info = self.queue.take(stage)?;
        let pixels = self.queue.pixels(self.pool, stage, info.frame.buffer)?;
        let sum = self.sum(pixels, size);
        self.queue.queue(stage, info.frame.buffer)?;
        let number = info.frame.sequence;
        let expected = SUMS[set].get(number as usize).copied();
        let found = SUMS.iter().position(|set| set.get(number as usize) == Some(&sum));
        ensure!(
            expected == Some(sum),
            "frame {number} is of set {found:?}, not {set}: {sum:#010x}"
        );
        Ok(number)
    }

    fn sum(&self, pixels: Pixels, (width_px, height_px): (u32, u32)) -> u32 {
        let line = (2 * width_px as usize, self.queue.format.stride_bytes as usize);
        pixels.checksum_of_lines(height_px as usize, line)
    }

    fn close(self, stage: &Stage) -> Result<(), Failure> {
        self.queue.stop(stage)?;
        self.queue.close(stage)
    }
}

/// A stream of raw frames as a life begins, or as a step leaves them.
fn raw_frames(stage: &mut Stage, set: usize) -> Result<(), Failure> {
    let size = set.checked_sub(1).map_or((160, 120), |step| STEPS[step].size);
    let watched = Watched::raw(stage)?;
    for number in 0..EACH {
        equal("number of a frame", watched.shows(stage, set, size)?, number)?;
    }
    watched.close(stage)
}

fn tables_in_hardware(stage: &Stage, count: u8) -> Result<(), Failure> {
    equal("tables in the hardware", stage.counts_of(TABLES)?.hardware, count)
}

/// Each step is in all frames of the streams behind it.
pub fn exact(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    raw_frames(stage, 0)?;
    for (step, tables) in [2, 1, 0, 0].into_iter().enumerate() {
        take(stage, step)?;
        tables_in_hardware(stage, tables)?;
        raw_frames(stage, step + 1)?;
        if step == 0 {
            let watched = Watched::viewed(stage)?;
            let size = (CROP.width_px.into(), CROP.height_px.into());
            (0..EACH).try_for_each(|_| watched.shows(stage, VIEWED, size).map(drop))?;
            watched.close(stage)?;
        }
    }
    Ok(Text::of(format_args!("{SETS} sets of raw frames, and pictures behind the tables")))
}

/// Levels change from one frame to the next while it streams; what is not shadowed is busy.
pub fn streaming(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    take(stage, 0)?;
    let watched = Watched::raw(stage)?;
    let node = open(stage)?;
    for feature in [CcdcFeatures::FPC, CcdcFeatures::LSC] {
        let (bytes, count) = corrected::entries(CcdcTable::FaultPixels);
        ok("give", node.give_ccdc_table(CcdcTable::FaultPixels, &bytes[..count]))?;
        refused("on", node.correct(feature, feature), NodeError::Busy)?;
        refused("off", node.correct(feature, CcdcFeatures::NONE), NodeError::Busy)?;
    }
    let taken = watched.shows(stage, 1, STEPS[0].size)?;
    stage.in_mid_frame()?;
    let zero = CcdcParameters::BlackCompensation(BlackCompensation([100; 4]));
    ok("give", node.give_ccdc(zero))?;
    ok("levels", node.correct(CcdcFeatures::BCOMP, CcdcFeatures::BCOMP))?;
    equal("the frame under way", watched.shows(stage, 1, STEPS[0].size)?, taken + 1)?;
    let info = watched.queue.take(stage)?;
    equal("the next frame", info.frame.sequence, taken + 2)?;
    let pixels = watched.queue.pixels(watched.pool, stage, info.frame.buffer)?;
    // No code is darker than the level, with the smallest gain behind it: 1.0.
    let bytes = watched.queue.format.size_bytes as usize;
    let darkest = (0..bytes).step_by(4).map(|at| pixels.read(at) & 0x3FF).min();
    ensure!(darkest >= Some(100), "the darkest code is {darkest:?}");
    watched.queue.queue(stage, info.frame.buffer)?;
    stage.in_mid_frame()?;
    let levels = STEPS[0].parameters[0];
    ok("give", node.give_ccdc(levels))?;
    ok("levels", node.correct(CcdcFeatures::BCOMP, CcdcFeatures::BCOMP))?;
    // The one under way, without a look.
    let info = watched.queue.take(stage)?;
    watched.queue.queue(stage, info.frame.buffer)?;
    stage.in_mid_frame()?;
    ok("A-law", node.correct(CcdcFeatures::ALAW, CcdcFeatures::ALAW))?;
    watched.shows(stage, 1, STEPS[0].size)?;
    let info = watched.queue.take(stage)?;
    let pixels = watched.queue.pixels(watched.pool, stage, info.frame.buffer)?;
    let brightest = (0..bytes).step_by(4).map(|at| pixels.read(at) & 0x3FF).max();
    ensure!(brightest <= Some(255), "a code of a compressed frame is {brightest:?}");
    ok("close", node.close())?;
    watched.close(stage)?;
    Ok(Text::of(format_args!("levels changed behind frame {}", taken + 1)))
}

/// Whatever is refused leaves the frames as they are.
pub fn refusals(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let node = open(stage)?;
    let clamp = BlackClamp { gain_q4: 0, start_px: 0, pixels_log2: 0, lines_log2: 0, subtract: 0 };
    let shading = LensShading {
        stride_bytes: 4,
        gain_format: 0,
        width_log2: 2,
        height_log2: 2,
        initial_x: 0,
        initial_y: 0,
    };
    for bad in [
        CcdcParameters::BlackClamp(BlackClamp { gain_q4: 32, ..clamp }),
        CcdcParameters::BlackClamp(BlackClamp { lines_log2: 5, ..clamp }),
        CcdcParameters::BlackClamp(BlackClamp { subtract: 16384, ..clamp }),
        CcdcParameters::Culling(Culling { lines: 0, even: 1, odd: 1 }),
        CcdcParameters::LensShading(LensShading { stride_bytes: 3, ..shading }),
        CcdcParameters::LensShading(LensShading { gain_format: 8, ..shading }),
        CcdcParameters::LensShading(LensShading { width_log2: 7, ..shading }),
        CcdcParameters::LensShading(LensShading { initial_y: 64, ..shading }),
    ] {
        refused("a number", node.give_ccdc(bad), NodeError::InvalidConfiguration)?;
    }
    let invalid = NodeError::InvalidConfiguration;
    for table in CcdcTable::ALL {
        for bytes in [&[][..], &[1], &[1; 1027]] {
            refused("half a word", node.give_ccdc_table(table, bytes), invalid)?;
        }
    }
    // Out of order, twice, and an operation that there is not.
    for words in [[2_u32 << 5, 1 << 5], [3 << 5, 3 << 5], [4 << 5, 5 << 5 | 4]] {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&words[0].to_le_bytes());
        bytes[4..].copy_from_slice(&words[1].to_le_bytes());
        let given = node.give_ccdc_table(CcdcTable::FaultPixels, &bytes);
        refused("fault pixels", given, invalid)?;
    }
    let none = CcdcFeatures::NONE;
    for bit in (0..32).filter(|bit| CcdcFeatures::SUPPORTED.0 >> bit & 1 == 0) {
        let unknown = CcdcFeatures(1 << bit);
        for (update, flag) in [(unknown, none), (none, unknown)] {
            refused("a function", node.correct(update, flag), NodeError::UnsupportedFeature)?;
        }
    }
    for half in [CcdcFeatures::CONFIG_LSC, CcdcFeatures::TBL_LSC] {
        let half = node.correct(half, half);
        refused("half of the shading", half, NodeError::UnsupportedFeature)?;
    }
    for tabled in [CcdcFeatures::FPC, CcdcFeatures::LSC] {
        refused("no table", node.correct(tabled, tabled), invalid)?;
    }
    let preview = ok("open the preview", Subdev::open(stage.camera.preview))?;
    let other = NodeError::NoConfiguration;
    refused("another block", preview.give_ccdc(STEPS[0].parameters[0]), other)?;
    refused("another block", preview.give_ccdc_table(CcdcTable::LensShading, &[0; 8]), other)?;
    refused("another block", preview.correct(none, none), other)?;
    ok("close", preview.close())?;
    ok("close", node.close())?;
    tables_in_hardware(stage, 0)?;
    raw_frames(stage, 0)?;
    Ok(Text::of(format_args!("nothing of it is seen")))
}

/// A map that is smaller than the picture: the window ends where the table does, so nothing behind it is
/// read, the firewall says so, and the frames are marked.
pub fn short_table(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let node = open(stage)?;
    take(stage, 0)?;
    let (bytes, _) = corrected::entries(CcdcTable::LensShading);
    ok("give", node.give_ccdc_table(CcdcTable::LensShading, &bytes[..256]))?;
    ok("shading", node.correct(CcdcFeatures::LSC, CcdcFeatures::LSC))?;
    stage.bench.mark();
    let watched = Watched::raw(stage)?;
    for _ in 0..EACH {
        let info =
            ok("dequeue", stage.nodes.raw.video.dequeue_buffer(watched.queue.handle, FRAME_MS))?;
        equal("flags", info.frame.flags, FrameFlags::ERROR)?;
        watched.queue.queue(stage, info.frame.buffer)?;
    }
    watched.close(stage)?;
    let refused = stage.bench.seen().dma_refused;
    ensure!(refused >= EACH, "the firewall refused {refused} times");
    take(stage, 0)?;
    raw_frames(stage, 1)?;
    ok("close", node.close())?;
    Ok(Text::of(format_args!("{EACH} frames marked, {refused} requests refused")))
}

/// Tables of a life that ends come back at quiet, life after life, also from under a stream.
pub fn lives(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let count = ok("pool", stage.frames.pool(TABLES))?.count;
    let mut life: Option<Generation> = None;
    for round in 0..LIVES {
        stage.all_ready(life)?;
        let node = open(stage)?;
        take(stage, 0)?;
        let watched = if round % 2 == 0 { Some(Watched::raw(stage)?) } else { None };
        if let Some(watched) = &watched {
            watched.shows(stage, 1, STEPS[0].size)?;
            stage.in_mid_frame()?;
        }
        life = Some(stage.ready(stage.isp, None)?);
        stage.control(stage.isp, Control::Restart)?;
        let gone = node.correct(CcdcFeatures::FPC, CcdcFeatures::FPC);
        disconnected("correct", gone)?;
        stage.wait_for("the tables", QUIET_US, |stage| {
            let free = OwnerCounts { client: count, ..OwnerCounts::default() };
            Ok((stage.counts_of(TABLES)? == free).then_some(()))
        })?;
        ok("close", node.close())?;
        if let Some(watched) = watched {
            for buffer in 0..BUFFERS {
                watched.queue.reclaim(stage, BufferIndex(buffer))?;
            }
            watched.queue.close(stage)?;
        }
    }
    stage.all_ready(life)?;
    raw_frames(stage, 0)?;
    Ok(Text::of(format_args!("{LIVES} lives, {count} buffers of tables each time")))
}

/// The registers forget, in the middle of a stream and between two; neither the driver does, nor the
/// firewall.
pub fn suspended(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    take(stage, 0)?;
    let size = STEPS[0].size;
    let watched = Watched::raw(stage)?;
    watched.shows(stage, 1, size)?;
    s53_gating::suspend(stage, REST_US)?;
    s53_gating::resume(stage)?;
    // One or two were cut off or had been taken before; those behind them are right.
    let mut right = 0;
    for _ in 0..2 * EACH {
        let info =
            ok("dequeue", stage.nodes.raw.video.dequeue_buffer(watched.queue.handle, FRAME_MS))?;
        let pixels = watched.queue.pixels(watched.pool, stage, info.frame.buffer)?;
        let sum = watched.sum(pixels, size);
        watched.queue.queue(stage, info.frame.buffer)?;
        let is_good = info.frame.flags == FrameFlags::default();
        ensure!(!is_good || SUMS[1].contains(&sum), "{:?} is not corrected", info.frame);
        right = if is_good { right + 1 } else { 0 };
    }
    ensure!(right >= EACH, "{right} frames right at last");
    watched.close(stage)?;
    s53_gating::suspend(stage, REST_US)?;
    s53_gating::resume(stage)?;
    tables_in_hardware(stage, 2)?;
    raw_frames(stage, 1)?;
    Ok(Text::of(format_args!("{right} frames right behind a suspended stream")))
}

/// With the ledger the windows go: frames are corrected without tables until they are given again.
pub fn ledger(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    take(stage, 0)?;
    let life = stage.ready(stage.isp, None)?;
    let frames = stage.frames.task_id().index();
    stage.control(frames, Control::Restart)?;
    stage.wait_for("the ledger", READY_US, |stage| {
        stage.rebind();
        Ok(stage.frames.pool(TABLES).ok().map(drop))
    })?;
    stage.all_ready(None)?;
    equal("life of the ISP", stage.ready(stage.isp, None)?, life)?;
    tables_in_hardware(stage, 0)?;
    let watched = Watched::raw(stage)?;
    (0..EACH).try_for_each(|_| watched.shows(stage, LEVELS, STEPS[0].size).map(drop))?;
    watched.close(stage)?;
    take(stage, 0)?;
    tables_in_hardware(stage, 2)?;
    raw_frames(stage, 1)?;
    Ok(Text::of(format_args!("levels stayed, and tables that were given again")))
}
