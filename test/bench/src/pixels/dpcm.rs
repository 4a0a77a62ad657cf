//! DPCM 10-8-10: ten bits of a mosaic in eight, predicted from the last pixel of the same colour.
//!
//! MIPI CSI-2 specification, annex E, predictor 1. The first two pixels of a line are sent as their
//! upper eight bits; of each other pixel the difference to the decoded pixel two before:
//!
//! ```text
//! |difference|   code       decoded
//!   < 32         00sxxxxx   prediction +- x
//!   < 64         010sxxxx   prediction +- (2 x + 32)
//!   < 128        011sxxxx   prediction +- (4 x + 65)
//!   else         1xxxxxxx   8 x + 3 above the prediction, 8 x + 4 below
//! ```
//! The code zero is never sent: a difference of zero has its sign set, a first pixel below 4 is 1.
//!
//! The decoder is in the memory channel of the receiver CCP2. On the OMAP3 nothing codes but the serial
//! receivers; the coder is part of the model because it predicts from what will be decoded.

/// The two last decoded pixels of a line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Predictor {
    decoded: [Option<u16>; 2],
}

impl Predictor {
    /// Codes the next pixel (10 bits).
    pub fn encode(&mut self, pixel: u16) -> u8 {
        let code = match self.decoded[1] {
            None => ((pixel >> 2) as u8).max(1),
            Some(prediction) => predicted_code(pixel, prediction),
        };
        self.decode(code);
        code
    }

    /// Decodes the next code.
    pub fn decode(&mut self, code: u8) -> u16 {
        let pixel = match self.decoded[1] {
            None => 4 * u16::from(code) + 2,
            Some(prediction) => decoded(code, prediction),
        };
        self.decoded = [Some(pixel), self.decoded[0]];
        pixel
    }
}

/// Codes a line; returns the number of bytes.
pub fn encode_line(pixels: &[u16], out: &mut [u8]) -> usize {
    let mut predictor = Predictor::default();
    let places = out.iter_mut().zip(pixels);
    places.map(|(place, pixel)| *place = predictor.encode(*pixel)).count()
}

fn predicted_code(pixel: u16, prediction: u16) -> u8 {
    let difference = i32::from(pixel) - i32::from(prediction);
    let (size, negative) = (difference.unsigned_abs(), u32::from(difference <= 0));
    let code = match size {
        0..32 => negative << 5 | size,
        32..64 => 0x40 | negative << 4 | ((size - 32) / 2),
        64..128 => 0x60 | negative << 4 | ((size - 64) / 4),
        _ => 0x80 | (u32::from(pixel) / 8),
    };
    code as u8
}

fn decoded(code: u8, prediction: u16) -> u16 {
    let low = i32::from(code & 0xf);
    let prediction = i32::from(prediction);
    let moved = |size: i32, negative: u8| {
        let step = if negative != 0 { -size } else { size };
        (prediction + step).clamp(0, 1023) as u16
    };
    match code >> 5 {
        0 | 1 => moved(i32::from(code & 0x1f), code & 0x20),
        2 => moved(2 * low + 32, code & 0x10),
        3 => moved(4 * low + 65, code & 0x10),
        _ => {
            let value = 8 * i32::from(code & 0x7f);
            (value + if value > prediction { 3 } else { 4 }) as u16
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_and_prediction_come_back_within_the_step_of_their_class() {
        for prediction in 0..1024_u16 {
            for pixel in 0..1024_u16 {
                let code = predicted_code(pixel, prediction);
                let error = decoded(code, prediction).abs_diff(pixel);
                let limit = match pixel.abs_diff(prediction) {
                    0..32 => 0,
                    32..64 => 1,
                    64..128 => 2,
                    _ => 4,
                };
                assert!(error <= limit && code != 0, "{pixel} {prediction}: {error}");
            }
        }
    }

    #[test]
    fn a_line_is_predicted_from_what_the_receiver_decodes() {
        let line: Vec<u16> = (0..500_u32).map(|x| (x * x * 7 / 16 % 1024) as u16).collect();
        let mut bytes = [0; 500];
        assert_eq!(encode_line(&line, &mut bytes), 500);
        let mut receiver = Predictor::default();
        for (x, (&byte, &pixel)) in bytes.iter().zip(&line).enumerate() {
            let error = receiver.decode(byte).abs_diff(pixel);
            // A first pixel below 4 is sent as 1, which is 6.
            assert!(byte != 0 && error <= if x < 2 { 6 } else { 4 }, "{x}: {error}");
        }
    }

    #[test]
    fn codes_stand_as_in_the_specification() {
        let cases = [
            (100, 100, 0x20),
            (101, 100, 0x01),
            (69, 100, 0x3f),
            (140, 100, 0x44),
            (36, 100, 0x70),
            (900, 100, 0xf0),
        ];
        for (pixel, prediction, code) in cases {
            assert_eq!(predicted_code(pixel, prediction), code, "{pixel} {prediction}");
        }
        let mut first = Predictor::default();
        assert_eq!([first.encode(1023), first.encode(2), first.encode(1023)], [255, 1, 0x01]);
    }
}
