//! Handles, waiting calls and session of one node, and the disconnect procedure over them.

use idl::types::{Cause, Disconnect, Handle, NodeError, NodeUsage, Outlook, TaskIndex};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};

use crate::{
    Disconnects, HANDLES_MAX, HandleTable, Open, Reaction, Refusal, Session, WAITERS_MAX, Waiter,
    Waiters, deadline_us,
};

/// What every node has. `T` is kept per handle, `K` says what a call waits for, `P` is the number
/// of needed peers.
///
/// The functions that can end handles take `answer`, which answers one waiting call with the
/// disconnect; they have answered every waiting call concerned when they return.
pub struct Base<T, K, const P: usize> {
    /// The lives of the needed peers.
    pub session: Session<P>,
    /// Open handles.
    pub handles: HandleTable<T, HANDLES_MAX>,
    /// Waiting calls.
    pub waiters: Waiters<K, WAITERS_MAX>,
    /// What is still to be told to the supervisor.
    pub disconnects: Disconnects,
    limit: usize,
}

impl<T: Copy, K: Copy, const P: usize> Base<T, K, P> {
    /// A node that needs these peers and has at most `limit` handles.
    #[must_use]
    pub fn new(peers: [TaskIndex; P], limit: usize) -> Self {
        Self {
            session: Session::new(peers),
            handles: HandleTable::new(),
            waiters: Waiters::new(),
            disconnects: Disconnects::new(),
            limit,
        }
    }

    /// At the node's own start: what the supervisor says of a peer.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.session.learn(peer, outlook);
    }

    /// Opens a handle.
    ///
    /// # Errors
    /// `NoDevice`, `TableFull`.
    pub fn open(&mut self, caller: TaskId, data: T) -> Result<Handle, Refusal> {
        self.session.accept().map_err(ipc::Error::Op)?;
        self.room()?;
        self.handles.open(caller, data).map_err(ipc::Error::Op)
    }

    /// Closes a handle; works whatever has happened to the hardware.
    ///
    /// # Errors
    /// `BadHandle`.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<Open<T>, Refusal> {
        let closed = self.handles.close(caller, handle).map_err(ipc::Error::Op)?;
        self.waiters.take(|waiter| waiter.handle == handle);
        Ok(closed)
    }

    /// The door of each operation: what is kept for a live handle, if the node serves.
    ///
    /// # Errors
    /// `BadHandle`; the record of the handle; `NoDevice`.
    pub fn enter(&mut self, caller: TaskId, handle: Handle) -> Result<&mut T, Refusal> {
        let data = self.handles.live(caller, handle)?;
        self.session.accept().map_err(ipc::Error::Op)?;
        Ok(data)
    }

    /// The life of a needed peer that serves.
    ///
    /// # Errors
    /// `NoDevice` if none does.
    pub fn peer(&self, peer: TaskIndex) -> Result<TaskId, Refusal> {
        self.session.id(peer).ok_or(ipc::Error::Op(NodeError::NoDevice))
    }

    /// Makes an independent handle for another life.
    ///
    /// # Errors
    /// As [`Base::enter`], and `TableFull`.
    pub fn delegate(
        &mut self,
        caller: TaskId,
        handle: Handle,
        holder: TaskId,
    ) -> Result<Handle, Refusal> {
        self.enter(caller, handle)?;
        self.room()?;
        self.handles.delegate(caller, handle, holder)
    }

    /// Defers the answer of a call.
    ///
    /// # Errors
    /// `TooManyWaiters`.
    pub fn wait(
        &mut self,
        caller: TaskId,
        handle: Handle,
        kind: K,
        timeout_ms: u32,
        now_us: u64,
    ) -> Result<(), Refusal> {
        let deadline_us = deadline_us(now_us, timeout_ms);
        let waiter = Waiter { caller, handle, kind, deadline_us };
        self.waiters.add(waiter).map_err(ipc::Error::Op)
    }

    /// Takes an edge of any watched task, and does what the table of this crate says.
    pub fn edge(
        &mut self,
        event: WatchEvent,
        answer: impl FnMut(Waiter<K>, Disconnect),
    ) -> Reaction {
        let reaction = self.session.edge(event);
        self.react(reaction, answer)
    }

    /// Takes a disconnect that a call brought.
    pub fn observe(
        &mut self,
        record: Disconnect,
        answer: impl FnMut(Waiter<K>, Disconnect),
    ) -> Reaction {
        let reaction = self.session.observe(record);
        self.react(reaction, answer)
    }

    /// The disconnect procedure for the handles that `which` picks: answers their waiting calls,
    /// then ends them.
    pub fn end(
        &mut self,
        record: Disconnect,
        which: impl Fn(&T) -> bool,
        mut answer: impl FnMut(Waiter<K>, Disconnect),
    ) {
        let Self { handles, waiters, .. } = self;
        let concerned = |waiter: &Waiter<K>| {
            handles.peek(waiter.caller, waiter.handle).is_none_or(|open| which(&open.data))
        };
        let mut answered = 0;
        while let Some(waiter) = waiters.take(concerned) {
            answer(waiter, record);
            answered += 1;
        }
        let ended = handles.end(record, which);
        if answered != 0 || ended != 0 {
            self.disconnects.told(record, answered, ended);
        }
    }

    /// How full the tables are, without buffers.
    #[must_use]
    pub fn usage(&self) -> NodeUsage {
        let (handles, waiters) = (self.handles.len() as u16, self.waiters.len() as u16);
        NodeUsage { handles, waiters, buffers: 0 }
    }

    fn react(&mut self, reaction: Reaction, answer: impl FnMut(Waiter<K>, Disconnect)) -> Reaction {
        match reaction {
            Reaction::Disconnect(record) => {
                self.end(record, |_| true, answer);
                if record.cause == Cause::SessionEnded {
                    self.disconnects.nonsense(record);
                }
            }
            Reaction::Sweep { task, generation } => {
                self.waiters.forget(task, generation);
                while self.handles.sweep(task, generation).is_some() {}
            }
            Reaction::None | Reaction::Quiet { .. } => {}
        }
        reaction
    }

    fn room(&self) -> Result<(), Refusal> {
        let full = self.handles.len() >= self.limit;
        if full { Err(ipc::Error::Op(NodeError::TableFull)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Edge, Generation, Note};

    const ISP: TaskIndex = TaskIndex(3);
    const ALICE: TaskId = TaskId::new(TaskIndex(8), Generation(0));
    const BOB: TaskId = TaskId::new(TaskIndex(9), Generation(0));

    fn event(peer: TaskIndex, edge: Edge, generation: u32) -> WatchEvent {
        WatchEvent { peer, edge, generation: Generation(generation), cause: Cause::Unplugged }
    }

    fn record(hops: u8) -> Disconnect {
        Disconnect { peer: ISP, generation: Generation(0), cause: Cause::Unplugged, hops }
    }

    fn base() -> Base<u8, char, 1> {
        let mut base = Base::new([ISP], 3);
        base.learn(ISP, Outlook::Ready { generation: Generation(0) });
        base
    }

    fn no_answer(waiter: Waiter<char>, _: Disconnect) {
        panic!("nobody waits, but {waiter:?} is answered");
    }

    #[test]
    fn at_death_every_waiter_is_answered_once_before_the_note_is_there_to_send() {
        let mut base = base();
        let a = base.open(ALICE, 1).unwrap();
        let b = base.open(BOB, 2).unwrap();
        base.wait(ALICE, a, 'd', 100, 0).unwrap();
        base.wait(BOB, b, 'p', 100, 0).unwrap();
        let mut answers = Vec::new();
        let _ = base.edge(event(ISP, Edge::Died, 0), |waiter, told| {
            answers.push((waiter.caller, waiter.kind, told));
        });
        assert_eq!(answers, [(ALICE, 'd', record(0)), (BOB, 'p', record(0))]);
        let _ = base.edge(event(ISP, Edge::Died, 0), no_answer);
        assert!(base.disconnects.take().is_some());
        assert!(base.disconnects.take().is_none(), "one procedure, one note");
    }

    #[test]
    fn a_driver_that_answers_nonsense_is_reported_also_when_nobody_has_a_handle() {
        let mut base = base();
        let garbled = Disconnect { cause: Cause::SessionEnded, ..record(0) };
        let _ = base.observe(garbled, no_answer);
        let nonsense = Note::Nonsense { peer: ISP, generation: Generation(0) };
        assert_eq!(base.disconnects.take(), Some(nonsense));
        let _ = base.observe(garbled, no_answer);
        assert_eq!(base.disconnects.take(), None, "once");
    }

    #[test]
    fn an_ended_handle_answers_its_record_and_closes() {
        let mut base = base();
        let handle = base.open(ALICE, 1).unwrap();
        let _ = base.edge(event(ISP, Edge::Died, 0), no_answer);
        let _ = base.edge(event(ISP, Edge::Ready, 1), no_answer);
        for _ in 0..2 {
            let refused = base.enter(ALICE, handle).copied();
            assert_eq!(refused, Err(ipc::Error::Disconnected(record(0))));
        }
        assert!(base.close(ALICE, handle).is_ok());
        assert_eq!(base.usage(), NodeUsage::default());
    }

    #[test]
    fn while_removing_opens_and_operations_are_refused_and_waiters_go_on_waiting() {
        let mut base = base();
        let handle = base.open(ALICE, 1).unwrap();
        base.wait(ALICE, handle, 'd', 100, 0).unwrap();
        let _ = base.edge(event(ISP, Edge::Removing, 0), no_answer);
        let refused = ipc::Error::Op(NodeError::NoDevice);
        assert_eq!(base.open(BOB, 2), Err(refused));
        assert_eq!(base.enter(ALICE, handle).copied(), Err(refused));
        assert_eq!(base.waiters.len(), 1);
        assert!(base.close(ALICE, handle).is_ok());
    }

    #[test]
    fn a_hundred_handles_end_together_and_close() {
        let mut base = Base::<u8, char, 1>::new([ISP], HANDLES_MAX);
        base.learn(ISP, Outlook::Ready { generation: Generation(0) });
        let handles: Vec<_> = (0..100).map(|_| base.open(ALICE, 0).unwrap()).collect();
        let _ = base.edge(event(ISP, Edge::Died, 0), no_answer);
        for handle in handles {
            assert!(base.enter(ALICE, handle).is_err());
            assert!(base.close(ALICE, handle).is_ok());
        }
        assert_eq!(base.usage(), NodeUsage::default());
    }

    #[test]
    fn a_dead_client_leaves_nothing_behind() {
        let mut base = base();
        let handle = base.open(ALICE, 1).unwrap();
        base.open(BOB, 1).unwrap();
        base.wait(ALICE, handle, 'd', 100, 0).unwrap();
        let _ = base.edge(event(ALICE.index(), Edge::Died, 0), no_answer);
        assert_eq!(base.usage(), NodeUsage { handles: 1, waiters: 0, buffers: 0 });
    }

    #[test]
    fn stale_handles_fill_the_table_until_the_client_dies() {
        let mut base = base();
        for _ in 0..3 {
            base.open(ALICE, 1).unwrap();
        }
        assert_eq!(base.open(BOB, 1), Err(ipc::Error::Op(NodeError::TableFull)));
        let _ = base.edge(event(ALICE.index(), Edge::Died, 0), no_answer);
        assert!(base.open(BOB, 1).is_ok());
    }

    #[test]
    fn only_the_picked_handles_and_their_waiters_end() {
        let mut base = base();
        let a = base.open(ALICE, 1).unwrap();
        let b = base.open(BOB, 2).unwrap();
        base.wait(ALICE, a, 'd', 100, 0).unwrap();
        base.wait(BOB, b, 'd', 100, 0).unwrap();
        let mut answered = Vec::new();
        base.end(record(1), |data| *data == 1, |waiter, _| answered.push(waiter.caller));
        assert_eq!(answered, [ALICE]);
        assert!(base.enter(BOB, b).is_ok());
    }

    #[test]
    fn a_delegate_outlives_the_delegator_and_ends_like_it() {
        let mut base = base();
        let own = base.open(ALICE, 1).unwrap();
        let theirs = base.delegate(ALICE, own, BOB).unwrap();
        let _ = base.edge(event(ALICE.index(), Edge::Died, 0), no_answer);
        assert!(base.enter(BOB, theirs).is_ok());
        let _ = base.observe(record(0), no_answer);
        let refused = base.enter(BOB, theirs).copied();
        assert_eq!(refused, Err(ipc::Error::Disconnected(record(0))));
        assert!(base.close(BOB, theirs).is_ok());
    }
}
