//! Tasks that hang, as samples of the scan show them.

use super::*;

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

/// As the sensor's next life, while a storm of power starves all.
#[test]
fn a_driver_that_has_just_begun_is_not_blamed_for_the_time_before() {
    let mut world = World::running();
    assert_eq!(scans(&mut world, 40, &[POWER]), []);
    assert_eq!(scans(&mut world, 19, &[POWER, SENSOR]), []);
}

#[test]
fn nobody_is_to_blame_while_somebody_less_important_runs() {
    for running in [&[POWER, ISP, NODE][..], &[OPERATOR], &[NODE], &[]] {
        assert_eq!(scans(&mut World::running(), 100, running), []);
    }
}
