//! The parts that both sides and the host tools share: op codes, sizes, the interface's text.

use super::{op_const, wire};
use crate::model::{Answers, Failure, Interface, Op};
use proc_macro2::TokenStream;
use quote::quote;

pub fn items(interface: &Interface, text: &str) -> TokenStream {
    let op_enum = op_enum(interface);
    let sizes = interface.ops.iter().map(sizes);
    let infos = interface.ops.iter().map(info);
    let requests = interface.ops.iter().map(|op| op_const(op, "REQUEST_BYTES"));
    let replies = interface.ops.iter().map(|op| op_const(op, "REPLY_BYTES"));
    let count = interface.ops.len();
    quote! {
        /// The interface file, word for word.
        pub const INTERFACE: &str = #text;

        #op_enum

        /// What the interface file says about each op, in the order of the codes.
        pub const OPS: [::idol_runtime::OpInfo; #count] = [ #(#infos),* ];

        #(#sizes)*

        /// Size of a server's message buffer.
        pub const INCOMING_BYTES: usize = ::idol_runtime::largest(&[ #(#requests),* ]);
        /// Size of a server's reply buffer.
        pub const OUTGOING_BYTES: usize = ::idol_runtime::largest(&[ #(#replies),* ]);
    }
}

fn op_enum(interface: &Interface) -> TokenStream {
    let count = interface.ops.len();
    let variants: Vec<_> = interface.ops.iter().map(|op| &op.variant).collect();
    let codes = 1u16..;
    let docs = interface.ops.iter().map(|op| super::doc(&op.doc));
    quote! {
        /// The operations and their codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Op {
            #( #docs #variants = #codes, )*
        }

        impl Op {
            /// All operations, in the order of their codes.
            pub const ALL: [Self; #count] = [ #( Self::#variants ),* ];

            /// The code that the message carries.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The operation with this code.
            #[must_use]
            pub fn from_code(code: u16) -> ::core::option::Option<Self> {
                Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
            }

            /// What the interface file says about it.
            #[must_use]
            pub const fn info(self) -> ::idol_runtime::OpInfo {
                OPS[self as usize - 1]
            }
        }
    }
}

fn sizes(op: &Op) -> TokenStream {
    let request = op_const(op, "REQUEST_BYTES");
    let reply = op_const(op, "REPLY_BYTES");
    let arguments = op.args.iter().map(|arg| wire::bytes(&arg.value, op.encoding));
    let arguments = arguments.reduce(|sum, next| quote!(#sum + #next)).unwrap_or(quote!(0));
    let value = wire::bytes(&op.reply.value, op.encoding);
    let error = match &op.reply.failure {
        Failure::Complex(error) => quote!(::idol_runtime::hubpack_bytes::<#error>(),),
        Failure::Never | Failure::CLike(_) => quote!(),
    };
    let request_doc = format!(" Upper bound of the arguments of `{}`, in bytes.", op.name);
    let reply_doc = format!(" Room that a caller of `{}` offers, in bytes.", op.name);
    quote! {
        #[doc = #request_doc]
        pub const #request: usize = #arguments;
        #[doc = #reply_doc]
        pub const #reply: usize =
            ::idol_runtime::largest(&[#value, #error ::idol_runtime::FORWARD_BYTES]);
    }
}

fn info(op: &Op) -> TokenStream {
    let name = op.name.to_string();
    let request = op_const(op, "REQUEST_BYTES");
    let reply = op_const(op, "REPLY_BYTES");
    let lease_count = op.leases.len();
    let answers = match op.answers {
        Answers::WithinMs(bound_ms) => quote!(WithinMs(#bound_ms)),
        Answers::Deferred => quote!(Deferred),
    };
    quote! {
        ::idol_runtime::OpInfo {
            name: #name,
            request_bytes: #request,
            reply_bytes: #reply,
            lease_count: #lease_count,
            answers: ::idol_runtime::Answers::#answers,
        }
    }
}
