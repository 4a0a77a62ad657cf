//! What statistics need dies, or hangs, while they are measured. S24: their node: the stream and the
//! engine go on, and the next life of the node measures. S46: the ledger. S25: the engine itself is
//! wedged when the stream stops.

use drv_isp_regs::{Block, bench_control as control};
use idl::types::{Control, OwnerCounts, StatisticsEngine};

use super::measuring::{AEWB, AEWB_POOL, Measuring, ROOM_BYTES, stop};
use super::removal;
use crate::check::{Failure, Verdict, at_most, disconnected, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

/// The driver waits so long for idle blocks (omap3isp: 1,000 ms per block), in microseconds.
const STOP_LIMIT_US: u64 = 1_000_000;
/// What the reset and the tables after it may take, in microseconds.
const RESET_US: u64 = 100_000;
/// Longest wait of the client, in milliseconds.
const PATIENCE_MS: u32 = 3_000;

/// A stream with an engine that has measured.
fn measured(stage: &mut Stage) -> Result<(Running, Measuring), Failure> {
    let running = stage.stream(4)?;
    let measuring = Measuring::begin(stage, AEWB.into())?;
    measures(stage, &running, &measuring)?;
    Ok((running, measuring))
}

fn measures(stage: &mut Stage, running: &Running, measuring: &Measuring) -> Result<(), Failure> {
    let mut bytes = [0; ROOM_BYTES];
    for _ in 0..2 {
        stage.run_frames(running, 1)?;
        let frame = measuring.event()?;
        let label = measuring.request(&mut bytes)?;
        equal("frame", label.frame_number, frame)?;
    }
    Ok(())
}

/// All buffers of the AEWB node are nobody's.
fn buffers_are_back(stage: &mut Stage) -> Result<(), Failure> {
    let idle = OwnerCounts { client: 5, ..OwnerCounts::default() };
    stage.wait_for("the buffers", QUIET_US, |stage| {
        let counts = ok("counts", stage.frames.counts(AEWB_POOL))?;
        Ok((counts == idle).then_some(()))
    })
}

pub fn node(stage: &mut Stage) -> Verdict {
    let (running, measuring) = measured(stage)?;
    let lives = stage.lives();
    let node = stage.aewb();
    stage.in_mid_frame()?;
    stage.control(node, Control::Restart)?;
    let gone = disconnected("request", measuring.node.request(measuring.handle, &mut [0; 64]))?;
    equal("who died", (gone.peer, gone.hops), (node, 0))?;
    stage.ready(node, Some(gone.generation))?;
    stage.statistics[StatisticsEngine::Aewb as usize].rebind();
    let interval_us = stage.run_frames(&running, 3)?;
    // What its last life left in the engine comes back, and the next one measures.
    let measuring = Measuring::begin(stage, AEWB.into())?;
    measures(stage, &running, &measuring)?;
    measuring.close()?;
    stop(stage, &running)?;
    buffers_are_back(stage)?;
    equal("refused by the firewall", stage.bench.seen().dma_refused, 0)?;
    stage.same_lives_but(&lives, &[node])?;
    Ok(Text::of(format_args!("frames every {interval_us} us all along")))
}

pub fn ledger(stage: &mut Stage) -> Verdict {
    let (running, measuring) = measured(stage)?;
    let frames = stage.frames.task_id();
    stage.control(frames.index(), Control::Restart)?;
    let record = stage.wait_for("the end of the handle", QUIET_US, |_| {
        Ok(disconnected("DQEVENT", measuring.node.dequeue_event(measuring.handle)).ok())
    })?;
    let told = (record.peer, record.generation);
    equal("who died", told, (frames.index(), frames.generation()))?;
    measuring.close()?;
    ok("close", stage.video.close(running.handle))?;
    stage.ready(frames.index(), Some(frames.generation()))?;
    stage.rebind();
    stage.wait_for("the ledger at its baseline", QUIET_US, |stage| Ok(stage.at_baseline().ok()))?;
    let (running, measuring) = measured(stage)?;
    measuring.close()?;
    stop(stage, &running)?;
    buffers_are_back(stage)?;
    Ok(Text::of(format_args!("then {record:?}, then measurements again")))
}

pub fn wedged(stage: &mut Stage) -> Verdict {
    let (running, measuring) = measured(stage)?;
    stage.bench.now(control::BUSY_STUCK, Block::H3a as u32, 0)?;
    // Pictures do not need it.
    stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    let begun_us = now_us();
    ok("stream off", stage.video.stream_off(running.handle, PATIENCE_MS))?;
    let took_us = now_us() - begun_us;
    ensure!(took_us >= STOP_LIMIT_US, "the engine was given only {took_us} us");
    at_most("stream off", took_us, STOP_LIMIT_US + RESET_US)?;
    ok("close", stage.video.close(running.handle))?;
    measuring.close()?;
    stage.at_baseline()?;
    buffers_are_back(stage)?;
    stage.bench.now(control::BUSY_RELEASE, Block::H3a as u32, 0)?;
    let epoch = removal::streams_again(stage, 2)?;
    equal("life of the ISP", epoch, running.epoch)?;
    let (running, measuring) = measured(stage)?;
    measuring.close()?;
    stop(stage, &running)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("stream off after {took_us} us")))
}
