//! The DMA firewall: which bytes the camera may reach.
//!
//! Core 0 keeps the window registers, core 1 asks before each burst. The check is inside
//! [`Shared::commit`], so a window that has been closed is closed for good when the write to its
//! control word returns.

use crate::shared::Shared;
use core::sync::atomic::Ordering::Relaxed;
use drv_isp_regs::Field;
use drv_isp_regs::firewall::{
    FAULT_ADDRESS, FAULT_COUNT, FAULT_INFO, FAULT_STATUS, WINDOW_BASE, WINDOW_BYTES,
    WINDOW_CONTROL, WINDOWS, fault_info, fault_status, window_control,
};
use sys_boot::MemoryRange;
use sys_boot::mps2_an521::PSRAM;

/// A user of the DMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Engine {
    /// CCDC memory output.
    Ccdc = 1,
    /// Preview: memory output, and input from memory.
    Preview = 2,
    /// Resizer: output, and input from memory.
    Resizer = 3,
    /// Exposure and white-balance statistics.
    Aewb = 4,
    /// Auto-focus statistics.
    Focus = 5,
    /// Histogram: input from memory.
    Histogram = 6,
    /// Tables that the CCDC and the preview read.
    Tables = 7,
    /// Memory channel of CCP2.
    Ccp2 = 8,
    /// Receiver CSI2a.
    Csi2a = 9,
}

/// May the camera write these bytes?
#[must_use]
pub fn allows_write(shared: &Shared, address: u32, bytes: u32) -> bool {
    allows(shared, window_control::WRITE, address, bytes)
}

/// May the camera read these bytes?
#[must_use]
pub fn allows_read(shared: &Shared, address: u32, bytes: u32) -> bool {
    allows(shared, window_control::READ, address, bytes)
}

fn allows(shared: &Shared, direction: Field, address: u32, bytes: u32) -> bool {
    let Some(end) = address.checked_add(bytes) else { return false };
    let burst = MemoryRange::new(address, bytes);
    // Memory other than PSRAM is not wired to the camera, whatever a window says.
    if end > PSRAM.end() || !PSRAM.contains(burst) {
        return false;
    }
    (0..WINDOWS).any(|index| {
        let control = shared.element(&WINDOW_CONTROL, index).load(Relaxed);
        let base = shared.element(&WINDOW_BASE, index).load(Relaxed);
        let size = shared.element(&WINDOW_BYTES, index).load(Relaxed);
        window_control::ENABLE.is_set(control)
            && direction.is_set(control)
            && base <= address
            && base.checked_add(size).is_some_and(|window_end| end <= window_end)
    })
}

/// Records a refused write. The caller raises the interrupt.
pub fn refuse(shared: &Shared, engine: Engine, address: u32) {
    record(shared, fault_info::ENGINE.of(engine as u32) | fault_info::WRITE.of(1), address);
}

/// Records a refused read. The caller raises the interrupt.
pub fn refuse_read(shared: &Shared, engine: Engine, address: u32) {
    record(shared, fault_info::ENGINE.of(engine as u32), address);
}

fn record(shared: &Shared, info: u32, address: u32) {
    let status = shared.word(&FAULT_STATUS);
    if !fault_status::VIOLATION.is_set(status.load(Relaxed)) {
        shared.set(&FAULT_ADDRESS, address);
        shared.set(&FAULT_INFO, info);
    }
    status.fetch_or(fault_status::VIOLATION.mask(), Relaxed);
    shared.word(&FAULT_COUNT).fetch_add(1, Relaxed);
    shared.progress.dma_refused.fetch_add(1, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u32 = 0x8002_0000;

    fn with_window(index: usize, base: u32, bytes: u32, control: u32) -> Shared {
        let shared = Shared::new();
        shared.element(&WINDOW_BASE, index).store(base, Relaxed);
        shared.element(&WINDOW_BYTES, index).store(bytes, Relaxed);
        shared.element(&WINDOW_CONTROL, index).store(control, Relaxed);
        shared
    }

    fn open() -> u32 {
        window_control::ENABLE.of(1) | window_control::WRITE.of(1)
    }

    #[test]
    fn a_burst_must_lie_wholly_inside_one_window() {
        let shared = with_window(15, BASE, 0x1000, open());
        assert!(allows_write(&shared, BASE, 0x1000));
        assert!(allows_write(&shared, BASE + 0xFE0, 0x20));
        assert!(!allows_write(&shared, BASE + 0xFE0, 0x21));
        assert!(!allows_write(&shared, BASE - 1, 2));
        assert!(!allows_write(&shared, BASE + 0x1000, 1));
    }

    #[test]
    fn a_closed_or_read_only_window_lets_nothing_through() {
        for control in [0, window_control::WRITE.of(1), open() & !window_control::WRITE.mask()] {
            let shared = with_window(0, BASE, 0x1000, control);
            assert!(!allows_write(&shared, BASE, 32), "{control:#x}");
        }
    }

    #[test]
    fn reading_needs_a_window_for_reading() {
        let reading = window_control::ENABLE.of(1) | window_control::READ.of(1);
        for (control, expected) in [(open(), false), (reading, true)] {
            let shared = with_window(0, BASE, 0x1000, control);
            assert_eq!(allows_read(&shared, BASE, 32), expected, "{control:#x}");
            assert_ne!(allows_write(&shared, BASE, 32), expected, "{control:#x}");
        }
        let shared = Shared::new();
        refuse_read(&shared, Engine::Tables, 0x1000);
        assert!(!fault_info::WRITE.is_set(shared.get(&FAULT_INFO)));
    }

    #[test]
    fn no_window_reaches_memory_that_is_not_wired() {
        let shared = with_window(0, 0x3800_0000, 0x1000, open());
        assert!(!allows_write(&shared, 0x3800_0000, 32));
        let shared = with_window(0, 0xFFFF_FFE0, 0x40, open());
        assert!(!allows_write(&shared, 0xFFFF_FFE0, 0x40));
        assert!(!allows_write(&shared, 0xFFFF_FFFF, 1));
    }

    #[test]
    fn the_first_refused_address_is_kept_until_the_status_is_cleared() {
        let shared = Shared::new();
        refuse(&shared, Engine::Preview, 0x1000);
        refuse(&shared, Engine::Resizer, 0x2000);
        assert_eq!(shared.get(&FAULT_ADDRESS), 0x1000);
        assert_eq!(fault_info::ENGINE.get(shared.get(&FAULT_INFO)), Engine::Preview as u32);
        assert_eq!(shared.get(&FAULT_COUNT), 2);
        shared.set(&FAULT_STATUS, 0);
        refuse(&shared, Engine::Resizer, 0x3000);
        assert_eq!(shared.get(&FAULT_ADDRESS), 0x3000);
    }
}
