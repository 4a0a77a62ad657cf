//! The shape of a scene file: bare pixels of a known size, or a binary PPM ("P6 width height 255").

use crate::scene::SceneSize;

/// Sizes that a file without header can have: the array at 4x and at 2x binning.
pub const BARE_SIZES: [SceneSize; 2] =
    [SceneSize { width_px: 648, height_px: 486 }, SceneSize { width_px: 1296, height_px: 972 }];

/// Size of the picture and offset of its first byte, from the first bytes and the length of the
/// file; `None` if it is neither bare nor a PPM.
#[must_use]
pub fn shape(head: &[u8], length_bytes: u32) -> Option<(SceneSize, u32)> {
    let bytes = |size: &SceneSize| (3 * size.width_px * size.height_px) as u32;
    match BARE_SIZES.into_iter().find(|size| bytes(size) == length_bytes) {
        Some(size) => Some((size, 0)),
        None => header(head)
            .filter(|(size, start)| bytes(size).checked_add(*start) <= Some(length_bytes)),
    }
}

/// Size of the picture and offset of its first byte; `None` if this is no 8-bit binary PPM.
fn header(bytes: &[u8]) -> Option<(SceneSize, u32)> {
    let rest = bytes.strip_prefix(b"P6")?;
    let mut position = bytes.len() - rest.len();
    let mut number = || {
        let start = position + bytes[position..].iter().position(u8::is_ascii_digit)?;
        let blank = bytes[position..start].iter().all(u8::is_ascii_whitespace);
        let length = bytes[start..].iter().position(|byte| !byte.is_ascii_digit())?;
        position = start + length;
        let text = str::from_utf8(&bytes[start..position]).ok()?;
        text.parse::<usize>().ok().filter(|_| blank)
    };
    let (width_px, height_px, maximum) = (number()?, number()?, number()?);
    // Exactly one blank follows the maximum.
    let usable = maximum == 255 && width_px > 0 && height_px > 0;
    usable.then_some((SceneSize { width_px, height_px }, position as u32 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ppm_header_gives_size_and_place_of_the_pixels() {
        let size = SceneSize { width_px: 648, height_px: 486 };
        assert_eq!(header(b"P6 648 486 255\n\xFF\xFF"), Some((size, 15)));
        assert_eq!(header(b"P6\n648\n486\n255\n\0"), Some((size, 15)));
    }

    #[test]
    fn bare_pixels_are_known_by_their_number() {
        assert_eq!(shape(b"P6", 3 * 648 * 486), Some((BARE_SIZES[0], 0)));
        assert_eq!(shape(&[0; 64], 3 * 1296 * 972), Some((BARE_SIZES[1], 0)));
        assert_eq!(shape(&[0; 64], 3 * 1296 * 971), None);
    }

    #[test]
    fn a_ppm_that_is_cut_short_is_refused() {
        let size = SceneSize { width_px: 2, height_px: 1 };
        assert_eq!(shape(b"P6 2 1 255\n......", 17), Some((size, 11)));
        assert_eq!(shape(b"P6 2 1 255\n.....", 16), None);
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in
            [&b"P5 648 486 255\n"[..], b"P6 648 486 65535\n", b"P6 648", b"P6 -1 2 255\n", b""]
        {
            assert_eq!(header(bytes), None);
        }
    }
}
