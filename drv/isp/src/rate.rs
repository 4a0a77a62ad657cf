//! How fast a sensor may send.

use idl::types::{Input, IspError};

/// Clock of the L3 interconnect, in Hz (OMAP36xx at OPP100).
const L3_HZ: u32 = 200_000_000;
/// What the CCDC takes of a serial line, in pixels per second: half of the interconnect's clock.
const CCDC_MAX_HZ: u32 = L3_HZ / 2;
/// What it takes of the parallel port: nine tenths of that (Linux, omap3isp_ccdc_max_rate, which cites the TRM
/// for both).
const PARALLEL_MAX_HZ: u32 = CCDC_MAX_HZ / 10 * 9;

/// Checks the pixel rate of the sensor, as omap3isp does at VIDIOC_STREAMON.
///
/// # Errors
/// `TooFast`. A receiver that writes to memory takes whatever its lane does, and a read from memory has the rate
/// of the hardware.
pub const fn check_rate(input: &Input, pixel_rate_hz: u32) -> Result<(), IspError> {
    let most_hz = match input {
        Input::Sensor { .. } => PARALLEL_MAX_HZ,
        Input::Csi2a { ccdc: Some(_), .. } => CCDC_MAX_HZ,
        Input::Csi2a { ccdc: None, .. } | Input::Ccp2 { .. } | Input::Memory { .. } => u32::MAX,
    };
    if pixel_rate_hz > most_hz { Err(IspError::TooFast) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::tests::{developed, raw};

    #[test]
    fn the_parallel_port_takes_nine_tenths_of_what_the_serial_line_may_send() {
        let parallel = raw().input;
        let Input::Sensor { ccdc, .. } = parallel else { panic!("from the sensor") };
        let serial = |ccdc| Input::Csi2a {
            sink: raw().input.ccdc().expect("set").sink,
            source: parallel.ccdc().expect("set").sink,
            ccdc,
        };
        for (input, most_hz) in [(parallel, 90_000_000), (serial(Some(ccdc)), 100_000_000)] {
            assert_eq!(check_rate(&input, most_hz), Ok(()));
            assert_eq!(check_rate(&input, most_hz + 1), Err(IspError::TooFast));
        }
        for input in [serial(None), developed().input] {
            assert_eq!(check_rate(&input, u32::MAX), Ok(()));
        }
    }
}
