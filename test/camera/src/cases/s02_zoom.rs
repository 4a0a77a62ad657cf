//! S2: a client is inside of a set when the removal starts: the call ends once, with success or
//! Disconnected, and nothing is half set. The set is the hardest there is: the resizer's crop moves
//! while it streams (digital zoom), so it must also be whole in each picture.

use idl::subdev;
use idl::types::{BlockState, FormatChange, Handle, Rect, Which};

use super::removal::{self, Removal};
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok};
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Frame whose picture is compared: late enough for the crop to have been set before it.
const COMPARED: u32 = 9;
/// Frames before the crop moves.
const BEFORE: u32 = 3;
/// Moves in a row while the module goes.
const MOVES: u32 = 400;

struct Resizer {
    node: subdev::Client,
    handle: Handle,
}

impl Resizer {
    fn open(stage: &Stage) -> Result<Self, Failure> {
        let node = subdev::Client::to(stage.camera.resizer);
        Ok(Self { node, handle: ok("open the resizer", node.open())? })
    }

    fn state(&self) -> Result<BlockState, Failure> {
        ok("state", self.node.state(self.handle, Which::Active))
    }

    /// Reads a part of the input that begins at a place, half as large as the input.
    fn zoom(&self, left_px: u16) -> Result<BlockState, idl::ipc::Error<idl::types::NodeError>> {
        let crop = Rect { left_px, top_px: left_px, width_px: 72, height_px: 48 };
        self.node.adjust(self.handle, Which::Active, FormatChange::Crop(crop))
    }
}

/// Checksums of the frames up to [`COMPARED`], by their number; 0 = none came.
fn sums(stage: &mut Stage, running: &Running, sums: &mut [u32]) -> Result<(), Failure> {
    loop {
        let (sequence, _, sum) = stage.frame(running)?;
        if let Some(place) = sums.get_mut(sequence as usize) {
            *place = sum;
        }
        if sequence >= COMPARED {
            return equal("the number of the compared frame", sequence, COMPARED);
        }
    }
}

fn stop(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}

pub fn whole(stage: &mut Stage) -> Verdict {
    const COUNT: usize = COMPARED as usize + 1;
    let (mut plain, mut zoomed) = ([0; COUNT], [0; COUNT]);
    let running = stage.stream(4)?;
    sums(stage, &running, &mut plain)?;
    stop(stage, &running)?;

    let running = stage.stream(4)?;
    let resizer = Resizer::open(stage)?;
    let before = resizer.state()?;
    stage.run_frames(&running, BEFORE)?;
    let moved = ok("zoom", resizer.zoom(30))?;
    equal("the format", (moved.sink, moved.source), (before.sink, before.source))?;
    ensure!(moved.crop != before.crop, "the crop did not move: {:?}", moved.crop);
    equal("the active state", resizer.state()?, moved)?;
    sums(stage, &running, &mut zoomed)?;
    ok("close the resizer", resizer.node.close(resizer.handle))?;
    stop(stage, &running)?;
    ensure!(zoomed[COUNT - 1] != plain[COUNT - 1], "frame {COMPARED} does not show the zoom");

    // The same crop from the start on: the same picture.
    let running = stage.prepared(4, |stage| {
        let resizer = Resizer::open(stage)?;
        let set = ok("crop", resizer.zoom(30))?;
        equal("the crop", set.crop, moved.crop)?;
        ok("close the resizer", resizer.node.close(resizer.handle))
    })?;
    let mut expected = [0; COUNT];
    sums(stage, &running, &mut expected)?;
    stop(stage, &running)?;
    equal("frame with the crop set on the way", zoomed[COUNT - 1], expected[COUNT - 1])?;
    for (sequence, sum) in zoomed.iter().enumerate().filter(|(_, sum)| **sum != 0) {
        let known = *sum == plain[sequence] || *sum == expected[sequence];
        ensure!(known, "frame {sequence} shows neither crop: {sum:08x}");
    }
    Ok(Text::of(format_args!("crop {:?} to {:?}", before.crop, moved.crop)))
}

pub fn removed(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, BEFORE)?;
    let resizer = Resizer::open(stage)?;
    let frame = stage.bench.frame() + 1;
    stage.bench.at(frame, 60, drv_isp_regs::bench_control::UNPLUG, 0, 0)?;
    let mut last = None;
    for count in 0..MOVES {
        match resizer.zoom((count % 30) as u16) {
            Ok(state) => last = Some(state),
            Err(idl::ipc::Error::Disconnected(record)) => {
                let causes = Removal::Unplug.causes();
                names(
                    "zoom",
                    record,
                    &Ended { peer: stage.isp, generation: running.epoch, causes },
                )?;
                let again = disconnected("zoom", resizer.zoom(0))?;
                equal("the second answer", again, record)?;
                ensure!(last.is_some(), "no call came before the end");
                ok("close the resizer", resizer.node.close(resizer.handle))?;
                stage.wait_for("the end of the stream", QUIET_US, |stage| {
                    Ok(stage.record(running.handle).ok())
                })?;
                ok("close", stage.video.close(running.handle))?;
                Removal::Unplug.end(stage, running.epoch)?;
                let resizer = Resizer::open(stage)?;
                let fresh = resizer.state()?;
                ensure!(Some(fresh.crop) != last.map(|state| state.crop), "{fresh:?} is not new");
                ok("close the resizer", resizer.node.close(resizer.handle))?;
                removal::streams_again(stage, 2)?;
                return Ok(Text::of(format_args!("{count} moves, then {record:?}")));
            }
            other => return Err(failure!("move {count}: found {other:?}")),
        }
    }
    Err(failure!("{MOVES} moves and the module has not gone"))
}
