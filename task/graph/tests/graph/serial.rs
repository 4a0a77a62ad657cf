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

/// Starts the raw node when the sensor sends one code and the CCDC takes another.
fn raw_of(
    sent: MbusCode,
    taken: MbusCode,
    wanted: PixelFormat,
) -> Result<Started, ipc::Error<GraphError>> {
    let (mut graph, fake) = complete();
    enable(&mut graph, ("sensor", 0), ("OMAP3 ISP CCDC", 0));
    enable(&mut graph, ("OMAP3 ISP CCDC", 1), ("OMAP3 ISP CCDC output", 0));
    for (name, code) in [("sensor", sent), ("OMAP3 ISP CCDC", taken)] {
        set_code(&mut graph, name, code);
    }
    let raw = id(&graph, "OMAP3 ISP CCDC output");
    fake.take();
    let started = graph.start(NODE, raw, PixFormat { pixel_format: wanted, ..RAW });
    assert_eq!(fake.take().is_empty(), started.is_err(), "nobody is called in vain");
    started
}

fn set_code(graph: &mut Subject, name: &str, code: MbusCode) {
    let entity = id(graph, name);
    let state = graph.state(entity).unwrap();
    let change = FormatChange::Format { pad: 0, format: PadFormat { code, ..state.source } };
    graph.adjust(entity, state, change, true).unwrap();
}

#[test]
fn the_ccdc_takes_the_upper_bits_of_a_wider_code_and_no_other() {
    use MbusCode as Code;
    for (sent, taken, wanted) in [
        (Code::SGRBG12, Code::SGRBG12, PixelFormat::SGRBG12),
        (Code::SGRBG12, Code::SGRBG10, PixelFormat::SGRBG10),
        (Code::SGRBG12, Code::SGRBG8, PixelFormat::SGRBG8),
        (Code::SGRBG10, Code::SGRBG8, PixelFormat::SGRBG8),
        (Code::SGRBG8, Code::SGRBG8, PixelFormat::SGRBG8),
    ] {
        assert_eq!(raw_of(sent, taken, wanted), Ok(Started::Live), "{sent:?} {taken:?}");
        let other = raw_of(sent, taken, PixelFormat::SGRBG10P);
        assert_eq!(other, Err(ipc::Error::Op(GraphError::FormatMismatch)), "{sent:?} {taken:?}");
    }
    let refused = Err(ipc::Error::Op(GraphError::LinkMismatch));
    for (sent, taken) in [
        (Code::SGRBG10, Code::SGRBG12),
        (Code::SGRBG8, Code::SGRBG10),
        // SBGGR10: the colours do not lie so.
        (Code::SGRBG12, Code(0x3007)),
        // Y10.
        (Code::SGRBG12, Code(0x200a)),
        (Code::SGRBG10_DPCM8, Code::SGRBG8),
    ] {
        assert_eq!(raw_of(sent, taken, PixelFormat::SGRBG10), refused, "{sent:?} {taken:?}");
    }
}

#[test]
fn only_the_ccdc_has_a_shifter() {
    let (mut graph, _) = complete();
    enable(&mut graph, (CSI2A, 1), (OUTPUT, 0));
    set_code(&mut graph, "sensor", MbusCode::SGRBG12);
    let output = id(&graph, OUTPUT);
    let refused = Err(ipc::Error::Op(GraphError::LinkMismatch));
    assert_eq!(graph.start(NODE, output, RAW), refused);
    set_code(&mut graph, CSI2A, MbusCode::SGRBG12);
    let twelve = PixFormat { pixel_format: PixelFormat::SGRBG12, ..RAW };
    assert_eq!(graph.start(NODE, output, twelve), Ok(Started::Live));
}

#[test]
fn what_the_blocks_cannot_run_is_a_mismatch() {
    let (mut graph, fake) = linked();
    fake.0.borrow_mut().isp_start = Some(ipc::Error::Op(IspError::InvalidPipeline));
    let output = id(&graph, "OMAP3 ISP resizer output");
    let refused = Err(ipc::Error::Op(GraphError::LinkMismatch));
    assert_eq!(graph.start(NODE, output, YUYV), refused);
}
