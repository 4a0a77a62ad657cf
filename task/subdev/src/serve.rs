//! The calls of `idl/subdev.idol`, and the notifications.

use core::convert::Infallible;

use idl::idol_runtime::R;
use idl::subdev::InOrderSubdevImpl;
use idl::types::{
    BlockState, CcdcFeatures, CcdcParameters, CcdcTable, ControlDescription, ControlId, EventKind,
    FormatChange, FrameInterval, Handle, MbusCode, Name, NodeError, NodeUsage, PadFormat,
    PollEvents, PreviewFeatures, PreviewParameters, PreviewTable, QueuedEvent, SizeRange, Which,
};
use idl::{CallInfo, Leased, RequestError};
use task_subdev::Node;
use userlib::notification;

use crate::slots::Slots;

/// The node behind its calls.
pub struct Server(pub Node<Slots>);

type Reply<T> = Result<T, RequestError<NodeError>>;

impl InOrderSubdevImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("driver_edge")
            | notification!("graph_edge")
            | notification!("client_edge")
            | notification!("frame_sync")
            | notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
        }
        if bits & notification!("frame_sync") != 0 {
            self.0.frame_started();
        }
        self.0.expire(userlib::sys_get_timer().now_us);
    }

    fn open(&mut self, call: &CallInfo) -> Reply<Handle> {
        Ok(self.0.open(call.sender)?)
    }

    fn close(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.0.close(call.sender, handle)?)
    }

    fn state(&mut self, call: &CallInfo, handle: Handle, which: Which) -> Reply<BlockState> {
        Ok(self.0.state(call.sender, handle, which)?)
    }

    fn adjust(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        which: Which,
        change: FormatChange,
    ) -> Reply<BlockState> {
        Ok(self.0.adjust(call.sender, handle, which, change)?)
    }

    fn enum_mbus_code(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        which: Which,
        pad: u8,
        index: u16,
    ) -> Reply<MbusCode> {
        Ok(self.0.enum_mbus_code((call.sender, handle), (which, pad), index)?)
    }

    fn enum_frame_size(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        which: Which,
        pad: u8,
        code: MbusCode,
        index: u16,
    ) -> Reply<SizeRange> {
        Ok(self.0.enum_frame_size((call.sender, handle), (which, pad), code, index)?)
    }

    fn enum_frame_interval(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        which: Which,
        pad: u8,
        format: PadFormat,
        index: u16,
    ) -> Reply<FrameInterval> {
        Ok(self.0.enum_frame_interval((call.sender, handle), (which, pad), format, index)?)
    }

    fn get_frame_interval(&mut self, call: &CallInfo, handle: Handle) -> Reply<FrameInterval> {
        Ok(self.0.frame_interval(call.sender, handle)?)
    }

    fn set_frame_interval(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        interval: FrameInterval,
    ) -> Reply<FrameInterval> {
        Ok(self.0.set_frame_interval(call.sender, handle, interval)?)
    }

    fn poll(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        _events: PollEvents,
        timeout_ms: u32,
    ) -> Reply<PollEvents> {
        let now_us = userlib::sys_get_timer().now_us;
        self.0.poll(call.sender, handle, timeout_ms, now_us)?.ok_or(RequestError::Deferred)
    }

    fn subscribe_event(&mut self, call: &CallInfo, handle: Handle, kind: EventKind) -> Reply<()> {
        Ok(self.0.subscribe(call.sender, handle, kind)?)
    }

    fn unsubscribe_event(&mut self, call: &CallInfo, handle: Handle, kind: EventKind) -> Reply<()> {
        Ok(self.0.unsubscribe(call.sender, handle, kind)?)
    }

    fn dequeue_event(&mut self, call: &CallInfo, handle: Handle) -> Reply<QueuedEvent> {
        Ok(self.0.dequeue_event(call.sender, handle)?)
    }

    fn query_control(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        index: u8,
    ) -> Reply<ControlDescription> {
        Ok(self.0.query_control(call.sender, handle, index)?)
    }

    fn query_menu(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        id: ControlId,
        index: u32,
    ) -> Reply<Name> {
        Ok(self.0.query_menu(call.sender, handle, id, index)?)
    }

    fn get_control(&mut self, call: &CallInfo, handle: Handle, id: ControlId) -> Reply<i32> {
        Ok(self.0.get_control(call.sender, handle, id)?)
    }

    fn set_control(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        id: ControlId,
        value: i32,
    ) -> Reply<i32> {
        Ok(self.0.set_control(call.sender, handle, id, value)?)
    }

    fn preview_parameters(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        parameters: PreviewParameters,
    ) -> Reply<()> {
        Ok(self.0.preview_parameters((call.sender, handle), parameters)?)
    }

    fn preview_table(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        table: PreviewTable,
        entries: Leased<R, [u8]>,
    ) -> Reply<()> {
        self.0.preview_table((call.sender, handle), table, |bytes| {
            let count = entries.len().min(bytes.len());
            entries.read_range(0, &mut bytes[..count])?;
            Ok(count)
        })
    }

    fn preview_configure(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Reply<()> {
        Ok(self.0.preview_configure((call.sender, handle), update, flag)?)
    }

    fn ccdc_parameters(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        parameters: CcdcParameters,
    ) -> Reply<()> {
        Ok(self.0.ccdc_parameters((call.sender, handle), parameters)?)
    }

    fn ccdc_table(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        table: CcdcTable,
        entries: Leased<R, [u8]>,
    ) -> Reply<()> {
        self.0.ccdc_table((call.sender, handle), (table, entries.len()), |offset, piece| {
            Ok(entries.read_range(offset, piece)?)
        })
    }

    fn ccdc_configure(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Reply<()> {
        Ok(self.0.ccdc_configure((call.sender, handle), update, flag)?)
    }

    fn usage(&mut self, _: &CallInfo) -> Result<NodeUsage, RequestError<Infallible>> {
        Ok(self.0.usage())
    }
}
