//! The scenario's view of the image: its peers, its memory, and what most cases do first.

use idl::types::{
    BufferIndex, Cause, Control, Disconnect, Edge, EntityFunction, Generation, Handle, NodeError,
    NodeUsage, Outlook, OwnerCounts, PixFormat, PoolId, StatisticsEngine, StoryEvent, StoryKind,
    TaskIndex,
};
use idl::{frames, graph, ipc, media, statistics, subdev, supervisor, video};
use task_client::Camera;
use userlib::sys_refresh_task_id;

use crate::bench::Bench;
use crate::check::{Failure, equal, ok};
use crate::clock::{self, Deadline};
use crate::mmio::Pixels;
use crate::protocol::{Job, Outcome};
use crate::witnesses::{WITNESSES, Witnesses};
use crate::{ensure, failure};

/// Size of the sensor's picture, in pixels: small, because the bench computes each of them.
pub const SENSOR_PX: (u16, u16) = (160, 120);
/// Size of the processed frames, in pixels.
pub const OUTPUT_PX: (u16, u16) = (96, 64);
/// How long drivers may take from power on to ready, in microseconds.
pub const READY_US: u64 = 1_000_000;
/// Longest time from a death to quiet hardware, in microseconds: app.toml gives the supervisor
/// 100 ms before it throws the kill switch.
pub const QUIET_US: u64 = 150_000;
/// "In time" of mission.md, in microseconds, unless a frame interval is longer.
pub const IN_TIME_US: u64 = 10_000;
/// Longest wait for one frame, in milliseconds.
pub const FRAME_MS: u32 = 1_000;
/// Most tasks in an image.
const TASKS_MAX: usize = 32;
/// Lines of the sensor's picture that count as its middle.
const MIDDLE_LINES: core::ops::Range<u32> = 50..80;
/// How often the line is read before the middle of a picture must have come.
const LINE_READS_MAX: u32 = 200_000;
/// Most events of the story that one search reads.
const STORY_MAX: usize = 4096;

/// A pool that the scenario maps.
#[derive(Clone, Copy, Debug)]
pub struct MappedPool {
    /// Its number at the ledger.
    pub id: PoolId,
    /// All of it.
    pub pixels: Pixels,
}

/// A video node that only cases of pipelines from memory use.
pub struct Node {
    /// The node.
    pub video: video::Client,
    /// Its pool.
    pub pool: MappedPool,
}

/// The video nodes beside the one behind the resizer.
pub struct Nodes {
    /// CCDC output.
    pub raw: Node,
    /// Preview input.
    pub preview_input: Node,
    /// Preview output.
    pub preview_output: Node,
    /// Resizer input.
    pub resizer_input: Node,
    /// CCP2 input.
    pub ccp2_input: Node,
    /// CSI2a output.
    pub serial: Node,
}

/// Pools as the client library has them, for the case about it. That case uses no [`Pixels`] of them.
pub struct Library {
    /// The resizer's input node, and its pool to write.
    pub input: (TaskIndex, task_client::WritablePool),
    /// The node behind the resizer, and its pool.
    pub output: (TaskIndex, task_client::MappedPool),
}

/// What a case works with.
pub struct Stage {
    /// For the case about the client library.
    pub library: Option<Library>,
    /// The hardware's dark side.
    pub bench: Bench,
    /// The other clients.
    pub witnesses: Witnesses,
    /// Notification of the scenario's timer.
    pub timer: u32,
    /// The driver of the ISP.
    pub isp: TaskIndex,
    /// The driver of the sensor.
    pub sensor: TaskIndex,
    /// The driver of clocks and power.
    pub power: TaskIndex,
    /// The host bridge.
    pub ctl: TaskIndex,
    /// Restart policy and story.
    pub supervisor: supervisor::Client,
    /// The ledger.
    pub frames: frames::Client,
    /// The media graph, to look names up while the media node is away.
    pub graph: graph::Client,
    /// Media node.
    pub media: media::Client,
    /// Video node behind the resizer.
    pub video: video::Client,
    /// The other video nodes.
    pub nodes: Nodes,
    /// Subdev node of the receiver CCP2.
    pub ccp2: TaskIndex,
    /// Subdev node of the receiver CSI2a.
    pub csi2a: TaskIndex,
    /// Subdev node of the CCDC.
    pub subdev: subdev::Client,
    /// Nodes of the statistics engines, by the number of the engine.
    pub statistics: [statistics::Client; 3],
    /// Sets up pipelines.
    pub camera: Camera,
    /// Pool of the video node.
    pub pool: MappedPool,
    /// Pool of the CCDC output: nothing may change it in a case that does not stream to it.
    pub bystander: MappedPool,
    /// Number of tasks in the image.
    pub tasks: u8,
    /// Next number of the story.
    pub cursor: u32,
    /// Witnesses that hold a delegated handle.
    pub delegates: [bool; WITNESSES],
}

/// The present life of each task that no scenario ends.
pub struct Lives([Generation; TASKS_MAX]);

/// A running stream of the scenario on the processed video node.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Its handle.
    pub handle: Handle,
    /// Format in memory.
    pub format: PixFormat,
    /// Number of buffers.
    pub buffers: u8,
    /// The life of the driver that runs it.
    pub epoch: Generation,
}

/// A death as the story tells it.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// Which life.
    pub generation: Generation,
    /// Why.
    pub cause: Cause,
    /// When the supervisor learned of it, in microseconds since boot.
    pub time_us: u64,
}

impl Stage {
    /// The node of the AEWB engine.
    #[must_use]
    pub fn aewb(&self) -> TaskIndex {
        self.statistics[StatisticsEngine::Aewb as usize].task_id().index()
    }

    /// Lets the others run.
    pub fn sleep_us(&self, us: u64) {
        clock::sleep_us(us, self.timer);
    }

    /// Asks again and again, once per millisecond, until there is an answer.
    ///
    /// # Errors
    /// If there is none within that time, or the question fails.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        within_us: u64,
        mut ask: impl FnMut(&mut Self) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        const STEP_US: u64 = 1_000;
        let deadline = Deadline::after(within_us);
        loop {
            if let Some(answer) = ask(self)? {
                return Ok(answer);
            }
            ensure!(!deadline.is_over(), "{what}: did not happen within {within_us} us");
            self.sleep_us(STEP_US);
        }
    }

    /// The life of a task that serves, once there is one that is newer than `after`.
    ///
    /// # Errors
    /// If there is none within [`READY_US`].
    pub fn ready(
        &mut self,
        task: TaskIndex,
        after: Option<Generation>,
    ) -> Result<Generation, Failure> {
        let deadline = Deadline::after(READY_US);
        loop {
            let outlook = ok("outlook", self.supervisor.outlook(task))?;
            match outlook {
                Outlook::Ready { generation } if after.is_none_or(|old| generation > old) => {
                    return Ok(generation);
                }
                _ => {}
            }
            ensure!(
                !deadline.is_over(),
                "task {} newer than {after:?} not ready: {outlook:?}",
                task.0
            );
            self.sleep_us(1_000);
        }
    }

    /// Both drivers serve, and the topology has them: gives the life of the ISP.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub fn all_ready(&mut self, after: Option<Generation>) -> Result<Generation, Failure> {
        let generation = self.ready(self.isp, after)?;
        self.ready(self.sensor, None)?;
        let media = self.media.task_id().index();
        self.wait_for("sensor and ISP in the topology", READY_US, |_| {
            let Ok(node) = task_client::Media::open(media) else { return Ok(None) };
            let complete = is_complete(&node);
            ok("close media", node.close())?;
            Ok(matches!(complete, Ok(true)).then_some(()))
        })?;
        Ok(generation)
    }

    /// Opens the video node, once it serves.
    ///
    /// # Errors
    /// If it does not within [`READY_US`].
    pub fn open_video(&mut self) -> Result<Handle, Failure> {
        self.wait_for("open video6", READY_US, |stage| match stage.video.open() {
            Ok(handle) => Ok(Some(handle)),
            Err(ipc::Error::Op(NodeError::NoDevice)) => Ok(None),
            other => ok("open video6", other).map(Some),
        })
    }

    /// Sets up the processed pipeline and streams with `buffers` queued buffers.
    ///
    /// # Errors
    /// If a call on the way is refused.
    pub fn stream(&mut self, buffers: u8) -> Result<Running, Failure> {
        self.prepared(buffers, |_| Ok(()))
    }

    /// As [`Stage::stream`]; `prepare` changes the pipeline before it starts.
    ///
    /// # Errors
    /// As [`Stage::stream`].
    pub fn prepared(
        &mut self,
        buffers: u8,
        prepare: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<Running, Failure> {
        let epoch = self.all_ready(None)?;
        let layout = ok("set up the pipeline", self.camera.processed(SENSOR_PX, OUTPUT_PX))?;
        prepare(self)?;
        let handle = self.open_video()?;
        let format = ok("set format", self.video.set_format(handle, layout.output))?;
        let granted = ok("request buffers", self.video.request_buffers(handle, buffers))?;
        equal("buffers granted", granted, buffers)?;
        for buffer in (0..buffers).map(BufferIndex) {
            ok("queue", self.video.queue_buffer(handle, buffer))?;
        }
        ok("stream on", self.video.stream_on(handle))?;
        Ok(Running { handle, format, buffers, epoch })
    }

    /// Takes one frame and queues its buffer again; gives its sequence, time stamp and checksum.
    ///
    /// # Errors
    /// If none comes, or it is damaged or of another epoch.
    pub fn frame(&mut self, running: &Running) -> Result<(u32, u64, u32), Failure> {
        let info = ok("dequeue", self.video.dequeue_buffer(running.handle, FRAME_MS))?;
        equal("epoch of the frame", info.epoch, running.epoch)?;
        equal("flags of the frame", info.frame.flags.0, 0)?;
        let sum = self.checksum(running, info.frame.buffer)?;
        ok("queue", self.video.queue_buffer(running.handle, info.frame.buffer))?;
        Ok((info.frame.sequence, info.frame.timestamp_us, sum))
    }

    /// Lets the stream run for `count` frames; gives the time between the last two, in
    /// microseconds.
    ///
    /// # Errors
    /// As [`Stage::frame`].
    pub fn run_frames(&mut self, running: &Running, count: u32) -> Result<u64, Failure> {
        let (mut last, mut interval_us) = (None, 0);
        for _ in 0..count {
            let (sequence, timestamp_us, _) = self.frame(running)?;
            if let Some((before, before_us)) = last {
                ensure!(sequence > before, "sequence {sequence} follows {before}");
                interval_us = (timestamp_us - before_us) / u64::from(sequence - before);
            }
            last = Some((sequence, timestamp_us));
        }
        Ok(interval_us)
    }

    /// Checksum of the pixels in a buffer.
    ///
    /// # Errors
    /// If the node does not say where it is.
    pub fn checksum(&self, running: &Running, buffer: BufferIndex) -> Result<u32, Failure> {
        let info = ok("query buffer", self.video.query_buffer(running.handle, buffer))?;
        let (offset, length) = (info.offset_bytes as usize, info.length_bytes as usize);
        Ok(self.pool.pixels.part(offset, length).checksum())
    }

    /// Makes an independent handle of a stream for a witness.
    ///
    /// # Errors
    /// If node or witness refuse.
    pub fn delegate(&mut self, witness: usize, handle: Handle) -> Result<(), Failure> {
        let holder = self.witnesses.task(witness);
        let theirs = ok("delegate", self.video.delegate(handle, holder))?;
        let taken = self.witnesses.ask(witness, Job::Take(theirs), QUIET_US)?;
        self.delegates[witness] = true;
        equal("the delegate's answer", taken, Outcome::Done)
    }

    /// Whether a witness holds a delegated handle; it does not after this.
    pub fn take_delegate(&mut self, witness: usize) -> bool {
        core::mem::take(&mut self.delegates[witness])
    }

    /// Returns in the middle of a picture that an engine is writing.
    ///
    /// # Errors
    /// If none comes.
    pub fn in_mid_frame(&self) -> Result<(), Failure> {
        let mut before = None;
        for _ in 0..LINE_READS_MAX {
            if !MIDDLE_LINES.contains(&self.bench.line()) {
                before = None;
                continue;
            }
            let bytes = self.bench.seen().dma_bytes;
            if *before.get_or_insert(bytes) != bytes {
                return Ok(());
            }
        }
        Err(failure!("no picture is being written"))
    }

    /// The present lives of all tasks but the two drivers of the module.
    #[must_use]
    pub fn lives(&self) -> Lives {
        let mut lives = [Generation(0); TASKS_MAX];
        for task in (0..self.tasks).map(TaskIndex) {
            if task != self.isp && task != self.sensor {
                lives[usize::from(task.0)] = sys_refresh_task_id(task).generation();
            }
        }
        Lives(lives)
    }

    /// None of them has died since.
    ///
    /// # Errors
    /// If one has.
    pub fn same_lives(&self, before: &Lives) -> Result<(), Failure> {
        let now = self.lives();
        let spread = before.0.iter().zip(now.0).position(|(before, now)| *before != now);
        ensure!(spread.is_none(), "the fault spread to task {spread:?}");
        Ok(())
    }

    /// As [`Stage::same_lives`], but for these tasks.
    ///
    /// # Errors
    /// If another one has died.
    pub fn same_lives_but(&self, before: &Lives, but: &[TaskIndex]) -> Result<(), Failure> {
        let mut now = self.lives();
        for task in but {
            now.0[usize::from(task.0)] = before.0[usize::from(task.0)];
        }
        let spread = before.0.iter().zip(now.0).position(|(before, now)| *before != now);
        ensure!(spread.is_none(), "the fault spread to task {spread:?}");
        Ok(())
    }

    /// Ends the life of a witness; it comes back by itself and knows nothing.
    ///
    /// # Errors
    /// If the supervisor refuses.
    pub fn kill_witness(&mut self, witness: usize) -> Result<(), Failure> {
        self.control(self.witnesses.task(witness), Control::Restart)?;
        self.witnesses.renew(witness);
        Ok(())
    }

    /// Goes on with the present lives of the ledger, the graph and the nodes.
    pub fn rebind(&mut self) {
        self.frames.rebind();
        self.graph.rebind();
        self.media.rebind();
        self.video.rebind();
        let Nodes { raw, preview_input, preview_output, resizer_input, ccp2_input, serial } =
            &mut self.nodes;
        for node in [raw, preview_input, preview_output, resizer_input, ccp2_input, serial] {
            node.video.rebind();
        }
        self.subdev.rebind();
        self.statistics.iter_mut().for_each(statistics::Client::rebind);
    }

    /// Number of entities in the topology.
    ///
    /// # Errors
    /// If the graph does not answer.
    pub fn entities(&self) -> Result<u8, Failure> {
        let version = ok("version", self.graph.topology_version())?;
        let known = (0..u8::MAX).take_while(|index| self.graph.entity(version, *index).is_ok());
        Ok(known.count() as u8)
    }

    /// Ends the driver's life as an operator.
    ///
    /// # Errors
    /// If the supervisor refuses.
    pub fn control(&self, task: TaskIndex, control: Control) -> Result<(), Failure> {
        ok("control", self.supervisor.control(task, control))
    }

    /// Reads the story on until an event that `pick` wants.
    ///
    /// # Errors
    /// If there is none.
    pub fn story<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&StoryEvent) -> Option<T>,
    ) -> Result<T, Failure> {
        for _ in 0..STORY_MAX {
            let Some(event) = ok("story", self.supervisor.next_event(self.cursor))? else { break };
            self.cursor = event.number + 1;
            if let Some(found) = pick(&event) {
                return Ok(found);
            }
        }
        Err(failure!("the story does not tell of {what}"))
    }

    /// Skips what the story has told so far.
    ///
    /// # Errors
    /// If the supervisor does not answer.
    pub fn forget_story(&mut self) -> Result<(), Failure> {
        while let Some(event) = ok("story", self.supervisor.next_event(self.cursor))? {
            self.cursor = event.number + 1;
        }
        Ok(())
    }

    /// The next death of a task in the story.
    ///
    /// # Errors
    /// If the story tells of none.
    pub fn death(&mut self, task: TaskIndex) -> Result<Death, Failure> {
        self.story("the death", |event| match event.kind {
            StoryKind::Death { generation, cause } if event.task == task => {
                Some(Death { generation, cause, time_us: event.time_us })
            }
            _ => None,
        })
    }

    /// When an edge of a life was published, from the cursor on.
    ///
    /// # Errors
    /// If the story does not tell of it.
    pub fn published(
        &mut self,
        task: TaskIndex,
        edge: Edge,
        generation: Generation,
    ) -> Result<u64, Failure> {
        let wanted = StoryKind::Published { edge, generation };
        self.story("the edge", |event| {
            (event.task == task && event.kind == wanted).then_some(event.time_us)
        })
    }

    /// How full the video node is.
    ///
    /// # Errors
    /// If it is gone.
    pub fn usage(&self) -> Result<NodeUsage, Failure> {
        ok("usage", self.video.usage())
    }

    /// Owners of the pool's buffers; they must add up.
    ///
    /// # Errors
    /// If they do not.
    pub fn counts(&self) -> Result<OwnerCounts, Failure> {
        self.counts_of(self.pool.id)
    }

    /// As [`Stage::counts`], of any pool.
    ///
    /// # Errors
    /// If they do not add up.
    pub fn counts_of(&self, id: PoolId) -> Result<OwnerCounts, Failure> {
        let pool = ok("pool", self.frames.pool(id))?;
        let counts = ok("counts", self.frames.counts(id))?;
        let OwnerCounts { client, queued, hardware, quarantined, done } = counts;
        equal("sum of the ledger", client + queued + hardware + quarantined + done, pool.count)?;
        Ok(counts)
    }

    /// All buffers belong to clients or to nobody, no handle is open, nobody waits.
    ///
    /// # Errors
    /// If something is left.
    pub fn at_baseline(&self) -> Result<(), Failure> {
        equal("usage of video6", self.usage()?, NodeUsage::default())?;
        let counts = self.counts()?;
        let pool = ok("pool", self.frames.pool(self.pool.id))?;
        equal("owners", counts, OwnerCounts { client: pool.count, ..OwnerCounts::default() })
    }

    /// The record that ended a handle, by its cheapest operation.
    ///
    /// # Errors
    /// If the handle has not ended.
    pub fn record(&self, handle: Handle) -> Result<Disconnect, Failure> {
        crate::check::disconnected("get format", self.video.get_format(handle))
    }
}

/// Whether the topology has a sensor and the node that the cases stream to.
fn is_complete(node: &task_client::Media) -> Result<bool, task_client::Failure> {
    let (mut sensor, mut output) = (false, false);
    node.entities(|entity| {
        sensor |= entity.description.function == EntityFunction::CamSensor;
        output |= entity.description.name.as_str() == "OMAP3 ISP resizer output";
    })?;
    Ok(sensor && output)
}
