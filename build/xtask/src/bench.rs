//! `cargo xtask bench`: what the kernel costs, beside the reference and the goals.
//!
//! Instructions are counted in the guest; beside them stands a modelled cycle figure
//! ([`crate::code::cycles`]), because a move of many words is one instruction. Every run gives the
//! same figures. Sizes are those of linked images.
//!
//! | image | tasks | rows |
//! |---|---|---|
//! | `bench.toml` | 4 | system calls and round trips |
//! | `bench16.toml` | 16 | the same: does the cost grow with the number of tasks? |
//! | `bench-faults.toml` | 4 | a death until its supervisor knows, and until the next life |
//! | `bench-clients8.toml` | 12 | a death with eight clients blocked on it |
//! | `bench8.toml` | 8 | sizes of the kernel |
//!
//! | `app.toml` of the product | | frames and disconnects, with hardware; what a pixel costs |
//! | `app.toml` of the camera suite | | what a pixel costs the statistics |
//!
//! Below the table, each moonshot that the kernel misses is explained ([`why`]).
//!
//! `fault.restart` includes the messages of a quiesce, but no hardware and so no waiting for it.

mod build;
mod camera;
mod core1;
mod kernel;
mod pixels;
mod profile;
mod recovery;
mod rows;
mod spans;
mod stream;
mod why;

use crate::{root, setup};
use anyhow::{Context, ensure};
use rows::{Figure, ROWS, Row};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Only the rows whose name begins with this
    #[arg(default_value = "")]
    rows: String,
    /// Also write the rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print which instructions a row consists of, function by function
    #[arg(long, value_name = "ROW")]
    profile: Option<String>,
}

/// What measures some of the rows, and the beginnings of their names.
type Group = (&'static [&'static str], fn() -> anyhow::Result<Vec<Figure>>);

const GROUPS: [Group; 7] = [
    (&["sys", "ipc", "post", "fault", "size"], || {
        let (measured, sizes) = kernel::measure()?;
        Ok(measured.into_iter().map(|row| row.figure).chain(sizes).collect())
    }),
    (&["frame.handoff", "frame.gi", "disconnect", "reg"], || {
        let (measured, figures) = camera::measure()?;
        Ok(measured.into_iter().map(|row| row.figure).chain(figures).collect())
    }),
    (&["recover"], recovery::measure),
    (&["frame.fps"], || Ok(vec![camera::frames_per_second()?])),
    (&["core1"], core1::measure),
    (&["host"], pixels::measure),
    (&["build"], build::measure),
];

/// Builds the images, measures, prints; a row without a figure ends in a non-zero status.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    setup::ensure()?;
    if let Some(id) = &args.profile {
        return profile_of(id);
    }
    let wanted: Vec<_> = ROWS.iter().filter(|row| row.id.starts_with(&args.rows)).collect();
    ensure!(!wanted.is_empty(), "no row begins with `{}`; without it all are printed", args.rows);
    let mut figures = Vec::new();
    for (prefixes, measure) in GROUPS {
        let fits = |row: &&Row| prefixes.iter().any(|prefix| row.id.starts_with(prefix));
        if wanted.iter().any(fits) {
            figures.extend(measure()?);
        }
    }
    println!("{}", optimisation()?);
    println!("{}", rows::HEADER);
    let rows: Vec<_> = wanted.iter().map(|row| (row, rows::figure(&figures, row.id))).collect();
    for (row, figure) in &rows {
        println!("{}", row.line(*figure));
    }
    let excuses: Vec<_> = rows.iter().filter_map(|(row, figure)| row.excuse((*figure)?)).collect();
    if !excuses.is_empty() {
        println!("\nWhy the kernel misses moonshots; below a row are its largest parts");
        excuses.iter().for_each(|excuse| println!("{excuse}"));
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

/// The row that is profiled by bytes.
const SIZE: &str = "size.flash";

/// Prints where the instructions, or the bytes, of one row are.
fn profile_of(id: &str) -> anyhow::Result<ExitCode> {
    if id == SIZE {
        print!("{}", kernel::size_profile()?);
        return Ok(ExitCode::SUCCESS);
    }
    let row = match kernel::measure_one(id)? {
        Some(row) => Some(row),
        None => camera::measure_one(id)?,
    };
    let row = row.with_context(|| {
        format!("--profile {id}: a row in gi, as `cargo xtask bench` names them")
    })?;
    println!("{id}: {} instructions, the call that is measured included\n", row.span.len());
    print!("{}", profile::table(&row.code, &row.span));
    print!("{}", profile::course(&row.code, &row.span));
    Ok(ExitCode::SUCCESS)
}

/// The optimisation profile of everything on target, and what differs from it.
fn optimisation() -> anyhow::Result<String> {
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
