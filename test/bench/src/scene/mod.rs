//! What the camera looks at, and the sensor that looks at it.
//!
//! The scene is a picture in sRGB, 8 bits per channel, that covers the whole pixel array of the
//! sensor ([`geometry`]). It comes from the host, as a file that is read line by line; the
//! generated [`chart`] is only another such file. One object moves over it, and its position is a
//! pure function of the frame's sequence number ([`object`]), so that anybody who knows the scene
//! and the sequence number knows the exact picture: the checker on the host calls the same
//! functions, and a late or doubled frame cannot pass for a fresh one.
//!
//! Everything that runs on target is integer arithmetic on fixed buffers: the second core is built
//! without floating point, and a line must cost the same each time.
#![forbid(unsafe_code)]

pub mod bars;
#[cfg(not(target_os = "none"))]
pub mod chart;
pub mod colour_processor;
pub mod geometry;
pub mod noise;
pub mod object;
pub mod pattern;
pub mod response;
pub mod sensor;
pub mod srgb;

/// The widest scene that a line buffer holds, in pixels: the array at 2x binning.
pub const MAX_SCENE_WIDTH_PX: usize = 1296;

/// Size of a scene, in its own pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneSize {
    /// Pixels per row, 1..=[`MAX_SCENE_WIDTH_PX`].
    pub width_px: usize,
    /// Number of rows.
    pub height_px: usize,
}

/// A scene that is read row by row, because the second core has no room for a whole picture.
pub trait SceneSource {
    /// Size of the scene; constant while a stream runs.
    fn size(&self) -> SceneSize;

    /// Fills `rgb` (`3 * width` bytes: R, G, B of each pixel, left to right) with row `y`.
    fn line(&mut self, y: usize, rgb: &mut [u8]);
}

/// A scene held in memory as `[height][width][3]` bytes.
pub struct SceneBytes<'a> {
    size: SceneSize,
    bytes: &'a [u8],
}

impl<'a> SceneBytes<'a> {
    /// Wraps `bytes`.
    ///
    /// # Panics
    /// If the number of bytes is not `3 * width * height`.
    pub fn new(size: SceneSize, bytes: &'a [u8]) -> Self {
        assert_eq!(bytes.len(), 3 * size.width_px * size.height_px, "scene bytes and size differ");
        Self { size, bytes }
    }
}

impl SceneSource for SceneBytes<'_> {
    fn size(&self) -> SceneSize {
        self.size
    }

    fn line(&mut self, y: usize, rgb: &mut [u8]) {
        let row_bytes = 3 * self.size.width_px;
        rgb[..row_bytes].copy_from_slice(&self.bytes[y * row_bytes..][..row_bytes]);
    }
}
