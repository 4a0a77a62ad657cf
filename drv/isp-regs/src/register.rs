//! One row of the contract.

/// A group of registers that share power, clock and busy state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Block {
    /// ISP main: identity, reset, interrupts, control, clocks out.
    Main,
    /// CCDC: sensor input, raw output, video port.
    Ccdc,
    /// Histogram.
    Hist,
    /// Auto focus and auto exposure / white balance statistics.
    H3a,
    /// Preview: Bayer to YUV.
    Preview,
    /// Resizer.
    Resizer,
    /// Shared buffer logic: overflow flags, request pacing.
    Sbl,
    /// CSI-2 receiver A.
    Csi2a,
    /// CCP2 receiver and memory read channel.
    Ccp2,
    /// Sensor control bus controller.
    SensorBus,
    /// Power, clocks, resets, presence.
    Prcm,
    /// DMA firewall.
    Firewall,
    /// Camera domain kill switch.
    KillSwitch,
    /// Bench control (test tasks only; no such block on a chip).
    BenchControl,
    /// Doorbell to the host (no such block on a chip).
    HostLink,
    /// Not in the window: registers of the sensor, reached through the control bus.
    Sensor,
}

impl Block {
    /// All blocks of the window, in the order of their codes.
    pub const WINDOW: [Self; 15] = [
        Self::Main,
        Self::Ccdc,
        Self::Hist,
        Self::H3a,
        Self::Preview,
        Self::Resizer,
        Self::Sbl,
        Self::Csi2a,
        Self::Ccp2,
        Self::SensorBus,
        Self::Prcm,
        Self::Firewall,
        Self::KillSwitch,
        Self::BenchControl,
        Self::HostLink,
    ];

    /// The blocks of the ISP: what its driver maps, and what a reset of the ISP resets.
    pub const ISP: [Self; 9] = [
        Self::Main,
        Self::Ccdc,
        Self::Hist,
        Self::H3a,
        Self::Preview,
        Self::Resizer,
        Self::Sbl,
        Self::Csi2a,
        Self::Ccp2,
    ];

    /// Offset of the block in its peripheral (`isp`, `sensor_bus`, `prcm`, ...), in bytes.
    #[must_use]
    pub const fn peripheral_offset(self) -> u32 {
        match self {
            Self::Ccp2 => 0x0400,
            Self::Ccdc => 0x0600,
            Self::Hist => 0x0A00,
            Self::H3a => 0x0C00,
            Self::Preview => 0x0E00,
            Self::Resizer => 0x1000,
            Self::Sbl => 0x1200,
            Self::Csi2a => 0x1800,
            _ => 0,
        }
    }

    /// Offset of the block's peripheral in the window, in bytes.
    #[must_use]
    pub const fn window_offset(self) -> u32 {
        match self {
            Self::SensorBus => 0x2000,
            Self::Prcm => 0x2400,
            Self::Firewall => 0x2800,
            Self::KillSwitch => 0x2C00,
            Self::BenchControl => 0x3000,
            Self::HostLink => 0x3400,
            _ => self.peripheral_offset(),
        }
    }

    /// The block with this code.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::WINDOW.get(code as usize).copied()
    }

    /// The block whose part of the window holds `window_offset`; `None` if no block does.
    #[must_use]
    pub fn at(window_offset: u32) -> Option<Self> {
        *PARTS.get((window_offset / PART_BYTES) as usize)?
    }
}

/// The window is divided into parts of this size, each of which belongs to one block or to none.
const PART_BYTES: u32 = 0x200;

/// Block of each part of the window. A table, because the look-up is part of every emulated access.
static PARTS: [Option<Block>; 32] = {
    let mut parts = [None; 32];
    let mut code = 0;
    while code < Block::WINDOW.len() {
        let block = Block::WINDOW[code];
        let bytes = match block {
            Block::Csi2a => 0x800,
            Block::SensorBus
            | Block::Prcm
            | Block::Firewall
            | Block::KillSwitch
            | Block::BenchControl
            | Block::HostLink => 0x400,
            _ => PART_BYTES,
        };
        let first = block.window_offset() / PART_BYTES;
        let mut part = 0;
        while part < bytes / PART_BYTES {
            parts[(first + part) as usize] = Some(block);
            part += 1;
        }
        code += 1;
    }
    parts
};

/// What a write does, and when. Reads give the last value written unless the class says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Writes are ignored; the hardware sets the value.
    ReadOnly,
    /// A write takes effect at once, also while the block is busy.
    ReadWrite,
    /// Writing one clears a bit; the hardware sets it. Reading does not clear.
    WriteOneToClear,
    /// May be written at any time; takes effect at the next frame start.
    Shadowed,
    /// Bits in `clear` are [`Access::WriteOneToClear`], those in `shadowed` [`Access::Shadowed`], the other
    /// writable bits [`Access::ReadWrite`].
    Mixed {
        /// The bits that a one clears.
        clear: u32,
        /// The shadowed bits.
        shadowed: u32,
    },
    /// Silently dropped while the block's BUSY bit is set, at once otherwise.
    BusyLocked,
    /// Bits in `shadowed` are [`Access::Shadowed`], the other writable bits [`Access::BusyLocked`].
    Control {
        /// The shadowed bits.
        shadowed: u32,
    },
    /// Writing starts an action described in the row; reads as the row says.
    Command,
    /// Address of a table access through the following data register. [`Access::BusyLocked`].
    TableAddress,
    /// Accesses the table entry at the table address and adds one to it. Locked and unreadable
    /// (garbage) while busy.
    TableData,
}

/// One register, or an array of equal registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// The block it belongs to.
    pub block: Block,
    /// Offset in the block in bytes; for [`Block::Sensor`] the register index.
    pub block_offset: u16,
    /// Name as in the source.
    pub name: &'static str,
    /// Value after power on or reset.
    pub reset: u32,
    /// What a write does.
    pub access: Access,
    /// Bits a write can change (or clear); the others are hardware's or read as zero.
    pub writable: u32,
    /// What the register is for.
    pub effect: &'static str,
    /// Where the row comes from.
    pub source: &'static str,
    /// Number of equal registers in a row; 1 for a single one.
    pub count: u16,
    /// Distance between two of them in bytes.
    pub stride_bytes: u16,
}

impl Register {
    /// Offset in the peripheral, in bytes: add the base address the task got for the peripheral.
    #[must_use]
    pub const fn offset(&self) -> usize {
        (self.block.peripheral_offset() + self.block_offset as u32) as usize
    }

    /// Offset of element `index` of an array in the peripheral, in bytes.
    ///
    /// # Panics
    /// If the array has no such element.
    #[must_use]
    pub const fn offset_at(&self, index: usize) -> usize {
        assert!(index < self.count as usize);
        self.offset() + index * self.stride_bytes as usize
    }

    /// Offset in the window, in bytes.
    #[must_use]
    pub const fn window_offset(&self) -> u32 {
        self.block.window_offset() + self.block_offset as u32
    }

    /// Index of a sensor register, as it goes over the control bus.
    ///
    /// # Panics
    /// If this is not a sensor register.
    #[must_use]
    pub const fn sensor_index(&self) -> u8 {
        assert!(matches!(self.block, Block::Sensor));
        self.block_offset as u8
    }
}

/// Declares the registers of one block: a constant and a field module each, and the block's table.
///
/// `NAME module @ offset [x count / stride], reset, Access, writable, "source" { FIELD: shift, width; }`
macro_rules! registers {
    (
        block $block:ident;
        $(
            $(#[doc = $doc:literal])+
            $name:ident $module:ident @ $offset:literal $(x $count:literal / $stride:literal)?,
            $reset:expr, $access:expr, $writable:expr, $source:literal
            { $( $(#[doc = $field_doc:literal])+ $field:ident: $shift:literal, $width:literal; )* }
        )+
    ) => {
        $(
            $(#[doc = $doc])+
            pub const $name: $crate::Register = $crate::Register {
                block: $crate::Block::$block,
                block_offset: $offset,
                name: stringify!($name),
                reset: $reset,
                access: $access,
                writable: $writable,
                effect: concat!($($doc),+),
                source: $source,
                count: registers!(@or 1 $($count)?),
                stride_bytes: registers!(@or 4 $($stride)?),
            };
            #[doc = concat!("Fields of [`", stringify!($name), "`].")]
            pub mod $module {
                $(
                    $(#[doc = $field_doc])+
                    pub const $field: $crate::Field = $crate::Field::new($shift, $width);
                )*
            }
        )+
        /// All rows of this block.
        pub const TABLE: &[$crate::Register] = &[$($name),+];
        /// Fields by name of each row of [`TABLE`].
        pub const FIELDS: &[&[(&str, $crate::Field)]] = &[
            $( &[ $( (stringify!($field), $crate::Field::new($shift, $width)) ),* ] ),+
        ];
    };
    (@or $default:literal) => { $default };
    (@or $default:literal $value:literal) => { $value };
}
pub(crate) use registers;
