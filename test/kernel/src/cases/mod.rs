//! The table of cases, and the loop that runs them. The position in the table is the id.

mod harness;

mod borrow;
mod disconnect;
mod faults;
mod interrupts;
mod ipc;
mod kernel_ipc;
mod misuse;
mod notifications;
mod order;
mod restart;
mod time;
mod watches;

/// One case.
pub struct Case {
    /// A sentence.
    pub name: &'static str,
    /// Panics to fail.
    pub run: fn(),
}

macro_rules! cases {
    ($($module:ident: $($name:ident)*;)*) => {
        &[$($(Case { name: stringify!($name), run: $module::$name },)*)*]
    };
}

/// All cases.
pub const CASES: &[Case] = cases! {
    ipc:
        send_returns_the_answer
        send_and_receive_carry_the_envelope
        receive_then_reply_reaches_the_sender
        reply_fault_faults_the_sender
        an_unbelieved_server_that_finds_fault_ends_its_own_life
        truncation_is_reported_with_the_sent_length
        zero_length_messages_and_replies_pass
        reply_codes_pass_unchanged
        a_forwarded_disconnect_code_passes
        closed_receive_takes_only_that_sender
        closed_receive_takes_a_sender_that_waits_already
        reply_receive_answers_and_receives
        reply_to_somebody_who_does_not_wait_does_nothing
        replies_may_come_in_any_order
        task_config_arrives
        refresh_gives_the_current_id
        refresh_index_one_too_far_faults
        refresh_index_far_too_far_faults;
    faults:
        reading_address_zero_is_a_memory_access
        writing_own_code_is_a_memory_access
        writing_address_zero_is_a_memory_access
        reading_kernel_memory_is_a_memory_access
        reading_another_tasks_stack_is_a_memory_access
        a_stack_overflow_is_a_stack_overflow
        a_trap_without_stack_is_a_stack_overflow
        executing_the_stack_is_illegal_text
        jumping_to_address_zero_is_illegal_text
        jumping_into_the_kernel_is_illegal_text
        jumping_without_thumb_is_an_invalid_operation
        an_undefined_instruction_is_illegal_instruction
        a_breakpoint_is_an_illegal_instruction
        dividing_by_zero_is_divide_by_zero
        reading_past_own_code_is_refused
        reading_past_own_memory_is_a_memory_access
        reading_a_system_register_is_a_bus_error
        grabbing_privilege_gains_nothing
        a_panic_is_a_panic_with_its_text
        the_panic_text_of_a_healthy_task_is_refused
        the_panic_text_in_foreign_memory_is_refused
        the_supervisor_sees_a_fault_as_bit_zero
        a_fault_stamps_its_time;
    restart:
        restart_returns_the_task_to_its_start
        restart_keeps_the_generation_of_the_death
        killing_twice_ends_one_life
        reinit_without_start_stays_stopped
        a_stale_id_gets_the_record_of_the_latest_death
        auto_restart_tells_the_blocked_sender
        a_task_that_was_never_started_is_down
        an_id_from_the_future_is_illegal
        notifications_and_timers_of_an_old_life_are_gone
        memory_of_a_new_life_is_initialised;
    disconnect:
        death_releases_everybody_in_every_state
        send_to_the_dead_returns_at_once
        post_to_the_dead_returns_the_record
        closed_receive_from_the_dead_returns_the_record
        death_of_a_blocked_sender_leaves_no_message
        death_of_a_client_in_reply_makes_the_reply_void
        the_cause_is_the_one_given
        the_cause_of_a_panic_is_panicked
        the_cause_of_a_fault_is_faulted
        replying_with_a_reserved_code_faults_the_server
        all_reserved_codes_fault_the_server
        a_too_long_reply_faults_the_server
        a_task_dying_in_receive_leaves_senders_released;
    borrow:
        borrow_info_tells_attributes_and_length
        borrow_read_gives_all_and_parts
        borrow_write_reaches_the_lender
        borrow_from_somebody_who_does_not_wait_is_a_defect
        borrow_without_the_right_is_a_defect
        borrow_at_the_end_gives_nothing
        a_lease_index_too_far_faults_the_borrower
        a_lease_offset_too_far_faults_the_borrower
        a_lease_of_foreign_memory_faults_the_lender
        a_lease_of_code_for_writing_faults_the_lender
        a_lease_that_wraps_faults_the_lender
        a_lease_table_in_foreign_memory_faults_the_sender
        a_lease_table_out_of_line_faults_the_sender
        borrowing_into_foreign_memory_faults_the_borrower;
    misuse:
        a_bad_system_call_number_faults
        a_huge_system_call_number_faults
        a_message_in_foreign_memory_faults
        a_message_that_wraps_faults
        a_message_across_two_regions_faults
        a_reply_buffer_in_code_faults
        a_receive_buffer_in_code_faults
        a_receive_buffer_in_device_memory_faults
        a_message_in_own_device_memory_faults
        a_receive_buffer_in_own_device_memory_faults
        a_receive_buffer_that_overlaps_the_message_faults_the_receiver
        a_receive_descriptor_in_code_faults
        send_to_an_index_out_of_range_faults
        send_to_somebody_not_in_the_send_list_faults
        post_to_an_index_out_of_range_faults
        post_of_a_bit_outside_of_the_mask_faults
        post_to_a_task_outside_of_the_table_faults
        post_of_a_kernel_bit_faults
        reply_to_an_index_out_of_range_faults
        closed_receive_from_an_index_out_of_range_faults
        borrow_from_an_index_out_of_range_faults
        reply_receive_without_descriptor_faults
        a_bad_reply_fault_reason_faults
        irq_control_of_a_mask_without_line_faults
        irq_control_with_unknown_bits_faults
        irq_status_of_a_mask_without_line_faults
        zero_length_slices_are_fine_anywhere;
    kernel_ipc:
        status_works_for_every_task_and_faults_behind_the_last
        status_of_a_huge_index_faults
        restart_of_an_index_out_of_range_faults
        fault_of_an_index_out_of_range_faults
        kill_of_an_index_out_of_range_faults
        faulting_the_supervisor_is_illegal
        faulting_oneself_is_illegal
        killing_the_supervisor_is_illegal
        restarting_oneself_is_illegal
        restart_needs_the_grant
        kill_needs_the_grant
        fault_injection_needs_the_grant
        publishing_needs_the_grant
        software_interrupts_need_the_grant
        reset_needs_the_grant
        an_unknown_kernel_op_faults
        a_short_kernel_message_faults
        a_long_kernel_message_faults
        a_kernel_message_with_a_bad_bool_faults
        a_kernel_reply_that_does_not_fit_faults
        fault_injection_names_the_injector
        the_first_faulted_task_is_found
        finding_faults_behind_the_last_task_finds_none
        the_image_id_is_stable
        task_stats_tell_who_blocks_and_since_when
        entries_and_processor_time_count_up
        status_tells_each_scheduling_state;
    notifications:
        posted_bits_arrive_exactly
        bits_outside_of_the_mask_stay
        notifications_beat_messages
        a_closed_receive_from_the_kernel_takes_no_message;
    time:
        the_clock_advances
        the_clock_never_goes_back
        a_timer_fires_not_before_its_deadline
        a_deadline_in_the_past_fires_at_once
        a_disarmed_timer_does_not_fire
        a_new_deadline_replaces_the_old_one
        the_armed_timer_can_be_read
        two_tasks_have_two_timers;
    interrupts:
        an_enabled_interrupt_arrives_as_its_bit
        interrupt_status_follows_the_life_of_an_interrupt
        a_masked_interrupt_waits
        clearing_forgets_a_pending_interrupt
        two_lines_may_share_a_bit
        interrupts_of_a_dead_task_are_masked_and_forgotten
        interrupts_of_two_tasks_do_not_mix;
    watches:
        a_death_is_an_event_with_its_generation
        two_deaths_are_two_events
        published_edges_arrive_in_order
        two_peers_behind_one_bit_are_told_apart
        a_full_watch_keeps_deaths_and_the_newest
        nothing_pending_is_none
        edges_of_somebody_not_watched_do_not_arrive;
    order:
        the_most_important_sender_is_served_first
        equals_take_turns
        a_woken_important_task_runs_at_once
        an_important_timer_preempts_a_spinning_task
        less_important_tasks_wait;
};

/// A promise that a build breaks on purpose, and the cases that guard it.
pub struct Negative {
    /// A sentence.
    pub name: &'static str,
    /// `--cfg negative="..."`.
    pub broken: &'static str,
    /// Exactly these fail then.
    pub guards: &'static [&'static str],
}

/// All promises that the kernel can break.
pub const NEGATIVES: &[Negative] = &[
    Negative {
        name: "negative_an_id_that_survives_its_life_is_noticed",
        broken: "generations",
        guards: &[
            "refresh_gives_the_current_id",
            "restart_keeps_the_generation_of_the_death",
            "killing_twice_ends_one_life",
            "a_stale_id_gets_the_record_of_the_latest_death",
            "death_of_a_client_in_reply_makes_the_reply_void",
            "two_deaths_are_two_events",
            "a_full_watch_keeps_deaths_and_the_newest",
        ],
    },
    Negative {
        name: "negative_a_watch_that_sleeps_is_noticed",
        broken: "watches",
        guards: &[
            "a_death_is_an_event_with_its_generation",
            "two_deaths_are_two_events",
            "published_edges_arrive_in_order",
            "two_peers_behind_one_bit_are_told_apart",
            "a_full_watch_keeps_deaths_and_the_newest",
        ],
    },
    Negative {
        name: "negative_a_send_list_that_is_not_enforced_is_noticed",
        broken: "sends",
        guards: &["send_to_somebody_not_in_the_send_list_faults"],
    },
    Negative {
        name: "negative_memory_without_protection_is_noticed",
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
        ],
    },
];

/// Runs the case that the runner names.
pub fn run_next() {
    let count = CASES.len() as u32;
    let id = harness::ask_runner(crate::protocol::runner::NEXT, [count]);
    let Some(case) = CASES.get(id as usize) else {
        return;
    };
    harness::begin(id, case.name);
    (case.run)();
    harness::passed();
}
