//! Handles that hear of events: what is the same for every node that has an [`EventLog`].

use idl::types::{Handle, NodeError, PollEvents, QueuedEvent};
use idol_runtime::ipc;
use sys_abi::TaskId;

use crate::{Base, EventLog, Refusal, Subscription, Waiter};

/// What is kept per handle has a place for a subscription.
pub trait Subscriber {
    /// The handle's subscription, if it has one.
    fn subscription(&self) -> &Option<Subscription>;
    /// Its place.
    fn subscription_mut(&mut self) -> &mut Option<Subscription>;
}

impl<T: Copy + Subscriber, const P: usize> Base<T, (), P> {
    /// The handle hears of what is logged from now on. Subscribing again changes nothing.
    ///
    /// # Errors
    /// As [`Base::enter`].
    pub fn subscribe<const N: usize>(
        &mut self,
        caller: TaskId,
        handle: Handle,
        log: &EventLog<N>,
    ) -> Result<(), Refusal> {
        let place = self.enter(caller, handle)?.subscription_mut();
        place.get_or_insert(log.subscribe());
        Ok(())
    }

    /// The handle hears of nothing any more. Not to be subscribed is fine.
    ///
    /// # Errors
    /// As [`Base::enter`].
    pub fn unsubscribe(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        *self.enter(caller, handle)?.subscription_mut() = None;
        Ok(())
    }

    /// The oldest event that waits for the handle.
    ///
    /// # Errors
    /// As [`Base::enter`], also while events wait; `NoEvent`.
    pub fn dequeue_event<const N: usize>(
        &mut self,
        caller: TaskId,
        handle: Handle,
        log: &EventLog<N>,
    ) -> Result<QueuedEvent, Refusal> {
        let place = self.enter(caller, handle)?.subscription_mut();
        let event = place.as_mut().and_then(|subscription| log.take(subscription));
        event.ok_or(ipc::Error::Op(NodeError::NoEvent))
    }

    /// `poll` of a node whose events are all there is to wait for. `None`: the answer comes later.
    ///
    /// # Errors
    /// As [`Base::enter`]; `TooManyWaiters`.
    pub fn poll_event<const N: usize>(
        &mut self,
        (caller, handle): (TaskId, Handle),
        timeout_ms: u32,
        now_us: u64,
        log: &EventLog<N>,
    ) -> Result<Option<PollEvents>, Refusal> {
        let subscription = *self.enter(caller, handle)?.subscription();
        if subscription.is_some_and(|subscription| log.has(&subscription)) {
            return Ok(Some(PollEvents::PRI));
        }
        if timeout_ms == 0 {
            return Ok(Some(PollEvents::NONE));
        }
        self.wait(caller, handle, (), timeout_ms, now_us).map(|()| None)
    }

    /// Whether any live handle would hear of an event.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        let mut live = self.handles.iter().filter(|open| open.ended.is_none());
        live.any(|open| open.data.subscription().is_some())
    }

    /// Takes the oldest poll that an event ends.
    pub fn take_listener(&mut self) -> Option<Waiter<()>> {
        let Self { waiters, handles, .. } = self;
        waiters.take(|waiter| {
            let open = handles.peek(waiter.caller, waiter.handle);
            open.is_some_and(|open| open.data.subscription().is_some())
        })
    }
}
