//! A statistics node as a task: dispatch and timer. Its peers are in [`slots`].
#![cfg_attr(target_os = "none", no_std, no_main)]

mod mmio;
mod slots;

use core::convert::Infallible;
use idl::idol_runtime::W;
use idl::statistics::{INCOMING_BYTES, InOrderStatisticsImpl, dispatch};
use idl::types::{
    EventKind, Handle, Name, NodeError, NodeUsage, PollEvents, PoolId, QueuedEvent, Statistics,
    StatisticsConfig, StatisticsEngine,
};
use idl::{CallInfo, Leased, RequestError, supervisor};
use slots::{ENTRIES, HISTOGRAMS, Slots, Store};
use task_statistics::{Config, Node};
use userlib::{config_str, config_u32, notification, slot};

userlib::entry!(main);

struct Server<'a>(Node<Slots<'a>>);

type Reply<T> = Result<T, RequestError<NodeError>>;

impl InOrderStatisticsImpl for Server<'_> {
    fn notification_mask(&self) -> u32 {
        notification!("isp_edge")
            | notification!("graph_edge")
            | notification!("frames_edge")
            | notification!("client_edge")
            | notification!("statistics_done")
            | notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
        }
        if bits & notification!("statistics_done") != 0 {
            // Errors are disconnects, which drain has dealt with.
            let _ = self.0.drain();
        }
        self.0.expire(userlib::sys_get_timer().now_us);
    }

    fn open(&mut self, call: &CallInfo) -> Reply<Handle> {
        Ok(self.0.open(call.sender)?)
    }

    fn close(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.0.close(call.sender, handle)?)
    }

    fn configure(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        config: StatisticsConfig,
    ) -> Reply<u16> {
        Ok(self.0.configure(call.sender, handle, config)?)
    }

    fn enable(&mut self, call: &CallInfo, handle: Handle, on: bool) -> Reply<()> {
        Ok(self.0.enable(call.sender, handle, on)?)
    }

    fn request(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        into: Leased<W, [u8]>,
    ) -> Reply<Statistics> {
        let copy = |slots: &mut Slots<'_>, buffer, bytes| {
            // A client that is gone meanwhile needs no copy, and no answer.
            let _ = slots.store.copy(buffer, bytes, into);
        };
        Ok(self.0.request((call.sender, handle), into.len(), copy)?)
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

    fn usage(&mut self, _: &CallInfo) -> Result<NodeUsage, RequestError<Infallible>> {
        Ok(self.0.usage())
    }
}

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let engine = match config_str!("engine") {
        "aewb" => StatisticsEngine::Aewb,
        "af" => StatisticsEngine::Af,
        "histogram" => StatisticsEngine::Histogram,
        _ => panic!("`engine` is aewb, af or histogram"),
    };
    let config = Config {
        entity: Name::new(config_str!("entity")),
        engine,
        handles: config_u32!("handles") as u16,
        isp: slot!("isp"),
        graph: slot!("graph"),
        frames: slot!("frames"),
    };
    // Large: it must not move.
    let mut counts = [[0; ENTRIES]; HISTOGRAMS];
    let store = Store::new(PoolId(config_u32!("pool_id") as u8), &mut counts);
    let slots = Slots { engine, supervisor: slot!("supervisor"), store };
    let mut server = Server(Node::new(slots, config));
    for peer in [config.isp, config.graph, config.frames] {
        if let Ok(outlook) = supervisor.outlook(peer) {
            server.0.learn(peer, outlook);
        }
    }
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = supervisor.ready();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        userlib::sys_set_timer(server.0.deadline_us(), notification!("timer"));
        dispatch(&mut incoming, &mut server);
        server.0.settle();
    }
}
