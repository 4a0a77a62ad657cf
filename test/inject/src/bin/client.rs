//! The client as a task: streams, and tells the witness of every request before and after it.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use core::cell::Cell;
use core::hint::black_box;
use crc::{CRC_32_ISO_HDLC, Crc, Table};
use idl::parameters::Parameters;
use idl::types::{BufferIndex, Control, NodeError, Outlook, Reclaim};
use idl::{ctl, ipc, supervisor};
use task_client::{Camera, Failure, Stream, constant, pool};
use test_inject::course::{Course, Next, Patience, RETRY_US, Seen};
use test_inject::expected::{Expected, Verdict};
use test_inject::line::Line;
use test_inject::protocol::{Call, Ending, Over, TELL, TOLD_BYTES, Told};
use userlib::{TaskId, notification, slot};

userlib::entry!(main);

static CRC_32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// Longest wait for one frame, in milliseconds: several frames of the small picture.
const FRAME_MS: u32 = 200;
/// Longest wait for the hardware to stop, in milliseconds.
const STOP_MS: u32 = 500;
/// Buffers to stream with.
const BUFFERS: u8 = 4;
/// How often a buffer is asked back after a disconnect, once per [`RETRY_US`].
const RECLAIMS_MAX: u32 = 100;

struct Client {
    witness: TaskId,
    ctl: ctl::Client,
    supervisor: supervisor::Client,
    /// Number of the next request.
    number: Cell<u32>,
    /// A call of the present stream was disconnected.
    gone: Cell<bool>,
    course: Course,
    expected: Expected<'static>,
    parameters: Parameters,
}

/// The stream is on: product instructions are counted from here on. Never inlined, because the host
/// looks for its address; its body differs from [`frame_taken`]'s, so that they are not merged.
#[inline(never)]
fn streaming_began(streams: u32) {
    black_box(streams);
}

/// A frame was taken. Never inlined, as above.
#[inline(never)]
fn frame_taken(sequence: u32, crc32: u32) {
    black_box((sequence, crc32));
}

fn main() -> ! {
    let block = constant!("parameters");
    let parameters = Parameters::read(block);
    let mut client = Client {
        witness: userlib::sys_refresh_task_id(slot!("witness")),
        ctl: ctl::Client::to(slot!("ctl")),
        supervisor: supervisor::Client::to(slot!("supervisor")),
        number: Cell::new(0),
        gone: Cell::new(false),
        course: Course::new(parameters.frames),
        expected: Expected::in_block(block),
        parameters,
    };
    let over = loop {
        if let Some(over) = client.attempt() {
            break over;
        }
    };
    client.tell(Told::Over(over));
    loop {
        userlib::sys_recv_notification(0);
    }
}

impl Client {
    /// One stream, from set-up to close. `None`: there is to be another one.
    fn attempt(&mut self) -> Option<Over> {
        let mut stream = match self.open() {
            Ok(stream) => stream,
            Err(failure) => return self.could_not_set_up(failure),
        };
        let next = match self.start(&mut stream) {
            Ok(()) => self.stream(&stream),
            Err(failure) => match self.seen(&failure) {
                Seen::Disconnected => self.course.step(Seen::Disconnected),
                _ => {
                    let _ = self.call(Call::Close, || stream.close());
                    return self.could_not_set_up(failure);
                }
            },
        };
        if self.gone.get() {
            self.leave(&stream);
        }
        let _ = self.call(Call::Close, || stream.close());
        match next {
            Next::Stop => Some(Over::Streamed),
            Next::GiveUp => Some(Over::GaveUp),
            Next::Restart => {
                self.restart_driver();
                None
            }
            Next::GoOn | Next::SetUpAgain => None,
        }
    }

    fn open(&self) -> Result<Stream, Failure> {
        self.gone.set(false);
        let camera = Camera {
            media: slot!("media0"),
            sensor: slot!("subdev8"),
            ccdc: slot!("subdev2"),
            preview: slot!("subdev3"),
            resizer: slot!("subdev4"),
        };
        let Parameters { sensor_width_px, sensor_height_px, width_px, height_px, .. } =
            self.parameters;
        let sizes = ((sensor_width_px, sensor_height_px), (width_px, height_px));
        let layout = self.call(Call::SetUp, || camera.processed(sizes.0, sizes.1))?;
        let mut stream =
            self.call(Call::Open, || Stream::open(slot!("video6"), pool!("video6")))?;
        match self.call(Call::SetFormat, || stream.set_format(layout.output)) {
            Ok(_) => Ok(stream),
            Err(failure) => {
                let _ = self.call(Call::Close, || stream.close());
                Err(failure)
            }
        }
    }

    fn start(&self, stream: &mut Stream) -> Result<(), Failure> {
        self.call(Call::RequestBuffers, || stream.request_buffers(BUFFERS))?;
        self.call(Call::Queue, || stream.queue_all())?;
        self.call(Call::StreamOn, || stream.start())?;
        streaming_began(self.number.get());
        Ok(())
    }

    /// Takes frames until the course says otherwise; an orderly stop is part of it.
    fn stream(&mut self, stream: &Stream) -> Next {
        loop {
            let seen = match self.call(Call::Dequeue, || stream.dequeue(FRAME_MS)) {
                Ok(frame) => {
                    let crc32 = CRC_32.checksum(frame.pixels());
                    let verdict = self.expected.judge(frame.sequence(), crc32);
                    let damaged = frame.flags().0 != 0;
                    let line = Line::of("frame")
                        .number("sequence", frame.sequence().into())
                        .number("crc32", crc32.into())
                        .number("epoch", frame.epoch().0.into())
                        .number("flags", frame.flags().0.into())
                        .number("time_us", frame.timestamp_us());
                    frame_taken(frame.sequence(), crc32);
                    // Dropping the frame queues its buffer again.
                    drop(frame);
                    let _ = self.ctl.line(line.as_bytes());
                    if damaged || verdict == Verdict::Wrong { Seen::Trouble } else { Seen::Good }
                }
                Err(failure) => self.seen(&failure),
            };
            match self.course.step(seen) {
                Next::GoOn => {}
                Next::Stop => match self.call(Call::StreamOff, || stream.stop(STOP_MS)) {
                    Ok(()) => return Next::Stop,
                    Err(failure) => {
                        let seen = self.seen(&failure);
                        return match self.course.step(seen) {
                            Next::GoOn | Next::Stop => Next::SetUpAgain,
                            next => next,
                        };
                    }
                },
                next => return next,
            }
        }
    }

    fn seen<T: Copy>(&self, failure: &ipc::Error<T>) -> Seen {
        match failure {
            ipc::Error::Op(_) => Seen::Trouble,
            ipc::Error::Disconnected(_) => Seen::Disconnected,
        }
    }

    /// After a disconnect: takes every queued buffer back, as they come.
    fn leave(&self, stream: &Stream) {
        let mut missing = (1u32 << stream.buffers()) - 1;
        for _ in 0..RECLAIMS_MAX {
            for buffer in 0..stream.buffers() {
                if missing >> buffer & 1 == 1 {
                    let taken = self.call(Call::Reclaim, || stream.reclaim(BufferIndex(buffer)));
                    if !matches!(taken, Ok(Reclaim::Pending)) {
                        missing &= !(1 << buffer);
                    }
                }
            }
            if missing == 0 {
                return;
            }
            sleep();
        }
    }

    fn could_not_set_up(&mut self, failure: Failure) -> Option<Over> {
        if self.seen(&failure) == Seen::Disconnected {
            self.course.step(Seen::Disconnected);
        }
        let outlook = self.supervisor.outlook(slot!("isp")).unwrap_or(Outlook::Settling);
        match self.course.refused(outlook) {
            Patience::Wait => {}
            Patience::Down => return Some(Over::Down),
            Patience::GiveUp => return Some(Over::GaveUp),
            Patience::Trouble => match self.course.step(Seen::Trouble) {
                Next::GiveUp => return Some(Over::GaveUp),
                Next::Restart => self.restart_driver(),
                _ => {}
            },
        }
        sleep();
        None
    }

    fn restart_driver(&self) {
        let _ = self.call(Call::Restart, || {
            let control = self.supervisor.control(slot!("isp"), Control::Restart);
            control.map_err(|error| match error {
                ipc::Error::Op(_) => ipc::Error::Op(NodeError::DriverRefused),
                ipc::Error::Disconnected(record) => ipc::Error::Disconnected(record),
            })
        });
    }

    /// Makes a request that the witness is told of, before and after.
    fn call<T>(&self, call: Call, make: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let number = self.number.get();
        self.number.set(number.wrapping_add(1));
        self.tell(Told::Asked { number, call });
        let result = make();
        let ending = Ending::of(&result);
        if matches!(ending, Ending::Disconnected(_)) {
            self.gone.set(true);
        }
        self.tell(Told::Answered { number, ending });
        result
    }

    fn tell(&self, told: Told) {
        let mut message = [0; TOLD_BYTES];
        let Ok(length) = hubpack::serialize(&mut message, &told) else {
            userlib::sys_panic(b"a message that does not fit its buffer")
        };
        if userlib::sys_send(self.witness, TELL, &message[..length], &mut [], &[]).is_err() {
            userlib::sys_panic(b"the witness is gone")
        }
    }
}

fn sleep() {
    let wake_us = userlib::sys_get_timer().now_us + RETRY_US;
    userlib::sys_set_timer(Some(wake_us), notification!("timer"));
    userlib::sys_recv_notification(notification!("timer"));
}
