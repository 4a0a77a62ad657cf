//! The table of open handles.
//!
//! A handle is the position of its entry (low byte) and the number of times that the entry was
//! used (above), so a closed handle never works again, not even when its entry does. An entry
//! whose use count is exhausted is retired instead of wrapping.

use idl::types::{Disconnect, Generation, Handle, NodeError, TaskIndex};
use idol_runtime::ipc;
use sys_abi::TaskId;

use crate::Refusal;

/// Most handles of one node; v4l2-compliance opens 100 at once.
pub const HANDLES_MAX: usize = 128;

const USES_MAX: u32 = 0x00FF_FFFF;

/// An open handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open<T> {
    /// The one life of the one task that may use it.
    pub holder: TaskId,
    /// The first disconnect, as this node saw it; the last word on the handle.
    pub ended: Option<Disconnect>,
    /// What the node keeps per handle.
    pub data: T,
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    uses: u32,
    open: Option<Open<T>>,
}

/// At most `N` (up to 256) open handles.
#[derive(Clone, Debug)]
pub struct HandleTable<T, const N: usize> {
    entries: [Entry<T>; N],
}

impl<T: Copy, const N: usize> Default for HandleTable<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy, const N: usize> HandleTable<T, N> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N <= 256, "an entry's position is one byte of its handle") };
        Self { entries: [Entry { uses: 0, open: None }; N] }
    }

    /// Opens a handle for `holder`.
    ///
    /// # Errors
    /// [`NodeError::TableFull`] when `N` handles are open.
    pub fn open(&mut self, holder: TaskId, data: T) -> Result<Handle, NodeError> {
        let free = |entry: &Entry<T>| entry.open.is_none() && entry.uses < USES_MAX;
        let position = self.entries.iter().position(free).ok_or(NodeError::TableFull)?;
        let entry = &mut self.entries[position];
        entry.uses += 1;
        entry.open = Some(Open { holder, ended: None, data });
        Ok(Handle(entry.uses << 8 | position as u32))
    }

    /// The handle, ended or not.
    ///
    /// # Errors
    /// [`NodeError::BadHandle`] unless `caller` is the very life that holds it.
    pub fn get(&mut self, caller: TaskId, handle: Handle) -> Result<&mut Open<T>, NodeError> {
        let open = self.open_entry(handle).ok_or(NodeError::BadHandle)?;
        if open.holder == caller { Ok(open) } else { Err(NodeError::BadHandle) }
    }

    /// The handle, ended or not, to look at; `None` unless `caller` is the very life that holds it.
    #[must_use]
    pub fn peek(&self, caller: TaskId, handle: Handle) -> Option<&Open<T>> {
        let entry = self.entries.get(position(handle))?;
        let same = entry.uses == handle.0 >> 8;
        entry.open.as_ref().filter(|open| same && open.holder == caller)
    }

    /// What the node keeps for the handle, if the handle has not ended.
    ///
    /// # Errors
    /// [`NodeError::BadHandle`] as in [`HandleTable::get`], or the record that sticks to it.
    pub fn live(&mut self, caller: TaskId, handle: Handle) -> Result<&mut T, Refusal> {
        let open = self.get(caller, handle).map_err(ipc::Error::Op)?;
        match open.ended {
            Some(record) => Err(ipc::Error::Disconnected(record)),
            None => Ok(&mut open.data),
        }
    }

    /// Makes an independent handle for `holder` with the same data. The new entry starts as the
    /// old one is: a handle that has ended is not revived by passing it on.
    ///
    /// # Errors
    /// As [`HandleTable::live`], and [`NodeError::TableFull`].
    pub fn delegate(
        &mut self,
        caller: TaskId,
        handle: Handle,
        holder: TaskId,
    ) -> Result<Handle, Refusal> {
        let data = *self.live(caller, handle)?;
        self.open(holder, data).map_err(ipc::Error::Op)
    }

    /// Closes a handle and gives back what was in its entry.
    ///
    /// # Errors
    /// [`NodeError::BadHandle`] unless `caller` is the very life that holds it.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<Open<T>, NodeError> {
        let open = *self.get(caller, handle)?;
        self.entries[position(handle)].open = None;
        Ok(open)
    }

    /// Takes one handle of a task that died in `generation`: to be called until it gives `None`.
    pub fn sweep(&mut self, task: TaskIndex, generation: Generation) -> Option<Open<T>> {
        let dead =
            |open: &Open<T>| open.holder.index() == task && open.holder.generation() <= generation;
        let entry = self.entries.iter_mut().find(|entry| entry.open.as_ref().is_some_and(dead))?;
        entry.open.take()
    }

    /// Ends the handles that `which` picks. Those that ended before keep their record. Gives the
    /// number that ended now.
    pub fn end(&mut self, record: Disconnect, which: impl Fn(&T) -> bool) -> u16 {
        let mut count = 0;
        for open in self.entries.iter_mut().filter_map(|entry| entry.open.as_mut()) {
            if open.ended.is_none() && which(&open.data) {
                open.ended = Some(record);
                count += 1;
            }
        }
        count
    }

    /// All open handles, ended ones included.
    pub fn iter(&self) -> impl Iterator<Item = &Open<T>> {
        self.entries.iter().filter_map(|entry| entry.open.as_ref())
    }

    /// Number of open handles, ended ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no handle is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn open_entry(&mut self, handle: Handle) -> Option<&mut Open<T>> {
        let entry = self.entries.get_mut(position(handle))?;
        if entry.uses == handle.0 >> 8 { entry.open.as_mut() } else { None }
    }
}

fn position(handle: Handle) -> usize {
    (handle.0 & 0xFF) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::Cause;

    fn task(index: u8, generation: u32) -> TaskId {
        TaskId::new(TaskIndex(index), Generation(generation))
    }

    fn record(generation: u32) -> Disconnect {
        let (peer, cause) = (TaskIndex(3), Cause::Faulted);
        Disconnect { peer, generation: Generation(generation), cause, hops: 0 }
    }

    #[test]
    fn a_closed_handle_never_works_again_even_when_its_entry_does() {
        let mut table = HandleTable::<u8, 1>::new();
        let first = table.open(task(8, 0), 1).unwrap();
        table.close(task(8, 0), first).unwrap();
        let second = table.open(task(8, 0), 2).unwrap();
        assert_ne!(first, second);
        assert_eq!(table.get(task(8, 0), first).err(), Some(NodeError::BadHandle));
        assert_eq!(table.get(task(8, 0), second).unwrap().data, 2);
    }

    #[test]
    fn only_the_very_life_that_holds_a_handle_can_use_it() {
        let mut table = HandleTable::<u8, 4>::new();
        let handle = table.open(task(8, 1), 1).unwrap();
        for stranger in [task(8, 0), task(8, 2), task(7, 1)] {
            assert_eq!(table.get(stranger, handle).err(), Some(NodeError::BadHandle));
            assert_eq!(table.close(stranger, handle).err(), Some(NodeError::BadHandle));
        }
        assert!(table.close(task(8, 1), handle).is_ok());
    }

    #[test]
    fn a_full_table_says_so_and_recovers() {
        let mut table = HandleTable::<(), HANDLES_MAX>::new();
        let handles: Vec<_> =
            (0..HANDLES_MAX).map(|_| table.open(task(8, 0), ()).unwrap()).collect();
        assert_eq!(table.open(task(8, 0), ()), Err(NodeError::TableFull));
        for handle in handles {
            table.close(task(8, 0), handle).unwrap();
        }
        assert!(table.is_empty());
        assert!(table.open(task(8, 0), ()).is_ok());
    }

    #[test]
    fn the_first_disconnect_sticks() {
        let mut table = HandleTable::<u8, 2>::new();
        let handle = table.open(task(8, 0), 1).unwrap();
        assert_eq!(table.end(record(4), |_| true), 1);
        assert_eq!(table.end(record(5), |_| true), 0);
        let refused = Err(ipc::Error::Disconnected(record(4)));
        assert_eq!(table.live(task(8, 0), handle).copied(), refused);
        assert!(table.close(task(8, 0), handle).is_ok(), "close always works");
    }

    #[test]
    fn only_the_picked_handles_end() {
        let mut table = HandleTable::<u8, 2>::new();
        let stays = table.open(task(8, 0), 1).unwrap();
        let ends = table.open(task(8, 0), 2).unwrap();
        assert_eq!(table.end(record(4), |data| *data == 2), 1);
        assert!(table.live(task(8, 0), stays).is_ok());
        assert!(table.live(task(8, 0), ends).is_err());
    }

    #[test]
    fn sweep_takes_the_dead_life_and_older_ones_only() {
        let mut table = HandleTable::<u8, 8>::new();
        for holder in [task(8, 0), task(8, 1), task(8, 2), task(7, 0)] {
            table.open(holder, 0).unwrap();
        }
        let mut swept = 0;
        while let Some(open) = table.sweep(TaskIndex(8), Generation(1)) {
            assert!(open.holder.generation() <= Generation(1));
            swept += 1;
        }
        assert_eq!((swept, table.len()), (2, 2));
    }

    #[test]
    fn a_delegated_handle_outlives_the_delegator() {
        let mut table = HandleTable::<u8, 4>::new();
        let own = table.open(task(8, 0), 9).unwrap();
        let theirs = table.delegate(task(8, 0), own, task(7, 0)).unwrap();
        table.close(task(8, 0), own).unwrap();
        assert_eq!(table.live(task(7, 0), theirs).copied(), Ok(9));
    }

    #[test]
    fn an_ended_handle_cannot_be_delegated() {
        let mut table = HandleTable::<u8, 4>::new();
        let own = table.open(task(8, 0), 9).unwrap();
        table.end(record(0), |_| true);
        let refused = table.delegate(task(8, 0), own, task(7, 0));
        assert_eq!(refused, Err(ipc::Error::Disconnected(record(0))));
    }

    #[test]
    fn an_exhausted_entry_is_retired() {
        let mut table = HandleTable::<u8, 1>::new();
        table.entries[0].uses = USES_MAX - 1;
        let last = table.open(task(8, 0), 1).unwrap();
        table.close(task(8, 0), last).unwrap();
        assert_eq!(table.open(task(8, 0), 1), Err(NodeError::TableFull));
    }
}
