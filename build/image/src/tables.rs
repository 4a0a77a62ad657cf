//! The kernel's tables: `sys_abi`'s structures, field by field, little endian.

use crate::error::ImageError;
use crate::mpu::{Rights, words};
use crate::object_file::ObjectFile;
use crate::place::Place;
use build_manifest::{Image, Task};
use sys_abi::{
    InterruptDesc, MAX_TASKS, MpuRegion, NO_UPPER, OwnMemory, PostDesc, REGIONS_PER_BURST,
    TaskDesc, TaskFlags, UpperRegions, WatchDesc,
};

/// What the kernel reserves per task and per watch, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelSizes {
    /// Bytes of kernel RAM per task.
    pub task_bytes: u32,
    /// Bytes of kernel RAM per watch.
    pub watch_bytes: u32,
}

/// A task after placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Memory.
    pub place: Place,
    /// First instruction, bit 0 clear.
    pub entry: u32,
}

/// The object that is linked into the kernel.
///
/// # Errors
/// More than an ELF object can hold.
pub fn object(
    image: &Image,
    placed: &[Placed],
    sizes: KernelSizes,
    image_id: u64,
) -> Result<Vec<u8>, ImageError> {
    let mut file = ObjectFile::default();
    let mut upper = vec![NO_UPPER];
    let tasks: Vec<_> =
        (0..image.tasks.len()).map(|index| task(image, index, placed[index], &mut upper)).collect();
    table(&mut file, "KERNEL_TASKS", "KERNEL_TASK_COUNT", &tasks, task_bytes);
    table(&mut file, "KERNEL_UPPER", "KERNEL_UPPER_COUNT", &upper, upper_bytes);
    let watches = watches(image);
    table(&mut file, "KERNEL_WATCHES", "KERNEL_WATCH_COUNT", &watches, watch_bytes);
    table(&mut file, "KERNEL_POSTS", "KERNEL_POST_COUNT", &posts(image), post_bytes);
    let interrupts = interrupts(image);
    table(&mut file, "KERNEL_INTERRUPTS", "KERNEL_INTERRUPT_COUNT", &interrupts, interrupt_bytes);
    file.constant("KERNEL_CYCLES_PER_US", &image.chip.cycles_per_us.to_le_bytes());
    file.image_id("KERNEL_IMAGE_ID", image_id);
    file.absolute("__crash_record", image.chip.crash_record.base);
    file.zeroed("__kernel_task_table", sizes.task_bytes * count(&tasks));
    file.zeroed("__kernel_watch_table", sizes.watch_bytes * count(&watches));
    file.finish()
}

fn table<T>(
    file: &mut ObjectFile,
    name: &str,
    count_name: &str,
    entries: &[T],
    bytes: fn(&T) -> Vec<u8>,
) {
    let all: Vec<u8> = entries.iter().flat_map(bytes).collect();
    file.constant(name, &all);
    file.constant(count_name, &count(entries).to_le_bytes());
}

fn count<T>(entries: &[T]) -> u32 {
    u32::try_from(entries.len()).expect("tables are small")
}

fn index8(index: usize) -> u8 {
    u8::try_from(index).expect("a checked manifest has at most MAX_TASKS tasks")
}

/// The MPU regions of a task, sorted by base: code and RAM lie below everything else of the chip.
#[must_use]
pub fn regions(image: &Image, task: &Task, place: Place) -> Vec<(sys_boot::MemoryRange, Rights)> {
    let windows =
        task.windows.iter().map(|window| (window.range, Rights::of(window, &image.tasks)));
    let own = [(place.flash, Rights::Code), (place.ram, Rights::Data)];
    let mut regions: Vec<_> = own.into_iter().chain(windows).collect();
    regions.sort_by_key(|(range, _)| range.base);
    regions
}

/// The words of all regions: the first ones, and those behind them if there are some.
#[must_use]
pub fn mpu(
    regions: &[(sys_boot::MemoryRange, Rights)],
) -> ([MpuRegion; REGIONS_PER_BURST], Option<UpperRegions>) {
    let all: Vec<_> = regions.iter().map(|(range, rights)| words(*range, *rights)).collect();
    let at = |place: usize| all.get(place).copied().unwrap_or(MpuRegion::NONE);
    let upper = std::array::from_fn(|place| at(REGIONS_PER_BURST + place));
    (std::array::from_fn(at), (all.len() > REGIONS_PER_BURST).then_some(upper))
}

fn task(
    image: &Image,
    index: usize,
    placed: Placed,
    upper_regions: &mut Vec<UpperRegions>,
) -> TaskDesc {
    let task = &image.tasks[index];
    let (mpu, upper) = mpu(&regions(image, task, placed.place));
    let place = upper.map_or(0, |_| index8(upper_regions.len()));
    upper_regions.extend(upper);
    let mut sends = [0u32; MAX_TASKS / 32];
    for target in (0..image.tasks.len()).filter(|target| image.may_send(index, *target)) {
        sends[target / 32] |= 1 << (target % 32);
    }
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    TaskDesc {
        mpu,
        entry: placed.entry | 1,
        initial_sp: placed.place.data_base,
        sends,
        ram: own(placed.place.ram),
        code: own(placed.place.flash),
        priority: task.priority,
        flags: flag(task.start, TaskFlags::START)
            | flag(task.may_restart, TaskFlags::RESTART)
            | flag(task.may_fault, TaskFlags::FAULT)
            | flag(task.quiesce.is_some(), TaskFlags::UNBELIEVED),
        upper: place,
        first_post: first_post(image, index),
    }
}

const fn own(range: sys_boot::MemoryRange) -> OwnMemory {
    OwnMemory { base: range.base, bytes: range.bytes }
}

/// Posts are sorted by source. Behind the last place that a byte can name, the kernel searches on.
fn first_post(image: &Image, index: usize) -> u8 {
    let before: usize = image.tasks[..index].iter().map(|task| task.posts.len()).sum();
    u8::try_from(before).unwrap_or(u8::MAX)
}

fn watches(image: &Image) -> Vec<WatchDesc> {
    let mut all = Vec::new();
    for (watcher, task) in image.tasks.iter().enumerate() {
        all.extend(task.watches.iter().map(|watch| WatchDesc {
            peer: index8(watch.peer),
            watcher: index8(watcher),
            edges: watch.edges,
            reserved: 0,
            mask: watch.mask,
        }));
    }
    all.sort_by_key(|watch| (watch.peer, watch.watcher));
    all
}

fn posts(image: &Image) -> Vec<PostDesc> {
    let mut all = Vec::new();
    for (source, task) in image.tasks.iter().enumerate() {
        all.extend(task.posts.iter().map(|post| PostDesc {
            source: index8(source),
            target: index8(post.target),
            reserved: 0,
            mask: post.mask,
        }));
    }
    all.sort_by_key(|post| (post.source, post.target));
    all
}

fn interrupts(image: &Image) -> Vec<InterruptDesc> {
    let mut all = Vec::new();
    for (index, task) in image.tasks.iter().enumerate() {
        all.extend(task.interrupts.iter().map(|line| InterruptDesc {
            irq: line.interrupt.irq,
            task: index8(index),
            reserved: 0,
            mask: line.mask,
        }));
    }
    all.sort_by_key(|line| line.irq);
    all
}

fn task_bytes(task: &TaskDesc) -> Vec<u8> {
    let words = [task.entry, task.initial_sp].into_iter().chain(task.sends);
    let own = [task.ram, task.code].map(|memory| [memory.base, memory.bytes]);
    let mut bytes = region_bytes(&task.mpu);
    bytes.extend(words.chain(own.into_iter().flatten()).flat_map(u32::to_le_bytes));
    bytes.extend([task.priority, task.flags, task.upper, task.first_post]);
    bytes
}

fn upper_bytes(upper: &UpperRegions) -> Vec<u8> {
    region_bytes(upper)
}

fn region_bytes(regions: &[MpuRegion]) -> Vec<u8> {
    let words = regions.iter().flat_map(|region| [region.rbar, region.rlar]);
    words.flat_map(u32::to_le_bytes).collect()
}

fn post_bytes(post: &PostDesc) -> Vec<u8> {
    let mut bytes = vec![post.source, post.target];
    bytes.extend(post.reserved.to_le_bytes());
    bytes.extend(post.mask.to_le_bytes());
    bytes
}

fn watch_bytes(watch: &WatchDesc) -> Vec<u8> {
    let mut bytes = vec![watch.peer, watch.watcher, watch.edges, watch.reserved];
    bytes.extend(watch.mask.to_le_bytes());
    bytes
}

fn interrupt_bytes(line: &InterruptDesc) -> Vec<u8> {
    let mut bytes = line.irq.to_le_bytes().to_vec();
    bytes.extend([line.task, line.reserved]);
    bytes.extend(line.mask.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    #[test]
    fn the_bytes_are_as_long_as_the_kernel_reads_them() {
        let region = MpuRegion { rbar: 1, rlar: 2 };
        let task = TaskDesc {
            mpu: [region; REGIONS_PER_BURST],
            entry: 3,
            initial_sp: 4,
            sends: [6, 7],
            ram: OwnMemory { base: 11, bytes: 12 },
            code: OwnMemory { base: 13, bytes: 14 },
            priority: 8,
            flags: 9,
            upper: 10,
            first_post: 0,
        };
        let bytes = task_bytes(&task);
        assert_eq!(bytes.len(), size_of::<TaskDesc>());
        assert_eq!(&bytes[..8], [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(upper_bytes(&[region; 4]).len(), size_of::<UpperRegions>());
        assert_eq!(&bytes[bytes.len() - 8..], [14, 0, 0, 0, 8, 9, 10, 0]);
        let post = PostDesc { source: 1, target: 2, reserved: 0, mask: 0x0403_0201 };
        assert_eq!(post_bytes(&post), [1, 2, 0, 0, 1, 2, 3, 4]);
        assert_eq!(post_bytes(&post).len(), size_of::<PostDesc>());
        let watch = WatchDesc { peer: 1, watcher: 2, edges: 3, reserved: 0, mask: 4 };
        assert_eq!(watch_bytes(&watch), [1, 2, 3, 0, 4, 0, 0, 0]);
        assert_eq!(watch_bytes(&watch).len(), size_of::<WatchDesc>());
        let line = InterruptDesc { irq: 0x0102, task: 3, reserved: 0, mask: 4 };
        assert_eq!(interrupt_bytes(&line), [2, 1, 3, 0, 4, 0, 0, 0]);
        assert_eq!(interrupt_bytes(&line).len(), size_of::<InterruptDesc>());
    }
}
