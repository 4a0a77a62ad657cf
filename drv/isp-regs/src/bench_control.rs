//! Bench control: how a test task makes the hardware misbehave, and asks what was seen.
//!
//! Inject: write A, B, WHEN_FRAME, WHEN_LINE, then COMMAND with one of the kinds below. Frame and
//! line count device time since the first frame of the sensor; a moment in the past, such as 0, means
//! at once. Codes are those of the fault script; an interrupt line is named by its number (100 to 104).

use crate::Access::{Command, ReadOnly, ReadWrite};
use crate::register::registers;

/// Pull the module: registers, sensor and power vanish at once.
pub const UNPLUG: u32 = 1;
/// Plug a module with identity A (0: the former one).
pub const REPLUG: u32 = 2;
/// The next A edges of interrupt line B are not seen by the processor.
pub const IRQ_LOST: u32 = 3;
/// The next edge of interrupt line B comes A device lines late.
pub const IRQ_LATE: u32 = 4;
/// Interrupt line B is raised once with no status bit set.
pub const IRQ_SPURIOUS: u32 = 5;
/// Interrupt line B is raised A times in a row, whatever its status.
pub const IRQ_STORM: u32 = 6;
/// BUSY of block A (code of the block) never clears once it is set, and from the end of that frame on the
/// block takes no other one, until BUSY_RELEASE or a reset of the ISP. The sync events of the CCDC go on:
/// they are those of its input.
pub const BUSY_STUCK: u32 = 7;
/// Undo BUSY_STUCK of block A.
pub const BUSY_RELEASE: u32 = 8;
/// Reads of camera registers give all ones while A is 1; A = 0 ends it.
pub const ALL_ONES: u32 = 9;
/// The engines go on writing for A lines after they should have stopped (not past BUS_CTRL.DENY,
/// reset or power off).
pub const DMA_AFTER_STOP: u32 = 10;
/// The sensor does not acknowledge the next A transfers.
pub const SENSOR_NAK: u32 = 11;
/// The sensor gives A as its chip version; 0 ends it.
pub const SENSOR_WRONG_ID: u32 = 12;
/// The next A transfers lose arbitration.
pub const BUS_ARBITRATION: u32 = 13;
/// A reset of the ISP is never done while A is 1.
pub const RESET_STUCK: u32 = 14;
/// The next A frames of the sensor do not come: the line stays blank.
pub const FRAME_DROP: u32 = 15;
/// Output addresses of the engines go wrong by A bytes (signed) for B frames.
pub const DMA_STRAY: u32 = 16;
/// Requests under way when BUS_CTRL.DENY is set take A device lines to drain: DMA_STATUS stays busy
/// for so long. A reset of the ISP ends it.
pub const DMA_DRAIN: u32 = 17;
/// Accesses to block A (code of the block) never complete: whoever makes one spins in it. A reset of
/// the ISP ends it.
pub const ACCESS_STUCK: u32 = 18;
/// The next A edges of interrupt line B come twice: again after their cause was cleared.
pub const IRQ_DOUBLED: u32 = 19;
/// The next A reads of camera registers give garbage.
pub const READ_GARBAGE: u32 = 20;
/// The next A reads of camera registers give what the read before them gave.
pub const READ_STALE: u32 = 21;
/// Lines of pictures reach memory A device lines late (at most [`LATE_LINES_MAX`]) for B frames; the
/// events come in time. The write buffers say that they hold data meanwhile.
pub const DMA_LATE: u32 = 22;
/// The last A lines of a picture never reach memory, for B frames; the events come nevertheless.
pub const DMA_SHORT: u32 = 23;
/// The engines write A lines too many (at most [`LONG_LINES_MAX`]) behind a picture, for B frames.
pub const DMA_LONG: u32 = 24;
/// For B frames the engines write to the address that they had in the frame before.
pub const DMA_STALE: u32 = 25;
/// The next B frames of the sensor end after A lines: the next one follows at once. Blocks that wait
/// for the rest of the lines take those of that next frame.
pub const FRAME_TRUNCATED: u32 = 26;
/// For B frames, the write buffers overflow at line A of a picture: the lines from there on are lost,
/// and the overflow flags say so.
pub const FRAME_TORN: u32 = 27;
/// The clock of the sensor stands still while A is 1.
pub const CLOCK_LOST: u32 = 28;
/// The task that next accesses block A (code of the block) falls silent there: instead of the access
/// it makes system call B (its number, that of a receive), which waits for nobody and nothing.
pub const MUTE: u32 = 29;
/// For B frames that CSI2a receives, a bit of the payload of line A is wrong on the serial line.
pub const CSI2_CRC: u32 = 30;
/// For B frames that CSI2a receives, a bit of the header of line A is wrong on the serial line.
pub const CSI2_ECC_1BIT: u32 = 31;
/// For B frames that CSI2a receives, two bits of the header of line A are wrong on the serial line.
pub const CSI2_ECC_2BIT: u32 = 32;

/// Most lines by which [`DMA_LATE`] delays.
pub const LATE_LINES_MAX: u32 = 8;
/// Most lines that [`DMA_LONG`] adds.
pub const LONG_LINES_MAX: u32 = 64;

/// [`VERDICT_COUNT`] index: the access was done.
pub const VERDICT_OK: usize = 0;
/// The module is not there.
pub const VERDICT_ABSENT: usize = 1;
/// The power domain is not on.
pub const VERDICT_UNPOWERED: usize = 2;
/// A clock is missing, or the block is held in reset.
pub const VERDICT_UNCLOCKED: usize = 3;
/// No register there, or a size other than 32 bits.
pub const VERDICT_RESERVED: usize = 4;
/// A write that was dropped because the block was busy.
pub const VERDICT_BUSY_DROPPED: usize = 5;
/// A read that gave ones instead of the register, by [`ALL_ONES`].
pub const VERDICT_ALL_ONES: usize = 6;
/// A read that gave garbage, by [`READ_GARBAGE`].
pub const VERDICT_GARBAGE: usize = 7;
/// A read that gave what the one before it gave, by [`READ_STALE`].
pub const VERDICT_STALE: usize = 8;
/// The access did not complete, by [`ACCESS_STUCK`]; counted once however long it takes.
pub const VERDICT_STUCK: usize = 9;
/// A system call was made instead of the access, by [`MUTE`].
pub const VERDICT_MUTED: usize = 10;
/// The memory protection of the task did not allow it.
pub const VERDICT_FOREIGN: usize = 11;
/// Number of verdicts.
pub const VERDICTS: usize = 12;

registers! {
    block BenchControl;
    /// Do or schedule a misbehaviour of this kind; reads as zero.
    COMMAND command @ 0x00, 0, Command, 0xFF, "bench" {}
    /// First argument of COMMAND.
    A a @ 0x04, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// Second argument of COMMAND.
    B b @ 0x08, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// Frame at which COMMAND happens.
    WHEN_FRAME when_frame @ 0x0C, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// Line at which COMMAND happens.
    WHEN_LINE when_line @ 0x10, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// 1 if the last COMMAND was accepted, 0 if its kind is unknown or the script is full.
    ACCEPTED accepted @ 0x14, 0, ReadOnly, 0, "bench" {}
    /// Frames started since the start of the system.
    FRAME frame @ 0x18, 0, ReadOnly, 0, "bench" {}
    /// Line of the frame in progress, blanking included.
    LINE line @ 0x1C, 0, ReadOnly, 0, "bench" {}
    /// Virtual time in microseconds, low word; reading it latches the high word.
    TIME_LOW time_low @ 0x20, 0, ReadOnly, 0, "bench" {}
    /// Virtual time in microseconds, high word.
    TIME_HIGH time_high @ 0x24, 0, ReadOnly, 0, "bench" {}
    /// Writing any value starts a new count: all counts below become zero. Reads as zero.
    MARK mark @ 0x28, 0, Command, 0xFFFF_FFFF, "bench" {}
    /// Bytes written to memory by the engines since the mark (those refused not counted).
    DMA_BYTES dma_bytes @ 0x2C, 0, ReadOnly, 0, "bench" {}
    /// Accesses refused by the DMA firewall since the mark.
    DMA_REFUSED dma_refused @ 0x30, 0, ReadOnly, 0, "bench" {}
    /// Interrupts raised by the hardware while the module was absent or unpowered, since the mark.
    LATE_IRQS late_irqs @ 0x34, 0, ReadOnly, 0, "bench" {}
    /// The light on the scene, in 1/64 of the nominal light of each primary; zero is nominal. The
    /// sensor sees it from its next frame on.
    LIGHT light @ 0x3C, 0, ReadWrite, 0x3FFF_FFFF, "bench" {
        /// Red.
        RED: 0, 10;
        /// Green.
        GREEN: 10, 10;
        /// Blue.
        BLUE: 20, 10;
    }
    /// Data is lost on the way to memory: these overflow flags appear in the PCR of the shared buffer
    /// logic. Reads as zero.
    OVERFLOW overflow @ 0x5C, 0, Command, 0x07FF_0000, "bench" {}
    /// Interrupts that the processor was given since the mark, by line (index: number of the line's
    /// interrupt from 100 on): how often a line came up for it, those without a cause included.
    IRQ_COUNT irq_count @ 0x60 x 5 / 4, 0, ReadOnly, 0, "bench" {}
    /// Accesses since the mark, by block (index: code of the block).
    BLOCK_COUNT block_count @ 0x80 x 15 / 4, 0, ReadOnly, 0, "bench" {}
    /// Accesses since the mark, by verdict.
    VERDICT_COUNT verdict_count @ 0xC0 x 12 / 4, 0, ReadOnly, 0, "bench" {}
}
