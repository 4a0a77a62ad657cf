//! Hardware that misbehaves, from a script and from the debugger.

use super::{LOOK, Served, difference, path, refuse, succeed, text, xtask};
use anyhow::ensure;
use serde_json::json;
use std::path::Path;

/// Late interrupts damage no frame; a script with an error is one line.
pub fn script(directory: &Path) -> anyhow::Result<()> {
    let (good, bad) = (directory.join("good.txt"), directory.join("bad.txt"));
    std::fs::write(&good, "# the ISP's line is late\n2:10 irq-late 3 isp\n")?;
    std::fs::write(&bad, "2:10 irq-late 3 isp\n3 explode 1\n")?;
    let out = directory.join("out");
    let common = ["run", "--deterministic", "--no-unplug", "--frames", "4", "--out", path(&out)?];
    let run = |script: &Path| -> anyhow::Result<Vec<String>> {
        let words = common.iter().copied().chain(["--fault", path(script)?]);
        Ok(words.map(String::from).collect())
    };
    let words = run(&good)?;
    succeed(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
    let words = run(&bad)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    refuse(&words, &["bad.txt", "line 2", "explode", "debug hw kinds"])
}

/// Least PSNR of a whole picture of the chart, in dB, and most of one that lost most of its lines.
const WHOLE_DB: f64 = 30.0;
const TORN_DB: f64 = 15.0;

/// A script tears a frame, pulls the module and puts it back, the same way each time; the run says which
/// picture is damaged, and that not all was as it should be.
pub fn script_twice(directory: &Path) -> anyhow::Result<()> {
    let script = directory.join("script.txt");
    std::fs::write(&script, "3:0 frame-torn 100 1\n6:200 unplug\n9:0 replug 0\n")?;
    let run = |name: &str| -> anyhow::Result<String> {
        let out = directory.join(name);
        let words = ["run", "--deterministic", "--json", "--no-unplug", "--frames", "12"];
        let more = ["--fault", path(&script)?, "--out", path(&out)?];
        let output = xtask(&[&words[..], &more].concat())?.output()?;
        ensure!(output.status.code() == Some(1), "ended with {}", output.status);
        Ok(text(&output.stdout))
    };
    let (first, second) = (run("a")?, run("b")?);
    ensure!(first == second, "two runs differ: {}", difference(&first, &second));
    let object: serde_json::Value = serde_json::from_str(&first)?;
    let list = |what: &str| object[what].as_array().cloned().unwrap_or_default();
    let mut frames = list("frames");
    frames.retain(|frame| frame["node"] == "video6");
    let quality = |frame: &serde_json::Value| frame["psnr_db"].as_f64();
    let torn: Vec<_> = frames.iter().filter(|frame| quality(frame) < Some(TORN_DB)).collect();
    ensure!(torn.len() == 1 && torn[0]["sequence"] == 2, "damaged pictures: {torn:?}");
    let marked: Vec<_> = frames.iter().map(|frame| frame["flags"] != json!([])).collect();
    ensure!(torn[0]["flags"] == json!(["ERROR"]), "the torn picture is not marked: {}", torn[0]);
    ensure!(marked.iter().filter(|is| **is).count() == 1, "another one is marked: {marked:?}");
    let whole = frames.iter().filter(|frame| quality(frame) >= Some(WHOLE_DB)).count();
    ensure!(frames.len() == 12 && whole == 11, "{whole} whole pictures of {}", frames.len());
    let last = &frames[frames.len() - 1];
    ensure!(last["epoch"] == 1, "the last picture is of the life before: {last}");
    let told = list("events");
    let told: Vec<_> = told.iter().filter(|event| event["kind"] == "disconnected").collect();
    ensure!(told.len() == 1, "{} disconnects: {first}", told.len());
    let detail = &told[0]["detail"];
    ensure!(detail["peer"] == "isp" && detail["generation"] == 0, "wrong record: {detail}");
    ensure!(detail["cause"] == "unplugged", "wrong cause: {detail}");
    Ok(())
}

/// A picture that is too long, and one that goes to a foreign address: `frames` says in its ring what its
/// firewall refused, while the stream goes on in the same life.
pub fn refused(directory: &Path) -> anyhow::Result<()> {
    let mut served = Served::start(directory, &["--no-unplug"])?;
    served.wait_for(&["hw", "log"], |text| text.contains("isp        write Resizer.PCR"))?;
    let count = |text: &str| text.lines().filter(|line| line.contains("Refused")).count();
    let mut before = count(&succeed(&["debug", "ringbuf", "frames"])?);
    ensure!(before == 0, "{before} accesses were refused before anything went wrong");
    // What is too long goes to the next buffer of the pool, and that may be open as the next to be filled.
    // Behind the last one nothing is, and of twice as many frames as there are buffers one goes there. A
    // stray of 4 MiB leaves the pool from each of them.
    for words in [["dma-long", "6", "8"], ["dma-stray", "4194304", "2"]] {
        succeed(&[&["debug", "hw", "misbehave"], &words[..]].concat())?;
        before = count(&served.wait_for(&["ringbuf", "frames"], |text| count(text) > before)?);
    }
    let life = |line: &str| line.split_whitespace().skip(1).take(2).eq(["isp", "0"]);
    let tasks = succeed(&["debug", "tasks"])?;
    ensure!(tasks.lines().any(life), "the driver did not survive: {tasks}");
    Ok(())
}

/// The camera is pulled and put back by hand; the access log of a quiet image and of its dump are
/// the same text, and end before the unplug.
pub fn by_hand(directory: &Path) -> anyhow::Result<()> {
    let kinds = succeed(&["debug", "hw", "kinds"])?;
    for part in ["irq-lost", "dma-stray", "sensor-nak"] {
        ensure!(kinds.contains(part), "{part:?} is not in {kinds}");
    }
    let mut served = Served::start(directory, &["--no-unplug"])?;
    served.wait_for(&["hw", "log"], |text| text.contains("isp        write Resizer.PCR"))?;
    succeed(&["debug", "hw", "unplug"])?;
    served.wait_for(&["tasks"], |text| text.contains("Unplugged"))?;
    let dump = directory.join("unplugged.core");
    let dump = path(&dump)?;
    // The host bridge goes on, through a block that is always there: of all accesses, the latest
    // are others at each look.
    let log = ["hw", "log", "--task", "isp"];
    let of_isp = |how: &[&str]| -> anyhow::Result<Vec<String>> {
        let text = succeed(&[how, &log].concat())?;
        Ok(text.lines().filter(|line| line.contains(" isp ")).map(String::from).collect())
    };
    let live = of_isp(&["debug"])?;
    succeed(&["debug", "dump", dump])?;
    let dead = of_isp(&["debug", "--dump", dump])?;
    ensure!(!live.is_empty() && live == dead, "live and dump differ: {live:?} {dead:?}");
    succeed(&["debug", "hw", "plug"])?;
    let next_life = |line: &str| line.split_whitespace().skip(1).take(2).eq(["isp", "1"]);
    served.wait_for(&["tasks"], |text| text.lines().any(next_life))?;
    served.wait_for(&["hw", "log"], |text| text.contains("isp        write Resizer.PCR"))?;
    Ok(())
}

/// Looks at the access log, until the driver of the ISP is quiet between two of them.
const QUIET_LOOKS: u32 = 20;

/// A stream rests while the camera is suspended, goes on after the resume, and no life ends.
pub fn suspend(directory: &Path) -> anyhow::Result<()> {
    let last_access = ["hw", "log", "--last", "1", "--task", "isp"];
    let life = |text: &str| {
        let of_isp = |line: &&str| line.split_whitespace().nth(1) == Some("isp");
        text.lines().find(of_isp).and_then(|line| line.split_whitespace().nth(2)).map(String::from)
    };
    let mut served = Served::start(directory, &["--no-unplug"])?;
    served.wait_for(&["hw", "log"], |text| text.contains("isp        write Resizer.PCR"))?;
    let before = life(&succeed(&["debug", "tasks"])?);
    ensure!(before.is_some(), "the driver is not among the tasks");
    let said = succeed(&["debug", "hw", "suspend"])?;
    ensure!(said.trim() == "suspend: done", "{said}");
    let access = |text: String| text.lines().last().map(String::from);
    let log: Vec<&str> = std::iter::once("debug").chain(last_access).collect();
    let mut quiet = access(succeed(&log)?);
    let mut looks = 0..QUIET_LOOKS;
    loop {
        std::thread::sleep(LOOK);
        let now = access(succeed(&log)?);
        if now == quiet {
            break;
        }
        quiet = now;
        ensure!(looks.next().is_some(), "the driver does not rest: {quiet:?}");
    }
    succeed(&["debug", "hw", "resume"])?;
    served.wait_for(&last_access, |text| access(text.into()) != quiet)?;
    served.wait_for(&["hw", "log"], |text| text.contains("isp        write Resizer.PCR"))?;
    let after = life(&succeed(&["debug", "tasks"])?);
    ensure!(before == after, "life {before:?} became {after:?}");
    Ok(())
}
