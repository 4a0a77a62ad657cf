#![cfg_attr(target_os = "none", no_std, no_main)]
//! Performs what [`drv_isp`] decides: serves its calls, feeds it interrupts and time, tells nodes.

mod books;
mod mmio;
mod serve;

use books::Books;
use drv_isp::{Driver, News, Nodes, Outside};
use idl::types::{
    FramesError, Generation, IspError, PoolId, PowerState, StatisticsEngine, VideoNode,
};
use idl::{frames, isp, power, supervisor};
use mmio::{Isp, Tables};
use ringbuf::{ringbuf, ringbuf_entry};
use sys_abi::{Edge, TaskIndex};
use userlib::{Alarm, TaskCell, config_u32, config_u32s, notification, peripheral, slot};

userlib::entry!(main);

/// What the driver did last.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trace {
    None,
    PoweredOn,
    AtRest,
    Ready,
    Start(VideoNode),
    Refused(IspError),
    Stop(VideoNode),
    Wake(Nodes),
    Measured(StatisticsEngine),
    Lost,
    LedgerRefused(FramesError),
    LedgerDied,
}

ringbuf!(TRACE, Trace, 32, Trace::None);

/// In a static, not on the stack: its tables are long, and moving them would take their room again.
static DRIVER: TaskCell<Driver> = TaskCell::new(Driver::new(0));

fn main() -> ! {
    DRIVER.with(|driver| serve_with(driver));
    unreachable!("main runs once and serving does not return")
}

fn serve_with(driver: &mut Driver) -> ! {
    driver.rest_after(u64::from(config_u32!("idle_ms")) * 1000);
    let mut server = Server {
        driver,
        registers: Isp::at(peripheral!("isp")),
        books: Books {
            frames: frames::Client::to(slot!("frames")),
            tables: PoolId(config_u32!("table_pool") as u8),
        },
        tables: Tables::mapped(),
        power: power::Client::to(slot!("power")),
        videos: config_u32s!("videos"),
        frame_sync: config_u32s!("frame_sync"),
        statistics: config_u32s!("statistics"),
        life: userlib::sys_refresh_task_id(userlib::own_index!()).generation(),
        alarm: Alarm::new(notification!("timer")),
        acted_us: None,
    };
    // A dead power takes this task with it; there is nobody to ask meanwhile.
    let state = server.power.request(true).unwrap_or(PowerState::Off);
    server.power_edge(state);
    isp::serve(&mut server)
}

struct Server<'a> {
    driver: &'a mut Driver,
    registers: Isp,
    books: Books,
    tables: Tables,
    power: power::Client,
    /// The task of each video node.
    videos: &'static [u32],
    /// Tasks that are told of each frame start.
    frame_sync: &'static [u32],
    /// The task of each statistics engine.
    statistics: &'static [u32],
    life: Generation,
    alarm: Alarm,
    /// When the driver did something last, until the alarm has been set for it.
    acted_us: Option<u64>,
}

impl Server<'_> {
    fn power_edge(&mut self, state: PowerState) {
        match state {
            PowerState::On if self.driver.is_off() => {
                ringbuf_entry!(TRACE, Trace::PoweredOn);
                self.acts();
                let news = self.driver.power_on(&mut self.registers);
                self.tell(news);
                userlib::sys_irq_control(notification!("isp_irq"), true);
            }
            PowerState::Suspending => {
                let news = self.with(|driver, outside| driver.rest(outside));
                self.tell(news);
            }
            _ => {}
        }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Driver, &mut Outside<'_, Isp, Books>) -> T) -> T {
        let now_us = self.acts();
        let Self { driver, registers, books, .. } = self;
        act(driver, &mut Outside { registers, ledger: books, now_us })
    }

    /// The driver is about to do something: its deadline may be another one afterwards. What time it is.
    fn acts(&mut self) -> u64 {
        let now_us = userlib::sys_get_timer().now_us;
        self.acted_us = Some(now_us);
        now_us
    }

    /// After the driver has done something: wakes the nodes of the statistics, and itself in time.
    fn settle(&mut self) {
        if let Some(now_us) = self.acted_us.take() {
            self.tell_statistics();
            self.alarm.set(self.driver.deadline_us(now_us));
        }
    }

    fn tell(&mut self, news: News) {
        if news.lost {
            ringbuf_entry!(TRACE, Trace::Lost);
            let _ = supervisor::Client::to(slot!("supervisor")).lost();
            panic!("the supervisor does not end a driver that lost its hardware");
        }
        if news.ready {
            ringbuf_entry!(TRACE, Trace::Ready);
            // Without a supervisor the machine resets.
            let _ = supervisor::Client::to(slot!("supervisor")).ready();
        }
        if news.frame_sync {
            self.frame_sync
                .iter()
                .for_each(|index| post(*index, userlib::post_mask!("frame_sync")));
        }
        if news.wake != Nodes::NONE {
            ringbuf_entry!(TRACE, Trace::Wake(news.wake));
        }
        for number in news.wake.numbers() {
            if let Some(index) = self.videos.get(number) {
                post(*index, userlib::post_mask!("frame_done"));
            }
        }
        if news.at_rest {
            ringbuf_entry!(TRACE, Trace::AtRest);
            // A dead power takes this task with it.
            let _ = self.power.rest();
        }
        if news.power_wanted {
            // Its edge says when the domain is on, unless it is.
            let state = self.power.request(true).unwrap_or(PowerState::Off);
            self.power_edge(state);
        }
    }

    /// The nodes of the engines that have measured, or lost their buffers.
    fn tell_statistics(&mut self) {
        if !self.driver.statistics.have_news() {
            return;
        }
        let news = StatisticsEngine::ALL.into_iter().zip(self.driver.statistics.take_news());
        for (engine, _) in news.filter(|(_, news)| *news) {
            ringbuf_entry!(TRACE, Trace::Measured(engine));
            if let Some(index) = self.statistics.get(engine as usize) {
                post(*index, userlib::post_mask!("statistics_done"));
            }
        }
    }

    fn drain_watches(&mut self) {
        while let Some(event) = userlib::sys_watch_next() {
            if event.edge == Edge::Died {
                self.driver.client_died(event.peer, event.generation, &mut self.registers);
                if event.peer == slot!("frames") {
                    self.with(|driver, outside| driver.lose_tables(outside));
                }
            }
        }
    }
}

/// A node that is gone fetches nothing; its next life asks by itself. The builder's word for a node
/// that the image does not have is the index of no task.
fn post(index: u32, bits: u32) {
    if index >= userlib::task_count!() {
        return;
    }
    let node = userlib::sys_refresh_task_id(TaskIndex(index as u8));
    let _ = userlib::sys_post(node, bits);
}
