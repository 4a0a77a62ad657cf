//! What a run said: the lines of client, witness and supervisor, as data.

use crate::machine::End;
use serde::Deserialize;
use test_bench::injection::Injected;

/// A frame that the client took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Frame {
    /// Number since stream start.
    pub sequence: u32,
    /// CRC-32 of its pixels.
    pub crc32: u32,
    /// The life of the driver that filled it.
    pub epoch: u32,
    /// Not 0: marked as damaged.
    pub flags: u32,
    /// End of the frame, in microseconds.
    pub time_us: u64,
}

/// The end of a life, as the supervisor tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Death {
    /// Whose.
    pub task: u32,
    /// Which life.
    pub generation: u32,
    /// Why.
    pub cause: String,
    /// When, in microseconds.
    pub time_us: u64,
}

/// A node could not decode an answer, and has ended the sessions with that life of the driver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Nonsense {
    /// Who answered.
    pub peer: u32,
    /// Which life.
    pub generation: u32,
    /// When the supervisor was told, in microseconds.
    pub time_us: u64,
}

/// A request that ended with a typed disconnect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Disconnected {
    /// Which request.
    pub call: String,
    /// Who died.
    pub peer: u32,
    /// Which life.
    pub generation: u32,
    /// Why.
    pub cause: String,
    /// When the client had it, in microseconds.
    pub time_us: u64,
}

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refused {
    /// Which request.
    pub call: String,
    /// Code of the error.
    pub error: u32,
    /// When the client had it, in microseconds.
    pub time_us: u64,
}

/// The witness's books at the end. Missing counts are a defect, so none has a default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Books {
    /// Why the run ended.
    pub over: String,
    /// What the supervisor said of the driver at the end.
    pub outlook: String,
    /// Requests announced.
    pub requests: u32,
    /// Requests that gave a value.
    pub done: u32,
    /// Requests that were refused.
    pub refused: u32,
    /// Requests that were disconnected.
    pub disconnected: u32,
    /// Second answers.
    pub twice: u32,
    /// Answers without a request, requests out of turn.
    pub unasked: u32,
    /// Requests that took too long.
    pub overdue: u32,
    /// Deaths of the driver that the witness was told of.
    pub deaths: u32,
    /// Bytes that DMA wrote between quiet and the next life.
    pub late_bytes: u32,
    /// Accesses of DMA that the firewall refused in that time.
    pub late_refused: u32,
    /// Accesses of DMA that the firewall refused in all.
    pub dma_refused: u32,
    /// Register accesses that the MPU stopped.
    pub foreign: u32,
    /// Buffers in the hardware at the end.
    pub in_hardware: u32,
    /// Buffers in quarantine at the end.
    pub quarantined: u32,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Frames in the order in which they were taken.
    pub frames: Vec<Frame>,
    /// Ends of lives.
    pub deaths: Vec<Death>,
    /// Answers that made no sense.
    pub nonsense: Vec<Nonsense>,
    /// The kill switch was thrown so often.
    pub kill_switch: u32,
    /// The module was pulled so often.
    pub unplugged: u32,
    /// Events of the story that are missing, or that nobody understands.
    pub untold: u32,
    /// Typed disconnects.
    pub disconnected: Vec<Disconnected>,
    /// Refusals.
    pub refused: Vec<Refused>,
    /// Each time that the witness closed its books; once is right.
    pub books: Vec<Books>,
    /// What the bench says that it changed.
    pub injected: Vec<Injected>,
    /// What the bench said else, and lines that nobody understands.
    pub other: Vec<String>,
    /// How the machine ended.
    pub end: End,
}

/// Each line of the bench begins with this.
const BENCH: &str = "bench: ";

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Frame(Frame),
    Disconnected(Disconnected),
    Refused(Refused),
    Books(Box<Books>),
    Overdue {},
    Story { number: u32, what: String, present: Option<bool> },
}

impl Record {
    /// The record of a run with these lines and this end.
    #[must_use]
    pub fn read(lines: &[String], end: End) -> Self {
        let mut record = Self {
            frames: Vec::new(),
            deaths: Vec::new(),
            nonsense: Vec::new(),
            kill_switch: 0,
            unplugged: 0,
            untold: 0,
            disconnected: Vec::new(),
            refused: Vec::new(),
            books: Vec::new(),
            injected: Vec::new(),
            other: Vec::new(),
            end,
        };
        let mut next = 0;
        for line in lines {
            match serde_json::from_str(line) {
                Ok(Line::Frame(frame)) => record.frames.push(frame),
                Ok(Line::Disconnected(disconnected)) => record.disconnected.push(disconnected),
                Ok(Line::Refused(refused)) => record.refused.push(refused),
                Ok(Line::Books(books)) => record.books.push(*books),
                Ok(Line::Overdue {}) => {}
                Ok(Line::Story { number, what, present }) => {
                    record.untold += number.saturating_sub(next);
                    next = next.max(number.saturating_add(1));
                    record.unplugged += u32::from(present == Some(false));
                    record.story(&what, line);
                }
                Err(_) => match line.strip_prefix(BENCH).and_then(Injected::read) {
                    Some(injected) => record.injected.push(injected),
                    None => record.other.push(line.clone()),
                },
            }
        }
        record
    }

    fn story(&mut self, what: &str, line: &str) {
        match what {
            "death" => match serde_json::from_str(line) {
                Ok(death) => self.deaths.push(death),
                Err(_) => self.not_understood(line),
            },
            "nonsense" => match serde_json::from_str(line) {
                Ok(nonsense) => self.nonsense.push(nonsense),
                Err(_) => self.not_understood(line),
            },
            "kill_switch" => self.kill_switch += 1,
            _ => {}
        }
    }

    fn not_understood(&mut self, line: &str) {
        self.untold += 1;
        self.other.push(line.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_three_become_one_record() {
        let lines = [
            r#"{"kind":"story","number":1,"time_us":5,"task":3,"what":"death","generation":0,"cause":"faulted"}"#,
            r#"{"kind":"story","number":2,"time_us":5,"task":3,"what":"quiet","generation":0}"#,
            r#"{"kind":"frame","sequence":0,"crc32":7,"epoch":1,"flags":0,"time_us":9}"#,
            r#"{"kind":"disconnected","call":"dqbuf","peer":3,"generation":0,"cause":"faulted","time_us":6}"#,
            r#"{"kind":"refused","call":"setup","error":2,"time_us":7}"#,
            "bench: no such thing",
            "bench: injected register 4: 00000001 -> 00000003",
            r#"{"kind":"books","over":"streamed"}"#,
        ];
        let record = Record::read(&lines.map(String::from), End::Status(10));
        assert_eq!((record.deaths.len(), record.frames.len()), (1, 1));
        assert_eq!((record.disconnected.len(), record.refused.len()), (1, 1));
        assert!(record.books.is_empty(), "books without counts are no books");
        assert_eq!(record.injected.iter().map(|change| change.after).collect::<Vec<_>>(), [3]);
        assert_eq!(record.other.len(), 2);
    }
}
