//! The rig and the other value of each shadowed place, and of each that a frame in progress takes.

use super::super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use super::super::statistics_tests;
use super::{DARK, Place};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::ccdc::syn_mode::{FLDMODE, FLDPOL};
use drv_isp_regs::main_block::{self, ctrl};
use drv_isp_regs::{ccdc, firewall, h3a, hist, preview, resizer, sensor};

/// Entries of the table of fault pixels.
const FAULTS: u32 = 112;

/// How a place shows.
pub enum Case {
    /// In the frames of this rig, with this value in place of the one there.
    Frames(fn() -> Rig, u32),
    /// In what core 0 does: tested at the registers (`regs`).
    AtRegisters,
    /// Not at all: nothing of the bench reads it. Its row says so.
    Stored,
}
use Case::{AtRegisters, Frames, Stored};

/// A diagonal gradient, and room for what goes astray.
fn shown(rig: Rig) -> Rig {
    rig.sensor(&sensor::TEST_PATTERN, 1 | 3 << 3);
    rig.open_window(OUT, 0x10_0000);
    rig
}

fn raw() -> Rig {
    shown(Rig::with_raw_output())
}

/// The video port to memory, behind a program of sixteen entries that all of the formatter's words shape.
fn formatted() -> Rig {
    let rig = raw();
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::VP2SDR.mask());
    let lengths = ccdc::fmtcfg::PLEN_EVEN.of(15) | ccdc::fmtcfg::PLEN_ODD.of(15);
    let port = ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6);
    rig.set(&ccdc::FMTCFG, port | ccdc::fmtcfg::FMTEN.mask() | lengths);
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | HEIGHT << 17);
    for index in 0..8 {
        rig.shared.element(&ccdc::FMT_ADDR, index).store(20 * index as u32, SeqCst);
    }
    for (index, word) in [0x6644_2200, 0xEECC_AA88_u32].into_iter().enumerate() {
        rig.shared.element(&ccdc::PRGEVEN, index).store(word, SeqCst);
        rig.shared.element(&ccdc::PRGODD, index).store(word, SeqCst);
    }
    rig
}

fn statistics() -> Rig {
    shown(statistics_tests::rig())
}

/// A preview that goes on, with the resizer behind it.
pub fn scaled() -> Rig {
    let rig = shown(Rig::with_preview_to_memory());
    let on = rig.get(&preview::PCR) & !preview::pcr::ONESHOT.mask();
    rig.set(&preview::PCR, on | preview::pcr::RSZPORT.mask());
    rig.set(&preview::WSDR_ADDR, OUT + 0x2_0000);
    rig.set(&resizer::CNT, 255 | 255 << 10);
    rig.set(&resizer::IN_SIZE, 151 | 111 << 16);
    rig.set(&resizer::OUT_SIZE, 144 | 108 << 16);
    for index in 0..16 {
        let word = if index % 2 == 0 { 256 << 16 } else { 0 };
        rig.shared.element(&resizer::HFILT, index).store(word, SeqCst);
        rig.shared.element(&resizer::VFILT, index).store(word, SeqCst);
    }
    rig.set(&resizer::SDR_OUTADD, OUT);
    rig.set(&resizer::SDR_OUTOFF, 320);
    rig.set(&resizer::PCR, resizer::pcr::EN.mask());
    rig
}

/// With these bytes in memory for a block to read.
fn reading(mut rig: Rig, bytes: impl Iterator<Item = u8>) -> Rig {
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    rig.memory.0.insert(DARK, bytes.collect());
    for (register, value) in [
        (&firewall::WINDOW_BASE, DARK),
        (&firewall::WINDOW_BYTES, 0x1_0000),
        (&firewall::WINDOW_CONTROL, 3),
    ] {
        rig.shared.element(register, 1).store(value, SeqCst);
    }
    rig
}

/// A preview that subtracts a dark frame of which no two lines are the same.
fn dark() -> Rig {
    let rig = shown(Rig::with_preview_to_memory());
    let on = rig.get(&preview::PCR) & !preview::pcr::ONESHOT.mask();
    rig.set(&preview::PCR, on | preview::pcr::DRKFEN.mask());
    rig.set(&preview::DSDR_ADDR, DARK);
    rig.set(&preview::DRKF_OFFSET, 192);
    reading(rig, (0..0x1_0000_u32).map(|at| (at / 96 % 64) as u8))
}

/// Each colour of the mosaic has a compensation of its own.
fn compensated() -> Rig {
    let rig = raw();
    rig.set(&ccdc::BLKCMP, 0x0810_2030);
    rig
}

/// A fault pixel in each line, from its left neighbour.
fn faulty() -> Rig {
    let rig = raw();
    rig.set(&ccdc::FPC_ADDR, DARK);
    rig.set(&ccdc::FPC, FAULTS | ccdc::fpc::FPCEN.mask());
    let faults = (0..2 * FAULTS).map(|line| line << 19 | (line % 64 + 2) << 5 | 1);
    reading(rig, faults.flat_map(u32::to_le_bytes))
}

/// Lens shading by a map of which no two points are the same.
fn shaded() -> Rig {
    let rig = raw();
    rig.set(&ccdc::LSC_CONFIG, 1 | 2 << 1 | 4 << 8 | 4 << 12);
    rig.set(&ccdc::LSC_TABLE_BASE, DARK);
    rig.set(&ccdc::LSC_TABLE_OFFSET, 44);
    reading(rig, (0..0x1_0000_u32).map(|at| (at / 4 % 251) as u8))
}

/// The case of a place, whose row has the value `old` in the rig.
pub fn of_shadowed(place: &Place, old: impl Fn(fn() -> Rig) -> u32) -> Case {
    let register = place.register;
    match *register {
        ccdc::PCR => Frames(raw, 0),
        ccdc::SYN_MODE if place.field == "SDR2RSZ" => {
            Frames(scaled, old(scaled) | ccdc::syn_mode::SDR2RSZ.mask())
        }
        ccdc::SYN_MODE if place.field.starts_with("FLD") => {
            let bit = if place.field == "FLDPOL" { FLDPOL } else { FLDMODE };
            Frames(interlaced, old(interlaced) ^ bit.mask())
        }
        ccdc::SYN_MODE => input(place.field, old(raw), old(formatted)),
        ccdc::CFG => ycbcr_bytes(place.field, old(ycbcr)),
        ccdc::HORZ_INFO => Frames(raw, 10 << 16 | 99),
        ccdc::VERT_START => Frames(raw, 80 << 16),
        ccdc::VERT_LINES => Frames(raw, HEIGHT - 30),
        ccdc::CULLING => Frames(raw, 0x5555_0055),
        ccdc::HSIZE_OFF => Frames(raw, 640),
        ccdc::SDR_ADDR => Frames(raw, OUT + 0x8_0000),
        ccdc::CLAMP => Frames(raw, ccdc::clamp::CLAMPEN.mask() | 0x10),
        ccdc::DCSUB => Frames(raw, 20),
        ccdc::COLPTN => Frames(compensated, 0xBB11_BB11),
        ccdc::FPC if place.field == "FPNUM" => Frames(faulty, old(faulty) - 30),
        ccdc::FPC => Frames(faulty, old(faulty) & !ccdc::fpc::FPCEN.mask()),
        ccdc::ALAW => Frames(raw, 6 | ccdc::alaw::CCDTBL.mask()),
        ccdc::LSC_CONFIG => Frames(shaded, 1 | 3 << 1 | 3 << 8 | 5 << 12),
        ccdc::LSC_INITIAL => Frames(shaded, 9 | 9 << 16),
        ccdc::BLKCMP => Frames(raw, 0x1414_1414),
        ccdc::FMTCFG => Frames(formatted, old(formatted) | ccdc::fmtcfg::LNALT.mask()),
        ccdc::FMT_HORZ => Frames(formatted, 8 << 16 | (WIDTH - 8)),
        ccdc::FMT_VERT => Frames(formatted, 80 << 16 | 40),
        ccdc::FMT_ADDR => Frames(formatted, old(formatted) + 7),
        ccdc::PRGEVEN | ccdc::PRGODD => Frames(formatted, old(formatted).rotate_left(8)),
        ccdc::VP_OUT => Frames(formatted, old(formatted) + 5),
        ccdc::SDOFST => Frames(interlaced, old(interlaced) ^ ccdc::sdofst::FIINV.mask()),
        ccdc::HD_VD_WID | ccdc::PIX_LINES => Stored,
        h3a::PCR => Frames(statistics, old(statistics) | h3a::pcr::AF_ALAW.mask()),
        h3a::AFPAX1 => Frames(statistics, 15 << 16 | 9),
        h3a::AFPAX2 => Frames(statistics, old(statistics) | h3a::afpax2::AFINCV.of(1)),
        h3a::AFPAXSTART => Frames(statistics, 20 << 16 | 18),
        h3a::AFIIRSH => Frames(statistics, 40),
        h3a::AFBUFST | h3a::AEWBUFST => Frames(statistics, old(statistics) + 0x800),
        h3a::AFCOEF0 | h3a::AFCOEF1 => Frames(statistics, old(statistics) ^ 0x10),
        h3a::AEWWIN1 => Frames(statistics, old(statistics) ^ h3a::aewwin1::WINW.of(3)),
        h3a::AEWINSTART => Frames(statistics, 12 | 18 << 16),
        h3a::AEWINBLK => Frames(statistics, old(statistics) | h3a::aewinblk::WINSV.of(90)),
        h3a::AEWSUBWIN => Frames(statistics, 1 | 1 << 8),
        hist::PCR => Frames(statistics, 0),
        preview::PCR => Frames(scaled, old(scaled) & !preview::pcr::EN.mask()),
        preview::DSDR_ADDR => Frames(dark, DARK + 0x60),
        preview::DRKF_OFFSET => Frames(dark, 320),
        preview::WSDR_ADDR => Frames(scaled, OUT + 0x8_0000),
        preview::WADD_OFFSET => Frames(scaled, 640),
        preview::RSDR_ADDR | preview::RADR_OFFSET => AtRegisters,
        resizer::PCR => Frames(scaled, 0),
        resizer::SDR_OUTADD => Frames(scaled, OUT + 0x8_0000),
        resizer::SDR_OUTOFF => Frames(scaled, 640),
        resizer::SDR_INADD | resizer::SDR_INOFF => AtRegisters,
        _ => panic!("{place}: a shadowed place without a case"),
    }
}

/// The case of a field of CCDC_SYN_MODE, whose value is `raw_mode` or `port_mode`.
fn input(field: &str, raw_mode: u32, port_mode: u32) -> Case {
    use ccdc::syn_mode::{DATAPOL, DATSIZ, INPMOD, LPF, PACK8, VP2SDR, WEN};
    match field {
        "DATAPOL" => Frames(raw, raw_mode | DATAPOL.mask()),
        "DATSIZ" => Frames(raw, DATSIZ.put(raw_mode, 7)),
        "PACK8" => Frames(raw, raw_mode | PACK8.mask()),
        "LPF" => Frames(raw, raw_mode | LPF.mask()),
        "WEN" => Frames(raw, raw_mode & !WEN.mask()),
        "VP2SDR" => Frames(formatted, port_mode & !VP2SDR.mask()),
        "INPMOD" => Frames(raw, INPMOD.put(raw_mode, 1)),
        _ => panic!("CCDC_SYN_MODE.{field}: a shadowed field without a case"),
    }
}

/// Frames that are fields in turn.
fn interlaced() -> Rig {
    let rig = raw();
    rig.sensor(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_YCBCR.into());
    rig.or(&ccdc::SYN_MODE, FLDMODE.mask());
    rig.set(&ccdc::SDOFST, ccdc::sdofst::FOFST.of(3));
    rig
}

/// Raw samples that are taken for YCbCr of eight bits.
fn ycbcr() -> Rig {
    let rig = raw();
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::INPMOD.of(2));
    rig
}

/// The case of a shadowed field of CCDC_CFG.
fn ycbcr_bytes(field: &str, old: u32) -> Case {
    use ccdc::cfg::{BSWD, MSBINVI, Y8POS};
    let bit = match field {
        "Y8POS" => Y8POS,
        "BSWD" => BSWD,
        "MSBINVI" => MSBINVI,
        _ => panic!("CCDC_CFG.{field}: a shadowed field without a case"),
    };
    Frames(ycbcr, old | bit.mask())
}

/// A slope, as the sensor sees it.
fn seeing() -> Rig {
    let mut rig = raw();
    rig.sensor(&sensor::TEST_PATTERN, 0);
    rig.scene.slopes = true;
    rig
}

/// A field of one colour of the mosaic each.
fn coloured() -> Rig {
    let rig = raw();
    rig.sensor(&sensor::TEST_PATTERN, 1);
    rig
}

/// Bars.
fn barred() -> Rig {
    let rig = raw();
    rig.sensor(&sensor::TEST_PATTERN, 1 | 7 << 3);
    rig.sensor(&sensor::TEST_PATTERN_GREEN, 0x100);
    rig
}

/// The case of a shadowed register of the sensor, whose value in the rig is `old`.
pub fn of_sensor(place: &Place, old: impl Fn(fn() -> Rig) -> u32) -> Case {
    match *place.register {
        sensor::ROW_START | sensor::COLUMN_START => Frames(seeing, old(seeing) + 64),
        sensor::WINDOW_HEIGHT | sensor::WINDOW_WIDTH => Frames(seeing, old(seeing) - 64),
        sensor::HORIZONTAL_BLANK => Frames(seeing, 1000),
        sensor::VERTICAL_BLANK => Frames(seeing, 40),
        sensor::SHUTTER_WIDTH_UPPER => Frames(seeing, 1),
        sensor::SHUTTER_WIDTH_LOWER => Frames(seeing, old(seeing) / 2),
        sensor::READ_MODE_2 => Frames(seeing, sensor::read_mode_2::ROW_MIRROR.mask()),
        sensor::ROW_ADDRESS_MODE => Frames(seeing, 7 | 3 << 4),
        sensor::COLUMN_ADDRESS_MODE => Frames(seeing, 3),
        sensor::GREEN1_GAIN | sensor::BLUE_GAIN | sensor::RED_GAIN | sensor::GREEN2_GAIN => {
            Frames(seeing, 12)
        }
        sensor::GLOBAL_GAIN => AtRegisters,
        sensor::TEST_PATTERN => Frames(seeing, 1 | 2 << 3),
        sensor::TEST_PATTERN_GREEN | sensor::TEST_PATTERN_RED | sensor::TEST_PATTERN_BLUE => {
            Frames(coloured, 0x300)
        }
        sensor::TEST_PATTERN_BAR_WIDTH => Frames(barred, 15),
        sensor::DATA_FORMAT => Frames(seeing, sensor::data_format::RAW8.into()),
        sensor::SHUTTER_DELAY | sensor::ROW_BLACK_TARGET => Stored,
        _ => panic!("{place}: a shadowed register of the sensor without a case"),
    }
}

/// The case of a word of the CCDC that is not shadowed, whose value in the rig is `old`.
pub fn of_at_once(place: &Place, old: impl Fn(fn() -> Rig) -> u32) -> Case {
    match (*place.register, place.field) {
        (ccdc::SYN_MODE, "VDHDEN") => Frames(raw, old(raw) & !ccdc::syn_mode::VDHDEN.mask()),
        (ccdc::VDINT, _) => Frames(raw, (HEIGHT - 20) << 16 | 60),
        (ccdc::FPC_ADDR, _) => Frames(faulty, DARK + 0x80),
        (ccdc::LSC_TABLE_BASE, _) => Frames(shaded, DARK + 0x80),
        (ccdc::LSC_TABLE_OFFSET, _) => Frames(shaded, 48),
        // What VDLC does is a test of its own.
        (ccdc::CFG | ccdc::REC656IF | ccdc::SYN_MODE, _) => Stored,
        _ => panic!("{place}: a word of the CCDC without a case"),
    }
}
