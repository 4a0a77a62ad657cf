//! Which memory of a task the kernel may touch.
//!
//! A slice in a register is an allegation. [`readable`] and [`writable`] prove it against the
//! task's own regions and give a type that the copies in [`crate::arch`] accept; there is no other
//! way to make one, but for the three functions at the end, which rebuild a slice that was proven
//! when its owner blocked: regions never change, and a blocked task's registers do not either.

use crate::refusal::{Refusal, usage};
use crate::task::Task;
use sys_abi::{MpuRegion, OwnMemory, REGIONS_PER_TASK, TaskDesc, UsageError};

/// Memory that its task may read, in one region, not device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    base: u32,
    len: u32,
}

/// Memory that its task may write, in one region, not device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writable {
    base: u32,
    len: u32,
}

impl Readable {
    /// First byte.
    #[inline(always)]
    #[must_use]
    pub const fn base(self) -> u32 {
        self.base
    }

    /// Length in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn len(self) -> u32 {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Without the first `offset` bytes; empty if there are no more.
    #[must_use]
    pub const fn skip(self, offset: u32) -> Self {
        let offset = if offset < self.len { offset } else { self.len };
        Self { base: self.base.wrapping_add(offset), len: self.len.wrapping_sub(offset) }
    }
}

impl Writable {
    /// First byte.
    #[inline(always)]
    #[must_use]
    pub const fn base(self) -> u32 {
        self.base
    }

    /// Length in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn len(self) -> u32 {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Without the first `offset` bytes; empty if there are no more.
    #[must_use]
    pub const fn skip(self, offset: u32) -> Self {
        let offset = if offset < self.len { offset } else { self.len };
        Self { base: self.base.wrapping_add(offset), len: self.len.wrapping_sub(offset) }
    }
}

// Arm DDI 0553, MPU_RBAR: AP[2:1] in bits 2:1; MPU_RLAR: AttrIndx in bits 3:1, EN bit 0.
const LOW_BITS: u32 = 31;
const AP_UNPRIVILEGED: u32 = 1 << 1;
const AP_READ_ONLY: u32 = 1 << 2;
const ATTRIBUTE_INDEX: u32 = 0b1110;
const ENABLED: u32 = 1;

#[inline(always)]
fn allows(region: &MpuRegion, base: u32, last: u32, forbidden: u32) -> bool {
    last <= region.rlar | LOW_BITS
        && base >= region.rbar & !LOW_BITS
        && region.rbar & (AP_UNPRIVILEGED | forbidden) == AP_UNPRIVILEGED
        && region.rlar & (ATTRIBUTE_INDEX | ENABLED) == ENABLED
}

/// Whether `len` bytes, at least one, lie in it.
#[inline(always)]
const fn inside(memory: OwnMemory, base: u32, len: u32) -> bool {
    let offset = base.wrapping_sub(memory.base);
    offset <= memory.bytes && len <= memory.bytes.wrapping_sub(offset)
}

/// As [`readable`], and nobody else can write there: it overlaps with no buffer of another task.
/// `None` says nothing.
#[inline(always)]
pub(crate) fn own_readable(desc: &TaskDesc, base: u32, len: u32) -> Option<Readable> {
    let own = len == 0 || inside(desc.ram, base, len) || inside(desc.code, base, len);
    own.then_some(Readable { base, len })
}

/// As [`writable`], in memory of the task alone. `None` says nothing.
#[inline(always)]
pub(crate) fn own_writable(desc: &TaskDesc, base: u32, len: u32) -> Option<Writable> {
    (len == 0 || inside(desc.ram, base, len)).then_some(Writable { base, len })
}

#[inline(never)]
fn check(desc: &TaskDesc, base: u32, len: u32, forbidden: u32) -> Result<(), Refusal> {
    let own_code = forbidden == 0 && inside(desc.code, base, len);
    if len == 0 || inside(desc.ram, base, len) || own_code {
        return Ok(());
    }
    let last = base.wrapping_add(len.wrapping_sub(1));
    if last < base {
        return Err(usage(UsageError::InvalidSlice));
    }
    if covered(&desc.mpu, base, last, forbidden) {
        return Ok(());
    }
    Err(Refusal::Memory(base))
}

fn covered(mpu: &[MpuRegion; REGIONS_PER_TASK], base: u32, last: u32, forbidden: u32) -> bool {
    mpu.iter().any(|region| allows(region, base, last, forbidden))
}

/// Proves that the task may read these bytes. Zero bytes are always fine.
///
/// # Errors
/// What the task that alleged it did wrong.
#[inline(always)]
pub(crate) fn readable(desc: &TaskDesc, base: u32, len: u32) -> Result<Readable, Refusal> {
    check(desc, base, len, 0)?;
    Ok(Readable { base, len })
}

/// Proves that the task may write these bytes. Zero bytes are always fine.
///
/// # Errors
/// What the task that alleged it did wrong.
#[inline(always)]
pub(crate) fn writable(desc: &TaskDesc, base: u32, len: u32) -> Result<Writable, Refusal> {
    check(desc, base, len, AP_READ_ONLY)?;
    Ok(Writable { base, len })
}

/// Whether copying from one to the other would read what it has written.
#[inline(always)]
#[must_use]
pub const fn overlap(from: Readable, to: Writable) -> bool {
    let len = if from.len < to.len { from.len } else { to.len };
    from.base.wrapping_sub(to.base) < len || to.base.wrapping_sub(from.base) < len
}

/// The message of a task in `InSend`: proven by SEND.
#[inline(always)]
pub(crate) fn sent_message(sender: &Task) -> Readable {
    let [_, _, base, len, ..] = sender.saved.r;
    Readable { base, len }
}

/// The reply buffer of a task in `InReply`: proven by SEND.
#[inline(always)]
pub(crate) fn reply_buffer(sender: &Task) -> Writable {
    let [_, _, _, _, base, len, ..] = sender.saved.r;
    Writable { base, len }
}

/// The receive buffer of a task in `InRecv` or in RECV: proven by RECV, or by SET_RECV.
#[inline(always)]
pub(crate) fn receive_buffer(receiver: &Task) -> Writable {
    let [base, len, ..] = receiver.saved.r;
    Writable { base, len }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys_abi::REGIONS_PER_TASK;

    const CODE: MpuRegion = MpuRegion { rbar: 0x1000 | 0b110, rlar: 0x1fe0 | 1 };
    const DATA: MpuRegion = MpuRegion { rbar: 0x2000 | 0b011, rlar: 0x23e0 | 1 };
    const DEVICE: MpuRegion = MpuRegion { rbar: 0x4000 | 0b011, rlar: 0x43e0 | 0b11 };

    fn desc() -> TaskDesc {
        let mut mpu = [MpuRegion { rbar: 0, rlar: 0 }; REGIONS_PER_TASK];
        mpu[..3].copy_from_slice(&[CODE, DATA, DEVICE]);
        TaskDesc {
            mpu,
            entry: 0x1001,
            initial_sp: 0x2200,
            stack_limit: 0x2000,
            sends: [0; 2],
            ram: OwnMemory { base: 0x2000, bytes: 0x400 },
            code: OwnMemory { base: 0x1000, bytes: 0x1000 },
            priority: 0,
            flags: 0,
            upper_region_count: 0,
            first_post: 0,
        }
    }

    const INVALID: Result<(), Refusal> = Err(usage(UsageError::InvalidSlice));

    const fn denied(address: u32) -> Result<(), Refusal> {
        Err(Refusal::Memory(address))
    }

    #[test]
    fn a_slice_must_lie_in_one_region_of_the_right_kind() {
        let cases = [
            // base, len, read, write
            (0x1000, 0x1000, Ok(()), denied(0x1000)),
            (0x2000, 0x400, Ok(()), Ok(())),
            (0x23ff, 1, Ok(()), Ok(())),
            (0x23ff, 2, denied(0x23ff), denied(0x23ff)),
            (0x1fff, 1, Ok(()), denied(0x1fff)),
            (0x1fff, 2, denied(0x1fff), denied(0x1fff)),
            (0x0fff, 1, denied(0x0fff), denied(0x0fff)),
            (0x4000, 4, denied(0x4000), denied(0x4000)),
            (0, 4, denied(0), denied(0)),
            (0xffff_ffff, 1, denied(0xffff_ffff), denied(0xffff_ffff)),
            (0xffff_ffff, 2, INVALID, INVALID),
            (0x2000, 0xffff_ffff, INVALID, INVALID),
            (0xffff_ffff, 0, Ok(()), Ok(())),
        ];
        for (base, len, read, write) in cases {
            assert_eq!(readable(&desc(), base, len).map(|_| ()), read, "read {base:#x}+{len:#x}");
            assert_eq!(writable(&desc(), base, len).map(|_| ()), write, "write {base:#x}+{len:#x}");
            let (own_read, own_write) =
                (own_readable(&desc(), base, len), own_writable(&desc(), base, len));
            assert_eq!(own_read.is_some(), read.is_ok(), "own read {base:#x}+{len:#x}");
            assert_eq!(own_write.is_some(), write.is_ok(), "own write {base:#x}+{len:#x}");
        }
    }

    #[test]
    fn overlap_is_about_the_bytes_that_would_be_copied() {
        let check = |from: (u32, u32), to: (u32, u32), expect: bool| {
            let from = Readable { base: from.0, len: from.1 };
            let to = Writable { base: to.0, len: to.1 };
            assert_eq!(overlap(from, to), expect, "{from:?} {to:?}");
        };
        check((100, 4), (100, 4), true);
        check((100, 4), (103, 4), true);
        check((103, 4), (100, 4), true);
        check((100, 4), (104, 4), false);
        check((104, 4), (100, 4), false);
        check((100, 8), (104, 4), false);
        check((100, 0), (100, 4), false);
    }

    #[test]
    fn skipping_stops_at_the_end() {
        let memory = Readable { base: 8, len: 4 };
        assert_eq!(memory.skip(1), Readable { base: 9, len: 3 });
        assert_eq!(memory.skip(9), Readable { base: 12, len: 0 });
    }
}
