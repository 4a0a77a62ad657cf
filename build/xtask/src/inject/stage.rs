//! What the runs need: the image, its addresses, parameter blocks, folders.

use super::class::{Class, Shot, Target, fault};
use super::route::Route;
use super::trace::Trace;
use crate::machine::{Clock, Load, Setup};
use crate::{dist, root};
use anyhow::{Context, ensure};
use build_debugger::archive::Archive;
use build_image::Dist;
use build_manifest::layout::Layout;
use drv_isp_regs::bench_control;
use idl::parameters::Parameters as ProductParameters;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use sys_boot::mps2_an521::{BENCH_PARAMETERS, PRODUCT_PARAMETERS};
use test_bench::injection::{BLOCK, Injection};
use test_bench::params::Parameters as BenchParameters;
use test_bench::script::Entry;
use test_inject::expected;

const MANIFEST: &str = "test/inject/app.toml";
const MANIFEST_UNQUIET: &str = "test/inject/unquiet.toml";
/// The tasks that faults are injected into: drivers of the module, of whose lives the witness and the
/// oracle know.
pub const MODULE: [&str; 2] = ["isp", "sensor"];
/// One instruction is 2^2 ns of virtual time, as in the camera suite.
const ICOUNT_SHIFT: u8 = 2;
/// Sensor picture and frame, in pixels: small, because a run's time is that of its pixels.
const SENSOR_PX: (u16, u16) = (128, 96);
const FRAME_PX: (u16, u16) = (64, 48);
/// Wall-clock limit of a run; most take less than a second.
const LIMIT: Duration = Duration::from_secs(120);
/// Virtual time limit of a run, in milliseconds.
const TIME_LIMIT_MS: u32 = 20_000;
/// Frames for which an unplugged module stays away.
const AWAY_FRAMES: u32 = 2;
/// First encoding of `svc #0`. Arm DDI 0553B, C2.4.
const SVC: u16 = 0xDF00;

/// The image and where things are in it.
pub struct Stage {
    dist: Dist,
    /// Reads debug information when it is asked for, so it is used by one thread at a time.
    archive: Mutex<Archive>,
    folder: PathBuf,
    /// The product's flash, from its base on.
    code: Vec<u8>,
    code_base: u32,
    /// Index of the victim.
    victim: usize,
    /// First instruction of the function that the client calls when its stream is on.
    pub began: u32,
    /// First instruction of the function that the client calls for each frame.
    pub taken: u32,
    /// First instruction of the function that each Secure handler calls once.
    pub entered: u32,
}

/// What differs between runs.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// Name of its folder.
    pub name: String,
    /// Frames that end it if nothing happens.
    pub frames: u32,
    /// Frames that the client knows.
    pub crc32s: &'a [u32],
    /// What the bench is to inject.
    pub injection: Option<Injection>,
    /// Frame and line at which the module is unplugged.
    pub unplug: Option<(u32, u32)>,
}

impl Stage {
    /// Builds the image.
    ///
    /// # Errors
    /// What the builder says; a task that is not there, or that no oracle judges.
    pub fn new(victim: &str, skip_quiesce: bool, quiet: bool) -> anyhow::Result<Self> {
        let manifest = if skip_quiesce { MANIFEST_UNQUIET } else { MANIFEST };
        let manifest = root::project().join(manifest);
        let options = build_image::Options { quiet, ..dist::options(&manifest, None) };
        let dist = build_image::build(&options)?;
        let victim = self::victim(&dist.layout, victim)?;
        let archive = Archive::open(&dist.archive())?;
        let client = archive.program("task:client")?;
        let function = |name: &str| {
            client.function(name).with_context(|| format!("the client has no function {name}"))
        };
        let (began, taken) = (function("streaming_began")? & !1, function("frame_taken")? & !1);
        let entered = archive.program("bench")?.function("injector::entered");
        let entered = entered.context("the bench has no function injector::entered")? & !1;
        let binary = dist.file("binary").context("the image has no binary")?;
        let code =
            std::fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
        let code_base = dist.layout.flash.base;
        let folder = root::target_dir().join("inject").join(std::process::id().to_string());
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let archive = Mutex::new(archive);
        Ok(Self { dist, archive, folder, code, code_base, victim, began, taken, entered })
    }

    /// Name of the task that faults are injected into.
    #[must_use]
    pub fn victim(&self) -> &str {
        &self.dist.layout.tasks[self.victim].name
    }

    /// Names of the tasks.
    #[must_use]
    pub fn tasks(&self) -> Vec<String> {
        self.dist.layout.tasks.iter().map(|task| task.name.clone()).collect()
    }

    /// Addresses of the victim's code.
    #[must_use]
    pub fn victim_code(&self) -> Range<u32> {
        let flash = &self.dist.layout.tasks[self.victim].flash;
        flash.base..flash.base + flash.bytes
    }

    /// Addresses of the victim's memory.
    #[must_use]
    pub fn victim_ram(&self) -> Range<u32> {
        let ram = &self.dist.layout.tasks[self.victim].ram;
        ram.base..ram.base + ram.bytes
    }

    /// The product's code.
    #[must_use]
    pub fn product_code(&self) -> Range<u32> {
        let flash = &self.dist.layout.flash;
        flash.base..flash.base + flash.bytes
    }

    /// The victim's stack.
    #[must_use]
    pub fn victim_stack(&self) -> Range<u32> {
        let stack = &self.dist.layout.tasks[self.victim].stack;
        stack.base..stack.base + stack.bytes
    }

    /// The product's memory that is in use.
    #[must_use]
    pub fn product_ram(&self) -> Range<u32> {
        let ram = &self.dist.layout.ram;
        ram.base..ram.base + ram.used_bytes
    }

    /// First instruction of a function of the bench.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn bench_function(&self, name: &str) -> anyhow::Result<u32> {
        let archive = self.archive.lock().expect("no thread panics with the archive");
        let found = archive.program("bench")?.function(name).map(|address| address & !1);
        found.with_context(|| format!("the bench has no function {name}"))
    }

    /// Where an address is in the source.
    #[must_use]
    pub fn place(&self, pc: u32) -> String {
        let archive = self.archive.lock().expect("no thread panics with the archive");
        let places = archive.task(self.victim).map(|task| task.places(pc));
        let place = places.ok().and_then(|places| places.into_iter().next());
        place.map_or_else(|| format!("{pc:#010x}"), |place| format!("{pc:#010x} {place}"))
    }

    /// What the bench is to do for a shot at the end of this route; `None` for its fault script.
    ///
    /// # Errors
    /// If the clean run made no system call in the victim, or the shot is none at this site.
    pub fn injection(
        &self,
        shot: Shot,
        route: &Route,
        trace: &Trace,
    ) -> anyhow::Result<Option<Injection>> {
        let victim = self.victim_code();
        let call = trace.pcs().iter().find(|pc| victim.contains(pc) && self.half(**pc) == SVC);
        let call = *call.context("the task made no system call in the clean run")?;
        let task = &self.dist.layout.tasks[self.victim];
        let ram_end = self.victim_ram().end;
        let site = *route.stops.last().context("a route has a stop")?;
        let code = u32::from(self.half(site)) | u32::from(self.half(site + 2)) << 16;
        let target = Target { ram_end, call, site, code };
        let fault = fault(shot, &target)?;
        Ok(fault
            .and_then(|fault| Injection::new(fault, route.arm_at, task.entry & !1, &route.stops)))
    }

    /// The halfword of code at an address; 0 outside of the product.
    #[must_use]
    pub fn half(&self, pc: u32) -> u16 {
        let offset = pc.wrapping_sub(self.code_base) as usize;
        let bytes = self.code.get(offset..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    /// A machine for this run.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn machine(&self, run: &Run<'_>) -> anyhow::Result<Setup> {
        let directory = self.folder.join(&run.name);
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make the folder {}", directory.display()))?;
        let write = |name: &str, bytes: &[u8]| -> anyhow::Result<PathBuf> {
            let path = directory.join(name);
            std::fs::write(&path, bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        };
        let mut loads = vec![
            Load::Elf(self.part("core1")?),
            Load::Elf(self.dist.product()),
            Load::Raw(
                write("bench", &bench_parameters(run).encode_bytes())?,
                BENCH_PARAMETERS.base,
            ),
            Load::Raw(write("product", &product_parameters(run)?)?, PRODUCT_PARAMETERS.base),
        ];
        if let Some(injection) = &run.injection {
            loads.push(Load::Raw(write("injection", &injection.encode_bytes())?, BLOCK.base));
        }
        Ok(Setup {
            kernel: self.part("bench")?,
            loads,
            clock: Clock::Icount { shift: ICOUNT_SHIFT },
            directory,
            gdb: None,
            limit: LIMIT,
        })
    }

    fn part(&self, what: &str) -> anyhow::Result<PathBuf> {
        self.dist.file(what).with_context(|| format!("the image has no {what}"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Nothing of value is in it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Position of the victim among the tasks.
fn victim(layout: &Layout, name: &str) -> anyhow::Result<usize> {
    let names: Vec<_> = layout.tasks.iter().map(|task| task.name.as_str()).collect();
    let found = names.iter().position(|known| *known == name);
    let found = found
        .with_context(|| format!("--task {name}: there is no such task; there are {names:?}"))?;
    ensure!(
        MODULE.contains(&name),
        "--task {name}: faults are judged in drivers of the camera module: {MODULE:?}"
    );
    Ok(found)
}

/// Removes the files of a run.
pub fn clean_up(setup: &Setup) {
    // Leftovers do no harm: the folder's name holds the process id.
    let _ = std::fs::remove_dir_all(&setup.directory);
}

fn bench_parameters(run: &Run<'_>) -> BenchParameters {
    let mut parameters =
        BenchParameters { time_limit_ms: TIME_LIMIT_MS, ..BenchParameters::default() };
    if let Some((frame, line)) = run.unplug {
        let entry = |frame, kind| Some(Entry { frame, line, kind, a: 0, b: 0 });
        parameters.script[0] = entry(frame, bench_control::UNPLUG);
        parameters.script[1] = entry(frame + AWAY_FRAMES, bench_control::REPLUG);
    }
    parameters
}

fn product_parameters(run: &Run<'_>) -> anyhow::Result<Vec<u8>> {
    let parameters = ProductParameters {
        width_px: FRAME_PX.0,
        height_px: FRAME_PX.1,
        sensor_width_px: SENSOR_PX.0,
        sensor_height_px: SENSOR_PX.1,
        frames: run.frames,
        ..ProductParameters::DEFAULT
    };
    let mut block = vec![0; PRODUCT_PARAMETERS.bytes as usize];
    hubpack::serialize(&mut block, &parameters)
        .map_err(|error| anyhow::anyhow!("parameter block: {error:?}"))?;
    expected::write(&mut block, run.crc32s);
    Ok(block)
}

/// Frame and line of a device line since streaming began, for frames of so many lines.
#[must_use]
pub fn moment(shot: Shot, frame_lines: u32) -> Option<(u32, u32)> {
    let lines = frame_lines.max(1);
    (shot.class == Class::Unplug).then(|| (shot.at / lines, shot.at % lines))
}
