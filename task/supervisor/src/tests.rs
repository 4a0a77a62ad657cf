//! Each cell of the table of the crate's documentation, and the scenarios that go through it.
//!
//! [`World`] plays kernel and main loop: it performs the actions, and a kill comes back as a death.

use crate::{Action, Config, Event, KEEP_US, REMOVING_US, Supervisor, Tables};
use idl::types::{Control, Note, Outlook, PendingQuiesce, StoryKind, SupervisorError};
use sys_abi::{Cause, CrashKind, CrashRecord, Edge, Generation, TaskId, TaskIndex, TaskStats};

const POWER: TaskIndex = TaskIndex(1);
const FRAMES: TaskIndex = TaskIndex(2);
const ISP: TaskIndex = TaskIndex(3);
const SENSOR: TaskIndex = TaskIndex(4);
const NODE: TaskIndex = TaskIndex(5);
const OPERATOR: TaskIndex = TaskIndex(6);
const COUNT: usize = 7;
const QUIESCE_US: u64 = 50_000;

const NONE: u32 = u32::MAX;
/// Supervisor, power, frames, isp, sensor, node, operator.
const TABLES: Tables<'static> = Tables {
    quiesce: &[NONE, NONE, NONE, 1, 1, NONE, NONE],
    first_ms: &[NONE, 0, 0, 0, 0, 0, NONE],
    factor: &[2; COUNT],
    max_ms: &[1000; COUNT],
    deaths: &[8; COUNT],
    within_ms: &[10_000; COUNT],
    hang_ms: &[0, 50, 50, 50, 50, 50, 0],
    priority: &[0, 2, 1, 3, 4, 9, 6],
    slots: &[0, 0b100, 0, 0b110, 0b1010, 0b1_1000, 0],
};

struct World {
    supervisor: Supervisor<'static>,
    generations: [u32; COUNT],
    up: [bool; COUNT],
    now_us: u64,
    log: Vec<Action>,
}

impl World {
    fn new() -> Self {
        Self::with(false)
    }

    fn with(skip_quiesce: bool) -> Self {
        let mut supervisor = Supervisor::NEW;
        supervisor.configure(Config {
            task_count: COUNT,
            policy: TABLES,
            operators: &[6],
            quiesce_us: QUIESCE_US,
            skip_quiesce,
        });
        Self { supervisor, generations: [0; COUNT], up: [true; COUNT], now_us: 0, log: Vec::new() }
    }

    /// All tasks ready, module 7 plugged in, log empty.
    fn running() -> Self {
        let mut world = Self::new();
        world.presence(Some(7));
        for task in 1..COUNT as u8 {
            world.ready(TaskIndex(task));
        }
        world.log.clear();
        world
    }

    fn step(&mut self, event: Event) -> Result<(), SupervisorError> {
        let mut actions = Vec::new();
        let result = self.supervisor.step(self.now_us, event, &mut |action| actions.push(action));
        for action in actions {
            self.log.push(action);
            match action {
                Action::Kill(task, cause) => self.die(task, cause),
                Action::Start(task) => {
                    let index = usize::from(task.0);
                    assert!(!self.up[index], "a living task is started");
                    self.up[index] = true;
                }
                _ => {}
            }
        }
        result
    }

    fn die(&mut self, task: TaskIndex, cause: Cause) {
        let index = usize::from(task.0);
        if !core::mem::replace(&mut self.up[index], false) {
            return;
        }
        let generation = Generation(self.generations[index]);
        self.generations[index] += 1;
        let accused = None;
        self.step(Event::Died { task, generation, cause, accused }).expect("a death is no call");
    }

    /// A driver finds fault with one of its callers, which ends its own life; the next one is ready.
    fn accuse(&mut self, driver: TaskIndex, caller: TaskIndex) {
        let life = |world: &Self, task: TaskIndex| world.generations[usize::from(task.0)];
        let accused = Some(TaskId::new(caller, Generation(life(self, caller))));
        let generation = Generation(life(self, driver));
        self.generations[usize::from(driver.0)] += 1;
        self.up[usize::from(driver.0)] = false;
        let died = Event::Died { task: driver, generation, cause: Cause::Faulted, accused };
        self.step(died).expect("a death is no call");
        self.quiesced(driver, generation.0).expect("it waits for that");
        self.pass(20_000);
        self.ready(driver);
    }

    fn ready(&mut self, task: TaskIndex) {
        let generation = Generation(self.generations[usize::from(task.0)]);
        self.step(Event::Ready { sender: task, generation }).expect("ready is never refused");
    }

    fn presence(&mut self, module: Option<u32>) {
        self.step(Event::Presence { sender: POWER, module }).expect("power may say it");
    }

    fn quiesced(&mut self, task: TaskIndex, generation: u32) -> Result<(), SupervisorError> {
        let generation = Generation(generation);
        self.step(Event::Quiesced { sender: POWER, task, generation })
    }

    fn control(&mut self, task: TaskIndex, control: Control) {
        let event = Event::Control { sender: OPERATOR, task, control };
        self.step(event).expect("the operator may");
    }

    fn pass(&mut self, us: u64) {
        self.now_us += us;
        self.step(Event::Tick).expect("time is no call");
    }

    fn outlook(&self, task: TaskIndex) -> Outlook {
        self.supervisor.outlook(task)
    }

    /// What happened since the last look.
    fn log(&mut self) -> Vec<Action> {
        core::mem::take(&mut self.log)
    }
}

fn quiet(task: TaskIndex, generation: u32) -> Action {
    Action::Publish(task, Edge::Quiet, Generation(generation))
}

fn pending(task: TaskIndex, generation: u32) -> Option<PendingQuiesce> {
    Some(PendingQuiesce { task, generation: Generation(generation) })
}

#[test]
fn isp_died_settles_until_power_says_quiet_then_returns_at_once() {
    let mut world = World::running();
    world.die(ISP, Cause::Faulted);
    assert_eq!(world.log(), [Action::WakePower]);
    assert_eq!(world.outlook(ISP), Outlook::Settling);
    assert_eq!(world.supervisor.pending_quiesce(), pending(ISP, 0));

    world.quiesced(ISP, 0).expect("it was pending");
    assert_eq!(world.log(), [quiet(ISP, 0), Action::Start(ISP)]);
    assert_eq!(world.outlook(ISP), Outlook::Starting { generation: Generation(1) });
    assert_eq!(world.supervisor.pending_quiesce(), None);

    world.ready(ISP);
    assert_eq!(world.log(), [Action::Publish(ISP, Edge::Ready, Generation(1))]);
    assert_eq!(world.outlook(ISP), Outlook::Ready { generation: Generation(1) });
}

#[test]
fn a_late_or_double_or_foreign_report_of_quiet_is_refused() {
    let mut world = World::running();
    assert_eq!(world.quiesced(ISP, 0), Err(SupervisorError::NotPending), "it lives");
    world.die(ISP, Cause::Faulted);
    assert_eq!(world.quiesced(ISP, 3), Err(SupervisorError::NotPending), "another life");
    let foreign = Event::Quiesced { sender: NODE, task: ISP, generation: Generation(0) };
    assert_eq!(world.step(foreign), Err(SupervisorError::NotAllowed));
    assert_eq!(world.quiesced(TaskIndex(99), 0), Err(SupervisorError::NoSuchTask));
    world.quiesced(ISP, 0).expect("now it is pending");
    world.log();
    assert_eq!(world.quiesced(ISP, 0), Err(SupervisorError::NotPending), "double");
    assert_eq!(world.log(), []);
}

#[test]
fn a_death_is_handled_once_however_often_the_kernel_is_asked() {
    let mut world = World::running();
    world.die(ISP, Cause::Faulted);
    let again =
        Event::Died { task: ISP, generation: Generation(0), cause: Cause::Faulted, accused: None };
    world.log();
    world.step(again).expect("no call");
    world.quiesced(ISP, 0).expect("pending");
    world.log();
    world.step(again).expect("no call");
    assert_eq!(world.log(), [], "the new life is not ended by an old death");
    assert_eq!(world.outlook(ISP), Outlook::Starting { generation: Generation(1) });
}

#[test]
fn a_task_without_hardware_is_quiet_at_once_and_returns() {
    let mut world = World::running();
    world.die(NODE, Cause::Panicked);
    assert_eq!(world.log(), [quiet(NODE, 0), Action::Start(NODE)]);
}

#[test]
fn repeated_deaths_are_delayed_and_eight_in_ten_seconds_are_the_end() {
    let mut world = World::running();
    let mut delays = Vec::new();
    for _ in 0..7 {
        world.die(NODE, Cause::Faulted);
        let start_us = world.now_us;
        while !world.up[usize::from(NODE.0)] {
            let wake_us = world.supervisor.wake_us().expect("a restart is due");
            assert!(wake_us > world.now_us, "the timer would fire for nothing");
            world.pass(wake_us - world.now_us);
        }
        delays.push((world.now_us - start_us) / 1000);
    }
    assert_eq!(delays, [0, 10, 20, 40, 80, 160, 320]);
    world.die(NODE, Cause::Faulted);
    world.pass(20_000_000);
    assert_eq!(world.outlook(NODE), Outlook::Failed { restarts: 7 });
    world.control(NODE, Control::Start);
    assert_eq!(world.outlook(NODE), Outlook::Starting { generation: Generation(8) });
}

#[test]
fn a_task_that_the_manifest_does_not_restart_stays_down() {
    let mut world = World::running();
    world.die(OPERATOR, Cause::Faulted);
    assert_eq!(world.log(), [quiet(OPERATOR, 0)]);
    assert_eq!(world.outlook(OPERATOR), Outlook::Failed { restarts: 0 });
}

#[test]
fn unplug_kills_the_domain_and_replug_before_quiet_starts_nothing() {
    let mut world = World::running();
    world.presence(None);
    let unplugged = |task| Action::Kill(task, Cause::Unplugged);
    let expect = [unplugged(ISP), Action::WakePower, unplugged(SENSOR), Action::WakePower];
    assert_eq!(world.log(), expect);
    world.presence(Some(7));
    world.pass(1000);
    assert_eq!(world.log(), [], "no start before quiet");
    world.quiesced(ISP, 0).expect("pending");
    assert_eq!(world.log(), [quiet(ISP, 0), Action::Start(ISP)]);
    assert_eq!(world.supervisor.pending_quiesce(), pending(SENSOR, 0));
    world.quiesced(SENSOR, 0).expect("pending");
    assert_eq!(world.log(), [quiet(SENSOR, 0), Action::Start(SENSOR)]);
}

#[test]
fn an_absent_module_is_waited_for() {
    let mut world = World::running();
    world.presence(None);
    world.quiesced(ISP, 0).expect("pending");
    world.quiesced(SENSOR, 0).expect("pending");
    world.log();
    world.pass(60_000_000);
    assert_eq!((world.log(), world.outlook(ISP)), (Vec::new(), Outlook::Absent));
    assert_eq!(world.supervisor.wake_us(), None, "nothing to do until the pin changes");
    world.presence(Some(8));
    assert_eq!(world.log(), [Action::Start(ISP), Action::Start(SENSOR)]);
}

#[test]
fn a_day_of_plugging_is_not_held_against_the_driver() {
    let mut world = World::running();
    for generation in 0..100 {
        world.presence(None);
        world.quiesced(ISP, generation).expect("pending");
        world.quiesced(SENSOR, generation).expect("pending");
        world.presence(Some(7));
        world.ready(ISP);
        world.ready(SENSOR);
    }
    assert_eq!(world.outlook(ISP), Outlook::Ready { generation: Generation(100) });
}

#[test]
fn a_different_module_without_a_gap_is_an_unplug() {
    let mut world = World::running();
    world.presence(Some(8));
    assert_eq!(world.log()[0], Action::Kill(ISP, Cause::Unplugged));
}

#[test]
fn a_missing_module_at_boot_kills_nobody() {
    let mut world = World::new();
    world.presence(None);
    assert_eq!(world.log(), []);
    world.presence(None);
    world.presence(Some(7));
    assert_eq!(world.log(), [], "they wait for power, and power has it now");
}

#[test]
fn only_power_speaks_for_the_pin() {
    let mut world = World::running();
    let event = Event::Presence { sender: ISP, module: None };
    assert_eq!(world.step(event), Err(SupervisorError::NotAllowed));
    assert_eq!(world.log(), []);
}

#[test]
fn a_quiesce_that_never_ends_is_ended_by_the_switch_and_the_device_stays_down() {
    let mut world = World::running();
    world.die(ISP, Cause::Stalled);
    world.log();
    world.pass(QUIESCE_US - 1);
    assert_eq!(world.log(), []);
    world.pass(1);
    let lost = Action::Kill(SENSOR, Cause::PowerLost);
    assert_eq!(world.log(), [Action::ThrowKillSwitch, quiet(ISP, 0), lost, quiet(SENSOR, 0)]);
    assert_eq!(world.quiesced(ISP, 0), Err(SupervisorError::NotPending), "late");
    world.pass(60_000_000);
    assert_eq!(world.log(), []);
    assert_eq!(world.outlook(ISP), Outlook::Failed { restarts: 0 });
    assert_eq!(world.outlook(NODE), Outlook::Ready { generation: Generation(0) });
}

#[test]
fn an_operator_brings_a_cut_device_back_with_a_fresh_life_of_power() {
    let mut world = World::running();
    world.die(ISP, Cause::Stalled);
    world.pass(QUIESCE_US);
    world.log();
    world.control(ISP, Control::Start);
    let stopped = Action::Kill(POWER, Cause::Stopped);
    assert_eq!(world.log(), [stopped, quiet(POWER, 0), Action::Start(POWER)]);
    world.presence(Some(7));
    world.ready(POWER);
    let log = world.log();
    assert!(log.contains(&Action::Start(ISP)), "{log:?}");
    assert!(!log.contains(&Action::Start(SENSOR)), "nobody asked for the sensor: {log:?}");
}

#[test]
fn power_died_cuts_the_domain_and_returns_in_order() {
    let mut world = World::running();
    world.die(POWER, Cause::Faulted);
    let lost = |task| Action::Kill(task, Cause::DependencyLost);
    assert_eq!(
        world.log(),
        [
            quiet(POWER, 0),
            Action::ThrowKillSwitch,
            lost(ISP),
            quiet(ISP, 0),
            lost(SENSOR),
            quiet(SENSOR, 0),
            Action::Start(POWER),
        ]
    );
    world.pass(10_000_000);
    assert_eq!(world.log(), [], "the others wait for power");
    world.presence(Some(7));
    assert_eq!(world.log(), []);
    world.ready(POWER);
    let log = world.log();
    assert_eq!(log[1..], [Action::Start(ISP), Action::Start(SENSOR)]);
}

#[test]
fn frames_comes_back_before_what_needs_it() {
    let mut world = World::running();
    for _ in 0..2 {
        world.die(FRAMES, Cause::Faulted);
    }
    assert!(!world.up[usize::from(FRAMES.0)], "its second restart is delayed");
    world.die(ISP, Cause::Faulted);
    world.quiesced(ISP, 0).expect("pending");
    world.log();
    world.pass(9_000);
    assert_eq!(world.log(), []);
    world.pass(1_000);
    assert_eq!(world.log(), [Action::Start(FRAMES), Action::Start(ISP)]);
}

#[test]
fn power_dying_in_the_middle_of_a_quiesce_settles_it() {
    let mut world = World::running();
    world.die(ISP, Cause::Faulted);
    world.log();
    world.die(POWER, Cause::Panicked);
    let log = world.log();
    let thrown = log.iter().position(|action| *action == Action::ThrowKillSwitch);
    let silent = log.iter().position(|action| *action == quiet(ISP, 0));
    assert!(thrown.is_some() && thrown < silent, "{log:?}");
    assert_eq!(world.supervisor.pending_quiesce(), None);
}

#[test]
fn power_that_failed_or_was_stopped_fails_the_outlook_of_its_domain() {
    let mut world = World::running();
    world.control(POWER, Control::Stop);
    assert_eq!(world.outlook(POWER), Outlook::Stopped);
    assert_eq!(world.outlook(ISP), Outlook::Failed { restarts: 0 });
    world.control(POWER, Control::Start);
    assert_eq!(world.outlook(ISP), Outlook::Returning { not_before_us: 0 });
}

#[test]
fn an_orderly_removal_tells_waits_and_kills() {
    let mut world = World::running();
    world.control(ISP, Control::Remove);
    let told = Action::Publish(ISP, Edge::Removing, Generation(0));
    assert_eq!((world.log(), world.outlook(ISP)), (vec![told], Outlook::Settling));
    world.control(ISP, Control::Remove);
    assert_eq!(world.log(), [], "removed twice");
    assert_eq!(world.supervisor.wake_us(), Some(REMOVING_US));
    world.pass(REMOVING_US);
    assert_eq!(world.log(), [Action::Kill(ISP, Cause::Stopped), Action::WakePower]);
    world.quiesced(ISP, 0).expect("pending");
    assert_eq!((world.log(), world.outlook(ISP)), (vec![quiet(ISP, 0)], Outlook::Stopped));
}

#[test]
fn dying_while_being_removed_ends_in_the_same_state() {
    let mut world = World::running();
    world.control(ISP, Control::Remove);
    world.die(ISP, Cause::Faulted);
    world.control(ISP, Control::Remove);
    world.quiesced(ISP, 0).expect("pending");
    world.log();
    world.pass(REMOVING_US * 2);
    assert_eq!((world.log(), world.outlook(ISP)), (Vec::new(), Outlook::Stopped));
}

#[test]
fn stop_keeps_down_start_brings_back_restart_does_both() {
    let mut world = World::running();
    world.control(NODE, Control::Stop);
    assert_eq!(world.log(), [Action::Kill(NODE, Cause::Stopped), quiet(NODE, 0)]);
    world.control(NODE, Control::Start);
    assert_eq!(world.log(), [Action::Start(NODE)]);
    world.control(NODE, Control::Restart);
    let expect = [Action::Kill(NODE, Cause::Stopped), quiet(NODE, 1), Action::Start(NODE)];
    assert_eq!(world.log(), expect);
}

#[test]
fn control_is_for_operators_and_for_tasks_that_can_return() {
    let mut world = World::running();
    let control = Control::Stop;
    let by_node = Event::Control { sender: NODE, task: ISP, control };
    assert_eq!(world.step(by_node), Err(SupervisorError::NotAllowed));
    for (task, error) in [
        (TaskIndex(0), SupervisorError::NoSuchTask),
        (TaskIndex(COUNT as u8), SupervisorError::NoSuchTask),
        (OPERATOR, SupervisorError::NotAllowed),
    ] {
        let event = Event::Control { sender: OPERATOR, task, control };
        assert_eq!(world.step(event), Err(error));
    }
    assert_eq!(world.log(), []);
}

#[test]
fn ready_of_an_old_life_or_a_second_one_publishes_nothing() {
    let mut world = World::running();
    world.ready(ISP);
    assert_eq!(world.log(), []);
    world.die(ISP, Cause::Faulted);
    world.quiesced(ISP, 0).expect("pending");
    world.log();
    let old = Event::Ready { sender: ISP, generation: Generation(0) };
    world.step(old).expect("never refused");
    assert_eq!(world.log(), []);
}

fn stats(generation: u32, cpu_us: u64, blocked_on: Option<TaskIndex>) -> TaskStats {
    let generation = Generation(generation);
    TaskStats { generation, entries: 1, switches: 1, since_us: 0, died_us: 0, blocked_on, cpu_us }
}

#[test]
fn a_spinning_task_is_killed_as_stalled_and_an_old_sample_kills_nobody() {
    let mut world = World::running();
    world.now_us = 1_000_000;
    for cpu_us in [0, 10_000, 20_000, 30_000, 49_999] {
        world.step(Event::Sample { task: ISP, stats: stats(0, cpu_us, None) }).expect("no call");
    }
    world.step(Event::Sample { task: ISP, stats: stats(5, 90_000, None) }).expect("no call");
    assert_eq!(world.log(), []);
    world.step(Event::Sample { task: ISP, stats: stats(0, 50_000, None) }).expect("no call");
    assert_eq!(world.log()[0], Action::Kill(ISP, Cause::Stalled));
    assert!(!world.supervisor.scanned(ISP));
}

#[test]
fn a_server_that_keeps_its_caller_is_killed_but_not_one_that_is_kept_itself() {
    let mut world = World::running();
    world.now_us = KEEP_US;
    for _ in 0..9 {
        sample(&mut world, SENSOR, Some(FRAMES));
        sample(&mut world, NODE, Some(SENSOR));
    }
    assert_eq!(world.log(), [], "the sensor waits for frames, and frames may keep a caller");
    (0..9).for_each(|_| sample(&mut world, NODE, Some(ISP)));
    assert_eq!(world.log()[0], Action::Kill(ISP, Cause::Stalled));
}

fn sample(world: &mut World, task: TaskIndex, blocked_on: Option<TaskIndex>) {
    let generation = world.generations[usize::from(task.0)];
    let stats = stats(generation, 0, blocked_on);
    world.step(Event::Sample { task, stats }).expect("no call");
}

/// As an emulator that its host did not run: time jumps while a call happens to be under way.
#[test]
fn a_machine_that_stood_still_makes_no_server_guilty() {
    let mut world = World::running();
    sample(&mut world, ISP, None);
    sample(&mut world, NODE, Some(ISP));
    world.now_us = 10 * KEEP_US;
    sample(&mut world, ISP, None);
    sample(&mut world, NODE, Some(ISP));
    sample(&mut world, NODE, None);
    assert_eq!(world.log(), []);
}

/// Scans in which these tasks run, and enter the kernel often; gives what was done.
fn scans(world: &mut World, count: u32, running: &[TaskIndex]) -> Vec<Action> {
    for _ in 0..count {
        world.now_us += crate::SCAN_US;
        for task in (1..COUNT as u8).map(TaskIndex) {
            let runs = running.contains(&task);
            let cpu_us = if runs { world.now_us / 4 } else { 0 };
            let entries = if runs { world.now_us as u32 } else { 0 };
            let generation = Generation(world.generations[usize::from(task.0)]);
            let stats = TaskStats { entries, generation, ..stats(0, cpu_us, None) };
            world.step(Event::Sample { task, stats }).expect("no call");
        }
    }
    world.log()
}

#[test]
fn a_driver_that_starves_all_others_by_its_calls_is_killed_and_not_whom_it_calls() {
    let mut world = World::running();
    // Power and isp share the time; the node is the least important here, and gets none.
    assert_eq!(scans(&mut world, 19, &[POWER, ISP]), []);
    assert_eq!(scans(&mut world, 3, &[POWER, ISP])[0], Action::Kill(ISP, Cause::Stalled));
}

#[test]
fn nobody_is_to_blame_while_somebody_less_important_runs() {
    for running in [&[POWER, ISP, NODE][..], &[OPERATOR], &[NODE], &[]] {
        assert_eq!(scans(&mut World::running(), 100, running), []);
    }
}

#[test]
fn the_story_tells_a_death_from_end_to_return() {
    let mut world = World::running();
    let mut cursor = 0;
    while let Some(event) = world.supervisor.next_event(cursor) {
        cursor = event.number + 1;
    }
    world.die(ISP, Cause::Faulted);
    world.step(Event::Note { sender: NODE, note: Note::WindowsShut { count: 2 } }).expect("note");
    world.quiesced(ISP, 0).expect("pending");
    world.ready(ISP);
    let mut kinds = Vec::new();
    while let Some(event) = world.supervisor.next_event(cursor) {
        cursor = event.number + 1;
        kinds.push(event.kind);
    }
    let (old, new) = (Generation(0), Generation(1));
    assert_eq!(
        kinds,
        [
            StoryKind::Death { generation: old, cause: Cause::Faulted },
            StoryKind::Note(Note::WindowsShut { count: 2 }),
            StoryKind::Published { edge: Edge::Quiet, generation: old },
            StoryKind::Restarted { generation: new },
            StoryKind::Published { edge: Edge::Ready, generation: new },
        ]
    );
}

#[test]
fn the_negative_control_skips_the_hand_shake() {
    let mut world = World::with(true);
    world.presence(Some(7));
    world.ready(POWER);
    world.log();
    world.die(ISP, Cause::Faulted);
    assert_eq!(world.log(), [quiet(ISP, 0), Action::Start(ISP)]);
}

/// Random events, checked for what must always hold. The seed is in the message.
#[test]
fn any_order_of_events_keeps_the_promises() {
    for seed in 1..400u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut pick = |bound: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % bound
        };
        let mut world = World::running();
        for _ in 0..200 {
            let task = TaskIndex(1 + pick(COUNT as u64 - 2) as u8);
            match pick(9) {
                0 => world.die(task, Cause::Faulted),
                1 => world.presence(None),
                2 => world.presence(Some(pick(2) as u32 + 1)),
                3 => world.control(task, Control::Remove),
                4 => world.control(task, Control::Start),
                5 if world.up[usize::from(task.0)] => world.ready(task),
                6 => world.pass(pick(60_000)),
                _ => {
                    if let Some(pending) = world.supervisor.pending_quiesce() {
                        world.quiesced(pending.task, pending.generation.0).expect("it is pending");
                    }
                }
            }
            check_start_follows_quiet(&world.log, seed);
        }
        settle_down(&mut world);
        for index in 1..COUNT - 1 {
            let task = TaskIndex(index as u8);
            let generation = Generation(world.generations[index]);
            assert_eq!(world.outlook(task), Outlook::Ready { generation }, "seed {seed}: {task:?}");
        }
    }
}

/// Between a wake-up of power for a task and the next start of any task of the domain lies the
/// quiet edge: so the number of quiets never falls behind the number of starts.
fn check_start_follows_quiet(log: &[Action], seed: u64) {
    for task in [ISP, SENSOR] {
        let count = |wanted: &dyn Fn(&Action) -> bool| log.iter().filter(|a| wanted(a)).count();
        let starts = count(&|action| *action == Action::Start(task));
        let quiets =
            count(&|action| matches!(action, Action::Publish(t, Edge::Quiet, _) if *t == task));
        assert!(quiets >= starts, "seed {seed}: {task:?} started before it was quiet");
    }
}

/// An operator starts everything, power does its work: all must come up.
fn settle_down(world: &mut World) {
    for _ in 0..30 {
        for index in 1..COUNT as u8 - 1 {
            world.control(TaskIndex(index), Control::Start);
        }
        while let Some(pending) = world.supervisor.pending_quiesce() {
            world.quiesced(pending.task, pending.generation.0).expect("it is pending");
        }
        world.pass(REMOVING_US);
        for index in 1..COUNT as u8 {
            let task = TaskIndex(index);
            if !world.up[usize::from(index)] {
                continue;
            }
            if task == POWER {
                world.presence(Some(7));
            }
            world.ready(task);
        }
    }
}

#[test]
fn a_driver_that_lost_its_hardware_ends_as_after_a_bus_fault_and_comes_back() {
    let mut world = World::running();
    world.step(Event::Lost { sender: ISP }).expect("a driver may say it");
    assert_eq!(world.log()[..2], [Action::Kill(ISP, Cause::Faulted), Action::WakePower]);
    world.quiesced(ISP, 0).expect("it waits for that");
    assert!(world.log().contains(&Action::Start(ISP)));
    for other in [NODE, FRAMES, POWER] {
        assert_eq!(world.step(Event::Lost { sender: other }), Err(SupervisorError::NotAllowed));
    }
    assert_eq!(world.log(), []);
}

#[test]
fn one_life_of_a_driver_ends_no_caller_and_two_that_agree_do() {
    let mut world = World::running();
    world.accuse(ISP, NODE);
    assert!(world.up[3] && world.up[5], "the driver is back, its caller has noticed nothing");
    world.accuse(ISP, NODE);
    assert!(world.log.contains(&Action::Kill(NODE, Cause::Faulted)));
    assert!(world.up[3] && world.up[5], "both are back");
}

#[test]
fn a_driver_whose_answer_is_nonsense_is_ended_and_the_caller_with_the_next_one() {
    let mut world = World::running();
    let nonsense = |peer, generation| Event::Note {
        sender: NODE,
        note: Note::Nonsense { peer, generation: Generation(generation) },
    };
    world.step(nonsense(ISP, 0)).expect("a note is never refused");
    assert_eq!(world.log()[0], Action::Kill(ISP, Cause::Faulted));
    assert!(world.up[5]);
    world.quiesced(ISP, 0).expect("it waits for that");
    world.ready(ISP);
    world.log();
    for stale in [nonsense(ISP, 0), nonsense(FRAMES, 0), nonsense(TaskIndex(200), 0)] {
        world.step(stale).expect("a note is never refused");
    }
    assert_eq!(world.log(), [], "an old life, no driver, no task");
    world.step(nonsense(ISP, 1)).expect("a note is never refused");
    let log = world.log();
    for task in [ISP, NODE] {
        assert!(log.contains(&Action::Kill(task, Cause::Faulted)), "{log:?}");
    }
}

#[test]
fn who_cannot_call_a_driver_cannot_end_it_by_a_word() {
    let mut world = World::running();
    let note = Note::Nonsense { peer: ISP, generation: Generation(0) };
    for sender in [OPERATOR, SENSOR, FRAMES, TaskIndex(200)] {
        world.step(Event::Note { sender, note }).expect("a note is never refused");
    }
    let killed = |action: &Action| matches!(action, Action::Kill(..));
    assert_eq!(
        world.log().iter().filter(|action| killed(action)).count(),
        1,
        "the sensor calls it"
    );
}

#[test]
fn two_lives_that_do_not_agree_end_nobody() {
    let mut world = World::running();
    world.accuse(ISP, NODE);
    world.accuse(ISP, FRAMES);
    world.accuse(SENSOR, NODE);
    world.die(NODE, Cause::Stopped);
    world.ready(NODE);
    world.accuse(SENSOR, NODE);
    let killed = |action: &Action| matches!(action, Action::Kill(..));
    assert!(!world.log.iter().any(killed), "other drivers, other callers, other lives");
    let nobody = TaskId::new(TaskIndex(COUNT as u8), Generation(0));
    let generation = Generation(world.generations[3]);
    let died = Event::Died { task: ISP, generation, cause: Cause::Faulted, accused: Some(nobody) };
    assert_eq!(world.step(died), Ok(()));
}

#[test]
fn the_crash_of_the_boot_before_is_the_first_line_of_the_story() {
    let record = |kind| CrashRecord {
        magic: CrashRecord::MAGIC,
        kind,
        task: 0,
        detail: 0,
        status: 0,
        address: 0,
        pc: 0x10_1234,
        sp: 0,
        time_us_lo: 5,
        time_us_hi: 1,
        fault: [0; 16],
        image_id_lo: 0,
        image_id_hi: 0,
    };
    let told = |kind| {
        let mut world = World::new();
        world.step(Event::Crashed(record(kind))).expect("nobody is refused");
        assert_eq!(world.log(), [], "it changes nothing");
        world.supervisor.next_event(0).map(|event| (event.task, event.kind))
    };
    let ended_us = (1 << 32) + 5;
    let crashed = StoryKind::Crashed { kind: CrashKind::Supervisor, pc: 0x10_1234, ended_us };
    assert_eq!(told(CrashKind::Supervisor as u32), Some((TaskIndex(0), crashed)));
    for unknown in [0, 5, u32::MAX] {
        assert_eq!(told(unknown), None, "no kernel writes {unknown}");
    }
}
