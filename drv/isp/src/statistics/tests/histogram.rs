//! The memory of the histogram: cleared, counted into, read.

use super::*;

fn counting() -> Bench {
    let mut bench = Bench::new();
    bench.model.borrow_mut().counts = vec![77; 1024];
    bench.configure(HISTOGRAM.into());
    bench.enable(StatisticsEngine::Histogram, true).expect("it is configured");
    bench.engines.stream_started(Path::Preview);
    (0..2).for_each(|buffer| bench.queue(StatisticsEngine::Histogram, buffer));
    bench
}

/// Lets the memory be cleared.
fn clear(bench: &mut Bench) {
    for _ in 0..4 {
        assert!(bench.engines.need_time());
        bench.with(|engines, outside| engines.tick(outside));
    }
    assert!(!bench.engines.need_time());
}

fn read(bench: &mut Bench, first: u16, count: usize) -> Result<Vec<u32>, IspError> {
    let mut counts = vec![0; count];
    bench.with(|engines, outside| engines.counts((NODE, first), &mut counts, outside))?;
    Ok(counts)
}

#[test]
fn the_histogram_is_cleared_then_counts_and_waits_until_it_is_read() {
    let mut bench = counting();
    clear(&mut bench);
    bench.frame();
    let filled = bench.next(StatisticsEngine::Histogram);
    assert!(matches!(filled, NextStatistics::Filled { buffer: BufferIndex(0), .. }), "{filled:?}");
    // Nobody reads: no further frame is added to the counts.
    (0..3).for_each(|_| bench.frame());
    assert_eq!(bench.next(StatisticsEngine::Histogram), NextStatistics::Empty);
    let wrong = Err(IspError::NotStreaming);
    assert_eq!(read(&mut bench, 128, 128), wrong, "in order");
    assert_eq!(read(&mut bench, 0, 0), wrong, "something");
    assert_eq!(read(&mut bench, 0, 513), wrong, "no more than there is");
    for first in [0, 128, 256, 384] {
        assert_eq!(read(&mut bench, first, 128), Ok(vec![1; 128]));
    }
    assert_eq!(read(&mut bench, 0, 128), wrong, "read and cleared");
    bench.frame();
    let filled = bench.next(StatisticsEngine::Histogram);
    let NextStatistics::Filled { statistics, .. } = filled else { panic!("{filled:?}") };
    assert_eq!((statistics.frame_number, statistics.bytes), (4, 2048));
    assert_eq!(read(&mut bench, 0, 128), Ok(vec![5; 128]));
    bench.is_sound();
}

#[test]
fn counts_that_nobody_reads_are_cleared_before_the_next_use() {
    let mut bench = counting();
    clear(&mut bench);
    bench.frame();
    read(&mut bench, 0, 128).expect("the first piece");
    bench.enable(StatisticsEngine::Histogram, false).expect("disabling is never refused");
    while bench.next(StatisticsEngine::Histogram) != NextStatistics::Off {}
    bench.enable(StatisticsEngine::Histogram, true).expect("it is configured");
    bench.queue(StatisticsEngine::Histogram, 0);
    clear(&mut bench);
    bench.frame();
    assert_eq!(read(&mut bench, 0, 512), Ok(vec![2; 512]));
    bench.is_sound();
}
