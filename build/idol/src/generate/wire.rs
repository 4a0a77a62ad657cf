//! How one value is written, read and measured.

use crate::model::{Value, Wire};
use crate::raw::Encoding;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

fn verb(encoding: Encoding) -> Ident {
    match encoding {
        Encoding::Zerocopy => format_ident!("zerocopy"),
        Encoding::Hubpack | Encoding::Ssmarshal => format_ident!("hubpack"),
    }
}

fn wire_type(value: &Value) -> TokenStream {
    let ty = &value.ty;
    match &value.wire {
        Wire::Unit | Wire::Itself => quote!(#ty),
        Wire::BoolAsByte => quote!(u8),
        Wire::UsizeAsU32 => quote!(u32),
        Wire::Primitive(primitive) => quote!(#primitive),
        Wire::Converted(wire, _) => quote!(#wire),
    }
}

/// A constant expression: the most bytes that the value takes.
pub fn bytes(value: &Value, encoding: Encoding) -> TokenStream {
    let wire = wire_type(value);
    match (&value.wire, encoding) {
        (Wire::Unit, _) => quote!(0),
        (_, Encoding::Zerocopy) => quote!(::core::mem::size_of::<#wire>()),
        _ => quote!(::idol_runtime::hubpack_bytes::<#wire>()),
    }
}

/// A method call, to append to an encoder or a request; nothing for the unit type.
pub fn write(value: &Value, encoding: Encoding, expression: TokenStream) -> TokenStream {
    let verb = verb(encoding);
    match &value.wire {
        Wire::Unit => quote!(),
        Wire::Itself => quote!(.#verb(&#expression)),
        Wire::BoolAsByte => quote!(.#verb(&u8::from(#expression))),
        Wire::UsizeAsU32 => quote!(.#verb(&::idol_runtime::usize_to_wire(#expression))),
        Wire::Primitive(primitive) => quote!(.#verb(&(#expression as #primitive))),
        Wire::Converted(wire, _) => {
            quote!(.#verb(&::core::convert::Into::<#wire>::into(#expression)))
        }
    }
}

/// An expression that takes the value from the decoder `input`, with `?` for bad contents.
pub fn read(value: &Value, encoding: Encoding) -> TokenStream {
    let verb = verb(encoding);
    let ty = &value.ty;
    let wire = wire_type(value);
    let taken = quote!(input.#verb::<#wire>()?);
    match &value.wire {
        Wire::Unit => quote!(()),
        Wire::Itself => taken,
        Wire::BoolAsByte => quote!(#taken != 0),
        Wire::UsizeAsU32 => quote!(#taken as usize),
        Wire::Primitive(primitive) => {
            let convert = format_ident!("from_{primitive}");
            quote! {
                <#ty as ::idol_runtime::num_traits::FromPrimitive>::#convert(#taken)
                    .ok_or(::idol_runtime::BadContents)?
            }
        }
        Wire::Converted(_, None) => quote!(::core::convert::Into::<#ty>::into(#taken)),
        Wire::Converted(_, Some(function)) => quote!(#function(#taken)),
    }
}

/// An expression that takes the value from the decoder `input`, as a result.
pub fn read_result(value: &Value, encoding: Encoding) -> TokenStream {
    match &value.wire {
        Wire::Itself => {
            let verb = verb(encoding);
            let ty = &value.ty;
            quote!(input.#verb::<#ty>())
        }
        _ => {
            let read = read(value, encoding);
            quote!(Ok(#read))
        }
    }
}

/// The name of the decoder in a closure that reads these values: `_` if none reads.
pub fn decoder_name<'a>(mut values: impl Iterator<Item = &'a Value>) -> TokenStream {
    if values.any(|value| !matches!(value.wire, Wire::Unit)) { quote!(input) } else { quote!(_) }
}
