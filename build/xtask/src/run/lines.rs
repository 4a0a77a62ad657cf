//! What the image says: one JSON object a line, with a `kind`.
//!
//! A line that is not JSON comes from the bench or the emulator and is shown as it is. Frames and
//! the graph have a form of their own; every other kind is an event and is kept field by field.

use idl::types::FrameFlags;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Rectangles of the pipeline, each `[left, top, width, height]` in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Rects {
    /// Window on the sensor's array, in array pixels.
    pub sensor: [u32; 4],
    /// Crop of the CCDC, on the sensor's picture.
    pub ccdc: [u32; 4],
    /// Crop of the preview engine, on the video port's picture, if it is in the pipeline.
    pub preview: Option<[u32; 4]>,
    /// Crop of the resizer, on the preview engine's picture, if it is in the pipeline.
    pub resizer: Option<[u32; 4]>,
}

/// A frame that a client got.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Frame {
    /// Node, e.g. `video6`.
    pub node: String,
    /// Frame number of the sensor since stream start.
    pub sequence: u32,
    /// Time of the frame's end, in microseconds since boot.
    pub timestamp_us: u64,
    /// Bytes of pixels.
    pub bytes: u32,
    /// CRC-32 that the client computed over its mapping, in hex.
    pub crc32: String,
    /// Number of the picture file.
    pub picture: u32,
    /// Generation of the driver that filled it.
    pub epoch: u32,
    /// Its marks.
    #[serde(deserialize_with = "marks")]
    pub flags: FrameFlags,
    /// Columns.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// From one line to the next, in bytes.
    pub stride: u32,
    /// The fourcc, e.g. `YUYV` or `BA10`.
    pub fourcc: String,
    /// Columns and lines of the sensor's picture.
    pub sensor_size: [u32; 2],
    /// The rectangles that the graph reported.
    pub rects: Rects,
}

/// An entity of the media graph.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entity {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Kind of device node: `video` or `v4l-subdev`.
    pub node: String,
    /// Number of the device node.
    pub number: u8,
}

/// A link of the media graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Source entity.
    pub source: u32,
    /// Its pad.
    pub source_pad: u8,
    /// Sink entity.
    pub sink: u32,
    /// Its pad.
    pub sink_pad: u8,
    /// Whether data can flow.
    pub enabled: bool,
}

/// Anything else that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: String,
    /// When, in microseconds since boot.
    pub time_us: u64,
    /// Index of the task that it is about, if the line says so.
    pub task: Option<usize>,
    /// The other fields.
    pub detail: Map<String, Value>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A frame arrived at a client.
    Frame(Box<Frame>),
    /// An entity of the media graph.
    Entity(Entity),
    /// A link of the media graph.
    Link(Link),
    /// A disconnect, a line of the supervisor's story, or a remark of the client.
    Event(Event),
}

/// Parses a line; `None` if it is not a JSON object.
///
/// # Errors
/// If it is JSON, but not of its kind's form.
pub fn parse(line: &str) -> Option<Result<Line, serde_json::Error>> {
    line.starts_with('{').then(|| {
        let mut fields: Map<String, Value> = serde_json::from_str(line)?;
        let kind = take_text(&mut fields, "kind");
        Ok(match kind.as_str() {
            "frame" => Line::Frame(serde_json::from_value(Value::Object(fields))?),
            "entity" => Line::Entity(serde_json::from_value(Value::Object(fields))?),
            "link" => Line::Link(serde_json::from_value(Value::Object(fields))?),
            _ => Line::Event(event(kind, fields)),
        })
    })
}

/// The client writes the bits as a number.
fn marks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FrameFlags, D::Error> {
    u8::deserialize(deserializer).map(FrameFlags)
}

fn take_text(fields: &mut Map<String, Value>, key: &str) -> String {
    let text = fields.remove(key).and_then(|value| value.as_str().map(str::to_string));
    text.unwrap_or_default()
}

/// A line of the story is named by what happened.
fn event(kind: String, mut detail: Map<String, Value>) -> Event {
    let mut take = |key: &str| detail.remove(key).and_then(|value| value.as_u64());
    let time_us = take("time_us").unwrap_or(0);
    let task = take("task").map(|index| index as usize);
    let kind = if kind == "story" {
        // The running number only serves to see gaps.
        detail.remove("number");
        take_text(&mut detail, "what")
    } else {
        kind
    };
    Event { kind, time_us, task, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_of(line: &str) -> Event {
        match parse(line) {
            Some(Ok(Line::Event(event))) => event,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_disconnect_keeps_its_record() {
        let event = event_of(
            r#"{"kind":"disconnected","time_us":5,"call":"dqbuf","peer":3,"generation":0,"cause":"unplugged"}"#,
        );
        assert_eq!((event.kind.as_str(), event.time_us), ("disconnected", 5));
        assert_eq!(event.detail["cause"], "unplugged");
    }

    #[test]
    fn a_line_of_the_story_is_named_by_what_happened() {
        let event = event_of(
            r#"{"kind":"story","number":9,"time_us":5,"task":3,"what":"death","cause":"stalled"}"#,
        );
        assert_eq!((event.kind.as_str(), event.task), ("death", Some(3)));
        assert!(!event.detail.contains_key("number"));
    }

    #[test]
    fn other_text_is_not_json_and_damaged_lines_are_errors() {
        assert!(parse("bench: started").is_none());
        assert!(matches!(parse(r#"{"kind":"frame"}"#), Some(Err(_))));
        assert!(matches!(parse(r#"{"kind":"#), Some(Err(_))));
    }
}
