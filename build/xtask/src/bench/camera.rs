//! The rows with hardware: the product image, streaming, under the emulator's instruction log.
//!
//! The log is kept to the code of the product and of the bench on core 0; what the bench does for a
//! register access is a row of its own and left out of all others. The span of a row goes from the kernel's first instruction for
//! an interrupt to the first instruction of the waiting client, which is blocked in a call until
//! then.
//!
//! | row | interrupt of | ends with |
//! |---|---|---|
//! | `frame.handoff` | isp | the client's call returns with a frame |
//! | `reg.read`, `reg.write` | | the bench, for one access; median |
//! | `disconnect.1` | power (presence lost) | the client's call returns with the death record |
//! | `disconnect.8` | the same | the last of eight clients that wait on one node runs again |
//! | `disconnect.64` | the same | the same, with 64 handles open there, eight for each of them |
//!
//! The last two are cases of the camera suite. A task waits in one call at a time, and a node has room
//! for 16 of them, so 64 handles cannot be in 64 calls; the node ends all of them at once nevertheless.

use super::kernel::Measured;
use super::profile;
use super::rows::Figure;
use super::spans::{Span, shortest};
use super::stream::{self, Stream};
use crate::code::thumb::Kind;
use crate::code::{Code, cycles};
use crate::machine::{End, Setup};
use crate::run::stage::{self, Work};
use crate::run::{self, Args};
use crate::test;
use anyhow::{Context, ensure};
use build_image::Dist;
use clap::Parser;
use idl::parameters::Parameters;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// The task that streams.
const CLIENT: &str = "capture";
/// Whose interrupt ends a frame.
const DRIVER: &str = "isp";
/// Whose interrupt tells of the presence pin.
const PRESENCE: &str = "power";

/// What a frame needs on its way to the client: the driver's interrupt, `finish_dma` of the ledger (it
/// shuts the window before anybody reads), a post to the node, `next_done` of the driver, `hand_out` of
/// the ledger (it says who holds the buffer before that one runs), and the answer to the client.
const HANDOFF: &str = "an interrupt, a post, three calls, an answer";

/// Wall-clock limit of a run: with a line of log for each instruction, on a computer with other work.
const LIMIT: Duration = Duration::from_secs(600);

/// A picture size, and the sensor mode that it is made of.
pub struct Shot {
    /// Columns and lines of the sensor's mode.
    pub sensor: (u16, u16),
    /// Columns and lines of the picture.
    pub picture: (u16, u16),
    /// Frames to stream.
    pub frames: u32,
}

/// 2400 B a frame.
pub const SMALL: Shot = Shot { sensor: (160, 120), picture: (40, 30), frames: 24 };
/// 76,800 B a frame, 32 times as much.
const LARGE: Shot = Shot { sensor: (324, 243), picture: (240, 160), frames: 14 };

#[derive(Parser)]
struct Run {
    #[command(flatten)]
    args: Args,
}

/// Measures all rows that have a stream.
///
/// # Errors
/// The image does not build or does not do what it should.
pub fn measure() -> anyhow::Result<(Vec<Measured>, Vec<Figure>)> {
    // A run takes minutes of one processor, and counts instructions: beside another one it counts the same.
    let crowds = CROWDS.map(|(id, case)| Ok((id, test::camera::machine(case)?)));
    let crowds = crowds.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        let crowds = scope.spawn(move || {
            let measured = crowds
                .into_iter()
                .map(|(id, (dist, setup))| Streamed::product(dist, &setup)?.crowd(id));
            measured.collect::<anyhow::Result<Vec<_>>>()
        });
        let (mut measured, figures) = measure_frames()?;
        let crowds = crowds.join().map_err(|_| anyhow::anyhow!("the rows of crowds panicked"))?;
        measured.extend(crowds?);
        Ok((measured, figures))
    })
}

/// The rows of the client that streams.
fn measure_frames() -> anyhow::Result<(Vec<Measured>, Vec<Figure>)> {
    let small = Streamed::new(&SMALL)?;
    let handoff = small.span("frame.handoff", DRIVER)?;
    let disconnect = small.disconnect()?;
    let mut figures = vec![Figure::new("frame.gi", small.instructions_per_frame()?)];
    for (id, writes) in [("reg.read", false), ("reg.write", true)] {
        let cost =
            median(&small.accesses, writes).with_context(|| format!("{id}: there was none"))?;
        figures.push(Figure::new(id, cost));
    }
    let large = Streamed::new(&LARGE)?;
    figures.push(large.span("frame.handoff.large", DRIVER)?.figure);
    Ok((vec![handoff, disconnect], figures))
}

/// Rows of more than one waiting client, and the cases in which they wait.
const CROWDS: [(&str, &str); 2] = [
    ("disconnect.8", "s31_eight_waiting_clients_are_told_in_time"),
    ("disconnect.64", "s31_sixty_four_handles_are_told_in_time"),
];
/// What the names of their clients begin with.
const CROWD: &str = "crowd";

/// Measures one row that has a stream to look into; `None` if it is no such row.
///
/// # Errors
/// As [`measure`].
pub fn measure_one(id: &str) -> anyhow::Result<Option<Measured>> {
    Ok(match (id, CROWDS.iter().find(|(crowd, _)| *crowd == id)) {
        ("frame.handoff", _) => Some(Streamed::new(&SMALL)?.span(id, DRIVER)?),
        ("disconnect.1", _) => Some(Streamed::new(&SMALL)?.disconnect()?),
        (_, Some((_, case))) => Some(crowd(id, case)?),
        _ => None,
    })
}

fn crowd(id: &str, case: &str) -> anyhow::Result<Measured> {
    let (dist, setup) = test::camera::machine(case)?;
    Streamed::product(dist, &setup)?.crowd(id)
}

/// The product image, told to stream and perhaps to be unplugged at a frame; the folder lives as long
/// as the machine.
///
/// # Errors
/// The image does not build.
pub fn prepared(shot: &Shot, unplug_at: Option<u32>) -> anyhow::Result<(Dist, Setup, Work)> {
    let Shot { sensor, picture, frames } = shot;
    let unplug = unplug_at.map_or("--no-unplug".into(), |frame| format!("--unplug-at={frame}"));
    let frames = format!("--frames={frames}");
    let args = Run::try_parse_from(["run", "--deterministic", &frames, &unplug])?.args;
    let work = Work::new()?;
    let dist = stage::image(&args)?;
    let setup = stage::machine(&args, &dist, &stage::scene(&args)?, &work)?;
    let parameters = Parameters {
        width_px: picture.0,
        height_px: picture.1,
        sensor_width_px: sensor.0,
        sensor_height_px: sensor.1,
        frames: args.frames,
        ..Parameters::DEFAULT
    };
    stage::write_product_parameters(&work, &parameters)?;
    Ok((dist, Setup { limit: LIMIT, ..setup }, work))
}

/// A run of the product, instruction by instruction.
struct Streamed {
    dist: Dist,
    code: Arc<Code>,
    stream: Stream,
    accesses: Vec<Access>,
}

/// Core 0's half of the hardware, in Secure state.
const BENCH: &str = "bench";
/// Where it enters for a register access.
const TRAP: &str = "trap::entry";

/// A register access of the product, as the bench served it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    writes: bool,
    /// Instructions of the bench until the product went on.
    instructions: u32,
}

/// The accesses in a stream of product and bench: a load or a store, then the trap, then the product
/// again.
fn accesses(code: &Code, stream: &[u32], product: &Range<u32>, entry: u32) -> Vec<Access> {
    let starts = (1..stream.len()).filter(|place| stream[*place] == entry);
    let served = starts.filter_map(|start| {
        let kind = code.instruction(stream[start - 1])?.kind;
        let writes = match kind {
            Kind::Store => true,
            Kind::Load => false,
            _ => return None,
        };
        let length = stream[start..].iter().position(|address| product.contains(address))?;
        Some(Access { writes, instructions: u32::try_from(length).ok()? })
    });
    served.collect()
}

/// What most of the reads, or of the writes, cost.
fn median(accesses: &[Access], writes: bool) -> Option<u32> {
    let some = accesses.iter().filter(|access| access.writes == writes);
    let mut costs: Vec<_> = some.map(|access| access.instructions).collect();
    costs.sort_unstable();
    costs.get(costs.len() / 2).copied()
}

/// The code of kernel and tasks.
fn product(dist: &Dist) -> Range<u32> {
    let flash = dist.layout.flash;
    flash.base..flash.base + flash.used_bytes
}

impl Streamed {
    fn new(shot: &Shot) -> anyhow::Result<Self> {
        let (dist, setup, _work) = prepared(shot, Some(shot.frames - 3))?;
        Self::of(dist, &setup)
    }

    /// Without the bench, which executes most of a run.
    fn product(dist: Dist, setup: &Setup) -> anyhow::Result<Self> {
        let code = Arc::new(Code::of_product(&dist)?);
        let stream = stream::run(setup, &[product(&dist)])?;
        ensure!(stream.end == End::Status(0), "the streaming image: {}", stream.end);
        Ok(Self { dist, code, stream, accesses: Vec::new() })
    }

    fn of(dist: Dist, setup: &Setup) -> anyhow::Result<Self> {
        let product = product(&dist);
        let mut code = Code::of_product(&dist)?;
        code.add(BENCH, &dist.file(BENCH).context("the image has no bench")?)?;
        let bench = code.extent(BENCH).context("the bench has no code")?;
        let mut stream = stream::run(setup, &[product.clone(), bench])?;
        ensure!(stream.end == End::Status(0), "the streaming image: {}", stream.end);
        let entry = code.named(BENCH, TRAP).context("the bench has no trap")?.start;
        let accesses = accesses(&code, &stream.addresses, &product, entry);
        stream.addresses.retain(|address| product.contains(address));
        Ok(Self { dist, code: Arc::new(code), stream, accesses })
    }

    fn flash(&self, task: &str) -> anyhow::Result<Range<u32>> {
        let found = self.dist.layout.tasks.iter().find(|other| other.name == task);
        let flash = found.with_context(|| format!("the image has no task {task}"))?.flash;
        Ok(flash.base..flash.base + flash.bytes)
    }

    fn kernel(&self, function: &str) -> anyhow::Result<u32> {
        let found = self.code.named("kernel", function);
        Ok(found.with_context(|| format!("the kernel has no {function}"))?.start)
    }

    /// Where the kernel enters for an interrupt that `owner` is the first task to run for.
    fn interrupts(&self, owner: &str) -> anyhow::Result<Vec<usize>> {
        let kernel = self.dist.layout.kernel.flash;
        let kernel = kernel.base..kernel.base + kernel.bytes;
        let (owner, trap) = (self.flash(owner)?, self.kernel("trap_interrupt")?);
        let stream = &self.stream.addresses;
        let first_task = |start: usize| stream[start..].iter().find(|at| !kernel.contains(at));
        let ours = |start: &usize| {
            stream[*start] == trap && first_task(*start).is_some_and(|at| owner.contains(at))
        };
        Ok((0..stream.len()).filter(ours).collect())
    }

    /// From each interrupt of `owner` that ends idleness to the client's next instruction, if nothing is idle until
    /// then: the client waited, and a frame came. Other interrupts come while it runs, or does not wait.
    fn spans(&self, owner: &str) -> anyhow::Result<Vec<Span>> {
        let (client, idle) = (self.flash(CLIENT)?, self.flash("idle")?);
        let stream = &self.stream.addresses;
        let until_client = |start: usize| {
            let ends = |address: &u32| client.contains(address) || idle.contains(address);
            let length = stream[start..].iter().position(ends)?;
            client.contains(&stream[start + length]).then_some(start..start + length)
        };
        let ends_idleness = |start: &usize| *start > 0 && idle.contains(&stream[*start - 1]);
        let interrupts = self.interrupts(owner)?.into_iter().filter(ends_idleness);
        Ok(interrupts.filter_map(until_client).collect())
    }

    /// From the presence interrupt behind the first frame to the client's next instruction. The pin is
    /// debounced, so the processor idles in between; that is left out.
    fn disconnect(&self) -> anyhow::Result<Measured> {
        let id = "disconnect.1";
        let stream = &self.stream.addresses;
        let first = self.spans(DRIVER)?.first().context("no frame came")?.end;
        let start = self.interrupts(PRESENCE)?.into_iter().find(|start| *start > first);
        let start = start.with_context(|| format!("{id}: the pin did not interrupt"))?;
        let client = self.flash(CLIENT)?;
        let end = stream[start..].iter().position(|address| client.contains(address));
        let end = end.with_context(|| format!("{id}: the client was not told"))?;
        self.work(id, start..start + end)
    }

    /// From the last presence interrupt to the next instruction of the last client of the crowd.
    fn crowd(&self, id: &str) -> anyhow::Result<Measured> {
        let start = *self.interrupts(PRESENCE)?.last().context("the pin did not interrupt")?;
        let rest = &self.stream.addresses[start..];
        let members = self.dist.layout.tasks.iter().filter(|task| task.name.starts_with(CROWD));
        let mut end = 0;
        for member in members {
            let flash = self.flash(&member.name)?;
            let told = rest.iter().position(|address| flash.contains(address));
            end = end.max(told.with_context(|| format!("{id}: {} was not told", member.name))?);
        }
        ensure!(end > 0, "{id}: the image has no crowd");
        self.work(id, start..start + end)
    }

    /// What is executed in a span in which the processor may idle.
    fn work(&self, id: &str, span: Span) -> anyhow::Result<Measured> {
        let idle = self.flash("idle")?;
        let work = self.stream.addresses[span].iter().filter(|address| !idle.contains(address));
        let span: Vec<u32> = work.copied().collect();
        let figure = Figure::new(id, u32::try_from(span.len())?);
        let figure = figure.priced(cycles::of(&self.code, &span));
        Ok(Measured { figure, span, code: Arc::clone(&self.code) })
    }

    fn span(&self, id: &str, owner: &str) -> anyhow::Result<Measured> {
        let tick = self.kernel("trap_tick")?;
        let found = self.spans(owner)?;
        let span = shortest(&self.stream.addresses, &found, tick);
        let span = span.with_context(|| format!("{id}: it did not happen"))?;
        let span = self.stream.addresses[span].to_vec();
        let figure = Figure::new(id, u32::try_from(span.len())?);
        let figure = figure.priced(cycles::of(&self.code, &span));
        let shares = profile::shares(&self.code, &span);
        let figure = figure.noted(format!("{shares}: {HANDOFF}"));
        Ok(Measured { figure, span, code: Arc::clone(&self.code) })
    }

    /// What kernel, drivers and nodes execute from one frame to the next: median.
    fn instructions_per_frame(&self) -> anyhow::Result<u32> {
        let (client, idle) = (self.flash(CLIENT)?, self.flash("idle")?);
        let spans = self.spans(DRIVER)?;
        let work = |pair: &[Span]| {
            let between = &self.stream.addresses[pair[0].start..pair[1].start];
            let counts = |address: &&u32| !client.contains(*address) && !idle.contains(*address);
            between.iter().filter(counts).count()
        };
        let mut counts: Vec<_> = spans.windows(2).map(work).collect();
        counts.sort_unstable();
        let median = counts.get(counts.len() / 2).context("fewer than two frames came")?;
        Ok(u32::try_from(*median)?)
    }
}

/// Frames per second of the default run, by the clock on the wall.
///
/// # Errors
/// The run fails.
pub fn frames_per_second() -> anyhow::Result<Figure> {
    let args = Run::try_parse_from(["run", "--no-unplug"])?.args;
    Ok(Figure::new("frame.fps.vga", run::rate_of(&args)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_one_direction() {
        let access = |writes, instructions| Access { writes, instructions };
        let all = [access(true, 9), access(false, 1), access(false, 3), access(false, 2)];
        assert_eq!((median(&all, false), median(&all, true)), (Some(2), Some(9)));
        assert_eq!(median(&[], true), None);
    }
}
