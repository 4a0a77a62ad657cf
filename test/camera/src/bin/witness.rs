//! A witness: asks the scenario for a job, does it, reports what it saw and when.
#![cfg_attr(target_os = "none", no_std, no_main)]

use idl::types::{Handle, NodeError, PollEvents, TaskIndex};
use idl::{ipc, media, statistics, subdev, video};
use task_client::Subdev;
use test_camera::clock;
use test_camera::looks::{self, STEPS};
use test_camera::mmio::{Pixels, trespass};
use test_camera::protocol::{JOB_BYTES, Job, NodeKind, Outcome, REPORT, REPORT_BYTES, Report};
use userlib::{notification, region, slot};

userlib::entry!(main);

fn main() -> ! {
    let scenario = userlib::sys_refresh_task_id(slot!("scenario"));
    let mut nodes = Nodes {
        media: media::Client::to(slot!("media0")),
        video: video::Client::to(slot!("video6")),
        subdev: subdev::Client::to(slot!("ccdc")),
        statistics: [slot!("aewb"), slot!("af"), slot!("histogram")].map(statistics::Client::to),
        preview: slot!("preview"),
        pixels: pixels(),
        open: None,
    };
    let mut outcome = Outcome::Hello;
    loop {
        let report = Report { outcome, returned_us: clock::now_us() };
        let mut message = [0; REPORT_BYTES];
        let Ok(length) = hubpack::serialize(&mut message, &report) else {
            userlib::sys_panic(b"a report that does not fit its buffer")
        };
        let mut job = [0; JOB_BYTES];
        match userlib::sys_send(scenario, REPORT, &message[..length], &mut job, &[]) {
            Ok((0, length)) => match hubpack::deserialize::<Job>(&job[..length]) {
                Ok((job, _)) => outcome = nodes.perform(job),
                Err(_) => userlib::sys_panic(b"a job that makes no sense"),
            },
            _ => userlib::sys_panic(b"the scenario is gone"),
        }
    }
}

/// Most entities that a snapshot is read for.
const ENTITIES_MAX: usize = 32;

/// Pause after a refused open, in microseconds.
const REFUSED_US: u64 = 1_000;

/// The handle of the witness, and whose it is.
type Open = Option<(NodeKind, Handle)>;

struct Nodes {
    media: media::Client,
    video: video::Client,
    subdev: subdev::Client,
    statistics: [statistics::Client; 3],
    /// Subdev node of the preview engine.
    preview: TaskIndex,
    /// Frames of the video node.
    pixels: Pixels,
    open: Open,
}

fn pixels() -> Pixels {
    let (base, bytes) = region!("video6");
    // SAFETY: the witnesses are `readers` of the region, which maps it for this task; regions are aligned
    // to 32 bytes, and nothing here writes.
    unsafe { Pixels::new(base, bytes) }
}

impl Nodes {
    fn perform(&mut self, job: Job) -> Outcome {
        match job {
            Job::Open(kind) => {
                let opened = self.open(kind);
                self.open = opened.ok().map(|handle| (kind, handle));
                opened.into()
            }
            Job::Take(handle) => {
                self.open = Some((NodeKind::Video, handle));
                Outcome::Done
            }
            Job::Poll { events, timeout_ms } => self.poll(events, timeout_ms).into(),
            Job::DequeueEvent => self.video.dequeue_event(self.handle()).into(),
            Job::Dequeue { timeout_ms } => {
                let dequeued = self.video.dequeue_buffer(self.handle(), timeout_ms);
                if let Ok(info) = dequeued {
                    // A refusal means that the stream has ended; the next call says why.
                    let _ = self.video.queue_buffer(self.handle(), info.frame.buffer);
                }
                dequeued.into()
            }
            Job::Keep { timeout_ms } => self.video.dequeue_buffer(self.handle(), timeout_ms).into(),
            Job::Subscribe(reading) => self.video.subscribe(self.handle(), reading).into(),
            Job::Read { timeout_ms } => match self.video.next_frame(self.handle(), timeout_ms) {
                Ok(frame) => {
                    let (offset, length) = (frame.offset_bytes, frame.format.size_bytes);
                    let pixels = self.pixels.part(offset as usize, length as usize);
                    Outcome::Seen { frame, sum: pixels.checksum() }
                }
                Err(error) => Err::<(), _>(error).into(),
            },
            Job::LetGo(buffer) => self.video.let_go(self.handle(), buffer).into(),
            Job::Give { step } => {
                let step = &STEPS[usize::from(step)];
                Subdev::open(self.preview).and_then(|node| looks::give(&node, step)).into()
            }
            Job::Close => {
                let closed = self.close();
                self.open = None;
                closed.into()
            }
            Job::OpenMany(kind, count) => {
                let opened = (0..count).take_while(|_| self.open(kind).is_ok()).count();
                Outcome::Count(opened as u16)
            }
            Job::Churn(kind, for_ms) => self.churn(kind, for_ms),
            Job::Trespass(address) => {
                // SAFETY: the scenario names a register of the window.
                let _ = unsafe { trespass(address as usize) };
                Outcome::Done
            }
        }
    }

    /// Opens, uses and closes until the time is over. Ends early with what must not be.
    fn churn(&mut self, kind: NodeKind, for_ms: u32) -> Outcome {
        let deadline = clock::Deadline::after(1_000 * u64::from(for_ms));
        let (mut opened, mut refused) = (0, 0);
        while !deadline.is_over() {
            match self.open(kind) {
                Ok(handle) => {
                    opened += 1;
                    self.open = Some((kind, handle));
                    // It works, or it has ended: it is never a handle of nothing.
                    match self.poll(PollEvents::PRI, 1) {
                        Ok(_) | Err(ipc::Error::Disconnected(_)) => {}
                        Err(ipc::Error::Op(NodeError::NoDevice)) => {}
                        other => return other.into(),
                    }
                    if kind == NodeKind::Media {
                        match self.read_and_link(handle) {
                            Ok(true) | Err(ipc::Error::Disconnected(_)) => {}
                            Ok(false) => return Outcome::Torn,
                            Err(ipc::Error::Op(
                                NodeError::NoDevice
                                | NodeError::Stale
                                | NodeError::Rebuilding
                                | NodeError::Busy
                                | NodeError::NoSuchEntity
                                | NodeError::NoSuchLink,
                            )) => {}
                            Err(error) => return Err::<(), _>(error).into(),
                        }
                    }
                    if let Err(error) = self.close() {
                        return Err::<(), _>(error).into();
                    }
                    self.open = None;
                }
                Err(ipc::Error::Op(
                    NodeError::NoDevice | NodeError::Rebuilding | NodeError::NoSuchEntity,
                ))
                | Err(ipc::Error::Disconnected(_)) => {
                    refused += 1;
                    // The other witnesses are as important as this one.
                    clock::sleep_us(REFUSED_US, notification!("timer"));
                }
                Err(other) => return Err::<(), _>(other).into(),
            }
        }
        Outcome::Churned { opened, refused }
    }

    /// Reads one snapshot, then enables or disables a link of it. `false`: a link of the snapshot
    /// leads to an entity that the snapshot does not have.
    fn read_and_link(&self, handle: Handle) -> Result<bool, ipc::Error<NodeError>> {
        let version = self.media.topology_version(handle)?;
        let mut ids = [None; ENTITIES_MAX];
        let mut count = 0;
        while count < ENTITIES_MAX {
            match self.media.entity(handle, version, count as u8) {
                Ok(entity) => ids[count] = Some(entity.id),
                Err(ipc::Error::Op(NodeError::NoSuchEntity)) => break,
                Err(error) => return Err(error),
            }
            count += 1;
        }
        let mut first = None;
        for index in 0..u8::MAX {
            let link = match self.media.link(handle, version, index) {
                Ok(link) => link,
                Err(ipc::Error::Op(NodeError::NoSuchLink)) => break,
                Err(error) => return Err(error),
            };
            if [link.source, link.sink].iter().any(|pad| !ids.contains(&Some(pad.entity))) {
                return Ok(false);
            }
            first.get_or_insert(link);
        }
        if let Some(link) = first {
            let on = link.flags.contains(idl::types::LinkFlags::ENABLED);
            self.media.setup_link(handle, link.source, link.sink, !on)?;
        }
        Ok(true)
    }

    /// A handle that no node knows if there is none: the node refuses it.
    fn handle(&self) -> Handle {
        self.open.map_or(Handle(u32::MAX), |(_, handle)| handle)
    }

    fn open(&self, kind: NodeKind) -> Result<Handle, ipc::Error<NodeError>> {
        match kind {
            NodeKind::Media => {
                let handle = self.media.open()?;
                // A poll tells of a topology that the client has not read: it would not wait.
                let read = self.media.topology_version(handle);
                read.map(|_| handle).inspect_err(|_| {
                    // It ended at once; a handle that nobody uses must not stay open.
                    let _ = self.media.close(handle);
                })
            }
            NodeKind::Video => self.video.open(),
            NodeKind::Subdev => self.subdev.open(),
            NodeKind::Statistics(engine) => self.statistics[engine as usize].open(),
        }
    }

    fn poll(
        &self,
        events: PollEvents,
        timeout_ms: u32,
    ) -> Result<PollEvents, ipc::Error<NodeError>> {
        match self.open {
            Some((NodeKind::Media, handle)) => self.media.poll(handle, events, timeout_ms),
            Some((NodeKind::Subdev, handle)) => self.subdev.poll(handle, events, timeout_ms),
            Some((NodeKind::Statistics(engine), handle)) => {
                self.statistics[engine as usize].poll(handle, events, timeout_ms)
            }
            _ => self.video.poll(self.handle(), events, timeout_ms),
        }
    }

    fn close(&self) -> Result<(), ipc::Error<NodeError>> {
        match self.open {
            Some((NodeKind::Media, handle)) => self.media.close(handle),
            Some((NodeKind::Subdev, handle)) => self.subdev.close(handle),
            Some((NodeKind::Statistics(engine), handle)) => {
                self.statistics[engine as usize].close(handle)
            }
            _ => self.video.close(self.handle()),
        }
    }
}
