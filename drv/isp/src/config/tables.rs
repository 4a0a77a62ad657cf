//! Tables of the preview engine, and how they get into the hardware in pieces.

use drv_isp_regs::preview::{
    SET_TBL_ADDR, SET_TBL_DATA, TABLE_BLUE_GAMMA, TABLE_CFA, TABLE_GREEN_GAMMA,
    TABLE_LUMA_ENHANCEMENT, TABLE_NOISE_FILTER, TABLE_RED_GAMMA, cfa_table::BLOCK_ENTRIES,
};
use idl::types::{PreviewFeatures, PreviewTable};

use crate::formats::code::BayerOrder;
use crate::registers::Registers;
use crate::{tuning, weights};

const NOISE_BYTES: usize = PreviewTable::NoiseFilter.bytes();
const LUMA_BYTES: usize = PreviewTable::LumaEnhancement.bytes();
const CFA_BYTES: usize = PreviewTable::Cfa.bytes();

/// A set of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Which(u8);

impl Which {
    const fn has(self, table: PreviewTable) -> bool {
        self.0 & 1 << table as u8 != 0
    }

    const fn with(self, table: PreviewTable) -> Self {
        Self(self.0 | 1 << table as u8)
    }

    const fn without(self, table: PreviewTable) -> Self {
        Self(self.0 & !(1 << table as u8))
    }
}

/// The tables of a set. Those of gamma and of the interpolation have a default; what the others hold in the
/// hardware is not known before they are given, and stays.
#[derive(Clone, Debug)]
pub struct Tables {
    gamma: [[u8; tuning::GAMMA_ENTRIES]; 3],
    noise: [u8; NOISE_BYTES],
    luma: [u8; LUMA_BYTES],
    cfa: [u8; CFA_BYTES],
    given: Which,
}

impl Tables {
    /// What a new life begins with.
    pub const DEFAULT: Self = Self {
        gamma: [tuning::GAMMA; 3],
        noise: [0; NOISE_BYTES],
        luma: [0; LUMA_BYTES],
        cfa: weights::WEIGHTS,
        given: Which(0)
            .with(PreviewTable::RedGamma)
            .with(PreviewTable::GreenGamma)
            .with(PreviewTable::BlueGamma)
            .with(PreviewTable::Cfa),
    };

    /// Whether the table has been given, or has a default.
    pub const fn has(&self, table: PreviewTable) -> bool {
        self.given.has(table)
    }

    /// Functions that cannot be on, because their table has not been given.
    pub fn missing(&self) -> PreviewFeatures {
        let all = [PreviewTable::NoiseFilter, PreviewTable::LumaEnhancement].into_iter();
        all.filter(|table| !self.has(*table))
            .fold(PreviewFeatures::NONE, |missing, table| missing.and(table.feature()))
    }

    /// Keeps a table; `bytes` has its length.
    pub fn store(&mut self, table: PreviewTable, bytes: &[u8]) {
        self.given = self.given.with(table);
        self.bytes_mut(table).copy_from_slice(bytes);
    }

    /// Takes a table of another set; whether it is another one.
    pub fn copy(&mut self, table: PreviewTable, from: &Self) -> bool {
        let differ =
            from.has(table) && (!self.has(table) || self.bytes(table) != from.bytes(table));
        if differ {
            self.store(table, from.bytes(table));
        }
        differ
    }

    /// The weights of the interpolation, by place in a mosaic of this order.
    fn weights(&self, order: BayerOrder) -> [u8; CFA_BYTES] {
        let mut ordered = [0; CFA_BYTES];
        let blocks = weights::blocks(order).into_iter();
        for (place, block) in ordered.chunks_mut(BLOCK_ENTRIES).zip(blocks) {
            place.copy_from_slice(&self.cfa[block * BLOCK_ENTRIES..][..BLOCK_ENTRIES]);
        }
        ordered
    }

    fn bytes(&self, table: PreviewTable) -> &[u8] {
        match table {
            PreviewTable::RedGamma => &self.gamma[0],
            PreviewTable::GreenGamma => &self.gamma[1],
            PreviewTable::BlueGamma => &self.gamma[2],
            PreviewTable::NoiseFilter => &self.noise,
            PreviewTable::LumaEnhancement => &self.luma,
            PreviewTable::Cfa => &self.cfa,
        }
    }

    fn bytes_mut(&mut self, table: PreviewTable) -> &mut [u8] {
        match table {
            PreviewTable::RedGamma => &mut self.gamma[0],
            PreviewTable::GreenGamma => &mut self.gamma[1],
            PreviewTable::BlueGamma => &mut self.gamma[2],
            PreviewTable::NoiseFilter => &mut self.noise,
            PreviewTable::LumaEnhancement => &mut self.luma,
            PreviewTable::Cfa => &mut self.cfa,
        }
    }
}

/// Little-endian word of as many bytes as there are, at most four.
pub fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// Where a table starts in the table space, and bytes of an entry.
const fn shape(table: PreviewTable) -> (u32, usize) {
    match table {
        PreviewTable::RedGamma => (TABLE_RED_GAMMA, 1),
        PreviewTable::GreenGamma => (TABLE_GREEN_GAMMA, 1),
        PreviewTable::BlueGamma => (TABLE_BLUE_GAMMA, 1),
        PreviewTable::NoiseFilter => (TABLE_NOISE_FILTER, 1),
        PreviewTable::LumaEnhancement => (TABLE_LUMA_ENHANCEMENT, size_of::<u32>()),
        PreviewTable::Cfa => (TABLE_CFA, 1),
    }
}

/// What has to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loader {
    stale: Which,
    /// Next entry of the first stale table.
    entry: usize,
    /// Of the mosaic that the weights are for.
    order: BayerOrder,
}

impl Loader {
    /// Nothing has.
    pub const IDLE: Self = Self { stale: Which(0), entry: 0, order: BayerOrder::Grbg };

    /// Whether anything has.
    pub fn is_busy(self) -> bool {
        self.stale != Which(0)
    }

    /// The mosaics to come are of this order.
    pub fn expect(&mut self, order: BayerOrder) {
        if self.order != order {
            self.order = order;
            self.mark(PreviewTable::Cfa);
        }
    }

    /// A table has to be loaded, from its start.
    pub fn mark(&mut self, table: PreviewTable) {
        self.stale = self.stale.with(table);
        self.entry = 0;
    }

    /// Loads at most `count` entries.
    pub fn load(&mut self, mut count: usize, tables: &Tables, registers: &mut impl Registers) {
        let stale = self.stale;
        for table in PreviewTable::ALL.into_iter().filter(|table| stale.has(*table)) {
            let (start, entry_bytes) = shape(table);
            let ordered;
            let bytes = match table {
                PreviewTable::Cfa => {
                    ordered = tables.weights(self.order);
                    &ordered
                }
                _ => tables.bytes(table),
            };
            let (first, entries) = (self.entry, bytes.len() / entry_bytes);
            let end = entries.min(first + count);
            registers.write(&SET_TBL_ADDR, start + first as u32);
            for entry in bytes[first * entry_bytes..end * entry_bytes].chunks(entry_bytes) {
                registers.write(&SET_TBL_DATA, word(entry));
            }
            count -= end - first;
            if end < entries {
                self.entry = end;
                return;
            }
            self.stale = self.stale.without(table);
            self.entry = 0;
            if count == 0 {
                return;
            }
        }
    }
}
