//! The bench in the words of the cases: misbehave now or at a line, and count what was seen.

use drv_isp_regs::{Block, ISP_IRQ, Register, bench_control as control};

use crate::check::Failure;
use crate::ensure;
use crate::mmio::Registers;

/// Bench control.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    registers: Registers,
}

/// What the bench has seen since the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Accesses to registers of the ISP.
    pub isp: u32,
    /// Accesses to registers of the sensor's control bus.
    pub sensor_bus: u32,
    /// Accesses that ended in a bus fault: module absent, unpowered or unclocked.
    pub faulting: u32,
    /// Bytes that the engines wrote.
    pub dma_bytes: u32,
    /// Accesses of the engines that the firewall refused.
    pub dma_refused: u32,
    /// Interrupts that the hardware raised while it was absent or without power.
    pub late_irqs: u32,
    /// Accesses that the memory protection stopped.
    pub foreign: u32,
    /// Interrupts of the ISP that the processor was given.
    pub isp_irqs: u32,
}

impl Bench {
    /// Bench control behind these registers.
    #[must_use]
    pub const fn new(registers: Registers) -> Self {
        Self { registers }
    }

    /// Does a misbehaviour at once.
    ///
    /// # Errors
    /// If the bench does not know it or its script is full.
    pub fn now(&self, kind: u32, a: u32, b: u32) -> Result<(), Failure> {
        self.at(0, 0, kind, a, b)
    }

    /// Schedules a misbehaviour at a line of a frame of device time.
    ///
    /// # Errors
    /// As [`Bench::now`].
    pub fn at(&self, frame: u32, line: u32, kind: u32, a: u32, b: u32) -> Result<(), Failure> {
        self.registers.write(&control::A, a);
        self.registers.write(&control::B, b);
        self.registers.write(&control::WHEN_FRAME, frame);
        self.registers.write(&control::WHEN_LINE, line);
        self.registers.write(&control::COMMAND, kind);
        let accepted = self.registers.read(&control::ACCEPTED, 0);
        ensure!(accepted == 1, "the bench refused misbehaviour {kind} ({a}, {b})");
        Ok(())
    }

    /// Pulls the module.
    ///
    /// # Errors
    /// As [`Bench::now`].
    pub fn unplug(&self) -> Result<(), Failure> {
        self.now(control::UNPLUG, 0, 0)
    }

    /// Plugs the former module.
    ///
    /// # Errors
    /// As [`Bench::now`].
    pub fn replug(&self) -> Result<(), Failure> {
        self.now(control::REPLUG, 0, 0)
    }

    /// Puts this light on the scene, in 1/64 of the nominal light of red, green and blue.
    pub fn light(&self, [red, green, blue]: [u32; 3]) {
        use control::light::{BLUE, GREEN, RED};
        self.registers.write(&control::LIGHT, RED.of(red) | GREEN.of(green) | BLUE.of(blue));
    }

    /// Lets data of these engines be lost on its way to memory: flags of the shared buffer logic.
    pub fn overflow(&self, flags: u32) {
        self.registers.write(&control::OVERFLOW, flags);
    }

    /// Starts new counts.
    pub fn mark(&self) {
        self.registers.write(&control::MARK, 1);
    }

    /// Counts since the mark.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let read = |register| self.registers.read(register, 0);
        let block = |block: Block| self.registers.read(&control::BLOCK_COUNT, block as usize);
        let faults =
            [control::VERDICT_ABSENT, control::VERDICT_UNPOWERED, control::VERDICT_UNCLOCKED];
        Seen {
            isp: Block::ISP.map(block).iter().sum(),
            sensor_bus: block(Block::SensorBus),
            faulting: faults.map(|index| self.verdict(index)).iter().sum(),
            dma_bytes: read(&control::DMA_BYTES),
            dma_refused: read(&control::DMA_REFUSED),
            late_irqs: read(&control::LATE_IRQS),
            foreign: self.verdict(control::VERDICT_FOREIGN),
            isp_irqs: self.irqs(ISP_IRQ),
        }
    }

    /// Accesses with this verdict since the mark, by its index.
    #[must_use]
    pub fn verdict(&self, index: usize) -> u32 {
        self.registers.read(&control::VERDICT_COUNT, index)
    }

    /// Interrupts of this number that the processor was given since the mark.
    #[must_use]
    pub fn irqs(&self, irq: u32) -> u32 {
        self.registers.read(&control::IRQ_COUNT, (irq - ISP_IRQ) as usize)
    }

    /// Where a register is that the scenario does not map.
    #[must_use]
    pub const fn address_of(&self, register: &Register) -> usize {
        self.registers.address_of(register)
    }

    /// Line of the frame in progress, blanking included.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.registers.read(&control::LINE, 0)
    }

    /// Frames started since the start of the system.
    #[must_use]
    pub fn frame(&self) -> u32 {
        self.registers.read(&control::FRAME, 0)
    }
}
