//! Which sizes the camera can make: asked of the driver's own format rules, before anything is
//! built.

use super::options::Size;
use drv_isp::formats::{ccdc, preview, resizer};
use drv_isp_regs::host_link::MAX_BYTES;
use idl::types::{Feed, FormatChange, MbusCode, PadFormat};

/// Bytes of a pixel in YUYV.
const PIXEL_BYTES: u32 = 2;
/// Lines begin at multiples of this, in bytes (omap3isp: bytesperline).
const STRIDE_ALIGN_BYTES: u32 = 32;

/// Bytes of a picture in memory.
#[must_use]
pub fn picture_bytes(size: Size) -> u32 {
    let stride = (u32::from(size.width_px) * PIXEL_BYTES).next_multiple_of(STRIDE_ALIGN_BYTES);
    stride * u32::from(size.height_px)
}

/// Refuses a size that the resizer cannot make of the sensor's picture.
///
/// # Errors
/// One line with the nearest sizes.
pub fn check(size: Size, sensor: Size) -> anyhow::Result<()> {
    let near = nearest(size, sensor);
    if near != size {
        let (next, previous) = (neighbour(size, sensor, 1), neighbour(size, sensor, -1));
        let mut others: Vec<_> =
            [near, next, previous].into_iter().map(|size| shrunk(size, sensor)).collect();
        others.dedup();
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        anyhow::bail!(
            "--size {size}: the resizer cannot make it of the sensor's {sensor}; nearest sizes: {}",
            others.join(", ")
        );
    }
    let bytes = picture_bytes(size);
    if bytes > MAX_BYTES {
        anyhow::bail!(
            "--size {size}: {bytes} bytes a picture, the host takes {MAX_BYTES}; nearest size: {}",
            shrunk(size, sensor)
        );
    }
    Ok(())
}

/// The resizer's answer to a wish, with the pipeline set up as the client does it.
fn nearest(wanted: Size, sensor: Size) -> Size {
    let format =
        |size: Size, code| PadFormat { width_px: size.width_px, height_px: size.height_px, code };
    let set = |pad, format| FormatChange::Format { pad, format };
    let bayer = set(0, format(sensor, MbusCode::SGRBG10));
    let video_port = ccdc::adjust(ccdc::default_state(), bayer).video_port;
    let processed =
        preview::adjust(preview::default_state(), Feed::Live, set(0, video_port)).source;
    let input = resizer::adjust(resizer::default_state(), set(0, processed));
    let output = resizer::adjust(input, set(1, format(wanted, processed.code))).source;
    Size { width_px: output.width_px, height_px: output.height_px }
}

/// A possible size itself, or the largest one of about the same shape whose picture the host takes.
fn shrunk(size: Size, sensor: Size) -> Size {
    let fits = |size: &Size| picture_bytes(*size) <= MAX_BYTES;
    let of_width = |width_px: u16| {
        let height = u32::from(size.height_px) * u32::from(width_px) / u32::from(size.width_px);
        nearest(Size { width_px, height_px: height as u16 }, sensor)
    };
    if fits(&size) {
        return size;
    }
    (1..size.width_px).rev().map(of_width).find(fits).unwrap_or(sensor)
}

/// The first possible size that is wider (`direction` 1) or narrower (-1) than `wanted`.
fn neighbour(wanted: Size, sensor: Size, direction: i32) -> Size {
    /// The width must be a multiple of 8 at most, so a possible one is not far.
    const STEPS_MAX: i32 = 16;
    let candidate = |step: i32| {
        let width = i32::from(wanted.width_px) + direction * step;
        let width_px = u16::try_from(width.max(1)).unwrap_or(u16::MAX);
        nearest(Size { width_px, ..wanted }, sensor)
    };
    let beyond =
        |size: &Size| (i32::from(size.width_px) - i32::from(wanted.width_px)) * direction > 0;
    (1..=STEPS_MAX).map(candidate).find(beyond).unwrap_or_else(|| nearest(wanted, sensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSOR: Size = Size { width_px: 648, height_px: 486 };

    fn size(width_px: u16, height_px: u16) -> Size {
        Size { width_px, height_px }
    }

    fn refused(wanted: Size, expect: &str) {
        let error = check(wanted, SENSOR).expect_err("must be refused").to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn usual_sizes_pass() {
        for (width, height) in [(640, 480), (320, 240), (400, 300), (160, 120), (800, 600)] {
            check(size(width, height), SENSOR).expect("the resizer can make it");
        }
    }

    #[test]
    fn sizes_beyond_the_ratios_name_the_nearest() {
        refused(size(64, 48), "nearest sizes: ");
        refused(size(4000, 3000), "nearest sizes: ");
        refused(size(641, 480), "640x480");
    }

    #[test]
    fn pictures_that_the_host_does_not_take_are_refused() {
        refused(size(1600, 1200), "bytes a picture");
    }

    #[test]
    fn the_nearest_size_of_a_picture_that_is_too_big_is_taken() {
        for wanted in [size(1600, 1200), size(1176, 886), size(2592, 486), size(4000, 3000)] {
            let error = check(wanted, SENSOR).expect_err("too many bytes").to_string();
            let (_, named) = error.rsplit_once(' ').expect("the size is the last word");
            let named: Size = named.parse().expect("a size");
            check(named, SENSOR).expect("what the error names is accepted");
        }
    }

    #[test]
    fn what_the_error_names_is_possible() {
        for wanted in [size(641, 481), size(64, 48), size(10, 10), size(65_535, 65_535)] {
            let near = nearest(wanted, SENSOR);
            assert_eq!(nearest(near, SENSOR), near);
        }
    }
}
