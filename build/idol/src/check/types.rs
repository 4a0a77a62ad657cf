//! Rules about types: the part of Rust's type syntax that can travel.

use super::Checker;
use crate::model::{Value, Wire};
use crate::raw::{Encoding, Recv};
use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, Type};

/// Longest text of a type: bounds the depth of its syntax.
const TYPE_TEXT_BYTES_MAX: usize = 128;

/// Items of the generated module; a type of that name would not be seen there.
const TAKEN_TYPES: [&str; 4] = ["Client", "Op", "Dispatcher", "Self"];

/// What a `FromPrimitive` can travel as.
const PRIMITIVES: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

const TYPE_REMEDY: &str =
    "use a named type, a tuple or an array; declare what else you need in `idl/src/types.rs`";

impl Checker<'_> {
    /// A type that can travel by value.
    pub(super) fn ty(&mut self, path: &[&str], text: &str) -> Option<Type> {
        match parse(text) {
            Ok(Type::Slice(_)) => {
                let message = format!("type `{text}` has no fixed size");
                self.wrong(path, message, "lend it: write it as a lease")
            }
            Ok(ty) => self.known(path, ty),
            Err(why) => self.wrong(path, format!("type `{text}` {why}"), TYPE_REMEDY),
        }
    }

    /// The type of a lease: its element, and whether it is a slice of them.
    pub(super) fn lease_ty(&mut self, path: &[&str], text: &str) -> Option<(Type, bool)> {
        match parse(text) {
            Ok(Type::Slice(slice)) => Some((self.known(path, *slice.elem)?, true)),
            Ok(ty) => Some((self.known(path, ty)?, false)),
            Err(why) => self.wrong(path, format!("type `{text}` {why}"), TYPE_REMEDY),
        }
    }

    /// The type, if somebody declares all names in it.
    fn known(&mut self, path: &[&str], ty: Type) -> Option<Type> {
        match self.vocabulary.and_then(|vocabulary| vocabulary.unknown(&ty)) {
            None => Some(ty),
            Some(name) => self.wrong(
                path,
                format!("there is no type `{name}`"),
                "correct the name, or declare the type in `idl/src/types.rs`",
            ),
        }
    }

    /// An argument or a reply with its way over the wire.
    pub(super) fn value(
        &mut self,
        path: &[&str],
        text: &str,
        recv: Recv,
        encoding: Encoding,
    ) -> Option<Value> {
        let ty = self.ty(path, text);
        if recv != Recv::FromBytes && encoding != Encoding::Zerocopy {
            let message = format!("`recv` has no meaning in {encoding:?}: serde converts");
            return self.wrong(path, message, "remove `recv`, or use `encoding: Zerocopy`");
        }
        let wire = match recv {
            Recv::FromBytes => ty.as_ref().map(|ty| plain_wire(ty, encoding)),
            Recv::FromPrimitive(primitive) => self.primitive(path, &primitive),
            Recv::From(wire, function) => self.conversion(path, &wire, function),
        };
        Some(Value { ty: ty?, wire: wire? })
    }

    fn primitive(&mut self, path: &[&str], primitive: &str) -> Option<Wire> {
        if !PRIMITIVES.contains(&primitive) {
            let message = format!("`FromPrimitive(\"{primitive}\")` is not an integer type");
            let remedy = format!("use one of {}", PRIMITIVES.join(", "));
            return self.wrong(path, message, &remedy);
        }
        syn::parse_str(primitive).ok().map(Wire::Primitive)
    }

    fn conversion(&mut self, path: &[&str], wire: &str, function: Option<String>) -> Option<Wire> {
        let wire = self.ty(path, wire)?;
        let Some(name) = function else { return Some(Wire::Converted(Box::new(wire), None)) };
        match syn::parse_str::<syn::Path>(&name) {
            Ok(function) if function.segments.iter().all(|segment| segment.arguments.is_none()) => {
                Some(Wire::Converted(Box::new(wire), Some(function)))
            }
            _ => {
                let message = format!("`{name}` in `recv` is not the path of a function");
                self.wrong(path, message, "name a function that `crate::types` exports")
            }
        }
    }
}

fn plain_wire(ty: &Type, encoding: Encoding) -> Wire {
    let named = |name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    if matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        Wire::Unit
    } else if named("bool") && encoding == Encoding::Zerocopy {
        Wire::BoolAsByte
    } else if named("usize") {
        Wire::UsizeAsU32
    } else {
        Wire::Itself
    }
}

fn parse(text: &str) -> Result<Type, &'static str> {
    if text.len() > TYPE_TEXT_BYTES_MAX {
        return Err("is too long");
    }
    let ty = syn::parse_str(text).map_err(|_| "is not a Rust type")?;
    match &ty {
        Type::Slice(slice) if can_travel(&slice.elem) => Ok(ty),
        _ if can_travel(&ty) => Ok(ty),
        _ => Err("cannot travel between tasks"),
    }
}

fn can_travel(ty: &Type) -> bool {
    match ty {
        Type::Array(array) => can_travel(&array.elem) && is_length(&array.len),
        Type::Tuple(tuple) => tuple.elems.iter().all(can_travel),
        Type::Path(path) => {
            path.qself.is_none()
                && !TAKEN_TYPES.iter().any(|taken| path.path.is_ident(taken))
                && path.path.segments.iter().all(|segment| plain_arguments(&segment.arguments))
        }
        _ => false,
    }
}

fn plain_arguments(arguments: &PathArguments) -> bool {
    match arguments {
        PathArguments::None => true,
        PathArguments::AngleBracketed(list) => list.args.iter().all(|argument| match argument {
            GenericArgument::Type(ty) => can_travel(ty),
            GenericArgument::Const(length) => is_length(length),
            _ => false,
        }),
        PathArguments::Parenthesized(_) => false,
    }
}

fn is_length(length: &Expr) -> bool {
    match length {
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => true,
        Expr::Path(path) => {
            path.qself.is_none()
                && path.path.segments.iter().all(|segment| segment.arguments.is_none())
        }
        _ => false,
    }
}
