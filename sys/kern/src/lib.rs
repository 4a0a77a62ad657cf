//! The kernel: static tasks, MPU isolation, strict priorities, synchronous messages, and
//! disconnect at death.
//!
//! | module | decides |
//! |---|---|
//! | [`kernel`] | who runs: ready set, switches, time stamps |
//! | `ipc`, `borrow`, `notify`, `time` | the system calls |
//! | `fast` | the same for what happens all the time: the common send and its answer |
//! | `death` | the end and the beginning of a life, in one pass |
//! | `watch` | which edges a watcher still has to learn |
//! | `kipc` | messages to the kernel, and the authority that they need |
//! | [`umem`] | which memory of a task the kernel may touch: the proofs |
//! | `spec` | what all of it promises, as an executable specification: for tests and the fuzzer |
//! | [`arch`] | the hardware: registers, MPU, clock, interrupts, the copies themselves |
//!
//! # Why
//! * **Generic over [`arch::Arch`].** The same code runs on Armv8-M and over a simulated memory
//!   on the host, where life cycles are tested exhaustively; nothing but `arch` has a `cfg`.
//! * **No allocation, no policy, no names.** Tasks, priorities, regions, send lists, post masks,
//!   watches and interrupts are tables that the image builder links in ([`tables`]); the kernel
//!   knows neither a chip nor a task. Task 0 is the supervisor by definition.
//! * **Disconnect at death.** A life that ends takes its id with it: the generation goes up by one,
//!   and in the same pass everybody blocked on it becomes runnable with the death record. Restart
//!   is somebody else's decision, later.
//! * **Blame.** A system call that no correct task makes faults the task that made it and harms no
//!   other; the fault says what it was ([`sys_abi::FaultInfo`]).
//!
//! # States of a task
//! ```text
//!            start                 SEND, not received        received          RECV, nothing there
//!  Stopped ─────────► Runnable ───────────────► InSend ───────────────► InReply   Runnable ──► InRecv
//!     ▲                 │  ▲  ◄── peer replies, or the peer's life ends ──────┘        ▲          │
//!     │ reinit          │  └─────────────────────────────────────────────────────────-┴──────────┘
//!     └────── Down ◄────┴─ any state: fault, panic, kill (generation + 1, here only)
//! ```
#![cfg_attr(target_os = "none", no_std)]

pub mod arch;
mod borrow;
mod death;
mod fast;
mod ipc;
pub mod kernel;
mod kipc;
mod negative;
mod notify;
mod ready;
pub mod refusal;
#[cfg(any(test, fuzzing))]
pub mod spec;
pub mod tables;
pub mod task;
mod time;
pub mod umem;
mod watch;
mod wire;

pub use watch::WatchQueue;

#[cfg(test)]
mod tests;
