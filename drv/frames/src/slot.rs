//! One buffer, as the ledger keeps it.

use idl::types::{Owner, READERS_MAX, TaskIndex};
use sys_abi::TaskId;

/// What the ledger keeps of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) owner: Owner,
    /// Invariant 1: `Some` while Hardware, `None` in all other states but Quarantined, where it is
    /// `Some` until the window is shut. No two slots have the same window.
    pub(crate) window: Option<u8>,
    /// Invariant 2: `Some` from import to release; never while a client owns the buffer.
    pub(crate) guest: Option<Guest>,
    /// The node's life that queued it has ended while hardware had it: nobody waits for it.
    pub(crate) orphan: bool,
    /// Invariant 3: empty unless a client owns the buffer, it is done, or it is imported. So hardware
    /// writes nothing that a reader looks at.
    pub(crate) readers: Readers,
}

/// A node that uses a buffer of another node's pool, on behalf of the client that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    /// The importer's life; `None` after its death, until the hardware has let go.
    pub(crate) node: Option<TaskId>,
    /// Whose the buffer is again after that; `None` after the death of the client.
    pub(crate) holder: Option<TaskIndex>,
}

/// The buffers nobody uses.
pub(crate) const IDLE: Slot = Slot {
    owner: Owner::Client(None),
    window: None,
    guest: None,
    orphan: false,
    readers: Readers([None; READERS_MAX]),
};

impl Slot {
    /// The importer is done with it, or is gone: it is the holder's again.
    pub(crate) fn end_visit(&mut self) {
        if let Some(guest) = self.guest.take() {
            self.owner = Owner::Client(guest.holder);
        }
    }

    /// The importer or the client behind it may have died.
    pub(crate) fn visitor_died(&mut self, ended: TaskId) {
        let Some(guest) = &mut self.guest else { return };
        guest.holder = guest.holder.filter(|holder| *holder != ended.index());
        if guest.node == Some(ended) {
            guest.node = None;
            if matches!(self.owner, Owner::Queued | Owner::Done) {
                self.end_visit();
            }
        }
    }

    /// Hardware is done with it: `Done` if somebody waits for it.
    pub(crate) fn finish(&mut self) {
        match self.guest {
            Some(Guest { node: None, .. }) => self.end_visit(),
            None if self.orphan => self.owner = Owner::Client(None),
            Some(_) | None => self.owner = Owner::Done,
        }
        self.orphan = false;
    }

    /// Quarantine is over. An importer that lives asks for it, as it asks for what was queued.
    pub(crate) fn release(&mut self) {
        match self.guest {
            Some(Guest { node: None, .. }) => self.end_visit(),
            Some(_) => self.owner = Owner::Done,
            None => self.owner = Owner::Client(None),
        }
        self.orphan = false;
    }
}

/// Who reads a buffer beside the client that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Readers([Option<TaskIndex>; READERS_MAX]);

impl Readers {
    /// The one with the lowest index.
    pub(crate) fn first(self) -> Option<TaskIndex> {
        self.0.into_iter().flatten().min()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.first().is_none()
    }

    /// Whether it is one of them now: there is room for [`READERS_MAX`].
    pub(crate) fn insert(&mut self, reader: TaskIndex) -> bool {
        let known = self.0.contains(&Some(reader));
        let free = self.0.iter_mut().find(|entry| entry.is_none() && !known);
        let is_free = free.is_some();
        free.into_iter().for_each(|entry| *entry = Some(reader));
        known || is_free
    }

    /// Whether it was one of them.
    pub(crate) fn remove(&mut self, reader: TaskIndex) -> bool {
        let entry = self.0.iter_mut().find(|entry| **entry == Some(reader));
        entry.is_some_and(|entry| entry.take().is_some())
    }
}
