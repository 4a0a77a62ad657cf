//! The combined image: one ELF with all loadable bytes, and a raw binary.
//!
//! The ELF's physical addresses are those through which the loader reaches the flash (on this chip
//! the Secure alias); its virtual addresses are those at which the code runs. It has no sections:
//! symbols and debug information are in the programs' own ELF files.

use crate::input::Blob;

const HEADER_BYTES: u32 = 52;
const PROGRAM_HEADER_BYTES: u32 = 32;

/// An ELF32 file for little-endian Arm with one segment per blob.
#[must_use]
pub fn elf(blobs: &[Blob], load_offset_bytes: u32, entry: u32) -> Vec<u8> {
    let count = u32::try_from(blobs.len()).expect("few blobs");
    let mut file_offset = HEADER_BYTES + count * PROGRAM_HEADER_BYTES;
    let mut bytes = header(entry, count);
    for blob in blobs {
        let length = u32::try_from(blob.bytes.len()).expect("fits in flash");
        // p_type LOAD, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags R+X, p_align.
        let load = blob.base.wrapping_add(load_offset_bytes);
        for word in [1, file_offset, blob.base, load, length, length, 5, 4] {
            bytes.extend(word.to_le_bytes());
        }
        file_offset += length;
    }
    blobs.iter().for_each(|blob| bytes.extend(&blob.bytes));
    bytes
}

/// ELF header (System V ABI, chapter 4): class 32, little endian, executable, Arm, EABI 5.
fn header(entry: u32, program_header_count: u32) -> Vec<u8> {
    let mut bytes = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([2, 0, 40, 0]);
    for word in [1, entry, HEADER_BYTES, 0, 0x0500_0000] {
        bytes.extend(word.to_le_bytes());
    }
    for half in [HEADER_BYTES, PROGRAM_HEADER_BYTES, program_header_count, 40, 0, 0] {
        bytes.extend(u16::try_from(half).expect("few blobs").to_le_bytes());
    }
    bytes
}

/// All bytes from the lowest to the highest address; gaps read as erased flash.
#[must_use]
pub fn binary(blobs: &[Blob]) -> Vec<u8> {
    const ERASED: u8 = 0xFF;
    let mut bytes = Vec::new();
    let base = blobs.first().map_or(0, |blob| blob.base);
    for blob in blobs {
        bytes.resize((blob.base - base) as usize, ERASED);
        bytes.extend(&blob.bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::read::elf::ElfFile32;
    use object::{Object, ObjectSegment};

    fn blobs() -> Vec<Blob> {
        vec![
            Blob { base: 0x0010_0000, bytes: vec![1, 2, 3, 4] },
            Blob { base: 0x0010_0020, bytes: vec![5, 6] },
        ]
    }

    #[test]
    fn a_reader_finds_the_segments_again() {
        let bytes = elf(&blobs(), 0x1000_0000, 0x0010_0041);
        let file = ElfFile32::<object::LittleEndian>::parse(bytes.as_slice()).expect("an ELF file");
        assert_eq!(file.entry(), 0x0010_0041);
        let found: Vec<_> = file
            .segments()
            .map(|segment| (segment.address(), segment.data().expect("inside").to_vec()))
            .collect();
        assert_eq!(found, [(0x0010_0000, vec![1, 2, 3, 4]), (0x0010_0020, vec![5, 6])]);
        let physical = u32::from_le_bytes(bytes[64..68].try_into().expect("four bytes"));
        assert_eq!(physical, 0x1010_0000);
    }

    #[test]
    fn the_binary_fills_gaps_with_erased_flash() {
        let bytes = binary(&blobs());
        assert_eq!(bytes.len(), 0x22);
        assert_eq!(&bytes[..6], [1, 2, 3, 4, 0xFF, 0xFF]);
        assert_eq!(&bytes[0x20..], [5, 6]);
    }
}
