//! The rows: reference, goal, moonshot, and how a figure compares with them.

use super::why;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// One row of the table. The reference is Hubris (commit 4c371f01d, stock profile: opt-level z, LTO,
/// overflow checks), built and counted the same way on a Cortex-M4 machine with four tasks.
pub struct Row {
    /// Name.
    pub id: &'static str,
    what: &'static str,
    unit: Unit,
    reference: Option<f64>,
    aim: Option<Aim>,
}

/// What a figure should be: at most, or for a rate at least.
#[derive(Clone, Copy)]
struct Aim {
    goal: f64,
    moonshot: f64,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Unit {
    /// Guest instructions.
    #[serde(rename = "gi")]
    Instructions,
    /// Guest instructions per pixel of the sensor's picture.
    #[serde(rename = "gi/px")]
    InstructionsPerPixel,
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
    /// Frames per second, by the clock on the wall.
    #[serde(rename = "fps")]
    FramesPerSecond,
    /// Frame periods.
    #[serde(rename = "periods")]
    Periods,
    /// Seconds, by the clock on the wall.
    #[serde(rename = "s")]
    Seconds,
    /// Nanoseconds per pixel.
    #[serde(rename = "ns/px")]
    NanosecondsPerPixel,
}

impl Unit {
    const fn text(self) -> &'static str {
        match self {
            Self::Instructions => "gi",
            Self::InstructionsPerPixel => "gi/px",
            Self::Bytes => "B",
            Self::FramesPerSecond => "fps",
            Self::Periods => "T",
            Self::Seconds => "s",
            Self::NanosecondsPerPixel => "ns/px",
        }
    }
}

const fn gi(
    id: &'static str,
    what: &'static str,
    reference: Option<u32>,
    goal: u32,
    moonshot: u32,
) -> Row {
    let reference = match reference {
        Some(reference) => Some(reference as f64),
        None => None,
    };
    let aim = Some(Aim { goal: goal as f64, moonshot: moonshot as f64 });
    Row { id, what, unit: Unit::Instructions, reference, aim }
}

const fn bytes(
    id: &'static str,
    what: &'static str,
    reference: u32,
    goal: u32,
    moonshot: u32,
) -> Row {
    let aim = Some(Aim { goal: goal as f64, moonshot: moonshot as f64 });
    Row { id, what, unit: Unit::Bytes, reference: Some(reference as f64), aim }
}

/// A row that is printed and has no aim.
const fn plain(id: &'static str, what: &'static str, unit: Unit) -> Row {
    Row { id, what, unit, reference: None, aim: None }
}

const fn wall(id: &'static str, what: &'static str, unit: Unit, goal: f64, moonshot: f64) -> Row {
    Row { id, what, unit, reference: None, aim: Some(Aim { goal, moonshot }) }
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
    gi("frame.handoff", "interrupt to client with a frame", None, 3000, 1000),
    gi("frame.handoff.large", "the same, 32 times the bytes", None, 3000, 1000),
    plain("frame.gi", "product's work per frame", Unit::Instructions),
    plain("reg.read", "the bench's work for a register read", Unit::Instructions),
    plain("reg.write", "the same for a write", Unit::Instructions),
    plain("disconnect.1", "presence lost to client told", Unit::Instructions),
    plain("disconnect.8", "the same, the last of 8 clients", Unit::Instructions),
    plain("disconnect.64", "the same, with 64 handles", Unit::Instructions),
    wall("recover.frame", "restart to a good frame, median", Unit::Periods, 3.0, 2.0),
    plain("recover.frame.worst", "the longest of them", Unit::Periods),
    wall("frame.fps.vga", "default run, 640x480", Unit::FramesPerSecond, 10.0, 30.0),
    plain("core1.sensor", "sensor model, on core 1", Unit::InstructionsPerPixel),
    plain("core1.ccdc", "CCDC, on core 1", Unit::InstructionsPerPixel),
    plain("core1.preview", "preview, on core 1", Unit::InstructionsPerPixel),
    plain("core1.resizer", "resizer, on core 1", Unit::InstructionsPerPixel),
    plain("core1.memory", "packing and DMA, on core 1", Unit::InstructionsPerPixel),
    plain("core1.path", "all five, on core 1", Unit::InstructionsPerPixel),
    plain("core1.aewb", "AEWB, on core 1", Unit::InstructionsPerPixel),
    plain("core1.af", "auto focus, on core 1", Unit::InstructionsPerPixel),
    plain("core1.histogram", "histogram, on core 1", Unit::InstructionsPerPixel),
    plain("host.ccdc", "black level, on the host", Unit::NanosecondsPerPixel),
    plain("host.preview", "demosaicking to YCbCr, on the host", Unit::NanosecondsPerPixel),
    plain("host.aewb", "statistics, on the host", Unit::NanosecondsPerPixel),
    Row {
        reference: Some(3.8),
        ..plain("host.path", "all three, on the host", Unit::NanosecondsPerPixel)
    },
    wall("build.noop", "image with nothing to do", Unit::Seconds, 1.0, 0.3),
    wall("build.touch", "image with one task touched", Unit::Seconds, 4.0, 2.0),
];

/// Titles of [`Row::line`].
pub const HEADER: &str = "\
id                  what                                figure unit  cycles reference  ratio    goal moonshot";

/// A line of a bench image.
#[derive(Debug, Deserialize)]
pub struct Reported {
    id: String,
    figure: u32,
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    id: String,
    figure: f64,
    cycles: Option<u32>,
    /// What it consists of; printed below the row.
    note: Option<String>,
}

impl Figure {
    /// A figure for a row.
    pub fn new(id: &str, figure: impl Into<f64>) -> Self {
        Self { id: id.into(), figure: figure.into(), cycles: None, note: None }
    }

    /// The same with a modelled cycle figure.
    pub fn priced(self, cycles: u32) -> Self {
        Self { cycles: Some(cycles), ..self }
    }

    /// The same with a line that says what it consists of.
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// The row that it belongs to.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The figure of a row, if it was measured.
pub fn figure<'a>(figures: &'a [Figure], id: &str) -> Option<&'a Figure> {
    figures.iter().find(|figure| figure.id == id)
}

/// What a bench image reported for a row.
pub fn reported(lines: &[Reported], id: &str) -> Option<u32> {
    lines.iter().find(|line| line.id == id).map(|line| line.figure)
}

/// One element of the JSON file.
#[derive(Debug, Serialize)]
pub struct Json {
    id: &'static str,
    figure: Number,
    unit: Unit,
    cycles: Option<u32>,
    reference: Option<Number>,
    ratio: Option<f64>,
    goal: Option<Number>,
    moonshot: Option<Number>,
    meets: Option<&'static str>,
}

/// A whole number is written without a fraction.
fn number(value: f64) -> Number {
    // Figures are far below 2^53, and none is negative.
    let whole = (value.fract() == 0.0).then(|| Number::from(value as u64));
    whole.or_else(|| Number::from_f64(value)).unwrap_or_else(|| Number::from(0))
}

impl Row {
    /// Which of the two it meets.
    fn meets(&self, figure: f64) -> Option<&'static str> {
        let Aim { goal, moonshot } = self.aim?;
        // The harder one says which way is better.
        let good = |aim: f64| if moonshot < goal { figure <= aim } else { figure >= aim };
        Some(if good(moonshot) {
            "moonshot"
        } else if good(goal) {
            "goal"
        } else {
            "no"
        })
    }

    /// Part of the reference, rounded to thousandths.
    fn ratio(&self, figure: f64) -> Option<f64> {
        Some((figure / self.reference? * 1000.0).round() / 1000.0)
    }

    /// One line of the table, and one for the figure's note.
    pub fn line(&self, figure: Option<&Figure>) -> String {
        let Some(Figure { figure, cycles, note, .. }) = figure else {
            return format!("{:<19} {:<34} not measured", self.id, self.what);
        };
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        let cycles = or_dash(cycles.map(|cycles| cycles.to_string()));
        let reference = or_dash(self.reference.map(|reference| reference.to_string()));
        let ratio = or_dash(self.ratio(*figure).map(|ratio| format!("{ratio:.2}")));
        let goal = or_dash(self.aim.map(|aim| aim.goal.to_string()));
        let moonshot = or_dash(self.aim.map(|aim| aim.moonshot.to_string()));
        let meets = match self.meets(*figure) {
            Some("no") => "goal not met".into(),
            Some(met) => format!("meets {met}"),
            None => String::new(),
        };
        let line = format!(
            "{:<19} {:<34} {:>7} {:<5} {cycles:>6} {reference:>9} {ratio:>6} {goal:>7} {moonshot:>8}  {meets}",
            self.id,
            self.what,
            number(*figure).to_string(),
            self.unit.text(),
        );
        let note = note.as_ref().map_or(String::new(), |note| format!("\n{:<19} {note}", ""));
        line.trim_end().to_owned() + &note
    }

    /// Why it misses its moonshot, if it does and is one of the kernel's.
    pub fn excuse(&self, figure: &Figure) -> Option<String> {
        let missed = self.meets(figure.figure).is_some_and(|met| met != "moonshot");
        let why = missed.then(|| why::not(self.id)).flatten()?;
        Some(format!("{}: {why}", self.id))
    }

    /// The same for tools.
    pub fn json(&self, figure: &Figure) -> Json {
        Json {
            id: self.id,
            figure: number(figure.figure),
            unit: self.unit,
            cycles: figure.cycles,
            reference: self.reference.map(number),
            ratio: self.ratio(figure.figure),
            goal: self.aim.map(|aim| number(aim.goal)),
            moonshot: self.aim.map(|aim| number(aim.moonshot)),
            meets: self.meets(figure.figure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(row: &Row, figures: [f64; 4]) -> Vec<&'static str> {
        figures.iter().filter_map(|figure| row.meets(*figure)).collect()
    }

    #[test]
    fn a_goal_is_met_by_its_own_figure() {
        let row = gi("a", "b", Some(200), 100, 50);
        assert_eq!(meets(&row, [50.0, 51.0, 100.0, 101.0]), ["moonshot", "goal", "goal", "no"]);
    }

    #[test]
    fn of_a_rate_more_is_better() {
        let aim = Some(Aim { goal: 10.0, moonshot: 30.0 });
        let row = Row { aim, ..gi("a", "b", None, 0, 0) };
        assert_eq!(meets(&row, [9.9, 10.0, 29.9, 30.0]), ["no", "goal", "goal", "moonshot"]);
    }

    #[test]
    fn the_file_has_the_fields_that_tools_read() {
        let figure = Figure::new("a", 100).priced(120);
        let json = serde_json::to_string(&gi("a", "b", Some(300), 100, 50).json(&figure));
        let expect = r#"{"id":"a","figure":100,"unit":"gi","cycles":120,"reference":300,"ratio":0.333,"goal":100,"moonshot":50,"meets":"goal"}"#;
        assert_eq!(json.expect("plain data"), expect);
    }

    #[test]
    fn a_row_without_reference_has_no_ratio() {
        assert_eq!(gi("a", "b", None, 100, 50).ratio(7.0), None);
    }

    #[test]
    fn a_note_stands_below_its_row() {
        let row = gi("a", "b", None, 100, 50);
        let line = row.line(Some(&Figure::new("a", 7).noted("kernel 3, isp 4")));
        let (line, note) = line.split_once('\n').expect("two lines");
        assert!(line.ends_with("meets moonshot"));
        assert_eq!(note, "                    kernel 3, isp 4");
    }

    #[test]
    fn names_are_unique() {
        let mut ids: Vec<_> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
    }
}
