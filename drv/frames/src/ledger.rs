//! Who owns which buffer, and which window is open over it.

use drv_isp_regs::firewall;
use idl::types::{
    BUFFERS_MAX, BufferIndex, FramesError, Generation, Owner, OwnerCounts, Pool, PoolId, TaskIndex,
};
use sys_abi::TaskId;

use crate::pools::{ALIGN_BYTES, POOLS_MAX, PoolTable};
use crate::slot::{Guest, IDLE, Slot};

/// Windows of the DMA firewall.
pub const WINDOWS: usize = firewall::WINDOWS;

/// What an engine does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The engine reads what a client wrote.
    Read,
    /// The engine writes.
    Write,
}

/// A window to open, over exactly the bytes that the engine may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenWindow {
    /// For which direction; the other one stays shut.
    pub direction: Direction,
    /// Which window.
    pub window: u8,
    /// First byte; also the bus address for the engine.
    pub base: u32,
    /// Length in bytes, a multiple of 32, within the buffer.
    pub bytes: u32,
}

/// Windows to shut: bit n = window n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSet(pub u16);

impl WindowSet {
    fn insert(&mut self, window: u8) {
        self.0 |= 1 << window;
    }

    /// Number of windows.
    #[must_use]
    pub fn count(self) -> u8 {
        self.0.count_ones() as u8
    }

    /// The windows, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let lowest = left.trailing_zeros() as u8;
            // Takes the lowest bit away; of none it leaves none.
            left &= left.wrapping_sub(1);
            (u32::from(lowest) < u16::BITS).then_some(lowest)
        })
    }
}

/// A pool and its buffers.
#[derive(Clone, Copy, Debug)]
struct PoolState {
    pool: Pool,
    /// The life of the node in charge.
    node: Option<TaskId>,
    slots: [Slot; BUFFERS_MAX],
}

impl PoolState {
    fn slots(&self) -> &[Slot] {
        &self.slots[..usize::from(self.pool.count)]
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots[..usize::from(self.pool.count)]
    }

    fn slot(&mut self, buffer: BufferIndex) -> Result<&mut Slot, FramesError> {
        self.slots_mut().get_mut(usize::from(buffer.0)).ok_or(FramesError::NoSuchBuffer)
    }

    fn require_node(&self, caller: TaskId) -> Result<(), FramesError> {
        if self.node == Some(caller) { Ok(()) } else { Err(FramesError::NotAttached) }
    }

    /// The node's life ended: what waited for hardware or for it goes back. What another node has
    /// imported stays there.
    fn detach(&mut self) {
        self.node = None;
        for slot in self.slots_mut().iter_mut().filter(|slot| slot.guest.is_none()) {
            match slot.owner {
                Owner::Queued | Owner::Done => slot.owner = Owner::Client(None),
                Owner::Hardware(..) | Owner::Quarantined(..) => slot.orphan = true,
                Owner::Client(_) => {}
            }
        }
    }
}

/// The ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pools: [PoolState; POOLS_MAX],
    pool_count: usize,
    /// Indices of the tasks that give buffers to hardware.
    drivers: &'static [u32],
    /// Pools of tables: a driver has charge of them, and no client.
    tables: &'static [u32],
}

impl Ledger {
    /// All buffers unused, all pools unattached, all windows shut.
    #[must_use]
    pub fn new(table: &PoolTable) -> Self {
        let empty = Pool { base: 0, buffer_bytes: 0, count: 0 };
        let mut pools =
            [PoolState { pool: empty, node: None, slots: [IDLE; BUFFERS_MAX] }; POOLS_MAX];
        for (state, pool) in pools.iter_mut().zip(table.as_slice()) {
            state.pool = *pool;
        }
        Self { pools, pool_count: table.as_slice().len(), drivers: &[], tables: &[] }
    }

    /// With these tasks, by index, as drivers. A driver has charge of no pool: the one that could
    /// queue a buffer and start its transfer too could write a picture that a client holds.
    #[must_use]
    pub fn with_drivers(self, drivers: &'static [u32]) -> Self {
        Self { drivers, ..self }
    }

    /// With these pools, by number, as pools of tables. What hardware reads for a driver is the driver's,
    /// and no client looks at it; so a driver has charge of these, and of no other.
    #[must_use]
    pub fn with_tables(self, tables: &'static [u32]) -> Self {
        Self { tables, ..self }
    }

    /// Whether this is a task that gives buffers to hardware.
    #[must_use]
    pub fn is_driver(&self, task: TaskIndex) -> bool {
        self.drivers.contains(&task.0.into())
    }

    /// Describes a pool.
    ///
    /// # Errors
    /// `NoSuchPool`.
    pub fn pool(&self, pool: PoolId) -> Result<Pool, FramesError> {
        self.state(pool).map(|state| state.pool)
    }

    /// `caller` takes charge of the pool; bit n of `held` = its clients hold buffer n.
    ///
    /// # Errors
    /// `NotAttached` if another live node has it, or if a driver wants another pool than one of tables, or
    /// another task one of those; `NoSuchBuffer` or `WrongOwner` if `held` names a
    /// buffer that does not exist or is not a client's.
    pub fn attach(&mut self, caller: TaskId, pool: PoolId, held: u32) -> Result<(), FramesError> {
        let is_barred = self.is_driver(caller.index()) != self.tables.contains(&pool.0.into());
        let state = self.state_mut(pool)?;
        match state.node {
            _ if is_barred => return Err(FramesError::NotAttached),
            Some(node) if node.index() != caller.index() => return Err(FramesError::NotAttached),
            // The node is back before its death was drained here.
            Some(node) if node != caller => state.detach(),
            _ => {}
        }
        if held >> state.pool.count != 0 {
            return Err(FramesError::NoSuchBuffer);
        }
        let is_held = |index: usize| held & 1 << index != 0;
        let foreign = |(index, slot): (usize, &Slot)| {
            is_held(index) && !matches!(slot.owner, Owner::Client(_))
        };
        if state.slots().iter().enumerate().any(foreign) {
            return Err(FramesError::WrongOwner);
        }
        let proxy = caller.index();
        for (index, slot) in state.slots_mut().iter_mut().enumerate() {
            match slot.owner {
                Owner::Client(None) if is_held(index) => slot.owner = Owner::Client(Some(proxy)),
                Owner::Client(Some(holder)) if holder == proxy && !is_held(index) => {
                    slot.owner = Owner::Client(None);
                }
                _ => {}
            }
        }
        state.node = Some(caller);
        Ok(())
    }

    /// Client -> Queued.
    ///
    /// # Errors
    /// `NotAttached`, `NoSuchPool`, `NoSuchBuffer`; `Busy` if hardware or quarantine holds it;
    /// `WrongOwner` otherwise, also while somebody reads it.
    pub fn queue(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Result<(), FramesError> {
        let slot = self.slot_of_node(caller, pool, buffer)?;
        match slot.owner {
            Owner::Client(_) if slot.readers.is_empty() => slot.owner = Owner::Queued,
            owner => return Err(refusal(owner)),
        }
        Ok(())
    }

    /// Client -> Queued for another node than the pool's: `caller` uses the buffer on behalf of
    /// `holder`, which holds it. It is the holder's again at [`Ledger::release`].
    ///
    /// # Errors
    /// `NoSuchPool`, `NoSuchBuffer`; `NotAttached` unless the caller has a pool of its own, and not
    /// this one; `Busy` or `WrongOwner` unless `holder` holds the buffer.
    pub fn import(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Result<(), FramesError> {
        let node = |state: &PoolState| state.node == Some(caller);
        let has_pool = self.pools[..self.pool_count].iter().any(node);
        let state = self.state_mut(pool)?;
        if !has_pool || node(state) {
            return Err(FramesError::NotAttached);
        }
        let slot = state.slot(buffer)?;
        if slot.owner != Owner::Client(Some(holder)) {
            return Err(refusal(slot.owner));
        }
        slot.owner = Owner::Queued;
        slot.guest = Some(Guest { node: Some(caller), holder: Some(holder) });
        Ok(())
    }

    /// Queued or Done -> Client, for the node that imported the buffer: it is its holder's again.
    ///
    /// # Errors
    /// `NoSuchPool`, `NoSuchBuffer`; `Busy` while hardware or quarantine has it; `WrongOwner` if
    /// this life has not imported it, or has released it.
    pub fn release(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Result<(), FramesError> {
        let slot = self.state_mut(pool)?.slot(buffer)?;
        if slot.guest.is_none_or(|guest| guest.node != Some(caller)) {
            return Err(FramesError::WrongOwner);
        }
        if !matches!(slot.owner, Owner::Queued | Owner::Done) {
            return Err(refusal(slot.owner));
        }
        slot.end_visit();
        Ok(())
    }

    /// A client lets go of a buffer that it holds, as the pool's node says. One that nobody holds
    /// stays so. Gives whether nobody holds it now: readers may.
    ///
    /// # Errors
    /// `NotAttached`, `NoSuchPool`, `NoSuchBuffer`; `Busy` or `WrongOwner` if another client or
    /// anybody else has it.
    pub fn let_go(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Result<bool, FramesError> {
        let slot = self.slot_of_node(caller, pool, buffer)?;
        match slot.owner {
            // After a restart of this task the node itself stands for its clients.
            Owner::Client(held) if held.is_none_or(|it| it == holder || it == caller.index()) => {
                slot.owner = Owner::Client(None);
                Ok(slot.readers.is_empty())
            }
            owner => Err(refusal(owner)),
        }
    }

    /// `reader` holds the buffer too, and the picture in it, as the pool's node says.
    ///
    /// # Errors
    /// `NotAttached`, `NoSuchPool`, `NoSuchBuffer`; `TooManyReaders`; `Busy` or `WrongOwner` unless the
    /// buffer is done or a client's.
    pub fn share(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> Result<(), FramesError> {
        let slot = self.slot_of_node(caller, pool, buffer)?;
        match slot.owner {
            Owner::Done | Owner::Client(_) if slot.readers.insert(reader) => Ok(()),
            Owner::Done | Owner::Client(_) => Err(FramesError::TooManyReaders),
            owner => Err(refusal(owner)),
        }
    }

    /// A reader lets go of a buffer, whoever else has it.
    ///
    /// # Errors
    /// `NotAttached`, `NoSuchPool`, `NoSuchBuffer`; `WrongOwner` if it did not hold it.
    pub fn unshare(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> Result<(), FramesError> {
        let state = self.state_mut(pool)?;
        state.require_node(caller)?;
        let was = state.slot(buffer)?.readers.remove(reader);
        if was { Ok(()) } else { Err(FramesError::WrongOwner) }
    }

    /// Queued -> Hardware, for the driver's life `caller`: gives the window to open before the
    /// engine learns the address.
    ///
    /// # Errors
    /// `NoSuchPool`, `NoSuchBuffer`; `NotAttached` while the pool has no live node; `TooLong`;
    /// `NoWindow`; `Busy` or `WrongOwner` if the buffer is not queued, or is imported or a table and
    /// would be written.
    pub fn start_dma(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        bytes: u32,
        direction: Direction,
    ) -> Result<OpenWindow, FramesError> {
        let free = self.free_window();
        let is_table = self.tables.contains(&pool.0.into());
        let state = self.state_mut(pool)?;
        let Pool { base, buffer_bytes, .. } = state.pool;
        let attached = state.node.is_some();
        let slot = state.slot(buffer)?;
        if !attached && slot.guest.is_none() {
            return Err(FramesError::NotAttached);
        }
        if slot.owner != Owner::Queued {
            return Err(refusal(slot.owner));
        }
        // The client that holds it, and others, may be looking at it; and a table is read.
        if (slot.guest.is_some() || is_table) && direction == Direction::Write {
            return Err(FramesError::WrongOwner);
        }
        if bytes == 0 || bytes > buffer_bytes {
            return Err(FramesError::TooLong);
        }
        let window = free.ok_or(FramesError::NoWindow)?;
        slot.owner = Owner::Hardware(caller.index(), caller.generation());
        slot.window = Some(window);
        let base = base + u32::from(buffer.0) * buffer_bytes;
        Ok(OpenWindow { direction, window, base, bytes: bytes.next_multiple_of(ALIGN_BYTES) })
    }

    /// Hardware -> Done (or unused, if the node is gone): gives the window to shut.
    ///
    /// # Errors
    /// `NoSuchPool`, `NoSuchBuffer`; `WrongOwner` unless this very life started the transfer.
    pub fn finish_dma(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Result<WindowSet, FramesError> {
        let state = self.state_mut(pool)?;
        let slot = state.slot(buffer)?;
        if slot.owner != Owner::Hardware(caller.index(), caller.generation()) {
            return Err(FramesError::WrongOwner);
        }
        slot.finish();
        Ok(take_window(slot))
    }

    /// Done -> Client.
    ///
    /// # Errors
    /// As [`Ledger::queue`].
    pub fn hand_out(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Result<(), FramesError> {
        let slot = self.slot_of_node(caller, pool, buffer)?;
        match slot.owner {
            Owner::Done => slot.owner = Owner::Client(Some(holder)),
            owner => return Err(refusal(owner)),
        }
        Ok(())
    }

    /// Queued or Done -> Client, without pixels. A buffer that is unused already stays so.
    ///
    /// # Errors
    /// As [`Ledger::queue`]; a buffer that a client holds answers `WrongOwner`.
    pub fn cancel(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Result<(), FramesError> {
        let slot = self.slot_of_node(caller, pool, buffer)?;
        match slot.owner {
            Owner::Queued | Owner::Done | Owner::Client(None) => slot.owner = Owner::Client(None),
            owner => return Err(refusal(owner)),
        }
        Ok(())
    }

    /// The owner of a buffer: of those who hold it one, the client before the readers.
    ///
    /// # Errors
    /// `NoSuchPool`, `NoSuchBuffer`.
    pub fn owner(&self, pool: PoolId, buffer: BufferIndex) -> Result<Owner, FramesError> {
        let slots = self.state(pool)?.slots();
        let slot = slots.get(usize::from(buffer.0)).ok_or(FramesError::NoSuchBuffer)?;
        Ok(match slot.owner {
            Owner::Client(None) => Owner::Client(slot.readers.first()),
            owner => owner,
        })
    }

    /// Buffers of a pool per kind of owner.
    ///
    /// # Errors
    /// `NoSuchPool`.
    pub fn counts(&self, pool: PoolId) -> Result<OwnerCounts, FramesError> {
        let mut counts = OwnerCounts::default();
        for slot in self.state(pool)?.slots() {
            *match slot.owner {
                Owner::Client(_) => &mut counts.client,
                Owner::Queued => &mut counts.queued,
                Owner::Hardware(..) => &mut counts.hardware,
                Owner::Quarantined(..) => &mut counts.quarantined,
                Owner::Done => &mut counts.done,
            } += 1;
        }
        Ok(counts)
    }

    /// A life ended: a driver's buffers in hardware are quarantined, a node's pools unattached, what
    /// it imported and what it held goes back.
    pub fn died(&mut self, task: TaskIndex, generation: Generation) {
        let ended = TaskId::new(task, generation);
        for state in &mut self.pools[..self.pool_count] {
            if state.node == Some(ended) {
                state.detach();
            }
            for slot in state.slots_mut() {
                match slot.owner {
                    Owner::Hardware(..) if slot.owner == Owner::Hardware(task, generation) => {
                        slot.owner = Owner::Quarantined(task, generation);
                    }
                    Owner::Client(Some(holder)) if holder == task => {
                        slot.owner = Owner::Client(None);
                    }
                    _ => {}
                }
                slot.readers.remove(task);
                slot.visitor_died(ended);
            }
        }
    }

    /// The windows that the ended life still has open; they are shut by this call.
    pub fn shut_windows(&mut self, task: TaskIndex, generation: Generation) -> WindowSet {
        // The order may come before this task has drained the death.
        self.died(task, generation);
        let mut shut = WindowSet::default();
        for slot in self.all_slots_mut() {
            if slot.owner == Owner::Quarantined(task, generation) {
                shut.0 |= take_window(slot).0;
            }
        }
        shut
    }

    /// The hardware of the ended life is quiet: releases its quarantine. Gives the windows that
    /// nobody had shut, to be shut now, and the number of buffers released.
    pub fn quiet(&mut self, task: TaskIndex, generation: Generation) -> (WindowSet, u8) {
        let shut = self.shut_windows(task, generation);
        let mut released = 0;
        for slot in self.all_slots_mut() {
            if slot.owner == Owner::Quarantined(task, generation) {
                slot.release();
                released += 1;
            }
        }
        (shut, released)
    }

    fn state(&self, pool: PoolId) -> Result<&PoolState, FramesError> {
        self.pools[..self.pool_count].get(usize::from(pool.0)).ok_or(FramesError::NoSuchPool)
    }

    fn state_mut(&mut self, pool: PoolId) -> Result<&mut PoolState, FramesError> {
        self.pools[..self.pool_count].get_mut(usize::from(pool.0)).ok_or(FramesError::NoSuchPool)
    }

    fn slot_of_node(
        &mut self,
        caller: TaskId,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Result<&mut Slot, FramesError> {
        let state = self.state_mut(pool)?;
        state.require_node(caller)?;
        let slot = state.slot(buffer)?;
        // Its importer ends that by itself.
        if slot.guest.is_some() { Err(FramesError::Busy) } else { Ok(slot) }
    }

    fn all_slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.pools[..self.pool_count].iter_mut().flat_map(PoolState::slots_mut)
    }

    fn free_window(&self) -> Option<u8> {
        let mut open = WindowSet::default();
        for slot in self.pools[..self.pool_count].iter().flat_map(PoolState::slots) {
            slot.window.into_iter().for_each(|window| open.insert(window));
        }
        (0..WINDOWS as u8).find(|window| open.0 & 1 << window == 0)
    }
}

/// Why a transfer from `owner` is refused: only hardware and quarantine end by themselves.
fn refusal(owner: Owner) -> FramesError {
    match owner {
        Owner::Hardware(..) | Owner::Quarantined(..) => FramesError::Busy,
        _ => FramesError::WrongOwner,
    }
}

fn take_window(slot: &mut Slot) -> WindowSet {
    let mut set = WindowSet::default();
    slot.window.take().into_iter().for_each(|window| set.insert(window));
    set
}
