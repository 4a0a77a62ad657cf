//! The oracle: what must hold whatever was injected into the driver.
//!
//! 0. The fault was done, once, and the supervisor's story of what followed has no gap: else a run in which
//!    nothing happened would be called one that survived.
//! 1. Kernel and supervisor live: the machine ends by the witness's word. Either one's death resets
//!    the machine before that.
//! 2. Each request of the client has exactly one result in time, by the witness's books.
//! 3. A disconnect names a life that ended, with its cause; the first one comes in time. A driver
//!    that answers nonsense ends the session and not yet its life. Of a death under a stream that went well
//!    until then, the client is told.
//! 4. Nobody dies but the module's drivers.
//! 5. Between quiet and the next life, or the end, DMA writes nothing and asks for nothing; at the end no
//!    buffer is with the hardware or in quarantine.
//! 6. Correct frames return: each frame of a later life is the clean run's, with a number that this has, and
//!    enough of them come; or the driver is down, and the supervisor says so.
//!
//! Wrong pixels of the life that was hit are no objection but a manifestation: the driver may be
//! wrong in any way until somebody ends it.

use super::class::Class;
use super::record::{Books, Death, Disconnected, Frame, Record};
use super::stage::MODULE;
use crate::machine::End;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use test_inject::FINISHED;

/// The task whose lives the witness watches (`test/inject/app.toml`).
const WATCHED: &str = "isp";

/// What was known before.
#[derive(Clone, Debug)]
pub struct Clean {
    /// CRC of frame 0, 1, ...
    pub crc32s: Vec<u32>,
    /// Sequence numbers of the frames of the clean run.
    pub sequences: Vec<u32>,
    /// The life that filled them; frames of another one are of a later life.
    pub epoch: u32,
    /// Refusals in the clean run (while the drivers start).
    pub refusals: usize,
    /// Longest time from a death to the client's disconnect, in microseconds.
    pub in_time_us: u64,
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Name of the task that faults are injected into.
    pub victim: String,
}

/// How a fault showed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manifested {
    /// The driver died, of this cause.
    Died(String),
    /// It delivered pixels that are not the clean run's.
    WrongFrame,
    /// It delivered a frame that was marked as damaged.
    DamagedFrame,
    /// It refused something, or no frame came in time.
    Refused,
    /// A frame is missing.
    MissingFrame,
}

impl fmt::Display for Manifested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died(cause) => write!(f, "died: {cause}"),
            Self::WrongFrame => write!(f, "wrong frame"),
            Self::DamagedFrame => write!(f, "damaged frame"),
            Self::Refused => write!(f, "refused"),
            Self::MissingFrame => write!(f, "missing frame"),
        }
    }
}

/// What became of a fault.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// How it showed, if it did.
    pub manifested: Option<Manifested>,
    /// What should not have happened.
    pub objections: Vec<String>,
    /// Requests of the client that ended with a typed disconnect.
    pub disconnected: usize,
    /// The driver is down for good, in order.
    pub down: bool,
    /// Accesses of DMA that the firewall refused.
    pub dma_refused: u32,
}

/// Judges a run.
#[must_use]
pub fn judge(record: &Record, class: Class, clean: &Clean) -> Judgement {
    let mut objections = Vec::new();
    done(record, class, &mut objections);
    let books = books(record, &mut objections);
    if let Some(books) = books {
        answers(books, &mut objections);
        dma(books, &mut objections);
        ending(record, books, &mut objections);
        known(record, books, clean, &mut objections);
    }
    deaths(record, clean, &mut objections);
    told(record, clean, &mut objections);
    untold(record, clean, &mut objections);
    later_frames(record, clean, &mut objections);
    let manifested = manifested(record, clean);
    if class == Class::None && manifested.is_some() {
        objections.push("nothing was injected, and something happened".into());
    }
    Judgement {
        manifested,
        objections,
        disconnected: record.disconnected.len(),
        down: books.is_some_and(|books| books.over == "down"),
        dma_refused: books.map_or(0, |books| books.dma_refused),
    }
}

/// Rule 0.
fn done(record: &Record, class: Class, objections: &mut Vec<String>) {
    let (count, expected) = match class {
        Class::Unplug => (record.unplugged as usize, 1),
        Class::None => (record.injected.len(), 0),
        _ => (record.injected.len(), 1),
    };
    if count != expected {
        objections.push(format!("the fault was done {count} times"));
    }
    if record.untold != 0 {
        objections.push(format!("{} events of the story are missing", record.untold));
    }
}

/// Rule 0: the kernel's word on deaths is the supervisor's.
fn known(record: &Record, books: &Books, clean: &Clean, objections: &mut Vec<String>) {
    let of_watched = |death: &&Death| task_name(clean, death.task) == WATCHED;
    let told = record.deaths.iter().filter(of_watched).count();
    if told != books.deaths as usize {
        let watched = books.deaths;
        objections
            .push(format!("{WATCHED} died {watched} times by its watch, {told} by the story"));
    }
}

/// Rule 1.
fn books<'a>(record: &'a Record, objections: &mut Vec<String>) -> Option<&'a Books> {
    match (record.end, record.books.as_slice()) {
        (End::Status(status), [books]) if status == i32::from(FINISHED) => Some(books),
        (End::Status(0), []) => {
            objections.push("the machine was reset: the kernel or the supervisor died".into());
            None
        }
        (end, books) => {
            objections.push(format!("{end}, with {} closings of the books", books.len()));
            if let Some(last) = record.other.iter().rev().find(|line| line.contains("bench:")) {
                objections.push(last.clone());
            }
            books.first()
        }
    }
}

/// Rule 2.
fn answers(books: &Books, objections: &mut Vec<String>) {
    let results = books.done + books.refused + books.disconnected;
    if results != books.requests {
        objections.push(format!("{} requests have {results} results", books.requests));
    }
    for (count, what) in [
        (books.twice, "answers came twice"),
        (books.unasked, "answers or requests were out of turn"),
        (books.overdue, "requests took too long"),
    ] {
        if count != 0 {
            objections.push(format!("{count} {what}"));
        }
    }
}

/// Rule 5.
fn dma(books: &Books, objections: &mut Vec<String>) {
    for (count, what) in [
        (books.late_bytes, "bytes were written by DMA after quiet"),
        (books.late_refused, "accesses of DMA were refused after quiet"),
        (books.in_hardware, "buffers are still with the hardware"),
        (books.quarantined, "buffers are still in quarantine"),
    ] {
        if count != 0 {
            objections.push(format!("{count} {what}"));
        }
    }
}

/// Rule 6, the end.
fn ending(record: &Record, books: &Books, objections: &mut Vec<String>) {
    match (books.over.as_str(), books.outlook.as_str()) {
        ("streamed", "ready") => {}
        ("down", "failed") if !record.deaths.is_empty() => {}
        (over, outlook) => objections.push(format!("{over}, with the driver's outlook {outlook}")),
    }
}

/// Rule 4.
fn deaths(record: &Record, clean: &Clean, objections: &mut Vec<String>) {
    for death in &record.deaths {
        let name = task_name(clean, death.task);
        if !MODULE.contains(&name.as_str()) {
            objections.push(format!("the fault spread: {name} died, {}", death.cause));
        }
    }
}

/// Rule 3.
fn told(record: &Record, clean: &Clean, objections: &mut Vec<String>) {
    let mut known = BTreeSet::new();
    for disconnected in &record.disconnected {
        let (peer, generation) = (disconnected.peer, disconnected.generation);
        let death =
            record.deaths.iter().find(|death| (death.task, death.generation) == (peer, generation));
        let name = task_name(clean, peer);
        match death {
            None => objections.push(format!("{name} generation {generation} never died")),
            // An answer of a living driver made no sense: that ends the session, and its life later.
            Some(death)
                if MODULE.contains(&name.as_str()) && lived(record, disconnected, death) => {}
            Some(death) if death.cause != disconnected.cause => objections.push(format!(
                "{name} died {}, the client was told {}",
                death.cause, disconnected.cause
            )),
            Some(death) => {
                let late_us = disconnected.time_us.saturating_sub(death.time_us);
                if known.insert((peer, generation)) && late_us > clean.in_time_us {
                    objections.push(format!("told {late_us} us after the death of {name}"));
                }
            }
        }
    }
}

/// Rule 3, of the first death: a client that had no trouble before it had its stream open.
fn untold(record: &Record, clean: &Clean, objections: &mut Vec<String>) {
    let hit = |death: &&Death| task_name(clean, death.task) == clean.victim;
    let Some(death) = record.deaths.iter().find(hit) else { return };
    let earlier = record.frames.iter().filter(|frame| frame.time_us <= death.time_us);
    let went_well = earlier
        .clone()
        .all(|frame| frame.flags == 0 && !is_wrong(clean, frame.sequence, frame.crc32));
    let refused = record.refused.iter().filter(|refused| refused.time_us <= death.time_us);
    // With all of its frames it stops in order.
    let streams = earlier.count() < clean.sequences.len() && refused.count() <= clean.refusals;
    if went_well && streams && record.disconnected.is_empty() {
        objections.push(format!("the client was never told that {} died", clean.victim));
    }
}

/// Whether the session ended while the driver lived: the client had it before the death, or the node
/// that ended it had told the supervisor by then. The client itself may get to run only afterwards.
fn lived(record: &Record, disconnected: &Disconnected, death: &Death) -> bool {
    let told = record.nonsense.iter().any(|told| {
        (told.peer, told.generation) == (death.task, death.generation)
            && told.time_us <= death.time_us
    });
    disconnected.cause == "session_ended" && (told || disconnected.time_us < death.time_us)
}

/// Rule 6, the frames.
fn later_frames(record: &Record, clean: &Clean, objections: &mut Vec<String>) {
    let is_later = |frame: &&Frame| frame.epoch > clean.epoch && frame.flags == 0;
    for Frame { sequence, crc32, epoch, .. } in record.frames.iter().filter(is_later) {
        match clean.crc32s.get(*sequence as usize) {
            Some(expected) if expected == crc32 => {}
            Some(_) => objections.push(format!("frame {sequence} of epoch {epoch} is wrong")),
            None => {
                objections.push(format!("epoch {epoch} has a frame {sequence}, which nobody knows"))
            }
        }
    }
}

fn is_wrong(clean: &Clean, sequence: u32, crc32: u32) -> bool {
    clean.crc32s.get(sequence as usize).is_some_and(|expected| *expected != crc32)
}

fn manifested(record: &Record, clean: &Clean) -> Option<Manifested> {
    let hit = |task| task_name(clean, task) == clean.victim;
    if let Some(death) =
        record.deaths.iter().find(|death| hit(death.task)).filter(|death| death.cause != "stopped")
    {
        return Some(Manifested::Died(death.cause.clone()));
    }
    let frames = &record.frames;
    if frames.iter().any(|frame| frame.flags == 0 && is_wrong(clean, frame.sequence, frame.crc32)) {
        return Some(Manifested::WrongFrame);
    }
    if frames.iter().any(|frame| frame.flags != 0) {
        return Some(Manifested::DamagedFrame);
    }
    if record.refused.len() > clean.refusals {
        return Some(Manifested::Refused);
    }
    let sequences = frames.iter().map(|frame| frame.sequence);
    (!sequences.eq(clean.sequences.iter().copied())).then_some(Manifested::MissingFrame)
}

fn task_name(clean: &Clean, index: u32) -> String {
    clean.tasks.get(index as usize).cloned().unwrap_or_else(|| format!("task {index}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean() -> Clean {
        Clean {
            crc32s: vec![10, 11, 12],
            sequences: vec![0, 1, 2],
            epoch: 0,
            refusals: 1,
            in_time_us: 10_000,
            victim: "isp".into(),
            tasks: ["supervisor", "power", "frames", "isp", "sensor", "graph"]
                .map(Into::into)
                .into(),
        }
    }

    const INJECTED: &str = "bench: injected code 00000010: 00000001 -> 00000003";
    const REFUSED: &str = r#"{"kind":"refused","call":"setup","error":2,"time_us":1}"#;

    fn frame(sequence: u32, crc32: u32, epoch: u32, flags: u32) -> String {
        format!(
            r#"{{"kind":"frame","sequence":{sequence},"crc32":{crc32},"epoch":{epoch},"flags":{flags},"time_us":{}}}"#,
            5 + 200 * epoch
        )
    }

    fn death(task: u32, generation: u32, cause: &str) -> String {
        format!(
            r#"{{"kind":"story","number":0,"time_us":100,"task":{task},"what":"death","generation":{generation},"cause":"{cause}"}}"#
        )
    }

    fn disconnected(generation: u32, cause: &str, time_us: u64) -> String {
        format!(
            r#"{{"kind":"disconnected","call":"dqbuf","peer":3,"generation":{generation},"cause":"{cause}","time_us":{time_us}}}"#
        )
    }

    /// Books in which all is well, but for these changes.
    fn books(changes: &[(&str, &str)]) -> String {
        let mut line = r#"{"kind":"books","over":"streamed","outlook":"ready","requests":9,"done":7,"refused":1,"disconnected":1,"twice":0,"unasked":0,"overdue":0,"deaths":1,"late_bytes":0,"late_refused":0,"dma_refused":0,"foreign":0,"in_hardware":0,"quarantined":0}"#.to_string();
        for (from, to) in changes {
            assert!(line.contains(from), "{from}");
            line = line.replacen(from, to, 1);
        }
        line
    }

    fn undisturbed() -> Vec<String> {
        let calm = books(&[(r#""deaths":1"#, r#""deaths":0"#)]);
        let frames = [frame(0, 10, 0, 0), frame(1, 11, 0, 0), frame(2, 12, 0, 0)];
        [&[REFUSED.into()], &frames[..], &[calm, INJECTED.into()]].concat()
    }

    fn recovered() -> Vec<String> {
        let mut lines = vec![REFUSED.into(), frame(0, 10, 0, 0), death(3, 0, "faulted")];
        lines.push(disconnected(0, "faulted", 2_000));
        lines.extend([frame(0, 10, 1, 0), frame(1, 11, 1, 0), frame(2, 12, 1, 0), books(&[])]);
        lines.push(INJECTED.into());
        lines
    }

    fn judged(lines: &[String], status: i32) -> Judgement {
        judge(&Record::read(lines, End::Status(status)), Class::CodeBit, &clean())
    }

    #[track_caller]
    fn check(lines: Vec<String>, expect: &str) {
        let judgement = judged(&lines, FINISHED.into());
        let all = judgement.objections.join("; ");
        match expect {
            "" => assert_eq!(all, ""),
            _ => assert!(all.contains(expect), "{all:?} does not contain {expect:?}"),
        }
    }

    fn replaced(mut lines: Vec<String>, index: usize, line: String) -> Vec<String> {
        lines[index] = line;
        lines
    }

    #[test]
    fn what_is_right_meets_no_objection() {
        check(undisturbed(), "");
        check(recovered(), "");
        assert_eq!(judged(&undisturbed(), 10).manifested, None);
        let died = Some(Manifested::Died("faulted".into()));
        assert_eq!(judged(&recovered(), 10).manifested, died);
    }

    #[test]
    fn a_reset_is_the_death_of_kernel_or_supervisor() {
        let mut lines = undisturbed();
        lines.remove(4);
        let judgement = judged(&lines, 0);
        assert!(judgement.objections[0].contains("reset"), "{judgement:?}");
        assert!(!judged(&undisturbed(), 0).objections.is_empty());
        assert!(!judged(&undisturbed(), 99).objections.is_empty());
        assert!(!judged(&lines, 10).objections.is_empty());
    }

    #[test]
    fn each_request_needs_exactly_one_result_in_time() {
        for (from, to, expect) in [
            (r#""done":7"#, r#""done":6"#, "9 requests have 8 results"),
            (r#""twice":0"#, r#""twice":1"#, "twice"),
            (r#""unasked":0"#, r#""unasked":2"#, "out of turn"),
            (r#""overdue":0"#, r#""overdue":1"#, "too long"),
        ] {
            check(replaced(undisturbed(), 4, books(&[(from, to)])), expect);
        }
    }

    #[test]
    fn dma_after_quiet_and_buffers_that_do_not_return_are_objected_to() {
        for (from, to, expect) in [
            (r#""late_bytes":0"#, r#""late_bytes":128"#, "128 bytes were written by DMA"),
            (r#""late_refused":0"#, r#""late_refused":1"#, "refused after quiet"),
            (r#""in_hardware":0"#, r#""in_hardware":1"#, "with the hardware"),
            (r#""quarantined":0"#, r#""quarantined":2"#, "quarantine"),
        ] {
            check(replaced(recovered(), 7, books(&[(from, to)])), expect);
        }
        let refused = books(&[(r#""dma_refused":0"#, r#""dma_refused":4"#)]);
        check(replaced(recovered(), 7, refused), "");
    }

    #[test]
    fn a_disconnect_names_a_death_and_comes_in_time() {
        check(replaced(recovered(), 3, disconnected(1, "faulted", 2_000)), "never died");
        check(replaced(recovered(), 3, disconnected(0, "stalled", 2_000)), "was told stalled");
        check(replaced(recovered(), 3, disconnected(0, "faulted", 20_000)), "after the death");
        check(replaced(recovered(), 3, disconnected(0, "session_ended", 50)), "");
        let late = disconnected(0, "session_ended", 2_000);
        check(replaced(recovered(), 3, late.clone()), "was told session_ended");
        let told = |time_us: u32, generation: u32| {
            let line = format!(
                r#"{{"kind":"story","number":0,"time_us":{time_us},"task":5,"what":"nonsense","generation":{generation},"peer":3}}"#
            );
            [vec![line], replaced(recovered(), 3, late.clone())].concat()
        };
        check(told(90, 0), "");
        check(told(110, 0), "was told session_ended");
        check(told(90, 1), "was told session_ended");
    }

    #[test]
    fn of_a_death_under_its_stream_the_client_is_told() {
        let mut lines = recovered();
        lines.remove(3);
        check(lines.clone(), "the client was never told that isp died");
        // After trouble it may have closed the stream.
        check(replaced(lines.clone(), 1, frame(0, 10, 0, 1)), "");
        check([&[REFUSED.into(), REFUSED.into()], &lines[..]].concat(), "");
    }

    #[test]
    fn faults_do_not_spread() {
        check(replaced(recovered(), 2, death(5, 0, "panicked")), "graph died, panicked");
        let with = |deaths: &[String]| [recovered(), deaths.to_vec()].concat();
        check(with(&[death(2, 0, "faulted")]), "frames died, faulted");
        check(with(&[death(5, 0, "faulted")]), "graph died, faulted");
        let mut lines = recovered();
        lines.push(death(4, 0, "dependency_lost"));
        check(lines, "");
    }

    #[test]
    fn frames_of_a_later_life_are_the_clean_runs() {
        check(replaced(recovered(), 5, frame(1, 99, 1, 0)), "frame 1 of epoch 1 is wrong");
        check(replaced(recovered(), 5, frame(1, 99, 1, 1)), "");
        check(replaced(recovered(), 5, frame(77, 99, 1, 0)), "epoch 1 has a frame 77");
        // The first life had no time for any.
        let mut lines = recovered();
        lines[5] = frame(1, 99, 1, 0);
        lines.remove(1);
        check(lines, "frame 1 of epoch 1 is wrong");
        check(replaced(undisturbed(), 2, frame(1, 99, 0, 0)), "");
    }

    #[test]
    fn the_driver_returns_or_is_down_in_order() {
        let over = |over: &str, outlook: &str| {
            let (over, outlook) =
                (format!(r#""over":"{over}""#), format!(r#""outlook":"{outlook}""#));
            books(&[(r#""over":"streamed""#, &over), (r#""outlook":"ready""#, &outlook)])
        };
        check(replaced(recovered(), 7, over("down", "failed")), "");
        for (what, outlook) in
            [("down", "absent"), ("gave_up", "ready"), ("silent", "ready"), ("streamed", "failed")]
        {
            check(replaced(recovered(), 7, over(what, outlook)), "with the driver's outlook");
        }
        check(replaced(undisturbed(), 4, over("down", "failed")), "with the driver's outlook");
    }

    #[test]
    fn each_way_to_manifest_is_seen() {
        let seen = |lines: &[String]| judged(lines, 10).manifested;
        let wrong = replaced(undisturbed(), 2, frame(1, 99, 0, 0));
        assert_eq!(seen(&wrong), Some(Manifested::WrongFrame));
        let damaged = replaced(undisturbed(), 2, frame(1, 99, 0, 1));
        assert_eq!(seen(&damaged), Some(Manifested::DamagedFrame));
        let gap = replaced(undisturbed(), 2, frame(2, 12, 0, 0));
        assert_eq!(seen(&gap), Some(Manifested::MissingFrame));
        let mut refused = undisturbed();
        refused.push(REFUSED.into());
        assert_eq!(seen(&refused), Some(Manifested::Refused));
    }

    #[test]
    fn a_run_without_a_fault_must_be_the_clean_run() {
        let judged = |mut lines: Vec<String>| {
            lines.pop();
            let record = Record::read(&lines, End::Status(FINISHED.into()));
            judge(&record, Class::None, &clean()).objections
        };
        assert_eq!(judged(undisturbed()), [""; 0]);
        assert_eq!(judged(recovered()), ["nothing was injected, and something happened"]);
    }

    /// A run that never came to the fault looks like one that survived it.
    #[test]
    fn a_fault_that_was_not_done_is_no_fault_that_did_not_show() {
        let without = |mut lines: Vec<String>| {
            lines.retain(|line| line != INJECTED);
            lines
        };
        check(without(undisturbed()), "the fault was done 0 times");
        check([undisturbed(), vec![INJECTED.into()]].concat(), "the fault was done 2 times");
        let unplugged = |lines: &[String]| {
            let record = Record::read(lines, End::Status(FINISHED.into()));
            judge(&record, Class::Unplug, &clean()).objections
        };
        assert_eq!(unplugged(&without(undisturbed())), ["the fault was done 0 times"]);
        let presence = |present: bool| {
            format!(
                r#"{{"kind":"story","number":0,"time_us":9,"task":1,"what":"presence","present":{present}}}"#
            )
        };
        let lines = [without(undisturbed()), vec![presence(false), presence(true)]].concat();
        assert_eq!(unplugged(&lines), [""; 0]);
    }

    /// What nobody tells cannot be objected to.
    #[test]
    fn a_story_with_a_gap_is_objected_to() {
        let other = |number: u32| {
            format!(
                r#"{{"kind":"story","number":{number},"time_us":9,"task":3,"what":"quiet","generation":0}}"#
            )
        };
        let with = |numbers: &[u32]| {
            let lines = numbers.iter().map(|number| other(*number));
            [recovered(), lines.collect()].concat()
        };
        check(with(&[1, 2]), "");
        check(with(&[2, 5]), "3 events of the story are missing");
        let unreadable = death(2, 0, "faulted").replace("\"task\":2,", "");
        check([vec![unreadable], undisturbed()].concat(), "1 events of the story are missing");
        let silent = books(&[(r#""deaths":1"#, r#""deaths":2"#)]);
        check(replaced(recovered(), 7, silent), "isp died 2 times by its watch, 1 by the story");
    }
}
