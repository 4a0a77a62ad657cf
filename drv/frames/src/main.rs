#![cfg_attr(target_os = "none", no_std, no_main)]
//! Performs what [`drv_frames`] decides: serves the ledger's calls, opens and shuts windows.

mod mmio;
mod serve;

use drv_frames::{Ledger, PoolTable, WindowSet};
use idl::types::{Generation, Note, TaskIndex};
use idl::{frames, supervisor};
use mmio::Firewall;
use ringbuf::{ringbuf, ringbuf_entry};
use sys_abi::Edge;
use userlib::{config_u32s, notification, peripheral, slot};

userlib::entry!(main);

/// What happened to windows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trace {
    None,
    Refused { address: u32, info: u32, count: u32 },
    Shut { task: TaskIndex, generation: Generation, windows: u8 },
    Released { task: TaskIndex, generation: Generation, buffers: u8 },
}

ringbuf!(TRACE, Trace, 16, Trace::None);

fn main() -> ! {
    let pools = PoolTable::new(config_u32s!("pools"), config_u32s!("buffers"));
    let mut server = Server {
        firewall: Firewall::shut_at(peripheral!("firewall")),
        ledger: Ledger::new(&pools)
            .with_drivers(config_u32s!("drivers"))
            .with_tables(config_u32s!("tables")),
        quiescer: config_u32s!("quiescer"),
    };
    userlib::sys_irq_control(notification!("firewall_irq"), true);
    // Without a supervisor the machine resets, and nobody is left to be told.
    let _ = supervisor::Client::to(slot!("supervisor")).ready();
    frames::serve(&mut server)
}

struct Server {
    firewall: Firewall,
    ledger: Ledger,
    /// Tasks that may shut the windows of others.
    quiescer: &'static [u32],
}

impl Server {
    fn drain_watches(&mut self) {
        while let Some(event) = userlib::sys_watch_next() {
            let (task, generation) = (event.peer, event.generation);
            match event.edge {
                Edge::Died => self.ledger.died(task, generation),
                Edge::Quiet => self.release(task, generation),
                Edge::Removing | Edge::Ready => {}
            }
        }
    }

    fn release(&mut self, task: TaskIndex, generation: Generation) {
        let (windows, buffers) = self.ledger.quiet(task, generation);
        self.shut(task, generation, windows);
        if buffers != 0 {
            ringbuf_entry!(TRACE, Trace::Released { task, generation, buffers });
            let supervisor = supervisor::Client::to(slot!("supervisor"));
            let _ = supervisor.note(Note::Released { count: buffers });
        }
    }

    fn shut(&mut self, task: TaskIndex, generation: Generation, windows: WindowSet) {
        self.firewall.shut(windows);
        if windows.count() != 0 {
            ringbuf_entry!(TRACE, Trace::Shut { task, generation, windows: windows.count() });
        }
    }
}
