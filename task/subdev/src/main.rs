//! A subdev node as a task: start and timer. Its calls are in [`serve`], its peers in [`slots`].
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

mod serve;
mod slots;

use idl::subdev::{INCOMING_BYTES, dispatch};
use idl::supervisor;
use idl::types::Name;
use serve::Server;
use slots::Slots;
use task_subdev::{Config, Node};
use userlib::{config_str, config_u32, notification, slot};

userlib::entry!(main);

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let entity = Name::new(config_str!("entity"));
    let config = Config {
        entity,
        handles: config_u32!("handles") as u16,
        driver: slot!("driver"),
        graph: slot!("graph"),
        frame_sync: config_u32!("frame_sync") != 0,
    };
    let is_sensor = config_str!("interface") == "sensor";
    let slots = Slots { supervisor: slot!("supervisor"), entity, is_sensor };
    let mut server = Server(Node::new(slots, config));
    for peer in [config.driver, config.graph] {
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
