//! Codes and sizes of a pad, from the driver that has it.

use super::*;

#[test]
fn a_pad_is_enumerated_by_its_driver_from_the_state_that_is_meant() {
    let (mut graph, fake) = linked();
    let preview = pad(&graph, "OMAP3 ISP preview", 0);
    let tried = block(format(7, 7, MbusCode::SGRBG8), format(7, 7, MbusCode::YUYV8_1X16));
    let active = graph.enumerate(preview, None, Choice::Index(0)).unwrap();
    assert_eq!((active.code, active.sizes.max_width_px), (MbusCode::SGRBG10, 640));
    let tried = graph.enumerate(preview, Some(tried), Choice::Code(MbusCode::SGRBG8)).unwrap();
    assert_eq!((tried.code, tried.sizes.max_width_px), (MbusCode::SGRBG8, 7));
    let sensor = pad(&graph, "sensor", 0);
    assert!(graph.enumerate(sensor, None, Choice::Index(0)).is_ok());
    let calls = ["isp.enumerate 2:0 Live 640", "isp.enumerate 2:0 Live 7", "sensor.enumerate"];
    assert_eq!(fake.take(), calls);
    graph
        .setup_link(pad(&graph, "OMAP3 ISP CCDC", 2), preview, false)
        .and_then(|()| graph.setup_link(pad(&graph, "OMAP3 ISP preview input", 0), preview, true))
        .unwrap();
    graph.enumerate(preview, None, Choice::Index(0)).unwrap();
    assert_eq!(fake.take(), ["isp.enumerate 2:0 Memory 640"]);
}

#[test]
fn what_cannot_be_enumerated_says_why() {
    let (mut graph, fake) = linked();
    let preview = pad(&graph, "OMAP3 ISP preview", 0);
    let no_pad = Err(ipc::Error::Op(GraphError::NoSuchPad));
    let no_format = Err(ipc::Error::Op(GraphError::NoSuchFormat));
    for (name, number) in [
        ("OMAP3 ISP preview", 2),
        ("OMAP3 ISP CCDC", u8::MAX),
        ("sensor", 1),
        ("OMAP3 ISP resizer output", 0),
    ] {
        let asked = pad(&graph, name, number);
        assert_eq!(graph.enumerate(asked, None, Choice::Index(0)), no_pad, "{name}:{number}");
        let state = graph.state(preview.entity).unwrap();
        let format = FormatChange::Format { pad: number, format: state.sink };
        let refused = graph.adjust(asked.entity, state, format, false).map(|_| ());
        assert_eq!(refused, no_pad.map(|_: Offer| ()), "S_FMT {name}:{number}");
    }
    for choice in [Choice::Index(1), Choice::Index(u16::MAX), Choice::Code(MbusCode(0))] {
        assert_eq!(graph.enumerate(preview, None, choice), no_format);
        let sensor = pad(&graph, "sensor", 0);
        assert_eq!(graph.enumerate(sensor, None, choice), no_format);
    }
    let unknown = PadRef { entity: EntityId(0xFFF), pad: 0 };
    let no_entity = Err(ipc::Error::Op(GraphError::NoSuchEntity));
    assert_eq!(graph.enumerate(unknown, None, Choice::Index(0)), no_entity);
    let gone = ipc::Error::Disconnected(dead(ISP));
    fake.0.borrow_mut().enumerate = Some(gone);
    assert_eq!(
        graph.enumerate(preview, None, Choice::Index(0)).map(|_| ()),
        Err(gone.map_op(|_| GraphError::Busy))
    );
    assert_eq!(graph.enumerate(preview, None, Choice::Index(0)), no_entity, "it has left");
}
