//! Hardware that misbehaves, from a script and from the debugger.

use super::{Served, path, refuse, succeed};
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
