//! The camera suite: scenarios of removal and return, played by clients on the target.
//!
//! | task | prio | role |
//! |---|---|---|
//! | scenario | 8 | the client that runs one case; maps bench control, so it makes the hardware misbehave |
//! | witness0, 1, 2 | 9 | more clients, which do what the scenario tells them and report what they saw |
//! | rogue | 9 | negative control only: touches the ISP after its driver died |
//!
//! Everything below them is the product image. The parameter block names the case; each case has a
//! boot of its own, so that none of them sees what another one broke. A case reports one line
//! through the host bridge, then the machine ends:
//!
//! ```text
//! {"kind":"case","name":"s03_...","result":"ok","detail":"...","time_us":123}
//! ```
//!
//! # Writing a case
//! A function in a file of [`cases`] and a row of [`cases::CASES`]. It returns what is worth telling,
//! or a [`Failure`](check::Failure); see [`ensure!`]. Its name begins with the scenario's id. It asserts
//! both what must be and what must not be, and its tolerance is a named constant.
//!
//! # Negative controls
//! A suite that cannot fail proves nothing. `negative/` holds images with one promise broken;
//! [`cases::NEGATIVES`] says which case must fail in which of them, and with which words.
#![cfg_attr(target_os = "none", no_std)]
#![allow(
    clippy::result_large_err,
    reason = "a failure carries its words, there is no allocator, and it is returned once per case"
)]

pub mod bench;
pub mod cases;
pub mod check;
pub mod clock;
pub mod corrected;
pub mod looks;
pub mod mmio;
pub mod protocol;
pub mod reference;
pub mod report;
pub mod stage;
pub mod text;
pub mod witnesses;
pub mod ycbcr;
