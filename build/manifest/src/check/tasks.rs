//! Tasks: programs, slots, peripherals, configuration, MPU regions.

use super::notifications::{self, Bits};
use super::regions::RegionIndices;
use super::windows::windows;
use super::{Context, round_up_8, unknown};
use crate::error::Defect;
use crate::image::{
    Access, Config, ConfigValue, Mapping, Program, Region, RegionKind, Slot, Task, Window,
};
use crate::node::{Node, Table, Value};
use crate::raw::{Name, RawTask};
use crate::reader::describe;
use sys_boot::Peripheral;

/// Stack of a task unless the manifest says otherwise.
const TASK_STACK_BYTES: u32 = 2048;

/// Code and RAM: the two MPU regions that each task has.
const OWN_REGIONS: usize = 2;

/// Where the programs of tests are.
const TESTS: &str = "test/";

/// Beginning of the configuration keys that the builder fills in.
pub const RESERVED_CONFIG: &str = "task_";

/// In an array of task indices: no task.
const NO_TASK: u32 = 0xFF;

/// All tasks, as far as they could be understood; position = position in the manifest.
pub fn check(context: &mut Context<'_>, regions: &[Region], indices: &RegionIndices) -> Vec<Task> {
    let raw = context.raw;
    let kernel_bits = notifications::kernel_bits(context);
    raw.tasks
        .iter()
        .zip(&kernel_bits)
        .map(|(task, own)| check_task(context, task, *own, &kernel_bits, regions, indices))
        .collect()
}

fn check_task(
    context: &mut Context<'_>,
    raw: &RawTask,
    own: Bits,
    kernel_bits: &[Bits],
    regions: &[Region],
    indices: &RegionIndices,
) -> Task {
    let where_ = format!("task {}", raw.name.value);
    let uses = uses(context, &where_, raw);
    let maps = maps(context, &where_, raw, indices);
    second_writers(context, raw, regions, indices);
    let windows = windows(&uses, &maps, regions);
    too_many(context, raw, &windows, regions);
    let program = raw.program.as_ref().and_then(|program| context.program(&where_, program));
    let grants = grants(context, &where_, raw);
    let slots = slots(context, raw);
    Task {
        name: raw.name.value.clone(),
        program: program.unwrap_or_else(missing_program),
        priority: raw.priority.as_ref().map_or(u8::MAX, |p| u8::try_from(p.value).unwrap_or(255)),
        start: raw.start,
        may_restart: grants.contains(&"restart") || is_first(context, raw),
        may_fault: grants.contains(&"fault") || is_first(context, raw),
        stack_bytes: round_up_8(raw.stack_bytes.as_ref().map_or(TASK_STACK_BYTES, |s| s.value)),
        slots,
        notifications: notifications::declared(context, raw),
        kernel_bits: own.kernel(),
        timer_bits: own.timer(),
        watches: notifications::watches(context, raw),
        posts: notifications::posts(context, raw, kernel_bits),
        uses,
        interrupts: notifications::interrupts(context, raw),
        maps,
        windows,
        config: config(context, raw, regions, indices),
        restart: raw.restart,
        quiesce: raw.quiesce.as_ref().and_then(|helper| context.peer(raw, helper, "quiesce")),
        hang_ms: raw.hang_ms,
    }
}

fn is_first(context: &Context<'_>, raw: &RawTask) -> bool {
    context.raw.tasks.first().is_some_and(|first| first.name.at == raw.name.at)
}

/// Stands for a program that was complained about; it never leaves the check.
fn missing_program() -> Program {
    Program { folder: String::new(), package: String::new(), binary: String::new() }
}

fn slots(context: &mut Context<'_>, raw: &RawTask) -> Vec<Slot> {
    let names: Vec<&Name> = raw.slots.iter().map(|(name, _)| name).collect();
    context.symbols("slot", &names);
    let mut slots = Vec::new();
    for (name, peer) in &raw.slots {
        if let Some(peer) = context.peer(raw, peer, "send to") {
            slots.push(Slot { name: name.value.clone(), peer });
        }
    }
    slots
}

fn uses(context: &mut Context<'_>, where_: &str, raw: &RawTask) -> Vec<&'static Peripheral> {
    let names: Vec<&Name> = raw.uses.iter().chain(&raw.shares).collect();
    context.once(raw, "peripheral", &names);
    owners(context, raw);
    let mut uses = Vec::new();
    for name in names {
        match context.chip.peripheral(&name.value) {
            Some(peripheral) => uses.push(peripheral),
            None => {
                let known = context.chip.peripherals.iter().map(|known| known.name);
                context.defects.add(name.at, unknown(where_, "peripheral", &name.value, known));
            }
        }
    }
    uses
}

/// A register block is one task's. Only a test may see to it that somebody else touches it.
fn owners(context: &mut Context<'_>, raw: &RawTask) {
    let tasks = &context.raw.tasks;
    let uses = |other: &&RawTask, block: &Name| {
        other.name.at != raw.name.at && other.uses.iter().any(|used| used.value == block.value)
    };
    for block in &raw.uses {
        let mut earlier = tasks.iter().take_while(|other| other.name.at != raw.name.at);
        if let Some(a) = earlier.find(|other| uses(other, block)) {
            let (a, b) = (a.name.value.clone(), raw.name.value.clone());
            let defect = Defect::TwoOwners { block: block.value.clone(), a, b };
            context.defects.add(block.at, defect);
        }
    }
    let is_test = raw.program.as_ref().is_some_and(|it| it.folder.value.starts_with(TESTS));
    for block in &raw.shares {
        let (task, name) = (raw.name.value.clone(), block.value.clone());
        match tasks.iter().find(|other| uses(other, block)) {
            None => context.defects.add(block.at, Defect::NothingShared { task, block: name }),
            Some(_) if is_test => {}
            Some(owner) => {
                let owner = owner.name.value.clone();
                let defect = Defect::SharesInProduct { task, block: name, owner };
                context.defects.add(block.at, defect);
            }
        }
    }
}

fn grants(context: &mut Context<'_>, where_: &str, raw: &RawTask) -> Vec<&'static str> {
    const GRANTS: [&str; 2] = ["restart", "fault"];
    let mut grants = Vec::new();
    for name in &raw.grants {
        match GRANTS.into_iter().find(|known| *known == name.value) {
            Some(grant) => grants.push(grant),
            None => {
                context.defects.add(name.at, unknown(where_, "grant", &name.value, GRANTS));
            }
        }
    }
    grants
}

/// What the regions' readers and writers say, and what the task's own `maps` says.
fn maps(
    context: &mut Context<'_>,
    where_: &str,
    raw: &RawTask,
    indices: &RegionIndices,
) -> Vec<Mapping> {
    let mut maps = indices.mapped_by(&raw.name.value);
    for (name, access) in &raw.maps {
        let Some(region) = find_region(context, where_, name, indices) else { continue };
        match maps.iter_mut().find(|mapping| mapping.region == region) {
            Some(mapping) => mapping.access = mapping.access.max(*access),
            None => maps.push(Mapping { region, access: *access }),
        }
    }
    maps.sort_by_key(|mapping| mapping.region);
    maps
}

/// The region with that name. A name of none is told; a refused region has been.
fn find_region(
    context: &mut Context<'_>,
    where_: &str,
    name: &Name,
    indices: &RegionIndices,
) -> Option<usize> {
    let region = indices.find(&name.value);
    if region.is_none() && !indices.is_refused(&name.value) {
        let known = indices.names();
        context.defects.add(name.at, unknown(where_, "region", &name.value, known));
    }
    region
}

/// A pool has at most one writer, whether its own list names it or the task's `maps`.
fn second_writers(
    context: &mut Context<'_>,
    raw: &RawTask,
    regions: &[Region],
    indices: &RegionIndices,
) {
    let writes = |(_, access): &&(Name, Access)| *access == Access::Write;
    for (name, _) in raw.maps.iter().filter(writes) {
        let is_pool = |index: usize| regions[index].kind == RegionKind::Frame;
        if !indices.find(&name.value).is_some_and(is_pool) {
            continue;
        }
        let earlier = context.raw.tasks.iter().take_while(|other| other.name.at != raw.name.at);
        let also = |other: &&RawTask| {
            other.maps.iter().filter(writes).any(|(theirs, _)| theirs.value == name.value)
        };
        let listed = indices.writers(&name.value).filter(|writer| *writer != raw.name.value);
        let other =
            earlier.filter(also).map(|other| other.name.value.as_str()).chain(listed).next();
        if let Some(other) = other {
            let (region, writers) = (name.value.clone(), format!("{other}, {}", raw.name.value));
            context.defects.add(name.at, Defect::TwoWriters { region, writers });
        }
    }
}

fn too_many(context: &mut Context<'_>, raw: &RawTask, windows: &[Window], regions: &[Region]) {
    let count = OWN_REGIONS + windows.len();
    let most = context.chip.mpu_region_count.min(sys_abi::REGIONS_PER_TASK);
    if count <= most {
        return;
    }
    let names = windows.iter().map(|window| {
        let inside = |range| window.range.contains(range);
        let region = regions.iter().find(|region| inside(region.range));
        let peripheral = context.chip.peripherals.iter().find(|known| inside(known.range));
        let name = region.map(|region| region.name.as_str()).or(peripheral.map(|known| known.name));
        format!(", {}", name.unwrap_or("?"))
    });
    let windows = names.collect();
    let task = raw.name.value.clone();
    context.defects.add(raw.name.at, Defect::TooManyRegions { task, count, most, windows });
}

fn config(
    context: &mut Context<'_>,
    raw: &RawTask,
    regions: &[Region],
    indices: &RegionIndices,
) -> Vec<Config> {
    let names: Vec<&Name> = raw.config.iter().map(|(key, _)| key).collect();
    context.symbols("config key", &names);
    let mut config = Vec::new();
    for (key, node) in &raw.config {
        let task = raw.name.value.clone();
        if key.value.starts_with(RESERVED_CONFIG) {
            let defect = Defect::ReservedConfig { task, key: key.value.clone() };
            context.defects.add(key.at, defect);
            continue;
        }
        let Some(value) = config_value(context, raw, key, node, regions, indices) else { continue };
        if let ConfigValue::Region { name, .. } = &value
            && *name != key.value
            && indices.find(&key.value).is_some()
        {
            let (key_, region) = (key.value.clone(), name.clone());
            context.defects.add(key.at, Defect::ConfigHidesRegion { task, key: key_, region });
        }
        config.push(Config { key: key.value.clone(), value });
    }
    config
}

fn config_value(
    context: &mut Context<'_>,
    raw: &RawTask,
    key: &Name,
    node: &Node,
    regions: &[Region],
    indices: &RegionIndices,
) -> Option<ConfigValue> {
    let value = match &node.value {
        Value::Bool(value) => Some(ConfigValue::Word(u32::from(*value))),
        Value::Integer(number) => word(*number).map(ConfigValue::Word),
        Value::Text(text) => Some(match indices.find(text) {
            Some(region) => ConfigValue::Region { region, name: text.clone() },
            None => ConfigValue::Text(text.clone()),
        }),
        Value::Array(items) => words(context, raw, items, regions, indices).map(ConfigValue::Words),
        Value::Table(table) => task_words(context, raw, table).map(ConfigValue::Words),
        Value::Untaken(_) => None,
    };
    if value.is_none() {
        let defect = Defect::WrongType {
            where_: format!("config of task {}", raw.name.value),
            key: key.value.clone(),
            found: describe(&node.value),
            expected: "a 32-bit integer, true, false, a string, an array of integers or of region names, or { tasks = [names] }",
        };
        context.defects.add(key.at, defect);
    }
    value
}

/// `{ tasks = ["a", "", "b"] }` gives one task index each; the empty name gives [`NO_TASK`].
fn task_words(context: &mut Context<'_>, raw: &RawTask, table: &Table) -> Option<Vec<u32>> {
    let [(key, Node { value: Value::Array(items), .. })] = table.0.as_slice() else { return None };
    if key.value != "tasks" {
        return None;
    }
    let where_ = format!("config of task {}", raw.name.value);
    let mut indices = Vec::new();
    for item in items {
        let Value::Text(text) = &item.value else { return None };
        let name = Name { value: text.clone(), at: item.at };
        let index = match text.as_str() {
            "" => NO_TASK,
            // An unknown name is reported; the rest is read for its own defects.
            _ => context.task_index(&where_, &name).map_or(NO_TASK, |index| index as u32),
        };
        indices.push(index);
    }
    Some(indices)
}

/// Integers give one word each, region names two: base and bytes.
fn words(
    context: &mut Context<'_>,
    raw: &RawTask,
    items: &[Node],
    regions: &[Region],
    indices: &RegionIndices,
) -> Option<Vec<u32>> {
    let where_ = format!("config of task {}", raw.name.value);
    let mut words = Vec::new();
    for item in items {
        match &item.value {
            Value::Integer(number) => words.push(word(*number)?),
            Value::Text(text) => {
                let name = Name { value: text.clone(), at: item.at };
                // The rest is read for its own defects.
                let Some(region) = find_region(context, &where_, &name, indices) else { continue };
                let range = regions[region].range;
                words.extend([range.base, range.bytes]);
            }
            _ => return None,
        }
    }
    Some(words)
}

/// 32 bits: unsigned, or negative in two's complement.
fn word(number: i64) -> Option<u32> {
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))
}
