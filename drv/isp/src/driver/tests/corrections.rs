//! Corrections of the CCDC under a running stream, at rest, and when their tables do not come.

use super::*;
use drv_isp_regs::ccdc as regs;
use drv_isp_regs::main_block::irq;
use idl::types::{BlackCompensation, CcdcFeatures, CcdcParameters, CcdcTable, LensShading};
use std::collections::BTreeSet;

const LEVELS: CcdcFeatures = CcdcFeatures::BCOMP;
const FAULTS: CcdcFeatures = CcdcFeatures::FPC;

fn ccdc() -> Name {
    Name::new("OMAP3 ISP CCDC")
}

impl Bench {
    fn compensate(&mut self, level: i8) -> Result<(), IspError> {
        let given = CcdcParameters::BlackCompensation(BlackCompensation([level; 4]));
        self.driver.ccdc_parameters(&ccdc(), &given)?;
        self.switch(LEVELS)
    }

    fn switch(&mut self, on: CcdcFeatures) -> Result<(), IspError> {
        self.with(|driver, outside| driver.ccdc_configure(&ccdc(), (on, on), outside))
    }

    fn give_faults(&mut self) {
        let entry = (7_u32 << 5 | 1).to_le_bytes();
        let buffer = self.driver.ccdc_table(&ccdc(), (CcdcTable::FaultPixels, 4), 0, &entry);
        assert!(buffer.is_ok());
    }

    fn word(&self, register: drv_isp_regs::Register) -> u32 {
        self.model.borrow_mut().read_at(register.offset())
    }
}

#[test]
fn what_is_shadowed_changes_in_a_stream_and_tables_wait_for_its_end() {
    for pipeline in [raw(), preview_only(), processed(320, 240)] {
        let mut bench = Bench::streaming(pipeline);
        (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
        bench.frames(1);
        assert_eq!(bench.compensate(3), Ok(()));
        assert_eq!(bench.word(regs::BLKCMP), 0x0303_0303);
        bench.give_faults();
        assert_eq!(bench.switch(FAULTS), Err(IspError::Busy));
        bench.frames(2);
        bench.fetch();
        assert!(bench.good().len() >= 2, "no frame is marked: {:?}", bench.fetched);
        bench.stop();
        bench.frames(3);
        bench.fetch();
        assert_eq!(bench.stopped, 1);
        assert_eq!(bench.switch(FAULTS), Ok(()));
        assert_eq!(bench.model.borrow().tables, [(0, 64)].into());
        bench.start().expect("a good pipeline");
        assert_eq!(bench.word(regs::FPC), 1 << 15 | 1);
        assert_eq!(bench.word(regs::FPC_ADDR), model::TABLES);
        assert_eq!(bench.word(regs::BLKCMP), 0x0303_0303, "it outlasts streams");
    }
}

/// Frames that start while words are written are not called good.
#[test]
fn a_frame_that_starts_meanwhile_is_marked() {
    let mut bench = Bench::streaming(raw());
    (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
    bench.frames(1);
    bench.model.borrow_mut().pass_after = Some(2);
    assert_eq!(bench.compensate(3), Ok(()));
    bench.model.borrow_mut().pass_after = None;
    bench.frames(3);
    bench.fetch();
    let marked = bench.fetched.iter().filter(|frame| frame.flags == FrameFlags::ERROR).count();
    assert!((1..=2).contains(&marked), "{:?}", bench.fetched);
    assert!(!bench.good().is_empty(), "the mark ends");
}

#[test]
fn a_table_that_does_not_come_marks_its_frame() {
    for event in [irq::LSC_PREF_ERR.mask(), irq::CCDC_ERR.mask()] {
        let mut bench = Bench::streaming(preview_only());
        (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
        bench.frames(1);
        bench.moment();
        let enabled = bench.word(drv_isp_regs::main_block::IRQ0ENABLE);
        assert_eq!(enabled & event, event, "it interrupts");
        bench.model.borrow_mut().raise(event);
        bench.interrupt();
        bench.frames(3);
        bench.fetch();
        let marked: Vec<_> =
            bench.fetched.iter().filter(|frame| frame.flags == FrameFlags::ERROR).collect();
        assert_eq!(marked.len(), 1, "{:?}", bench.fetched);
        assert!(bench.good().len() >= 2);
    }
}

#[test]
fn corrections_outlast_rest_and_their_tables_end_with_the_ledger() {
    let mut bench = Bench::new(preview_only());
    bench.power_up();
    bench.give_faults();
    assert_eq!(bench.switch(FAULTS.and(LEVELS)), Ok(()));
    bench.start().expect("a good pipeline");
    assert!(bench.with(|driver, outside| driver.rest(outside)).at_rest);
    bench.model.borrow_mut().lose_power();
    bench.model.borrow_mut().unpowered = false;
    bench.power_up();
    assert_eq!(bench.word(regs::FPC), 1 << 15 | 1);
    bench.model.borrow_mut().tables.clear();
    bench.with(|driver, outside| driver.lose_tables(outside));
    assert_eq!(bench.word(regs::FPC), 0);
    assert_eq!(bench.switch(FAULTS), Err(IspError::Busy), "it streams");
}

impl Bench {
    /// Of each table, what the hardware reads is what its window is open for, while frames come.
    fn tables_agree(&self, seed: u32) {
        let open = self.model.borrow().tables.clone();
        for (table, enable, place) in [
            (CcdcTable::FaultPixels, regs::fpc::FPCEN.is_set(self.word(regs::FPC)), regs::FPC_ADDR),
            (
                CcdcTable::LensShading,
                regs::lsc_config::ENABLE.is_set(self.word(regs::LSC_CONFIG)),
                regs::LSC_TABLE_BASE,
            ),
        ] {
            let first = 2 * table as u8;
            let windows: Vec<_> = (first..first + 2).filter(|it| open.contains_key(it)).collect();
            assert!(windows.len() <= 1, "seed {seed}: {table:?} in {windows:?}");
            let read = enable.then(|| ((self.word(place) - model::TABLES) / 0x8000) as u8);
            assert_eq!(windows.first().copied(), read, "seed {seed}: {table:?}");
        }
    }

    /// A piece goes to no buffer that the hardware has.
    fn give(&mut self, table: CcdcTable, (whole_bytes, offset, bytes): (u32, u32, usize)) -> bool {
        let entries: Vec<_> =
            (offset / 4..).flat_map(|place| (place << 5 | 1).to_le_bytes()).take(bytes).collect();
        let buffer = self.driver.ccdc_table(&ccdc(), (table, whole_bytes), offset, &entries);
        let is_open = |it: BufferIndex| self.model.borrow().tables.contains_key(&it.0);
        assert!(buffer.is_err() || !buffer.is_ok_and(is_open), "{buffer:?} is in the hardware");
        buffer.is_ok()
    }

    fn suspend(&mut self) {
        for _ in 0..20 {
            if self.with(|driver, outside| driver.rest(outside)).at_rest {
                self.model.borrow_mut().lose_power();
                self.model.borrow_mut().unpowered = false;
                return self.power_up();
            }
            self.moment();
        }
        panic!("it does not rest");
    }
}

/// What is switched together.
const UNITS: [CcdcFeatures; 7] = [
    CcdcFeatures::ALAW,
    CcdcFeatures::LPF,
    CcdcFeatures::BLCLAMP,
    CcdcFeatures::BCOMP,
    CcdcFeatures::FPC,
    CcdcFeatures::CULL,
    CcdcFeatures::LSC,
];

/// Tables whole and in part, refused and accepted configurations, a ledger that refuses or dies, suspends,
/// starts and stops: the hardware reads a table exactly as long as there is a window for it.
#[test]
fn whatever_the_order_tables_and_their_windows_agree() {
    let shading = LensShading {
        stride_bytes: 8,
        gain_format: 0,
        width_log2: 4,
        height_log2: 4,
        initial_x: 0,
        initial_y: 0,
    };
    let (mut taken, mut refused, mut with_tables) = (0, 0, 0);
    for seed in 1..=60 {
        let mut random = Random(seed);
        let mut bench = Bench::new([raw(), preview_only()][seed as usize % 2]);
        bench.power_up();
        let given = CcdcParameters::LensShading(shading);
        assert_eq!(bench.driver.ccdc_parameters(&ccdc(), &given), Ok(()));
        let mut streams = false;
        for _ in 0..200 {
            let table = CcdcTable::ALL[random.below(2) as usize];
            match random.below(12) {
                0..=2 => {
                    let whole = 4 * (1 + random.below(4));
                    let first = 4 * (1 + random.below(whole / 4)) as usize;
                    let begun = bench.give(table, (whole, 0, first));
                    if begun && random.below(3) != 0 {
                        let rest = whole as usize - first;
                        bench.give(table, (whole, first as u32, rest));
                    }
                }
                3..=5 => {
                    let mut any = |rarity| {
                        let some = UNITS.iter().filter(|_| random.below(rarity) == 0);
                        some.fold(CcdcFeatures::NONE, |set, unit| set.and(*unit))
                    };
                    let (update, flag) = (any(5), any(2));
                    let refuses = random.below(6) == 0;
                    bench.model.borrow_mut().refused_tables =
                        if refuses { (0..4).collect() } else { BTreeSet::new() };
                    let switched = bench.with(|driver, outside| {
                        driver.ccdc_configure(&ccdc(), (update, flag), outside)
                    });
                    *(if switched.is_ok() { &mut taken } else { &mut refused }) += 1;
                }
                6 | 7 => streams |= bench.start().is_ok(),
                8 if streams => {
                    bench.stop();
                    bench.frames(3);
                    bench.fetch();
                    streams = false;
                }
                9 => bench.suspend(),
                10 if random.below(5) == 0 => {
                    bench.model.borrow_mut().tables.clear();
                    bench.with(|driver, outside| driver.lose_tables(outside));
                }
                _ => bench.frames(1),
            }
            if streams {
                bench.tables_agree(seed);
                with_tables += usize::from(!bench.model.borrow().tables.is_empty());
            }
        }
    }
    let counts = [taken, refused, with_tables];
    assert!(counts.iter().all(|count| *count > 400), "the walk is about something: {counts:?}");
}
