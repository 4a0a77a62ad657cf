//! A locked pipeline: who has started it, at which of its ends.

use idl::types::{EntityId, Generation, Pipeline, PixFormat, TaskIndex};
use sys_abi::TaskId;

use crate::pipeline::{Origin, Path};

/// A node that has started the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Starter {
    /// Its life.
    holder: TaskId,
    /// What lies in its buffers.
    format: PixFormat,
}

/// A locked pipeline. One from the sensor runs; one from memory runs when both nodes have started it.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Its entities.
    pub path: Path,
    output: Option<Starter>,
    /// Always `None` if it begins at the sensor.
    input: Option<Starter>,
}

impl Running {
    /// A pipeline that one of its nodes starts.
    #[must_use]
    pub fn new(path: Path, end: EntityId, holder: TaskId, format: PixFormat) -> Self {
        let mut running = Self { path, output: None, input: None };
        running.join(end, holder, format);
        running
    }

    /// One of its nodes starts it.
    pub fn join(&mut self, end: EntityId, holder: TaskId, format: PixFormat) {
        let starter = Some(Starter { holder, format });
        if self.path.input() == Some(end) { self.input = starter } else { self.output = starter }
    }

    /// Whether the node at that end has not started it yet.
    #[must_use]
    pub fn waits_for(&self, end: EntityId) -> bool {
        (self.path.end == end && self.output.is_none())
            || (self.path.input() == Some(end) && self.input.is_none())
    }

    /// Whether the sensor has a part in it.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.path.origin, Origin::Sensor { .. })
    }

    /// What the ISP runs, once all of its nodes have started it.
    #[must_use]
    pub fn pipeline(&self) -> Option<Pipeline> {
        let output = self.output?.format;
        match self.path.origin {
            Origin::Sensor { .. } => Some(self.path.pipeline(output, output)),
            Origin::Memory { .. } => Some(self.path.pipeline(output, self.input?.format)),
        }
    }

    /// Whether this life has started it at that end.
    #[must_use]
    pub fn was_started_by(&self, caller: TaskId, end: EntityId) -> bool {
        let starter = if self.path.input() == Some(end) {
            self.input
        } else {
            self.output.filter(|_| self.path.end == end)
        };
        starter.is_some_and(|starter| starter.holder == caller)
    }

    /// Whether this task, in that life or an older one, has started it at any end.
    #[must_use]
    pub fn is_held_by(&self, task: TaskIndex, generation: Generation) -> bool {
        let mut starters = [self.output, self.input].into_iter().flatten();
        starters.any(|it| it.holder.index() == task && it.holder.generation() <= generation)
    }
}
