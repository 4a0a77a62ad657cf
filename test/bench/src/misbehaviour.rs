//! Everything that the hardware can be made to do wrong, with the tests that show it.
//!
//! The same table serves fault scripts and the debugger (names and arguments) and the bench (codes).
//! What each kind does is written at its code in `drv_isp_regs::bench_control`.
//!
//! `bench test` = a host test of this crate: the hardware does it. `driver case` = a case of the
//! camera suite: the drivers survive it as the mission says.
//!
//! | misbehaviour | a | b | bench test | driver case |
//! |---|---|---|---|---|
//! | `unplug` | - | - | `unplug_at_a_line_happens_at_that_line` | `s08_no_register_is_touched_after_an_unplug` |
//! | `replug` | module | - | `device_time_goes_on_after_an_unplug_so_that_a_replug_comes` | `s44_a_bouncing_contact_is_one_new_life` |
//! | `irq-lost` | count | interrupt | `a_lost_edge_shows_up_with_the_next_one` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` |
//! | `irq-late` | lines | interrupt | `a_late_edge_comes_after_its_lines` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` |
//! | `irq-spurious` | - | interrupt | `a_spurious_interrupt_pends_once` | `s29_interrupts_after_removal_are_dropped` |
//! | `irq-storm` | count | interrupt | `a_storm_pends_without_cause_and_ends` | `s39_an_interrupt_storm_is_stalled` |
//! | `busy-stuck` | block | - | `a_stuck_block_stays_busy_and_never_says_done` | `s25_a_wedged_block_stops_in_bounded_time` |
//! | `busy-release` | block | - | `a_released_block_is_idle_at_once` | `s25_a_wedged_block_stops_in_bounded_time` |
//! | `all-ones` | switch | - | `all_ones_hits_camera_registers_only` | `s27_registers_that_read_all_ones_end_the_life` |
//! | `dma-after-stop` | lines | - | `a_late_engine_writes_on_after_it_was_stopped_until_the_bus_is_denied` | `s35_an_engine_that_goes_on_after_a_stop_is_refused` |
//! | `sensor-nak` | count | - | `injected_failures_are_used_up` | `hw_a_control_bus_that_fails_costs_retries_or_one_life` |
//! | `sensor-wrong-id` | version | - | `the_sensor_can_give_a_wrong_id` | `hw_another_part_at_the_sensors_address_never_serves` |
//! | `bus-arbitration` | count | - | `injected_failures_are_used_up` | `hw_a_control_bus_that_fails_costs_retries_or_one_life` |
//! | `reset-stuck` | switch | - | `a_stuck_reset_is_done_when_it_is_released` | `s36_hardware_that_cannot_be_reset_is_given_up` |
//! | `frame-drop` | count | - | `a_dropped_frame_passes_without_any_event` | `s39_a_driver_without_frames_is_not_stalled` |
//! | `dma-stray` | bytes | frames | `a_stray_address_is_stopped_by_the_firewall` | `s35_stray_dma_reaches_no_foreign_byte` |
//! | `dma-drain` | lines | - | `requests_under_way_drain_slowly_when_told_to_unless_the_isp_is_reset` | `s35_nothing_is_written_or_given_out_before_quiet` |
//! | `access-stuck` | block | - | `accesses_to_a_stuck_block_do_not_complete_until_the_isp_is_reset` | `s39_a_spinning_driver_is_stalled` |
//! | `irq-doubled` | count | interrupt | `a_doubled_edge_comes_again_after_its_cause_was_cleared` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` |
//! | `read-garbage` | count | - | `garbage_hits_as_many_reads_as_were_asked_for` | `hw_reads_that_lie_end_in_a_life_that_reads_right` |
//! | `read-stale` | count | - | `a_stale_read_gives_what_the_read_before_gave` | `hw_reads_that_lie_end_in_a_life_that_reads_right` |
//! | `dma-late` | lines | frames | `late_lines_are_outstanding_until_they_are_written` | `hw_dma_that_goes_wrong_reaches_no_foreign_byte` |
//! | `dma-short` | lines | frames | `a_short_picture_lacks_its_last_lines_and_says_nothing` | `hw_dma_that_goes_wrong_reaches_no_foreign_byte` |
//! | `dma-long` | lines | frames | `a_long_picture_writes_behind_its_buffer_and_the_firewall_says_so` | `hw_dma_that_goes_wrong_reaches_no_foreign_byte` |
//! | `dma-stale` | - | frames | `a_stale_picture_goes_where_the_one_before_went` | `hw_dma_that_goes_wrong_reaches_no_foreign_byte` |
//! | `frame-truncated` | lines | frames | `a_truncated_frame_ends_early_and_the_next_one_follows_at_once` | `hw_damaged_frames_are_marked_and_the_others_are_right` |
//! | `frame-torn` | line | frames | `a_torn_picture_loses_lines_in_the_write_buffer_which_says_so` | `hw_damaged_frames_are_marked_and_the_others_are_right` |
//! | `clock-lost` | switch | - | `a_sensor_without_its_clock_neither_sends_nor_answers` | `hw_a_lost_sensor_clock_costs_frames_and_no_life` |
//! | `mute` | block | call | `one_access_to_a_muted_block_is_a_system_call_instead` | `s39_a_silent_driver_is_stalled` |
//! | `csi2-crc` | line | frames | `a_wrong_bit_of_a_payload_gets_to_memory_and_the_check_sum_says_so` | `hw_errors_on_the_serial_line_mark_their_frames_and_no_others` |
//! | `csi2-ecc-1bit` | line | frames | `a_wrong_bit_of_a_header_is_corrected_or_costs_the_line` | `hw_errors_on_the_serial_line_mark_their_frames_and_no_others` |
//! | `csi2-ecc-2bit` | line | frames | `a_header_that_cannot_be_corrected_costs_the_line` | `hw_errors_on_the_serial_line_mark_their_frames_and_no_others` |
//!
//! The kinds that have an interrupt line as argument do the same on each; the driver case of each line:
//!
//! | line | `irq-storm` | `irq-lost` | `irq-late` | `irq-doubled` |
//! |---|---|---|---|---|
//! | `isp` | `s39_an_interrupt_storm_is_stalled` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` | `hw_lost_late_and_doubled_interrupts_damage_no_frame` |
//! | `sensor-bus` | `hw_a_storm_of_the_control_bus_ends_and_the_camera_returns` | `hw_interrupts_of_the_bus_gone_wrong_end_no_life` | `hw_interrupts_of_the_bus_gone_wrong_end_no_life` | `hw_interrupts_of_the_bus_gone_wrong_end_no_life` |
//! | `presence` | `hw_a_storm_of_the_power_domain_ends_and_the_camera_returns` | `hw_lost_presence_edges_are_found_with_nobody_streaming` | `s27_registers_that_fault_end_the_life_inside_of_a_call` | none: a doubled edge of the pin is a look more, as a storm's |
//! | `firewall` | `hw_a_storm_of_the_firewall_ends_and_the_camera_returns` | `hw_interrupts_of_the_firewall_gone_wrong_let_nothing_through` | `hw_interrupts_of_the_firewall_gone_wrong_let_nothing_through` | `hw_interrupts_of_the_firewall_gone_wrong_let_nothing_through` |
//! | `host-link` | `hw_a_storm_of_the_host_link_leaves_the_camera_at_work` | none: only the host would miss what it asked for | none: as lost | none: as a storm's |

use drv_isp_regs::bench_control as code;

/// What an argument counts or names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// There is none.
    None,
    /// How often.
    Count,
    /// How many device lines, or lines of a picture.
    Lines,
    /// Which line of a picture.
    Line,
    /// How many frames.
    Frames,
    /// A signed distance in bytes.
    Bytes,
    /// Number of an interrupt line: one of [`INTERRUPTS`].
    Interrupt,
    /// Code of a block.
    Block,
    /// 1 begins it, 0 ends it.
    Switch,
    /// Identity of a module; 0 is the former one.
    Module,
    /// Chip version of a sensor; 0 ends it.
    Version,
    /// Number of a system call.
    Call,
}

impl Argument {
    /// As the table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "-",
            Self::Count => "count",
            Self::Lines => "lines",
            Self::Line => "line",
            Self::Frames => "frames",
            Self::Bytes => "bytes",
            Self::Interrupt => "interrupt",
            Self::Block => "block",
            Self::Switch => "switch",
            Self::Module => "module",
            Self::Version => "version",
            Self::Call => "call",
        }
    }
}

/// Interrupt lines by name.
pub const INTERRUPTS: [(&str, u32); 5] = [
    ("isp", drv_isp_regs::ISP_IRQ),
    ("sensor-bus", drv_isp_regs::SENSOR_BUS_IRQ),
    ("presence", drv_isp_regs::PRCM_IRQ),
    ("firewall", drv_isp_regs::FIREWALL_IRQ),
    ("host-link", drv_isp_regs::HOST_LINK_IRQ),
];

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// Code in scripts and in `bench_control::COMMAND`.
    pub code: u32,
    /// Name for people.
    pub name: &'static str,
    /// First argument.
    pub a: Argument,
    /// Second argument.
    pub b: Argument,
}

const fn row(code: u32, name: &'static str, a: Argument, b: Argument) -> Misbehaviour {
    Misbehaviour { code, name, a, b }
}

/// All of them, by code.
pub const ALL: [Misbehaviour; 32] = {
    use Argument::{
        Block, Bytes, Call, Count, Frames, Interrupt, Line, Lines, Module, None, Switch, Version,
    };
    [
        row(code::UNPLUG, "unplug", None, None),
        row(code::REPLUG, "replug", Module, None),
        row(code::IRQ_LOST, "irq-lost", Count, Interrupt),
        row(code::IRQ_LATE, "irq-late", Lines, Interrupt),
        row(code::IRQ_SPURIOUS, "irq-spurious", None, Interrupt),
        row(code::IRQ_STORM, "irq-storm", Count, Interrupt),
        row(code::BUSY_STUCK, "busy-stuck", Block, None),
        row(code::BUSY_RELEASE, "busy-release", Block, None),
        row(code::ALL_ONES, "all-ones", Switch, None),
        row(code::DMA_AFTER_STOP, "dma-after-stop", Lines, None),
        row(code::SENSOR_NAK, "sensor-nak", Count, None),
        row(code::SENSOR_WRONG_ID, "sensor-wrong-id", Version, None),
        row(code::BUS_ARBITRATION, "bus-arbitration", Count, None),
        row(code::RESET_STUCK, "reset-stuck", Switch, None),
        row(code::FRAME_DROP, "frame-drop", Count, None),
        row(code::DMA_STRAY, "dma-stray", Bytes, Frames),
        row(code::DMA_DRAIN, "dma-drain", Lines, None),
        row(code::ACCESS_STUCK, "access-stuck", Block, None),
        row(code::IRQ_DOUBLED, "irq-doubled", Count, Interrupt),
        row(code::READ_GARBAGE, "read-garbage", Count, None),
        row(code::READ_STALE, "read-stale", Count, None),
        row(code::DMA_LATE, "dma-late", Lines, Frames),
        row(code::DMA_SHORT, "dma-short", Lines, Frames),
        row(code::DMA_LONG, "dma-long", Lines, Frames),
        row(code::DMA_STALE, "dma-stale", None, Frames),
        row(code::FRAME_TRUNCATED, "frame-truncated", Lines, Frames),
        row(code::FRAME_TORN, "frame-torn", Line, Frames),
        row(code::CLOCK_LOST, "clock-lost", Switch, None),
        row(code::MUTE, "mute", Block, Call),
        row(code::CSI2_CRC, "csi2-crc", Line, Frames),
        row(code::CSI2_ECC_1BIT, "csi2-ecc-1bit", Line, Frames),
        row(code::CSI2_ECC_2BIT, "csi2-ecc-2bit", Line, Frames),
    ]
};

/// How a debugger asks a running bench for a misbehaviour, or the product's operator for something: words
/// of the symbol `HOST_COMMAND`, which are state, kind, a, b, frame, line.
pub mod host_command {
    /// Number of words.
    pub const WORDS: usize = 6;
    /// State: the debugger has written the other words.
    pub const ASKED: u32 = 1;
    /// State: the bench has taken it.
    pub const ACCEPTED: u32 = 2;
    /// State: the kind is unknown, or the script is full; the operator has not taken the request before.
    pub const REFUSED: u32 = 3;
    /// State: the debugger asks the operator; the kind is a request bit of the host link's STATUS.
    pub const ASKED_OPERATOR: u32 = 4;
}

/// The kind with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Misbehaviour> {
    ALL.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules whose tests the table names.
    const TESTS: [&str; 7] = [
        include_str!("core1/camera_tests.rs"),
        include_str!("core1/mischief_tests.rs"),
        include_str!("core1/receiver_errors_tests.rs"),
        include_str!("irq.rs"),
        include_str!("regs/bus.rs"),
        include_str!("regs/hardware_tests.rs"),
        include_str!("regs/misbehaviour_tests.rs"),
    ];

    /// The table of the camera suite's cases.
    const CASES: &str = include_str!("../../camera/src/cases/mod.rs");

    /// Cells of the rows of both tables: of kinds, and of lines.
    fn tables() -> (Vec<Vec<&'static str>>, Vec<Vec<&'static str>>) {
        let lines = include_str!("misbehaviour.rs").lines();
        let rows = lines.filter_map(|line| line.strip_prefix("//! | `")).map(|row| {
            row.trim_end_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().trim_matches('`'))
                .collect::<Vec<_>>()
        });
        rows.partition(|row| named(row[0]).is_some())
    }

    #[test]
    fn each_line_has_a_case_for_each_kind_or_a_reason_to_have_none() {
        let (_, lines) = tables();
        let names: Vec<_> = lines.iter().map(|row| row[0]).collect();
        assert_eq!(names, INTERRUPTS.map(|(name, _)| name));
        for cell in lines.iter().flat_map(|row| &row[1..]) {
            let is_case = CASES.contains(&format!("\"{cell}\""));
            assert!(is_case || cell.starts_with("none: "), "the camera suite has no case {cell}");
        }
        assert!(lines.iter().all(|row| row.len() == 5));
    }

    #[test]
    fn codes_count_from_one_and_names_are_unique() {
        for (index, kind) in ALL.iter().enumerate() {
            assert_eq!(kind.code as usize, index + 1, "{}", kind.name);
            assert_eq!(named(kind.name), Some(kind));
        }
        assert_eq!(named("explode"), None);
    }

    #[test]
    fn the_documented_table_has_a_row_for_each_kind_and_names_tests_that_exist() {
        let (rows, _) = tables();
        let documented: Vec<_> = rows.iter().map(|row| (row[0], row[1], row[2])).collect();
        let known: Vec<_> =
            ALL.iter().map(|kind| (kind.name, kind.a.name(), kind.b.name())).collect();
        assert_eq!(documented, known);
        for row in rows {
            let definition = format!("fn {}()", row[3]);
            assert!(TESTS.iter().any(|text| text.contains(&definition)), "{definition}");
            let case = format!("\"{}\"", row[4]);
            assert!(CASES.contains(&case), "the camera suite has no case {case}");
        }
    }
}
