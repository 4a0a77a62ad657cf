//! One of a crowd: opens its handles of a node, waits with the last of them until it ends, lets go of all.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use idl::types::{Handle, PollEvents};
use idl::video;
use test_camera::clock;
use userlib::{config_u32, notification, slot};

userlib::entry!(main);

/// Most handles of one of them.
const HANDLES_MAX: usize = 8;
/// Between two tries to open, while the node has no hardware yet, in microseconds.
const TRY_US: u64 = 1_000;
/// Longest wait of one poll, in milliseconds.
const POLL_MS: u32 = 60_000;
/// What is left to do, in microseconds.
const FOREVER_US: u64 = u64::MAX / 2;

fn main() -> ! {
    let node = video::Client::to(slot!("video6"));
    let mut handles = [Handle(0); HANDLES_MAX];
    let wanted = (config_u32!("handles") as usize).min(HANDLES_MAX);
    for handle in &mut handles[..wanted] {
        *handle = open(&node);
    }
    if let Some(last) = handles[..wanted].last() {
        while node.poll(*last, PollEvents::PRI, POLL_MS) == Ok(PollEvents::NONE) {}
    }
    for handle in &handles[..wanted] {
        // It always succeeds, or the node has died and closed it.
        let _ = node.close(*handle);
    }
    loop {
        clock::sleep_us(FOREVER_US, notification!("timer"));
    }
}

fn open(node: &video::Client) -> Handle {
    loop {
        match node.open() {
            Ok(handle) => return handle,
            Err(_) => clock::sleep_us(TRY_US, notification!("timer")),
        }
    }
}
