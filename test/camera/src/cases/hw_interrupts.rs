//! Interrupts that are lost, late or doubled: what is injected is seen at the processor, no frame that is
//! called good is torn, and the stream goes on.

use drv_isp_regs::{ISP_IRQ, SENSOR_BUS_IRQ, bench_control as control};
use idl::ipc;
use idl::types::NodeError;

use super::hw_frames::{Reference, Tally, stop};
use crate::check::{Failure, Verdict, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{FRAME_MS, Running, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames before anything goes wrong.
const BEFORE: u32 = 2;
/// Frames of the sensor that are watched, by a client that only takes and queues: one that looks at the
/// pixels is slower than what is to be seen.
const SENSOR_FRAMES: u32 = 10;
/// Edges that are lost, or doubled.
const EDGES: u32 = 6;
/// What the processor sees of them at least: VD0 comes two lines before the end of a picture, and both are one
/// interrupt if the first is handled after the second came.
const SEEN: u32 = EDGES / 2;
/// Frames by which an edge is late: many other edges come in the meantime.
const LATE_FRAMES: [u32; 2] = [2, 5];

/// What a client saw while so many frames of the sensor passed.
#[derive(Clone, Copy, Debug)]
struct Watch {
    /// Interrupts that the processor was given.
    irqs: u32,
    /// The longest wait for a frame, in microseconds.
    longest_us: u64,
    /// Frames that came, and those of them that are marked.
    frames: u32,
    marked: u32,
}

fn watch(stage: &Stage, running: &Running) -> Result<Watch, Failure> {
    let last = stage.bench.frame() + SENSOR_FRAMES;
    let mut watch = Watch { irqs: 0, longest_us: 0, frames: 0, marked: 0 };
    let mut before_us = now_us();
    while stage.bench.frame() < last {
        match stage.video.dequeue_buffer(running.handle, FRAME_MS) {
            Ok(info) => {
                watch.marked += u32::from(info.frame.flags.0 != 0);
                ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
                watch.frames += 1;
            }
            Err(ipc::Error::Op(NodeError::TimedOut | NodeError::NoFrames)) => {}
            Err(error) => return ok("dequeue", Err(error)),
        }
        let here_us = now_us();
        let waited_us = here_us - core::mem::replace(&mut before_us, here_us);
        watch.longest_us = watch.longest_us.max(waited_us);
    }
    Ok(Watch { irqs: stage.bench.seen().isp_irqs, ..watch })
}

/// Lines of a frame, blanking included.
fn frame_lines(stage: &Stage) -> u32 {
    let (first, mut last_line) = (stage.bench.frame(), 0);
    while stage.bench.frame() < first + 2 {
        last_line = last_line.max(stage.bench.line());
    }
    last_line + 1
}

/// The stream, with this misbehaviour of the ISP's line from the middle of a frame on, whose amount
/// depends on the lines of a frame; then right frames.
fn disturbed(
    stage: &mut Stage,
    reference: &Reference,
    what: &str,
    (kind, amount): (u32, impl Fn(u32) -> u32),
) -> Result<Watch, Failure> {
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    let amount = amount(frame_lines(stage));
    stage.in_mid_frame()?;
    stage.bench.mark();
    stage.bench.now(kind, amount, ISP_IRQ)?;
    let seen = watch(stage, &running)?;
    let tally = Tally::watch(stage, &running, reference)?;
    tally.recovered(what)?;
    equal(what, tally.wrong, 0)?;
    stop(stage, &running)?;
    Ok(seen)
}

/// Of the ISP while it streams.
pub fn of_the_isp(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let calm = disturbed(stage, &reference, "calm", (control::IRQ_LOST, |_| 0))?;
    let lost = disturbed(stage, &reference, "lost", (control::IRQ_LOST, |_| EDGES))?;
    ensure!(lost.irqs + SEEN <= calm.irqs, "lost: {lost:?}, without {calm:?}");
    let doubled = disturbed(stage, &reference, "doubled", (control::IRQ_DOUBLED, |_| EDGES))?;
    ensure!(doubled.irqs >= calm.irqs + SEEN, "doubled: {doubled:?}, without {calm:?}");
    let came = |watch: Watch| (watch.frames, watch.marked);
    equal("frames, marked ones, with doubled interrupts", came(doubled), (calm.frames, 0))?;
    let mut late = [calm; LATE_FRAMES.len()];
    for (frames, late) in LATE_FRAMES.into_iter().zip(&mut late) {
        let amount = (control::IRQ_LATE, |lines| frames * lines);
        *late = disturbed(stage, &reference, "late", amount)?;
        // At least one interrupt of each of these frames is merged into the one that is late.
        let what = (frames, late, calm);
        ensure!(what.1.irqs + frames <= calm.irqs, "frames late, with and without: {what:?}");
        ensure!(what.1.longest_us > calm.longest_us, "frames late, with and without: {what:?}");
    }
    stage.same_lives(&lives)?;
    reference.compare(stage)?;
    let irqs = [calm, lost, doubled, late[0], late[1]].map(|watch| watch.irqs);
    let waits_us = [calm, late[0], late[1]].map(|watch| watch.longest_us);
    Ok(Text::of(format_args!(
        "interrupts {irqs:?} (calm, lost, doubled, late), waits {waits_us:?} us (calm, late)"
    )))
}

/// Of the control bus while the sensor is programmed.
pub fn of_the_bus(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    for (kind, amount) in
        [(control::IRQ_LOST, 3), (control::IRQ_LATE, 60), (control::IRQ_DOUBLED, 6)]
    {
        stage.bench.now(kind, amount, SENSOR_BUS_IRQ)?;
        reference.compare(stage)?;
    }
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("right frames after each of three")))
}
