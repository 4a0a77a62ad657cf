//! A video node as a task: start and timer. Its calls are in [`serve`], its peers in [`slots`].
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

mod serve;
mod slots;

use idl::supervisor;
use idl::types::{Name, PoolId};
use idl::video::{INCOMING_BYTES, dispatch};
use serve::Server;
use slots::Slots;
use task_video::{Config, Node};
use userlib::{Alarm, config_str, config_u32, notification, slot};

userlib::entry!(main);

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
