//! Pipelines from memory: what their cases share.

use idl::types::{
    BufferIndex, FrameInfo, Handle, NodeError, OutputFrame, Owner, OwnerCounts, PixFormat, PoolId,
    Reclaim,
};
use idl::{ipc, video};
use task_client::MemoryLayout;

use crate::check::{Failure, equal, ok};
use crate::mmio::Pixels;
use crate::stage::{FRAME_MS, QUIET_US, READY_US, Stage};

/// Buffers of each queue.
pub const BUFFERS: u8 = 2;
/// The first buffer of a queue.
pub const FIRST: BufferIndex = BufferIndex(0);
/// Large pictures, so that a job takes as long as there is to do meanwhile.
pub const LARGE_PX: (u16, u16) = (640, 480);
/// Half as large.
pub const HALF_PX: (u16, u16) = (320, 240);
/// Longest wait for a stream to stop, in milliseconds.
pub const STOP_MS: u32 = 3_000;

/// A node of the stage.
pub type Pick = fn(&Stage) -> &video::Client;

/// CCDC output.
pub fn raw(stage: &Stage) -> &video::Client {
    &stage.nodes.raw.video
}

/// CCP2 input.
pub fn ccp2_input(stage: &Stage) -> &video::Client {
    &stage.nodes.ccp2_input.video
}

/// Preview input.
pub fn preview_input(stage: &Stage) -> &video::Client {
    &stage.nodes.preview_input.video
}

/// Preview output.
pub fn preview_output(stage: &Stage) -> &video::Client {
    &stage.nodes.preview_output.video
}

/// Resizer input.
pub fn resizer_input(stage: &Stage) -> &video::Client {
    &stage.nodes.resizer_input.video
}

/// Resizer output.
pub fn resizer_output(stage: &Stage) -> &video::Client {
    &stage.video
}

/// A handle with buffers and a format.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    pub node: Pick,
    pub handle: Handle,
    pub format: PixFormat,
}

impl Queue {
    /// Opens a node, once it serves, and requests buffers.
    pub fn open(stage: &mut Stage, node: Pick, wanted: PixFormat) -> Result<Self, Failure> {
        let handle = stage.wait_for("open", READY_US, |stage| match node(stage).open() {
            Ok(handle) => Ok(Some(handle)),
            Err(ipc::Error::Op(NodeError::NoDevice)) => Ok(None),
            other => ok("open", other).map(Some),
        })?;
        let format = ok("set format", node(stage).set_format(handle, wanted))?;
        let size = |format: PixFormat| (format.width_px, format.height_px, format.pixel_format);
        equal("format", size(format), size(wanted))?;
        let granted = ok("request buffers", node(stage).request_buffers(handle, BUFFERS))?;
        equal("buffers granted", granted, BUFFERS)?;
        Ok(Self { node, handle, format })
    }

    pub fn start(&self, stage: &Stage) -> Result<(), Failure> {
        ok("stream on", (self.node)(stage).stream_on(self.handle))
    }

    pub fn queue(&self, stage: &Stage, buffer: BufferIndex) -> Result<(), Failure> {
        ok("queue", (self.node)(stage).queue_buffer(self.handle, buffer))
    }

    /// Queues what the client has written, with a time.
    pub fn queue_at(
        &self,
        stage: &Stage,
        buffer: BufferIndex,
        timestamp_us: u64,
    ) -> Result<(), Failure> {
        let frame = OutputFrame { bytes_used: self.format.size_bytes, timestamp_us };
        ok("queue output", (self.node)(stage).queue_output(self.handle, buffer, frame))
    }

    /// Takes a buffer that came back good.
    pub fn take(&self, stage: &Stage) -> Result<FrameInfo, Failure> {
        let info = ok("dequeue", (self.node)(stage).dequeue_buffer(self.handle, FRAME_MS))?;
        equal("flags", info.frame.flags.0, 0)?;
        Ok(info)
    }

    pub fn stop(&self, stage: &Stage) -> Result<(), Failure> {
        ok("stream off", (self.node)(stage).stream_off(self.handle, STOP_MS))
    }

    /// Pixels of a buffer of this queue's own pool.
    pub fn pixels(
        &self,
        pool: Pixels,
        stage: &Stage,
        buffer: BufferIndex,
    ) -> Result<Pixels, Failure> {
        let info = ok("query buffer", (self.node)(stage).query_buffer(self.handle, buffer))?;
        Ok(pool.part(info.offset_bytes as usize, info.length_bytes as usize))
    }

    pub fn close(&self, stage: &Stage) -> Result<(), Failure> {
        ok("close", (self.node)(stage).close(self.handle))
    }

    /// After a disconnect: a buffer that was queued comes back, once.
    pub fn reclaim(&self, stage: &mut Stage, buffer: BufferIndex) -> Result<(), Failure> {
        let (node, handle) = (self.node, self.handle);
        stage.wait_for("reclaim", QUIET_US, |stage| {
            let reclaimed = ok("reclaim", node(stage).reclaim(handle, buffer))?;
            Ok((reclaimed == Reclaim::Cancelled).then_some(()))
        })?;
        let again = node(stage).reclaim(handle, buffer);
        equal("a second reclaim", again, Err(ipc::Error::Op(NodeError::BadBuffer)))
    }
}

/// Both ends of a pipeline from memory.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub input: Queue,
    pub output: Queue,
    pub layout: MemoryLayout,
}

impl Pair {
    /// The resizer between two queues; neither is started.
    pub fn scaled(
        stage: &mut Stage,
        input_px: (u16, u16),
        output_px: (u16, u16),
    ) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.scaled(input_px, output_px))?;
        Self::open(stage, (resizer_input, resizer_output), layout)
    }

    /// The preview engine between two queues; neither is started.
    pub fn developed(
        stage: &mut Stage,
        input_px: (u16, u16),
        eight_bits: bool,
    ) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.developed(input_px, eight_bits))?;
        Self::open(stage, (preview_input, preview_output), layout)
    }

    /// Receiver and CCDC between two queues; neither is started.
    pub fn received(
        stage: &mut Stage,
        input_px: (u16, u16),
        compressed: bool,
    ) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.received(stage.ccp2, input_px, compressed))?;
        Self::open(stage, (ccp2_input, raw), layout)
    }

    /// Receiver, CCDC and preview engine between two queues; neither is started.
    pub fn received_and_developed(
        stage: &mut Stage,
        input_px: (u16, u16),
    ) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        let layout = ok("set up", stage.camera.received_and_developed(stage.ccp2, input_px))?;
        Self::open(stage, (ccp2_input, preview_output), layout)
    }

    /// An input and an output node with these formats; neither is started.
    pub fn open(
        stage: &mut Stage,
        (input, output): (Pick, Pick),
        layout: MemoryLayout,
    ) -> Result<Self, Failure> {
        let input = Queue::open(stage, input, layout.input)?;
        let output = Queue::open(stage, output, layout.output)?;
        Ok(Self { input, output, layout })
    }

    pub fn start(&self, stage: &Stage) -> Result<(), Failure> {
        self.input.start(stage)?;
        self.output.start(stage)
    }

    /// One job with the first buffers, from start to end; its word is the same on both.
    pub fn run(&self, stage: &Stage, timestamp_us: u64) -> Result<FrameInfo, Failure> {
        self.output.queue(stage, FIRST)?;
        self.input.queue_at(stage, FIRST, timestamp_us)?;
        self.finish(stage, timestamp_us)
    }

    /// The end of a job that was begun with that time.
    pub fn finish(&self, stage: &Stage, timestamp_us: u64) -> Result<FrameInfo, Failure> {
        let (made, read) = (self.output.take(stage)?, self.input.take(stage)?);
        let word = |info: &FrameInfo| (info.frame.sequence, info.frame.timestamp_us);
        equal("the two of a job", word(&made), word(&read))?;
        equal("time of what was read", made.frame.timestamp_us, timestamp_us)?;
        Ok(made)
    }

    pub fn close(&self, stage: &Stage) -> Result<(), Failure> {
        self.input.close(stage)?;
        self.output.close(stage)
    }
}

/// A job is in the hardware: a buffer of each of these pools.
pub fn in_hardware(stage: &Stage, pools: [PoolId; 2]) -> Result<(), Failure> {
    for pool in pools {
        equal("buffers in hardware", stage.counts_of(pool)?.hardware, 1)?;
    }
    Ok(())
}

/// All buffers of a pool are the clients' or nobody's, within the time of a stop.
pub fn at_rest(stage: &mut Stage, pool: PoolId) -> Result<(), Failure> {
    const REST_US: u64 = 1_200_000;
    stage.wait_for("the pool at rest", REST_US, |stage| {
        let counts = stage.counts_of(pool)?;
        let client = ok("pool", stage.frames.pool(pool))?.count;
        Ok((counts == OwnerCounts { client, ..OwnerCounts::default() }).then_some(()))
    })
}

/// Who has a buffer, as the ledger says.
pub fn owner(stage: &Stage, pool: PoolId, buffer: BufferIndex) -> Result<Owner, Failure> {
    ok("owner", stage.frames.owner(pool, buffer))
}

/// Fills a picture in YUYV: luma goes up by one with each column and line, blue-difference by one with
/// each pair, red-difference down.
pub fn ramp(pixels: Pixels, format: PixFormat) {
    draw_ramp(format, |offset, word| pixels.write(offset, word));
}

/// The words of a ramp, with their offsets in bytes.
pub fn draw_ramp(format: PixFormat, mut write: impl FnMut(usize, u32)) {
    for y in 0..u32::from(format.height_px) {
        for pair in 0..u32::from(format.width_px) / 2 {
            let luma = BLACK + (2 * pair + y) % WRAP;
            let (blue, red) = (60 + pair % 64, 200 - pair % 64);
            let second = BLACK + (2 * pair + 1 + y) % WRAP;
            let word = luma | blue << 8 | second << 16 | red << 24;
            write((y * format.stride_bytes + 4 * pair) as usize, word);
        }
    }
}

/// Luma of a ramp's first pixel.
pub const BLACK: u32 = 20;
/// Where a ramp begins again.
const WRAP: u32 = 200;
