//! Who wants the camera domain on. A wish belongs to one life of a task.

use sys_abi::{Generation, TaskId, TaskIndex};

/// Most tasks that can want power at the same time.
pub const WISHES_MAX: usize = 8;

/// One client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    client: TaskId,
    /// It touches nothing until it is told that the domain is on.
    rests: bool,
}

/// The wishes.
#[derive(Clone, Copy, Debug)]
pub struct Wishes([Option<Wish>; WISHES_MAX]);

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
        free.map(|wish| *wish = Some(Wish { client, rests: false })).is_some()
    }

    /// `client` has come to rest; one without a wish has nothing to say.
    pub fn rest(&mut self, client: TaskId) {
        let own = self.0.iter_mut().flatten().filter(|wish| wish.client == client);
        own.for_each(|wish| wish.rests = true);
    }

    /// Nobody is at rest any more: all are told that the domain is on.
    pub fn wake(&mut self) {
        self.0.iter_mut().flatten().for_each(|wish| wish.rests = false);
    }

    /// Life `generation` of `task` has ended, and its wish with it.
    pub fn release(&mut self, task: TaskIndex, generation: Generation) {
        for wish in &mut self.0 {
            if is_of(wish, task) && wish.is_some_and(|of| of.client.generation() <= generation) {
                *wish = None;
            }
        }
    }

    /// Those who want it.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.0.iter().flatten().map(|wish| wish.client)
    }

    /// Whether anybody wants it.
    #[must_use]
    pub fn any(&self) -> bool {
        self.iter().next().is_some()
    }

    /// Whether somebody wants it and is not at rest.
    #[must_use]
    pub fn any_awake(&self) -> bool {
        self.0.iter().flatten().any(|wish| !wish.rests)
    }

    /// Whether somebody is at rest.
    #[must_use]
    pub fn any_at_rest(&self) -> bool {
        self.0.iter().flatten().any(|wish| wish.rests)
    }
}

fn is_of(wish: &Option<Wish>, task: TaskIndex) -> bool {
    wish.is_some_and(|wish| wish.client.index() == task)
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
    fn rest_belongs_to_one_life_and_ends_for_all() {
        let mut wishes = Wishes::NONE;
        assert!(wishes.set(life(3, 1), true) && wishes.set(life(4, 0), true));
        wishes.rest(life(3, 0));
        assert!(!wishes.any_at_rest(), "an earlier life says nothing");
        wishes.rest(life(3, 1));
        assert!(wishes.any_at_rest() && wishes.any_awake());
        wishes.rest(life(4, 0));
        assert!(!wishes.any_awake() && wishes.any());
        wishes.wake();
        assert!(wishes.any_awake() && !wishes.any_at_rest());
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
