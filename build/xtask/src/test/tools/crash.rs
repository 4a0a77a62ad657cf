//! The end of everything, and what the next boot says of it.

use crate::machine::{Load, Machine, Output};
use crate::run::{Args, stage};
use anyhow::{Context, bail, ensure};
use build_debugger::archive::Archive;
use build_image::Dist;
use clap::Parser;
use std::path::Path;
use std::time::Duration;
use test_bench::injection::{BLOCK, Fault, Injection};

/// An image that comes up again after its reset.
const REBOOTS: [&str; 2] = ["-action", "reboot=reset"];
/// Secure entries before the fault: the camera streams by then.
const ARM_AT: u32 = 20_000;
/// Two boots take a few seconds.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Parser)]
struct Run {
    #[command(flatten)]
    args: Args,
}

/// The supervisor panics while the camera streams; the next boot's story begins with that.
pub fn reported(directory: &Path) -> anyhow::Result<()> {
    let args = Run::try_parse_from(["run", "--deterministic", "--no-unplug"])?.args;
    let (scene, work, dist) = (stage::scene(&args)?, stage::Work::new()?, stage::image(&args)?);
    let mut setup = stage::machine(&args, &dist, &scene, &work)?;
    let call = timer_call(&dist)?;
    let block = directory.join("injection");
    let panic = Fault::Panic { call, number: sys_abi::Sysnum::Panic as u32 };
    let entry = dist.layout.tasks[0].entry & !1;
    let injection = Injection::new(panic, ARM_AT, entry, &[call]).context("one stop")?;
    std::fs::write(&block, injection.encode_bytes())?;
    setup.loads.push(Load::Raw(block, BLOCK.base));
    let mut machine = Machine::start_with(&setup, &REBOOTS.map(String::from))?;
    let (mut streamed, started) = (false, std::time::Instant::now());
    while started.elapsed() < LIMIT {
        match machine.next(LIMIT) {
            None => {}
            Some(Output::End(end)) => bail!("it did not come up again: {end}"),
            Some(Output::Line(line)) => {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                streamed |= line["kind"] == "frame";
                if line["what"] == "crashed" {
                    ensure!(streamed, "it crashed before it streamed: {line}");
                    return judge(&line, call);
                }
            }
        }
    }
    bail!("no boot told of a crash")
}

fn judge(line: &serde_json::Value, call: u32) -> anyhow::Result<()> {
    ensure!(line["task"] == 0 && line["number"] == 0, "not the story's first line: {line}");
    ensure!(line["cause"] == "supervisor", "another crash: {line}");
    let pc = line["pc"].as_u64().context("no pc")?;
    // The program counter of a system call is behind it.
    ensure!(pc == u64::from(call) + 2, "not at {call:#x}: {line}");
    ensure!(line["ended_us"].as_u64() > Some(0), "no time: {line}");
    Ok(())
}

/// Address of the system call with which the supervisor reads the time.
fn timer_call(dist: &Dist) -> anyhow::Result<u32> {
    /// `svc #0`. Arm DDI 0553B, SVC, encoding T1.
    const SVC: [u8; 2] = 0xDF00_u16.to_le_bytes();
    let archive = Archive::open(&dist.archive())?;
    let code = std::fs::read(dist.file("binary").context("the image has no binary")?)?;
    let flash = &dist.layout.tasks[0].flash;
    let start = (flash.base - dist.layout.flash.base) as usize;
    let code = code.get(start..start + flash.bytes as usize).context("a short binary")?;
    let calls = code.chunks(2).enumerate().filter(|(_, half)| *half == SVC);
    let mut addresses = calls.map(|(index, _)| flash.base + 2 * index as u32);
    let supervisor = archive.task(0)?;
    let call = addresses.find(|pc| {
        supervisor.places(*pc).first().is_some_and(|place| place.to_string().contains("get_timer"))
    });
    call.context("the supervisor reads no time")
}
