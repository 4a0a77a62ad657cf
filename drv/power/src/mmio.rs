//! The registers of power, clocks, resets and presence.

use drv_isp_regs::{Register, prcm};
use drv_power::{Look, Pin};

/// The PRCM block.
pub struct Prcm {
    base: usize,
}

impl Prcm {
    /// The block that is mapped at `base`.
    pub fn at(base: usize) -> Self {
        Self { base }
    }

    /// Lets both events raise the interrupt.
    pub fn enable_interrupts(&mut self) {
        let events = prcm::irq::PRESENCE_CHANGE.mask() | prcm::irq::POWER_SETTLED.mask();
        self.write(&prcm::IRQENABLE, events);
    }

    /// Reads all that decisions depend on, and takes the events. The identity of the module is read
    /// if it is wanted or the pin changed.
    pub fn look(&mut self, wants_identity: bool) -> Look {
        // Events first: what changes after this read raises the interrupt again.
        let events = self.read(&prcm::IRQSTATUS);
        if events != 0 {
            self.write(&prcm::IRQSTATUS, events);
        }
        let present = prcm::presence::PRESENT.is_set(self.read(&prcm::PRESENCE));
        let changed = prcm::irq::PRESENCE_CHANGE.is_set(events);
        let wanted = present && (changed || wants_identity);
        let module = if wanted { self.read(&prcm::MODULE_ID) } else { 0 };
        Look {
            pin: Pin { present, changed, module },
            domain: prcm::power_status::STATE.get(self.read(&prcm::POWER_STATUS)),
            clocks: self.read(&prcm::CLOCK_STATUS),
            resets: self.read(&prcm::RESET_STATUS),
            dma_idle: prcm::dma_status::IDLE.is_set(self.read(&prcm::DMA_STATUS)),
        }
    }

    /// Switches the domain.
    pub fn power(&mut self, on: bool) {
        self.write(&prcm::POWER_CONTROL, prcm::power_control::ON.of(u32::from(on)));
    }

    /// Enables exactly these clocks.
    pub fn clocks(&mut self, clocks: u32) {
        self.write(&prcm::CLOCK_ENABLE, clocks);
    }

    /// Holds exactly these blocks in reset.
    pub fn resets(&mut self, resets: u32) {
        self.write(&prcm::RESET_CONTROL, resets);
    }

    /// Denies, or allows, bus requests of the DMA engines.
    pub fn deny(&mut self, deny: bool) {
        self.write(&prcm::BUS_CTRL, prcm::bus_ctrl::DENY.of(u32::from(deny)));
    }

    fn read(&self, register: &Register) -> u32 {
        let address = (self.base + register.offset()) as *const u32;
        // SAFETY: `base` is the linked address of the block `prcm`, which the manifest maps for this
        // task alone; the offset is a 32-bit register of it by the register contract.
        unsafe { address.read_volatile() }
    }

    fn write(&mut self, register: &Register, value: u32) {
        let address = (self.base + register.offset()) as *mut u32;
        // SAFETY: as in `read`; the block answers whether the camera has power or not.
        unsafe { address.write_volatile(value) }
    }
}
