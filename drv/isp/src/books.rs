//! The ledger, over IPC.

use drv_isp::{Held, Ledger};
use idl::types::FramesError;
use idl::{frames, ipc};
use ringbuf::ringbuf_entry;

use crate::{TRACE, Trace};

/// The ledger's client.
pub struct Books(pub frames::Client);

impl Books {
    /// A dead ledger knows nothing of what it was told: its next life is told anew.
    fn accept<T>(&mut self, result: Result<T, ipc::Error<FramesError>>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(ipc::Error::Op(error)) => ringbuf_entry!(TRACE, Trace::LedgerRefused(error)),
            Err(ipc::Error::Disconnected(_)) => {
                ringbuf_entry!(TRACE, Trace::LedgerDied);
                self.0.rebind();
            }
        }
        None
    }
}

impl Ledger for Books {
    fn start_dma(&mut self, Held { pool, buffer }: Held, bytes: u32) -> Option<u32> {
        let started = self.0.start_dma(pool, buffer, bytes);
        self.accept(started)
    }

    fn start_read(&mut self, Held { pool, buffer }: Held, bytes: u32) -> Option<u32> {
        let started = self.0.start_read(pool, buffer, bytes);
        self.accept(started)
    }

    fn finish_dma(&mut self, Held { pool, buffer }: Held) -> bool {
        let finished = self.0.finish_dma(pool, buffer);
        self.accept(finished).is_some()
    }
}
