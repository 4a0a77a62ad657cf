//! What stands below the product: the bench on both cores, or a shim. Secure programs of this
//! machine, linked by the same steps, each into a memory of its own.

use crate::cargo::{Compile, Toolchain};
use crate::error::ImageError;
use crate::link::{Link, measure};
use crate::parallel;
use crate::script::{Script, Stack};
use build_manifest::{Below, Image, Program};
use std::collections::BTreeMap;
use std::path::Path;
use sys_boot::MemoryRange;
use sys_boot::mps2_an521::{
    BENCH_FLASH, BENCH_RAM, BENCH_SHARED, CORE1_FLASH, CORE1_RAM, SECURE_ALIAS_BYTES,
};

struct Part {
    what: &'static str,
    program: Program,
    flash: MemoryRange,
    ram: MemoryRange,
}

/// The two programs of the bench: core 0 and core 1.
pub fn bench_programs() -> [Program; 2] {
    let program = |binary: &str| Program {
        folder: "test/bench".into(),
        package: "test-bench".into(),
        binary: binary.into(),
    };
    [program("test-bench"), program("test-bench-core1")]
}

fn parts(image: &Image) -> Vec<Part> {
    let core0 = |what, program| Part { what, program, flash: BENCH_FLASH, ram: BENCH_RAM };
    match &image.below {
        Below::Nothing => Vec::new(),
        Below::Shim(shim) => vec![core0("shim", shim.clone())],
        Below::Bench => {
            let [first, second] = bench_programs();
            let core1 = Part { what: "core1", program: second, flash: CORE1_FLASH, ram: CORE1_RAM };
            vec![core0("bench", first), core1]
        }
    }
}

/// Links the parts into `folder`; what they are -> their file names.
///
/// # Errors
/// The linker's complaints; a memory is full.
pub fn link(
    image: &Image,
    compile: &Compile<'_>,
    toolchain: &Toolchain,
    work: &Path,
    folder: &Path,
) -> Result<BTreeMap<String, String>, ImageError> {
    let parts = parts(image);
    // The product's own flash is a part of the same chip memory, behind the first bench program.
    debug_assert!(BENCH_FLASH.end() <= image.chip.product_flash.base + SECURE_ALIAS_BYTES);
    let files = parallel::map(parts.len(), |index| {
        let part = &parts[index];
        let file = format!("{}.elf", part.what);
        let script = Script {
            flash_base: part.flash.base,
            data_base: part.ram.base,
            entry: None,
            stack: Stack::UpTo(part.ram.end()),
            shared: Some(BENCH_SHARED),
        };
        let link = Link {
            linker: &toolchain.linker,
            name: part.what,
            program: &compile.binary(&part.program),
            object: None,
            script,
            work,
            output: folder.join(&file),
            debug: true,
        };
        let elf = link.run()?;
        let measured = measure(&elf, &script, part.ram)?;
        fits(part.what, "flash", measured.flash_bytes, part.flash)?;
        fits(part.what, "RAM", measured.data_bytes + STACK_BYTES, part.ram)?;
        Ok::<_, ImageError>((part.what.to_string(), file))
    })?;
    Ok(files.into_iter().collect())
}

/// Least stack of a bench program, in bytes.
const STACK_BYTES: u32 = 16 * 1024;

fn fits(
    program: &str,
    memory: &'static str,
    bytes: u32,
    range: MemoryRange,
) -> Result<(), ImageError> {
    if bytes <= range.bytes {
        return Ok(());
    }
    Err(ImageError::Full { memory, program: program.into(), bytes, free: range.bytes })
}
