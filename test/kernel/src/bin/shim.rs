//! What stands below the product when there is no bench: it hands the processor over, all Secure.
//!
//! Seven register writes: the product's vector table becomes ours, accesses that a protection
//! controller refuses become bus errors, unprivileged code may use UART 0. Then the product's own
//! stack pointer and reset vector.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod target {
    use core::arch::global_asm;
    use sys_boot::mps2_an521::PRODUCT_FLASH;

    // VTOR: Arm DDI 0553, 0xE000_ED08. SECRESPCFG and APBSPPPCEXP1: Arm DAI 0521, Secure privilege
    // control block at 0x5008_0000; UART 0 is bit 5.
    global_asm!(
        ".section .vectors, \"a\", %progbits",
        ".word __stack_top",
        ".word _start",
        ".section .text._start, \"ax\", %progbits",
        ".globl _start",
        ".type _start, %function",
        ".thumb_func",
        "_start:",
        "movw r1, #:lower16:{product}",
        "movt r1, #:upper16:{product}",
        "ldr r0, =0xE000ED08",
        "str r1, [r0]",
        "ldr r0, =0x50080000",
        "movs r2, #1",
        "str r2, [r0, #0x10]",
        "ldr r2, [r0, #0xC4]",
        "orr r2, r2, #0x20",
        "str r2, [r0, #0xC4]",
        "ldr r2, [r1]",
        "msr msp, r2",
        "ldr r2, [r1, #4]",
        "bx r2",
        ".ltorg",
        ".size _start, . - _start",
        product = const PRODUCT_FLASH.base,
    );

    #[panic_handler]
    fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
        loop {
            core::hint::spin_loop();
        }
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
