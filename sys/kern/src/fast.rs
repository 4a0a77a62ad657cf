//! The fast paths: what happens all the time, decided with few comparisons.
//!
//! | call | taken if |
//! |---|---|
//! | SEND | the server receives from anybody, message and reply buffer are the client's own memory |
//! | REPLY_RECV | the client waits for this reply, and there is nothing else to do or to receive |
//! | RECV | open, nothing to receive: the next task runs |
//! | POST | the peer receives |
//!
//! Each looks first and changes nothing until it is certain; it gives `false` for whatever is
//! unusual, and the general path ([`Kernel::general`]) decides that from the beginning. So a fast
//! path never needs to know what a mistake means. Own memory is mapped by no other task, which
//! makes the overlap check unnecessary.
//!
//! # Cost
//! `cargo xtask bench` prints it, and why it is not less. A round trip without bytes is two entries of
//! about 120 guest instructions and about 55 in the two tasks. What a faster kernel would have to give
//! up are account, stamps and counters, or Rust in this file.

use crate::arch::{Arch, at, at_mut, desc_of, pair_mut};
use crate::kernel::Kernel;
use crate::negative::sends;
use crate::tables::Tables;
use crate::task::{Member, State, Task};
use crate::umem;
use sys_abi::{CODE_RESERVED_FIRST, LeaseDescriptor, RecvMode, RecvStatus, SendStatus, TaskId};

const LEASE_BYTES: u32 = size_of::<LeaseDescriptor>() as u32;

/// Whether a task that receives from anybody lives under this id.
#[inline(always)]
const fn listens(task: &Task, id: TaskId) -> bool {
    task.live.0 == id.0 && matches!(task.state, State::InRecv)
}

/// Whether nobody waits to be received, and no notification.
#[inline(always)]
const fn nothing_to_receive(task: &Task, mask: u32) -> bool {
    task.senders.is_empty() && task.notifications & mask == 0
}

/// Counts a system call and gives the caller's arguments.
#[inline(always)]
const fn enter(task: &mut Task) -> [u32; 8] {
    task.entries = task.entries.wrapping_add(1);
    task.saved.r
}

/// Switches: puts the time since the latest switch to the account of `from`.
#[inline(always)]
fn switch<A: Arch>(arch: &mut A, switched_at: &mut u32, from: &mut Task, to: &mut Task) {
    from.charge(arch.cycles_left(), switched_at);
    to.switches = to.switches.wrapping_add(1);
    arch.activate(&mut to.saved);
}

impl<A: Arch> Kernel<'_, A> {
    #[inline(always)]
    pub(crate) fn fast_send(&mut self) -> bool {
        let Self { arch, tables, tasks, switched_at, .. } = self;
        let (tasks, me) = (&mut **tasks, self.current);
        let desc = desc_of(tables.tasks, at(tasks, me), me);
        let [target, op, base, len, reply_base, reply_len, leases, _] = enter(at_mut(tasks, me));
        // Before the slices: a message to the kernel goes no further.
        let Some(server) = Tables::sendable(desc, TaskId(target)) else { return false };
        let lease_count = op >> 16;
        if lease_count != 0 {
            // At most 65535 * 12 bytes: no overflow.
            let lease_bytes = lease_count.wrapping_mul(LEASE_BYTES);
            if leases % 4 != 0 || umem::own_writable(desc, leases, lease_bytes).is_none() {
                return false;
            }
        }
        if !sends() || umem::own_writable(desc, reply_base, reply_len).is_none() {
            return false;
        }
        let Some(message) = umem::own_readable(desc, base, len) else { return false };
        let Some((client, listener)) = pair_mut(tasks, me, server) else { return false };
        if !listens(listener, TaskId(target)) {
            return false;
        }
        arch.copy_here(message, umem::receive_buffer(listener));
        let now_ticks = arch.ticks();
        client.state = State::InReply(TaskId(target));
        client.waits_for = TaskId(target);
        client.since_ticks = now_ticks;
        let [r4, r5, r6, r7, r8, r9, ..] = &mut listener.saved.r;
        (*r4, *r5) = (RecvStatus::Message as u32, client.id.0);
        (*r6, *r7) = (op & 0xffff, len);
        (*r8, *r9) = (reply_len, lease_count);
        listener.state = State::Runnable;
        listener.since_ticks = now_ticks;
        self.current = server;
        switch(arch, switched_at, client, listener);
        true
    }

    #[inline(always)]
    pub(crate) fn fast_reply_recv(&mut self) -> bool {
        let Self { arch, tables, tasks, ready, switched_at, .. } = self;
        let (tasks, me) = (&mut **tasks, self.current);
        let task = at_mut(tasks, me);
        let [peer, code, base, len, ..] = enter(task);
        let receive = task.receive;
        if !task.receives || !nothing_to_receive(task, receive.mask) || code >= CODE_RESERVED_FIRST
        {
            return false;
        }
        let Some(client) = tables.member(TaskId(peer).index()) else { return false };
        let own = desc_of(tables.tasks, task, me);
        let Some(message) = umem::own_readable(own, base, len) else { return false };
        let Some((task, waiting)) = pair_mut(tasks, me, client) else { return false };
        let waits = waiting.live.0 == peer
            && matches!(waiting.state, State::InReply(server) if server.0 == task.id.0);
        let buffer = umem::reply_buffer(waiting);
        if !waits || len > buffer.len() {
            return false;
        }
        if ready.first().is_some_and(|first| first < waiting.rank) {
            return false;
        }
        arch.copy_here(message, buffer);
        let now_ticks = arch.ticks();
        let [status, reply_code, reply_len, ..] = &mut waiting.saved.r;
        (*status, *reply_code) = (SendStatus::Replied as u32, code);
        *reply_len = len;
        waiting.state = State::Runnable;
        waiting.since_ticks = now_ticks;
        let [r4, r5, r6, ..] = &mut task.saved.r;
        (*r4, *r5, *r6) = (receive.base, receive.len, receive.mask);
        task.state = State::InRecv;
        task.since_ticks = now_ticks;
        self.current = client;
        switch(arch, switched_at, task, waiting);
        true
    }

    #[inline(always)]
    pub(crate) fn fast_recv(&mut self) -> bool {
        let me = self.current;
        let task = at_mut(self.tasks, me);
        let [base, len, mask, mode, ..] = enter(task);
        let (idle, rank) = (nothing_to_receive(task, mask), task.rank);
        let desc = desc_of(self.tables.tasks, task, me);
        let proven = umem::own_writable(desc, base, len).is_some();
        if !idle || !proven || mode != RecvMode::Open as u32 {
            return false;
        }
        let Some(next_rank) = self.pick(&self.ready, rank) else { return false };
        self.block(me, State::InRecv);
        self.ready.remove(next_rank);
        self.hand_over(self.member_of(next_rank));
        true
    }

    #[inline(always)]
    pub(crate) fn fast_post(&mut self) -> bool {
        let me = self.current;
        let [target, bits, ..] = enter(self.task_mut(me));
        let Some(peer) = self.tables.member(TaskId(target).index()) else { return false };
        let desc = desc_of(self.tables.tasks, self.task(me), me);
        let mask = self.tables.post_mask(desc, me, peer);
        let Self { arch, tasks, ready, switched_at, .. } = self;
        let Some((task, listener)) = pair_mut(tasks, me, peer) else { return false };
        let posted = listener.notifications | bits;
        let fired = posted & listener.saved.r[2];
        if !listens(listener, TaskId(target)) || bits & !mask != 0 || fired == 0 {
            return false;
        }
        listener.notifications = posted & !fired;
        let [r4, r5, r6, r7, r8, r9, ..] = &mut listener.saved.r;
        (*r4, *r5) = (RecvStatus::Notification as u32, TaskId::KERNEL.0);
        (*r6, *r7, *r8, *r9) = (fired, 0, 0, 0);
        listener.state = State::Runnable;
        listener.since_ticks = arch.ticks();
        task.saved.r[0] = SendStatus::Replied as u32;
        if listener.priority < task.priority {
            ready.insert(task.rank);
            self.current = peer;
            switch(arch, switched_at, task, listener);
        } else {
            ready.insert(listener.rank);
        }
        true
    }

    #[inline(always)]
    pub(crate) fn fast_get_timer(&mut self) {
        let me = self.current;
        enter(self.task_mut(me));
        self.get_timer(me);
    }

    /// Switches to a runnable task that is not in the ready set; the current one is in it if it
    /// wants the processor.
    #[inline(never)]
    pub(crate) fn hand_over(&mut self, next: Member) {
        let me = core::mem::replace(&mut self.current, next);
        let Self { arch, tasks, switched_at, .. } = self;
        // Not for a new life of the same task.
        if me != next {
            at_mut(tasks, me).charge(arch.cycles_left(), switched_at);
        }
        let task = at_mut(tasks, next);
        task.switches = task.switches.wrapping_add(1);
        arch.activate(&mut task.saved);
    }
}
