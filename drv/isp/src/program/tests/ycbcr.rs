//! YCbCr of the sensor: to memory, and through the resizer, and nowhere else.

use super::*;

const SIZE: (u16, u16) = (640, 480);

/// The CCDC with this on its sink, and this on the pad of its formatter.
fn taken(sent: MbusCode, passed: MbusCode) -> BlockState {
    let format = PadFormat { width_px: SIZE.0, height_px: SIZE.1, code: sent };
    with(CCDC, sink(CCDC, format), 1, PadFormat { code: passed, ..format })
}

/// The sensor's bytes to memory, as `passed`.
pub(crate) fn stored(sent: MbusCode, passed: MbusCode) -> Pipeline {
    let ccdc = taken(sent, passed);
    let pixel_format = crate::formats::code::pixel_format(passed).expect("lies in memory");
    let output = pixels(ccdc.source, pixel_format);
    Pipeline { input: Input::Sensor { code: sent, ccdc }, output, ..raw() }
}

/// The sensor's bytes through the resizer, YUYV at 320x240.
pub(crate) fn scaled(sent: MbusCode) -> Pipeline {
    let ccdc = taken(sent, MbusCode::YUYV8_1X16);
    let wanted = PadFormat { width_px: 320, height_px: 240, ..ccdc.source };
    let resizer = with(RESIZER, sink(RESIZER, ccdc.source), 1, wanted);
    Pipeline {
        video: VideoNode::ResizerOutput,
        input: Input::Sensor { code: sent, ccdc },
        preview: None,
        resizer: Some(resizer),
        output: pixels(resizer.source, PixelFormat::YUYV),
    }
}

#[test]
fn the_bridge_makes_words_and_the_ccdc_puts_their_bytes_into_order() {
    let (yuyv, uyvy) = (MbusCode::YUYV8_2X8, MbusCode::UYVY8_2X8);
    let (yuyv_out, uyvy_out) = (MbusCode::YUYV8_1X16, MbusCode::UYVY8_1X16);
    // PAR_BRIDGE, and VDLC with BSWD or without.
    for (sent, passed, bridge, config) in [
        (yuyv, yuyv_out, 2, 0x9000),
        (yuyv, uyvy_out, 2, 0x8000),
        (uyvy, yuyv_out, 3, 0x9000),
        (uyvy, uyvy_out, 3, 0x8000),
    ] {
        let map = written(&stored(sent, passed));
        let control = map[&main_regs::CTRL.offset()];
        assert_eq!(main_regs::ctrl::PAR_BRIDGE.get(control), bridge, "{sent:?}");
        assert_eq!(main_regs::ctrl::PAR_SER_CLK_SEL.get(control), 0);
        expect(&map, &ccdc_regs::CFG, config);
        // VDHDEN, WEN, YCbCr of 16 bits, DATSIZ 8 bits, not packed.
        expect(&map, &ccdc_regs::SYN_MODE, 0x0003_1700);
        expect(&map, &ccdc_regs::HORZ_INFO, 639);
        expect(&map, &ccdc_regs::VERT_LINES, 479);
        expect(&map, &ccdc_regs::HSIZE_OFF, 1280);
    }
    // And a mosaic is no longer joined.
    assert_eq!(main_regs::ctrl::PAR_BRIDGE.get(written(&raw())[&main_regs::CTRL.offset()]), 0);
}

#[test]
fn what_is_for_a_mosaic_is_off() {
    for pipeline in [stored(MbusCode::YUYV8_2X8, MbusCode::YUYV8_1X16), scaled(MbusCode::YUYV8_2X8)]
    {
        let map = written(&pipeline);
        for (register, value) in [
            (&ccdc_regs::FMTCFG, 0),
            (&ccdc_regs::CLAMP, 0),
            (&ccdc_regs::DCSUB, 0),
            (&ccdc_regs::BLKCMP, 0),
            (&ccdc_regs::FPC, 0),
            (&ccdc_regs::ALAW, 4),
            (&ccdc_regs::LSC_CONFIG, 0x6600),
        ] {
            expect(&map, register, value);
        }
        let state = pipeline.input.ccdc().expect("from the sensor");
        assert_eq!(mosaic_bits(state), None, "no corrections are written");
        assert!(!map.contains_key(&preview_regs::PCR.offset()));
    }
}

#[test]
fn the_resizer_gets_the_ccdc_s_lines_and_their_order() {
    for sent in [MbusCode::YUYV8_2X8, MbusCode::UYVY8_2X8] {
        let map = written(&scaled(sent));
        // VDHDEN, SDR2RSZ, no WEN.
        expect(&map, &ccdc_regs::SYN_MODE, 0x0009_1700);
        expect(&map, &ccdc_regs::CFG, 0x9000);
        let count = map[&resizer_regs::CNT.offset()];
        assert!(resizer_regs::cnt::YCPOS.is_set(count));
        assert!(!resizer_regs::cnt::INPSRC.is_set(count));
        // (319 x 508 + 32 + 16) / 256 + 7 is 640 (TRM, input width): the ratio less one.
        assert_eq!(resizer_regs::cnt::HRSZ.get(count), 507);
        expect(&map, &resizer_regs::SDR_OUTOFF, 640);
        let checked = check(&scaled(sent)).expect("the hardware can run it");
        let blocks = checked.route.blocks();
        assert!(blocks.overlap(Blocks::CCDC) && blocks.overlap(Blocks::RESIZER));
        assert!(!blocks.overlap(Blocks::PREVIEW));
    }
}

#[test]
fn ycbcr_goes_over_no_other_link_and_raw_not_over_this_one() {
    let refused = |pipeline: &Pipeline| {
        assert_eq!(check(pipeline), Err(IspError::InvalidPipeline), "{pipeline:?}");
    };
    let good = scaled(MbusCode::YUYV8_2X8);
    check(&good).expect("the hardware can run it");
    let ccdc = *good.input.ccdc().expect("from the sensor");
    assert_eq!(ccdc.video_port.code, MbusCode(0));
    // The preview engine, whose sink cannot have it, and the serial line.
    let preview = sink(PREVIEW, PadFormat { code: MbusCode::SGRBG10, ..ccdc.video_port });
    let output = pixels(preview.source, PixelFormat::YUYV);
    let video = VideoNode::PreviewOutput;
    refused(&Pipeline { video, preview: Some(preview), resizer: None, output, ..good });
    refused(&serially(&good));
    refused(&received(&good, PixelFormat::SGRBG10));
    // The other order than is sent, the other than the resizer takes, and as it is sent.
    let other = taken(MbusCode::UYVY8_2X8, MbusCode::YUYV8_1X16);
    let input = |ccdc| Input::Sensor { code: MbusCode::YUYV8_2X8, ccdc };
    refused(&Pipeline { input: input(other), ..good });
    let swapped = taken(MbusCode::YUYV8_2X8, MbusCode::UYVY8_1X16);
    refused(&Pipeline { input: input(swapped), ..good });
    let mut as_sent = ccdc;
    as_sent.source.code = MbusCode::YUYV8_2X8;
    refused(&Pipeline { input: input(as_sent), ..good });
    // A mosaic, even if the resizer's sink is said to have its code.
    for code in [MbusCode::SGRBG10, MbusCode::SGRBG8] {
        let mosaic = sink(CCDC, PadFormat { code, ..ccdc.sink });
        let input = Input::Sensor { code, ccdc: mosaic };
        refused(&Pipeline { input, ..good });
        let mut resizer = good.resizer.expect("set");
        (resizer.sink.code, resizer.source.code) = (code, code);
        refused(&Pipeline { input, resizer: Some(resizer), ..good });
    }
}
