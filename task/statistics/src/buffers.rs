//! Which buffer is where, as the node sees it: with the driver, ready for a client, or at home.

use idl::types::{BufferIndex, Statistics};

/// Buffers of an engine, at most (omap3isp: `STAT_MAX_BUFS`).
pub const BUFFERS_MAX: usize = 5;

/// Buffers that the driver has at least, while it measures: the one in the engine and the next.
const GIVEN_MIN: usize = 2;

/// Where a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Home,
    Given,
    /// Holds this measurement; `age` counts them.
    Ready {
        statistics: Statistics,
        age: u32,
    },
}

/// At most [`BUFFERS_MAX`] buffers.
#[derive(Clone, Debug)]
pub struct Buffers {
    places: [Place; BUFFERS_MAX],
    count: usize,
    age: u32,
}

impl Buffers {
    /// This many buffers, all at home.
    #[must_use]
    pub fn new(count: u8) -> Self {
        let count = usize::from(count).min(BUFFERS_MAX);
        Self { places: [Place::Home; BUFFERS_MAX], count, age: 0 }
    }

    /// There are this many; what is known of them stays.
    pub fn resize(&mut self, count: u8) {
        self.count = usize::from(count).min(BUFFERS_MAX);
    }

    /// The buffers at home.
    pub fn at_home(&self) -> impl Iterator<Item = BufferIndex> + use<> {
        let places = self.places;
        (0..self.count)
            .filter(move |index| places[*index] == Place::Home)
            .map(|index| BufferIndex(index as u8))
    }

    /// The driver has it.
    pub fn give(&mut self, buffer: BufferIndex) {
        self.put(buffer, Place::Given);
    }

    /// It came back, or was requested.
    pub fn take_back(&mut self, buffer: BufferIndex) {
        self.put(buffer, Place::Home);
    }

    /// It came back with a measurement.
    pub fn fill(&mut self, buffer: BufferIndex, statistics: Statistics) {
        self.age = self.age.wrapping_add(1);
        self.put(buffer, Place::Ready { statistics, age: self.age });
    }

    /// The oldest measurement.
    #[must_use]
    pub fn oldest(&self) -> Option<(BufferIndex, Statistics)> {
        let ready = self.places.iter().enumerate().filter_map(|(index, place)| match place {
            Place::Ready { statistics, age } => {
                Some((self.age.wrapping_sub(*age), BufferIndex(index as u8), *statistics))
            }
            Place::Home | Place::Given => None,
        });
        ready.max_by_key(|(behind, ..)| *behind).map(|(_, buffer, statistics)| (buffer, statistics))
    }

    /// The measurement that must give way, so that the driver does not run out of buffers.
    #[must_use]
    pub fn surplus(&self) -> Option<BufferIndex> {
        let room = self.count.saturating_sub(GIVEN_MIN).max(1);
        self.oldest().filter(|_| self.ready() > room).map(|(buffer, _)| buffer)
    }

    /// Measurements that wait to be requested.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.places.iter().filter(|place| matches!(place, Place::Ready { .. })).count()
    }

    /// A number that is no buffer's is the driver's mistake; it changes nothing.
    fn put(&mut self, buffer: BufferIndex, place: Place) {
        if let Some(slot) = self.places[..self.count].get_mut(usize::from(buffer.0)) {
            *slot = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(frame_number: u32) -> Statistics {
        Statistics { frame_number, config_counter: 1, timestamp_us: 0, bytes: 48 }
    }

    fn home(buffers: &Buffers) -> Vec<u8> {
        buffers.at_home().map(|buffer| buffer.0).collect()
    }

    #[test]
    fn measurements_leave_in_the_order_in_which_they_came() {
        let mut buffers = Buffers::new(5);
        for (buffer, frame) in [(3, 10), (0, 11), (2, 12)] {
            buffers.give(BufferIndex(buffer));
            buffers.fill(BufferIndex(buffer), statistics(frame));
        }
        for (buffer, frame) in [(3, 10), (0, 11), (2, 12)] {
            assert_eq!(buffers.oldest(), Some((BufferIndex(buffer), statistics(frame))));
            buffers.take_back(BufferIndex(buffer));
        }
        assert_eq!((buffers.oldest(), buffers.ready()), (None, 0));
    }

    #[test]
    fn the_oldest_gives_way_when_the_driver_would_run_out() {
        let mut buffers = Buffers::new(5);
        for buffer in 0..3 {
            buffers.fill(BufferIndex(buffer), statistics(buffer.into()));
            assert_eq!(buffers.surplus(), None);
        }
        buffers.fill(BufferIndex(3), statistics(3));
        assert_eq!(buffers.surplus(), Some(BufferIndex(0)));
    }

    #[test]
    fn the_age_wraps() {
        let mut buffers = Buffers { age: u32::MAX - 1, ..Buffers::new(5) };
        (0..3).for_each(|buffer| buffers.fill(BufferIndex(buffer), statistics(buffer.into())));
        assert_eq!(buffers.oldest().map(|(buffer, _)| buffer), Some(BufferIndex(0)));
    }

    #[test]
    fn a_buffer_that_does_not_exist_changes_nothing() {
        let mut buffers = Buffers::new(2);
        buffers.fill(BufferIndex(2), statistics(0));
        buffers.give(BufferIndex(200));
        assert_eq!((home(&buffers), buffers.ready()), (vec![0, 1], 0));
    }
}
