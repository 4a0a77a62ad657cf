//! Leases: the borrower's side.

use crate::arch;
use crate::lease::address_of;
use sys_abi::{LeaseAttributes, Sysnum, TaskId};

/// The lender does not wait for this task's reply, did not grant the access, or lent memory that
/// is not its own (then it is dead by now).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect;

/// What a lender granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorrowInfo {
    /// Read, write or both.
    pub attributes: LeaseAttributes,
    /// Length in bytes.
    pub length: usize,
}

const OK: u32 = 0;

/// Copies from lease `index` of `lender`, starting at `offset`, into `dest`; gives the number of
/// bytes, at most what the lease has from there on.
///
/// An index or offset outside of the lease faults this task.
///
/// # Errors
/// See [`Defect`].
#[inline]
pub fn sys_borrow_read(
    lender: TaskId,
    index: usize,
    offset: usize,
    dest: &mut [u8],
) -> Result<usize, Defect> {
    let args =
        [lender.0, index as u32, offset as u32, address_of(dest.as_mut_ptr()), dest.len() as u32];
    // SAFETY: the destination is mutably borrowed during the call.
    bytes(unsafe { arch::svc(Sysnum::BorrowRead, args) })
}

/// Copies `source` into lease `index` of `lender`, starting at `offset`; gives the number of bytes.
///
/// An index or offset outside of the lease faults this task.
///
/// # Errors
/// See [`Defect`].
#[inline]
pub fn sys_borrow_write(
    lender: TaskId,
    index: usize,
    offset: usize,
    source: &[u8],
) -> Result<usize, Defect> {
    let args =
        [lender.0, index as u32, offset as u32, address_of(source.as_ptr()), source.len() as u32];
    // SAFETY: the source is borrowed during the call.
    bytes(unsafe { arch::svc(Sysnum::BorrowWrite, args) })
}

/// What lease `index` of `lender` grants.
///
/// # Errors
/// See [`Defect`].
#[inline]
pub fn sys_borrow_info(lender: TaskId, index: usize) -> Result<BorrowInfo, Defect> {
    // SAFETY: no memory of this task is involved.
    let [status, attributes, length, ..] =
        unsafe { arch::svc(Sysnum::BorrowInfo, [lender.0, index as u32, 0, 0, 0]) };
    if status != OK {
        return Err(Defect);
    }
    Ok(BorrowInfo { attributes: LeaseAttributes(attributes), length: length as usize })
}

fn bytes(results: [u32; 5]) -> Result<usize, Defect> {
    if results[0] == OK { Ok(results[1] as usize) } else { Err(Defect) }
}
