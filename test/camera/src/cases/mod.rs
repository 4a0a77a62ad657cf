//! The table of cases, and the negative controls.

mod hw_frames;
mod hw_interrupts;
mod hw_late;
mod hw_lies;
mod hw_log;
mod hw_serial;
mod hw_serial_errors;
mod hw_serial_trouble;
mod hw_storms;
mod hw_widths;
mod hw_ycbcr;
mod measuring;
mod memory;
mod removal;
mod s01_idle_handle;
mod s02_zoom;
mod s03_blocked_dequeue;
mod s04_poll;
mod s05_close_after_removal;
mod s07_dead_client;
mod s08_no_access;
mod s09_orderly;
mod s10_queued;
mod s11_stream_on_race;
mod s12_open_race;
mod s13_frame_memory;
mod s14_leaving;
mod s15_sensor_leaves;
mod s18_rounds;
mod s19_twice;
mod s20_topology_race;
mod s22_statistics;
mod s23_dependencies;
mod s24_statistics;
mod s25_hangs;
mod s25_wedged;
mod s25_wedged_job;
mod s27_surprise;
mod s28_balance;
mod s30_delegates;
mod s32_auto;
mod s32_configured;
mod s32_controls;
mod s32_corrected;
mod s32_enumerated;
mod s32_interval;
mod s32_rate;
mod s32_restart;
mod s35_after_stop;
mod s35_dma;
mod s36_quiesce_fails;
mod s37_byte_order;
mod s37_developed;
mod s37_memory;
mod s37_mosaics;
mod s37_received;
mod s38_shared;
mod s39_hangs;
mod s40_probe;
mod s48_holder;
mod s48_readers;
mod s51_events;
mod s53_gating;

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

/// The image whose camera domain is switched off while nobody streams.
const IDLE: &str = "test/camera/variants/idle.toml";

/// The image whose sensor is as fast as it can be.
const FAST: &str = "test/camera/variants/fast.toml";

/// The images with eight more clients that wait, with one handle each, or with eight.
const CROWD: &str = "test/camera/variants/crowd.toml";
const CROWD_64: &str = "test/camera/variants/crowd64.toml";

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
    case("s35_an_engine_that_goes_on_after_a_stop_is_refused", s35_after_stop::engines),
    case("s39_a_spinning_driver_is_stalled", s39_hangs::spins),
    case("s39_a_silent_driver_is_stalled", s39_hangs::silent),
    case("s39_a_driver_without_frames_is_not_stalled", s39_hangs::no_frames),
    case("s39_an_interrupt_storm_is_stalled", s39_hangs::storm),
    case("s04_a_poll_for_frame_sync_wakes_with_each_frame_and_with_the_end", s51_events::frames),
    case("s02_a_zoom_while_streaming_is_whole_in_each_frame", s02_zoom::whole),
    case("s02_a_zoom_when_the_module_goes_ends_once", s02_zoom::removed),
    case("s32_controls_end_with_their_drivers", s32_controls::ended),
    case("s32_brightness_and_exposure_reach_the_picture", s32_controls::seen),
    case("s51_a_full_event_queue_does_not_hide_the_disconnect", s51_events::full),
    case("s52_a_sensor_killed_in_a_transfer_comes_back", s25_wedged::transfer),
    case("s05_close_after_both_are_removed_is_ok", s05_close_after_removal::closed),
    case(
        "s06_stream_off_after_both_are_removed_is_disconnected",
        s05_close_after_removal::stream_off,
    ),
    case("s07_a_client_that_dies_with_stale_handles_makes_no_fault", s07_dead_client::killed),
    case("s09_an_orderly_removal_keeps_its_order", s09_orderly::streaming),
    case("s09_an_orderly_removal_wakes_who_waits", s09_orderly::blocked),
    case("s10_four_queued_buffers_are_accounted_for", s10_queued::four),
    case("s11_stream_on_races_removal", s11_stream_on_race::races),
    case("s12_opens_race_removals", s12_open_race::churn),
    case("s13_a_held_frame_keeps_its_pixels", s13_frame_memory::kept),
    case("s14_members_leave_in_any_order", s14_leaving::any_order),
    case("s15_a_sensor_that_leaves_alone_takes_only_its_own", s15_sensor_leaves::alone),
    case("s16_a_sensor_that_joins_again_has_a_new_id", s15_sensor_leaves::rejoins),
    case("s19_removed_twice_ends_the_same", s19_twice::twice),
    case("s17_a_sensor_outlives_the_isp_that_clocks_it", s25_wedged::clock),
    case("s20_s21_links_and_readings_race_removals", s20_topology_race::churn),
    case("s23_the_graph_dies_and_is_rebuilt", s23_dependencies::graph),
    case("s24_another_node_dies_and_the_stream_goes_on", s23_dependencies::other_node),
    case("s24_the_streaming_node_dies_and_the_engine_stops", s23_dependencies::own_node),
    case("s25_a_wedged_block_stops_in_bounded_time", s25_wedged::stopped),
    case("s25_a_ccdc_that_hangs_ends_its_stream_until_it_is_stopped", s25_hangs::streaming),
    case("s25_a_ccdc_that_hangs_does_not_end_what_runs_beside_it", s25_hangs::beside),
    case("s25_a_ccdc_that_hangs_at_a_stop_is_given_two_seconds", s25_hangs::stopping),
    case("s25_a_ccdc_that_hangs_after_a_job_settles_it_as_a_unit", s25_hangs::job),
    case("s25_a_block_that_hangs_behind_the_ccdc_is_found_by_the_stop", s25_hangs::behind),
    case("s26_a_wedged_block_is_removed_in_bounded_time", s25_wedged::removed),
    case("s29_interrupts_after_removal_are_dropped", s40_probe::late_interrupts),
    case("s30_both_holders_of_a_stream_are_told", s30_delegates::both),
    case("s31_a_hundred_handles_end_and_close", s30_delegates::hundred),
    Case {
        name: "s31_eight_waiting_clients_are_told_in_time",
        manifest: CROWD,
        run: s30_delegates::eight,
    },
    Case {
        name: "s31_sixty_four_handles_are_told_in_time",
        manifest: CROWD_64,
        run: s30_delegates::sixty_four,
    },
    case("s34_without_users_everything_is_free_at_once", s30_delegates::no_user),
    case("s36_power_dies_while_it_makes_quiet_and_stays_down", s36_quiesce_fails::helper),
    case("s36_hardware_that_cannot_be_reset_is_given_up", s36_quiesce_fails::given_up),
    case("s40_death_during_probe_leaves_nothing", s40_probe::dies),
    case("s41_two_deaths_in_a_row_are_told_once_each", s19_twice::in_a_row),
    case("s42_interrupts_of_an_old_life_mean_nothing", s40_probe::old_interrupts),
    case("s43_a_delegate_outlives_its_delegator", s30_delegates::delegator_first),
    case("s43_a_handle_cannot_be_passed_to_nobody", s30_delegates::nobody),
    case("s44_a_bouncing_contact_is_one_new_life", s40_probe::bounces),
    case("s45_power_dies_and_all_come_back_in_order", s23_dependencies::power),
    case("s46_the_ledger_dies_and_counts_are_exact", s23_dependencies::ledger),
    case("s04_polls_on_every_statistics_node_wake_in_time", s04_poll::every_statistics_node),
    case("s22_a_client_that_waits_for_statistics_is_told_of_the_end", s22_statistics::removed),
    case("s22_aewb_of_a_test_pattern_is_exact", s22_statistics::aewb_exact),
    case("s22_auto_focus_of_a_test_pattern_is_exact", s22_statistics::af_exact),
    case("s22_the_histogram_of_a_test_pattern_is_exact", s22_statistics::histogram_exact),
    case("s22_statistics_are_refused_as_omap3isp_does", s22_statistics::refusals),
    case("s51_a_full_statistics_queue_does_not_hide_the_disconnect", s22_statistics::full),
    case("s32_the_test_pattern_is_a_menu_with_names", s32_controls::menu),
    case("s32_flips_mirror_the_picture", s32_controls::flips),
    case("s32_what_the_nodes_enumerate_is_what_they_take", s32_enumerated::everywhere),
    case("s32_the_sensor_s_frames_are_as_long_as_their_interval", s32_interval::stretched),
    case("s32_a_long_exposure_makes_frames_longer_and_is_no_stall", s32_interval::exposed),
    case("s32_a_stop_in_a_long_exposure_leaves_nothing_to_the_next_stream", s32_restart::stopped),
    Case {
        name: "s32_a_sensor_too_fast_for_the_parallel_port_streams_on_the_serial_line",
        manifest: FAST,
        run: s32_rate::fast,
    },
    case("s32_time_stamps_say_what_the_driver_says_of_its_interval", s32_interval::measured),
    case(
        "s32_a_configuration_is_in_the_next_frame_and_not_in_the_one_under_way",
        s32_configured::between_frames,
    ),
    case(
        "s32_a_configuration_is_whole_in_each_frame_whenever_it_comes",
        s32_configured::at_any_time,
    ),
    case("s32_a_configuration_is_in_the_first_frame_of_a_stream", s32_configured::before_a_stream),
    case("s32_a_bad_configuration_is_refused_and_not_seen", s32_configured::refusals),
    case("s32_a_client_that_dies_in_a_configuration_is_not_seen", s32_configured::client_dies),
    case("s32_a_configuration_ends_with_its_driver_and_not_with_a_node", s32_configured::lives),
    case("s32_corrections_of_the_ccdc_are_in_every_frame_bit_for_bit", s32_corrected::exact),
    case(
        "s32_corrections_that_may_change_in_a_stream_do_and_others_are_busy",
        s32_corrected::streaming,
    ),
    case("s32_corrections_that_are_refused_are_not_seen", s32_corrected::refusals),
    case("s32_corrections_with_a_short_table_mark_their_frames", s32_corrected::short_table),
    case("s32_corrections_tables_come_back_when_a_life_ends", s32_corrected::lives),
    case("s32_corrections_without_the_ledger_go_on_without_tables", s32_corrected::ledger),
    case("s32_auto_exposure_converges_from_three_stops_dark", s32_auto::dark),
    case("s32_auto_exposure_converges_from_three_stops_bright", s32_auto::bright),
    case("s32_auto_white_balance_converges_under_tungsten", s32_auto::tungsten),
    case("s32_auto_both_converge_under_dark_tungsten", s32_auto::dark_tungsten),
    case("s32_auto_both_converge_under_bright_tungsten", s32_auto::bright_tungsten),
    case("s22_an_overflow_costs_two_measurements_and_no_picture", s22_statistics::overflow),
    case("s24_a_statistics_node_dies_and_its_next_life_measures", s24_statistics::node),
    case("s25_a_wedged_statistics_engine_stops_in_bounded_time", s24_statistics::wedged),
    case("s46_the_ledger_dies_and_statistics_come_back", s24_statistics::ledger),
    case("s37_a_resize_from_memory_is_within_a_code_of_its_reference", s37_memory::resized),
    case(
        "s37_a_raw_frame_from_memory_is_developed_as_the_live_one",
        s37_developed::live_and_from_memory,
    ),
    case("s37_eight_bits_are_developed_as_the_upper_ones_of_ten", s37_developed::eight_bits),
    case("s37_every_order_of_a_mosaic_is_developed_to_the_same_colours", s37_mosaics::every_order),
    case("s37_grey_frames_are_developed_without_colour", s37_mosaics::grey),
    case("s37_the_bytes_of_a_picture_stand_in_the_order_of_its_format", s37_byte_order::preview),
    case("s37_the_client_library_scales_as_a_client_does_by_hand", s37_memory::library),
    case("s37_a_raw_frame_comes_through_the_receiver_as_it_is", s37_received::raw),
    case("s37_a_compressed_frame_is_decompressed_bit_for_bit", s37_received::compressed),
    case("s37_a_received_raw_frame_is_developed_as_the_live_one", s37_received::developed),
    case("s37_a_received_job_settles_as_a_unit_when_the_isp_dies", s37_received::isp_dies),
    case("s37_a_job_settles_as_a_unit_when_the_isp_dies", s37_memory::isp_dies),
    case("s37_a_job_settles_as_a_unit_when_the_input_node_dies", s37_memory::input_node_dies),
    case("s37_a_job_settles_as_a_unit_when_the_output_node_dies", s37_memory::output_node_dies),
    case("hw_a_job_that_writes_astray_is_marked_and_the_next_is_right", s37_memory::astray),
    case("s37_jobs_from_memory_keep_to_the_frame_interval_of_their_client", s37_memory::paced),
    case("s15_jobs_from_memory_go_on_without_the_sensor", s37_memory::sensor_leaves),
    case("s25_a_wedged_job_is_stopped_and_the_sensor_s_stream_goes_on", s25_wedged_job::wedged),
    case("s38_an_imported_frame_needs_no_copy", s38_shared::imported),
    case("s38_an_importer_that_dies_leaves_the_frame_to_its_client", s38_shared::importer_dies),
    case("s38_an_exporter_that_dies_does_not_stop_the_reading", s38_shared::exporter_dies),
    case("s48_a_holder_is_named_and_nothing_is_taken_from_it", s48_holder::held),
    case("s48_readers_see_the_frames_of_the_client", s48_readers::seen),
    case("s48_a_reader_that_never_lets_go_is_named_and_its_end_frees", s48_readers::never_lets_go),
    case("s48_readers_of_what_is_removed_are_told_and_keep_their_frames", s48_readers::removed),
    case("s49_stale_handles_fill_a_table_until_their_client_dies", s07_dead_client::full),
    case("hw_lost_late_and_doubled_interrupts_damage_no_frame", hw_interrupts::of_the_isp),
    case("hw_interrupts_of_the_bus_gone_wrong_end_no_life", hw_interrupts::of_the_bus),
    case("hw_late_interrupts_cost_frames_and_not_the_rate", hw_late::interrupts),
    case("hw_a_storm_of_the_power_domain_ends_and_the_camera_returns", hw_storms::power),
    case("hw_a_storm_of_the_control_bus_ends_and_the_camera_returns", hw_storms::bus),
    case("hw_a_storm_of_the_firewall_ends_and_the_camera_returns", hw_storms::ledger),
    case("hw_a_storm_of_the_host_link_leaves_the_camera_at_work", hw_storms::host),
    case("hw_interrupts_of_the_firewall_gone_wrong_let_nothing_through", hw_storms::edges),
    case("hw_dma_that_goes_wrong_reaches_no_foreign_byte", hw_frames::dma),
    case("hw_damaged_frames_are_marked_and_the_others_are_right", hw_frames::frames),
    case("hw_a_lost_sensor_clock_costs_frames_and_no_life", hw_frames::clock),
    case("hw_reads_that_lie_end_in_a_life_that_reads_right", hw_lies::reads),
    case("hw_each_access_that_reached_no_register_is_in_the_log", hw_log::verdicts),
    case("hw_a_lost_presence_edge_is_found_at_the_next_access", hw_lies::presence),
    case("hw_lost_presence_edges_are_found_with_nobody_streaming", hw_lies::presence_at_rest),
    case("hw_a_control_bus_that_fails_costs_retries_or_one_life", hw_lies::bus),
    case("hw_serial_frames_are_the_sensors_bit_by_bit", hw_serial::frames),
    case("hw_serial_formats_are_packed_and_compressed_as_defined", hw_serial::formats),
    case("hw_serial_frames_are_the_parallel_ones_to_the_ccdc", hw_serial::through_the_ccdc),
    case(
        "hw_serial_damage_is_marked_and_the_frames_behind_it_are_right",
        hw_serial_trouble::damaged,
    ),
    case(
        "hw_serial_frame_cut_by_an_unplug_ends_disconnected_in_time",
        hw_serial_trouble::unplugged,
    ),
    case("hw_errors_on_the_serial_line_mark_their_frames_and_no_others", hw_serial_errors::errors),
    case("hw_serial_receiver_that_does_not_stop_is_reset", hw_serial_trouble::wedged),
    case(
        "hw_serial_frame_cut_at_the_ccdc_ends_disconnected_in_time",
        hw_serial_trouble::unplugged_at_the_ccdc,
    ),
    case("hw_serial_interrupts_gone_wrong_tear_no_frame", hw_serial_trouble::interrupts),
    case("hw_serial_stream_goes_on_after_a_suspend", hw_serial_trouble::suspended),
    case("hw_serial_and_parallel_streams_exclude_each_other", hw_serial::exclusive),
    case("hw_raw_frames_have_the_converters_upper_bits", hw_widths::parallel_port),
    case("hw_serial_frames_have_twelve_bits_too", hw_widths::serial_line),
    case("hw_raw_formats_that_do_not_fit_are_refused", hw_widths::misfits),
    case("hw_ycbcr_of_the_sensor_is_in_memory_bit_by_bit", hw_ycbcr::frames),
    case("hw_ycbcr_of_the_sensor_is_scaled_as_from_memory", hw_ycbcr::scaled),
    case("hw_ycbcr_frame_cut_by_an_unplug_ends_disconnected_in_time", hw_ycbcr::unplugged),
    case("hw_ycbcr_and_raw_links_that_do_not_fit_are_refused", hw_ycbcr::refused),
    case("hw_another_part_at_the_sensors_address_never_serves", hw_lies::part),
    case("s53_corrections_and_their_tables_outlast_a_suspend", s32_corrected::suspended),
    case("s53_a_suspend_keeps_idle_handles_and_lives", s53_gating::idle_handles),
    case("s53_a_suspended_stream_goes_on_after_the_resume", s53_gating::running_stream),
    case("s53_streams_start_and_stop_while_suspended", s53_gating::while_suspended),
    case("s53_a_removal_while_suspended_is_a_disconnect", s53_gating::removal),
    case("s53_a_sensor_that_dies_while_suspended_serves_again", s53_gating::sensor_dies),
    case("s53_a_wedged_block_does_not_hold_a_suspend_up", s53_gating::wedged),
    Case {
        manifest: IDLE,
        ..case("s53_an_idle_camera_is_gated_and_no_life_ends", s53_gating::gated)
    },
];

/// All negative controls.
pub const NEGATIVES: &[Negative] = &[
    Negative {
        name: "s04_negative_a_dropped_watch_is_noticed",
        manifest: "test/camera/negative/unwatched.toml",
        broken: None,
        case: "s04_polls_on_every_node_type_wake_in_time",
        because: "poll on media0: woke with",
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
        because: "the id of an ended life reached",
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

    /// The scenarios that this suite must cover; `hw_` = the kinds of misbehaviour that belong to
    /// none of them (the table of all kinds is `test_bench::misbehaviour`).
    const SCENARIOS: [&str; 50] = [
        "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13",
        "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s22", "s23", "s24", "s25", "s26", "s27",
        "s28", "s29", "s30", "s31", "s32", "s34", "s35", "s36", "s37", "s38", "s39", "s40", "s41",
        "s42", "s43", "s44", "s45", "s46", "s48", "s49", "s51", "s52", "s53", "hw_",
    ];

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
