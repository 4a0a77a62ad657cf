//! Values: bytes of the target, read by their type, printed like Rust's `Debug`.

use super::Type;
use std::fmt;

/// A decoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer.
    Number(i128),
    /// A truth value.
    Bool(bool),
    /// A structure, tuple or variant: name and fields.
    Struct(String, Vec<(String, Value)>),
    /// Elements.
    Array(Vec<Value>),
    /// An address.
    Pointer(u64),
    /// Bytes that do not decode.
    Bad(&'static str),
}

impl Value {
    /// Decodes `bytes` as a value of type `ty`; bytes that cannot be one become [`Value::Bad`].
    #[must_use]
    pub fn decode(ty: &Type, bytes: &[u8]) -> Self {
        let size = ty.size() as usize;
        let Some(bytes) = bytes.get(..size) else { return Self::Bad("cut off") };
        match ty {
            Type::Unsigned(_) => Self::Number(i128::from(unsigned(bytes))),
            Type::Signed(_) => Self::Number(i128::from(signed(bytes))),
            Type::Pointer(_) => Self::Pointer(unsigned(bytes)),
            Type::Bool => match bytes {
                [0] => Self::Bool(false),
                [1] => Self::Bool(true),
                _ => Self::Bad("not a bool"),
            },
            Type::Plain { values, .. } => plain(values, bytes),
            Type::Struct { name, members, .. } => {
                let field = |member: &super::Member| {
                    let from = member.offset as usize;
                    let value = bytes.get(from..).map(|rest| Self::decode(&member.ty, rest));
                    (member.name.clone(), value.unwrap_or(Self::Bad("cut off")))
                };
                Self::Struct(name.clone(), members.iter().map(field).collect())
            }
            Type::Enum { tag, variants, .. } => variant(*tag, variants, bytes),
            Type::Array { element, count, stride } => Self::Array(
                (0..*count)
                    .map(|index| Self::decode(element, &bytes[(index * stride) as usize..]))
                    .collect(),
            ),
            Type::Opaque(_) => Self::Bad("no type"),
        }
    }

    /// The field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(_, fields) => {
                fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The name of the structure or variant.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Struct(name, _) => Some(name),
            _ => None,
        }
    }

    /// The number in it, through any number of one-field wrappers.
    #[must_use]
    pub fn number(&self) -> Option<i128> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Pointer(address) => Some(i128::from(*address)),
            Self::Struct(_, fields) if fields.len() == 1 => fields[0].1.number(),
            _ => None,
        }
    }

    /// The elements of an array, through any number of one-field wrappers.
    #[must_use]
    pub fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            Self::Struct(_, fields) if fields.len() == 1 => fields[0].1.elements(),
            _ => None,
        }
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().min(8) as u32;
    if unused == 64 { 0 } else { ((unsigned(bytes) << unused) as i64) >> unused }
}

fn plain(values: &[(String, i64)], bytes: &[u8]) -> Value {
    let mask = u64::MAX >> (64 - 8 * bytes.len().clamp(1, 8));
    let value = unsigned(bytes);
    match values.iter().find(|(_, code)| *code as u64 & mask == value) {
        Some((name, _)) => Value::Struct(name.clone(), Vec::new()),
        None => Value::Bad("no such variant"),
    }
}

fn variant(tag: Option<(u32, u32)>, variants: &[super::Variant], bytes: &[u8]) -> Value {
    let value = tag.and_then(|(offset, size)| {
        bytes.get(offset as usize..(offset + size) as usize).map(unsigned)
    });
    let exact = variants.iter().find(|variant| value.is_some() && variant.tag == value);
    let chosen = exact.or_else(|| variants.iter().find(|variant| variant.tag.is_none()));
    match chosen {
        None => Value::Bad("no such variant"),
        Some(chosen) => match Value::decode(&chosen.ty, bytes) {
            Value::Struct(_, fields) => Value::Struct(chosen.name.clone(), fields),
            other => other,
        },
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Pointer(address) => write!(f, "{address:#010x}"),
            Self::Bad(why) => write!(f, "<{why}>"),
            Self::Array(elements) => {
                write!(f, "[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "" } else { ", " })?;
                }
                write!(f, "]")
            }
            Self::Struct(name, fields) => structure(f, name, fields),
        }
    }
}

fn structure(f: &mut fmt::Formatter<'_>, name: &str, fields: &[(String, Value)]) -> fmt::Result {
    let tuple = fields.iter().all(|(field, _)| field.starts_with("__"));
    let (open, close) = if tuple { ("(", ")") } else { (" { ", " }") };
    if fields.is_empty() {
        return write!(f, "{name}");
    }
    write!(f, "{}{open}", if name.starts_with('(') { "" } else { name })?;
    for (index, (field, value)) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        if tuple {
            write!(f, "{comma}{value}")?;
        } else {
            write!(f, "{comma}{field}: {value}")?;
        }
    }
    write!(f, "{close}")
}

#[cfg(test)]
mod tests {
    use super::super::{Member, Variant};
    use super::*;

    fn check(ty: &Type, bytes: &[u8], expect: &str) {
        assert_eq!(Value::decode(ty, bytes).to_string(), expect);
    }

    fn member(name: &str, offset: u32, ty: Type) -> Member {
        Member { name: name.into(), offset, ty }
    }

    fn structure(name: &str, size: u32, members: Vec<Member>) -> Type {
        Type::Struct { name: name.into(), size, members }
    }

    #[test]
    fn numbers_keep_their_sign() {
        check(&Type::Unsigned(2), &[0xff, 0xff], "65535");
        check(&Type::Signed(2), &[0xfe, 0xff], "-2");
        check(&Type::Signed(4), &[1, 0, 0, 0], "1");
    }

    #[test]
    fn structures_print_like_debug() {
        let ty = structure(
            "Rect",
            4,
            vec![member("left", 0, Type::Unsigned(2)), member("top", 2, Type::Unsigned(2))],
        );
        check(&ty, &[1, 0, 2, 0], "Rect { left: 1, top: 2 }");
        let newtype = structure("Handle", 1, vec![member("__0", 0, Type::Unsigned(1))]);
        check(&newtype, &[7], "Handle(7)");
    }

    #[test]
    fn variants_are_chosen_by_tag_and_the_untagged_one_takes_the_rest() {
        let none = Variant { tag: Some(0), name: "None".into(), ty: structure("None", 2, vec![]) };
        let data = structure("Some", 2, vec![member("__0", 1, Type::Unsigned(1))]);
        let some = Variant { tag: None, name: "Some".into(), ty: data };
        let ty = Type::Enum {
            name: "Option".into(),
            size: 2,
            tag: Some((0, 1)),
            variants: vec![none, some],
        };
        check(&ty, &[0, 9], "None");
        check(&ty, &[1, 9], "Some(9)");
    }

    #[test]
    fn what_cannot_be_a_value_says_so() {
        check(&Type::Bool, &[2], "<not a bool>");
        check(&Type::Unsigned(4), &[1, 2], "<cut off>");
        let plain = Type::Plain { name: "E".into(), size: 1, values: vec![("A".into(), 3)] };
        check(&plain, &[3], "A");
        check(&plain, &[4], "<no such variant>");
    }

    #[test]
    fn arrays_print_their_elements() {
        let ty = Type::Array { element: Box::new(Type::Unsigned(1)), count: 3, stride: 1 };
        check(&ty, &[1, 2, 3], "[1, 2, 3]");
    }
}
