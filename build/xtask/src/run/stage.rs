//! What a run needs before it starts: the scene, the image, the parameter blocks, a work folder.

use super::options::{Args, Size};
use super::scene_file;
use super::size;
use crate::machine::{Clock, Load, Setup};
use crate::root;
use anyhow::Context;
use build_image::{Dist, Options};
use idl::parameters::Parameters as ProductParameters;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys_boot::mps2_an521::{BENCH_PARAMETERS, PRODUCT_PARAMETERS};
use test_bench::params::{Flags, Parameters as BenchParameters};
use test_bench::script::{CAPACITY, Entry};
use test_golden::Scene;

/// Columns of the scene: the sensor's array at 4x binning, one scene pixel per sensor pixel.
const SCENE_WIDTH_PX: u32 = 648;
/// Lines of the scene.
const SCENE_HEIGHT_PX: u32 = 486;
/// Size of the sensor's picture.
pub const SENSOR: Size =
    Size { width_px: SCENE_WIDTH_PX as u16, height_px: SCENE_HEIGHT_PX as u16 };
/// Pool of the processed frames.
const POOL: &str = "video6";
/// Name of the scene file in the work folder.
const SCENE_FILE: &str = "scene.raw";
/// Name of the product's parameter block in the work folder.
const PRODUCT_FILE: &str = "product.params";
/// Virtual time of one instruction is 2^this ns in deterministic runs.
const ICOUNT_SHIFT: u8 = 2;
/// Heartbeat of the bench when time is the host's. The emulator's main thread makes each one, and
/// the kernel's tick too: at the 50 us of counted time it does nothing else, a tick comes late, and
/// until it comes the emulator holds SysTick's counter at 1, so events carry the stamp x.999 ms.
const HOST_HEARTBEAT_US: u32 = 500;
/// Wall-clock limit of a run, per frame and once.
const LIMIT_PER_FRAME: Duration = Duration::from_secs(3);
const LIMIT_ONCE: Duration = Duration::from_secs(120);
/// A served image runs until it is stopped.
const LIMIT_SERVE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Frames for which the module stays away.
const AWAY_FRAMES: u32 = 3;
/// Device line in the middle of the sensor's picture, at which the module is unplugged.
const MIDDLE_LINE: u32 = SCENE_HEIGHT_PX / 2;

/// What the camera looks at.
///
/// # Errors
/// One line: the file, what is wrong, the remedy.
pub fn scene(args: &Args) -> anyhow::Result<Scene> {
    let (width, height) = (SCENE_WIDTH_PX as usize, SCENE_HEIGHT_PX as usize);
    Ok(match &args.scene {
        None => Scene::chart(width, height)?,
        Some(path) => {
            let pixels = scene_file::load(path, SCENE_WIDTH_PX, SCENE_HEIGHT_PX)?;
            Scene::picture(width, height, pixels)?
        }
    })
}

/// Builds the image. A size that its pool has no room for gets an image with a larger pool.
///
/// # Errors
/// What the builder says.
pub fn image(args: &Args) -> anyhow::Result<Dist> {
    let root = root::project();
    let mut options = Options {
        manifest: root.join("app.toml"),
        root,
        target_dir: root::target_dir(),
        negative: None,
        quiet: args.json,
    };
    let dist = build_image::build(&options)?;
    let room = dist.layout.region(POOL).map_or(0, |region| region.buffer_bytes);
    if size::picture_bytes(args.size) <= room {
        return Ok(dist);
    }
    options.manifest = with_larger_pool(&options, args.size)?;
    Ok(build_image::build(&options)?)
}

/// Writes a manifest that differs in the pool.
fn with_larger_pool(options: &Options, size: Size) -> anyhow::Result<PathBuf> {
    let folder = options.target_dir.join("run");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("app-{size}.toml"));
    write(&path, larger_pool(&options.manifest.display().to_string(), size).as_bytes())?;
    Ok(path)
}

/// The text of that manifest. A path can have any character in it.
fn larger_pool(base: &str, size: Size) -> String {
    let base = toml::Value::from(base);
    format!(
        "extends = {base}\nname = \"obscura-{size}\"\n\n[regions.{POOL}]\nbytes = \"4 x {size} YUYV\"\n"
    )
}

/// A folder for what is not finished, in the target directory; removed when dropped.
pub struct Work(PathBuf);

impl Work {
    /// Makes an empty folder of this process.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        let all = root::target_dir().join("run");
        remove_orphans(&all);
        let path = all.join(std::process::id().to_string());
        make_folder(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Puts finished files into `out`, each complete or not at all.
    ///
    /// # Errors
    /// If a file cannot be written; names it.
    pub fn publish(&self, out: &Path, files: &[String]) -> anyhow::Result<()> {
        make_folder(out)?;
        remove_former(out)?;
        for file in files {
            let (target, partial) = (out.join(file), out.join(format!(".{file}.part")));
            // Copied, because `out` may lie on another file system, where renaming fails.
            std::fs::copy(self.0.join(file), &partial)
                .and_then(|_| std::fs::rename(&partial, &target))
                .inspect_err(|_| {
                    // It may never have been made.
                    let _ = std::fs::remove_file(&partial);
                })
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
        Ok(())
    }
}

/// Takes the pictures and drawings of a former run away: a longer one left more of them.
fn remove_former(out: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(out)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let frame = name.strip_prefix("frame-").and_then(|rest| rest.strip_suffix(".png"));
        let ours = frame.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        if ours || name == "contact.png" || name == "graph.svg" {
            std::fs::remove_file(entry.path())
                .with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Makes a folder with its parents, if it is not there.
///
/// # Errors
/// Names it, and says why not.
pub fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Removes the folders of runs that were killed: their names are the ids of processes that are
/// gone.
fn remove_orphans(all: &Path) {
    for entry in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_process = name.to_string_lossy().parse::<u32>().is_ok();
        if is_process && !Path::new("/proc").join(&name).exists() {
            // Another run may be removing it as well.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // It may be gone already; nothing else of value is in it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The machine with everything loaded.
///
/// # Errors
/// If a file cannot be written, or the image lacks its bench.
pub fn machine(args: &Args, dist: &Dist, scene: &Scene, work: &Work) -> anyhow::Result<Setup> {
    let directory = work.path().to_path_buf();
    write(&directory.join(SCENE_FILE), scene.bytes())?;
    let (bench, product) = (directory.join("bench.params"), directory.join(PRODUCT_FILE));
    write(&bench, &bench_parameters(args)?.encode_bytes())?;
    write_product_parameters(work, &product_parameters(args))?;
    let part = |what: &str| {
        dist.file(what).with_context(|| format!("the image has no {what}: `bench = true`?"))
    };
    Ok(Setup {
        kernel: part("bench")?,
        loads: vec![
            Load::Elf(part("core1")?),
            Load::Elf(dist.product()),
            Load::Raw(bench, BENCH_PARAMETERS.base),
            Load::Raw(product, PRODUCT_PARAMETERS.base),
        ],
        clock: if args.deterministic { Clock::Icount { shift: ICOUNT_SHIFT } } else { Clock::Host },
        gdb: args.serve.then(|| directory.join("gdb.sock")),
        directory,
        limit: if args.serve { LIMIT_SERVE } else { LIMIT_ONCE + LIMIT_PER_FRAME * args.frames },
    })
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn bench_parameters(args: &Args) -> anyhow::Result<BenchParameters> {
    let mut parameters = BenchParameters { seed: u64::from(args.seed), ..Default::default() }
        .with_scene_file(SCENE_FILE);
    if !args.deterministic {
        parameters.flags.0 |= Flags::HOST_TIME;
        parameters.heartbeat_us = HOST_HEARTBEAT_US;
    }
    let mut entries = args.faults()?;
    if let Some(frame) = args.unplug_frame() {
        let entry = |frame, kind| Entry { frame, line: MIDDLE_LINE, kind, a: 0, b: 0 };
        entries.push(entry(frame, drv_isp_regs::bench_control::UNPLUG));
        if !args.stay_unplugged {
            entries.push(entry(frame + AWAY_FRAMES, drv_isp_regs::bench_control::REPLUG));
        }
    }
    if entries.len() > CAPACITY {
        anyhow::bail!("--fault: {} entries with the unplug; at most {CAPACITY}", entries.len());
    }
    for (slot, entry) in parameters.script.iter_mut().zip(entries) {
        *slot = Some(entry);
    }
    Ok(parameters)
}

fn product_parameters(args: &Args) -> ProductParameters {
    ProductParameters {
        width_px: args.size.width_px,
        height_px: args.size.height_px,
        frames: if args.serve { 0 } else { args.frames },
        pictures: !args.serve,
        sensor_width_px: SENSOR.width_px,
        sensor_height_px: SENSOR.height_px,
        auto: args.auto,
        seed: args.seed,
        ..ProductParameters::DEFAULT
    }
}

/// Writes the block that tells the product what to do; [`machine`] has written one from its options.
///
/// # Errors
/// If the file cannot be written.
pub fn write_product_parameters(work: &Work, parameters: &ProductParameters) -> anyhow::Result<()> {
    let mut bytes = vec![0; PRODUCT_PARAMETERS.bytes as usize];
    hubpack::serialize(&mut bytes, parameters)
        .map_err(|error| anyhow::anyhow!("parameter block: {error:?}"))?;
    write(&work.path().join(PRODUCT_FILE), &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_extends_the_other_whatever_its_path_is_called() {
        for base in ["/a/app.toml", "/a \"b\"/app.toml", "/a\\u/app.toml", "/\u{e4}\t'\n/app.toml"]
        {
            let size = Size { width_px: 1280, height_px: 960 };
            let text = larger_pool(base, size);
            let table: toml::Table = text.parse().expect("it is TOML");
            assert_eq!(table["extends"].as_str(), Some(base));
            assert_eq!(table["name"].as_str(), Some("obscura-1280x960"));
            let pool = &table["regions"][POOL]["bytes"];
            assert_eq!(pool.as_str(), Some("4 x 1280x960 YUYV"));
        }
    }
}
