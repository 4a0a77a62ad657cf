//! The serial line of the sensor, and what a context of the receiver CSI2a makes of its bytes.
//!
//! ```text
//!   samples ─DataType::send─► bytes on the line ─Format::samples─► samples ─► video port
//!                                  │                    └───store────────► memory, two bytes each
//!                                  └───────────────────────────────────► memory, as they come
//! ```
//! RAW10 has the upper eight bits of four samples, then their lower two, those of the first sample lowest
//! (MIPI CSI-2, 11.4.4; the same bytes are V4L2_PIX_FMT_SGRBG10P); RAW12 has the upper eight bits of two samples,
//! then their lower four (11.4.5). Codes of the formats:
//! [`drv_isp_regs::csi2a::format`].

use super::dpcm::{self, Predictor};
use super::yuv::YuvOrder;
use drv_isp_regs::csi2a::format as code;
use drv_isp_regs::sensor::data_format;

/// What a packet of pixels has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// RAW8.
    Raw8,
    /// RAW10.
    Raw10,
    /// RAW12.
    Raw12,
    /// A user-defined byte: ten bits compressed to eight.
    UserByte,
    /// YUV422 8-bit, in parallel in this order. No format of this receiver takes it.
    Yuv422(YuvOrder),
}

impl DataType {
    /// What the transmitter sends with this DATA_FORMAT; what it does not know is RAW10.
    #[must_use]
    pub const fn of(data_format: u16) -> Self {
        match data_format {
            data_format::RAW12 => Self::Raw12,
            data_format::RAW8 => Self::Raw8,
            data_format::DPCM8 => Self::UserByte,
            data_format::YUYV8 => Self::Yuv422(YuvOrder::Yuyv),
            data_format::UYVY8 => Self::Yuv422(YuvOrder::Uyvy),
            _ => Self::Raw10,
        }
    }

    /// Bits of a sample that it is made of.
    #[must_use]
    pub const fn sample_bits(self) -> u32 {
        match self {
            Self::Raw8 | Self::Yuv422(_) => 8,
            Self::Raw10 | Self::UserByte => 10,
            Self::Raw12 => 12,
        }
    }

    /// Its code in a header (MIPI CSI-2, 11).
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Raw8 => 0x2A,
            Self::Raw10 => 0x2B,
            Self::Raw12 => 0x2C,
            Self::UserByte => 0x30,
            Self::Yuv422(_) => 0x1E,
        }
    }

    /// The order of the bytes in parallel, if it is YCbCr.
    #[must_use]
    pub const fn ycbcr(self) -> Option<YuvOrder> {
        match self {
            Self::Yuv422(order) => Some(order),
            Self::Raw8 | Self::Raw10 | Self::Raw12 | Self::UserByte => None,
        }
    }

    /// Puts a line of samples of its bits on the line; returns the number of bytes.
    pub fn send(self, samples: &[u16], line: &mut [u8]) -> usize {
        match self {
            Self::Raw8 => {
                let places = line.iter_mut().zip(samples);
                places.map(|(place, sample)| *place = *sample as u8).count()
            }
            Self::UserByte => dpcm::encode_line(samples, line),
            Self::Yuv422(_) => store(samples, line),
            Self::Raw10 => {
                let packets = line.chunks_exact_mut(5).zip(samples.chunks(4));
                packets.map(|(packet, four)| pack(four, packet)).count() * 5
            }
            Self::Raw12 => {
                let packets = line.chunks_exact_mut(3).zip(samples.chunks(2));
                packets.map(|(packet, pair)| pack_pair(pair, packet)).count() * 3
            }
        }
    }
}

/// Four samples in five bytes; samples beyond the end of a line are zero.
fn pack(four: &[u16], packet: &mut [u8]) {
    packet.fill(0);
    for (index, sample) in four.iter().enumerate() {
        packet[index] = (sample >> 2) as u8;
        packet[4] |= ((sample & 3) << (2 * index)) as u8;
    }
}

/// Two samples in three bytes; a sample beyond the end of a line is zero.
fn pack_pair(pair: &[u16], packet: &mut [u8]) {
    packet.fill(0);
    for (index, sample) in pair.iter().enumerate() {
        packet[index] = (sample >> 4) as u8;
        packet[2] |= ((sample & 0xF) << (4 * index)) as u8;
    }
}

/// What a context does with the packets that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The packets.
    pub takes: DataType,
    /// Memory gets samples of two bytes, else the bytes of the line.
    expands: bool,
    /// The bytes are codes, and the samples what they stand for.
    decompresses: bool,
    /// The video port gets the samples.
    pub to_port: bool,
}

impl Format {
    /// The format with this code; `None` if the receiver has it and this one has not.
    #[must_use]
    pub const fn of(format: u32) -> Option<Self> {
        use DataType::{Raw8, Raw10, Raw12, UserByte};
        let (takes, expands, decompresses, to_port) = match format {
            code::RAW8 => (Raw8, false, false, false),
            code::RAW8_VP => (Raw8, false, false, true),
            code::RAW10 => (Raw10, false, false, false),
            code::RAW10_EXP16 => (Raw10, true, false, false),
            code::RAW10_EXP16_VP => (Raw10, true, false, true),
            code::RAW12 => (Raw12, false, false, false),
            code::RAW12_EXP16 => (Raw12, true, false, false),
            code::RAW12_VP => (Raw12, true, false, true),
            code::USER_8BIT => (UserByte, false, false, false),
            code::USER_8BIT_DPCM10 => (UserByte, true, true, false),
            code::USER_8BIT_DPCM10_VP => (UserByte, true, true, true),
            _ => return None,
        };
        Some(Self { takes, expands, decompresses, to_port })
    }

    /// The samples of a line; returns their number.
    pub fn samples(&self, line: &[u8], samples: &mut [u16]) -> usize {
        let mut predictor = Predictor::default();
        let mut places = samples.iter_mut();
        let mut put = |sample| places.next().map(|place| *place = sample).map_or(0, |()| 1);
        match self.takes {
            DataType::Raw10 => {
                let packets = line.chunks_exact(5);
                let low = |packet: &[u8], index: usize| u16::from(packet[4] >> (2 * index) & 3);
                packets
                    .flat_map(|packet| (0..4).map(move |index| (packet, index)))
                    .map(|(packet, index)| put(u16::from(packet[index]) << 2 | low(packet, index)))
                    .sum()
            }
            DataType::Raw12 => {
                let packets = line.chunks_exact(3);
                let low = |packet: &[u8], index: usize| u16::from(packet[2] >> (4 * index) & 0xF);
                packets
                    .flat_map(|packet| (0..2).map(move |index| (packet, index)))
                    .map(|(packet, index)| put(u16::from(packet[index]) << 4 | low(packet, index)))
                    .sum()
            }
            _ if self.decompresses => line.iter().map(|byte| put(predictor.decode(*byte))).sum(),
            _ => line.iter().map(|byte| put(u16::from(*byte))).sum(),
        }
    }

    /// Whether memory gets samples ([`store`]) and not the bytes of the line.
    #[must_use]
    pub const fn stores_samples(&self) -> bool {
        self.expands
    }
}

/// Samples as they lie in memory, two bytes each, little-endian; returns the number of bytes.
pub fn store(samples: &[u16], bytes: &mut [u8]) -> usize {
    let places = bytes.chunks_exact_mut(2).zip(samples);
    2 * places.map(|(place, sample)| place.copy_from_slice(&sample.to_le_bytes())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [u16; 8] = [0, 1023, 512, 3, 700, 701, 4, 1];

    fn received(sent: DataType, format: u32) -> Vec<u16> {
        let (mut line, mut samples) = ([0xEE; 16], [0xEEEE; 8]);
        let bytes = sent.send(&LINE, &mut line);
        let format = Format::of(format).expect("it is known");
        assert_eq!(format.takes, sent);
        assert_eq!(format.samples(&line[..bytes], &mut samples), 8);
        samples.to_vec()
    }

    #[test]
    fn raw10_has_four_samples_in_five_bytes_and_loses_nothing() {
        let mut line = [0xEE; 16];
        assert_eq!(DataType::Raw10.send(&LINE, &mut line), 10);
        // The lower bits: 0, 3, 0, 3, the first sample lowest.
        assert_eq!(line[..5], [0x00, 0xFF, 0x80, 0x00, 0b1100_1100]);
        assert_eq!(line[10..], [0xEE; 6]);
        for format in [code::RAW10, code::RAW10_EXP16, code::RAW10_EXP16_VP] {
            assert_eq!(received(DataType::Raw10, format), LINE);
        }
    }

    #[test]
    fn an_open_packet_at_the_end_is_filled_up() {
        let (mut line, mut samples) = ([0; 16], [7; 8]);
        assert_eq!(DataType::Raw10.send(&[1023; 6], &mut line), 10);
        assert_eq!(line[5..10], [0xFF, 0xFF, 0, 0, 0b1111]);
        let format = Format::of(code::RAW10_EXP16).expect("it is known");
        assert_eq!(format.samples(&line[..10], &mut samples), 8);
        assert_eq!(samples, [1023, 1023, 1023, 1023, 1023, 1023, 0, 0]);
    }

    #[test]
    fn eight_bits_are_a_byte() {
        assert_eq!(received(DataType::Raw8, code::RAW8), LINE.map(|sample| sample & 0xFF));
    }

    #[test]
    fn raw12_has_two_samples_in_three_bytes_and_loses_nothing() {
        let (sent, mut line) = ([0xABC, 0x123, 4095, 0, 0x5A7], [0xEE; 12]);
        assert_eq!(DataType::Raw12.send(&sent, &mut line), 9);
        assert_eq!(line, [0xAB, 0x12, 0x3C, 0xFF, 0, 0x0F, 0x5A, 0, 0x07, 0xEE, 0xEE, 0xEE]);
        for format in [code::RAW12, code::RAW12_EXP16, code::RAW12_VP] {
            let (format, mut samples) = (Format::of(format).expect("it is known"), [7; 8]);
            assert_eq!(
                (format.takes, format.samples(&line[..9], &mut samples)),
                (DataType::Raw12, 6)
            );
            assert_eq!(samples, [0xABC, 0x123, 4095, 0, 0x5A7, 0, 7, 7]);
        }
    }

    #[test]
    fn codes_are_kept_or_decompressed() {
        let mut codes = [0; 8];
        dpcm::encode_line(&LINE, &mut codes);
        assert_eq!(received(DataType::UserByte, code::USER_8BIT), codes.map(u16::from));
        let mut predictor = Predictor::default();
        let decoded = codes.map(|code| predictor.decode(code));
        for format in [code::USER_8BIT_DPCM10, code::USER_8BIT_DPCM10_VP] {
            assert_eq!(received(DataType::UserByte, format), decoded);
        }
    }

    #[test]
    fn other_formats_and_what_the_transmitter_does_not_know() {
        assert_eq!([0, 0x1E, 0x2D, 0x3FF].map(Format::of), [None; 4]);
        assert_eq!([0, 0x0A0A, 0xFFFF].map(DataType::of), [DataType::Raw10; 3]);
        assert_eq!(
            [0x0A08, 0x0808, 0x0C0C].map(DataType::of),
            [DataType::UserByte, DataType::Raw8, DataType::Raw12]
        );
        assert_eq!(
            [0x0A08, 0x0808, 0x0C0C].map(|word| DataType::of(word).sample_bits()),
            [10, 8, 12]
        );
        assert_eq!(
            [0x1E00, 0x1E01, 0x0808].map(|word| DataType::of(word).ycbcr()),
            [Some(YuvOrder::Yuyv), Some(YuvOrder::Uyvy), None]
        );
    }

    #[test]
    fn samples_lie_in_memory_as_little_endian_pairs() {
        let mut bytes = [0xEE; 6];
        assert_eq!(store(&[0x102, 0x3FF], &mut bytes), 4);
        assert_eq!(bytes, [0x02, 0x01, 0xFF, 0x03, 0xEE, 0xEE]);
        assert_eq!(store(&[1; 8], &mut bytes), 6, "what does not fit is cut");
    }
}
