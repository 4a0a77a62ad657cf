//! What a client of the device nodes uses: frames, streams, and pipelines by name.
//!
//! # Why
//! A client could call the generated stubs directly; this crate adds what every client would
//! otherwise write for itself, and get wrong once:
//!
//! * [`Frame`]: the pixels of one buffer as a read-only slice. The guard keeps the buffer from
//!   being queued again, so nobody writes while somebody reads; dropping it lets go. Its module
//!   is the one place of the client side with `unsafe`.
//! * [`Stream`]: a handle of a video node with its buffers.
//! * [`OutputStream`]: a handle of a video output node; a [`Draft`] is the picture that goes in, as a
//!   slice that only this task writes, until it is queued.
//! * [`Media`], [`Subdev`]: what `media-ctl` does, by entity names.
//! * [`Camera`]: the usual pipelines of the OMAP3 ISP: from the sensor, processed (through the resizer)
//!   or raw (from the CCDC), and from memory to memory.
//!
//! Every call can end in a disconnect. Nothing here retries: after a disconnect the client closes
//! what it has, waits for the hardware's return and sets up again, for a new life starts at
//! defaults.
//!
//! ```no_run
//! use idl::types::TaskIndex;
//! use task_client::{Camera, MappedPool, Stream};
//!
//! # type Failure = idl::ipc::Error<idl::types::NodeError>;
//! fn take_one(camera: Camera, node: TaskIndex, pool: MappedPool) -> Result<usize, Failure> {
//!     let layout = camera.processed((0, 0), (640, 480))?;
//!     let mut stream = Stream::open(node, pool)?;
//!     stream.set_format(layout.output)?;
//!     stream.request_buffers(4)?;
//!     stream.queue_all()?;
//!     stream.start()?;
//!     let frame = stream.dequeue(1000)?;
//!     let bytes = frame.pixels().len();
//!     drop(frame); // the buffer is queued again
//!     Ok(bytes)
//! }
//! ```
#![cfg_attr(target_os = "none", no_std)]

mod auto;
mod camera;
mod frame;
mod media;
mod output;
mod statistics;
mod stream;
mod subdev;

pub use auto::{AutoCamera, Step};
pub use camera::{Camera, Layout, MemoryLayout};
pub use frame::{Frame, MappedPool, constant};
pub use media::Media;
pub use output::{Draft, OutputStream, WritablePool};
pub use statistics::StatisticsNode;
pub use stream::Stream;
pub use subdev::Subdev;

/// Mean of green that [`AutoCamera`] aims at, in codes above black.
pub use task_auto::TARGET as LUMA_TARGET;

/// Why a call gave no value: the node refuses, or somebody is gone.
pub type Failure = idol_runtime::ipc::Error<idl::types::NodeError>;

/// Used by [`pool!`].
pub use userlib;

/// The pool of that name, if the manifest maps it to this task: a [`MappedPool`].
#[macro_export]
macro_rules! pool {
    ($name:literal) => {{
        let (base, bytes) = $crate::userlib::region!($name);
        // SAFETY: the builder gives `region!` a value only for a region of the manifest; `frame`
        // regions are mapped read-only to their readers for the life of the task.
        #[allow(clippy::undocumented_unsafe_blocks)]
        let pool = unsafe { $crate::MappedPool::new(base, bytes) };
        pool
    }};
}

/// The pool of that name, if the manifest lets this task write it: a [`WritablePool`]. A program asks for
/// each once.
///
/// # Panics
/// When it is evaluated a second time: there is one such pool, so that nobody writes what another
/// part of the program is writing.
#[macro_export]
macro_rules! writable_pool {
    ($name:literal) => {{
        static TAKEN: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);
        assert!(!TAKEN.swap(true, core::sync::atomic::Ordering::Relaxed), "taken already");
        let (base, bytes) = $crate::userlib::region!($name);
        // SAFETY: the builder gives `region!` a value only for a region of the manifest; a `frame`
        // region is mapped read-write to its only writer for the life of the task, and hardware reads
        // it. It is taken once here, and the program asks for it nowhere else.
        #[allow(clippy::undocumented_unsafe_blocks)]
        let pool = unsafe { $crate::WritablePool::new(base, bytes) };
        pool
    }};
}

/// The bytes of the region of that name: one of the manifest's `fixed` regions that the loader
/// fills before boot, such as `parameters`.
#[macro_export]
macro_rules! constant {
    ($name:literal) => {{
        let (base, bytes) = $crate::userlib::region!($name);
        // SAFETY: the builder gives `region!` a value only for a region of the manifest; a region
        // that the loader fills is mapped read-only to its readers, and written by no task.
        #[allow(clippy::undocumented_unsafe_blocks)]
        let bytes: &'static [u8] = unsafe { $crate::constant(base, bytes) };
        bytes
    }};
}
