//! What a run ends with: one JSON object, or a short text.

use idl::types::FrameFlags;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::path::Path;

/// A frame in the JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct FrameJson {
    /// Frame number of the sensor since stream start.
    pub sequence: u32,
    /// Node.
    pub node: String,
    /// Time of the frame's end, in microseconds since boot.
    pub timestamp_us: u64,
    /// CRC-32 of the pixels.
    pub crc32: String,
    /// RGB PSNR against the scene; null for raw samples.
    pub psnr_db: Option<f64>,
    /// Generation of the driver.
    pub epoch: u32,
    /// Marks of the frame by name ([`flag_names`]); none: it is whole.
    pub flags: Vec<String>,
    /// Picture file; null for raw samples.
    pub file: Option<String>,
}

/// The marks of a frame by name, and bits that have none as a number.
#[must_use]
pub fn flag_names(flags: FrameFlags) -> Vec<String> {
    let known = [(FrameFlags::ERROR, "ERROR"), (FrameFlags::CANCELLED, "CANCELLED")];
    let set = known.iter().filter(|(flag, _)| flags.contains(*flag));
    let mut names: Vec<String> = set.map(|(_, name)| (*name).to_string()).collect();
    let others = known.iter().fold(flags.0, |left, (flag, _)| left & !flag.0);
    names.extend((others != 0).then(|| format!("{others:#x}")));
    names
}

/// An event in the JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct EventJson {
    /// When, in microseconds since boot.
    pub time_us: u64,
    /// About whom.
    pub task: String,
    /// What.
    pub kind: String,
    /// More about it.
    pub detail: Map<String, Value>,
}

/// The JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct RunJson {
    /// Whether all of it happened.
    pub ok: bool,
    /// Frames in the order of arrival.
    pub frames: Vec<FrameJson>,
    /// Events in the order of arrival.
    pub events: Vec<EventJson>,
}

/// The end of a run.
#[derive(Debug)]
pub struct Report {
    /// Whether all of it happened.
    pub ok: bool,
    /// For `--json`.
    pub json: RunJson,
    /// What went wrong.
    pub problems: Vec<String>,
    /// Finished files, relative to the work folder.
    pub files: Vec<String>,
}

/// Frames per second while a stream runs: over the distances of consecutive frames of one node, one epoch and one
/// stream, whose frames are numbered from zero, in the machine's own time (wall time unless instructions are counted).
fn rate(frames: &[FrameJson]) -> f64 {
    let distance = |pair: &[FrameJson]| {
        let one_stream = pair[0].node == pair[1].node
            && pair[0].epoch == pair[1].epoch
            && pair[0].sequence < pair[1].sequence;
        one_stream.then(|| pair[1].timestamp_us.saturating_sub(pair[0].timestamp_us))
    };
    let distances: Vec<u64> = frames.windows(2).filter_map(distance).collect();
    let total_us: u64 = distances.iter().sum();
    if total_us == 0 { 0.0 } else { distances.len() as f64 * 1e6 / total_us as f64 }
}

impl Report {
    /// Frames per second while the stream ran.
    #[must_use]
    pub fn rate(&self) -> f64 {
        rate(&self.json.frames)
    }

    /// Puts it together.
    #[must_use]
    pub fn new(
        frames: Vec<FrameJson>,
        events: Vec<EventJson>,
        problems: Vec<String>,
        files: Vec<String>,
    ) -> Self {
        let ok = problems.is_empty();
        Self { ok, json: RunJson { ok, frames, events }, problems, files }
    }

    /// The closing text.
    #[must_use]
    pub fn text(&self, out: &Path) -> String {
        let RunJson { frames, events, .. } = &self.json;
        let mut text = String::new();
        // Writing into a String cannot fail.
        for problem in &self.problems {
            let _ = writeln!(text, "PROBLEM: {problem}");
        }
        let psnr: Vec<f64> = frames.iter().filter_map(|frame| frame.psnr_db).collect();
        let least = psnr.iter().copied().fold(f64::INFINITY, f64::min);
        let _ = writeln!(
            text,
            "{} frames ({} raw), least PSNR {least:.2} dB, {:.1} frames/s, {} disconnects",
            frames.len(),
            frames.len() - psnr.len(),
            rate(frames),
            events.iter().filter(|event| event.kind == "disconnected").count(),
        );
        let _ = write!(text, "wrote {} files to {}", self.files.len(), out.display());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(node: &str, epoch: u32, sequence: u32, timestamp_us: u64) -> FrameJson {
        FrameJson {
            sequence,
            node: node.into(),
            timestamp_us,
            crc32: String::new(),
            psnr_db: None,
            epoch,
            flags: Vec::new(),
            file: None,
        }
    }

    #[test]
    fn marks_have_names_and_no_bit_is_left_out() {
        let names = |bits| flag_names(FrameFlags(bits)).join(" ");
        assert_eq!([0, 1, 2, 3].map(names), ["", "ERROR", "CANCELLED", "ERROR CANCELLED"]);
        assert_eq!([4, 0x81].map(names), ["0x4", "ERROR 0x80"]);
    }

    #[test]
    fn the_rate_leaves_out_the_gaps_of_an_unplug_and_between_streams() {
        let frames = [
            frame("video6", 0, 0, 0),
            frame("video6", 0, 1, 100_000),
            frame("video6", 1, 0, 900_000),
            frame("video6", 1, 1, 1_000_000),
            frame("video2", 1, 0, 5_000_000),
            frame("video2", 1, 0, 7_000_000),
        ];
        assert!((rate(&frames) - 10.0).abs() < 1e-9);
        assert!(rate(&frames[..1]).abs() < 1e-9);
    }
}
