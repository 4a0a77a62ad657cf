//! Pipelines from the serial line: sensor, receiver CSI2a, and on to memory or the CCDC.

use super::*;

const CSI2A: &str = "OMAP3 ISP CSI2a";
const OUTPUT: &str = "OMAP3 ISP CSI2a output";

fn packed(format: PixFormat) -> PixFormat {
    PixFormat { pixel_format: PixelFormat::SGRBG10P, ..format }
}

#[test]
fn the_serial_wire_is_always_on() {
    let (mut graph, _) = complete();
    let (source, sink) = (pad(&graph, "sensor", 0), pad(&graph, CSI2A, 0));
    assert_eq!(graph.setup_link(source, sink, true), Ok(()));
    assert!(graph.setup_link(source, sink, false).is_err());
}

#[test]
fn the_sensor_s_frames_go_to_memory_without_the_ccdc() {
    let (mut graph, fake) = complete();
    let output = id(&graph, OUTPUT);
    let unlinked = graph.start(NODE, output, RAW);
    assert_eq!(unlinked, Err(ipc::Error::Op(GraphError::BrokenPipeline)));
    enable(&mut graph, (CSI2A, 1), (OUTPUT, 0));
    let mismatch = Err(ipc::Error::Op(GraphError::FormatMismatch));
    assert_eq!(graph.start(NODE, output, YUYV), mismatch);
    for format in [RAW, packed(RAW)] {
        graph.settle();
        fake.take();
        assert_eq!(graph.start(NODE, output, format), Ok(Started::Live));
        assert_eq!(fake.take(), ["isp.start Csi2aOutput from CSI2a", "sensor.start"]);
        graph.stop(NODE, output).unwrap();
    }
}

#[test]
fn the_ccdc_can_have_them_too_and_then_nothing_else_has_the_sensor() {
    let (mut graph, fake) = complete();
    enable(&mut graph, (CSI2A, 1), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 1), ("OMAP3 ISP CCDC output", 0));
    let raw = id(&graph, "OMAP3 ISP CCDC output");
    graph.settle();
    fake.take();
    // Only the receiver packs.
    let mismatch = Err(ipc::Error::Op(GraphError::FormatMismatch));
    assert_eq!(graph.start(NODE, raw, packed(RAW)), mismatch);
    assert_eq!(graph.start(NODE, raw, RAW), Ok(Started::Live));
    assert_eq!(fake.take(), ["isp.start CcdcOutput from CSI2a", "sensor.start"]);
    assert!(graph.start(OTHER_NODE, id(&graph, OUTPUT), RAW).is_err());
}

#[test]
fn a_sensor_that_sends_in_parallel_is_not_there_for_the_receiver() {
    let (mut graph, fake) = complete();
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 1), ("OMAP3 ISP CCDC output", 0));
    enable(&mut graph, (CSI2A, 1), (OUTPUT, 0));
    let (raw, serial) = (id(&graph, "OMAP3 ISP CCDC output"), id(&graph, OUTPUT));
    for (first, second) in [(raw, serial), (serial, raw)] {
        graph.start(NODE, first, RAW).unwrap();
        let busy = Err(ipc::Error::Op(GraphError::Busy));
        assert_eq!(graph.start(OTHER_NODE, second, RAW), busy);
        graph.stop(NODE, first).unwrap();
        graph.settle();
    }
    let starts = fake.take().iter().filter(|call| *call == "sensor.start").count();
    assert_eq!(starts, 2);
}
