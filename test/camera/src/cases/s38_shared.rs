//! S38: a buffer that one node captured is read by another, without a copy; exporter or importer dies:
//! the ledger stays exact, the other goes on or is told.

use idl::ipc;
use idl::types::{BufferIndex, Control, NodeError, OutputFrame, Owner};

use super::memory::{self, FIRST, Pair, Queue};
use crate::check::{Failure, Verdict, disconnected, equal, ok, refused};
use crate::ensure;
use crate::stage::{FRAME_MS, SENSOR_PX, Stage};
use crate::text::Text;

/// What the scaled picture is like, in pixels.
const OUTPUT_PX: (u16, u16) = (96, 64);

/// A frame behind the preview engine that this client holds, and a resizer that may read it.
struct Shared {
    exporter: Queue,
    held: BufferIndex,
    /// This client holds it.
    holder: Owner,
    pair: Pair,
}

impl Shared {
    fn new(stage: &mut Stage) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.previewed(SENSOR_PX))?;
        let exporter = Queue::open(stage, memory::preview_output, layout.output)?;
        exporter.queue(stage, FIRST)?;
        exporter.start(stage)?;
        let held = exporter.take(stage)?.frame.buffer;
        exporter.stop(stage)?;
        let size_px = (exporter.format.width_px, exporter.format.height_px);
        let pair = Pair::scaled(stage, size_px, OUTPUT_PX)?;
        equal("line distance", pair.input.format.stride_bytes, exporter.format.stride_bytes)?;
        let holder = memory::owner(stage, stage.nodes.preview_output.pool.id, held)?;
        ensure!(matches!(holder, Owner::Client(Some(_))), "the held frame's owner is {holder:?}");
        Ok(Self { exporter, held, holder, pair })
    }

    /// Queues the held frame for reading.
    fn import(&self, stage: &Stage, timestamp_us: u64) -> Result<(), ipc::Error<NodeError>> {
        let pool = stage.nodes.preview_output.pool.id;
        let frame = OutputFrame { bytes_used: 0, timestamp_us };
        let node = memory::resizer_input(stage);
        node.import_buffer(self.pair.input.handle, FIRST, pool, self.held, frame)
    }

    fn owner(&self, stage: &Stage) -> Result<Owner, Failure> {
        memory::owner(stage, stage.nodes.preview_output.pool.id, self.held)
    }

    /// Both queues run and the job with the imported frame is in the hardware.
    fn in_a_job(&self, stage: &Stage) -> Result<(), Failure> {
        self.pair.start(stage)?;
        self.pair.output.queue(stage, FIRST)?;
        ok("import", self.import(stage, 7))?;
        memory::in_hardware(stage, [stage.pool.id, stage.nodes.preview_output.pool.id])
    }

    fn sum(&self, stage: &Stage, buffer: BufferIndex) -> Result<u32, Failure> {
        Ok(self.pair.output.pixels(stage.pool.pixels, stage, buffer)?.checksum())
    }
}

/// The picture made of the imported frame is that of a copy of it.
pub fn imported(stage: &mut Stage) -> Verdict {
    let shared = Shared::new(stage)?;
    let Shared { exporter, held, pair, .. } = &shared;
    let (from, to) =
        (stage.nodes.preview_output.pool.pixels, stage.nodes.resizer_input.pool.pixels);
    let (from, to) = (exporter.pixels(from, stage, *held)?, pair.input.pixels(to, stage, FIRST)?);
    for offset in (0..from.bytes()).step_by(4) {
        to.write(offset, from.read(offset));
    }
    let before = from.checksum();
    pair.start(stage)?;
    let made = pair.run(stage, 3)?;
    let copied = shared.sum(stage, made.frame.buffer)?;
    pair.output.queue(stage, FIRST)?;
    ok("import", shared.import(stage, 4))?;
    let again = shared.import(stage, 4);
    refused("a second import", again, NodeError::BadBuffer)?;
    let queued = memory::preview_output(stage).queue_buffer(exporter.handle, *held);
    refused("queue at the exporter", queued, NodeError::BadBuffer)?;
    let made = pair.finish(stage, 4)?;
    equal("checksum without a copy", shared.sum(stage, made.frame.buffer)?, copied)?;
    equal("the frame that was read", from.checksum(), before)?;
    equal("owner", shared.owner(stage)?, shared.holder)?;
    exporter.queue(stage, *held)?;
    equal("owner", shared.owner(stage)?, Owner::Queued)?;
    pair.output.stop(stage)?;
    exporter.close(stage)?;
    pair.close(stage)?;
    for pool in [stage.nodes.preview_output.pool.id, stage.nodes.resizer_input.pool.id] {
        memory::at_rest(stage, pool)?;
    }
    Ok(Text::of(format_args!("checksum {copied:#010x}, copied and imported")))
}

pub fn importer_dies(stage: &mut Stage) -> Verdict {
    let shared = Shared::new(stage)?;
    shared.in_a_job(stage)?;
    let node = memory::resizer_input(stage).task_id().index();
    stage.control(node, Control::Restart)?;
    let waited = stage.video.dequeue_buffer(shared.pair.output.handle, FRAME_MS);
    refused("the capture node is told", waited, NodeError::NotStreaming)?;
    let exporter_pool = stage.nodes.preview_output.pool.id;
    memory::at_rest(stage, exporter_pool)?;
    equal("owner", shared.owner(stage)?, shared.holder)?;
    shared.exporter.queue(stage, shared.held)?;
    shared.exporter.close(stage)?;
    shared.pair.output.close(stage)?;
    memory::at_rest(stage, exporter_pool)?;
    Ok(Text::of(format_args!("the frame is its client's again")))
}

pub fn exporter_dies(stage: &mut Stage) -> Verdict {
    let shared = Shared::new(stage)?;
    shared.in_a_job(stage)?;
    let node = memory::preview_output(stage).task_id().index();
    stage.control(node, Control::Restart)?;
    let made = shared.pair.finish(stage, 7)?;
    let sum = shared.sum(stage, made.frame.buffer)?;
    equal("owner", shared.owner(stage)?, shared.holder)?;
    let ended = memory::preview_output(stage).get_format(shared.exporter.handle);
    let record = disconnected("the exporter's client", ended)?;
    equal("who died", (record.peer, record.hops), (node, 0))?;
    stage.ready(node, Some(record.generation))?;
    stage.rebind();
    // A new request lets go of what its own caller held.
    let exporter = Queue::open(stage, memory::preview_output, shared.exporter.format)?;
    equal("owner", shared.owner(stage)?, Owner::Client(None))?;
    exporter.close(stage)?;
    shared.pair.output.stop(stage)?;
    shared.pair.close(stage)?;
    Ok(Text::of(format_args!("the job ended well, checksum {sum:#010x}")))
}
