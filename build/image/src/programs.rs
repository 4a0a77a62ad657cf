//! Links the kernel and the tasks: trial, placement, final.

use crate::cargo::{Compile, Toolchain};
use crate::error::{ImageError, SymbolErrors};
use crate::input::{Blob, ElfBytes};
use crate::link::{Link, Measured, measure};
use crate::object_file::ObjectFile;
use crate::place::{Need, Place, place};
use crate::script::{Script, Stack};
use crate::tables::{self, KernelSizes, Placed};
use crate::{image_id, instance, parallel};
use build_manifest::{Image, Program};
use std::path::{Path, PathBuf};
use sys_boot::MemoryRange;

/// Entry of a task (`userlib`).
const TASK_ENTRY: &str = "_start";

/// Everything that was linked.
pub struct Linked {
    /// The kernel's place.
    pub kernel: Place,
    /// The kernel's file.
    pub kernel_elf: ElfBytes,
    /// The kernel's bytes.
    pub kernel_blob: Blob,
    /// Tasks by index.
    pub tasks: Vec<Placed>,
    /// Their bytes.
    pub task_blobs: Vec<Blob>,
    /// SHA-256 of the image.
    pub image_id: [u8; 32],
}

impl Linked {
    /// All loadable bytes, the kernel first.
    pub fn blobs(&self) -> Vec<Blob> {
        std::iter::once(&self.kernel_blob).chain(&self.task_blobs).cloned().collect()
    }

    /// Word 1 of the kernel's vector table.
    pub fn reset_vector(&self) -> u32 {
        let word = self.kernel_blob.bytes.get(4..8).and_then(|bytes| bytes.try_into().ok());
        word.map_or(0, u32::from_le_bytes)
    }
}

/// What every step needs.
struct Context<'a> {
    image: &'a Image,
    compile: &'a Compile<'a>,
    toolchain: &'a Toolchain,
    work: &'a Path,
    folder: &'a Path,
}

/// Links all programs into `folder`.
///
/// # Errors
/// Symbols without an answer, the linker's complaints, full memories.
pub fn link(
    image: &Image,
    compile: &Compile<'_>,
    toolchain: &Toolchain,
    work: &Path,
    folder: &Path,
) -> Result<Linked, ImageError> {
    let context = Context { image, compile, toolchain, work, folder };
    let objects = context.task_objects()?;
    let sizes = context.kernel_sizes()?;
    let needs = context.needs(&objects, sizes)?;
    let places = place(image.chip, &needs)?;
    let (kernel, task_places) = places.split_first().expect("the kernel is the first need");
    let tasks = parallel::map(image.tasks.len(), |index| {
        context.final_task(index, &objects[index], task_places[index], &needs[index + 1])
    })?;
    let (tasks, task_blobs): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
    let (_, blob) = context.final_kernel(*kernel, &needs[0], &tasks, sizes, 0)?;
    // The id covers the kernel, and the kernel holds the id: it is hashed with an id of zero.
    let blobs: Vec<Blob> = std::iter::once(blob).chain(task_blobs.iter().cloned()).collect();
    let image_id = image_id(image, &blobs);
    let short = u64::from_le_bytes(image_id[..8].try_into().expect("eight bytes"));
    let (kernel_elf, kernel_blob) =
        context.final_kernel(*kernel, &needs[0], &tasks, sizes, short)?;
    Ok(Linked { kernel: *kernel, kernel_elf, kernel_blob, tasks, task_blobs, image_id })
}

/// File of a task's ELF inside of the output folder.
pub fn task_file(name: &str) -> String {
    format!("tasks/{name}.elf")
}

/// File of the kernel's ELF inside of the output folder.
pub const KERNEL_FILE: &str = "kernel.elf";

impl Context<'_> {
    /// Constants of each task, or all mismatches between programs and manifest at once.
    fn task_objects(&self) -> Result<Vec<Vec<u8>>, ImageError> {
        let answers = parallel::map(self.image.tasks.len(), |index| {
            let program = self.compile.binary(&self.image.tasks[index].program);
            let undefined = ElfBytes::read(&program)?.undefined()?;
            Ok::<_, ImageError>(instance::definitions(self.image, index, &undefined))
        })?;
        let mut objects = Vec::new();
        let mut errors = Vec::new();
        for answer in answers {
            match answer {
                Ok(definitions) => {
                    let mut file = ObjectFile::default();
                    file.define(&definitions);
                    objects.push(file.finish()?);
                }
                Err(mismatches) => errors.extend(mismatches),
            }
        }
        if errors.is_empty() { Ok(objects) } else { Err(ImageError::Symbols(SymbolErrors(errors))) }
    }

    fn kernel_sizes(&self) -> Result<KernelSizes, ImageError> {
        let elf = ElfBytes::read(&self.compile.binary(&self.image.kernel.program))?;
        let size = |symbol| elf.constant(symbol)?.ok_or(ImageError::KernelSizes { symbol });
        Ok(KernelSizes {
            task_bytes: size("KERNEL_TASK_BYTES")?,
            watch_bytes: size("KERNEL_WATCH_BYTES")?,
        })
    }

    /// Trial links: the kernel's need first, then the tasks'.
    fn needs(&self, objects: &[Vec<u8>], sizes: KernelSizes) -> Result<Vec<Need>, ImageError> {
        let trial = trial_place(self.image);
        parallel::map(objects.len() + 1, |position| match position.checked_sub(1) {
            None => {
                let nowhere = vec![Placed { place: trial, entry: 0 }; self.image.tasks.len()];
                let object = tables::object(self.image, &nowhere, sizes, 0)?;
                let kernel = &self.image.kernel;
                self.need("kernel", &kernel.program, &object, None, kernel.stack_bytes)
            }
            Some(index) => {
                let task = &self.image.tasks[index];
                let entry = Some(TASK_ENTRY);
                self.need(&task.name, &task.program, &objects[index], entry, task.stack_bytes)
            }
        })
    }

    fn need(
        &self,
        name: &str,
        program: &Program,
        object: &[u8],
        entry: Option<&'static str>,
        stack_bytes: u32,
    ) -> Result<Need, ImageError> {
        let script = script(trial_place(self.image), entry);
        let output = self.work.join(format!("{name}.trial"));
        let elf = self.link(name, program, object, script, output, false)?;
        let Measured { flash_bytes, data_bytes, data_align_bytes } =
            measure(&elf, &script, self.image.chip.product_ram)?;
        Ok(Need { name: name.into(), flash_bytes, data_bytes, data_align_bytes, stack_bytes })
    }

    fn final_task(
        &self,
        index: usize,
        object: &[u8],
        place: Place,
        need: &Need,
    ) -> Result<(Placed, Blob), ImageError> {
        let task = &self.image.tasks[index];
        let script = script(place, Some(TASK_ENTRY));
        let output = self.folder.join(task_file(&task.name));
        let elf = self.link(&task.name, &task.program, object, script, output, true)?;
        self.check(&elf, &script, need)?;
        let entry = elf.address(TASK_ENTRY)?.unwrap_or(0) & !1;
        Ok((Placed { place, entry }, elf.blob()?))
    }

    fn final_kernel(
        &self,
        place: Place,
        need: &Need,
        tasks: &[Placed],
        sizes: KernelSizes,
        id: u64,
    ) -> Result<(ElfBytes, Blob), ImageError> {
        let object = tables::object(self.image, tasks, sizes, id)?;
        let script = script(place, None);
        let output = self.folder.join(KERNEL_FILE);
        let program = &self.image.kernel.program;
        let elf = self.link("kernel", program, &object, script, output, true)?;
        self.check(&elf, &script, need)?;
        if let Some(function) = elf.panic()? {
            return Err(ImageError::KernelPanics { function });
        }
        let blob = elf.blob()?;
        Ok((elf, blob))
    }

    /// A program must be as large where it goes as it was where it was measured.
    fn check(&self, elf: &ElfBytes, script: &Script, need: &Need) -> Result<(), ImageError> {
        let found = measure(elf, script, self.image.chip.product_ram)?;
        let pairs = [
            ("flash", need.flash_bytes, found.flash_bytes),
            ("RAM", need.data_bytes, found.data_bytes),
        ];
        match pairs.into_iter().find(|(_, measured, linked)| linked > measured) {
            None => Ok(()),
            Some((what, measured, linked)) => {
                Err(ImageError::Grew { program: need.name.clone(), what, measured, linked })
            }
        }
    }

    fn link(
        &self,
        name: &str,
        program: &Program,
        object: &[u8],
        script: Script,
        output: PathBuf,
        debug: bool,
    ) -> Result<ElfBytes, ImageError> {
        let program = self.compile.binary(program);
        let link = Link {
            linker: &self.toolchain.linker,
            name,
            program: &program,
            object: Some(object),
            script,
            work: self.work,
            output,
            debug,
        };
        link.run()
    }
}

fn script(place: Place, entry: Option<&'static str>) -> Script {
    Script {
        flash_base: place.flash.base,
        data_base: place.data_base,
        entry,
        stack: Stack::Range(place.stack()),
        shared: None,
    }
}

/// Where trial links go: the beginning of both memories.
fn trial_place(image: &Image) -> Place {
    let chip = image.chip;
    Place {
        flash: chip.product_flash,
        ram: MemoryRange::new(chip.product_ram.base, chip.product_ram.bytes),
        data_base: chip.product_ram.base,
    }
}
