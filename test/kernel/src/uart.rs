//! UART 0, transmit only (CMSDK APB UART, Arm DDI 0479: DATA +0, STATE +4, CTRL +8, BAUDDIV +0x10).

/// A transmitter.
pub struct Uart {
    base: usize,
}

const DATA: usize = 0;
const STATE: usize = 4;
const CTRL: usize = 8;
const BAUDDIV: usize = 0x10;
const STATE_TX_FULL: u32 = 1;
const CTRL_TX_ENABLE: u32 = 1;
/// The smallest divider that the device accepts.
const FASTEST: u32 = 16;

impl Uart {
    /// Turns the transmitter on.
    ///
    /// # Safety
    /// `base` is the base address of a UART that this task alone maps.
    #[must_use]
    pub unsafe fn new(base: usize) -> Self {
        let uart = Self { base };
        uart.write(BAUDDIV, FASTEST);
        uart.write(CTRL, CTRL_TX_ENABLE);
        uart
    }

    /// Sends one byte, when there is room.
    pub fn send(&mut self, byte: u8) {
        while self.read(STATE) & STATE_TX_FULL != 0 {
            core::hint::spin_loop();
        }
        self.write(DATA, byte.into());
    }

    fn register(&self, offset: usize) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.base + offset)
    }

    fn read(&self, offset: usize) -> u32 {
        // SAFETY: `new` was promised a UART; `offset` is one of its word registers.
        unsafe { self.register(offset).read_volatile() }
    }

    fn write(&self, offset: usize, value: u32) {
        // SAFETY: as in `read`; the UART reaches no memory.
        unsafe { self.register(offset).write_volatile(value) };
    }
}
