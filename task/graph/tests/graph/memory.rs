//! Pipelines from memory: a node at each end, and no sensor.

use super::*;

const INPUT: &str = "OMAP3 ISP resizer input";
const OUTPUT: &str = "OMAP3 ISP resizer output";
const FAR: TaskId = OTHER_NODE;

/// Resizer input to resizer output, and the raw path of the sensor.
fn linked() -> (Subject, Fake, EntityId, EntityId) {
    let (mut graph, fake) = complete();
    enable(&mut graph, (INPUT, 0), ("OMAP3 ISP resizer", 0));
    enable(&mut graph, ("OMAP3 ISP resizer", 1), (OUTPUT, 0));
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 1), ("OMAP3 ISP CCDC output", 0));
    let entity = id(&graph, "OMAP3 ISP resizer");
    let state = graph.state(entity).unwrap();
    let format = format(640, 480, MbusCode::YUYV8_1X16);
    graph.adjust(entity, state, FormatChange::Format { pad: 0, format }, true).unwrap();
    graph.settle();
    fake.take();
    let (input, output) = (id(&graph, INPUT), id(&graph, OUTPUT));
    (graph, fake, input, output)
}

fn running() -> (Subject, Fake, EntityId, EntityId) {
    let (mut graph, fake, input, output) = linked();
    graph.start(FAR, input, YUYV).unwrap();
    graph.start(NODE, output, YUYV).unwrap();
    fake.take();
    (graph, fake, input, output)
}

fn refused<T>(error: GraphError) -> Result<T, ipc::Error<GraphError>> {
    Err(ipc::Error::Op(error))
}

#[test]
fn the_second_node_starts_the_isp_whichever_it_is() {
    for input_first in [true, false] {
        let (mut graph, fake, input, output) = linked();
        let (first, second) = if input_first { (input, output) } else { (output, input) };
        assert_eq!(graph.start(NODE, first, YUYV), Ok(Started::Waiting));
        assert_eq!(fake.take(), [""; 0]);
        assert_eq!(graph.start(NODE, first, YUYV), refused(GraphError::Busy));
        assert_eq!(graph.start(FAR, second, YUYV), Ok(Started::Memory));
        assert_eq!(fake.take(), ["isp.start ResizerOutput"], "no sensor has a part in it");
    }
}

#[test]
fn a_driver_is_told_whether_memory_feeds_its_block() {
    let (mut graph, fake, _, _) = linked();
    let mut fed = |name| {
        let entity = id(&graph, name);
        let state = graph.state(entity).unwrap();
        graph.adjust(entity, state, FormatChange::Crop(state.crop), false).unwrap();
        fake.0.borrow_mut().feeds.pop().expect("asked").1
    };
    assert_eq!(fed("OMAP3 ISP resizer"), Feed::Memory);
    assert_eq!(fed("OMAP3 ISP CCDC"), Feed::Live, "the sensor");
    assert_eq!(fed("OMAP3 ISP preview"), Feed::Live, "nothing yet");
    enable(&mut graph, ("OMAP3 ISP preview input", 0), ("OMAP3 ISP preview", 0));
    let entity = id(&graph, "OMAP3 ISP preview");
    let state = graph.state(entity).unwrap();
    graph.adjust(entity, state, FormatChange::Crop(state.crop), false).unwrap();
    assert_eq!(fake.0.borrow().feeds.last().map(|(_, feed)| *feed), Some(Feed::Memory));
}

#[test]
fn half_a_pipeline_locks_its_links() {
    let (mut graph, _, input, _) = linked();
    graph.start(NODE, input, YUYV).unwrap();
    let (source, sink) = (pad(&graph, INPUT, 0), pad(&graph, "OMAP3 ISP resizer", 0));
    assert_eq!(graph.setup_link(source, sink, false), Err(GraphError::Busy));
    graph.stop(NODE, input).unwrap();
    assert_eq!(graph.setup_link(source, sink, false), Ok(()));
}

#[test]
fn each_node_s_format_must_fit_its_own_pad() {
    let (mut graph, fake, input, output) = linked();
    let small = PixFormat { width_px: 320, ..YUYV };
    for end in [input, output] {
        assert_eq!(graph.start(NODE, end, small), refused(GraphError::FormatMismatch));
        assert_eq!(graph.start(NODE, end, RAW), refused(GraphError::FormatMismatch));
    }
    graph.start(NODE, input, YUYV).unwrap();
    assert_eq!(graph.start(FAR, output, small), refused(GraphError::FormatMismatch));
    assert_eq!(fake.take(), [""; 0]);
    assert_eq!(graph.start(FAR, output, YUYV), Ok(Started::Memory), "the first still waits");
}

#[test]
fn a_node_without_a_far_end_is_a_broken_pipeline() {
    let (mut graph, _) = complete();
    let input = id(&graph, INPUT);
    assert_eq!(graph.start(NODE, input, YUYV), refused(GraphError::BrokenPipeline));
    enable(&mut graph, (INPUT, 0), ("OMAP3 ISP resizer", 0));
    assert_eq!(graph.start(NODE, input, YUYV), refused(GraphError::BrokenPipeline));
    let output = id(&graph, OUTPUT);
    assert_eq!(graph.start(NODE, output, YUYV), refused(GraphError::BrokenPipeline));
}

#[test]
fn the_stop_or_the_death_of_either_node_stops_it_for_both() {
    for (node, at_input) in [(FAR, true), (NODE, false)] {
        let (mut graph, fake, input, output) = running();
        graph.stop(node, if at_input { input } else { output }).unwrap();
        assert_eq!(fake.take(), ["isp.stop ResizerOutput"], "the sensor is left alone");
        for (node, end) in [(FAR, input), (NODE, output)] {
            assert_eq!(graph.stop(node, end), refused(GraphError::NoSuchEntity));
        }
        let (mut graph, fake, input, output) = running();
        edge(&mut graph, node.index(), Edge::Died, 0);
        assert_eq!(fake.take(), ["isp.stop ResizerOutput"]);
        assert_eq!(graph.start(FAR, input, YUYV), Ok(Started::Waiting));
        assert_eq!(graph.start(NODE, output, YUYV), Ok(Started::Memory));
    }
    let (mut graph, fake, input, _) = linked();
    graph.start(FAR, input, YUYV).unwrap();
    edge(&mut graph, FAR.index(), Edge::Died, 0);
    assert_eq!(fake.take(), [""; 0], "half a pipeline never reached the ISP");
}

#[test]
fn a_raw_stream_runs_beside_it_and_the_sensor_s_death_ends_only_that() {
    let (mut graph, fake, input, _) = running();
    let raw = id(&graph, "OMAP3 ISP CCDC output");
    assert_eq!(graph.start(NODE, raw, RAW), Ok(Started::Live));
    assert_eq!(fake.take(), ["isp.start CcdcOutput", "sensor.start"]);
    edge(&mut graph, SENSOR, Edge::Died, 0);
    assert_eq!(fake.take(), ["isp.stop CcdcOutput", "announce"]);
    assert_eq!(graph.stop(FAR, input), Ok(()), "it still ran");
}

#[test]
fn an_isp_that_refuses_leaves_the_first_node_waiting() {
    let (mut graph, fake, input, output) = linked();
    graph.start(FAR, input, YUYV).unwrap();
    fake.0.borrow_mut().isp_start = Some(ipc::Error::Op(IspError::Crashed));
    assert_eq!(graph.start(NODE, output, YUYV), refused(GraphError::StartFailed));
    fake.0.borrow_mut().isp_start = None;
    assert_eq!(graph.start(NODE, output, YUYV), Ok(Started::Memory));
}

const CCP2: &str = "OMAP3 ISP CCP2";
const CCDC: &str = "OMAP3 ISP CCDC";

/// CCP2 input to CCDC output; what lies in memory is compressed.
fn received() -> (Subject, Fake, EntityId, EntityId) {
    let (mut graph, fake) = complete();
    enable(&mut graph, ("OMAP3 ISP CCP2 input", 0), (CCP2, 0));
    enable(&mut graph, (CCP2, 1), (CCDC, 0));
    enable(&mut graph, (CCDC, 1), ("OMAP3 ISP CCDC output", 0));
    let entity = id(&graph, CCP2);
    let state = graph.state(entity).unwrap();
    let format = format(640, 480, MbusCode::SGRBG10_DPCM8);
    graph.adjust(entity, state, FormatChange::Format { pad: 0, format }, true).unwrap();
    graph.settle();
    fake.take();
    let ends = ["OMAP3 ISP CCP2 input", "OMAP3 ISP CCDC output"].map(|name| id(&graph, name));
    (graph, fake, ends[0], ends[1])
}

const CODES: PixFormat =
    PixFormat { pixel_format: PixelFormat::SGRBG10_DPCM8, stride_bytes: 640, ..YUYV };

#[test]
fn a_receiver_between_memory_and_the_ccdc_is_part_of_a_pipeline() {
    let (mut graph, fake, input, output) = received();
    assert_eq!(graph.start(FAR, input, RAW), refused(GraphError::FormatMismatch));
    assert_eq!(graph.start(FAR, input, CODES), Ok(Started::Waiting));
    assert_eq!(graph.start(NODE, output, CODES), refused(GraphError::FormatMismatch));
    assert_eq!(graph.start(NODE, output, RAW), Ok(Started::Memory));
    assert_eq!(fake.take(), ["isp.start CcdcOutput from CCP2"], "and the sensor has no part in it");
    edge(&mut graph, SENSOR, Edge::Died, 0);
    fake.take();
    graph.stop(NODE, output).unwrap();
    assert_eq!(fake.take(), ["isp.stop CcdcOutput"]);
}

#[test]
fn the_sensor_and_the_receiver_exclude_each_other_at_the_ccdc() {
    let (mut graph, ..) = received();
    let (sensor, ccdc) = (pad(&graph, "sensor", 0), pad(&graph, CCDC, 0));
    assert_eq!(graph.setup_link(sensor, ccdc, true), Err(GraphError::Busy));
    graph.setup_link(pad(&graph, CCP2, 1), ccdc, false).unwrap();
    assert_eq!(graph.setup_link(sensor, ccdc, true), Ok(()));
}

#[test]
fn a_receiver_that_nothing_feeds_or_whose_formats_differ_is_refused() {
    let (mut graph, fake, input, output) = received();
    graph.setup_link(pad(&graph, "OMAP3 ISP CCP2 input", 0), pad(&graph, CCP2, 0), false).unwrap();
    assert_eq!(graph.start(NODE, output, RAW), refused(GraphError::BrokenPipeline));
    let (mut graph, ..) = received();
    let entity = id(&graph, CCP2);
    let state = graph.state(entity).unwrap();
    let format = format(320, 480, MbusCode::SGRBG10_DPCM8);
    graph.adjust(entity, state, FormatChange::Format { pad: 0, format }, true).unwrap();
    assert_eq!(graph.start(FAR, input, CODES), refused(GraphError::LinkMismatch));
    assert_eq!(fake.take(), [""; 0]);
}
