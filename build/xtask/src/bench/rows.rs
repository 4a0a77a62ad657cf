//! The rows: reference, goal, moonshot, and how a figure compares with them.

use serde::{Deserialize, Serialize};

/// One row of the table. The reference is Hubris (commit 4c371f01d, stock profile: opt-level z, LTO,
/// overflow checks), built and counted the same way on a Cortex-M4 machine with four tasks.
pub struct Row {
    /// Name.
    pub id: &'static str,
    what: &'static str,
    unit: Unit,
    reference: Option<u32>,
    goal: u32,
    moonshot: u32,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Unit {
    /// Guest instructions.
    #[serde(rename = "gi")]
    Instructions,
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
}

const fn gi(
    id: &'static str,
    what: &'static str,
    reference: Option<u32>,
    goal: u32,
    moonshot: u32,
) -> Row {
    Row { id, what, unit: Unit::Instructions, reference, goal, moonshot }
}

const fn bytes(
    id: &'static str,
    what: &'static str,
    reference: u32,
    goal: u32,
    moonshot: u32,
) -> Row {
    Row { id, what, unit: Unit::Bytes, reference: Some(reference), goal, moonshot }
}

/// All rows, in the order in which they are printed.
pub const ROWS: &[Row] = &[
    gi("sys.get_timer", "plain system call", Some(79), 60, 45),
    gi("ipc.rt.0_0", "round trip, 0 B / 0 B", Some(982), 300, 150),
    gi("ipc.rt.4_4", "round trip, 4 B / 4 B", Some(1521), 500, 260),
    gi("ipc.rt.64_64", "round trip, 64 B / 64 B", Some(1648), 600, 330),
    gi("ipc.rt.lease64", "4 B / 4 B, and 64 B borrowed", Some(2129), 800, 430),
    gi("ipc.rt.4_4.tasks16", "4 B / 4 B with 16 tasks", Some(1929), 560, 260),
    gi("post.wake", "post to a blocked server, and back", Some(659), 300, 170),
    gi("fault.supervisor", "fault to supervisor", Some(245), 200, 130),
    gi("fault.clients8", "fault to 8 clients with a reason", None, 2000, 1000),
    // The reference adds 5 to 50 ms of waiting.
    gi("fault.restart", "fault to the next life", Some(3400), 3000, 1500),
    bytes("size.flash", "kernel code and constants, 8 tasks", 16052, 12288, 8192),
    bytes("size.ram", "kernel data, 8 tasks", 1332, 1536, 1024),
    bytes("size.task.ram", "kernel data per further task", 168, 168, 120),
    bytes("size.task.rodata", "constants per further task", 104, 104, 80),
];

/// Titles of [`Row::line`].
pub const HEADER: &str = "\
id                  what                                figure unit reference  ratio    goal moonshot";

/// A line of a bench image.
#[derive(Debug, Deserialize)]
pub struct Reported {
    id: String,
    figure: u32,
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    id: String,
    figure: u32,
}

impl Figure {
    /// A figure for a row.
    pub fn new(id: &str, figure: u32) -> Self {
        Self { id: id.into(), figure }
    }

    /// The same for a row whose name goes on.
    pub fn suffixed(self, suffix: &str) -> Self {
        Self { id: self.id + suffix, ..self }
    }
}

impl From<Reported> for Figure {
    fn from(Reported { id, figure }: Reported) -> Self {
        Self { id, figure }
    }
}

/// The figure of a row, if it was measured.
pub fn find(figures: &[Figure], id: &str) -> Option<u32> {
    figures.iter().find(|figure| figure.id == id).map(|figure| figure.figure)
}

/// One element of the JSON file.
#[derive(Debug, Serialize)]
pub struct Json {
    id: &'static str,
    figure: u32,
    unit: Unit,
    reference: Option<u32>,
    ratio: Option<f64>,
    goal: u32,
    moonshot: u32,
    meets: &'static str,
}

impl Row {
    /// Which of the two it meets.
    const fn meets(&self, figure: u32) -> &'static str {
        if figure <= self.moonshot {
            "moonshot"
        } else if figure <= self.goal {
            "goal"
        } else {
            "no"
        }
    }

    /// Part of the reference, rounded to thousandths.
    fn ratio(&self, figure: u32) -> Option<f64> {
        let reference = f64::from(self.reference?);
        Some((f64::from(figure) / reference * 1000.0).round() / 1000.0)
    }

    /// One line of the table.
    pub fn line(&self, figure: Option<u32>) -> String {
        let Some(figure) = figure else {
            return format!("{:<19} {:<34} not measured", self.id, self.what);
        };
        let unit = match self.unit {
            Unit::Instructions => "gi",
            Unit::Bytes => "B",
        };
        let reference = self.reference.map_or("-".into(), |reference| reference.to_string());
        let ratio = self.ratio(figure).map_or("-".into(), |ratio| format!("{ratio:.2}"));
        let meets = match self.meets(figure) {
            "no" => "goal not met".into(),
            met => format!("meets {met}"),
        };
        format!(
            "{:<19} {:<34} {figure:>7} {unit:<4} {reference:>9} {ratio:>6} {:>7} {:>8}  {meets}",
            self.id, self.what, self.goal, self.moonshot
        )
    }

    /// The same for tools.
    pub fn json(&self, figure: u32) -> Json {
        Json {
            id: self.id,
            figure,
            unit: self.unit,
            reference: self.reference,
            ratio: self.ratio(figure),
            goal: self.goal,
            moonshot: self.moonshot,
            meets: self.meets(figure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_by_its_own_figure() {
        let row = gi("a", "b", Some(200), 100, 50);
        let met: Vec<_> = [50, 51, 100, 101].iter().map(|figure| row.meets(*figure)).collect();
        assert_eq!(met, ["moonshot", "goal", "goal", "no"]);
    }

    #[test]
    fn the_file_has_the_fields_that_tools_read() {
        let json = serde_json::to_string(&gi("a", "b", Some(300), 100, 50).json(100));
        let expect = r#"{"id":"a","figure":100,"unit":"gi","reference":300,"ratio":0.333,"goal":100,"moonshot":50,"meets":"goal"}"#;
        assert_eq!(json.expect("plain data"), expect);
    }

    #[test]
    fn a_row_without_reference_has_no_ratio() {
        assert_eq!(gi("a", "b", None, 100, 50).ratio(7), None);
    }

    #[test]
    fn names_are_unique() {
        let mut ids: Vec<_> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
    }
}
