//! The table of cases, and the negative controls.

mod removal;
mod s01_idle_handle;
mod s02_zoom;
mod s03_blocked_dequeue;
mod s04_poll;
mod s08_no_access;
mod s18_rounds;
mod s27_surprise;
mod s28_balance;
mod s32_controls;
mod s35_dma;
mod s39_hangs;
mod s51_events;

use crate::check::Verdict;
use crate::stage::Stage;

/// A case.
#[derive(Clone, Copy)]
pub struct Case {
    /// Name; begins with the scenario's id.
    pub name: &'static str,
    /// Manifest of its image, from the root of the project.
    pub manifest: &'static str,
    /// What it does.
    pub run: fn(&mut Stage) -> Verdict,
}

/// The image of most cases.
const PRODUCT: &str = "test/camera/app.toml";
/// The image whose ISP driver never answers `start`.
const SILENT: &str = "test/camera/variants/silent.toml";

/// An image with one promise broken, and the case that must notice.
#[derive(Clone, Copy, Debug)]
pub struct Negative {
    /// Name of the control; begins with the scenario's id.
    pub name: &'static str,
    /// Manifest, from the root of the project.
    pub manifest: &'static str,
    /// What is broken in the programs themselves, if anything is: `--cfg negative="..."`.
    pub broken: Option<&'static str>,
    /// The case that must fail.
    pub case: &'static str,
    /// Words that its failure must contain: it fails for the right reason.
    pub because: &'static str,
}

const fn case(name: &'static str, run: fn(&mut Stage) -> Verdict) -> Case {
    Case { name, manifest: PRODUCT, run }
}

/// All cases; the number of a case is its position.
pub const CASES: &[Case] = &[
    case("s01_idle_handles_keep_one_record_after_an_unplug", s01_idle_handle::unplugged),
    case("s01_idle_handles_keep_one_record_after_a_stop", s01_idle_handle::stopped),
    case("s03_blocked_dqbuf_ends_disconnected_in_time", s03_blocked_dequeue::unplugged),
    case("s03_buffers_come_back_at_quiet_and_not_before", s03_blocked_dequeue::draining),
    case("s04_polls_on_every_node_type_wake_in_time", s04_poll::every_node_type),
    case("s08_no_register_is_touched_after_a_stop", s08_no_access::stopped),
    case("s08_no_register_is_touched_after_an_unplug", s08_no_access::unplugged),
    case("s18_hundred_lives_leave_nothing_behind", s18_rounds::hundred),
    case("s27_surprise_removal_ends_every_pending_call", s27_surprise::unplugged),
    case("s27_registers_that_fault_end_the_life_inside_of_a_call", s27_surprise::faulting),
    case("s27_registers_that_read_all_ones_end_the_life", s27_surprise::all_ones),
    case("s28_each_buffer_comes_back_once_after_a_disconnect", s28_balance::disconnects),
    case("s28_each_buffer_comes_back_once_after_a_stream_off", s28_balance::stream_off),
    case("s35_nothing_is_written_or_given_out_before_quiet", s35_dma::killed_in_flight),
    case("s35_stray_dma_reaches_no_foreign_byte", s35_dma::stray),
    case("s39_a_spinning_driver_is_stalled", s39_hangs::spins),
    Case { manifest: SILENT, ..case("s39_a_silent_driver_is_stalled", s39_hangs::silent) },
    case("s39_a_driver_without_frames_is_not_stalled", s39_hangs::no_frames),
    case("s39_an_interrupt_storm_is_stalled", s39_hangs::storm),
    case("s04_a_poll_for_frame_sync_wakes_with_each_frame_and_with_the_end", s51_events::frames),
    case("s02_a_zoom_while_streaming_is_whole_in_each_frame", s02_zoom::whole),
    case("s02_a_zoom_when_the_module_goes_ends_once", s02_zoom::removed),
    case("s32_controls_end_with_their_drivers", s32_controls::ended),
    case("s32_brightness_and_exposure_reach_the_picture", s32_controls::seen),
    case("s51_a_full_event_queue_does_not_hide_the_disconnect", s51_events::full),
];

/// All negative controls.
pub const NEGATIVES: &[Negative] = &[
    Negative {
        name: "s04_negative_a_dropped_watch_is_noticed",
        manifest: PRODUCT,
        broken: Some("deaths"),
        case: "s04_polls_on_every_node_type_wake_in_time",
        because: "did not return",
    },
    Negative {
        name: "s08_negative_a_touch_after_death_is_noticed",
        manifest: "test/camera/negative/rogue.toml",
        broken: None,
        case: "s08_no_register_is_touched_after_a_stop",
        because: "accesses to the ISP after its death",
    },
    Negative {
        name: "s18_negative_a_generation_that_stays_is_noticed",
        manifest: PRODUCT,
        broken: Some("generations"),
        case: "s18_hundred_lives_leave_nothing_behind",
        because: "newer than",
    },
    Negative {
        name: "s35_negative_buffers_released_before_quiet_are_noticed",
        manifest: "test/camera/negative/unquiet.toml",
        broken: None,
        case: "s35_nothing_is_written_or_given_out_before_quiet",
        because: "after the buffers were given out",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The scenarios that this suite must cover.
    const SCENARIOS: [&str; 12] =
        ["s01", "s02", "s03", "s04", "s08", "s18", "s27", "s28", "s32", "s35", "s39", "s51"];

    #[test]
    fn every_scenario_has_a_case_and_every_case_a_scenario() {
        for scenario in SCENARIOS {
            assert!(CASES.iter().any(|case| case.name.starts_with(scenario)), "{scenario}");
        }
        for case in CASES {
            assert!(SCENARIOS.contains(&&case.name[..3]), "{}", case.name);
        }
    }

    #[test]
    fn names_are_unique_and_negative_controls_name_a_case() {
        let mut names: Vec<_> = CASES.iter().map(|case| case.name).collect();
        names.extend(NEGATIVES.iter().map(|negative| negative.name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for negative in NEGATIVES {
            assert!(CASES.iter().any(|case| case.name == negative.case), "{}", negative.name);
            assert!(!negative.because.is_empty());
        }
    }
}
