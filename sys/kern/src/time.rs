//! SET_TIMER, GET_TIMER and the tick. One timer per task, in microseconds since boot.

use crate::arch::Arch;
use crate::kernel::{Kernel, Outcome};
use crate::task::{Member, NEVER_US};

impl<A: Arch> Kernel<'_, A> {
    pub(crate) fn set_timer(&mut self, me: Member) -> Outcome {
        let [armed, lo, hi, mask, ..] = self.task(me).saved.r;
        let deadline_us = u64::from(hi) << 32 | u64::from(lo);
        let task = self.task_mut(me);
        task.timer_mask = mask;
        task.deadline_us = NEVER_US;
        if armed == 0 {
            return Ok(());
        }
        if deadline_us <= self.arch.now_us() {
            self.notify(me, mask);
        } else {
            self.task_mut(me).deadline_us = deadline_us;
            self.next_deadline_us = self.next_deadline_us.min(deadline_us);
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn get_timer(&mut self, me: Member) {
        let now_us = self.arch.us_at(self.arch.tick_us(), self.arch.counter());
        let task = self.task_mut(me);
        let deadline_us = task.deadline_us;
        let r = &mut task.saved.r;
        r[0] = now_us as u32;
        r[1] = (now_us >> 32) as u32;
        r[2] = u32::from(deadline_us != NEVER_US);
        r[3] = deadline_us as u32;
        r[4] = (deadline_us >> 32) as u32;
    }

    /// A tick has passed; [`Arch::tick_us`] has moved on already.
    pub fn tick(&mut self) {
        self.switched_at = self.switched_at.wrapping_add(self.arch.cycles_per_tick());
        // Here too, for the difference of two readings lasts only so long (107 s at 20 MHz), and a
        // task may run longer than that without a switch.
        self.account();
        let now_us = self.arch.tick_us();
        if now_us >= self.next_deadline_us {
            self.fire_timers(now_us);
            self.choose();
        }
    }

    fn fire_timers(&mut self, now_us: u64) {
        let mut next_us = NEVER_US;
        for member in self.tables.members() {
            let task = self.task_mut(member);
            if task.deadline_us <= now_us {
                task.deadline_us = NEVER_US;
                let mask = task.timer_mask;
                self.notify(member, mask);
            } else {
                next_us = next_us.min(task.deadline_us);
            }
        }
        self.next_deadline_us = next_us;
    }
}
