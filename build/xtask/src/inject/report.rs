//! What a campaign found: a line per fault, a table by class.

use super::class::{Bits, Class, Shot};
use super::oracle::{Judgement, Manifested};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use test_bench::injection::Injected;

/// Least share of faults that must show, in percent: a campaign of faults that nobody notices
/// proves nothing.
const SHARE_MIN_PERCENT: usize = 25;

/// One fault and what became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The fault.
    pub shot: Shot,
    /// The command that does it again.
    pub replay: String,
    /// Where it hit.
    pub place: String,
    /// What changed, by the bench's word.
    pub injected: Vec<Injected>,
    /// What the oracle says.
    pub judgement: Judgement,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shot, place, injected, judgement, .. } = self;
        write!(f, "{} at {} {}: {place}: ", shot.class.name(), shot.at, shot.bits)?;
        for change in injected {
            write!(f, "{change}: ")?;
        }
        match &judgement.manifested {
            Some(manifested) => write!(f, "{manifested}")?,
            None => write!(f, "did not show")?,
        }
        match (judgement.objections.is_empty(), judgement.down) {
            (true, false) => write!(f, "; correct frames after it"),
            (true, true) => write!(f, "; down, and said so"),
            (false, _) => {
                for objection in &judgement.objections {
                    write!(f, "\n  objection: {objection}")?;
                }
                write!(f, "\n  replay: {}", self.replay)
            }
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bit = if let Bits::Any(bit) = self.shot.bits { Some(bit) } else { None };
        let injected: Vec<_> = self.injected.iter().map(Change::of).collect();
        let mut fields = serializer.serialize_struct("Outcome", 7)?;
        fields.serialize_field("class", self.shot.class.name())?;
        fields.serialize_field("at", &self.shot.at)?;
        fields.serialize_field("bit", &bit)?;
        fields.serialize_field("place", &self.place)?;
        fields.serialize_field("replay", &self.replay)?;
        fields.serialize_field("injected", &injected)?;
        fields.serialize_field("judgement", &self.judgement)?;
        fields.end()
    }
}

/// A change in JSON: values are numbers.
#[derive(Serialize)]
struct Change {
    place: String,
    before: u32,
    after: u32,
}

impl Change {
    fn of(injected: &Injected) -> Self {
        let Injected { place, before, after } = *injected;
        Self { place: place.to_string(), before, after }
    }
}

/// One row of the table.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    injected: usize,
    manifested: usize,
    died: usize,
    wrong_or_refused: usize,
    down: usize,
    objections: usize,
}

impl Row {
    fn add(&mut self, judgement: &Judgement) {
        self.injected += 1;
        match &judgement.manifested {
            None => {}
            Some(Manifested::Died(_)) => {
                self.manifested += 1;
                self.died += 1;
            }
            Some(_) => {
                self.manifested += 1;
                self.wrong_or_refused += 1;
            }
        }
        self.down += usize::from(judgement.down);
        self.objections += usize::from(!judgement.objections.is_empty());
    }
}

/// A campaign's result.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether it succeeded.
    pub ok: bool,
    seed: u64,
    skip_quiesce: bool,
    total: Row,
    manifested_percent: usize,
    dma_refused: u32,
    classes: BTreeMap<String, Row>,
    ways: BTreeMap<String, usize>,
    outcomes: Vec<Outcome>,
}

impl Report {
    /// The result of these faults.
    #[must_use]
    pub fn new(outcomes: Vec<Outcome>, seed: u64, skip_quiesce: bool) -> Self {
        let mut total = Row::default();
        let mut classes: BTreeMap<String, Row> = BTreeMap::new();
        let mut ways: BTreeMap<String, usize> = BTreeMap::new();
        for Outcome { shot, judgement, .. } in &outcomes {
            total.add(judgement);
            classes.entry(shot.class.name().into()).or_default().add(judgement);
            let way =
                judgement.manifested.as_ref().map_or("did not show".into(), |m| m.to_string());
            *ways.entry(way).or_default() += 1;
        }
        let manifested_percent = 100 * total.manifested / total.injected.max(1);
        let shown = manifested_percent >= SHARE_MIN_PERCENT;
        // With quiesce skipped, an oracle without objections is blind.
        let ok = shown && (total.objections > 0) == skip_quiesce;
        let dma_refused = outcomes.iter().map(|outcome| outcome.judgement.dma_refused).sum();
        Self {
            ok,
            seed,
            skip_quiesce,
            total,
            manifested_percent,
            dma_refused,
            classes,
            ways,
            outcomes,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, row: &Row| {
            let Row { injected, manifested, died, wrong_or_refused, down, objections } = row;
            writeln!(
                f,
                "{name:<13}{injected:>9}{manifested:>11}{died:>6}{wrong_or_refused:>7}{down:>6}{objections:>12}"
            )
        };
        let head = ["class", "injected", "manifested", "died", "other", "down", "objections"];
        let [class, injected, manifested, died, other, down, objections] = head;
        writeln!(
            f,
            "{class:<13}{injected:>9}{manifested:>11}{died:>6}{other:>7}{down:>6}{objections:>12}"
        )?;
        let names =
            Class::DRAWN.iter().filter_map(|class| self.classes.get_key_value(class.name()));
        for (name, of_class) in names {
            row(f, name, of_class)?;
        }
        row(f, "all", &self.total)?;
        let ways: Vec<_> = self.ways.iter().map(|(way, count)| format!("{count} {way}")).collect();
        writeln!(f, "{}; {} accesses of DMA refused", ways.join(", "), self.dma_refused)?;
        let Row { injected, manifested, objections, .. } = self.total;
        writeln!(f, "{manifested} of {injected} showed ({} %)", self.manifested_percent)?;
        match (self.skip_quiesce, objections) {
            (false, 0) => write!(f, "the oracle has no objection (seed {})", self.seed),
            (false, _) => write!(f, "the oracle objects to {objections}; see the replay commands"),
            (true, 0) => write!(f, "quiesce was skipped, and the oracle did not notice"),
            (true, _) => write!(f, "quiesce was skipped, and the oracle objects to {objections}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_bench::injection::Place;

    fn outcome(manifested: bool, objection: bool) -> Outcome {
        let shot = Shot { class: Class::CodeBit, at: 5, bits: Bits::Any(1) };
        let judgement = Judgement {
            manifested: manifested.then_some(Manifested::WrongFrame),
            objections: objection.then(|| "no".to_string()).into_iter().collect(),
            disconnected: 0,
            down: false,
            dma_refused: 0,
        };
        let injected = vec![Injected { place: Place::Code(0x10), before: 1, after: 3 }];
        Outcome { shot, replay: shot.replay(false), place: "here".into(), injected, judgement }
    }

    fn report(shown: usize, hidden: usize, objection: bool, skip: bool) -> Report {
        let shown = (0..shown).map(|_| outcome(true, objection));
        Report::new(shown.chain((0..hidden).map(|_| outcome(false, false))).collect(), 1, skip)
    }

    #[test]
    fn a_campaign_succeeds_without_objections_if_enough_faults_showed() {
        assert!(report(1, 3, false, false).ok);
        assert!(!report(1, 4, false, false).ok);
        assert!(!report(2, 2, true, false).ok);
    }

    #[test]
    fn the_control_succeeds_only_with_an_objection() {
        assert!(report(2, 2, true, true).ok);
        assert!(!report(2, 2, false, true).ok);
    }

    #[test]
    fn an_objection_comes_with_its_replay_command() {
        let text = outcome(true, true).to_string();
        assert!(text.contains("replay: cargo xtask inject one --class code-bit --at 5 --bit 1"));
        assert!(!outcome(true, false).to_string().contains("replay"));
        assert!(
            text.contains("injected code 00000010: 00000001 -> 00000003: wrong frame"),
            "{text}"
        );
    }
}
