//! Steering: a machine that was started stopped is let run to chosen instructions.
//!
//! # Why this way
//! Under counted instructions a stop costs no virtual time, and the machine goes on with the same
//! core and the rest of the same slice, so a run with stops is the run without them, bit by bit.
//! A single step is not (it runs with timers off), and without one a machine never leaves a
//! breakpoint that it stands on. So [`Gdb::run_to`] never goes from an address to the same address;
//! whoever wants the k-th execution of an instruction goes there over others in between.

use super::{Gdb, STRAY_PACKETS_MAX};
use crate::target::TargetError;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for the socket of a machine that was just started.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for a breakpoint; the machine may run to its own end meanwhile.
const RUN_PATIENCE: Duration = Duration::from_secs(120);
/// Number of the program counter in the stub's register description.
const PC: u32 = 15;

/// Why the machine stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is at the address.
    Reached,
    /// It has ended.
    Ended,
}

impl Gdb {
    /// Connects to a machine that was started stopped, and leaves it so.
    ///
    /// # Errors
    /// [`TargetError::Connection`].
    pub fn connect(socket: &Path) -> Result<Self, TargetError> {
        let connection = |error: std::io::Error| TargetError::Connection {
            socket: socket.to_path_buf(),
            detail: error.to_string(),
        };
        let deadline = Instant::now() + START_PATIENCE;
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() >= deadline => return Err(connection(error)),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        stream.set_read_timeout(Some(RUN_PATIENCE)).map_err(connection)?;
        let mut this = Self { stream, socket: socket.to_path_buf(), breakpoint: 0 };
        this.ask("qSupported:multiprocess+")?;
        // The stub lets registers be written only after it has described them.
        this.ask("qXfer:features:read:target.xml:0,ffb")?;
        this.ask("vAttach;2")?;
        this.expect_ok("Hgp1.1")?;
        Ok(this)
    }

    /// Lets the machine run until core 0 is about to execute `address`, which it must not be now.
    ///
    /// # Errors
    /// [`TargetError::Connection`].
    pub fn run_to(&mut self, address: u32) -> Result<Stop, TargetError> {
        let address = address & !1;
        self.expect_ok(&format!("Z1,{address:x},2"))?;
        if self.go_on()? == Stop::Ended {
            return Ok(Stop::Ended);
        }
        self.expect_ok(&format!("z1,{address:x},2"))?;
        self.expect_ok("Hgp1.1")?;
        Ok(Stop::Reached)
    }

    /// Lets the machine run to its end.
    ///
    /// # Errors
    /// [`TargetError::Connection`].
    pub fn run_to_end(&mut self) -> Result<(), TargetError> {
        match self.go_on()? {
            Stop::Ended => Ok(()),
            Stop::Reached => Err(self.error("the machine stopped by itself")),
        }
    }

    /// Sends core 0 to `address`.
    ///
    /// # Errors
    /// [`TargetError::Connection`].
    pub fn set_pc(&mut self, address: u32) -> Result<(), TargetError> {
        self.expect_ok(&format!("P{PC:x}={:08x}", address.swap_bytes()))
    }

    fn go_on(&mut self) -> Result<Stop, TargetError> {
        self.send("vCont;c")?;
        for _ in 0..STRAY_PACKETS_MAX {
            let Ok(packet) = self.packet() else { return Ok(Stop::Ended) };
            match packet.as_bytes().first() {
                Some(b'T' | b'S') => return Ok(Stop::Reached),
                Some(b'W' | b'X') => return Ok(Stop::Ended),
                _ => {}
            }
        }
        Err(self.error("the machine neither stops nor ends"))
    }
}
