//! Placement: from measured sizes to addresses. Pure arithmetic.
//!
//! The kernel comes first in both memories, then the tasks in their order. A program's flash is
//! one range (code, constants, image of the initialised data); its RAM is one range with the
//! stack at the bottom, so that an overflow runs off the range instead of into data:
//!
//! ```text
//! base                    base + stack                                base + bytes
//!  | stack, grows downwards | .data | .bss | rounding is given to the stack above |
//! ```

use crate::error::ImageError;
use sys_boot::{Chip, MemoryRange};

/// What a program needs, as a trial link measured it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Name for messages.
    pub name: String,
    /// Code, constants and the image of the initialised data, in bytes.
    pub flash_bytes: u32,
    /// Initialised and zeroed data, in bytes.
    pub data_bytes: u32,
    /// Largest alignment of its data, in bytes.
    pub data_align_bytes: u32,
    /// Declared stack, in bytes.
    pub stack_bytes: u32,
}

/// Where a program goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Code and constants.
    pub flash: MemoryRange,
    /// Stack and data.
    pub ram: MemoryRange,
    /// First address of the data, and initial stack pointer.
    pub data_base: u32,
}

impl Place {
    /// The stack: the declared bound plus what rounding added.
    #[must_use]
    pub const fn stack(&self) -> MemoryRange {
        MemoryRange::new(self.ram.base, self.data_base - self.ram.base)
    }
}

/// Stack pointers are 8-aligned (Arm AAPCS32, 6.2.1.2).
const STACK_ALIGN_BYTES: u32 = 8;

/// Places all programs; the first is the kernel.
///
/// # Errors
/// A memory is full.
pub fn place(chip: &Chip, needs: &[Need]) -> Result<Vec<Place>, ImageError> {
    let mut flash = Cursor::new("flash", chip.product_flash, chip.mpu_code_align_bytes);
    let mut ram = Cursor::new("RAM", chip.product_ram, chip.mpu_data_align_bytes);
    needs.iter().map(|need| place_one(need, &mut flash, &mut ram)).collect()
}

fn place_one(need: &Need, flash: &mut Cursor, ram: &mut Cursor) -> Result<Place, ImageError> {
    let code = flash.take(&need.name, u64::from(need.flash_bytes))?;
    let align = need.data_align_bytes.max(STACK_ALIGN_BYTES);
    // Aligning the data downwards below costs at most `align` bytes more.
    let whole = u64::from(need.stack_bytes) + u64::from(need.data_bytes) + u64::from(align);
    let range = ram.take(&need.name, whole)?;
    let data_base = (range.end() - need.data_bytes) / align * align;
    Ok(Place { flash: code, ram: range, data_base })
}

/// A memory that fills up from its beginning.
struct Cursor {
    memory: &'static str,
    range: MemoryRange,
    align_bytes: u32,
    next: u32,
}

impl Cursor {
    fn new(memory: &'static str, range: MemoryRange, align_bytes: u32) -> Self {
        Self { memory, range, align_bytes, next: range.base }
    }

    fn take(&mut self, name: &str, bytes: u64) -> Result<MemoryRange, ImageError> {
        let rounded = bytes.max(1).next_multiple_of(u64::from(self.align_bytes));
        let free = self.range.end() - self.next;
        match u32::try_from(rounded) {
            Ok(rounded) if rounded <= free => {
                let range = MemoryRange::new(self.next, rounded);
                self.next += rounded;
                Ok(range)
            }
            _ => Err(ImageError::Full {
                memory: self.memory,
                program: name.into(),
                bytes: u32::try_from(rounded).unwrap_or(u32::MAX),
                free,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sys_boot::mps2_an521::CHIP;

    fn needs() -> impl Strategy<Value = Vec<Need>> {
        let need = (0u32..40_000, 0u32..9_000, 0u32..6, (32u32..1_000).prop_map(|n| n * 8));
        let need = need.prop_map(|(flash_bytes, data_bytes, align, stack_bytes)| Need {
            name: "program".into(),
            flash_bytes,
            data_bytes,
            data_align_bytes: 1 << align,
            stack_bytes,
        });
        proptest::collection::vec(need, 1..30)
    }

    proptest! {
        #[test]
        fn places_are_aligned_large_enough_and_apart(needs in needs()) {
            let Ok(places) = place(&CHIP, &needs) else {
                let flash: u32 = needs.iter().map(|need| need.flash_bytes + 32).sum();
                let ram: u32 = needs
                    .iter()
                    .map(|need| need.stack_bytes + need.data_bytes + 32 + 1024)
                    .sum();
                prop_assert!(flash > CHIP.product_flash.bytes || ram > CHIP.product_ram.bytes);
                return Ok(());
            };
            for (need, at) in needs.iter().zip(&places) {
                prop_assert!(at.flash.bytes >= need.flash_bytes);
                prop_assert_eq!(at.flash.base % 32, 0);
                prop_assert_eq!(at.flash.bytes % 32, 0);
                prop_assert_eq!(at.ram.base % 1024, 0);
                prop_assert_eq!(at.ram.bytes % 1024, 0);
                prop_assert!(at.stack().bytes >= need.stack_bytes);
                prop_assert_eq!(at.data_base % need.data_align_bytes.max(8), 0);
                prop_assert!(at.data_base + need.data_bytes <= at.ram.end());
                prop_assert!(CHIP.product_flash.contains(at.flash));
                prop_assert!(CHIP.product_ram.contains(at.ram));
            }
            for (n, a) in places.iter().enumerate() {
                for b in &places[n + 1..] {
                    prop_assert!(!a.flash.overlaps(b.flash) && !a.ram.overlaps(b.ram));
                }
            }
        }
    }

    #[test]
    fn a_full_memory_is_named_with_both_numbers() {
        let need = Need {
            name: "video6".into(),
            flash_bytes: CHIP.product_flash.bytes + 1024,
            data_bytes: 0,
            data_align_bytes: 4,
            stack_bytes: 1024,
        };
        let error = place(&CHIP, &[need]).expect_err("it has 1 KiB too many");
        assert_eq!(
            error.to_string(),
            "flash is full: video6 needs 2098176 bytes, 2097152 are left: make something smaller"
        );
    }

    #[test]
    fn a_program_without_data_starts_with_the_whole_ram_as_stack() {
        let need = Need {
            name: "idle".into(),
            flash_bytes: 64,
            data_bytes: 0,
            data_align_bytes: 1,
            stack_bytes: 256,
        };
        let at = place(&CHIP, &[need]).expect("fits")[0];
        assert_eq!(at.stack(), at.ram);
        assert_eq!(at.ram.bytes, 1024);
    }
}
