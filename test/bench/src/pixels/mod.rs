//! The data path of the ISP: what the hardware does to pixels, one algorithm per file.
//!
//! ```text
//!  sensor row -> bridge -> ccdc (shift, optical black, black, fault pixels, lens shading, crop)
//!                                           +-> memory_path: raw, 16 or 8 bits per pixel; YCbCr also -> resizer
//!                                           +-> formatter -> video port, 10 bits
//!    -> preview (raw_stages -> white balance -> cfa -> rgb_blend -> gamma -> ycbcr -> tone) -+-> yuv pack -> memory
//!    -> aewb, focus -> memory; histogram                                                    +-> resizer -> yuv pack -> memory
//! ```
//!
//! All of it is fixed point on lines: a state struct holds the few lines that a block needs, takes
//! one line and gives none, one or several. That is how the hardware works, it is what fits into
//! the second core's memory, and it makes the time of a line the unit of everything. The number
//! formats are those of the registers, so a block's configuration is its registers, decoded.
//! Nothing here knows an address, an interrupt or a frame buffer.
//!
//! Each file is tested against a floating-point reference written from its definition.
#![forbid(unsafe_code)]

pub mod aewb;
pub mod alaw;
pub mod averager;
pub mod bayer;
pub mod black;
pub mod bridge;
pub mod ccdc;
pub mod ccp2;
pub mod cfa;
pub mod chroma_suppression;
pub mod csi2;
pub mod csi2_packet;
pub mod dark_frame;
pub mod defect;
pub mod dpcm;
pub mod edge_enhancement;
pub mod fault_pixels;
pub mod focus;
pub mod formatter;
pub mod gamma;
pub mod histogram;
pub mod lens_shading;
pub mod luma_enhancement;
pub mod median;
pub mod memory_path;
pub mod noise_filter;
pub mod optical_black;
pub mod polyphase;
pub mod preview;
pub mod raw_stages;
pub mod resizer;
pub mod rgb_blend;
pub mod tone;
pub mod white_balance;
pub mod ycbcr;
pub mod yuv;

/// The longest line that a buffer holds, in pixels: the array at 2x binning, rounded up as the
/// CCDC rounds its bounds (1298 becomes 1312).
pub const MAX_WIDTH_PX: usize = 1312;

/// A rectangle of a block's input, in pixels and lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First pixel of a line.
    pub left: usize,
    /// First line.
    pub top: usize,
    /// Pixels per line.
    pub width: usize,
    /// Number of lines.
    pub height: usize,
}

impl Window {
    /// Row within the window of input row `row`, or `None` outside.
    pub fn row(&self, row: usize) -> Option<usize> {
        row.checked_sub(self.top).filter(|row| *row < self.height)
    }

    /// The part of a line of `count` pixels that lies in the window.
    pub fn columns(&self, count: usize) -> core::ops::Range<usize> {
        let end = (self.left + self.width).min(count);
        self.left.min(end)..end
    }

    /// The part of this window that lies in `inner`, which is counted from this one's corner.
    pub fn cut(&self, inner: &Self) -> Self {
        Self {
            left: self.left + inner.left,
            top: self.top + inner.top,
            width: inner.width.min(self.width.saturating_sub(inner.left)),
            height: inner.height.min(self.height.saturating_sub(inner.top)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn a_cut_of_a_window_is_no_larger_than_the_window() {
        let outer = Window { left: 4, top: 2, width: 10, height: 8 };
        let cut = |left, top, width, height| outer.cut(&Window { left, top, width, height });
        assert_eq!(cut(3, 1, 5, 6), Window { left: 7, top: 3, width: 5, height: 6 });
        assert_eq!(cut(3, 1, 50, 60), Window { left: 7, top: 3, width: 7, height: 7 });
        assert_eq!(cut(11, 9, 1, 1), Window { left: 15, top: 11, width: 0, height: 0 });
    }
}
