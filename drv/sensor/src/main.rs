#![cfg_attr(target_os = "none", no_std, no_main)]
//! Performs what [`drv_sensor`] decides: bus transfers, and what power and ISP are asked for.

mod mmio;

use drv_sensor::{Action, CLOCK_HZ, Event, Sensor, Up};
use idl::types::{
    BlockState, Choice, ControlDescription, ControlId, DeviceNode, EntityDescription,
    EntityFunction, FormatChange, FrameInterval, Name, Offer, PadFormat, PowerState, SensorError,
};
use idl::{CallInfo, RequestError, isp, power, sensor, supervisor};
use mmio::Controller;
use sys_abi::Edge;

userlib::entry!(main);

fn main() -> ! {
    let mut server = Server {
        sensor: Sensor::new(userlib::config_u32!("pixel_clock_hz")),
        bus: Controller::at(userlib::peripheral!("sensor_bus")),
        power: power::Client::to(userlib::slot!("power")),
        isp: isp::Client::to(userlib::slot!("isp")),
        told_us: 0,
    };
    userlib::sys_irq_control(userlib::notification!("bus_irq"), true);
    // If power is gone, so is this task in a moment: the supervisor sees to it.
    let _ = server.power.request(true);
    server.power_edge();
    let mut incoming = [0; sensor::INCOMING_BYTES];
    loop {
        sensor::dispatch(&mut incoming, &mut server);
    }
}

struct Server {
    sensor: Sensor,
    bus: Controller,
    power: power::Client,
    isp: isp::Client,
    /// What the ISP knows of the time of a frame, in microseconds; 0 = nothing.
    told_us: u32,
}

type Outcome<T> = Result<T, RequestError<SensorError>>;

impl Server {
    fn step(&mut self, event: Event) {
        if self.act(event) {
            self.ask_for_clock();
        }
    }

    /// True if it wants its clock.
    fn act(&mut self, event: Event) -> bool {
        let now_us = userlib::sys_get_timer().now_us;
        let Self { sensor, bus, .. } = self;
        let (mut want_clock, mut at_rest) = (false, false);
        sensor.step(now_us, event, &mut |action| match action {
            Action::WantClock => want_clock = true,
            Action::AtRest => at_rest = true,
            Action::Command(transfer) => bus.command(transfer),
            Action::Ready => {
                let _ = supervisor::Client::to(userlib::slot!("supervisor")).ready();
            }
            Action::Give(Up::BusBroken) => panic!("the control bus stays broken"),
            Action::Give(Up::WrongPart(_)) => {
                panic!("another part answers at the sensor's address")
            }
        });
        userlib::sys_set_timer(self.sensor.wake_us(), userlib::notification!("timer"));
        if at_rest {
            // A dead power takes this task with it.
            let _ = self.power.rest();
        }
        self.tell_frame_time();
        want_clock
    }

    /// The ISP takes silence for a stall, unless it knows that frames take so long. What was said of one stream
    /// says nothing of the next.
    fn tell_frame_time(&mut self) {
        let frame_us = self.sensor.frame_us();
        if core::mem::replace(&mut self.told_us, frame_us) != frame_us {
            // An ISP that is away asks for nothing, and is told by its next life's clock.
            let _ = self.isp.expect_frames(frame_us);
        }
    }

    /// If the ISP does not give the clock now, its ready edge or the timer says when to ask again.
    fn ask_for_clock(&mut self) {
        self.isp.rebind();
        self.told_us = 0;
        if let Ok(hz) = self.isp.xclk(CLOCK_HZ) {
            // Who has just got its clock does not want it; and the stack has a bound.
            self.act(Event::Clock(Some(hz)));
        }
    }

    fn power_edge(&mut self) {
        match self.power.state() {
            Ok(PowerState::On) => self.step(Event::Power(true)),
            // Another part of the domain is made quiet; the bus stays powered.
            Ok(PowerState::Quiescing) => {}
            Ok(PowerState::Suspending) => self.step(Event::Rest),
            Ok(
                PowerState::Absent | PowerState::Off | PowerState::Rising | PowerState::Suspended,
            )
            | Err(_) => self.step(Event::Power(false)),
        }
    }

    fn drain_watches(&mut self) {
        while let Some(event) = userlib::sys_watch_next() {
            if event.peer != self.isp.task_id().index() {
                continue;
            }
            match event.edge {
                Edge::Died => {
                    self.told_us = 0;
                    self.step(Event::Clock(None));
                }
                Edge::Ready if self.sensor.wants_clock() => self.ask_for_clock(),
                Edge::Ready | Edge::Removing | Edge::Quiet => {}
            }
        }
    }

    fn look(&mut self) {
        if self.sensor.may_touch() {
            let look = self.bus.look();
            self.step(Event::Bus(look));
        }
        self.step(Event::Timer);
    }
}

impl sensor::InOrderSensorImpl for Server {
    fn notification_mask(&self) -> u32 {
        userlib::notification!("power_edge")
            | userlib::notification!("bus_irq")
            | userlib::notification!("timer")
            | userlib::notification!("peer_edge")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & userlib::notification!("power_edge") != 0 {
            self.power_edge();
        }
        if bits & userlib::notification!("peer_edge") != 0 {
            self.drain_watches();
        }
        self.look();
        if bits & userlib::notification!("bus_irq") != 0 {
            userlib::sys_irq_control(userlib::notification!("bus_irq"), true);
        }
    }

    fn describe(&mut self, _: &CallInfo) -> Outcome<EntityDescription> {
        self.sensor.known()?;
        Ok(EntityDescription {
            name: Name::new(userlib::config_str!("entity")),
            function: EntityFunction::CamSensor,
            pads: 1,
            sinks: 0,
            must_connect: 0,
            default: false,
            node: DeviceNode::Subdev(userlib::config_u32!("subdev") as u8),
        })
    }

    fn default_state(&mut self, _: &CallInfo) -> Outcome<BlockState> {
        Ok(self.sensor.default_state()?)
    }

    fn adjust(
        &mut self,
        _: &CallInfo,
        state: BlockState,
        change: FormatChange,
    ) -> Outcome<BlockState> {
        self.sensor.known()?;
        Ok(drv_sensor::adjust(&state, &change))
    }

    fn enumerate(&mut self, _: &CallInfo, state: BlockState, choice: Choice) -> Outcome<Offer> {
        Ok(self.sensor.enumerate(&state, choice)?)
    }

    fn enumerate_interval(
        &mut self,
        _: &CallInfo,
        state: BlockState,
        format: PadFormat,
        index: u16,
    ) -> Outcome<FrameInterval> {
        Ok(self.sensor.enumerate_interval(&state, format, index)?)
    }

    fn start(&mut self, _: &CallInfo, state: BlockState) -> Outcome<()> {
        self.sensor.start(&state)?;
        self.step(Event::Timer);
        Ok(())
    }

    fn stop(&mut self, _: &CallInfo) -> Outcome<()> {
        self.sensor.stop()?;
        self.step(Event::Timer);
        Ok(())
    }

    fn frame_interval(&mut self, _: &CallInfo, state: BlockState) -> Outcome<FrameInterval> {
        Ok(self.sensor.frame_interval(&state)?)
    }

    fn set_frame_interval(
        &mut self,
        _: &CallInfo,
        state: BlockState,
        interval: FrameInterval,
    ) -> Outcome<FrameInterval> {
        let taken = self.sensor.set_frame_interval(&state, interval)?;
        self.step(Event::Timer);
        Ok(taken)
    }

    fn query_control(&mut self, _: &CallInfo, index: u8) -> Outcome<ControlDescription> {
        Ok(self.sensor.query_control(index)?)
    }

    fn query_menu(&mut self, _: &CallInfo, id: ControlId, index: u32) -> Outcome<Name> {
        Ok(self.sensor.query_menu(id, index)?)
    }

    fn get_control(&mut self, _: &CallInfo, id: ControlId) -> Outcome<i32> {
        Ok(self.sensor.get_control(id)?)
    }

    fn set_control(&mut self, _: &CallInfo, id: ControlId, value: i32) -> Outcome<i32> {
        let value = self.sensor.set_control(id, value)?;
        self.step(Event::Timer);
        Ok(value)
    }
}
