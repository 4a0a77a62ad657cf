//! Second stage: from what they wrote to what we use.
//!
//! Every check goes on after a defect, so that one run shows all of them; only at the end is the
//! image given out or refused.

mod authority;
mod notifications;
mod regions;
mod tasks;
mod windows;

use crate::error::{Defect, Defects, nearest};
use crate::image::{Below, Image, Kernel, Program};
use crate::raw::{Name, RawImage, RawProgram, RawTask};
use crate::source::Source;
use std::path::Path;
use sys_abi::MAX_TASKS;
use sys_boot::Chip;

/// Main stack of the kernel unless the manifest says otherwise.
const KERNEL_STACK_BYTES: u32 = 4096;

/// The program that is always ready to run.
const IDLE: &str = "task/idle";

/// What every check needs.
struct Context<'a> {
    root: &'a Path,
    chip: &'static Chip,
    raw: &'a RawImage,
    defects: &'a mut Defects,
}

/// Checks the image.
pub fn check(
    root: &Path,
    raw: &RawImage,
    sources: &[Source],
    defects: &mut Defects,
) -> Option<Image> {
    let chip = find_chip(&raw.chip, defects)?;
    let mut context = Context { root, chip, raw, defects };
    context.name("image", &raw.name);
    let kernel = context.program("kernel", &raw.kernel);
    let below = context.below();
    context.count();
    let (regions, region_indices) = regions::place(&mut context);
    let tasks = tasks::check(&mut context, &regions, &region_indices);
    authority::check(&mut context, &tasks, &regions);
    if !context.defects.is_empty() {
        return None;
    }
    Some(Image {
        name: raw.name.value.clone(),
        chip,
        kernel: Kernel {
            program: kernel?,
            stack_bytes: raw
                .kernel_stack_bytes
                .as_ref()
                .map_or(KERNEL_STACK_BYTES, |stack| round_up_8(stack.value)),
        },
        below: below?,
        tasks,
        regions,
        sources: sources.to_vec(),
    })
}

/// Stack pointers are 8-aligned (Arm AAPCS32, 6.2.1.2).
const fn round_up_8(bytes: u32) -> u32 {
    bytes.next_multiple_of(8)
}

fn find_chip(name: &Name, defects: &mut Defects) -> Option<&'static Chip> {
    let chip = sys_boot::chip(&name.value);
    if chip.is_none() {
        let names = sys_boot::CHIPS.iter().map(|chip| chip.name);
        defects.add(name.at, unknown("the image", "chip", &name.value, names));
    }
    chip
}

/// The defect of a name that is not among `known`.
fn unknown<'a>(
    where_: &str,
    what: &'static str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Defect {
    let known: Vec<&str> = known.into_iter().collect();
    Defect::Unknown {
        where_: where_.into(),
        what,
        name: name.into(),
        nearest: nearest(name, known.iter().copied()),
        known: known.into_iter().map(String::from).collect(),
    }
}

impl Context<'_> {
    /// Names become folder names and symbols.
    fn name(&mut self, what: &'static str, name: &Name) {
        let mut chars = name.value.chars();
        let first = chars.next().is_some_and(|first| first.is_ascii_alphabetic());
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !first || !name.value.chars().all(legal) {
            self.defects.add(name.at, Defect::BadName { what, name: name.value.clone() });
        }
    }

    /// Names of one kind in one task must stay different as symbols, where `-` becomes `_`.
    fn symbols(&mut self, what: &'static str, names: &[&Name]) {
        for (position, name) in names.iter().enumerate() {
            self.name(what, name);
            let symbol = name.value.replace('-', "_");
            let clash = names[..position]
                .iter()
                .find(|other| other.value != name.value && other.value.replace('-', "_") == symbol);
            if let Some(other) = clash {
                let (a, b) = (other.value.clone(), name.value.clone());
                self.defects.add(name.at, Defect::SameSymbol { what, a, b });
            }
        }
    }

    /// The package and binary behind `crate = "folder"`.
    fn program(&mut self, where_: &str, raw: &RawProgram) -> Option<Program> {
        let folder = raw.folder.value.trim_end_matches('/').to_string();
        let text = std::fs::read_to_string(self.root.join(&folder).join("Cargo.toml")).ok();
        let table = text.and_then(|text| text.parse::<toml::Table>().ok());
        let package = table.as_ref().and_then(|table| table.get("package")?.get("name")?.as_str());
        let Some(package) = package else {
            let defect = Defect::NoCrate { where_: where_.into(), folder };
            self.defects.add(raw.folder.at, defect);
            return None;
        };
        let binary = raw.binary.as_ref().map_or(package, |binary| &binary.value).to_string();
        Some(Program { folder, package: package.into(), binary })
    }

    fn below(&mut self) -> Option<Below> {
        let bench = self.raw.bench.as_ref().is_some_and(|bench| bench.value);
        match &self.raw.shim {
            Some(shim) if bench => {
                self.defects.add(shim.folder.at, Defect::BenchAndShim);
                None
            }
            Some(shim) => self.program("shim", shim).map(Below::Shim),
            None if bench => Some(Below::Bench),
            None => Some(Below::Nothing),
        }
    }

    fn count(&mut self) {
        let raw = self.raw;
        let names: Vec<&Name> = raw.tasks.iter().map(|task| &task.name).collect();
        self.symbols("task", &names);
        match raw.tasks.len() {
            0 => self.defects.add_whole(Defect::NoTasks),
            count if count > MAX_TASKS => {
                self.defects.add_whole(Defect::TooManyTasks { count, most: MAX_TASKS });
            }
            _ => {
                self.supervisor();
                self.idle();
            }
        }
    }

    /// Somebody is always ready to run, less important than all others, and not taken for a hang.
    fn idle(&mut self) {
        let raw = self.raw;
        let is_idle = |task: &&RawTask| {
            task.start && task.program.as_ref().is_some_and(|it| it.folder.value == IDLE)
        };
        let priority = |task: &RawTask| {
            task.priority.as_ref().and_then(|priority| u8::try_from(priority.value).ok())
        };
        let idles = raw.tasks.iter().filter(is_idle);
        let Some(idle) = idles.max_by_key(|task| priority(task)) else {
            return self.defects.add_whole(Defect::NoIdle);
        };
        if let Some(hang_ms) = idle.hang_ms {
            let defect = Defect::IdleWatched { idle: idle.name.value.clone(), hang_ms };
            self.defects.add(idle.name.at, defect);
        }
        let Some(own) = priority(idle) else { return };
        let others = raw.tasks.iter().filter(|other| other.name.at != idle.name.at);
        let last = others.filter_map(|other| Some((priority(other)?, other))).max_by_key(|it| it.0);
        if let Some((theirs, other)) = last.filter(|(theirs, _)| *theirs >= own) {
            let (idle, task) = (&idle.name, other.name.value.clone());
            let defect = Defect::IdleNotLast { idle: idle.value.clone(), own, task, theirs };
            self.defects.add(idle.at, defect);
        }
    }

    /// Task 0 is the supervisor and alone at the top: each task may send to it.
    fn supervisor(&mut self) {
        let raw = self.raw;
        let Some((first, rest)) = raw.tasks.split_first() else { return };
        let fault = first.notifications.first().is_some_and(|name| name.value == "fault");
        let top = first.priority.as_ref().is_none_or(|priority| priority.value == 0);
        if !fault || !top {
            let name = first.name.value.clone();
            self.defects.add(first.name.at, Defect::FirstTask { name });
        }
        if !first.start {
            let name = first.name.value.clone();
            self.defects.add(first.name.at, Defect::SupervisorNotStarted { name });
        }
        for task in rest {
            if let Some(priority) = task.priority.as_ref().filter(|priority| priority.value == 0) {
                let (name, supervisor) = (task.name.value.clone(), first.name.value.clone());
                self.defects.add(priority.at, Defect::PriorityZero { name, supervisor });
            }
        }
    }

    /// The index of the task with that name, or a defect.
    fn task_index(&mut self, where_: &str, name: &Name) -> Option<usize> {
        let raw = self.raw;
        let index = raw.tasks.iter().position(|task| task.name.value == name.value);
        if index.is_none() {
            let known = raw.tasks.iter().map(|task| task.name.value.as_str());
            self.defects.add(name.at, unknown(where_, "task", &name.value, known));
        }
        index
    }

    /// As [`Self::task_index`], and it must not be the task itself.
    fn peer(&mut self, own: &RawTask, name: &Name, what: &'static str) -> Option<usize> {
        let task = own.name.value.clone();
        if name.value == task {
            self.defects.add(name.at, Defect::Itself { task, what });
            return None;
        }
        self.task_index(&format!("task {task}"), name)
    }

    /// Complains about names that appear twice; true if none does.
    fn once(&mut self, task: &RawTask, what: &'static str, names: &[&Name]) -> bool {
        let mut good = true;
        for (position, name) in names.iter().enumerate() {
            if names[..position].iter().any(|other| other.value == name.value) {
                let (task, name_) = (task.name.value.clone(), name.value.clone());
                self.defects.add(name.at, Defect::Twice { task, what, name: name_ });
                good = false;
            }
        }
        good
    }
}
