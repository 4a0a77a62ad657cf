//! S32: the pixel rate of the sensor, and what the CCDC takes of it.

use idl::types::{ControlDescription, ControlId, ControlKind, NodeError};
use task_client::Subdev;

use super::hw_widths::starts;
use super::memory;
use crate::check::{Verdict, equal, ok, refused};
use crate::ensure;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// `pixel_clock_hz` of `variants/fast.toml`.
const FAST_HZ: i32 = 96_000_000;
/// Controls that are looked at.
const CONTROLS_MAX: u8 = 32;

/// For the image `variants/fast.toml`: a sensor too fast for the parallel port is refused there, at STREAMON, and
/// streams on the serial line, which may be faster.
pub fn fast(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
    let rate = (0..CONTROLS_MAX)
        .map_while(|index| sensor.query_control(index).ok())
        .find(|control| control.id == ControlId::PIXEL_RATE)
        .ok_or(crate::failure!("the sensor has no pixel rate"))?;
    let ControlDescription { kind, minimum, maximum, read_only, .. } = rate;
    equal("kind", kind, ControlKind::Integer)?;
    ensure!(read_only && minimum == FAST_HZ && maximum == FAST_HZ, "{rate:?}");
    let get = || ok("G_CTRL", sensor.control(ControlId::PIXEL_RATE));
    equal("the rate", get()?, FAST_HZ)?;
    let set = sensor.set_control(ControlId::PIXEL_RATE, FAST_HZ / 2);
    refused("to set it", set, NodeError::ReadOnly)?;
    equal("the rate afterwards", get()?, FAST_HZ)?;
    ok("close", sensor.close())?;

    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    starts(stage, memory::raw, layout.output, Some(NodeError::TooFast))?;
    let layout = ok("set up", stage.camera.serial_raw(stage.csi2a, SENSOR_PX, false))?;
    starts(stage, memory::raw, layout.output, None)?;
    Ok(Text::of(format_args!("{FAST_HZ} pixels per second")))
}
