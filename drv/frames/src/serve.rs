//! The calls of `idl/frames.idol`, and the notifications.

use core::convert::Infallible;
use drv_frames::Direction;
use idl::types::{
    BufferIndex, FramesError, Generation, Owner, OwnerCounts, Pool, PoolId, TaskIndex,
};
use idl::{CallInfo, RequestError, frames};
use ringbuf::ringbuf_entry;
use sys_abi::ReplyFaultReason;
use userlib::notification;

use crate::mmio::Violation;
use crate::{Server, TRACE, Trace};

type Reply<T> = Result<T, RequestError<FramesError>>;

/// Only the tasks of the manifest may do this; for anybody else it is a fault.
fn allow<E>(may: bool) -> Result<(), RequestError<E>> {
    if may { Ok(()) } else { Err(RequestError::Fault(ReplyFaultReason::AccessViolation)) }
}

impl Server {
    fn allow_driver<E>(&self, call: &CallInfo) -> Result<(), RequestError<E>> {
        allow(self.ledger.is_driver(call.sender.index()))
    }

    fn start(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        bytes: u32,
        direction: Direction,
    ) -> Reply<u32> {
        let window = self.ledger.start_dma(call.sender, pool, buffer, bytes, direction)?;
        self.firewall.open(window);
        Ok(window.base)
    }
}

impl frames::InOrderFramesImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("client_edge") | notification!("firewall_irq")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & notification!("client_edge") != 0 {
            self.drain_watches();
        }
        if bits & notification!("firewall_irq") != 0 {
            if let Some(Violation { address, info, count }) = self.firewall.violation() {
                ringbuf_entry!(TRACE, Trace::Refused { address, info, count });
            }
            userlib::sys_irq_control(notification!("firewall_irq"), true);
        }
    }

    fn pool(&mut self, _: &CallInfo, pool: PoolId) -> Reply<Pool> {
        Ok(self.ledger.pool(pool)?)
    }

    fn attach(&mut self, call: &CallInfo, pool: PoolId, held: u32) -> Reply<()> {
        Ok(self.ledger.attach(call.sender, pool, held)?)
    }

    fn queue(&mut self, call: &CallInfo, pool: PoolId, buffer: BufferIndex) -> Reply<()> {
        Ok(self.ledger.queue(call.sender, pool, buffer)?)
    }

    fn start_dma(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        bytes: u32,
    ) -> Reply<u32> {
        self.allow_driver(call)?;
        self.start(call, pool, buffer, bytes, Direction::Write)
    }

    fn start_read(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        bytes: u32,
    ) -> Reply<u32> {
        self.allow_driver(call)?;
        self.start(call, pool, buffer, bytes, Direction::Read)
    }

    fn finish_dma(&mut self, call: &CallInfo, pool: PoolId, buffer: BufferIndex) -> Reply<()> {
        self.allow_driver(call)?;
        let windows = self.ledger.finish_dma(call.sender, pool, buffer)?;
        self.firewall.shut(windows);
        Ok(())
    }

    fn hand_out(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Reply<()> {
        Ok(self.ledger.hand_out(call.sender, pool, buffer, holder)?)
    }

    fn cancel(&mut self, call: &CallInfo, pool: PoolId, buffer: BufferIndex) -> Reply<()> {
        Ok(self.ledger.cancel(call.sender, pool, buffer)?)
    }

    fn import(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Reply<()> {
        Ok(self.ledger.import(call.sender, pool, buffer, holder)?)
    }

    fn release(&mut self, call: &CallInfo, pool: PoolId, buffer: BufferIndex) -> Reply<()> {
        Ok(self.ledger.release(call.sender, pool, buffer)?)
    }

    fn let_go(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        holder: TaskIndex,
    ) -> Reply<bool> {
        Ok(self.ledger.let_go(call.sender, pool, buffer, holder)?)
    }

    fn share(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> Reply<()> {
        Ok(self.ledger.share(call.sender, pool, buffer, reader)?)
    }

    fn unshare(
        &mut self,
        call: &CallInfo,
        pool: PoolId,
        buffer: BufferIndex,
        reader: TaskIndex,
    ) -> Reply<()> {
        Ok(self.ledger.unshare(call.sender, pool, buffer, reader)?)
    }

    fn owner(&mut self, _: &CallInfo, pool: PoolId, buffer: BufferIndex) -> Reply<Owner> {
        Ok(self.ledger.owner(pool, buffer)?)
    }

    fn counts(&mut self, _: &CallInfo, pool: PoolId) -> Reply<OwnerCounts> {
        Ok(self.ledger.counts(pool)?)
    }

    fn shut_windows(
        &mut self,
        call: &CallInfo,
        task: TaskIndex,
        generation: Generation,
    ) -> Result<u8, RequestError<Infallible>> {
        allow(self.quiescer.contains(&call.sender.index().0.into()))?;
        let windows = self.ledger.shut_windows(task, generation);
        self.shut(task, generation, windows);
        Ok(windows.count())
    }
}
