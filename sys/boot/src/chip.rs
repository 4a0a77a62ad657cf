//! The shape of a chip's facts.

/// A half-open range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// Lowest address.
    pub base: u32,
    /// Length in bytes.
    pub bytes: u32,
}

impl MemoryRange {
    /// `bytes` bytes from `base` on.
    #[must_use]
    pub const fn new(base: u32, bytes: u32) -> Self {
        Self { base, bytes }
    }

    /// The first address behind the range.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.base + self.bytes
    }

    /// Is `other` wholly inside?
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.base <= other.base && other.end() <= self.end()
    }

    /// Have both at least one address in common?
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.base < other.end() && other.base < self.end()
    }

    /// Is this address inside?
    #[must_use]
    pub const fn contains_address(self, address: u32) -> bool {
        self.base <= address && address < self.end()
    }
}

/// A block of registers that a task can own (`uses = ["name"]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peripheral {
    /// Name in `app.toml`.
    pub name: &'static str,
    /// Where its registers are.
    pub range: MemoryRange,
}

/// An external interrupt line (`interrupts = { "name" = "notification" }`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Name in `app.toml`: block, dot, line.
    pub name: &'static str,
    /// External interrupt number: the exception number minus 16.
    pub irq: u16,
}

/// Everything that the image builder must know about a chip.
#[derive(Clone, Copy, Debug)]
pub struct Chip {
    /// Name in `app.toml`.
    pub name: &'static str,
    /// Target triple of the Rust compiler.
    pub target: &'static str,
    /// What the emulator has to be told about the processor.
    pub emulator_options: &'static [&'static str],
    /// Code memory of the kernel and the tasks, as they see it.
    pub product_flash: MemoryRange,
    /// What is added to a flash address to get the address through which it is loaded.
    pub load_offset_bytes: u32,
    /// Data memory of the kernel and the tasks.
    pub product_ram: MemoryRange,
    /// Memory for the regions of `app.toml`: pools and other shared memory.
    pub pools: MemoryRange,
    /// Memories in which a region with a fixed address may lie.
    pub fixed: &'static [MemoryRange],
    /// Memory that a reset keeps, for the kernel's crash record and a dump.
    pub crash_record: MemoryRange,
    /// Register blocks.
    pub peripherals: &'static [Peripheral],
    /// Interrupt lines.
    pub interrupts: &'static [Interrupt],
    /// Number of external interrupt lines.
    pub interrupt_count: u16,
    /// SysTick cycles per microsecond.
    pub cycles_per_us: u32,
    /// MPU regions that an image may count on.
    pub mpu_region_count: usize,
    /// Alignment of base and size of an executable MPU region, in bytes.
    pub mpu_code_align_bytes: u32,
    /// Alignment of base and size of a data MPU region, in bytes.
    pub mpu_data_align_bytes: u32,
}

impl Chip {
    /// The register block with that name.
    #[must_use]
    pub fn peripheral(&self, name: &str) -> Option<&'static Peripheral> {
        self.peripherals.iter().find(|peripheral| peripheral.name == name)
    }

    /// The interrupt line with that name.
    #[must_use]
    pub fn interrupt(&self, name: &str) -> Option<&'static Interrupt> {
        self.interrupts.iter().find(|interrupt| interrupt.name == name)
    }
}
