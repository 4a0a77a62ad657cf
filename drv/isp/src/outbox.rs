//! What a video node has not fetched yet.

use idl::types::{FrameDone, IspError, NextDone, QUEUE_DEPTH};

use crate::fifo::Fifo;

/// Finished frames of a node, and the end of its stream.
#[derive(Clone, Copy, Debug)]
pub struct Outbox {
    frames: Fifo<FrameDone, QUEUE_DEPTH>,
    stopped: bool,
}

impl Outbox {
    /// Nothing to fetch.
    #[must_use]
    pub const fn new() -> Self {
        Self { frames: Fifo::new(), stopped: false }
    }

    /// Frames not fetched yet.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Adds a frame.
    ///
    /// # Panics
    /// If the node holds more than `QUEUE_DEPTH` buffers, which `queue` prevents.
    pub fn push(&mut self, frame: FrameDone) {
        assert!(self.frames.push(frame), "a node has more buffers than QUEUE_DEPTH");
    }

    /// Nothing follows.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The oldest entry; the end comes after all frames, once.
    ///
    /// # Errors
    /// `NotStreaming` if there is nothing, and nothing can come.
    pub fn next(&mut self, streaming: bool) -> Result<NextDone, IspError> {
        if let Some(frame) = self.frames.pop() {
            return Ok(NextDone::Frame(frame));
        }
        if core::mem::take(&mut self.stopped) {
            return Ok(NextDone::Stopped);
        }
        if streaming { Ok(NextDone::Empty) } else { Err(IspError::NotStreaming) }
    }
}
