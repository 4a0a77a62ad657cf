//! The linked tables, and the searches in them.

use crate::task::Member;
use sys_abi::{
    InterruptDesc, MAX_TASKS, PostDesc, TaskDesc, TaskId, TaskIndex, UpperRegions, WatchDesc,
};

/// What the image builder decided. See [`sys_abi::TaskDesc`] and its neighbours for the order.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// Tasks by index.
    pub tasks: &'a [TaskDesc],
    /// What those have behind their first four regions that have more.
    pub upper: &'a [UpperRegions],
    /// Sorted by (source, target).
    pub posts: &'a [PostDesc],
    /// Sorted by (peer, watcher).
    pub watches: &'a [WatchDesc],
    /// Sorted by irq.
    pub interrupts: &'a [InterruptDesc],
}

impl<'a> Tables<'a> {
    /// Proves that a task index is one of ours.
    #[inline(always)]
    #[must_use]
    pub fn member(&self, index: TaskIndex) -> Option<Member> {
        (usize::from(index.0) < self.tasks.len()).then_some(Member(index.0.into()))
    }

    /// All tasks.
    pub fn members(&self) -> impl Iterator<Item = Member> + use<> {
        // The builder refuses more than `MAX_TASKS`.
        (0..self.tasks.len() as u32).map(Member)
    }

    /// The task that an id names, if `desc` may send to it.
    #[inline(always)]
    #[must_use]
    pub(crate) fn sendable(desc: &TaskDesc, id: TaskId) -> Option<Member> {
        // The send list holds only tasks that there are, so its bits prove an index. An index
        // behind the list wraps, and then no task lives under the id.
        let place = (id.0 as usize) % MAX_TASKS;
        let word = desc.sends[place / 32];
        (word >> (place % 32) & 1 != 0).then_some(Member(place as u32))
    }

    /// What `source`, whose descriptor is `desc`, may post to `target`.
    #[must_use]
    pub fn post_mask(&self, desc: &TaskDesc, source: Member, target: Member) -> u32 {
        let first = usize::from(desc.first_post);
        let posts = self.posts.get(first..).unwrap_or(&[]);
        let (source, target) = (source.index().0, target.index().0);
        for post in posts.iter().take_while(|post| post.source <= source) {
            if post.source == source && post.target == target {
                return post.mask;
            }
        }
        0
    }

    /// Whom an interrupt wakes.
    #[must_use]
    pub fn interrupt(&self, irq: u16) -> Option<&'a InterruptDesc> {
        self.interrupts.iter().find(|interrupt| interrupt.irq == irq)
    }

    /// The interrupts of a task.
    pub fn interrupts_of(&self, task: Member) -> impl Iterator<Item = &'a InterruptDesc> + use<'a> {
        self.interrupts.iter().filter(move |interrupt| u32::from(interrupt.task) == task.0)
    }
}
