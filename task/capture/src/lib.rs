//! The demo client: streams the processed picture, survives whatever happens to the camera, and
//! tells the host about each frame in one line of JSON.
//!
//! # Why
//! It is a client like any other: it maps two pools read-only and talks to device nodes. What it
//! does on a disconnect is what every client should do: say so, take its buffers back when the
//! hardware is quiet, close, wait for the return, and set everything up again.
//!
//! ```text
//!   Away ──open──► set up ──► streaming ──frames done──► raw frames ──► finish(0)
//!    ▲                │           │
//!    └──── reclaim, close ◄── Disconnected
//! ```
//!
//! * [`lines`]: the lines for the host. Built with `serde-json-core`, because it serialises without
//!   a heap into a buffer of ours and escapes text correctly; writing braces by hand does not.
//! * [`checksum`]: CRC-32 of the pixels as this task reads them; the host compares it with the
//!   CRC-32 of what it received.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod lines;

use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// 16 bytes per step: a table of 16 KiB in flash, and a fifth of the time of one byte per step.
static CRC_32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// CRC-32 (ISO-HDLC, as in zip and PNG) of some pixels.
#[must_use]
pub fn checksum(pixels: &[u8]) -> u32 {
    CRC_32.checksum(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_zip() {
        // The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }
}
