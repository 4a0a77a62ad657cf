//! The calling side.

use super::{doc, lent_type, op_const, op_doc, wire};
use crate::model::{Access, Arg, Failure, Interface, Lease, Op};
use proc_macro2::TokenStream;
use quote::quote;

pub fn items(interface: &Interface) -> TokenStream {
    let name = &interface.name;
    let methods = interface.ops.iter().map(|op| method(op, interface.retry_on_death));
    let about = format!("A client of `{name}`, bound to one life of one server.");
    if interface.retry_on_death {
        let about = doc(&format!(
            "{about}\n\nThe server is stateless: a call that it does not survive is sent again to \
             its next life, at most `idol_runtime::client::SENDS_MAX` times in all."
        ));
        return quote! {
            #about
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct Client {
                task: ::core::cell::Cell<::idol_runtime::TaskId>,
            }

            impl Client {
                /// A client of this life.
                #[must_use]
                pub const fn new(task: ::idol_runtime::TaskId) -> Self {
                    Self { task: ::core::cell::Cell::new(task) }
                }

                /// A client of the present life of a task.
                #[must_use]
                pub fn to(task: ::idol_runtime::TaskIndex) -> Self {
                    Self::new(::idol_runtime::current_life(task))
                }

                /// The life that it is bound to.
                #[must_use]
                pub fn task_id(&self) -> ::idol_runtime::TaskId {
                    self.task.get()
                }

                /// Binds to the present life of the same task.
                pub fn rebind(&mut self) {
                    self.task.set(::idol_runtime::current_life(self.task_id().index()));
                }

                #(#methods)*
            }
        };
    }
    let about = doc(&about);
    quote! {
        #about
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Client {
            task: ::idol_runtime::TaskId,
        }

        impl Client {
            /// A client of this life.
            #[must_use]
            pub const fn new(task: ::idol_runtime::TaskId) -> Self {
                Self { task }
            }

            /// A client of the present life of a task.
            #[must_use]
            pub fn to(task: ::idol_runtime::TaskIndex) -> Self {
                Self::new(::idol_runtime::current_life(task))
            }

            /// The life that it is bound to.
            #[must_use]
            pub const fn task_id(&self) -> ::idol_runtime::TaskId {
                self.task
            }

            /// Binds to the present life of the same task. What was set in the old one is gone.
            pub fn rebind(&mut self) {
                *self = Self::to(self.task.index());
            }

            #(#methods)*
        }
    }
}

fn method(op: &Op, retries: bool) -> TokenStream {
    let Op { name, variant, encoding, reply, .. } = op;
    let about = method_doc(op, retries);
    let args = op.args.iter().map(|Arg { name, value, .. }| {
        let ty = &value.ty;
        quote!(#name: #ty)
    });
    let leases = op.leases.iter().map(lease_parameter);
    let checks = op.leases.iter().filter_map(lease_check);
    let lends = op.leases.iter().map(lend);
    let writes =
        op.args.iter().map(|Arg { name, value, .. }| wire::write(value, *encoding, quote!(#name)));
    let request_bytes = op_const(op, "REQUEST_BYTES");
    let reply_bytes = op_const(op, "REPLY_BYTES");
    let value = &reply.value.ty;
    let (result, sort) = match &reply.failure {
        Failure::Never => (quote!(::idol_runtime::Disconnect), quote!(infallible)),
        Failure::CLike(error) => (quote!(::idol_runtime::ipc::Error<#error>), quote!(clike)),
        Failure::Complex(error) => (quote!(::idol_runtime::ipc::Error<#error>), quote!(complex)),
    };
    let (target, send) = if retries {
        (quote!(self.task.get()), quote!(send_retrying(&self.task, &mut [#(#lends),*])))
    } else {
        (quote!(self.task), quote!(send(&mut [#(#lends),*])))
    };
    let input = wire::decoder_name([&reply.value].into_iter());
    let read = wire::read_result(&reply.value, *encoding);
    quote! {
        #about
        pub fn #name(
            &self #(, #args)* #(, #leases)*
        ) -> ::core::result::Result<#value, #result> {
            #(#checks)*
            ::idol_runtime::client::Request::<#request_bytes, #reply_bytes>::new(
                #target,
                Op::#variant.code(),
            )
            #(#writes)*
            .#send?
            .#sort(|#input| #read)
        }
    }
}

fn method_doc(op: &Op, retries: bool) -> TokenStream {
    let errors = match &op.reply.failure {
        Failure::Never => "The server, or somebody it depends on, is gone.",
        _ => "The operation failed, or the server, or somebody it depends on, is gone.",
    };
    let restart = if retries {
        "Sent again to the next life; the caller is told if the server stays down."
    } else {
        "At most once, effect unknown: the call ends with the death record and is not repeated."
    };
    let panics = if op.leases.iter().any(|lease| lease.max_len.is_some()) {
        "\n\n# Panics\nIf a lent slice is longer than the interface allows."
    } else {
        ""
    };
    doc(&format!("{}\n\n# Errors\n{errors}{panics}\n\n# Restart\n{restart}", op_doc(op)))
}

fn lease_parameter(lease: &Lease) -> TokenStream {
    let name = &lease.name;
    let ty = lent_type(lease);
    match lease.access {
        Access::Read => quote!(#name: &#ty),
        Access::Write | Access::ReadWrite => quote!(#name: &mut #ty),
    }
}

fn lease_check(lease: &Lease) -> Option<TokenStream> {
    let name = &lease.name;
    let limit = lease.max_len?;
    let complaint = format!("`{name}` is lent with more than {limit} elements");
    Some(quote!(assert!(#name.len() <= #limit as usize, #complaint);))
}

fn lend(lease: &Lease) -> TokenStream {
    let name = &lease.name;
    match lease.access {
        Access::Read => quote!(::idol_runtime::Lend::read(#name)),
        Access::Write => quote!(::idol_runtime::Lend::write(#name)),
        Access::ReadWrite => quote!(::idol_runtime::Lend::read_write(#name)),
    }
}
