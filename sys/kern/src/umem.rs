//! Which memory of a task the kernel may touch.
//!
//! A slice in a register is an allegation. [`readable`] and [`writable`] prove it against the
//! task's own regions and give a type that the copies in [`crate::arch`] accept; there is no other
//! way to make one, but for the three functions at the end, which rebuild a slice that was proven
//! when its owner blocked: regions never change, and a blocked task's registers do not either.

use crate::refusal::{Refusal, usage};
use crate::tables::Tables;
use crate::task::{Member, Task};
use sys_abi::{MpuRegion, OwnMemory, TaskDesc, UsageError};

/// Memory that its task may read, in one region, not device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    base: u32,
    len: u32,
}

/// Memory that its task may write, in one region, not device memory, and that nobody maps read-only:
/// such a region, loaded when the kernel writes, would stop the kernel as well.
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
/// Attribute 2: normal memory that another task maps read-only. In MPU_RLAR the bit that is
/// [`AP_READ_ONLY`] in MPU_RBAR, so that whoever wants to write forbids both at once.
const SHOWN: u32 = AP_READ_ONLY;

#[inline(always)]
fn allows(region: &MpuRegion, base: u32, last: u32, forbidden: u32) -> bool {
    last <= region.rlar | LOW_BITS
        && base >= region.rbar & !LOW_BITS
        && region.rbar & (AP_UNPRIVILEGED | forbidden) == AP_UNPRIVILEGED
        && region.rlar & (ATTRIBUTE_INDEX & !SHOWN | ENABLED | forbidden) == ENABLED
}

/// Whether `len` bytes lie in it; no bytes do anywhere.
#[inline(always)]
const fn inside(memory: OwnMemory, base: u32, len: u32) -> bool {
    len <= memory.bytes.saturating_sub(base.wrapping_sub(memory.base))
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

#[inline(always)]
fn check(
    tables: &Tables<'_>,
    member: Member,
    base: u32,
    len: u32,
    forbidden: u32,
) -> Result<(), Refusal> {
    let desc = crate::arch::at(tables.tasks, member);
    let own_code = forbidden == 0 && inside(desc.code, base, len);
    if len == 0 || inside(desc.ram, base, len) || own_code {
        return Ok(());
    }
    in_a_region(tables, desc, base, len, forbidden)
}

#[inline(never)]
fn in_a_region(
    tables: &Tables<'_>,
    desc: &TaskDesc,
    base: u32,
    len: u32,
    forbidden: u32,
) -> Result<(), Refusal> {
    let last = base.wrapping_add(len.wrapping_sub(1));
    if last < base {
        return Err(usage(UsageError::InvalidSlice));
    }
    let mut upper = tables.upper.get(usize::from(desc.upper));
    let mut regions = Some(&desc.mpu);
    while let Some(four) = regions {
        if four.iter().any(|region| allows(region, base, last, forbidden)) {
            return Ok(());
        }
        regions = upper.take();
    }
    Err(Refusal::Memory(base))
}

// Two functions of four arguments, which travel in registers; the fifth would not.
#[inline(never)]
fn check_read(tables: &Tables<'_>, member: Member, base: u32, len: u32) -> Result<(), Refusal> {
    check(tables, member, base, len, 0)
}

#[inline(never)]
fn check_write(tables: &Tables<'_>, member: Member, base: u32, len: u32) -> Result<(), Refusal> {
    check(tables, member, base, len, AP_READ_ONLY)
}

/// Proves that the task may read these bytes. Zero bytes are always fine.
///
/// # Errors
/// What the task that alleged it did wrong.
#[inline(always)]
pub fn readable(
    tables: &Tables<'_>,
    member: Member,
    base: u32,
    len: u32,
) -> Result<Readable, Refusal> {
    check_read(tables, member, base, len)?;
    Ok(Readable { base, len })
}

/// Proves that the task may write these bytes. Zero bytes are always fine.
///
/// # Errors
/// What the task that alleged it did wrong.
#[inline(always)]
pub fn writable(
    tables: &Tables<'_>,
    member: Member,
    base: u32,
    len: u32,
) -> Result<Writable, Refusal> {
    check_write(tables, member, base, len)?;
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
    use sys_abi::{NO_UPPER, REGIONS_PER_BURST, TaskIndex, UpperRegions};

    const CODE: MpuRegion = MpuRegion { rbar: 0x1000 | 0b110, rlar: 0x1fe0 | 1 };
    const DATA: MpuRegion = MpuRegion { rbar: 0x2000 | 0b011, rlar: 0x23e0 | 1 };
    const DEVICE: MpuRegion = MpuRegion { rbar: 0x4000 | 0b011, rlar: 0x43e0 | 0b11 };

    fn desc() -> TaskDesc {
        let mpu = [CODE, DATA, DEVICE, MpuRegion::NONE];
        TaskDesc {
            mpu,
            entry: 0x1001,
            initial_sp: 0x2200,
            sends: [0; 2],
            ram: OwnMemory { base: 0x2000, bytes: 0x400 },
            code: OwnMemory { base: 0x1000, bytes: 0x1000 },
            priority: 0,
            flags: 0,
            upper: 0,
            first_post: 0,
        }
    }

    fn read(desc: TaskDesc, upper: UpperRegions, base: u32, len: u32) -> Result<(), Refusal> {
        with(desc, upper, |tables, member| readable(tables, member, base, len).map(|_| ()))
    }

    fn write(desc: TaskDesc, upper: UpperRegions, base: u32, len: u32) -> Result<(), Refusal> {
        with(desc, upper, |tables, member| writable(tables, member, base, len).map(|_| ()))
    }

    fn with<T>(
        desc: TaskDesc,
        upper: UpperRegions,
        ask: impl FnOnce(&Tables<'_>, Member) -> T,
    ) -> T {
        let (posts, watches, interrupts) = (&[], &[], &[]);
        let (tasks, upper) = (&[desc], &[NO_UPPER, upper]);
        let tables = Tables { tasks, upper, posts, watches, interrupts };
        ask(&tables, tables.member(TaskIndex(0)).expect("one task"))
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
        for (base, len, may_read, may_write) in cases {
            let (got_read, got_write) =
                (read(desc(), NO_UPPER, base, len), write(desc(), NO_UPPER, base, len));
            assert_eq!(got_read, may_read, "read {base:#x}+{len:#x}");
            assert_eq!(got_write, may_write, "write {base:#x}+{len:#x}");
            let (own_read, own_write) =
                (own_readable(&desc(), base, len), own_writable(&desc(), base, len));
            assert_eq!(own_read.is_some(), may_read.is_ok(), "own read {base:#x}+{len:#x}");
            assert_eq!(own_write.is_some(), may_write.is_ok(), "own write {base:#x}+{len:#x}");
        }
    }

    const READ_ONLY: u32 = 0b111;
    const READ_WRITE: u32 = 0b011;
    const NORMAL: u32 = 0;
    const REGISTERS: u32 = 1 << 1;
    /// First address, length, RBAR bits, attribute: at both ends of the address space, adjacent,
    /// and in the middle.
    const EDGES: [(u32, u32, u32, u32); 8] = [
        (0, 0x40, READ_ONLY, NORMAL),
        (0x40, 0x40, READ_WRITE, NORMAL),
        (0x80, 0x20, READ_WRITE, NORMAL),
        (0x100, 0x40, READ_WRITE, REGISTERS),
        (0x180, 0x40, READ_WRITE, SHOWN),
        (0x7fff_ffe0, 0x40, READ_WRITE, NORMAL),
        (0xffff_ff80, 0x40, READ_ONLY, NORMAL),
        (0xffff_ffc0, 0x40, READ_WRITE, NORMAL),
    ];

    /// Every slice whose ends are near an edge of a region, against the plain meaning: all bytes
    /// in one region, which allows it and is not registers.
    #[test]
    #[cfg_attr(miri, ignore = "a million slices")]
    fn every_slice_near_an_edge_is_proven_or_refused_as_it_should() {
        const NEAR: u32 = 34;
        let mut desc = desc();
        let mut upper = NO_UPPER;
        (desc.mpu, desc.upper) = ([MpuRegion::NONE; REGIONS_PER_BURST], 1);
        (desc.ram, desc.code) = (OwnMemory { base: 0, bytes: 0 }, OwnMemory { base: 0, bytes: 0 });
        let slots = desc.mpu.iter_mut().chain(&mut upper);
        for (slot, (base, len, access, attribute)) in slots.zip(EDGES) {
            let rlar = base.wrapping_add(len - 32) | attribute | 1;
            *slot = MpuRegion { rbar: base | access, rlar };
        }
        let ends = EDGES.iter().flat_map(|(base, len, ..)| [*base, base.wrapping_add(*len)]);
        let near = |end: u32| (0..=2 * NEAR).map(move |n| end.wrapping_add(n).wrapping_sub(NEAR));
        let mut checked = 0;
        for base in ends.flat_map(near) {
            for len in (0..=0x90).chain([0x7fff_ff00, 0xffff_ff00, u32::MAX]) {
                let end = u64::from(base) + u64::from(len);
                let inside = |write: bool| {
                    EDGES.iter().any(|(first, bytes, access, attribute)| {
                        let may_write = *access == READ_WRITE && *attribute == NORMAL;
                        let possible = *attribute != REGISTERS && (!write || may_write);
                        possible && *first <= base && end <= u64::from(*first) + u64::from(*bytes)
                    })
                };
                let expect = |write: bool| match len {
                    0 => Ok(()),
                    _ if inside(write) => Ok(()),
                    _ if end > 1 << 32 => INVALID,
                    _ => denied(base),
                };
                let (may_read, may_write) =
                    (read(desc, upper, base, len), write(desc, upper, base, len));
                assert_eq!(may_read, expect(false), "read {base:#x}+{len:#x}");
                assert_eq!(may_write, expect(true), "write {base:#x}+{len:#x}");
                checked += 1;
            }
        }
        assert_eq!(checked, 2 * EDGES.len() as u32 * (2 * NEAR + 1) * (0x91 + 3));
    }

    /// The short cut never grants what the regions do not.
    #[test]
    #[cfg_attr(miri, ignore = "many slices")]
    fn own_memory_is_inside_of_the_regions_at_every_edge() {
        let desc = desc();
        for end in [0x1000_u32, 0x2000, 0x2400] {
            for base in end - 40..end + 40 {
                for len in (0..=80).chain([0x400, 0x1000, 0xffff_f000, u32::MAX]) {
                    let own_read = own_readable(&desc, base, len).is_some();
                    let own_write = own_writable(&desc, base, len).is_some();
                    let may_read = read(desc, NO_UPPER, base, len).is_ok();
                    let may_write = write(desc, NO_UPPER, base, len).is_ok();
                    assert_eq!((own_read, own_write), (may_read, may_write), "{base:#x}+{len:#x}");
                }
            }
        }
    }

    /// All pairs of small slices, at the beginning and at the end of the address space.
    #[test]
    #[cfg_attr(miri, ignore = "many pairs")]
    fn overlap_is_what_comparing_all_bytes_finds() {
        const SPAN: u32 = 10;
        for first in [0, u32::MAX - SPAN + 1] {
            let slices = (0..SPAN).flat_map(|at| (0..=SPAN - at).map(move |len| (first + at, len)));
            for (a, b) in slices.clone().flat_map(|a| slices.clone().map(move |b| (a, b))) {
                let len = a.1.min(b.1);
                let shares = (0..len).any(|n| (0..len).any(|m| a.0 + n == b.0 + m));
                let from = Readable { base: a.0, len: a.1 };
                let to = Writable { base: b.0, len: b.1 };
                assert_eq!(overlap(from, to), shares, "{from:x?} {to:x?}");
            }
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
        let memory = Writable { base: u32::MAX, len: 1 };
        assert_eq!(memory.skip(0), memory);
        // Behind the last address is the first; nothing is there to write.
        assert!(memory.skip(1).is_empty() && memory.skip(u32::MAX).is_empty());
        assert!(Readable { base: 8, len: 0 }.is_empty());
    }
}
