//! Nodes whose calls wait in `poll` alone, as those of media, subdev and statistics nodes do: when
//! and with what a waiting poll is answered.

use idl::types::{Note, PollEvents};
use sys_abi::{TaskId, WatchEvent};

use crate::{Base, Reaction, Refusal, Subscriber, Waiter};

/// Whom such a node answers and tells, without waiting for anything.
pub trait PollPeers {
    /// Answers a poll that waited; never blocks.
    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>);
    /// Tells the supervisor.
    fn note(&mut self, note: Note);
}

impl<T: Copy, const P: usize> Base<T, (), P> {
    /// Takes an edge of any watched task: [`Base::edge`], with the answer of a poll.
    pub fn edge_of(&mut self, event: WatchEvent, peers: &mut impl PollPeers) -> Reaction {
        self.edge(event, |waiter, _| hang_up(peers, waiter))
    }

    /// Takes a peer's refusal. A death that it brought is dealt with.
    pub fn refused(&mut self, refusal: &Refusal, peers: &mut impl PollPeers) -> Reaction {
        let Some(record) = refusal.disconnect() else { return Reaction::None };
        self.observe(record, |waiter, _| hang_up(peers, waiter))
    }

    /// Answers the polls whose time is over.
    pub fn expire(&mut self, now_us: u64, peers: &mut impl PollPeers) {
        while let Some(waiter) = self.waiters.take_expired(now_us) {
            peers.answer_poll(waiter.caller, Ok(PollEvents::NONE));
        }
    }

    /// Tells the supervisor what there is to tell. To be called after each message and edge.
    pub fn settle(&mut self, peers: &mut impl PollPeers) {
        while let Some(note) = self.disconnects.take() {
            peers.note(note);
        }
    }
}

impl<T: Copy + Subscriber, const P: usize> Base<T, (), P> {
    /// An event was logged: answers the polls of all who hear of it.
    pub fn wake_listeners(&mut self, peers: &mut impl PollPeers) {
        while let Some(waiter) = self.take_listener() {
            peers.answer_poll(waiter.caller, Ok(PollEvents::PRI));
        }
    }
}

fn hang_up(peers: &mut impl PollPeers, waiter: Waiter<()>) {
    peers.answer_poll(waiter.caller, Ok(PollEvents::DISCONNECTED));
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, Disconnect, Edge, Generation, Outlook, TaskIndex};
    use idol_runtime::ipc;

    const ISP: TaskIndex = TaskIndex(3);
    const ALICE: TaskId = TaskId::new(TaskIndex(8), Generation(0));
    const DEATH: Disconnect =
        Disconnect { peer: ISP, generation: Generation(0), cause: Cause::Faulted, hops: 0 };

    #[derive(Default)]
    struct World {
        answers: Vec<Result<PollEvents, Refusal>>,
        notes: usize,
    }

    impl PollPeers for World {
        fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
            assert_eq!(caller, ALICE);
            self.answers.push(result);
        }

        fn note(&mut self, _: Note) {
            self.notes += 1;
        }
    }

    /// A node on which one poll waits until 100 ms.
    fn waiting() -> Base<u8, (), 1> {
        let mut base = Base::new([ISP], 3);
        base.learn(ISP, Outlook::Ready { generation: Generation(0) });
        let handle = base.open(ALICE, 1).unwrap();
        base.wait(ALICE, handle, (), 100, 0).unwrap();
        base
    }

    #[test]
    fn a_death_hangs_up_once_however_it_becomes_known() {
        let died = WatchEvent {
            peer: ISP,
            edge: Edge::Died,
            generation: Generation(0),
            cause: Cause::Faulted,
        };
        for call_first in [true, false] {
            let (mut base, mut world) = (waiting(), World::default());
            for by_call in [call_first, !call_first] {
                let _ = match by_call {
                    true => base.refused(&ipc::Error::Disconnected(DEATH), &mut world),
                    false => base.edge_of(died, &mut world),
                };
            }
            assert_eq!(world.answers, [Ok(PollEvents::DISCONNECTED)]);
            base.settle(&mut world);
            base.settle(&mut world);
            assert_eq!(world.notes, 1);
        }
    }

    #[test]
    fn a_refusal_of_the_operation_ends_nothing() {
        let (mut base, mut world) = (waiting(), World::default());
        let busy = ipc::Error::Op(idl::types::NodeError::Busy);
        assert_eq!(base.refused(&busy, &mut world), Reaction::None);
        assert_eq!((world.answers.len(), base.waiters.len()), (0, 1));
    }

    #[test]
    fn a_poll_ends_at_its_deadline_and_not_before() {
        let (mut base, mut world) = (waiting(), World::default());
        base.expire(99_999, &mut world);
        assert_eq!(world.answers, []);
        base.expire(100_000, &mut world);
        assert_eq!(world.answers, [Ok(PollEvents::NONE)]);
    }
}
