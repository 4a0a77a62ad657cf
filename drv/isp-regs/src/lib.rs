//! The register contract of the camera hardware: every register as data, and nothing else.
//!
//! A driver reads from here where a register is and what its bits are called; the emulated
//! hardware reads from here what an access does. Neither may know more than this table says, and
//! nothing else is shared between them.
//!
//! # Why plain constants and not a register-struct macro
//! The table has to be *walked*: the emulated hardware looks an offset up at run time to find the
//! access class and the reset value, and tests check that rows do not overlap. Register-struct
//! crates (`tock-registers`, `safe-mmio`) give types, which cannot be walked, and have no word for "dropped while busy". So a row
//! is a [`Register`] constant, a field a [`Field`] constant, and the one `mmio.rs` of a driver
//! does the volatile access.
//!
//! # Shape
//! ```
//! use drv_isp_regs::ccdc::{self, syn_mode};
//! let word = syn_mode::VDHDEN.of(1) | syn_mode::DATSIZ.of(6);
//! assert_eq!(syn_mode::DATSIZ.get(word), 6);
//! // Address = base of the peripheral as mapped + offset in the peripheral.
//! assert_eq!(ccdc::SYN_MODE.offset(), 0x608);
//! ```
//!
//! # What an access needs
//! | block | needs |
//! |---|---|
//! | ISP main .. SBL, CCP2 | module present, power domain on, `cam_ick` running, `ISP` reset released |
//! | CSI2a | the same and `csi2_96m` |
//! | sensor bus | module present, power domain on, `cam_ick` running, `BUS` reset released |
//! | sensor (behind the bus) | the same, `SENSOR` reset released, xclk A running: `cam_mclk` on and `TCTRL_CTRL.DIVA` not 0 or 1 |
//! | frames to flow | the same, `cam_mclk`, and `l3_ick` for DMA |
//! | PRCM, firewall, kill switch, bench control, host link | nothing |
//!
//! Any other access ends in a bus fault. So does an offset that is in no row (reserved).
//!
//! Sources named in the rows: `ispreg.h` = offsets and bits of the Linux omap3isp driver; `TRM` = TI
//! OMAP36xx TRM SWPU177N, chapter camera ISP; `MT9P031` = data sheet of that sensor; `bench` =
//! hardware that exists in the emulation only (on a chip: PRCM, SCM and IOMMU of that chip).
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod field;
mod register;
mod table;

pub mod bench_control;
pub mod ccdc;
pub mod ccp2;
pub mod csi2a;
pub mod firewall;
pub mod h3a;
pub mod hist;
pub mod host_link;
pub mod kill_switch;
pub mod main_block;
pub mod prcm;
pub mod preview;
pub mod resizer;
pub mod sbl;
pub mod sensor;
pub mod sensor_bus;

pub use field::Field;
pub use register::{Access, Block, Register};
pub use table::{ALL, Fields, fields, lookup};

/// Base address of the trapped window that holds every block.
pub const WINDOW_BASE: u32 = 0x4F00_0000;
/// Size of that window.
pub const WINDOW_BYTES: u32 = 0x4000;

/// Interrupt number of the ISP.
pub const ISP_IRQ: u32 = 100;
/// Interrupt number of the sensor control bus.
pub const SENSOR_BUS_IRQ: u32 = 101;
/// Interrupt number of the PRCM (presence and power).
pub const PRCM_IRQ: u32 = 102;
/// Interrupt number of the DMA firewall.
pub const FIREWALL_IRQ: u32 = 103;
/// Interrupt number of the host link.
pub const HOST_LINK_IRQ: u32 = 104;
