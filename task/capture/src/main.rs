//! The demo client as a task: what it does in which order. How long it waits for what is in
//! constants here; how many frames, and how large, in the parameters of the run.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

mod host;

use host::Host;
use idl::parameters::Parameters;
use idl::types::{BufferIndex, MbusCode, NodeError, Reclaim, TaskIndex};
use idol_runtime::ipc;
use task_capture::lines::Shot;
use task_capture::{checksum, lines};
use task_client::{AutoCamera, Camera, Failure, Layout, MappedPool, Media, Stream, constant, pool};
use userlib::{notification, slot};

userlib::entry!(main);

/// Longest wait for one frame, in milliseconds.
const FRAME_MS: u32 = 2000;
/// Longest wait for the hardware to stop, in milliseconds.
const STOP_MS: u32 = 1000;
/// Longest wait between two tries while something is away, in milliseconds.
const RETRY_MS: u32 = 10;
/// Buffers to stream with.
const BUFFERS: u8 = 4;
/// How often a buffer is asked back after a disconnect, once per [`RETRY_MS`].
const RECLAIMS_MAX: u32 = 200;

/// What the CCDC takes of the sensor's twelve bits, a raw frame each.
const RAW_CODES: [MbusCode; 3] = [MbusCode::SGRBG12, MbusCode::SGRBG10, MbusCode::SGRBG8];

/// One video node with its pool and its name in lines.
#[derive(Clone, Copy)]
struct Source {
    node: TaskIndex,
    pool: MappedPool,
    name: &'static str,
    /// Who exposes and balances by itself, and by which node's statistics.
    auto: Option<(Camera, TaskIndex)>,
}

/// A call that failed, and its name in lines.
type Failed = (&'static str, Failure);

fn sleep() {
    let wake_us = userlib::sys_get_timer().now_us + 1000 * u64::from(RETRY_MS);
    userlib::sys_set_timer(Some(wake_us), notification!("timer"));
    userlib::sys_recv_notification(notification!("timer"));
}

fn print_topology(host: &mut Host, node: TaskIndex) -> Result<(), Failed> {
    let media = Media::open(node).map_err(|failure| ("open", failure))?;
    let read = media
        .entities(|entity| host.line(&lines::entity(entity)))
        .and_then(|()| media.links(|link| host.line(&lines::link(link))));
    let closed = media.close();
    read.and(closed).map_err(|failure| ("topology", failure))
}

/// Picks the numbers whose bit is set.
fn bits(set: u32) -> impl Fn(&u8) -> bool {
    move |number| set >> number & 1 == 1
}

/// Takes every queued buffer back, as they come, until all are back or the wait has been long.
fn reclaim(host: &mut Host, stream: &Stream) {
    let mut missing = (1u32 << stream.buffers()) - 1;
    let mut cancelled = 0;
    for _ in 0..RECLAIMS_MAX {
        for buffer in (0..stream.buffers()).filter(bits(missing)) {
            match stream.reclaim(BufferIndex(buffer)) {
                Ok(Reclaim::Pending) => continue,
                Ok(Reclaim::Cancelled) => cancelled += 1,
                // Not queued at that time, or the node itself is gone.
                Err(_) => {}
            }
            missing &= !(1 << buffer);
        }
        if missing == 0 {
            break;
        }
        sleep();
    }
    host.event("reclaimed", Some(cancelled), None);
}

/// Streams until `frames` frames have come in all; `done` counts them over all tries.
fn stream(
    host: &mut Host,
    source: Source,
    mut layout: Layout,
    frames: u32,
    done: &mut u32,
) -> Result<(), Failed> {
    let mut stream = Stream::open(source.node, source.pool).map_err(|failure| ("open", failure))?;
    let mut auto = None;
    let result = (|| {
        if let Some((camera, aewb)) = source.auto {
            let begun = AutoCamera::begin(&camera, aewb, layout.sensor_px);
            auto = Some(begun.map_err(|failure| ("auto", failure))?);
        }
        layout.output =
            stream.set_format(layout.output).map_err(|failure| ("set_format", failure))?;
        stream.request_buffers(BUFFERS).map_err(|failure| ("request_buffers", failure))?;
        stream.queue_all().map_err(|failure| ("queue_buffer", failure))?;
        stream.start().map_err(|failure| ("stream_on", failure))?;
        while frames == 0 || *done < frames {
            let frame = match stream.dequeue(FRAME_MS) {
                Ok(frame) => frame,
                Err(ipc::Error::Op(NodeError::TimedOut | NodeError::NoFrames)) => {
                    host.event("no_frames", Some(*done), None);
                    continue;
                }
                Err(failure) => return Err(("dqbuf", failure)),
            };
            let picture = host.picture(&frame);
            let shot = Shot { node: source.name, picture, checksum: checksum(frame.pixels()) };
            host.line(&lines::frame(shot, &frame, &layout));
            *done += 1;
            drop(frame);
            let step = auto.as_mut().map_or(Ok(None), AutoCamera::update);
            if let Some(step) = step.map_err(|failure| ("auto", failure))? {
                host.auto(&step);
            }
        }
        stream.stop(STOP_MS).map_err(|failure| ("stream_off", failure))
    })();
    if let Err((call, ipc::Error::Disconnected(record))) = result {
        host.disconnected(call, record);
        reclaim(host, &stream);
    }
    // Close works on whatever has become of a handle; the node's own death has closed it.
    let _ = auto.map(AutoCamera::close);
    let _ = stream.close();
    result
}

/// Something may be back when the topology is another one than at `before`, or when a while has passed.
fn pause(before: Option<Media>) {
    let waited = before.map(|media| media.wait_for_change(RETRY_MS).and(media.close()));
    if !matches!(waited, Some(Ok(()))) {
        sleep();
    }
}

/// Tries until it works; after a failure it waits for another topology. Says each new kind of failure
/// once.
fn persist(
    host: &mut Host,
    media: TaskIndex,
    mut attempt: impl FnMut(&mut Host) -> Result<(), Failed>,
) {
    let mut said = None;
    loop {
        // What changes during the try ends the wait after it at once.
        let before = Media::noted(media).ok();
        let Err((call, failure)) = attempt(host) else {
            // It ends with its node, if not here.
            _ = before.map(Media::close);
            break;
        };
        if said != Some(failure) {
            host.failed(call, failure);
            said = Some(failure);
        }
        pause(before);
    }
}

fn main() -> ! {
    let parameters = Parameters::read(constant!("parameters"));
    let mut host = Host::new(slot!("ctl"), parameters.pictures);
    let camera = Camera {
        media: slot!("media0"),
        sensor: slot!("subdev8"),
        ccdc: slot!("subdev2"),
        preview: slot!("subdev3"),
        resizer: slot!("subdev4"),
    };
    let auto = parameters.auto.then_some((camera, slot!("subdev5")));
    let processed = Source { node: slot!("video6"), pool: pool!("video6"), name: "video6", auto };
    let raw = Source { node: slot!("video2"), pool: pool!("video2"), name: "video2", auto: None };
    let sensor_px = (parameters.sensor_width_px, parameters.sensor_height_px);
    let output_px = (parameters.width_px, parameters.height_px);

    let mut topology_is_due = true;
    let mut done = 0;
    persist(&mut host, camera.media, |host| {
        let layout =
            camera.processed(sensor_px, output_px).map_err(|failure| ("setup", failure))?;
        if topology_is_due {
            print_topology(host, camera.media)?;
            topology_is_due = false;
        }
        stream(host, processed, layout, parameters.frames, &mut done)
    });
    for taken in RAW_CODES {
        let mut done = 0;
        persist(&mut host, camera.media, |host| {
            let codes = (RAW_CODES[0], taken);
            let layout = camera.raw_of(sensor_px, output_px, codes);
            let layout = layout.map_err(|failure| ("setup", failure))?;
            stream(host, raw, layout, 1, &mut done)
        });
    }
    host.finish(0)
}
