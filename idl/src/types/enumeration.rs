//! What can be enumerated at a pad: that which its rules let stand.
//!
//! # Why so
//! A list beside the rules could say something else than they do. So there is none: a code is enumerated if
//! the rules, asked for it, leave it as it is, and sizes are what the rules make of the smallest and the
//! largest request (Linux omap3isp asks its own try_format in the same way for sizes).

use super::{Choice, MbusCode, Offer, PadFormat, SizeRange, code};

/// The code that `choice` means at a pad, and its sizes; `None` if it cannot be had there. `adjust` says what
/// becomes of a format that is asked for at the pad, and `middle_height_px` is a height with which the widest
/// picture can be asked for, if that is not the smallest or largest one.
pub fn offered(
    choice: Choice,
    middle_height_px: u16,
    adjust: impl Fn(PadFormat) -> PadFormat,
) -> Option<Offer> {
    let asked = |code, (width_px, height_px)| adjust(PadFormat { width_px, height_px, code });
    let stands = |code: &MbusCode| asked(*code, (0, 0)).code == *code;
    let code = match choice {
        Choice::Index(index) => code::all().filter(stands).nth(index.into()),
        Choice::Code(wanted) => code::all().find(|code| *code == wanted).filter(stands),
    }?;
    let heights = [0, middle_height_px, u16::MAX];
    let corners = heights.into_iter().flat_map(|height| [(0, height), (u16::MAX, height)]);
    let sizes = corners.map(|corner| asked(code, corner)).map(only).reduce(both)?;
    Some(Offer { code, sizes })
}

fn only(PadFormat { width_px, height_px, .. }: PadFormat) -> SizeRange {
    SizeRange {
        min_width_px: width_px,
        max_width_px: width_px,
        min_height_px: height_px,
        max_height_px: height_px,
    }
}

fn both(a: SizeRange, b: SizeRange) -> SizeRange {
    SizeRange {
        min_width_px: a.min_width_px.min(b.min_width_px),
        max_width_px: a.max_width_px.max(b.max_width_px),
        min_height_px: a.min_height_px.min(b.min_height_px),
        max_height_px: a.max_height_px.max(b.max_height_px),
    }
}
