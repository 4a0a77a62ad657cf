//! `dump`: takes a core of the whole product: kernel and task RAM, and the registers of each task.
//!
//! Frame pools are left out: they are large, and no command needs pixels.

use crate::core_file::{Core, Range};
use crate::{Session, SessionError, tasks};

/// Reads everything that the commands need from the target.
///
/// # Errors
/// [`SessionError`].
pub fn dump(session: &mut Session) -> Result<Core, SessionError> {
    let threads = tasks::registers(session)?;
    let layout = session.archive.layout();
    let id_at = session.archive.kernel()?.symbol("KERNEL_IMAGE_ID");
    let mut wanted = vec![(layout.ram.base, layout.ram.used_bytes)];
    wanted.extend(id_at.map(|address| (address, 8)));
    let mut ranges = Vec::new();
    for (address, length) in wanted {
        let bytes = session.target.bytes(address, length as usize)?;
        ranges.push(Range { address, bytes });
    }
    Ok(Core { image_id: session.archive.image_id(), threads, ranges })
}
