//! What a node asks of its peers, and how it answers calls that waited.
//!
//! Each call names the life that it is meant for: nothing reaches a later life by accident.

use idl::types::{
    BufferIndex, Drained, EntityId, FrameInfo, FramesError, GraphError, IspError, Name, Note,
    Owner, PixFormat, PollEvents, Pool, PoolId, ReadFrame, ReadTiming, Started, TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::Refusal;

/// The result of a call to the ledger.
pub type FramesResult<T> = Result<T, ipc::Error<FramesError>>;
/// The result of a call to the graph.
pub type GraphResult<T> = Result<T, ipc::Error<GraphError>>;
/// The result of a call to the ISP.
pub type IspResult<T> = Result<T, ipc::Error<IspError>>;

/// The answer to a call that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `dequeue_buffer`.
    Dequeued(Result<FrameInfo, Refusal>),
    /// To `next_frame`.
    Read(Result<ReadFrame, Refusal>),
    /// To `stream_off`.
    StreamedOff(Result<(), Refusal>),
    /// To `poll`.
    Polled(Result<PollEvents, Refusal>),
}

/// A buffer of any pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The pool.
    pub pool: PoolId,
    /// The buffer there.
    pub buffer: BufferIndex,
}

/// The peers. The operations are those of `idl/graph.idol`, `idl/isp.idol` and
/// `idl/frames.idol`, for this node's number, and for its pool where none is named.
#[allow(missing_docs, reason = "each method is the operation of the same name, documented there")]
pub trait Upstream {
    fn graph_find(&mut self, graph: TaskId, name: Name) -> GraphResult<EntityId>;
    fn graph_start(
        &mut self,
        graph: TaskId,
        entity: EntityId,
        format: PixFormat,
    ) -> GraphResult<Started>;
    fn graph_stop(&mut self, graph: TaskId, entity: EntityId) -> GraphResult<()>;
    fn isp_queue(&mut self, isp: TaskId, memory: Memory, timing: ReadTiming) -> IspResult<()>;
    /// The next edge of a watched task that has not been taken yet; never blocks.
    fn next_edge(&mut self) -> Option<WatchEvent>;
    fn isp_next_done(&mut self, isp: TaskId) -> IspResult<Drained>;
    fn frames_pool(&mut self, frames: TaskId, pool: PoolId) -> FramesResult<Pool>;
    fn frames_attach(&mut self, frames: TaskId, held: u32) -> FramesResult<()>;
    fn frames_queue(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<()>;
    fn frames_hand_out(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<()>;
    fn frames_cancel(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<()>;
    fn frames_import(
        &mut self,
        frames: TaskId,
        memory: Memory,
        holder: TaskIndex,
    ) -> FramesResult<()>;
    fn frames_release(&mut self, frames: TaskId, memory: Memory) -> FramesResult<()>;
    fn frames_let_go(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> FramesResult<bool>;
    fn frames_share(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()>;
    fn frames_unshare(
        &mut self,
        frames: TaskId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> FramesResult<()>;
    fn frames_owner(&mut self, frames: TaskId, buffer: BufferIndex) -> FramesResult<Owner>;
    /// Answers a call that waited; never blocks.
    fn answer(&mut self, caller: TaskId, answer: Answer);
    /// Tells the supervisor.
    fn note(&mut self, note: Note);
}
