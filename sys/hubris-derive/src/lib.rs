//! `#[derive(IdolError)]`: error codes that travel as reply codes; `#[test_case]`: cases of a test
//! image.
//!
//! # Why
//! An operation fails with a small C-like enum, and its code *is* the kernel's reply code, so it
//! must be non-zero (zero is success), fit 16 bits (so that it never meets a reserved code), and
//! stay the same when somebody adds a variant in the middle. The derive therefore insists on a
//! written discriminant and a documented cause for each variant, and checks the numbers at compile
//! time. Implementing the conversions by hand was rejected: one forgotten arm is a wrong error.
//!
//! ```
//! /// Why a buffer cannot be had.
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, hubris_derive::IdolError)]
//! pub enum BufferError {
//!     /// No such buffer; ask `pool` for their number.
//!     NoSuchBuffer = 1,
//!     /// Hardware or quarantine holds it; it comes back at `quiet`.
//!     Busy = 2,
//! }
//! assert_eq!(u32::from(BufferError::Busy), 2);
//! assert_eq!(BufferError::try_from(1), Ok(BufferError::NoSuchBuffer));
//! assert_eq!(BufferError::try_from(3), Err(3));
//! ```
//!
//! A code that means success, or does not fit, does not compile:
//! ```compile_fail,E0080
//! #[derive(Clone, Copy, hubris_derive::IdolError)]
//! enum Zero {
//!     /// Reads as success.
//!     Zero = 0,
//! }
//! ```
//! ```compile_fail,E0080
//! #[derive(Clone, Copy, hubris_derive::IdolError)]
//! enum Large {
//!     /// Does not fit 16 bits.
//!     Large = 65536,
//! }
//! ```
#![forbid(unsafe_code)]

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident, ItemFn, Variant, spanned::Spanned};

/// Derives `From<E> for u16`, `From<E> for u32`, `TryFrom<u32> for E` (unknown codes are given
/// back) and `idol_runtime::OpError`.
///
/// A variant without a discriminant, without documentation or with fields, and a discriminant
/// outside of 1..=65535, do not compile.
#[proc_macro_derive(IdolError)]
pub fn derive_idol_error(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.span(), "IdolError is for C-like enums only"));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "an error that travels has no parameters"));
    }
    let problems = data.variants.iter().filter_map(|variant| check_variant(variant).err());
    if let Some(all) = problems.reduce(|mut first, next| {
        first.combine(next);
        first
    }) {
        return Err(all);
    }
    let variants: Vec<&Ident> = data.variants.iter().map(|variant| &variant.ident).collect();
    Ok(implementations(&input.ident, &variants))
}

fn check_variant(variant: &Variant) -> Result<(), Error> {
    let name = &variant.ident;
    let problem = if !matches!(variant.fields, Fields::Unit) {
        format!("`{name}` has fields: a reply code carries none")
    } else if variant.discriminant.is_none() {
        format!("`{name}` has no code: write `{name} = N`, so that it stays stable")
    } else if !variant.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        format!("`{name}` is not documented: say its cause and its remedy")
    } else {
        return Ok(());
    };
    Err(Error::new(variant.span(), problem))
}

fn implementations(name: &Ident, variants: &[&Ident]) -> TokenStream {
    let range = format!("codes of {name} must be in 1..=65535: 0 is success");
    quote! {
        const _: () = {
            #( assert!(#name::#variants as i128 >= 1 && #name::#variants as i128 <= 0xFFFF, #range); )*
        };
        impl ::core::convert::From<#name> for u16 {
            fn from(error: #name) -> u16 {
                error as u16
            }
        }
        impl ::core::convert::From<#name> for u32 {
            fn from(error: #name) -> u32 {
                error as u32
            }
        }
        impl ::core::convert::TryFrom<u32> for #name {
            type Error = u32;
            fn try_from(code: u32) -> ::core::result::Result<Self, u32> {
                #( if code == #name::#variants as u32 { return Ok(#name::#variants); } )*
                Err(code)
            }
        }
        impl ::idol_runtime::OpError for #name {}
    }
}

/// Marks a public function without arguments, in a file of the folder `src/cases` of a test package,
/// as a case: a name in the table that the package's build script makes (`build-cases`).
///
/// `#[test_case(tag)]` keeps it out of the images that are not asked for that tag. A marked function
/// that did not get into the table does not compile:
/// ```compile_fail,E0433
/// #[hubris_derive::test_case]
/// pub fn a_case_outside_of_the_folder() {}
/// ```
#[proc_macro_attribute]
pub fn test_case(
    _tag: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let function = syn::parse_macro_input!(item as ItemFn);
    let name = &function.sig.ident;
    quote! {
        #function
        const _: () = crate::cases::registered::#name;
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::expand;
    use proc_macro2::TokenStream;
    use quote::quote;

    fn check(input: TokenStream, expect: &[&str]) {
        let input = syn::parse2(input).expect("an item");
        let errors: Vec<String> = match expand(&input) {
            Ok(_) => Vec::new(),
            Err(all) => all.into_iter().map(|error| error.to_string()).collect(),
        };
        assert_eq!(errors, expect);
    }

    #[test]
    fn a_documented_enum_with_codes_is_accepted() {
        check(
            quote!(
                enum E {
                    #[doc = "why"]
                    A = 1,
                    #[doc = "why"]
                    B = 9,
                }
            ),
            &[],
        );
    }

    #[test]
    fn every_wrong_variant_is_named() {
        check(
            quote!(
                enum E {
                    #[doc = "why"]
                    A,
                    B = 2,
                    #[doc = "why"]
                    C(u8) = 3,
                }
            ),
            &[
                "`A` has no code: write `A = N`, so that it stays stable",
                "`B` is not documented: say its cause and its remedy",
                "`C` has fields: a reply code carries none",
            ],
        );
    }

    #[test]
    fn only_plain_enums_are_errors() {
        check(
            quote!(
                struct S {
                    a: u8,
                }
            ),
            &["IdolError is for C-like enums only"],
        );
        check(
            quote!(
                enum E<T> {
                    A = 1,
                }
            ),
            &["an error that travels has no parameters"],
        );
    }
}
