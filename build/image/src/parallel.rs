//! Runs independent jobs on all processors, keeping their order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `job(index)` for each index below `count`; the first error by index wins.
pub fn map<T, E>(count: usize, job: impl Fn(usize) -> Result<T, E> + Sync) -> Result<Vec<T>, E>
where
    T: Send,
    E: Send,
{
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = job(index);
                    results
                        .lock()
                        .expect("no job panics while it holds this")
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("all workers have ended");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_wins() {
        let squares = map(100, |n| Ok::<_, ()>(n * n)).expect("no error");
        assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(map(100, |n| if n % 7 == 3 { Err(n) } else { Ok(n) }), Err(3));
        assert_eq!(map(0, |_| Ok::<u8, ()>(0)), Ok(vec![]));
    }
}
