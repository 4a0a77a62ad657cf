//! The verdict on one processed frame.
//!
//! PSNR alone is a weak judge: a picture that is shifted by one pixel or one frame old can still
//! pass 26 dB. So the frame must also fit its own place better than any neighbouring place, and its
//! own sequence number better than the ones before and after.

use crate::patches::{self, Patch};
use crate::picture::{Picture, psnr_db, psnr_shifted_db};
use crate::reference;
use crate::scene::Scene;
use crate::view::View;

/// The least PSNR of a frame of the default chart, in dB.
pub const MIN_PSNR_DB: f64 = 26.0;

/// The largest difference of a patch's mean, per channel, of 255.
pub const MAX_PATCH_DEVIATION: f64 = 12.0;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// Against the reference of this sequence number.
    pub psnr_db: f64,
    /// The shift (dx, dy) in -1..=1 at which the frame fits the reference best.
    pub best_shift: (isize, isize),
    /// The sequence number, of this one and its neighbours, whose reference fits best.
    pub best_sequence: u32,
    /// The patches that can be seen; empty if the scene is no chart.
    pub patches: Vec<Patch>,
}

/// Why a frame is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The size of the picture is not that of the view.
    #[error("the picture has {got:?} pixels, the graph says {expected:?}")]
    Size {
        /// Width and height that the graph says.
        expected: (usize, usize),
        /// Width and height of the picture.
        got: (usize, usize),
    },
    /// The PSNR is too low.
    #[error("PSNR {psnr_db:.2} dB is below {MIN_PSNR_DB} dB")]
    Psnr {
        /// The PSNR.
        psnr_db: f64,
    },
    /// The picture is displaced.
    #[error("the picture fits best when it is moved by {shift:?} pixels")]
    Shifted {
        /// The best shift.
        shift: (isize, isize),
    },
    /// The picture is of another frame.
    #[error("the picture is that of frame {fits}, not {expected}")]
    WrongFrame {
        /// The sequence number of the buffer.
        expected: u32,
        /// The sequence number that fits.
        fits: u32,
    },
    /// A colour is wrong.
    #[error("patch {} is {:.0?}, the chart has {:?}: off by {:.1} of 255", .0.index, .0.mean, .0.expected, .0.deviation())]
    Colour(Patch),
}

impl Report {
    /// What is wrong with a frame of the chart that says it is frame `sequence`.
    pub fn faults(&self, sequence: u32) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.psnr_db < MIN_PSNR_DB {
            faults.push(Fault::Psnr { psnr_db: self.psnr_db });
        }
        if self.best_shift != (0, 0) {
            faults.push(Fault::Shifted { shift: self.best_shift });
        }
        if self.best_sequence != sequence {
            faults.push(Fault::WrongFrame { expected: sequence, fits: self.best_sequence });
        }
        let wrong = self.patches.iter().filter(|patch| patch.deviation() > MAX_PATCH_DEVIATION);
        faults.extend(wrong.copied().map(Fault::Colour));
        faults
    }
}

/// Measures a frame that says it is frame `sequence`.
///
/// # Errors
/// [`Fault::Size`] if it cannot be compared at all.
pub fn examine(
    picture: &Picture,
    scene: &Scene,
    view: &View,
    sequence: u32,
) -> Result<Report, Fault> {
    let got = (picture.width, picture.height);
    if got != view.output {
        return Err(Fault::Size { expected: view.output, got });
    }
    let expected = reference::render(scene, view, sequence);
    let psnr_db = psnr_db(picture, &expected);
    let patches = if scene.is_chart() { patches::measure(picture, view) } else { Vec::new() };
    Ok(Report {
        psnr_db,
        best_shift: best_shift(picture, &expected),
        best_sequence: best_sequence(picture, scene, view, sequence, psnr_db),
        patches,
    })
}

/// Of the nine shifts by at most one pixel, the one that fits best; none wins a draw.
fn best_shift(picture: &Picture, expected: &Picture) -> (isize, isize) {
    let mut best = ((0, 0), psnr_shifted_db(picture, expected, (0, 0)));
    for shift in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))) {
        let psnr_db = psnr_shifted_db(picture, expected, shift);
        if psnr_db > best.1 {
            best = (shift, psnr_db);
        }
    }
    best.0
}

/// Of this frame and its two neighbours, the one that fits best; this one wins a draw.
fn best_sequence(
    picture: &Picture,
    scene: &Scene,
    view: &View,
    sequence: u32,
    own_psnr_db: f64,
) -> u32 {
    let mut best = (sequence, own_psnr_db);
    for neighbour in [sequence.checked_sub(1), sequence.checked_add(1)].into_iter().flatten() {
        let psnr_db = psnr_db(picture, &reference::render(scene, view, neighbour));
        if psnr_db > best.1 {
            best = (neighbour, psnr_db);
        }
    }
    best.0
}
