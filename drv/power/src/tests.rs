//! Power against a model of the PRCM that knows only what its register contract says.

use crate::{
    Action, CLOCKS, DEBOUNCE_US, Event, FALL_US, IDLE_US, ISP_RESET, LOOKS_MAX, Look, PRESENCE_US,
    Pin, Power, RESET_US, RESETS, RETRY_US, RISE_US, Report, SENSOR_RESET, SUSPEND_US,
};
use drv_isp_regs::prcm;
use idl::types::{PendingQuiesce, PowerState};
use sys_abi::{Generation, TaskId, TaskIndex};

const ISP: TaskIndex = TaskIndex(3);
const SENSOR: TaskIndex = TaskIndex(4);
const SETTLE_US: u64 = (prcm::SETTLE_LINES * prcm::IDLE_LINE_US) as u64;

struct World {
    power: Power,
    now_us: u64,
    // The hardware.
    present: bool,
    changed: bool,
    on: bool,
    settled_us: u64,
    clocks: u32,
    resets: u32,
    deny: bool,
    /// An engine writes until bus requests are denied (plus nothing), or for ever.
    dma_busy: bool,
    dma_stuck: bool,
    rises: bool,
    log: Vec<Action>,
}

impl World {
    fn new() -> Self {
        Self {
            power: Power::new(ISP),
            now_us: 0,
            present: true,
            changed: false,
            on: false,
            settled_us: 0,
            clocks: 0,
            resets: RESETS,
            deny: false,
            dma_busy: false,
            dma_stuck: false,
            rises: true,
            log: Vec::new(),
        }
    }

    /// Both drivers have power, log empty.
    fn on() -> Self {
        let mut world = Self::new();
        world.look();
        world.request(ISP, 0, true);
        world.request(SENSOR, 0, true);
        world.pass(RISE_US);
        assert_eq!(world.power.state(), PowerState::On);
        world.log.clear();
        world
    }

    fn domain(&self) -> u32 {
        match (self.on && self.rises, self.now_us >= self.settled_us) {
            (true, true) => prcm::STATE_ON,
            (true, false) => prcm::STATE_RISING,
            (false, true) => prcm::STATE_OFF,
            (false, false) => prcm::STATE_FALLING,
        }
    }

    fn look(&mut self) {
        for looks in 0.. {
            assert!(looks < LOOKS_MAX, "it writes for ever: {:?}", self.log);
            let domain = self.domain();
            let stopped = self.resets & ISP_RESET != 0 || domain == prcm::STATE_OFF;
            let idle = !self.dma_busy || (!self.dma_stuck && (self.deny || stopped));
            let look = Look {
                pin: self.pin(),
                domain,
                clocks: if domain == prcm::STATE_ON { self.clocks } else { 0 },
                resets: self.resets,
                dma_idle: idle || domain == prcm::STATE_OFF,
            };
            if !self.step(Event::Look(look)) {
                return;
            }
        }
    }

    /// As the glue reads it: the identity only when it is needed.
    fn pin(&mut self) -> Pin {
        let changed = core::mem::take(&mut self.changed);
        let wanted = self.present && (changed || self.power.wants_identity());
        Pin { present: self.present, changed, module: if wanted { 7 } else { 0 } }
    }

    fn step(&mut self, event: Event) -> bool {
        let mut actions = Vec::new();
        self.power.step(self.now_us, event, &mut |action| actions.push(action));
        let mut wrote = false;
        for action in actions {
            self.log.push(action);
            wrote |= !matches!(action, Action::Present(_) | Action::Announce(_));
            match action {
                Action::Power(on) => {
                    if on != self.on {
                        self.settled_us = self.now_us + SETTLE_US;
                    }
                    self.on = on && self.present;
                }
                Action::Clocks(clocks) => self.clocks = clocks,
                Action::Resets(resets) => {
                    self.resets = resets;
                    if resets & ISP_RESET != 0 && !self.dma_stuck {
                        self.dma_busy = false;
                    }
                }
                Action::Deny(deny) => self.deny = deny,
                _ => {}
            }
        }
        wrote
    }

    /// Lets time pass in steps of the timer.
    fn pass(&mut self, us: u64) {
        let end_us = self.now_us + us;
        self.look();
        loop {
            let wake_us = self.power.wake_us(self.now_us);
            assert!(wake_us >= self.now_us);
            if wake_us > end_us {
                break;
            }
            self.now_us = wake_us.max(self.now_us + 1);
            self.look();
        }
        self.now_us = end_us;
    }

    fn request(&mut self, task: TaskIndex, generation: u32, on: bool) {
        assert!(self.power.wish(TaskId::new(task, Generation(generation)), on), "there is room");
        self.look();
    }

    fn rest(&mut self, task: TaskIndex) {
        self.power.rest(TaskId::new(task, Generation(0)));
        self.look();
    }

    fn suspend(&mut self, on: bool) {
        self.power.suspend(self.now_us, on);
        self.look();
    }

    fn died(&mut self, task: TaskIndex, generation: u32) {
        self.step(Event::Died { task, generation: Generation(generation) });
        self.look();
    }

    fn pending(&mut self, task: TaskIndex) {
        self.step(Event::Pending(PendingQuiesce { task, generation: Generation(0) }));
        self.look();
    }

    fn plug(&mut self, present: bool) {
        (self.present, self.changed) = (present, true);
        if !present {
            (self.on, self.clocks, self.resets, self.dma_busy) = (false, 0, RESETS, false);
            self.settled_us = self.now_us;
        }
        self.look();
    }

    fn log(&mut self) -> Vec<Action> {
        core::mem::take(&mut self.log)
    }
}

fn quiet(task: TaskIndex) -> Action {
    Action::Quiet(PendingQuiesce { task, generation: Generation(0) })
}

#[test]
fn it_begins_by_switching_off_and_saying_what_the_pin_says() {
    let mut world = World::new();
    world.on = true;
    world.pass(FALL_US);
    assert_eq!(
        world.log(),
        [
            Action::Present(Report::Found(7)),
            Action::Deny(true),
            Action::Resets(RESETS),
            Action::Clocks(0),
            Action::Power(false),
            Action::Announce(PowerState::Off),
        ]
    );
}

#[test]
fn a_wish_brings_the_domain_up_in_the_order_power_clocks_resets_bus() {
    let mut world = World::new();
    world.pass(FALL_US);
    world.log();
    world.request(ISP, 0, true);
    assert_eq!(world.log(), [Action::Power(true), Action::Announce(PowerState::Rising)]);
    world.pass(RISE_US);
    assert_eq!(
        world.log(),
        [
            Action::Clocks(CLOCKS),
            Action::Resets(0),
            Action::Deny(false),
            Action::Announce(PowerState::On),
        ]
    );
    assert_eq!(
        world.power.wake_us(world.now_us),
        world.now_us + PRESENCE_US,
        "nothing but the pin"
    );
}

#[test]
fn the_last_wish_taken_back_switches_off() {
    let mut world = World::on();
    world.request(ISP, 0, false);
    assert_eq!(world.log(), []);
    world.request(SENSOR, 0, false);
    world.pass(FALL_US);
    let log = world.log();
    assert_eq!(log[3..], [Action::Power(false), Action::Announce(PowerState::Off)]);
}

#[test]
fn a_domain_that_does_not_rise_is_tried_again_after_a_pause() {
    let mut world = World::new();
    world.rises = false;
    world.look();
    world.request(ISP, 0, true);
    world.pass(RISE_US + 1000);
    assert_eq!(world.power.state(), PowerState::Off);
    world.rises = true;
    world.pass(RETRY_US + RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn isp_died_is_quiet_after_deny_idle_and_reset() {
    let mut world = World::on();
    world.dma_busy = true;
    world.died(ISP, 0);
    world.pending(ISP);
    assert_eq!(
        world.log(),
        [
            Action::Deny(true),
            Action::Announce(PowerState::Quiescing),
            Action::Resets(ISP_RESET),
            quiet(ISP),
            Action::Resets(0),
            Action::Deny(false),
            Action::Announce(PowerState::On),
        ]
    );
}

#[test]
fn dma_that_does_not_stop_is_cut_by_the_domain_and_only_then_quiet() {
    let mut world = World::on();
    (world.dma_busy, world.dma_stuck) = (true, true);
    world.died(ISP, 0);
    world.pending(ISP);
    world.pass(IDLE_US - 1000);
    assert!(!world.log.contains(&Action::Resets(ISP_RESET)), "{:?}", world.log);
    world.pass(1000 + RESET_US);
    let off = world.log.iter().position(|action| *action == Action::Power(false));
    assert!(off.is_some() && !world.log.contains(&quiet(ISP)), "{:?}", world.log);
    world.pass(FALL_US);
    assert!(world.log.contains(&quiet(ISP)), "{:?}", world.log);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::On, "the sensor still wants it");
}

#[test]
fn sensor_died_is_reset_and_the_isp_goes_on() {
    let mut world = World::on();
    world.dma_busy = true;
    world.died(SENSOR, 0);
    world.pending(SENSOR);
    assert_eq!(world.log(), [Action::Resets(SENSOR_RESET), Action::Resets(0), quiet(SENSOR)]);
    assert!(world.dma_busy, "nobody stopped the ISP");
}

#[test]
fn the_wish_of_a_dead_life_is_dropped_and_that_of_the_next_one_is_not() {
    let mut world = World::on();
    world.died(ISP, 0);
    world.request(ISP, 1, true);
    world.died(ISP, 0);
    world.died(SENSOR, 0);
    assert_eq!(world.power.state(), PowerState::On);
    assert_eq!(world.power.clients().count(), 1);
    world.died(ISP, 1);
    assert_eq!(world.power.state(), PowerState::Off);
}

#[test]
fn unplugged_is_told_first_then_switched_off_and_what_is_off_is_quiet() {
    let mut world = World::on();
    world.dma_busy = true;
    world.plug(false);
    let log = world.log();
    assert_eq!(log[0], Action::Present(Report::Lost), "the drivers die before their registers");
    assert!(log.contains(&Action::Power(false)) && log.contains(&Action::Deny(true)), "{log:?}");
    assert_eq!(world.power.state(), PowerState::Absent);
    world.died(ISP, 0);
    world.died(SENSOR, 0);
    world.pending(ISP);
    world.pending(SENSOR);
    assert_eq!(world.log(), [quiet(ISP), quiet(SENSOR)]);
}

#[test]
fn a_module_comes_back_after_the_debounce_time_and_gets_power_when_wanted() {
    let mut world = World::on();
    world.plug(false);
    world.died(ISP, 0);
    world.died(SENSOR, 0);
    world.log();
    world.plug(true);
    world.pass(DEBOUNCE_US - 1);
    assert_eq!(world.log(), []);
    world.pass(2);
    let log = world.log();
    assert_eq!(log, [Action::Present(Report::Found(7)), Action::Announce(PowerState::Off)]);
    world.request(ISP, 1, true);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn an_edge_of_the_pin_whose_interrupt_is_lost_is_found_in_bounded_time() {
    for (present, report) in [(false, Report::Lost), (true, Report::Found(7))] {
        for wanted in [false, true] {
            let mut world = World::on();
            if !wanted {
                world.request(ISP, 0, false);
                world.request(SENSOR, 0, false);
            }
            if present {
                world.plug(false);
                world.died(ISP, 0);
                world.died(SENSOR, 0);
            }
            world.pass(RISE_US);
            world.log.clear();
            // As plug, and nobody looks.
            (world.present, world.changed, world.on) = (present, true, false);
            world.pass(PRESENCE_US + DEBOUNCE_US);
            assert!(world.log().contains(&Action::Present(report)), "{present} {wanted}");
        }
    }
}

#[test]
fn drivers_that_wait_for_a_module_get_power_when_it_comes() {
    let mut world = World::new();
    world.present = false;
    world.look();
    world.request(ISP, 0, true);
    assert_eq!(world.power.state(), PowerState::Absent);
    world.plug(true);
    world.pass(DEBOUNCE_US + RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn a_domain_cut_by_the_kill_switch_is_noticed_and_quiet() {
    let mut world = World::on();
    (world.on, world.clocks, world.resets, world.settled_us) = (false, 0, RESETS, world.now_us);
    world.pending(ISP);
    let log = world.log();
    assert!(log.contains(&quiet(ISP)), "{log:?}");
    assert!(!log.contains(&Action::Resets(ISP_RESET)), "no procedure on a dead domain: {log:?}");
}

#[test]
fn a_module_pulled_in_the_middle_of_a_quiesce_ends_it() {
    let mut world = World::on();
    (world.dma_busy, world.dma_stuck) = (true, true);
    world.died(ISP, 0);
    world.pending(ISP);
    world.dma_stuck = false;
    world.plug(false);
    assert!(world.log.contains(&quiet(ISP)), "{:?}", world.log);
}

#[test]
fn a_suspend_waits_for_all_clients_and_ends_with_the_domain_off() {
    let mut world = World::on();
    world.suspend(true);
    assert_eq!(world.log(), [Action::Announce(PowerState::Suspending)]);
    world.rest(ISP);
    assert_eq!(world.log(), []);
    world.rest(SENSOR);
    world.pass(FALL_US);
    let off = [Action::Deny(true), Action::Resets(RESETS), Action::Clocks(0), Action::Power(false)];
    let log = world.log();
    assert_eq!(log[..4], off);
    assert_eq!(log[4..], [Action::Announce(PowerState::Suspended)]);
    let wake_us = world.power.wake_us(world.now_us);
    assert_eq!(wake_us, world.now_us + PRESENCE_US, "it waits for the operator, and the pin");
}

#[test]
fn a_resume_brings_the_domain_up_and_tells_all() {
    let mut world = World::on();
    world.suspend(true);
    world.rest(ISP);
    world.rest(SENSOR);
    world.pass(FALL_US);
    world.log();
    world.suspend(false);
    world.pass(RISE_US);
    let log = world.log();
    assert_eq!(log.first(), Some(&Action::Power(true)));
    assert_eq!(log.last(), Some(&Action::Announce(PowerState::On)));
    assert_eq!(world.power.clients().count(), 2, "the wishes of the same lives");
}

#[test]
fn a_suspend_that_a_client_does_not_follow_is_given_up() {
    let mut world = World::on();
    world.suspend(true);
    world.rest(ISP);
    world.pass(SUSPEND_US - 1);
    assert_eq!(world.power.state(), PowerState::Suspending);
    world.pass(2);
    assert_eq!(world.power.state(), PowerState::On);
    assert!(!world.log.contains(&Action::Power(false)), "{:?}", world.log);
    assert_eq!(world.log.last(), Some(&Action::Announce(PowerState::On)), "who rests is woken");
}

#[test]
fn a_suspended_domain_stays_off_whoever_wants_it_and_what_dies_in_it_is_quiet() {
    let mut world = World::on();
    world.suspend(true);
    world.rest(ISP);
    world.rest(SENSOR);
    world.pass(FALL_US);
    world.died(ISP, 0);
    world.pending(ISP);
    assert!(world.log.contains(&quiet(ISP)));
    world.request(ISP, 1, true);
    world.pass(RETRY_US + RISE_US);
    assert_eq!(world.power.state(), PowerState::Suspended);
    world.suspend(false);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn one_client_at_rest_asks_the_others_and_a_wish_wakes_all() {
    let mut world = World::on();
    world.rest(ISP);
    assert_eq!(world.log(), [Action::Announce(PowerState::Suspending)]);
    // It changes its mind before the other came to rest.
    world.request(ISP, 0, true);
    assert_eq!(world.log(), [Action::Announce(PowerState::On)]);
    world.rest(ISP);
    world.rest(SENSOR);
    world.pass(FALL_US);
    assert_eq!(world.power.state(), PowerState::Off);
    world.request(ISP, 0, true);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn a_module_pulled_while_suspended_is_lost_and_the_next_one_waits_for_the_resume() {
    let mut world = World::on();
    world.suspend(true);
    world.rest(ISP);
    world.rest(SENSOR);
    world.pass(FALL_US);
    world.log();
    world.plug(false);
    assert_eq!(world.log().first(), Some(&Action::Present(Report::Lost)));
    world.died(ISP, 0);
    world.died(SENSOR, 0);
    world.plug(true);
    world.pass(DEBOUNCE_US + 1);
    world.request(ISP, 1, true);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::Suspended);
    world.suspend(false);
    world.pass(RISE_US);
    assert_eq!(world.power.state(), PowerState::On);
}

#[test]
fn a_suspend_in_the_middle_of_a_quiesce_comes_after_it() {
    let mut world = World::on();
    (world.dma_busy, world.dma_stuck) = (true, true);
    world.died(ISP, 0);
    world.pending(ISP);
    world.suspend(true);
    assert_eq!(world.power.state(), PowerState::Quiescing);
    world.rest(SENSOR);
    (world.dma_busy, world.dma_stuck) = (false, false);
    world.pass(IDLE_US + FALL_US);
    assert!(world.log.contains(&quiet(ISP)));
    assert_eq!(world.power.state(), PowerState::Suspended);
}
