//! Which life of each needed peer serves, and which have ended.
//!
//! News of one death comes from two sides: as a watch event, and as the result of a call that was
//! under way. Whichever comes first starts the disconnect procedure; the other finds the life in
//! `ended` and does nothing. So the procedure runs exactly once per ended life, also when the peer
//! is back before the event is handled.

use idl::types::{Disconnect, Edge, Generation, NodeError, Outlook, TaskIndex};
use sys_abi::{DeathRecord, TaskId, WatchEvent};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Away,
    Serving(Generation),
    Removing(Generation),
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    index: TaskIndex,
    life: Life,
    /// The latest life whose end has been dealt with.
    ended: Option<Generation>,
}

/// What a node has to do because of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reaction {
    /// Nothing, or only what [`Session::accept`] says from now on.
    None,
    /// A needed peer died: run the disconnect procedure with this record.
    Disconnect(Disconnect),
    /// The hardware of this ended life of a needed peer is quiet.
    Quiet {
        /// The peer.
        peer: TaskIndex,
        /// The life that ended.
        generation: Generation,
    },
    /// Another watched task died: close what it held.
    Sweep {
        /// The task.
        task: TaskIndex,
        /// The life that ended.
        generation: Generation,
    },
}

/// The lives of `P` needed peers.
#[derive(Clone, Debug)]
pub struct Session<const P: usize> {
    peers: [Peer; P],
}

impl<const P: usize> Session<P> {
    /// A session with these peers, all thought to be away.
    #[must_use]
    pub fn new(peers: [TaskIndex; P]) -> Self {
        Self { peers: peers.map(|index| Peer { index, life: Life::Away, ended: None }) }
    }

    /// The needed peers, in the order of [`Session::new`].
    pub fn peers(&self) -> impl Iterator<Item = TaskIndex> + use<P> {
        self.peers.map(|peer| peer.index).into_iter()
    }

    /// Takes over what the supervisor says of a peer: at the node's own start, when the edges of
    /// the peer's present life may have passed already.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        if let (Some(peer), Outlook::Ready { generation }) = (self.peer(peer), outlook) {
            peer.serves(generation);
        }
    }

    /// Takes an edge of any watched task.
    pub fn edge(&mut self, event: WatchEvent) -> Reaction {
        let WatchEvent { peer: index, edge, generation, cause } = event;
        let Some(peer) = self.peer(index) else {
            return match edge {
                Edge::Died => Reaction::Sweep { task: index, generation },
                Edge::Removing | Edge::Quiet | Edge::Ready => Reaction::None,
            };
        };
        match edge {
            Edge::Removing => {
                if peer.life == Life::Serving(generation) {
                    peer.life = Life::Removing(generation);
                }
                Reaction::None
            }
            Edge::Died => peer.ends(DeathRecord { peer: index, generation, cause }.into()),
            Edge::Quiet => Reaction::Quiet { peer: index, generation },
            Edge::Ready => {
                let missed = peer.missed(generation).map(|generation| {
                    peer.ends(DeathRecord { peer: index, generation, cause }.into())
                });
                peer.serves(generation);
                missed.unwrap_or(Reaction::None)
            }
        }
    }

    /// Takes a record that a call brought. Records about tasks that are not needed peers, and
    /// about lives that were dealt with, need nothing.
    pub fn observe(&mut self, record: Disconnect) -> Reaction {
        self.peer(record.peer).map_or(Reaction::None, |peer| peer.ends(record))
    }

    /// Whether the node serves.
    ///
    /// # Errors
    /// [`NodeError::NoDevice`] while a needed peer is away or being removed.
    pub fn accept(&self) -> Result<(), NodeError> {
        let serving = self.peers.iter().all(|peer| matches!(peer.life, Life::Serving(_)));
        if serving { Ok(()) } else { Err(NodeError::NoDevice) }
    }

    /// The present life of a peer, if it can be called: a peer that is being removed still takes
    /// the calls that end things.
    #[must_use]
    pub fn id(&self, peer: TaskIndex) -> Option<TaskId> {
        let peer = self.peers.iter().find(|known| known.index == peer)?;
        match peer.life {
            Life::Away => None,
            Life::Serving(generation) | Life::Removing(generation) => {
                Some(TaskId::new(peer.index, generation))
            }
        }
    }

    fn peer(&mut self, index: TaskIndex) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.index == index)
    }
}

impl Peer {
    fn serves(&mut self, generation: Generation) {
        let newer = self.ended.is_none_or(|ended| ended < generation);
        if newer && self.life != Life::Removing(generation) {
            self.life = Life::Serving(generation);
        }
    }

    /// The life that must have ended if `generation` is ready.
    fn missed(&self, generation: Generation) -> Option<Generation> {
        match self.life {
            Life::Serving(old) | Life::Removing(old) if old < generation => Some(old),
            _ => None,
        }
    }

    fn ends(&mut self, record: Disconnect) -> Reaction {
        if self.ended.is_some_and(|ended| record.generation <= ended) {
            return Reaction::None;
        }
        if let Life::Serving(present) | Life::Removing(present) = self.life
            && record.generation < present
        {
            // Late news of a life before the one that serves: no handle is older than that.
            return Reaction::None;
        }
        self.ended = Some(record.generation);
        self.life = Life::Away;
        Reaction::Disconnect(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::Cause;

    const ISP: TaskIndex = TaskIndex(3);
    const GRAPH: TaskIndex = TaskIndex(5);
    const CLIENT: TaskIndex = TaskIndex(9);

    fn event(peer: TaskIndex, edge: Edge, generation: u32) -> WatchEvent {
        WatchEvent { peer, edge, generation: Generation(generation), cause: Cause::Faulted }
    }

    fn record(peer: TaskIndex, generation: u32, hops: u8) -> Disconnect {
        Disconnect { peer, generation: Generation(generation), cause: Cause::Faulted, hops }
    }

    fn serving(generation: u32) -> Session<2> {
        let mut session = Session::new([ISP, GRAPH]);
        session.learn(ISP, Outlook::Ready { generation: Generation(generation) });
        session.learn(GRAPH, Outlook::Ready { generation: Generation(0) });
        assert_eq!(session.accept(), Ok(()));
        session
    }

    #[test]
    fn serves_only_when_all_needed_peers_do() {
        let mut session = Session::new([ISP, GRAPH]);
        assert_eq!(session.accept(), Err(NodeError::NoDevice));
        assert_eq!(session.edge(event(ISP, Edge::Ready, 0)), Reaction::None);
        assert_eq!(session.accept(), Err(NodeError::NoDevice));
        assert_eq!(session.edge(event(GRAPH, Edge::Ready, 0)), Reaction::None);
        assert_eq!(session.accept(), Ok(()));
    }

    #[test]
    fn an_outlook_other_than_ready_is_not_serving() {
        let mut session = Session::new([ISP]);
        let starting = Outlook::Starting { generation: Generation(0) };
        for outlook in [Outlook::Settling, Outlook::Absent, Outlook::Stopped, starting] {
            session.learn(ISP, outlook);
            assert_eq!(session.accept(), Err(NodeError::NoDevice));
        }
    }

    #[test]
    fn removing_refuses_new_entries_but_keeps_the_peer_callable() {
        let mut session = serving(2);
        assert_eq!(session.edge(event(ISP, Edge::Removing, 2)), Reaction::None);
        assert_eq!(session.accept(), Err(NodeError::NoDevice));
        assert_eq!(session.id(ISP), Some(TaskId::new(ISP, Generation(2))));
        session.learn(ISP, Outlook::Ready { generation: Generation(2) });
        assert_eq!(session.accept(), Err(NodeError::NoDevice), "removal is not taken back");
    }

    #[test]
    fn removing_of_an_old_life_means_nothing() {
        let mut session = serving(2);
        assert_eq!(session.edge(event(ISP, Edge::Removing, 1)), Reaction::None);
        assert_eq!(session.accept(), Ok(()));
    }

    #[test]
    fn death_starts_the_procedure_exactly_once() {
        let mut session = serving(2);
        let first = session.edge(event(ISP, Edge::Died, 2));
        assert_eq!(first, Reaction::Disconnect(record(ISP, 2, 0)));
        assert_eq!(session.edge(event(ISP, Edge::Died, 2)), Reaction::None);
        assert_eq!(session.observe(record(ISP, 2, 1)), Reaction::None);
        assert_eq!(session.id(ISP), None);
    }

    #[test]
    fn a_call_that_knows_first_wins_and_the_watch_is_silent() {
        let mut session = serving(2);
        let first = session.observe(record(ISP, 2, 1));
        assert_eq!(first, Reaction::Disconnect(record(ISP, 2, 1)));
        assert_eq!(session.edge(event(ISP, Edge::Died, 2)), Reaction::None);
    }

    #[test]
    fn an_old_death_handled_after_the_peer_is_back_does_not_end_the_new_life() {
        let mut session = serving(2);
        let _ = session.observe(record(ISP, 2, 0));
        session.learn(ISP, Outlook::Ready { generation: Generation(3) });
        assert_eq!(session.edge(event(ISP, Edge::Died, 2)), Reaction::None);
        assert_eq!(session.edge(event(ISP, Edge::Ready, 3)), Reaction::None);
        assert_eq!(session.accept(), Ok(()));
    }

    #[test]
    fn two_deaths_behind_one_bit_are_two_procedures() {
        let mut session = serving(2);
        let first = session.edge(event(ISP, Edge::Died, 2));
        let second = session.edge(event(ISP, Edge::Died, 3));
        assert_eq!(first, Reaction::Disconnect(record(ISP, 2, 0)));
        assert_eq!(second, Reaction::Disconnect(record(ISP, 3, 0)));
    }

    #[test]
    fn a_death_that_was_missed_is_made_up_for_at_ready() {
        let mut session = serving(2);
        let reaction = session.edge(event(ISP, Edge::Ready, 3));
        assert_eq!(reaction, Reaction::Disconnect(record(ISP, 2, 0)));
        assert_eq!(session.id(ISP), Some(TaskId::new(ISP, Generation(3))));
    }

    #[test]
    fn ready_of_an_ended_life_means_nothing() {
        let mut session = serving(2);
        let _ = session.edge(event(ISP, Edge::Died, 2));
        assert_eq!(session.edge(event(ISP, Edge::Ready, 2)), Reaction::None);
        assert_eq!(session.accept(), Err(NodeError::NoDevice));
    }

    #[test]
    fn quiet_is_passed_on_with_its_life() {
        let mut session = serving(2);
        let _ = session.edge(event(ISP, Edge::Died, 2));
        let quiet = Reaction::Quiet { peer: ISP, generation: Generation(2) };
        assert_eq!(session.edge(event(ISP, Edge::Quiet, 2)), quiet);
    }

    #[test]
    fn a_dead_client_is_swept_and_its_other_edges_mean_nothing() {
        let mut session = serving(2);
        let sweep = Reaction::Sweep { task: CLIENT, generation: Generation(4) };
        assert_eq!(session.edge(event(CLIENT, Edge::Died, 4)), sweep);
        for edge in [Edge::Removing, Edge::Quiet, Edge::Ready] {
            assert_eq!(session.edge(event(CLIENT, edge, 4)), Reaction::None);
        }
        assert_eq!(session.accept(), Ok(()));
    }

    #[test]
    fn a_record_about_a_stranger_needs_nothing() {
        assert_eq!(serving(2).observe(record(CLIENT, 0, 2)), Reaction::None);
    }
}
