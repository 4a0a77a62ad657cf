//! The interface `Supervisor`, call by call.

use crate::Server;
use core::convert::Infallible;
use idl::types::{Control, Note, Outlook, PendingQuiesce, StoryEvent, SupervisorError};
use idl::{CallInfo, RequestError, supervisor};
use sys_abi::{FAULT_NOTIFICATION, Generation, ReplyFaultReason, TaskIndex};
use task_supervisor::Event;

impl Server<'_> {
    fn call(&mut self, event: Event) -> Result<(), RequestError<SupervisorError>> {
        self.step(event).map_err(RequestError::Op)
    }

    /// An event that is never refused.
    fn tell(&mut self, event: Event) -> Result<(), RequestError<Infallible>> {
        let result = self.step(event);
        debug_assert!(result.is_ok(), "only calls with an error type are refused");
        Ok(())
    }
}

impl supervisor::InOrderSupervisorImpl for Server<'_> {
    fn notification_mask(&self) -> u32 {
        FAULT_NOTIFICATION | userlib::notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & FAULT_NOTIFICATION != 0 {
            self.find_deaths();
        }
        self.scan();
        let ticked = self.step(Event::Tick);
        debug_assert!(ticked.is_ok(), "time is no call");
    }

    fn outlook(
        &mut self,
        _: &CallInfo,
        peer: TaskIndex,
    ) -> Result<Outlook, RequestError<Infallible>> {
        Ok(self.supervisor.outlook(peer))
    }

    fn pending_quiesce(
        &mut self,
        call: &CallInfo,
    ) -> Result<Option<PendingQuiesce>, RequestError<Infallible>> {
        if call.sender.index() != self.power {
            return Err(RequestError::Fault(ReplyFaultReason::AccessViolation));
        }
        Ok(self.supervisor.pending_quiesce())
    }

    fn quiesced(
        &mut self,
        call: &CallInfo,
        task: TaskIndex,
        generation: Generation,
    ) -> Result<(), RequestError<SupervisorError>> {
        self.call(Event::Quiesced { sender: call.sender.index(), task, generation })
    }

    fn ready(&mut self, call: &CallInfo) -> Result<(), RequestError<Infallible>> {
        let (sender, generation) = (call.sender.index(), call.sender.generation());
        self.tell(Event::Ready { sender, generation })
    }

    fn lost(&mut self, call: &CallInfo) -> Result<(), RequestError<SupervisorError>> {
        self.call(Event::Lost { sender: call.sender.index() })
    }

    fn presence(
        &mut self,
        call: &CallInfo,
        present: bool,
        module: u32,
    ) -> Result<(), RequestError<SupervisorError>> {
        let module = present.then_some(module);
        self.call(Event::Presence { sender: call.sender.index(), module })
    }

    fn control(
        &mut self,
        call: &CallInfo,
        task: TaskIndex,
        control: Control,
    ) -> Result<(), RequestError<SupervisorError>> {
        self.call(Event::Control { sender: call.sender.index(), task, control })
    }

    fn note(&mut self, call: &CallInfo, note: Note) -> Result<(), RequestError<Infallible>> {
        self.tell(Event::Note { sender: call.sender.index(), note })
    }

    fn next_event(
        &mut self,
        _: &CallInfo,
        cursor: u32,
    ) -> Result<Option<StoryEvent>, RequestError<Infallible>> {
        Ok(self.supervisor.next_event(cursor))
    }
}
