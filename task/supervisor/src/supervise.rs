//! The decisions: one `step` per event, actions come out, nothing is asked of anybody.

use crate::event::{Action, Config, Event};
use crate::life::{Life, Phase};
use crate::policy::Policy;
use crate::story::Story;
use idl::types::{Note, Outlook, PendingQuiesce, StoryEvent, StoryKind, SupervisorError};
use sys_abi::{CrashRecord, Edge, Generation, TaskIndex};

/// Most tasks in an image: the kernel's bound, which the builder checks.
pub const TASKS_MAX: usize = sys_abi::MAX_TASKS;

/// Time that an orderly removal leaves to the task, in microseconds: one and a half frame
/// intervals at 15 frames per second.
pub const REMOVING_US: u64 = 100_000;

/// What is known of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    /// Power has not said since it started.
    Unknown,
    /// None is plugged in.
    Absent,
    /// This one is.
    Present(u32),
}

/// The supervisor's state.
pub struct Supervisor<'a> {
    pub(crate) config: Config<'a>,
    pub(crate) power: TaskIndex,
    lives: [Life; TASKS_MAX],
    pub(crate) module: Module,
    /// The kill switch was thrown and power has not begun a new life since.
    pub(crate) cut: bool,
    pub(crate) story: Story,
}

impl<'a> Supervisor<'a> {
    /// A supervisor of nobody, to be configured. A constant, because it is too big for a stack.
    pub const NEW: Self = Self {
        config: Config::NONE,
        power: TaskIndex(0),
        lives: [Life::new(Policy::NONE); TASKS_MAX],
        module: Module::Unknown,
        cut: false,
        story: Story::NEW,
    };

    /// Looks after the tasks of `config` from now on; all of them are starting.
    ///
    /// # Panics
    /// If the image has more than [`TASKS_MAX`] tasks.
    pub fn configure(&mut self, config: Config<'a>) {
        assert!(config.task_count <= TASKS_MAX, "too many tasks for the supervisor's table");
        self.config = config;
        self.power = config.policy.power();
        for (index, life) in self.lives.iter_mut().enumerate() {
            life.policy = Policy::of(&config.policy, index);
        }
    }

    /// Takes one event and says what to do. Actions are given in order to `act`.
    ///
    /// # Errors
    /// The answer for the caller if the event is a refused call; nothing has changed then.
    pub fn step(
        &mut self,
        now_us: u64,
        event: Event,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        let result = self.take(now_us, event, act);
        self.start_whom_nothing_holds(now_us, act);
        result
    }

    fn take(
        &mut self,
        now_us: u64,
        event: Event,
        act: &mut dyn FnMut(Action),
    ) -> Result<(), SupervisorError> {
        match event {
            Event::Crashed(record) => self.crashed(now_us, &record),
            Event::Died { task, generation, cause, accused } => {
                if self.died(now_us, task, generation, cause, act)
                    && let Some(accused) = accused
                {
                    self.accuse((task, generation), accused, act);
                }
            }
            Event::Quiesced { sender, task, generation } => {
                return self.quiesced(now_us, sender, task, generation, act);
            }
            Event::Ready { sender, generation } => self.ready(now_us, sender, generation, act),
            Event::Lost { sender } => return self.lost(sender, act),
            Event::Presence { sender, module } => {
                return self.presence(now_us, sender, module, act);
            }
            Event::Control { sender, task, control } => {
                return self.control(now_us, sender, task, control, act);
            }
            Event::Note { sender, note } => {
                self.story.add(now_us, sender, StoryKind::Note(note));
                if let Note::Nonsense { peer, generation } = note {
                    self.nonsense(sender, peer, generation, act);
                }
            }
            Event::Sample { task, stats } => self.sample(now_us, task, &stats, act),
            Event::Tick => self.tick(now_us, act),
        }
        Ok(())
    }

    fn crashed(&mut self, now_us: u64, record: &CrashRecord) {
        // A code that this kernel does not write is no record of its own.
        if let Some(kind) = record.why() {
            let told = StoryKind::Crashed { kind, pc: record.pc, ended_us: record.time_us() };
            self.story.add(now_us, TaskIndex(0), told);
        }
    }

    /// What to expect of a task.
    #[must_use]
    pub fn outlook(&self, task: TaskIndex) -> Outlook {
        let Ok(life) = self.life(task) else { return Outlook::Failed { restarts: 0 } };
        let failed = Outlook::Failed { restarts: life.restarts };
        match life.phase {
            Phase::Starting => Outlook::Starting { generation: life.generation },
            Phase::Ready => Outlook::Ready { generation: life.generation },
            Phase::Removing { .. } | Phase::Settling { .. } => Outlook::Settling,
            Phase::Failed => failed,
            Phase::Down if life.stopped => Outlook::Stopped,
            Phase::Down if !life.policy.quiesced => self.returning(life),
            Phase::Down if self.module == Module::Absent => Outlook::Absent,
            Phase::Down if self.power_is_gone() => failed,
            Phase::Down => self.returning(life),
        }
    }

    fn returning(&self, life: &Life) -> Outlook {
        Outlook::Returning { not_before_us: life.not_before_us }
    }

    /// The most important task whose hardware is not known to be quiet.
    #[must_use]
    pub fn pending_quiesce(&self) -> Option<PendingQuiesce> {
        let mut tasks = self.indices();
        let task = tasks.find(|task| matches!(self.at(*task).phase, Phase::Settling { .. }))?;
        Some(PendingQuiesce { task, generation: self.at(task).generation })
    }

    /// The story from `cursor` on.
    #[must_use]
    pub fn next_event(&self, cursor: u32) -> Option<StoryEvent> {
        self.story.from(cursor)
    }

    /// Whether `task` is power.
    #[must_use]
    pub fn is_power(&self, task: TaskIndex) -> bool {
        task == self.power
    }

    /// Whether the scan takes a sample of this task.
    #[must_use]
    pub fn scanned(&self, task: TaskIndex) -> bool {
        self.life(task).is_ok_and(Life::alive)
    }

    /// Whether `task` is the last one of the image, which ends a scan.
    pub(crate) fn is_last(&self, task: TaskIndex) -> bool {
        usize::from(task.0) + 1 == self.config.task_count
    }

    /// The next time at which [`Event::Tick`] does something, in microseconds since boot.
    #[must_use]
    pub fn wake_us(&self) -> Option<u64> {
        self.indices().filter_map(|task| self.wake_of(task)).min()
    }

    fn wake_of(&self, task: TaskIndex) -> Option<u64> {
        let life = self.at(task);
        match life.phase {
            Phase::Removing { until_us } | Phase::Settling { until_us } => Some(until_us),
            // What is held by something else than time wakes nobody: an event will let it go.
            Phase::Down if life.returning() && self.allowed(task) => Some(life.not_before_us),
            _ => None,
        }
    }

    pub(crate) fn publish(
        &mut self,
        now_us: u64,
        task: TaskIndex,
        edge: Edge,
        generation: Generation,
        act: &mut dyn FnMut(Action),
    ) {
        self.story.add(now_us, task, StoryKind::Published { edge, generation });
        act(Action::Publish(task, edge, generation));
    }

    fn power_is_gone(&self) -> bool {
        let power = self.at(self.power);
        power.stopped || power.phase == Phase::Failed
    }

    pub(crate) fn only_power(&self, sender: TaskIndex) -> Result<(), SupervisorError> {
        if self.is_power(sender) { Ok(()) } else { Err(SupervisorError::NotAllowed) }
    }

    /// All tasks but the supervisor itself, the most important first.
    pub(crate) fn indices(&self) -> impl Iterator<Item = TaskIndex> + use<> {
        (1..self.config.task_count as u8).map(TaskIndex)
    }

    pub(crate) fn quiesced_tasks(&self) -> impl Iterator<Item = TaskIndex> + use<> {
        let mut quiesced = 0u64;
        for task in self.indices().filter(|task| self.at(*task).policy.quiesced) {
            quiesced |= 1 << task.0;
        }
        self.indices().filter(move |task| quiesced & (1 << task.0) != 0)
    }

    pub(crate) fn life(&self, task: TaskIndex) -> Result<&Life, SupervisorError> {
        let known = (1..self.config.task_count).contains(&usize::from(task.0));
        if known { Ok(self.at(task)) } else { Err(SupervisorError::NoSuchTask) }
    }

    pub(crate) fn life_mut(&mut self, task: TaskIndex) -> Result<&mut Life, SupervisorError> {
        self.life(task)?;
        Ok(self.at_mut(task))
    }

    pub(crate) fn at(&self, task: TaskIndex) -> &Life {
        &self.lives[usize::from(task.0)]
    }

    pub(crate) fn at_mut(&mut self, task: TaskIndex) -> &mut Life {
        &mut self.lives[usize::from(task.0)]
    }
}
