//! The type names that an interface may use: found in the Rust sources that its imports name.
//!
//! # Why
//! A misspelled type would be an error in generated code, far from the file that somebody wrote.
//! The names are read from the sources and not asked of the Rust compiler, because the sources are
//! compiled together with what is generated from the interfaces.

use std::collections::BTreeSet;
use syn::{GenericArgument, Item, PathArguments, Type, UseTree, Visibility};

/// What Rust brings along.
const BUILT_IN: [&str; 15] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64",
    "usize", "Option",
];

/// Names of types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary(BTreeSet<String>);

impl Vocabulary {
    /// Adds the public types of a source file, and what it re-exports by name.
    ///
    /// # Errors
    /// The parser's words if the text is not Rust.
    pub fn add_source(&mut self, text: &str) -> Result<(), String> {
        let file = syn::parse_file(text).map_err(|error| error.to_string())?;
        for item in &file.items {
            let (visibility, name) = match item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                Item::Union(item) => (&item.vis, &item.ident),
                Item::Use(item) => {
                    if is_public(&item.vis) {
                        self.add_names(&item.tree);
                    }
                    continue;
                }
                _ => continue,
            };
            if is_public(visibility) {
                self.0.insert(name.to_string());
            }
        }
        Ok(())
    }

    fn add_names(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.add_names(&path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_names(tree)),
            UseTree::Name(name) => drop(self.0.insert(name.ident.to_string())),
            UseTree::Rename(name) => drop(self.0.insert(name.rename.to_string())),
            UseTree::Glob(_) => {}
        }
    }

    /// The first name in `ty` that nobody declares. A path of several segments says itself where
    /// its type is.
    #[must_use]
    pub fn unknown(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Array(array) => self.unknown(&array.elem),
            Type::Slice(slice) => self.unknown(&slice.elem),
            Type::Tuple(tuple) => tuple.elems.iter().find_map(|element| self.unknown(element)),
            Type::Path(path) => {
                let own = path.path.segments.first().filter(|_| path.path.segments.len() == 1);
                let own = own.map(|segment| segment.ident.to_string());
                own.filter(|name| !self.knows(name)).or_else(|| {
                    path.path.segments.iter().find_map(|segment| self.in_arguments(segment))
                })
            }
            _ => None,
        }
    }

    fn in_arguments(&self, segment: &syn::PathSegment) -> Option<String> {
        let PathArguments::AngleBracketed(list) = &segment.arguments else { return None };
        list.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => self.unknown(ty),
            _ => None,
        })
    }

    fn knows(&self, name: &str) -> bool {
        BUILT_IN.contains(&name) || self.0.contains(name)
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(ty: &str) -> Option<String> {
        let mut vocabulary = Vocabulary::default();
        vocabulary
            .add_source(
                "pub struct Frame(u8); struct Hidden; pub enum Kind { A } pub type Id = u32; \
                 pub use sys_abi::{Cause, Edge as Side}; pub use other::*;",
            )
            .expect("Rust");
        vocabulary.unknown(&syn::parse_str(ty).expect("a type"))
    }

    #[test]
    fn declared_and_re_exported_names_are_known() {
        for ty in ["Frame", "Kind", "Id", "Cause", "Side", "u8", "(Frame, [Kind; 3])", "()"] {
            assert_eq!(unknown(ty), None, "{ty}");
        }
        assert_eq!(unknown("Option<Frame>"), None);
        assert_eq!(unknown("elsewhere::Thing"), None, "a path says where it is");
    }

    #[test]
    fn other_names_are_found_at_any_depth() {
        for (ty, name) in [
            ("u33", "u33"),
            ("Fraem", "Fraem"),
            ("Hidden", "Hidden"),
            ("Edge", "Edge"),
            ("[Fraem; 4]", "Fraem"),
            ("(u8, Option<Fraem>)", "Fraem"),
        ] {
            assert_eq!(unknown(ty).as_deref(), Some(name), "{ty}");
        }
    }
}
