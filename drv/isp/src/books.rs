//! The ledger, over IPC.

use drv_isp::{Held, Ledger};
use idl::types::{BufferIndex, FramesError, PoolId};
use idl::{frames, ipc};
use ringbuf::ringbuf_entry;

use crate::{TRACE, Trace};

/// The ledger's client.
pub struct Books {
    pub frames: frames::Client,
    /// The pool of tables, which this task has charge of.
    pub tables: PoolId,
}

impl Books {
    /// A dead ledger knows nothing of what it was told: its next life is told anew.
    fn accept<T>(&mut self, result: Result<T, ipc::Error<FramesError>>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(ipc::Error::Op(error)) => ringbuf_entry!(TRACE, Trace::LedgerRefused(error)),
            Err(ipc::Error::Disconnected(_)) => {
                ringbuf_entry!(TRACE, Trace::LedgerDied);
                self.frames.rebind();
            }
        }
        None
    }
}

impl Ledger for Books {
    fn start_dma(&mut self, Held { pool, buffer }: Held, bytes: u32) -> Option<u32> {
        let started = self.frames.start_dma(pool, buffer, bytes);
        self.accept(started)
    }

    fn start_read(&mut self, Held { pool, buffer }: Held, bytes: u32) -> Option<u32> {
        let started = self.frames.start_read(pool, buffer, bytes);
        self.accept(started)
    }

    fn finish_dma(&mut self, Held { pool, buffer }: Held) -> bool {
        let finished = self.frames.finish_dma(pool, buffer);
        self.accept(finished).is_some()
    }

    fn start_table(&mut self, buffer: BufferIndex, bytes: u32) -> Option<u32> {
        // A ledger that has begun anew knows of no charge, and one that knows is told nothing new.
        let attached = self.frames.attach(self.tables, 0);
        self.accept(attached)?;
        let queued = self.frames.queue(self.tables, buffer);
        self.accept(queued)?;
        let started = self.frames.start_read(self.tables, buffer, bytes);
        self.accept(started).or_else(|| {
            let cancelled = self.frames.cancel(self.tables, buffer);
            self.accept(cancelled).and(None)
        })
    }

    fn finish_table(&mut self, buffer: BufferIndex) {
        if self.finish_dma(Held { pool: self.tables, buffer }) {
            let cancelled = self.frames.cancel(self.tables, buffer);
            let _ = self.accept(cancelled);
        }
    }
}
