//! From a checked interface to Rust text.
//!
//! What is written here marshals, calls and unmarshals; what has a decision in it is a function of
//! `idol-runtime`. Everything outside of the interface's own types is named by its full path, so
//! that no type of the interface can hide it.

mod client;
mod ops;
mod server;
mod wire;

use crate::model::{Answers, Arg, Failure, Interface, Lease, Op};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type};

/// The module of an interface, as formatted Rust.
pub fn module(interface: &Interface, text: &str, imports: &str) -> String {
    let items = [ops::items(interface, text), client::items(interface), server::items(interface)];
    let file = syn::parse2::<syn::File>(items.into_iter().collect());
    let file = file.unwrap_or_else(|error| unreachable!("generated code is Rust: {error}"));
    let doc: String = doc_lines(&interface.doc).map(|line| format!("//!{line}\n")).collect();
    format!(
        "{doc}//!\n//! Generated from the interface file, whose text is [`INTERFACE`].\n\
         #![allow(clippy::too_many_arguments)]\n\
         #[allow(unused_imports)]\n{imports}\n\n{}",
        prettyplease::unparse(&file)
    )
}

/// Lines of a doc, each with its leading blank, none with a character that breaks a line.
fn doc_lines(doc: &str) -> impl Iterator<Item = String> {
    doc.trim().lines().map(|line| format!(" {}", line.trim().replace('\r', " ")))
}

fn doc(text: &str) -> TokenStream {
    let lines = doc_lines(text);
    quote!(#( #[doc = #lines] )*)
}

/// What a reader of the generated docs learns about an op, on either side: paragraphs.
fn op_doc(op: &Op) -> String {
    let args = op.args.iter().map(|Arg { name, doc, .. }| format!("* `{name}`: {}", doc.trim()));
    let leases = op
        .leases
        .iter()
        .map(|Lease { name, doc, .. }| format!("* `{name}` (lent): {}", doc.trim()));
    let parameters: Vec<String> = args.chain(leases).collect();
    let gives = match op.reply.doc.trim() {
        "" => String::new(),
        doc => format!("Gives: {doc}"),
    };
    let answers = match op.answers {
        Answers::WithinMs(bound_ms) => format!("Answers within {bound_ms} ms."),
        Answers::Deferred => "May answer later, bounded by its time-out argument.".to_owned(),
    };
    let paragraphs = [op.doc.trim().to_owned(), parameters.join("\n"), gives, answers];
    let present: Vec<String> = paragraphs.into_iter().filter(|text| !text.is_empty()).collect();
    present.join("\n\n")
}

/// `READ_REPLY_BYTES`
fn op_const(op: &Op, suffix: &str) -> Ident {
    format_ident!("{}_{suffix}", op.name.to_string().to_uppercase())
}

/// The error type of the operation in the server.
fn server_error(failure: &Failure) -> TokenStream {
    match failure {
        Failure::Never => quote!(::core::convert::Infallible),
        Failure::CLike(error) | Failure::Complex(error) => quote!(#error),
    }
}

fn lent_type(lease: &Lease) -> TokenStream {
    let element: &Type = &lease.element;
    if lease.is_slice { quote!([#element]) } else { quote!(#element) }
}
