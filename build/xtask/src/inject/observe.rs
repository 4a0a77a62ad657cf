//! A fault as it is seen from outside of the machine: by the debug stub, and by the emulator's log.
//!
//! The bench tells what it changed. These look for themselves, and at all that it did not tell of: the
//! product's memory and the registers, right before the fault and right after it.

use super::memory::executed;
use super::shot::{Log, logged};
use super::stage::{Run, Stage, clean_up};
use crate::machine::stopped::Stopped;
use anyhow::Context;
use build_debugger::gdb::Gdb;
use build_debugger::target::Target;
use std::fs::File;
use std::io::BufReader;
use test_bench::decode::Registers;

/// A word of the product's memory that changed: address, before, after.
pub type Changed = (u32, u32, u32);

/// Functions of the bench: the fault begins in the first, and is done when the second is called.
const BEGIN: &str = "injector::inject";
const DONE: &str = "injector::tell";

/// The words of the product's flash and RAM that the fault of this run changes. The product stands still
/// meanwhile, and what the second core writes lies elsewhere.
///
/// # Errors
/// If the machine cannot be started or read, or does not come to the fault.
pub fn memory(stage: &Stage, run: &Run<'_>) -> anyhow::Result<Vec<Changed>> {
    let setup = stage.machine(run)?;
    let [begin, done] = [stage.bench_function(BEGIN)?, stage.bench_function(DONE)?];
    let mut machine = Stopped::at(&setup, begin)?;
    let before = words(stage, &mut machine.gdb)?;
    machine.gdb.run_to(done, setup.limit)?;
    let after = words(stage, &mut machine.gdb)?;
    drop(machine);
    clean_up(&setup);
    let pairs = before.into_iter().zip(after);
    let changed = pairs.filter(|((_, before), (_, after))| before != after);
    Ok(changed.map(|((address, before), (_, after))| (address, before, after)).collect())
}

fn words(stage: &Stage, gdb: &mut Gdb) -> anyhow::Result<Vec<(u32, u32)>> {
    let mut words = Vec::new();
    for range in [stage.product_code(), stage.product_ram()] {
        let bytes = gdb.bytes(range.start, (range.end - range.start) as usize)?;
        let chunks = bytes.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk));
        words.extend((range.start..).step_by(4).zip(chunks));
    }
    Ok(words)
}

/// The registers before and after the fault of this run: the site is executed twice in a row, first as
/// the branch into the bench, then as what it is. Not for a fault that leads away from its site.
///
/// # Errors
/// If the machine cannot be run, or does not come to the fault.
pub fn registers(stage: &Stage, run: &Run<'_>) -> anyhow::Result<[Registers; 2]> {
    let injection = run.injection.context("a run without an injection")?;
    let site = injection.site();
    let (_, pair) = logged(stage, run, Log::Registers, |log| {
        let log = BufReader::new(File::open(log).context("the emulator wrote no log")?);
        let executed = executed(log, stage.began)?;
        let visits = injection.stops().iter().filter(|stop| **stop == site).count();
        let twice = executed.windows(2).filter(|pair| pair.iter().all(|(pc, _)| *pc == site));
        let pair = twice.map(|pair| [pair[0].1, pair[1].1]).nth(visits - 1);
        pair.with_context(|| format!("{site:#010x} was not left and entered again"))
    })?;
    Ok(pair)
}
