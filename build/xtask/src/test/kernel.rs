//! The kernel stage: one boot of the suite image, which runs all its cases and ends; then the
//! negative controls and the crashes.

mod controls;

use super::report::{self, Case, Expected, Outcome};
use super::suite::{self, Progress, Said};
use crate::machine::{Clock, End, Load, Setup};
use crate::{dist, root};
use anyhow::Context;
use std::path::Path;
use std::time::Duration;

const SUITE: &str = "kernel";
/// The suite itself: all cases reported, and then the machine ended as the runner ends it.
const ENDS: &str = "the_suite_ends_with_a_reset";
const MANIFEST: &str = "test/kernel/app.toml";
/// One instruction is 2^6 ns of virtual time: the suite's time limits are in milliseconds, and the
/// kernel is to be slow compared with its tick.
const ICOUNT_SHIFT: u8 = 6;
/// Wall-clock limit of the boot.
const LIMIT: Duration = Duration::from_secs(300);

/// Boots the suite; gives the cases whose name contains `filter`.
///
/// # Errors
/// If the image cannot be built or the machine not started.
pub fn run(filter: Option<&str>, progress: Progress<'_>) -> anyhow::Result<Vec<Case>> {
    let wanted = |name: &str| filter.is_none_or(|part| name.contains(part));
    if !test_kernel::cases::CASES.iter().any(|case| wanted(case.name)) {
        return controls::run(filter, progress);
    }
    let image = build_image::build(&dist::options(Path::new(MANIFEST), None))?;
    let folder = suite::folder(SUITE);
    std::fs::create_dir_all(&folder)?;
    let setup = Setup {
        kernel: image.file("shim").context("the kernel suite's image has no shim")?,
        loads: vec![Load::Elf(image.product())],
        clock: Clock::Icount { shift: ICOUNT_SHIFT },
        directory: root::project(),
        gdb: None,
        limit: LIMIT,
    };
    let boot = suite::boot(&setup, &folder.join("boot.log"))?;
    let mut expected = Expected::new(SUITE, test_kernel::cases::CASES.iter().map(|case| case.name));
    // The cases share one boot of a fraction of a second: none has a time of its own.
    for said in boot.lines.iter().filter_map(|line| Said::parse(line)) {
        expected.report(&said.name, said.outcome(), Duration::ZERO);
    }
    let end = format!("{}; see {}", boot.end, boot.log.display());
    let mut cases = expected.close(&end);
    cases.push(Case {
        suite: SUITE.into(),
        name: ENDS.into(),
        outcome: match boot.end {
            End::Status(0) => Outcome::Passed,
            _ => Outcome::Failed(end),
        },
        duration: boot.duration,
    });
    cases.retain(|case| wanted(&case.name));
    cases.iter().for_each(progress);
    cases.extend(controls::run(filter, progress)?);
    let (passed, failed) = report::count(&cases);
    eprintln!("{SUITE}: {passed} passed, {failed} failed in {:.1} s", boot.duration.as_secs_f64());
    Ok(cases)
}
