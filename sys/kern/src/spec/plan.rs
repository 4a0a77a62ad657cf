//! A small image drawn from a few bytes: who there is, how important, who may do what to whom,
//! and which memory everybody has.
//!
//! It obeys the manifest's rules (task 0 alone is most important, sends go uphill only, tables are
//! sorted), because the kernel relies on them. Zero bytes give the plainest image, so that a
//! failing one shrinks towards it.

use crate::arch::host::Host;
use crate::tables::Tables;
use sys_abi::{
    Generation, InterruptDesc, MpuRegion, NO_UPPER, OwnMemory, PostDesc, REGIONS_PER_BURST,
    TaskDesc, TaskFlags, UpperRegions, WatchDesc,
};

/// Bytes that an image is drawn from.
pub(crate) const PLAN_BYTES: usize = 16;

/// Fewest tasks: supervisor, one actor, idle.
const TASKS_MIN: u8 = 3;
/// Numbers of tasks to choose from.
const TASK_COUNTS: u8 = 4;
/// Actors have one of so many priorities behind the supervisor's, so that some are equal.
const ACTOR_PRIORITIES: u8 = 3;
const IDLE_PRIORITY: u8 = 9;
/// Most watches of an image.
const WATCHES_MAX: usize = 8;

/// Where the memory of task `index` begins; its code lies right below.
pub(crate) const fn ram(index: usize) -> u32 {
    0x2000_1000 + 0x1000 * index as u32
}
/// Stack and data of a task.
pub(crate) const RAM_BYTES: u32 = 0x100;

/// Where the code of task `index` begins.
pub(crate) const fn code(index: usize) -> u32 {
    ram(index) - CODE_BYTES
}
/// Code of a task.
pub(crate) const CODE_BYTES: u32 = 0x40;

/// Memory that several tasks map.
pub(crate) const SHARED: u32 = 0x3000_0000;
/// Its length.
pub(crate) const SHARED_BYTES: u32 = 0x80;
/// Registers of a device.
pub(crate) const DEVICE: u32 = 0x4000_0000;
/// Memory at the very end of the address space.
pub(crate) const TOP: u32 = 0xffff_ffe0;
/// Length of device and top.
pub(crate) const SMALL_BYTES: u32 = 0x20;

/// Lines; the first two wake the same task by the same bit.
pub(crate) const IRQS: [u16; 3] = [3, 5, 9];
/// Bits of the first two lines, and of the third.
pub(crate) const IRQ_MASKS: [u32; 2] = [0x40, 0x80];
const WATCH_MASK: u32 = 0x20;
/// What a task may post, depending on the pair.
const POST_MASKS: [u32; 4] = [0b0110, 0b0010, 0, 0b1_1110];
const ALL_EDGES: u8 = 0b1111;
const DIED_ONLY: u8 = 0b0010;

/// What a task may do with a piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Read and execute; the task's own.
    Code,
    /// Read and write; the task's own.
    Ram,
    /// Read and write.
    Write,
    /// Read and write, and others read it: the kernel does not write there.
    Shown,
    /// Read.
    Read,
    /// Registers: not for the kernel.
    Device,
}

/// A piece of memory that a task maps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub base: u32,
    pub bytes: u32,
    pub kind: Kind,
}

impl Area {
    /// The words that the MPU wants (Arm DDI 0553, MPU_RBAR and MPU_RLAR).
    const fn words(self) -> MpuRegion {
        let (access, attribute) = match self.kind {
            Kind::Code => (0b110, 0),
            Kind::Ram | Kind::Write => (0b011, 0),
            Kind::Shown => (0b011, 0b100),
            Kind::Read => (0b111, 0),
            Kind::Device => (0b011, 0b10),
        };
        let last_granule = self.base.wrapping_add(self.bytes - 32);
        MpuRegion { rbar: self.base | access, rlar: last_granule | attribute | 1 }
    }

    const fn own(self) -> OwnMemory {
        OwnMemory { base: self.base, bytes: self.bytes }
    }
}

/// The descriptor of a task with these areas, which are sorted by address.
///
/// Those behind the fourth are put to `upper`.
pub(crate) fn describe(
    areas: &[Area],
    priority: u8,
    flags: u8,
    sends: u32,
    upper: &mut Vec<UpperRegions>,
) -> TaskDesc {
    let at = |place: usize| areas.get(place).map_or(MpuRegion::NONE, |area| area.words());
    let mut place = 0;
    if areas.len() > REGIONS_PER_BURST {
        place = upper.len() as u8;
        upper.push(std::array::from_fn(|place| at(REGIONS_PER_BURST + place)));
    }
    let own = |kind: Kind| areas.iter().find(|area| area.kind == kind).map(|area| area.own());
    let none = OwnMemory { base: 0, bytes: 0 };
    let ram = own(Kind::Ram).unwrap_or(none);
    TaskDesc {
        mpu: std::array::from_fn(at),
        entry: 1,
        initial_sp: ram.base + ram.bytes / 2,
        sends: [sends, 0],
        ram,
        code: own(Kind::Code).unwrap_or(none),
        priority,
        flags,
        upper: place,
        first_post: 0,
    }
}

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the kernel is given.
    pub descs: Vec<TaskDesc>,
    pub upper: Vec<UpperRegions>,
    /// What the specification looks at instead of MPU words.
    pub areas: Vec<Vec<Area>>,
    pub posts: Vec<PostDesc>,
    pub watches: Vec<WatchDesc>,
    pub interrupts: Vec<InterruptDesc>,
    /// In which life the started tasks begin.
    pub lives: Vec<Generation>,
}

/// First eight bytes of the image id.
pub(crate) const IMAGE_ID: u64 = 0x1122_3344_5566_7788;

impl Plan {
    /// The image that these bytes stand for.
    pub(crate) fn draw(bytes: [u8; PLAN_BYTES]) -> Self {
        let [count, who @ ..] = bytes;
        let [a, b, c, d, sends_a, sends_b, sends_c, sends_d, rest @ ..] = who;
        let [shared, device, posts, watches, interrupts, ..] = rest;
        let count = usize::from(TASKS_MIN + count % TASK_COUNTS);
        let (actors, unsent) = ([a, b, c, d], [sends_a, sends_b, sends_c, sends_d]);
        let mut plan = Self {
            descs: Vec::new(),
            upper: vec![NO_UPPER],
            areas: (0..count).map(|task| areas(task, shared, device)).collect(),
            posts: (0..count * count).filter_map(|pair| post(pair, count, posts)).collect(),
            watches: Vec::new(),
            interrupts: lines(interrupts, count),
            lives: Vec::new(),
        };
        plan.watches = (0..count * count).filter_map(|pair| watch(pair, count, watches)).collect();
        plan.watches.truncate(WATCHES_MAX);
        let priorities: Vec<u8> = (0..count).map(|task| priority(task, count, actors)).collect();
        for task in 0..count {
            let actor = (1..count - 1).contains(&task);
            let drawn = if actor { actors[task - 1] } else { 0 };
            let withheld = if actor { unsent[task - 1] } else { 0 };
            let uphill = (0..count).filter(|peer| priorities[*peer] < priorities[task]);
            let sends = uphill.fold(0, |sends, peer| sends | 1 << peer) & !u32::from(withheld);
            let flags = if actor { flags(drawn) } else { ALL_FLAGS };
            let (areas, priority) = (&plan.areas[task], priorities[task]);
            plan.descs.push(describe(areas, priority, flags, sends, &mut plan.upper));
            plan.lives.push(if drawn >> 5 == 7 { LATE } else { Generation(0) });
        }
        plan
    }

    pub(crate) fn tables(&self) -> Tables<'_> {
        Tables {
            tasks: &self.descs,
            upper: &self.upper,
            posts: &self.posts,
            watches: &self.watches,
            interrupts: &self.interrupts,
        }
    }

    /// All memory that there is; device registers have none.
    pub(crate) fn memory(&self) -> Vec<(u32, u32)> {
        let own = (0..self.descs.len())
            .flat_map(|task| [(code(task), CODE_BYTES), (ram(task), RAM_BYTES)]);
        own.chain([(SHARED, SHARED_BYTES), (TOP, SMALL_BYTES)]).collect()
    }

    pub(crate) fn host(&self) -> Host {
        let mut host = Host::of_image(IMAGE_ID);
        for (base, bytes) in self.memory() {
            host.add_memory(base, bytes as usize);
        }
        host
    }
}

const ALL_FLAGS: u8 = TaskFlags::START | TaskFlags::RESTART | TaskFlags::FAULT;

/// A life with one more behind it.
const LATE: Generation = Generation(Generation::LAST.0 - 1);

const fn flags(drawn: u8) -> u8 {
    let start = if drawn >> 2 & 7 == 7 { 0 } else { TaskFlags::START };
    let grants = match drawn >> 2 & 7 {
        1 | 5 => TaskFlags::RESTART,
        2 | 6 => TaskFlags::FAULT,
        4 => TaskFlags::UNBELIEVED,
        _ => 0,
    };
    start | grants
}

const fn priority(task: usize, count: usize, actors: [u8; 4]) -> u8 {
    if task == 0 {
        0
    } else if task == count - 1 {
        IDLE_PRIORITY
    } else {
        1 + actors[task - 1] % ACTOR_PRIORITIES
    }
}

fn areas(task: usize, shared: u8, device: u8) -> Vec<Area> {
    let area = |base, bytes, kind| Area { base, bytes, kind };
    let mut areas =
        vec![area(code(task), CODE_BYTES, Kind::Code), area(ram(task), RAM_BYTES, Kind::Ram)];
    match shared.wrapping_add(task as u8) % 5 {
        0..=1 => areas.push(area(SHARED, SHARED_BYTES, Kind::Write)),
        2 => areas.push(area(SHARED, SHARED_BYTES, Kind::Shown)),
        3 => areas.push(area(SHARED, SHARED_BYTES, Kind::Read)),
        _ => {}
    }
    if device >> task & 1 == 0 {
        areas.push(area(DEVICE, SMALL_BYTES, Kind::Device));
    }
    if task % 2 == 1 {
        areas.push(area(TOP, SMALL_BYTES, Kind::Write));
    }
    areas
}

fn post(pair: usize, count: usize, drawn: u8) -> Option<PostDesc> {
    let (source, target) = (pair / count, pair % count);
    let mask = POST_MASKS[(usize::from(drawn) + 3 * source + 5 * target) % POST_MASKS.len()];
    let desc = PostDesc { source: source as u8, target: target as u8, reserved: 0, mask };
    (mask != 0).then_some(desc)
}

fn watch(pair: usize, count: usize, drawn: u8) -> Option<WatchDesc> {
    let (peer, watcher) = (pair / count, pair % count);
    let edges = if (peer + watcher) % 3 == 0 { DIED_ONLY } else { ALL_EDGES };
    let (peer8, watcher8) = (peer as u8, watcher as u8);
    let desc = WatchDesc { peer: peer8, watcher: watcher8, edges, reserved: 0, mask: WATCH_MASK };
    (peer != watcher && drawn >> ((peer + watcher) % 8) & 1 == 0).then_some(desc)
}

fn lines(drawn: u8, count: usize) -> Vec<InterruptDesc> {
    let (both, other) = (usize::from(drawn) % count, usize::from(drawn >> 4) % count);
    let line = |irq: u16, task: usize, mask: u32| InterruptDesc {
        irq,
        task: task as u8,
        reserved: 0,
        mask,
    };
    let [first, second, third] = IRQS;
    let [shared, own] = IRQ_MASKS;
    vec![line(first, both, shared), line(second, both, shared), line(third, other, own)]
}
