//! Task 0 of the fault bench: what a supervisor does about a death, from the notification to the next
//! life.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::{NOWHERE, SAMPLES, op};
use test_kernel::protocol::word;
use test_kernel::report;
use test_kernel::uart::Uart;
use userlib::{
    FaultInfo, Message, Received, TaskIndex, TaskState, config_u32, kipc, notification, peripheral,
    sys_post, sys_recv_open, sys_refresh_task_id, sys_reply,
};

userlib::entry!(main);

/// The only notification of power.
const QUIESCE: u32 = 1;

struct Supervisor {
    victim: TaskIndex,
    clients: u32,
    deaths: u32,
    begun: u32,
    released: u32,
    untyped: u32,
    clients_started: bool,
}

fn main() -> ! {
    // SAFETY: the manifest gives this task the UART, and no other.
    let mut uart = unsafe { Uart::new(peripheral!("uart0")) };
    let mut supervisor = Supervisor {
        victim: TaskIndex(config_u32!("victim") as u8),
        clients: config_u32!("clients"),
        deaths: 0,
        begun: 0,
        released: 0,
        untyped: 0,
        clients_started: false,
    };
    while supervisor.deaths < SAMPLES {
        supervisor.one_event();
    }
    if supervisor.clients == 0 {
        report::figure(&mut uart, "fault.supervisor", supervisor.deaths);
        report::figure(&mut uart, "fault.restart", supervisor.begun);
    } else if supervisor.untyped == 0 && supervisor.released >= supervisor.clients * (SAMPLES - 2) {
        // Every client of every death but the first, before it had called, and the last, which it
        // has not told of yet, was released, and with a typed reason.
        report::figure(&mut uart, "fault.clients8", supervisor.deaths);
    }
    kipc::reset()
}

impl Supervisor {
    fn one_event(&mut self) {
        let mut buffer = [0; 4];
        match sys_recv_open(&mut buffer, notification!("fault")) {
            Received::Notification(_) => self.victim_died(),
            Received::Message(message) => self.told(message, word(&buffer, 0)),
        }
    }

    fn victim_died(&mut self) {
        let status = kipc::read_task_status(self.victim);
        if let TaskState::Faulted {
            fault: FaultInfo::MemoryAccess { address: Some(NOWHERE), .. },
            ..
        } = status
        {
            self.deaths += 1;
        }
        let power = sys_refresh_task_id(TaskIndex(config_u32!("power") as u8));
        let _ = sys_post(power, QUIESCE);
    }

    fn told(&mut self, message: Message, argument: u32) {
        match message.op {
            op::RELEASED if argument == 0 => self.untyped += 1,
            op::RELEASED => self.released += 1,
            op::BEGUN => self.begun(),
            op::QUIESCED => kipc::reinit_task(self.victim, true),
            _ => {}
        }
        sys_reply(message.sender, 0, &[]);
    }

    fn begun(&mut self) {
        self.begun += 1;
        if !self.clients_started {
            self.start_clients();
        }
    }

    fn start_clients(&mut self) {
        self.clients_started = true;
        let first = config_u32!("first_client");
        for client in first..first + self.clients {
            kipc::reinit_task(TaskIndex(client as u8), true);
        }
    }
}
