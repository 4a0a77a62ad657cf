//! Bits: names to positions, and which of them only the kernel posts.

use super::{Context, unknown};
use crate::error::Defect;
use crate::image::{Line, Post, Watch};
use crate::raw::{Name, RawTask};
use sys_abi::{Edge, FAULT_NOTIFICATION};

/// Bits of one task by what posts them.
#[derive(Clone, Copy, Default)]
pub struct Bits {
    fault: u32,
    watch: u32,
    interrupt: u32,
    timer: u32,
}

impl Bits {
    /// All that only the kernel posts.
    pub fn kernel(self) -> u32 {
        self.fault | self.watch | self.interrupt | self.timer
    }

    /// Bits of the timer.
    pub fn timer(self) -> u32 {
        self.timer
    }

    fn why(self, bit: u32) -> &'static str {
        match bit {
            bit if bit & self.fault != 0 => "fault",
            bit if bit & self.watch != 0 => "watch",
            bit if bit & self.interrupt != 0 => "interrupt",
            _ => "timer",
        }
    }
}

/// The mask of a declared notification, without a complaint.
fn find(task: &RawTask, name: &Name) -> Option<u32> {
    let position = task.notifications.iter().position(|known| known.value == name.value)?;
    1u32.checked_shl(u32::try_from(position).ok()?)
}

/// The mask of a declared notification of `task`.
fn mask(context: &mut Context<'_>, where_: &str, task: &RawTask, name: &Name) -> Option<u32> {
    let found = find(task, name);
    if found.is_none() && task.notifications.len() <= 32 {
        let known = task.notifications.iter().map(|known| known.value.as_str());
        let what = "notification";
        context.defects.add(name.at, unknown(where_, what, &name.value, known));
    }
    found
}

/// Declared names: not too many, none twice, none alike.
pub fn declared(context: &mut Context<'_>, task: &RawTask) -> Vec<String> {
    let names: Vec<&Name> = task.notifications.iter().collect();
    context.once(task, "notification", &names);
    context.symbols("notification", &names);
    if names.len() > 32 {
        let (at, count) = (names[32].at, names.len());
        let task = task.name.value.clone();
        context.defects.add(at, Defect::TooManyNotifications { task, count });
    }
    names.iter().map(|name| name.value.clone()).collect()
}

/// Which bits of each task only the kernel posts.
pub fn kernel_bits(context: &mut Context<'_>) -> Vec<Bits> {
    let raw = context.raw;
    let mut all = Vec::new();
    for (index, task) in raw.tasks.iter().enumerate() {
        let sum = |names: &mut dyn Iterator<Item = &Name>| {
            names.filter_map(|name| find(task, name)).fold(0, |sum, mask| sum | mask)
        };
        let mut bits = Bits {
            fault: if index == 0 { FAULT_NOTIFICATION } else { 0 },
            watch: sum(&mut task.watch.iter().map(|watch| &watch.bit).chain(&task.clients)),
            interrupt: sum(&mut task.interrupts.iter().map(|(_, bit)| bit)),
            timer: 0,
        };
        let where_ = format!("timer of task {}", task.name.value);
        for name in &task.timer {
            bits.timer |= mask(context, &where_, task, name).unwrap_or(0);
        }
        shared(context, task, bits);
        all.push(bits);
    }
    all
}

/// Two sources behind one bit cannot be told apart, except peers behind a watch bit, which
/// `watch_next()` tells apart, and interrupt lines, which `sys_irq_status` does.
fn shared(context: &mut Context<'_>, task: &RawTask, bits: Bits) {
    let kinds = [
        ("fault", bits.fault),
        ("watch", bits.watch),
        ("interrupt", bits.interrupt),
        ("timer", bits.timer),
    ];
    for (position, (a, mask_a)) in kinds.into_iter().enumerate() {
        for (b, mask_b) in kinds.into_iter().skip(position + 1) {
            let both = mask_a & mask_b;
            let bit = if both == 0 { None } else { Some(both.trailing_zeros() as usize) };
            let Some(name) = bit.and_then(|bit| task.notifications.get(bit)) else {
                continue;
            };
            let (task, bit) = (task.name.value.clone(), name.value.clone());
            context.defects.add(name.at, Defect::SharedBit { task, bit, a, b });
        }
    }
}

/// Watched peers: those that `watch` lists, and all clients if `clients` asks for them.
pub fn watches(context: &mut Context<'_>, task: &RawTask) -> Vec<Watch> {
    let mut watches = listed_watches(context, task);
    let Some(bit) = &task.clients else { return watches };
    let where_ = format!("clients of task {}", task.name.value);
    let Some(mask) = mask(context, &where_, task, bit) else { return watches };
    for (peer, other) in context.raw.tasks.iter().enumerate() {
        let is_client = other.slots.iter().any(|(_, server)| server.value == task.name.value);
        if is_client && watches.iter().all(|watch| watch.peer != peer) {
            watches.push(Watch { peer, edges: ALL_EDGES, mask });
        }
    }
    watches
}

fn listed_watches(context: &mut Context<'_>, task: &RawTask) -> Vec<Watch> {
    let mut watches = Vec::new();
    let where_ = format!("watch of task {}", task.name.value);
    for watch in &task.watch {
        let peer = context.peer(task, &watch.peer, "watch");
        let mask = mask(context, &where_, task, &watch.bit);
        let edges = match &watch.edges {
            None => ALL_EDGES,
            Some(names) => names
                .iter()
                .filter_map(|name| edge(context, &where_, name))
                .fold(0, |sum, edge| sum | edge.bit()),
        };
        if let (Some(peer), Some(mask)) = (peer, mask) {
            watches.push(Watch { peer, edges, mask });
        }
    }
    watches
}

const ALL_EDGES: u8 =
    Edge::Removing.bit() | Edge::Died.bit() | Edge::Quiet.bit() | Edge::Ready.bit();

const EDGES: [(&str, Edge); 4] = [
    ("removing", Edge::Removing),
    ("died", Edge::Died),
    ("quiet", Edge::Quiet),
    ("ready", Edge::Ready),
];

fn edge(context: &mut Context<'_>, where_: &str, name: &Name) -> Option<Edge> {
    let found = EDGES.iter().find(|(known, _)| *known == name.value);
    if found.is_none() {
        let known = EDGES.iter().map(|(known, _)| *known);
        context.defects.add(name.at, unknown(where_, "edge", &name.value, known));
    }
    found.map(|(_, edge)| *edge)
}

/// Interrupt lines; one line may wake only one task of the image.
pub fn interrupts(context: &mut Context<'_>, task: &RawTask) -> Vec<Line> {
    let mut lines = Vec::new();
    let where_ = format!("interrupts of task {}", task.name.value);
    for (name, bit) in &task.interrupts {
        let interrupt = context.chip.interrupt(&name.value);
        if interrupt.is_none() {
            let known = context.chip.interrupts.iter().map(|line| line.name);
            context.defects.add(name.at, unknown(&where_, "interrupt", &name.value, known));
        }
        let mask = mask(context, &where_, task, bit);
        let earlier = context.raw.tasks.iter().take_while(|other| other.name.at != task.name.at);
        let twice = earlier
            .filter(|other| other.interrupts.iter().any(|(theirs, _)| theirs.value == name.value))
            .map(|other| other.name.value.clone())
            .next();
        if let Some(a) = twice {
            let (irq, b) = (name.value.clone(), task.name.value.clone());
            context.defects.add(name.at, Defect::DuplicateInterrupt { irq, a, b });
        }
        if let (Some(interrupt), Some(mask)) = (interrupt, mask) {
            lines.push(Line { interrupt, mask });
        }
    }
    lines
}

/// What the task may post.
pub fn posts(context: &mut Context<'_>, task: &RawTask, kernel: &[Bits]) -> Vec<Post> {
    let raw = context.raw;
    let names: Vec<&Name> = task.post.iter().map(|post| &post.target).collect();
    context.once(task, "post to", &names);
    let mut posts = Vec::new();
    for post in &task.post {
        let Some(target) = context.peer(task, &post.target, "post to") else { continue };
        let theirs = &raw.tasks[target];
        let mask = match &post.bits {
            None => {
                let all = all_bits(theirs.notifications.len()) & !kernel[target].kernel();
                if all == 0 {
                    let (task, target) = (task.name.value.clone(), theirs.name.value.clone());
                    context.defects.add(post.target.at, Defect::NothingToPost { task, target });
                }
                all
            }
            Some(bits) => listed(context, task, theirs, bits, kernel[target]),
        };
        posts.push(Post { target, mask });
    }
    posts
}

fn listed(
    context: &mut Context<'_>,
    task: &RawTask,
    theirs: &RawTask,
    bits: &[Name],
    kernel: Bits,
) -> u32 {
    let where_ = format!("post of task {} to {}", task.name.value, theirs.name.value);
    let mut sum = 0;
    for name in bits {
        let Some(bit) = mask(context, &where_, theirs, name) else { continue };
        if bit & kernel.kernel() != 0 {
            let defect = Defect::PostOfKernelBit {
                task: task.name.value.clone(),
                target: theirs.name.value.clone(),
                bit: name.value.clone(),
                why: kernel.why(bit),
            };
            context.defects.add(name.at, defect);
        }
        sum |= bit;
    }
    sum
}

fn all_bits(count: usize) -> u32 {
    match count {
        0..32 => (1 << count) - 1,
        _ => u32::MAX,
    }
}
