//! The supervisor's events as lines of JSON: `{"kind":"story","what":"death",...}`.

use idl::types::{Edge, Note, PowerState, StoryEvent, StoryKind};
use serde::Serialize;

use crate::LINE_BYTES;

/// A line of the story. Fields that do not belong to `what` are left out.
#[derive(Clone, Copy, Default, Serialize)]
struct Line {
    kind: &'static str,
    number: u32,
    time_us: u64,
    task: u8,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiters: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handles: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pc: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_us: Option<u64>,
}

/// Writes the line of an event into `buffer`; gives its length in bytes.
///
/// # Panics
/// If it is longer than [`LINE_BYTES`]; a test builds the longest one.
pub fn line(event: &StoryEvent, buffer: &mut [u8; LINE_BYTES]) -> usize {
    let StoryEvent { number, time_us, task, kind } = *event;
    let told = what(kind);
    let line = Line { kind: "story", number, time_us, task: task.0, ..told };
    let Ok(length) = serde_json_core::to_slice(&line, buffer) else {
        panic!("a line of the story is longer than LINE_BYTES")
    };
    length
}

fn what(kind: StoryKind) -> Line {
    let empty = Line::default();
    match kind {
        StoryKind::Death { generation, cause } => Line {
            what: "death",
            generation: Some(generation.0),
            cause: Some(cause.name()),
            ..empty
        },
        StoryKind::Published { edge, generation } => {
            Line { what: edge_name(edge), generation: Some(generation.0), ..empty }
        }
        StoryKind::Restarted { generation } => {
            Line { what: "restarted", generation: Some(generation.0), ..empty }
        }
        StoryKind::Failed => Line { what: "failed", ..empty },
        StoryKind::KillSwitch => Line { what: "kill_switch", ..empty },
        StoryKind::Presence { present } => {
            Line { what: "presence", present: Some(present), ..empty }
        }
        StoryKind::Crashed { kind, pc, ended_us } => Line {
            what: "crashed",
            cause: Some(kind.name()),
            pc: Some(pc),
            ended_us: Some(ended_us),
            ..empty
        },
        StoryKind::Note(note) => noted(note),
    }
}

fn noted(note: Note) -> Line {
    let empty = Line::default();
    match note {
        Note::Told { peer, generation, waiters, handles } => Line {
            what: "told",
            peer: Some(peer.0),
            generation: Some(generation.0),
            waiters: Some(waiters),
            handles: Some(handles),
            ..empty
        },
        Note::WindowsShut { count } => Line { what: "windows_shut", count: Some(count), ..empty },
        Note::Released { count } => Line { what: "released", count: Some(count), ..empty },
        Note::Topology { version } => Line { what: "topology", version: Some(version), ..empty },
        Note::Nonsense { peer, generation } => {
            Line { what: "nonsense", peer: Some(peer.0), generation: Some(generation.0), ..empty }
        }
        Note::Power(state) => Line { what: "power", state: Some(power_name(state)), ..empty },
    }
}

fn edge_name(edge: Edge) -> &'static str {
    match edge {
        Edge::Removing => "removing",
        Edge::Died => "died",
        Edge::Quiet => "quiet",
        Edge::Ready => "ready",
    }
}

fn power_name(state: PowerState) -> &'static str {
    match state {
        PowerState::Absent => "absent",
        PowerState::Off => "off",
        PowerState::Rising => "rising",
        PowerState::On => "on",
        PowerState::Quiescing => "quiescing",
        PowerState::Suspending => "suspending",
        PowerState::Suspended => "suspended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, CrashKind, Generation, TaskIndex};

    fn check(kind: StoryKind, expected: &str) {
        let event = StoryEvent { number: 4, time_us: 5, task: TaskIndex(3), kind };
        let mut buffer = [0; LINE_BYTES];
        let length = line(&event, &mut buffer);
        let text = core::str::from_utf8(&buffer[..length]).unwrap();
        let head = r#"{"kind":"story","number":4,"time_us":5,"task":3,"#;
        assert_eq!(text, format!("{head}{expected}}}"));
    }

    #[test]
    fn each_kind_has_its_own_fields() {
        let generation = Generation(7);
        check(
            StoryKind::Death { generation, cause: Cause::Unplugged },
            r#""what":"death","generation":7,"cause":"unplugged""#,
        );
        check(
            StoryKind::Published { edge: Edge::Quiet, generation },
            r#""what":"quiet","generation":7"#,
        );
        check(StoryKind::Presence { present: false }, r#""what":"presence","present":false"#);
        let kind = CrashKind::Supervisor;
        check(
            StoryKind::Crashed { kind, pc: 258, ended_us: 9 },
            r#""what":"crashed","cause":"supervisor","pc":258,"ended_us":9"#,
        );
        check(StoryKind::KillSwitch, r#""what":"kill_switch""#);
        let peer = TaskIndex(3);
        check(
            StoryKind::Note(Note::Told { peer, generation, waiters: 1, handles: 2 }),
            r#""what":"told","generation":7,"peer":3,"waiters":1,"handles":2"#,
        );
        check(StoryKind::Note(Note::Power(PowerState::On)), r#""what":"power","state":"on""#);
    }

    #[test]
    fn the_longest_line_fits() {
        let note = Note::Told {
            peer: TaskIndex(255),
            generation: Generation(u32::MAX),
            waiters: u16::MAX,
            handles: u16::MAX,
        };
        let kind = CrashKind::NothingRunnable;
        let crashed = StoryKind::Crashed { kind, pc: u32::MAX, ended_us: u64::MAX };
        for kind in [StoryKind::Note(note), crashed] {
            let (number, time_us, task) = (u32::MAX, u64::MAX, TaskIndex(255));
            let event = StoryEvent { number, time_us, task, kind };
            assert!(line(&event, &mut [0; LINE_BYTES]) < LINE_BYTES);
        }
    }
}
