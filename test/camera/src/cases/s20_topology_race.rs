//! S20: removal during link setup: the graph has the old links or the new ones, none of them to a dead
//! entity. S21: removal during a reading of the topology: a consistent snapshot, or Stale, or
//! Disconnected. Three clients read and change links while the module comes and goes.

use super::removal;
use crate::check::{Verdict, equal};
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::Stage;
use crate::text::Text;
use crate::{ensure, failure};

/// Rounds of unplug and replug.
const ROUNDS: usize = 10;
/// How long each witness reads and links, in milliseconds.
const CHURN_MS: u32 = 1_200;
/// Time that the module is in or out, in microseconds, not in step with anything.
const IN_US: [u64; 4] = [57_300, 41_900, 73_100, 36_500];
const OUT_US: [u64; 3] = [25_700, 4_100, 33_300];

pub fn churn(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let entities = stage.entities()?;
    for witness in 0..3 {
        stage.witnesses.start(witness, Job::Churn(NodeKind::Media, CHURN_MS))?;
    }
    for round in 0..ROUNDS {
        stage.sleep_us(IN_US[round % IN_US.len()]);
        stage.bench.unplug()?;
        stage.sleep_us(OUT_US[round % OUT_US.len()]);
        stage.bench.replug()?;
    }
    let (mut reads, mut refusals) = (0, 0);
    for witness in 0..3 {
        let report = stage.witnesses.report(witness, 2_000 * u64::from(CHURN_MS))?;
        let Outcome::Churned { opened, refused } = report.outcome else {
            return Err(failure!("witness {witness} found {:?}", report.outcome));
        };
        ensure!(opened > 0 && refused > 0, "witness {witness}: {opened} opened, {refused} refused");
        (reads, refusals) = (reads + opened, refusals + refused);
    }
    stage.all_ready(Some(epoch))?;
    equal("entities", stage.entities()?, entities)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{reads} readings and links, {refusals} refusals")))
}
