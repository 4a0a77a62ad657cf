//! Who wants the camera domain on. A wish belongs to one life of a task.

use sys_abi::{Generation, TaskId, TaskIndex};

/// Most tasks that can want power at the same time.
pub const WISHES_MAX: usize = 8;

/// The wishes.
#[derive(Clone, Copy, Debug)]
pub struct Wishes([Option<TaskId>; WISHES_MAX]);

impl Wishes {
    /// Nobody wants it.
    pub const NONE: Self = Self([None; WISHES_MAX]);

    /// Adds or takes back the wish of `client`; a wish of an earlier life is replaced. False: the
    /// table is full.
    pub fn set(&mut self, client: TaskId, on: bool) -> bool {
        self.0.iter_mut().filter(|wish| is_of(wish, client.index())).for_each(|wish| *wish = None);
        if !on {
            return true;
        }
        let free = self.0.iter_mut().find(|wish| wish.is_none());
        free.map(|wish| *wish = Some(client)).is_some()
    }

    /// Life `generation` of `task` has ended, and its wish with it.
    pub fn release(&mut self, task: TaskIndex, generation: Generation) {
        for wish in &mut self.0 {
            if is_of(wish, task) && wish.is_some_and(|life| life.generation() <= generation) {
                *wish = None;
            }
        }
    }

    /// Those who want it.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.0.iter().flatten().copied()
    }

    /// Whether anybody wants it.
    #[must_use]
    pub fn any(&self) -> bool {
        self.iter().next().is_some()
    }
}

fn is_of(wish: &Option<TaskId>, task: TaskIndex) -> bool {
    wish.is_some_and(|life| life.index() == task)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(task: u8, generation: u32) -> TaskId {
        TaskId::new(TaskIndex(task), Generation(generation))
    }

    #[test]
    fn a_wish_ends_with_its_life_and_not_with_an_earlier_one() {
        let mut wishes = Wishes::NONE;
        assert!(wishes.set(life(3, 5), true));
        wishes.release(TaskIndex(3), Generation(4));
        wishes.release(TaskIndex(4), Generation(9));
        assert!(wishes.any());
        wishes.release(TaskIndex(3), Generation(5));
        assert!(!wishes.any());
    }

    #[test]
    fn asking_twice_is_one_wish_and_a_new_life_replaces_the_old() {
        let mut wishes = Wishes::NONE;
        for generation in [0, 0, 1] {
            assert!(wishes.set(life(3, generation), true));
        }
        assert_eq!(wishes.iter().collect::<Vec<_>>(), [life(3, 1)]);
        assert!(wishes.set(life(3, 1), false));
        assert!(!wishes.any());
    }

    #[test]
    fn a_full_table_says_so() {
        let mut wishes = Wishes::NONE;
        let fits: Vec<_> =
            (0..=WISHES_MAX as u8).map(|task| wishes.set(life(task, 0), true)).collect();
        assert_eq!(fits.iter().filter(|fits| !**fits).count(), 1);
        assert!(!fits[WISHES_MAX]);
    }
}
