//! What a pipeline is told to do.
//!
//! ```text
//!     On ──park──► Parked ──go on──► On
//!      │  └──stop──► Stopping ◄──stop──┘
//!      └──CCDC hangs──► Crashed ──stop──► Stopping
//! ```

use crate::program::Blocks;

/// Longest wait for idle blocks at a stop or a park, in microseconds (Linux omap3isp: 1,000 ms per
/// block).
pub const STOP_LIMIT_US: u64 = 1_000_000;
/// Longest wait for the CCDC, in microseconds: it is the block that waits for the sensor, up to a whole frame
/// (Linux omap3isp: 2,000 ms, for a VD1 and the VD0 after it).
pub const CCDC_STOP_LIMIT_US: u64 = 2_000_000;

/// What a pipeline is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Frame after frame.
    On,
    /// No frame starts, and the hardware may lose its power: nothing of it is touched once it is
    /// idle, at the latest at this time, in microseconds since boot.
    Parked {
        /// End of the wait, for other blocks than the CCDC.
        by_us: u64,
    },
    /// Nothing more: a block of it has crashed, its buffers are back, and it takes none until it is told
    /// to stop, whatever becomes of the hardware meanwhile.
    Crashed,
    /// To end once the hardware is idle, at the latest at this time.
    Stopping {
        /// End of the wait, for other blocks than the CCDC.
        by_us: u64,
        /// It was parked or has crashed, and no block works for it.
        parked: bool,
    },
}

impl Run {
    /// To stop from now on.
    #[must_use]
    pub const fn stop(self, now_us: u64) -> Self {
        Self::Stopping { by_us: now_us.saturating_add(STOP_LIMIT_US), parked: self.is_parked() }
    }

    /// To pause from now on.
    #[must_use]
    pub const fn park(now_us: u64) -> Self {
        Self::Parked { by_us: now_us.saturating_add(STOP_LIMIT_US) }
    }

    /// The hardware has been, or is about to be, reset: nothing is in progress any more.
    #[must_use]
    pub const fn park_now(self) -> Self {
        match self {
            Self::On | Self::Parked { .. } => Self::Parked { by_us: 0 },
            Self::Crashed => Self::Crashed,
            Self::Stopping { by_us, .. } => Self::Stopping { by_us, parked: true },
        }
    }

    /// Whether frames start.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }

    /// Whether no frame starts because it is parked, or has crashed.
    #[must_use]
    pub const fn is_parked(self) -> bool {
        matches!(self, Self::Parked { .. } | Self::Crashed | Self::Stopping { parked: true, .. })
    }

    /// Whether a block of it has crashed, and it has not been told to stop since.
    #[must_use]
    pub const fn has_crashed(self) -> bool {
        matches!(self, Self::Crashed)
    }

    /// Whether it has been told to stop.
    #[must_use]
    pub const fn is_stopping(self) -> bool {
        matches!(self, Self::Stopping { .. })
    }

    /// Whether the blocks that are `busy` have had their time to become idle.
    #[must_use]
    pub const fn is_late(self, busy: Blocks, now_us: u64) -> bool {
        let more_us =
            if busy.overlap(Blocks::CCDC) { CCDC_STOP_LIMIT_US - STOP_LIMIT_US } else { 0 };
        match self {
            Self::On => false,
            // There is nothing to wait for.
            Self::Crashed => true,
            Self::Parked { by_us } | Self::Stopping { by_us, .. } => {
                now_us >= by_us.saturating_add(more_us)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_a_second_and_the_ccdc_has_two() {
        const BEGUN_US: u64 = 7_000;
        let both = Blocks::CCDC.and(Blocks::PREVIEW);
        for (busy, limit_us) in [
            (Blocks::PREVIEW, 1_000_000),
            (Blocks::STATISTICS, 1_000_000),
            (Blocks::NONE, 1_000_000),
            (Blocks::CCDC, 2_000_000),
            (both, 2_000_000),
        ] {
            for run in [Run::On.stop(BEGUN_US), Run::park(BEGUN_US)] {
                let late = |after_us| run.is_late(busy, BEGUN_US + after_us);
                let around = [limit_us - 1_000, limit_us - 1, limit_us, limit_us + 1];
                assert_eq!(around.map(late), [false, false, true, true], "{busy:?} {run:?}");
            }
            assert!(!Run::On.is_late(busy, u64::MAX), "nobody waits");
            assert!(Run::Crashed.is_late(busy, 0), "there is nothing to wait for");
            assert!(!Run::On.stop(u64::MAX).is_late(busy, u64::MAX - 1));
        }
    }

    #[test]
    fn what_has_crashed_stays_so_until_it_is_told_to_stop() {
        assert_eq!(Run::Crashed.park_now(), Run::Crashed);
        let stopping = Run::Crashed.stop(0);
        assert!(stopping.is_stopping() && stopping.is_parked() && !stopping.has_crashed());
        assert!(Run::Crashed.is_parked() && !Run::Crashed.is_on());
    }
}
