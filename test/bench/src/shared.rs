//! The memory that both halves of the bench share, and the rules for touching it.
//!
//! # Who writes what
//! The words of the registers are the registers: core 0 changes them as the access class says,
//! core 1 sets status and BUSY bits, and reads shadowed words at frame start. Every word is an
//! atomic; a word that both write is changed by read-modify-write only.
//!
//! # Stopping core 1 in the middle of a frame
//! A reset, a power cut or a closed firewall window must hold from the instant the write returns.
//! So everything core 1 does that can be seen (DMA, status bits) happens in [`Shared::commit`]:
//!
//! ```text
//! core 1: commit := 1; read epoch and gates; write memory, set bits; commit := 0
//! core 0: change epoch or gates; wait until commit = 0; go on
//! ```
//! Both sides use sequentially consistent order, so either core 1 sees the change or core 0 sees the
//! flag (Dekker). An odd epoch means that core 0 is changing registers: no frame starts then.

use crate::regs::memory_frames::OF_ALL;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::{Register, WINDOW_BYTES, preview};

/// Words of the register window.
pub const REGISTER_WORDS: usize = WINDOW_BYTES as usize / 4;
/// Registers of the sensor.
pub const SENSOR_REGISTERS: usize = 256;
/// Entries of the histogram memory.
pub const HISTOGRAM_ENTRIES: usize = 1024;

/// Conditions that core 1 needs, kept up to date by core 0 in [`Shared::gates`].
pub mod gate {
    /// The sensor has power, a pixel clock and no reset.
    pub const SENSOR: u32 = 1 << 0;
    /// The ISP has power, clocks and no reset.
    pub const PIPE: u32 = 1 << 1;
    /// The ISP reaches memory: L3 clock on and bus requests not denied.
    pub const DMA: u32 = 1 << 2;
}

/// Misbehaviour of a number of frames, with an argument.
#[repr(C)]
pub struct Framed {
    frames: AtomicU32,
    argument: AtomicU32,
}

impl Framed {
    const fn new() -> Self {
        Self { frames: AtomicU32::new(0), argument: AtomicU32::new(0) }
    }

    /// Core 0: the next `frames` frames misbehave.
    pub fn set(&self, argument: u32, frames: u32) {
        self.argument.store(argument, SeqCst);
        self.frames.store(frames, SeqCst);
    }

    /// Core 1, at a frame start: the argument, if this frame is one of them.
    pub fn take(&self) -> Option<u32> {
        let used = self.frames.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        used.ok().map(|_| self.argument.load(SeqCst))
    }
}

/// Misbehaviour that core 1 carries out, set by core 0.
#[repr(C)]
pub struct Mischief {
    /// Blocks whose BUSY never clears, a bit per block code.
    pub stuck: AtomicU32,
    /// Lines that the engines write on after they were stopped.
    pub after_stop_lines: AtomicU32,
    /// Frames of the sensor that do not come.
    pub dropped: Framed,
    /// Lines after which frames of the sensor end.
    pub truncated: Framed,
    /// Bytes by which output addresses are wrong.
    pub stray: Framed,
    /// Output addresses are those of the frame before.
    pub stale: Framed,
    /// Lines by which lines come late to memory.
    pub late: Framed,
    /// Lines that are missing at the end of a picture.
    pub short: Framed,
    /// Lines that are too many behind a picture.
    pub long: Framed,
    /// Line of a picture from which on lines are lost.
    pub torn: Framed,
    /// Line whose payload has a wrong bit on the serial line.
    pub csi2_crc: Framed,
    /// Line whose header has a wrong bit there.
    pub csi2_ecc_1bit: Framed,
    /// Line whose header has two.
    pub csi2_ecc_2bit: Framed,
}

/// Values of [`Progress::alive`].
pub mod alive {
    /// Core 1 runs.
    pub const RUNS: u32 = 1;
    /// Core 0 has begun again and asks core 1 to do so.
    pub const STOP: u32 = 2;
    /// Core 1 touches nothing any more, and begins again when the word is cleared.
    pub const STOPPED: u32 = 3;
}

/// What core 1 tells core 0 apart from register words.
#[repr(C)]
pub struct Progress {
    /// 0 before core 1 runs, then one of [`alive`].
    pub alive: AtomicU32,
    /// Frames started. Core 0 counts on while nothing streams.
    pub frame: AtomicU32,
    /// Line of the frame, blanking included.
    pub line: AtomicU32,
    /// Lines of the latest frame, blanking included; 0 before the first.
    pub frame_lines: AtomicU32,
    /// Lines since the start, whatever the frame.
    pub lines: AtomicU32,
    /// 1 while the sensor sends.
    pub streaming: AtomicU32,
    /// Blocks with a frame in them, a bit per block code.
    pub active: AtomicU32,
    /// Engines of the live frame with requests outstanding, a bit per engine code.
    pub outstanding: AtomicU32,
    /// Engines of frames from memory with requests outstanding, a bit per engine code.
    pub from_memory: AtomicU32,
    /// Bytes written to memory since the mark.
    pub dma_bytes: AtomicU32,
    /// Accesses refused by the firewall since the mark.
    pub dma_refused: AtomicU32,
}

/// A frame from memory, as its registers stood when it was enabled. Core 0 writes it, `pending` last;
/// core 1 takes it by clearing `pending`.
#[repr(C)]
pub struct MemoryFrame {
    /// 1 = to be taken.
    pub pending: AtomicU32,
    /// Epoch in which it was enabled.
    pub epoch: AtomicU32,
    /// Address of the first line to read.
    pub input: AtomicU32,
    /// Distance of the lines to read, in bytes.
    pub input_offset: AtomicU32,
    /// Address of the first line that the block itself writes.
    pub output: AtomicU32,
    /// Distance of those lines, in bytes.
    pub output_offset: AtomicU32,
    /// Preview: 1 = the resizer takes part. It takes the next two words.
    pub scaled: AtomicU32,
    /// Address of the first line that the resizer behind the preview writes.
    pub scaled_output: AtomicU32,
    /// Distance of those lines, in bytes.
    pub scaled_offset: AtomicU32,
}

impl MemoryFrame {
    const fn new() -> Self {
        const fn zero() -> AtomicU32 {
            AtomicU32::new(0)
        }
        Self {
            pending: zero(),
            epoch: zero(),
            input: zero(),
            input_offset: zero(),
            output: zero(),
            output_offset: zero(),
            scaled: zero(),
            scaled_output: zero(),
            scaled_offset: zero(),
        }
    }
}

/// What the registers of CSI2a do not say.
#[repr(C)]
pub struct Receiver {
    /// Times that a frame in progress was ended, wrapping: core 0 counts.
    pub cuts: AtomicU32,
    /// Frames that context 0 has taken since the latest reset.
    pub frames: AtomicU32,
}

/// When core 1 must call core 0 for the fault script.
#[repr(C)]
pub struct Alarm {
    /// 1 = wanted; core 0 clears it when the moment has been served.
    pub armed: AtomicU32,
    /// Frame.
    pub frame: AtomicU32,
    /// Line.
    pub line: AtomicU32,
}

/// What core 1 needs from the parameter block.
#[repr(C)]
pub struct Options {
    /// Bits of [`crate::params::Flags`].
    pub flags: AtomicU32,
    /// Seed of the sensor noise.
    pub seed: AtomicU32,
}

/// All of it. Zero is the right start value of everything, so core 0 clears the memory before it
/// starts core 1.
#[repr(C)]
pub struct Shared {
    registers: [AtomicU32; REGISTER_WORDS],
    sensor: [AtomicU32; SENSOR_REGISTERS],
    /// The preview's table space.
    pub preview_tables: [AtomicU32; preview::TABLE_ENTRIES],
    /// The histogram's memory.
    pub histogram: [AtomicU32; HISTOGRAM_ENTRIES],
    /// Bits of [`gate`].
    pub gates: AtomicU32,
    /// Pixel clock of the sensor in Hz, kept up to date by core 0; 0 while there is none.
    pub pixel_clock_hz: AtomicU32,
    epoch: AtomicU32,
    committing: AtomicU32,
    /// Misbehaviour.
    pub mischief: Mischief,
    /// Progress of core 1.
    pub progress: Progress,
    /// Frames from memory: the preview's and the resizer's.
    pub memory_frames: [MemoryFrame; OF_ALL],
    /// The frame of the CCP2's memory channel; of the words only the input.
    pub channel_frame: MemoryFrame,
    /// CSI2a.
    pub receiver: Receiver,
    /// Next moment of the fault script.
    pub alarm: Alarm,
    /// Options of the run.
    pub options: Options,
    /// Times that the sensor was stopped, by its registers or its power: counted by core 0, because
    /// core 1 looks at frame starts only, and a stop may be over by then.
    pub sensor_stops: AtomicU32,
    /// Heartbeats that core 0 has taken, wrapping: its own time, however the host runs its thread.
    pub beats: AtomicU32,
}

const _: () = assert!(size_of::<Shared>() <= sys_boot::mps2_an521::BENCH_SHARED.bytes as usize);
// Pointers to the shared memory are made from the base address of its range.
const _: () = assert!(
    (sys_boot::mps2_an521::BENCH_SHARED.base as usize).is_multiple_of(align_of::<Shared>())
);

impl Shared {
    /// All zero.
    #[must_use]
    pub const fn new() -> Self {
        const fn zero() -> AtomicU32 {
            AtomicU32::new(0)
        }
        Self {
            registers: [const { zero() }; REGISTER_WORDS],
            sensor: [const { zero() }; SENSOR_REGISTERS],
            preview_tables: [const { zero() }; preview::TABLE_ENTRIES],
            histogram: [const { zero() }; HISTOGRAM_ENTRIES],
            gates: zero(),
            pixel_clock_hz: zero(),
            epoch: zero(),
            committing: zero(),
            mischief: Mischief {
                stuck: zero(),
                after_stop_lines: zero(),
                dropped: Framed::new(),
                truncated: Framed::new(),
                stray: Framed::new(),
                stale: Framed::new(),
                late: Framed::new(),
                short: Framed::new(),
                long: Framed::new(),
                torn: Framed::new(),
                csi2_crc: Framed::new(),
                csi2_ecc_1bit: Framed::new(),
                csi2_ecc_2bit: Framed::new(),
            },
            progress: Progress {
                alive: zero(),
                frame: zero(),
                line: zero(),
                frame_lines: zero(),
                lines: zero(),
                streaming: zero(),
                active: zero(),
                outstanding: zero(),
                from_memory: zero(),
                dma_bytes: zero(),
                dma_refused: zero(),
            },
            memory_frames: [const { MemoryFrame::new() }; OF_ALL],
            channel_frame: MemoryFrame::new(),
            receiver: Receiver { cuts: zero(), frames: zero() },
            alarm: Alarm { armed: zero(), frame: zero(), line: zero() },
            options: Options { flags: zero(), seed: zero() },
            sensor_stops: zero(),
            beats: zero(),
        }
    }

    /// The word of a register.
    #[must_use]
    pub fn word(&self, register: &Register) -> &AtomicU32 {
        self.word_at(register.window_offset())
    }

    /// The word of element `index` of a register array.
    #[must_use]
    pub fn element(&self, register: &Register, index: usize) -> &AtomicU32 {
        self.word_at(register.window_offset() + index as u32 * u32::from(register.stride_bytes))
    }

    /// The word at this offset in the window.
    ///
    /// # Panics
    /// If the offset is outside of the window.
    #[must_use]
    pub fn word_at(&self, window_offset: u32) -> &AtomicU32 {
        &self.registers[window_offset as usize / 4]
    }

    /// Value of a register.
    #[must_use]
    pub fn get(&self, register: &Register) -> u32 {
        self.word(register).load(Relaxed)
    }

    /// Sets a register, whatever its class.
    pub fn set(&self, register: &Register, value: u32) {
        self.word(register).store(value, Relaxed);
    }

    /// A register of the sensor.
    #[must_use]
    pub fn sensor(&self, index: u8) -> &AtomicU32 {
        &self.sensor[usize::from(index)]
    }

    /// The current epoch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch.load(SeqCst)
    }

    /// Core 0: changes registers while core 1 stands still with regard to them; frames of the old
    /// epoch are given up. `relax` is called while core 1 finishes what it is doing.
    pub fn new_epoch(&self, relax: impl FnMut(), change: impl FnOnce(&Self)) {
        self.epoch.fetch_add(1, SeqCst);
        self.wait_out_of_commit(relax);
        change(self);
        self.epoch.fetch_add(1, SeqCst);
    }

    /// Core 0: after this, core 1 acts on nothing older than what was stored before.
    pub fn wait_out_of_commit(&self, mut relax: impl FnMut()) {
        while self.committing.load(SeqCst) != 0 {
            relax();
        }
    }

    /// Core 0: sets the gates, and waits until they hold.
    pub fn set_gates(&self, gates: u32, relax: impl FnMut()) {
        self.gates.store(gates, SeqCst);
        self.wait_out_of_commit(relax);
    }

    /// Core 1: does something visible, unless the epoch is over.
    pub fn commit<R>(&self, epoch: u32, action: impl FnOnce(u32) -> R) -> Option<R> {
        self.committing.store(1, SeqCst);
        let valid = self.epoch.load(SeqCst) == epoch && epoch.is_multiple_of(2);
        let result = valid.then(|| action(self.gates.load(SeqCst)));
        self.committing.store(0, SeqCst);
        result
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::ccdc;

    #[test]
    fn nothing_is_committed_from_an_epoch_that_is_over() {
        let shared = Shared::new();
        let epoch = shared.epoch();
        assert!(shared.commit(epoch, |_| ()).is_some());
        shared.new_epoch(|| unreachable!("nobody commits"), |shared| shared.set(&ccdc::PCR, 7));
        assert!(shared.commit(epoch, |_| ()).is_none());
        assert!(shared.commit(shared.epoch(), |_| ()).is_some());
        assert_eq!(shared.get(&ccdc::PCR), 7);
    }

    #[test]
    fn misbehaviour_of_frames_is_used_up() {
        let framed = Framed::new();
        assert_eq!(framed.take(), None);
        framed.set(7, 2);
        assert_eq!([framed.take(), framed.take(), framed.take()], [Some(7), Some(7), None]);
    }

    #[test]
    fn core_0_waits_for_a_commit_in_progress() {
        let shared = Shared::new();
        std::thread::scope(|scope| {
            let (started, starts) = std::sync::mpsc::channel();
            let shared = &shared;
            scope.spawn(move || {
                shared.commit(0, |_| {
                    started.send(()).expect("the test listens");
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    shared.set(&ccdc::SDR_ADDR, 1);
                })
            });
            starts.recv().expect("the commit starts");
            shared.new_epoch(std::thread::yield_now, |shared| {
                assert_eq!(shared.get(&ccdc::SDR_ADDR), 1);
            });
        });
    }
}
