//! Lines of JSON for the host.

use core::fmt::Write;

use idl::types::{Disconnect, Entity, EntityFunction, Link, LinkFlags, Rect};
use serde::Serialize;
use task_client::{Frame, Layout, Step};

/// Longest line, in bytes (`line` of `idl/ctl.idol`).
pub const LINE_BYTES: usize = 512;

/// A line that is built and handed to the host.
pub struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Line {
    /// The line of a value.
    ///
    /// # Panics
    /// If it is longer than [`LINE_BYTES`]; a test builds the longest ones.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        let mut bytes = [0; LINE_BYTES];
        let Ok(length) = serde_json_core::to_slice(value, &mut bytes) else {
            panic!("a line is longer than LINE_BYTES")
        };
        Self { bytes, length }
    }

    /// Its text, without a line feed.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A rectangle as `[left, top, width, height]`, in pixels.
type Edges = [u16; 4];

fn edges(rect: Rect) -> Edges {
    [rect.left_px, rect.top_px, rect.width_px, rect.height_px]
}

/// Which part of the picture each block used.
#[derive(Clone, Copy, Serialize)]
pub struct Rects {
    sensor: Edges,
    ccdc: Edges,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<Edges>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resizer: Option<Edges>,
}

impl From<&Layout> for Rects {
    fn from(layout: &Layout) -> Self {
        Self {
            sensor: edges(layout.sensor),
            ccdc: edges(layout.ccdc),
            preview: layout.preview.map(edges),
            resizer: layout.resizer.map(edges),
        }
    }
}

/// A number as eight hexadecimal digits.
struct Hex {
    digits: [u8; 8],
    length: usize,
}

impl Hex {
    fn of(number: u32) -> Self {
        let mut hex = Self { digits: [b'0'; 8], length: 0 };
        // Eight digits always fit.
        let _ = write!(hex, "{number:08x}");
        hex
    }

    fn text(&self) -> &str {
        core::str::from_utf8(&self.digits).unwrap_or_default()
    }
}

impl Write for Hex {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        let room = self.digits.get_mut(self.length..end).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// What is said of a frame besides what the frame says itself.
#[derive(Clone, Copy)]
pub struct Shot<'a> {
    /// Where it came from, e.g. `video6`.
    pub node: &'a str,
    /// Number of the picture at the host, if it was sent.
    pub picture: Option<u32>,
    /// CRC-32 of the pixels.
    pub checksum: u32,
}

#[derive(Serialize)]
struct FrameLine<'a> {
    kind: &'a str,
    node: &'a str,
    sequence: u32,
    timestamp_us: u64,
    bytes: usize,
    crc32: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<u32>,
    epoch: u32,
    flags: u8,
    width: u16,
    height: u16,
    stride: u32,
    fourcc: &'a str,
    sensor_size: (u16, u16),
    rects: Rects,
}

/// The line of a frame.
#[must_use]
pub fn frame(shot: Shot<'_>, frame: &Frame<'_>, layout: &Layout) -> Line {
    let crc32 = Hex::of(shot.checksum);
    let fourcc = layout.output.pixel_format.0.to_le_bytes();
    Line::of(&FrameLine {
        kind: "frame",
        node: shot.node,
        sequence: frame.sequence(),
        timestamp_us: frame.timestamp_us(),
        bytes: frame.pixels().len(),
        crc32: crc32.text(),
        picture: shot.picture,
        epoch: frame.epoch().0,
        flags: frame.flags().0,
        width: layout.output.width_px,
        height: layout.output.height_px,
        stride: layout.output.stride_bytes,
        fourcc: core::str::from_utf8(&fourcc).unwrap_or_default(),
        sensor_size: layout.sensor_px,
        rects: layout.into(),
    })
}

#[derive(Serialize)]
struct AutoLine<'a> {
    kind: &'a str,
    time_us: u64,
    frame: u32,
    luma_q4: u32,
    exposure_lines: u32,
    gain_eighths: u32,
    red_q5: u8,
    blue_q5: u8,
}

/// The line of a measurement and what was set after it.
#[must_use]
pub fn auto(time_us: u64, step: &Step) -> Line {
    Line::of(&AutoLine {
        kind: "auto",
        time_us,
        frame: step.statistics.frame_number,
        luma_q4: step.measured.luma_q4,
        exposure_lines: step.settings.exposure_lines,
        gain_eighths: step.settings.gain_eighths,
        red_q5: step.settings.red_q5,
        blue_q5: step.settings.blue_q5,
    })
}

#[derive(Serialize)]
struct DisconnectedLine<'a> {
    kind: &'a str,
    time_us: u64,
    call: &'a str,
    peer: u8,
    generation: u32,
    cause: &'a str,
    hops: u8,
}

/// The line of a disconnect that `call` brought.
#[must_use]
pub fn disconnected(time_us: u64, call: &str, record: Disconnect) -> Line {
    Line::of(&DisconnectedLine {
        kind: "disconnected",
        time_us,
        call,
        peer: record.peer.0,
        generation: record.generation.0,
        cause: record.cause.name(),
        hops: record.hops,
    })
}

#[derive(Serialize)]
struct EventLine<'a> {
    kind: &'a str,
    time_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<u16>,
}

/// The line of something that happened: with how many, or with which error code.
#[must_use]
pub fn event(kind: &str, time_us: u64, count: Option<u32>, error: Option<u16>) -> Line {
    Line::of(&EventLine { kind, time_us, count, error })
}

#[derive(Serialize)]
struct EntityLine<'a> {
    kind: &'a str,
    id: u32,
    name: &'a str,
    function: &'a str,
    node: &'a str,
    number: u8,
    pads: u8,
    sinks: u8,
    default: bool,
}

/// The line of an entity.
#[must_use]
pub fn entity(entity: &Entity) -> Line {
    let description = &entity.description;
    let (node, number) = match description.node {
        idl::types::DeviceNode::Video(number) => ("video", number),
        idl::types::DeviceNode::Subdev(number) => ("v4l-subdev", number),
    };
    Line::of(&EntityLine {
        kind: "entity",
        id: entity.id.0,
        name: description.name.as_str(),
        function: function(description.function),
        node,
        number,
        pads: description.pads,
        sinks: description.sinks,
        default: description.default,
    })
}

fn function(function: EntityFunction) -> &'static str {
    match function {
        EntityFunction::CamSensor => "cam_sensor",
        EntityFunction::VidIfBridge => "vid_if_bridge",
        EntityFunction::PixelEncConv => "proc_video_pixel_enc_conv",
        EntityFunction::PixelFormatter => "proc_video_pixel_formatter",
        EntityFunction::Scaler => "proc_video_scaler",
        EntityFunction::Statistics => "proc_video_statistics",
        EntityFunction::IoV4l => "io_v4l",
    }
}

#[derive(Serialize)]
struct LinkLine<'a> {
    kind: &'a str,
    source: u32,
    source_pad: u8,
    sink: u32,
    sink_pad: u8,
    enabled: bool,
    immutable: bool,
}

/// The line of a link.
#[must_use]
pub fn link(link: &Link) -> Line {
    Line::of(&LinkLine {
        kind: "link",
        source: link.source.entity.0,
        source_pad: link.source.pad,
        sink: link.sink.entity.0,
        sink_pad: link.sink.pad,
        enabled: link.flags.contains(LinkFlags::ENABLED),
        immutable: link.flags.contains(LinkFlags::IMMUTABLE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, DeviceNode, EntityDescription, EntityId, Generation, Name, TaskIndex};

    fn text(line: &Line) -> &str {
        core::str::from_utf8(line.text()).unwrap()
    }

    #[test]
    fn a_disconnect_names_call_peer_and_cause() {
        let record = Disconnect {
            peer: TaskIndex(3),
            generation: Generation(7),
            cause: Cause::Unplugged,
            hops: 1,
        };
        let expected = r#"{"kind":"disconnected","time_us":12,"call":"dqbuf","peer":3,"generation":7,"cause":"unplugged","hops":1}"#;
        assert_eq!(text(&disconnected(12, "dqbuf", record)), expected);
    }

    #[test]
    fn names_are_escaped() {
        let description = EntityDescription {
            name: Name::new("a \"b\" \\ c"),
            function: EntityFunction::Scaler,
            pads: 2,
            sinks: 1,
            must_connect: 1,
            default: false,
            node: DeviceNode::Subdev(4),
        };
        let line = entity(&Entity { id: EntityId(5), description });
        assert!(text(&line).contains(r#""name":"a \"b\" \\ c""#), "{}", text(&line));
    }

    #[test]
    fn the_longest_frame_line_fits() {
        let widest = Some([u16::MAX; 4]);
        let line = Line::of(&FrameLine {
            kind: "frame",
            node: "video6",
            sequence: u32::MAX,
            timestamp_us: u64::MAX,
            bytes: u32::MAX as usize,
            crc32: Hex::of(u32::MAX).text(),
            picture: Some(u32::MAX),
            epoch: u32::MAX,
            flags: u8::MAX,
            width: u16::MAX,
            height: u16::MAX,
            stride: u32::MAX,
            fourcc: "YUYV",
            sensor_size: (u16::MAX, u16::MAX),
            rects: Rects {
                sensor: [u16::MAX; 4],
                ccdc: [u16::MAX; 4],
                preview: widest,
                resizer: widest,
            },
        });
        assert!(line.text().len() < LINE_BYTES);
    }

    #[test]
    fn checksums_have_eight_digits() {
        assert_eq!(Hex::of(0).text(), "00000000");
        assert_eq!(Hex::of(0xCBF4_3926).text(), "cbf43926");
    }
}
