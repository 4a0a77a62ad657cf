//! The scene as the host knows it: the picture that it gave to the bench.

use test_bench::scene::object::object_at;
use test_bench::scene::{MAX_SCENE_WIDTH_PX, SceneBytes, SceneSize, chart};

/// Rows of the tallest scene: the array at 2x binning.
pub const MAX_SCENE_HEIGHT_PX: usize = 972;

/// A scene, without the moving object.
#[derive(Clone, Debug)]
pub struct Scene {
    size: SceneSize,
    rgb: Vec<u8>,
    chart: bool,
}

/// Why a picture cannot be a scene.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SceneError {
    /// The size is zero or too large.
    #[error(
        "a scene of {width}x{height} pixels cannot be shown: it must be 1x1 to \
         {MAX_SCENE_WIDTH_PX}x{MAX_SCENE_HEIGHT_PX}; scale it first"
    )]
    Size {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The number of bytes is not that of the size.
    #[error("a scene of {width}x{height} pixels has {needed} bytes of RGB, not {given}")]
    Bytes {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
        /// 3 * width * height.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
}

impl Scene {
    /// The default chart.
    ///
    /// # Errors
    /// [`SceneError::Size`].
    pub fn chart(width: usize, height: usize) -> Result<Self, SceneError> {
        check_size(width, height)?;
        let size = SceneSize { width_px: width, height_px: height };
        Ok(Self { size, rgb: chart::chart(width, height), chart: true })
    }

    /// A picture: `[height][width][3]` bytes of sRGB.
    ///
    /// # Errors
    /// [`SceneError`].
    pub fn picture(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, SceneError> {
        check_size(width, height)?;
        let (needed, given) = (3 * width * height, rgb.len());
        if needed != given {
            return Err(SceneError::Bytes { width, height, needed, given });
        }
        Ok(Self { size: SceneSize { width_px: width, height_px: height }, rgb, chart: false })
    }

    /// Size in scene pixels.
    pub fn size(&self) -> SceneSize {
        self.size
    }

    /// Whether this is the default chart, whose patches have known colours.
    pub fn is_chart(&self) -> bool {
        self.chart
    }

    /// The bytes that the bench reads.
    pub fn bytes(&self) -> &[u8] {
        &self.rgb
    }

    /// The scene as the sensor model reads it.
    pub fn source(&self) -> SceneBytes<'_> {
        SceneBytes::new(self.size, &self.rgb)
    }

    /// The scene with the object where it is in frame `sequence`.
    pub fn at(&self, sequence: u32) -> Vec<u8> {
        let mut rgb = self.rgb.clone();
        let object = object_at(sequence, self.size);
        for (y, row) in rgb.chunks_exact_mut(3 * self.size.width_px).enumerate() {
            object.composite(y, row);
        }
        rgb
    }
}

fn check_size(width: usize, height: usize) -> Result<(), SceneError> {
    let fits =
        (1..=MAX_SCENE_WIDTH_PX).contains(&width) && (1..=MAX_SCENE_HEIGHT_PX).contains(&height);
    if fits { Ok(()) } else { Err(SceneError::Size { width, height }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_scenes_are_refused_with_both_values() {
        let error = |w, h, bytes| Scene::picture(w, h, vec![0; bytes]).unwrap_err().to_string();
        assert!(error(0, 0, 0).contains("0x0"));
        assert!(error(30_000, 1, 90_000).contains("1296x972"));
        assert!(error(4, 4, 47).contains("48 bytes of RGB, not 47"));
    }

    #[test]
    fn the_object_is_the_only_thing_that_changes() {
        let scene = Scene::chart(648, 486).unwrap();
        let (first, second) = (scene.at(0), scene.at(1));
        assert_ne!(first, second);
        assert_eq!(first[..3 * 648 * 240], second[..3 * 648 * 240]);
        assert_eq!(first[..3 * 648 * 240], scene.bytes()[..3 * 648 * 240]);
    }
}
