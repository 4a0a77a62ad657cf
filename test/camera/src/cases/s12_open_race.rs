//! S12: OPEN races unregister: it fails, or gives a handle that ends like any other; never a handle
//! that is bound to nothing. Three clients open and close in a loop while the module comes and goes.

use super::removal;
use crate::check::{Failure, Verdict, equal};
use crate::ensure;
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::Stage;
use crate::text::Text;

/// Rounds of unplug and replug.
const ROUNDS: u64 = 12;
/// How long each witness opens and closes, in milliseconds.
const CHURN_MS: u32 = 1_500;
/// Time that the module is in or out, in microseconds: more than the debouncing of 20 ms, and not
/// in step with anything.
const IN_US: [u64; 4] = [61_000, 43_700, 95_300, 28_900];
const OUT_US: [u64; 3] = [27_100, 3_300, 51_700];

fn churned(outcome: Outcome) -> Result<(u32, u32), Failure> {
    match outcome {
        Outcome::Churned { opened, refused } => Ok((opened, refused)),
        other => Err(crate::failure!("a witness found {other:?}")),
    }
}

pub fn churn(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    for (witness, kind) in [NodeKind::Video, NodeKind::Media, NodeKind::Subdev].iter().enumerate() {
        stage.witnesses.start(witness, Job::Churn(*kind, CHURN_MS))?;
    }
    for round in 0..ROUNDS as usize {
        stage.sleep_us(IN_US[round % IN_US.len()]);
        stage.bench.unplug()?;
        stage.sleep_us(OUT_US[round % OUT_US.len()]);
        stage.bench.replug()?;
    }
    let mut totals = (0, 0);
    for witness in 0..3 {
        let report = stage.witnesses.report(witness, 2_000 * u64::from(CHURN_MS))?;
        let (opened, refused) = churned(report.outcome)?;
        ensure!(opened > 0 && refused > 0, "witness {witness}: {opened} opened, {refused} refused");
        totals = (totals.0 + opened, totals.1 + refused);
    }
    let last = stage.all_ready(Some(epoch))?;
    stage.at_baseline()?;
    let usage = crate::check::ok("usage", stage.subdev.usage())?;
    equal("usage of subdev2", usage, idl::types::NodeUsage::default())?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!(
        "{} opens, {} refusals, life {} at the end",
        totals.0, totals.1, last.0
    )))
}
