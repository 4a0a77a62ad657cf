//! The line formatter: what a sensor reads out becomes lines of a mosaic.
//!
//! ```text
//! program   pixel i -> entry i % length -> where its pointer is in the line memory; the pointer then
//!           goes one pixel on or back. All of a line in: the line memory holds 1 to 4 lines
//! swap      line 2n, line 2n + 1 -> line 2n + 1, line 2n
//! ```
//!
//! The pointers begin anew with each line. Even and odd lines have programs of their own over the same
//! eight pointers, and the same line memory, whose share of a line shrinks with their number (SWPU177N,
//! line decomposition, table 6-36, and examples 6-2 to 6-4).
//!
//! # Where the manual says nothing
//! This is the bench's choice. A pixel whose place is not in the line memory, or in a line that is not
//! one of those that come out, is lost; its pointer goes on in its thirteen bits. A place that no pixel
//! goes to keeps what was there. A last line that finds no other to swap with comes alone. The lines
//! come in the time of the line that they are made of; the chip gives them while it takes the next one.

use core::ops::Range;

/// Pointers of a program.
pub const POINTERS: usize = 8;
/// Most entries of a program.
pub const ENTRIES: usize = 16;
/// Most lines that come out for one.
pub const LINES_MAX: usize = 4;

/// Pixels of a part of the line memory (SWPU177N, table 6-36).
const PART_PX: usize = 1376;
/// Parts that each of so many lines gets, one line first.
const PARTS: [usize; LINES_MAX] = [4, 2, 1, 1];
/// Bits of a pointer's pixel.
const POINTER_MASK: u16 = (1 << 13) - 1;

/// Where a pointer begins (FMT_ADDR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    /// Which of the lines that come out, 0..=3.
    pub line: u8,
    /// Pixel of that line, 13 bits.
    pub pixel: u16,
}

/// A decomposition, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Lines that come out for one, 1..=4 (LNUM + 1).
    pub lines: usize,
    /// Where the pointers begin.
    pub pointers: [Pointer; POINTERS],
    /// Entries of the program of even and of odd lines, four bits each from bit 0: whether the pointer
    /// goes back, and above that which one (PRGEVEN, PRGODD).
    pub entries: [[u32; 2]; 2],
    /// Entries that are used, 1..=16 (PLEN_EVEN + 1, PLEN_ODD + 1).
    pub lengths: [usize; 2],
}

/// What the formatter does while it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatterConfig {
    /// LNALT: even and odd lines change places.
    Swap,
    /// Each line is taken apart.
    Decompose(Program),
}

impl FormatterConfig {
    /// Lines that the line memory holds at once.
    const fn lines(&self) -> usize {
        match self {
            Self::Swap => 2,
            Self::Decompose(program) => program.lines,
        }
    }

    /// The part of the line memory that line `index` of those has.
    fn place(&self, index: usize) -> Range<usize> {
        let length = PART_PX * PARTS[(self.lines() - 1).min(LINES_MAX - 1)];
        length * index..length * (index + 1)
    }
}

/// The line memory.
pub struct Formatter {
    memory: [u16; LINES_MAX * PART_PX],
    /// Pixels of a line that comes out.
    width: u16,
}

impl Formatter {
    /// Nothing was written yet.
    pub const fn new() -> Self {
        Self { memory: [0; LINES_MAX * PART_PX], width: 0 }
    }

    /// Takes row `row` of the window, the `last` one or not; rows come in order. Gives the numbers of
    /// the lines that are ready, in the order in which they come out.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn push(
        &mut self,
        config: &FormatterConfig,
        row: usize,
        pixels: &[u16],
        last: bool,
    ) -> Range<usize> {
        match config {
            FormatterConfig::Swap => self.swap(config, row, pixels, last),
            FormatterConfig::Decompose(program) => {
                self.decompose(config, program, row % 2, pixels);
                program.lines * row..program.lines * (row + 1)
            }
        }
    }

    /// Line `number` of those that are ready.
    pub fn line(&self, config: &FormatterConfig, number: usize) -> &[u16] {
        let place = config.place(number % config.lines());
        &self.memory[place][..usize::from(self.width)]
    }

    fn swap(
        &mut self,
        config: &FormatterConfig,
        row: usize,
        pixels: &[u16],
        last: bool,
    ) -> Range<usize> {
        let first = row.is_multiple_of(2);
        let alone = first && last;
        let line = &mut self.memory[config.place(usize::from(first && !alone))];
        let width = pixels.len().min(line.len());
        line[..width].copy_from_slice(&pixels[..width]);
        self.width = width as u16;
        match (first, alone) {
            (false, _) => row - 1..row + 1,
            (true, true) => row..row + 1,
            (true, false) => row..row,
        }
    }

    fn decompose(
        &mut self,
        config: &FormatterConfig,
        program: &Program,
        odd: usize,
        pixels: &[u16],
    ) {
        let width = config.place(0).len();
        self.width = width as u16;
        let mut pointers = program.pointers;
        let length = program.lengths[odd].clamp(1, ENTRIES);
        for (index, &pixel) in pixels.iter().enumerate() {
            let turn = index % length;
            let entry = program.entries[odd][turn / 8] >> (4 * (turn % 8)) & 0xF;
            let pointer = &mut pointers[(entry >> 1) as usize];
            let (line, x) = (usize::from(pointer.line), usize::from(pointer.pixel));
            if line < program.lines && x < width {
                self.memory[config.place(line)][x] = pixel;
            }
            let step = if entry & 1 == 1 { POINTER_MASK } else { 1 };
            pointer.pixel = pointer.pixel.wrapping_add(step) & POINTER_MASK;
        }
    }
}

impl Default for Formatter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
