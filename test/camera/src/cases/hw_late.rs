//! Interrupts of a running stream that come late, by up to many frames, with a client that is never
//! late: what was missed is marked or missing, and the stream is what it was.

use drv_isp_regs::{ISP_IRQ, bench_control as control};

use super::hw_frames::stop;
use crate::check::{Failure, Verdict, at_most, ok};
use crate::ensure;
use crate::stage::{FRAME_MS, Running, Stage};
use crate::text::Text;

/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// Frames before the interrupts are lost.
const BEFORE: u32 = 2;
/// Frames that are watched then.
const WATCHED: usize = 24;
/// The last of them must come one after the other: each edge of a status bit counts as an interrupt.
const AT_LAST: usize = 10;
/// Most that are marked: the one in progress, and the one after it.
const MARKED_MAX: u32 = 2;
/// Interrupts that are lost, from a part of a frame to more frames than there are buffers.
const LOST: [u32; 5] = [1, 2, 3, 9, 20];

/// Numbers and marks of the frames that come. No picture is read, so that no time goes by.
fn watch(stage: &mut Stage, running: &Running) -> Result<[(u32, bool); WATCHED], Failure> {
    let mut frames = [(0, false); WATCHED];
    for place in &mut frames {
        let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
        *place = (info.frame.sequence, info.frame.flags.0 != 0);
        ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
    }
    Ok(frames)
}

/// The driver finds what is pending at the next interrupt, or by looking.
pub fn interrupts(stage: &mut Stage) -> Verdict {
    let lives = stage.lives();
    let (mut all_marked, mut last_number) = (0, 0);
    for lost in LOST {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, BEFORE)?;
        stage.in_mid_frame()?;
        stage.bench.now(control::IRQ_LOST, lost, ISP_IRQ)?;
        let frames = watch(stage, &running)?;
        let marked = frames.iter().filter(|(_, marked)| *marked).count() as u32;
        at_most("frames that are marked", marked.into(), MARKED_MAX.into())?;
        let later = |pair: &[(u32, bool)]| pair[1].0 > pair[0].0;
        ensure!(frames.windows(2).all(later), "{lost} lost: numbers do not grow: {frames:?}");
        let at_last = &frames[WATCHED - AT_LAST..];
        let in_order = |pair: &[(u32, bool)]| pair[1].0 == pair[0].0 + 1;
        ensure!(at_last.windows(2).all(in_order), "{lost} lost: frames are missing: {frames:?}");
        all_marked += marked;
        last_number = frames[WATCHED - 1].0;
        stop(stage, &running)?;
    }
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("{all_marked} marked, the last number is {last_number}")))
}
