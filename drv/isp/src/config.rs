//! VIDIOC_OMAP3ISP_PRV_CFG: two sets of what the functions of the preview engine do.
//!
//! ```text
//!   client ──parameters, tables──► shadow ──configure──► waits ──end of a frame──► active ──► registers
//!                                    ▲                     │                         └──► tables, in pieces
//!                                    └── Busy meanwhile ───┘
//! ```
//!
//! As in the Linux driver (`isppreview.c`), a client writes to the shadow set, and what it names is taken
//! over when the engine is between two frames. What waits is not overwritten: then a frame could show
//! a part of each.
//!
//! # Why
//! *Frames are held, not marked.* The engine drops what is written while it works, and a table takes a
//! thousand writes, longer than the gap between two frames. So the enable bit of the next frame is taken
//! back first, and given again when all is written. Words alone fit in the gap and cost no frame.
//!
//! *Words are written again at each start, tables when they changed*, and both after a reset: the registers
//! forget with the power, and the sets do not.
//!
//! *White balance is the controls'*, which are heard in the middle of a frame too; a configuration sets
//! them in its turn, and a control that is set later stays.

mod check;
mod tables;
mod words;

use drv_isp_regs::preview as regs;
use idl::types::{
    BlockState, ControlId, IspError, MbusCode, Name, PreviewFeatures, PreviewParameters,
    PreviewTable, WhiteBalance,
};

use crate::controls::Controls;
use crate::formats::code::{Encoding, encoding};
use crate::registers::{Registers, Write, Writer};
use crate::topology::{self, position};
use tables::{Loader, Tables};
use words::Words;

#[cfg(test)]
pub use words::SWITCHES;

/// White balance that changes nothing.
const NEUTRAL: WhiteBalance = WhiteBalance { digital_gain_q8: 256, gains_q5: [32; 4] };

/// A mosaic needs the one, and the output the other.
const ALWAYS_ON: PreviewFeatures = PreviewFeatures::CFA.and(PreviewFeatures::COLOR_CONV);

/// What is on in a new life.
const ON: PreviewFeatures = ALWAYS_ON
    .and(PreviewFeatures::WB)
    .and(PreviewFeatures::BLKADJ)
    .and(PreviewFeatures::RGB2RGB)
    .and(PreviewFeatures::YC_LIMIT)
    .and(PreviewFeatures::GAMMA);

/// What functions do, apart from white balance.
#[derive(Clone, Debug)]
struct Set {
    words: Words,
    tables: Tables,
}

/// The functions of the preview engine.
#[derive(Debug)]
pub struct Config {
    /// Functions that are on.
    on: PreviewFeatures,
    active: Set,
    shadow: Set,
    /// White balance of the shadow set.
    balance: WhiteBalance,
    /// Functions that change between two frames, and those of them that are on afterwards.
    waiting: (PreviewFeatures, PreviewFeatures),
    /// Tables that the hardware does not have as they are in the active set.
    loader: Loader,
}

impl Config {
    /// What a new life begins with.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            on: ON,
            active: Set { words: Words::DEFAULT, tables: Tables::DEFAULT },
            shadow: Set { words: Words::DEFAULT, tables: Tables::DEFAULT },
            balance: Controls::DEFAULT.white_balance,
            waiting: (PreviewFeatures::NONE, PreviewFeatures::NONE),
            loader: Loader::IDLE,
        }
    }

    /// Parameters for the shadow set.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration` of another block; `InvalidConfiguration` if a number does not
    /// fit its register; `Busy` while its function waits.
    pub fn give(&mut self, entity: &Name, given: &PreviewParameters) -> Result<(), IspError> {
        self.may_give(entity, given.feature())?;
        check::parameters(given)?;
        match given {
            PreviewParameters::WhiteBalance(balance) => self.balance = *balance,
            other => self.shadow.words.store(other),
        }
        Ok(())
    }

    /// A table for the shadow set.
    ///
    /// # Errors
    /// As [`Config::give`]; `InvalidConfiguration` too if its length is wrong.
    pub fn give_table(
        &mut self,
        entity: &Name,
        table: PreviewTable,
        bytes: &[u8],
    ) -> Result<(), IspError> {
        self.may_give(entity, table.feature())?;
        check::table(table, bytes)?;
        self.shadow.tables.store(table, bytes);
        Ok(())
    }

    /// Switches functions, as soon as [`Config::take`] comes.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration` of another block; `UnsupportedFeature` for a function that there
    /// is not, or that cannot be off; `InvalidConfiguration` for one that has not been given its table.
    pub fn configure(
        &mut self,
        entity: &Name,
        (update, flag): (PreviewFeatures, PreviewFeatures),
    ) -> Result<(), IspError> {
        is_preview(entity)?;
        let off = update.without(flag);
        let supported = PreviewFeatures::SUPPORTED.contains(update.and(flag));
        if !supported || off.common(ALWAYS_ON) != PreviewFeatures::NONE {
            return Err(IspError::UnsupportedFeature);
        }
        let on = update.common(flag);
        if on.common(self.shadow.tables.missing()) != PreviewFeatures::NONE {
            return Err(IspError::InvalidConfiguration);
        }
        let (waiting, flagged) = self.waiting;
        self.waiting = (waiting.and(update), flagged.without(update).and(on));
        Ok(())
    }

    /// A control has set the balance: what is given later starts from there.
    pub fn follow(&mut self, id: ControlId, value: u8) {
        let [red, _, _, blue] = &mut self.balance.gains_q5;
        match id {
            ControlId::RED_BALANCE => *red = value,
            ControlId::BLUE_BALANCE => *blue = value,
            _ => {}
        }
    }

    /// Whether something waits for the end of a frame.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.0 != PreviewFeatures::NONE
    }

    /// Whether the hardware has other tables.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.loader.is_busy()
    }

    /// Takes over what waits. Whether anything did.
    pub fn take(&mut self, controls: &mut Controls) -> bool {
        let (update, flag) = core::mem::take(&mut self.waiting);
        if update == PreviewFeatures::NONE {
            return false;
        }
        self.on = self.on.without(update).and(flag);
        if update.contains(PreviewFeatures::WB) {
            let on = flag.contains(PreviewFeatures::WB);
            controls.white_balance = if on { self.balance } else { NEUTRAL };
        }
        self.active.words.copy(update, &self.shadow.words);
        for table in PreviewTable::ALL {
            if flag.contains(table.feature()) && self.active.tables.copy(table, &self.shadow.tables)
            {
                self.loader.mark(table);
            }
        }
        true
    }

    /// What comes to the sink pad next. The weights of the interpolation are loaded anew if their order is
    /// another one; without a mosaic they stay.
    pub fn expect(&mut self, sink: MbusCode) {
        if let Some(Encoding::Bayer { order, .. }) = encoding(sink) {
            self.loader.expect(order);
        }
    }

    /// The hardware has been reset: it has no table any more.
    pub fn forget(&mut self) {
        PreviewTable::ALL
            .into_iter()
            .filter(|table| self.active.tables.has(*table))
            .for_each(|table| self.loader.mark(table));
    }

    /// Loads at most `count` entries of tables; whether the hardware has them all afterwards. The engine
    /// must be idle.
    pub fn load(&mut self, count: usize, registers: &mut impl Registers) -> bool {
        self.loader.load(count, &self.active.tables, registers);
        !self.loader.is_busy()
    }

    /// Writes the words for this state of the block. The engine must be idle, and the rest of its
    /// control word written.
    pub fn write(&self, state: &BlockState, registers: &mut impl Registers) {
        let others = registers.read(&regs::PCR) & !words::SWITCHES;
        registers.write(&regs::PCR, others | words::switches(self.on, &self.active.words));
        let mut write = |write: Write| registers.write_at(write);
        self.active.words.write(self.on, state, &mut Writer(&mut write));
    }

    /// Whether something for the shadow set is taken.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoConfiguration` of another block; `Busy` while its function waits.
    pub fn may_give(&self, entity: &Name, feature: PreviewFeatures) -> Result<(), IspError> {
        is_preview(entity)?;
        if self.waiting.0.contains(feature) { Err(IspError::Busy) } else { Ok(()) }
    }
}

fn is_preview(entity: &Name) -> Result<(), IspError> {
    match topology::find(entity)? {
        position::PREVIEW => Ok(()),
        _ => Err(IspError::NoConfiguration),
    }
}

#[cfg(test)]
mod tests;
