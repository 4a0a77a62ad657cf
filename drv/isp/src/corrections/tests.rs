//! What is refused, which words come of what is not, and where tables are.

use super::*;
use crate::registers::Write;
use crate::stream::Held;
use std::collections::{BTreeMap, BTreeSet};

/// Words that were written, and tables that the hardware reads.
#[derive(Default)]
struct Plain {
    words: BTreeMap<usize, u32>,
    open: BTreeMap<u8, u32>,
    refused: BTreeSet<u8>,
}

impl Registers for Plain {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.words.get(&offset).copied().unwrap_or(0)
    }
    fn write_at(&mut self, Write { offset, value }: Write) {
        let (register, _) = drv_isp_regs::lookup(offset as u32).expect("a row");
        assert_eq!(value & !register.writable, 0, "{} {value:#x}", register.name);
        self.words.insert(offset, value);
    }
}

impl Ledger for Plain {
    fn start_dma(&mut self, held: Held, _: u32) -> Option<u32> {
        panic!("{held:?} is no table")
    }
    fn start_read(&mut self, held: Held, _: u32) -> Option<u32> {
        panic!("{held:?} is no table")
    }
    fn finish_dma(&mut self, held: Held) -> bool {
        panic!("{held:?} is no table")
    }
    fn start_table(&mut self, buffer: BufferIndex, bytes: u32) -> Option<u32> {
        if self.refused.contains(&buffer.0) {
            return None;
        }
        assert!(self.open.insert(buffer.0, bytes).is_none(), "{buffer:?} twice");
        Some(0x8000_0000 + u32::from(buffer.0) * 0x8000)
    }
    fn finish_table(&mut self, buffer: BufferIndex) {
        assert!(self.open.remove(&buffer.0).is_some(), "{buffer:?} is not there");
    }
}

fn ccdc() -> Name {
    Name::new("OMAP3 ISP CCDC")
}

const CLAMP: BlackClamp =
    BlackClamp { gain_q4: 31, start_px: 32767, pixels_log2: 4, lines_log2: 3, subtract: 16383 };
const SHADING: LensShading = LensShading {
    stride_bytes: 24,
    gain_format: 7,
    width_log2: 6,
    height_log2: 2,
    initial_x: 63,
    initial_y: 5,
};

/// Fault pixels at these places, all to be replaced by their left neighbour.
fn faults(places: &[u32]) -> Vec<u8> {
    places.iter().flat_map(|place| (place << 5 | 1).to_le_bytes()).collect()
}

impl Corrections {
    fn give_table(&mut self, table: CcdcTable, bytes: &[u8]) -> Result<BufferIndex, IspError> {
        self.give_piece(&ccdc(), (table, bytes.len() as u32), 0, bytes)
    }

    fn switch(
        &mut self,
        update: CcdcFeatures,
        flag: CcdcFeatures,
        plain: &mut Plain,
    ) -> Result<(), IspError> {
        self.configure(&ccdc(), (update, flag), false, plain)
    }
}

/// Everything that can be given.
fn given() -> Corrections {
    let mut corrections = Corrections::new();
    for parameters in [
        CcdcParameters::BlackClamp(CLAMP),
        CcdcParameters::BlackCompensation(BlackCompensation([1, -1, 127, -128])),
        CcdcParameters::Culling(Culling { lines: 0x55, even: 0x0F, odd: 0xF0 }),
        CcdcParameters::LensShading(SHADING),
    ] {
        assert_eq!(corrections.give(&ccdc(), &parameters), Ok(()), "{parameters:?}");
    }
    let entries = faults(&[3, 4, 900]);
    assert_eq!(corrections.give_table(CcdcTable::FaultPixels, &entries), Ok(BufferIndex(0)));
    assert_eq!(corrections.give_table(CcdcTable::LensShading, &[9; 96]), Ok(BufferIndex(2)));
    corrections
}

fn expect(plain: &Plain, register: drv_isp_regs::Register, value: u32) {
    assert_eq!(plain.words.get(&register.offset()), Some(&value), "{}", register.name);
}

#[test]
fn each_number_gets_to_its_place() {
    let (mut corrections, mut plain) = (given(), Plain::default());
    let all = CcdcFeatures::SUPPORTED;
    assert_eq!(corrections.switch(all, all, &mut plain), Ok(()));
    assert_eq!(plain.open, BTreeMap::from([(0, 64), (2, 96)]));
    plain.words.insert(regs::SYN_MODE.offset(), 0x3_0600);
    corrections.write(10, true, &mut plain);
    expect(&plain, regs::SYN_MODE, 0x3_4600);
    expect(&plain, regs::ALAW, 6 | 8);
    expect(&plain, regs::CLAMP, 1 << 31 | 4 << 28 | 3 << 25 | 32767 << 10 | 31);
    expect(&plain, regs::DCSUB, 0);
    expect(&plain, regs::BLKCMP, 0x01FF_7F80);
    expect(&plain, regs::CULLING, 0x0FF0_0055);
    expect(&plain, regs::FPC, 1 << 15 | 3);
    expect(&plain, regs::FPC_ADDR, 0x8000_0000);
    expect(&plain, regs::LSC_TABLE_BASE, 0x8001_0000);
    expect(&plain, regs::LSC_TABLE_OFFSET, 24);
    expect(&plain, regs::LSC_INITIAL, 5 << 16 | 63);
    expect(&plain, regs::LSC_CONFIG, 6 << 12 | 2 << 8 | 7 << 1 | 1);
    // All off: black is the number that was given.
    assert_eq!(corrections.switch(all, CcdcFeatures::NONE, &mut plain), Ok(()));
    assert!(plain.open.is_empty(), "no window is left");
    corrections.write(12, false, &mut plain);
    expect(&plain, regs::SYN_MODE, 0x3_0600);
    expect(&plain, regs::ALAW, 4);
    expect(&plain, regs::CLAMP, 0);
    expect(&plain, regs::DCSUB, 16383);
    expect(&plain, regs::BLKCMP, 0);
    expect(&plain, regs::CULLING, 0xFFFF_00FF);
    expect(&plain, regs::FPC, 0);
    expect(&plain, regs::LSC_CONFIG, 0);
}

#[test]
fn a_new_life_leaves_it_to_the_pipeline_and_black_stays_the_modules() {
    let (mut corrections, mut plain) = (Corrections::new(), Plain::default());
    corrections.write(10, false, &mut plain);
    assert!(plain.words.is_empty());
    let feature = CcdcFeatures::BCOMP;
    assert_eq!(corrections.switch(feature, feature, &mut plain), Ok(()));
    for (bits, to_memory, black) in [(10, false, 42), (12, false, 168), (10, true, 0)] {
        corrections.write(bits, to_memory, &mut plain);
        expect(&plain, regs::DCSUB, black);
    }
}

#[test]
fn numbers_that_do_not_fit_their_fields_are_refused() {
    let clamp = CcdcParameters::BlackClamp;
    let shading = CcdcParameters::LensShading;
    let culling = |lines, even, odd| CcdcParameters::Culling(Culling { lines, even, odd });
    let refused = [
        clamp(BlackClamp { gain_q4: 32, ..CLAMP }),
        clamp(BlackClamp { start_px: 32768, ..CLAMP }),
        clamp(BlackClamp { pixels_log2: 5, ..CLAMP }),
        clamp(BlackClamp { lines_log2: 5, ..CLAMP }),
        clamp(BlackClamp { subtract: 16384, ..CLAMP }),
        culling(0, 1, 1),
        culling(1, 0, 1),
        culling(1, 1, 0),
        shading(LensShading { stride_bytes: 26, ..SHADING }),
        shading(LensShading { gain_format: 8, ..SHADING }),
        shading(LensShading { width_log2: 1, ..SHADING }),
        shading(LensShading { width_log2: 7, ..SHADING }),
        shading(LensShading { height_log2: 1, ..SHADING }),
        shading(LensShading { height_log2: 7, ..SHADING }),
        shading(LensShading { initial_x: 64, ..SHADING }),
        shading(LensShading { initial_y: 64, ..SHADING }),
    ];
    let mut corrections = Corrections::new();
    for given in refused {
        let result = corrections.give(&ccdc(), &given);
        assert_eq!(result, Err(IspError::InvalidConfiguration), "{given:?}");
    }
    assert_eq!(corrections.shading, None, "nothing of it is kept");
    for (name, error) in [
        ("OMAP3 ISP preview", IspError::NoConfiguration),
        ("OMAP3 ISP CCDC output", IspError::NoConfiguration),
        ("mt9p031 1-0048", IspError::NoSuchEntity),
    ] {
        let (name, none) = (Name::new(name), CcdcFeatures::NONE);
        assert_eq!(corrections.give(&name, &shading(SHADING)), Err(error));
        let piece = corrections.give_piece(&name, (CcdcTable::LensShading, 4), 0, &[0; 4]);
        assert_eq!(piece, Err(error));
        let switched = corrections.configure(&name, (none, none), false, &mut Plain::default());
        assert_eq!(switched, Err(error));
    }
}

#[test]
fn pieces_of_a_table_come_whole_and_in_order() {
    let mut corrections = Corrections::new();
    let bad = Err(IspError::InvalidConfiguration);
    let max = CCDC_TABLE_BYTES_MAX as u32;
    let mut give = |table, whole, offset, piece: &[u8]| {
        corrections.give_piece(&ccdc(), (table, whole), offset, piece)
    };
    let shading = CcdcTable::LensShading;
    for bytes in [0, 1, 3, 5, 1023] {
        assert_eq!(give(shading, max, 0, &vec![1; bytes]), bad, "{bytes}");
    }
    for whole in [0, 4, 1020, max + 4, u32::MAX] {
        assert_eq!(give(shading, whole, 0, &[1; 1024]), bad, "of {whole}");
    }
    assert_eq!(give(shading, max, 4, &[1; 4]), bad, "it has no beginning");
    assert_eq!(give(shading, max, 0, &[1; 1024]), Ok(BufferIndex(2)));
    for offset in [4, 1020, 1028, 2048, u32::MAX - 3] {
        assert_eq!(give(shading, max, offset, &[1; 4]), bad, "{offset}");
    }
    assert_eq!(give(shading, max - 4, 1024, &[1; 4]), bad, "of another length");
    for offset in (1024..max).step_by(1024) {
        assert_eq!(give(shading, max, offset, &[1; 1024]), Ok(BufferIndex(2)));
    }
    assert_eq!(give(shading, max, max, &[1; 4]), bad, "it is full");
    let pixels = CcdcTable::FaultPixels;
    assert_eq!(give(pixels, 12, 0, &faults(&[5, 9])), Ok(BufferIndex(0)));
    for places in [&[9_u32][..], &[8], &[10, 10], &[11, 4]] {
        assert_eq!(give(pixels, 12, 8, &faults(places)), bad, "{places:?}");
    }
    assert_eq!(give(pixels, 12, 8, &(20_u32 << 5 | 4).to_le_bytes()), bad, "no such operation");
    assert_eq!(give(pixels, 12, 8, &faults(&[10])), Ok(BufferIndex(0)));
    assert_eq!(give(pixels, 4, 0, &faults(&[1])), Ok(BufferIndex(0)), "it begins anew");
}

/// Whoever gave it died in the middle, or was refused: what is there of it is no table, and the one in use
/// stays.
#[test]
fn a_part_of_a_table_is_never_used() {
    let (mut corrections, mut plain) = (given(), Plain::default());
    let pixels = (CcdcTable::FaultPixels, CcdcFeatures::FPC);
    let shading = (CcdcTable::LensShading, CcdcFeatures::LSC);
    for (table, feature) in [pixels, shading] {
        assert_eq!(corrections.switch(feature, feature, &mut plain), Ok(()));
        let before = plain.open.clone();
        let mut give = |offset, places: &[u32]| {
            corrections.give_piece(&ccdc(), (table, 12), offset, &faults(places))
        };
        assert!(give(0, &[1, 2]).is_ok());
        if table == CcdcTable::FaultPixels {
            assert_eq!(give(8, &[2]), Err(IspError::InvalidConfiguration), "out of order");
        }
        let bad = Err(IspError::InvalidConfiguration);
        assert_eq!(corrections.switch(feature, feature, &mut plain), bad, "{table:?}");
        assert_eq!(plain.open, before);
        let rest = corrections.give_piece(&ccdc(), (table, 12), 8, &faults(&[3]));
        assert!(rest.is_ok());
        assert_eq!(corrections.switch(feature, feature, &mut plain), Ok(()));
    }
}

#[test]
fn what_cannot_be_switched_changes_nothing() {
    let (mut corrections, mut plain) = (given(), Plain::default());
    let none = CcdcFeatures::NONE;
    for bit in [6, 9, 10, 31] {
        let unknown = CcdcFeatures(1 << bit);
        for (update, flag) in [(unknown, none), (none, unknown)] {
            let switched = corrections.switch(update, flag, &mut plain);
            assert_eq!(switched, Err(IspError::UnsupportedFeature), "bit {bit}");
        }
    }
    let (config, table) = (CcdcFeatures::CONFIG_LSC, CcdcFeatures::TBL_LSC);
    for (update, flag) in
        [(config, config), (table, none), (CcdcFeatures::LSC, config), (CcdcFeatures::LSC, table)]
    {
        let switched = corrections.switch(update, flag, &mut plain);
        assert_eq!(switched, Err(IspError::UnsupportedFeature), "half of it");
    }
    let mut bare = Corrections::new();
    for feature in [CcdcFeatures::FPC, CcdcFeatures::LSC] {
        let switched = bare.switch(feature, feature, &mut plain);
        assert_eq!(switched, Err(IspError::InvalidConfiguration), "without a table");
    }
    assert_eq!(bare.give_table(CcdcTable::LensShading, &[1; 8]), Ok(BufferIndex(2)));
    let switched = bare.switch(CcdcFeatures::LSC, CcdcFeatures::LSC, &mut plain);
    assert_eq!(switched, Err(IspError::InvalidConfiguration), "without its configuration");
    for feature in [CcdcFeatures::FPC, CcdcFeatures::LSC] {
        let update = feature.and(CcdcFeatures::BCOMP);
        let switched = corrections.configure(&ccdc(), (update, update), true, &mut plain);
        assert_eq!(switched, Err(IspError::Busy), "{feature:?}");
    }
    assert_eq!((corrections.on, plain.open.len()), (none, 0));
    let shadowed = CcdcFeatures::SHADOWED;
    let switched = corrections.configure(&ccdc(), (shadowed, shadowed), true, &mut plain);
    assert_eq!((switched, corrections.on), (Ok(()), shadowed));
}

#[test]
fn a_table_in_use_is_never_written() {
    let (mut corrections, mut plain) = (given(), Plain::default());
    let both = CcdcFeatures::FPC.and(CcdcFeatures::LSC);
    for round in 1..=4 {
        assert_eq!(corrections.switch(both, both, &mut plain), Ok(()));
        assert_eq!(plain.open.len(), 2, "one of each in round {round}");
        for table in CcdcTable::ALL {
            let spare = corrections.give_table(table, &faults(&[round])).expect("it is free");
            assert!(!plain.open.contains_key(&spare.0), "{table:?}");
        }
    }
    // A table that the ledger refuses leaves both as they were.
    let before = plain.open.clone();
    for refused in 0..4 {
        plain.refused = BTreeSet::from([refused]);
        if before.contains_key(&refused) {
            continue;
        }
        assert_eq!(corrections.switch(both, both, &mut plain), Err(IspError::BadBuffer));
        assert_eq!(plain.open, before);
    }
    plain.refused.clear();
    assert!(corrections.lose_tables() && !corrections.lose_tables());
    plain.open.clear();
    let again = corrections.switch(both, both, &mut plain);
    assert_eq!(again, Err(IspError::InvalidConfiguration), "they must be given again");
    assert_eq!(corrections.switch(both, CcdcFeatures::NONE, &mut plain), Ok(()));
}
