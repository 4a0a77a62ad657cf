//! First stage: what they wrote. Types fit, names are still names.

use crate::error::{Defect, Defects};
use crate::image::{Access, RegionKind, Restart};
use crate::node::{Node, Table, Value};
use crate::reader::Reader;
use crate::source::{At, Spanned};

/// A name where it was written.
pub type Name = Spanned<String>;

/// A manifest as written.
#[derive(Debug)]
pub struct RawImage {
    pub name: Name,
    pub chip: Name,
    pub kernel: RawProgram,
    pub kernel_stack_bytes: Option<Spanned<u32>>,
    pub bench: Option<Spanned<bool>>,
    pub shim: Option<RawProgram>,
    pub tasks: Vec<RawTask>,
    pub regions: Vec<RawRegion>,
}

/// A program as written: the package's folder, and the binary if it is not the only one.
#[derive(Debug)]
pub struct RawProgram {
    pub folder: Name,
    pub binary: Option<Name>,
}

/// A task as written.
#[derive(Debug)]
pub struct RawTask {
    pub name: Name,
    pub program: Option<RawProgram>,
    pub priority: Option<Spanned<u32>>,
    pub start: bool,
    pub grants: Vec<Name>,
    pub stack_bytes: Option<Spanned<u32>>,
    pub slots: Vec<(Name, Name)>,
    pub watch: Vec<RawWatch>,
    pub clients: Option<Name>,
    pub notifications: Vec<Name>,
    pub timer: Vec<Name>,
    pub post: Vec<RawPost>,
    pub uses: Vec<Name>,
    pub shares: Vec<Name>,
    pub interrupts: Vec<(Name, Name)>,
    pub maps: Vec<(Name, Access)>,
    pub config: Vec<(Name, Node)>,
    pub restart: Option<Restart>,
    pub quiesce: Option<Name>,
    pub hang_ms: Option<u32>,
}

/// A watch as written: `peer = "bit"` or `peer = { bit = "bit", edges = [...] }`.
#[derive(Debug)]
pub struct RawWatch {
    pub peer: Name,
    pub bit: Name,
    pub edges: Option<Vec<Name>>,
}

/// A post as written: `["peer"]` (all that may be posted) or `{ peer = ["bit"] }`.
#[derive(Debug)]
pub struct RawPost {
    pub target: Name,
    pub bits: Option<Vec<Name>>,
}

/// A region as written.
#[derive(Debug)]
pub struct RawRegion {
    pub name: Name,
    pub kind: Option<RegionKind>,
    pub bytes: Option<Spanned<RawBytes>>,
    pub address: Option<Spanned<u32>>,
    pub readers: Vec<Name>,
    pub writers: Vec<Name>,
}

/// A size as written.
#[derive(Clone, Debug)]
pub enum RawBytes {
    Number(u32),
    Text(String),
}

const LONGEST_MS: u32 = 3_600_000;
/// Deaths that the supervisor remembers (`task_supervisor::DEATHS_MAX`).
const MOST_DEATHS: u32 = 16;
const LARGEST_STACK_BYTES: u32 = 256 * 1024;

/// Reads the merged tree. `None` if what every later check needs is missing.
pub fn read(table: Table, start: At, defects: &mut Defects) -> Option<RawImage> {
    let mut reader = Reader::new("the image".into(), start, table, defects);
    let name = reader.required_text("name", "`name = \"...\"`");
    let chip = reader.required_text("chip", "`chip = \"mps2-an521\"`");
    let kernel = reader.any("kernel");
    let bench = reader.boolean("bench");
    let shim = reader.text("shim");
    let tasks = reader.entries("tasks");
    let regions = reader.entries("regions");
    if kernel.is_none() {
        reader.missing("kernel", "`kernel = \"sys/kern\"`");
    }
    reader.finish();
    let (kernel, kernel_stack_bytes) = read_kernel(kernel?, defects);
    let tasks = tasks.into_iter().filter_map(|(name, node)| read_task(name, node, defects));
    let tasks = tasks.collect();
    let regions = regions.into_iter().filter_map(|(name, node)| read_region(name, node, defects));
    let regions = regions.collect();
    Some(RawImage {
        name: name?,
        chip: chip?,
        kernel: kernel?,
        kernel_stack_bytes,
        bench,
        shim: shim.map(|name| RawProgram { folder: shim_folder(&name), binary: Some(name) }),
        tasks,
        regions,
    })
}

/// A shim is named by its binary, `test-kernel-shim`, which lives in the package of its first two
/// words.
fn shim_folder(name: &Name) -> Name {
    let mut words = name.value.splitn(3, '-');
    let folder = [words.next(), words.next()].into_iter().flatten().collect::<Vec<_>>().join("/");
    Spanned { value: folder, at: name.at }
}

fn table_reader<'a>(
    where_: String,
    at: At,
    node: Node,
    defects: &'a mut Defects,
) -> Option<Reader<'a>> {
    match node.value {
        Value::Table(table) => Some(Reader::new(where_, at, table, defects)),
        value => {
            let node = Node { value, at: node.at };
            let mut reader = Reader::new("the manifest".into(), at, Table::default(), defects);
            reader.wrong(&where_, &node, "a table");
            None
        }
    }
}

fn read_kernel(node: Node, defects: &mut Defects) -> (Option<RawProgram>, Option<Spanned<u32>>) {
    if let Value::Text(value) = node.value {
        let folder = Spanned { value, at: node.at };
        return (Some(RawProgram { folder, binary: None }), None);
    }
    let Some(mut reader) = table_reader("kernel".into(), node.at, node, defects) else {
        return (None, None);
    };
    let program = read_program(&mut reader);
    let stack = reader.integer("stack", 256, LARGEST_STACK_BYTES);
    reader.finish();
    (program, stack)
}

fn read_program(reader: &mut Reader<'_>) -> Option<RawProgram> {
    let folder = reader.required_text("crate", "`crate = \"path/from/the/root\"`");
    let binary = reader.text("bin");
    Some(RawProgram { folder: folder?, binary })
}

fn read_task(name: Name, node: Node, defects: &mut Defects) -> Option<RawTask> {
    let mut reader = table_reader(format!("task {}", name.value), name.at, node, defects)?;
    let task = RawTask {
        program: read_program(&mut reader),
        priority: read_priority(&mut reader),
        start: reader.boolean("start").is_none_or(|start| start.value),
        grants: reader.texts("grants"),
        stack_bytes: reader.integer("stack", 256, LARGEST_STACK_BYTES),
        slots: read_slots(&mut reader),
        watch: read_watch(&mut reader),
        clients: reader.text("clients"),
        notifications: reader.texts("notifications"),
        timer: reader.texts("timer"),
        post: read_post(&mut reader),
        uses: reader.texts("uses"),
        shares: reader.texts("shares"),
        interrupts: read_pairs(&mut reader, "interrupts"),
        maps: read_maps(&mut reader),
        config: reader.entries("config"),
        restart: read_restart(&mut reader),
        quiesce: reader.text("quiesce"),
        hang_ms: read_hang(&mut reader),
        name,
    };
    reader.finish();
    Some(task)
}

fn read_priority(reader: &mut Reader<'_>) -> Option<Spanned<u32>> {
    let Some(node) = reader.any("priority") else {
        reader.missing("priority", "`priority = 0..254`, 0 = most important");
        return None;
    };
    match node.value {
        Value::Integer(number @ 0..=254) => {
            Some(Spanned { value: u32::try_from(number).unwrap_or_default(), at: node.at })
        }
        _ => {
            reader.wrong("priority", &node, "an integer 0..=254");
            None
        }
    }
}

/// `hang_ms = 0` switches the check off; absent = 50 ms.
fn read_hang(reader: &mut Reader<'_>) -> Option<u32> {
    const DEFAULT_HANG_MS: u32 = 50;
    match reader.integer("hang_ms", 0, LONGEST_MS) {
        None => Some(DEFAULT_HANG_MS),
        Some(Spanned { value: 0, .. }) => None,
        Some(value) => Some(value.value),
    }
}

fn read_pairs(reader: &mut Reader<'_>, key: &'static str) -> Vec<(Name, Name)> {
    let mut pairs = Vec::new();
    for (name, node) in reader.entries(key) {
        if let Some(value) = reader.node_text(&name.value, node) {
            pairs.push((name, value));
        }
    }
    pairs
}

/// `slots = { name = "task" }`, or `slots = ["task"]` where the names are those of the tasks.
fn read_slots(reader: &mut Reader<'_>) -> Vec<(Name, Name)> {
    let Some(node) = reader.any("slots") else { return Vec::new() };
    match node.value {
        Value::Table(table) => {
            let mut pairs = Vec::new();
            for (name, node) in table.0 {
                if let Some(peer) = reader.node_text(&name.value, node) {
                    pairs.push((name, peer));
                }
            }
            pairs
        }
        _ => {
            let names = reader.node_texts("slots", node);
            names.into_iter().map(|name| (name.clone(), name)).collect()
        }
    }
}

fn read_watch(reader: &mut Reader<'_>) -> Vec<RawWatch> {
    let mut watches = Vec::new();
    for (peer, node) in reader.entries("watch") {
        match node.value {
            Value::Table(mut table) => {
                let edges =
                    table.take("edges").map(|(key, node)| reader.node_texts(&key.value, node));
                let bit =
                    table.take("bit").and_then(|(key, node)| reader.node_text(&key.value, node));
                match bit {
                    Some(bit) if table.0.is_empty() => watches.push(RawWatch { peer, bit, edges }),
                    _ => {
                        let node = Node { value: Value::Table(table), at: node.at };
                        reader.wrong(&peer.value, &node, "{ bit = \"...\", edges = [...] }");
                    }
                }
            }
            value => {
                let node = Node { value, at: node.at };
                if let Some(bit) = reader.node_text(&peer.value, node) {
                    watches.push(RawWatch { peer, bit, edges: None });
                }
            }
        }
    }
    watches
}

fn read_post(reader: &mut Reader<'_>) -> Vec<RawPost> {
    let Some(node) = reader.any("post") else { return Vec::new() };
    match node.value {
        Value::Table(table) => table
            .0
            .into_iter()
            .map(|(target, node)| {
                let bits = match node.value {
                    Value::Bool(true) => None,
                    _ => Some(reader.node_texts(&target.value, node)),
                };
                RawPost { target, bits }
            })
            .collect(),
        _ => {
            let targets = reader.node_texts("post", node);
            targets.into_iter().map(|target| RawPost { target, bits: None }).collect()
        }
    }
}

/// `maps = ["region"]` reads, `maps = { region = "write" }` says how.
fn read_maps(reader: &mut Reader<'_>) -> Vec<(Name, Access)> {
    let Some(node) = reader.any("maps") else { return Vec::new() };
    let Value::Table(table) = node.value else {
        let names = reader.node_texts("maps", node);
        return names.into_iter().map(|name| (name, Access::Read)).collect();
    };
    let mut maps = Vec::new();
    for (name, node) in table.0 {
        match &node.value {
            Value::Text(text) if text == "read" => maps.push((name, Access::Read)),
            Value::Text(text) if text == "write" => maps.push((name, Access::Write)),
            _ => reader.wrong(&name.value, &node, "\"read\" or \"write\""),
        }
    }
    maps
}

/// `restart = "never"`, or a table whose absent keys have the default's values.
fn read_restart(reader: &mut Reader<'_>) -> Option<Restart> {
    let Some(node) = reader.any("restart") else { return Some(Restart::DEFAULT) };
    if matches!(&node.value, Value::Text(text) if text == "never") {
        return None;
    }
    let Value::Table(table) = node.value else {
        reader.wrong("restart", &node, "\"never\" or a table");
        return Some(Restart::DEFAULT);
    };
    let where_ = format!("restart of {}", reader.name());
    let mut restart = Restart::DEFAULT;
    reader.nested(where_.clone(), node.at, table, |inner| {
        let number = |inner: &mut Reader<'_>, key, (low, high), into: &mut u32| {
            if let Some(value) = inner.integer(key, low, high) {
                *into = value.value;
            }
        };
        number(inner, "first_ms", (0, LONGEST_MS), &mut restart.first_ms);
        number(inner, "factor", (1, LONGEST_MS), &mut restart.factor);
        number(inner, "max_ms", (0, LONGEST_MS), &mut restart.max_ms);
        let give_up = Table(inner.entries("give_up"));
        inner.nested(format!("give_up in {where_}"), node.at, give_up, |inner| {
            number(inner, "deaths", (1, MOST_DEATHS), &mut restart.deaths);
            number(inner, "within_ms", (1, LONGEST_MS), &mut restart.within_ms);
        });
    });
    Some(restart)
}

fn read_region(name: Name, node: Node, defects: &mut Defects) -> Option<RawRegion> {
    let mut reader = table_reader(format!("region {}", name.value), name.at, node, defects)?;
    let kind = read_kind(&mut reader);
    let bytes = read_bytes(&mut reader);
    let region = RawRegion {
        kind,
        bytes,
        address: reader.integer("address", 0, u32::MAX),
        readers: reader.texts("readers"),
        writers: reader.texts("writers"),
        name,
    };
    reader.finish();
    Some(region)
}

fn read_kind(reader: &mut Reader<'_>) -> Option<RegionKind> {
    let kind = reader.required_text("kind", "`kind = \"frame\"`, \"memory\" or \"fixed\"")?;
    let kinds = [RegionKind::Frame, RegionKind::Memory, RegionKind::Fixed];
    let found = kinds.into_iter().find(|candidate| candidate.name() == kind.value);
    if found.is_none() {
        let defect = Defect::Unknown {
            where_: reader.name(),
            what: "kind",
            nearest: crate::error::nearest(&kind.value, kinds.map(RegionKind::name)),
            known: kinds.map(|kind| kind.name().to_string()).to_vec(),
            name: kind.value,
        };
        reader.defect(kind.at, defect);
    }
    found
}

fn read_bytes(reader: &mut Reader<'_>) -> Option<Spanned<RawBytes>> {
    let Some(node) = reader.any("bytes") else {
        reader.missing("bytes", "`bytes = 4096` or `bytes = \"4 x 640x480 YUYV\"`");
        return None;
    };
    let at = node.at;
    match &node.value {
        Value::Integer(number) if let Ok(value @ 1..) = u32::try_from(*number) => {
            Some(Spanned { value: RawBytes::Number(value), at })
        }
        Value::Text(text) => Some(Spanned { value: RawBytes::Text(text.clone()), at }),
        _ => {
            reader.wrong("bytes", &node, "a number of bytes or \"4 x 640x480 YUYV\"");
            None
        }
    }
}
