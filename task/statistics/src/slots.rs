//! The peers of a statistics node behind their slots, and where measurements lie.

use idl::statistics::reply_poll;
use idl::types::{
    BufferIndex, HISTOGRAM_BYTES_MAX, Name, NextStatistics, Note, PollEvents, Pool, PoolId,
    StatisticsConfig, StatisticsEngine, TaskIndex,
};
use idl::{Leased, frames, graph, idol_runtime, isp, supervisor};
use idol_runtime::{CallerGone, W};
use sys_abi::TaskId;
use task_node::{PollPeers, Refusal, frames_refused, graph_refused, isp_refused};
use task_statistics::Upstream;

use crate::mmio;

/// Entries of the largest histogram.
pub const ENTRIES: usize = HISTOGRAM_BYTES_MAX as usize / size_of::<u32>();
/// Histograms that this node keeps: omap3isp has as many buffers as for H3A, but there they are
/// memory that nobody else wants.
pub const HISTOGRAMS: usize = 3;
/// Entries that one call to the driver reads (`statistics_counts`), and words that are copied at
/// once.
const PIECE: usize = 128;

/// Memory for them.
pub type Histograms = [[u32; ENTRIES]; HISTOGRAMS];

/// A pool of the ledger that this node maps.
struct LedgerPool {
    id: PoolId,
    memory: mmio::Pool,
    /// Size of each buffer, as the ledger says.
    buffer_bytes: u32,
}

/// Where measurements lie: in a pool, written by DMA, or here, read out through the driver.
pub struct Store<'a> {
    pool: Option<LedgerPool>,
    counts: &'a mut Histograms,
}

impl<'a> Store<'a> {
    /// The pool of this instance with this number at the ledger, or else this memory.
    pub fn new(id: PoolId, counts: &'a mut Histograms) -> Self {
        let memory = mmio::Pool::mapped();
        let pool = memory.map(|memory| LedgerPool { id, memory, buffer_bytes: 0 });
        Self { pool, counts }
    }

    /// Copies a measurement to a client.
    ///
    /// # Errors
    /// The client is gone.
    pub fn copy(
        &self,
        buffer: BufferIndex,
        bytes: u32,
        into: Leased<W, [u8]>,
    ) -> Result<(), CallerGone> {
        let count = bytes as usize / size_of::<u32>();
        for first in (0..count).step_by(PIECE) {
            let mut words = [0; PIECE];
            let words = &mut words[..PIECE.min(count - first)];
            self.read(buffer, first, words);
            let mut bytes = [0; PIECE * size_of::<u32>()];
            let flat = words.iter().flat_map(|word| word.to_le_bytes());
            bytes.iter_mut().zip(flat).for_each(|(place, byte)| *place = byte);
            into.write_range(4 * first, &bytes[..4 * words.len()])?;
        }
        Ok(())
    }

    fn read(&self, buffer: BufferIndex, first: usize, words: &mut [u32]) {
        let index = usize::from(buffer.0);
        match &self.pool {
            Some(LedgerPool { memory, buffer_bytes, .. }) => {
                memory.read(index * *buffer_bytes as usize + 4 * first, words);
            }
            None => words.copy_from_slice(&self.counts[index][first..][..words.len()]),
        }
    }
}

/// What the calls of one node have in common.
pub struct Slots<'a> {
    pub engine: StatisticsEngine,
    pub supervisor: TaskIndex,
    pub store: Store<'a>,
}

impl Upstream for Slots<'_> {
    fn find(&mut self, graph: TaskId, name: Name) -> Result<(), Refusal> {
        graph::Client::new(graph).find(name).map(|_| ()).map_err(graph_refused)
    }

    fn configure(&mut self, isp: TaskId, config: StatisticsConfig) -> Result<u16, Refusal> {
        isp::Client::new(isp).statistics_configure(config).map_err(isp_refused)
    }

    fn enable(&mut self, isp: TaskId, on: bool) -> Result<(), Refusal> {
        isp::Client::new(isp).statistics_enable(self.engine, on).map_err(isp_refused)
    }

    fn queue(&mut self, isp: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        let pool = self.store.pool.as_ref().map_or(PoolId(u8::MAX), |pool| pool.id);
        let isp = isp::Client::new(isp);
        isp.statistics_queue(self.engine, pool, buffer).map_err(isp_refused)
    }

    fn next(&mut self, isp: TaskId) -> Result<NextStatistics, Refusal> {
        isp::Client::new(isp).statistics_next(self.engine).map_err(isp_refused)
    }

    fn collect(&mut self, isp: TaskId, buffer: BufferIndex, bytes: u32) -> Result<(), Refusal> {
        if self.store.pool.is_some() {
            return Ok(());
        }
        let isp = isp::Client::new(isp);
        let counts =
            self.store.counts.get_mut(usize::from(buffer.0)).map_or(&mut [][..], |all| all);
        let count = (bytes as usize / size_of::<u32>()).min(counts.len());
        for (piece, words) in counts[..count].chunks_mut(PIECE).enumerate() {
            let mut bytes = [0; PIECE * size_of::<u32>()];
            let bytes = &mut bytes[..size_of_val(words)];
            isp.statistics_counts((piece * PIECE) as u16, bytes).map_err(isp_refused)?;
            for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
                *word = u32::from_le_bytes(*bytes);
            }
        }
        Ok(())
    }

    fn attach(&mut self, frames: TaskId) -> Result<Pool, Refusal> {
        let Some(LedgerPool { id, buffer_bytes, .. }) = &mut self.store.pool else {
            let (buffer_bytes, count) = (HISTOGRAM_BYTES_MAX, HISTOGRAMS as u8);
            return Ok(Pool { base: 0, buffer_bytes, count });
        };
        let frames = frames::Client::new(frames);
        frames.attach(*id, 0).map_err(frames_refused)?;
        let pool = frames.pool(*id).map_err(frames_refused)?;
        *buffer_bytes = pool.buffer_bytes;
        Ok(pool)
    }

    fn prepare(&mut self, frames: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        self.release(frames, buffer)?;
        let Some(LedgerPool { id, .. }) = &self.store.pool else { return Ok(()) };
        frames::Client::new(frames).queue(*id, buffer).map_err(frames_refused)
    }

    fn release(&mut self, frames: TaskId, buffer: BufferIndex) -> Result<(), Refusal> {
        let Some(LedgerPool { id, .. }) = &self.store.pool else { return Ok(()) };
        frames::Client::new(frames).cancel(*id, buffer).map_err(frames_refused)
    }
}

impl PollPeers for Slots<'_> {
    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
        reply_poll(caller, result.map_err(Into::into));
    }

    fn note(&mut self, note: Note) {
        // The story can miss a line; a node cannot stop for it.
        let _ = supervisor::Client::to(self.supervisor).note(note);
    }
}
