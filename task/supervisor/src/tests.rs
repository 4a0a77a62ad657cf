//! Each cell of the table of the crate's documentation, and the scenarios that go through it.
//!
//! [`World`] plays kernel and main loop: it performs the actions, and a kill comes back as a death.

mod blame;
mod domain;
mod hangs;

use crate::{Action, Config, Event, KEEP_US, REMOVING_US, Supervisor, Tables};
use idl::types::{Control, Note, Outlook, PendingQuiesce, StoryKind, SupervisorError};
use sys_abi::{
    Cause, CrashKind, CrashRecord, Edge, Generation, SlotTable, TaskId, TaskIndex, TaskStats,
};

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
    slots: SlotTable(&[0, 0, 0b100, 0, 0, 0, 0b110, 0, 0b1010, 0, 0b1_1000, 0, 0, 0]),
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
