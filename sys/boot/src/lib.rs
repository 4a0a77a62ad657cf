//! Chip facts as data: memory map, peripherals, interrupt lines, clock.
//!
//! # Why one crate of tables
//! The same numbers decide where the image builder places code, which MPU words a task gets,
//! what the emulated hardware maps where, and how QEMU is started. Stated once, as `const` data,
//! they cannot disagree; a new chip is a new file here and no `cfg` anywhere else.
//!
//! Block names such as `isp` are names of register blocks as a data sheet would list them;
//! nothing in this crate knows what they do.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod chip;
pub mod mps2_an521;

pub use chip::{Chip, Interrupt, MemoryRange, Peripheral};

/// All chips, by the name that `app.toml` uses.
pub const CHIPS: &[&Chip] = &[&mps2_an521::CHIP, &mps2_an521::CHIP_FPU];

/// The chip with that name.
#[must_use]
pub fn chip(name: &str) -> Option<&'static Chip> {
    CHIPS.iter().copied().find(|chip| chip.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
        items.iter().enumerate().flat_map(|(n, a)| items[n + 1..].iter().map(move |b| (a, b)))
    }

    #[test]
    fn no_two_peripherals_overlap_or_share_a_name() {
        for chip in CHIPS {
            for (a, b) in pairs(chip.peripherals) {
                assert!(!a.range.overlaps(b.range), "{} and {} overlap", a.name, b.name);
                assert_ne!(a.name, b.name);
            }
        }
    }

    #[test]
    fn no_two_interrupts_share_a_line_or_a_name() {
        for chip in CHIPS {
            for (a, b) in pairs(chip.interrupts) {
                assert_ne!(a.irq, b.irq, "{} and {}", a.name, b.name);
                assert_ne!(a.name, b.name);
            }
            assert!(chip.interrupts.iter().all(|line| line.irq < chip.interrupt_count));
        }
    }

    #[test]
    fn peripherals_can_be_mapped_by_an_mpu_region_each() {
        for chip in CHIPS {
            for peripheral in chip.peripherals {
                let range = peripheral.range;
                assert_eq!(range.base % chip.mpu_data_align_bytes, 0, "{}", peripheral.name);
                assert_eq!(range.bytes % chip.mpu_data_align_bytes, 0, "{}", peripheral.name);
            }
        }
    }

    #[test]
    fn the_memories_of_the_an521_do_not_overlap() {
        use mps2_an521::*;
        let ranges = [
            PRODUCT_FLASH,
            PRODUCT_RAM,
            BENCH_PARAMETERS,
            PRODUCT_PARAMETERS,
            SHADOW_VECTORS,
            POOLS,
            CRASH_RECORD,
            BENCH_FLASH,
            BENCH_RAM,
            CORE1_FLASH,
            CORE1_RAM,
            BENCH_SHARED,
            WINDOW,
        ];
        for (a, b) in pairs(&ranges) {
            assert!(!a.overlaps(*b), "{a:x?} and {b:x?} overlap");
        }
    }

    #[test]
    fn what_lies_in_the_large_memory_and_in_the_window_fits_in() {
        use mps2_an521::*;
        for part in [BENCH_PARAMETERS, PRODUCT_PARAMETERS, SHADOW_VECTORS, POOLS, CRASH_RECORD] {
            assert!(PSRAM.contains(part), "{part:x?}");
        }
        for peripheral in PERIPHERALS.iter().filter(|p| p.name != "uart0") {
            assert!(WINDOW.contains(peripheral.range), "{}", peripheral.name);
        }
    }
}
