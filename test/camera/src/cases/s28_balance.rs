//! S28: each queued buffer is handed back exactly once: count in = count out.
//!
//! A QBUF that itself ends Disconnected may have queued the buffer or not; then the buffer comes back
//! at most once, and the answer to `reclaim` says which of the two it was.

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, NodeError, Reclaim};

use super::removal::{Removal, STOP_MS};
use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::stage::{FRAME_MS, QUIET_US, Running, Stage};
use crate::text::Text;

/// Lines of a frame at which the module is pulled, one per round: before, in and after the picture.
const LINES: [u32; 6] = [0, 1, 40, 80, 118, 125];
/// Buffers of the stream.
const BUFFERS: u8 = 4;

/// How often each buffer went in and came out.
#[derive(Default)]
struct Balance {
    given: [u32; BUFFERS as usize],
    taken: [u32; BUFFERS as usize],
}

impl Balance {
    fn give(&mut self, buffer: BufferIndex) {
        self.given[usize::from(buffer.0)] += 1;
    }

    fn take(&mut self, buffer: BufferIndex) {
        self.taken[usize::from(buffer.0)] += 1;
    }

    /// Everything that went in came out.
    fn even(&self) -> Result<(), Failure> {
        equal("times that each buffer came back", self.taken, self.given)
    }

    /// Buffers that are in: none may be in twice.
    fn inside(&self) -> Result<[bool; BUFFERS as usize], Failure> {
        let mut inside = [false; BUFFERS as usize];
        for (index, inside) in inside.iter_mut().enumerate() {
            let (given, taken) = (self.given[index], self.taken[index]);
            ensure!(
                given == taken || given == taken + 1,
                "buffer {index}: {given} in, {taken} out"
            );
            *inside = given > taken;
        }
        Ok(inside)
    }

    /// All buffers are with the client now.
    fn settle(&mut self) {
        self.taken = self.given;
    }
}

fn start(stage: &mut Stage, balance: &mut Balance) -> Result<Running, Failure> {
    let running = stage.stream(BUFFERS)?;
    (0..BUFFERS).map(BufferIndex).for_each(|buffer| balance.give(buffer));
    Ok(running)
}

/// Dequeues and queues until the stream ends, at most so often. Gives the buffer whose QBUF ended
/// Disconnected, if one did.
fn pump(
    stage: &Stage,
    running: &Running,
    balance: &mut Balance,
    most: u32,
) -> Result<Option<BufferIndex>, Failure> {
    for _ in 0..most {
        let Ok(info) = stage.video.dequeue_buffer(running.handle, FRAME_MS) else { break };
        let buffer = info.frame.buffer;
        balance.take(buffer);
        balance.inside()?;
        match stage.video.queue_buffer(running.handle, buffer) {
            Ok(()) => balance.give(buffer),
            Err(idl::ipc::Error::Disconnected(_)) => return Ok(Some(buffer)),
            other => ok("queue", other)?,
        }
    }
    Ok(None)
}

pub fn disconnects(stage: &mut Stage) -> Verdict {
    let mut balance = Balance::default();
    let mut cancelled = 0;
    for line in LINES {
        let running = start(stage, &mut balance)?;
        pump(stage, &running, &mut balance, 3)?;
        stage.bench.at(stage.bench.frame() + 1, line, control::UNPLUG, 0, 0)?;
        let doubtful = pump(stage, &running, &mut balance, 100)?;
        stage.record(running.handle)?;
        if let Some(buffer) = doubtful
            && was_queued(stage, &running, buffer)?
        {
            balance.give(buffer);
            balance.take(buffer);
            cancelled += 1;
        }
        for (index, inside) in balance.inside()?.into_iter().enumerate() {
            let buffer = BufferIndex(index as u8);
            if inside {
                reclaim(stage, &running, buffer)?;
                balance.take(buffer);
                cancelled += 1;
            }
            let again = stage.video.reclaim(running.handle, buffer);
            refused("reclaim of a buffer that is out", again, NodeError::BadBuffer)?;
        }
        balance.even()?;
        ok("close", stage.video.close(running.handle))?;
        stage.at_baseline()?;
        Removal::Unplug.end(stage, running.epoch)?;
    }
    let given: u32 = balance.given.iter().sum();
    Ok(Text::of(format_args!("{given} in, {given} out, {cancelled} of them cancelled")))
}

/// Whether a QBUF whose effect is unknown had one: then the buffer comes back.
fn was_queued(stage: &mut Stage, running: &Running, buffer: BufferIndex) -> Result<bool, Failure> {
    stage.wait_for("reclaim", QUIET_US, |stage| match stage.video.reclaim(running.handle, buffer) {
        Ok(Reclaim::Pending) => Ok(None),
        Ok(Reclaim::Cancelled) => Ok(Some(true)),
        Err(idl::ipc::Error::Op(NodeError::BadBuffer)) => Ok(Some(false)),
        Err(error) => Err(crate::failure!("reclaim: {error:?}")),
    })
}

fn reclaim(stage: &mut Stage, running: &Running, buffer: BufferIndex) -> Result<(), Failure> {
    stage.wait_for("reclaim", QUIET_US, |stage| {
        let answer = ok("reclaim", stage.video.reclaim(running.handle, buffer))?;
        Ok((answer == Reclaim::Cancelled).then_some(()))
    })
}

pub fn stream_off(stage: &mut Stage) -> Verdict {
    let mut balance = Balance::default();
    for frames in [0, 1, 2, 5] {
        let running = start(stage, &mut balance)?;
        pump(stage, &running, &mut balance, frames)?;
        ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
        equal("owners", stage.counts()?.client, BUFFERS)?;
        balance.inside()?;
        balance.settle();
        let after = stage.video.dequeue_buffer(running.handle, 0);
        refused("dequeue after stream off", after, NodeError::NotStreaming)?;
        for buffer in (0..BUFFERS).map(BufferIndex) {
            ok("each buffer is the client's", stage.video.queue_buffer(running.handle, buffer))?;
            let twice = stage.video.queue_buffer(running.handle, buffer);
            refused("queue twice", twice, NodeError::BadBuffer)?;
        }
        ok("stream off when off", stage.video.stream_off(running.handle, STOP_MS))?;
        ok("close", stage.video.close(running.handle))?;
        stage.at_baseline()?;
    }
    let given: u32 = balance.given.iter().sum();
    Ok(Text::of(format_args!("{given} in, {given} out")))
}
