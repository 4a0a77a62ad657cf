//! Pipelines that the hardware can and cannot run, and what is written for them.

mod widths;
pub(crate) mod ycbcr;

use super::*;
use crate::formats::{adjust, default_state};
use crate::registers::Write;
use crate::topology::position::{CCDC, PREVIEW, RESIZER};
use drv_isp_regs::{
    Register, ccdc as ccdc_regs, ccp2 as ccp2_regs, csi2a as csi2a_regs, main_block as main_regs,
    preview as preview_regs, resizer as resizer_regs,
};
use idl::types::{
    BlockState, Feed, FormatChange, Input, IspError, MbusCode, PadFormat, Pipeline, PixFormat,
    PixelFormat, VideoNode,
};
use std::collections::BTreeMap;

fn with(entity: u8, state: BlockState, pad: u8, format: PadFormat) -> BlockState {
    adjust(entity, state, Feed::Live, FormatChange::Format { pad, format }).expect("a block")
}

fn sink(entity: u8, format: PadFormat) -> BlockState {
    with(entity, default_state(entity).expect("a block"), 0, format)
}

fn pixels(format: PadFormat, pixel_format: PixelFormat) -> PixFormat {
    let stride_bytes = (u32::from(format.width_px) * 2).next_multiple_of(32);
    PixFormat {
        width_px: format.width_px,
        height_px: format.height_px,
        pixel_format,
        stride_bytes,
        size_bytes: stride_bytes * u32::from(format.height_px),
    }
}

/// 648x486 GRBG from the sensor, through all blocks.
pub(crate) fn processed(width_px: u16, height_px: u16) -> Pipeline {
    let code = MbusCode::SGRBG10;
    let ccdc = sink(CCDC, PadFormat { width_px: 648, height_px: 486, code });
    let preview = sink(PREVIEW, ccdc.video_port);
    let wanted = PadFormat { width_px, height_px, code: preview.source.code };
    let resizer = with(RESIZER, sink(RESIZER, preview.source), 1, wanted);
    Pipeline {
        video: VideoNode::ResizerOutput,
        input: Input::Sensor { code, ccdc },
        preview: Some(preview),
        resizer: Some(resizer),
        output: pixels(resizer.source, PixelFormat::YUYV),
    }
}

pub(crate) fn raw() -> Pipeline {
    let code = MbusCode::SGRBG10;
    let ccdc = sink(CCDC, PadFormat { width_px: 160, height_px: 120, code });
    let output = pixels(ccdc.source, PixelFormat::SGRBG10);
    Pipeline {
        video: VideoNode::CcdcOutput,
        input: Input::Sensor { code, ccdc },
        preview: None,
        resizer: None,
        output,
    }
}

/// 160x120 GRBG from the serial line to memory.
pub(crate) fn serial() -> Pipeline {
    let sink = PadFormat { width_px: 160, height_px: 120, code: MbusCode::SGRBG10 };
    Pipeline {
        video: VideoNode::Csi2aOutput,
        input: Input::Csi2a { sink, source: sink, ccdc: None },
        preview: None,
        resizer: None,
        output: pixels(sink, PixelFormat::SGRBG10),
    }
}

/// The frames of a sensor pipeline from the serial line instead.
pub(crate) fn serially(live: &Pipeline) -> Pipeline {
    let ccdc = *live.input.ccdc().expect("from the sensor");
    let input = Input::Csi2a { sink: ccdc.sink, source: ccdc.sink, ccdc: Some(ccdc) };
    Pipeline { input, ..*live }
}

/// As far as the preview engine.
pub(crate) fn preview_only() -> Pipeline {
    let whole = processed(640, 480);
    let source = whole.preview.expect("set").source;
    Pipeline {
        video: VideoNode::PreviewOutput,
        resizer: None,
        output: pixels(source, PixelFormat::YUYV),
        ..whole
    }
}

/// Last value of each offset.
fn written(pipeline: &Pipeline) -> BTreeMap<usize, u32> {
    let checked = check(pipeline).expect("the hardware can run it");
    let mut map = BTreeMap::new();
    let mut collect = |Write { offset, value }| {
        map.insert(offset, value);
    };
    configure(&checked, &mut Writer(&mut collect));
    map
}

fn expect(map: &BTreeMap<usize, u32>, register: &Register, value: u32) {
    assert_eq!(map.get(&register.offset()), Some(&value), "{}", register.name);
}

#[test]
fn a_raw_pipeline_writes_what_the_sensor_sent() {
    let map = written(&raw());
    expect(&map, &ccdc_regs::CFG, 0x8000);
    // VDHDEN, WEN, 10 bits.
    expect(&map, &ccdc_regs::SYN_MODE, 0x0003_0600);
    expect(&map, &ccdc_regs::COLPTN, 0xBB11_BB11);
    expect(&map, &ccdc_regs::DCSUB, 0);
    expect(&map, &ccdc_regs::VDINT, 118 << 16 | 80);
    expect(&map, &ccdc_regs::HORZ_INFO, 159);
    expect(&map, &ccdc_regs::VERT_LINES, 119);
    expect(&map, &ccdc_regs::HSIZE_OFF, 320);
    expect(&map, &ccdc_regs::FMTCFG, 0);
    assert!(!map.contains_key(&preview_regs::PCR.offset()));
}

#[test]
fn a_processed_pipeline_feeds_block_from_block() {
    let map = written(&processed(640, 480));
    // VDHDEN, no WEN, 10 bits.
    expect(&map, &ccdc_regs::SYN_MODE, 0x0001_0600);
    expect(&map, &ccdc_regs::DCSUB, 42);
    expect(&map, &ccdc_regs::FMTCFG, 0xE000);
    expect(&map, &ccdc_regs::FMT_VERT, 486);
    expect(&map, &ccdc_regs::VP_OUT, 648 << 4 | 485 << 17);
    // ONESHOT, CFAEN, YUYV, to the resizer.
    expect(&map, &preview_regs::PCR, 1 << 3 | 1 << 10 | 3 << 17 | 1 << 19);
    expect(&map, &preview_regs::WBSEL, 0xEE44_EE44);
    // 630x477 -> 640x480: ratios 249 and 253, input 628x477 from column 0 (1 is odd).
    expect(&map, &resizer_regs::IN_SIZE, 628 | 477 << 16);
    expect(&map, &resizer_regs::IN_START, 0);
    expect(&map, &resizer_regs::OUT_SIZE, 640 | 480 << 16);
    let count = 248 | 252 << 10 | 1 << 20 | 1 << 23 | 1 << 26 | 1 << 29;
    expect(&map, &resizer_regs::CNT, count);
    expect(&map, &resizer_regs::SDR_OUTOFF, 1280);
    let first = resizer_regs::HFILT.offset();
    let negative = 23 | ((-2_i32 as u32) & 0x3FF) << 16;
    assert_eq!((map[&first], map[&(first + 12)]), (256 << 16, negative));
}

#[test]
fn nothing_starts_a_block_or_names_an_address() {
    for pipeline in [raw(), processed(320, 240), ycbcr::scaled(MbusCode::YUYV8_2X8)] {
        let map = written(&pipeline);
        assert!(!map.contains_key(&ccdc_regs::PCR.offset()));
        for pcr in [preview_regs::PCR, resizer_regs::PCR] {
            assert_eq!(map.get(&pcr.offset()).copied().unwrap_or(0) & 1, 0, "EN");
        }
        for path in [Path::Raw, Path::Preview, Path::Resizer, Path::Scaled] {
            assert!(!map.contains_key(&path.address().offset()));
        }
    }
}

#[test]
fn every_offset_that_is_written_is_a_register() {
    let all = [
        raw(),
        processed(100, 100),
        serial(),
        serially(&raw()),
        ycbcr::scaled(MbusCode::YUYV8_2X8),
    ];
    for (offset, value) in all.iter().flat_map(written) {
        let (register, _) = drv_isp_regs::lookup(offset as u32).expect("a row");
        assert_eq!(value & !register.writable, 0, "{} {value:#x}", register.name);
    }
}

fn ccdc(pipeline: &mut Pipeline) -> &mut BlockState {
    match &mut pipeline.input {
        Input::Sensor { ccdc, .. } | Input::Ccp2 { ccdc, .. } => ccdc,
        Input::Csi2a { ccdc, .. } => ccdc.as_mut().expect("goes on to it"),
        Input::Memory { .. } => panic!("no CCDC"),
    }
}

#[test]
fn pipelines_that_cannot_run_are_refused() {
    let refused = |change: &dyn Fn(&mut Pipeline)| {
        let mut pipeline = processed(640, 480);
        change(&mut pipeline);
        assert_eq!(check(&pipeline), Err(IspError::InvalidPipeline), "{pipeline:?}");
    };
    assert!(check(&processed(640, 480)).is_ok());
    refused(&|pipeline| pipeline.video = VideoNode::PreviewInput);
    refused(&|pipeline| pipeline.video = VideoNode::CcdcOutput);
    refused(&|pipeline| pipeline.preview = None);
    refused(&|pipeline| pipeline.resizer = None);
    refused(&|pipeline| ccdc(pipeline).video_port.height_px -= 1);
    refused(&|pipeline| ccdc(pipeline).crop.left_px = 1);
    refused(&|pipeline| ccdc(pipeline).crop.width_px = 0);
    refused(&|pipeline| pipeline.preview.as_mut().expect("set").crop.top_px = 0);
    refused(&|pipeline| pipeline.resizer.as_mut().expect("set").crop.width_px += 2);
    refused(&|pipeline| pipeline.resizer.as_mut().expect("set").crop.left_px = u16::MAX);
    refused(&|pipeline| pipeline.resizer.as_mut().expect("set").source.width_px = 0);
    refused(&|pipeline| pipeline.output.width_px -= 2);
    refused(&|pipeline| pipeline.output.stride_bytes -= 32);
    refused(&|pipeline| pipeline.output.stride_bytes += 8);
    refused(&|pipeline| pipeline.output.stride_bytes = 0x8000_0000);
    refused(&|pipeline| pipeline.output.size_bytes -= 1);
    refused(&|pipeline| pipeline.output.pixel_format = PixelFormat::UYVY);
}

/// The same blocks, fed from memory.
fn from_memory(pipeline: &Pipeline, video: VideoNode, sink: PadFormat) -> Pipeline {
    let pixel_format = crate::formats::code::pixel_format(sink.code).expect("lies in memory");
    let mut format = pixels(sink, pixel_format);
    // The preview engine reads lines of whole 64 bytes.
    format.stride_bytes = format.stride_bytes.next_multiple_of(64);
    format.size_bytes = format.stride_bytes * u32::from(sink.height_px);
    Pipeline { input: Input::Memory { video, format }, ..*pipeline }
}

/// Raw pixels from memory, developed.
pub(crate) fn developed() -> Pipeline {
    let live = preview_only();
    from_memory(&live, VideoNode::PreviewInput, live.preview.expect("set").sink)
}

/// Raw pixels from memory, developed and scaled.
pub(crate) fn developed_and_scaled() -> Pipeline {
    let live = processed(320, 240);
    from_memory(&live, VideoNode::PreviewInput, live.preview.expect("set").sink)
}

/// A picture from memory, scaled.
pub(crate) fn scaled() -> Pipeline {
    let live = Pipeline { preview: None, ..processed(320, 240) };
    from_memory(&live, VideoNode::ResizerInput, live.resizer.expect("set").sink)
}

/// The frames of a sensor pipeline from memory instead, through the receiver.
pub(crate) fn received(live: &Pipeline, pixel_format: PixelFormat) -> Pipeline {
    let ccdc = *live.input.ccdc().expect("from the sensor");
    let mut format = pixels(ccdc.sink, pixel_format);
    if pixel_format == PixelFormat::SGRBG10_DPCM8 {
        format.stride_bytes = u32::from(format.width_px).next_multiple_of(32);
        format.size_bytes = format.stride_bytes * u32::from(format.height_px);
    }
    Pipeline { input: Input::Ccp2 { format, ccdc }, ..*live }
}

#[test]
fn the_ccdc_does_with_received_frames_what_it_does_with_the_sensors() {
    for live in [raw(), preview_only(), processed(320, 240)] {
        let (from_sensor, mut from_memory) =
            (written(&live), written(&received(&live, PixelFormat::SGRBG10)));
        let select = main_regs::ctrl::PAR_SER_CLK_SEL;
        let control = main_regs::CTRL.offset();
        assert_eq!(select.get(from_memory[&control]), 2, "CSI B");
        assert_eq!(select.get(from_sensor[&control]), 0, "parallel");
        let receiver = ccp2_regs::REVISION.offset()..=ccp2_regs::LCM_DST_OFST.offset();
        from_memory.retain(|offset, _| !receiver.contains(offset));
        from_memory.insert(control, from_sensor[&control]);
        assert_eq!(from_memory, from_sensor);
    }
}

#[test]
fn the_serial_line_goes_to_memory_a_frame_at_a_time() {
    let map = written(&serial());
    expect(&map, &csi2a_regs::SYSCONFIG, 0x2001);
    // Clock lane first, data lane second; power on and automatic, out of reset.
    expect(&map, &csi2a_regs::COMPLEXIO_CFG1, 0x4900_0021);
    expect(&map, &csi2a_regs::CTX_CTRL1, 0);
    expect(&map, &csi2a_regs::CTX_CTRL2, 0xAB);
    expect(&map, &csi2a_regs::CTX_CTRL3, 120);
    expect(&map, &csi2a_regs::CTX_DAT_OFST, 320);
    expect(&map, &csi2a_regs::CTX_IRQENABLE, 3);
    expect(&map, &csi2a_regs::IRQENABLE, 1);
    expect(&map, &csi2a_regs::CTRL, 5);
    assert!(
        !map.contains_key(&ccdc_regs::PCR.offset()) && !map.contains_key(&main_regs::CTRL.offset())
    );
    let blocks = check(&serial()).expect("the hardware can run it").route.blocks();
    assert_eq!(blocks, Blocks::CSI2A);
}

#[test]
fn the_ccdc_does_with_serial_frames_what_it_does_with_parallel_ones() {
    for live in [raw(), preview_only(), processed(320, 240)] {
        let (parallel, mut serial) = (written(&live), written(&serially(&live)));
        let control = main_regs::CTRL.offset();
        assert_eq!(main_regs::ctrl::PAR_SER_CLK_SEL.get(serial[&control]), 1, "CSI A");
        expect(&serial, &csi2a_regs::CTX_CTRL2, 0x12F);
        // On without end, and nothing to memory.
        expect(&serial, &csi2a_regs::CTX_CTRL1, 0x31);
        expect(&serial, &csi2a_regs::CTRL, 0x805);
        expect(&serial, &csi2a_regs::CTX_IRQENABLE, 0x20);
        expect(&serial, &csi2a_regs::IRQENABLE, 0x6B01);
        serial.retain(|offset, _| *offset < csi2a_regs::REVISION.offset());
        serial.insert(control, parallel[&control]);
        assert_eq!(serial, parallel);
    }
}

#[test]
fn codes_are_kept_or_decompressed_and_samples_packed_as_the_ends_want_it() {
    let check_format = |sink: MbusCode, source: MbusCode, pixel_format, format: u32| {
        let mut pipeline = serial();
        let Input::Csi2a { sink: on_line, source: passed, .. } = &mut pipeline.input else {
            panic!("serial")
        };
        (on_line.code, passed.code) = (sink, source);
        pipeline.output.pixel_format = pixel_format;
        let map = written(&pipeline);
        let word = map[&csi2a_regs::CTX_CTRL2.offset()];
        assert_eq!(csi2a_regs::ctx_ctrl2::FORMAT.get(word), format);
        assert_eq!(word >> 10, if sink == MbusCode::SGRBG10_DPCM8 { 1 | 2 << 3 } else { 0 });
    };
    let (raw, codes) = (MbusCode::SGRBG10, MbusCode::SGRBG10_DPCM8);
    check_format(raw, raw, PixelFormat::SGRBG10, 0xAB);
    check_format(raw, raw, PixelFormat::SGRBG10P, 0x2B);
    check_format(MbusCode::SGRBG8, MbusCode::SGRBG8, PixelFormat::SGRBG8, 0x2A);
    check_format(MbusCode::SGRBG12, MbusCode::SGRBG12, PixelFormat::SGRBG12, 0xAC);
    check_format(codes, codes, PixelFormat::SGRBG10_DPCM8, 0x40);
    check_format(codes, raw, PixelFormat::SGRBG10, 0x2C0);
}

#[test]
fn serial_pipelines_that_cannot_run_are_refused() {
    let refused = |good: Pipeline, change: &dyn Fn(&mut Pipeline)| {
        let mut pipeline = good;
        change(&mut pipeline);
        assert_eq!(check(&pipeline), Err(IspError::InvalidPipeline), "{pipeline:?}");
    };
    fn pads(pipeline: &mut Pipeline) -> (&mut PadFormat, &mut PadFormat) {
        match &mut pipeline.input {
            Input::Csi2a { sink, source, .. } => (sink, source),
            _ => panic!("serial"),
        }
    }
    for good in [serial(), serially(&raw()), serially(&processed(320, 240))] {
        check(&good).expect("the hardware can run it");
        refused(good, &|pipeline| pads(pipeline).0.width_px -= 2);
        refused(good, &|pipeline| pads(pipeline).1.height_px -= 2);
        refused(good, &|pipeline| pads(pipeline).1.code = MbusCode::SGRBG10_DPCM8);
        refused(good, &|pipeline| pads(pipeline).0.code = MbusCode::YUYV8_1X16);
        refused(good, &|pipeline| pipeline.output.size_bytes -= 1);
        refused(good, &|pipeline| pipeline.output.stride_bytes -= 32);
        refused(good, &|pipeline| pipeline.video = VideoNode::PreviewInput);
    }
    refused(serial(), &|pipeline| pipeline.video = VideoNode::CcdcOutput);
    refused(serial(), &|pipeline| pipeline.preview = processed(320, 240).preview);
    refused(serial(), &|pipeline| pipeline.resizer = processed(320, 240).resizer);
    refused(serial(), &|pipeline| pipeline.output.pixel_format = PixelFormat::SGRBG10_DPCM8);
    refused(serial(), &|pipeline| {
        let (sink, source) = pads(pipeline);
        // Twelve bits are expanded, and not packed as ten.
        (sink.code, source.code) = (MbusCode::SGRBG12, MbusCode::SGRBG12);
        pipeline.output.pixel_format = PixelFormat::SGRBG10P;
    });
    refused(serial(), &|pipeline| {
        // What it decompresses it does not pack again.
        pads(pipeline).0.code = MbusCode::SGRBG10_DPCM8;
        let width_px = u32::from(pipeline.output.width_px);
        pipeline.output.pixel_format = PixelFormat::SGRBG10P;
        pipeline.output.stride_bytes = (width_px * 5 / 4).next_multiple_of(32);
        pipeline.output.size_bytes =
            pipeline.output.stride_bytes * u32::from(pipeline.output.height_px);
    });
    refused(serially(&raw()), &|pipeline| pipeline.video = VideoNode::Csi2aOutput);
    refused(serially(&raw()), &|pipeline| pipeline.output.pixel_format = PixelFormat::SGRBG10P);
    refused(serially(&raw()), &|pipeline| ccdc(pipeline).crop.left_px = 1);
    refused(serially(&raw()), &|pipeline| pads(pipeline).0.code = MbusCode::SGRBG8);
    // Compressed codes are no samples.
    let eight = sink(CCDC, PadFormat { width_px: 160, height_px: 120, code: MbusCode::SGRBG8 });
    let compressed = PadFormat { code: MbusCode::SGRBG10_DPCM8, ..eight.sink };
    for (input, ok) in [
        (Input::Sensor { code: MbusCode::SGRBG10_DPCM8, ccdc: eight }, false),
        (Input::Csi2a { sink: compressed, source: compressed, ccdc: Some(eight) }, false),
        (Input::Csi2a { sink: eight.sink, source: eight.sink, ccdc: None }, true),
    ] {
        let video = if ok { VideoNode::Csi2aOutput } else { VideoNode::CcdcOutput };
        let output = pixels(eight.source, PixelFormat::SGRBG8);
        let pipeline = Pipeline { video, input, output, ..raw() };
        assert_eq!(check(&pipeline).is_ok(), ok, "{pipeline:?}");
    }
}

#[test]
fn the_receiver_reads_samples_or_decompresses_codes() {
    let map = written(&received(&raw(), PixelFormat::SGRBG10));
    // Smart standby, auto idle.
    expect(&map, &ccp2_regs::SYSCONFIG, 0x2001);
    // To the video port, CCP2 mode, no memory output, half of the clock.
    expect(&map, &ccp2_regs::CTRL, 0x4000_0814);
    // RAW10 to RAW10, bursts of 32 words.
    expect(&map, &ccp2_regs::LCM_CTRL, 3 << 24 | 3 << 16 | 5 << 5);
    expect(&map, &ccp2_regs::LCM_HSIZE, 160 << 16);
    expect(&map, &ccp2_regs::LCM_VSIZE, 120 << 16);
    expect(&map, &ccp2_regs::LCM_PREFETCH, 40 << 3);
    expect(&map, &ccp2_regs::LCM_SRC_OFST, 320);
    expect(&map, &ccp2_regs::LCM_IRQENABLE, 3);
    assert!(!map.contains_key(&ccp2_regs::LCM_SRC_ADDR.offset()));
    let map = written(&received(&raw(), PixelFormat::SGRBG10_DPCM8));
    // RAW8 to RAW10, DPCM10 with the simple predictor.
    expect(&map, &ccp2_regs::LCM_CTRL, 3 << 24 | 1 << 22 | 2 << 20 | 2 << 16 | 5 << 5);
    expect(&map, &ccp2_regs::LCM_PREFETCH, 20 << 3);
    expect(&map, &ccp2_regs::LCM_SRC_OFST, 160);
    for (offset, value) in map {
        let (register, _) = drv_isp_regs::lookup(offset as u32).expect("a row");
        assert_eq!(value & !register.writable, 0, "{} {value:#x}", register.name);
    }
}

#[test]
fn received_pipelines_that_cannot_run_are_refused() {
    let refused = |good: Pipeline, change: &dyn Fn(&mut Pipeline, &mut PixFormat)| {
        let Input::Ccp2 { mut format, .. } = good.input else { panic!("received") };
        let mut pipeline = good;
        change(&mut pipeline, &mut format);
        if let Input::Ccp2 { format: kept, .. } = &mut pipeline.input {
            *kept = format;
        }
        assert_eq!(check(&pipeline), Err(IspError::InvalidPipeline), "{pipeline:?}");
    };
    for pixel_format in [PixelFormat::SGRBG10, PixelFormat::SGRBG10_DPCM8] {
        for live in [raw(), preview_only(), processed(320, 240)] {
            let good = received(&live, pixel_format);
            let checked = check(&good).expect("the hardware can run it");
            assert_eq!(checked.input(), Some(VideoNode::Ccp2Input));
            let blocks = checked.route.blocks();
            assert!(blocks.overlap(Blocks::CCP2) && blocks.overlap(Blocks::CCDC));
            refused(good, &|_, format| format.width_px -= 2);
            refused(good, &|_, format| format.height_px = 0);
            refused(good, &|_, format| format.stride_bytes += 8);
            refused(good, &|_, format| format.stride_bytes -= 32);
            refused(good, &|_, format| format.size_bytes -= 1);
            refused(good, &|_, format| format.pixel_format = PixelFormat::YUYV);
            refused(good, &|pipeline, _| ccdc(pipeline).crop.left_px = 1);
            refused(good, &|pipeline, _| ccdc(pipeline).sink.code = MbusCode::SGRBG10_DPCM8);
            refused(good, &|pipeline, _| pipeline.video = VideoNode::PreviewInput);
            refused(good, &|pipeline, _| match &mut pipeline.preview {
                Some(_) => pipeline.preview = None,
                none => *none = developed().preview,
            });
            refused(good, &|pipeline, _| pipeline.output.size_bytes -= 1);
        }
    }
    // A pipeline of other blocks that claims to come from there, and one without its CCDC.
    refused(
        Pipeline { resizer: scaled().resizer, ..received(&raw(), PixelFormat::SGRBG10) },
        &|_, _| (),
    );
    let Input::Memory { format, .. } = developed().input else { panic!("from memory") };
    let input = Input::Memory { video: VideoNode::Ccp2Input, format };
    assert_eq!(check(&Pipeline { input, ..developed() }), Err(IspError::InvalidPipeline));
    let format = pixels(raw().input.ccdc().expect("set").sink, PixelFormat::SGRBG10);
    let input = Input::Memory { video: VideoNode::Ccp2Input, format };
    assert_eq!(check(&Pipeline { input, ..raw() }), Err(IspError::InvalidPipeline));
}

#[test]
fn from_memory_pipelines_that_cannot_run_are_refused() {
    let refused = |pipeline: Pipeline, change: &dyn Fn(&mut Pipeline, &mut PixFormat)| {
        let mut changed = pipeline;
        let Input::Memory { video, mut format } = pipeline.input else { panic!("from memory") };
        change(&mut changed, &mut format);
        if let Input::Memory { format: kept, video: node } = &mut changed.input {
            *kept = format;
            *node = if *node == VideoNode::Ccp2Input { *node } else { video };
        }
        assert_eq!(check(&changed), Err(IspError::InvalidPipeline), "{changed:?}");
    };
    for good in [developed(), developed_and_scaled(), scaled()] {
        let checked = check(&good).expect("the hardware can run it");
        assert!(checked.input_bytes > 0 && !checked.route.blocks().overlap(Blocks::CCDC));
        refused(good, &|_, format| format.width_px -= 2);
        refused(good, &|_, format| format.stride_bytes += 8);
        refused(good, &|_, format| format.stride_bytes = 32);
        refused(good, &|_, format| format.size_bytes -= 1);
        refused(good, &|_, format| format.pixel_format = PixelFormat::UYVY);
        refused(good, &|pipeline, _| pipeline.video = VideoNode::CcdcOutput);
        refused(good, &|pipeline, format| {
            pipeline.input = Input::Memory { video: VideoNode::Ccp2Input, format: *format };
        });
        refused(good, &|pipeline, _| (pipeline.preview, pipeline.resizer) = (None, None));
    }
    refused(developed(), &|_, format| format.stride_bytes += 32);
    let mut wide = developed();
    let change = FormatChange::Format { pad: 0, format: wide.preview.expect("set").sink };
    let preview =
        default_state(PREVIEW).and_then(|state| adjust(PREVIEW, state, Feed::Memory, change));
    wide.preview = preview.ok();
    wide.output = pixels(wide.preview.expect("a block").source, PixelFormat::YUYV);
    assert_eq!(check(&wide).err(), None, "all columns that memory has");
    wide.input = preview_only().input;
    assert_eq!(check(&wide).err(), Some(IspError::InvalidPipeline), "the CCDC takes four of them");
    refused(developed_and_scaled(), &|pipeline, _| pipeline.resizer = None);
    refused(scaled(), &|pipeline, _| pipeline.preview = processed(320, 240).preview);
}

#[test]
fn a_crop_in_memory_begins_at_a_burst_and_skips_pixels() {
    let mut pipeline = scaled();
    let state = pipeline.resizer.expect("set");
    let crop = idl::types::Rect { left_px: 100, top_px: 40, width_px: 340, height_px: 250 };
    let state = adjust(RESIZER, state, Feed::Live, FormatChange::Crop(crop)).expect("a block");
    pipeline.resizer = Some(state);
    let map = written(&pipeline);
    let (left, top) = (u32::from(state.crop.left_px), u32::from(state.crop.top_px));
    assert_eq!(map[&resizer_regs::IN_START.offset()], left % 16);
    assert_eq!(map[&resizer_regs::SDR_INOFF.offset()], 1280);
    let start = resizer::memory_start(&state, 1280);
    assert_eq!(start % 32, 0, "the address register drops what is below");
    assert_eq!(start + left % 16 * 2, top * 1280 + left * 2);
    assert!(resizer_regs::cnt::INPSRC.is_set(map[&resizer_regs::CNT.offset()]));
}
