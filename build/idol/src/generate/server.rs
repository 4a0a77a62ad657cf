//! The serving side.

use super::{doc, lent_type, op_const, op_doc, server_error, wire};
use crate::model::{Access, Answers, Arg, Failure, Interface, Lease, Op};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

pub fn items(interface: &Interface) -> TokenStream {
    let server_trait = format_ident!("InOrder{}Impl", interface.name);
    let definition = definition(interface, &server_trait);
    let dispatch = dispatch(interface, &server_trait);
    let replies = interface.ops.iter().filter(|op| matches!(op.answers, Answers::Deferred));
    let replies = replies.map(reply_function);
    quote! {
        #definition
        #dispatch
        #(#replies)*
    }
}

fn definition(interface: &Interface, server_trait: &Ident) -> TokenStream {
    let about =
        doc(&format!("A server of `{}`, which handles one message at a time.", interface.name));
    let methods = interface.ops.iter().map(|op| {
        let Op { name, .. } = op;
        let about = doc(&format!("{}\n\n# Errors\nWhat the caller shall see.", op_doc(op)));
        let args = op.args.iter().map(|Arg { name, value, .. }| {
            let ty = &value.ty;
            quote!(#name: #ty)
        });
        let leases = op.leases.iter().map(|lease| {
            let name = &lease.name;
            let ty = leased_type(lease);
            quote!(#name: #ty)
        });
        let result = result_type(op);
        quote! {
            #about
            fn #name(
                &mut self,
                call: &::idol_runtime::CallInfo
                #(, #args)* #(, #leases)*
            ) -> #result;
        }
    });
    quote! {
        #about
        pub trait #server_trait {
            /// The notification bits that the server waits for, besides messages.
            fn notification_mask(&self) -> u32;
            /// Handles the notification bits that were posted.
            fn handle_notification(&mut self, bits: u32);
            /// What is to be done before each wait of [`serve`]. The answer to the message at hand is
            /// decided, and goes out with the wait: nothing may block here.
            fn before_wait(&mut self) {}
            #(#methods)*
        }
    }
}

fn leased_type(lease: &Lease) -> TokenStream {
    let ty = lent_type(lease);
    let access = access(lease.access);
    quote!(::idol_runtime::Leased<#access, #ty>)
}

fn access(access: Access) -> TokenStream {
    match access {
        Access::Read => quote!(::idol_runtime::R),
        Access::Write => quote!(::idol_runtime::W),
        Access::ReadWrite => quote!(::idol_runtime::RW),
    }
}

fn result_type(op: &Op) -> TokenStream {
    let value = &op.reply.value.ty;
    let error = server_error(&op.reply.failure);
    quote!(::core::result::Result<#value, ::idol_runtime::RequestError<#error>>)
}

fn dispatch(interface: &Interface, server_trait: &Ident) -> TokenStream {
    let arms = interface.ops.iter().map(arm);
    quote! {
        /// Waits for one message or notification and handles it: one turn of the main loop.
        pub fn dispatch(incoming: &mut [u8; INCOMING_BYTES], server: &mut impl #server_trait) {
            let mut reply = [0; OUTGOING_BYTES];
            ::idol_runtime::server::dispatch(&mut Dispatcher(server), incoming, &mut reply);
        }

        /// The whole main loop: as `dispatch` again and again, with fewer kernel entries.
        pub fn serve(server: &mut impl #server_trait) -> ! {
            let mut incoming = [0; INCOMING_BYTES];
            let mut reply = [0; OUTGOING_BYTES];
            ::idol_runtime::server::serve(&mut Dispatcher(server), &mut incoming, &mut reply)
        }

        /// Handles one received message: a pure function of server and bytes. `reply` must have
        /// room for [`OUTGOING_BYTES`].
        pub fn dispatch_message(
            server: &mut impl #server_trait,
            call: &::idol_runtime::CallInfo,
            message: &[u8],
            reply: &mut [u8],
        ) -> ::idol_runtime::Outcome {
            handle(server, call, message, reply).unwrap_or_else(|refusal| refusal)
        }

        struct Dispatcher<'a, S>(&'a mut S);

        impl<S: #server_trait> ::idol_runtime::Server for Dispatcher<'_, S> {
            fn handle(
                &mut self,
                call: &::idol_runtime::CallInfo,
                message: &[u8],
                reply: &mut [u8],
            ) -> ::idol_runtime::Outcome {
                dispatch_message(self.0, call, message, reply)
            }

            fn mask(&self) -> u32 {
                self.0.notification_mask()
            }

            fn notified(&mut self, bits: u32) {
                self.0.handle_notification(bits);
            }

            fn waits(&mut self) {
                self.0.before_wait();
            }
        }

        fn handle(
            server: &mut impl #server_trait,
            call: &::idol_runtime::CallInfo,
            message: &[u8],
            reply: &mut [u8],
        ) -> ::core::result::Result<::idol_runtime::Outcome, ::idol_runtime::Outcome> {
            let index = ::idol_runtime::server::admit(&OPS, call, message.len())?;
            Ok(match Op::ALL[index] {
                #(#arms)*
            })
        }
    }
}

fn arm(op: &Op) -> TokenStream {
    let Op { name, variant, encoding, .. } = op;
    let reads = op.args.iter().map(|arg| wire::read(&arg.value, *encoding));
    let input = wire::decoder_name(op.args.iter().map(|arg| &arg.value));
    let decode = if op.args.is_empty() {
        quote!(::idol_runtime::decode(message, |_| Ok(()))?;)
    } else {
        quote!(let arguments = ::idol_runtime::decode(message, |#input| Ok((#(#reads,)*)))?;)
    };
    let claims = op.leases.iter().enumerate().map(|(index, lease)| claim(index, lease));
    let lent = if op.leases.is_empty() { quote!() } else { quote!(let lent = (#(#claims,)*);) };
    let arguments = (0..op.args.len()).map(Literal::usize_unsuffixed);
    let leases = (0..op.leases.len()).map(Literal::usize_unsuffixed);
    let settle = settle(
        op,
        quote!(server.#name(call #(, arguments.#arguments)* #(, lent.#leases)*)),
        quote!(reply),
    );
    quote! {
        Op::#variant => {
            #decode
            #lent
            #settle
        }
    }
}

fn claim(index: usize, lease: &Lease) -> TokenStream {
    let element = &lease.element;
    let access = access(lease.access);
    if !lease.is_slice {
        return quote!(::idol_runtime::Leased::<#access, #element>::sized(call.sender, #index)?);
    }
    let limit = match lease.max_len {
        Some(limit) => quote!(::core::option::Option::Some(#limit)),
        None => quote!(::core::option::Option::None),
    };
    quote!(::idol_runtime::Leased::<#access, [#element]>::slice(call.sender, #index, #limit)?)
}

fn settle(op: &Op, result: TokenStream, reply: TokenStream) -> TokenStream {
    let write = wire::write(&op.reply.value, op.encoding, quote!(value));
    let value = if write.is_empty() { quote!(|_, ()| {}) } else { quote!(|out, value| out #write) };
    let error = match &op.reply.failure {
        Failure::Never => quote!(never),
        Failure::CLike(_) => quote!(clike),
        Failure::Complex(_) => quote!(complex),
    };
    quote! {
        ::idol_runtime::server::settle(
            #result,
            #reply,
            #value,
            ::idol_runtime::server::#error,
        )
    }
}

fn reply_function(op: &Op) -> TokenStream {
    let function = format_ident!("reply_{}", op.name);
    let reply_bytes = op_const(op, "REPLY_BYTES");
    let result = result_type(op);
    let settle = settle(op, quote!(result), quote!(&mut reply));
    let about = doc(&format!(
        "Answers a call of `{}` that gave `RequestError::Deferred`.\n\n# Restart\nIf the caller \
         died meanwhile, nothing happens.",
        op.name
    ));
    quote! {
        #about
        pub fn #function(caller: ::idol_runtime::TaskId, result: #result) {
            let mut reply = [0; #reply_bytes];
            let outcome = #settle;
            ::idol_runtime::server::deliver(caller, outcome, &reply);
        }
    }
}
