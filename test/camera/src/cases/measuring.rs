//! What the cases about statistics share: a node whose engine measures, and the end of its stream.

use idl::statistics;
use idl::types::{
    AewbConfig, Event, EventKind, Grid, Handle, PollEvents, PoolId, Statistics, StatisticsConfig,
};

use super::removal;
use crate::check::{Failure, equal, ok};
use crate::stage::{FRAME_MS, Running, Stage};
use crate::{ensure, failure};

/// Pool of the AEWB node at the ledger (app.toml).
pub const AEWB_POOL: PoolId = PoolId(5);
/// Room for any measurement of these cases, in bytes.
pub const ROOM_BYTES: usize = 4096;

/// A grid over the small picture of these cases.
pub const AEWB: AewbConfig = AewbConfig {
    grid: Grid { left_px: 6, top_px: 4, width_px: 24, height_px: 18, columns: 5, rows: 6 },
    black_top_px: 0,
    black_height_px: 4,
    step_x_px: 4,
    step_y_px: 6,
    saturation: 500,
    alaw: false,
};

/// An open statistics node whose engine measures.
pub struct Measuring {
    /// The node.
    pub node: statistics::Client,
    /// The handle.
    pub handle: Handle,
}

impl Measuring {
    /// Opens the engine's node, subscribes, configures, enables.
    pub fn begin(stage: &Stage, config: StatisticsConfig) -> Result<Self, Failure> {
        let node = stage.statistics[config.engine() as usize];
        let handle = ok("open", node.open())?;
        ok("subscribe", node.subscribe_event(handle, EventKind::Statistics))?;
        let counter = ok("configure", node.configure(handle, config))?;
        ensure!(counter >= 1, "configurations count from {counter}");
        ok("enable", node.enable(handle, true))?;
        Ok(Self { node, handle })
    }

    /// Waits for the next event; gives the frame, and whether its measurement was lost.
    pub fn any_event(&self) -> Result<(u32, bool), Failure> {
        let woke = ok("poll", self.node.poll(self.handle, PollEvents::PRI, FRAME_MS))?;
        equal("poll", woke, PollEvents::PRI)?;
        let event = ok("DQEVENT", self.node.dequeue_event(self.handle))?;
        match event.event {
            Event::Statistics { frame_number, buffer_error, .. } => {
                Ok((frame_number, buffer_error))
            }
            other => Err(failure!("expected a measurement, found {other:?}")),
        }
    }

    /// Waits for the next event, which must tell of a good measurement; gives the frame.
    pub fn event(&self) -> Result<u32, Failure> {
        let (frame, lost) = self.any_event()?;
        ensure!(!lost, "the measurement of frame {frame} was lost");
        Ok(frame)
    }

    /// The oldest measurement.
    pub fn request(&self, into: &mut [u8]) -> Result<Statistics, Failure> {
        ok("request", self.node.request(self.handle, into))
    }

    /// Closes the handle.
    pub fn close(self) -> Result<(), Failure> {
        ok("close", self.node.close(self.handle))
    }
}

/// Ends the stream in good order.
pub fn stop(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}
