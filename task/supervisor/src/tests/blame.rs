//! Who is ended when a driver and those who call it do not agree.

use super::*;

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
