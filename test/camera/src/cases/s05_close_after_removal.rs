//! S5: driver and graph are removed while a stream runs, then the client closes: ok, and no call
//! reaches the hardware. S6: the same with STREAMOFF first: Disconnected, not ok; close is still ok.

use idl::types::Control;

use super::removal;
use crate::check::{Verdict, disconnected, equal, ok};
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;

fn both_removed(stage: &mut Stage, stream_off: bool) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let graph = stage.graph.task_id().index();
    let lives = stage.lives();
    stage.control(stage.isp, Control::Stop)?;
    stage.control(graph, Control::Stop)?;
    stage.sleep_us(QUIET_US);
    stage.bench.mark();
    if stream_off {
        let off = stage.video.stream_off(running.handle, removal::STOP_MS);
        let record = disconnected("stream off", off)?;
        equal("the record", stage.record(running.handle)?, record)?;
    }
    ok("close", stage.video.close(running.handle))?;
    let seen = stage.bench.seen();
    equal("accesses to the ISP", seen.isp, 0)?;
    equal("accesses that faulted", seen.faulting, 0)?;
    stage.at_baseline()?;
    stage.control(graph, Control::Start)?;
    stage.control(stage.isp, Control::Start)?;
    stage.ready(graph, None)?;
    stage.rebind();
    let epoch = removal::streams_again(stage, 2)?;
    stage.same_lives_but(&lives, &[graph])?;
    Ok(Text::of(format_args!("streams again in life {}", epoch.0)))
}

pub fn closed(stage: &mut Stage) -> Verdict {
    both_removed(stage, false)
}

pub fn stream_off(stage: &mut Stage) -> Verdict {
    both_removed(stage, true)
}
