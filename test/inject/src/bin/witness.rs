//! The witness as a task: books, watches, counts of the bench, the last word.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[path = "../mmio.rs"]
mod mmio;

use idl::types::{Edge, OwnerCounts, PoolId};
use idl::{ctl, frames, supervisor};
use test_camera::bench::{Bench, Seen};
use test_camera::clock::now_us;
use test_inject::FINISHED;
use test_inject::books::{Books, Silence};
use test_inject::line::Line;
use test_inject::protocol::{Ending, TELL, TOLD_BYTES, Told};
use userlib::{Received, notification, slot};

userlib::entry!(main);

/// Between two looks at the books, in microseconds.
const LOOK_US: u64 = 20_000;
/// The client may be silent for so long; longer than its longest request.
const SILENCE_US: u64 = 4_000_000;

struct Witness {
    ctl: ctl::Client,
    bench: Bench,
    books: Books,
    heard_us: u64,
    /// What DMA did between quiet and ready.
    silence: Silence,
    /// Accesses of DMA that the firewall refused, and of tasks that the MPU stopped.
    refused: u32,
    foreign: u32,
    deaths: u32,
}

fn main() -> ! {
    let mut witness = Witness {
        ctl: ctl::Client::to(slot!("ctl")),
        bench: Bench::new(mmio::bench_control()),
        books: Books::default(),
        heard_us: now_us(),
        silence: Silence::default(),
        refused: 0,
        foreign: 0,
        deaths: 0,
    };
    witness.run()
}

impl Witness {
    fn run(&mut self) -> ! {
        let mask = notification!("isp_edge") | notification!("timer");
        let mut buffer = [0; TOLD_BYTES];
        loop {
            userlib::sys_set_timer(Some(now_us() + LOOK_US), notification!("timer"));
            match userlib::sys_recv_open(&mut buffer, mask) {
                Received::Notification(_) => {
                    self.drain_watches();
                    self.look();
                }
                Received::Message(message) => {
                    let told = buffer.get(..message.len).filter(|_| message.op == TELL);
                    let told = told.and_then(|told| hubpack::deserialize::<Told>(told).ok());
                    self.heard_us = now_us();
                    if let Some((told, _)) = told {
                        self.hear(told);
                    }
                    userlib::sys_reply(message.sender, 0, &[]);
                }
            }
        }
    }

    fn hear(&mut self, told: Told) {
        let now_us = now_us();
        match told {
            Told::Asked { number, call } => self.books.asked(now_us, number, call),
            Told::Answered { number, ending } => {
                let call = self.books.answered(now_us, number, ending);
                let name = call.map_or("none", |call| call.name());
                match ending {
                    Ending::Done => {}
                    Ending::Refused(error) => self.line(
                        Line::of("refused")
                            .name("call", name)
                            .number("error", error.into())
                            .number("time_us", now_us),
                    ),
                    Ending::Disconnected(record) => self.line(
                        Line::of("disconnected")
                            .name("call", name)
                            .number("peer", record.peer.0.into())
                            .number("generation", record.generation.0.into())
                            .name("cause", record.cause.name())
                            .number("time_us", now_us),
                    ),
                }
            }
            Told::Over(over) => self.end(over.name()),
        }
    }

    fn look(&mut self) {
        let now_us = now_us();
        if let Some(call) = self.books.look(now_us) {
            self.line(Line::of("overdue").name("call", call.name()).number("time_us", now_us));
        }
        if now_us.saturating_sub(self.heard_us) > SILENCE_US {
            self.end("silent");
        }
    }

    /// What the watches say of the driver's lives.
    fn drain_watches(&mut self) {
        while let Some(event) = userlib::sys_watch_next() {
            match event.edge {
                Edge::Died => self.deaths += 1,
                Edge::Quiet => self.count(true),
                Edge::Ready => self.count(false),
                _ => {}
            }
        }
    }

    /// Takes the counts of the bench and starts new ones; from now on DMA should be quiet, or need not be.
    fn count(&mut self, is_quiet: bool) {
        let Seen { dma_bytes, dma_refused, foreign, .. } = self.bench.seen();
        self.bench.mark();
        self.refused += dma_refused;
        self.foreign += foreign;
        self.silence.pass(dma_bytes, dma_refused, is_quiet);
    }

    fn end(&mut self, over: &str) -> ! {
        self.drain_watches();
        self.count(self.silence.is_quiet());
        let outlook = supervisor::Client::to(slot!("supervisor")).outlook(slot!("isp"));
        let owners = frames::Client::to(slot!("frames"))
            .counts(PoolId(userlib::config_u32!("pool") as u8))
            .unwrap_or(OwnerCounts { quarantined: u8::MAX, ..OwnerCounts::default() });
        let Books { requests, done, refused, disconnected, twice, unasked, overdue, .. } =
            self.books;
        let line = Line::of("books")
            .name("over", over)
            .name("outlook", outlook.as_ref().map_or("unknown", |outlook| name(outlook)))
            .number("requests", requests.into())
            .number("done", done.into())
            .number("refused", refused.into())
            .number("disconnected", disconnected.into())
            .number("twice", twice.into())
            .number("unasked", unasked.into())
            .number("overdue", overdue.into())
            .number("deaths", self.deaths.into())
            .number("late_bytes", self.silence.bytes.into())
            .number("late_refused", self.silence.refused.into())
            .number("dma_refused", self.refused.into())
            .number("foreign", self.foreign.into())
            .number("in_hardware", owners.hardware.into())
            .number("quarantined", owners.quarantined.into());
        self.line(line);
        let _ = self.ctl.finish(FINISHED);
        loop {
            userlib::sys_recv_notification(0);
        }
    }

    /// A line that the host does not take is lost, and the host misses it.
    fn line(&self, line: Line) {
        let _ = self.ctl.line(line.as_bytes());
    }
}

fn name(outlook: &idl::types::Outlook) -> &'static str {
    use idl::types::Outlook;
    match outlook {
        Outlook::Settling => "settling",
        Outlook::Returning { .. } => "returning",
        Outlook::Absent => "absent",
        Outlook::Stopped => "stopped",
        Outlook::Failed { .. } => "failed",
        Outlook::Starting { .. } => "starting",
        Outlook::Ready { .. } => "ready",
    }
}
