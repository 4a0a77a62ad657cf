//! Prepares the ground (reference, clean run, trace), makes injections, one or many.

use super::class::{Class, Shot};
use super::draw::Sites;
use super::memory::Memory;
use super::oracle::{Clean, judge};
use super::record::Record;
use super::report::{Outcome, Report};
use super::route::route;
use super::shot::{Log, Said, logged, perform};
use super::stage::{Run, Stage, moment};
use super::trace::Trace;
use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use test_inject::course::RECOVERED;

/// Frames whose CRC is known: a later life may lose some before the client has its own.
const REFERENCE_FRAMES: u32 = 24;
/// Frames of a run in which nothing happens.
const FRAMES: u32 = 5;
/// Faults hit before this frame is taken, so that frames come after them in any case.
const WINDOW_FRAMES: u32 = FRAMES + 1 - RECOVERED;
/// "In time" in mission.md: 10 ms or a frame interval, whichever is longer.
const IN_TIME_US: u64 = 10_000;
/// Time of a device line in microseconds, the bench's default.
const LINE_US: u64 = 100;

/// Everything that injections share.
pub struct Campaign {
    stage: Stage,
    trace: Trace,
    clean: Clean,
    said: Said,
    sites: Sites,
    frame_lines: u32,
    skip_quiesce: bool,
}

impl Campaign {
    /// Makes the runs without faults.
    ///
    /// # Errors
    /// If the image does not stream.
    pub fn prepare(stage: Stage, skip_quiesce: bool) -> anyhow::Result<Self> {
        let reference = run("reference", REFERENCE_FRAMES, &[]);
        let record = streamed(&perform(&stage, &reference)?)?;
        let crc32s: Vec<_> = record.frames.iter().map(|frame| frame.crc32).collect();
        let clean = run("clean", FRAMES, &crc32s);
        let (said, trace) = logged(&stage, &clean, Log::Instructions, |log| {
            Trace::read(reader(log)?, stage.began, stage.entered)
        })?;
        let code = stage.victim_code();
        let (_, memory) = logged(&stage, &clean, Log::Registers, |log| {
            let half = |pc| stage.half(pc);
            Memory::read(reader(log)?, &trace, &code, &stage.victim_ram(), &half)
        })?;
        let record = streamed(&said)?;
        let interval_us = frame_interval_us(&record)?;
        let frame_lines = u32::try_from(interval_us.div_ceil(LINE_US))?;
        let clean = Clean {
            crc32s,
            sequences: record.frames.iter().map(|frame| frame.sequence).collect(),
            epoch: record.frames.first().context("the clean run took no frame")?.epoch,
            refusals: record.refused.len(),
            in_time_us: IN_TIME_US.max(interval_us),
            tasks: stage.tasks(),
            victim: stage.victim().to_string(),
        };
        let end = trace.nth(stage.taken, WINDOW_FRAMES as usize);
        let end = end.context("the clean run took too few frames")?;
        let lines = frame_lines * (WINDOW_FRAMES - 1);
        let sites = Sites::new(&trace, memory, &code, end, lines);
        let this = Self { stage, trace, clean, said, sites, frame_lines, skip_quiesce };
        this.check_steering(end)?;
        Ok(this)
    }

    /// A run that goes to a site and injects nothing is the clean run, but for the time that the
    /// bench takes on the way.
    fn check_steering(&self, end: usize) -> anyhow::Result<()> {
        let shots =
            self.sites.draw(&self.trace, &|pc| self.stage.half(pc), &Class::CONTROL, 1, end as u64);
        let shot = shots.and_then(|shots| shots.first().copied());
        let shot = shot.context("the task executed nothing while the clean run streamed")?;
        let (_, said) = self.shoot(Shot { class: Class::None, ..shot }, "steering")?;
        let led = said.lines.iter().map(|line| timeless(line));
        let clean = self.said.lines.iter().map(|line| timeless(line));
        ensure!(
            clean.eq(led) && said.end == self.said.end,
            "a run that was led to an instruction is not the clean run: {}",
            shot.replay(self.skip_quiesce)
        );
        Ok(())
    }

    /// The image and its addresses.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// One injection; succeeds if the oracle has no objection.
    ///
    /// # Errors
    /// If the machine cannot be run, or there is no such site.
    pub fn one(&self, shot: Shot, lines: bool, json: bool) -> anyhow::Result<ExitCode> {
        let (outcome, said) = self.outcome(shot, "one")?;
        if lines {
            for line in &said.lines {
                eprintln!("{line}");
            }
        }
        match json {
            true => println!("{}", serde_json::to_string(&outcome)?),
            false => println!("{outcome}"),
        }
        let right = outcome.judgement.objections.is_empty();
        Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// A campaign of drawn faults.
    ///
    /// # Errors
    /// If a machine cannot be run, or there are no sites.
    pub fn many(&self, count: u32, seed: u64, json: bool) -> anyhow::Result<ExitCode> {
        let classes = if self.skip_quiesce { &Class::CONTROL[..] } else { &Class::DRAWN };
        let half = |pc| self.stage.half(pc);
        let shots = self.sites.draw(&self.trace, &half, classes, count, seed);
        let shots = shots.context("the task executed nothing while the clean run streamed")?;
        eprintln!(
            "{} product instructions streamed; sites: {} instructions of {}, {} executions",
            self.trace.len(),
            self.sites.addresses(),
            self.stage.victim(),
            self.sites.executions()
        );
        let bar = progress(shots.len(), json);
        let outcomes = in_parallel(&shots, |number, shot| {
            let (outcome, _) = self.outcome(*shot, &number.to_string())?;
            bar.inc(1);
            if !outcome.judgement.objections.is_empty() {
                bar.suspend(|| eprintln!("{outcome}"));
            }
            Ok(outcome)
        })?;
        bar.finish_and_clear();
        let report = Report::new(outcomes, seed, self.skip_quiesce);
        match json {
            true => println!("{}", serde_json::to_string(&report)?),
            false => println!("{report}"),
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Makes an injection, and judges it.
    ///
    /// # Errors
    /// If the machine cannot be run, or there is no such site.
    pub fn outcome(&self, shot: Shot, name: &str) -> anyhow::Result<(Outcome, Said)> {
        let replay = shot.replay(self.skip_quiesce);
        let (place, said) = self.shoot(shot, name).with_context(|| replay.clone())?;
        let record = Record::read(&said.lines, said.end);
        let judgement = judge(&record, shot.class, &self.clean);
        let injected = record.injected;
        Ok((Outcome { shot, replay, place, injected, judgement }, said))
    }

    /// Makes the run; also gives where the fault hit.
    fn shoot(&self, shot: Shot, name: &str) -> anyhow::Result<(String, Said)> {
        let (place, run) = self.aim(shot, name)?;
        Ok((place, perform(&self.stage, &run)?))
    }

    /// The run of a shot, and where the fault hits.
    ///
    /// # Errors
    /// If there is no such site.
    pub fn aim(&self, shot: Shot, name: &str) -> anyhow::Result<(String, Run<'_>)> {
        let plain = run(name, FRAMES, &self.clean.crc32s);
        if let Some((frame, line)) = moment(shot, self.frame_lines) {
            let place = format!("device frame {frame}, line {line}");
            return Ok((place, Run { unplug: Some((frame, line)), ..plain }));
        }
        let victim = self.stage.victim_code();
        let number = self.trace.first_in(&victim, shot.at as usize);
        let number = number.with_context(|| {
            format!(
                "--at {}: {} executes nothing from there on; {} instructions are streamed",
                shot.at,
                self.stage.victim(),
                self.trace.len()
            )
        })?;
        let route = route(&self.trace, &victim, &|pc| self.stage.half(pc), number);
        let route = route.context("there is no short way to this instruction; try one nearby")?;
        let injection = self.stage.injection(shot, &route, &self.trace)?;
        Ok((self.stage.place(self.trace.pcs()[number]), Run { injection, ..plain }))
    }
}

fn reader(log: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(log).context("the emulator wrote no log")?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn run<'a>(name: &str, frames: u32, crc32s: &'a [u32]) -> Run<'a> {
    Run { name: name.into(), frames, crc32s, injection: None, unplug: None }
}

/// A line without its time.
fn timeless(line: &str) -> Option<serde_json::Value> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.as_object_mut()?.remove("time_us");
    Some(value)
}

/// The record of a run in which all was well.
fn streamed(said: &Said) -> anyhow::Result<Record> {
    let record = Record::read(&said.lines, said.end);
    let well = record.books.iter().any(|books| books.over == "streamed");
    ensure!(
        well && record.deaths.is_empty(),
        "the image does not stream without a fault: {}, {} frames, {} deaths",
        said.end,
        record.frames.len(),
        record.deaths.len()
    );
    Ok(record)
}

fn frame_interval_us(record: &Record) -> anyhow::Result<u64> {
    match record.frames.as_slice() {
        [first, .., last] if last.sequence > first.sequence => {
            Ok((last.time_us - first.time_us) / u64::from(last.sequence - first.sequence))
        }
        _ => anyhow::bail!("the clean run took too few frames"),
    }
}

fn progress(count: usize, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} faults {wide_bar} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Does all shots, as many at a time as there are processors; results in their order.
fn in_parallel<R: Send>(
    shots: &[Shot],
    perform: impl Fn(usize, &Shot) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(shots.len());
    let queue = Mutex::new(shots.iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no worker panics with the queue").next();
                    let Some((number, shot)) = next else { return };
                    let result = perform(number, shot);
                    results.lock().expect("no worker panics with results").insert(number, result);
                }
            });
        }
    });
    results.into_inner().expect("all workers have ended").into_values().collect()
}
