//! The kernel's program. Everything is in the library; see [`sys_kern`].
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
extern "C" fn kernel_main() -> ! {
    sys_kern::arch::arm_m::boot()
}

#[cfg(not(target_os = "none"))]
fn main() {
    println!("the kernel runs on the target; on the host it is tested");
}
