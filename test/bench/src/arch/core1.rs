//! Core 1 in place: start, scene file, and the loop of device time.

use super::exclusive::{Exclusive, Lent};
use super::machine::*;
use super::pace::{LineClock, Pace};
use super::semihosting::{File, Mode};
use super::{boot, pace, report};
use crate::core1::{Camera, Memory, Turn};
use crate::params::{Flags, PATH_BYTES, Parameters, Scene};
use crate::scene::{MAX_SCENE_WIDTH_PX, SceneSize, SceneSource, bars};
use crate::shared::{Shared, alive};
use core::sync::atomic::Ordering::SeqCst;
use sys_boot::mps2_an521::CORE1_FLASH;

/// Bytes of the scene that are kept in memory; rows beyond are read from the file each time.
const SCENE_BYTES: usize = 3 * 648 * 486;

/// The camera is large, so it is not on the stack.
static CAMERA: Exclusive<Camera> = Exclusive::holding(Camera::new());
static SCENE_MEMORY: Lent<[u8; SCENE_BYTES]> = Lent::new([0; SCENE_BYTES]);

/// Runs device time for ever.
pub fn run() -> ! {
    mask_interrupts();
    let shared = boot::shared();
    pace::listen();
    // SAFETY: `run` is called once.
    let mut scene = HostScene::new(unsafe { SCENE_MEMORY.lend() });
    scene.open(&boot::parameters());
    shared.progress.alive.store(alive::RUNS, SeqCst);
    CAMERA.with(Camera::new, |camera| run_lines(shared, camera, &mut scene))
}

fn run_lines(shared: &'static Shared, camera: &mut Camera, scene: &mut HostScene) -> ! {
    let trace = Flags(shared.options.flags.load(SeqCst)).has(Flags::TRACE_FRAMES);
    let mut clock = LineClock::from_now();
    let mut pace = Pace::new(shared);
    loop {
        if shared.progress.alive.load(SeqCst) == alive::STOP {
            begin_again(shared);
        }
        if camera.begin_line(shared) == Turn::Idle {
            pace.sleep();
            clock.restart();
            continue;
        }
        pace.serve_alarm();
        if camera.run_line(shared, scene, &mut Psram) {
            pace.serve_event();
        }
        if trace && shared.progress.line.load(SeqCst) == 0 {
            trace_frame(shared);
        }
        clock.wait(&pace, camera.line_time(shared, CYCLES_PER_US * 1_000_000));
        pace.keep_with_core0();
    }
}

/// Core 0 was reset and this core was not: waits until the shared memory is cleared, and starts
/// like after a reset of its own.
fn begin_again(shared: &Shared) -> ! {
    shared.progress.alive.store(alive::STOPPED, SeqCst);
    while shared.progress.alive.load(SeqCst) == alive::STOPPED {
        yield_now();
    }
    start_from(CORE1_FLASH.base)
}

fn trace_frame(shared: &Shared) {
    report::line(format_args!(
        "frame {} at {} us, {} bytes by DMA, {} refused",
        shared.progress.frame.load(SeqCst),
        cycles() / CYCLES_PER_US,
        shared.progress.dma_bytes.load(SeqCst),
        shared.progress.dma_refused.load(SeqCst)
    ));
}

/// The memory that the camera's DMA reaches.
struct Psram;

impl Memory for Psram {
    fn write(&mut self, address: u32, bytes: &[u8]) {
        // SAFETY: the firewall let only ranges inside of PSRAM through, which exists, which holds
        // no object of the bench, and which the product expects to change under its hands as it
        // does with any DMA.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len());
        }
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) {
        // SAFETY: the firewall let only ranges inside of PSRAM through, which exists, and every
        // byte value is a valid one; the product may change the bytes meanwhile, as with any DMA.
        unsafe {
            core::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), bytes.len());
        }
    }
}

/// A scene in a file of the host. Without one, coloured bars.
struct HostScene {
    size: SceneSize,
    file: Option<File>,
    data_start: u32,
    /// The first bytes of the picture.
    kept: &'static mut [u8; SCENE_BYTES],
}

impl HostScene {
    const fn new(kept: &'static mut [u8; SCENE_BYTES]) -> Self {
        Self { size: bars::SIZE, file: None, data_start: 0, kept }
    }

    fn open(&mut self, parameters: &Parameters) {
        if parameters.scene != Scene::File {
            return;
        }
        match self.try_open(parameters) {
            Some(()) => {}
            None => {
                self.file = None;
                report::line(format_args!("no scene in {}", parameters.scene_path()));
            }
        }
    }

    fn try_open(&mut self, parameters: &Parameters) -> Option<()> {
        let mut path = [0; PATH_BYTES + 1];
        path[..PATH_BYTES].copy_from_slice(&parameters.scene_path.0);
        let file = File::open(core::ffi::CStr::from_bytes_until_nul(&path).ok()?, Mode::Read)?;
        let mut header = [0; 64];
        let length = file.length_bytes()?;
        let head = &mut header[..length.min(64) as usize];
        if !file.read(head) {
            return None;
        }
        let (size, start) = crate::scene_file::shape(head, length)?;
        let bytes = 3 * size.width_px * size.height_px;
        if size.width_px > MAX_SCENE_WIDTH_PX {
            return None;
        }
        (self.size, self.data_start) = (size, start);
        if !file.seek(start) || !file.read(&mut self.kept[..bytes.min(SCENE_BYTES)]) {
            return None;
        }
        self.file = Some(file);
        Some(())
    }
}

impl SceneSource for HostScene {
    fn size(&self) -> SceneSize {
        self.size
    }

    fn line(&mut self, y: usize, rgb: &mut [u8]) {
        let row_bytes = 3 * self.size.width_px;
        let start = y * row_bytes;
        match (&self.file, self.kept.get(start..start + row_bytes)) {
            (None, _) => bars::line(y, &mut rgb[..row_bytes]),
            (Some(_), Some(row)) => rgb[..row_bytes].copy_from_slice(row),
            (Some(file), None) => {
                let read =
                    file.seek(self.data_start + start as u32) && file.read(&mut rgb[..row_bytes]);
                if !read {
                    rgb[..row_bytes].fill(0);
                }
            }
        }
    }
}
