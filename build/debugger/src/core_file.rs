//! Dumps: ELF core files, one thread a task, that GDB loads too.
//!
//! Layout: a note segment (one NT_PRSTATUS a task, with the registers that the kernel saved, and
//! one note of our own with the image id) and one load segment a memory range. The NT_PRSTATUS
//! of 32-bit Arm has 148 bytes with the registers at 72 (Linux, include/uapi/linux/elfcore.h).

use crate::target::{Target, TargetError};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::write::elf::{FileHeader as NewHeader, ProgramHeader as NewSegment, Writer};
use object::{Endianness, elf};
use std::path::Path;

/// Name of our own note.
const NOTE_NAME: &[u8] = b"OBSCURA\0";
/// Type of our own note: the image id.
const NOTE_IMAGE_ID: u32 = 1;
/// Bytes of an NT_PRSTATUS.
const PRSTATUS_BYTES: usize = 148;
/// Where its thread id is.
const PRSTATUS_PID: usize = 24;
/// Where its registers are: r0..r15, cpsr, orig_r0.
const PRSTATUS_REGISTERS: usize = 72;

/// Registers of a task: r0..r15 and xPSR.
pub type Registers = [u32; 17];

/// A range of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub address: u32,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// A whole dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// First eight bytes of the image id.
    pub image_id: u64,
    /// Registers of each task, in task order.
    pub threads: Vec<Registers>,
    /// Memory.
    pub ranges: Vec<Range>,
}

impl Core {
    /// The dump as the bytes of an ELF core file.
    ///
    /// # Panics
    /// Never: the writer only fails when the buffer cannot grow.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let notes = self.notes();
        let mut file = Vec::new();
        let mut writer = Writer::new(Endianness::Little, false, &mut file);
        writer.reserve_file_header();
        writer.reserve_program_headers(1 + self.ranges.len() as u32);
        let notes_at = writer.reserve(notes.len() as u64, 4);
        let places: Vec<u64> =
            self.ranges.iter().map(|range| writer.reserve(range.bytes.len() as u64, 4)).collect();
        writer
            .write_file_header(&NewHeader {
                os_abi: elf::ELFOSABI_NONE,
                abi_version: 0,
                e_type: elf::ET_CORE,
                e_machine: elf::EM_ARM,
                e_entry: 0,
                e_flags: elf::EF_ARM_EABI_VER5,
            })
            .expect("a vector grows");
        writer.write_align_program_headers();
        writer.write_program_header(&segment(elf::PT_NOTE, notes_at, 0, notes.len()));
        for (range, at) in self.ranges.iter().zip(&places) {
            writer.write_program_header(&segment(
                elf::PT_LOAD,
                *at,
                range.address,
                range.bytes.len(),
            ));
        }
        writer.write_align(4);
        writer.write(&notes);
        for range in &self.ranges {
            writer.write_align(4);
            writer.write(&range.bytes);
        }
        file
    }

    fn notes(&self) -> Vec<u8> {
        let mut notes = Vec::new();
        for (index, registers) in self.threads.iter().enumerate() {
            let mut status = [0; PRSTATUS_BYTES];
            // Thread ids start at 1: GDB takes 0 for "no thread".
            put_word(&mut status, PRSTATUS_PID, index as u32 + 1);
            for (number, value) in registers.iter().enumerate() {
                put_word(&mut status, PRSTATUS_REGISTERS + 4 * number, *value);
            }
            put_note(&mut notes, b"CORE\0", elf::NT_PRSTATUS.0, &status);
        }
        put_note(&mut notes, NOTE_NAME, NOTE_IMAGE_ID, &self.image_id.to_le_bytes());
        notes
    }

    /// Reads a dump.
    ///
    /// # Errors
    /// [`TargetError::NotADump`] for anything that is not one.
    pub fn read(path: &Path) -> Result<Self, TargetError> {
        let refuse = |detail: String| TargetError::NotADump { path: path.to_path_buf(), detail };
        let file = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        parse(&file).map_err(refuse)
    }
}

fn parse(file: &[u8]) -> Result<Core, String> {
    let text = |error: object::Error| error.to_string();
    let elf_file = ElfFile32::<Endianness>::parse(file).map_err(text)?;
    let (header, endian) = (elf_file.elf_header(), elf_file.endian());
    if header.e_type(endian) != elf::ET_CORE {
        return Err("an ELF file, but not a core file".into());
    }
    let mut core = Core { image_id: 0, threads: Vec::new(), ranges: Vec::new() };
    let mut own = false;
    for segment in elf_file.elf_program_headers() {
        let address = segment.p_vaddr(endian);
        if segment.p_type(endian) == elf::PT_LOAD {
            let bytes = segment.data(endian, file).map_err(|()| "a segment is cut off")?.to_vec();
            core.ranges.push(Range { address, bytes });
        }
        let Some(mut notes) = segment.notes(endian, file).map_err(text)? else { continue };
        while let Some(note) = notes.next().map_err(text)? {
            if note.name() == b"CORE" && note.desc().len() == PRSTATUS_BYTES {
                core.threads.push(registers(note.desc()));
            } else if note.name() == &NOTE_NAME[..NOTE_NAME.len() - 1] {
                let id = note.desc().try_into().map_err(|_| "the image id is damaged")?;
                core.image_id = u64::from_le_bytes(id);
                own = true;
            }
        }
    }
    if own { Ok(core) } else { Err("a core file without an image id".into()) }
}

fn registers(status: &[u8]) -> Registers {
    std::array::from_fn(|number| {
        let at = PRSTATUS_REGISTERS + 4 * number;
        u32::from_le_bytes([status[at], status[at + 1], status[at + 2], status[at + 3]])
    })
}

fn segment(p_type: elf::ProgramType, offset: u64, address: u32, bytes: usize) -> NewSegment {
    let flags = if p_type == elf::PT_LOAD { elf::PF_R | elf::PF_W } else { elf::PF_R };
    NewSegment {
        p_type,
        p_flags: flags,
        p_offset: offset,
        p_vaddr: u64::from(address),
        p_paddr: u64::from(address),
        p_filesz: bytes as u64,
        p_memsz: bytes as u64,
        p_align: 4,
    }
}

fn put_word(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn put_note(notes: &mut Vec<u8>, name: &[u8], kind: u32, data: &[u8]) {
    for word in [name.len() as u32, data.len() as u32, kind] {
        notes.extend(word.to_le_bytes());
    }
    for part in [name, data] {
        notes.extend(part);
        notes.resize(notes.len().next_multiple_of(4), 0);
    }
}

impl Target for Core {
    fn image_id(&self) -> Option<u64> {
        Some(self.image_id)
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), TargetError> {
        let length = bytes.len();
        let found = self.ranges.iter().find_map(|range| {
            let from = address.checked_sub(range.address)? as usize;
            range.bytes.get(from..from.checked_add(length)?)
        });
        match found {
            Some(found) => {
                bytes.copy_from_slice(found);
                Ok(())
            }
            None => {
                let detail = "the dump does not hold it".into();
                Err(TargetError::Unreadable { address, length, detail })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Core {
        Core {
            image_id: 0x0123_4567_89ab_cdef,
            threads: vec![std::array::from_fn(|n| n as u32), [7; 17]],
            ranges: vec![
                Range { address: 0x2810_0000, bytes: vec![1, 2, 3] },
                Range { address: 0x2810_0400, bytes: vec![4; 64] },
            ],
        }
    }

    #[test]
    fn a_dump_is_read_back() {
        assert_eq!(parse(&example().to_bytes()), Ok(example()));
    }

    #[test]
    fn only_what_is_in_the_dump_can_be_read() {
        let mut core = example();
        assert_eq!(core.bytes(0x2810_0401, 2).expect("in it"), [4, 4]);
        assert!(core.bytes(0x2810_0002, 2).is_err());
        assert!(core.bytes(0xffff_ffff, 2).is_err());
    }

    /// Every byte changed in turn, every length: what is read is a dump or an error.
    #[test]
    fn a_damaged_dump_is_read_or_refused() {
        let good = example().to_bytes();
        let mut refused = 0;
        for at in 0..good.len() {
            refused += u32::from(parse(&good[..at]).is_err());
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = good.clone();
                damaged[at] = value;
                refused += u32::from(parse(&damaged).is_err());
            }
        }
        assert!(refused > good.len() as u32 / 2, "{refused}");
    }

    #[test]
    fn other_files_are_refused() {
        assert!(parse(b"not an ELF file").is_err());
        let mut cut = example().to_bytes();
        cut.truncate(cut.len() - 60);
        assert_eq!(parse(&cut), Err("a segment is cut off".into()));
    }
}
