//! The module that is plugged, and power: what ends with them, and in which order it comes back.

use super::*;

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
