//! Hardware that misbehaves, from a script and from the debugger.

use super::{LOOK, Served, path, refuse, succeed};
use anyhow::ensure;
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
