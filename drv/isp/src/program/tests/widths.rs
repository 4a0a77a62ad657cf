//! Bits of a sample: what the lane shifter drops, and who can have how many.

use super::*;

/// Raw frames of which the sensor sends `sent`, and the CCDC takes `taken`.
fn narrowed(sent: MbusCode, taken: MbusCode) -> Pipeline {
    let ccdc = sink(CCDC, PadFormat { width_px: 160, height_px: 120, code: taken });
    let pixel_format = crate::formats::code::pixel_format(taken).expect("lies in memory");
    let input = Input::Sensor { code: sent, ccdc };
    Pipeline { input, output: pixels(ccdc.source, pixel_format), ..raw() }
}

#[test]
fn raw_frames_have_the_bits_of_the_sink_and_the_shifter_drops_the_others() {
    use MbusCode as Code;
    // DATSIZ and PACK8 in SYN_MODE, CTRL.SHIFT, all on both ways of the sensor.
    for (sent, taken, mode, shift) in [
        (Code::SGRBG12, Code::SGRBG12, 0x400, 0),
        (Code::SGRBG12, Code::SGRBG10, 0x600, 1),
        (Code::SGRBG12, Code::SGRBG8, 0xF00, 2),
        (Code::SGRBG10, Code::SGRBG10, 0x600, 0),
        (Code::SGRBG10, Code::SGRBG8, 0xF00, 1),
        (Code::SGRBG8, Code::SGRBG8, 0xF00, 0),
    ] {
        let parallel = narrowed(sent, taken);
        let ccdc = *parallel.input.ccdc().expect("from the sensor");
        let from = PadFormat { code: sent, ..ccdc.sink };
        let input = Input::Csi2a { sink: from, source: from, ccdc: Some(ccdc) };
        for (pipeline, port) in [(parallel, 0), (Pipeline { input, ..parallel }, 1)] {
            let map = written(&pipeline);
            expect(&map, &ccdc_regs::SYN_MODE, 0x0003_0000 | mode);
            expect(&map, &ccdc_regs::DCSUB, 0);
            let control = map[&main_regs::CTRL.offset()];
            assert_eq!(main_regs::ctrl::SHIFT.get(control), shift, "{sent:?} {taken:?}");
            assert_eq!(main_regs::ctrl::PAR_SER_CLK_SEL.get(control), port);
        }
    }
    for (sent, taken) in [
        (Code::SGRBG10, Code::SGRBG12),
        (Code::SGRBG8, Code::SGRBG10),
        // SBGGR10 and Y10: other orders, and no colours.
        (Code::SGRBG12, Code(0x3007)),
        (Code::SGRBG12, Code(0x200a)),
        (Code(0x200a), Code(0x200a)),
        (Code(0x1234), Code::SGRBG10),
    ] {
        let checked = check(&narrowed(sent, taken));
        assert_eq!(checked, Err(IspError::InvalidPipeline), "{sent:?} {taken:?}");
    }
}

#[test]
fn the_receivers_formats_for_the_port_are_those_of_the_bits() {
    for (code, format) in
        [(MbusCode::SGRBG12, 0x12C), (MbusCode::SGRBG10, 0x12F), (MbusCode::SGRBG8, 0x12A)]
    {
        let map = written(&serially(&narrowed(code, code)));
        expect(&map, &csi2a_regs::CTX_CTRL2, format);
    }
}

#[test]
fn a_picture_of_twelve_bits_takes_the_upper_ten_and_black_in_twelve() {
    let mut pipeline = processed(640, 480);
    let code = MbusCode::SGRBG12;
    let ccdc = sink(CCDC, PadFormat { width_px: 648, height_px: 486, code });
    assert_eq!(ccdc.video_port.code, MbusCode::SGRBG10);
    pipeline.input = Input::Sensor { code, ccdc };
    let map = written(&pipeline);
    expect(&map, &ccdc_regs::SYN_MODE, 0x0001_0400);
    expect(&map, &ccdc_regs::DCSUB, 168);
    // VPEN, bits 11 to 2.
    expect(&map, &ccdc_regs::FMTCFG, 0xC000);
    // The shifter can do the same.
    let ten = sink(CCDC, PadFormat { width_px: 648, height_px: 486, code: MbusCode::SGRBG10 });
    pipeline.input = Input::Sensor { code, ccdc: ten };
    let map = written(&pipeline);
    expect(&map, &ccdc_regs::SYN_MODE, 0x0001_0600);
    expect(&map, &ccdc_regs::DCSUB, 42);
    expect(&map, &ccdc_regs::FMTCFG, 0xE000);
    assert_eq!(main_regs::ctrl::SHIFT.get(map[&main_regs::CTRL.offset()]), 1);
}

#[test]
fn eight_bits_are_for_memory_alone() {
    let code = MbusCode::SGRBG8;
    let ccdc = sink(CCDC, PadFormat { width_px: 648, height_px: 486, code });
    let preview = sink(PREVIEW, ccdc.video_port);
    let pipeline = Pipeline {
        input: Input::Sensor { code, ccdc },
        preview: Some(preview),
        output: pixels(preview.source, PixelFormat::YUYV),
        ..preview_only()
    };
    assert_eq!(check(&pipeline), Err(IspError::InvalidPipeline));
}
