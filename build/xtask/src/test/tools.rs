//! The commands that a user types, run as a user runs them: what they print, what they leave
//! behind, how they end.

mod access_log;
mod crash;
mod gdb;
mod hardware;
mod injection;
mod interfaces;

use super::report::{Case, Outcome};
use super::suite::{Progress, folder};
use crate::debug::current_file;
use crate::root;
use anyhow::{Context, bail, ensure};
use image::{Rgb, RgbImage};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a served image to stream, or to show what a case waits for.
const SERVE_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at a served image.
const LOOK: Duration = Duration::from_millis(500);

/// A case: name, and what it does in a folder of its own.
type Tool = (&'static str, fn(&Path) -> anyhow::Result<()>);

const TOOLS: &[Tool] = &[
    ("run_streams_unplugs_and_recovers", run_recovers),
    ("deterministic_runs_are_identical", deterministic),
    ("auto_exposes_and_balances", auto),
    ("any_photo_is_a_scene", photo),
    ("a_larger_size_gets_a_larger_pool", larger_size),
    ("bad_input_is_one_line_and_a_status", bad_input),
    ("a_missing_or_old_emulator_is_one_line_and_a_status", emulator),
    ("a_wrong_interface_is_one_line_and_a_status", interfaces::one_line_each),
    ("a_fault_script_makes_the_hardware_misbehave", hardware::script),
    ("a_fault_script_does_the_same_each_time", hardware::script_twice),
    ("the_ledger_says_what_its_firewall_refused", hardware::refused),
    ("the_camera_is_pulled_and_plugged_by_hand", hardware::by_hand),
    ("the_access_log_tells_of_what_reached_no_register", access_log::unanswered),
    ("the_camera_is_suspended_and_resumed_by_hand", hardware::suspend),
    ("a_live_image_and_its_dump_give_the_same_text", inspect),
    ("gdb_loads_the_dump", gdb::loads),
    ("a_dead_task_shows_its_source_line", dead_task),
    ("a_crashed_supervisor_is_told_by_the_next_boot", crash::reported),
    ("dist_writes_elfs_binaries_and_archive", dist),
    ("one_scenario_runs_by_its_name", one_scenario),
    ("one_kernel_case_runs_alone_and_leaves_junit", one_kernel_case),
    ("the_bench_prints_every_row", bench),
    ("the_bench_shows_where_a_row_spends_its_instructions", profile),
    ("every_stack_keeps_to_its_proven_bound", stacks),
    ("a_kernel_that_can_panic_is_no_image", kernel_panic),
    ("one_injected_panic_is_survived", inject_one),
    ("one_fault_of_each_class_flips_its_bits_and_nothing_else", injection::each_class),
    ("what_is_no_fault_is_one_line_and_a_status", injection::bad_input),
    ("a_short_campaign_is_survived_and_its_negative_control_is_not", campaign),
];

/// Runs the cases whose name contains `filter`.
///
/// # Errors
/// If the folder of the suite cannot be made.
pub fn run(filter: Option<&str>, progress: Progress<'_>) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (name, tool) in TOOLS.iter().filter(|(name, _)| filter.is_none_or(|f| name.contains(f))) {
        let directory = folder("tools").join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory)?;
        let started = Instant::now();
        let outcome = match tool(&directory) {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        let (suite, name) = ("tools".to_string(), (*name).to_string());
        let case = Case { suite, name, outcome, duration: started.elapsed() };
        progress(&case);
        cases.push(case);
    }
    Ok(cases)
}

fn xtask(words: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words).stdin(Stdio::null());
    Ok(command)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must succeed; gives its stdout.
fn succeed(words: &[&str]) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = xtask(words)?.output()?;
    let errors = text(&stderr);
    let last: Vec<&str> = errors.lines().rev().take(3).collect();
    ensure!(status.success(), "{words:?} ended with {status}: {last:?} {}", text(&stdout));
    Ok(text(&stdout))
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the target directory's path is not UTF-8")
}

fn run_recovers(directory: &Path) -> anyhow::Result<()> {
    let out = directory.join("out");
    std::fs::create_dir_all(&out)?;
    std::fs::write(out.join("frame-099.png"), "of a former run")?;
    let said = succeed(&["run", "--out", path(&out)?])?;
    ensure!(said.contains("33 frames (3 raw)") && said.contains("1 disconnects"), "said {said}");
    for file in ["frame-001.png", "frame-030.png", "contact.png", "graph.svg"] {
        ensure!(out.join(file).is_file(), "{file} is missing");
    }
    let left: Vec<_> = std::fs::read_dir(&out)?.filter_map(Result::ok).collect();
    ensure!(left.len() == 32, "{} files instead of 32", left.len());
    Ok(())
}

/// Where two texts part, and what each says there.
fn difference(first: &str, second: &str) -> String {
    let same = first.chars().zip(second.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(100)).take(200).collect();
    let (first, second): (String, String) = (around(first), around(second));
    format!("after {same} characters, {first:?} or {second:?}")
}

fn deterministic(directory: &Path) -> anyhow::Result<()> {
    let run = |name: &str, seed: &str| {
        let out = directory.join(name);
        let out = path(&out)?;
        let seed = ["--seed", seed];
        let words = ["run", "--deterministic", "--json", "--frames", "8", "--out", out];
        succeed(&[&words[..], &seed].concat())
    };
    let (first, second) = (run("a", "1")?, run("b", "1")?);
    ensure!(first == second, "two runs differ: {}", difference(&first, &second));
    let other = run("c", "2")?;
    ensure!(other != first, "another seed gives the same noise: {other}");
    let object: serde_json::Value = serde_json::from_str(&first)?;
    let keys: Vec<_> = object.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    ensure!(keys == ["events", "frames", "ok"], "the object's fields are {keys:?}");
    ensure!(object["ok"] == true, "not ok: {first}");
    let whole = |frame: &serde_json::Value| frame["flags"] == serde_json::json!([]);
    let frames = object["frames"].as_array().context("no list of frames")?;
    ensure!(!frames.is_empty() && frames.iter().all(whole), "a frame without its marks: {first}");
    let told = object["events"].as_array().into_iter().flatten();
    let told: Vec<_> = told.filter(|event| event["kind"] == "disconnected").collect();
    ensure!(told.len() == 1, "{} disconnects", told.len());
    let detail = &told[0]["detail"];
    ensure!(detail["peer"] == "isp" && detail["generation"] == 0, "wrong record: {detail}");
    ensure!(detail["cause"] == "unplugged", "wrong cause: {detail}");
    Ok(())
}

fn auto(directory: &Path) -> anyhow::Result<()> {
    let out = directory.join("out");
    let words = ["run", "--auto", "--deterministic", "--json", "--frames", "6", "--no-unplug"];
    let mut words = words.to_vec();
    words.extend(["--out", path(&out)?]);
    let object: serde_json::Value = serde_json::from_str(&succeed(&words)?)?;
    let told = object["events"].as_array().into_iter().flatten();
    let steps: Vec<_> = told.filter(|event| event["kind"] == "auto").collect();
    ensure!(steps.len() >= 3, "{} measurements in 6 frames", steps.len());
    let lines = |step: &serde_json::Value| step["detail"]["exposure_lines"].as_u64();
    let (first, last) = (lines(steps[0]), lines(steps[steps.len() - 1]));
    // The chart is a little brighter than mid-grey at the exposure that the driver begins with.
    ensure!(first.is_some() && last < Some(144), "exposure from {first:?} to {last:?}");
    Ok(())
}

/// Something with edges, gradients and texture, which is no chart.
fn make_photo(file: &Path) -> anyhow::Result<()> {
    let photo = RgbImage::from_fn(900, 700, |x, y| {
        let hill = 400 + ((x / 9) % 40) + (y % 7);
        let shade = ((x ^ y) % 32) as u8;
        if y > hill {
            Rgb([40 + shade, 90 + shade, 30])
        } else {
            Rgb([120, 160, (255 - y / 4) as u8])
        }
    });
    photo.save(file).context("cannot write a picture")
}

fn photo(directory: &Path) -> anyhow::Result<()> {
    let (scene, out) = (directory.join("photo.jpg"), directory.join("out"));
    make_photo(&scene)?;
    let (scene, out) = (path(&scene)?, path(&out)?);
    let said = succeed(&["run", "--scene", scene, "--frames", "4", "--no-unplug", "--out", out])?;
    ensure!(said.contains("least PSNR"), "no PSNR is printed: {said}");
    Ok(())
}

fn larger_size(directory: &Path) -> anyhow::Result<()> {
    let out = directory.join("out");
    let words = ["run", "--size", "800x600", "--frames", "3", "--no-unplug", "--out", path(&out)?];
    succeed(&words)?;
    let size = image::image_dimensions(out.join("frame-001.png"))?;
    ensure!(size == (800, 600), "the picture has {size:?} pixels");
    Ok(())
}

/// Arguments, and what the one line must contain.
type Bad<'a> = (Vec<&'a str>, &'a [&'a str]);

fn bad_input(directory: &Path) -> anyhow::Result<()> {
    let file = |name: &str, bytes: &[u8]| -> anyhow::Result<String> {
        let file = directory.join(name);
        std::fs::write(&file, bytes)?;
        Ok(path(&file)?.to_string())
    };
    let mut png = std::io::Cursor::new(Vec::new());
    RgbImage::new(64, 64).write_to(&mut png, image::ImageFormat::Png)?;
    let mut line = std::io::Cursor::new(Vec::new());
    RgbImage::new(30_000, 1).write_to(&mut line, image::ImageFormat::Png)?;
    let cut = file("cut.png", &png.get_ref()[..png.get_ref().len() / 2])?;
    let words = file("words.png", b"these are words")?;
    let line = file("line.png", line.get_ref())?;
    let out = directory.join("out");
    let manifest = |name: &str, more: &str| {
        let app = root::project().join("app.toml");
        file(name, format!("extends = {app:?}\nname = \"bad\"\n{more}").as_bytes())
    };
    let region = |name: &str, address: u32| {
        format!(
            "[regions.{name}]\nkind = \"fixed\"\naddress = {address}\nreaders = [\"capture\"]\n\
             bytes = 4096\n"
        )
    };
    let regions: String =
        (0..8).map(|n| region(&format!("r{n}"), 0x8080_0000 + n * 0x2000)).collect();
    let overlap = region("one", 0x8080_0000) + &region("two", 0x8080_0800);
    let unknown_key = manifest("key.toml", "[tasks.isp]\ncolour = 1\n")?;
    let overlap = manifest("overlap.toml", &overlap)?;
    let downhill = manifest("downhill.toml", "[tasks.frames.slots]\nidle = \"idle\"\n")?;
    let cycle = manifest("cycle.toml", "[tasks.isp.slots]\nvideo6 = \"video6\"\n")?;
    let regions = manifest("regions.toml", &regions)?;
    let empty = png_of_no_width(png.get_ref());
    let empty = file("empty.png", &empty)?;
    let bad: [Bad<'_>; 17] = [
        (vec!["run", "--colour"], &["--colour"]),
        (vec!["fly"], &["fly"]),
        (vec!["run", "--scene", "none.png"], &["none.png", "PNG or JPEG"]),
        (vec!["run", "--scene", &cut], &["cut.png", "complete picture"]),
        (vec!["run", "--scene", &words], &["words.png", "complete picture"]),
        (vec!["run", "--scene", &line], &["30000x1", "16"]),
        (vec!["run", "--scene", "a\nb.png"], &["a\\nb.png", "control character"]),
        (vec!["run", "--size", "641x480"], &["641x480", "640x480"]),
        (vec!["run", "--size", "big"], &["big", "640x480"]),
        (vec!["run", "--frames", "0"], &["--frames 0", "1"]),
        (vec!["run", "--scene", &empty], &["empty.png", "complete picture"]),
        (vec!["dist", &unknown_key], &["key.toml:4:1", "unknown key `colour`", "there is"]),
        (vec!["dist", &overlap], &["overlap.toml", "one", "two", "overlap"]),
        (vec!["dist", &downhill], &["downhill.toml:4:1", "slot `idle`", "more important"]),
        (vec!["dist", &cycle], &["cycle.toml:4:1", "isp -> video6 -> isp", "remove one"]),
        (vec!["dist", &regions], &["MPU regions", "r7", "at most 8", "map fewer"]),
        (vec!["debug", "--dump", &words, "tasks"], &["words.png", "dump"]),
    ];
    for (mut words, expect) in bad {
        if words[0] == "run" {
            words.extend(["--out", path(&out)?]);
        }
        refuse(&words, expect)?;
        ensure!(!out.exists(), "{words:?} left {} behind", out.display());
    }
    Ok(())
}

fn refuse(words: &[&str], expect: &[&str]) -> anyhow::Result<()> {
    refused(words, &xtask(words)?.output()?, expect)
}

fn refused(words: &[&str], output: &Output, expect: &[&str]) -> anyhow::Result<()> {
    let errors = text(&output.stderr);
    ensure!(!output.status.success(), "{words:?} was accepted");
    for part in expect {
        ensure!(errors.contains(part), "{words:?}: {part:?} is not in {errors:?}");
    }
    let lines = errors.trim_end().lines().count();
    ensure!(lines == 1, "{words:?}: {lines} lines: {errors}");
    Ok(())
}

/// A PNG whose header says that it is 0 pixels wide (PNG specification, 11.2.2).
fn png_of_no_width(png: &[u8]) -> Vec<u8> {
    let mut bytes = png.to_vec();
    bytes[16..20].fill(0);
    bytes
}

/// Without the right to install it, or with one that is too old.
fn emulator(directory: &Path) -> anyhow::Result<()> {
    let script = |name: &str, words: &str| -> anyhow::Result<()> {
        let file = directory.join(name);
        std::fs::write(&file, format!("#!/bin/sh\necho {words}\n"))?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        Ok(())
    };
    let setup = |expect: &[&str]| -> anyhow::Result<()> {
        let output = xtask(&["setup"])?.env("PATH", directory).output()?;
        refused(&["setup"], &output, expect)
    };
    // All that is asked for: where the toolchain is, and who the user is.
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    script("rustc", text(&sysroot.stdout).trim())?;
    script("id", "1000")?;
    setup(&["qemu-system-arm is missing", "needs root", "apt-get install"])?;
    script("qemu-system-arm", "QEMU emulator version 6.2.0")?;
    setup(&["qemu-system-arm 6.2 is too old", "7.2 or newer", "install"])
}

/// A served image. Dropping it stops it.
struct Served(Child);

impl Served {
    fn start(directory: &Path, more: &[&str]) -> anyhow::Result<Self> {
        // Not within the limit of a look.
        succeed(&["dist"])?;
        let out = directory.join("out");
        let mut words = vec!["run", "--serve", "--out", path(&out)?];
        words.extend(more);
        let log = std::fs::File::create(directory.join("serve.log"))?;
        let served = Self(xtask(&words)?.stdout(Stdio::null()).stderr(log).spawn()?);
        Ok(served)
    }

    /// Looks until `debug` with these words shows what is wanted.
    fn wait_for(
        &mut self,
        words: &[&str],
        wanted: impl Fn(&str) -> bool,
    ) -> anyhow::Result<String> {
        let mut command = vec!["debug"];
        command.extend(words);
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < SERVE_LIMIT {
            std::thread::sleep(LOOK);
            if let Some(status) = self.0.try_wait()? {
                bail!("the served image ended with {status}; it showed: {last}");
            }
            let current = std::fs::read_to_string(current_file()).unwrap_or_default();
            if !current.contains(&format!("\"process\": {}", self.0.id())) {
                continue;
            }
            let output = xtask(&command)?.output()?;
            last = text(&output.stdout);
            if output.status.success() && wanted(&last) {
                return Ok(last);
            }
        }
        bail!("{command:?} did not show what was wanted; at last it showed: {last}")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The emulator ends with its parent.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn inspect(directory: &Path) -> anyhow::Result<()> {
    let mut served = Served::start(directory, &[])?;
    served.wait_for(&["ringbuf", "isp"], |text| text.contains("Wake(Nodes("))?;
    let tasks = served.wait_for(&["tasks"], |_| true)?;
    for part in ["supervisor", "video6", "waiting for a message"] {
        ensure!(tasks.contains(part), "{part:?} is not in {tasks}");
    }
    let dump: PathBuf = directory.join("now.core");
    let dump = path(&dump)?;
    succeed(&["debug", "dump", dump])?;
    for command in ["graph", "map"] {
        let live = succeed(&["debug", command])?;
        let dead = succeed(&["debug", "--dump", dump, command])?;
        ensure!(live == dead, "{command}: live and dump differ: {live} {dead}");
    }
    let graph = succeed(&["debug", "graph"])?;
    ensure!(graph.contains("-> \"OMAP3 ISP resizer output\":0 [ENABLED]"), "graph: {graph}");
    for engine in ["AEWB", "AF", "histogram"] {
        let link = format!("-> \"OMAP3 ISP {engine}\":0 [ENABLED,IMMUTABLE]");
        ensure!(graph.contains(&link), "graph without {link}: {graph}");
    }
    let json = succeed(&["debug", "--dump", dump, "tasks", "--json"])?;
    let object: serde_json::Value = serde_json::from_str(&json)?;
    let isp = &object["tasks"][3];
    ensure!(isp["name"] == "isp", "tasks as JSON: {json}");
    for count in ["cpu_us", "switches", "entries"] {
        ensure!(isp[count].as_u64() > Some(0), "{count} of a driver at work: {isp}");
    }
    // It arms its timer again whenever it has run, so not every moment shows one.
    served.wait_for(&["tasks", "--json"], |json| {
        let object: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        object["tasks"][0]["timer"]["notifications"][0] == "timer"
    })?;
    Ok(())
}

fn dead_task(directory: &Path) -> anyhow::Result<()> {
    let mut served = Served::start(directory, &["--unplug-at", "3", "--stay-unplugged"])?;
    let tasks = served.wait_for(&["tasks"], |text| text.contains("Unplugged"))?;
    let lines: Vec<&str> = tasks.lines().collect();
    let isp = lines.iter().position(|line| line.contains(" isp ")).context("no task isp")?;
    ensure!(lines[isp].contains("killed by supervisor"), "isp: {}", lines[isp]);
    let place = lines.get(isp + 1).copied().unwrap_or_default();
    ensure!(place.contains(" at ") && place.contains(".rs:"), "no source line: {place}");
    Ok(())
}

fn dist(_: &Path) -> anyhow::Result<()> {
    let said = succeed(&["dist"])?;
    for part in ["supervisor", "video6", "flash", "RAM", "image"] {
        ensure!(said.contains(part), "{part:?} is not in {said}");
    }
    let folder = root::target_dir().join("dist/obscura");
    for file in ["product.elf", "product.bin", "bench.elf", "core1.elf", "obscura.zip"] {
        ensure!(folder.join(file).is_file(), "{file} is missing");
    }
    Ok(())
}

fn one_kernel_case(directory: &Path) -> anyhow::Result<()> {
    const NAME: &str = "send_returns_the_answer";
    let junit = directory.join("results.xml");
    let said = succeed(&["test", "--suite", "kernel", NAME, "--junit", path(&junit)?])?;
    ensure!(said.trim() == "1 passed, 0 failed", "said {said}");
    let xml = std::fs::read_to_string(&junit)?;
    ensure!(xml.contains("<testsuite name=\"kernel\" tests=\"1\""), "no suite in {xml}");
    ensure!(xml.contains(&format!("<testcase name=\"{NAME}\"")), "no case in {xml}");
    let log = std::fs::read_to_string(folder("kernel").join("kernel-suite.log"))?;
    let begun = log.lines().filter(|line| line.contains("\"begin\"")).count();
    ensure!(begun == 1, "{begun} cases ran, not one");
    Ok(())
}

fn one_scenario(_: &Path) -> anyhow::Result<()> {
    let said = succeed(&["test", "--suite", "camera", "s03"])?;
    let last = said.lines().last().unwrap_or_default();
    ensure!(last.ends_with(" passed, 0 failed") && !last.starts_with('0'), "said {said}");
    Ok(())
}

fn bench(directory: &Path) -> anyhow::Result<()> {
    let json = directory.join("bench.json");
    let said = succeed(&["bench", "--json", path(&json)?])?;
    let rows: serde_json::Value = serde_json::from_slice(&std::fs::read(&json)?)?;
    let ids: Vec<&str> =
        rows.as_array().into_iter().flatten().filter_map(|r| r["id"].as_str()).collect();
    for id in ["sys.get_timer", "ipc.rt.0_0", "ipc.rt.4_4", "ipc.rt.64_64", "post.wake"] {
        ensure!(ids.contains(&id), "no row {id} in {ids:?}");
    }
    for row in rows.as_array().into_iter().flatten() {
        let id = row["id"].as_str().unwrap_or_default();
        let of_the_kernel =
            ["sys.", "ipc.", "post.", "fault.", "size."].iter().any(|part| id.starts_with(part));
        let missed = row["meets"] == "goal" || row["meets"] == "no";
        let explained = said.lines().any(|line| line.starts_with(&format!("{id}: ")));
        ensure!(
            !(of_the_kernel && missed) || explained,
            "{id} misses, and nothing says why: {said}"
        );
    }
    Ok(())
}

fn profile(_: &Path) -> anyhow::Result<()> {
    let said = succeed(&["bench", "--profile", "ipc.rt.4_4"])?;
    for function in ["kernel_send", "kernel_reply_recv", "trap_svc"] {
        ensure!(said.contains(function), "no {function} in {said}");
    }
    Ok(())
}

fn stacks(_: &Path) -> anyhow::Result<()> {
    let said = succeed(&["sizes", "test/kernel/app.toml", "--seconds", "5"])?;
    let kernel = said.lines().find(|line| line.starts_with("kernel ")).context("no kernel")?;
    let figures: Vec<u32> =
        kernel.split_whitespace().filter_map(|word| word.parse().ok()).take(3).collect();
    // Given, proven, used: all there, the proof complete, and none of it trivially so.
    let [given, proven, used] = figures[..] else { bail!("no proof of the kernel in {said}") };
    ensure!(0 < used && used <= proven && proven <= given, "{kernel}");
    Ok(())
}

fn kernel_panic(_: &Path) -> anyhow::Result<()> {
    let words = ["dist", "test/kernel/app.toml", "--negative", "panic"];
    let Output { status, stderr, .. } = xtask(&words)?.output()?;
    let errors = text(&stderr);
    ensure!(!status.success() && errors.contains("the kernel can panic"), "said {errors}");
    Ok(())
}

/// Which instruction is the N-th depends on the build, and not every one can be reached.
fn inject_one(_: &Path) -> anyhow::Result<()> {
    let mut last = String::new();
    for at in ["20000", "20100", "20200", "20300", "20400"] {
        let output = xtask(&["inject", "one", "--class", "panic", "--at", at])?.output()?;
        if output.status.success() {
            return Ok(());
        }
        last = text(&output.stderr);
        ensure!(last.contains("no short way to this instruction"), "at {at}: {last}");
    }
    bail!("no instruction can be reached: {last}")
}

fn campaign(_: &Path) -> anyhow::Result<()> {
    succeed(&["inject", "--count", "8", "--seed", "1"])?;
    // The command succeeds if the oracle objects, as it must.
    let control = succeed(&["inject", "--count", "4", "--seed", "1", "--skip-quiesce"])?;
    ensure!(control.contains("the oracle objects"), "no objection to a skipped quiesce: {control}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::TOOLS;
    use std::collections::BTreeSet;

    /// Each command of the README, and what runs it: a case of this suite, or a line of `.ci/run`.
    const README: &[(&str, &str)] = &[
        ("cargo xtask run", "run_streams_unplugs_and_recovers"),
        ("cargo xtask test", ".ci/run"),
        ("cargo xtask run --scene photo.jpg --out pics", "any_photo_is_a_scene"),
        ("cargo xtask run --auto", "auto_exposes_and_balances"),
        ("cargo xtask run --deterministic --json", "deterministic_runs_are_identical"),
        ("cargo xtask run --fault bad.txt", "a_fault_script_makes_the_hardware_misbehave"),
        ("cargo xtask run --serve", "a_live_image_and_its_dump_give_the_same_text"),
        ("cargo xtask debug tasks", "a_live_image_and_its_dump_give_the_same_text"),
        ("cargo xtask inject one --class panic --at 20000", "one_injected_panic_is_survived"),
        ("cargo xtask test --suite camera s03", "one_scenario_runs_by_its_name"),
        ("cargo xtask bench", "the_bench_prints_every_row"),
        ("cargo xtask dist", "dist_writes_elfs_binaries_and_archive"),
    ];

    fn file(name: &str) -> String {
        let path = crate::root::project().join(name);
        std::fs::read_to_string(path).expect("the file is part of the project")
    }

    #[test]
    fn every_command_of_the_readme_is_run_somewhere() {
        let readme = file("README.md");
        let commands = readme.lines().filter_map(|line| line.strip_prefix("$ "));
        let commands: BTreeSet<&str> =
            commands.map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
        let known: BTreeSet<&str> = README.iter().map(|(command, _)| *command).collect();
        assert_eq!(commands, known);
        for (command, runner) in README {
            let is_tool = TOOLS.iter().any(|(name, _)| name == runner);
            let in_ci = *runner == ".ci/run" && file(".ci/run").contains(command);
            assert!(is_tool || in_ci, "{command}: nothing runs it");
        }
    }
}
