//! S8: the hardware faults on any access while its clock or power is off; the driver dies or the
//! module is removed: no access is logged afterwards, from any task; late interrupts and DMA are
//! dropped.

use drv_isp_regs::{ISP_IRQ, bench_control as control};
use userlib::sys_refresh_task_id;

use super::removal::{Removal, streams_again};
use crate::bench::Seen;
use crate::check::{Failure, Verdict, equal, ok};
use crate::clock::Deadline;
use crate::ensure;
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

/// How long nobody may touch anything, in microseconds.
const WATCH_US: u64 = 60_000;
/// Late interrupts that the bench raises meanwhile.
const LATE_IRQS: u32 = 5;

fn streaming(stage: &mut Stage) -> Result<Running, Failure> {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    stage.in_mid_frame()?;
    Ok(running)
}

/// Raises late interrupts for a while and gives what was seen since the mark.
fn watch(stage: &Stage) -> Result<Seen, Failure> {
    for _ in 0..LATE_IRQS {
        stage.bench.now(control::IRQ_SPURIOUS, 0, ISP_IRQ)?;
        stage.sleep_us(WATCH_US / u64::from(LATE_IRQS));
    }
    Ok(stage.bench.seen())
}

fn nothing(seen: Seen) -> Result<(), Failure> {
    let Seen { isp, faulting, foreign, .. } = seen;
    ensure!(isp == 0, "{isp} accesses to the ISP after its death: {seen:?}");
    ensure!(faulting == 0, "{faulting} faulting accesses after the death: {seen:?}");
    // Tried all the same, by a task that does not map what it touched.
    ensure!(foreign == 0, "{foreign} accesses stopped by the memory protection: {seen:?}");
    Ok(())
}

pub fn stopped(stage: &mut Stage) -> Verdict {
    let running = streaming(stage)?;
    Removal::Stop.begin(stage)?;
    // The driver is dead when the operator's call returns.
    stage.bench.mark();
    let seen = watch(stage)?;
    nothing(seen)?;
    equal("bytes written after the stop", seen.dma_bytes, 0)?;
    after(stage, &running, Removal::Stop)?;
    Ok(Text::of(format_args!("{LATE_IRQS} late interrupts, {seen:?}")))
}

pub fn unplugged(stage: &mut Stage) -> Verdict {
    let running = streaming(stage)?;
    let life = sys_refresh_task_id(stage.isp);
    Removal::Unplug.begin(stage)?;
    // The kernel ends the id of the life in the pass in which the life ends.
    let deadline = Deadline::after(QUIET_US);
    while sys_refresh_task_id(stage.isp) == life {
        ensure!(!deadline.is_over(), "the driver outlives its module");
    }
    stage.bench.mark();
    let seen = watch(stage)?;
    nothing(seen)?;
    equal("accesses to the control bus", seen.sensor_bus, 0)?;
    equal("bytes written after the unplug", seen.dma_bytes, 0)?;
    equal("late interrupts that the bench raised", seen.late_irqs, LATE_IRQS)?;
    after(stage, &running, Removal::Unplug)?;
    Ok(Text::of(format_args!("{seen:?}")))
}

fn after(stage: &mut Stage, running: &Running, removal: Removal) -> Result<(), Failure> {
    ok("close", stage.video.close(running.handle))?;
    removal.end(stage, running.epoch)?;
    streams_again(stage, 2)?;
    Ok(())
}
