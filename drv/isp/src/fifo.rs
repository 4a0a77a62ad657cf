//! A queue of at most `N` entries.

/// First in, first out.
#[derive(Clone, Copy, Debug)]
pub struct Fifo<T, const N: usize> {
    entries: [Option<T>; N],
    first: usize,
    length: usize,
}

impl<T: Copy, const N: usize> Fifo<T, N> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [None; N], first: 0, length: 0 }
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Adds at the end; `false` if the queue is full.
    #[must_use]
    pub fn push(&mut self, entry: T) -> bool {
        if self.length == N {
            return false;
        }
        self.entries[(self.first + self.length) % N] = Some(entry);
        self.length += 1;
        true
    }

    /// The oldest entry.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.entries[self.first].as_ref()
    }

    /// Takes the oldest entry.
    pub fn pop(&mut self) -> Option<T> {
        let entry = self.entries[self.first].take()?;
        self.first = (self.first + 1) % N;
        self.length -= 1;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_leave_in_order_around_the_end_of_the_array() {
        let mut fifo = Fifo::<u8, 3>::new();
        for round in 0..10 {
            assert!(fifo.push(round) && fifo.push(round + 100));
            assert_eq!(
                (fifo.pop(), fifo.pop(), fifo.pop()),
                (Some(round), Some(round + 100), None)
            );
        }
    }

    #[test]
    fn a_full_queue_takes_no_more() {
        let mut fifo = Fifo::<u8, 2>::new();
        assert!(fifo.push(1) && fifo.push(2) && !fifo.push(3));
        assert_eq!((fifo.len(), fifo.pop(), fifo.pop(), fifo.pop()), (2, Some(1), Some(2), None));
    }
}
