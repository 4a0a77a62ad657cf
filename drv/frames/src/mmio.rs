//! The DMA firewall's registers.

use drv_frames::{Direction, OpenWindow, WINDOWS, WindowSet};
use drv_isp_regs::firewall;

/// An access that the firewall refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// First address refused since the last look.
    pub address: u32,
    /// FAULT_INFO: engine and direction.
    pub info: u32,
    /// Refused accesses since power on.
    pub count: u32,
}

/// The block `firewall`.
pub struct Firewall {
    base: usize,
}

impl Firewall {
    /// The block that is mapped at `base`; all windows are shut, violations raise the interrupt.
    pub fn shut_at(base: usize) -> Self {
        let mut firewall = Self { base };
        (0..WINDOWS as u8).for_each(|window| firewall.shut_one(window));
        firewall.write(firewall::FAULT_STATUS.offset(), firewall::fault_status::VIOLATION.mask());
        firewall.write(firewall::IRQENABLE.offset(), firewall::irqenable::VIOLATION.mask());
        firewall
    }

    /// Opens a window for the camera, in one direction.
    pub fn open(&mut self, open: OpenWindow) {
        let window = usize::from(open.window);
        self.write(firewall::WINDOW_BASE.offset_at(window), open.base);
        self.write(firewall::WINDOW_BYTES.offset_at(window), open.bytes);
        let direction = match open.direction {
            Direction::Read => firewall::window_control::READ,
            Direction::Write => firewall::window_control::WRITE,
        };
        let control = firewall::window_control::ENABLE.mask() | direction.mask();
        self.write(firewall::WINDOW_CONTROL.offset_at(window), control);
    }

    /// Shuts windows; when this returns, no write through them is under way.
    pub fn shut(&mut self, windows: WindowSet) {
        windows.iter().for_each(|window| self.shut_one(window));
    }

    /// Takes the recorded violation, if there is one.
    pub fn violation(&mut self) -> Option<Violation> {
        let status = self.read(firewall::FAULT_STATUS.offset());
        if !firewall::fault_status::VIOLATION.is_set(status) {
            return None;
        }
        let violation = Violation {
            address: self.read(firewall::FAULT_ADDRESS.offset()),
            info: self.read(firewall::FAULT_INFO.offset()),
            count: self.read(firewall::FAULT_COUNT.offset()),
        };
        self.write(firewall::FAULT_STATUS.offset(), firewall::fault_status::VIOLATION.mask());
        Some(violation)
    }

    fn shut_one(&mut self, window: u8) {
        self.write(firewall::WINDOW_CONTROL.offset_at(usize::from(window)), 0);
    }

    fn read(&self, offset: usize) -> u32 {
        let address = (self.base + offset) as *const u32;
        // SAFETY: `base` is the linked address of the block `firewall`, which the manifest maps for
        // this task alone; offsets come from the register contract.
        unsafe { address.read_volatile() }
    }

    fn write(&mut self, offset: usize, value: u32) {
        let address = (self.base + offset) as *mut u32;
        // SAFETY: as in `read`. A window lies over a buffer of a pool that the ledger gave to the
        // hardware, never over memory of a task.
        unsafe { address.write_volatile(value) }
    }
}
