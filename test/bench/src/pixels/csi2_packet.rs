//! Header and check sum of a CSI-2 packet: what the receiver knows of errors on the line.
//!
//! ```text
//!   bit   0..8             8..24        24..30
//!       data identifier  word count    parity     then the payload, and its check sum
//! ```
//! Six bits of parity over the 24 before them correct one wrong bit and detect two (MIPI CSI-2, 9.5: a
//! Hamming code with a bit of parity over all). The check sum is CRC-16 over the payload (9.6).

use crc::{CRC_16_MCRF4XX, Crc};

/// Bits over which each bit of parity goes (MIPI CSI-2, table 6).
const PARITY: [u32; 6] = [0xF1_2CB7, 0xF2_555B, 0x74_9A6D, 0xB8_E38E, 0xDF_03F0, 0xEF_FC00];
/// The bits that are protected.
const PROTECTED: u32 = 0x00FF_FFFF;
/// x^16 + x^12 + x^5 + 1, lowest bit first, begun with ones.
const CHECKSUM: Crc<u16> = Crc::<u16>::new(&CRC_16_MCRF4XX);

/// What a receiver that checks makes of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// No bit was wrong.
    Whole(u32),
    /// One bit was, and is right again.
    Corrected(u32),
    /// More bits were, and nobody knows which.
    Lost,
}

/// The header of a packet of so many bytes on virtual channel 0, with its parity.
#[must_use]
pub fn header(data_type: u8, bytes: u16) -> u32 {
    let word = u32::from(data_type) | u32::from(bytes) << 8;
    word | parity(word) << 24
}

/// Checks a header.
#[must_use]
pub fn check(received: u32) -> Header {
    let word = received & PROTECTED;
    match parity(word) ^ received >> 24 & 0x3F {
        0 => Header::Whole(word),
        // A bit of the parity itself.
        wrong if wrong.is_power_of_two() => Header::Corrected(word),
        wrong => (0..24)
            .map(|bit| word ^ 1 << bit)
            .find(|other| parity(*other) ^ parity(word) == wrong)
            .map_or(Header::Lost, Header::Corrected),
    }
}

/// The check sum of a payload.
#[must_use]
pub fn checksum(payload: &[u8]) -> u16 {
    CHECKSUM.checksum(payload)
}

fn parity(word: u32) -> u32 {
    let bit = |(index, bits): (usize, &u32)| ((word & bits).count_ones() & 1) << index;
    PARITY.iter().enumerate().map(bit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers of lines that the sensor sends, and the corners.
    const WORDS: [(u8, u16); 5] = [(0x2A, 160), (0x2B, 800), (0x2C, 960), (0, 0), (0xFF, 0xFFFF)];

    /// MIPI CSI-2, annex: examples of a header and of a check sum.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        assert_eq!(header(0x37, 0x01F0), 0x3F01_F037);
        let payload = [
            0xFF, 0x00, 0x00, 0x02, 0xB9, 0xDC, 0xF3, 0x72, 0xBB, 0xD4, 0xB8, 0x5A, 0xC8, 0x75,
            0xC2, 0x7C, 0x81, 0xF8, 0x05, 0xDF, 0xFF, 0x00, 0x00, 0x01,
        ];
        assert_eq!(checksum(&payload), 0x00F0);
    }

    #[test]
    fn each_wrong_bit_is_corrected_and_two_are_detected() {
        for (data_type, bytes) in WORDS {
            let sent = header(data_type, bytes);
            let word = sent & PROTECTED;
            assert_eq!(check(sent), Header::Whole(word));
            for first in 0..30 {
                assert_eq!(check(sent ^ 1 << first), Header::Corrected(word), "bit {first}");
                for second in (0..30).filter(|second| *second != first) {
                    let twice = sent ^ 1 << first ^ 1 << second;
                    assert_eq!(check(twice), Header::Lost, "bits {first}, {second}");
                }
            }
        }
    }

    #[test]
    fn each_wrong_bit_of_a_payload_changes_the_check_sum() {
        let mut payload: Vec<u8> = (0..200).map(|at| (at * 37 % 256) as u8).collect();
        let right = checksum(&payload);
        for bit in 0..8 * payload.len() {
            payload[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(&payload), right, "bit {bit}");
            payload[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
