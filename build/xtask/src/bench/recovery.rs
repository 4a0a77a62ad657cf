//! How long after the driver's restart the client has a good frame again, in frame periods.
//!
//! The module is unplugged in the middle of a frame and plugged in again three frames later, each time
//! at another frame. A frame is good if its checksum is that of the frame with the same number before
//! the unplug: the scene and the noise of the sensor's model repeat. Time is virtual, so every run
//! gives the same figures. The worst of so few recoveries is printed, and no percentile.

use super::camera::{SMALL, prepared};
use super::rows::Figure;
use crate::machine::{Machine, Output};
use anyhow::Context;
use serde_json::Value;
use std::time::Duration;

/// Frames at which the module is unplugged, one run each.
const UNPLUGGED_AT: [u32; 5] = [5, 7, 9, 11, 13];
/// Whose restart counts.
const DRIVER: &str = "isp";

/// What the driver waits for before it says that it is ready, and what comes after that.
const READY: &str = "power, reset, 3648 table entries; then sensor, set-up, one frame";

/// A recovery, in frame periods from the restart.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Recovery {
    /// Until the good frame.
    periods: f64,
    /// Until the driver said that it is ready.
    ready: f64,
}

/// Measures all recoveries.
///
/// # Errors
/// The image does not build, or does not come back.
pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut periods = Vec::new();
    for unplug_at in UNPLUGGED_AT {
        let (dist, setup, _work) = prepared(&SMALL, Some(unplug_at))?;
        let driver = dist.layout.tasks.iter().position(|task| task.name == DRIVER);
        let mut machine = Machine::start(&setup)?;
        let mut lines = Vec::new();
        loop {
            match machine.next(Duration::from_secs(1)) {
                None => {}
                Some(Output::Line(line)) => lines.extend(serde_json::from_str::<Value>(&line)),
                Some(Output::End(_)) => break,
            }
        }
        let driver = driver.context("the image has no driver")? as u64;
        let recovery = recovery(&lines, driver);
        let context = || format!("no good frame after an unplug at frame {unplug_at}");
        periods.push(recovery.with_context(context)?);
    }
    periods.sort_by(|one: &Recovery, other| one.periods.total_cmp(&other.periods));
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    let [median, worst] = [periods.len() / 2, periods.len() - 1].map(|place| periods[place]);
    let note = format!("{:.2} T until the driver is ready: {READY}", median.ready);
    Ok(vec![
        Figure::new("recover.frame", rounded(median.periods)).noted(note),
        Figure::new("recover.frame.worst", rounded(worst.periods)),
    ])
}

/// Frame periods from the restart to the first frame whose checksum an earlier life's has, too.
fn recovery(lines: &[Value], driver: u64) -> Option<Recovery> {
    let kind = |line: &&Value, kind: &str| line["kind"] == kind;
    let mut story = lines.iter().filter(|line| kind(line, "story") && line["task"] == driver);
    let restarted = story.find(|line| line["what"] == "restarted")?;
    let ready = story.find(|line| line["what"] == "ready")?;
    let frames: Vec<_> = lines.iter().filter(|line| kind(line, "frame")).collect();
    let (before, after): (Vec<&Value>, Vec<&Value>) =
        frames.into_iter().partition(|frame| frame["epoch"] == 0);
    let same = |frame: &&&Value, other: &&Value| {
        ["node", "sequence", "crc32"].iter().all(|field| frame[*field] == other[*field])
    };
    let good = after.iter().find(|frame| before.iter().any(|other| same(frame, other)))?;
    let time = |line: &Value, field: &str| line[field].as_u64();
    let mut distances = Vec::new();
    for pair in before.windows(2).filter(|pair| pair[0]["node"] == pair[1]["node"]) {
        distances.push(time(pair[1], "timestamp_us")?.checked_sub(time(pair[0], "timestamp_us")?)?);
    }
    distances.sort_unstable();
    let period = *distances.get(distances.len() / 2)?;
    let begun = time(restarted, "time_us")?;
    let since = |at: u64| Some(at.checked_sub(begun)? as f64 / period as f64);
    let (periods, ready) = (since(time(good, "timestamp_us")?)?, since(time(ready, "time_us")?)?);
    Some(Recovery { periods, ready })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn frame(epoch: u32, sequence: u32, crc32: &str, timestamp_us: u64) -> Value {
        json!({"kind": "frame", "node": "video6", "epoch": epoch, "sequence": sequence,
            "crc32": crc32, "timestamp_us": timestamp_us})
    }

    #[test]
    fn a_recovery_ends_with_a_frame_that_is_right() {
        let lines = [
            frame(0, 0, "a", 100),
            frame(0, 1, "b", 110),
            frame(0, 2, "c", 120),
            json!({"kind": "story", "what": "restarted", "task": 2, "time_us": 150}),
            json!({"kind": "story", "what": "ready", "task": 3, "time_us": 160}),
            json!({"kind": "story", "what": "restarted", "task": 3, "time_us": 200}),
            json!({"kind": "story", "what": "ready", "task": 3, "time_us": 208}),
            frame(1, 0, "torn", 215),
            frame(1, 1, "b", 225),
        ];
        assert_eq!(recovery(&lines, 3), Some(Recovery { periods: 2.5, ready: 0.8 }));
        assert_eq!(recovery(&lines[..8], 3), None);
        assert_eq!(recovery(&lines, 9), None);
    }
}
