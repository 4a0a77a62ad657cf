//! Who may call whom, as the image builder tells it to whoever asks: the configuration array `task_slots`.

use crate::TaskIndex;

/// Words per task: a bit for each task that an image can have.
pub const SLOT_WORDS: usize = crate::MAX_TASKS / 32;

/// The slots of all tasks: [`SLOT_WORDS`] words for each, in task order; bit n of them is a slot on task n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotTable<'a>(pub &'a [u32]);

impl SlotTable<'_> {
    /// Whether the image gives `caller` a slot on `server`; not if there are no such tasks.
    #[must_use]
    pub fn has(self, caller: TaskIndex, server: TaskIndex) -> bool {
        let bit = usize::from(server.0);
        if bit >= crate::MAX_TASKS {
            return false;
        }
        let word = usize::from(caller.0) * SLOT_WORDS + bit / 32;
        self.0.get(word).is_some_and(|word| word >> (bit % 32) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_a_bit_of_its_task_and_nobody_elses() {
        let table = SlotTable(&[0, 0, 1 | 1 << 31, 1 | 1 << 31]);
        let servers = |caller| {
            let has = move |server: &u8| table.has(TaskIndex(caller), TaskIndex(*server));
            (0..=u8::MAX).filter(has).collect::<Vec<_>>()
        };
        assert_eq!(servers(1), [0, 31, 32, 63]);
        for nobody in [0, 2, 3, u8::MAX] {
            assert_eq!(servers(nobody), [0; 0], "task {nobody}");
        }
    }
}
