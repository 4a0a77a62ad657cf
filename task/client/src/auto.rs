//! Auto exposure and auto white balance over the nodes of a camera: [`task_auto`] decides, this
//! measures and sets.

use idl::types::{AewbConfig, ControlId, NodeError, Statistics, TaskIndex};
use idol_runtime::ipc;
use task_auto::{Auto, MEASUREMENT_BYTES_MAX, Measurement, Settings, grid};

use crate::{Camera, Failure, StatisticsNode, Subdev};

/// Measurements that are caught up with in one update: the node keeps no more.
const CATCH_UP_MAX: usize = 5;

/// What one measurement led to.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its label.
    pub statistics: Statistics,
    /// What was measured.
    pub measured: Measurement,
    /// What is set since.
    pub settings: Settings,
}

/// A camera that exposes and balances by itself.
#[derive(Debug)]
pub struct AutoCamera {
    aewb: StatisticsNode,
    sensor: Subdev,
    preview: Subdev,
    config: AewbConfig,
    auto: Auto,
}

impl AutoCamera {
    /// Begins with what is set now. The pipeline has been set up for a sensor's picture of this size;
    /// it measures from the start of the stream on, until its end.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn begin(
        camera: &Camera,
        aewb: TaskIndex,
        (width_px, height_px): (u16, u16),
    ) -> Result<Self, Failure> {
        let config = grid(width_px, height_px);
        let aewb = StatisticsNode::open(aewb)?;
        // What was opened before a failure is closed: whoever tries again fills no table.
        let (sensor, preview) = match (Subdev::open(camera.sensor), Subdev::open(camera.preview)) {
            (Ok(sensor), Ok(preview)) => (sensor, preview),
            (sensor, preview) => {
                let _ = aewb.close();
                let failure = sensor.and_then(Subdev::close).err();
                let other = preview.and_then(Subdev::close).err();
                return Err(failure.or(other).unwrap_or(ipc::Error::Op(NodeError::NoDevice)));
            }
        };
        match present(&sensor, &preview).and_then(|now| aewb.measure(config.into()).map(|_| now)) {
            Ok(now) => Ok(Self { aewb, sensor, preview, config, auto: Auto::new(now) }),
            Err(failure) => {
                let _ = close(aewb, sensor, preview);
                Err(failure)
            }
        }
    }

    /// Takes the measurements that are ready, and sets what follows from them. To be called once per
    /// frame. `None`: none was ready.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn update(&mut self) -> Result<Option<Step>, Failure> {
        let mut last = None;
        for _ in 0..CATCH_UP_MAX {
            let mut bytes = [0; MEASUREMENT_BYTES_MAX];
            let statistics = match self.aewb.request(&mut bytes) {
                Ok(statistics) => statistics,
                Err(ipc::Error::Op(NodeError::Busy)) => break,
                Err(failure) => return Err(failure),
            };
            let measured = bytes.get(..statistics.bytes as usize);
            let measured = measured.and_then(|bytes| Measurement::read(&self.config, bytes));
            // Of another client's configuration: says nothing here.
            let Some(measured) = measured else { continue };
            let before = self.auto.settings();
            let settings = self.auto.step(statistics.frame_number, &measured);
            self.set(&before, &settings)?;
            last = Some(Step { statistics, measured, settings });
        }
        Ok(last)
    }

    /// Lets the nodes go; what is set stays.
    ///
    /// # Errors
    /// The death of a node itself, which has closed its handle.
    pub fn close(self) -> Result<(), Failure> {
        close(self.aewb, self.sensor, self.preview)
    }

    fn set(&self, before: &Settings, now: &Settings) -> Result<(), Failure> {
        let changes = [
            (&self.sensor, ControlId::EXPOSURE, before.exposure_lines, now.exposure_lines),
            (&self.sensor, ControlId::GAIN, before.gain_eighths, now.gain_eighths),
            (&self.preview, ControlId::RED_BALANCE, before.red_q5.into(), now.red_q5.into()),
            (&self.preview, ControlId::BLUE_BALANCE, before.blue_q5.into(), now.blue_q5.into()),
        ];
        for (node, id, _, value) in changes.into_iter().filter(|(_, _, old, new)| old != new) {
            node.set_control(id, value as i32)?;
        }
        Ok(())
    }
}

/// What is set now.
fn present(sensor: &Subdev, preview: &Subdev) -> Result<Settings, Failure> {
    let value = |node: &Subdev, id| node.control(id).map(|value| value.max(0) as u32);
    let gain_q5 = |id| value(preview, id).map(|value| value.min(u8::MAX.into()) as u8);
    Ok(Settings {
        exposure_lines: value(sensor, ControlId::EXPOSURE)?,
        gain_eighths: value(sensor, ControlId::GAIN)?,
        red_q5: gain_q5(ControlId::RED_BALANCE)?,
        blue_q5: gain_q5(ControlId::BLUE_BALANCE)?,
    })
}

fn close(aewb: StatisticsNode, sensor: Subdev, preview: Subdev) -> Result<(), Failure> {
    let closed = [aewb.close(), sensor.close(), preview.close()];
    closed.into_iter().collect()
}
