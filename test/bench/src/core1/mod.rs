//! Device time: what the camera does, sensor line by sensor line, on core 1.
//!
//! ```text
//!  begin_line: frame and line go on, or nothing streams        (Turn::Idle: sleep)
//!      |  the fault script may act here
//!  run_line:   line 0: latch shadowed registers, BUSY, HS_VS
//!              active line: sensor -> ccdc -> preview -> resizer -> DMA, VD0/VD1, DONE at the last line
//!                                         \-> statistics -> DMA
//!              blanking: nothing but time
//!             a line of each frame from memory: DMA -> preview -> resizer -> DMA, DMA -> resizer -> DMA, or
//!             DMA -> histogram
//!             a line of the memory channel: DMA -> ccdc -> ..., as from the sensor
//!             each line of the sensor also serially: receiver CSI2a -> DMA, or in place of the parallel one -> ccdc
//! ```
//! Everything visible happens in [`crate::shared::Shared::commit`], so that a reset, a power cut or
//! a closed firewall window stops it between two instructions of the product. The algorithms are in
//! [`crate::pixels`]; here is only when they run and where the bytes go.

mod camera;
mod config;
mod corrections;
mod dma;
mod field;
mod filters;
mod frame;
mod from_memory;
mod h3a_writer;
mod line_errors;
mod memory_channel;
mod mischief;
mod parallel_port;
mod receiver;
mod sending;
mod statistics;
mod timing;
mod video_port;
mod weights;

#[cfg(test)]
mod camera_tests;
#[cfg(test)]
mod corrections_tests;
#[cfg(test)]
mod field_tests;
#[cfg(test)]
mod filters_tests;
#[cfg(test)]
mod formatter_tests;
#[cfg(test)]
mod from_memory_tests;
#[cfg(test)]
mod histogram_tests;
#[cfg(test)]
mod memory_channel_tests;
#[cfg(test)]
mod mischief_tests;
#[cfg(test)]
mod receiver_errors_tests;
#[cfg(test)]
mod receiver_tests;
#[cfg(test)]
mod sending_tests;
#[cfg(test)]
mod shadowed_tests;
#[cfg(test)]
mod statistics_tests;
#[cfg(test)]
mod video_port_tests;
#[cfg(test)]
mod widths_tests;
#[cfg(test)]
mod ycbcr_tests;

pub use camera::{Camera, Turn, alarm_due};
pub use dma::Memory;
pub use sending::sensor_sends;
