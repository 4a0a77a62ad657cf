//! Pictures on disk: PNG files and the contact sheet.
//!
//! A file appears under its name only when it is complete: it is written beside it first and then
//! renamed.

use crate::picture::Picture;
use image::{ExtendedColorType, ImageFormat, save_buffer_with_format};
use std::path::{Path, PathBuf};

/// Space between the pictures of a contact sheet, in pixels.
const GAP_PX: usize = 4;

/// Colour of that space.
const PAPER: u8 = 32;

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The encoder or the file system refused.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What they said.
        source: image::ImageError,
    },
    /// The finished file could not be moved to its place.
    #[error("cannot rename {from} to {to}: {source}")]
    Rename {
        /// The finished file.
        from: PathBuf,
        /// Its place.
        to: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes a picture as PNG.
///
/// # Errors
/// [`FileError`]; nothing is left behind then.
pub fn write_png(path: &Path, picture: &Picture) -> Result<(), FileError> {
    let part = path.with_extension("png.part");
    let (width, height) = (picture.width as u32, picture.height as u32);
    let written = save_buffer_with_format(
        &part,
        &picture.rgb,
        width,
        height,
        ExtendedColorType::Rgb8,
        ImageFormat::Png,
    );
    let result = match written {
        Err(source) => Err(FileError::Write { path: path.into(), source }),
        Ok(()) => std::fs::rename(&part, path).map_err(|source| FileError::Rename {
            from: part.clone(),
            to: path.into(),
            source,
        }),
    };
    if result.is_err() {
        // The error to report is the first one; a part that was never made cannot be removed.
        let _ = std::fs::remove_file(&part);
    }
    result
}

/// Arranges pictures in rows of `columns`, each made smaller by the whole number that brings it to
/// at most `max_width` pixels.
pub fn contact_sheet(pictures: &[Picture], columns: usize, max_width: usize) -> Picture {
    let columns = columns.max(1);
    let thumbnails: Vec<Picture> = pictures
        .iter()
        .map(|picture| shrink(picture, picture.width.div_ceil(max_width.max(1)).max(1)))
        .collect();
    let cell_width = thumbnails.iter().map(|picture| picture.width).max().unwrap_or(0) + GAP_PX;
    let cell_height = thumbnails.iter().map(|picture| picture.height).max().unwrap_or(0) + GAP_PX;
    let rows = thumbnails.len().div_ceil(columns);
    let used = columns.min(thumbnails.len().max(1));
    Picture::from_fn(used * cell_width + GAP_PX, rows * cell_height + GAP_PX, |x, y| {
        let place = |at: usize, cell: usize| {
            at.checked_sub(GAP_PX).map(|inside| (inside / cell, inside % cell))
        };
        let (Some((column, x)), Some((row, y))) = (place(x, cell_width), place(y, cell_height))
        else {
            return [PAPER; 3];
        };
        let thumbnail = thumbnails.get(row * columns + column);
        match thumbnail.filter(|picture| x < picture.width && y < picture.height) {
            Some(picture) => picture.colour(x, y),
            None => [PAPER; 3],
        }
    })
}

/// The mean of each `factor` x `factor` block.
fn shrink(picture: &Picture, factor: usize) -> Picture {
    let (width, height) = ((picture.width / factor).max(1), (picture.height / factor).max(1));
    Picture::from_fn(width, height, |x, y| {
        let (mut sum, mut count) = ([0_usize; 3], 0);
        for row in (y * factor..(y + 1) * factor).take_while(|row| *row < picture.height) {
            for column in (x * factor..(x + 1) * factor).take_while(|c| *c < picture.width) {
                let colour = picture.colour(column, row);
                (0..3).for_each(|channel| sum[channel] += usize::from(colour[channel]));
                count += 1;
            }
        }
        sum.map(|channel| (channel / count.max(1)) as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_reads_back_and_leaves_no_part() {
        let directory = std::env::temp_dir().join(format!("golden-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("frame.png");
        let picture = Picture::from_fn(5, 3, |x, y| [x as u8, y as u8, 200]);
        write_png(&path, &picture).unwrap();
        let read = image::open(&path).unwrap().to_rgb8();
        assert_eq!((read.width(), read.height(), read.into_raw()), (5, 3, picture.rgb.clone()));
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        let error = write_png(&directory.join("absent/frame.png"), &picture).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn contact_sheet_has_a_cell_for_each_picture() {
        let pictures: Vec<_> =
            (0..5).map(|i| Picture::from_fn(64, 48, |_, _| [40 * i as u8; 3])).collect();
        let sheet = contact_sheet(&pictures, 3, 32);
        assert_eq!((sheet.width, sheet.height), (3 * 36 + 4, 2 * 28 + 4));
        assert_eq!(sheet.colour(4, 4), [0; 3]);
        assert_eq!(sheet.colour(4 + 36 + 31, 4 + 28 + 23), [160; 3]);
        assert_eq!(sheet.colour(4 + 2 * 36, 4 + 28), [PAPER; 3]);
        assert_eq!(contact_sheet(&[], 3, 32).width, 8);
    }
}
