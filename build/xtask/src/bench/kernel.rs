//! The rows of the kernel: bench images on one core, their streams, and sizes.
//!
//! Each image runs once, with its stream of instructions logged. The figures of operations come out
//! of the guest itself (under `-icount` with one core running, an instruction takes exactly 64 ns of
//! virtual time), and the stream must agree with them. A death is measured in the stream, from
//! instruction to instruction.

use super::profile;
use super::rows::{Figure, Reported, reported};
use super::spans::{self, Span};
use super::stream::{self, Stream};
use crate::code::{Code, Function, cycles};
use crate::dist;
use crate::machine::{Clock, End, Load, Setup};
use crate::root;
use anyhow::{Context, ensure};
use build_image::Dist;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use test_kernel::fault_meter::SAMPLES;

/// 2^6 ns of virtual time per instruction.
const ICOUNT_SHIFT: u8 = 6;
/// Wall-clock limit of one image.
const LIMIT: Duration = Duration::from_secs(300);
/// How far the guest's figure may be off: it comes from two durations, of a batch and of an empty one,
/// each rounded by less than a microsecond at either end (15.6 instructions), over 12 operations.
const ROUNDING: u32 = 3;

const FOUR_TASKS: &str = "test/kernel/bench.toml";
const SIXTEEN_TASKS: &str = "test/kernel/bench16.toml";
const FAULTS: &str = "test/kernel/bench-faults.toml";
const EIGHT_CLIENTS: &str = "test/kernel/bench-clients8.toml";
const EIGHT_TASKS: &str = "test/kernel/bench8.toml";

/// A figure and the instructions that it counts.
pub struct Measured {
    /// The figure.
    pub figure: Figure,
    /// The span that counts, instruction by instruction.
    pub span: Vec<u32>,
    /// The image's code.
    pub code: std::sync::Arc<Code>,
}

/// Measures all rows of the kernel, and its sizes.
///
/// # Errors
/// An image does not build, does not end well, or its stream and its clock disagree.
pub fn measure() -> anyhow::Result<(Vec<Measured>, Vec<Figure>)> {
    let (four, sixteen) = (Booted::new(FOUR_TASKS)?, Booted::new(SIXTEEN_TASKS)?);
    let mut rows = four.operations("")?;
    rows.extend(sixteen.operations(MORE_TASKS)?);
    let faults = Booted::new(FAULTS)?;
    rows.push(faults.death(SUPERVISOR)?);
    rows.push(faults.death(RESTART)?);
    rows.push(Booted::new(EIGHT_CLIENTS)?.death(CLIENTS)?);
    let eight = build_image::build(&dist::options(Path::new(EIGHT_TASKS), None))?;
    let sizes = sizes(&eight, &four.dist, &sixteen.dist)?;
    Ok((rows, sizes.to_vec()))
}

/// Measures one row; `None` if it has no stream.
///
/// # Errors
/// As [`measure`].
pub fn measure_one(id: &str) -> anyhow::Result<Option<Measured>> {
    if let Some(death) = [SUPERVISOR, RESTART].into_iter().find(|death| death.id == id) {
        return Booted::new(FAULTS)?.death(death).map(Some);
    }
    if id == CLIENTS.id {
        return Booted::new(EIGHT_CLIENTS)?.death(CLIENTS).map(Some);
    }
    let plain = id.strip_suffix(MORE_TASKS).unwrap_or(id);
    if !test_kernel::measure::ROWS.iter().any(|row| row.id == plain) {
        return Ok(None);
    }
    let more = id.ends_with(MORE_TASKS);
    let image = Booted::new(if more { SIXTEEN_TASKS } else { FOUR_TASKS })?;
    let rows = image.operations(if more { MORE_TASKS } else { "" })?;
    Ok(rows.into_iter().find(|row| row.figure.id() == id))
}

/// A row that begins with a fault of the victim and ends with the first instruction of a task.
#[derive(Clone, Copy)]
struct Death {
    id: &'static str,
    until: &'static str,
}

const SUPERVISOR: Death = Death { id: "fault.supervisor", until: "supervisor" };
const RESTART: Death = Death { id: "fault.restart", until: "victim" };
const CLIENTS: Death = Death { id: "fault.clients8", until: "supervisor" };

/// What the image with more tasks adds to the names of its rows.
const MORE_TASKS: &str = ".tasks16";

/// An image that has run, and what it did.
struct Booted {
    manifest: &'static str,
    dist: Dist,
    code: std::sync::Arc<Code>,
    stream: Stream,
    reported: Vec<Reported>,
}

impl Booted {
    /// Builds the image of a manifest, boots it, and takes what it reports.
    fn new(manifest: &'static str) -> anyhow::Result<Self> {
        let dist = build_image::build(&dist::options(Path::new(manifest), None))?;
        let setup = Setup {
            kernel: dist.file("shim").context("a bench image has no shim")?,
            loads: vec![Load::Elf(dist.product())],
            clock: Clock::Icount { shift: ICOUNT_SHIFT },
            directory: root::project(),
            gdb: None,
            limit: LIMIT,
        };
        let flash = dist.layout.flash;
        let stream = stream::run(
            &setup,
            std::slice::from_ref(&(flash.base..flash.base + flash.used_bytes)),
        )?;
        ensure!(stream.end == End::Status(0), "{manifest}: {}", stream.end);
        let parse = |line: &String| serde_json::from_str::<Reported>(line).ok();
        let reported = stream.lines.iter().filter_map(parse).collect();
        let code = std::sync::Arc::new(Code::of_product(&dist)?);
        Ok(Self { manifest, dist, code, stream, reported })
    }

    fn function(&self, program: &str, path: &str) -> anyhow::Result<&Function> {
        let found = self.code.named(program, path);
        found.with_context(|| format!("{}: {program} has no function {path}", self.manifest))
    }

    fn flash(&self, task: &str) -> anyhow::Result<Range<u32>> {
        let task = self.dist.layout.tasks.iter().find(|other| other.name == task);
        let flash = task.with_context(|| format!("{}: a task is missing", self.manifest))?.flash;
        Ok(flash.base..flash.base + flash.bytes)
    }

    fn measured(&self, id: &str, figure: u32, span: Span, empty: &[u32]) -> Measured {
        let span = self.stream.addresses[span].to_vec();
        let cycles = cycles::of(&self.code, &span) - cycles::of(&self.code, empty);
        let parts = profile::summary(&self.code, &span);
        let figure = Figure::new(id, figure).priced(cycles).noted(parts);
        Measured { figure, span, code: std::sync::Arc::clone(&self.code) }
    }

    /// The rows of `measure.rs`, in its order; the first operation in the stream is the empty one.
    fn operations(&self, suffix: &str) -> anyhow::Result<Vec<Measured>> {
        let stream = &self.stream.addresses;
        let tick = self.function("kernel", "trap_tick")?.start;
        let operate = self.function("meter", "measure::operate")?;
        let found = spans::operations(&self.code, stream, operate);
        let ids: Vec<_> = test_kernel::measure::ROWS.iter().map(|row| row.id).collect();
        ensure!(found.len() == ids.len() + 1, "{}: {} operations", self.manifest, found.len());
        let shortest = |place: usize| {
            let span = spans::shortest(stream, &found[place].spans, tick);
            span.with_context(|| format!("{}: a tick came into every operation", self.manifest))
        };
        let empty = shortest(0)?;
        let rows = ids.iter().enumerate().map(|(place, id)| {
            let span = shortest(place + 1)?;
            let counted = u32::try_from(span.len() - empty.len())?;
            let reported =
                reported(&self.reported, id).with_context(|| format!("{id}: no figure"))?;
            ensure!(
                counted.abs_diff(reported) <= ROUNDING,
                "{id}: {counted} instructions in the stream, {reported} by the guest's clock"
            );
            Ok(self.measured(&format!("{id}{suffix}"), counted, span, &stream[empty.clone()]))
        });
        rows.collect()
    }

    /// From the victim's fault to the first instruction of a task.
    fn death(&self, Death { id, until }: Death) -> anyhow::Result<Measured> {
        let stream = &self.stream.addresses;
        let trap = self.function("kernel", "trap_fault")?.start;
        let tick = self.function("kernel", "trap_tick")?.start;
        let found = spans::deaths(stream, trap, &self.flash("victim")?, &self.flash(until)?);
        let span =
            spans::shortest(stream, &found, tick).with_context(|| format!("{id}: no death"))?;
        // How many went as they should, every client told why included. The first life is no restart.
        let good = reported(&self.reported, id).unwrap_or(0);
        ensure!(good >= SAMPLES - 1, "{id}: {good} of {SAMPLES} deaths went as they should");
        let counted = u32::try_from(span.len())?;
        Ok(self.measured(id, counted, span, &[]))
    }
}

/// Bytes of the kernel, symbol by symbol, the largest first; and all of them.
fn symbols(dist: &Dist) -> anyhow::Result<(Vec<(String, u32)>, u32)> {
    let file = dist.file("kernel").context("the image has no kernel")?;
    let flash = dist.layout.kernel.flash;
    let mut symbols = crate::code::symbols(&file, flash.base..flash.base + flash.bytes)?;
    symbols.sort_by_key(|(name, bytes)| (u32::MAX - bytes, name.clone()));
    Ok((symbols, crate::code::loaded_bytes(&file)?))
}

/// Bytes of the kernel with eight tasks, symbol by symbol, the largest first.
///
/// # Errors
/// The image does not build.
pub fn size_profile() -> anyhow::Result<String> {
    let (symbols, all) =
        symbols(&build_image::build(&dist::options(Path::new(EIGHT_TASKS), None))?)?;
    let named: u32 = symbols.iter().map(|(_, bytes)| bytes).sum();
    let mut lines: Vec<_> =
        symbols.iter().map(|(name, bytes)| format!("{bytes:>6} {name}\n")).collect();
    lines.push(format!("{:>6} without a name, and alignment\n", all - named));
    lines.push(format!("{all:>6} in all\n"));
    Ok(lines.concat())
}

/// Kernel sizes with eight tasks, and what twelve tasks more take, per task. What the builder adds
/// to fill MPU granules is not the kernel's.
fn sizes(eight: &Dist, four: &Dist, sixteen: &Dist) -> anyhow::Result<[Figure; 4]> {
    let flash = |dist: &Dist| Ok(symbols(dist)?.1);
    // The stack is counted by `cargo xtask sizes`.
    let ram = |dist: &Dist| Ok(dist.layout.kernel.ram.bytes - dist.layout.kernel.stack.bytes);
    let (largest, all) = symbols(eight)?;
    let more = u32::try_from(sixteen.layout.tasks.len() - four.layout.tasks.len())?;
    let per_task = |of: &dyn Fn(&Dist) -> anyhow::Result<u32>| {
        anyhow::Ok((of(sixteen)? - of(four)?).div_ceil(more.max(1)))
    };
    Ok([
        Figure::new("size.flash", all).noted(profile::largest(largest)),
        Figure::new("size.ram", ram(eight)?),
        Figure::new("size.task.ram", per_task(&ram)?),
        Figure::new("size.task.rodata", per_task(&flash)?),
    ])
}
