//! A server of `idl/idol_test.idol` with the generated main loop.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::idl::idol_test;
use test_kernel::idol_server::IdolServer;

userlib::entry!(main);

fn main() -> ! {
    idol_test::serve(&mut IdolServer)
}
