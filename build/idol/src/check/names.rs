//! Rules about names: identifiers, duplicates, keys that nobody reads.

use super::Checker;
use crate::model::Op;
use syn::Ident;

/// Methods that every client or server has, so that an op cannot be named like them.
const TAKEN_OPS: [&str; 7] =
    ["new", "to", "task_id", "rebind", "handle_notification", "before_wait", "notification_mask"];

/// The server's first parameter, so that an argument or lease cannot be named like it.
const TAKEN_ARGS: [&str; 1] = ["call"];

impl Checker<'_> {
    pub(super) fn interface_name(&mut self, name: &str) -> Option<Ident> {
        let camel = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|character| character.is_ascii_alphanumeric());
        let ident = syn::parse_str(name).ok().filter(|_| camel);
        if ident.is_none() {
            let message = format!("interface name `{name}` is not a CamelCase identifier");
            return self.wrong(&["name"], message, "write it like a Rust type, e.g. \"Frames\"");
        }
        ident
    }

    pub(super) fn op_name(&mut self, name: &str) -> Option<Ident> {
        if TAKEN_OPS.contains(&name) {
            let message = format!("op name `{name}` is taken by the generated code");
            return self.wrong(&["ops", name], message, "choose another name");
        }
        self.snake_case(&["ops", name], "op", name)
    }

    pub(super) fn parameter_name(
        &mut self,
        path: &[&str],
        what: &str,
        name: &str,
    ) -> Option<Ident> {
        if TAKEN_ARGS.contains(&name) {
            let message = format!("{what} name `{name}` is taken by the generated code");
            return self.wrong(path, message, "choose another name");
        }
        self.snake_case(path, what, name)
    }

    fn snake_case(&mut self, path: &[&str], what: &str, name: &str) -> Option<Ident> {
        let snake = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        let ident = syn::parse_str(name).ok().filter(|_| snake);
        if ident.is_none() {
            let message = format!("{what} name `{name}` is not a snake_case identifier");
            return self.wrong(path, message, "write it like a Rust function, and no keyword");
        }
        ident
    }

    /// Reports each name that comes a second time in one map.
    pub(super) fn distinct<V>(&mut self, map: &[&str], what: &str, entries: &[(String, V)]) {
        for (index, (name, _)) in entries.iter().enumerate() {
            let earlier = entries[..index].iter().filter(|(other, _)| other == name).count();
            if earlier == 1 {
                let path: Vec<&str> = map.iter().copied().chain([name.as_str()]).collect();
                let offset = self.positions.find(&path, earlier);
                let message = format!("{what} `{name}` is declared twice");
                self.wrong_at::<()>(offset, message, "rename or remove one");
            }
        }
    }

    /// Reports ops whose names differ in underscores only.
    pub(super) fn distinct_variants(&mut self, ops: &[Op]) {
        for (index, op) in ops.iter().enumerate() {
            let same = |other: &&Op| other.variant == op.variant && other.name != op.name;
            if let Some(other) = ops[..index].iter().find(same) {
                let name = op.name.to_string();
                let message = format!("op names `{}` and `{name}` are too alike", other.name);
                self.wrong::<()>(&["ops", &name], message, "rename one");
            }
        }
    }

    /// Reports every key that the format does not have. (The reader of the original format skips
    /// such keys; here a misspelt `defers` would silently change a promise.)
    pub(super) fn known_keys(&mut self) {
        let mut unknown = Vec::new();
        for key in self.positions.keys() {
            let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
            let Some((name, owner)) = path.split_last() else { continue };
            if let Some(known) = keys_of(owner)
                && !known.contains(name)
            {
                unknown.push((key.offset, (*name).to_owned(), known.join("`, `")));
            }
        }
        for (offset, name, known) in unknown {
            let remedy = format!("known here: `{known}`");
            self.wrong_at::<()>(offset, format!("unknown key `{name}`"), &remedy);
        }
    }
}

/// The keys that may stand in the value at this path; `None` if the names there are free.
fn keys_of(path: &[&str]) -> Option<&'static [&'static str]> {
    const OP: &[&str] =
        &["doc", "args", "leases", "reply", "idempotent", "encoding", "within", "defers"];
    const VALUE: &[&str] = &["type", "doc", "recv"];
    match path {
        [] => Some(&["name", "doc", "within", "retry_on_death", "ops"]),
        ["ops", _] => Some(OP),
        ["ops", _, "args", _] | ["ops", _, "reply", "ok"] => Some(VALUE),
        ["ops", _, "leases", _] => Some(&["type", "doc", "read", "write", "max_len"]),
        ["ops", _, "reply"] => Some(&["ok", "err", "doc", "type", "recv"]),
        _ => None,
    }
}

/// `start_dma` as `StartDma`.
pub(super) fn camel_case(name: &Ident) -> Ident {
    let camel: String = name
        .to_string()
        .split('_')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect();
    Ident::new(&camel, name.span())
}
