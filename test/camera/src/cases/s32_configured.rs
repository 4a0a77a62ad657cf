//! S32: what a client configures of the preview engine is seen from one frame to the next, as a whole, and
//! bit for bit as the golden model makes it ([`crate::looks`]); what is refused, left half done, or of an
//! ended life is not seen.

use idl::ipc;
use idl::types::{
    Cause, Control, DefectCorrection, DefectThreshold, HorizontalMedian, NodeError, NoiseFilter,
    PREVIEW_TABLE_BYTES_MAX, PreviewFeatures, PreviewParameters, PreviewTable, RgbToRgb, TaskIndex,
    WhiteBalance, YcLimits,
};
use task_client::Subdev;

use super::memory::{self, BUFFERS, Queue};
use crate::check::{Failure, Verdict, disconnected, equal, ok, refused};
use crate::looks::{self, CROP, LOOKS, SENSOR, STEPS, SUMS};
use crate::mmio::Pixels;
use crate::protocol::{Job, Outcome};
use crate::stage::{QUIET_US, READY_US, SENSOR_PX, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Frames that the tables of a step may cost: 3264 entries, and each write traps, which takes 20 us.
const LOST_MAX: u32 = 5;
/// When a step comes after a frame was taken, in microseconds: in many places of a frame and between two.
const PHASES_US: [u64; 5] = [0, 3_000, 7_000, 13_000, 21_000];
/// Frames that are looked at with each look.
const EACH: u32 = 2;

/// A stream behind the preview engine, whose frames are looked at.
struct Watched {
    queue: Queue,
    pool: Pixels,
}

impl Watched {
    fn start(stage: &mut Stage) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.previewed(SENSOR_PX))?;
        equal("crop", (layout.sensor, layout.preview), (SENSOR, Some(CROP)))?;
        let queue = Queue::open(stage, memory::preview_output, layout.output)?;
        for buffer in 0..BUFFERS {
            queue.queue(stage, idl::types::BufferIndex(buffer))?;
        }
        queue.start(stage)?;
        Ok(Self { queue, pool: stage.nodes.preview_output.pool.pixels })
    }

    /// The next frame: its number, and which of all looks it has.
    fn look(&self, stage: &mut Stage) -> Result<(u32, usize), Failure> {
        let info = self.queue.take(stage)?;
        let pixels = self.queue.pixels(self.pool, stage, info.frame.buffer)?;
        let sum = pixels.checksum_of_lines(
            usize::from(CROP.height_px),
            (2 * usize::from(CROP.width_px), self.queue.format.stride_bytes as usize),
        );
        self.queue.queue(stage, info.frame.buffer)?;
        let number = info.frame.sequence;
        let look = (0..LOOKS).find(|look| SUMS[*look].get(number as usize) == Some(&sum));
        let look =
            look.ok_or_else(|| failure!("frame {number}, {sum:#010x}, has no known look"))?;
        Ok((number, look))
    }

    /// The next frame has this look.
    fn shows(&self, stage: &mut Stage, expected: usize) -> Result<u32, Failure> {
        let (number, look) = self.look(stage)?;
        ensure!(look == expected, "frame {number} has look {look}, not {expected}");
        Ok(number)
    }

    /// Frames with the look before a step, until those with the look after it begin; how many came.
    fn changes(&self, stage: &mut Stage, step: usize) -> Result<u32, Failure> {
        let mut frames = 0;
        loop {
            let (number, look) = self.look(stage)?;
            frames += 1;
            if look == step + 1 {
                return self.shows(stage, look).map(|_| frames + 1);
            }
            ensure!(look == step, "frame {number} has look {look} in step {step}");
            ensure!(frames <= u32::from(BUFFERS) + 1, "step {step} is not seen by frame {number}");
        }
    }

    fn close(self, stage: &Stage) -> Result<(), Failure> {
        self.queue.stop(stage)?;
        self.queue.close(stage)
    }
}

fn open(stage: &Stage) -> Result<Subdev, Failure> {
    ok("open the preview", Subdev::open(stage.camera.preview))
}

/// Gives and switches a step of the walk.
fn take(node: &Subdev, step: usize) -> Result<(), Failure> {
    ok("give", looks::give(node, &STEPS[step]))?;
    ok("configure", node.configure(STEPS[step].update(), STEPS[step].on))
}

/// The frame that is under way has the old look, the next one the new one; only a table costs frames.
pub fn between_frames(stage: &mut Stage) -> Verdict {
    let watched = Watched::start(stage)?;
    let node = open(stage)?;
    let mut lost = [0; STEPS.len()];
    for step in 0..STEPS.len() {
        let taken = watched.shows(stage, step)?;
        stage.in_mid_frame()?;
        take(&node, step)?;
        let under_way = watched.shows(stage, step)?;
        equal("the frame under way", under_way, taken + 1)?;
        let next = watched.shows(stage, step + 1)?;
        lost[step] = next - under_way - 1;
        let most = if STEPS[step].tables.is_empty() { 0 } else { LOST_MAX };
        ensure!(lost[step] <= most, "step {step}: {} frames lost", lost[step]);
        (1..EACH).try_for_each(|_| watched.shows(stage, step + 1).map(drop))?;
    }
    ok("close", node.close())?;
    watched.close(stage)?;
    Ok(Text::of(format_args!("{LOOKS} looks, frames lost by each step: {lost:?}")))
}

/// Whenever a step comes, each frame has one of the two looks as a whole, the old ones first.
pub fn at_any_time(stage: &mut Stage) -> Verdict {
    let mut frames = 0;
    let mut life = None;
    for phase_us in PHASES_US {
        stage.all_ready(life)?;
        let watched = Watched::start(stage)?;
        let node = open(stage)?;
        for step in 0..STEPS.len() {
            watched.shows(stage, step)?;
            stage.sleep_us(phase_us);
            take(&node, step)?;
            frames += watched.changes(stage, step)?;
        }
        ok("close", node.close())?;
        watched.close(stage)?;
        life = Some(stage.ready(stage.isp, None)?);
        // A new life begins with the first look.
        stage.control(stage.isp, Control::Restart)?;
    }
    Ok(Text::of(format_args!("{} walks, {frames} frames", PHASES_US.len())))
}

/// What was configured before is in the first frame, and stays for the next stream.
pub fn before_a_stream(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let node = open(stage)?;
    for step in 0..STEPS.len() {
        take(&node, step)?;
        for _ in 0..2 {
            let watched = Watched::start(stage)?;
            equal("number of the first frame", watched.shows(stage, step + 1)?, 0)?;
            watched.shows(stage, step + 1)?;
            watched.close(stage)?;
        }
    }
    ok("close", node.close())?;
    Ok(Text::of(format_args!("{} looks, two streams each", STEPS.len())))
}

/// Numbers beyond their registers.
const BAD: [PreviewParameters; 12] = {
    const fn blend(value: i16, offset: i16) -> PreviewParameters {
        let matrix_q8 = [[0, 0, 0], [0, 0, 0], [0, 0, value]];
        PreviewParameters::RgbToRgb(RgbToRgb { matrix_q8, offset: [offset, 0, 0] })
    }
    const fn median(even_distance_px: u8, odd_distance_px: u8) -> PreviewParameters {
        let threshold = 0;
        PreviewParameters::HorizontalMedian(HorizontalMedian {
            threshold,
            even_distance_px,
            odd_distance_px,
        })
    }
    const fn defects(detect: u16, correct: u16) -> PreviewParameters {
        let thresholds = [DefectThreshold { detect, correct }; 4];
        PreviewParameters::DefectCorrection(DefectCorrection { couplets: false, thresholds })
    }
    [
        blend(2048, 0),
        blend(-2049, 0),
        blend(0, 512),
        blend(0, -513),
        median(0, 2),
        median(2, 3),
        defects(1024, 0),
        defects(0, 1024),
        PreviewParameters::WhiteBalance(WhiteBalance { digital_gain_q8: 1024, gains_q5: [32; 4] }),
        PreviewParameters::YcLimits(YcLimits { luma: (200, 100), chroma: (0, 255) }),
        PreviewParameters::YcLimits(YcLimits { luma: (0, 255), chroma: (255, 0) }),
        PreviewParameters::NoiseFilter(NoiseFilter { spread: 4 }),
    ]
};

/// Whatever is refused leaves the picture as it is.
pub fn refusals(stage: &mut Stage) -> Verdict {
    let watched = Watched::start(stage)?;
    let node = open(stage)?;
    for bad in &BAD {
        refused("a number", node.give(*bad), NodeError::InvalidConfiguration)?;
    }
    let entries = [0xFF; PREVIEW_TABLE_BYTES_MAX];
    for table in PreviewTable::ALL {
        for bytes in [0, 1, table.bytes() - 1, PREVIEW_TABLE_BYTES_MAX] {
            if bytes != table.bytes() {
                let given = node.give_table(table, &entries[..bytes]);
                refused("a length", given, NodeError::InvalidConfiguration)?;
            }
        }
    }
    // Entries of 20 bits.
    let given = node.give_table(PreviewTable::LumaEnhancement, &entries[..512]);
    refused("an entry", given, NodeError::InvalidConfiguration)?;
    let none = PreviewFeatures::NONE;
    for bit in (11..15).chain(17..32) {
        let unknown = PreviewFeatures(1 << bit);
        for (update, flag) in [(unknown, none), (unknown, unknown), (none, unknown)] {
            refused("a function", node.configure(update, flag), NodeError::UnsupportedFeature)?;
        }
    }
    for needed in [PreviewFeatures::CFA, PreviewFeatures::COLOR_CONV] {
        refused("off", node.configure(needed, none), NodeError::UnsupportedFeature)?;
    }
    for tabled in [PreviewFeatures::NF, PreviewFeatures::LUMAENH] {
        let both = tabled.and(PreviewFeatures::GAMMA);
        refused("no table", node.configure(both, both), NodeError::InvalidConfiguration)?;
    }
    other_nodes(stage)?;
    let same = none.and(PreviewFeatures::RGB2RGB).and(PreviewFeatures::WB);
    ok("the defaults again", node.configure(same, same))?;
    (0..2 * EACH).try_for_each(|_| watched.shows(stage, 0).map(drop))?;
    ok("close", node.close())?;
    watched.close(stage)?;
    Ok(Text::of(format_args!("{} numbers, {} tables", BAD.len(), PreviewTable::ALL.len())))
}

/// Nodes of other entities have nothing to configure, and a closed handle is nobody's.
fn other_nodes(stage: &Stage) -> Result<(), Failure> {
    let parameters = STEPS[0].parameters[0];
    for task in [stage.camera.ccdc, stage.camera.resizer, stage.camera.sensor] {
        let node = ok("open another", Subdev::open(task))?;
        let none = NodeError::NoConfiguration;
        refused("parameters", node.give(parameters), none)?;
        refused("a table", node.give_table(PreviewTable::RedGamma, &[0; 1024]), none)?;
        refused("a function", node.configure(STEPS[0].on, STEPS[0].on), none)?;
        ok("close", node.close())?;
    }
    let closed = idl::subdev::Client::to(stage.camera.preview);
    let handle = ok("open", closed.open())?;
    ok("close", closed.close(handle))?;
    refused("closed", closed.preview_parameters(handle, parameters), NodeError::BadHandle)?;
    let table = closed.preview_table(handle, PreviewTable::RedGamma, &[0; 1024]);
    refused("closed", table, NodeError::BadHandle)?;
    refused(
        "closed",
        closed.preview_configure(handle, STEPS[0].on, STEPS[0].on),
        NodeError::BadHandle,
    )
}

/// A client gives numbers and tables and dies before it switches them on: no picture changes, and who
/// configures next gets what it gave itself.
pub fn client_dies(stage: &mut Stage) -> Verdict {
    let watched = Watched::start(stage)?;
    for step in [1, 2] {
        let given = stage.witnesses.ask(0, Job::Give { step }, QUIET_US)?;
        equal("given", given, Outcome::Done)?;
    }
    watched.shows(stage, 0)?;
    stage.kill_witness(0)?;
    (0..EACH).try_for_each(|_| watched.shows(stage, 0).map(drop))?;
    let node = open(stage)?;
    for step in 0..STEPS.len() {
        take(&node, step)?;
        watched.changes(stage, step)?;
    }
    ok("close", node.close())?;
    watched.close(stage)?;
    Ok(Text::of(format_args!("what a dead client had given was seen nowhere")))
}

/// A node that dies takes its handles and no configuration; with the driver everything ends, and its next
/// life begins with the defaults.
pub fn lives(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let node = open(stage)?;
    take(&node, 0)?;
    let preview = stage.camera.preview;
    ends(stage, &node, preview)?;
    let watched = Watched::start(stage)?;
    watched.shows(stage, 1)?;
    watched.close(stage)?;
    let node = open(stage)?;
    take(&node, 1)?;
    let life = stage.ready(stage.isp, None)?;
    let isp = stage.isp;
    ends(stage, &node, isp)?;
    stage.all_ready(Some(life))?;
    let watched = Watched::start(stage)?;
    watched.shows(stage, 0)?;
    watched.close(stage)?;
    // What was given to the ended life is gone: the noise filter has no table.
    let node = open(stage)?;
    let noise = PreviewFeatures::NF;
    refused("no table", node.configure(noise, noise), NodeError::InvalidConfiguration)?;
    ok("close", node.close())?;
    Ok(Text::of(format_args!("kept by the driver, gone with it")))
}

/// A task is restarted: the node's handle says so, to each call of a configuration.
fn ends(stage: &mut Stage, node: &Subdev, task: TaskIndex) -> Result<(), Failure> {
    let generation = stage.ready(task, None)?;
    stage.control(task, Control::Restart)?;
    let step = &STEPS[0];
    let given = disconnected("give", node.give(step.parameters[0]))?;
    let record = (given.peer, given.generation, given.cause);
    equal("give", record, (task, generation, Cause::Stopped))?;
    let table = node.give_table(PreviewTable::RedGamma, &[0; 1024]);
    equal("give a table", disconnected("give a table", table)?, given)?;
    let switched = node.configure(step.on, step.on);
    equal("configure", disconnected("configure", switched)?, given)?;
    stage.wait_for("the next life", READY_US, |stage| {
        match Subdev::open(stage.camera.preview).map(Subdev::close) {
            Ok(_) => Ok(Some(())),
            Err(ipc::Error::Disconnected(_) | ipc::Error::Op(NodeError::NoDevice)) => Ok(None),
            other => ok("open again", other).map(|_| Some(())),
        }
    })
}
