//! The rules against a real print of `media-ctl -p`, and against anything that anybody asks for.

mod enumeration;

use super::*;
use crate::topology::position::{CCDC, CCDC_OUTPUT, CCP2, CSI2A, PREVIEW, RESIZER};
use idl::types::{MbusCode, PadFormat, Rect};

const GRBG10: MbusCode = MbusCode::SGRBG10;
const YUYV: MbusCode = MbusCode::YUYV8_1X16;

fn format(width_px: u16, height_px: u16, code: MbusCode) -> PadFormat {
    PadFormat { width_px, height_px, code }
}

fn rect(left_px: u16, top_px: u16, width_px: u16, height_px: u16) -> Rect {
    Rect { left_px, top_px, width_px, height_px }
}

fn set(entity: u8, state: BlockState, pad: u8, format: PadFormat) -> BlockState {
    adjust(entity, state, Feed::Live, FormatChange::Format { pad, format }).expect("a block")
}

fn set_sink(entity: u8, format: PadFormat) -> BlockState {
    set(entity, default_state(entity).expect("a block"), 0, format)
}

fn set_crop(entity: u8, state: BlockState, crop: Rect) -> BlockState {
    adjust(entity, state, Feed::Live, FormatChange::Crop(crop)).expect("a block")
}

#[test]
fn the_real_print_is_reproduced() {
    let ccdc = set_sink(CCDC, format(1298, 970, GRBG10));
    assert_eq!(ccdc.crop_bounds, rect(0, 0, 1312, 970));
    assert_eq!(ccdc.crop, rect(0, 0, 1296, 970));
    assert_eq!(ccdc.source, format(1296, 970, GRBG10));
    assert_eq!(ccdc.video_port, format(1298, 969, GRBG10));
    let preview = set_sink(PREVIEW, ccdc.video_port);
    assert_eq!(preview.crop_bounds, rect(10, 4, 1280, 961));
    assert_eq!(preview.crop, rect(10, 4, 1280, 961));
    assert_eq!(preview.source, format(1280, 961, YUYV));
    let resizer = set(RESIZER, set_sink(RESIZER, preview.source), 1, format(320, 240, YUYV));
    assert_eq!(resizer.crop, rect(0, 0, 1280, 961));
    assert_eq!(resizer.source, format(320, 240, YUYV));
}

#[test]
fn the_other_mail_s_preview_crop_is_reproduced() {
    let preview = set_sink(PREVIEW, format(864, 647, GRBG10));
    assert_eq!(preview.crop, rect(10, 4, 846, 639));
}

#[test]
fn only_the_ccdc_takes_two_columns_on_each_side_of_the_preview_engine() {
    let sink = FormatChange::Format { pad: 0, format: format(648, 485, GRBG10) };
    let all = FormatChange::Crop(rect(0, 0, 648, 485));
    let [live, memory] = [Feed::Live, Feed::Memory].map(|feed| {
        let state = default_state(PREVIEW).and_then(|state| adjust(PREVIEW, state, feed, sink));
        let state = state.expect("a block");
        assert_eq!((state.crop, state.source.width_px), (state.crop_bounds, state.crop.width_px));
        assert_eq!(adjust(PREVIEW, state, feed, all), Ok(state), "as large as possible");
        state
    });
    assert_eq!(live.crop, rect(10, 4, 630, 477));
    assert_eq!(memory.crop, rect(8, 4, 634, 477));
}

#[test]
fn ccdc_crop_keeps_the_mosaic_and_whole_units() {
    let state = set_sink(CCDC, format(648, 486, GRBG10));
    let check = |wanted, expect| {
        let changed = set_crop(CCDC, state, wanted);
        assert_eq!(changed.crop, expect, "{wanted:?}");
        let size = (changed.source.width_px, changed.source.height_px);
        assert_eq!(size, (expect.width_px, expect.height_px));
        assert_eq!(changed.video_port, state.video_port, "the port is not cropped");
    };
    check(rect(0, 0, 648, 486), rect(0, 0, 640, 486));
    check(rect(0, 0, 656, 486), rect(0, 0, 656, 486));
    check(rect(3, 5, 100, 99), rect(2, 4, 96, 98));
    check(rect(65535, 65535, 0, 0), rect(616, 454, 32, 32));
}

/// Two pixels of YCbCr share their chroma, and Cb comes first; lines are all alike.
#[test]
fn ccdc_crop_keeps_the_pairs_of_ycbcr() {
    for code in [MbusCode::YUYV8_2X8, MbusCode::UYVY8_2X8] {
        let state = set_sink(CCDC, format(640, 480, code));
        let cropped = set_crop(CCDC, state, rect(33, 17, 320, 241));
        assert_eq!(cropped.crop, rect(32, 17, 320, 241), "{code:?}");
    }
}

#[test]
fn ccdc_narrows_the_video_port_to_ten_bits_and_keeps_yuv_out() {
    let sbggr12 = set_sink(CCDC, format(640, 480, MbusCode(0x3008)));
    assert_eq!(sbggr12.source.code, MbusCode(0x3008));
    assert_eq!(sbggr12.video_port.code, MbusCode(0x3007));
    let (twelve, eight) = (MbusCode::SGRBG12, MbusCode::SGRBG8);
    for (sink, port) in [(twelve, GRBG10), (GRBG10, GRBG10), (eight, eight)] {
        let state = set_sink(CCDC, format(640, 480, sink));
        assert_eq!((state.source.code, state.video_port.code), (sink, port));
        // No other code than the sink's can be asked for.
        assert_eq!(set(CCDC, state, 1, format(640, 480, YUYV)).source.code, sink);
        assert_eq!(set(CCDC, state, 2, format(640, 479, twelve)).video_port.code, port);
    }
    let yuv = set_sink(CCDC, format(640, 480, MbusCode(0x2006)));
    assert_eq!((yuv.source.code, yuv.video_port.code), (MbusCode::UYVY8_1X16, MbusCode(0)));
    let swapped = set(CCDC, yuv, 1, format(1, 1, YUYV));
    assert_eq!(swapped.source, format(640, 480, YUYV));
    let unknown = set_sink(CCDC, format(640, 480, MbusCode(0x1234)));
    assert_eq!(unknown.sink.code, GRBG10);
}

#[test]
fn the_video_port_drops_at_least_a_line() {
    let state = set_sink(CCDC, format(648, 486, GRBG10));
    assert_eq!(set(CCDC, state, 2, format(9999, 9999, YUYV)).video_port, format(648, 485, GRBG10));
    assert_eq!(set(CCDC, state, 2, format(1, 1, YUYV)).video_port, format(32, 32, GRBG10));
}

#[test]
fn preview_source_is_yuv_in_either_order() {
    let state = set_sink(PREVIEW, format(648, 485, GRBG10));
    let uyvy = set(PREVIEW, state, 1, format(5, 5, MbusCode::UYVY8_1X16));
    assert_eq!(uyvy.source, format(630, 477, MbusCode::UYVY8_1X16));
    assert_eq!(set(PREVIEW, state, 1, format(5, 5, GRBG10)).source.code, YUYV);
    assert_eq!(set_crop(PREVIEW, uyvy, rect(0, 0, 101, 33)).crop, rect(10, 4, 100, 33));
    let grey = set_sink(PREVIEW, format(648, 485, MbusCode(0x200a)));
    assert_eq!(grey.crop, rect(8, 2, 634, 481));
}

#[test]
fn a_new_output_size_starts_from_the_crop_as_asked_for() {
    let state = set_sink(RESIZER, format(1278, 962, YUYV));
    let direct = set(RESIZER, state, 1, format(640, 480, YUYV));
    let mut around = state;
    for width in [333, 1000, 320, 512, 640] {
        around = set(RESIZER, around, 1, format(width, width / 4 * 3, YUYV));
    }
    let around = set(RESIZER, around, 1, format(640, 480, YUYV));
    assert!(around.crop.width_px + 8 >= direct.crop.width_px, "{around:?} {direct:?}");
    assert_eq!(around.source, direct.source);
    assert_eq!(around.video_port, direct.video_port, "what was asked for is kept");
}

#[test]
fn zooming_keeps_the_output_size() {
    let state = set_sink(RESIZER, format(1278, 962, YUYV));
    let state = set(RESIZER, state, 1, format(640, 480, YUYV));
    let zoomed = set_crop(RESIZER, state, rect(319, 240, 640, 480));
    assert_eq!(zoomed.source, state.source);
    assert!(zoomed.crop.left_px >= 318 && zoomed.crop.width_px <= 640, "{zoomed:?}");
    let too_far = set_crop(RESIZER, state, rect(0, 0, 1, 1));
    assert_eq!(too_far.source, state.source, "{too_far:?}");
}

#[test]
fn entities_without_formats_say_so() {
    assert_eq!(default_state(CCDC_OUTPUT), Err(IspError::NoSuchEntity));
    assert_eq!(default_state(200), Err(IspError::NoSuchEntity));
    assert_eq!(set_sink(CCP2, format(0, 9999, YUYV)).source, format(16, 8191, GRBG10));
    let compressed = format(170, 1, MbusCode::SGRBG10_DPCM8);
    let receiver = set_sink(CCP2, compressed);
    assert_eq!((receiver.sink, receiver.source), (compressed, format(170, 1, GRBG10)));
    assert_eq!(set_sink(CCDC, compressed).sink.code, GRBG10, "nothing else decompresses");
    assert_eq!(set_sink(CSI2A, format(0, 9999, YUYV)).source, format(1, 8191, GRBG10));
    let twelve = set_sink(CSI2A, format(170, 1, MbusCode::SGRBG12));
    assert_eq!(
        set(CSI2A, twelve, 1, format(170, 1, GRBG10)).source,
        twelve.sink,
        "nothing narrows"
    );
}

#[test]
fn whatever_is_asked_for_the_crop_lies_in_the_sink_and_setting_what_is_changes_nothing() {
    let mut seed = 7_u32;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        // All magnitudes alike.
        (seed as u16) >> (seed >> 28)
    };
    for entity in [CCP2, CSI2A, CCDC, PREVIEW, RESIZER] {
        let mut state = default_state(entity).expect("a block");
        for _ in 0..3000 {
            let feed = if next() % 2 == 0 { Feed::Live } else { Feed::Memory };
            let change = match next() % 4 {
                0 => FormatChange::Crop(rect(next(), next(), next(), next())),
                pad => FormatChange::Format {
                    pad: (pad - 1) as u8,
                    format: format(next(), next(), MbusCode(next() & 0x301f)),
                },
            };
            state = adjust(entity, state, feed, change).expect("a block");
            let Rect { left_px, top_px, width_px, height_px } = state.crop;
            assert!(u32::from(top_px) + u32::from(height_px) <= state.sink.height_px.into());
            // Only the formatter may ask for a little more than the sensor's line.
            let slack = if entity == CCDC { 15 } else { 0 };
            let right = u32::from(left_px) + u32::from(width_px);
            assert!(
                right <= u32::from(state.sink.width_px) + slack,
                "{entity} {change:?} {state:?}"
            );
            let again = set(entity, state, 1, state.source);
            assert_eq!(again.source, state.source, "{entity} {change:?}");
        }
    }
}
