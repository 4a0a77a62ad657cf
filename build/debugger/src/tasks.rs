//! `tasks`: what every task is doing, in words; where a faulted one stopped, with source lines.

use crate::core_file::Registers;
use crate::dwarf::Value;
use crate::{Session, SessionError};
use serde::Serialize;
use std::fmt;
use std::num::NonZeroU32;

/// Bytes of a basic exception frame (Arm DDI 0553, "Exception entry, register stacking").
const FRAME_BYTES: usize = 32;
/// Bit of EXC_RETURN that says that the frame has no FP part (Arm DDI 0553, EXC_RETURN.FType).
const EXC_RETURN_BASIC_FRAME: u32 = 1 << 4;
/// Bytes of an extended exception frame.
const FP_FRAME_BYTES: u32 = 104;
/// The kernel's constant: cycles of its clock in a microsecond.
pub const CYCLES_PER_US: &str = "KERNEL_CYCLES_PER_US";

/// Deadline of a timer that is not armed.
const NOT_ARMED_US: u64 = u64::MAX;

/// A timer that is armed.
#[derive(Clone, Debug, Serialize)]
pub struct Timer {
    /// When it fires, in microseconds since boot.
    pub deadline_us: u64,
    /// Names of the notifications that it posts.
    pub notifications: Vec<String>,
}

/// One task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskReport {
    /// Task index.
    pub index: usize,
    /// Name.
    pub name: String,
    /// Current life.
    pub generation: u32,
    /// 0 = most important.
    pub priority: u8,
    /// What it does, in words.
    pub state: String,
    /// Whether its life has ended by a fault and the next is not made.
    pub faulted: bool,
    /// Where it is, innermost function first.
    pub stack: Vec<String>,
    /// Names of pending notifications.
    pub notifications: Vec<String>,
    /// Its timer, if it is armed.
    pub timer: Option<Timer>,
    /// Processor time of all lives up to the latest switch, in microseconds.
    pub cpu_us: u64,
    /// Times it was switched to, in all lives, wrapping.
    pub switches: u32,
    /// System calls of all lives, wrapping.
    pub entries: u32,
    /// r0..r15 and xPSR.
    #[serde(skip)]
    pub registers: Option<Registers>,
}

/// All tasks.
#[derive(Clone, Debug, Serialize)]
pub struct Tasks {
    /// In task order.
    pub tasks: Vec<TaskReport>,
    /// Show registers too.
    #[serde(skip)]
    pub show_registers: bool,
}

/// Reads the state of all tasks.
///
/// # Errors
/// [`SessionError`].
pub fn tasks(session: &mut Session, show_registers: bool) -> Result<Tasks, SessionError> {
    let values = session.task_values()?;
    let cycles_per_us = cycles_per_us(session)?;
    let mut tasks = Vec::new();
    for (index, value) in values.iter().enumerate() {
        tasks.push(report(session, index, value, cycles_per_us)?);
    }
    Ok(Tasks { tasks, show_registers })
}

/// Saved registers of each task; zeros for one that never ran.
///
/// # Errors
/// [`SessionError`].
pub fn registers(session: &mut Session) -> Result<Vec<Registers>, SessionError> {
    let values = session.task_values()?;
    Ok(values.iter().map(|value| saved(session, value).unwrap_or([0; 17])).collect())
}

fn cycles_per_us(session: &mut Session) -> Result<NonZeroU32, SessionError> {
    let missing = || SessionError::NoSuchThing { what: CYCLES_PER_US.into() };
    let address = session.archive.kernel()?.symbol(CYCLES_PER_US).ok_or_else(missing)?;
    let bytes = session.target.bytes(address, 4)?;
    let cycles = bytes.try_into().map_or(0, u32::from_le_bytes);
    NonZeroU32::new(cycles).ok_or_else(missing)
}

/// The names of a task's notification bits.
fn bit_names(session: &Session, index: usize, bits: u32) -> Vec<String> {
    let names = &session.archive.layout().tasks[index].notifications;
    let name = |bit: usize| names.get(bit).cloned().unwrap_or_else(|| format!("bit {bit}"));
    (0..32).filter(|bit| bits >> bit & 1 == 1).map(name).collect()
}

/// The timer of a life; a task that is down has none, whatever its last life has left.
fn timer(session: &Session, index: usize, value: &Value) -> Option<Timer> {
    let deadline_us = number(value, "deadline_us") as u64;
    let bits = number(value, "timer_mask") as u32;
    let armed = deadline_us != NOT_ARMED_US;
    armed.then(|| Timer { deadline_us, notifications: bit_names(session, index, bits) })
}

fn report(
    session: &mut Session,
    index: usize,
    value: &Value,
    cycles_per_us: NonZeroU32,
) -> Result<TaskReport, SessionError> {
    let registers = saved(session, value);
    let end = value.field("end").and_then(|end| end.field("__0"));
    let mut stack = Vec::new();
    if let Some(registers) = &registers {
        let places = session.archive.task(index)?.places(registers[15]);
        stack = places.iter().map(ToString::to_string).collect();
    }
    let name = session.task_name(index).to_string();
    let pending = number(value, "notifications") as u32;
    Ok(TaskReport {
        index,
        name,
        generation: number(value, "id") as u32 >> 8,
        priority: number(value, "priority") as u8,
        state: match end {
            Some(end) => ended(session, end),
            None => value.field("state").map_or("?".into(), |state| words(session, state)),
        },
        faulted: end.is_some(),
        stack,
        notifications: bit_names(session, index, pending),
        timer: timer(session, index, value).filter(|_| end.is_none()),
        cpu_us: number(value, "cpu_cycles") as u64 / u64::from(cycles_per_us.get()),
        switches: number(value, "switches") as u32,
        entries: number(value, "entries") as u32,
        registers,
    })
}

fn number(value: &Value, field: &str) -> i128 {
    value.field(field).and_then(Value::number).unwrap_or(0)
}

/// The registers that the trap saved, and those of the exception frame on the task's stack.
fn saved(session: &mut Session, value: &Value) -> Option<Registers> {
    let saved = value.field("saved")?;
    let psp = number(saved, "psp") as u32;
    let frame = session.target.bytes(psp, FRAME_BYTES).ok().filter(|_| psp != 0)?;
    let word = |n: usize| {
        u32::from_le_bytes([frame[4 * n], frame[4 * n + 1], frame[4 * n + 2], frame[4 * n + 3]])
    };
    let callee_saved = saved.field("r")?.elements()?;
    let mut registers = [0; 17];
    for (n, register) in registers.iter_mut().enumerate().take(4) {
        *register = word(n);
    }
    for (n, register) in callee_saved.iter().enumerate().take(8) {
        registers[4 + n] = register.number()? as u32;
    }
    let basic = number(saved, "exc_return") as u32 & EXC_RETURN_BASIC_FRAME != 0;
    // Bit 9 of the stacked xPSR: the frame was aligned by four more bytes.
    let padding = word(7) >> 9 & 1;
    let frame_bytes = if basic { FRAME_BYTES as u32 } else { FP_FRAME_BYTES };
    registers[12] = word(4);
    registers[13] = psp.wrapping_add(frame_bytes + 4 * padding);
    registers[14] = word(5);
    registers[15] = word(6);
    registers[16] = word(7);
    Some(registers)
}

/// A task id as name and generation.
fn peer(session: &Session, state: &Value) -> String {
    let id = state.field("__0").and_then(Value::number).unwrap_or(0) as u32;
    format!("{} (gen {})", session.task_name((id & 0xff) as usize), id >> 8)
}

fn words(session: &Session, state: &Value) -> String {
    match state.name().unwrap_or("?") {
        "Stopped" => "not started".into(),
        "Down" => "down, not restarted yet".into(),
        "Runnable" => "runnable".into(),
        "InSend" => format!("waiting for {} to receive", peer(session, state)),
        "InReply" => format!("waiting for reply from {}", peer(session, state)),
        "InRecv" => "waiting for a message".into(),
        "InRecvFrom" => {
            let id = state.field("__0").and_then(Value::number).unwrap_or(0) as u32;
            if id == u32::MAX {
                "waiting for a notification".into()
            } else {
                format!("waiting for a message from {}", peer(session, state))
            }
        }
        other => other.into(),
    }
}

fn ended(session: &Session, end: &Value) -> String {
    let fault = end.field("fault").map_or_else(|| "?".into(), |fault| fault_words(session, fault));
    let was = end.field("original").map_or_else(|| "?".into(), |state| words(session, state));
    format!("FAULTED: {fault}; was {was}")
}

fn address(fault: &Value) -> String {
    let address = fault.field("address").map(|a| a.field("__0").unwrap_or(a));
    match address.and_then(Value::number) {
        Some(address) => format!("{address:#010x}"),
        None => "an unknown address".into(),
    }
}

fn fault_words(session: &Session, fault: &Value) -> String {
    let by_kernel = fault.field("source").and_then(Value::name) == Some("Kernel");
    let source = if by_kernel { " (in a system call)" } else { "" };
    match fault.name().unwrap_or("?") {
        "MemoryAccess" => format!("memory access at {}{source}", address(fault)),
        "BusError" => format!("bus error at {}{source}", address(fault)),
        "StackOverflow" => format!("stack overflow at {}", address(fault)),
        "DivideByZero" => "division by zero".into(),
        "IllegalText" => "execution of memory that is not code".into(),
        "IllegalInstruction" => "illegal instruction".into(),
        "SyscallUsage" => {
            let usage = fault.field("__0").map_or_else(|| "?".into(), ToString::to_string);
            format!("misused system call ({usage})")
        }
        "Panic" => "panic".into(),
        "Injected" => format!("fault injected by {}", peer(session, fault)),
        "Killed" => {
            let cause = fault.field("__1").map_or_else(|| "?".into(), ToString::to_string);
            format!("killed by {}: {cause}", peer(session, fault))
        }
        "FromServer" => {
            let reason = fault.field("__1").map_or_else(|| "?".into(), ToString::to_string);
            format!("refused by {}: {reason}", peer(session, fault))
        }
        "Accuser" => {
            let reason = fault.field("__1").map_or_else(|| "?".into(), ToString::to_string);
            format!("found fault with {}: {reason}", peer(session, fault))
        }
        _ => fault.to_string(),
    }
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.tasks.iter().map(|task| task.name.len()).max().unwrap_or(4).max(4);
        let columns = ("ID", "TASK", "GEN", "PRIO", "CPU_MS", "SWITCHES");
        let (id, name, generation, priority, cpu, switches) = columns;
        write!(f, "{id:>2} {name:<width$} {generation:>4} {priority:>4} {cpu:>8} {switches:>8}")?;
        writeln!(f, " STATE")?;
        for task in &self.tasks {
            let TaskReport { index, name, generation, priority, switches, state, .. } = task;
            let cpu_ms = task.cpu_us / 1000;
            write!(f, "{index:>2} {name:<width$} {generation:>4} {priority:>4} ")?;
            writeln!(f, "{cpu_ms:>8} {switches:>8} {state}")?;
            if let Some(Timer { deadline_us, notifications }) = &task.timer {
                let (ms, us) = (deadline_us / 1000, deadline_us % 1000);
                writeln!(f, "   timer: {} at {ms}.{us:03} ms", notifications.join(", "))?;
            }
            if !task.notifications.is_empty() {
                writeln!(f, "   notifications: {}", task.notifications.join(", "))?;
            }
            if task.faulted || self.show_registers {
                for (depth, place) in task.stack.iter().enumerate() {
                    writeln!(f, "   {} {place}", if depth == 0 { "at" } else { "in" })?;
                }
            }
            if let (true, Some(registers)) = (self.show_registers, &task.registers) {
                show_registers(f, registers)?;
            }
        }
        Ok(())
    }
}

fn show_registers(f: &mut fmt::Formatter<'_>, registers: &Registers) -> fmt::Result {
    const NAMES: [&str; 17] = [
        "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp",
        "lr", "pc", "psr",
    ];
    for (names, values) in NAMES.chunks(6).zip(registers.chunks(6)) {
        write!(f, "  ")?;
        for (name, value) in names.iter().zip(values) {
            write!(f, " {name:>3} {value:08x}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}
