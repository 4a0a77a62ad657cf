//! Corrections of the CCDC under a running stream, at rest, and when their tables do not come.

use super::*;
use drv_isp_regs::ccdc as regs;
use drv_isp_regs::main_block::irq;
use idl::types::{BlackCompensation, CcdcFeatures, CcdcParameters, CcdcTable};

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
