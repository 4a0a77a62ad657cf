//! Leases: memory that a caller lends for the length of one call.

/// What the borrower may do, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct LeaseAttributes(pub u32);

impl LeaseAttributes {
    /// The borrower may read.
    pub const READ: Self = Self(1);
    /// The borrower may write.
    pub const WRITE: Self = Self(2);

    /// Whether all bits of `wanted` are granted.
    #[must_use]
    pub const fn contains(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl core::ops::BitOr for LeaseAttributes {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One entry of the lease table that a SEND points at: 12 bytes, 4-aligned.
///
/// The kernel reads it from the lender's memory at each borrow, so its contents are an allegation
/// by the lender until the kernel has checked them against the lender's own regions.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
pub struct LeaseDescriptor {
    /// [`LeaseAttributes`] bits.
    pub attributes: u32,
    /// Address of the first byte, in the lender's view.
    pub base: u32,
    /// Length in bytes.
    pub length: u32,
}
