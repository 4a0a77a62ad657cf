//! What each block of the data path costs on core 1, in instructions per pixel of the sensor's picture.
//!
//! # How
//! The emulator logs each instruction of core 1 ([`super::stream`]). An instruction belongs to the
//! block whose source file it was written in, or the function that it was inlined into: each
//! algorithm has a file of its own, so the debug information tells blocks apart that the compiler has
//! melted into one loop. Code that many blocks use (library, helpers) belongs to the block that ran
//! before it. Frames are counted apart, from one latch of the CCDC's registers to the next; the
//! median of the frames that a block works in counts.
//!
//! Line events and waiting for the next line are not counted. The pictures are small, so what is done
//! once a frame (loading tables, begin of a frame) weighs more than in a large one.

use super::camera::{Shot, prepared};
use super::rows::Figure;
use super::stream::{self, Entry, Step};
use crate::code::Code;
use crate::machine::Setup;
use crate::test;
use anyhow::Context;
use build_debugger::dwarf::{Dwarf, Place};
use build_image::Dist;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

/// The program of core 1.
const CORE1: &str = "core1";
/// What core 1 does once a frame.
const FRAME: &str = "Camera::latch_ccdc";
/// What core 1 does while it waits.
const WAITS: &str = "pass_time";
/// Frames of a block that are enough.
const ENOUGH: usize = 3;
/// Most frames that are looked at for them.
const FRAMES_MAX: usize = 100;

/// A part of the data path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Sensor,
    Ccdc,
    Preview,
    Resizer,
    Memory,
    Aewb,
    Focus,
    Histogram,
}

/// In the order of [`Block`].
const ROWS: [&str; 8] = [
    "core1.sensor",
    "core1.ccdc",
    "core1.preview",
    "core1.resizer",
    "core1.memory",
    "core1.aewb",
    "core1.af",
    "core1.histogram",
];

/// Blocks that the sum is of.
const PATH: [Block; 5] =
    [Block::Sensor, Block::Ccdc, Block::Preview, Block::Resizer, Block::Memory];

/// Beginnings of the paths of source files, inside of the bench.
const FILES: [(Block, &[&str]); 8] = [
    (Block::Sensor, &["scene/"]),
    (
        Block::Ccdc,
        &[
            "pixels/black",
            "pixels/ccdc",
            "pixels/dpcm",
            "pixels/fault_pixels",
            "pixels/formatter",
            "pixels/lens_shading",
            "pixels/memory_path",
            "pixels/optical_black",
            "core1/corrections",
        ],
    ),
    (
        Block::Preview,
        &[
            "pixels/cfa",
            "pixels/chroma_suppression",
            "pixels/dark_frame",
            "pixels/defect",
            "pixels/gamma",
            "pixels/luma_enhancement",
            "pixels/noise_filter",
            "pixels/preview",
            "pixels/raw_stages",
            "pixels/rgb_blend",
            "pixels/tone",
            "pixels/white_balance",
            "pixels/ycbcr",
            "core1/filters",
        ],
    ),
    (Block::Resizer, &["pixels/polyphase", "pixels/resizer"]),
    (Block::Memory, &["pixels/yuv", "core1/dma"]),
    (Block::Aewb, &["pixels/aewb"]),
    (Block::Focus, &["pixels/focus"]),
    (Block::Histogram, &["pixels/histogram"]),
];

/// Where the bench's sources are.
const SOURCES: &str = "test/bench/src/";
/// Helpers that belong to no block.
const HELPERS: &str = "pixels/";

/// Whose instruction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Block(Block),
    /// That of the instruction before.
    Same,
    /// No block's.
    None,
}

/// The owner of an instruction, from the functions at its address, innermost first.
fn owner(places: &[Place]) -> Owner {
    let file = |place: &Place| place.line.as_ref().map(|(file, _)| file.clone());
    let ours = |file: &str| file.split_once(SOURCES).map(|(_, name)| name.to_string());
    let names: Vec<_> =
        places.iter().map(|place| file(place).and_then(|file| ours(&file))).collect();
    let of_block = |name: &String| {
        let starts = |starts: &&[&str]| starts.iter().any(|start| name.starts_with(start));
        FILES.iter().find(|(_, files)| starts(files)).map(|(block, _)| *block)
    };
    if let Some(block) = names.iter().flatten().find_map(of_block) {
        return Owner::Block(block);
    }
    match names.last() {
        Some(Some(name)) if !name.starts_with(HELPERS) => Owner::None,
        _ => Owner::Same,
    }
}

/// Instructions of a frame, by block.
type Frame = [u32; ROWS.len()];

/// Adds up instructions, frame by frame.
struct Counter<'a> {
    owner_of: &'a dyn Fn(u32) -> Owner,
    owners: HashMap<u32, Owner>,
    frame_starts: u32,
    /// The block of the instruction before, and the instruction, which may be taken back.
    last: Option<Block>,
    pending: Option<u32>,
    /// Since the first frame start; the last one is not whole.
    frames: Vec<Frame>,
}

impl<'a> Counter<'a> {
    fn new(frame_starts: u32, owner_of: &'a dyn Fn(u32) -> Owner) -> Self {
        let (owners, frames) = (HashMap::new(), Vec::new());
        Self { owner_of, owners, frame_starts, last: None, pending: None, frames }
    }

    fn see(&mut self, entry: Entry) {
        match entry {
            Entry::Executed { core: 1, address } => {
                if let Some(before) = self.pending.replace(address) {
                    self.count(before);
                }
            }
            Entry::TakenBack { address } if self.pending == Some(address) => self.pending = None,
            _ => {}
        }
    }

    fn count(&mut self, address: u32) {
        if address == self.frame_starts {
            self.frames.push(Frame::default());
        }
        let owner = *self.owners.entry(address).or_insert_with(|| (self.owner_of)(address));
        self.last = match owner {
            Owner::Block(block) => Some(block),
            Owner::Same => self.last,
            Owner::None => None,
        };
        if let (Some(block), Some(frame)) = (self.last, self.frames.last_mut()) {
            frame[block as usize] += 1;
        }
    }

    /// Instructions of each whole frame that the block worked in.
    fn worked(&self, block: Block) -> Vec<u32> {
        let whole = self.frames.split_last().map_or(&[][..], |(_, whole)| whole);
        whole.iter().map(|frame| frame[block as usize]).filter(|count| *count > 0).collect()
    }
}

/// Runs the machine until each of these blocks has worked in enough frames; the median of each.
fn per_frame(dist: &Dist, setup: &Setup, blocks: &[Block]) -> anyhow::Result<Vec<u32>> {
    let file = dist.file(CORE1).context("the image has no second core")?;
    let mut code = Code::default();
    code.add(CORE1, &file)?;
    let dwarf = Dwarf::new(&std::fs::read(&file)?)?;
    let named = |name: &str| {
        let found = code.named(CORE1, name).with_context(|| format!("core 1 has no {name}"));
        found.map(|function| function.start..function.end)
    };
    let (all, waits) = (code.extent(CORE1).context("core 1 has no code")?, named(WAITS)?);
    let ranges: [Range<u32>; 2] = [all.start..waits.start, waits.end..all.end];
    let owner_of = |address| owner(&dwarf.places(address));
    let mut counter = Counter::new(named(FRAME)?.start, &owner_of);
    stream::follow(setup, &ranges, |step| {
        let frames = counter.frames.len();
        if let Step::Entry(entry) = step {
            counter.see(entry);
        }
        let is_enough = || blocks.iter().all(|block| counter.worked(*block).len() >= ENOUGH);
        if counter.frames.len() > frames && (is_enough() || frames >= FRAMES_MAX) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let median = |block: &Block| {
        let mut counts = counter.worked(*block);
        counts.sort_unstable();
        let context = || format!("{}: it did not work", ROWS[*block as usize]);
        counts.get(counts.len() / 2).copied().with_context(context)
    };
    blocks.iter().map(median).collect()
}

/// Near the default run, but small: 4 taps, a ratio a little above 1.
const SHOT: Shot = Shot { sensor: (160, 120), picture: (144, 108), frames: 8 };

/// Cases of the camera suite with an engine at work, on a sensor's picture of the same size.
const CASES: [(Block, &str); 3] = [
    (Block::Aewb, "s22_aewb_of_a_test_pattern_is_exact"),
    (Block::Focus, "s22_auto_focus_of_a_test_pattern_is_exact"),
    (Block::Histogram, "s22_the_histogram_of_a_test_pattern_is_exact"),
];

/// Measures all blocks.
///
/// # Errors
/// An image does not build, or a block does not work in it.
pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let pixels = f64::from(SHOT.sensor.0) * f64::from(SHOT.sensor.1);
    let rounded = |instructions: u32| (f64::from(instructions) / pixels * 10.0).round() / 10.0;
    let (dist, setup, _work) = prepared(&SHOT, None)?;
    let path = per_frame(&dist, &setup, &PATH)?;
    let rows = PATH.iter().zip(&path);
    let mut figures: Vec<_> =
        rows.map(|(block, count)| Figure::new(ROWS[*block as usize], rounded(*count))).collect();
    figures.push(Figure::new("core1.path", rounded(path.iter().sum())));
    for (block, case) in CASES {
        let (dist, setup) = test::camera::machine(case)?;
        for count in per_frame(&dist, &setup, &[block])? {
            figures.push(Figure::new(ROWS[block as usize], rounded(count)));
        }
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[&str]) -> Vec<Place> {
        let place = |file: &&str| Place { function: "f".into(), line: Some(((*file).into(), 1)) };
        files.iter().map(place).collect()
    }

    #[test]
    fn an_instruction_belongs_to_the_innermost_block() {
        let check = |files: &[&str], expect| assert_eq!(owner(&places(files)), expect, "{files:?}");
        let (camera, library) =
            ("/x/test/bench/src/core1/camera.rs", "/rustc/library/core/iter.rs");
        let resizer = "/x/test/bench/src/pixels/resizer.rs";
        check(&[resizer, camera], Owner::Block(Block::Resizer));
        check(&[library, resizer, camera], Owner::Block(Block::Resizer));
        check(&["/x/test/bench/src/pixels/yuv.rs", resizer], Owner::Block(Block::Memory));
        check(&["test/bench/src/scene/sensor/model.rs"], Owner::Block(Block::Sensor));
        check(&[library, camera], Owner::None);
        check(&[library], Owner::Same);
        check(&["/x/test/bench/src/pixels/bayer.rs"], Owner::Same);
        check(&[], Owner::Same);
    }

    #[test]
    fn a_frame_goes_from_its_latch_to_the_next() {
        const LATCH: u32 = 1;
        let owner_of = |address| match address {
            10..20 => Owner::Block(Block::Ccdc),
            20..30 => Owner::Block(Block::Memory),
            30..40 => Owner::Same,
            _ => Owner::None,
        };
        let mut counter = Counter::new(LATCH, &owner_of);
        for address in [10, LATCH, 10, 30, 40, 30, LATCH, 20, LATCH, 10, 10] {
            counter.see(Entry::Executed { core: 1, address });
            counter.see(Entry::Executed { core: 0, address: 10 });
        }
        assert_eq!(counter.worked(Block::Ccdc), [2]);
        assert_eq!(counter.worked(Block::Memory), [1]);
        assert!(counter.worked(Block::Aewb).is_empty());
    }

    #[test]
    fn what_was_taken_back_does_not_count() {
        let owner_of = |address| if address == 1 { Owner::None } else { Owner::Block(Block::Ccdc) };
        let mut counter = Counter::new(1, &owner_of);
        counter.see(Entry::Executed { core: 1, address: 1 });
        counter.see(Entry::Executed { core: 1, address: 10 });
        counter.see(Entry::TakenBack { address: 10 });
        for address in [10, 1, 1] {
            counter.see(Entry::Executed { core: 1, address });
        }
        assert_eq!(counter.worked(Block::Ccdc), [1]);
    }

    #[test]
    fn blocks_and_rows_are_in_one_order() {
        for (place, (block, _)) in FILES.iter().enumerate() {
            assert_eq!(*block as usize, place);
        }
    }
}
