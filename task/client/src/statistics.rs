//! A statistics node: configure, enable, event, request.

use idl::statistics;
use idl::types::{
    EventKind, Handle, PollEvents, QueuedEvent, Statistics, StatisticsConfig, TaskIndex,
};

use crate::Failure;

/// An open statistics node, subscribed to its events.
#[derive(Debug)]
pub struct StatisticsNode {
    node: statistics::Client,
    handle: Handle,
}

impl StatisticsNode {
    /// Opens the present life of a statistics node.
    ///
    /// # Errors
    /// `NoDevice` while its hardware is away; a disconnect.
    pub fn open(node: TaskIndex) -> Result<Self, Failure> {
        let node = statistics::Client::to(node);
        let handle = node.open()?;
        match node.subscribe_event(handle, EventKind::Statistics) {
            Ok(()) => Ok(Self { node, handle }),
            Err(failure) => {
                let _ = node.close(handle);
                Err(failure)
            }
        }
    }

    /// Measures this from now on; gives the counter of the configuration.
    ///
    /// # Errors
    /// `InvalidConfiguration`; a disconnect.
    pub fn measure(&self, config: StatisticsConfig) -> Result<u16, Failure> {
        let counter = self.node.configure(self.handle, config)?;
        self.node.enable(self.handle, true)?;
        Ok(counter)
    }

    /// Waits for an event or the end of the handle.
    ///
    /// # Errors
    /// A disconnect.
    pub fn poll(&self, timeout_ms: u32) -> Result<PollEvents, Failure> {
        self.node.poll(self.handle, PollEvents::PRI, timeout_ms)
    }

    /// VIDIOC_DQEVENT.
    ///
    /// # Errors
    /// `NoEvent`; a disconnect.
    pub fn event(&self) -> Result<QueuedEvent, Failure> {
        self.node.dequeue_event(self.handle)
    }

    /// The oldest measurement, copied to the start of `into`.
    ///
    /// # Errors
    /// `Busy` if none is ready, `TooShort`, `NotEnabled`; a disconnect.
    pub fn request(&self, into: &mut [u8]) -> Result<Statistics, Failure> {
        self.node.request(self.handle, into)
    }

    /// Closes the handle; the engine goes on.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }
}
