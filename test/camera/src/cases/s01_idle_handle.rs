//! S1: open handle, idle; isp removed: the name is gone from the list, every call but close and
//! reclaim gives Disconnected with always the same record, close works, memory is at its baseline.

use core::fmt::Debug;
use idl::ipc;
use idl::types::{
    BufferIndex, Disconnect, EntityId, FormatChange, GraphError, Handle, MbusCode, Name, NodeError,
    PadFormat, PadRef, PollEvents, Rect, Which,
};

use super::removal::Removal;
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok, refused};
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Names that must leave the list with the driver.
const NAMES: [&str; 4] =
    ["OMAP3 ISP CCDC", "OMAP3 ISP preview", "OMAP3 ISP resizer", "OMAP3 ISP resizer output"];

pub fn unplugged(stage: &mut Stage) -> Verdict {
    idle_handles(stage, Removal::Unplug)
}

pub fn stopped(stage: &mut Stage) -> Verdict {
    idle_handles(stage, Removal::Stop)
}

fn idle_handles(stage: &mut Stage, removal: Removal) -> Verdict {
    let life = stage.all_ready(None)?;
    let ids = find_all(stage)?;
    let video = stage.open_video()?;
    let media = ok("open media", stage.media.open())?;
    let subdev = ok("open subdev", stage.subdev.open())?;
    ok("a live handle works", stage.video.get_format(video))?;
    removal.begin(stage)?;
    stage.wait_for("the end of the handle", QUIET_US, |stage| Ok(stage.record(video).ok()))?;

    let ended = Ended { peer: stage.isp, generation: life, causes: removal.causes() };
    let mut calls = Calls { expected: None, ended, count: 0 };
    video_calls(stage, video, &mut calls)?;
    media_calls(stage, media, ids[0], &mut calls)?;
    subdev_calls(stage, subdev, &mut calls)?;
    let record = calls.expected.ok_or(failure!("no call was made"))?;
    refused(
        "reclaim of nothing",
        stage.video.reclaim(video, BufferIndex(0)),
        NodeError::BadBuffer,
    )?;

    names_are_gone(stage)?;
    refused("open video6", stage.video.open(), NodeError::NoDevice)?;
    refused("open media0", stage.media.open(), NodeError::NoDevice)?;
    refused("open subdev2", stage.subdev.open(), NodeError::NoDevice)?;

    removal.end(stage, life)?;
    for (name, (old, new)) in NAMES.iter().zip(ids.into_iter().zip(find_all(stage)?)) {
        ensure!(old != new, "{name} came back with its old id {old:?}");
    }
    equal("the record after the return", stage.record(video)?, record)?;
    ok("close video6", stage.video.close(video))?;
    ok("close media0", stage.media.close(media))?;
    ok("close subdev2", stage.subdev.close(subdev))?;
    refused("a closed handle", stage.video.get_format(video), NodeError::BadHandle)?;
    stage.at_baseline()?;
    let fresh = stage.open_video()?;
    ok("a new handle works", stage.video.get_format(fresh))?;
    ok("close", stage.video.close(fresh))?;
    stage.at_baseline()?;
    Ok(Text::of(format_args!("{} calls gave {record:?}", calls.count)))
}

/// Each call must give the same record.
struct Calls<'a> {
    expected: Option<Disconnect>,
    ended: Ended<'a>,
    count: u32,
}

impl Calls<'_> {
    fn made<T: Debug>(
        &mut self,
        what: &str,
        result: Result<T, ipc::Error<NodeError>>,
    ) -> Result<(), Failure> {
        let record = disconnected(what, result)?;
        names(what, record, &self.ended)?;
        self.count += 1;
        equal(what, record, *self.expected.get_or_insert(record))
    }
}

fn video_calls(stage: &Stage, handle: Handle, calls: &mut Calls<'_>) -> Result<(), Failure> {
    let node = &stage.video;
    let wanted = idl::types::PixFormat {
        width_px: 96,
        height_px: 64,
        pixel_format: idl::types::PixelFormat::YUYV,
        stride_bytes: 0,
        size_bytes: 0,
    };
    // Twice, so that a record that sticks only for a while is noticed.
    for _ in 0..2 {
        calls.made("query capability", node.query_capability(handle))?;
        calls.made("enum format", node.enum_format(handle, 0))?;
        let yuyv = idl::types::PixelFormat::YUYV;
        calls.made("enum frame sizes", node.enum_frame_sizes(handle, yuyv, 0))?;
        calls.made("enum frame intervals", node.enum_frame_intervals(handle, wanted, 0))?;
        calls.made("get format", node.get_format(handle))?;
        calls.made("set format", node.set_format(handle, wanted))?;
        calls.made("request buffers", node.request_buffers(handle, 4))?;
        calls.made("query buffer", node.query_buffer(handle, BufferIndex(0)))?;
        calls.made("queue buffer", node.queue_buffer(handle, BufferIndex(0)))?;
        calls.made("dequeue buffer", node.dequeue_buffer(handle, 0))?;
        calls.made("dequeue buffer, waiting", node.dequeue_buffer(handle, 100))?;
        calls.made("stream on", node.stream_on(handle))?;
        calls.made("stream off", node.stream_off(handle, 100))?;
        calls.made("poll", node.poll(handle, PollEvents::IN, 0))?;
        calls.made("poll, waiting", node.poll(handle, PollEvents::IN, 100))?;
        calls.made("dequeue event", node.dequeue_event(handle))?;
        calls.made("delegate", node.delegate(handle, stage.witnesses.task(0)))?;
    }
    Ok(())
}

fn media_calls(
    stage: &Stage,
    handle: Handle,
    entity: EntityId,
    calls: &mut Calls<'_>,
) -> Result<(), Failure> {
    let node = &stage.media;
    let pad = PadRef { entity, pad: 0 };
    calls.made("device info", node.device_info(handle))?;
    calls.made("topology version", node.topology_version(handle))?;
    calls.made("entity", node.entity(handle, 0, 0))?;
    calls.made("link", node.link(handle, 0, 0))?;
    calls.made("setup link", node.setup_link(handle, pad, pad, true))?;
    calls.made("poll media", node.poll(handle, PollEvents::PRI, 100))
}

fn subdev_calls(stage: &Stage, handle: Handle, calls: &mut Calls<'_>) -> Result<(), Failure> {
    let node = &stage.subdev;
    let change = FormatChange::Crop(Rect { left_px: 0, top_px: 0, width_px: 64, height_px: 64 });
    let format = PadFormat { width_px: 64, height_px: 64, code: MbusCode::SGRBG10 };
    for which in [Which::Try, Which::Active] {
        calls.made("state", node.state(handle, which))?;
        calls.made("adjust", node.adjust(handle, which, change))?;
        calls.made("enum mbus code", node.enum_mbus_code(handle, which, 0, 0))?;
        let sizes = node.enum_frame_size(handle, which, 0, format.code, 0);
        calls.made("enum frame size", sizes)?;
        let interval = node.enum_frame_interval(handle, which, 0, format, 0);
        calls.made("enum frame interval", interval)?;
    }
    calls.made("poll subdev", node.poll(handle, PollEvents::PRI, 100))
}

fn find_all(stage: &Stage) -> Result<[EntityId; NAMES.len()], Failure> {
    let mut ids = [EntityId(0); NAMES.len()];
    for (id, name) in ids.iter_mut().zip(NAMES) {
        *id = ok(name, stage.graph.find(Name::new(name)))?;
    }
    Ok(ids)
}

fn names_are_gone(stage: &Stage) -> Result<(), Failure> {
    for name in NAMES {
        match stage.graph.find(Name::new(name)) {
            Err(ipc::Error::Op(GraphError::NoSuchEntity)) => {}
            other => return Err(failure!("{name} is still listed: {other:?}")),
        }
    }
    Ok(())
}
