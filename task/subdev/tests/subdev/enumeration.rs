//! Codes, sizes and intervals of a pad, for a handle and for the active state.

use super::*;

#[test]
fn codes_sizes_and_intervals_are_those_of_the_state_that_is_meant() {
    let (mut node, _, handle) = serving();
    let by = (ALICE, handle);
    node.adjust(ALICE, handle, Which::Try, to_width(320)).unwrap();
    let code = MbusCode::SGRBG10;
    for (which, width_px) in [(Which::Try, 320), (Which::Active, 640)] {
        assert_eq!(node.enum_mbus_code(by, (which, 0), 0), Ok(code));
        let sizes = node.enum_frame_size(by, (which, 0), code, 0).unwrap();
        assert_eq!(sizes.max_width_px, width_px);
        let format = state(width_px).sink;
        let intervals: Vec<_> = (0..)
            .map_while(|index| node.enum_frame_interval(by, (which, 0), format, index).ok())
            .collect();
        assert_eq!(intervals.len(), 2);
    }
}

#[test]
fn an_enumeration_ends_and_bad_input_is_refused() {
    let (mut node, fake, handle) = serving();
    let by = (ALICE, handle);
    let (code, format) = (MbusCode::SGRBG10, state(640).sink);
    let refusal = |error| Err(ipc::Error::Op(error));
    let (end, no_pad) = (NodeError::InvalidFormat, NodeError::NoSuchLink);
    let here = (Which::Active, 0);
    for index in [1, u16::MAX] {
        assert_eq!(node.enum_mbus_code(by, here, index), refusal(end));
        assert_eq!(node.enum_frame_size(by, here, code, index).map(|_| code), refusal(end));
    }
    assert_eq!(node.enum_frame_interval(by, here, format, 2).map(|_| code), refusal(end));
    let odd = PadFormat { width_px: 7, ..format };
    assert_eq!(node.enum_frame_interval(by, here, odd, 0).map(|_| code), refusal(end));
    let other = MbusCode::YUYV8_1X16;
    assert_eq!(node.enum_frame_size(by, here, other, 0).map(|_| code), refusal(end));
    let odd = PadFormat { code: other, ..format };
    assert_eq!(node.enum_frame_interval(by, here, odd, 0).map(|_| code), refusal(end));
    for pad in [1, u8::MAX] {
        let there = (Which::Try, pad);
        assert_eq!(node.enum_mbus_code(by, there, 0), refusal(no_pad));
        assert_eq!(node.enum_frame_size(by, there, code, 0).map(|_| code), refusal(no_pad));
        assert_eq!(node.enum_frame_interval(by, there, format, 0).map(|_| code), refusal(no_pad));
    }
    let other = (TaskId::new(TaskIndex(13), Generation(0)), handle);
    assert_eq!(node.enum_mbus_code(other, here, 0), refusal(NodeError::BadHandle));
    fake.0.borrow_mut().refusal = Some(ipc::Error::Op(NodeError::NoFrameInterval));
    let refused = node.enum_frame_interval(by, here, format, 0).map(|_| code);
    assert_eq!(refused, refusal(NodeError::NoFrameInterval));
}

#[test]
fn a_death_in_an_enumeration_ends_the_handle() {
    for of_driver in [false, true] {
        let (mut node, fake, handle) = serving();
        let by = (ALICE, handle);
        let peer = if of_driver { DRIVER } else { GRAPH };
        let told = Disconnect { hops: 1, ..record(peer) };
        let format = state(640).sink;
        if of_driver {
            fake.0.borrow_mut().refusal = Some(ipc::Error::Disconnected(told));
        } else {
            fake.0.borrow_mut().failure = Some(ipc::Error::Disconnected(told));
        }
        let here = (Which::Try, 0);
        let ended = Err(ipc::Error::Disconnected(told));
        assert_eq!(node.enum_frame_interval(by, here, format, 0).map(|_| ()), ended);
        assert_eq!(node.enum_mbus_code(by, here, 0).map(|_| ()), ended);
        assert_eq!(node.enum_frame_size(by, here, format.code, 0).map(|_| ()), ended);
    }
}
