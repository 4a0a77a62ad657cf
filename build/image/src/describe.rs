//! Writes down where everything is.

use crate::error::ImageError;
use crate::mpu::Rights;
use crate::place::Place;
use crate::programs::{KERNEL_FILE, Linked, task_file};
use crate::tables::{Placed, regions};
use build_manifest::layout::{
    Interrupt, Kernel, Layout, Mpu, Post, Range, Region, Task, Use, Watch,
};
use build_manifest::{Config, ConfigValue, Image};
use std::collections::BTreeMap;
use sys_boot::MemoryRange;

/// The layout of a linked image, without the files of bench or shim.
///
/// # Errors
/// The kernel's ELF file cannot be read.
pub fn layout(image: &Image, name: &str, linked: &Linked) -> Result<Layout, ImageError> {
    let places = || std::iter::once(linked.kernel).chain(linked.tasks.iter().map(|t| t.place));
    let used = |memory: MemoryRange, end: u32| Use {
        base: memory.base,
        bytes: memory.bytes,
        used_bytes: end - memory.base,
    };
    let flash_end = places().map(|place| place.flash.end()).max().unwrap_or_default();
    let ram_end = places().map(|place| place.ram.end()).max().unwrap_or_default();
    Ok(Layout {
        name: name.into(),
        chip: image.chip.name.into(),
        image_id: linked.image_id.iter().map(|byte| format!("{byte:02x}")).collect(),
        load_offset_bytes: image.chip.load_offset_bytes,
        flash: used(image.chip.product_flash, flash_end),
        ram: used(image.chip.product_ram, ram_end),
        kernel: kernel(image, linked)?,
        tasks: (0..image.tasks.len())
            .map(|index| task(image, index, linked.tasks[index]))
            .collect(),
        regions: image.regions.iter().map(region).collect(),
        files: files(image),
    })
}

fn range(range: MemoryRange) -> Range {
    Range { base: range.base, bytes: range.bytes }
}

fn small(index: usize) -> u8 {
    u8::try_from(index).expect("a checked manifest has at most MAX_TASKS tasks")
}

fn files(image: &Image) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("product".to_string(), "product.elf".to_string()),
        ("binary".into(), "product.bin".into()),
        ("kernel".into(), KERNEL_FILE.into()),
    ]);
    let tasks = image.tasks.iter();
    files.extend(tasks.map(|task| (format!("task:{}", task.name), task_file(&task.name))));
    files
}

fn kernel(image: &Image, linked: &Linked) -> Result<Kernel, ImageError> {
    let Place { flash, ram, .. } = linked.kernel;
    let mut symbols = linked.kernel_elf.data_symbols()?;
    symbols.retain(|_, address| flash.contains_address(*address) || ram.contains_address(*address));
    Ok(Kernel {
        package: image.kernel.program.package.clone(),
        flash: range(flash),
        ram: range(ram),
        stack: range(linked.kernel.stack()),
        symbols,
    })
}

fn task(image: &Image, index: usize, placed: Placed) -> Task {
    let task = &image.tasks[index];
    let place = placed.place;
    let mpu = regions(image, task, place).into_iter().map(|(range, rights)| Mpu {
        what: what(image, place, range, rights),
        base: range.base,
        bytes: range.bytes,
        rights: rights.name().into(),
    });
    let posts = task.posts.iter();
    let watches = task.watches.iter();
    Task {
        name: task.name.clone(),
        index: small(index),
        package: task.program.package.clone(),
        priority: task.priority,
        start: task.start,
        flash: range(place.flash),
        ram: range(place.ram),
        stack: range(place.stack()),
        stack_bound_bytes: task.stack_bytes,
        entry: placed.entry,
        mpu: mpu.collect(),
        notifications: task.notifications.clone(),
        sends: (0..image.tasks.len())
            .filter(|target| image.may_send(index, *target))
            .map(small)
            .collect(),
        slots: task.slots.iter().map(|slot| (slot.name.clone(), small(slot.peer))).collect(),
        watches: watches
            .map(|watch| Watch { peer: small(watch.peer), edges: watch.edges, mask: watch.mask })
            .collect(),
        posts: posts.map(|post| Post { target: small(post.target), mask: post.mask }).collect(),
        interrupts: task
            .interrupts
            .iter()
            .map(|line| Interrupt {
                name: line.interrupt.name.into(),
                irq: line.interrupt.irq,
                mask: line.mask,
            })
            .collect(),
        uses: task.uses.iter().map(|block| block.name.into()).collect(),
        config: task.config.iter().map(config).collect(),
        quiesce: task.quiesce.map(small),
        hang_ms: task.hang_ms,
    }
}

/// What an MPU region covers, by name.
fn what(image: &Image, place: Place, range: MemoryRange, rights: Rights) -> String {
    if range == place.flash {
        return "flash".into();
    }
    if range == place.ram {
        return "ram".into();
    }
    let regions = image.regions.iter().map(|region| (region.name.as_str(), region.range));
    let blocks = image.chip.peripherals.iter().map(|block| (block.name, block.range));
    let names: Vec<_> = match rights {
        Rights::Device => blocks.filter(|(_, inner)| range.contains(*inner)).collect(),
        _ => regions.filter(|(_, inner)| range.contains(*inner)).collect(),
    };
    names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join("+")
}

fn region(region: &build_manifest::Region) -> Region {
    Region {
        name: region.name.clone(),
        kind: region.kind.name().into(),
        base: region.range.base,
        bytes: region.range.bytes,
        buffer_count: region.buffer_count,
        buffer_bytes: region.buffer_bytes,
    }
}

fn config(config: &Config) -> (String, String) {
    let text = match &config.value {
        ConfigValue::Word(word) => word.to_string(),
        ConfigValue::Text(text) => text.clone(),
        ConfigValue::Region { name, .. } => name.clone(),
        ConfigValue::Words(words) => format!("{words:?}"),
    };
    (config.key.clone(), text)
}
