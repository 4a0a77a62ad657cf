//! The peers of a video node behind their slots.

use idl::types::{
    BufferIndex, Drained, EntityId, Name, Note, Owner, PixFormat, Pool, PoolId, ReadTiming,
    Started, TaskIndex, VideoNode,
};
use idl::video::{reply_dequeue_buffer, reply_next_frame, reply_poll, reply_stream_off};
use idl::{frames, graph, isp, supervisor};
use sys_abi::{TaskId, WatchEvent};
use task_video::{Answer, Config, FramesResult, GraphResult, IspResult, Memory, Upstream};

/// What the calls of one node have in common.
pub struct Slots {
    video: VideoNode,
    pool: PoolId,
    supervisor: TaskIndex,
}

impl Slots {
    /// The peers of the node with this configuration.
    pub fn new(config: &Config, supervisor: TaskIndex) -> Self {
        Self { video: config.video(), pool: config.pool, supervisor }
    }
}

impl Upstream for Slots {
    fn graph_find(&mut self, graph: TaskId, name: Name) -> GraphResult<EntityId> {
        graph::Client::new(graph).find(name)
    }

    fn graph_start(
        &mut self,
        graph: TaskId,
        entity: EntityId,
        format: PixFormat,
    ) -> GraphResult<Started> {
        graph::Client::new(graph).start(entity, format)
    }

    fn graph_stop(&mut self, graph: TaskId, entity: EntityId) -> GraphResult<()> {
        graph::Client::new(graph).stop(entity)
    }

    fn isp_queue(&mut self, isp: TaskId, memory: Memory, timing: ReadTiming) -> IspResult<()> {
        isp::Client::new(isp).queue(self.video, memory.pool, memory.buffer, timing)
    }

    fn next_edge(&mut self) -> Option<WatchEvent> {
        userlib::sys_watch_next()
    }

    fn isp_next_done(&mut self, isp: TaskId) -> IspResult<Drained> {
        isp::Client::new(isp).next_done(self.video)
    }

    fn frames_pool(&mut self, frames: TaskId, pool: PoolId) -> FramesResult<Pool> {
        frames::Client::new(frames).pool(pool)
    }

    fn frames_attach(&mut self, frames: TaskId, held: u32) -> FramesResult<()> {
        frames::Client::new(frames).attach(self.pool, held)
    }

    fn frames_queue(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<()> {
        frames::Client::new(frames).queue(self.pool, buffer)
    }

    fn frames_hand_out(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<()> {
        frames::Client::new(frames).hand_out(self.pool, buffer, holder)
    }

    fn frames_cancel(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<()> {
        frames::Client::new(frames).cancel(self.pool, buffer)
    }

    fn frames_import(
        &mut self,
        frames: TaskId,
        memory: Memory,
        holder: TaskIndex,
    ) -> FramesResult<()> {
        frames::Client::new(frames).import(memory.pool, memory.buffer, holder)
    }

    fn frames_release(&mut self, frames: TaskId, memory: Memory) -> FramesResult<()> {
        frames::Client::new(frames).release(memory.pool, memory.buffer)
    }

    fn frames_let_go(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<bool> {
        frames::Client::new(frames).let_go(self.pool, buffer, holder)
    }

    fn frames_share(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()> {
        frames::Client::new(frames).share(self.pool, buffer, reader)
    }

    fn frames_unshare(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()> {
        frames::Client::new(frames).unshare(self.pool, buffer, reader)
    }

    fn frames_owner(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<Owner> {
        frames::Client::new(frames).owner(self.pool, buffer)
    }

    fn answer(&mut self, caller: TaskId, answer: Answer) {
        match answer {
            Answer::Dequeued(result) => reply_dequeue_buffer(caller, result.map_err(Into::into)),
            Answer::Read(result) => reply_next_frame(caller, result.map_err(Into::into)),
            Answer::StreamedOff(result) => reply_stream_off(caller, result.map_err(Into::into)),
            Answer::Polled(result) => reply_poll(caller, result.map_err(Into::into)),
        }
    }

    fn note(&mut self, note: Note) {
        // The story can miss a line; a node cannot stop for it.
        let _ = supervisor::Client::to(self.supervisor).note(note);
    }
}
