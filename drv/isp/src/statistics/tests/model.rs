//! The model: H3A, the histogram, and the windows of the ledger.

use super::*;
use std::collections::BTreeMap;

/// A buffer that is open for DMA: frames measured to it since then.
type Window = Vec<u32>;

#[derive(Default)]
pub struct Model {
    pub words: BTreeMap<usize, u32>,
    pub status: u32,
    pub overflow: u32,
    /// Frames started.
    pub frame: u32,
    pub in_frame: bool,
    /// Where AEWB is writing.
    pub running: Option<u32>,
    pub counting: bool,
    pub counts: Vec<u32>,
    pub open: BTreeMap<u32, Window>,
    /// Bytes of the window that was opened last.
    pub window_bytes: u32,
    /// What each buffer held when its window was shut.
    pub shut: BTreeMap<u32, Window>,
    /// DMA outside of a window.
    pub violations: u32,
    /// Windows that were shut under the engine.
    pub cut_off: u32,
    /// Words of a configuration that were written while the engine used them.
    pub torn: u32,
    /// The rest of the frame passes after this many accesses.
    pub pass_after: Option<u32>,
}

impl Model {
    pub fn word(&mut self, register: &drv_isp_regs::Register) -> u32 {
        self.words.get(&register.offset()).copied().unwrap_or_default()
    }

    pub fn start(&mut self) {
        self.frame += 1;
        self.in_frame = true;
        self.status |= irq::HS_VS.mask();
        if h3a::pcr::AEW_EN.is_set(self.word(&h3a::PCR)) {
            let address = self.word(&h3a::AEWBUFST);
            self.running = Some(address);
            self.violations += u32::from(!self.open.contains_key(&address));
        }
        self.counting = hist::pcr::EN.is_set(self.word(&hist::PCR));
    }

    pub fn end(&mut self) {
        self.in_frame = false;
        if let Some(address) = self.running.take() {
            match self.open.get_mut(&address) {
                Some(frames) => frames.push(self.frame - 1),
                None => self.violations += 1,
            }
            self.status |= irq::H3A_AWB_DONE.mask();
        }
        if core::mem::take(&mut self.counting) {
            self.counts.resize(1024, 0);
            self.counts.iter_mut().take(512).for_each(|count| *count += self.frame);
            self.status |= irq::HIST_DONE.mask();
        }
    }

    pub fn pass(&mut self) {
        if self.in_frame { self.end() } else { self.start() }
    }

    pub fn access(&mut self) {
        match &mut self.pass_after {
            Some(0) => {
                self.pass_after = None;
                self.pass();
                self.pass();
            }
            Some(left) => *left -= 1,
            None => {}
        }
    }
}

impl Registers for Model {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.access();
        if offset == IRQ0STATUS.offset() {
            return self.status;
        }
        if offset == sbl::PCR.offset() {
            return self.overflow;
        }
        if offset == hist::DATA.offset() {
            let entry = self.words.entry(hist::ADDR.offset()).or_default();
            let index = *entry as usize;
            *entry += 1;
            self.counts.resize(1024, 0);
            return core::mem::take(&mut self.counts[index]);
        }
        let word = self.words.get(&offset).copied().unwrap_or_default();
        if offset == h3a::PCR.offset() {
            return h3a::pcr::BUSYAEAWB.put(word, self.running.is_some().into());
        }
        if offset == hist::PCR.offset() {
            return hist::pcr::BUSY.put(word, self.counting.into());
        }
        word
    }

    fn write_at(&mut self, Write { offset, value }: Write) {
        self.access();
        if offset == IRQ0STATUS.offset() {
            self.status &= !value;
            return;
        }
        if offset == sbl::PCR.offset() {
            self.overflow &= !value;
            return;
        }
        let configures = offset == h3a::AEWWIN1.offset() && self.running.is_some()
            || offset == hist::CNT.offset() && self.counting;
        self.torn += u32::from(configures);
        self.words.insert(offset, value);
    }
}

pub struct Shared<'a>(pub &'a RefCell<Model>);

impl Registers for Shared<'_> {
    fn read_at(&mut self, offset: usize) -> u32 {
        self.0.borrow_mut().read_at(offset)
    }
    fn write_at(&mut self, write: Write) {
        self.0.borrow_mut().write_at(write);
    }
}

pub struct Windows<'a>(pub &'a RefCell<Model>);

impl Ledger for Windows<'_> {
    fn start_table(&mut self, buffer: BufferIndex, _: u32) -> Option<u32> {
        panic!("nobody gives a table: {buffer:?}");
    }

    fn finish_table(&mut self, buffer: BufferIndex) {
        panic!("nobody gives a table: {buffer:?}");
    }

    fn start_dma(&mut self, held: Held, bytes: u32) -> Option<u32> {
        let address = address(held.buffer);
        self.0.borrow_mut().window_bytes = bytes;
        let before = self.0.borrow_mut().open.insert(address, Window::new());
        assert!(before.is_none(), "a buffer twice in the hardware");
        Some(address)
    }

    fn start_read(&mut self, held: Held, _: u32) -> Option<u32> {
        panic!("an engine that only writes reads {held:?}");
    }

    fn finish_dma(&mut self, held: Held) -> bool {
        let mut model = self.0.borrow_mut();
        let address = address(held.buffer);
        model.cut_off += u32::from(model.running == Some(address));
        let Some(frames) = model.open.remove(&address) else { return false };
        model.shut.insert(address, frames);
        true
    }
}

pub fn address(buffer: BufferIndex) -> u32 {
    BASE + u32::from(buffer.0) * 0x1000
}
