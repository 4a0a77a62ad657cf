//! Linker scripts, generated from placement and chip facts.
//!
//! Symbols that a program may refer to, all word-aligned:
//!
//! | symbol | meaning |
//! |---|---|
//! | `__sdata`, `__edata`, `__sidata` | initialised data, and its image in flash |
//! | `__sbss`, `__ebss` | zeroed data |
//! | `__stack_limit`, `__stack_top` | lowest address of the stack, initial stack pointer |
//! | `__sshared`, `__eshared` | memory shared by the two halves of the bench |
//! | `__flash_end`, `__data_end` | first address behind what is used of either memory |
//!
//! Sections: `.vectors` comes first, and the kernel's image id right behind it; `.uninit` is neither loaded nor zeroed; `.shared` lies in the
//! shared memory of the bench and is not loaded either, so that two ELF files may name it.

use sys_boot::MemoryRange;

/// What differs between scripts.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Lowest flash address.
    pub flash_base: u32,
    /// Lowest address of the data.
    pub data_base: u32,
    /// Entry symbol; without one the vector table is the root.
    pub entry: Option<&'static str>,
    /// Stack: below the data (products) or at the end of the memory (bench).
    pub stack: Stack,
    /// Memory for `.shared`.
    pub shared: Option<MemoryRange>,
}

/// Where a stack is.
#[derive(Clone, Copy, Debug)]
pub enum Stack {
    /// In this range.
    Range(MemoryRange),
    /// From the end of the data up to this address.
    UpTo(u32),
}

impl Script {
    /// The text of the script.
    #[must_use]
    pub fn text(&self) -> String {
        let (flash, data) = (self.flash_base, self.data_base);
        let entry = self.entry.map(|entry| format!("ENTRY({entry})\n")).unwrap_or_default();
        let (stack_limit, stack_top) = match self.stack {
            Stack::Range(range) => (format!("{:#x}", range.base), format!("{:#x}", range.end())),
            Stack::UpTo(top) => ("ALIGN(__data_end, 8)".into(), format!("{top:#x}")),
        };
        let shared = self.shared.map_or_else(String::new, |range| {
            format!(
                "  .shared {:#x} (NOLOAD) : {{ __sshared = .; *(.shared .shared.*) . = ALIGN(4); __eshared = .; }} :NONE
  ASSERT(__eshared <= {:#x}, \"the memory shared by both halves of the bench is full\")
",
                range.base,
                range.end()
            )
        });
        format!(
            "{entry}PHDRS {{ flash PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }}
SECTIONS
{{
  .vectors {flash:#x} : {{ __flash_base = .; KEEP(*(.vectors .vectors.*)) KEEP(*(.image_id)) }} :flash
  .text : ALIGN(4) {{ *(.text._start) *(.text .text.*) . = ALIGN(4); __etext = .; }} :flash
  .rodata : ALIGN(4) {{ *(.rodata .rodata.*) . = ALIGN(4); __erodata = .; }} :flash
  .data {data:#x} : AT(__erodata) {{ __sdata = .; *(.data .data.*) . = ALIGN(4); __edata = .; }} :data
  .bss (NOLOAD) : ALIGN(4) {{ __sbss = .; *(.bss .bss.* COMMON) . = ALIGN(4); __ebss = .; }} :NONE
  .uninit (NOLOAD) : ALIGN(4) {{ *(.uninit .uninit.*) . = ALIGN(4); __data_end = .; }} :NONE
{shared}  __sidata = __erodata;
  __flash_end = __sidata + (__edata - __sdata);
  __stack_limit = {stack_limit};
  __stack_top = {stack_top};
  /DISCARD/ : {{ *(.ARM.exidx .ARM.exidx.* .ARM.extab .ARM.extab.* .kernel_sizes .eh_frame) }}
}}
"
        )
    }
}
