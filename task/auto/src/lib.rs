//! Auto exposure and auto white balance, from AEWB statistics: pure, so that it runs in any client.
//!
//! ```text
//!   AEWB buffer ──► Measurement ──► Auto::step ──► Settings: exposure, gain (sensor)
//!   (grid of sums)  (means)                                  red, blue balance (preview)
//! ```
//!
//! # Why
//! *Both in the client.* omap3isp measures, programs decide (there it is user space, in libcamera the
//! IPA): what a good picture is, is policy. A client that wants another one writes it.
//!
//! *Exposure in one step, then wait.* The sensor is linear and the statistics are taken before white
//! balance and gamma, so the right exposure is the present one times wanted / measured, exactly,
//! where nothing is clipped. What makes such loops swing is the delay: a measurement of a frame that
//! was exposed before the last change says nothing about that change. So measurements of frames
//! within [`SETTLE_FRAMES`] of a change are not looked at. Rejected: small steps each frame (slow
//! from three stops off, and still swings if the delay is longer than they assume), and a model of
//! which frame has which settings (right only as long as no write is a frame late).
//!
//! *Grey world.* The mean of a scene is taken for grey: red and blue are gained to the mean of green,
//! over the windows in which nothing is clipped. It measures before its own gains, so it cannot
//! swing; it goes half of the way per frame, so that an object that passes does not flash. A scene
//! of one colour is made grey: that is the known price of grey world.
//!
//! *Long exposure before gain*, because gain has noise, up to the exposure at which the sensor still
//! keeps its frame rate.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod exposure;
mod measurement;
mod white_balance;

pub use exposure::{EXPOSURE_MAX_LINES, GAIN_MAX_EIGHTHS, SETTLE_FRAMES, TARGET};
pub use measurement::{MEASUREMENT_BYTES_MAX, Measurement, grid};
pub use white_balance::UNITY_Q5;

use exposure::Exposure;
use white_balance::WhiteBalance;

/// What the loop sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Exposure time of the sensor, in lines.
    pub exposure_lines: u32,
    /// Gain of the sensor, in eighths.
    pub gain_eighths: u32,
    /// White balance gain of red, U8Q5.
    pub red_q5: u8,
    /// White balance gain of blue, U8Q5.
    pub blue_q5: u8,
}

/// The loop over a stream.
#[derive(Clone, Debug)]
pub struct Auto {
    exposure: Exposure,
    white_balance: WhiteBalance,
}

impl Auto {
    /// Begins with what is set now.
    #[must_use]
    pub const fn new(present: Settings) -> Self {
        let Settings { exposure_lines, gain_eighths, red_q5, blue_q5 } = present;
        Self {
            exposure: Exposure::new(exposure_lines, gain_eighths),
            white_balance: WhiteBalance::new(red_q5, blue_q5),
        }
    }

    /// Takes the measurement of a frame, and gives what to set from now on.
    pub fn step(&mut self, frame_number: u32, measured: &Measurement) -> Settings {
        self.exposure.step(frame_number, measured);
        self.white_balance.step(measured);
        self.settings()
    }

    /// What is to be set now.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        let (exposure_lines, gain_eighths) = self.exposure.settings();
        let (red_q5, blue_q5) = self.white_balance.settings();
        Settings { exposure_lines, gain_eighths, red_q5, blue_q5 }
    }
}

#[cfg(test)]
mod tests;
