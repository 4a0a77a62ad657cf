//! `dump`: takes a core of the whole product: kernel and task RAM, the kernel's constants that the
//! commands need, and the registers of each task.
//!
//! The bench's access log is in it too. Frame pools are left out: they are large, and no command needs
//! pixels.

use crate::core_file::{Core, Range};
use crate::{Session, SessionError, hw, tasks};

/// Reads everything that the commands need from the target.
///
/// # Errors
/// [`SessionError`].
pub fn dump(session: &mut Session) -> Result<Core, SessionError> {
    let threads = tasks::registers(session)?;
    let layout = session.archive.layout();
    let kernel = session.archive.kernel()?;
    let constants = [("KERNEL_IMAGE_ID", 8), (tasks::CYCLES_PER_US, 4)];
    let mut wanted = vec![(layout.ram.base, layout.ram.used_bytes)];
    wanted
        .extend(constants.iter().filter_map(|(name, bytes)| Some((kernel.symbol(name)?, *bytes))));
    wanted.extend(hw::log_range(session)?);
    let mut ranges = Vec::new();
    for (address, length) in wanted {
        let bytes = session.target.bytes(address, length as usize)?;
        ranges.push(Range { address, bytes });
    }
    Ok(Core { image_id: session.archive.image_id(), threads, ranges })
}
