//! S32: set a control after removal: Disconnected; get of a cached value too. And what a control does
//! while all is well: it is seen in the picture.

use idl::subdev;
use idl::types::{AewbConfig, ControlId, ControlKind, Disconnect, Grid, Handle, NodeError};
use task_client::Subdev;

use super::measuring::{AEWB, Measuring, ROOM_BYTES, stop};
use super::removal::{self, Removal};
use crate::check::{Ended, Failure, Verdict, at_most, disconnected, equal, ok, refused};
use crate::reference;
use crate::stage::{FRAME_MS, QUIET_US, Running, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Brightness that is added, in codes.
const BRIGHTNESS: i32 = 40;
/// Brightness saturates where the picture is bright: at least so much must be seen, in 256ths.
const SEEN_MIN_Q8: u32 = 20 * 256;
/// Exposure of a dark picture, in lines: the default is 144.
const SHORT_EXPOSURE: i32 = 15;
/// Frames until a control of the sensor is in the picture: it takes effect two frames later, and a
/// frame or two were under way.
const SENSOR_DELAY_FRAMES: u32 = 6;

/// Controls of a node that are looked through.
const CONTROLS_MAX: u8 = 16;

/// An open subdev node with a control.
struct Controlled {
    node: subdev::Client,
    handle: Handle,
    id: ControlId,
}

impl Controlled {
    fn open(node: subdev::Client, id: ControlId) -> Result<Self, Failure> {
        Ok(Self { node, handle: ok("open", node.open())?, id })
    }

    fn get(&self) -> Result<i32, Failure> {
        ok("get control", self.node.get_control(self.handle, self.id))
    }

    fn set(&self, value: i32) -> Result<i32, Failure> {
        ok("set control", self.node.set_control(self.handle, self.id, value))
    }

    /// Each call about the control says the same.
    fn ended(&self) -> Result<Disconnect, Failure> {
        let Self { node, handle, id } = self;
        let got = disconnected("get control", node.get_control(*handle, *id))?;
        let set = disconnected("set control", node.set_control(*handle, *id, 1))?;
        let asked = disconnected("query control", node.query_control(*handle, 0))?;
        equal("set control", set, got)?;
        equal("query control", asked, got)?;
        Ok(got)
    }

    fn close(self) -> Result<(), Failure> {
        ok("close", self.node.close(self.handle))
    }
}

fn nodes(stage: &Stage) -> Result<(Controlled, Controlled), Failure> {
    let preview = subdev::Client::to(stage.camera.preview);
    let sensor = subdev::Client::to(stage.camera.sensor);
    let preview = Controlled::open(preview, ControlId::BRIGHTNESS)?;
    Ok((preview, Controlled::open(sensor, ControlId::EXPOSURE)?))
}

/// The test pattern is a menu: a client finds an item by its name, sets it, and sees it; after the
/// removal nobody names it.
pub fn menu(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
    let mut found = None;
    for index in 0..CONTROLS_MAX {
        match sensor.query_control(index) {
            Ok(control) if control.id == ControlId::TEST_PATTERN => found = Some(control),
            Ok(_) => {}
            Err(end) => {
                refused("the end of the list", Err::<(), _>(end), NodeError::NoSuchControl)?;
                break;
            }
        }
    }
    let Some(control) = found else { return Err(failure!("the sensor has no test pattern")) };
    equal("kind", control.kind, ControlKind::Menu)?;
    let id = ControlId::TEST_PATTERN;
    for item in control.minimum..=control.maximum {
        let name = ok("an item", sensor.menu_item(id, item as u32))?;
        ensure!(!name.as_str().is_empty(), "item {item} has no name");
        equal("its index", ok("by name", sensor.menu_index(id, name.as_str()))?, item)?;
    }
    let none = NodeError::NoSuchControl;
    refused("behind the last item", sensor.menu_item(id, control.maximum as u32 + 1), none)?;
    refused("no item", sensor.menu_item(id, u32::MAX), none)?;
    refused("no menu", sensor.menu_item(ControlId::EXPOSURE, 0), none)?;
    refused("another's menu", sensor.menu_item(ControlId::BRIGHTNESS, 0), none)?;
    refused("a name that there is not", sensor.menu_index(id, "Sunset"), none)?;
    let preview = ok("open the preview", Subdev::open(stage.camera.preview))?;
    refused("a block without menus", preview.menu_item(id, 0), none)?;
    ok("close", preview.close())?;
    let diagonal = ok("by name", sensor.menu_index(id, "Diagonal Gradient"))?;
    equal("the pattern of the statistics' cases", diagonal, reference::DIAGONAL)?;
    equal("set", ok("set control", sensor.set_control(id, diagonal))?, diagonal)?;

    Removal::Unplug.begin(stage)?;
    let record = stage.wait_for("the end of the handle", QUIET_US, |_| {
        Ok(sensor.menu_item(id, 0).err().and_then(|failure| failure.disconnect()))
    })?;
    equal("again", disconnected("query menu", sensor.menu_item(id, 0))?, record)?;
    ok("close", sensor.close())?;
    Removal::Unplug.end(stage, epoch)?;
    Ok(Text::of(format_args!("{} items", control.maximum - control.minimum + 1)))
}

pub fn ended(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let (preview, sensor) = nodes(stage)?;
    let sensor_life = stage.ready(stage.sensor, None)?;
    let defaults = (preview.get()?, sensor.get()?);
    equal("brightness", preview.set(1_000)?, 255)?;
    equal("exposure", sensor.set(SHORT_EXPOSURE)?, SHORT_EXPOSURE)?;
    equal("what was set", (preview.get()?, sensor.get()?), (255, SHORT_EXPOSURE))?;
    let unknown = preview.node.get_control(preview.handle, ControlId::EXPOSURE);
    refused("a control of another node", unknown, NodeError::NoSuchControl)?;

    Removal::Unplug.begin(stage)?;
    stage.wait_for("the end of both drivers", QUIET_US, |stage| {
        let gone = |task, life| {
            stage.supervisor.outlook(task).is_ok_and(|outlook| {
            !matches!(outlook, idl::types::Outlook::Ready { generation } if generation == life)
        })
        };
        Ok((gone(stage.isp, epoch) && gone(stage.sensor, sensor_life)).then_some(()))
    })?;
    for (node, peer, generation) in
        [(&preview, stage.isp, epoch), (&sensor, stage.sensor, sensor_life)]
    {
        let causes = Removal::Unplug.causes();
        let record = node.ended()?;
        crate::check::names("the record", record, &Ended { peer, generation, causes })?;
    }
    let next = Removal::Unplug.end(stage, epoch)?;
    ensure!(next > epoch, "life {next:?} follows {epoch:?}");
    for node in [&preview, &sensor] {
        node.ended()?;
    }
    preview.close()?;
    sensor.close()?;
    let (preview, sensor) = nodes(stage)?;
    equal("a new life starts at defaults", (preview.get()?, sensor.get()?), defaults)?;
    preview.close()?;
    sensor.close()?;
    Ok(Text::of(format_args!("defaults {defaults:?}")))
}

/// Mean luma of a frame that comes after `skip` others.
fn luma_q8(stage: &mut Stage, running: &Running, skip: u32) -> Result<u32, Failure> {
    stage.run_frames(running, skip)?;
    let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
    let place = ok("query", stage.video.query_buffer(running.handle, info.frame.buffer))?;
    let (offset, length) = (place.offset_bytes as usize, place.length_bytes as usize);
    let luma = stage.pool.pixels.part(offset, length).mean_luma_q8();
    ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
    Ok(luma)
}

pub fn seen(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let (preview, sensor) = nodes(stage)?;
    let before = luma_q8(stage, &running, 2)?;
    preview.set(BRIGHTNESS)?;
    // One frame may have been under way.
    let brighter = luma_q8(stage, &running, 4)?;
    let gained = brighter.saturating_sub(before);
    ensure!(gained >= SEEN_MIN_Q8, "luma {before}/256 before, {brighter}/256 with brightness");
    at_most("luma gained", gained.into(), (BRIGHTNESS as u64 + 1) * 256)?;
    preview.set(0)?;
    let again = luma_q8(stage, &running, 4)?;
    // The picture moves a little from frame to frame.
    ensure!(again.abs_diff(before) < SEEN_MIN_Q8 / 4, "luma {before}/256 came back as {again}/256");

    sensor.set(SHORT_EXPOSURE)?;
    let darker = luma_q8(stage, &running, SENSOR_DELAY_FRAMES)?;
    ensure!(darker < again / 2, "luma {again}/256 before, {darker}/256 after a short exposure");
    preview.close()?;
    sensor.close()?;
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    Ok(Text::of(format_args!("luma/256 {before}, bright {brighter}, short exposure {darker}")))
}

/// A grid that is its own mirror image in the sensor's picture, both ways, and that looks at each
/// pixel.
const MIRRORED: AewbConfig = AewbConfig {
    grid: Grid { left_px: 16, top_px: 4, width_px: 16, height_px: 16, columns: 8, rows: 7 },
    step_x_px: 2,
    step_y_px: 2,
    ..AEWB
};
/// The frame that is compared: something moves through the scene, so it must be the same one.
const FLIPPED_FRAME: u32 = 6;

/// Green of the columns and rows of the grid, summed up.
type Profile = ([u32; MIRRORED.grid.columns as usize], [u32; MIRRORED.grid.rows as usize]);

fn profile(bytes: &[u8]) -> Profile {
    let columns = usize::from(MIRRORED.grid.columns);
    let mut profile = ([0; MIRRORED.grid.columns as usize], [0; MIRRORED.grid.rows as usize]);
    // The first row is the black one; after each eighth window comes a packet of counts.
    for window in columns..columns * (usize::from(MIRRORED.grid.rows) + 1) {
        let packet = &bytes[16 * (window + window / 8)..];
        let green = u32::from(u16::from_le_bytes([packet[0], packet[1]]));
        profile.0[window % columns] += green;
        profile.1[window / columns - 1] += green;
    }
    profile
}

/// Streams with these flips, and gives the profile of one frame.
fn flipped(stage: &mut Stage, flips: (i32, i32)) -> Result<Profile, Failure> {
    let sensor = subdev::Client::to(stage.camera.sensor);
    let running = stage.prepared(4, |_| {
        for (id, value) in [(ControlId::HFLIP, flips.0), (ControlId::VFLIP, flips.1)] {
            let control = Controlled::open(sensor, id)?;
            equal("flip", control.set(value)?, value)?;
            control.close()?;
        }
        Ok(())
    })?;
    let measuring = Measuring::begin(stage, MIRRORED.into())?;
    let mut bytes = [0; ROOM_BYTES];
    loop {
        stage.run_frames(&running, 1)?;
        measuring.event()?;
        let label = measuring.request(&mut bytes)?;
        if label.frame_number >= FLIPPED_FRAME {
            equal("the frame", label.frame_number, FLIPPED_FRAME)?;
            break;
        }
    }
    measuring.close()?;
    stop(stage, &running)?;
    Ok(profile(&bytes))
}

fn distance<'a>(one: impl Iterator<Item = &'a u32>, other: impl Iterator<Item = &'a u32>) -> u32 {
    one.zip(other).map(|(one, other)| one.abs_diff(*other)).sum()
}

/// The picture is nearer to the mirrored than to the straight one, by far.
fn mirrored(what: &str, now: &[u32], before: &[u32]) -> Result<u32, Failure> {
    let straight = distance(now.iter(), before.iter());
    let mirrored = distance(now.iter(), before.iter().rev());
    ensure!(4 * mirrored < straight, "{what}: {now:?} is no mirror of {before:?}");
    Ok(mirrored)
}

pub fn flips(stage: &mut Stage) -> Verdict {
    let straight = flipped(stage, (0, 0))?;
    let horizontal = flipped(stage, (1, 0))?;
    let left_right = mirrored("columns", &horizontal.0, &straight.0)?;
    let both = flipped(stage, (1, 1))?;
    mirrored("columns", &both.0, &straight.0)?;
    let up_down = mirrored("rows", &both.1, &straight.1)?;
    Ok(Text::of(format_args!("off by {left_right} and {up_down} of {straight:?}")))
}
