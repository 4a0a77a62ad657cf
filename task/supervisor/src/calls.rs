//! What tasks tell the supervisor: ready, presence, control; and the samples of the scan.

use crate::event::Action;
use crate::life::Phase;
use crate::supervise::{Module, REMOVING_US, Supervisor};
use idl::types::{Control, StoryKind, SupervisorError};
use sys_abi::{Cause, Edge, Generation, TaskIndex, TaskStats};

impl Supervisor<'_> {
    pub(crate) fn ready(
        &mut self,
        now_us: u64,
        sender: TaskIndex,
        generation: Generation,
        act: &mut dyn FnMut(Action),
    ) {
        let Ok(life) = self.life_mut(sender) else { return };
        if life.phase == Phase::Starting && generation >= life.generation {
            life.phase = Phase::Ready;
            life.generation = generation;
            self.publish(now_us, sender, Edge::Ready, generation, act);
        }
    }

    /// A driver that reads what its hardware cannot give has lost it. Had it been known to be pulled,
    /// the driver would be dead already: so what is known is a fault, and that it stays.
    pub(crate) fn lost(
        &mut self,
        sender: TaskIndex,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        if !self.life(sender)?.policy.quiesced {
            return Err(SupervisorError::NotAllowed);
        }
        act(Action::Kill(sender, Cause::Faulted));
        Ok(())
    }

    pub(crate) fn presence(
        &mut self,
        now_us: u64,
        sender: TaskIndex,
        module: Option<u32>,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        self.only_power(sender)?;
        let before = self.module;
        self.module = module.map_or(Module::Absent, Module::Present);
        if self.module == before {
            return Ok(());
        }
        self.story.add(now_us, sender, StoryKind::Presence { present: module.is_some() });
        if let Module::Present(_) = before {
            for task in self.quiesced_tasks().filter(|task| self.at(*task).alive()) {
                act(Action::Kill(task, Cause::Unplugged));
            }
        }
        Ok(())
    }

    pub(crate) fn control(
        &mut self,
        now_us: u64,
        sender: TaskIndex,
        task: TaskIndex,
        control: Control,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        let life = *self.life(task)?;
        let operator = self.config.operators.contains(&u32::from(sender.0));
        if !operator || !life.policy.restartable {
            return Err(SupervisorError::NotAllowed);
        }
        match control {
            Control::Stop | Control::Remove => self.at_mut(task).stopped = true,
            Control::Start | Control::Restart => self.pardon(now_us, task, act),
        }
        match control {
            Control::Remove => self.remove(now_us, task, act),
            Control::Stop | Control::Restart if life.alive() => {
                act(Action::Kill(task, Cause::Stopped));
            }
            _ => {}
        }
        Ok(())
    }

    /// After a cut, power may be the one that is stuck: a fresh life of it comes first.
    pub(crate) fn pardon(&mut self, now_us: u64, task: TaskIndex, act: &mut dyn FnMut(Action)) {
        self.at_mut(task).pardon(now_us);
        let power = self.power;
        if self.cut && self.at(task).policy.quiesced && self.at(power).alive() {
            act(Action::Kill(power, Cause::Stopped));
        }
    }

    pub(crate) fn remove(&mut self, now_us: u64, task: TaskIndex, act: &mut dyn FnMut(Action)) {
        let life = self.at_mut(task);
        if matches!(life.phase, Phase::Starting | Phase::Ready) {
            life.phase = Phase::Removing { until_us: now_us.saturating_add(REMOVING_US) };
            let generation = life.generation;
            self.publish(now_us, task, Edge::Removing, generation, act);
        }
    }

    pub(crate) fn sample(
        &mut self,
        now_us: u64,
        task: TaskIndex,
        stats: &TaskStats,
        act: &mut dyn FnMut(Action),
    ) {
        let Ok(life) = self.life_mut(task) else { return };
        if !life.alive() || stats.generation != life.generation {
            return;
        }
        if life.hang.sample(now_us, &life.policy, stats) {
            act(Action::Kill(task, Cause::Stalled));
        } else if let Some(keeper) = self.keeper(now_us, task) {
            act(Action::Kill(keeper, Cause::Stalled));
        } else if self.is_last(task)
            && let Some(hog) = self.hog()
        {
            act(Action::Kill(hog, Cause::Stalled));
        }
    }

    /// At the end of a scan: the driver that lets nobody less important run, perhaps by endless calls.
    /// What is more important runs on its behalf, or it would not run itself. An image has an idle
    /// task, so when nothing is wrong somebody less important does run. (A client may take all that
    /// is left.)
    fn hog(&self) -> Option<TaskIndex> {
        let alive = || self.indices().filter(|task| self.at(*task).alive());
        let priority = |task: &TaskIndex| self.at(*task).policy.priority;
        let hog = alive().filter(|task| self.at(*task).hang.ran()).max_by_key(priority)?;
        let policy = &self.at(hog).policy;
        let mut below = alive().filter(|task| priority(task) > policy.priority).peekable();
        let is_driver = policy.quiesced && policy.hang_us != 0;
        let is_old = self.at(hog).hang.ran_all_along(policy);
        let some = below.peek().is_some();
        (is_driver && is_old && some && below.all(|task| self.at(task).hang.starves(policy)))
            .then_some(hog)
    }

    /// Which driver keeps `caller` too long, and is not kept itself. Drivers defer no reply; other
    /// servers may, and are not judged by the time of their callers.
    pub(crate) fn keeper(&self, now_us: u64, caller: TaskIndex) -> Option<TaskIndex> {
        let server = self.at(caller).hang.kept_by(now_us)?;
        let life = self.life(server).ok()?;
        let guilty = life.policy.quiesced && life.alive() && life.hang.blocked().is_none();
        guilty.then_some(server)
    }
}
