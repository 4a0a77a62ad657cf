//! The picture that the camera looks at: any PNG or JPEG, made to fit the sensor's view.
//!
//! Decoding and scaling are the `image` crate's; what is decided here is what we refuse and how
//! a picture is fitted: scaled to cover the view, centred, the rest cut off.

use image::{DynamicImage, ImageReader, imageops::FilterType};
use std::path::Path;

/// Smallest side that still shows something, in pixels.
pub const SIDE_MIN_PX: u32 = 16;
/// Largest side that is decoded, in pixels.
pub const SIDE_MAX_PX: u32 = 16_384;
/// Longest side over shortest side.
pub const ASPECT_MAX: u32 = 8;

/// Why a picture is refused.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// The file cannot be read.
    #[error("scene {path}: {detail}; give the path of a PNG or JPEG file")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// The bytes are not a whole picture.
    #[error("scene {path}: not a readable PNG or JPEG ({detail}); give a complete picture file")]
    NotAPicture {
        /// The file.
        path: String,
        /// What the decoder said.
        detail: String,
    },
    /// The size makes no sense.
    #[error(
        "scene {path}: {width_px}x{height_px} pixels; each side must have {SIDE_MIN_PX} to \
         {SIDE_MAX_PX} pixels and the longer one at most {ASPECT_MAX} times the shorter"
    )]
    AbsurdSize {
        /// The file.
        path: String,
        /// Columns.
        width_px: u32,
        /// Lines.
        height_px: u32,
    },
}

/// Reads `path` and gives it as sRGB bytes, three a pixel, `width_px` x `height_px`.
///
/// # Errors
/// [`SceneError`] names the file, the value and the remedy.
pub fn load(path: &Path, width_px: u32, height_px: u32) -> Result<Vec<u8>, SceneError> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| SceneError::Unreadable {
        path: name.clone(),
        detail: error.to_string(),
    };
    // A pipe or a terminal might never end, and is read twice below.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("not a regular file")));
    }
    let reader =
        || ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(unreadable);
    let damaged = |error: image::ImageError| SceneError::NotAPicture {
        path: name.clone(),
        detail: error.to_string(),
    };
    let (width, height) = reader()?.into_dimensions().map_err(damaged)?;
    check_size(&name, width, height)?;
    let picture = reader()?.decode().map_err(damaged)?;
    Ok(fit(&picture, width_px, height_px))
}

fn check_size(name: &str, width_px: u32, height_px: u32) -> Result<(), SceneError> {
    let (short, long) = (width_px.min(height_px), width_px.max(height_px));
    if short < SIDE_MIN_PX || long > SIDE_MAX_PX || long > short * ASPECT_MAX {
        return Err(SceneError::AbsurdSize { path: name.to_string(), width_px, height_px });
    }
    Ok(())
}

fn fit(picture: &DynamicImage, width_px: u32, height_px: u32) -> Vec<u8> {
    picture.resize_to_fill(width_px, height_px, FilterType::CatmullRom).into_rgb8().into_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("scene-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).expect("a temporary file can be written");
        path
    }

    fn png(width_px: u32, height_px: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width_px, height_px)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .expect("encoding into memory works");
        bytes.into_inner()
    }

    fn refused(name: &str, bytes: &[u8], expect: &str) {
        let path = file(name, bytes);
        let error = load(&path, 64, 48).expect_err("must be refused").to_string();
        std::fs::remove_file(&path).expect("the temporary file is there");
        assert!(error.contains(expect) && error.contains(name), "{error}");
    }

    #[test]
    fn a_picture_is_made_to_cover_the_view() {
        let path = file("good.png", &png(100, 300));
        let pixels = load(&path, 64, 48).expect("a good picture");
        std::fs::remove_file(&path).expect("the temporary file is there");
        assert_eq!(pixels.len(), 64 * 48 * 3);
    }

    #[test]
    fn text_is_not_a_picture() {
        refused("text.png", b"this is only text", "not a readable PNG or JPEG");
    }

    #[test]
    fn a_truncated_picture_is_refused() {
        let whole = png(64, 64);
        refused("cut.png", &whole[..whole.len() / 2], "not a readable PNG or JPEG");
    }

    #[test]
    fn a_thirty_thousand_pixel_line_is_refused() {
        refused("line.png", &png(30_000, 1), "30000x1 pixels");
    }

    #[test]
    fn an_empty_picture_is_refused() {
        let mut bytes = png(1, 1);
        // The width field of the IHDR chunk (PNG specification, 11.2.2).
        bytes[16..20].copy_from_slice(&[0; 4]);
        refused("empty.png", &bytes, "not a readable PNG or JPEG");
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let error = load(Path::new("/dev/zero"), 64, 48).expect_err("it never ends").to_string();
        assert!(error.contains("/dev/zero: not a regular file; give the path"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Path::new("no/such.png"), 64, 48).expect_err("it is missing");
        assert!(error.to_string().starts_with("scene no/such.png:"), "{error}");
    }
}
