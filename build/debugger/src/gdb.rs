//! A live target: the GDB remote serial protocol over a UNIX socket.
//!
//! # Why
//! Reads of the emulator's GDB stub go through the security state and the MPU of the code that
//! happens to run. So the client first lets the machine run to a Secure breakpoint, the bench's
//! heartbeat, where all memory is readable, reads there, and lets the machine go on. Both cores
//! are attached, because a core that is not attached stays stopped.

use crate::target::{Target, TargetError};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest wait for one answer. The breakpoint is at most one heartbeat away, but a busy host may
/// let the emulator wait for seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes read with one packet.
const READ_BYTES: usize = 1024;
/// Longest packet: what is read at once, in hexadecimal, and the feature list of the stub.
const PACKET_BYTES_MAX: usize = 16 * READ_BYTES;
/// Most garbled packets in a row before the connection is given up.
const GARBLED_MAX: usize = 8;
/// Most packets that are skipped while waiting for an answer.
const STRAY_PACKETS_MAX: usize = 16;

/// A connection to a machine that is stopped at the breakpoint. Dropping it lets the machine go on.
pub struct Gdb {
    stream: UnixStream,
    socket: PathBuf,
    breakpoint: u32,
}

impl Gdb {
    /// Connects to `socket` and runs the machine to `breakpoint`.
    ///
    /// # Errors
    /// [`TargetError::Connection`].
    pub fn attach(socket: &Path, breakpoint: u32) -> Result<Self, TargetError> {
        let connection = |error: std::io::Error| TargetError::Connection {
            socket: socket.to_path_buf(),
            detail: error.to_string(),
        };
        let stream = UnixStream::connect(socket).map_err(connection)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(connection)?;
        let mut this = Self { stream, socket: socket.to_path_buf(), breakpoint: breakpoint & !1 };
        this.ask("qSupported:multiprocess+")?;
        this.ask("vAttach;2")?;
        this.expect_ok("Hgp1.1")?;
        this.run()?;
        Ok(this)
    }

    /// Runs the machine on, to another breakpoint that it reaches within this time.
    ///
    /// # Errors
    /// [`TargetError::Connection`]; also if the machine ends first.
    pub fn run_to(&mut self, breakpoint: u32, within: Duration) -> Result<(), TargetError> {
        self.expect_ok(&format!("z1,{:x},2", self.breakpoint))?;
        self.breakpoint = breakpoint & !1;
        self.wait_at_most(within)?;
        self.run()?;
        self.wait_at_most(PATIENCE)
    }

    fn wait_at_most(&mut self, time: Duration) -> Result<(), TargetError> {
        self.stream.set_read_timeout(Some(time)).map_err(|error| self.error(error.to_string()))
    }

    fn run(&mut self) -> Result<(), TargetError> {
        self.expect_ok(&format!("Z1,{:x},2", self.breakpoint))?;
        self.send("vCont;c")?;
        self.wait_for_stop()?;
        self.expect_ok("Hgp1.1")
    }

    fn error(&self, detail: impl Into<String>) -> TargetError {
        TargetError::Connection { socket: self.socket.clone(), detail: detail.into() }
    }

    fn send(&mut self, packet: &str) -> Result<(), TargetError> {
        let framed = format!("${packet}#{:02x}", checksum(packet.as_bytes()));
        self.stream.write_all(framed.as_bytes()).map_err(|error| self.error(error.to_string()))
    }

    fn byte(&mut self) -> Result<u8, TargetError> {
        let mut byte = [0];
        match self.stream.read_exact(&mut byte) {
            Ok(()) => Ok(byte[0]),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// The next packet that arrives as it was sent; one that does not is asked for again.
    fn packet(&mut self) -> Result<String, TargetError> {
        for _ in 0..GARBLED_MAX {
            let (body, right) = self.framed()?;
            let answer: &[u8] = if right { b"+" } else { b"-" };
            self.stream.write_all(answer).map_err(|error| self.error(error.to_string()))?;
            if right {
                return Ok(String::from_utf8_lossy(&body).into_owned());
            }
        }
        Err(self.error(format!("{GARBLED_MAX} packets were garbled, one after the other")))
    }

    /// The next packet, and whether its checksum is right; acknowledgements before it are skipped.
    fn framed(&mut self) -> Result<(Vec<u8>, bool), TargetError> {
        while self.byte()? != b'$' {}
        let mut body = Vec::new();
        loop {
            match self.byte()? {
                b'#' => break,
                byte if body.len() < PACKET_BYTES_MAX => body.push(byte),
                _ => return Err(self.error("a packet that never ends")),
            }
        }
        let sum = [self.byte()?, self.byte()?];
        let right = format!("{:02x}", checksum(&body)).into_bytes() == sum;
        Ok((body, right))
    }

    /// Sends a packet and gives its answer; stop reports that arrive in between are skipped.
    fn ask(&mut self, packet: &str) -> Result<String, TargetError> {
        self.send(packet)?;
        for _ in 0..STRAY_PACKETS_MAX {
            let answer = self.packet()?;
            // Attaching answers with a stop report itself.
            if !is_stop(&answer) || packet.starts_with("vAttach") {
                return Ok(answer);
            }
        }
        Err(self.error(format!("no answer to {packet}")))
    }

    fn expect_ok(&mut self, packet: &str) -> Result<(), TargetError> {
        match self.ask(packet)?.as_str() {
            "OK" => Ok(()),
            answer => Err(self.error(format!("{packet} was answered {answer:?}"))),
        }
    }

    fn wait_for_stop(&mut self) -> Result<(), TargetError> {
        for _ in 0..STRAY_PACKETS_MAX {
            let packet = self.packet()?;
            if packet.starts_with("T05") || packet.starts_with("S05") {
                return Ok(());
            }
            if packet.starts_with('W') || packet.starts_with('X') {
                return Err(self.error("the machine ended"));
            }
        }
        Err(self.error("the breakpoint was not reached"))
    }
}

impl Target for Gdb {
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), TargetError> {
        for (index, chunk) in bytes.chunks_mut(READ_BYTES).enumerate() {
            let from = address.wrapping_add((index * READ_BYTES) as u32);
            let answer = self.ask(&format!("m{from:x},{:x}", chunk.len()))?;
            let data = decode_hex(&answer).filter(|data| data.len() == chunk.len());
            let Some(data) = data else {
                let detail = format!("the stub answered {answer:?}");
                return Err(TargetError::Unreadable { address: from, length: chunk.len(), detail });
            };
            chunk.copy_from_slice(&data);
        }
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), TargetError> {
        for (index, chunk) in bytes.chunks(READ_BYTES).enumerate() {
            let to = address.wrapping_add((index * READ_BYTES) as u32);
            let hex: String = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            self.expect_ok(&format!("M{to:x},{:x}:{hex}", chunk.len()))?;
        }
        Ok(())
    }
}

impl Drop for Gdb {
    fn drop(&mut self) {
        // The machine may have ended; then there is nothing to let go.
        let clear = format!("z1,{:x},2", self.breakpoint);
        let _ = self.ask(&clear);
        let _ = self.ask("D;2");
        let _ = self.ask("D;1");
    }
}

fn is_stop(packet: &str) -> bool {
    packet.starts_with('T') || packet.starts_with('S')
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_sums_modulo_256() {
        // GDB manual, "Overview" of the remote protocol: the sum of all characters modulo 256.
        assert_eq!(checksum(b"OK"), 0x9a);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn hex_is_decoded_or_refused() {
        assert_eq!(decode_hex("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(decode_hex("E14"), None);
        assert_eq!(decode_hex("zz"), None);
    }

    /// A stub that answers from a list of packets.
    fn serve(
        answers: &'static [(&'static str, &'static str)],
    ) -> (PathBuf, std::thread::JoinHandle<()>) {
        let path = std::env::temp_dir().join(format!(
            "rsp-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let _ = std::fs::remove_file(&path);
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("one client");
            let mut stub = Gdb { stream, socket: PathBuf::new(), breakpoint: 0 };
            while let Ok(packet) = stub.packet() {
                let answer = answers.iter().find(|(question, _)| packet == *question);
                if stub.send(answer.map_or("", |(_, answer)| answer)).is_err() {
                    break;
                }
            }
            std::mem::forget(stub);
        });
        (path, thread)
    }

    /// A stub whose answers do not arrive as they were sent, or not to their end.
    #[test]
    fn a_connection_that_garbles_every_packet_is_given_up() {
        let longest = vec![b'x'; 2 * PACKET_BYTES_MAX];
        let cases = [
            (b"$OK#00".repeat(2 * GARBLED_MAX), "garbled", GARBLED_MAX),
            ([b"$", &longest[..]].concat(), "never ends", 0),
        ];
        for (bytes, expect, asked) in cases {
            let (stream, mut stub) = UnixStream::pair().expect("a pair");
            stub.write_all(&bytes).expect("there is room");
            let mut gdb = Gdb { stream, socket: PathBuf::from("there"), breakpoint: 0 };
            let error = gdb.packet().expect_err("none is right").to_string();
            assert!(error.contains("there") && error.contains(expect), "{error}");
            assert_eq!(error.lines().count(), 1);
            let mut answers = vec![0; asked];
            stub.read_exact(&mut answers).expect("each is asked for again");
            assert_eq!(answers, vec![b'-'; asked]);
            std::mem::forget(gdb);
        }
    }

    #[test]
    fn memory_is_read_at_the_breakpoint() {
        let (path, _thread) = serve(&[
            ("qSupported:multiprocess+", "multiprocess+"),
            ("vAttach;2", "T05thread:p02.02;"),
            ("Hgp1.1", "OK"),
            ("Z1,1000,2", "OK"),
            ("vCont;c", "T05thread:p01.01;"),
            ("m28100000,4", "78563412"),
            ("m0,4", "E14"),
            ("M38000010,2:0aff", "OK"),
            ("z1,1000,2", "OK"),
            ("Z1,2000,2", "OK"),
            ("z1,2000,2", "OK"),
            ("D;1", "OK"),
            ("D;2", "OK"),
        ]);
        let mut gdb = Gdb::attach(&path, 0x1001).expect("the stub answers");
        assert_eq!(gdb.word(0x2810_0000).expect("readable"), 0x1234_5678);
        gdb.write(0x3800_0010, &[0x0a, 0xff]).expect("writable");
        assert!(gdb.write(0x3800_0010, &[1]).is_err());
        let error = gdb.word(0).expect_err("not readable").to_string();
        assert!(error.contains("0x00000000") && error.contains("E14"), "{error}");
        gdb.run_to(0x2001, PATIENCE).expect("the stub answers");
        drop(gdb);
        std::fs::remove_file(path).expect("the socket file is there");
    }
}
