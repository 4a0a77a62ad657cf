//! Memory lent for the length of one call, on both sides of it.
//!
//! The caller lends with [`Lend`]; the server sees a [`Leased`], whose attributes and size were
//! checked before the operation ran. The lender may die at any moment, so each access can fail
//! with [`CallerGone`]; an offset outside of the lease is the server's own bug and panics.

use crate::{CallerGone, Outcome, arch};
use core::marker::PhantomData;
use sys_abi::{LeaseAttributes, ReplyFaultReason, TaskId};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Leases per message, at most. The compiler of interface files refuses an op with more.
pub const LEASES_MAX: usize = 4;

/// Memory that a caller lends.
#[derive(Debug)]
pub enum Lend<'a> {
    /// The server may read.
    Read(&'a [u8]),
    /// The server may write.
    Write(&'a mut [u8]),
    /// The server may read and write.
    ReadWrite(&'a mut [u8]),
}

impl<'a> Lend<'a> {
    /// Lends for reading.
    pub fn read<T: IntoBytes + Immutable + ?Sized>(value: &'a T) -> Self {
        Self::Read(value.as_bytes())
    }

    /// Lends for writing.
    pub fn write<T: IntoBytes + FromBytes + ?Sized>(value: &'a mut T) -> Self {
        Self::Write(value.as_mut_bytes())
    }

    /// Lends for reading and writing.
    pub fn read_write<T: IntoBytes + FromBytes + ?Sized>(value: &'a mut T) -> Self {
        Self::ReadWrite(value.as_mut_bytes())
    }

    /// The bits that the server will see.
    #[must_use]
    pub fn attributes(&self) -> LeaseAttributes {
        match self {
            Self::Read(_) => LeaseAttributes::READ,
            Self::Write(_) => LeaseAttributes::WRITE,
            Self::ReadWrite(_) => LeaseAttributes::READ | LeaseAttributes::WRITE,
        }
    }
}

/// What a server may do with a lease: [`R`], [`W`] or [`RW`].
pub trait Access {
    /// The attribute bits that the lease must have at least.
    const NEEDS: LeaseAttributes;
}

/// Access that includes reading.
pub trait Readable: Access {}

/// Access that includes writing.
pub trait Writable: Access {}

/// Read only.
#[derive(Clone, Copy, Debug)]
pub enum R {}

/// Write only.
#[derive(Clone, Copy, Debug)]
pub enum W {}

/// Read and write.
#[derive(Clone, Copy, Debug)]
pub enum RW {}

impl Access for R {
    const NEEDS: LeaseAttributes = LeaseAttributes::READ;
}

impl Access for W {
    const NEEDS: LeaseAttributes = LeaseAttributes::WRITE;
}

impl Access for RW {
    const NEEDS: LeaseAttributes = LeaseAttributes(3);
}

impl Readable for R {}
impl Readable for RW {}
impl Writable for W {}
impl Writable for RW {}

/// A lease of a caller, checked: at least the access `A`, and the size of a `T` (or of a whole
/// number of elements if `T` is a slice).
///
/// It is a reference to a waiting caller, not to memory, so it can be kept as long as the answer
/// is deferred.
pub struct Leased<A, T: ?Sized> {
    lender: TaskId,
    index: usize,
    element_count: usize,
    kind: PhantomData<fn(A) -> *const T>,
}

impl<A, T: ?Sized> Clone for Leased<A, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, T: ?Sized> Copy for Leased<A, T> {}

fn claim<A: Access>(lender: TaskId, index: usize) -> Result<usize, Outcome> {
    let (attributes, bytes) = arch::borrow_info(lender, index)?;
    if attributes.contains(A::NEEDS) { Ok(bytes) } else { Err(ReplyFaultReason::BadLeases.into()) }
}

impl<A: Access, T> Leased<A, T> {
    /// Checks lease `index` of `lender` against a sized type.
    ///
    /// # Errors
    /// The outcome for the caller if attributes or size are wrong, or if it is gone.
    pub fn sized(lender: TaskId, index: usize) -> Result<Self, Outcome> {
        if claim::<A>(lender, index)? != size_of::<T>() {
            return Err(ReplyFaultReason::BadLeases.into());
        }
        Ok(Self { lender, index, element_count: 1, kind: PhantomData })
    }
}

impl<A: Readable, T: FromBytes + IntoBytes> Leased<A, T> {
    /// Copies the value out.
    ///
    /// # Errors
    /// The lender is gone.
    pub fn read(&self) -> Result<T, CallerGone> {
        let mut value = T::new_zeroed();
        arch::borrow_read(self.lender, self.index, 0, value.as_mut_bytes())?;
        Ok(value)
    }
}

impl<A: Writable, T: IntoBytes + Immutable> Leased<A, T> {
    /// Copies a value in.
    ///
    /// # Errors
    /// The lender is gone.
    pub fn write(&self, value: &T) -> Result<(), CallerGone> {
        arch::borrow_write(self.lender, self.index, 0, value.as_bytes())
    }
}

impl<A: Access, T> Leased<A, [T]> {
    /// Checks lease `index` of `lender` against a slice type of at most `max_len` elements.
    ///
    /// # Errors
    /// The outcome for the caller if attributes or size are wrong, or if it is gone.
    pub fn slice(lender: TaskId, index: usize, max_len: Option<u32>) -> Result<Self, Outcome> {
        let bytes = claim::<A>(lender, index)?;
        let whole = bytes.checked_rem(size_of::<T>()) == Some(0);
        let element_count = bytes.checked_div(size_of::<T>()).unwrap_or(0);
        if !whole || max_len.is_some_and(|limit| element_count > limit as usize) {
            return Err(ReplyFaultReason::BadLeases.into());
        }
        Ok(Self { lender, index, element_count, kind: PhantomData })
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.element_count
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.element_count == 0
    }

    fn offset_bytes(&self, first: usize, count: usize) -> usize {
        let end = first.checked_add(count);
        assert!(end.is_some_and(|end| end <= self.element_count), "range outside of the lease");
        first * size_of::<T>()
    }
}

impl<A: Readable, T: FromBytes + IntoBytes> Leased<A, [T]> {
    /// Copies elements `first..first + into.len()` out.
    ///
    /// # Errors
    /// The lender is gone.
    ///
    /// # Panics
    /// If the range does not lie in the lease.
    pub fn read_range(&self, first: usize, into: &mut [T]) -> Result<(), CallerGone> {
        let offset = self.offset_bytes(first, into.len());
        arch::borrow_read(self.lender, self.index, offset, into.as_mut_bytes())
    }
}

impl<A: Writable, T: IntoBytes + Immutable> Leased<A, [T]> {
    /// Copies `from` to the elements that start at `first`.
    ///
    /// # Errors
    /// The lender is gone.
    ///
    /// # Panics
    /// If the range does not lie in the lease.
    pub fn write_range(&self, first: usize, from: &[T]) -> Result<(), CallerGone> {
        let offset = self.offset_bytes(first, from.len());
        arch::borrow_write(self.lender, self.index, offset, from.as_bytes())
    }
}
