//! The colour processor behind the array of the second part: RGB of a row in, YCbCr 4:2:2 out.
//!
//! ```text
//!   Y  =  16 + ( 66 R + 129 G +  25 B) / 256            of each pixel
//!   Cb = 128 + (-38 R -  74 G + 112 B) / 256            of the mean of a pair
//!   Cr = 128 + (112 R -  94 G -  18 B) / 256
//! ```
//! These are the factors of ITU-R BT.601-7, 2.5.1, for R, G and B of 0..=255, rounded to 1/256 so that grey has no
//! colour. The scene is sRGB, and its codes are taken as they are: what a processor does to make them of light (exposure,
//! white balance, demosaicking, gamma) is taken to be without error.

use crate::pixels::ycbcr::Conversion;
use crate::pixels::yuv::YuvOrder;

/// Rows for Y, Cb and Cr, over R, G and B, in 1/256.
pub const MATRIX_Q8: [[i16; 3]; 3] = [[66, 129, 25], [-38, -74, 112], [112, -94, -18]];

/// Luma of black.
pub const LUMA_OFFSET: i8 = 16;

/// Makes words of a row of RGB bytes: the two bytes of a pixel in the order of the port, the first one lowest.
pub fn send(rgb: &[u8], order: YuvOrder, out: &mut [u16]) {
    let conversion = Conversion::new(&MATRIX_Q8, &[LUMA_OFFSET, 0, 0]);
    for (words, colours) in out.chunks_mut(2).zip(rgb.chunks(6)) {
        let pixels = [&colours[..3], &colours[colours.len() - 3..]]
            .map(|pixel| core::array::from_fn(|channel| i32::from(pixel[channel])));
        let sum = core::array::from_fn(|channel| pixels[0][channel] + pixels[1][channel]);
        let chroma = conversion.chroma(sum);
        for ((word, pixel), chroma) in words.iter_mut().zip(pixels).zip(chroma) {
            *word = joined(conversion.luma(pixel) as u16, chroma as u16, order);
        }
    }
}

const fn joined(luma: u16, chroma: u16, order: YuvOrder) -> u16 {
    match order {
        YuvOrder::Uyvy | YuvOrder::Vyuy => chroma | luma << 8,
        YuvOrder::Yuyv | YuvOrder::Yvyu | YuvOrder::Plane => luma | chroma << 8,
    }
}

/// Makes RGB bytes of the cells of a mosaic (GRBG, codes of 12 bits, the upper eight of which count), whose upper or
/// lower row (`part` 0 or 1) this is.
pub fn take_cells(part: usize, row: &[u16], rgb: &mut [u8]) {
    for (codes, colours) in row.chunks_exact(2).zip(rgb.chunks_exact_mut(6)) {
        let [first, second] = [codes[0], codes[1]].map(|code| (code >> 4) as u8);
        for pixel in colours.chunks_exact_mut(3) {
            match part {
                0 => (pixel[0], pixel[1]) = (second, first),
                _ => pixel[2] = first,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BT.601 in floating point.
    fn exact([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        let of_range = |value: f64, range: f64| value / 255.0 * range;
        let blue_difference = (blue - luma) / 1.772;
        let red_difference = (red - luma) / 1.402;
        [
            16.0 + of_range(luma, 219.0),
            128.0 + of_range(blue_difference, 224.0),
            128.0 + of_range(red_difference, 224.0),
        ]
    }

    fn bytes(rgb: &[u8], order: YuvOrder) -> Vec<u8> {
        let mut words = vec![0; rgb.len() / 3];
        send(rgb, order, &mut words);
        words.into_iter().flat_map(u16::to_le_bytes).collect()
    }

    proptest::proptest! {
        /// Half a code for the rounding, and 255 times what the factors are off: half of 1 / 256 at most.
        #[test]
        fn a_pair_is_its_bt_601_within_a_code(
            pair in proptest::array::uniform2(proptest::array::uniform3(proptest::prelude::any::<u8>())),
        ) {
            let got = bytes(pair.as_flattened(), YuvOrder::Yuyv);
            let pixels = pair.map(|pixel| pixel.map(f64::from));
            let mean = core::array::from_fn(|channel| (pixels[0][channel] + pixels[1][channel]) / 2.0);
            let [_, blue, red] = exact(mean);
            let expected = [exact(pixels[0])[0], blue, exact(pixels[1])[0], red];
            for (got, expected) in got.into_iter().zip(expected) {
                let error = (f64::from(got) - expected).abs();
                proptest::prop_assert!(error <= 1.0, "{:?}: {} {}", pair, got, expected);
            }
        }
    }

    #[test]
    fn black_and_white_are_at_the_ends_of_the_range_and_grey_has_no_colour() {
        for (grey, luma) in [(0, 16), (255, 235), (128, 126)] {
            assert_eq!(bytes(&[grey; 6], YuvOrder::Yuyv), [luma, 128, luma, 128]);
        }
    }

    #[test]
    fn the_bytes_are_in_the_order_that_is_asked_for() {
        let rgb = [255, 0, 0, 0, 0, 255];
        let [first, blue, second, red]: [u8; 4] =
            bytes(&rgb, YuvOrder::Yuyv).try_into().expect("two pixels");
        assert!(first != second && blue != red);
        assert_eq!(bytes(&rgb, YuvOrder::Uyvy), [blue, first, red, second]);
    }

    #[test]
    fn a_cell_of_a_mosaic_is_a_pair_of_one_colour() {
        let mut rgb = [0; 12];
        take_cells(0, &[0x2A0, 0x1B0, 0xFFF, 0x000], &mut rgb);
        take_cells(1, &[0x3C0, 0x2AF, 0x080, 0xFFF], &mut rgb);
        assert_eq!(rgb, [0x1B, 0x2A, 0x3C, 0x1B, 0x2A, 0x3C, 0, 0xFF, 8, 0, 0xFF, 8]);
    }
}
