//! Jobs of every raw format of the preview engine.

use super::*;
use crate::formats;
use crate::registers::Registers;
use crate::topology::position;
use idl::types::{Feed, FormatChange, Input, MbusCode, PadFormat, PixFormat};

/// The same job with another code in memory: 8 bits, and 10.
fn developed_of(code: u16, pixel_format: PixelFormat) -> Pipeline {
    let mut pipeline = developed();
    let Input::Memory { format, .. } = &mut pipeline.input else { panic!("from memory") };
    format.pixel_format = pixel_format;
    let sink = PadFormat { code: MbusCode(code), ..pipeline.preview.expect("set").sink };
    let change = FormatChange::Format { pad: 0, format: sink };
    let adjusted =
        formats::adjust(position::PREVIEW, pipeline.preview.expect("set"), Feed::Memory, change);
    let preview = adjusted.expect("a block");
    pipeline.preview = Some(preview);
    let PadFormat { width_px, height_px, .. } = preview.source;
    let stride_bytes = (2 * u32::from(width_px)).next_multiple_of(32);
    let size_bytes = stride_bytes * u32::from(height_px);
    pipeline.output =
        PixFormat { width_px, height_px, stride_bytes, size_bytes, ..pipeline.output };
    pipeline
}

/// Each format of table 3.2 runs; a mosaic of another order waits for its weights, and grey has none.
#[test]
fn a_job_of_another_mosaic_begins_with_its_weights_and_grey_without() {
    use drv_isp_regs::preview as regs;
    // Code, fourcc, whether it is a mosaic, eight bits, and the first two blocks of its weights.
    let cases = [
        (0x300f, PixelFormat::SRGGB10, true, false, [1, 0]),
        (0x3014, PixelFormat::SRGGB8, true, true, [1, 0]),
        (0x200a, PixelFormat::Y10, false, false, [1, 0]),
        (0x2001, PixelFormat::GREY, false, true, [1, 0]),
        (0x3007, PixelFormat::SBGGR10, true, false, [2, 3]),
        (0x3001, PixelFormat::SBGGR8, true, true, [2, 3]),
        (0x300e, PixelFormat::SGBRG10, true, false, [3, 2]),
        (0x3013, PixelFormat::SGBRG8, true, true, [3, 2]),
        (0x300a, PixelFormat::SGRBG10, true, false, [0, 1]),
        (0x3002, PixelFormat::SGRBG8, true, true, [0, 1]),
    ];
    let mut jobs = Jobs::new();
    for (code, pixel_format, mosaic, bytes, blocks) in cases {
        let before = jobs.model.borrow().table_writes;
        let changes = jobs.model.borrow().entry(regs::TABLE_CFA + 6)
            != Some(u32::from(crate::weights::WEIGHTS[blocks[0] * 144 + 6]));
        let pipeline = developed_of(code, pixel_format);
        let (input, output) = ends(&pipeline);
        jobs.start(&pipeline).unwrap_or_else(|error| panic!("{code:#x}: {error:?}"));
        jobs.queue(input, 0).expect("room");
        jobs.queue(output, 8).expect("room");
        (0..10).for_each(|_| _ = jobs.timer());
        jobs.end_job();
        assert_eq!(jobs.fetch(output).buffers(), [8], "{code:#x}");
        let model = jobs.model.borrow();
        let loaded = model.table_writes - before;
        assert!(loaded == 0 || loaded == 576 && mosaic, "{code:#x}: {loaded}");
        assert!(loaded > 0 || !changes, "{code:#x}");
        for (place, block) in blocks.into_iter().enumerate() {
            for entry in 0..144 {
                let found = model.entry(regs::TABLE_CFA + (place * 144 + entry) as u32);
                let wanted = crate::weights::WEIGHTS[block * 144 + entry];
                assert_eq!(found, Some(wanted.into()), "{code:#x} {place} {entry}");
            }
        }
        drop(model);
        let control = Shared(&jobs.model).read(&regs::PCR);
        assert_eq!(regs::pcr::CFAEN.is_set(control), mosaic, "{code:#x}");
        assert_eq!(regs::pcr::CFAFMT.get(control), 0, "a plain mosaic, if any");
        assert_eq!(regs::pcr::WIDTH.is_set(control), bytes, "{code:#x}");
        jobs.stop(output);
        jobs.fetch(output);
        jobs.fetch(input);
    }
}
