//! What is enumerated is what the rules take as it is, all of it, and nothing else.

use idl::types::SizeRange;

use super::*;

const PADS_MAX: u8 = 3;

fn at(entity: u8, state: &BlockState, pad: u8) -> PadFormat {
    match (pad, entity) {
        (0, _) => state.sink,
        (2, CCDC) => state.video_port,
        _ => state.source,
    }
}

/// A block in some state, asked about a pad.
#[derive(Clone, Copy, Debug)]
struct Asked {
    entity: u8,
    state: BlockState,
    feed: Feed,
    pad: u8,
}

impl Asked {
    fn of(entity: u8, pad: u8) -> Self {
        let state = default_state(entity).expect("a block");
        Self { entity, state, feed: Feed::Live, pad }
    }

    fn offer(&self, choice: Choice) -> Result<Offer, IspError> {
        enumerate(self.entity, self.state, self.feed, (self.pad, choice))
    }

    fn codes(&self) -> Vec<MbusCode> {
        (0..).map_while(|index| self.offer(Choice::Index(index)).ok()).map(|it| it.code).collect()
    }

    fn sizes(&self, code: MbusCode) -> SizeRange {
        self.offer(Choice::Code(code)).expect("an enumerated code").sizes
    }

    /// S_FMT leaves it as it is.
    fn takes(&self, format: PadFormat) -> bool {
        let change = FormatChange::Format { pad: self.pad, format };
        let state = adjust(self.entity, self.state, self.feed, change).expect("a block");
        at(self.entity, &state, self.pad) == format
    }
}

fn all_pads() -> impl Iterator<Item = (u8, u8)> {
    [CCP2, CSI2A, CCDC, PREVIEW, RESIZER]
        .into_iter()
        .flat_map(|entity| (0..PADS_MAX).map(move |pad| (entity, pad)))
        .filter(|(entity, pad)| *pad < 2 || *entity == CCDC)
}

/// Names in the way of linux/media-bus-format.h.
fn named(codes: &[MbusCode]) -> Vec<String> {
    let named = |code: &MbusCode| match code::encoding(*code).expect("a known code") {
        code::Encoding::Grey { bits } => format!("Y{bits}"),
        code::Encoding::Bayer { order, bits } => format!("{order:?}{bits}"),
        code::Encoding::Compressed => "DPCM".into(),
        code::Encoding::Yuv8 { chroma_first } => {
            if chroma_first { "UYVY 2X8" } else { "YUYV 2X8" }.into()
        }
        code::Encoding::Yuv16 { chroma_first } => if chroma_first { "UYVY" } else { "YUYV" }.into(),
    };
    codes.iter().map(named).collect()
}

fn bayer(bits: u8) -> String {
    format!("Bggr{bits} Gbrg{bits} Grbg{bits} Rggb{bits}")
}

#[test]
fn the_codes_of_each_pad_are_those_of_the_omap3isp() {
    let check = |entity, pad, expect: &str| {
        let codes = Asked::of(entity, pad).codes();
        assert_eq!(named(&codes).join(" "), expect, "{entity}:{pad}");
    };
    let (eight, ten, twelve) = (bayer(8), bayer(10), bayer(12));
    check(CCP2, 0, "Grbg10 DPCM");
    check(CCP2, 1, "Grbg10");
    check(CSI2A, 0, &format!("{eight} {ten} DPCM {twelve}"));
    check(CSI2A, 1, "Grbg10");
    check(CCDC, 0, &format!("Y8 Y10 Y12 {eight} {ten} {twelve} UYVY 2X8 YUYV 2X8"));
    check(CCDC, 1, "Grbg10");
    check(CCDC, 2, "Grbg10");
    check(PREVIEW, 0, &format!("Y8 Y10 {eight} {ten}"));
    check(PREVIEW, 1, "UYVY YUYV");
    check(RESIZER, 0, "UYVY YUYV");
    check(RESIZER, 1, "YUYV");
}

#[test]
fn what_a_source_pad_can_have_follows_its_sink_pad() {
    let check = |entity, pad, sink, expect: &str| {
        let state = set_sink(entity, format(640, 480, sink));
        let codes = Asked { state, ..Asked::of(entity, pad) }.codes();
        assert_eq!(named(&codes).join(" "), expect, "{entity}:{pad} {sink:?}");
    };
    let yuv = MbusCode(0x2006);
    check(CSI2A, 1, MbusCode::SGRBG10_DPCM8, "Grbg10 DPCM");
    check(CCDC, 1, MbusCode::SGRBG12, "Grbg12");
    check(CCDC, 2, MbusCode::SGRBG12, "Grbg10");
    check(CCDC, 1, yuv, "UYVY YUYV");
    check(CCDC, 2, yuv, "");
    check(RESIZER, 1, MbusCode::UYVY8_1X16, "UYVY");
}

#[test]
fn the_sizes_of_each_pad_are_those_of_the_omap3isp() {
    let check = |entity, pad, sink, expect: [u16; 4]| {
        let state = set_sink(entity, format(640, 480, sink));
        let asked = Asked { state, ..Asked::of(entity, pad) };
        let sizes = asked.sizes(asked.codes()[0]);
        let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } = sizes;
        let found = [min_width_px, max_width_px, min_height_px, max_height_px];
        assert_eq!(found, expect, "{entity}:{pad}");
    };
    check(CCP2, 0, GRBG10, [16, 8191, 1, 8191]);
    check(CCP2, 1, GRBG10, [640, 640, 480, 480]);
    check(CSI2A, 0, GRBG10, [1, 8191, 1, 8191]);
    check(CCDC, 0, GRBG10, [32, 4096, 32, 4096]);
    check(CCDC, 1, GRBG10, [640, 640, 480, 480]);
    check(CCDC, 2, GRBG10, [32, 640, 32, 479]);
    check(PREVIEW, 0, GRBG10, [64, 4096, 16, 16384]);
    check(PREVIEW, 1, GRBG10, [622, 622, 472, 472]);
    check(RESIZER, 0, YUYV, [32, 4094, 32, 4095]);
    // A quarter to four times the input: (input x 256 + 207) / 64 + 1, without the 7 columns or 4 lines of the
    // filter.
    check(RESIZER, 1, YUYV, [160, 2536, 120, 1908]);
}

#[test]
fn what_is_enumerated_is_taken_and_nothing_else_is() {
    let mut seed = 11_u32;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        (seed as u16) >> (seed >> 28)
    };
    for (entity, pad) in all_pads() {
        let mut asked = Asked::of(entity, pad);
        for round in 0..60 {
            asked.feed = if next() % 2 == 0 { Feed::Live } else { Feed::Memory };
            let sink = code::all().nth(usize::from(next()) % 20).expect("a code");
            for change in [
                FormatChange::Format { pad: 0, format: format(next(), next(), sink) },
                FormatChange::Crop(rect(next(), next(), next(), next())),
                FormatChange::Format { pad: 1, format: format(next(), next(), sink) },
            ] {
                asked.state = adjust(entity, asked.state, asked.feed, change).expect("a block");
            }
            check_all(&asked, &mut next);
            if round < 3 {
                check_no_others(&asked);
            }
        }
    }
}

fn check_all(asked: &Asked, next: &mut impl FnMut() -> u16) {
    let codes = asked.codes();
    for (place, code) in codes.iter().enumerate() {
        assert!(!codes[..place].contains(code), "{code:?} twice: {asked:?}");
        let sizes = asked.sizes(*code);
        check_sizes(asked, *code, sizes);
        for _ in 0..200 {
            let (width_px, height_px) = (next(), next());
            if asked.takes(format(width_px, height_px, *code)) {
                assert!(sizes.contains(width_px, height_px), "{width_px}x{height_px} {asked:?}");
            }
        }
    }
}

/// No other code is taken.
fn check_no_others(asked: &Asked) {
    let codes = asked.codes();
    for code in (0..0x4000).map(MbusCode).filter(|code| !codes.contains(code) && code.0 != 0) {
        let here = at(asked.entity, &asked.state, asked.pad);
        assert!(!asked.takes(PadFormat { code, ..here }), "{code:?} is taken: {asked:?}");
        assert_eq!(asked.offer(Choice::Code(code)), Err(IspError::NoSuchFormat));
    }
}

/// Each extreme is taken with some size the other way, and nothing next to it outside is.
fn check_sizes(asked: &Asked, code: MbusCode, sizes: SizeRange) {
    let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } = sizes;
    assert!(min_width_px <= max_width_px && min_height_px <= max_height_px && min_width_px > 0);
    let heights = (min_height_px..=max_height_px).step_by(usize::from(max_height_px / 40).max(1));
    let heights: Vec<_> = heights.chain([max_height_px]).collect();
    let widths = (min_width_px..=max_width_px).step_by(2).collect::<Vec<_>>();
    let some_widths = widths.iter().step_by(widths.len().div_ceil(40)).chain(widths.last());
    let some_widths: Vec<_> = some_widths.copied().chain([max_width_px]).collect();
    let with_width = |width| heights.iter().any(|height| asked.takes(format(width, *height, code)));
    let with_height =
        |height| some_widths.iter().any(|width| asked.takes(format(*width, height, code)));
    for width in [min_width_px, max_width_px] {
        assert!(with_width(width), "{width} wide: {sizes:?} {asked:?}");
    }
    for height in [min_height_px, max_height_px] {
        assert!(with_height(height), "{height} high: {sizes:?} {asked:?}");
    }
    for beyond in (1..=16).flat_map(|n| [min_width_px.wrapping_sub(n), max_width_px + n]) {
        assert!(!with_width(beyond), "{beyond} wide: {sizes:?} {asked:?}");
    }
    for beyond in (1..=4).flat_map(|n| [min_height_px.wrapping_sub(n), max_height_px + n]) {
        assert!(!with_height(beyond), "{beyond} high: {sizes:?} {asked:?}");
    }
}

#[test]
fn what_there_is_not_is_refused() {
    let no = Err(IspError::NoSuchFormat);
    for (entity, pad) in all_pads() {
        let asked = Asked::of(entity, pad);
        for choice in [Choice::Index(u16::MAX), Choice::Code(MbusCode(0))] {
            assert_eq!(asked.offer(choice), no, "{entity}:{pad} {choice:?}");
        }
    }
    for (entity, pad) in [(PREVIEW, 2), (RESIZER, 2), (CCP2, 2), (CCDC, 3), (CCDC, u8::MAX)] {
        assert_eq!(Asked::of(entity, pad).offer(Choice::Index(0)), no, "{entity}:{pad}");
    }
    let state = default_state(CCDC).expect("a block");
    for entity in [CCDC_OUTPUT, 200] {
        let asked = Asked { entity, state, feed: Feed::Live, pad: 0 };
        assert_eq!(asked.offer(Choice::Index(0)), Err(IspError::NoSuchEntity));
    }
}
