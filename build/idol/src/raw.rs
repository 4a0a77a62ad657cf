//! What they wrote: the file as `ron` and serde see it, before any check.
//!
//! Everything that can be missing is optional here, and names and types are still text, so that
//! one run of the checks can report all that is wrong instead of the first thing.

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The whole file.
#[derive(Debug, serde::Deserialize)]
#[serde(rename = "Interface")]
pub struct Interface {
    #[serde(default, deserialize_with = "written")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "written")]
    pub doc: Option<String>,
    #[serde(default, deserialize_with = "written")]
    pub within: Option<u32>,
    #[serde(default)]
    pub retry_on_death: bool,
    #[serde(default, deserialize_with = "written")]
    pub ops: Option<Entries<Operation>>,
}

/// One operation.
#[derive(Debug, serde::Deserialize)]
pub struct Operation {
    #[serde(default, deserialize_with = "written")]
    pub doc: Option<String>,
    #[serde(default)]
    pub args: Entries<Attributed>,
    #[serde(default)]
    pub leases: Entries<Lease>,
    #[serde(default, deserialize_with = "written")]
    pub reply: Option<Reply>,
    #[serde(default)]
    pub idempotent: bool,
    #[serde(default)]
    pub encoding: Encoding,
    #[serde(default, deserialize_with = "written")]
    pub within: Option<u32>,
    #[serde(default)]
    pub defers: bool,
}

/// How arguments and reply of one operation become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Encoding {
    #[default]
    Zerocopy,
    Ssmarshal,
    Hubpack,
}

/// A type with what is said about it: `"u8"` or `(type: "u8", doc: "..", recv: ..)`.
#[derive(Debug)]
pub struct Attributed {
    pub ty: String,
    pub doc: Option<String>,
    pub recv: Recv,
}

/// How a received argument becomes its type.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Recv {
    #[default]
    FromBytes,
    FromPrimitive(String),
    From(String, #[serde(default)] Option<String>),
}

/// Lent memory.
#[derive(Debug, serde::Deserialize)]
pub struct Lease {
    #[serde(rename = "type", default, deserialize_with = "written")]
    pub ty: Option<String>,
    #[serde(default, deserialize_with = "written")]
    pub doc: Option<String>,
    #[serde(default)]
    pub read: bool,
    #[serde(default)]
    pub write: bool,
    #[serde(default)]
    pub max_len: Option<u32>,
}

/// What comes back.
#[derive(Debug, serde::Deserialize)]
pub enum Reply {
    Simple(Attributed),
    Result {
        ok: Attributed,
        err: Error,
        #[serde(default, deserialize_with = "written")]
        doc: Option<String>,
    },
}

/// How an operation fails.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Error {
    CLike(String),
    Complex(String),
    ServerDeath,
}

/// A map in the order of the text, duplicates included: the checks name both.
#[derive(Debug)]
pub struct Entries<V>(pub Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// An optional field that is written without `Some(..)`.
fn written<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct InOrder<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Entries<V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map `{ \"name\": (..), .. }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        input.deserialize_map(InOrder(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Attributed {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Fields {
            #[serde(rename = "type")]
            ty: String,
            #[serde(default, deserialize_with = "written")]
            doc: Option<String>,
            #[serde(default)]
            recv: Recv,
        }

        struct StringOrFields;

        impl<'de> Visitor<'de> for StringOrFields {
            type Value = Attributed;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a type `\"u8\"` or `(type: \"u8\", doc: \"..\")`")
            }

            fn visit_str<E: de::Error>(self, ty: &str) -> Result<Attributed, E> {
                Ok(Attributed { ty: ty.to_owned(), doc: None, recv: Recv::FromBytes })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Attributed, A::Error> {
                let Fields { ty, doc, recv } =
                    Fields::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Attributed { ty, doc, recv })
            }
        }

        input.deserialize_any(StringOrFields)
    }
}
