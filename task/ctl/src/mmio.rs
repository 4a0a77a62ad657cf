//! The registers of the host link: the one place of this task that touches them.

use core::ptr::{
    read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile,
};

use drv_isp_regs::Register;
use drv_isp_regs::host_link::{ADDRESS, ARGUMENT, GO, IRQENABLE, KIND, LENGTH, STATUS, status};
use task_ctl::{Doorbell, REQUESTS, Transfer};

/// The host link at the address where the manifest maps it.
pub struct Registers {
    /// Invariant 1: the block of the host link is mapped to this task alone, from here on.
    base: usize,
}

impl Registers {
    /// The block as the builder linked it (invariant 1).
    pub fn mapped() -> Self {
        Self { base: userlib::peripheral!("host_link") }
    }

    /// Requests of the host interrupt from now on.
    pub fn hear_requests(&mut self) {
        self.write(IRQENABLE, REQUESTS);
    }

    fn write(&mut self, register: Register, value: u32) {
        let address = with_exposed_provenance_mut(self.base + register.offset());
        // SAFETY: a register of the block (invariant 1), aligned to a word by the table.
        unsafe { write_volatile(address, value) }
    }

    fn read(&self, register: Register) -> u32 {
        let address = with_exposed_provenance(self.base + register.offset());
        // SAFETY: a register of the block (invariant 1), aligned to a word by the table; reading
        // has no side effect.
        unsafe { read_volatile(address) }
    }
}

impl Doorbell for Registers {
    fn ring(&mut self, transfer: Transfer) -> bool {
        let outcome = status::DONE.of(1) | status::ERROR.of(1);
        self.write(STATUS, outcome);
        self.write(KIND, transfer.kind);
        self.write(ADDRESS, transfer.address);
        self.write(LENGTH, transfer.length);
        self.write(ARGUMENT, transfer.argument);
        // The transfer is done when the write returns; the compiler must not keep the bytes in
        // registers until then.
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
        self.write(GO, 1);
        let outcome = self.read(STATUS);
        status::DONE.get(outcome) == 1 && status::ERROR.get(outcome) == 0
    }

    fn take(&mut self, bits: u32) -> u32 {
        let taken = self.read(STATUS) & bits;
        self.write(STATUS, taken);
        taken
    }

    fn ring_with(&mut self, kind: u32, bytes: &[u8]) -> bool {
        let address = bytes.as_ptr().expose_provenance() as u32;
        self.ring(Transfer { kind, address, length: bytes.len() as u32, argument: 0 })
    }
}
