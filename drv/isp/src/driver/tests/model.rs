//! A small ISP for tests: enable bits and addresses take effect at frame start, one-shot blocks
//! stop by themselves, and time can pass between any two register accesses. Beside the sensor's frames
//! there may be one frame from memory in each of the preview engine and the resizer, or one that comes
//! through the receiver CCP2 and takes the place of the sensor's.

use drv_isp_regs::main_block::{CTRL, IRQ0STATUS, REVISION, SYSSTATUS, ctrl, irq};
use drv_isp_regs::{ccdc, ccp2, csi2a, preview, resizer, sbl};
use idl::types::BufferIndex;
use std::collections::{BTreeMap, BTreeSet};

use crate::program::Path;
use crate::registers::{Registers, Write};
use crate::stream::{Held, Ledger};

/// A frame has four moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Start,
    Vd1,
    Vd0,
    End,
}

/// Bytes between two buffers of the model.
const BUFFER_BYTES: u32 = 0x10_0000;
const BASE: u32 = 0x8000_0000;

#[derive(Debug)]
pub struct Model {
    words: BTreeMap<usize, u32>,
    status: u32,
    path: Path,
    next: Moment,
    /// Frames started.
    pub frames: u32,
    /// Where the frame in progress goes.
    writing: Option<u32>,
    /// It is made of lines of two frames.
    waited: bool,
    /// Which frame is in each buffer, as a whole; `None` = torn.
    contents: BTreeMap<u32, Option<u32>>,
    /// What the resizer was told when the frame in each buffer started.
    windows: BTreeMap<u32, Vec<u32>>,
    /// Open windows.
    open: BTreeSet<u32>,
    /// DMA outside of a window.
    pub violations: u32,
    /// Windows shut while the engine was in that buffer.
    pub cut_off: u32,
    /// All moments up to the next frame start pass after this many accesses.
    pub pass_after: Option<u32>,
    /// The last block stays busy whatever happens.
    pub stuck: bool,
    /// The CCDC is done with its frame, and the blocks behind it are not.
    ccdc_done: bool,
    /// The CCDC stays busy from the end of the frame in progress on, and takes no other.
    pub ccdc_stuck: bool,
    ccdc_hangs: bool,
    /// The frame in progress ends before VD0.
    pub truncated: bool,
    /// No access is allowed.
    pub unpowered: bool,
    pub table_writes: u32,
    /// Entries of the preview engine's table space.
    table: BTreeMap<u32, u32>,
    table_address: u32,
    /// What the preview engine was told when the frame in each buffer started.
    looks: BTreeMap<u32, Vec<u32>>,
    pub resets: u32,
    /// The ledger refuses these buffers.
    pub refused: BTreeSet<u8>,
    /// Buffers that came back from the hardware and were not fetched: the ledger hands out no others.
    pub done: BTreeSet<u8>,
    /// Tables in the hardware, and their lengths.
    pub tables: BTreeMap<u8, u32>,
    /// The ledger refuses these.
    pub refused_tables: BTreeSet<u8>,
    /// Windows open for reading.
    readable: BTreeSet<u32>,
    /// Frames from memory in progress.
    jobs: Vec<Job>,
    /// From which buffer each buffer was made.
    made_of: BTreeMap<u32, u32>,
    /// The CCDC has writes left after the end of a received frame, for as many reads of their state.
    pub drains: u32,
    /// A part of the received frames does not come.
    pub unreadable: bool,
}

/// A frame from memory in the hardware.
#[derive(Clone, Copy, Debug)]
struct Job {
    input: u32,
    output: u32,
    preview: bool,
    resizer: bool,
    /// It comes through the receiver and the CCDC.
    received: bool,
}

/// Offsets of the words that the resizer locks while it works.
pub fn locked() -> impl Iterator<Item = usize> {
    let shadowed = resizer::SDR_INADD.offset()..resizer::HFILT.offset();
    let all = resizer::CNT.offset()..=resizer::YENH.offset();
    all.step_by(4).filter(move |offset| !shadowed.contains(offset))
}

/// Offsets of the words that the preview engine locks while it works.
fn shown() -> impl Iterator<Item = usize> {
    let window = [preview::HORZ_INFO.offset(), preview::VERT_INFO.offset()];
    let filters = [preview::HMED.offset(), preview::NF.offset()];
    let colours = (preview::CFA.offset()..=preview::CSC_OFFSET.offset()).step_by(4);
    let suppression = [preview::CSUP.offset()];
    let defects = (0..4).map(|index| preview::CDC_THR.offset_at(index));
    window.into_iter().chain(filters).chain(colours).chain(suppression).chain(defects)
}

/// Bus address of the pool of tables.
pub const TABLES: u32 = 0x9000_0000;

fn address(buffer: BufferIndex) -> u32 {
    BASE + u32::from(buffer.0) * BUFFER_BYTES
}

impl Model {
    pub fn new(path: Path) -> Self {
        Self {
            words: BTreeMap::new(),
            status: 0,
            path,
            next: Moment::Start,
            frames: 0,
            writing: None,
            waited: false,
            contents: BTreeMap::new(),
            windows: BTreeMap::new(),
            open: BTreeSet::new(),
            violations: 0,
            cut_off: 0,
            pass_after: None,
            stuck: false,
            ccdc_done: false,
            ccdc_stuck: false,
            ccdc_hangs: false,
            truncated: false,
            unpowered: false,
            table_writes: 0,
            table: BTreeMap::new(),
            table_address: 0,
            looks: BTreeMap::new(),
            resets: 0,
            refused: BTreeSet::new(),
            done: BTreeSet::new(),
            tables: BTreeMap::new(),
            refused_tables: BTreeSet::new(),
            readable: BTreeSet::new(),
            jobs: Vec::new(),
            made_of: BTreeMap::new(),
            drains: 0,
            unreadable: false,
        }
    }

    /// Whether the CCDC takes the next frame, whichever it is.
    pub fn ccdc_is_enabled(&mut self) -> bool {
        *self.word(ccdc::PCR.offset()) & 1 != 0
    }

    /// Lets the oldest frame from memory end. Whether there was one that could.
    pub fn end_job(&mut self) -> bool {
        if self.jobs.is_empty() || self.stuck {
            return false;
        }
        let job = self.jobs.remove(0);
        let allowed = self.readable.contains(&job.input) && self.open.contains(&job.output);
        self.violations += u32::from(!allowed);
        self.made_of.insert(job.output, job.input);
        self.status |= if job.preview { irq::PRV_DONE.mask() } else { 0 };
        self.status |= if job.resizer { irq::RSZ_DONE.mask() } else { 0 };
        if job.received {
            self.ccdc_hangs |= self.ccdc_stuck;
            self.status |= irq::CCP2_LCM.mask();
            *self.word(ccp2::LCM_IRQSTATUS.offset()) |= if self.unreadable { 3 } else { 1 };
            *self.word(ccp2::LCM_CTRL.offset()) &= !ccp2::lcm_ctrl::CHAN_EN.mask();
        }
        true
    }

    /// A line of the received frame in progress does not come; the others do.
    pub fn lose_line(&mut self) {
        self.status |= irq::CCP2_LCM.mask();
        *self.word(ccp2::LCM_IRQSTATUS.offset()) |= ccp2::lcm_irqstatus::OCPERROR.mask();
    }

    /// The blocks that crop the oldest frame are done before it has been read to its end.
    pub fn end_behind(&mut self) {
        let Some(job) = self.jobs.first() else { return };
        self.status |= if job.preview { irq::PRV_DONE.mask() } else { 0 };
        self.status |= if job.resizer { irq::RSZ_DONE.mask() } else { 0 };
    }

    /// The buffer from which a buffer was made.
    pub fn made_of(&self, buffer: BufferIndex) -> Option<u8> {
        let input = self.made_of.get(&address(buffer))?;
        Some(((input - BASE) / BUFFER_BYTES) as u8)
    }

    /// A block that memory feeds was enabled.
    fn begin_job(&mut self, offset: usize) {
        let resizer_words = (*self.word(resizer::PCR.offset()), *self.word(resizer::CNT.offset()));
        let from_memory = resizer::cnt::INPSRC.is_set(resizer_words.1);
        let preview = *self.word(preview::PCR.offset());
        if offset == preview::PCR.offset() && preview::pcr::SOURCE.is_set(preview) {
            *self.word(offset) &= !(preview::pcr::EN.mask() | preview::pcr::SOURCE.mask());
            let scaled = preview::pcr::RSZPORT.is_set(preview);
            let output = if scaled { resizer::SDR_OUTADD } else { preview::WSDR_ADDR };
            if scaled {
                assert!(resizer_words.0 & 1 != 0 && !from_memory, "the resizer waits");
                self.one_shot(resizer::PCR.offset());
            }
            let input = *self.word(preview::RSDR_ADDR.offset());
            let output = *self.word(output.offset());
            self.jobs.push(Job { input, output, preview: true, resizer: scaled, received: false });
        } else if offset == resizer::PCR.offset() && resizer_words.0 & 1 != 0 && from_memory {
            self.one_shot(offset);
            let input = *self.word(resizer::SDR_INADD.offset());
            let output = *self.word(resizer::SDR_OUTADD.offset());
            // The crop begins in the middle of the buffer.
            let input = input - (input - BASE) % BUFFER_BYTES;
            self.jobs.push(Job { input, output, preview: false, resizer: true, received: false });
        } else if offset == ccp2::LCM_CTRL.offset()
            && ccp2::lcm_ctrl::CHAN_EN.is_set(*self.word(offset))
        {
            self.receive();
        }
    }

    /// The memory channel was enabled.
    fn receive(&mut self) {
        assert_eq!(ctrl::PAR_SER_CLK_SEL.get(*self.word(CTRL.offset())), 2, "the CCDC hears it");
        assert!(self.ccdc_is_enabled(), "the CCDC takes it");
        let to_memory = ccdc::syn_mode::WEN.is_set(*self.word(ccdc::SYN_MODE.offset()));
        let preview = !to_memory && self.one_shot(preview::PCR.offset());
        let scaled = preview::pcr::RSZPORT.is_set(*self.word(preview::PCR.offset()));
        let resizer = preview && scaled && self.one_shot(resizer::PCR.offset());
        let path = match (to_memory, resizer) {
            (true, _) => Path::Raw,
            (false, true) => Path::Resizer,
            (false, false) => Path::Preview,
        };
        assert!(to_memory || preview, "somebody writes");
        let input = *self.word(ccp2::LCM_SRC_ADDR.offset());
        let output = *self.word(path.address().offset());
        self.jobs.push(Job { input, output, preview, resizer, received: true });
    }

    /// What a register holds.
    pub fn read(&mut self, register: &drv_isp_regs::Register) -> u32 {
        *self.word(register.offset())
    }

    fn word(&mut self, offset: usize) -> &mut u32 {
        self.words.entry(offset).or_default()
    }

    /// Lets the next moment of the frame pass.
    pub fn pass(&mut self) -> Moment {
        let moment = self.next;
        self.next = match moment {
            Moment::Start => self.start(),
            Moment::Vd1 => {
                self.status |= irq::CCDC_VD1.mask();
                if core::mem::take(&mut self.truncated) { Moment::Start } else { Moment::Vd0 }
            }
            Moment::Vd0 => {
                self.status |= irq::CCDC_VD0.mask();
                Moment::End
            }
            Moment::End => self.end(),
        };
        moment
    }

    fn start(&mut self) -> Moment {
        self.frames += 1;
        self.ccdc_done &= !self.ccdc_is_enabled();
        self.status |= irq::HS_VS.mask();
        if self.path != Path::Raw && self.writing.is_some() {
            // The blocks still wait for lines, and take those of this frame.
            self.waited = true;
            return Moment::Vd1;
        }
        let mut enabled = *self.word(ccdc::PCR.offset()) & 1 != 0 && !self.ccdc_hangs;
        if self.path.is_developed() && enabled {
            enabled = self.one_shot(preview::PCR.offset());
        }
        // The resizer's frame starts when the block in front gives it one.
        if matches!(self.path, Path::Resizer | Path::Scaled) && enabled {
            enabled = self.one_shot(resizer::PCR.offset());
        }
        if enabled {
            let target = *self.word(self.path.address().offset());
            self.writing = Some(target);
            self.contents.insert(target, None);
            let window = self.window();
            self.windows.insert(target, window);
            let look = self.look();
            self.looks.insert(target, look);
            self.dma(target);
        }
        Moment::Vd1
    }

    /// The words that the resizer locks while it works.
    pub fn window(&mut self) -> Vec<u32> {
        locked().map(|offset| *self.word(offset)).collect()
    }

    /// The words with which the resizer made the frame in a buffer.
    pub fn window_of(&self, buffer: BufferIndex) -> &[u32] {
        &self.windows[&address(buffer)]
    }

    /// What the preview engine locks while it works: words, switches, and tables.
    pub fn look(&mut self) -> Vec<u32> {
        let switches = *self.word(preview::PCR.offset()) & crate::config::SWITCHES;
        let words: Vec<u32> = shown().map(|offset| *self.word(offset)).collect();
        let tables = self.table.iter().flat_map(|(address, entry)| [*address, *entry]);
        core::iter::once(switches).chain(words).chain(tables).collect()
    }

    /// What the preview engine made the frame in a buffer with.
    pub fn look_of(&self, buffer: BufferIndex) -> &[u32] {
        &self.looks[&address(buffer)]
    }

    /// An entry of the table space.
    pub fn entry(&self, address: u32) -> Option<u32> {
        self.table.get(&address).copied()
    }

    /// A write to the preview engine's table space.
    fn write_table(&mut self, offset: usize, value: u32) {
        if offset == preview::SET_TBL_ADDR.offset() {
            self.table_address = value;
        } else {
            self.table.insert(self.table_address, value);
            self.table_address += 1;
            self.table_writes += 1;
        }
    }

    /// EN of a block that runs for one frame: it clears at frame start.
    fn one_shot(&mut self, offset: usize) -> bool {
        let word = self.word(offset);
        let enabled = *word & 1 != 0;
        *word &= !1;
        enabled
    }

    fn end(&mut self) -> Moment {
        self.ccdc_hangs |= self.ccdc_stuck && self.writing.is_some();
        if let Some(target) = self.writing {
            self.dma(target);
            if self.stuck {
                self.ccdc_done = self.path != Path::Raw;
                return Moment::Start;
            }
            self.writing = None;
            let whole = !core::mem::take(&mut self.waited);
            self.contents.insert(target, whole.then_some(self.frames - 1));
            self.status |= self.path.done_event();
        }
        Moment::Start
    }

    fn dma(&mut self, target: u32) {
        if !self.open.contains(&target) {
            self.violations += 1;
        }
    }

    /// The frame in a buffer, if it is whole.
    pub fn frame_in(&self, buffer: BufferIndex) -> Option<u32> {
        self.contents.get(&address(buffer)).copied().flatten()
    }

    /// Buffers with an open window.
    pub fn open(&self) -> usize {
        self.open.len() + self.readable.len()
    }

    /// All registers are at zero, and no frame is in progress.
    pub fn lose_power(&mut self) {
        self.words.clear();
        self.table.clear();
        (self.status, self.writing, self.next) = (0, None, Moment::Start);
        (self.ccdc_stuck, self.ccdc_hangs) = (false, false);
        self.unpowered = true;
    }

    fn access(&mut self) {
        assert!(!self.unpowered, "an access without power");
        match &mut self.pass_after {
            Some(0) => {
                self.pass_after = None;
                while self.pass() != Moment::Start {}
            }
            Some(left) => *left -= 1,
            None => {}
        }
    }

    /// An event that nothing else in the model makes.
    pub fn raise(&mut self, event: u32) {
        self.status |= event;
    }

    /// A line of the serial line is lost, which the receiver says if it was asked to.
    pub fn lose_packet(&mut self) {
        let lost = csi2a::irqstatus::ECC_NO_CORRECTION.mask();
        if *self.word(csi2a::IRQENABLE.offset()) & lost != 0 {
            *self.word(csi2a::IRQSTATUS.offset()) |= lost;
            self.status |= irq::CSIA.mask();
        }
    }

    /// The firewall refuses a request of the engine.
    pub fn refuse(&mut self) {
        self.status |= irq::MMU_ERR.mask();
    }

    /// BUSY of the block with this control word.
    fn busy(&self, offset: usize) -> u32 {
        let resizer = offset == resizer::PCR.offset();
        let live = self.writing.is_some()
            && match self.path {
                Path::Raw => offset == ccdc::PCR.offset(),
                Path::Preview => !resizer,
                Path::Resizer => true,
                Path::Scaled => offset != preview::PCR.offset(),
            }
            && !(self.ccdc_done && offset == ccdc::PCR.offset());
        let in_block = |job: &Job| {
            resizer && job.resizer
                || offset == preview::PCR.offset() && job.preview
                || offset == ccdc::PCR.offset() && job.received
        };
        let hangs = self.ccdc_hangs && offset == ccdc::PCR.offset();
        if live || hangs || self.jobs.iter().any(in_block) { 2 } else { 0 }
    }
}

impl Registers for Model {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.access();
        if offset == IRQ0STATUS.offset() {
            return self.status;
        }
        if offset == REVISION.offset() {
            return 0xF0;
        }
        if offset == SYSSTATUS.offset() {
            return 1;
        }
        if offset == sbl::CCDC_WR.offset() && self.jobs.is_empty() && self.drains > 0 {
            self.drains -= 1;
            return sbl::ccdc_wr::DATA_READY.of(1);
        }
        if offset == sbl::PCR.offset() || offset == sbl::CCDC_WR.offset() {
            return 0;
        }
        let word = *self.word(offset);
        let controls = [ccdc::PCR, preview::PCR, resizer::PCR].map(|pcr| pcr.offset());
        if controls.contains(&offset) { word & !2 | self.busy(offset) } else { word }
    }

    fn write_at(&mut self, Write { offset, value }: Write) {
        self.access();
        if offset == IRQ0STATUS.offset() {
            self.status &= !value;
            return;
        }
        if offset == ccp2::LCM_IRQSTATUS.offset() {
            *self.word(offset) &= !value;
            return;
        }
        if offset == drv_isp_regs::main_block::SYSCONFIG.offset() && value & 2 != 0 {
            self.resets += 1;
            self.stuck = false;
            (self.ccdc_stuck, self.ccdc_hangs) = (false, false);
            self.writing = None;
            self.jobs.clear();
            self.words.clear();
            self.table.clear();
            return;
        }
        let busy = self.busy(resizer::PCR.offset()) != 0;
        if busy && locked().any(|locked| locked == offset) {
            return;
        }
        let table = [preview::SET_TBL_ADDR.offset(), preview::SET_TBL_DATA.offset()];
        let previewing = self.busy(preview::PCR.offset()) != 0;
        if previewing && (table.contains(&offset) || shown().any(|locked| locked == offset)) {
            return;
        }
        if table.contains(&offset) {
            return self.write_table(offset, value);
        }
        if offset == csi2a::IRQSTATUS.offset() {
            *self.word(offset) &= !value;
            return;
        }
        *self.word(offset) = value;
        self.begin_job(offset);
    }
}

/// The ledger's side of the same model.
pub struct Windows<'a>(pub &'a std::cell::RefCell<Model>);

impl Ledger for Windows<'_> {
    fn start_table(&mut self, buffer: BufferIndex, bytes: u32) -> Option<u32> {
        let mut model = self.0.borrow_mut();
        if model.refused_tables.contains(&buffer.0) {
            return None;
        }
        assert!(model.tables.insert(buffer.0, bytes).is_none(), "a table twice in the hardware");
        Some(TABLES + u32::from(buffer.0) * 0x8000)
    }

    fn finish_table(&mut self, buffer: BufferIndex) {
        assert!(self.0.borrow_mut().tables.remove(&buffer.0).is_some(), "{buffer:?} is not there");
    }

    fn start_dma(&mut self, held: Held, _: u32) -> Option<u32> {
        let mut model = self.0.borrow_mut();
        if model.refused.contains(&held.buffer.0) {
            return None;
        }
        let address = address(held.buffer);
        assert!(model.open.insert(address), "a buffer twice in the hardware");
        Some(address)
    }

    fn start_read(&mut self, held: Held, _: u32) -> Option<u32> {
        let mut model = self.0.borrow_mut();
        if model.refused.contains(&held.buffer.0) {
            return None;
        }
        let address = address(held.buffer);
        assert!(model.readable.insert(address), "a buffer twice in the hardware");
        Some(address)
    }

    fn finish_dma(&mut self, held: Held) -> bool {
        let mut model = self.0.borrow_mut();
        let address = address(held.buffer);
        let used = |job: &Job| job.input == address || job.output == address;
        if model.writing == Some(address) || model.jobs.iter().any(used) {
            model.cut_off += 1;
        }
        model.done.insert(held.buffer.0);
        model.open.remove(&address) | model.readable.remove(&address)
    }
}

/// Registers of a model that the ledger shares.
pub struct Shared<'a>(pub &'a std::cell::RefCell<Model>);

impl Registers for Shared<'_> {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.0.borrow_mut().read_at(offset)
    }
    fn write_at(&mut self, write: Write) {
        self.0.borrow_mut().write_at(write);
    }
}
