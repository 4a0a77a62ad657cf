#![cfg_attr(target_os = "none", no_std, no_main)]
//! Performs what [`task_supervisor`] decides: kernel IPC, one post, one register.

mod mmio;
mod serve;

use idl::supervisor;
use idl::types::SupervisorError;
use mmio::{KillSwitch, take_crash};
use sys_abi::{FaultInfo, Generation, SlotTable, TaskIndex, TaskState};
use task_supervisor::{Action, Config, Event, SCAN_US, Supervisor, TASKS_MAX, Tables};
use userlib::{TaskCell, kipc};

userlib::entry!(main);

/// Too big for a stack.
static SUPERVISOR: TaskCell<Supervisor<'static>> = TaskCell::new(Supervisor::NEW);

fn main() -> ! {
    SUPERVISOR.with(|supervisor| run(supervisor));
    unreachable!("there is one main")
}

fn run(supervisor: &mut Supervisor<'static>) -> ! {
    supervisor.configure(config());
    let switch = KillSwitch::at(userlib::peripheral!("kill_switch"));
    let mut server = Server { supervisor, switch, scan_us: 0, power: config().policy.power() };
    if let Some(record) = take_crash(userlib::region!("crash").0) {
        let _ = server.perform(Event::Crashed(record));
    }
    server.find_deaths();
    server.set_timer();
    let mut incoming = [0; supervisor::INCOMING_BYTES];
    loop {
        supervisor::dispatch(&mut incoming, &mut server);
    }
}

fn config() -> Config<'static> {
    Config {
        task_count: userlib::task_count!() as usize,
        policy: Tables {
            quiesce: userlib::config_u32s!("task_quiesce"),
            first_ms: userlib::config_u32s!("task_restart_first_ms"),
            factor: userlib::config_u32s!("task_restart_factor"),
            max_ms: userlib::config_u32s!("task_restart_max_ms"),
            deaths: userlib::config_u32s!("task_restart_deaths"),
            within_ms: userlib::config_u32s!("task_restart_within_ms"),
            hang_ms: userlib::config_u32s!("task_hang_ms"),
            priority: userlib::config_u32s!("task_priority"),
            slots: SlotTable(userlib::config_u32s!("task_slots")),
        },
        operators: userlib::config_u32s!("operators"),
        quiesce_us: u64::from(userlib::config_u32!("quiesce_timeout_ms")) * 1000,
        skip_quiesce: userlib::config_u32!("skip_quiesce") != 0,
    }
}

struct Server<'a> {
    supervisor: &'a mut Supervisor<'static>,
    switch: KillSwitch,
    power: TaskIndex,
    /// Time of the next hang scan.
    scan_us: u64,
}

impl Server<'_> {
    /// One step and what follows from it.
    fn step(&mut self, event: Event) -> Result<(), SupervisorError> {
        let (result, killed) = self.perform(event);
        if killed {
            self.find_deaths();
        }
        self.set_timer();
        result
    }

    /// One step; whether it ended a life.
    fn perform(&mut self, event: Event) -> (Result<(), SupervisorError>, bool) {
        let Self { supervisor, switch, power, .. } = self;
        let mut killed = false;
        let result = supervisor.step(now_us(), event, &mut |action| match action {
            Action::Kill(task, cause) => {
                kipc::kill_task(task, cause);
                killed = true;
            }
            Action::Start(task) => kipc::reinit_task(task, true),
            Action::Publish(task, edge, generation) => kipc::publish_edge(task, edge, generation),
            Action::ThrowKillSwitch => switch.throw(),
            Action::WakePower => {
                // A dead power is not woken: its own death, found in the same pass, cuts the domain.
                let _ = userlib::sys_post(
                    userlib::sys_refresh_task_id(*power),
                    userlib::post_mask!("quiesce"),
                );
            }
        });
        (result, killed)
    }

    /// Looks at all tasks that are down. Deaths that were seen before change nothing; each round
    /// but the last ends at least one life, so there are no more rounds than tasks.
    fn find_deaths(&mut self) {
        for _ in 0..TASKS_MAX {
            let mut killed = false;
            let mut first = TaskIndex(1);
            while let Some(task) = kipc::find_faulted_task(first) {
                killed |= self.find_death(task);
                first = TaskIndex(task.0 + 1);
            }
            if !killed {
                return;
            }
        }
    }

    fn find_death(&mut self, task: TaskIndex) -> bool {
        let TaskState::Faulted { fault, .. } = kipc::read_task_status(task) else { return false };
        // The generation went up at the death.
        let generation = Generation(kipc::read_task_stats(task).generation.0.saturating_sub(1));
        let accused = match fault {
            FaultInfo::Accuser(caller, _) => Some(caller),
            _ => None,
        };
        self.perform(Event::Died { task, generation, cause: fault.cause(), accused }).1
    }

    fn scan(&mut self) {
        let now_us = now_us();
        if now_us < self.scan_us {
            return;
        }
        self.scan_us = now_us + SCAN_US;
        let mut killed = false;
        for index in 1..userlib::task_count!() as u8 {
            let task = TaskIndex(index);
            if self.supervisor.scanned(task) {
                let stats = kipc::read_task_stats(task);
                killed |= self.perform(Event::Sample { task, stats }).1;
            }
        }
        if killed {
            self.find_deaths();
        }
    }

    fn set_timer(&self) {
        let wake_us = self.supervisor.wake_us().map_or(self.scan_us, |wake| wake.min(self.scan_us));
        userlib::sys_set_timer(Some(wake_us), userlib::notification!("timer"));
    }
}

fn now_us() -> u64 {
    userlib::sys_get_timer().now_us
}
