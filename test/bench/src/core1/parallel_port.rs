//! From the sensor over the parallel port to the CCDC.

use super::camera::Camera;
use super::config::{self, Input};
use super::frame::Frame;
use crate::pixels::bridge::Bridge;
use crate::scene::SceneSource;
use crate::shared::Shared;

impl Camera {
    /// The sensor's line goes into the raw line; returns its number of pixels.
    pub(super) fn sensor_row(&mut self, frame: &Frame, scene: &mut impl SceneSource) -> usize {
        if !self.sensor_ready {
            self.sensor.configure(&self.sensor_config, scene.size());
            self.sensor_ready = true;
        }
        self.sensor.line(scene, frame.sequence, frame.line as usize, &mut self.raw)
    }

    /// The raw line, which has what `input` sent, becomes what the CCDC sees; returns its number of words.
    pub(super) fn cross_port(&mut self, shared: &Shared, input: Input, width: usize) -> usize {
        let (bridge, lane_shift) = config::bridge(shared);
        let paired = self.sent.ycbcr().is_some();
        if input != Input::Sensor || !paired && bridge == Bridge::Off {
            return width;
        }
        bridge.cross(&mut self.raw, width, paired, lane_shift)
    }
}
