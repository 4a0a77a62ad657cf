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
    /// It cannot be changed.
    #[error("{what} cannot be written; give no --dump, and start an image with `run --serve`")]
    ReadOnly {
        /// What it is.
        what: &'static str,
    },
    /// Image and target do not belong together.
    #[error(
        "the target runs image {}, the archive is image {}; give the archive of the running image, \
         or --force", id_text(*target), id_text(*archive)
    )]
    ImageMismatch {
        /// What the target says.
        target: u64,
        /// What the archive says.
        archive: u64,
    },
}

/// An image id as `cargo xtask dist` prints it: byte by byte.
fn id_text(image_id: u64) -> String {
    format!("{:016x}", u64::from_be_bytes(image_id.to_le_bytes()))
}

/// Memory of a stopped machine.
pub trait Target {
    /// Fills `bytes` from `address` on.
    ///
    /// # Errors
    /// [`TargetError`] if any of the bytes cannot be read.
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), TargetError>;

    /// Writes `bytes` from `address` on.
    ///
    /// # Errors
    /// [`TargetError`] if the target does not allow it.
    fn write(&mut self, _address: u32, _bytes: &[u8]) -> Result<(), TargetError> {
        Err(TargetError::ReadOnly { what: "a dump" })
    }

    /// The image id, if the target carries it apart from its memory.
    fn image_id(&self) -> Option<u64> {
        None
    }

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
    let target = match target.image_id() {
        Some(image_id) => image_id,
        None => {
            let Some(address) =
                archive.kernel().ok().and_then(|kernel| kernel.symbol("KERNEL_IMAGE_ID"))
            else {
                return Ok(());
            };
            // The builder puts it right behind the vector table: the same place in every image.
            let mut bytes = [0; 8];
            target.read(address, &mut bytes)?;
            u64::from_le_bytes(bytes)
        }
    };
    let archive = archive.image_id();
    if target == archive { Ok(()) } else { Err(TargetError::ImageMismatch { target, archive }) }
}
