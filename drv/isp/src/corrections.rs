//! VIDIOC_OMAP3ISP_CCDC_CFG: what the CCDC corrects, and the tables that it reads for that.
//!
//! ```text
//!   table:   client ─pieces─► spare buffer ──configure: window opens──► in use ──replaced, off: window shuts──► spare
//! ```
//!
//! Each table has two buffers of a pool of this driver. One is written, never while hardware may read it;
//! the other is with the hardware from the configuration on, until another takes its place.
//!
//! # Why
//! *The window stays open between streams.* A table is no picture: nobody else may write or map it, and
//! its place is known as long as it is in use. So a stream starts and stops without a word about tables,
//! and what becomes of them at a death is the ledger's business, as for any buffer: quarantined until
//! quiet, then free.
//!
//! *Tables wait for the end of a stream.* Their addresses take effect at once (TRM), so the frame in
//! progress would have a part of each. omap3isp answers EBUSY for the fault pixels; here lens shading does
//! too.
//!
//! *What is shadowed changes in a stream.* If a frame starts while several words are written, nobody knows
//! which of them it took: it is marked.

use drv_isp_regs::ccdc as regs;
use idl::types::{
    BlackClamp, BlackCompensation, BufferIndex, CCDC_TABLE_BYTES_MAX, CcdcFeatures, CcdcParameters,
    CcdcTable, Culling, IspError, LensShading, Name,
};

use crate::registers::{Registers, Writer};
use crate::stream::Ledger;
use crate::topology::{self, position};
use crate::tuning;

/// Bytes of an entry of a table.
const ENTRY_BYTES: usize = size_of::<u32>();
/// Entries that FPC counts at most.
const FAULTS_MAX: u32 = regs::fpc::FPNUM.max();
/// Keep all lines and pixels.
const KEEP_ALL: Culling = Culling { lines: 0xFF, even: 0xFF, odd: 0xFF };
/// Where a fault pixel's value may come from: nowhere, left, right, both.
const OPERATIONS: u32 = 4;

/// What is subtracted from all codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Black {
    /// What the sensor calls black, except on the way to memory: a raw frame is what the sensor sent.
    Module,
    /// This, in codes.
    Fixed(u16),
    /// What a window of the picture says.
    Window(BlackClamp),
}

/// The two buffers of a table.
#[derive(Clone, Copy, Debug)]
struct Buffers {
    /// Which of the two is written.
    spare: u8,
    /// How much of it has been written, and how long the table is, in bytes.
    given_bytes: u32,
    whole_bytes: u32,
    /// Place of the last fault pixel that was given: the next one comes behind it.
    last: Option<u32>,
    /// What the hardware reads: bus address and length in bytes.
    active: Option<(u32, u32)>,
}

impl Buffers {
    const NEW: Self = Self { spare: 0, given_bytes: 0, whole_bytes: 0, last: None, active: None };

    /// A table is there to be used. Who gave a part of one and died, or was refused, gave none.
    const fn is_whole(&self) -> bool {
        self.given_bytes > 0 && self.given_bytes == self.whole_bytes
    }
}

/// What the CCDC does, apart from windows and formats.
#[derive(Debug)]
pub struct Corrections {
    on: CcdcFeatures,
    /// Something has been configured: else what a pipeline programs is right.
    touched: bool,
    /// Parameters that were given.
    clamp: BlackClamp,
    compensation: BlackCompensation,
    culling: Culling,
    shading: Option<LensShading>,
    /// What is in effect of them.
    black: Black,
    active_compensation: BlackCompensation,
    active_culling: Culling,
    active_shading: Option<LensShading>,
    /// By the number of the table.
    tables: [Buffers; CcdcTable::ALL.len()],
}

impl Corrections {
    /// What a new life begins with.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            on: CcdcFeatures::NONE,
            touched: false,
            clamp: BlackClamp {
                gain_q4: 16,
                start_px: 0,
                pixels_log2: 0,
                lines_log2: 0,
                subtract: 0,
            },
            compensation: BlackCompensation([0; 4]),
            culling: KEEP_ALL,
            shading: None,
            black: Black::Module,
            active_compensation: BlackCompensation([0; 4]),
            active_culling: KEEP_ALL,
            active_shading: None,
            tables: [Buffers::NEW; CcdcTable::ALL.len()],
        }
    }

    /// Parameters for the next [`Corrections::configure`].
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration` of another block; `InvalidConfiguration` if a number does not fit
    /// its register.
    pub fn give(&mut self, entity: &Name, given: &CcdcParameters) -> Result<(), IspError> {
        is_ccdc(entity)?;
        if !fits(given) {
            return Err(IspError::InvalidConfiguration);
        }
        match *given {
            CcdcParameters::BlackClamp(clamp) => self.clamp = clamp,
            CcdcParameters::BlackCompensation(compensation) => self.compensation = compensation,
            CcdcParameters::Culling(culling) => self.culling = culling,
            CcdcParameters::LensShading(shading) => self.shading = Some(shading),
        }
        Ok(())
    }

    /// A piece of a table of `whole_bytes` bytes, from `offset` on: the buffer to write it to.
    ///
    /// # Errors
    /// As [`Corrections::give`]; `InvalidConfiguration` for half a word, more than a table has, a piece that
    /// is not behind the one before, and for fault pixels out of order or with an unknown operation.
    pub fn give_piece(
        &mut self,
        entity: &Name,
        (table, whole_bytes): (CcdcTable, u32),
        offset: u32,
        piece: &[u8],
    ) -> Result<BufferIndex, IspError> {
        is_ccdc(entity)?;
        let buffers = &mut self.tables[table as usize];
        if offset == 0 {
            (buffers.given_bytes, buffers.whole_bytes, buffers.last) = (0, whole_bytes, None);
        }
        let end = offset as usize + piece.len();
        let fits = end <= whole_bytes as usize && whole_bytes as usize <= CCDC_TABLE_BYTES_MAX;
        let words = !piece.is_empty() && piece.len().is_multiple_of(ENTRY_BYTES);
        let behind = offset == buffers.given_bytes && whole_bytes == buffers.whole_bytes;
        if !words || !behind || !fits {
            return Err(IspError::InvalidConfiguration);
        }
        if table == CcdcTable::FaultPixels {
            buffers.last = Some(last_fault(buffers.last, piece)?);
        }
        buffers.given_bytes = end as u32;
        Ok(buffer(table, buffers.spare))
    }

    /// Switches functions; `works` = frames go through the CCDC.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration`; `UnsupportedFeature` for a function that there is not, or half of
    /// the lens shading; `InvalidConfiguration` for a function without its table; `Busy` for what cannot
    /// change while it works; `BadBuffer` if the ledger refuses a table. Then nothing has changed.
    pub fn configure(
        &mut self,
        entity: &Name,
        (update, flag): (CcdcFeatures, CcdcFeatures),
        works: bool,
        ledger: &mut impl Ledger,
    ) -> Result<(), IspError> {
        is_ccdc(entity)?;
        let on = update.common(flag);
        let halves = |set: CcdcFeatures| {
            let part = set.common(CcdcFeatures::LSC);
            part != CcdcFeatures::NONE && part != CcdcFeatures::LSC
        };
        if !CcdcFeatures::SUPPORTED.contains(update.and(flag)) || halves(update) || halves(on) {
            return Err(IspError::UnsupportedFeature);
        }
        if works && update.without(CcdcFeatures::SHADOWED) != CcdcFeatures::NONE {
            return Err(IspError::Busy);
        }
        let wanted = CcdcTable::ALL.map(|table| on.contains(feature(table)));
        let has_table = |table: CcdcTable| self.tables[table as usize].is_whole();
        let lacks = |table: &CcdcTable| wanted[*table as usize] && !has_table(*table);
        if CcdcTable::ALL.iter().any(lacks)
            || (on.contains(CcdcFeatures::LSC) && self.shading.is_none())
        {
            return Err(IspError::InvalidConfiguration);
        }
        self.replace(update, wanted, ledger)?;
        self.take(update, on);
        Ok(())
    }

    /// The ledger has begun anew: the windows are shut. Whether the hardware has to be told.
    pub fn lose_tables(&mut self) -> bool {
        self.tables = [Buffers::NEW; CcdcTable::ALL.len()];
        let tabled = CcdcFeatures::FPC.and(CcdcFeatures::LSC);
        let had = self.on.common(tabled) != CcdcFeatures::NONE;
        self.on = self.on.without(tabled);
        had
    }

    /// Writes everything for codes of `bits` bits of a mosaic.
    pub fn write(&self, bits: u8, to_memory: bool, registers: &mut impl Registers) {
        if !self.touched {
            return;
        }
        self.write_tables(&mut Writer(&mut |write| registers.write_at(write)));
        self.write_shadowed(bits, to_memory, registers);
    }

    /// Writes what takes effect at the next frame start.
    pub fn write_shadowed(&self, bits: u8, to_memory: bool, registers: &mut impl Registers) {
        let low_pass = regs::syn_mode::LPF.of(self.has(CcdcFeatures::LPF).into());
        let mode = registers.read(&regs::SYN_MODE) & !regs::syn_mode::LPF.mask();
        let mut write = |write| registers.write_at(write);
        let out = &mut Writer(&mut write);
        out.put(&regs::SYN_MODE, mode | low_pass);
        // Which ten bits: the upper ones of 12, all of 10.
        let input = if bits == 12 { 4 } else { 6 };
        let compression = regs::alaw::CCDTBL.of(self.has(CcdcFeatures::ALAW).into());
        out.put(&regs::ALAW, regs::alaw::GWDI.of(input) | compression);
        let (clamp, subtracted) = match self.black {
            Black::Module if to_memory => (0, 0),
            Black::Module => (0, black_level(bits)),
            Black::Fixed(codes) => (0, codes.into()),
            Black::Window(clamp) => (window(&clamp), 0),
        };
        out.put(&regs::CLAMP, clamp);
        out.put(&regs::DCSUB, subtracted);
        let [red, green_red, green_blue, blue] =
            self.active_compensation.0.map(|value| i32::from(value) as u32);
        let compensation = regs::blkcmp::R.of(red)
            | regs::blkcmp::GR.of(green_red)
            | regs::blkcmp::GB.of(green_blue)
            | regs::blkcmp::B.of(blue);
        out.put(&regs::BLKCMP, compensation);
        let Culling { lines, even, odd } = self.active_culling;
        let culling = regs::culling::CULV.of(lines.into())
            | regs::culling::CULHEVN.of(even.into())
            | regs::culling::CULHODD.of(odd.into());
        out.put(&regs::CULLING, culling);
    }

    /// Writes what is read from memory.
    pub fn write_tables(&self, out: &mut Writer<'_>) {
        match self.tables[CcdcTable::FaultPixels as usize].active {
            Some((address, bytes)) => {
                out.put(&regs::FPC_ADDR, address);
                let count = regs::fpc::FPNUM.of(bytes / ENTRY_BYTES as u32);
                out.put(&regs::FPC, count | regs::fpc::FPCEN.of(1));
            }
            None => out.put(&regs::FPC, 0),
        }
        match (self.tables[CcdcTable::LensShading as usize].active, self.active_shading) {
            (Some((address, _)), Some(shading)) => {
                out.put(&regs::LSC_TABLE_BASE, address);
                out.put(&regs::LSC_TABLE_OFFSET, shading.stride_bytes.into());
                let origin = regs::lsc_initial::X.of(shading.initial_x.into())
                    | regs::lsc_initial::Y.of(shading.initial_y.into());
                out.put(&regs::LSC_INITIAL, origin);
                let config = regs::lsc_config::ENABLE.of(1)
                    | regs::lsc_config::GAIN_FORMAT.of(shading.gain_format.into())
                    | regs::lsc_config::GAIN_MODE_M.of(shading.width_log2.into())
                    | regs::lsc_config::GAIN_MODE_N.of(shading.height_log2.into());
                out.put(&regs::LSC_CONFIG, config);
            }
            _ => out.put(&regs::LSC_CONFIG, 0),
        }
    }

    fn has(&self, feature: CcdcFeatures) -> bool {
        self.on.contains(feature)
    }

    /// Opens the windows of the tables that are wanted, then shuts those of the ones before.
    fn replace(
        &mut self,
        update: CcdcFeatures,
        wanted: [bool; CcdcTable::ALL.len()],
        ledger: &mut impl Ledger,
    ) -> Result<(), IspError> {
        let mut opened = [None; CcdcTable::ALL.len()];
        for table in CcdcTable::ALL.into_iter().filter(|table| wanted[*table as usize]) {
            let Buffers { spare, given_bytes, .. } = self.tables[table as usize];
            let read_bytes = given_bytes.next_multiple_of(burst_bytes(table));
            let Some(address) = ledger.start_table(buffer(table, spare), read_bytes) else {
                for table in CcdcTable::ALL.into_iter().filter(|it| opened[*it as usize].is_some())
                {
                    ledger.finish_table(buffer(table, self.tables[table as usize].spare));
                }
                return Err(IspError::BadBuffer);
            };
            opened[table as usize] = Some((address, given_bytes));
        }
        for table in CcdcTable::ALL.into_iter().filter(|table| update.contains(feature(*table))) {
            let buffers = &mut self.tables[table as usize];
            if buffers.active.is_some() {
                ledger.finish_table(buffer(table, 1 - buffers.spare));
            }
            buffers.active = opened[table as usize];
            if buffers.active.is_some() {
                *buffers =
                    Buffers { spare: 1 - buffers.spare, active: buffers.active, ..Buffers::NEW };
            }
        }
        Ok(())
    }

    /// Takes over the numbers.
    fn take(&mut self, update: CcdcFeatures, on: CcdcFeatures) {
        self.on = self.on.without(update).and(on);
        self.touched = true;
        if update.contains(CcdcFeatures::BLCLAMP) {
            let clamped = on.contains(CcdcFeatures::BLCLAMP);
            self.black =
                if clamped { Black::Window(self.clamp) } else { Black::Fixed(self.clamp.subtract) };
        }
        if update.contains(CcdcFeatures::BCOMP) {
            let off = BlackCompensation([0; 4]);
            self.active_compensation =
                if on.contains(CcdcFeatures::BCOMP) { self.compensation } else { off };
        }
        if update.contains(CcdcFeatures::CULL) {
            self.active_culling =
                if on.contains(CcdcFeatures::CULL) { self.culling } else { KEEP_ALL };
        }
        if update.contains(CcdcFeatures::LSC) {
            self.active_shading = self.shading.filter(|_| on.contains(CcdcFeatures::LSC));
        }
    }
}

fn is_ccdc(entity: &Name) -> Result<(), IspError> {
    match topology::find(entity)? {
        position::CCDC => Ok(()),
        _ => Err(IspError::NoConfiguration),
    }
}

const fn feature(table: CcdcTable) -> CcdcFeatures {
    match table {
        CcdcTable::FaultPixels => CcdcFeatures::FPC,
        CcdcTable::LensShading => CcdcFeatures::LSC,
    }
}

/// What the block reads at once: fault pixels come in bursts of 64 bytes (TRM: FPC_ADDR), whatever FPNUM says.
const fn burst_bytes(table: CcdcTable) -> u32 {
    match table {
        CcdcTable::FaultPixels => 64,
        CcdcTable::LensShading => ENTRY_BYTES as u32,
    }
}

/// The place of a table's buffer in the pool.
const fn buffer(table: CcdcTable, which: u8) -> BufferIndex {
    BufferIndex(2 * table as u8 + which)
}

/// What black is in codes of so many bits.
fn black_level(bits: u8) -> u32 {
    tuning::BLACK_LEVEL >> tuning::BLACK_LEVEL_BITS.saturating_sub(bits)
}

fn window(clamp: &BlackClamp) -> u32 {
    regs::clamp::CLAMPEN.of(1)
        | regs::clamp::OBGAIN.of(clamp.gain_q4.into())
        | regs::clamp::OBST.of(clamp.start_px.into())
        | regs::clamp::OBSLEN.of(clamp.pixels_log2.into())
        | regs::clamp::OBSLN.of(clamp.lines_log2.into())
}

fn fits(given: &CcdcParameters) -> bool {
    let sides = 2..=6;
    match given {
        CcdcParameters::BlackClamp(clamp) => {
            u32::from(clamp.gain_q4) <= regs::clamp::OBGAIN.max()
                && u32::from(clamp.start_px) <= regs::clamp::OBST.max()
                && clamp.pixels_log2 <= 4
                && clamp.lines_log2 <= 4
                && u32::from(clamp.subtract) & !regs::DCSUB.writable == 0
        }
        CcdcParameters::BlackCompensation(_) => true,
        CcdcParameters::Culling(culling) => {
            [culling.lines, culling.even, culling.odd].iter().all(|mask| *mask != 0)
        }
        CcdcParameters::LensShading(shading) => {
            u32::from(shading.stride_bytes) & !regs::LSC_TABLE_OFFSET.writable == 0
                && u32::from(shading.gain_format) <= regs::lsc_config::GAIN_FORMAT.max()
                && sides.contains(&shading.width_log2)
                && sides.contains(&shading.height_log2)
                && u32::from(shading.initial_x) <= regs::lsc_initial::X.max()
                && u32::from(shading.initial_y) <= regs::lsc_initial::Y.max()
        }
    }
}

/// Checks fault pixels behind the one at `last`; the place of the last of them.
fn last_fault(last: Option<u32>, piece: &[u8]) -> Result<u32, IspError> {
    let (words, _) = piece.as_chunks();
    words
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .try_fold(last, |last, word| {
            let (place, operation) = (word >> 5, word & 0x1F);
            let behind = last.is_none_or(|last| last < place);
            (behind && operation < OPERATIONS).then_some(Some(place))
        })
        .flatten()
        .ok_or(IspError::InvalidConfiguration)
}

const _: () = assert!(CCDC_TABLE_BYTES_MAX / ENTRY_BYTES <= FAULTS_MAX as usize);

#[cfg(test)]
mod tests;
