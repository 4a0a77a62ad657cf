//! Constants that the image builder links into each instance of a task, from `app.toml`.
//!
//! Each macro names one absolute symbol; an instance whose `app.toml` entry lacks it does not
//! link. In names `-` is written `_`.

/// Index of the task behind a slot.
#[macro_export]
macro_rules! slot {
    ($name:literal) => {
        $crate::TaskIndex($crate::linked_symbol!("__slot_", $name) as u8)
    };
}

/// Mask of a notification.
#[macro_export]
macro_rules! notification {
    ($name:literal) => {
        $crate::linked_symbol!("__notification_", $name)
    };
}

/// Mask of a notification of the tasks that this task may post it to; the builder sees to it that
/// all of them have it at the same bit.
#[macro_export]
macro_rules! post_mask {
    ($name:literal) => {
        $crate::linked_symbol!("__post_", $name)
    };
}

/// Base address of a peripheral in `uses`.
#[macro_export]
macro_rules! peripheral {
    ($name:literal) => {
        $crate::linked_symbol!("__peripheral_", $name) as usize
    };
}

/// Base address and size in bytes of a region.
#[macro_export]
macro_rules! region {
    ($name:literal) => {
        (
            $crate::linked_symbol!("__region_", $name) as usize,
            $crate::linked_symbol!("__region_", $name, "_bytes") as usize,
        )
    };
}

/// An integer (or bool: 0, 1) of the task's `config`.
#[macro_export]
macro_rules! config_u32 {
    ($name:literal) => {
        $crate::linked_symbol!("__config_", $name)
    };
}

/// A string of the task's `config`.
#[macro_export]
macro_rules! config_str {
    ($name:literal) => {{
        // SAFETY: both symbols are the builder's, of the same key.
        #[allow(clippy::undocumented_unsafe_blocks)]
        let text: &'static str = unsafe {
            $crate::arch::linked_text(
                $crate::linked_symbol!("__config_", $name),
                $crate::linked_symbol!("__config_", $name, "_len"),
            )
        };
        text
    }};
}

/// An array of integers of the task's `config`.
#[macro_export]
macro_rules! config_u32s {
    ($name:literal) => {{
        // SAFETY: both symbols are the builder's, of the same key.
        #[allow(clippy::undocumented_unsafe_blocks)]
        let words: &'static [u32] = unsafe {
            $crate::arch::linked_words(
                $crate::linked_symbol!("__config_", $name),
                $crate::linked_symbol!("__config_", $name, "_len"),
            )
        };
        words
    }};
}

/// Index of this task.
#[macro_export]
macro_rules! own_index {
    () => {
        $crate::TaskIndex($crate::linked_symbol!("__task_index") as u8)
    };
}

/// Number of tasks in the image.
#[macro_export]
macro_rules! task_count {
    () => {
        $crate::linked_symbol!("__task_count")
    };
}
