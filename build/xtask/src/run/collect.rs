//! Takes the machine's lines as they come: judges frames, keeps the story and the graph.

use super::graph_svg::{EntityBox, LinkArrow};
use super::judge::Judge;
use super::lines::{self, Entity, Event, Frame, Line, Link};
use super::options::Args;
use super::report::{EventJson, FrameJson, Report, flag_names};
use crate::machine::End;
use anyhow::Context;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::time::Instant;
use test_golden::{Picture, Scene, files};

/// Pictures in a row of the contact sheet.
const CONTACT_COLUMNS: usize = 6;
/// Width of a picture on the contact sheet, in pixels.
const CONTACT_WIDTH_PX: usize = 160;

/// Raw frames that the client takes at the end: of twelve, ten and eight bits.
const RAW_FRAMES: usize = 3;

/// Everything that a run said so far.
pub struct Collector {
    judge: Judge,
    work: PathBuf,
    tasks: Vec<String>,
    wanted: u32,
    unplug: bool,
    serve: bool,
    frames: Vec<FrameJson>,
    raw_frames: usize,
    events: Vec<EventJson>,
    pictures: Vec<Picture>,
    boxes: Vec<EntityBox>,
    arrows: Vec<LinkArrow>,
    problems: Vec<String>,
    files: Vec<String>,
    started: Instant,
    served: usize,
}

impl Collector {
    /// Nothing said yet. `tasks` are the names of the image's tasks, in task order.
    #[must_use]
    pub fn new(args: &Args, scene: Scene, work: &Path, tasks: Vec<String>) -> Self {
        Self {
            judge: Judge { scene, seed: args.seed, auto: args.auto },
            work: work.to_path_buf(),
            tasks,
            wanted: args.frames,
            unplug: args.unplug_frame().is_some(),
            serve: args.serve,
            frames: Vec::new(),
            raw_frames: 0,
            events: Vec::new(),
            pictures: Vec::new(),
            boxes: Vec::new(),
            arrows: Vec::new(),
            problems: Vec::new(),
            files: Vec::new(),
            started: Instant::now(),
            served: 0,
        }
    }

    /// Processed frames so far.
    #[must_use]
    pub fn frames(&self) -> usize {
        if self.serve { self.served } else { self.frames.len() - self.raw_frames }
    }

    /// Frames per second of wall time.
    #[must_use]
    pub fn rate(&self) -> String {
        format!("{:.1} frames/s", self.served as f64 / self.started.elapsed().as_secs_f64())
    }

    /// Takes one line; gives what to show of it.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn line(&mut self, line: &str) -> anyhow::Result<Vec<String>> {
        match lines::parse(line) {
            None => Ok(vec![line.to_string()]),
            Some(Err(error)) => {
                self.problems.push(format!("line not understood ({error}): {line}"));
                Ok(Vec::new())
            }
            Some(Ok(Line::Frame(_))) if self.serve => {
                self.served += 1;
                Ok(Vec::new())
            }
            Some(Ok(Line::Frame(frame))) => self.frame(&frame),
            Some(Ok(other)) => Ok(self.other(other).into_iter().collect()),
        }
    }

    fn frame(&mut self, frame: &Frame) -> anyhow::Result<Vec<String>> {
        let raw_file = self.work.join(format!("picture-{}.raw", frame.picture));
        let pixels = std::fs::read(&raw_file)
            .with_context(|| format!("frame {}: cannot read its pixels", frame.sequence))?;
        std::fs::remove_file(&raw_file)?;
        let verdict = self.judge.judge(frame, &pixels)?;
        let file = match verdict.picture {
            Some(picture) => {
                let file = format!("frame-{:03}.png", self.frames() + 1);
                files::write_png(&self.work.join(&file), &picture)?;
                self.pictures.push(picture);
                Some(file)
            }
            None => {
                self.raw_frames += 1;
                None
            }
        };
        self.files.extend(file.clone());
        for fault in &verdict.faults {
            self.problems.push(format!("{} frame {}: {fault}", frame.node, frame.sequence));
        }
        let flags = flag_names(frame.flags);
        let marks = flags.iter().map(|flag| format!("  {flag}")).collect::<String>();
        let shown = format!(
            "{:>9.3} ms  {:<8} frame {:<5} epoch {} crc {} {}{marks}{}",
            frame.timestamp_us as f64 / 1000.0,
            frame.node,
            frame.sequence,
            frame.epoch,
            frame.crc32,
            verdict.psnr_db.map_or("raw".into(), |psnr| format!("{psnr:.2} dB")),
            if verdict.faults.is_empty() { "" } else { "  WRONG" },
        );
        self.frames.push(FrameJson {
            sequence: frame.sequence,
            node: frame.node.clone(),
            timestamp_us: frame.timestamp_us,
            crc32: frame.crc32.clone(),
            psnr_db: verdict.psnr_db,
            epoch: frame.epoch,
            flags,
            file,
        });
        Ok(vec![shown])
    }

    fn other(&mut self, line: Line) -> Option<String> {
        match line {
            Line::Frame(_) => None,
            Line::Entity(Entity { id, name, node, number }) => {
                self.boxes.push(EntityBox { id, name, node: format!("/dev/{node}{number}") });
                None
            }
            Line::Link(Link { source, source_pad, sink, sink_pad, enabled }) => {
                let (source, sink) = ((source, source_pad), (sink, sink_pad));
                self.arrows.push(LinkArrow { source, sink, enabled });
                None
            }
            Line::Event(event) => Some(self.event(event)),
        }
    }

    /// Task indices become names: in the event's own task, and in its `peer`.
    fn event(&mut self, event: Event) -> String {
        let Event { kind, time_us, task, mut detail } = event;
        let task = task.map_or_else(|| "capture".to_string(), |index| self.task_name(index));
        if let Some(peer) = detail.get("peer").and_then(Value::as_u64) {
            detail.insert("peer".into(), Value::String(self.task_name(peer as usize)));
        }
        let shown =
            format!("{:>9.3} ms  {task:<10} {kind} {}", time_us as f64 / 1000.0, words(&detail));
        self.events.push(EventJson { time_us, task, kind, detail });
        shown
    }

    fn task_name(&self, index: usize) -> String {
        self.tasks.get(index).cloned().unwrap_or_else(|| format!("task {index}"))
    }

    /// Closes the run: writes contact sheet and graph, and says whether all of it happened.
    #[must_use]
    pub fn finish(mut self, end: End) -> Report {
        if let Err(error) = self.write_sheets() {
            self.problems.push(format!("{error:#}"));
        }
        self.check(end);
        Report::new(self.frames, self.events, self.problems, self.files)
    }

    fn write_sheets(&mut self) -> anyhow::Result<()> {
        if !self.pictures.is_empty() {
            let sheet = files::contact_sheet(&self.pictures, CONTACT_COLUMNS, CONTACT_WIDTH_PX);
            files::write_png(&self.work.join("contact.png"), &sheet)?;
            self.files.push("contact.png".into());
        }
        if !self.boxes.is_empty() {
            let dot = super::graph_svg::dot(&self.boxes, &self.arrows);
            std::fs::write(self.work.join("graph.svg"), super::graph_svg::svg(&dot)?)?;
            self.files.push("graph.svg".into());
        }
        Ok(())
    }

    /// What should have happened and did not.
    fn check(&mut self, end: End) {
        let mut miss = |what: String| self.problems.push(what);
        if end != End::Status(0) {
            miss(end.to_string());
        }
        let processed = self.frames.len() - self.raw_frames;
        if processed != self.wanted as usize {
            miss(format!("{processed} of {} frames arrived", self.wanted));
        }
        if self.raw_frames != RAW_FRAMES {
            miss(format!("{} of {RAW_FRAMES} raw frames arrived", self.raw_frames));
        }
        if self.boxes.is_empty() {
            miss("the image reported no media graph".into());
        }
        if self.unplug {
            self.problems.extend(missing_of_the_story(&self.events, &self.frames));
        }
    }
}

/// What an unplugged module must lead to: the client is told, the story has the end and the return
/// of the driver's life, and frames of a later life come.
fn missing_of_the_story(events: &[EventJson], frames: &[FrameJson]) -> Vec<String> {
    let Some(told) = events.iter().find(|event| event.kind == "disconnected") else {
        return vec!["the client was never told Disconnected".into()];
    };
    let (peer, generation) = (&told.detail["peer"], told.detail["generation"].as_u64());
    let mut missing = Vec::new();
    for kind in ["death", "quiet", "restarted"] {
        if !events.iter().any(|event| event.kind == kind && *peer == *event.task) {
            missing.push(format!("the story says nothing of `{kind}` of {peer}"));
        }
    }
    if !events.iter().any(|event| event.kind == "told" && event.detail.get("peer") == Some(peer)) {
        missing.push("the story does not say who was told".into());
    }
    if !frames.iter().any(|frame| Some(u64::from(frame.epoch)) > generation) {
        missing.push("no frame came back after the unplug".into());
    }
    missing
}

fn words(detail: &Map<String, Value>) -> String {
    let word = |(key, value): (&String, &Value)| match value {
        Value::Number(pc) if key == "pc" => format!("pc={:#010x}", pc.as_u64().unwrap_or_default()),
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    };
    detail.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(task: &str, kind: &str, detail: Value) -> EventJson {
        let detail = detail.as_object().expect("an object").clone();
        EventJson { time_us: 0, task: task.into(), kind: kind.into(), detail }
    }

    fn story() -> Vec<EventJson> {
        vec![
            event("isp", "death", json!({"generation": 0})),
            event("video6", "told", json!({"peer": "isp", "generation": 0})),
            event("isp", "quiet", json!({"generation": 0})),
            event("capture", "disconnected", json!({"peer": "isp", "generation": 0})),
            event("isp", "restarted", json!({"generation": 1})),
        ]
    }

    fn frames(epoch: u32) -> Vec<FrameJson> {
        let (node, crc32) = ("video6".to_string(), String::new());
        vec![FrameJson {
            sequence: 0,
            node,
            timestamp_us: 0,
            crc32,
            psnr_db: None,
            epoch,
            flags: Vec::new(),
            file: None,
        }]
    }

    #[test]
    fn frames_of_the_new_life_are_enough_when_the_first_frame_was_unplugged() {
        assert_eq!(missing_of_the_story(&story(), &frames(1)), Vec::<String>::new());
    }

    #[test]
    fn frames_of_the_ended_life_are_not_a_return() {
        assert_eq!(missing_of_the_story(&story(), &frames(0)).len(), 1);
    }

    #[test]
    fn each_part_of_the_story_must_be_there() {
        for part in 0..story().len() {
            let mut story = story();
            story.remove(part);
            assert_eq!(missing_of_the_story(&story, &frames(1)).len(), 1, "part {part}");
        }
    }
}
