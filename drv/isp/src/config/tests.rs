//! What is refused, and which words come of what is not.

use super::*;
use crate::program::tests::processed;
use idl::types::{
    BlackAdjust, ChromaSuppression, ColorConversion, DefectCorrection, DefectThreshold,
    HorizontalMedian, NoiseFilter, RgbToRgb, YcLimits,
};
use std::collections::BTreeMap;

/// Words that were written, last value of each, and the table space.
#[derive(Default)]
struct Plain {
    words: BTreeMap<usize, u32>,
    table: BTreeMap<u32, u32>,
}

impl Registers for Plain {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.words.get(&offset).copied().unwrap_or(0)
    }
    fn write_at(&mut self, Write { offset, value }: Write) {
        let (register, _) = drv_isp_regs::lookup(offset as u32).expect("a row");
        assert_eq!(value & !register.writable, 0, "{} {value:#x}", register.name);
        self.words.insert(offset, value);
        if offset == regs::SET_TBL_DATA.offset() {
            let address = self.words.get_mut(&regs::SET_TBL_ADDR.offset()).expect("an address");
            self.table.insert(*address, value);
            *address += 1;
        }
    }
}

fn preview() -> Name {
    Name::new("OMAP3 ISP preview")
}

/// Everything that the hardware gets of it.
fn shown(config: &mut Config) -> Plain {
    let mut plain = Plain::default();
    config.take(&mut { Controls::DEFAULT });
    config.write(&processed(640, 480).preview.expect("set"), &mut plain);
    config.forget();
    while !config.load(100, &mut plain) {}
    plain
}

fn expect(plain: &Plain, offset: usize, value: u32) {
    assert_eq!(plain.words.get(&offset), Some(&value), "offset {offset:#x}");
}

#[test]
fn a_new_life_shows_the_colours_of_the_module() {
    let plain = shown(&mut Config::new());
    expect(&plain, regs::RGB_MAT.offset(), 401 | ((-136_i32 as u32) & 0xFFF) << 16);
    expect(&plain, regs::RGB_MAT.offset_at(4), 355);
    expect(&plain, regs::CSC.offset(), 66 | 129 << 10 | 25 << 20);
    expect(&plain, regs::CSC_OFFSET.offset(), 16 << 16);
    expect(&plain, regs::SETUP_YC.offset(), 0xFF00_FF00);
    expect(&plain, regs::CFA.offset(), 0x2828);
    expect(&plain, regs::PCR.offset(), 0);
    // Crop (10,4)/630x477 and two pixels and lines on each side.
    expect(&plain, regs::HORZ_INFO.offset(), 8 << 16 | 641);
    expect(&plain, regs::VERT_INFO.offset(), 2 << 16 | 482);
    assert_eq!(plain.table.len(), 3 * 1024 + 576, "what has not been given is left alone");
    for start in [0, 0x400, 0x800] {
        assert_eq!((plain.table[&start], plain.table[&(start + 1023)]), (0, 255));
    }
}

fn all_of(config: &mut Config) {
    let threshold = DefectThreshold { detect: 1023, correct: 5 };
    for given in [
        PreviewParameters::HorizontalMedian(HorizontalMedian {
            threshold: 9,
            even_distance_px: 2,
            odd_distance_px: 1,
        }),
        PreviewParameters::Cfa(idl::types::CfaThresholds { horizontal: 1, vertical: 2 }),
        PreviewParameters::ChromaSuppression(ChromaSuppression {
            gain_q8: 3,
            threshold: 4,
            high_pass: true,
        }),
        PreviewParameters::BlackAdjust(BlackAdjust([-1, 2, -128])),
        PreviewParameters::RgbToRgb(RgbToRgb {
            matrix_q8: [[-2048, 2047, 1], [2, 3, 4], [5, 6, 7]],
            offset: [-512, 511, -1],
        }),
        PreviewParameters::ColorConversion(ColorConversion {
            matrix_q8: [[-512, 511, 0]; 3],
            offset: [1, -2, 3],
        }),
        PreviewParameters::YcLimits(YcLimits { luma: (16, 235), chroma: (17, 240) }),
        PreviewParameters::DefectCorrection(DefectCorrection {
            couplets: true,
            thresholds: [threshold; 4],
        }),
        PreviewParameters::NoiseFilter(NoiseFilter { spread: 3 }),
    ] {
        assert_eq!(config.give(&preview(), &given), Ok(()), "{given:?}");
    }
    for table in PreviewTable::ALL {
        let bytes: Vec<u8> =
            (0..table.bytes()).map(|at| if at % 4 > 1 { 0 } else { at as u8 }).collect();
        assert_eq!(config.give_table(&preview(), table, &bytes), Ok(()));
    }
}

#[test]
fn each_number_gets_to_its_place() {
    let mut config = Config::new();
    all_of(&mut config);
    let every = PreviewFeatures::SUPPORTED;
    assert_eq!(config.configure(&preview(), (every, every)), Ok(()));
    let plain = shown(&mut config);
    expect(&plain, regs::HMED.offset(), 9 | 1 << 8);
    expect(&plain, regs::CFA.offset(), 0x0201);
    expect(&plain, regs::CSUP.offset(), 3 | 4 << 8 | 1 << 16);
    expect(&plain, regs::BLKADJOFF.offset(), 0x80 | 2 << 8 | 0xFF << 16);
    expect(&plain, regs::RGB_MAT.offset(), 0x800 | 0x7FF << 16);
    expect(&plain, regs::RGB_OFF1.offset(), 0x1FF | 0x200 << 16);
    expect(&plain, regs::RGB_OFF2.offset(), 0x3FF);
    expect(&plain, regs::CSC.offset_at(2), 0x200 | 0x1FF << 10);
    expect(&plain, regs::CSC_OFFSET.offset(), 1 << 16 | 0xFE << 8 | 3);
    expect(&plain, regs::SETUP_YC.offset(), 17 | 240 << 8 | 16 << 16 | 235 << 24);
    expect(&plain, regs::CDC_THR.offset_at(3), 1023 | 5 << 16);
    expect(&plain, regs::NF.offset(), 3);
    // INVALAW, HMEDEN, NFEN, YNENHEN, SUPEN, DCOREN, DCCOUP; no bypass.
    let switches = 1 << 5 | 1 << 8 | 1 << 9 | 1 << 15 | 1 << 16 | 1 << 27 | 1 << 28;
    expect(&plain, regs::PCR.offset(), switches);
    // Crop (10,4)/630x477: 2 for each of interpolation, filters, median, and luma on the left.
    expect(&plain, regs::HORZ_INFO.offset(), 2 << 16 | 645);
    expect(&plain, regs::VERT_INFO.offset(), 484);
    assert_eq!(plain.table.len(), 3 * 1024 + 64 + 128 + 576);
    assert_eq!((plain.table[&0xC3D], plain.table[&0x1015]), (0x3D, 0x5554));
    assert_eq!(plain.table[&0x163D], 0x3D);
}

#[test]
fn what_is_off_changes_nothing() {
    let mut config = Config::new();
    all_of(&mut config);
    let off = PreviewFeatures::SUPPORTED.without(ALWAYS_ON);
    assert_eq!(config.configure(&preview(), (off, PreviewFeatures::NONE)), Ok(()));
    let mut controls = Controls::DEFAULT;
    assert!(config.take(&mut controls) && !config.take(&mut controls));
    assert_eq!(controls.white_balance, NEUTRAL);
    let plain = shown(&mut config);
    expect(&plain, regs::PCR.offset(), regs::pcr::GAMMA_BYPASS.mask());
    expect(&plain, regs::BLKADJOFF.offset(), 0);
    expect(&plain, regs::RGB_MAT.offset(), 256);
    expect(&plain, regs::RGB_OFF1.offset(), 0);
    expect(&plain, regs::SETUP_YC.offset(), 0xFF00_FF00);
    expect(&plain, regs::HORZ_INFO.offset(), 8 << 16 | 641);
}

#[test]
fn numbers_that_do_not_fit_their_fields_are_refused() {
    let blend = |value, offset| {
        PreviewParameters::RgbToRgb(RgbToRgb {
            matrix_q8: [[0, 0, 0], [0, value, 0], [0; 3]],
            offset: [0, 0, offset],
        })
    };
    let conversion = |value| {
        let matrix_q8 = [[0; 3], [0; 3], [0, 0, value]];
        PreviewParameters::ColorConversion(ColorConversion { matrix_q8, offset: [0; 3] })
    };
    let median = |even_distance_px, odd_distance_px| {
        let threshold = 0;
        PreviewParameters::HorizontalMedian(HorizontalMedian {
            threshold,
            even_distance_px,
            odd_distance_px,
        })
    };
    let defect = |detect, correct| {
        let mut thresholds = [DefectThreshold::default(); 4];
        thresholds[3] = DefectThreshold { detect, correct };
        PreviewParameters::DefectCorrection(DefectCorrection { couplets: false, thresholds })
    };
    let gain = |digital_gain_q8| {
        PreviewParameters::WhiteBalance(WhiteBalance { digital_gain_q8, gains_q5: [255; 4] })
    };
    let limits = |luma, chroma| PreviewParameters::YcLimits(YcLimits { luma, chroma });
    let noise = |spread| PreviewParameters::NoiseFilter(NoiseFilter { spread });
    let refused = [
        blend(2048, 0),
        blend(-2049, 0),
        blend(0, 512),
        blend(0, -513),
        conversion(512),
        conversion(-513),
        median(0, 1),
        median(1, 3),
        defect(1024, 0),
        defect(0, 1024),
        gain(1024),
        limits((2, 1), (0, 1)),
        limits((0, 1), (255, 254)),
        noise(4),
    ];
    let mut config = Config::new();
    for given in refused {
        let result = config.give(&preview(), &given);
        assert_eq!(result, Err(IspError::InvalidConfiguration), "{given:?}");
    }
    assert_eq!(config.shadow.words, Words::DEFAULT, "nothing of it is kept");
    assert_eq!(config.balance, Controls::DEFAULT.white_balance);
    for given in [gain(1023), limits((7, 7), (9, 9)), median(2, 2)] {
        assert_eq!(config.give(&preview(), &given), Ok(()), "{given:?}");
    }
}

#[test]
fn a_table_is_given_as_a_whole() {
    let mut config = Config::new();
    let bad = Err(IspError::InvalidConfiguration);
    for table in PreviewTable::ALL {
        for bytes in [0, 1, table.bytes() - 1, table.bytes() + 1, 2 * table.bytes()] {
            assert_eq!(config.give_table(&preview(), table, &vec![1; bytes]), bad);
        }
    }
    // An entry of luma enhancement has 20 bits.
    let mut luma = [0; PreviewTable::LumaEnhancement.bytes()];
    luma[510] = 0x10;
    assert_eq!(config.give_table(&preview(), PreviewTable::LumaEnhancement, &luma), bad);
    // So none has been given, and what needs one cannot be on.
    for feature in [PreviewFeatures::NF, PreviewFeatures::LUMAENH] {
        let both = feature.and(PreviewFeatures::RGB2RGB);
        assert_eq!(config.configure(&preview(), (both, both)), bad);
        assert_eq!(config.configure(&preview(), (both, PreviewFeatures::RGB2RGB)), Ok(()));
    }
}

#[test]
fn functions_that_there_are_not_and_other_blocks_are_refused() {
    let mut config = Config::new();
    let none = PreviewFeatures::NONE;
    let refused = Err(IspError::UnsupportedFeature);
    for bit in [11, 12, 13, 14, 17, 31] {
        let feature = PreviewFeatures(1 << bit);
        assert_eq!(config.configure(&preview(), (feature, none)), refused, "bit {bit}");
        assert_eq!(config.configure(&preview(), (none, feature)), refused, "bit {bit}");
    }
    for feature in [PreviewFeatures::CFA, PreviewFeatures::COLOR_CONV] {
        assert_eq!(config.configure(&preview(), (feature, none)), refused);
    }
    assert!(!config.is_waiting(), "nothing of it is kept");
    let noise = PreviewParameters::NoiseFilter(NoiseFilter { spread: 0 });
    for (name, error) in [
        ("OMAP3 ISP CCDC", IspError::NoConfiguration),
        ("OMAP3 ISP resizer", IspError::NoConfiguration),
        ("OMAP3 ISP preview output", IspError::NoConfiguration),
        ("mt9p031 1-0048", IspError::NoSuchEntity),
    ] {
        let name = Name::new(name);
        assert_eq!(config.give(&name, &noise), Err(error));
        assert_eq!(config.give_table(&name, PreviewTable::NoiseFilter, &[0; 64]), Err(error));
        assert_eq!(config.configure(&name, (none, none)), Err(error));
    }
}

#[test]
fn what_waits_is_not_overwritten() {
    let mut config = Config::new();
    let noise = |spread| PreviewParameters::NoiseFilter(NoiseFilter { spread });
    let busy = Err(IspError::Busy);
    assert_eq!(config.give(&preview(), &noise(1)), Ok(()));
    assert_eq!(config.give_table(&preview(), PreviewTable::NoiseFilter, &[9; 64]), Ok(()));
    let feature = PreviewFeatures::NF;
    assert_eq!(config.configure(&preview(), (feature, feature)), Ok(()));
    assert_eq!(config.give(&preview(), &noise(2)), busy);
    assert_eq!(config.give_table(&preview(), PreviewTable::NoiseFilter, &[8; 64]), busy);
    assert_eq!(config.give_table(&preview(), PreviewTable::RedGamma, &[8; 1024]), Ok(()));
    assert!(config.take(&mut { Controls::DEFAULT }));
    assert_eq!(config.give(&preview(), &noise(2)), Ok(()));
    expect(&shown(&mut config), regs::NF.offset(), 1);
}

#[test]
fn who_sets_the_balance_last_is_heard() {
    let (mut config, mut controls) = (Config::new(), Controls::DEFAULT);
    let balance = WhiteBalance { digital_gain_q8: 300, gains_q5: [1, 2, 3, 4] };
    let (given, feature) = (PreviewParameters::WhiteBalance(balance), PreviewFeatures::WB);
    assert_eq!(config.give(&preview(), &given), Ok(()));
    assert_eq!(config.configure(&preview(), (feature, feature)), Ok(()));
    controls.set(&preview(), idl::types::ControlId::RED_BALANCE, 77).expect("it exists");
    config.follow(idl::types::ControlId::RED_BALANCE, 77);
    assert!(config.take(&mut controls));
    assert_eq!(controls.white_balance.gains_q5, [77, 2, 3, 4]);
    assert_eq!(controls.white_balance.digital_gain_q8, 300);
}

/// Places of green in a red line, red, blue, and green in a blue line have their blocks, whatever the order
/// (Linux omap3isp: GRBG 0123, RGGB 1032, BGGR 2301, GBRG 3210).
#[test]
fn the_weights_of_the_interpolation_stand_in_the_order_of_the_mosaic() {
    let block = |plain: &Plain, place: u32| -> Vec<u32> {
        (0..144).map(|entry| plain.table[&(regs::TABLE_CFA + place * 144 + entry)]).collect()
    };
    let given: Vec<u8> = (0..576_u32).map(|entry| (entry / 144 * 16 + entry % 7) as u8).collect();
    for own in [true, false] {
        let mut config = Config::new();
        if !own {
            config.give_table(&preview(), PreviewTable::Cfa, &given).unwrap();
            config.configure(&preview(), (PreviewFeatures::CFA, PreviewFeatures::CFA)).unwrap();
        }
        let grbg = shown(&mut config);
        let mut last = grbg.table.clone();
        // SGRBG10, SRGGB8, SBGGR10, SGBRG8, and back.
        for (code, blocks) in [
            (MbusCode::SGRBG10, [0, 1, 2, 3]),
            (MbusCode(0x3014), [1, 0, 3, 2]),
            (MbusCode(0x3007), [2, 3, 0, 1]),
            (MbusCode(0x3013), [3, 2, 1, 0]),
            (MbusCode::SGRBG8, [0, 1, 2, 3]),
        ] {
            config.expect(code);
            let mut plain = Plain::default();
            while !config.load(100, &mut plain) {}
            // What is in the hardware already is not loaded.
            last.extend(&plain.table);
            let now = Plain { words: plain.words, table: last.clone() };
            for (place, wanted) in blocks.into_iter().enumerate() {
                assert_eq!(block(&now, place as u32), block(&grbg, wanted), "{code:?} {place}");
            }
            assert!(!config.is_stale());
            config.expect(code);
            assert!(!config.is_stale(), "the same once more");
            // Y8 and Y10 have no order.
            [0x2001, 0x200a].into_iter().for_each(|grey| config.expect(MbusCode(grey)));
            assert!(!config.is_stale(), "grey");
        }
    }
}
