//! S25: a block is wedged when its stream stops: the wait is bounded, the reset that ends it clears the
//! mark. S26: the same, and then the driver is removed. S17: the ISP, which supplies the sensor's
//! clock, goes first: the sensor lives on. S52: the sensor is killed in the middle of a bus transfer:
//! the bus is recovered before its next life.

use drv_isp_regs::{Block, bench_control as control};
use idl::types::{Control, Edge};

use super::removal::{self, Removal};
use crate::check::{Failure, Verdict, at_most, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

/// The driver waits so long for idle blocks (omap3isp: 1,000 ms per block), in microseconds.
const STOP_LIMIT_US: u64 = 1_000_000;
/// And so long for a CCDC to which no frame end comes (omap3isp: 2,000 ms).
const CCDC_STOP_LIMIT_US: u64 = 2_000_000;
/// What the reset and the tables after it may take, in microseconds.
const RESET_US: u64 = 100_000;
/// Longest wait of the client, in milliseconds.
const PATIENCE_MS: u32 = 3_000;
/// Moments after STREAMON at which the sensor is killed, in microseconds: its mode takes dozens of
/// transfers.
const MOMENTS_US: [u64; 4] = [0, 1_000, 2_000, 4_000];

fn wedged(stage: &mut Stage) -> Result<Running, Failure> {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    stage.bench.now(control::BUSY_STUCK, Block::Resizer as u32, 0)?;
    stage.in_mid_frame()?;
    Ok(running)
}

pub fn stopped(stage: &mut Stage) -> Verdict {
    let running = wedged(stage)?;
    let lives = stage.lives();
    let begun_us = now_us();
    ok("stream off", stage.video.stream_off(running.handle, PATIENCE_MS))?;
    let took_us = now_us() - begun_us;
    ensure!(took_us >= STOP_LIMIT_US, "the block was given only {took_us} us");
    at_most("stream off", took_us, STOP_LIMIT_US + RESET_US)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    stage.bench.now(control::BUSY_RELEASE, Block::Resizer as u32, 0)?;
    let epoch = removal::streams_again(stage, 2)?;
    equal("life of the ISP", epoch, running.epoch)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("stream off after {took_us} us")))
}

pub fn removed(stage: &mut Stage) -> Verdict {
    let running = wedged(stage)?;
    stage.forget_story()?;
    let begun_us = Removal::Stop.begin(stage)?;
    let quiet_us = stage.wait_for("quiet", QUIET_US, |stage| {
        Ok(stage.published(stage.isp, Edge::Quiet, running.epoch).ok())
    })?;
    at_most("removal to quiet", quiet_us - begun_us, QUIET_US)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    Removal::Stop.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("quiet after {} us", quiet_us - begun_us)))
}

pub fn clock(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let sensor = stage.ready(stage.sensor, None)?;
    stage.bench.mark();
    stage.control(stage.isp, Control::Restart)?;
    ok("close", stage.video.close(running.handle))?;
    stage.all_ready(Some(running.epoch))?;
    removal::streams_again(stage, 2)?;
    equal("life of the sensor", stage.ready(stage.sensor, None)?, sensor)?;
    equal("accesses that faulted", stage.bench.seen().faulting, 0)?;
    Ok(Text::of(format_args!("the sensor lives on in {sensor:?}")))
}

pub fn transfer(stage: &mut Stage) -> Verdict {
    let (mut transfers, mut longest_us) = (0, 0);
    for moment_us in MOMENTS_US {
        let running = stage.stream(4)?;
        let sensor = stage.ready(stage.sensor, None)?;
        stage.sleep_us(moment_us);
        stage.bench.mark();
        stage.control(stage.sensor, Control::Restart)?;
        let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
            Ok(stage.record(running.handle).ok())
        })?;
        equal("who died", (record.peer, record.generation), (stage.sensor, sensor))?;
        ok("close", stage.video.close(running.handle))?;
        stage.ready(stage.sensor, Some(sensor))?;
        // A frame that the sensor began and will never end keeps the blocks busy until the driver
        // gives them up.
        let begun_us = now_us();
        let limit_us = CCDC_STOP_LIMIT_US + RESET_US;
        stage
            .wait_for("the old stream's buffers", limit_us, |stage| Ok(stage.at_baseline().ok()))?;
        longest_us = longest_us.max(now_us() - begun_us);
        transfers += stage.bench.seen().sensor_bus;
        equal("life of the ISP", removal::streams_again(stage, 2)?, running.epoch)?;
    }
    ensure!(transfers > 0, "the sensor made no transfer");
    let kills = MOMENTS_US.len();
    Ok(Text::of(format_args!("{kills} kills, {transfers} accesses, settled in {longest_us} us")))
}
