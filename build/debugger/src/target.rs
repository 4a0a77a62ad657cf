//! A target: something whose memory can be read.

use crate::archive::Archive;
use std::path::PathBuf;

/// Why a target cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The target has no such memory.
    #[error("cannot read {length} bytes at {address:#010x}: {detail}")]
    Unreadable {
        /// First address.
        address: u32,
        /// Bytes wanted.
        length: usize,
        /// What the target said.
        detail: String,
    },
    /// The connection failed.
    #[error("debug connection {socket}: {detail}; is the image still running?")]
    Connection {
        /// Where.
        socket: PathBuf,
        /// What happened.
        detail: String,
    },
    /// The file is not a dump of ours.
    #[error("dump {path}: {detail}; give a file that `cargo xtask debug dump` wrote")]
    NotADump {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Image and target do not belong together.
    #[error(
        "the target runs image {target:016x}, the archive is image {archive:016x}; give the \
         archive of the running image, or --force"
    )]
    ImageMismatch {
        /// What the target says.
        target: u64,
        /// What the archive says.
        archive: u64,
    },
}

/// Memory of a stopped machine.
pub trait Target {
    /// Fills `bytes` from `address` on.
    ///
    /// # Errors
    /// [`TargetError`] if any of the bytes cannot be read.
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), TargetError>;

    /// `length` bytes from `address` on.
    ///
    /// # Errors
    /// As [`Target::read`].
    fn bytes(&mut self, address: u32, length: usize) -> Result<Vec<u8>, TargetError> {
        let mut bytes = vec![0; length];
        self.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// The little-endian word at `address`.
    ///
    /// # Errors
    /// As [`Target::read`].
    fn word(&mut self, address: u32) -> Result<u32, TargetError> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}

/// Refuses a target that runs another image than the archive's.
///
/// # Errors
/// [`TargetError::ImageMismatch`], or what reading the target gives.
pub fn check_image(target: &mut dyn Target, archive: &Archive) -> Result<(), TargetError> {
    let Some(address) = archive.kernel().ok().and_then(|kernel| kernel.symbol("KERNEL_IMAGE_ID"))
    else {
        return Ok(());
    };
    let mut bytes = [0; 8];
    target.read(address, &mut bytes)?;
    let (target, archive) = (u64::from_le_bytes(bytes), archive.image_id());
    if target == archive { Ok(()) } else { Err(TargetError::ImageMismatch { target, archive }) }
}
