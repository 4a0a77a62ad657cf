//! `hw`: the bench's access log, decoded by the register contract, and misbehaviour on a running bench.
//!
//! The log is a ring in the bench's memory: each access of a task to a register of the camera, with
//! what became of it. A task is known by the stack that it was on.

use crate::dwarf::{Dwarf, Static, Type, Value};
use crate::ringbuf::find;
use crate::{Session, SessionError};
use drv_isp_regs::{fields, lookup};
use serde::Serialize;
use std::fmt;

/// The bench in an archive.
const BENCH: &str = "bench";
/// Last part of the path of the static that holds the log.
const LOG: &str = "ACCESS_LOG";
/// The words through which the bench takes commands.
const COMMAND: &str = "HOST_COMMAND";

/// One access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Virtual time in microseconds.
    pub time_us: u32,
    /// Who.
    pub task: String,
    /// Address of the instruction.
    pub pc: u32,
    /// Written, not read.
    pub write: bool,
    /// Block and register, or the offset if it is reserved.
    pub register: String,
    /// Value written or read.
    pub value: u32,
    /// Fields that are not zero, by name.
    pub fields: Vec<(String, u32)>,
    /// What became of it.
    pub verdict: String,
}

/// The latest accesses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// Accesses since the start.
    pub total: u32,
    /// Oldest first.
    pub accesses: Vec<Access>,
}

/// Reads the latest `last` accesses, of one task or of all.
///
/// # Errors
/// [`SessionError`]; an image without a bench has no log.
pub fn log(session: &mut Session, task: Option<&str>, last: usize) -> Result<Log, SessionError> {
    if let Some(name) = task {
        session.task_index(name)?;
    }
    let (place, ty) = log_static(session)?;
    let bytes = session.target.bytes(place.address, ty.size() as usize)?;
    let value = Value::decode(&ty, &bytes);
    let parts =
        (|| Some((find(&value, "total")?.number()?, find(&value, "entries")?.elements()?)))();
    let (total, entries) = parts.ok_or_else(|| missing("readable access log"))?;
    let total = total as u32;
    let kept = entries.len().min(total as usize);
    let newest_first = (1..=kept).map(|back| &entries[(total as usize - back) % entries.len()]);
    let mut accesses: Vec<_> = newest_first
        .filter_map(|entry| access(session, entry))
        .filter(|access| task.is_none_or(|name| access.task == name))
        .take(last)
        .collect();
    accesses.reverse();
    Ok(Log { total, accesses })
}

/// Where the log is, if the image has one.
///
/// # Errors
/// [`SessionError`].
pub fn log_range(session: &Session) -> Result<Option<(u32, u32)>, SessionError> {
    if !session.archive.layout().files.contains_key(BENCH) {
        return Ok(None);
    }
    let (place, ty) = log_static(session)?;
    Ok(Some((place.address, ty.size())))
}

/// Address of the words through which the bench takes a misbehaviour.
///
/// # Errors
/// [`SessionError`]; an image without a bench has none.
pub fn command_address(session: &Session) -> Result<u32, SessionError> {
    session.archive.program(BENCH)?.symbol(COMMAND).ok_or_else(|| missing(COMMAND))
}

fn missing(what: &str) -> SessionError {
    SessionError::NoSuchThing { what: what.into() }
}

fn log_static(session: &Session) -> Result<(Static, Type), SessionError> {
    let bench: &Dwarf = session.archive.program(BENCH)?;
    let found = bench.statics().iter().find(|variable| variable.path.ends_with(LOG));
    let place = found.ok_or_else(|| missing(LOG))?.clone();
    let ty = bench.type_of(&place)?;
    Ok((place, ty))
}

fn access(session: &Session, entry: &Value) -> Option<Access> {
    let number = |name: &str| find(entry, name)?.number().map(|number| number as u32);
    let (offset, value) = (number("offset")?, number("value")?);
    let shown = fields(offset).iter().filter(|(_, field)| field.is_set(value));
    Some(Access {
        time_us: number("time_us")?,
        task: who(session, number("psp")?),
        pc: number("pc")?,
        write: matches!(find(entry, "write")?, Value::Bool(true)),
        register: name(offset),
        value,
        fields: shown.map(|(name, field)| ((*name).to_string(), field.get(value))).collect(),
        verdict: find(entry, "verdict")?.to_string(),
    })
}

/// The task whose stack this is; the kernel has none of them.
fn who(session: &Session, psp: u32) -> String {
    let owns = |ram: &build_manifest::layout::Range| ram.base < psp && psp - ram.base <= ram.bytes;
    let found = session.archive.layout().tasks.iter().find(|task| owns(&task.ram));
    match found {
        Some(task) => task.name.clone(),
        None if psp == 0 => "kernel".into(),
        None => format!("{psp:#010x}"),
    }
}

/// As the register contract calls it.
fn name(offset: u32) -> String {
    match lookup(offset) {
        Some((register, _)) if register.count == 1 => {
            format!("{:?}.{}", register.block, register.name)
        }
        Some((register, index)) => format!("{:?}.{}[{index}]", register.block, register.name),
        None => format!("reserved +{offset:#06x}"),
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} accesses since the start, {} shown", self.total, self.accesses.len())?;
        writeln!(
            f,
            "{:>10} {:<10} {:<5} {:<28} {:<8} {:<11} FIELDS",
            "TIME us", "TASK", "", "REGISTER", "VALUE", "VERDICT"
        )?;
        for access in &self.accesses {
            let Access { time_us, task, write, register, value, verdict, .. } = access;
            let way = if *write { "write" } else { "read" };
            write!(
                f,
                "{time_us:>10} {task:<10} {way:<5} {register:<28} {value:08x} {verdict:<11}"
            )?;
            for (name, value) in &access.fields {
                write!(f, " {name}={value}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::{ccdc, firewall};

    #[test]
    fn offsets_have_the_names_of_the_contract() {
        assert_eq!(name(ccdc::SYN_MODE.window_offset()), "Ccdc.SYN_MODE");
        let third = firewall::WINDOW_BASE.window_offset() + 2 * 16;
        assert_eq!(name(third), "Firewall.WINDOW_BASE[2]");
        assert_eq!(name(0x1400), "reserved +0x1400");
    }

    #[test]
    fn a_line_shows_fields_that_are_set() {
        let value = ccdc::syn_mode::VDHDEN.of(1) | ccdc::syn_mode::DATSIZ.of(6);
        let of = fields(ccdc::SYN_MODE.window_offset());
        let set: Vec<_> = of.iter().filter(|(_, field)| field.is_set(value)).collect();
        assert_eq!(set.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["DATSIZ", "VDHDEN"]);
        let access = Access {
            time_us: 12,
            task: "isp".into(),
            pc: 0,
            write: true,
            register: "Ccdc.SYN_MODE".into(),
            value,
            fields: vec![("DATSIZ".into(), 6), ("VDHDEN".into(), 1)],
            verdict: "Ok".into(),
        };
        let text = Log { total: 1, accesses: vec![access] }.to_string();
        let line = text.lines().last().expect("a line");
        assert!(line.starts_with("        12 isp        write Ccdc.SYN_MODE "), "{line}");
        assert!(line.ends_with("00010600 Ok          DATSIZ=6 VDHDEN=1"), "{line}");
    }
}
