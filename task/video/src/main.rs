//! A video node as a task: dispatch and timer. Its peers are in [`slots`].
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

mod slots;

use idl::types::{
    BufferIndex, BufferInfo, Capability, Event, FrameInfo, FrameInterval, Handle, Name, NodeError,
    NodeUsage, OutputFrame, Owner, PixFormat, PixelFormat, PollEvents, PoolId, ReadFrame, Reading,
    Reclaim, TaskIndex,
};
use idl::video::{INCOMING_BYTES, InOrderVideoImpl, dispatch};
use idl::{CallInfo, RequestError, supervisor};
use slots::Slots;
use sys_abi::SlotTable;
use task_video::{Config, Memory, Node};
use userlib::{Alarm, config_str, config_u32, notification, slot};

userlib::entry!(main);

struct Server {
    node: Node<Slots>,
    alarm: Alarm,
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
            while let Some(event) = userlib::sys_watch_next() {
                self.node.edge(event);
            }
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

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let config = Config {
        number: config_u32!("number") as u8,
        entity: Name::new(config_str!("entity")),
        pool: PoolId(config_u32!("pool_id") as u8),
        handles: config_u32!("handles") as u16,
        isp: slot!("isp"),
        graph: slot!("graph"),
        frames: slot!("frames"),
        sensor: slot!("sensor"),
    };
    let node = Node::new(Slots::new(&config, slot!("supervisor")), config);
    let mut server = Server { node, alarm: Alarm::new(notification!("timer")) };
    for peer in [config.isp, config.graph, config.frames] {
        if let Ok(outlook) = supervisor.outlook(peer) {
            server.node.learn(peer, outlook);
        }
    }
    server.node.settle();
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = supervisor.ready();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        server.alarm.set(server.node.deadline_us());
        dispatch(&mut incoming, &mut server);
        server.node.settle();
    }
}
