//! Arm MPS2+ with the AN521 FPGA image (two Cortex-M33), as QEMU models it.
//!
//! Sources: Arm DAI 0521 "Application Note AN521" (memory map, interrupt assignments) and the
//! machine model of QEMU 7.2, `hw/arm/mps2-tz.c`. The register window at 0x4F00_0000 is unmapped
//! in the machine; the bench answers there.
//!
//! ```text
//!              Non-secure view                       Secure view (+0x1000_0000)
//! 0x0000_0000  -                                     core 0 bench flash  1 MiB
//! 0x0010_0000  product flash     2 MiB               (the product is loaded here)
//! 0x0030_0000  -                                     core 1 bench flash  1 MiB
//! 0x2800_0000  -                                     core 0 bench RAM    1 MiB
//! 0x2810_0000  product RAM       1 MiB
//! 0x2820_0000  -                                     shared by both bench halves 128 KiB
//! 0x2822_0000  -                                     core 1 bench RAM    1.875 MiB
//! 0x4F00_0000  register window   16 KiB
//! 0x8000_0000  PSRAM             16 MiB (no alias)
//! ```

use crate::{Chip, Interrupt, MemoryRange, Peripheral};

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// What is added to a Non-secure address of code or data SSRAM to get its Secure alias.
pub const SECURE_ALIAS_BYTES: u32 = 0x1000_0000;

/// Code of the kernel and the tasks, Non-secure view (middle of SSRAM1).
pub const PRODUCT_FLASH: MemoryRange = MemoryRange::new(0x0010_0000, 2 * MIB);
/// Data of the kernel and the tasks, Non-secure view (upper part of the first 2 MiB of SSRAM2).
pub const PRODUCT_RAM: MemoryRange = MemoryRange::new(0x2810_0000, MIB);

/// Large memory, behind no protection controller, same address in both states.
pub const PSRAM: MemoryRange = MemoryRange::new(0x8000_0000, 16 * MIB);
/// Parameter block of the bench, written by the loader of the emulator.
pub const BENCH_PARAMETERS: MemoryRange = MemoryRange::new(0x8000_0000, 16 * KIB);
/// Parameter block of the product (hubpack), written by the loader of the emulator.
pub const PRODUCT_PARAMETERS: MemoryRange = MemoryRange::new(0x8000_4000, 4 * KIB);
/// Shadow vector table of the bench: 256 entries.
pub const SHADOW_VECTORS: MemoryRange = MemoryRange::new(0x8000_8000, KIB);
/// Pools and other regions of `app.toml`.
pub const POOLS: MemoryRange = MemoryRange::new(0x8001_0000, 0x00FB_0000);
/// Crash record and dump; survives a system reset.
pub const CRASH_RECORD: MemoryRange = MemoryRange::new(0x80FC_0000, 256 * KIB);

/// Code of the bench on core 0, Secure.
pub const BENCH_FLASH: MemoryRange = MemoryRange::new(0x1000_0000, MIB);
/// Data of the bench on core 0, Secure.
pub const BENCH_RAM: MemoryRange = MemoryRange::new(0x3800_0000, MIB);
/// Code of the bench on core 1, Secure.
pub const CORE1_FLASH: MemoryRange = MemoryRange::new(0x1030_0000, MIB);
/// Data of the bench on core 1, Secure.
pub const CORE1_RAM: MemoryRange = MemoryRange::new(0x3822_0000, 1920 * KIB);
/// Memory shared by the two halves of the bench, Secure.
pub const BENCH_SHARED: MemoryRange = MemoryRange::new(0x3820_0000, 128 * KIB);

/// All trapped register blocks.
pub const WINDOW: MemoryRange = MemoryRange::new(0x4F00_0000, 16 * KIB);

/// Image signal processor.
pub const ISP: Peripheral = block("isp", 0x0000, 8 * KIB);
/// Control bus of the sensor.
pub const SENSOR_BUS: Peripheral = block("sensor_bus", 0x2000, KIB);
/// Power, clocks, resets and presence of the module.
pub const PRCM: Peripheral = block("prcm", 0x2400, KIB);
/// DMA firewall: one window per buffer.
pub const FIREWALL: Peripheral = block("firewall", 0x2800, KIB);
/// Kill switch of the camera power domain.
pub const KILL_SWITCH: Peripheral = block("kill_switch", 0x2C00, KIB);
/// Control of the bench itself, for test tasks.
pub const BENCH_CONTROL: Peripheral = block("bench_control", 0x3000, KIB);
/// Doorbell to the host.
pub const HOST_LINK: Peripheral = block("host_link", 0x3400, KIB);
/// CMSDK UART 0 (Arm DDI 0479, APB UART), Non-secure view.
pub const UART0: Peripheral =
    Peripheral { name: "uart0", range: MemoryRange::new(0x4020_0000, 4 * KIB) };

/// All register blocks.
pub const PERIPHERALS: &[Peripheral] =
    &[ISP, SENSOR_BUS, PRCM, FIREWALL, KILL_SWITCH, BENCH_CONTROL, HOST_LINK, UART0];

/// Interrupt of the image signal processor.
pub const ISP_IRQ: Interrupt = Interrupt { name: "isp.irq", irq: 100 };
/// Interrupt of the control bus.
pub const SENSOR_BUS_IRQ: Interrupt = Interrupt { name: "sensor_bus.irq", irq: 101 };
/// Presence of the module changed.
pub const PRESENCE_IRQ: Interrupt = Interrupt { name: "prcm.presence", irq: 102 };
/// The firewall stopped an access.
pub const FIREWALL_IRQ: Interrupt = Interrupt { name: "firewall.irq", irq: 103 };
/// The host rang.
pub const HOST_LINK_IRQ: Interrupt = Interrupt { name: "host_link.irq", irq: 104 };

/// All interrupt lines with a name. Lines 68 to 123 have no source in the machine: these are
/// pended by software. The spare ones are for tests of the kernel.
pub const INTERRUPTS: &[Interrupt] = &[
    ISP_IRQ,
    SENSOR_BUS_IRQ,
    PRESENCE_IRQ,
    FIREWALL_IRQ,
    HOST_LINK_IRQ,
    Interrupt { name: "spare.irq0", irq: 110 },
    Interrupt { name: "spare.irq1", irq: 111 },
    Interrupt { name: "spare.irq2", irq: 112 },
    Interrupt { name: "spare.irq3", irq: 113 },
];

/// External interrupt lines of the machine.
pub const INTERRUPT_COUNT: u16 = 124;

/// SysTick runs from the 20 MHz system clock.
pub const CYCLES_PER_US: u32 = 20;

/// Everything for the image builder.
pub const CHIP: Chip = Chip {
    name: "mps2-an521",
    target: "thumbv8m.main-none-eabi",
    emulator_options: &[],
    product_flash: PRODUCT_FLASH,
    load_offset_bytes: SECURE_ALIAS_BYTES,
    product_ram: PRODUCT_RAM,
    pools: POOLS,
    fixed: &[PRODUCT_PARAMETERS, POOLS, CRASH_RECORD],
    crash_record: CRASH_RECORD,
    peripherals: PERIPHERALS,
    interrupts: INTERRUPTS,
    interrupt_count: INTERRUPT_COUNT,
    cycles_per_us: CYCLES_PER_US,
    // QEMU 7.2 has 16, QEMU from 8.2 on and the FPGA image have 8.
    mpu_region_count: 8,
    // Arm DDI 0553B, MPU_RBAR: granularity 32 bytes. Data is aligned to the emulator's page of
    // 1 KiB, because a page that a region covers only in part takes a slow path at each access.
    mpu_code_align_bytes: 32,
    mpu_data_align_bytes: KIB,
};

/// The same board with FP registers in core 0, which is an option of the core that the FPGA image
/// leaves out (Arm 100230, Cortex-M33 TRM, "Implementation options").
pub const CHIP_FPU: Chip = Chip {
    name: "mps2-an521-fpu",
    target: "thumbv8m.main-none-eabihf",
    emulator_options: &["-global", "sse-200.CPU0_FPU=on"],
    ..CHIP
};

const fn block(name: &'static str, offset_bytes: u32, bytes: u32) -> Peripheral {
    Peripheral { name, range: MemoryRange::new(WINDOW.base + offset_bytes, bytes) }
}
