//! What happens to a raw line on its way to memory: low pass, culling, A-law, packing.
//!
//! ```text
//! window -> low pass (1/4, 1/2, 1/4) -> culled pixels -> A-law (10 -> 8) -> 16 or 8 bits a pixel
//! ```
//!
//! The low pass is taken over pixels of the same colour, two apart, and costs two pixels at either
//! end. Culling keeps the pixels and lines whose bit is set in a mask of eight that repeats from the
//! window's corner, lowest bit first; even and odd lines have masks of their own (SWPU177N, output
//! formatter).

use super::{MAX_WIDTH_PX, alaw};

/// Masks of eight that repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culling {
    /// Lines that are kept.
    pub lines: u8,
    /// Pixels of even lines that are kept.
    pub even: u8,
    /// Pixels of odd lines that are kept.
    pub odd: u8,
}

/// What is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryPath {
    /// SYN_MODE.LPF.
    pub low_pass: bool,
    /// CULLING, if it drops anything.
    pub culling: Option<Culling>,
    /// ALAW: by how much a pixel is shifted to give the ten bits.
    pub alaw_shift: Option<u32>,
    /// SYN_MODE.PACK8: one byte per pixel, its low eight bits.
    pub pack8: bool,
    /// CFG.BSWD: the two bytes of each 16-bit word of memory change places.
    pub swap_bytes: bool,
}

impl MemoryPath {
    /// Nothing: sixteen bits a pixel.
    pub const OFF: Self =
        Self { low_pass: false, culling: None, alaw_shift: None, pack8: false, swap_bytes: false };

    /// Writes row `row` of the window as bytes and returns their number, or `None` if the line is
    /// culled. What does not fit is cut.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn line(&self, row: usize, pixels: &[u16], out: &mut [u8]) -> Option<usize> {
        let culling = self.culling.unwrap_or(Culling { lines: 0xff, even: 0xff, odd: 0xff });
        if culling.lines >> (row % 8) & 1 == 0 {
            return None;
        }
        let pixels = &pixels[..pixels.len().min(MAX_WIDTH_PX)];
        let mask = if row.is_multiple_of(2) { culling.even } else { culling.odd };
        let margin = if self.low_pass { 2 } else { 0 };
        let pixel_bytes = if self.pack8 { 1 } else { 2 };
        let mut places = out.chunks_exact_mut(pixel_bytes);
        let mut count = 0;
        let kept = (margin..pixels.len().saturating_sub(margin)).enumerate();
        for (_, x) in kept.filter(|(index, _)| mask >> (index % 8) & 1 == 1) {
            let Some(place) = places.next() else { break };
            place.copy_from_slice(&self.coded(pixels, x).to_le_bytes()[..pixel_bytes]);
            count += pixel_bytes;
        }
        if self.swap_bytes {
            out[..count].chunks_exact_mut(2).for_each(|word| word.swap(0, 1));
        }
        Some(count)
    }

    fn coded(&self, pixels: &[u16], x: usize) -> u16 {
        let at = |x: usize| u32::from(pixels[x]);
        let pixel = if self.low_pass {
            ((at(x - 2) + 2 * at(x) + at(x + 2) + 2) >> 2) as u16
        } else {
            pixels[x]
        };
        match self.alaw_shift {
            Some(shift) => alaw::COMPRESS[usize::from((pixel >> shift).min(1023))].into(),
            None => pixel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(path: MemoryPath, row: usize, pixels: &[u16]) -> Option<Vec<u8>> {
        let mut out = [0xee; 4096];
        path.line(row, pixels, &mut out).map(|count| out[..count].to_vec())
    }

    #[test]
    fn the_low_pass_is_the_rounded_mean_over_one_colour() {
        let pixels: Vec<u16> = (0..300_u32).map(|x| (x * x * 53 % 4096) as u16).collect();
        let bytes = run(MemoryPath { low_pass: true, ..MemoryPath::default() }, 0, &pixels);
        let bytes = bytes.expect("a line");
        assert_eq!(bytes.len(), 2 * 296);
        for (x, got) in bytes.chunks_exact(2).enumerate() {
            let at = |x: usize| f64::from(pixels[x]);
            let exact = at(x) / 4.0 + at(x + 2) / 2.0 + at(x + 4) / 4.0;
            let got = f64::from(u16::from_le_bytes([got[0], got[1]]));
            assert!((got - exact).abs() <= 0.5, "{x}");
        }
    }

    /// The definition of the low pass, the A-law (ITU-T G.711, A = 87.6) and the width, in that order.
    fn reference(path: &MemoryPath, pixels: &[u16], x: usize) -> f64 {
        let at = |x: usize| f64::from(pixels[x]);
        let mut value = at(x);
        if path.low_pass {
            value = (at(x - 2) / 4.0 + at(x) / 2.0 + at(x + 2) / 4.0 + 0.5).floor();
        }
        if let Some(shift) = path.alaw_shift {
            let code = (value / f64::from(1_u32 << shift)).floor().min(1023.0);
            let (level, scale) = (87.6 * code / 1023.0, 1.0 + 87.6_f64.ln());
            let curve = if level < 1.0 { level } else { 1.0 + level.ln() };
            value = (255.0 * curve / scale).round();
        }
        if path.pack8 { value % 256.0 } else { value }
    }

    proptest::proptest! {
        /// Each step rounds as the format of its result does, so the bytes are exact.
        #[test]
        fn every_line_is_what_the_definition_gives(
            pixels in proptest::collection::vec(0_u16..4096, 0..60),
            row in 0_usize..20,
            low_pass: bool,
            masks in proptest::option::of(proptest::array::uniform3(0_u8..)),
            alaw_shift in proptest::option::of(0_u32..4),
            pack8: bool,
            swap_bytes: bool,
        ) {
            let culling = masks.map(|[lines, even, odd]| Culling { lines, even, odd });
            let path = MemoryPath { low_pass, culling, alaw_shift, pack8, swap_bytes };
            let [lines, even, odd] = masks.unwrap_or([0xff; 3]);
            let kept = |mask: u8, place: usize| mask & 1 << (place % 8) != 0;
            let line = kept(lines, row).then(|| {
                let margin = if low_pass { 2 } else { 0 };
                let inside = margin..pixels.len().max(2 * margin) - margin;
                let mask = if row % 2 == 0 { even } else { odd };
                let columns = inside.filter(|x| kept(mask, x - margin));
                columns.map(|x| reference(&path, &pixels, x)).collect::<Vec<_>>()
            });
            let got = run(path, row, &pixels).map(|mut bytes| {
                if swap_bytes {
                    let words = bytes.chunks_exact_mut(2);
                    words.for_each(|word| *word.first_chunk_mut().expect("two") = [word[1], word[0]]);
                }
                let one = |bytes: &[u8]| bytes.iter().rev().fold(0.0, |sum, b| 256.0 * sum + f64::from(*b));
                bytes.chunks(if pack8 { 1 } else { 2 }).map(one).collect::<Vec<f64>>()
            });
            proptest::prop_assert_eq!(got, line);
        }
    }

    #[test]
    fn culling_keeps_what_the_masks_keep() {
        // The example of the manual: CULHEVN 0x23, CULHODD 0x9A, CULV 0x66.
        let culling = Some(Culling { lines: 0x66, even: 0x23, odd: 0x9a });
        let path = MemoryPath { culling, pack8: true, ..MemoryPath::default() };
        let pixels: Vec<u16> = (0..16).collect();
        let kept: Vec<_> = (0..8).map(|row| run(path, row, &pixels).is_some()).collect();
        assert_eq!(kept, [false, true, true, false, false, true, true, false]);
        assert_eq!(run(path, 2, &pixels), Some(vec![0, 1, 5, 8, 9, 13]));
        assert_eq!(run(path, 9, &pixels), Some(vec![1, 3, 4, 7, 9, 11, 12, 15]));
    }

    #[test]
    fn compression_takes_ten_bits_from_where_it_is_told() {
        let path = MemoryPath { alaw_shift: Some(2), pack8: true, ..MemoryPath::default() };
        let expected = [0, 512, 1023].map(|code| alaw::COMPRESS[code]);
        assert_eq!(run(path, 0, &[3, 2048, 4095]).expect("a line"), expected);
        let wide = MemoryPath { pack8: false, ..path };
        assert_eq!(run(wide, 0, &[4095]), Some(vec![255, 0]));
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let mut out = [0; 3];
        assert_eq!(MemoryPath::default().line(0, &[1, 2], &mut out), Some(2));
    }
}
