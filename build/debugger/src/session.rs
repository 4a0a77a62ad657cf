//! One archive, one target: what all commands start from.

use crate::archive::{Archive, ArchiveError};
use crate::dwarf::{DwarfError, Type, Value};
use crate::target::{Target, TargetError, check_image};

/// Path of the kernel's task structure.
const TASK_TYPE: &str = "sys_kern::task::Task";
/// Symbol of the kernel's task table.
const TASK_TABLE: &str = "__kernel_task_table";

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The debug information.
    #[error(transparent)]
    Dwarf(#[from] DwarfError),
    /// The image lacks something that the command needs.
    #[error("the image has no {what}; it was built by another version of this project")]
    NoSuchThing {
        /// What is missing.
        what: String,
    },
    /// The user named something that does not exist.
    #[error("there is no {kind} {name:?}; there are: {known}")]
    Unknown {
        /// What kind of thing.
        kind: &'static str,
        /// The name given.
        name: String,
        /// What exists.
        known: String,
    },
}

/// An archive and a target that belong together.
pub struct Session {
    /// The image's facts.
    pub archive: Archive,
    /// Its memory.
    pub target: Box<dyn Target>,
}

impl Session {
    /// Pairs them.
    ///
    /// # Errors
    /// If the target runs another image, unless `force`.
    pub fn new(
        archive: Archive,
        mut target: Box<dyn Target>,
        force: bool,
    ) -> Result<Self, SessionError> {
        if !force {
            check_image(target.as_mut(), &archive)?;
        }
        Ok(Self { archive, target })
    }

    /// The kernel's structure of each task, in task order.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn task_values(&mut self) -> Result<Vec<Value>, SessionError> {
        let missing = |what: &str| SessionError::NoSuchThing { what: what.into() };
        let kernel = self.archive.kernel()?;
        let base = kernel.symbol(TASK_TABLE).ok_or_else(|| missing(TASK_TABLE))?;
        let ty: Type = kernel.type_named(TASK_TYPE)?.ok_or_else(|| missing(TASK_TYPE))?;
        let count = self.archive.layout().tasks.len() as u32;
        let mut values = Vec::new();
        for index in 0..count {
            let bytes = self.target.bytes(base + index * ty.size(), ty.size() as usize)?;
            values.push(Value::decode(&ty, &bytes));
        }
        Ok(values)
    }

    /// Position of the task `name`.
    ///
    /// # Errors
    /// [`SessionError::Unknown`] lists the tasks that there are.
    pub fn task_index(&self, name: &str) -> Result<usize, SessionError> {
        let tasks = &self.archive.layout().tasks;
        tasks.iter().position(|task| task.name == name).ok_or_else(|| SessionError::Unknown {
            kind: "task",
            name: name.into(),
            known: tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Name of the task at `index`.
    #[must_use]
    pub fn task_name(&self, index: usize) -> &str {
        self.archive.layout().tasks.get(index).map_or("?", |task| task.name.as_str())
    }
}
