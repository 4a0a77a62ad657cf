//! Values to bytes and back: the two encodings of the format.
//!
//! A message is the concatenation of its arguments, each in the encoding of the op. That is what
//! both encodings mean anyway (hubpack concatenates fields; a packed little-endian struct has no
//! padding), so no struct per message is generated and both directions share a few lines.

use hubpack::SerializedSize;
use serde::{Serialize, de::DeserializeOwned};
use sys_abi::ReplyFaultReason;
use zerocopy::{Immutable, IntoBytes, TryFromBytes};

#[cfg(target_endian = "big")]
compile_error!("the wire is little-endian, and zerocopy arguments travel as they lie in memory");

/// The bytes do not hold what they should. The bytes came from somebody else, so this is a fact
/// about them, not a bug here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadContents;

impl From<BadContents> for ReplyFaultReason {
    fn from(_: BadContents) -> Self {
        Self::BadMessageContents
    }
}

/// Appends values to a buffer that the generated code sized for them.
pub struct Encoder<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Encoder<'a> {
    /// An encoder at the start of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// Bytes written.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Appends the hubpack form.
    ///
    /// # Panics
    /// If it does not fit (a `SerializedSize` that lies) or the type has no hubpack form.
    pub fn hubpack<T: Serialize>(&mut self, value: &T) {
        let Ok(written) = hubpack::serialize(&mut self.buffer[self.length..], value) else {
            panic!("value has no hubpack form of its declared size");
        };
        self.length += written;
    }

    /// Appends the bytes of the value as they are.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn zerocopy<T: IntoBytes + Immutable + ?Sized>(&mut self, value: &T) {
        let bytes = value.as_bytes();
        self.buffer[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}

/// Takes values from the front of received bytes.
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl Decoder<'_> {
    /// Takes a value in hubpack form.
    ///
    /// # Errors
    /// Too few bytes, or not a value of this type.
    pub fn hubpack<T: DeserializeOwned>(&mut self) -> Result<T, BadContents> {
        let (value, rest) = hubpack::deserialize(self.rest).map_err(|_| BadContents)?;
        self.rest = rest;
        Ok(value)
    }

    /// Takes the bytes of a value.
    ///
    /// # Errors
    /// Too few bytes, or a bit pattern that the type does not have.
    pub fn zerocopy<T: TryFromBytes>(&mut self) -> Result<T, BadContents> {
        let (bytes, rest) = self.rest.split_at_checked(size_of::<T>()).ok_or(BadContents)?;
        let value = T::try_read_from_bytes(bytes).map_err(|_| BadContents)?;
        self.rest = rest;
        Ok(value)
    }
}

/// Decodes all of `bytes`: what is left over is as wrong as what is missing.
///
/// # Errors
/// [`BadContents`] of the first value that does not decode, or trailing bytes.
pub fn decode<T>(
    bytes: &[u8],
    take: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
) -> Result<T, BadContents> {
    let mut decoder = Decoder { rest: bytes };
    let value = take(&mut decoder)?;
    if decoder.rest.is_empty() { Ok(value) } else { Err(BadContents) }
}

/// Upper bound of the hubpack form, in bytes.
#[must_use]
pub const fn hubpack_bytes<T: SerializedSize>() -> usize {
    T::MAX_SIZE
}

/// `usize` travels as `u32`, so that the host and the target agree on its width.
///
/// # Panics
/// If the value does not fit 32 bits (host only).
#[must_use]
pub fn usize_to_wire(value: usize) -> u32 {
    let Ok(wire) = u32::try_from(value) else { panic!("a usize argument exceeds 32 bits") };
    wire
}

/// The largest of some sizes.
#[must_use]
pub const fn largest(sizes: &[usize]) -> usize {
    let mut largest = 0;
    let mut index = 0;
    while index < sizes.len() {
        if sizes[index] > largest {
            largest = sizes[index];
        }
        index += 1;
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
        let mut buffer = [0xAA; 64];
        let mut encoder = Encoder::new(&mut buffer);
        write(&mut encoder);
        let length = encoder.length();
        buffer[..length].to_vec()
    }

    #[test]
    fn hubpack_is_little_endian_concatenation_with_one_byte_tags() {
        let bytes = encoded(|out| {
            out.hubpack(&0x1122_3344_u32);
            out.hubpack(&Some(true));
            out.hubpack(&(1u8, 2u16));
        });
        assert_eq!(bytes, [0x44, 0x33, 0x22, 0x11, 1, 1, 1, 2, 0]);
    }

    #[test]
    fn zerocopy_has_no_padding() {
        let bytes = encoded(|out| {
            out.zerocopy(&1u8);
            out.zerocopy(&0x0403_0201_u32);
        });
        assert_eq!(bytes, [1, 1, 2, 3, 4]);
        let back = decode(&bytes, |input| Ok((input.zerocopy::<u8>()?, input.zerocopy::<u32>()?)));
        assert_eq!(back, Ok((1, 0x0403_0201)));
    }

    #[test]
    fn missing_trailing_and_impossible_bytes_are_refused() {
        let short = decode(&[1, 2, 3], |input| input.hubpack::<u32>());
        let long = decode(&[1, 2], |input| input.hubpack::<u8>());
        let impossible = decode(&[7], |input| input.hubpack::<Option<u8>>());
        let not_a_bool = decode(&[2], |input| input.zerocopy::<bool>());
        let short_zerocopy = decode(&[1, 2, 3], |input| input.zerocopy::<u32>());
        assert_eq!(short, Err(BadContents));
        assert_eq!(long, Err(BadContents));
        assert_eq!(impossible, Err(BadContents));
        assert_eq!(not_a_bool, Err(BadContents));
        assert_eq!(short_zerocopy, Err(BadContents));
    }

    #[test]
    fn largest_of_none_is_zero() {
        assert_eq!((largest(&[]), largest(&[3]), largest(&[1, 9, 4])), (0, 3, 9));
    }
}
