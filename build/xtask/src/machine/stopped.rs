//! A machine that a debugger holds from its first instruction on, and lets run from one function of the
//! bench to another. There all memory can be read, and the run up to there is the same each time.

use super::{Machine, Setup};
use crate::run::stage::Work;
use anyhow::ensure;
use build_debugger::gdb::Gdb;
use std::path::Path;
use std::time::Duration;

/// Looks for the emulator's socket, and between two of them.
const LOOKS_MAX: u32 = 1000;
const LOOK: Duration = Duration::from_millis(10);

/// A machine that stands still. Dropping it stops it.
pub struct Stopped {
    /// The debugger's side. The first field: it says good-bye before the machine goes.
    pub gdb: Gdb,
    _machine: Machine,
    _work: Work,
}

impl Stopped {
    /// The machine, when it comes to the bench's function at `breakpoint` for the first time.
    ///
    /// # Errors
    /// If it cannot be started, or does not come there.
    pub fn at(setup: &Setup, breakpoint: u32) -> anyhow::Result<Self> {
        // A folder for the socket alone: the length of its path is limited.
        let work = Work::new()?;
        let socket = work.path().join("stopped.sock");
        let setup = Setup { gdb: Some(socket.clone()), ..setup.clone() };
        let machine = Machine::start_with(&setup, &["-S".to_string()])?;
        wait_for(&socket)?;
        let gdb = Gdb::attach(&socket, breakpoint)?;
        Ok(Self { gdb, _machine: machine, _work: work })
    }
}

/// The emulator makes its socket before it does anything else, and that takes a moment.
fn wait_for(socket: &Path) -> anyhow::Result<()> {
    let appeared = (0..LOOKS_MAX).any(|_| {
        std::thread::sleep(LOOK);
        socket.exists()
    });
    ensure!(appeared, "the emulator did not open {}", socket.display());
    Ok(())
}
