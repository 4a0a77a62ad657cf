//! S40: death during probe: nothing half-registered remains, the next life registers cleanly. S44: the
//! contact bounces, or another module comes: no start before quiet, debounced, new entity ids. S42:
//! interrupts of an old life reach the new one. S29: interrupts after removal are dropped.

use drv_isp_regs::{ISP_IRQ, bench_control as control};
use idl::types::{Control, Name, StoryKind};

use super::removal::{self, Removal};
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;

/// Times from replug to unplug, in microseconds: before, while and after the drivers probe.
const DELAYS_US: [u64; 10] =
    [1_000, 5_000, 15_000, 20_500, 21_500, 23_000, 25_000, 30_000, 40_000, 70_000];
/// Contacts of a bouncing pin.
const BOUNCES: u32 = 6;
/// Time between them, in microseconds; power waits for 20 ms without any.
const BOUNCE_US: u64 = 3_000;
/// Identity of another module.
const OTHER_MODULE: u32 = 42;
/// Spurious interrupts while a new life starts.
const SPURIOUS: u32 = 20;

const CCDC: &str = "OMAP3 ISP CCDC";

fn gone(stage: &mut Stage) -> Result<(), Failure> {
    stage.wait_for("absent", QUIET_US, |stage| {
        let outlook = ok("outlook", stage.supervisor.outlook(stage.isp))?;
        Ok((outlook == idl::types::Outlook::Absent).then_some(()))
    })
}

pub fn dies(stage: &mut Stage) -> Verdict {
    let first = stage.all_ready(None)?;
    let entities = stage.entities()?;
    stage.bench.unplug()?;
    gone(stage)?;
    for delay_us in DELAYS_US {
        stage.bench.replug()?;
        stage.sleep_us(delay_us);
        stage.bench.unplug()?;
        gone(stage)?;
        let version = ok("version", stage.graph.topology_version())?;
        let left = stage.graph.entity(version, 0);
        ensure!(left.is_err(), "after {delay_us} us there is still {left:?}");
    }
    stage.bench.replug()?;
    let last = stage.all_ready(Some(first))?;
    equal("entities", stage.entities()?, entities)?;
    stage.at_baseline()?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{} deaths, life {}", DELAYS_US.len(), last.0)))
}

pub fn bounces(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let entity = ok("find", stage.graph.find(Name::new(CCDC)))?;
    stage.forget_story()?;
    for _ in 0..BOUNCES {
        stage.bench.unplug()?;
        stage.sleep_us(BOUNCE_US);
        stage.bench.now(control::REPLUG, OTHER_MODULE, 0)?;
        stage.sleep_us(BOUNCE_US);
    }
    ok("close", stage.video.close(running.handle))?;
    let next = stage.all_ready(Some(running.epoch))?;
    equal("lives that passed", next.0 - running.epoch.0, 1)?;
    let renewed = ok("find", stage.graph.find(Name::new(CCDC)))?;
    ensure!(renewed != entity, "entity id {entity:?} was used again");
    let (isp, mut quiet, mut restarts) = (stage.isp, None, 0);
    let _ = stage.story("nothing: all of it is read", |event| {
        match event.kind {
            StoryKind::Published { edge: idl::types::Edge::Quiet, .. } if event.task == isp => {
                quiet = Some(event.number);
            }
            StoryKind::Restarted { .. } if event.task == isp => {
                restarts += u32::from(quiet.is_some_and(|quiet| quiet < event.number));
            }
            _ => {}
        }
        None::<()>
    });
    equal("restarts after quiet", restarts, 1)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{BOUNCES} bounces, one new life")))
}

pub fn old_interrupts(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    stage.in_mid_frame()?;
    stage.control(stage.isp, Control::Restart)?;
    for _ in 0..SPURIOUS {
        stage.bench.now(control::IRQ_SPURIOUS, 0, ISP_IRQ)?;
        stage.sleep_us(1_000);
    }
    ok("close", stage.video.close(running.handle))?;
    let next = stage.all_ready(Some(running.epoch))?;
    equal("lives that passed", next.0 - running.epoch.0, 1)?;
    let running = stage.stream(4)?;
    let (sequence, ..) = stage.frame(&running)?;
    for _ in 0..SPURIOUS {
        stage.bench.now(control::IRQ_SPURIOUS, 0, ISP_IRQ)?;
    }
    let (after, ..) = stage.frame(&running)?;
    ensure!(after > sequence, "frame {after} follows {sequence}");
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    Ok(Text::of(format_args!("frame {after} follows {sequence} in life {}", next.0)))
}

pub fn late_interrupts(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let lives = stage.lives();
    Removal::Unplug.begin(stage)?;
    gone(stage)?;
    stage.bench.mark();
    for _ in 0..SPURIOUS {
        stage.bench.now(control::IRQ_SPURIOUS, 0, ISP_IRQ)?;
        stage.sleep_us(500);
    }
    let seen = stage.bench.seen();
    equal("late interrupts", seen.late_irqs, SPURIOUS)?;
    equal("accesses because of them", (seen.isp, seen.faulting), (0, 0))?;
    ok("close", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("{SPURIOUS} interrupts were dropped")))
}
