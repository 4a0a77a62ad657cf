//! `cargo xtask bench`: what the kernel costs, beside the reference and the goals.
//!
//! The figures come out of the guest itself: under `-icount` with one core running, an instruction
//! takes exactly 64 ns of virtual time, so the bench images (`test/kernel/bench*.toml`) measure with
//! the kernel's own clock. Every run gives the same figures. Sizes are those of linked images.
//!
//! | image | tasks | rows |
//! |---|---|---|
//! | `bench.toml` | 4 | system calls and round trips |
//! | `bench16.toml` | 16 | the same: does the cost grow with the number of tasks? |
//! | `bench-faults.toml` | 4 | a death until its supervisor knows, and until the next life |
//! | `bench-clients8.toml` | 12 | a death with eight clients blocked on it |
//! | `app.toml` of the suite | 8 | sizes of the kernel |
//!
//! `fault.restart` includes the messages of a quiesce, but no hardware and so no waiting for it.

mod rows;

use crate::machine::{Clock, End, Load, Machine, Output, Setup};
use crate::{dist, root, setup};
use anyhow::{Context, ensure};
use build_image::Dist;
use build_manifest::layout::Layout;
use rows::{Figure, ROWS, Reported};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Also write the rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// 2^6 ns of virtual time per instruction.
const ICOUNT_SHIFT: u8 = 6;
/// Wall-clock limit of one image.
const LIMIT: Duration = Duration::from_secs(120);

const FOUR_TASKS: &str = "test/kernel/bench.toml";
const SIXTEEN_TASKS: &str = "test/kernel/bench16.toml";
const FAULTS: [&str; 2] = ["test/kernel/bench-faults.toml", "test/kernel/bench-clients8.toml"];
const EIGHT_TASKS: &str = "test/kernel/app.toml";

/// Builds the images, measures, prints; a row without a figure ends in a non-zero status.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    setup::ensure()?;
    let figures = measure()?;
    println!("{}", profile()?);
    println!("{}", rows::HEADER);
    let rows: Vec<_> = ROWS.iter().map(|row| (row, rows::find(&figures, row.id))).collect();
    for (row, figure) in &rows {
        println!("{}", row.line(*figure));
    }
    if let Some(path) = &args.json {
        let json: Vec<_> =
            rows.iter().filter_map(|(row, figure)| figure.map(|figure| row.json(figure))).collect();
        let text = serde_json::to_string_pretty(&json)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let missing: Vec<_> =
        rows.iter().filter(|(_, figure)| figure.is_none()).map(|(row, _)| row.id).collect();
    ensure!(missing.is_empty(), "not measured: {}", missing.join(", "));
    Ok(ExitCode::SUCCESS)
}

fn measure() -> anyhow::Result<Vec<Figure>> {
    let (four, mut figures) = boot(FOUR_TASKS)?;
    let (sixteen, again) = boot(SIXTEEN_TASKS)?;
    figures.extend(again.into_iter().map(|figure| figure.suffixed(".tasks16")));
    for manifest in FAULTS {
        figures.extend(boot(manifest)?.1);
    }
    let eight = build_image::build(&dist::options(Path::new(EIGHT_TASKS), None))?;
    figures.extend(sizes(&eight.layout, &four.layout, &sixteen.layout));
    Ok(figures)
}

/// Builds the image of a manifest, boots it, and takes what it reports.
fn boot(manifest: &str) -> anyhow::Result<(Dist, Vec<Figure>)> {
    let dist = build_image::build(&dist::options(Path::new(manifest), None))?;
    let setup = Setup {
        kernel: dist.file("shim").context("a bench image has no shim")?,
        loads: vec![Load::Elf(dist.product())],
        clock: Clock::Icount { shift: ICOUNT_SHIFT },
        directory: root::project(),
        gdb: None,
        limit: LIMIT,
    };
    let mut machine = Machine::start(&setup)?;
    let mut figures = Vec::new();
    let end = loop {
        match machine.next(LIMIT) {
            None => {}
            Some(Output::Line(line)) => {
                figures.extend(serde_json::from_str::<Reported>(&line).ok().map(Figure::from))
            }
            Some(Output::End(end)) => break end,
        }
    };
    ensure!(end == End::Status(0), "{manifest}: {end}");
    Ok((dist, figures))
}

/// Kernel sizes with eight tasks, and what twelve tasks more take, per task.
fn sizes(eight: &Layout, four: &Layout, sixteen: &Layout) -> [Figure; 4] {
    let flash = |layout: &Layout| layout.kernel.flash.bytes;
    // The stack is counted by `cargo xtask sizes`.
    let ram = |layout: &Layout| layout.kernel.ram.bytes - layout.kernel.stack.bytes;
    let more = sixteen.tasks.len() - four.tasks.len();
    let per_task = |of: &dyn Fn(&Layout) -> u32| {
        (of(sixteen) - of(four)).div_ceil(u32::try_from(more).unwrap_or(1))
    };
    [
        Figure::new("size.flash", flash(eight)),
        Figure::new("size.ram", ram(eight)),
        Figure::new("size.task.ram", per_task(&ram)),
        Figure::new("size.task.rodata", per_task(&flash)),
    ]
}

/// The optimisation profile of everything on target, and what differs from it.
fn profile() -> anyhow::Result<String> {
    let path = root::project().join("Cargo.toml");
    let text = std::fs::read_to_string(&path)?;
    let manifest: toml::Table = toml::from_str(&text).context("the root Cargo.toml")?;
    let profile = manifest
        .get("profile")
        .and_then(|profiles| profiles.get(build_image::PROFILE))
        .context("the root Cargo.toml has no profile for the target")?;
    let value = |key: &str| profile.get(key).map_or("default".into(), ToString::to_string);
    Ok(format!(
        "kernel and tasks: profile {}, opt-level {}, lto {}, overflow-checks {}",
        build_image::PROFILE,
        value("opt-level"),
        value("lto"),
        value("overflow-checks"),
    ))
}
