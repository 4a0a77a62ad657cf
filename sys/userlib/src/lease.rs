//! Leases: the caller's side.

use core::marker::PhantomData;
use sys_abi::{LeaseAttributes, LeaseDescriptor};

/// Memory lent to the server for the length of one call.
///
/// It borrows that memory, so the caller can neither move nor use it while the server may.
#[repr(transparent)]
pub struct Lease<'a> {
    descriptor: LeaseDescriptor,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Lease<'a> {
    /// The server may read `memory`.
    #[must_use]
    pub fn read(memory: &'a [u8]) -> Self {
        Self::new(LeaseAttributes::READ, address_of(memory.as_ptr()), memory.len())
    }

    /// The server may write `memory`.
    #[must_use]
    pub fn write(memory: &'a mut [u8]) -> Self {
        Self::new(LeaseAttributes::WRITE, address_of(memory.as_mut_ptr()), memory.len())
    }

    /// The server may read and write `memory`.
    #[must_use]
    pub fn read_write(memory: &'a mut [u8]) -> Self {
        let attributes = LeaseAttributes::READ | LeaseAttributes::WRITE;
        Self::new(attributes, address_of(memory.as_mut_ptr()), memory.len())
    }

    fn new(attributes: LeaseAttributes, base: u32, length: usize) -> Self {
        let descriptor = LeaseDescriptor { attributes: attributes.0, base, length: length as u32 };
        Self { descriptor, memory: PhantomData }
    }
}

/// The address as the kernel sees it. Addresses are 32 bits wide on the target; on the host the
/// value is never used, because the system call panics.
pub(crate) fn address_of<T>(pointer: *const T) -> u32 {
    pointer.expose_provenance() as u32
}
