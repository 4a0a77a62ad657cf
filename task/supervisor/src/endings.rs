//! From the end of a life to the beginning of the next one: death, quiet, kill switch, return.

use crate::event::Action;
use crate::life::{Life, Phase};
use crate::supervise::{Module, Supervisor};
use idl::types::{StoryKind, SupervisorError};
use sys_abi::{Cause, Edge, Generation, TaskId, TaskIndex};

impl Supervisor<'_> {
    /// Gives whether it was news.
    pub(crate) fn died(
        &mut self,
        now_us: u64,
        task: TaskIndex,
        generation: Generation,
        cause: Cause,
        act: &mut dyn FnMut(Action),
    ) -> bool {
        let Ok(life) = self.life(task) else { return false };
        let known = !life.alive() && generation <= life.generation;
        if known || generation < life.generation {
            return false;
        }
        self.story.add(now_us, task, StoryKind::Death { generation, cause });
        self.at_mut(task).end(now_us, generation, cause);
        if self.at(task).policy.quiesced && !self.cut && !self.config.skip_quiesce {
            let until_us = now_us.saturating_add(self.config.quiesce_us);
            self.at_mut(task).phase = Phase::Settling { until_us };
            act(Action::WakePower);
        } else {
            self.quiet(now_us, task, act);
        }
        if self.is_power(task) {
            self.module = Module::Unknown;
            self.cut_power(now_us, Cause::DependencyLost, act);
        }
        true
    }

    /// A driver found fault with a message. It may have gone mad with its hardware, so the kernel has
    /// ended its life and not its caller's (`TaskFlags::UNBELIEVED`). But when the next life, which
    /// begins with fresh memory, says the same of the same life of the same caller, it is the caller
    /// that is wrong.
    pub(crate) fn accuse(
        &mut self,
        accuser: (TaskIndex, Generation),
        accused: TaskId,
        act: &mut dyn FnMut(Action),
    ) {
        let task = accused.index();
        let Ok(life) = self.life_mut(task) else { return };
        if !life.alive() || life.generation != accused.generation() {
            return;
        }
        let former = life.accuser.replace(accuser);
        if former
            .is_some_and(|(driver, life)| (driver, life.next()) == (accuser.0, Some(accuser.1)))
        {
            act(Action::Kill(task, Cause::Faulted));
        }
    }

    /// A caller of a driver could not decode its answer. They disagree, as when a driver finds fault
    /// with a caller: the driver's life ends first, and the caller's when it happens again. Who has no
    /// slot on the driver has had no answer: its word ends nobody.
    pub(crate) fn nonsense(
        &mut self,
        caller: TaskIndex,
        driver: TaskIndex,
        generation: Generation,
        act: &mut dyn FnMut(Action),
    ) {
        if !self.config.policy.calls(caller, driver) {
            return;
        }
        let is_it =
            |life: &Life| life.policy.quiesced && life.alive() && life.generation == generation;
        let Ok(caller) = self.life(caller).map(|life| TaskId::new(caller, life.generation)) else {
            return;
        };
        if self.life(driver).is_ok_and(is_it) {
            act(Action::Kill(driver, Cause::Faulted));
            self.accuse((driver, generation), caller, act);
        }
    }

    pub(crate) fn quiet(&mut self, now_us: u64, task: TaskIndex, act: &mut dyn FnMut(Action)) {
        let life = self.at_mut(task);
        life.settle();
        let (generation, failed) = (life.generation, life.phase == Phase::Failed);
        self.publish(now_us, task, Edge::Quiet, generation, act);
        if failed {
            self.story.add(now_us, task, StoryKind::Failed);
        }
    }

    /// The domain goes off now: what lives on it dies, what was settling is quiet.
    pub(crate) fn cut_power(&mut self, now_us: u64, cause: Cause, act: &mut dyn FnMut(Action)) {
        if !self.cut {
            self.cut = true;
            self.story.add(now_us, self.power, StoryKind::KillSwitch);
            act(Action::ThrowKillSwitch);
        }
        for task in self.quiesced_tasks() {
            match self.at(task).phase {
                Phase::Settling { .. } => self.quiet(now_us, task, act),
                _ if self.at(task).alive() => act(Action::Kill(task, cause)),
                _ => {}
            }
        }
    }

    pub(crate) fn quiesced(
        &mut self,
        now_us: u64,
        sender: TaskIndex,
        task: TaskIndex,
        generation: Generation,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        self.only_power(sender)?;
        let life = self.life(task)?;
        if !matches!(life.phase, Phase::Settling { .. }) || life.generation != generation {
            return Err(SupervisorError::NotPending);
        }
        self.quiet(now_us, task, act);
        Ok(())
    }

    pub(crate) fn tick(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        let mut late = false;
        for task in self.indices() {
            match self.at(task).phase {
                Phase::Removing { until_us } if now_us >= until_us => {
                    act(Action::Kill(task, Cause::Stopped));
                }
                Phase::Settling { until_us } => late |= now_us >= until_us,
                _ => {}
            }
        }
        if late {
            for task in self.quiesced_tasks() {
                self.at_mut(task).doomed = true;
            }
            self.cut_power(now_us, Cause::PowerLost, act);
        }
    }

    pub(crate) fn start_whom_nothing_holds(&mut self, now_us: u64, act: &mut dyn FnMut(Action)) {
        for task in self.indices() {
            let life = self.at(task);
            let due = life.phase == Phase::Down && now_us >= life.not_before_us;
            if !due || life.stopped || !self.allowed(task) {
                continue;
            }
            if self.is_power(task) {
                self.cut = false;
            }
            self.at_mut(task).begin();
            let generation = self.at(task).generation;
            self.story.add(now_us, task, StoryKind::Restarted { generation });
            act(Action::Start(task));
        }
    }

    /// The order of return: power after everything on its domain has ended; what lives on the
    /// domain after power serves, the module is there, and everything more important is back.
    pub(crate) fn allowed(&self, task: TaskIndex) -> bool {
        if self.is_power(task) {
            return !self.cut || !self.quiesced_tasks().any(|other| self.at(other).alive());
        }
        if !self.at(task).policy.quiesced {
            return true;
        }
        let present = matches!(self.module, Module::Present(_));
        let served = self.at(self.power).phase == Phase::Ready;
        let more_important = || self.indices().take_while(|other| *other < task);
        present && served && !self.cut && !more_important().any(|other| self.at(other).returning())
    }
}
