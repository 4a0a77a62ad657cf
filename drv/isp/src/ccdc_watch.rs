//! Whether the CCDC is done with a frame in time: one that is not will never be.
//!
//! ```text
//!   sensor   HS_VS ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ VD0 ▁▁ last line ▁▁▁▁▁▁▁▁▁▁▁▁▁▁ HS_VS ▁▁
//!   BUSY     █████████████████████████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████
//!   here       │◄──── picture ─────────►│◄──── limit ────►│ idle: well   │
//!                                                         │ busy: overdue│ crashed
//! ```
//!
//! VD0 comes two lines before the end of the picture, and BUSY clears at that end (TRM). What has not
//! become idle 1,000 us after VD0 has crashed (Linux omap3isp, which polls for so long in the interrupt).
//!
//! # Why
//! *A look and no polling.* The look comes with the timer, or with any interrupt after the limit; it may be
//! late by any time. BUSY that is set then is of the old frame or of the next one, and the next one tells:
//! its HS_VS has been handled, or is in the status.
//!
//! *The verdict waits for the next frame start.* A frame start that comes between the read and the
//! acknowledgement of the one before is lost, if the driver is kept from going on for so long. Then the
//! next event is the VD0 of that lost frame, and not another start. A sensor that stops in its last two
//! lines keeps the CCDC busy, too: then no start comes, and the sensor is what is missing. Until the
//! verdict the look is repeated: a CCDC that becomes idle is well.
//!
//! *Two lines can take longer than 1,000 us*: from 500 us per line on. A line of the MT9P031 has at least
//! 3,492 pixel clocks for the whole width, and up to 10,784 with the longest blanking, so it gets there with
//! a clock below 7 MHz, or below 22 MHz. The sensor's line time is not told to the ISP, so it is measured:
//! the picture up to VD0, by its lines. A frame start that is handled late makes it too short, so the longer
//! of the last two counts, twice over: [`LINES`]. Before the second picture nothing is looked for.
//!
//! *What is not found.* If the vertical blanking is shorter than the limit and the kernel's tick after it,
//! the next frame start comes before the look, each time; then a stop finds it, and until then a raw frame, which
//! has no event of its own, may be called good that nobody has written. The 26 blank lines of the shortest frames
//! are so short from about 48 MHz on; a longer frame interval is watched. A start and a VD0 that are handled in one
//! go tell nothing either.
//!
//! *Why a short blanking is not watched by other means.* None of them tells a hung CCDC from one that works:
//! * HS_VS, VD1 and VD0 are of the sensor's lines, and come whether the CCDC works or not (TRM: with syncs from
//!   outside, even while it is disabled).
//! * BUSY at a start or a VD0, however many in a row, is that of the frame in progress. Looks 1,000 us after VD0 keep
//!   their place in the frame, so that all of them see it.
//! * A frame that preview engine or resizer do not end is also what one of those that hangs shows, and they
//!   are not judged in the stream; a raw frame has no such event.
//! * A look within a shorter limit, four lines after VD0 (0.15 ms at 96 MHz), would condemn a CCDC whose last
//!   writes wait for memory. The only number that there is for those is the 1,000 us of omap3isp.
//! * A CCDC that is let run out for a frame does tell, and that is what a stop does. To try it now and then costs
//!   healthy streams that frame each time.

use drv_isp_regs::main_block::{IRQ0STATUS, irq};

use crate::program::Blocks;
use crate::registers::Registers;

/// Least time from VD0 to an idle CCDC, in microseconds (Linux omap3isp).
pub const IDLE_LIMIT_US: u64 = 1_000;
/// Least number of lines from VD0 to an idle CCDC: the two that are left of the picture, twice over.
pub const LINES: u64 = 4;

/// What is known of the end of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing.
    Unknown,
    /// It comes by then.
    Expected { look_at_us: u64 },
    /// It has not come in time.
    Overdue { look_at_us: u64 },
}

/// The frames of a CCDC, as far as its end needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcdcWatch {
    /// Lines of a picture.
    lines: u64,
    /// The last frame start, before its VD0; `None` if it is not known.
    started_us: Option<u64>,
    /// The last two times from a frame start to VD0; 0 = not known.
    pictures_us: [u64; 2],
    end: End,
}

impl CcdcWatch {
    /// Of pictures with so many lines, none of which has been seen.
    #[must_use]
    pub const fn new(lines: u16) -> Self {
        Self { lines: lines as u64, started_us: None, pictures_us: [0; 2], end: End::Unknown }
    }

    /// When to look; `None` = nothing is expected.
    #[must_use]
    pub const fn look_at_us(&self) -> Option<u64> {
        match self.end {
            End::Unknown => None,
            End::Expected { look_at_us } | End::Overdue { look_at_us } => Some(look_at_us),
        }
    }

    /// Takes the events of IRQ0STATUS, and looks if it is time. Whether the CCDC has crashed.
    pub fn has_crashed(
        &mut self,
        events: u32,
        now_us: u64,
        registers: &mut impl Registers,
    ) -> bool {
        let (started, near_end) = (irq::HS_VS.is_set(events), irq::CCDC_VD0.is_set(events));
        if started {
            // With a VD0, nobody knows which of the two came first.
            self.started_us = (!near_end).then_some(now_us);
            let end = core::mem::replace(&mut self.end, End::Unknown);
            return matches!(end, End::Overdue { .. }) && !near_end;
        }
        if near_end {
            self.end = self.expect_end(now_us);
        }
        if self.look_at_us().is_some_and(|look_at_us| now_us >= look_at_us) {
            self.end = self.look(now_us, registers);
        }
        false
    }

    fn expect_end(&mut self, now_us: u64) -> End {
        let Some(started_us) = self.started_us.take() else { return End::Unknown };
        self.pictures_us = [self.pictures_us[1], now_us.saturating_sub(started_us)];
        let [first_us, second_us] = self.pictures_us;
        if first_us == 0 {
            return End::Unknown;
        }
        let lines_us = first_us.max(second_us).saturating_mul(LINES) / self.lines.max(1);
        End::Expected { look_at_us: now_us.saturating_add(IDLE_LIMIT_US.max(lines_us)) }
    }

    fn look(&self, now_us: u64, registers: &mut impl Registers) -> End {
        let again = End::Overdue { look_at_us: now_us.saturating_add(IDLE_LIMIT_US) };
        // In this order: a frame that starts between the two reads shows in the second.
        if Blocks::CCDC.busy(registers) == Blocks::NONE {
            return End::Unknown;
        }
        let started = irq::HS_VS.is_set(registers.read(&IRQ0STATUS));
        match self.end {
            End::Overdue { .. } => again,
            _ if started => End::Unknown,
            _ => again,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::Write;
    use drv_isp_regs::ccdc;

    const HS_VS: u32 = irq::HS_VS.mask();
    const VD0: u32 = irq::CCDC_VD0.mask();
    /// The sensor's default mode at 28.8 MHz: 486 lines of 124 us, and 26 of blanking.
    const LINE_COUNT: u16 = 486;
    const LINE_US: u64 = 124;
    const FRAME_US: u64 = 512 * LINE_US;

    /// A CCDC that is busy or not, and what is in the status by then.
    struct Ccdc {
        busy: bool,
        status: u32,
        reads: u32,
    }

    impl Registers for Ccdc {
        fn read_at(&mut self, offset: usize) -> u32 {
            self.reads += 1;
            if offset == IRQ0STATUS.offset() {
                self.status
            } else {
                assert_eq!(offset, ccdc::PCR.offset());
                ccdc::pcr::BUSY.of(self.busy.into())
            }
        }
        fn write_at(&mut self, _: Write) {
            panic!("it only looks");
        }
    }

    const HUNG: Ccdc = Ccdc { busy: true, status: 0, reads: 0 };

    /// Frame `number` of lines that take `line_us`, handled in time, up to VD0. When that was.
    fn picture(watch: &mut CcdcWatch, number: u64, line_us: u64) -> u64 {
        let start_us = 512 * line_us * number;
        let vd0_us = start_us + (u64::from(LINE_COUNT) - 1) * line_us;
        let mut healthy = Ccdc { busy: true, status: 0, reads: 0 };
        assert!(!watch.has_crashed(HS_VS, start_us, &mut healthy));
        assert!(!watch.has_crashed(VD0, vd0_us, &mut healthy));
        assert_eq!(healthy.reads, 0, "nothing is read before it is time");
        vd0_us
    }

    /// A watch after VD0 of the third frame, and when that was.
    fn watching(line_us: u64) -> (CcdcWatch, u64) {
        let mut watch = CcdcWatch::new(LINE_COUNT);
        let mut vd0_us = 0;
        for number in 0..3 {
            vd0_us = picture(&mut watch, number, line_us);
        }
        (watch, vd0_us)
    }

    /// The look comes so long after VD0, and the next frame starts in time.
    fn crashes(watch: &mut CcdcWatch, look_us: u64, ccdc: &mut Ccdc) -> bool {
        assert!(!watch.has_crashed(0, look_us, ccdc), "not before the next frame start");
        watch.has_crashed(HS_VS, look_us + 10 * LINE_US, ccdc)
    }

    #[test]
    fn a_ccdc_that_is_busy_a_millisecond_after_vd0_has_crashed() {
        for (late_us, crashed) in [(999, false), (1_000, true), (1_001, true), (1_900, true)] {
            let (mut watch, vd0_us) = watching(LINE_US);
            assert_eq!(watch.look_at_us(), Some(vd0_us + IDLE_LIMIT_US));
            assert_eq!(crashes(&mut watch, vd0_us + late_us, &mut { HUNG }), crashed, "{late_us}");
            assert_eq!(watch.look_at_us(), None, "{late_us}");
        }
    }

    #[test]
    fn a_ccdc_that_is_idle_by_then_or_later_is_well() {
        let (mut watch, vd0_us) = watching(LINE_US);
        let mut idle = Ccdc { busy: false, ..HUNG };
        assert!(!crashes(&mut watch, vd0_us + 1_000, &mut idle));
        // The sensor's clock stood still in the last two lines.
        let (mut watch, vd0_us) = watching(LINE_US);
        for looks in 1..50 {
            assert_eq!(watch.look_at_us(), Some(vd0_us + looks * IDLE_LIMIT_US));
            assert!(!watch.has_crashed(0, vd0_us + looks * IDLE_LIMIT_US, &mut { HUNG }));
        }
        assert!(!crashes(&mut watch, vd0_us + 50_000, &mut idle));
    }

    #[test]
    fn a_frame_start_that_was_handled_or_is_pending_explains_busy() {
        let (mut watch, vd0_us) = watching(LINE_US);
        assert!(!watch.has_crashed(HS_VS, vd0_us + 900, &mut { HUNG }), "a short blanking");
        assert_eq!(watch.look_at_us(), None);
        let (mut watch, vd0_us) = watching(LINE_US);
        assert!(!watch.has_crashed(HS_VS, vd0_us + 50_000, &mut { HUNG }), "very late");
        let (mut watch, vd0_us) = watching(LINE_US);
        let mut started = Ccdc { status: HS_VS, ..HUNG };
        assert!(!crashes(&mut watch, vd0_us + 3_300, &mut started), "between two reads");
    }

    /// The next frame start comes between two looks; the first of them has seen enough.
    #[test]
    fn a_frame_start_after_the_first_look_is_the_verdict() {
        let (mut watch, vd0_us) = watching(LINE_US);
        assert!(!watch.has_crashed(0, vd0_us + 1_000, &mut { HUNG }));
        let mut started = Ccdc { status: HS_VS, ..HUNG };
        assert!(!watch.has_crashed(0, vd0_us + 2_000, &mut started));
        assert!(watch.has_crashed(HS_VS, vd0_us + 2_000, &mut { HUNG }));
    }

    /// The driver was kept between the read of the status and its acknowledgement for most of a frame: the
    /// frame start that came meanwhile is lost, and BUSY is that of its frame.
    #[test]
    fn a_lost_frame_start_is_no_crash() {
        let (mut watch, vd0_us) = watching(LINE_US);
        assert!(!watch.has_crashed(0, vd0_us + 1_000, &mut { HUNG }));
        assert!(!watch.has_crashed(VD0, vd0_us + FRAME_US, &mut { HUNG }));
        assert_eq!(watch.look_at_us(), None);
        assert!(!watch.has_crashed(HS_VS, vd0_us + FRAME_US + 3_300, &mut { HUNG }));
        let (mut watch, vd0_us) = watching(LINE_US);
        assert!(!watch.has_crashed(0, vd0_us + 1_000, &mut { HUNG }));
        assert!(!watch.has_crashed(HS_VS | VD0, vd0_us + FRAME_US + 3_300, &mut { HUNG }));
    }

    #[test]
    fn a_start_and_an_end_in_one_go_say_nothing() {
        let (mut watch, vd0_us) = watching(LINE_US);
        // The driver was away for most of a frame.
        let next_us = vd0_us + FRAME_US;
        assert!(!watch.has_crashed(HS_VS | VD0, next_us, &mut { HUNG }));
        assert!(!watch.has_crashed(0, next_us + 2_000, &mut { HUNG }));
        // A VD0 without a start that was seen says nothing either.
        assert!(!watch.has_crashed(VD0, next_us + 3_000, &mut { HUNG }));
        assert_eq!(watch.look_at_us(), None);
        let vd0_us = picture(&mut watch, 9, LINE_US);
        assert!(crashes(&mut watch, vd0_us + 1_000, &mut { HUNG }), "the frame after that does");
    }

    #[test]
    fn events_that_are_none_of_its_own_change_nothing() {
        let (mut watch, vd0_us) = watching(LINE_US);
        let others = !(HS_VS | VD0);
        assert!(!watch.has_crashed(others, vd0_us + 999, &mut { HUNG }));
        assert!(!watch.has_crashed(others, vd0_us + 1_000, &mut { HUNG }));
        assert!(watch.has_crashed(others & !VD0 | HS_VS, vd0_us + 1_100, &mut { HUNG }));
    }

    #[test]
    fn two_pictures_are_measured_before_anything_is_looked_for() {
        let mut watch = CcdcWatch::new(LINE_COUNT);
        let vd0_us = picture(&mut watch, 0, LINE_US);
        assert_eq!(watch.look_at_us(), None);
        assert!(!crashes(&mut { watch }, vd0_us + 2_000, &mut { HUNG }));
        picture(&mut watch, 1, LINE_US);
        assert!(watch.look_at_us().is_some());
    }

    /// A line of 3 ms: BUSY falls up to two lines after VD0, far behind 1,000 us.
    #[test]
    fn a_slow_sensor_is_given_its_lines() {
        for line_us in [250, 251, 500, 1_000, 3_000] {
            let (mut watch, vd0_us) = watching(line_us);
            let by_us = watch.look_at_us().expect("it is watched");
            let limit_us = by_us - vd0_us;
            assert!(limit_us >= 1_000 && limit_us >= 2 * line_us, "{line_us}: {limit_us}");
            assert!(limit_us <= 1_000.max(4 * line_us), "{line_us}: {limit_us}");
            assert!(!crashes(&mut { watch }, by_us - 1, &mut { HUNG }), "{line_us}");
            assert!(crashes(&mut watch, by_us, &mut { HUNG }), "{line_us}");
        }
    }

    /// The frame start is handled late, by nearly the whole picture: one picture seems short.
    #[test]
    fn a_frame_start_that_is_handled_late_does_not_shorten_the_limit() {
        let line_us = 1_000;
        let (mut watch, _) = watching(line_us);
        let start_us = 3 * 512 * line_us;
        let vd0_us = start_us + 485 * line_us;
        assert!(!watch.has_crashed(HS_VS, vd0_us - line_us, &mut { HUNG }));
        assert!(!watch.has_crashed(VD0, vd0_us, &mut { HUNG }));
        assert!(!crashes(&mut { watch }, vd0_us + 2 * line_us, &mut { HUNG }));
        assert!(crashes(&mut watch, vd0_us + 4 * line_us, &mut { HUNG }));
    }

    #[test]
    fn the_end_of_time_is_no_deadline() {
        let mut watch = CcdcWatch::new(0);
        for _ in 0..2 {
            watch.has_crashed(HS_VS, 0, &mut { HUNG });
            watch.has_crashed(VD0, u64::MAX / 2, &mut { HUNG });
        }
        assert_eq!(watch.look_at_us(), Some(u64::MAX));
    }
}
