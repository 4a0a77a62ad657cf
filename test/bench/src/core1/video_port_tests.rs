//! The video port, from register words to pictures.

use super::camera_tests::{HEIGHT, Rig, WIDTH};
use super::memory_channel_tests::{behind_channel, enable, written};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{ccdc, preview};

/// A preview whose luma is green, whose chroma is blue and red.
pub(super) fn preview_rig() -> Rig {
    let rig = Rig::with_preview_to_memory();
    for diagonal in [0, 2, 4] {
        rig.shared.element(&preview::RGB_MAT, diagonal).store(256, SeqCst);
    }
    for (row, colour) in [preview::csc::G, preview::csc::B, preview::csc::R].iter().enumerate() {
        rig.shared.element(&preview::CSC, row).store(colour.of(100), SeqCst);
    }
    rig
}

#[test]
fn a_window_of_the_port_is_the_same_window_of_the_preview() {
    let cut = |port: [u32; 3], preview_window: [u32; 2]| {
        let mut rig = behind_channel(preview_rig());
        rig.set(&ccdc::FMT_HORZ, port[0]);
        rig.set(&ccdc::FMT_VERT, port[1]);
        rig.set(&ccdc::VP_OUT, port[2]);
        rig.set(&preview::HORZ_INFO, preview_window[0]);
        rig.set(&preview::VERT_INFO, preview_window[1]);
        enable(&rig);
        rig.frame();
        let lines = written(&rig);
        assert!(lines.len() > 90 && lines[50].1 != lines[51].1);
        lines
    };
    let whole = [WIDTH, HEIGHT, WIDTH << 4 | (HEIGHT - 1) << 17];
    let expected = cut(whole, [7 << 16 | 130, 3 << 16 | 100]);
    let [columns, lines] = [7 << 16 | 124, 3 << 16 | 98];
    let preview_window = [123, 97];
    assert_eq!(cut([columns, lines, whole[2]], preview_window), expected);
    // Of the port's columns the last ones do not leave it.
    let inner = [columns - (3 << 16) + 8, lines, 3 | 124 << 4 | 98 << 17];
    assert_eq!(cut(inner, preview_window), expected);
}
