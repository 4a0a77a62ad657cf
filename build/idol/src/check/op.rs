//! Rules about one operation.

use super::{Checker, LEASES_MAX, names};
use crate::model::{Access, Answers, Arg, Failure, Lease, Op, Reply};
use crate::raw::{self, Encoding, Entries};

/// What the interface says for the ops that do not say it themselves.
pub(super) struct Defaults {
    pub within: Option<u32>,
}

impl Checker<'_> {
    pub(super) fn op(
        &mut self,
        name: &str,
        raw: raw::Operation,
        defaults: &Defaults,
    ) -> Option<Op> {
        let path = ["ops", name];
        let ident = self.op_name(name);
        if raw.encoding == Encoding::Ssmarshal {
            let place = ["ops", name, "encoding"];
            let message = format!("op `{name}` wants the encoding Ssmarshal, which we do not have");
            self.wrong::<()>(&place, message, "use `encoding: Hubpack`");
        }
        self.idempotence(name, &raw);
        let doc = self.documented(&path, &format!("op `{name}`"), raw.doc);
        let answers = self.answers(name, raw.within, raw.defers, &raw.args, defaults);
        self.distinct(&["ops", name, "args"], "argument", &raw.args.0);
        self.distinct(&["ops", name, "leases"], "lease", &raw.leases.0);
        self.args_apart_from_leases(name, &raw.args, &raw.leases);
        let args = self.args(name, raw.args, raw.encoding);
        let leases = self.leases(name, raw.leases);
        let reply = self.reply(name, raw.reply, raw.encoding);
        let ident = ident?;
        Some(Op {
            variant: names::camel_case(&ident),
            name: ident,
            doc: doc?,
            args: args?,
            leases: leases?,
            reply: reply?,
            encoding: raw.encoding,
            answers: answers?,
        })
    }

    /// The original tool repeats idempotent calls by itself and therefore refuses these two.
    fn idempotence(&mut self, name: &str, raw: &raw::Operation) {
        if !raw.idempotent {
            return;
        }
        let place = ["ops", name, "idempotent"];
        if raw.leases.0.iter().any(|(_, lease)| lease.read && lease.write) {
            let message = format!("op `{name}` is idempotent and changes a lease that it reads");
            self.wrong::<()>(&place, message, "remove `idempotent`, or lend twice");
        }
        if matches!(raw.reply, Some(raw::Reply::Result { err: raw::Error::ServerDeath, .. })) {
            let message = format!("op `{name}` is idempotent and reports ServerDeath");
            self.wrong::<()>(&place, message, "remove `idempotent`, or make the reply `Simple`");
        }
    }

    fn answers(
        &mut self,
        name: &str,
        within: Option<u32>,
        defers: bool,
        args: &Entries<raw::Attributed>,
        defaults: &Defaults,
    ) -> Option<Answers> {
        let path = ["ops", name];
        if within == Some(0) {
            self.within_zero(&["ops", name, "within"]);
        }
        match (within, defers) {
            (Some(_), true) => {
                let message = format!("op `{name}` has `within` and `defers`");
                self.wrong(
                    &path,
                    message,
                    "keep one: a deferred answer has no bound but its time-out",
                )
            }
            (None, true) if !args.0.iter().any(|(arg, _)| arg.starts_with("timeout_")) => {
                let message = format!("op `{name}` defers its answer and has no time-out argument");
                self.wrong(&path, message, "add an argument `timeout_ms` or `timeout_us`")
            }
            (None, true) => Some(Answers::Deferred),
            (own, false) => match own.or(defaults.within) {
                Some(bound_ms) => Some(Answers::WithinMs(bound_ms)),
                None => {
                    let message = format!("op `{name}` has no bound on its answer");
                    let remedy = "add `within: MS` to it or to the interface, or `defers: true`";
                    self.wrong(&path, message, remedy)
                }
            },
        }
    }

    fn args_apart_from_leases(
        &mut self,
        name: &str,
        args: &Entries<raw::Attributed>,
        leases: &Entries<raw::Lease>,
    ) {
        for (lease, _) in &leases.0 {
            if args.0.iter().any(|(arg, _)| arg == lease) {
                let message = format!("op `{name}` has an argument and a lease named `{lease}`");
                self.wrong::<()>(&["ops", name, "leases", lease], message, "rename one");
            }
        }
    }

    fn args(
        &mut self,
        op: &str,
        raw: Entries<raw::Attributed>,
        encoding: Encoding,
    ) -> Option<Vec<Arg>> {
        let args: Vec<_> =
            raw.0.into_iter().map(|(name, arg)| self.arg(op, &name, arg, encoding)).collect();
        args.into_iter().collect()
    }

    fn arg(
        &mut self,
        op: &str,
        name: &str,
        raw: raw::Attributed,
        encoding: Encoding,
    ) -> Option<Arg> {
        let path = ["ops", op, "args", name];
        let ident = self.parameter_name(&path, "argument", name);
        let doc = self.documented(&path, &format!("argument `{name}` of op `{op}`"), raw.doc);
        let place = ["ops", op, "args", name, "type"];
        let value = self.value(&place, &raw.ty, raw.recv, encoding);
        Some(Arg { name: ident?, doc: doc?, value: value? })
    }

    fn leases(&mut self, op: &str, raw: Entries<raw::Lease>) -> Option<Vec<Lease>> {
        let count = raw.0.len();
        if count > LEASES_MAX {
            let message =
                format!("op `{op}` has {count} leases, at most {LEASES_MAX} are possible");
            self.wrong::<()>(&["ops", op, "leases"], message, "lend fewer, larger pieces");
        }
        let leases: Vec<_> =
            raw.0.into_iter().map(|(name, lease)| self.lease(op, &name, lease)).collect();
        leases.into_iter().collect()
    }

    fn lease(&mut self, op: &str, name: &str, raw: raw::Lease) -> Option<Lease> {
        let path = ["ops", op, "leases", name];
        let ident = self.parameter_name(&path, "lease", name);
        let doc = self.documented(&path, &format!("lease `{name}` of op `{op}`"), raw.doc);
        let access = match (raw.read, raw.write) {
            (true, true) => Some(Access::ReadWrite),
            (true, false) => Some(Access::Read),
            (false, true) => Some(Access::Write),
            (false, false) => {
                let message =
                    format!("lease `{name}` of op `{op}` can be neither read nor written");
                self.wrong(&path, message, "add `read: true` or `write: true`")
            }
        };
        let place = ["ops", op, "leases", name, "type"];
        let ty = match raw.ty {
            Some(text) => self.lease_ty(&place, &text),
            None => {
                let message = format!("lease `{name}` of op `{op}` has no `type`");
                self.wrong(&path, message, "add `type: \"[u8]\"` or another type")
            }
        };
        self.max_len(op, name, raw.max_len, ty.as_ref().is_none_or(|(_, is_slice)| *is_slice));
        let (element, is_slice) = ty?;
        let max_len = raw.max_len;
        Some(Lease { name: ident?, doc: doc?, element, is_slice, access: access?, max_len })
    }

    fn max_len(&mut self, op: &str, lease: &str, max_len: Option<u32>, is_slice: bool) {
        let path = ["ops", op, "leases", lease, "max_len"];
        if max_len == Some(0) {
            let message = format!("`max_len` of lease `{lease}` is 0");
            self.wrong::<()>(&path, message, "give the largest number of elements");
        }
        if max_len.is_some() && !is_slice {
            let message = format!("lease `{lease}` has `max_len`, but its type has a fixed size");
            self.wrong::<()>(&path, message, "remove `max_len`, or lend a slice `[..]`");
        }
    }

    fn reply(&mut self, op: &str, raw: Option<raw::Reply>, encoding: Encoding) -> Option<Reply> {
        let path = ["ops", op, "reply"];
        let (ok, doc, err) = match raw {
            None => {
                let message = format!("op `{op}` has no `reply`");
                let remedy = "add `reply: Simple(..)` or `reply: Result(ok: .., err: ..)`";
                return self.wrong(&path, message, remedy);
            }
            Some(raw::Reply::Simple(value)) => (value, None, None),
            Some(raw::Reply::Result { ok, err, doc }) => (ok, doc, Some(err)),
        };
        let failure = match err {
            None | Some(raw::Error::ServerDeath) => Some(Failure::Never),
            Some(raw::Error::CLike(ty)) => self.ty(&path, &ty).map(Failure::CLike),
            Some(raw::Error::Complex(ty)) => {
                if encoding != Encoding::Hubpack {
                    let message = format!("op `{op}`: a Complex error travels in Hubpack only");
                    self.wrong::<()>(&path, message, "use `encoding: Hubpack`, or a CLike error");
                }
                self.ty(&path, &ty).map(Failure::Complex)
            }
        };
        let doc = match ok.doc.or(doc) {
            // Nothing comes back, so there is nothing to say about it.
            None if ok.ty.trim() == "()" => Some(String::new()),
            doc => self.documented(&path, &format!("the reply of op `{op}`"), doc),
        };
        let value = self.value(&path, &ok.ty, ok.recv, encoding);
        Some(Reply { value: value?, doc: doc?, failure: failure? })
    }
}
