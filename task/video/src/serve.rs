//! The calls of `idl/video.idol`, and the notifications.

use idl::types::{
    BufferIndex, BufferInfo, Capability, Event, FrameInfo, FrameInterval, FrameIntervals,
    FrameSizes, Handle, NodeError, NodeUsage, OutputFrame, Owner, PixFormat, PixelFormat,
    PollEvents, PoolId, ReadFrame, Reading, Reclaim, TaskIndex,
};
use idl::video::InOrderVideoImpl;
use idl::{CallInfo, RequestError};
use sys_abi::SlotTable;
use task_video::{Memory, Node};
use userlib::{Alarm, notification};

use crate::slots::Slots;

/// The node behind its calls.
pub struct Server {
    /// The node.
    pub node: Node<Slots>,
    /// Of the calls that wait.
    pub alarm: Alarm,
}

type Reply<T> = Result<T, RequestError<NodeError>>;

/// What says that a peer has died, is quiet, or is back.
fn edges() -> u32 {
    notification!("isp_edge")
        | notification!("graph_edge")
        | notification!("frames_edge")
        | notification!("sensor_edge")
        | notification!("client_edge")
}

fn now_us() -> u64 {
    userlib::sys_get_timer().now_us
}

impl InOrderVideoImpl for Server {
    fn notification_mask(&self) -> u32 {
        edges() | notification!("frame_done") | notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & edges() != 0 {
            self.node.take_edges();
        }
        if bits & notification!("frame_done") != 0 {
            // Errors are disconnects, which drain has dealt with.
            let _ = self.node.drain();
        }
        if bits & notification!("timer") != 0 {
            self.alarm.fired();
            self.node.expire(now_us());
        }
    }

    fn open(&mut self, call: &CallInfo) -> Reply<Handle> {
        Ok(self.node.open(call.sender)?)
    }

    fn close(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.node.close(call.sender, handle)?)
    }

    fn query_capability(&mut self, call: &CallInfo, handle: Handle) -> Reply<Capability> {
        Ok(self.node.query_capability(call.sender, handle)?)
    }

    fn enum_format(&mut self, call: &CallInfo, handle: Handle, index: u8) -> Reply<PixelFormat> {
        Ok(self.node.enum_format(call.sender, handle, index)?)
    }

    fn enum_frame_sizes(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        pixel_format: PixelFormat,
        index: u16,
    ) -> Reply<FrameSizes> {
        Ok(self.node.enum_frame_sizes(call.sender, handle, pixel_format, index)?)
    }

    fn enum_frame_intervals(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        format: PixFormat,
        index: u16,
    ) -> Reply<FrameIntervals> {
        Ok(self.node.enum_frame_intervals(call.sender, handle, format, index)?)
    }

    fn get_format(&mut self, call: &CallInfo, handle: Handle) -> Reply<PixFormat> {
        Ok(self.node.get_format(call.sender, handle)?)
    }

    fn set_format(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        format: PixFormat,
    ) -> Reply<PixFormat> {
        Ok(self.node.set_format(call.sender, handle, format)?)
    }

    fn get_parm(&mut self, call: &CallInfo, handle: Handle) -> Reply<FrameInterval> {
        Ok(self.node.get_parm(call.sender, handle)?)
    }

    fn set_parm(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        interval: FrameInterval,
    ) -> Reply<FrameInterval> {
        Ok(self.node.set_parm(call.sender, handle, interval)?)
    }

    fn request_buffers(&mut self, call: &CallInfo, handle: Handle, count: u8) -> Reply<u8> {
        Ok(self.node.request_buffers(call.sender, handle, count)?)
    }

    fn query_buffer(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Reply<BufferInfo> {
        Ok(self.node.query_buffer(call.sender, handle, buffer)?)
    }

    fn queue_buffer(&mut self, call: &CallInfo, handle: Handle, buffer: BufferIndex) -> Reply<()> {
        Ok(self.node.queue_buffer(call.sender, handle, buffer)?)
    }

    fn dequeue_buffer(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        timeout_ms: u32,
    ) -> Reply<FrameInfo> {
        let taken = self.node.dequeue_buffer(call.sender, handle, timeout_ms, now_us())?;
        taken.ok_or(RequestError::Deferred)
    }

    fn stream_on(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.node.stream_on(call.sender, handle)?)
    }

    fn stream_off(&mut self, call: &CallInfo, handle: Handle, timeout_ms: u32) -> Reply<()> {
        let stopped = self.node.stream_off(call.sender, handle, timeout_ms, now_us())?;
        stopped.ok_or(RequestError::Deferred)
    }

    fn poll(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        events: PollEvents,
        timeout_ms: u32,
    ) -> Reply<PollEvents> {
        let ready = self.node.poll(call.sender, handle, events, timeout_ms, now_us())?;
        ready.ok_or(RequestError::Deferred)
    }

    fn dequeue_event(&mut self, call: &CallInfo, handle: Handle) -> Reply<Event> {
        Ok(self.node.dequeue_event(call.sender, handle)?)
    }

    fn reclaim(&mut self, call: &CallInfo, handle: Handle, buffer: BufferIndex) -> Reply<Reclaim> {
        Ok(self.node.reclaim(call.sender, handle, buffer)?)
    }

    fn delegate(&mut self, call: &CallInfo, handle: Handle, task: TaskIndex) -> Reply<Handle> {
        // To ask the kernel for a task that there is not would be this task's fault; and who cannot call
        // this node is not watched, so that its handle would stay for ever.
        let slots = SlotTable(userlib::config_u32s!("task_slots"));
        let can_call = slots.has(task, userlib::own_index!());
        let holder = can_call.then(|| userlib::sys_refresh_task_id(task));
        Ok(self.node.delegate(call.sender, handle, holder)?)
    }

    fn queue_output(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        buffer: BufferIndex,
        frame: OutputFrame,
    ) -> Reply<()> {
        Ok(self.node.queue_output(call.sender, handle, buffer, frame)?)
    }

    fn import_buffer(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        buffer: BufferIndex,
        pool: PoolId,
        source: BufferIndex,
        frame: OutputFrame,
    ) -> Reply<()> {
        let memory = Memory { pool, buffer: source };
        Ok(self.node.import_buffer(call.sender, handle, buffer, memory, frame)?)
    }

    fn holder(&mut self, call: &CallInfo, handle: Handle, buffer: BufferIndex) -> Reply<Owner> {
        Ok(self.node.holder(call.sender, handle, buffer)?)
    }

    fn subscribe(&mut self, call: &CallInfo, handle: Handle, reading: Reading) -> Reply<()> {
        Ok(self.node.subscribe(call.sender, handle, reading)?)
    }

    fn next_frame(&mut self, call: &CallInfo, handle: Handle, timeout_ms: u32) -> Reply<ReadFrame> {
        let taken = self.node.next_frame(call.sender, handle, timeout_ms, now_us())?;
        taken.ok_or(RequestError::Deferred)
    }

    fn let_go(&mut self, call: &CallInfo, handle: Handle, buffer: BufferIndex) -> Reply<()> {
        Ok(self.node.let_go(call.sender, handle, buffer)?)
    }

    fn usage(
        &mut self,
        _: &CallInfo,
    ) -> Result<NodeUsage, RequestError<core::convert::Infallible>> {
        Ok(self.node.usage())
    }
}
