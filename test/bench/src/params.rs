//! The parameter block of the bench: what the host decides before the machine starts.
//!
//! It lies at the start of PSRAM (`sys_boot::mps2_an521::BENCH_PARAMETERS`), put there by the
//! emulator's loader. Little-endian 32-bit words; a block without the magic means defaults, so a
//! bare start works too.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | magic |
//! | 1 | layout version |
//! | 2, 3 | seed, low and high |
//! | 4 | heartbeat of core 0 in microseconds (0: none) |
//! | 5 | flags, bits of [`Flags`] |
//! | 6 | identity of the module |
//! | 7 | [`Scene`] code |
//! | 8 | number of fault script entries |
//! | 9 | virtual time limit in milliseconds (0: none) |
//! | 16..48 | path of the scene file, UTF-8, zero-terminated |
//! | 64.. | script entries of [`ENTRY_WORDS`] words: frame, line, kind, a, b |

use crate::script::{CAPACITY, Entry};

/// First word of a valid block.
pub const MAGIC: u32 = 0x3153_424F;
/// Layout described here.
pub const VERSION: u32 = 2;
/// Size of the encoded block in bytes.
pub const BYTES: usize = 4 * WORDS;
/// Size of the encoded block in words.
pub const WORDS: usize = SCRIPT_WORD + ENTRY_WORDS * CAPACITY;
/// Longest path of a scene file in bytes.
pub const PATH_BYTES: usize = 4 * 32 - 1;
/// Words of a script entry.
pub const ENTRY_WORDS: usize = 5;

const PATH_WORD: usize = 16;
const SCRIPT_WORD: usize = 64;

/// Options that are on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// A module is plugged at the start.
    pub const PRESENT: u32 = 1 << 0;
    /// Print each register access on the host's error output.
    pub const TRACE: u32 = 1 << 1;
    /// Print a line per frame of the device.
    pub const TRACE_FRAMES: u32 = 1 << 2;
    /// The noise of the sensor is off.
    pub const NO_NOISE: u32 = 1 << 3;
    /// Virtual time is the host's time: core 1 sleeps while it has nothing to do, and keeps with
    /// core 0 (`pace`), which needs a heartbeat. Without it the emulator counts instructions, and
    /// core 1 never sleeps (`arch::pace` says why).
    pub const HOST_TIME: u32 = 1 << 4;

    /// Is this option on?
    #[must_use]
    pub const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// What the sensor looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Scene {
    /// The computed chart.
    Chart = 0,
    /// The file named in the block.
    File = 1,
}

/// The decoded block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Seed of everything random.
    pub seed: u64,
    /// Period of core 0's heartbeat in microseconds; 0 turns it off.
    pub heartbeat_us: u32,
    /// Options.
    pub flags: Flags,
    /// Identity of the module.
    pub module_id: u32,
    /// What the sensor looks at.
    pub scene: Scene,
    /// Virtual time after which the bench ends the run with [`crate::exit::TIME_LIMIT`];
    /// 0 means never.
    pub time_limit_ms: u32,
    /// Path of the scene file and its length in bytes.
    pub scene_path: ([u8; PATH_BYTES], usize),
    /// Misbehaviour to schedule at the start.
    pub script: [Option<Entry>; CAPACITY],
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            seed: 1,
            heartbeat_us: 50,
            flags: Flags(Flags::PRESENT),
            module_id: 0x4F42_0001,
            scene: Scene::Chart,
            time_limit_ms: 0,
            scene_path: ([0; PATH_BYTES], 0),
            script: [None; CAPACITY],
        }
    }
}

impl Parameters {
    /// The block in `words`; defaults if it has no magic or another version.
    #[must_use]
    pub fn decode(words: &[u32; WORDS]) -> Self {
        if words[0] != MAGIC || words[1] != VERSION {
            return Self::default();
        }
        let mut script = [None; CAPACITY];
        let count = (words[8] as usize).min(CAPACITY);
        let (rows, _) = words[SCRIPT_WORD..].as_chunks::<ENTRY_WORDS>();
        for (slot, &[frame, line, kind, a, b]) in script.iter_mut().zip(&rows[..count]) {
            *slot = Some(Entry { frame, line, kind, a, b });
        }
        Self {
            seed: u64::from(words[2]) | u64::from(words[3]) << 32,
            heartbeat_us: words[4],
            flags: Flags(words[5]),
            module_id: words[6],
            scene: if words[7] == Scene::File as u32 { Scene::File } else { Scene::Chart },
            time_limit_ms: words[9],
            scene_path: decode_path(words),
            script,
        }
    }

    /// The block as words, for the host that writes it.
    #[must_use]
    pub fn encode(&self) -> [u32; WORDS] {
        let mut words = [0; WORDS];
        words[0] = MAGIC;
        words[1] = VERSION;
        words[2] = self.seed as u32;
        words[3] = (self.seed >> 32) as u32;
        words[4] = self.heartbeat_us;
        words[5] = self.flags.0;
        words[6] = self.module_id;
        words[7] = self.scene as u32;
        words[9] = self.time_limit_ms;
        let (path, length) = &self.scene_path;
        for (index, byte) in path[..*length].iter().enumerate() {
            words[PATH_WORD + index / 4] |= u32::from(*byte) << (8 * (index % 4));
        }
        let (rows, _) = words[SCRIPT_WORD..].as_chunks_mut::<ENTRY_WORDS>();
        let mut count = 0;
        for (row, entry) in rows.iter_mut().zip(self.script.iter().flatten()) {
            *row = [entry.frame, entry.line, entry.kind, entry.a, entry.b];
            count += 1;
        }
        words[8] = count;
        words
    }

    /// The encoded block as bytes.
    #[must_use]
    pub fn encode_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(self.encode()) {
            *chunk = word.to_le_bytes();
        }
        bytes
    }

    /// The same with this scene file.
    ///
    /// # Panics
    /// If the path is longer than [`PATH_BYTES`].
    #[must_use]
    pub fn with_scene_file(mut self, path: &str) -> Self {
        self.scene_path.0[..path.len()].copy_from_slice(path.as_bytes());
        self.scene_path.1 = path.len();
        self.scene = Scene::File;
        self
    }

    /// Path of the scene file.
    #[must_use]
    pub fn scene_path(&self) -> &str {
        let (path, length) = &self.scene_path;
        str::from_utf8(&path[..*length]).unwrap_or("")
    }
}

fn decode_path(words: &[u32; WORDS]) -> ([u8; PATH_BYTES], usize) {
    let mut path = [0; PATH_BYTES];
    for (index, byte) in path.iter_mut().enumerate() {
        *byte = words[PATH_WORD + index / 4].to_le_bytes()[index % 4];
    }
    let length = path.iter().position(|byte| *byte == 0).unwrap_or(PATH_BYTES);
    (path, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_writes_is_what_the_bench_reads() {
        let mut written = Parameters {
            seed: 0x1234_5678_9ABC_DEF0,
            heartbeat_us: 20,
            time_limit_ms: 5000,
            ..Parameters::default()
        }
        .with_scene_file("scenes/street.raw");
        written.script[0] = Some(Entry { frame: 3, line: 100, kind: 1, a: 0, b: 0 });
        written.script[1] = Some(Entry { frame: 9, line: 0, kind: 2, a: 7, b: u32::MAX });
        assert_eq!(Parameters::decode(&written.encode()), written);
        assert_eq!(written.scene_path(), "scenes/street.raw");
    }

    #[test]
    fn a_block_without_magic_means_defaults() {
        assert_eq!(Parameters::decode(&[0; WORDS]), Parameters::default());
        let mut other = Parameters::default().encode();
        other[1] = VERSION + 1;
        other[2] = 99;
        assert_eq!(Parameters::decode(&other), Parameters::default());
    }

    #[test]
    fn the_block_fits_in_its_memory() {
        assert!(BYTES <= sys_boot::mps2_an521::BENCH_PARAMETERS.bytes as usize);
    }

    #[test]
    fn a_script_longer_than_the_table_is_cut() {
        let mut words = Parameters::default().encode();
        words[8] = u32::MAX;
        assert_eq!(Parameters::decode(&words).script.iter().flatten().count(), CAPACITY);
    }
}
