//! Accesses that reach no register although they are to one, and their place in the log.

use super::hardware::{Hardware, Platform, Request, written_value};
use crate::log::{Verdict, Who};
use drv_isp_regs::Block;

/// What happens instead of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// It does not complete.
    Stuck,
    /// Its task makes the system call with this number.
    SystemCall(u32),
}

/// An access that does not complete: known again, because its instruction is repeated until an interrupt
/// takes the processor away, and after that.
pub(super) type Spinning = (Who, u32);

impl<P: Platform> Hardware<'_, P> {
    /// What happens instead of this access, if something does. The next access to a muted block is
    /// one again.
    pub fn instead(&mut self, request: &Request) -> Option<Instead> {
        let block = Block::at(request.offset);
        if let Some((_, call)) = self.mute.take_if(|(muted, _)| block == Some(*muted)) {
            self.note(request, Verdict::Muted);
            return Some(Instead::SystemCall(call));
        }
        if self.stuck_block.is_none() || self.stuck_block != block {
            return None;
        }
        let spinning = (request.who, request.offset);
        if self.spinning.replace(spinning) != Some(spinning) {
            self.note(request, Verdict::Stuck);
        }
        Some(Instead::Stuck)
    }

    /// Records an access that the memory protection of its task does not allow.
    pub fn foreign_access(&mut self, request: &Request) {
        self.note(request, Verdict::Foreign);
    }

    /// Records an access by an instruction that the bench does not do: multiple or exclusive. To the
    /// task it is a bus fault, as one of another width than 32 bits.
    pub fn unknown_access(&mut self, request: &Request) {
        self.note(request, Verdict::Reserved);
    }

    fn note(&mut self, request: &Request, verdict: Verdict) {
        self.pass_time();
        self.record(request, (verdict, written_value(request.kind)));
    }
}

/// The block's accesses complete again.
impl<P> Hardware<'_, P> {
    pub(super) fn unstick(&mut self) {
        (self.stuck_block, self.spinning) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::hardware::Kind;
    use super::super::hardware_tests::{Hw, inject, power_up, request, with_defaults};
    use super::*;
    use crate::log::Access;
    use drv_isp_regs::{bench_control as control, preview, resizer};

    fn count(hw: &Hw<'_>) -> usize {
        hw.log.latest().count()
    }

    fn latest(hw: &Hw<'_>) -> Access {
        *hw.log.latest().next().expect("an access")
    }

    #[test]
    fn a_stuck_access_is_in_the_log_once_however_long_it_takes() {
        with_defaults(|hw, _| {
            power_up(hw);
            inject(hw, control::ACCESS_STUCK, Block::Preview as u32, 0);
            let before = count(hw);
            let first = request(preview::PCR.window_offset(), Kind::Write(7));
            for _ in 0..100 {
                assert_eq!(hw.instead(&first), Some(Instead::Stuck));
            }
            assert_eq!(count(hw), before + 1);
            let Access { offset, value, write, verdict, .. } = latest(hw);
            assert_eq!((u32::from(offset), value, write), (first.offset, 7, true));
            assert_eq!(verdict, Verdict::Stuck);
            let other = Request { who: Who { pc: 4, psp: 8 }, ..first };
            assert_eq!(hw.instead(&other), Some(Instead::Stuck));
            assert_eq!(count(hw), before + 2, "of another task");
            assert_eq!(hw.instead(&request(resizer::PCR.window_offset(), Kind::Read)), None);
            assert_eq!(hw.log.verdict_count(control::VERDICT_STUCK), 2);
        });
    }

    #[test]
    fn what_never_reached_the_register_is_in_the_log() {
        with_defaults(|hw, _| {
            power_up(hw);
            inject(hw, control::MUTE, Block::Preview as u32, 1);
            let read = request(preview::PCR.window_offset(), Kind::Read);
            assert_eq!(hw.instead(&read), Some(Instead::SystemCall(1)));
            assert_eq!((latest(hw).verdict, latest(hw).write), (Verdict::Muted, false));
            hw.foreign_access(&read);
            assert_eq!(latest(hw).verdict, Verdict::Foreign);
            hw.unknown_access(&read);
            assert_eq!(latest(hw).verdict, Verdict::Reserved);
            assert_eq!(u32::from(latest(hw).offset), read.offset);
        });
    }
}
