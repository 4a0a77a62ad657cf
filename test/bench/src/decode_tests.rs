//! Encodings as an assembler gives them, with what the instruction does by the architecture.

use super::Direction::{Load, LoadSigned, Store};
use super::*;

/// r_n = 0x1000 * (n + 1): every register is different and far from the others.
fn registers() -> Registers {
    core::array::from_fn(|n| 0x1000 * (n as u32 + 1))
}

fn check(code: [u16; 2], address: u32, bytes: u8, direction: Direction, register: u8) -> Transfer {
    let transfer = decode(code[0], code[1], &registers()).expect("decodes");
    assert_eq!(transfer.address, address, "{transfer:x?}");
    assert_eq!((transfer.bytes, transfer.direction), (bytes, direction), "{transfer:x?}");
    assert_eq!(transfer.register, register, "{transfer:x?}");
    assert_eq!(transfer.length_bytes, instruction_bytes(code[0]));
    transfer
}

fn plain(code: [u16; 2], address: u32, bytes: u8, direction: Direction, register: u8) {
    let transfer = check(code, address, bytes, direction, register);
    assert_eq!((transfer.second, transfer.write_back), (None, None));
}

#[test]
fn narrow_immediate_forms() {
    plain([0x6851, 0], 0x3004, 4, Load, 1); // ldr r1, [r2, #4]
    plain([0x67D1, 0], 0x307C, 4, Store, 1); // str r1, [r2, #124]
    plain([0x7FE3, 0], 0x501F, 1, Load, 3); // ldrb r3, [r4, #31]
    plain([0x7063, 0], 0x5001, 1, Store, 3); // strb r3, [r4, #1]
    plain([0x8FF5, 0], 0x703E, 2, Load, 5); // ldrh r5, [r6, #62]
    plain([0x8075, 0], 0x7002, 2, Store, 5); // strh r5, [r6, #2]
    plain([0x9FFF, 0], 0xE3FC, 4, Load, 7); // ldr r7, [sp, #1020]
    plain([0x9702, 0], 0xE008, 4, Store, 7); // str r7, [sp, #8]
}

#[test]
fn narrow_register_forms() {
    let address = 0x2000 + 0x3000; // [r1, r2]
    plain([0x5888, 0], address, 4, Load, 0);
    plain([0x5088, 0], address, 4, Store, 0);
    plain([0x5688, 0], address, 1, LoadSigned, 0);
    plain([0x5E88, 0], address, 2, LoadSigned, 0);
    plain([0x5C88, 0], address, 1, Load, 0);
    plain([0x5288, 0], address, 2, Store, 0);
    plain([0x5A88, 0], address, 2, Load, 0);
    plain([0x5488, 0], address, 1, Store, 0);
}

#[test]
fn wide_immediate_forms() {
    plain([0xF8D9, 0x8ABC], 0xAABC, 4, Load, 8); // ldr.w r8, [r9, #0xabc]
    plain([0xF8C9, 0x8ABC], 0xAABC, 4, Store, 8);
    plain([0xF899, 0x8003], 0xA003, 1, Load, 8);
    plain([0xF999, 0xA003], 0xA003, 1, LoadSigned, 10);
    plain([0xF9B9, 0xB002], 0xA002, 2, LoadSigned, 11);
    plain([0xF8B9, 0xC002], 0xA002, 2, Load, 12);
    plain([0xF851, 0x0C08], 0x1FF8, 4, Load, 0); // ldr r0, [r1, #-8]
    plain([0xF851, 0x0E04], 0x2004, 4, Load, 0); // ldrt r0, [r1, #4]
    plain([0xF841, 0x0E04], 0x2004, 4, Store, 0); // strt r0, [r1, #4]
}

#[test]
fn wide_forms_that_write_the_base_back() {
    let ldr_pre = check([0xF851, 0x0F08], 0x2008, 4, Load, 0); // ldr r0, [r1, #8]!
    assert_eq!(ldr_pre.write_back, Some((1, 0x2008)));
    let str_pre = check([0xF841, 0x0D08], 0x1FF8, 4, Store, 0); // str r0, [r1, #-8]!
    assert_eq!(str_pre.write_back, Some((1, 0x1FF8)));
    let ldr_post = check([0xF851, 0x0B04], 0x2000, 4, Load, 0); // ldr r0, [r1], #4
    assert_eq!(ldr_post.write_back, Some((1, 0x2004)));
    let str_post = check([0xF841, 0x0904], 0x2000, 4, Store, 0); // str r0, [r1], #-4
    assert_eq!(str_post.write_back, Some((1, 0x1FFC)));
}

#[test]
fn wide_register_forms_shift_the_index() {
    plain([0xF851, 0xE032], 0x2000 + (0x3000 << 3), 4, Load, 14); // ldr lr, [r1, r2, lsl #3]
    plain([0xF841, 0x0029], 0x2000 + (0xA000 << 2), 4, Store, 0); // str r0, [r1, r9, lsl #2]
}

#[test]
fn double_transfers_name_both_registers() {
    let ldrd = check([0xE9D1, 0x0502], 0x2008, 4, Load, 0); // ldrd r0, r5, [r1, #8]
    assert_eq!((ldrd.second, ldrd.write_back), (Some(5), None));
    let strd = check([0xE941, 0x0502], 0x1FF8, 4, Store, 0); // strd r0, r5, [r1, #-8]
    assert_eq!((strd.second, strd.write_back), (Some(5), None));
    let post = check([0xE8F1, 0x0502], 0x2000, 4, Load, 0); // ldrd r0, r5, [r1], #8
    assert_eq!(post.write_back, Some((1, 0x2008)));
    let pre = check([0xE9E1, 0x0504], 0x2010, 4, Store, 0); // strd r0, r5, [r1, #16]!
    assert_eq!(pre.write_back, Some((1, 0x2010)));
}

#[test]
fn acquire_and_release_forms() {
    plain([0xE8D1, 0x0FAF], 0x2000, 4, Load, 0);
    plain([0xE8D1, 0x0F8F], 0x2000, 1, Load, 0);
    plain([0xE8D1, 0x0F9F], 0x2000, 2, Load, 0);
    plain([0xE8C1, 0x0FAF], 0x2000, 4, Store, 0);
    plain([0xE8C1, 0x0F8F], 0x2000, 1, Store, 0);
    plain([0xE8C1, 0x0F9F], 0x2000, 2, Store, 0);
}

#[test]
fn multiple_exclusive_and_literal_accesses_are_refused_and_name_their_base() {
    for (code, base) in [
        ([0xE893, 0x0003], Some(3)), // ldm.w r3, {r0, r1}
        ([0xC303, 0], Some(3)),      // stm r3!, {r0, r1}
        ([0xE899, 0x0003], Some(9)), // ldm r9, {r0, r1}
        ([0xE854, 0x0F00], Some(4)), // ldrex r0, [r4]
        ([0xE844, 0x1001], Some(4)), // strex r0, r1, [r4, #4]
        ([0xE8D4, 0x0F4F], Some(4)), // ldrexb r0, [r4]
        ([0xF8DF, 0x0008], None),    // ldr.w r0, [pc, #8]
        ([0x4802, 0], None),         // ldr r0, [pc, #8]
        ([0xF894, 0xF004], Some(4)), // pld [r4, #4]
        ([0xF8D4, 0xF004], Some(4)), // ldr pc, [r4, #4]
        ([0xE8D4, 0xF005], Some(4)), // tbb [r4, r5]
        ([0x4608, 0], None),         // mov r0, r1
    ] {
        let refused = decode(code[0], code[1], &registers());
        assert_eq!(refused, Err(NotEmulated { base }), "{code:x?}");
    }
}

#[test]
fn multiple_and_exclusive_accesses_load_or_store() {
    for (first, stores) in [
        (0xC10C, true),  // stmia r1!, {r2, r3}
        (0xC90C, false), // ldmia r1!, {r2, r3}
        (0xE881, true),  // stmia.w r1, ...
        (0xE891, false), // ldmia.w r1, ...
        (0xE844, true),  // strex
        (0xE854, false), // ldrex
    ] {
        assert_eq!(multiple_stores(first), stores, "{first:x}");
    }
}

#[test]
fn no_pair_of_halfwords_makes_the_decoder_panic() {
    let wild = [u32::MAX; 16];
    for first in 0..=u16::MAX {
        for second in [0, 0x0FFF, 0x8ABC, 0xF000, 0xFFFF, 0x0F8F, 0x0504] {
            let _ = decode(first, second, &wild);
            let _ = decode(first, second, &registers());
        }
    }
}

#[test]
fn unaligned_addresses_are_seen() {
    let mut registers = registers();
    registers[2] = 0x3001;
    assert!(!decode(0x6851, 0, &registers).expect("ldr").is_aligned());
    registers[2] = 0x3000;
    assert!(decode(0x6851, 0, &registers).expect("ldr").is_aligned());
}

#[test]
fn loads_extend_as_their_name_says() {
    let signed_byte = decode(0x5688, 0, &registers()).expect("ldrsb");
    assert_eq!(signed_byte.extend(0x80), 0xFFFF_FF80);
    let signed_half = decode(0x5E88, 0, &registers()).expect("ldrsh");
    assert_eq!(signed_half.extend(0x8000), 0xFFFF_8000);
    let byte = decode(0x5C88, 0, &registers()).expect("ldrb");
    assert_eq!(byte.extend(0xFFFF_FF80), 0x80);
}

#[test]
fn an_it_block_of_four_ends_after_four_steps() {
    // ITTTT EQ: ITSTATE = 0000_0001 with mask 0001; bits 7:2 of ITSTATE in xPSR 15:10, 1:0 in 26:25.
    let mut xpsr: u32 = 0x0100_0000 | 1 << 25;
    for _ in 0..3 {
        xpsr = advance_it(xpsr);
        assert_ne!(xpsr & 0x0600_FC00, 0);
    }
    assert_eq!(advance_it(xpsr), 0x0100_0000);
    assert_eq!(advance_it(0x2100_0000), 0x2100_0000);
}
