//! Transfers to the host.

use drv_isp_regs::host_link::{KIND_EXIT, KIND_LINE, KIND_PICTURE, MAX_BYTES, status};
use idl::types::{CtlError, Picture};

/// Longest line, in bytes (`line` of `idl/ctl.idol`).
pub const LINE_BYTES: usize = 512;

/// What the registers of the host link are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What the bytes are.
    pub kind: u32,
    /// Where they are.
    pub address: u32,
    /// How many.
    pub length: u32,
    /// Depends on the kind.
    pub argument: u32,
}

/// The hardware.
pub trait Doorbell {
    /// Makes a transfer of bytes that lie somewhere else. Whether the host took it.
    fn ring(&mut self, transfer: Transfer) -> bool;
    /// Makes a transfer of these bytes. Whether the host took it.
    fn ring_with(&mut self, kind: u32, bytes: &[u8]) -> bool;
    /// The bits of STATUS among these, which are acknowledged.
    fn take(&mut self, bits: u32) -> u32;
}

/// What the host asks of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// That the camera domain rests.
    Suspend,
    /// That it goes on.
    Resume,
}

/// The bits of STATUS that are requests.
pub const REQUESTS: u32 = status::SUSPEND.mask() | status::RESUME.mask();

/// The host behind a doorbell.
pub struct HostLink<D> {
    doorbell: D,
}

impl<D: Doorbell> HostLink<D> {
    /// The host behind this doorbell.
    pub fn new(doorbell: D) -> Self {
        Self { doorbell }
    }

    /// Writes a line, without its line feed.
    ///
    /// # Errors
    /// `TooLong` beyond [`LINE_BYTES`]; `HostRefused`.
    pub fn line(&mut self, text: &[u8]) -> Result<(), CtlError> {
        if text.len() > LINE_BYTES {
            return Err(CtlError::TooLong);
        }
        taken(self.doorbell.ring_with(KIND_LINE, text))
    }

    /// Sends a picture. The address is the sender's allegation; the hardware checks that it is
    /// memory of the product.
    ///
    /// # Errors
    /// `TooLong` beyond the largest transfer; `HostRefused`.
    pub fn picture(&mut self, picture: Picture) -> Result<(), CtlError> {
        let Picture { number, address, bytes } = picture;
        if bytes > MAX_BYTES {
            return Err(CtlError::TooLong);
        }
        let transfer = Transfer { kind: KIND_PICTURE, address, length: bytes, argument: number };
        taken(self.doorbell.ring(transfer))
    }

    /// What the host asks, once. If it asks for both, the domain is to go on.
    pub fn request(&mut self) -> Option<Request> {
        match self.doorbell.take(REQUESTS) {
            0 => None,
            bits if status::RESUME.is_set(bits) => Some(Request::Resume),
            _ => Some(Request::Suspend),
        }
    }

    /// Ends the run.
    ///
    /// # Errors
    /// `HostRefused`: there is nobody who ends it.
    pub fn finish(&mut self, code: u8) -> Result<(), CtlError> {
        let argument = u32::from(code);
        taken(self.doorbell.ring(Transfer { kind: KIND_EXIT, address: 0, length: 0, argument }))
    }
}

fn taken(taken: bool) -> Result<(), CtlError> {
    if taken { Ok(()) } else { Err(CtlError::HostRefused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log {
        transfers: Vec<Transfer>,
        lines: Vec<Vec<u8>>,
        refuses: bool,
        status: u32,
    }

    impl Doorbell for &mut Log {
        fn ring(&mut self, transfer: Transfer) -> bool {
            self.transfers.push(transfer);
            !self.refuses
        }

        fn ring_with(&mut self, kind: u32, bytes: &[u8]) -> bool {
            assert_eq!(kind, KIND_LINE);
            self.lines.push(bytes.to_vec());
            !self.refuses
        }

        fn take(&mut self, bits: u32) -> u32 {
            let taken = self.status & bits;
            self.status &= !bits;
            taken
        }
    }

    #[test]
    fn a_line_of_the_largest_size_passes_and_one_byte_more_does_not() {
        let mut log = Log::default();
        assert_eq!(HostLink::new(&mut log).line(&[b'x'; LINE_BYTES]), Ok(()));
        let too_long = HostLink::new(&mut log).line(&[b'x'; LINE_BYTES + 1]);
        assert_eq!(too_long, Err(CtlError::TooLong));
        assert_eq!(log.lines.len(), 1);
    }

    #[test]
    fn a_picture_keeps_its_number_and_place() {
        let mut log = Log::default();
        let picture = Picture { number: 3, address: 0x8001_0000, bytes: 614_400 };
        assert_eq!(HostLink::new(&mut log).picture(picture), Ok(()));
        let too_long = Picture { bytes: MAX_BYTES + 1, ..picture };
        assert_eq!(HostLink::new(&mut log).picture(too_long), Err(CtlError::TooLong));
        let (kind, address) = (KIND_PICTURE, 0x8001_0000);
        let expected = Transfer { kind, address, length: 614_400, argument: 3 };
        assert_eq!(log.transfers, [expected]);
    }

    #[test]
    fn a_request_is_taken_once_and_leaves_the_word_on_transfers() {
        let done = status::DONE.mask();
        for (asked, expected) in [
            (0, None),
            (status::SUSPEND.mask(), Some(Request::Suspend)),
            (status::RESUME.mask(), Some(Request::Resume)),
            (REQUESTS, Some(Request::Resume)),
        ] {
            let mut log = Log { status: asked | done, ..Log::default() };
            assert_eq!(HostLink::new(&mut log).request(), expected);
            assert_eq!(HostLink::new(&mut log).request(), None, "once");
            assert_eq!(log.status, done);
        }
    }

    #[test]
    fn a_refusal_reaches_the_caller() {
        let mut log = Log { refuses: true, ..Log::default() };
        assert_eq!(HostLink::new(&mut log).line(b"{}"), Err(CtlError::HostRefused));
        assert_eq!(HostLink::new(&mut log).finish(0), Err(CtlError::HostRefused));
    }
}
