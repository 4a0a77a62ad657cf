//! What the video nodes have not fetched yet.

use idl::types::{Drained, FrameDone, IspError, NextDone, QUEUE_DEPTH, VideoNode};

use crate::fifo::Fifo;

/// Finished frames of a node, and the end of its stream.
#[derive(Clone, Copy, Debug)]
pub struct Outbox {
    frames: Fifo<FrameDone, QUEUE_DEPTH>,
    stopped: bool,
    /// No frame started in time since the last one.
    stalled: bool,
    /// There is something that the node has not been told to fetch.
    news: bool,
}

impl Outbox {
    /// Nothing to fetch.
    #[must_use]
    pub const fn new() -> Self {
        Self { frames: Fifo::new(), stopped: false, stalled: false, news: false }
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
        self.stalled = false;
        self.news = true;
    }

    /// Whoever waits for a frame is to know that none comes in time.
    pub fn stall(&mut self) {
        self.stalled = true;
        self.news = true;
    }

    /// Nothing follows.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.news = true;
    }

    /// The node shall look: its pipeline has started.
    pub fn wake(&mut self) {
        self.news = true;
    }

    /// The oldest entry; that frames are late, and the end, come after all frames, once.
    ///
    /// # Errors
    /// `NotStreaming` if there is nothing, and nothing can come.
    pub fn next(&mut self, streaming: impl FnOnce() -> bool) -> Result<Drained, IspError> {
        let done = if let Some(frame) = self.frames.pop() {
            NextDone::Frame(frame)
        } else if core::mem::take(&mut self.stalled) {
            NextDone::NoFrames
        } else if core::mem::take(&mut self.stopped) {
            NextDone::Stopped
        } else if streaming() {
            NextDone::Empty
        } else {
            return Err(IspError::NotStreaming);
        };
        Ok(Drained { done, more: self.frames.len() > 0 || self.stalled || self.stopped })
    }
}

/// Video nodes of the ISP.
const NODES: usize = 7;

/// A set of video nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodes(u8);

impl Nodes {
    /// No node.
    pub const NONE: Self = Self(0);

    /// The numbers of the nodes.
    pub fn numbers(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let lowest = left.trailing_zeros();
            // Takes the lowest bit away; of none it leaves none.
            left &= left.wrapping_sub(1);
            (lowest < u8::BITS).then_some(lowest as usize)
        })
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a node is in it.
    #[must_use]
    pub const fn contains(self, video: VideoNode) -> bool {
        self.0 & 1 << video as u8 != 0
    }
}

/// The outbox of each video node.
#[derive(Debug)]
pub struct Outboxes {
    all: [Outbox; NODES],
    /// Those that may have news.
    touched: Nodes,
}

impl Outboxes {
    /// Nothing to fetch.
    #[must_use]
    pub const fn new() -> Self {
        Self { all: [Outbox::new(); NODES], touched: Nodes::NONE }
    }

    /// That of one node.
    pub fn of(&mut self, video: VideoNode) -> &mut Outbox {
        self.touched.0 |= 1 << video as u8;
        &mut self.all[video as usize]
    }

    /// The nodes that have to be told; they count as told after this.
    pub fn take_news(&mut self) -> Nodes {
        let mut nodes = Nodes::NONE;
        for number in core::mem::take(&mut self.touched).numbers() {
            nodes.0 |= u8::from(core::mem::take(&mut self.all[number].news)) << number;
        }
        nodes
    }
}
