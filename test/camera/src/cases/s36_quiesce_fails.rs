//! S36: who should make the hardware quiet fails itself: the wait is bounded, the power is cut, the
//! device stays down, the system lives; an operator brings it back. And hardware that cannot be
//! reset: the driver is given up after a bounded number of lives.

use drv_isp_regs::bench_control as control;
use idl::types::{Control, Edge, NodeError, Outlook, StoryKind};

use super::removal;
use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

/// Lines that requests take to drain: longer than power lives.
const DRAIN_LINES: u32 = 30;
/// Eight lives of 42 ms each, and the delays between them (app.toml: 10 ms x 2 up to 1 s).
const GIVEN_UP_US: u64 = 3_000_000;

/// The device is down, nothing moves, and everybody else lives.
fn is_down(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    stage.bench.mark();
    stage.sleep_us(QUIET_US);
    let seen = stage.bench.seen();
    equal("bytes written", seen.dma_bytes, 0)?;
    equal("accesses to the ISP", seen.isp, 0)?;
    refused("open", stage.video.open(), NodeError::NoDevice)?;
    equal("which life", stage.record(running.handle)?.generation, running.epoch)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}

pub fn helper(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    stage.forget_story()?;
    let lives = stage.lives();
    stage.bench.now(control::DMA_DRAIN, DRAIN_LINES, 0)?;
    stage.in_mid_frame()?;
    stage.control(stage.isp, Control::Restart)?;
    equal("while it drains", stage.supervisor.outlook(stage.isp), Ok(Outlook::Settling))?;
    stage.control(stage.power, Control::Stop)?;
    stage.story("the kill switch", |event| (event.kind == StoryKind::KillSwitch).then_some(()))?;
    stage.published(stage.isp, Edge::Quiet, running.epoch)?;
    is_down(stage, &running)?;
    stage.same_lives_but(&lives, &[stage.power])?;

    stage.bench.now(control::DMA_DRAIN, 0, 0)?;
    stage.control(stage.power, Control::Start)?;
    let next = stage.all_ready(Some(running.epoch))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("life {} after {}", next.0, running.epoch.0)))
}

pub fn given_up(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    stage.bench.now(control::RESET_STUCK, 1, 0)?;
    stage.control(stage.isp, Control::Restart)?;
    let outlook = stage.wait_for("the last life", GIVEN_UP_US, |stage| {
        let outlook = ok("outlook", stage.supervisor.outlook(stage.isp))?;
        Ok(matches!(outlook, Outlook::Failed { .. }).then_some(outlook))
    })?;
    is_down(stage, &running)?;
    stage.same_lives(&lives)?;

    stage.bench.now(control::RESET_STUCK, 0, 0)?;
    stage.control(stage.isp, Control::Start)?;
    let next = stage.all_ready(Some(running.epoch))?;
    ensure!(next > running.epoch, "life {next:?}");
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{outlook:?}, then life {}", next.0)))
}
