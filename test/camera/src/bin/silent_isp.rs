//! A driver of the ISP that is like the real one until it is asked to start a pipeline: then it
//! waits for something that never comes, and keeps its caller.
//!
//! The hardware cannot make the real driver do that: it never waits outside of its one receive.
//! So for a silent driver there is this stand-in, around the real driver's pure part.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::convert::Infallible;
use drv_isp::{Driver, Held, Ledger, News, Outside, formats, topology};
use idl::types::{
    BlockState, BufferIndex, ControlDescription, ControlId, EntityDescription, FormatChange,
    FrameStart, Generation, IspError, LinkDescription, Name, NextDone, Pipeline, PoolId,
    PowerState, VideoNode,
};
use idl::{CallInfo, RequestError, isp, power, supervisor};
use test_camera::mmio::Peripheral;
use userlib::{notification, peripheral, slot};

userlib::entry!(main);

/// Size of the peripheral in bytes.
const ISP_BYTES: usize = 0x2000;

fn main() -> ! {
    // SAFETY: `uses = ["isp"]` maps those registers there.
    let registers = unsafe { Peripheral::new(peripheral!("isp"), ISP_BYTES) };
    let power = power::Client::to(slot!("power"));
    let mut server = Server { driver: Driver::new(), registers, power };
    server.wish_for_power();
    let mut incoming = [0; isp::INCOMING_BYTES];
    loop {
        let deadline_us = server.driver.deadline_us(userlib::sys_get_timer().now_us);
        userlib::sys_set_timer(deadline_us, notification!("timer"));
        isp::dispatch(&mut incoming, &mut server);
    }
}

struct Server {
    driver: Driver,
    registers: Peripheral,
    power: power::Client,
}

/// Nothing is ever started, so no buffer ever moves.
struct NoLedger;

impl Ledger for NoLedger {
    fn start_dma(&mut self, _: Held, _: u32) -> Option<u32> {
        None
    }

    fn start_read(&mut self, _: Held, _: u32) -> Option<u32> {
        None
    }

    fn finish_dma(&mut self, _: Held) -> bool {
        false
    }
}

impl Server {
    fn wish_for_power(&mut self) {
        if self.power.request(true) == Ok(PowerState::On) && self.driver.is_off() {
            self.driver.power_on(&mut self.registers);
        }
    }

    fn timer(&mut self) {
        let now_us = userlib::sys_get_timer().now_us;
        let Self { driver, registers, .. } = self;
        let outside = &mut Outside { registers, ledger: &mut NoLedger, now_us };
        let News { ready, .. } = driver.timer(outside);
        if ready {
            // Without a supervisor the machine resets.
            let _ = supervisor::Client::to(slot!("supervisor")).ready();
        }
    }
}

type Reply<T> = Result<T, RequestError<IspError>>;

impl isp::InOrderIspImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("timer") | notification!("power_edge")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & notification!("power_edge") != 0 {
            self.wish_for_power();
        }
        if bits & notification!("timer") != 0 {
            self.timer();
        }
    }

    fn describe_entity(&mut self, _: &CallInfo, index: u8) -> Reply<EntityDescription> {
        Ok(topology::entity(index)?)
    }

    fn describe_link(&mut self, _: &CallInfo, index: u8) -> Reply<LinkDescription> {
        Ok(topology::link(index)?)
    }

    fn default_state(&mut self, _: &CallInfo, entity: u8) -> Reply<BlockState> {
        Ok(formats::default_state(entity)?)
    }

    fn adjust(
        &mut self,
        _: &CallInfo,
        entity: u8,
        state: BlockState,
        change: FormatChange,
    ) -> Reply<BlockState> {
        Ok(formats::adjust(entity, state, change)?)
    }

    fn start(&mut self, _: &CallInfo, _: Pipeline) -> Reply<()> {
        loop {
            // No notification is in an empty mask.
            userlib::sys_recv_notification(0);
        }
    }

    fn stop(&mut self, _: &CallInfo, _: VideoNode) -> Reply<()> {
        Err(IspError::NotStreaming.into())
    }

    fn queue(
        &mut self,
        _: &CallInfo,
        _: VideoNode,
        _: PoolId,
        _: BufferIndex,
        _: u64,
    ) -> Reply<()> {
        Err(IspError::NotStreaming.into())
    }

    fn next_done(&mut self, _: &CallInfo, video: VideoNode) -> Reply<NextDone> {
        Ok(self.driver.next_done(video)?)
    }

    fn xclk(&mut self, call: &CallInfo, frequency_hz: u32) -> Reply<u32> {
        Ok(self.driver.xclk(call.sender, frequency_hz, &mut self.registers)?)
    }

    fn ping(&mut self, _: &CallInfo) -> Result<Generation, RequestError<Infallible>> {
        Ok(userlib::sys_refresh_task_id(userlib::own_index!()).generation())
    }

    fn frame_start(&mut self, _: &CallInfo) -> Reply<FrameStart> {
        Ok(self.driver.frame_start()?)
    }

    fn query_control(
        &mut self,
        _: &CallInfo,
        entity: Name,
        index: u8,
    ) -> Reply<ControlDescription> {
        Ok(self.driver.query_control(&entity, index)?)
    }

    fn get_control(&mut self, _: &CallInfo, entity: Name, id: ControlId) -> Reply<i32> {
        Ok(self.driver.get_control(&entity, id)?)
    }

    fn set_control(&mut self, _: &CallInfo, entity: Name, id: ControlId, value: i32) -> Reply<i32> {
        Ok(self.driver.set_control(&entity, id, value, &mut self.registers)?)
    }

    fn set_crop(&mut self, _: &CallInfo, _: VideoNode, _: BlockState) -> Reply<()> {
        Err(IspError::NotStreaming.into())
    }
}
