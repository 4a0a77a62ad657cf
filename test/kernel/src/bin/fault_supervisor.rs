//! Task 0 of the fault bench: measures how long a death takes to become known and to be over.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::{SAMPLES, Samples, clock_overhead_ns, op, since};
use test_kernel::protocol::word;
use test_kernel::report;
use test_kernel::uart::Uart;
use userlib::{
    FaultInfo, Message, Received, TaskIndex, TaskState, config_u32, kipc, notification, peripheral,
    sys_get_timer, sys_post, sys_recv_open, sys_refresh_task_id, sys_reply,
};

userlib::entry!(main);

/// The only notification of power.
const QUIESCE: u32 = 1;

struct Meter {
    victim: TaskIndex,
    fault: u32,
    clients: u32,
    deaths: Samples,
    restarts: Samples,
    released: u32,
    untyped: u32,
    clients_started: bool,
}

fn main() -> ! {
    // SAFETY: the manifest gives this task the UART, and no other.
    let mut uart = unsafe { Uart::new(peripheral!("uart0")) };
    let overhead_ns = clock_overhead_ns();
    let mut meter = Meter {
        victim: TaskIndex(config_u32!("victim") as u8),
        fault: 0,
        clients: config_u32!("clients"),
        deaths: Samples::default(),
        restarts: Samples::default(),
        released: 0,
        untyped: 0,
        clients_started: false,
    };
    while meter.deaths.count() < SAMPLES {
        meter.one_event();
    }
    let figure = meter.deaths.instructions(overhead_ns);
    if meter.clients == 0 {
        report::figure(&mut uart, "fault.supervisor", figure);
        report::figure(&mut uart, "fault.restart", meter.restarts.instructions(overhead_ns));
    } else if meter.untyped == 0 && meter.released >= meter.clients * (SAMPLES - 1) {
        // Every client of every death but the last was released, and with a typed reason.
        report::figure(&mut uart, "fault.clients8", figure);
    }
    kipc::reset()
}

impl Meter {
    fn one_event(&mut self) {
        let mut buffer = [0; 4];
        match sys_recv_open(&mut buffer, notification!("fault")) {
            Received::Notification(_) => self.victim_died(sys_get_timer().now_us),
            Received::Message(message) => self.told(message, word(&buffer, 0)),
        }
    }

    fn victim_died(&mut self, now_us: u64) {
        let status = kipc::read_task_status(self.victim);
        let TaskState::Faulted { fault: FaultInfo::MemoryAccess { address, .. }, .. } = status
        else {
            return;
        };
        let power = sys_refresh_task_id(TaskIndex(config_u32!("power") as u8));
        let _ = sys_post(power, QUIESCE);
        self.fault = address.unwrap_or(0);
        // The first death comes before the clients have called.
        let counts = self.clients == 0 || self.released > 0;
        if let (true, Some(sample_us)) = (counts, since(self.fault, now_us)) {
            self.deaths.add(sample_us);
        }
    }

    fn told(&mut self, message: Message, argument: u32) {
        match message.op {
            op::RELEASED if argument == 0 => self.untyped += 1,
            op::RELEASED => self.released += 1,
            op::BEGUN => self.begun(u64::from(argument)),
            op::QUIESCED => kipc::reinit_task(self.victim, true),
            _ => {}
        }
        sys_reply(message.sender, 0, &[]);
    }

    fn begun(&mut self, begun_us: u64) {
        if let Some(sample_us) = since(self.fault, begun_us) {
            self.restarts.add(sample_us);
        }
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
