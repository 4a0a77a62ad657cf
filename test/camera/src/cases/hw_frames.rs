//! Hardware that misbehaves while it streams: DMA, frames of the sensor. A frame that is
//! called good shows a whole picture, what goes wrong for a while is over when it is over, and no
//! byte changes that the hardware does not own.

use drv_isp_regs::bench_control as control;
use idl::ipc;
use idl::types::{Disconnect, FrameFlags, NodeError};

use super::removal::STOP_MS;
use super::s35_dma::Guard;
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{FRAME_MS, Running, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames whose pictures are known.
const KNOWN: usize = 32;
/// Frames before anything goes wrong.
const BEFORE: u32 = 2;
/// Frames, or waits for one, that are watched then.
const WATCHED: u32 = 14;
/// The last of them must be right.
const RIGHT_AT_LAST: u32 = 4;
/// Longest wait for one of them, in milliseconds: several frame intervals.
const PATIENCE_MS: u32 = 150;

/// Checksums of the pictures by their number: a picture depends on it alone.
pub(super) struct Reference([u32; KNOWN]);

impl Reference {
    /// As they are when nothing goes wrong.
    pub(super) fn take(stage: &mut Stage) -> Result<Self, Failure> {
        let mut sums = [0; KNOWN];
        let running = stage.stream(BUFFERS)?;
        for (number, place) in sums.iter_mut().enumerate() {
            let (sequence, _, sum) = stage.frame(&running)?;
            equal("number of a frame", sequence as usize, number)?;
            *place = sum;
        }
        stop(stage, &running)?;
        Ok(Self(sums))
    }

    /// Streams again and finds the first pictures as they were.
    pub(super) fn compare(&self, stage: &mut Stage) -> Result<(), Failure> {
        let running = stage.stream(BUFFERS)?;
        for _ in 0..RIGHT_AT_LAST {
            let (sequence, _, sum) = stage.frame(&running)?;
            let expected = self.0.get(sequence as usize).copied();
            ensure!(expected == Some(sum), "frame {sequence}: {sum:08x}, expected {expected:08x?}");
        }
        stop(stage, &running)
    }
}

/// What came of the frames that were watched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Called good, and right.
    pub(super) right: u32,
    /// Called good, and not a picture that there ever was.
    pub(super) wrong: u32,
    /// Marked as damaged.
    pub(super) marked: u32,
    /// Waits in which no frame came.
    pub(super) missing: u32,
    /// Right frames in a row at the end.
    pub(super) right_at_last: u32,
    /// The stream ended.
    pub(super) ended: Option<Disconnect>,
}

impl Tally {
    /// Takes the frames that come.
    pub(super) fn watch(
        stage: &mut Stage,
        running: &Running,
        reference: &Reference,
    ) -> Result<Self, Failure> {
        let mut tally = Self::default();
        for _ in 0..WATCHED {
            let info = match stage.video.dequeue_buffer(running.handle, PATIENCE_MS) {
                Ok(info) => info,
                Err(ipc::Error::Op(NodeError::TimedOut | NodeError::NoFrames)) => {
                    tally.missing += 1;
                    continue;
                }
                Err(ipc::Error::Disconnected(record)) => {
                    tally.ended = Some(record);
                    return Ok(tally);
                }
                Err(error) => return ok("dequeue", Err(error)),
            };
            let sum = stage.checksum(running, info.frame.buffer)?;
            let is_right = reference.0.contains(&sum);
            if info.frame.flags.contains(FrameFlags::ERROR) {
                tally.marked += 1;
                tally.right_at_last = 0;
            } else if is_right {
                tally.right += 1;
                tally.right_at_last += 1;
            } else {
                tally.wrong += 1;
                tally.right_at_last = 0;
            }
            match stage.video.queue_buffer(running.handle, info.frame.buffer) {
                Err(ipc::Error::Disconnected(record)) => {
                    tally.ended = Some(record);
                    return Ok(tally);
                }
                other => ok("queue", other)?,
            }
        }
        Ok(tally)
    }

    /// The stream lives, and gives right frames again.
    pub(super) fn recovered(&self, what: &str) -> Result<(), Failure> {
        ensure!(self.ended.is_none(), "{what}: the stream ended: {self:?}");
        ensure!(self.right_at_last >= RIGHT_AT_LAST, "{what}: not right at last: {self:?}");
        Ok(())
    }
}

/// The end of a stream, with everything back.
pub(super) fn stop(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}

/// A kind of damage, and what must be seen of it.
struct Damage {
    kind: u32,
    a: u32,
    frames: u32,
    what: &'static str,
    /// The hardware says nothing of this kind in time: so many wrong frames may be called good.
    wrong_max: u32,
    /// So many must be marked.
    marked_min: u32,
    /// The firewall must refuse something.
    refused: bool,
}

fn damaged(stage: &mut Stage, damages: &[Damage]) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let mut last = Text::of(format_args!("nothing"));
    for damage in damages {
        let what = damage.what;
        let running = stage.stream(BUFFERS)?;
        let held =
            ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
        let guard = Guard::of(stage, &running, held)?;
        let held_sum = guard.held_sum();
        stage.run_frames(&running, BEFORE)?;
        stage.bench.mark();
        stage.bench.now(damage.kind, damage.a, damage.frames)?;
        let tally = Tally::watch(stage, &running, &reference)?;
        let refused = stage.bench.seen().dma_refused;
        tally.recovered(what)?;
        ensure!(tally.wrong <= damage.wrong_max, "{what}: wrong frames called good: {tally:?}");
        ensure!(tally.marked >= damage.marked_min, "{what}: too few are marked: {tally:?}");
        ensure!(
            tally.wrong + tally.marked + tally.missing > 0,
            "{what}: nothing was seen of it: {tally:?}"
        );
        equal("whether the firewall refused", refused > 0, damage.refused)?;
        guard.unchanged(stage)?;
        equal("the frame that the client holds", guard.held_sum(), held_sum)?;
        stop(stage, &running)?;
        last = Text::of(format_args!("{what}: {tally:?}, {refused} refused"));
    }
    stage.same_lives(&lives)?;
    reference.compare(stage)?;
    Ok(last)
}

pub fn dma(stage: &mut Stage) -> Verdict {
    let base = Damage {
        kind: control::DMA_LATE,
        a: 6,
        frames: 2,
        what: "late",
        wrong_max: 2,
        marked_min: 0,
        refused: true,
    };
    damaged(
        stage,
        &[
            Damage { ..base },
            Damage { kind: control::DMA_SHORT, what: "short", refused: false, ..base },
            Damage { kind: control::DMA_LONG, what: "long", wrong_max: 0, marked_min: 2, ..base },
            Damage { kind: control::DMA_STALE, what: "stale", wrong_max: 0, marked_min: 2, ..base },
        ],
    )
}

pub fn frames(stage: &mut Stage) -> Verdict {
    let base = Damage {
        kind: control::FRAME_TRUNCATED,
        a: 60,
        frames: 1,
        what: "truncated",
        wrong_max: 0,
        marked_min: 1,
        refused: false,
    };
    damaged(
        stage,
        &[
            Damage { ..base },
            Damage { a: 5, frames: 2, what: "truncated early", ..base },
            Damage {
                kind: control::FRAME_TORN,
                a: 30,
                frames: 2,
                marked_min: 2,
                what: "torn",
                ..base
            },
        ],
    )
}

/// Frames that do not come for as long as the clock of the sensor stands still.
pub fn clock(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let sensor = stage.ready(stage.sensor, None)?;
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    stage.in_mid_frame()?;
    stage.bench.now(control::CLOCK_LOST, 1, 0)?;
    // A frame or two were finished.
    let mut finished = 0;
    loop {
        match stage.video.dequeue_buffer(running.handle, PATIENCE_MS) {
            Ok(info) => ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?,
            Err(ipc::Error::Op(NodeError::NoFrames)) => break,
            Err(error) => return ok("dequeue without a clock", Err(error)),
        }
        finished += 1;
        ensure!(finished <= u32::from(BUFFERS), "frames come without a clock");
    }
    stage.bench.now(control::CLOCK_LOST, 0, 0)?;
    let tally = Tally::watch(stage, &running, &reference)?;
    tally.recovered("clock")?;
    equal("wrong frames", tally.wrong, 0)?;
    equal("life of the sensor", stage.ready(stage.sensor, None)?, sensor)?;
    equal("life of the ISP", stage.ready(stage.isp, None)?, running.epoch)?;
    stop(stage, &running)?;
    reference.compare(stage)?;
    Ok(Text::of(format_args!("{tally:?}")))
}
