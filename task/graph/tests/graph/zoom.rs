//! Digital zoom: the crop of a resizer that runs.

use super::*;

/// The resizer of a running pipeline, and a change of its crop.
fn zoom(graph: &Subject) -> (EntityId, BlockState, FormatChange) {
    let resizer = id(graph, "OMAP3 ISP resizer");
    let state = graph.state(resizer).unwrap();
    (resizer, state, FormatChange::Crop(Rect { width_px: 320, ..state.crop }))
}

#[test]
fn the_crop_of_a_running_resizer_moves_and_nothing_else_does() {
    let (mut graph, fake, _) = streaming();
    let (resizer, state, change) = zoom(&graph);
    let moved = graph.adjust(resizer, state, change, true).unwrap();
    assert_eq!(fake.take(), ["isp.set_crop ResizerOutput 320"]);
    assert_eq!((moved.crop.width_px, moved.source), (320, state.source));
    assert_eq!(graph.state(resizer), Ok(moved));
    let format = format(320, 240, MbusCode::YUYV8_1X16);
    for pad in [0, 1] {
        let refused = graph.adjust(resizer, state, FormatChange::Format { pad, format }, true);
        assert_eq!(refused, Err(ipc::Error::Op(GraphError::Busy)));
    }
    graph.adjust(resizer, state, change, false).unwrap();
    assert_eq!(fake.take(), [""; 0], "trying does not reach the hardware");
}

#[test]
fn a_zoom_that_the_isp_refuses_or_dies_of_changes_nothing() {
    let (mut graph, fake, _) = streaming();
    let (resizer, state, change) = zoom(&graph);
    fake.0.borrow_mut().isp_set_crop = Some(ipc::Error::Op(IspError::InvalidPipeline));
    let refused = graph.adjust(resizer, state, change, true);
    assert_eq!(refused, Err(ipc::Error::Op(GraphError::Busy)));
    assert_eq!(graph.state(resizer), Ok(state));
    fake.0.borrow_mut().isp_set_crop = Some(ipc::Error::Disconnected(dead(ISP)));
    let ended = graph.adjust(resizer, state, change, true);
    assert_eq!(ended, Err(ipc::Error::Disconnected(dead(ISP))));
    assert_eq!(graph.find(&Name::new("OMAP3 ISP resizer")), Err(GraphError::NoSuchEntity));
}
