//! `cargo xtask run`: build, boot, stream, unplug, recover, write pictures.
//!
//! ```text
//!   options -> scene, image -> machine -> lines -> Collector -> judged frames, story
//!                                                      |
//!                                   out/frame-NNN.png, contact.png, graph.svg; text or JSON
//! ```
//! Output is collected in the target directory and put into the final folder file by file at the
//! end, so that nothing half-written stays behind.

mod collect;
mod graph_svg;
mod judge;
mod lines;
mod options;
mod report;
mod scene_file;
mod size;
pub mod stage;

pub use options::Args;

use crate::debug::{Current, current_file};
use crate::machine::{End, Machine, Output};
use crate::setup;
use anyhow::Context;
use collect::Collector;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How often the progress is drawn while nothing comes.
const TICK: Duration = Duration::from_millis(200);

/// Runs the whole thing; the exit status says whether all of it happened.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.check()?;
    size::check(args.size, stage::SENSOR)?;
    let out = args.out();
    let scene = stage::scene(args)?;
    setup::ensure()?;
    if !args.serve {
        stage::make_folder(&out)?;
    }
    let work = stage::Work::new()?;
    let dist = stage::image(args)?;
    let machine = stage::machine(args, &dist, &scene, &work)?;
    let tasks = dist.layout.tasks.iter().map(|task| task.name.clone()).collect();
    let mut collector = Collector::new(args, scene, work.path(), tasks);
    let end = stream(args, &dist, &machine, &mut collector)?;
    if args.serve {
        // Whoever stops it ends this process, so this is the image's own end.
        anyhow::bail!("the served image stopped by itself: {end}");
    }
    let report = collector.finish(end);
    work.publish(&out, &report.files)?;
    if args.json {
        for problem in &report.problems {
            eprintln!("PROBLEM: {problem}");
        }
        println!("{}", serde_json::to_string(&report.json)?);
    } else {
        println!("{}", report.text(&out));
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Frames per second of a run that all goes well; its pictures are thrown away.
///
/// # Errors
/// The first thing that went wrong.
pub fn rate_of(args: &Args) -> anyhow::Result<f64> {
    let (scene, work) = (stage::scene(args)?, stage::Work::new()?);
    let dist = stage::image(args)?;
    let machine = stage::machine(args, &dist, &scene, &work)?;
    let tasks = dist.layout.tasks.iter().map(|task| task.name.clone()).collect();
    let mut collector = Collector::new(args, scene, work.path(), tasks);
    let end = stream(args, &dist, &machine, &mut collector)?;
    let report = collector.finish(end);
    if let Some(problem) = report.problems.first() {
        anyhow::bail!("the run does not go well: {problem}");
    }
    Ok((report.rate() * 100.0).round() / 100.0)
}

/// Runs the machine to its end and feeds its lines to the collector.
fn stream(
    args: &Args,
    dist: &build_image::Dist,
    setup: &crate::machine::Setup,
    collector: &mut Collector,
) -> anyhow::Result<End> {
    let bar = progress(args);
    let mut machine = Machine::start(setup)?;
    let _current = args.serve.then(|| announce(dist, setup)).transpose()?;
    loop {
        match machine.next(TICK) {
            None => bar.tick(),
            Some(Output::Line(line)) => {
                for message in collector.line(&line)? {
                    show(&bar, &message);
                }
                bar.set_position(collector.frames() as u64);
                if args.serve {
                    bar.set_message(collector.rate());
                }
            }
            Some(Output::End(end)) => {
                bar.finish_and_clear();
                return Ok(end);
            }
        }
    }
}

/// Above the bar if there is one; a hidden bar would swallow the line.
fn show(bar: &ProgressBar, message: &str) {
    if bar.is_hidden() { eprintln!("{message}") } else { bar.println(message) }
}

fn progress(args: &Args) -> ProgressBar {
    if args.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::from(args.frames));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} frames {wide_bar} {msg}")
    {
        bar.set_style(style);
    }
    bar
}

/// Says what is running, for the debugger; unsays it when dropped.
struct Announcement(std::path::PathBuf);

impl Drop for Announcement {
    fn drop(&mut self) {
        // Whoever reads it checks that the process lives, so a leftover does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn announce(
    dist: &build_image::Dist,
    setup: &crate::machine::Setup,
) -> anyhow::Result<Announcement> {
    let gdb = setup.gdb.clone().context("a served image has a debug socket")?;
    let current = Current { gdb, archive: dist.archive(), process: std::process::id() };
    let path = current_file();
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(&path, serde_json::to_string_pretty(&current)?)?;
    eprintln!("serving; inspect with `cargo xtask debug tasks`, stop with Ctrl-C");
    Ok(Announcement(path))
}
