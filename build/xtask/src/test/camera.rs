//! The camera stage: one boot per case, and the negative controls.
//!
//! # Why
//! A boot per case costs a second and buys that no case sees what another one broke. The runs count
//! instructions, so a case that fails fails again. As many boots run at a time as there are
//! processors.
//!
//! A negative control is an image with one promise broken; it passes when the case that guards the
//! promise fails, with the words that the control names.

use super::report::{self, Case, Expected, Outcome};
use super::suite::{self, Boot, Progress, Said};
use crate::dist;
use crate::machine::{Clock, End, Load, Setup};
use anyhow::Context;
use build_image::Dist;
use idl::parameters::Parameters as ProductParameters;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use sys_boot::mps2_an521::{BENCH_PARAMETERS, PRODUCT_PARAMETERS};
use test_bench::params::Parameters as BenchParameters;
use test_camera::cases::{CASES, NEGATIVES, Negative};

const SUITE: &str = "camera";
/// One instruction is 2^2 ns of virtual time: the hardware's pixels are computed by instructions
/// too, and at more per instruction a frame takes longer than the real one would.
const ICOUNT_SHIFT: u8 = 2;
/// Wall-clock limit of a boot.
const LIMIT: Duration = Duration::from_secs(300);
/// Virtual time limit of a boot, in milliseconds.
const TIME_LIMIT_MS: u32 = 120_000;

/// A boot to be made.
struct Job {
    name: &'static str,
    case: &'static str,
    image: (&'static str, Option<&'static str>),
    negative: Option<&'static Negative>,
}

/// Runs the cases and controls whose name contains `filter`.
///
/// # Errors
/// If an image cannot be built or a machine not started.
pub fn run(filter: Option<&str>, progress: Progress<'_>) -> anyhow::Result<Vec<Case>> {
    let jobs: Vec<_> =
        jobs().filter(|job| filter.is_none_or(|part| job.name.contains(part))).collect();
    let mut images = BTreeMap::new();
    for job in &jobs {
        if let Entry::Vacant(image) = images.entry(job.image) {
            let (manifest, broken) = job.image;
            let options = dist::options(Path::new(manifest), broken.map(str::to_string));
            image.insert(build_image::build(&options)?);
        }
    }
    std::fs::create_dir_all(suite::folder(SUITE))?;
    let started = Instant::now();
    let cases = in_parallel(&jobs, |job| {
        let case = perform(job, &images[&job.image])?;
        progress(&case);
        Ok(case)
    })?;
    if !cases.is_empty() {
        let (passed, failed) = report::count(&cases);
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("{SUITE}: {passed} passed, {failed} failed in {seconds:.1} s");
    }
    Ok(cases)
}

/// The image of a case, and the machine that runs it, for those who look into it.
///
/// # Errors
/// There is no such case, or its image cannot be built.
pub fn machine(case: &str) -> anyhow::Result<(Dist, Setup)> {
    let job = jobs().find(|job| job.name == case).with_context(|| format!("no case {case}"))?;
    let image = build_image::build(&dist::options(Path::new(job.image.0), None))?;
    std::fs::create_dir_all(suite::folder(SUITE))?;
    let setup = setup(&job, &image)?;
    Ok((image, setup))
}

fn jobs() -> impl Iterator<Item = Job> {
    let cases = CASES.iter().map(|case| Job {
        name: case.name,
        case: case.name,
        image: (case.manifest, None),
        negative: None,
    });
    let negatives = NEGATIVES.iter().map(|negative| Job {
        name: negative.name,
        case: negative.case,
        image: (negative.manifest, negative.broken),
        negative: Some(negative),
    });
    cases.chain(negatives)
}

/// Does all jobs, as many at a time as there are processors; results in the order of the jobs.
fn in_parallel<R: Send>(
    jobs: &[Job],
    perform: impl Fn(&Job) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let queue = Mutex::new(jobs.iter().enumerate());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no worker panics with the queue").next();
                    let Some((index, job)) = next else { return };
                    let result = perform(job);
                    results.lock().expect("no worker panics with results").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("all workers have ended");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn perform(job: &Job, image: &Dist) -> anyhow::Result<Case> {
    let boot = suite::boot(&setup(job, image)?, &suite::folder(SUITE).join(log_name(job)))?;
    let said: Vec<_> = boot.lines.iter().filter_map(|line| Said::parse(line)).collect();
    let outcome = match judge(job.case, &said, &boot) {
        Outcome::Failed(why) if job.negative.is_none() => {
            Outcome::Failed(format!("{why}; see {}", boot.log.display()))
        }
        outcome => match job.negative {
            None => outcome,
            Some(negative) => noticed(negative, &said, outcome),
        },
    };
    Ok(Case { suite: SUITE.into(), name: job.name.into(), outcome, duration: boot.duration })
}

fn log_name(job: &Job) -> String {
    format!("{}.log", job.name)
}

/// The case must have reported once, and the machine must have ended by itself.
fn judge(case: &str, said: &[Said], boot: &Boot) -> Outcome {
    let mut expected = Expected::new(SUITE, [case]);
    for said in said {
        expected.report(&said.name, said.outcome(), boot.duration);
    }
    let wrong =
        expected.close(&boot.end.to_string()).into_iter().find_map(|case| match case.outcome {
            Outcome::Failed(why) => Some(why),
            Outcome::Passed => None,
        });
    match wrong {
        Some(why) => Outcome::Failed(why),
        None if boot.end != End::Status(0) => Outcome::Failed(boot.end.to_string()),
        None => Outcome::Passed,
    }
}

/// A control passes when its case failed by its own word, and for the right reason.
fn noticed(negative: &Negative, said: &[Said], outcome: Outcome) -> Outcome {
    let Negative { case, because, .. } = negative;
    match (outcome, said) {
        (Outcome::Passed, _) => {
            Outcome::Failed(format!("{case} passed although its promise is broken"))
        }
        (Outcome::Failed(_), [only]) if only.detail.contains(because) => Outcome::Passed,
        (Outcome::Failed(why), _) => {
            Outcome::Failed(format!("{case} failed, but not because of `{because}`: {why}"))
        }
    }
}

fn setup(job: &Job, image: &Dist) -> anyhow::Result<Setup> {
    let directory = suite::folder(SUITE);
    let file = |kind: &str| directory.join(format!("{}.{kind}", job.name));
    let (bench, product) = (file("bench"), file("product"));
    std::fs::write(&bench, bench_parameters().encode_bytes())?;
    std::fs::write(&product, product_parameters(job.case)?)?;
    let part = |what: &str| image.file(what).with_context(|| format!("the image has no {what}"));
    Ok(Setup {
        kernel: part("bench")?,
        loads: vec![
            Load::Elf(part("core1")?),
            Load::Elf(image.product()),
            Load::Raw(bench, BENCH_PARAMETERS.base),
            Load::Raw(product, PRODUCT_PARAMETERS.base),
        ],
        clock: Clock::Icount { shift: ICOUNT_SHIFT },
        directory,
        gdb: None,
        limit: LIMIT,
    })
}

fn bench_parameters() -> BenchParameters {
    BenchParameters { time_limit_ms: TIME_LIMIT_MS, ..BenchParameters::default() }
}

fn product_parameters(case: &str) -> anyhow::Result<Vec<u8>> {
    let number = CASES.iter().position(|known| known.name == case);
    let number = number.with_context(|| format!("no case {case}"))?;
    let parameters =
        ProductParameters { case: u32::try_from(number)?, ..ProductParameters::DEFAULT };
    let mut bytes = vec![0; PRODUCT_PARAMETERS.bytes as usize];
    hubpack::serialize(&mut bytes, &parameters)
        .map_err(|error| anyhow::anyhow!("parameter block: {error:?}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, result: &str, detail: &str) -> Said {
        let line = serde_json::json!({ "name": name, "result": result, "detail": detail });
        Said::parse(&line.to_string()).expect("a result")
    }

    fn boot(end: End) -> Boot {
        let log = std::path::PathBuf::from("x.log");
        Boot { lines: Vec::new(), end, duration: Duration::ZERO, log }
    }

    #[test]
    fn a_case_passes_only_with_one_report_and_a_clean_end() {
        let fine = [said("a", "ok", "")];
        assert_eq!(judge("a", &fine, &boot(End::Status(0))), Outcome::Passed);
        for (said, end) in [
            (vec![], End::Status(0)),
            (vec![said("a", "fail", "no")], End::Status(0)),
            (vec![said("a", "ok", ""), said("a", "ok", "")], End::Status(0)),
            (vec![said("a", "ok", ""), said("b", "ok", "")], End::Status(0)),
            (vec![said("a", "ok", "")], End::Status(99)),
            (vec![said("a", "ok", "")], End::TimeLimit),
        ] {
            let outcome = judge("a", &said, &boot(end));
            assert!(matches!(outcome, Outcome::Failed(_)), "{said:?} {end}");
        }
    }

    #[test]
    fn a_control_passes_only_when_its_case_fails_for_the_right_reason() {
        let control = &NEGATIVES[0];
        let failed = || Outcome::Failed("x".into());
        let right = [said("a", "fail", control.because)];
        assert_eq!(noticed(control, &right, failed()), Outcome::Passed);
        for (said, outcome) in [
            (vec![said("a", "ok", "")], Outcome::Passed),
            (vec![said("a", "fail", "another reason")], failed()),
            (vec![], failed()),
        ] {
            let outcome = noticed(control, &said, outcome);
            assert!(matches!(outcome, Outcome::Failed(_)), "{said:?}");
        }
    }

    #[test]
    fn every_case_has_a_number_and_every_control_a_case() {
        for job in jobs() {
            assert!(product_parameters(job.case).is_ok(), "{}", job.name);
        }
    }
}
