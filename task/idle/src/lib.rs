#![cfg_attr(target_os = "none", no_std)]
//! Nothing to decide: see `main.rs`.
#![forbid(unsafe_code)]
