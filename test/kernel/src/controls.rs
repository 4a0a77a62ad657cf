//! What must fail: promises that a build breaks on purpose, and cases that do not end.

/// A promise that a build breaks on purpose, and the cases that guard it.
pub struct Negative {
    /// A sentence.
    pub name: &'static str,
    /// The image: its cases without a tag, and those with this one.
    pub tag: Option<&'static str>,
    /// `--cfg negative="..."`.
    pub broken: &'static str,
    /// Exactly these fail then.
    pub guards: &'static [&'static str],
}

/// All promises that the kernel can break.
pub const NEGATIVES: &[Negative] = &[
    Negative {
        name: "negative_an_id_that_survives_its_life_is_noticed",
        tag: None,
        broken: "generations",
        guards: &[
            "refresh_gives_the_current_id",
            "restart_keeps_the_generation_of_the_death",
            "killing_twice_ends_one_life",
            "a_stale_id_gets_the_record_of_the_latest_death",
            "death_of_a_client_in_reply_makes_the_reply_void",
            "two_deaths_are_two_events",
            "a_full_watch_keeps_deaths_and_the_newest",
            "more_deaths_than_a_watch_holds_leave_a_gap_in_the_generations",
            "restart_ends_a_life_tells_its_peers_and_begins_the_next_in_one_call",
            "a_lease_ends_with_the_life_of_its_lender",
            "idol_a_dead_server_is_a_disconnect",
        ],
    },
    Negative {
        name: "negative_a_watch_that_sleeps_is_noticed",
        tag: None,
        broken: "watches",
        guards: &[
            "a_death_is_an_event_with_its_generation",
            "two_deaths_are_two_events",
            "published_edges_arrive_in_order",
            "two_peers_behind_one_bit_are_told_apart",
            "a_full_watch_keeps_deaths_and_the_newest",
            "more_deaths_than_a_watch_holds_leave_a_gap_in_the_generations",
            "a_full_watch_of_one_peer_keeps_the_events_of_another",
            "an_edge_posts_its_bit_once_for_all_that_is_queued",
        ],
    },
    Negative {
        name: "negative_a_send_list_that_is_not_enforced_is_noticed",
        tag: None,
        broken: "sends",
        guards: &["send_to_somebody_not_in_the_send_list_faults"],
    },
    Negative {
        name: "negative_memory_without_protection_is_noticed",
        tag: None,
        broken: "mpu",
        guards: &[
            "reading_address_zero_is_a_memory_access",
            "writing_own_code_is_a_memory_access",
            "writing_address_zero_is_a_memory_access",
            "reading_kernel_memory_is_a_memory_access",
            "reading_another_tasks_stack_is_a_memory_access",
            "executing_the_stack_is_illegal_text",
            "jumping_to_address_zero_is_illegal_text",
            "jumping_into_the_kernel_is_illegal_text",
            "reading_past_own_code_is_refused",
            "reading_past_own_memory_is_a_memory_access",
            "grabbing_privilege_gains_nothing",
            "a_task_with_fewer_regions_finds_none_of_the_task_before",
        ],
    },
    Negative {
        name: "negative_regions_that_stay_behind_are_noticed",
        tag: None,
        broken: "stale-regions",
        guards: &["a_task_with_fewer_regions_finds_none_of_the_task_before"],
    },
    Negative {
        name: "negative_a_death_that_releases_nobody_is_noticed",
        tag: None,
        broken: "releases",
        guards: &[
            "a_lease_index_too_far_faults_the_borrower",
            "a_lease_offset_too_far_faults_the_borrower",
            "a_reserved_code_by_reply_receive_faults_the_server",
            "a_task_dying_in_receive_leaves_senders_released",
            "a_too_long_answer_by_reply_receive_faults_the_server",
            "a_too_long_reply_faults_the_server",
            "all_reserved_codes_fault_the_server",
            "an_unbelieved_server_that_finds_fault_ends_its_own_life",
            "auto_restart_tells_the_blocked_sender",
            "borrowing_a_lease_onto_itself_faults_the_borrower",
            "death_releases_everybody_in_every_state",
            "replying_with_a_reserved_code_faults_the_server",
            "restart_ends_a_life_tells_its_peers_and_begins_the_next_in_one_call",
        ],
    },
    Negative {
        name: "negative_fp_registers_that_are_not_saved_are_noticed",
        tag: Some("fp"),
        broken: "fp-contexts",
        guards: &[
            "fp_low_registers_are_zero_at_task_start_and_survive_another_task",
            "fp_high_registers_are_zero_at_task_start_and_survive_another_task",
            "a_task_with_live_fp_registers_faults_and_is_recorded",
            "fp_registers_of_an_ended_life_are_gone",
            "fp_registers_survive_preemption",
        ],
    },
];

/// A case that does not end as a case should, and what the host must say about it.
pub struct Ending {
    /// A sentence.
    pub name: &'static str,
    /// `--cfg negative="..."`, if it needs a build of its own.
    pub broken: Option<&'static str>,
    /// The case, which must have failed by its name,
    pub case: &'static str,
    /// for a reason with these words.
    pub because: &'static str,
}

/// Each way not to end.
pub const ENDINGS: &[Ending] = &[
    Ending {
        name: "ending_a_case_that_never_ends_is_named",
        broken: None,
        case: "control_a_case_that_never_ends",
        because: "time limit",
    },
    Ending {
        name: "ending_a_case_that_panics_is_named",
        broken: None,
        case: "control_a_case_that_panics",
        because: "as requested",
    },
    Ending {
        name: "ending_a_case_that_faults_is_named",
        broken: None,
        case: "control_a_case_that_faults",
        because: "the suite faulted",
    },
    Ending {
        name: "ending_a_case_that_resets_the_machine_is_named",
        broken: None,
        case: "control_a_case_that_resets_the_machine",
        because: "the machine ended with status 0",
    },
    Ending {
        name: "ending_a_hung_image_is_named",
        broken: None,
        case: "control_an_image_that_hangs",
        because: "still running after",
    },
    Ending {
        name: "ending_a_runaway_is_named",
        broken: None,
        case: "control_an_image_that_says_nonsense_for_ever",
        because: "lines without a result",
    },
    Ending {
        name: "ending_a_lock_up_is_named",
        broken: Some("lock-up"),
        case: "control_a_fault_that_locks_the_processor_up",
        because: "the guest locked up",
    },
];
