//! S33: every reference to a life of another task that a task keeps is in a list that says why it cannot
//! be stale.
//!
//! A reference is a field of a struct, or a value of an enum, whose type names a life, a client that is
//! bound to one, or something that a life has given out ([`KEPT`]). Events, actions and answers
//! ([`PASSED`]) are not kept: they go from one function to the next. The list is the table under
//! [`HEADING`] in [`LIST`]; the check is about both directions.

use super::{File, Finding};
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::{Field, Item};

/// Where the list is.
pub const LIST: &str = "idl/src/lib.rs";
/// Under which heading of its documentation.
pub const HEADING: &str = "//! # References to a life";

/// Types of what one life knows of another.
const KEPT: [&str; 6] = ["TaskId", "Generation", "Client", "Handle", "EntityId", "Owner"];

/// Ends of the names of types that are only passed on, or are a log.
const PASSED: [&str; 5] = ["Event", "Action", "Answer", "Reaction", "Trace"];

/// Rooms whose code keeps references.
const ROOMS: [&str; 2] = ["task/", "drv/"];

/// Compares the list with the sources.
pub fn check(files: &[File], findings: &mut Vec<Finding>) {
    let Some(list) = files.iter().find(|file| file.path == LIST) else { return };
    let listed = listed(&list.text);
    let mut kept = BTreeSet::new();
    for file in files.iter().filter(|file| keeps(&file.path)) {
        // What does not parse, the compiler says.
        let Ok(parsed) = syn::parse_file(&file.text) else { continue };
        for name in references(&parsed.items) {
            let name = format!("{}: {name}", folder(&file.path));
            if !listed.iter().any(|(_, known)| *known == name) {
                let what = format!(
                    "`{name}` keeps a reference to a life: add it to the table in {LIST}, with what makes it good"
                );
                findings.push(Finding::new(&file.path, 1, what));
            }
            kept.insert(name);
        }
    }
    for (line, name) in listed.iter().filter(|(_, name)| !kept.contains(name)) {
        let what = format!("`{name}` is listed, and there is no such reference: remove the row");
        findings.push(Finding::new(LIST, *line, what));
    }
}

fn keeps(path: &str) -> bool {
    let test = path.contains("tests") || path.ends_with("test.rs");
    ROOMS.iter().any(|room| path.starts_with(room)) && path.contains("/src/") && !test
}

/// `drv/isp` of `drv/isp/src/driver/power.rs`.
fn folder(path: &str) -> &str {
    path.split_once("/src/").map_or(path, |(folder, _)| folder)
}

/// First cells of the table, each with its line.
fn listed(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate().skip_while(|(_, line)| *line != HEADING).skip(1);
    let section = lines.take_while(|(_, line)| !line.starts_with("//! # "));
    let rows = section.filter_map(|(index, line)| {
        let cell = line.strip_prefix("//! | `")?.split('`').next()?;
        Some((index + 1, cell.to_string()))
    });
    rows.collect()
}

/// `Struct.field` and `Enum::Variant` of these items that keep a reference.
fn references(items: &[Item]) -> Vec<String> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) if !is_passed(&item.ident.to_string()) => {
                let fields = item.fields.iter().enumerate().filter(|(_, field)| is_kept(field));
                found.extend(fields.map(|(index, field)| {
                    let name = field.ident.as_ref().map_or(index.to_string(), ToString::to_string);
                    format!("{}.{name}", item.ident)
                }));
            }
            Item::Enum(item) if !is_passed(&item.ident.to_string()) => {
                let kept = item.variants.iter().filter(|it| it.fields.iter().any(is_kept));
                found.extend(kept.map(|variant| format!("{}::{}", item.ident, variant.ident)));
            }
            _ => {}
        }
    }
    found
}

fn is_passed(name: &str) -> bool {
    PASSED.iter().any(|end| name.ends_with(end))
}

fn is_kept(field: &Field) -> bool {
    let text = field.ty.to_token_stream().to_string();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| KEPT.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "struct Node { owner: Option<TaskId>, count: u32, peers: [video::Client; 2] }
        enum Work { Idle, On(EntityId), Off { at: Generation } }
        struct Pair(u8, Handle);
        enum Event { Died(TaskId) }
        struct Borrowed<'a> { life: &'a TaskId, index: TaskIndex }
        #[cfg(test)] mod tests { struct World { life: TaskId } }";

    fn findings(list: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let files = [
            file(LIST, list),
            file("drv/isp/src/node.rs", SOURCE),
            file("drv/isp/src/tests.rs", "struct Model { life: TaskId }"),
            file("sys/kern/src/task.rs", "struct Task { id: TaskId }"),
        ];
        let mut findings = Vec::new();
        check(&files, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_reference_that_is_not_listed_and_a_row_without_one_are_found() {
        let rows = ["Node.owner", "Node.peers", "Work::On", "Work::Off", "Pair.1", "Borrowed.life"];
        let all: String = rows.map(|row| format!("//! | `drv/isp: {row}` | a |\n")).concat();
        let list = |rows: &str| {
            format!(
                "//! # Why\n//! | `no: row` |\n{HEADING}\n//!\n{rows}//! # Next\n//! | `no: row` |\n"
            )
        };
        assert_eq!(findings(&list(&all)), [""; 0]);
        for row in rows {
            let without = all.replace(&format!("//! | `drv/isp: {row}` | a |\n"), "");
            let [only] = &findings(&list(&without))[..] else { panic!("{row}: one finding") };
            assert!(only.starts_with("drv/isp/src/node.rs:1: ") && only.contains(row), "{only}");
        }
        let more = format!("{all}//! | `drv/isp: Node.count` | b |\n");
        let expect = "idl/src/lib.rs:11: `drv/isp: Node.count` is listed, and there is no such reference: remove the row";
        assert_eq!(findings(&list(&more)), [expect]);
    }
}
