//! The graph with drivers that keep a log: one test per promise, and per cell of the table of
//! edges in the crate's docs.

#[path = "graph/enumeration.rs"]
mod enumeration;
#[path = "graph/memory.rs"]
mod memory;
#[path = "graph/serial.rs"]
mod serial;
#[path = "graph/zoom.rs"]
mod zoom;

use std::cell::RefCell;
use std::rc::Rc;

use idl::types::{
    BlockState, Cause, Choice, DeviceNode, Disconnect, Edge, EntityDescription, EntityFunction,
    EntityId, Feed, FormatChange, Generation, GraphError, Input, IspError, LinkDescription,
    LinkFlags, MbusCode, Name, Offer, Outlook, PadFormat, PadRef, Pipeline, PixFormat, PixelFormat,
    Rect, SensorError, SizeRange, Started, TaskIndex, VideoNode,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_graph::drivers::{IspResult, SensorResult};
use task_graph::{Drivers, Graph};

const ISP: TaskIndex = TaskIndex(3);
const SENSOR: TaskIndex = TaskIndex(4);
const NODE: TaskId = TaskId::new(TaskIndex(9), Generation(0));
/// Pixels of the sensor in a second.
const RATE_HZ: i32 = 28_800_000;
const OTHER_NODE: TaskId = TaskId::new(TaskIndex(8), Generation(0));

/// What the drivers were told, and how they shall answer.
#[derive(Default)]
struct World {
    calls: Vec<String>,
    isp_start: Option<ipc::Error<IspError>>,
    sensor_start: Option<ipc::Error<SensorError>>,
    /// The ISP dies when this entity is described.
    isp_dies_at_entity: Option<u8>,
    isp_is_not_ready: bool,
    isp_set_crop: Option<ipc::Error<IspError>>,
    enumerate: Option<ipc::Error<IspError>>,
    sensor_pixel_rate: Option<ipc::Error<SensorError>>,
    /// The rate that the last pipeline was started with.
    started_hz: u32,
    /// Where the rules of a block were told that its samples come from.
    feeds: Vec<(u8, Feed)>,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<World>>);

fn format(width_px: u16, height_px: u16, code: MbusCode) -> PadFormat {
    PadFormat { width_px, height_px, code }
}

fn block(sink: PadFormat, source: PadFormat) -> BlockState {
    let crop = Rect { width_px: sink.width_px, height_px: sink.height_px, ..Rect::default() };
    BlockState { sink, crop, crop_bounds: crop, source, video_port: sink }
}

const NAMES: [(&str, EntityFunction, u8, u8, DeviceNode); 12] = [
    ("OMAP3 ISP CCDC", EntityFunction::PixelEncConv, 3, 1, DeviceNode::Subdev(2)),
    ("OMAP3 ISP CCDC output", EntityFunction::IoV4l, 1, 1, DeviceNode::Video(2)),
    ("OMAP3 ISP preview", EntityFunction::PixelFormatter, 2, 1, DeviceNode::Subdev(3)),
    ("OMAP3 ISP resizer", EntityFunction::Scaler, 2, 1, DeviceNode::Subdev(4)),
    ("OMAP3 ISP resizer output", EntityFunction::IoV4l, 1, 1, DeviceNode::Video(6)),
    ("OMAP3 ISP preview input", EntityFunction::IoV4l, 1, 0, DeviceNode::Video(3)),
    ("OMAP3 ISP preview output", EntityFunction::IoV4l, 1, 1, DeviceNode::Video(4)),
    ("OMAP3 ISP resizer input", EntityFunction::IoV4l, 1, 0, DeviceNode::Video(5)),
    ("OMAP3 ISP CCP2", EntityFunction::VidIfBridge, 2, 1, DeviceNode::Subdev(0)),
    ("OMAP3 ISP CCP2 input", EntityFunction::IoV4l, 1, 0, DeviceNode::Video(0)),
    ("OMAP3 ISP CSI2a", EntityFunction::VidIfBridge, 2, 1, DeviceNode::Subdev(1)),
    ("OMAP3 ISP CSI2a output", EntityFunction::IoV4l, 1, 1, DeviceNode::Video(1)),
];

/// (source, pad) to (sink, pad), by position in `NAMES`.
const LINKS: [((u8, u8), (u8, u8)); 11] = [
    ((0, 1), (1, 0)),
    ((0, 2), (2, 0)),
    ((2, 1), (3, 0)),
    ((3, 1), (4, 0)),
    ((5, 0), (2, 0)),
    ((2, 1), (6, 0)),
    ((7, 0), (3, 0)),
    ((9, 0), (8, 0)),
    ((8, 1), (0, 0)),
    ((10, 1), (11, 0)),
    ((10, 1), (0, 0)),
];

fn description(index: usize) -> EntityDescription {
    let (name, function, pads, sinks, node) = NAMES[index];
    let (name, must_connect) = (Name::new(name), sinks);
    EntityDescription { name, function, pads, sinks, must_connect, default: false, node }
}

/// The one code of a pad.
fn offer(choice: Choice, PadFormat { width_px, height_px, code }: PadFormat) -> Option<Offer> {
    let sizes = SizeRange {
        min_width_px: width_px,
        max_width_px: width_px,
        min_height_px: height_px,
        max_height_px: height_px,
    };
    [Choice::Index(0), Choice::Code(code)].contains(&choice).then_some(Offer { code, sizes })
}

fn dead(peer: TaskIndex) -> Disconnect {
    Disconnect { peer, generation: Generation(0), cause: Cause::Faulted, hops: 0 }
}

impl Fake {
    fn log(&self, line: impl Into<String>) {
        self.0.borrow_mut().calls.push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().calls)
    }
}

impl Drivers for Fake {
    fn isp_describe_entity(&mut self, _: TaskId, index: u8) -> IspResult<EntityDescription> {
        if self.0.borrow().isp_is_not_ready {
            return Err(ipc::Error::Op(IspError::NotReady));
        }
        if self.0.borrow().isp_dies_at_entity == Some(index) {
            return Err(ipc::Error::Disconnected(dead(ISP)));
        }
        let known = usize::from(index) < NAMES.len();
        if known {
            Ok(description(index.into()))
        } else {
            Err(ipc::Error::Op(IspError::NoSuchEntity))
        }
    }

    fn isp_describe_link(&mut self, _: TaskId, index: u8) -> IspResult<LinkDescription> {
        let link = LINKS.get(usize::from(index)).ok_or(ipc::Error::Op(IspError::NoSuchLink))?;
        Ok(LinkDescription { source: link.0, sink: link.1, flags: LinkFlags::default() })
    }

    fn isp_default_state(&mut self, _: TaskId, _: u8) -> IspResult<BlockState> {
        let raw = format(640, 480, MbusCode::SGRBG10);
        Ok(block(raw, raw))
    }

    fn isp_adjust(
        &mut self,
        _: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        change: FormatChange,
    ) -> IspResult<BlockState> {
        self.0.borrow_mut().feeds.push((entity, feed));
        Ok(match change {
            FormatChange::Format { pad: 0, format: sink } => {
                let code = match entity {
                    0 => sink.code,
                    8 => MbusCode::SGRBG10,
                    10 => sink.code,
                    _ => MbusCode::YUYV8_1X16,
                };
                block(sink, PadFormat { code, ..sink })
            }
            FormatChange::Format { format: source, .. } => BlockState { source, ..state },
            FormatChange::Crop(crop) => BlockState { crop, ..state },
        })
    }

    fn isp_enumerate(
        &mut self,
        _: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        (pad, choice): (u8, Choice),
    ) -> IspResult<Offer> {
        self.log(format!("isp.enumerate {entity}:{pad} {feed:?} {}", state.sink.width_px));
        if let Some(refusal) = self.0.borrow().enumerate {
            return Err(refusal);
        }
        offer(choice, state.sink).ok_or(ipc::Error::Op(IspError::NoSuchFormat))
    }

    fn isp_start(&mut self, _: TaskId, pipeline: Pipeline, pixel_rate_hz: u32) -> IspResult<()> {
        self.0.borrow_mut().started_hz = pixel_rate_hz;
        let from = match pipeline.input {
            Input::Ccp2 { .. } => " from CCP2",
            Input::Csi2a { .. } => " from CSI2a",
            Input::Sensor { .. } | Input::Memory { .. } => "",
        };
        self.log(format!("isp.start {:?}{from}", pipeline.video));
        self.0.borrow().isp_start.map_or(Ok(()), Err)
    }

    fn isp_stop(&mut self, _: TaskId, video: VideoNode) -> IspResult<()> {
        self.log(format!("isp.stop {video:?}"));
        Ok(())
    }

    fn isp_set_crop(&mut self, _: TaskId, video: VideoNode, resizer: BlockState) -> IspResult<()> {
        self.log(format!("isp.set_crop {video:?} {}", resizer.crop.width_px));
        self.0.borrow().isp_set_crop.map_or(Ok(()), Err)
    }

    fn sensor_describe(&mut self, _: TaskId) -> SensorResult<EntityDescription> {
        Ok(EntityDescription {
            name: Name::new("sensor"),
            function: EntityFunction::CamSensor,
            pads: 1,
            sinks: 0,
            must_connect: 0,
            default: false,
            node: DeviceNode::Subdev(8),
        })
    }

    fn sensor_default_state(&mut self, _: TaskId) -> SensorResult<BlockState> {
        let raw = format(640, 480, MbusCode::SGRBG10);
        Ok(block(raw, raw))
    }

    fn sensor_adjust(
        &mut self,
        _: TaskId,
        state: BlockState,
        change: FormatChange,
    ) -> SensorResult<BlockState> {
        match change {
            FormatChange::Format { format, .. } => Ok(BlockState { source: format, ..state }),
            FormatChange::Crop(_) => Ok(state),
        }
    }

    fn sensor_enumerate(
        &mut self,
        _: TaskId,
        state: BlockState,
        choice: Choice,
    ) -> SensorResult<Offer> {
        self.log("sensor.enumerate");
        offer(choice, state.source).ok_or(ipc::Error::Op(SensorError::InvalidFormat))
    }

    fn sensor_pixel_rate(&mut self, _: TaskId) -> SensorResult<i32> {
        self.0.borrow().sensor_pixel_rate.map_or(Ok(RATE_HZ), Err)
    }

    fn sensor_start(&mut self, _: TaskId, _: BlockState) -> SensorResult<()> {
        self.log("sensor.start");
        self.0.borrow().sensor_start.map_or(Ok(()), Err)
    }

    fn sensor_stop(&mut self, _: TaskId) -> SensorResult<()> {
        self.log("sensor.stop");
        Ok(())
    }

    fn announce(&mut self, _: u32) {
        self.log("announce");
    }
}

const SINKS: (&str, &str) = ("OMAP3 ISP CCDC", "OMAP3 ISP CSI2a");

type Subject = Graph<Fake>;

fn empty(life: u32) -> (Subject, Fake) {
    let fake = Fake::default();
    let graph = Graph::new(fake.clone(), Generation(life), ISP, SENSOR, SINKS);
    (graph, fake)
}

fn edge(graph: &mut Subject, peer: TaskIndex, edge: Edge, generation: u32) {
    let (generation, cause) = (Generation(generation), Cause::Faulted);
    graph.edge(WatchEvent { peer, edge, generation, cause });
    graph.settle();
}

/// Both members are there.
fn complete() -> (Subject, Fake) {
    let (mut graph, fake) = empty(0);
    edge(&mut graph, ISP, Edge::Ready, 0);
    edge(&mut graph, SENSOR, Edge::Ready, 0);
    fake.take();
    (graph, fake)
}

fn id(graph: &Subject, name: &str) -> EntityId {
    graph.find(&Name::new(name)).unwrap()
}

fn pad(graph: &Subject, name: &str, pad: u8) -> PadRef {
    PadRef { entity: id(graph, name), pad }
}

fn enable(graph: &mut Subject, source: (&str, u8), sink: (&str, u8)) {
    let (source, sink) = (pad(graph, source.0, source.1), pad(graph, sink.0, sink.1));
    graph.setup_link(source, sink, true).unwrap();
}

const YUYV: PixFormat = PixFormat {
    width_px: 640,
    height_px: 480,
    pixel_format: PixelFormat::YUYV,
    stride_bytes: 1280,
    size_bytes: 614_400,
};

const RAW: PixFormat = PixFormat { pixel_format: PixelFormat::SGRBG10, ..YUYV };

/// Everything linked and formatted, from the sensor to both outputs' blocks.
fn linked() -> (Subject, Fake) {
    let (mut graph, fake) = complete();
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 2), ("OMAP3 ISP preview", 0));
    enable(&mut graph, ("OMAP3 ISP preview", 1), ("OMAP3 ISP resizer", 0));
    enable(&mut graph, ("OMAP3 ISP resizer", 1), ("OMAP3 ISP resizer output", 0));
    let raw = format(640, 480, MbusCode::SGRBG10);
    let yuv = format(640, 480, MbusCode::YUYV8_1X16);
    for (name, format) in [("OMAP3 ISP preview", raw), ("OMAP3 ISP resizer", yuv)] {
        let entity = id(&graph, name);
        let state = graph.state(entity).unwrap();
        graph.adjust(entity, state, FormatChange::Format { pad: 0, format }, true).unwrap();
    }
    graph.settle();
    fake.take();
    (graph, fake)
}

fn streaming() -> (Subject, Fake, EntityId) {
    let (mut graph, fake) = linked();
    let output = id(&graph, "OMAP3 ISP resizer output");
    graph.start(NODE, output, YUYV).unwrap();
    assert_eq!(fake.take(), ["isp.start ResizerOutput", "sensor.start"]);
    (graph, fake, output)
}

fn count(graph: &Subject) -> usize {
    let version = graph.topology_version();
    (0..).take_while(|index| graph.entity(version, *index).is_ok()).count()
}

#[test]
fn members_join_at_ready_and_the_sensor_is_wired_but_off_in_parallel() {
    let (graph, _) = complete();
    assert_eq!(count(&graph), NAMES.len() + 1);
    let version = graph.topology_version();
    let links: Vec<_> = (0..).map_while(|index| graph.link(version, index).ok()).collect();
    assert_eq!(links.len(), LINKS.len() + 2);
    let serial = pad(&graph, SINKS.1, 0);
    for link in links {
        assert_eq!(link.flags.contains(LinkFlags::ENABLED), link.sink == serial, "{link:?}");
        assert_eq!(link.flags.contains(LinkFlags::IMMUTABLE), link.sink == serial, "{link:?}");
    }
}

#[test]
fn ready_tells_the_nodes_of_the_new_topology() {
    let (mut graph, fake) = empty(0);
    edge(&mut graph, ISP, Edge::Ready, 0);
    assert_eq!(fake.take(), ["announce"]);
}

#[test]
fn a_snapshot_is_of_one_version_or_stale() {
    let (mut graph, _) = complete();
    let version = graph.topology_version();
    assert!(graph.entity(version, 0).is_ok());
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    assert_eq!(graph.entity(version, 1), Err(GraphError::Stale));
    assert_eq!(graph.link(version, 0), Err(GraphError::Stale));
}

#[test]
fn when_the_isp_dies_its_entities_leave_and_come_back_with_new_ids() {
    let (mut graph, fake, _) = streaming();
    let (old, version) = (id(&graph, "OMAP3 ISP CCDC"), graph.topology_version());
    edge(&mut graph, ISP, Edge::Died, 0);
    assert_eq!(count(&graph), 1);
    assert_eq!(graph.topology_version(), version + 1);
    assert_eq!(fake.take(), ["sensor.stop", "announce"], "a dead isp is not called");
    edge(&mut graph, ISP, Edge::Ready, 1);
    assert_eq!(count(&graph), NAMES.len() + 1);
    assert_ne!(id(&graph, "OMAP3 ISP CCDC"), old);
    assert_eq!(graph.state(old), Err(GraphError::NoSuchEntity));
}

#[test]
fn when_the_sensor_dies_its_stream_is_stopped_and_the_isp_stays() {
    let (mut graph, fake, output) = streaming();
    edge(&mut graph, SENSOR, Edge::Died, 0);
    assert_eq!(fake.take(), ["isp.stop ResizerOutput", "announce"]);
    assert_eq!(count(&graph), NAMES.len());
    let refused = graph.start(NODE, output, YUYV);
    assert_eq!(refused, Err(ipc::Error::Op(GraphError::BrokenPipeline)));
}

#[test]
fn a_death_that_is_told_twice_counts_once() {
    let (mut graph, _) = complete();
    edge(&mut graph, SENSOR, Edge::Died, 0);
    let version = graph.topology_version();
    edge(&mut graph, SENSOR, Edge::Died, 0);
    assert_eq!(graph.topology_version(), version);
}

#[test]
fn removing_and_quiet_change_nothing() {
    let (mut graph, fake, _) = streaming();
    let version = graph.topology_version();
    for peer in [ISP, SENSOR, NODE.index()] {
        edge(&mut graph, peer, Edge::Removing, 0);
        edge(&mut graph, peer, Edge::Quiet, 0);
    }
    edge(&mut graph, NODE.index(), Edge::Ready, 1);
    assert_eq!((graph.topology_version(), fake.take()), (version, vec![]));
}

#[test]
fn when_a_node_dies_what_it_started_is_stopped_and_unlocked() {
    let (mut graph, fake, output) = streaming();
    edge(&mut graph, NODE.index(), Edge::Died, 0);
    assert_eq!(fake.take(), ["isp.stop ResizerOutput", "sensor.stop"]);
    assert_eq!(graph.start(OTHER_NODE, output, YUYV), Ok(Started::Live));
}

#[test]
fn a_running_pipeline_locks_its_links_and_formats() {
    let (mut graph, _, output) = streaming();
    let (source, sink) = (pad(&graph, "sensor", 0), pad(&graph, "OMAP3 ISP CCDC", 0));
    assert_eq!(graph.setup_link(source, sink, false), Err(GraphError::Busy));
    let state = graph.state(sink.entity).unwrap();
    let change = FormatChange::Crop(state.crop);
    let refused = graph.adjust(sink.entity, state, change, true);
    assert_eq!(refused, Err(ipc::Error::Op(GraphError::Busy)));
    assert!(graph.adjust(sink.entity, state, change, false).is_ok(), "trying is allowed");
    assert_eq!(graph.start(OTHER_NODE, output, YUYV), Err(ipc::Error::Op(GraphError::Busy)));
}

#[test]
fn stop_is_for_the_starter_and_unlocks() {
    let (mut graph, fake, output) = streaming();
    let stranger = graph.stop(OTHER_NODE, output);
    assert_eq!(stranger, Err(ipc::Error::Op(GraphError::NoSuchEntity)));
    let heir = graph.stop(TaskId::new(NODE.index(), Generation(1)), output);
    assert_eq!(heir, Err(ipc::Error::Op(GraphError::NoSuchEntity)), "it has started nothing");
    assert_eq!(graph.stop(NODE, output), Ok(()));
    assert_eq!(fake.take(), ["isp.stop ResizerOutput", "sensor.stop"]);
    assert_eq!(graph.stop(NODE, output), Err(ipc::Error::Op(GraphError::NoSuchEntity)));
    assert_eq!(graph.start(NODE, output, YUYV), Ok(Started::Live));
}

#[test]
fn pipelines_are_validated_before_anything_is_started() {
    let (mut graph, fake) = linked();
    let output = id(&graph, "OMAP3 ISP resizer output");
    let raw_output = id(&graph, "OMAP3 ISP CCDC output");
    let ccdc = id(&graph, "OMAP3 ISP CCDC");
    let mut check = |entity, format, expected| {
        assert_eq!(graph.start(NODE, entity, format), Err(ipc::Error::Op(expected)));
    };
    check(raw_output, RAW, GraphError::BrokenPipeline);
    check(ccdc, RAW, GraphError::NoSuchEntity);
    check(EntityId(7777), RAW, GraphError::NoSuchEntity);
    check(output, PixFormat { width_px: 320, ..YUYV }, GraphError::FormatMismatch);
    check(output, RAW, GraphError::FormatMismatch);
    let preview = id(&graph, "OMAP3 ISP preview");
    let state = graph.state(preview).unwrap();
    let small = FormatChange::Format { pad: 0, format: format(320, 240, MbusCode::SGRBG10) };
    graph.adjust(preview, state, small, true).unwrap();
    let refused = graph.start(NODE, output, YUYV);
    assert_eq!(refused, Err(ipc::Error::Op(GraphError::LinkMismatch)));
    assert_eq!(fake.take(), Vec::<String>::new());
}

#[test]
fn the_raw_pipeline_ends_at_the_ccdc() {
    let (mut graph, fake) = complete();
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 1), ("OMAP3 ISP CCDC output", 0));
    let output = id(&graph, "OMAP3 ISP CCDC output");
    assert_eq!(graph.start(NODE, output, RAW), Ok(Started::Live));
    assert_eq!(fake.take(), ["isp.start CcdcOutput", "sensor.start"]);
}

#[test]
fn an_isp_that_dies_at_start_disconnects_and_nothing_is_locked() {
    let (mut graph, fake) = linked();
    let output = id(&graph, "OMAP3 ISP resizer output");
    fake.0.borrow_mut().isp_start = Some(ipc::Error::Disconnected(dead(ISP)));
    let refused = graph.start(NODE, output, YUYV);
    assert_eq!(refused, Err(ipc::Error::Disconnected(dead(ISP))));
    graph.settle();
    assert_eq!(count(&graph), 1, "the call brought the news, and it was dealt with");
    fake.take();
    edge(&mut graph, ISP, Edge::Died, 0);
    assert_eq!(fake.take(), Vec::<String>::new(), "the watch that follows finds nothing to do");
}

#[test]
fn the_isp_is_told_the_pixel_rate_and_may_refuse_it() {
    let (mut graph, fake) = linked();
    let output = id(&graph, "OMAP3 ISP resizer output");
    fake.0.borrow_mut().isp_start = Some(ipc::Error::Op(IspError::TooFast));
    assert_eq!(graph.start(NODE, output, YUYV), Err(ipc::Error::Op(GraphError::TooFast)));
    assert_eq!(fake.0.borrow().started_hz, RATE_HZ as u32);
    fake.take();
    // A sensor that does not say it, or is gone, is not started, nor is the ISP.
    let silent = [
        (ipc::Error::Op(SensorError::NoSuchControl), ipc::Error::Op(GraphError::StartFailed)),
        (ipc::Error::Disconnected(dead(SENSOR)), ipc::Error::Disconnected(dead(SENSOR))),
    ];
    for (told, refused) in silent {
        fake.0.borrow_mut().sensor_pixel_rate = Some(told);
        assert_eq!(graph.start(NODE, output, YUYV), Err(refused));
        assert!(!fake.take().iter().any(|call| call.contains("start")));
    }
}

#[test]
fn a_sensor_that_fails_at_start_leaves_no_isp_running() {
    for failure in
        [ipc::Error::Disconnected(dead(SENSOR)), ipc::Error::Op(SensorError::InvalidFormat)]
    {
        let (mut graph, fake) = linked();
        let output = id(&graph, "OMAP3 ISP resizer output");
        fake.0.borrow_mut().sensor_start = Some(failure);
        assert!(graph.start(NODE, output, YUYV).is_err());
        fake.take();
        graph.settle();
        assert!(fake.take().contains(&"isp.stop ResizerOutput".into()));
    }
}

#[test]
fn a_death_while_describing_leaves_nothing_half_registered() {
    let (mut graph, fake) = empty(0);
    fake.0.borrow_mut().isp_dies_at_entity = Some(3);
    let version = graph.topology_version();
    edge(&mut graph, ISP, Edge::Ready, 0);
    assert_eq!((count(&graph), graph.topology_version()), (0, version));
    fake.0.borrow_mut().isp_dies_at_entity = None;
    edge(&mut graph, ISP, Edge::Ready, 1);
    assert_eq!(count(&graph), NAMES.len());
}

#[test]
fn until_every_live_member_is_described_the_graph_says_rebuilding() {
    let (mut graph, fake) = empty(1);
    fake.0.borrow_mut().isp_is_not_ready = true;
    graph.learn(ISP, Outlook::Ready { generation: Generation(0) });
    graph.learn(SENSOR, Outlook::Ready { generation: Generation(0) });
    graph.settle();
    assert!(graph.rebuilding());
    let version = graph.topology_version();
    assert_eq!(graph.entity(version, 0), Err(GraphError::Rebuilding));
    assert_eq!(graph.find(&Name::new("sensor")), Err(GraphError::Rebuilding));
    fake.0.borrow_mut().isp_is_not_ready = false;
    graph.settle();
    assert!(!graph.rebuilding());
    assert_eq!(count(&graph), NAMES.len() + 1);
}

#[test]
fn the_next_life_stops_what_the_last_one_started() {
    let (mut graph, fake) = empty(1);
    graph.learn(ISP, Outlook::Ready { generation: Generation(0) });
    graph.learn(SENSOR, Outlook::Ready { generation: Generation(0) });
    graph.settle();
    let calls = fake.take();
    assert!(calls.contains(&"isp.stop ResizerOutput".into()), "{calls:?}");
    assert!(calls.contains(&"sensor.stop".into()), "{calls:?}");
}
