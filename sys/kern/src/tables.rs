//! The linked tables, and the searches in them.

use crate::task::Member;
use sys_abi::{InterruptDesc, PostDesc, TaskDesc, TaskIndex, WatchDesc};

/// What the image builder decided. See [`sys_abi::TaskDesc`] and its neighbours for the order.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// Tasks by index.
    pub tasks: &'a [TaskDesc],
    /// Sorted by (source, target).
    pub posts: &'a [PostDesc],
    /// Sorted by (peer, watcher).
    pub watches: &'a [WatchDesc],
    /// Sorted by irq.
    pub interrupts: &'a [InterruptDesc],
    /// First eight bytes of the image id.
    pub image_id: u64,
}

impl<'a> Tables<'a> {
    /// Proves that a task index is one of ours.
    #[inline(always)]
    #[must_use]
    pub fn member(&self, index: TaskIndex) -> Option<Member> {
        (usize::from(index.0) < self.tasks.len()).then_some(Member(index.0))
    }

    /// All tasks.
    pub fn members(&self) -> impl Iterator<Item = Member> + use<> {
        // The builder refuses more than `MAX_TASKS`.
        (0..self.tasks.len() as u8).map(Member)
    }

    /// What `source` may post to `target`.
    #[must_use]
    pub fn post_mask(&self, source: Member, target: Member) -> u32 {
        let wanted = (source.0, target.0);
        let found = self.posts.binary_search_by_key(&wanted, |post| (post.source, post.target));
        found.ok().and_then(|place| self.posts.get(place)).map_or(0, |post| post.mask)
    }

    /// Whom an interrupt wakes.
    #[must_use]
    pub fn interrupt(&self, irq: u16) -> Option<&'a InterruptDesc> {
        let found = self.interrupts.binary_search_by_key(&irq, |interrupt| interrupt.irq);
        found.ok().and_then(|place| self.interrupts.get(place))
    }

    /// The interrupts of a task.
    pub fn interrupts_of(&self, task: Member) -> impl Iterator<Item = &'a InterruptDesc> + use<'a> {
        self.interrupts.iter().filter(move |interrupt| interrupt.task == task.0)
    }

    /// The lines mapped to exactly this mask of this task; `None` if there are none.
    pub fn lines(&self, task: Member, mask: u32) -> Option<impl Iterator<Item = u16> + use<'a>> {
        let mapped = self.interrupts_of(task).filter(move |interrupt| interrupt.mask == mask);
        let mut lines = mapped.map(|interrupt| interrupt.irq).peekable();
        lines.peek().is_some().then_some(lines)
    }
}
