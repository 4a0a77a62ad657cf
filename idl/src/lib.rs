//! The promises between tasks: one generated module per interface file of this directory.
//!
//! A file `frames.idol` becomes the module [`frames`] with a `Client` for those who call, a trait
//! `InOrderFramesImpl` with `dispatch` for the task that serves, the op codes, and the text of the
//! file. The types that travel are in [`types`]. Tasks meet only here: no task crate depends on
//! another.
//!
//! # Why
//! *Every op says how it ends.* The result of each call has a disconnect in its type, and each op
//! promises a bound on its answer (`within`) or has a time-out argument (`defers`), so that neither
//! death nor slowness of a server is a case that a client can forget.
//!
//! *One crate for all.* A crate per interface would let a task name exactly what it uses, but the
//! types of the media graph appear in most of them, and twenty crates of forty lines hide the map.
//!
//! # References to a life
//! What a task keeps of another one's life, or was given by it. *Taken*: compared with the life that there
//! is, at each use. *Borrowed*: it cannot end before. *Own*: of the task's own life. `cargo xtask tidy`
//! compares the table with the sources.
//!
//! | reference | to | how | what keeps it from being stale |
//! |---|---|---|---|
//! | `drv/frames: Slot.owner` | the driver's life that has the buffer in hardware | taken | finished by the life that started only; its end makes it `Quarantined`, `quiet` frees it |
//! | `drv/frames: Guest.node` | a node's life that imports the buffer | taken | cleared at its `died` |
//! | `drv/frames: PoolState.node` | the node's life in charge of the pool | taken | each call of the pool compares its sender; cleared at its `died` |
//! | `drv/isp: Books.frames` | frames | taken | its stub calls one life; a disconnect rebinds and forgets what that life was told |
//! | `drv/isp: Engine.node` | the statistics node's life | taken | a call of another life adopts the engine anew |
//! | `drv/isp: Server.life` | the driver itself | own | what `ping` answers |
//! | `drv/isp: Server.power` | power | borrowed | its death ends this task too (`DependencyLost`) |
//! | `drv/isp: Xclk.owner` | the life of the sensor's driver that has the clock | taken | compared at each call; its `died` stops the clock, once |
//! | `drv/power: Server.supervisor` | supervisor | borrowed | it ends with the machine alone |
//! | `drv/power: Wish.client` | a driver's life that wants power | taken | released at its `died`; a newer life replaces it |
//! | `drv/sensor: Server.isp` | isp | taken | its stub calls one life; rebound before the clock is asked for |
//! | `drv/sensor: Server.power` | power | borrowed | its death ends this task too (`DependencyLost`) |
//! | `task/client: Media.handle` | the node's life in `node` | taken | the node compares holder and life at each call |
//! | `task/client: Media.node` | media0 | taken | bound for the life of the value |
//! | `task/client: OutputStream.handle` | the node's life in `node` | taken | as `Media.handle` |
//! | `task/client: OutputStream.node` | a video node | taken | bound for the life of the value |
//! | `task/client: StatisticsNode.handle` | the node's life in `node` | taken | as `Media.handle` |
//! | `task/client: StatisticsNode.node` | a statistics node | taken | bound for the life of the value |
//! | `task/client: Stream.handle` | the node's life in `node` | taken | as `Media.handle` |
//! | `task/client: Stream.node` | a video node | taken | bound for the life of the value |
//! | `task/client: Subdev.handle` | the node's life in `node` | taken | as `Media.handle` |
//! | `task/client: Subdev.node` | a subdev node | taken | bound for the life of the value |
//! | `task/ctl: Server.supervisor` | supervisor | borrowed | it ends with the machine alone |
//! | `task/graph: Blocks.entities` | the graph itself | own | ids of its own life, walked within one call |
//! | `task/graph: Blocks.memory` | the graph itself | own | as `Blocks.entities` |
//! | `task/graph: Origin::Memory` | the graph itself | own | as `Path.entities` |
//! | `task/graph: Path.end` | the graph itself | own | as `Path.entities` |
//! | `task/graph: Path.entities` | the graph itself | own | ids are not used again; a member that leaves releases its pipelines |
//! | `task/graph: Starter.holder` | the node's life that started the pipeline | taken | compared at `stop`; its `died` releases the pipeline |
//! | `task/node: Open.holder` | the client's life that holds a handle | taken | compared at each call; its `died` closes the handle |
//! | `task/node: Life::Removing` | a needed peer | taken | the only life that is called; `died` ends it |
//! | `task/node: Life::Serving` | a needed peer | taken | as `Life::Removing` |
//! | `task/node: Peer.ended` | the needed peer's latest ended life | taken | an edge that is not newer changes nothing |
//! | `task/node: Waiter.caller` | the client's life that waits in a call | borrowed | it is blocked in that call; its `died` takes the waiter, and the kernel refuses a late reply |
//! | `task/node: Waiter.handle` | a handle of this node | own | closing it takes the waiter |
//! | `task/subdev: SubdevHandle.entity` | graph | taken | ids carry the graph's life and are not used again; the handle ends with that life |
//! | `task/supervisor: Life.accuser` | a driver's life that found fault with this task | taken | two of them in a row must be different lives |
//! | `task/supervisor: Life.generation` | each task | taken | calls and samples of another life are refused or ignored |
//! | `task/video: Node.attached` | the life of frames that knows the pool | taken | compared with the life that serves at each call |
//! | `task/video: Lost.quiet` | an ended life of isp | taken | a `quiet` of an older life does not count |
//! | `task/video: Lost.stop` | graph | taken | as `SubdevHandle.entity`; dropped when that life has ended |
//! | `task/video: Reader.handle` | a handle of this node | own | looked up, with its holder, after each call; when it is closed the reader is gone |
//! | `task/video: Reader.task` | the life that reads | taken | as `Reader.handle`: its `died` closes the handle |
//! | `task/video: Run.entity` | graph | taken | as `Lost.stop` |
//! | `task/video: Stream::Half` | graph | taken | as `Lost.stop` |
//!
//! # Example
//! ```no_run
//! use idl::types::{BufferIndex, PoolId, TaskIndex};
//! let frames = idl::frames::Client::to(TaskIndex(2));
//! match frames.owner(PoolId(0), BufferIndex(1)) {
//!     Ok(owner) => println!("{owner:?} owns it"),
//!     Err(idl::ipc::Error::Op(error)) => println!("refused: {error:?}"),
//!     Err(idl::ipc::Error::Disconnected(record)) => println!("{:?} died", record.peer),
//! }
//! ```
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod parameters;
pub mod types;

pub use idol_runtime::{self, CallInfo, Leased, RequestError, ipc};

include!(concat!(env!("OUT_DIR"), "/interfaces.rs"));
