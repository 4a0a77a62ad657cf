//! The whole contract as one table, and the look-up that the emulated hardware uses.

use crate::{
    Block, Field, Register, WINDOW_BYTES, bench_control, ccdc, ccp2, csi2a, firewall, h3a, hist,
    host_link, kill_switch, main_block, prcm, preview, resizer, sbl, sensor_bus,
};

/// Rows of every block of the window, one slice per block, in the order of [`Block::WINDOW`].
pub const ALL: [&[Register]; 15] = [
    main_block::TABLE,
    ccdc::TABLE,
    hist::TABLE,
    h3a::TABLE,
    preview::TABLE,
    resizer::TABLE,
    sbl::TABLE,
    csi2a::TABLE,
    ccp2::TABLE,
    sensor_bus::TABLE,
    prcm::TABLE,
    firewall::TABLE,
    kill_switch::TABLE,
    bench_control::TABLE,
    host_link::TABLE,
];

/// Fields by name of each row of [`ALL`].
const FIELDS: [&[Fields]; ALL.len()] = [
    main_block::FIELDS,
    ccdc::FIELDS,
    hist::FIELDS,
    h3a::FIELDS,
    preview::FIELDS,
    resizer::FIELDS,
    sbl::FIELDS,
    csi2a::FIELDS,
    ccp2::FIELDS,
    sensor_bus::FIELDS,
    prcm::FIELDS,
    firewall::FIELDS,
    kill_switch::FIELDS,
    bench_control::FIELDS,
    host_link::FIELDS,
];

/// The fields of a register, by name.
pub type Fields = &'static [(&'static str, Field)];

/// The fields of the register at `window_offset`; none if the offset is reserved.
#[must_use]
pub fn fields(window_offset: u32) -> Fields {
    let block = Block::at(window_offset).map(|block| FIELDS[block as usize]);
    let row = INDEX.get(window_offset as usize / 4).map(|(row, _)| usize::from(*row));
    block.zip(row).and_then(|(rows, row)| rows.get(row)).copied().unwrap_or(&[])
}

/// Words of the window.
const WORDS: usize = WINDOW_BYTES as usize / 4;
/// Place in [`INDEX`] where no register is.
const RESERVED: (u8, u8) = (u8::MAX, 0);

/// For each word of the window: row in its block's table, and array index. Computed at compile time,
/// because the look-up is part of every emulated access.
static INDEX: [(u8, u8); WORDS] = index();

const fn index() -> [(u8, u8); WORDS] {
    let mut places = [RESERVED; WORDS];
    let mut block = 0;
    while block < ALL.len() {
        let mut row = 0;
        while row < ALL[block].len() {
            let register = &ALL[block][row];
            let mut element = 0;
            while element < register.count {
                let offset =
                    register.window_offset() + element as u32 * register.stride_bytes as u32;
                places[offset as usize / 4] = (row as u8, element as u8);
                element += 1;
            }
            row += 1;
        }
        block += 1;
    }
    places
}

/// The row and array index of the register at `window_offset`; `None` if the offset is reserved.
#[must_use]
pub fn lookup(window_offset: u32) -> Option<(&'static Register, u16)> {
    let block = Block::at(window_offset)?;
    let (row, element) = *INDEX.get(window_offset as usize / 4)?;
    let register = ALL[block as usize].get(usize::from(row))?;
    window_offset.is_multiple_of(4).then_some((register, u16::from(element)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, sensor};
    use std::collections::BTreeMap;

    #[test]
    fn each_block_stands_where_the_look_up_expects_it() {
        for (code, block) in Block::WINDOW.into_iter().enumerate() {
            assert_eq!(block as usize, code);
            assert_eq!(Block::at(block.window_offset()), Some(block));
            assert!(ALL[code].iter().all(|register| register.block == block));
        }
    }

    #[test]
    fn no_two_rows_share_an_offset_and_none_leaves_its_block() {
        let mut taken = BTreeMap::new();
        for register in ALL.iter().copied().flatten() {
            for index in 0..register.count {
                let offset =
                    register.window_offset() + u32::from(index) * u32::from(register.stride_bytes);
                assert_eq!(offset % 4, 0, "{}", register.name);
                assert!(offset < WINDOW_BYTES);
                assert_eq!(Block::at(offset), Some(register.block), "{}", register.name);
                let other = taken.insert(offset, register.name);
                assert_eq!(other, None, "{offset:#x} {}", register.name);
                assert_eq!(lookup(offset).map(|(row, _)| row.name), Some(register.name));
            }
        }
    }

    #[test]
    fn fields_of_a_row_do_not_overlap_and_belong_to_it() {
        for (rows, all_fields) in ALL.iter().zip(FIELDS) {
            assert_eq!(rows.len(), all_fields.len());
            for (register, of_row) in rows.iter().zip(all_fields) {
                let mut taken = 0;
                for (name, field) in *of_row {
                    assert_eq!(taken & field.mask(), 0, "{} {name}", register.name);
                    taken |= field.mask();
                }
                assert_eq!(fields(register.window_offset()), *of_row, "{}", register.name);
            }
        }
        assert_eq!(fields(0x37FC), &[]);
    }

    #[test]
    fn read_only_rows_have_no_writable_bit_and_all_others_have_one() {
        for register in ALL.iter().copied().flatten().chain(sensor::TABLE) {
            let read_only = register.access == Access::ReadOnly;
            assert_eq!(read_only, register.writable == 0, "{}", register.name);
            let some = match register.access {
                Access::Control { shadowed } => shadowed,
                Access::Mixed { clear, shadowed } => {
                    assert_eq!(clear & shadowed, 0, "{}", register.name);
                    clear | shadowed
                }
                _ => continue,
            };
            assert_eq!(some & !register.writable, 0, "{}", register.name);
        }
    }

    #[test]
    fn offsets_without_a_row_are_reserved() {
        for offset in [0x0000_0001, 0x01FC, 0x0420, 0x06FC, 0x1400, 0x37FC, 0x3FFC, 0x4000] {
            assert_eq!(lookup(offset), None, "{offset:#x}");
        }
    }

    #[test]
    fn sensor_registers_are_16_bits_wide_with_distinct_indices() {
        let mut taken = BTreeMap::new();
        for register in sensor::TABLE {
            assert!(register.reset <= 0xFFFF && register.writable <= 0xFFFF, "{}", register.name);
            assert_eq!(taken.insert(register.sensor_index(), register.name), None);
        }
    }
}
