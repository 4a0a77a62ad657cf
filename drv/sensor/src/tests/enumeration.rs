//! What is enumerated is what the part takes.

use super::*;

/// What the sensor answers is what it takes: codes, sizes, intervals.
#[test]
fn what_is_enumerated_is_taken_as_it_is() {
    let mut world = World::serving();
    let mut state = Mode::DEFAULT.state();
    let codes = (0..).map_while(|index| world.sensor.enumerate(&state, Choice::Index(index)).ok());
    let offers: Vec<_> = codes.collect();
    let codes: Vec<_> = offers.iter().map(|offer| offer.code).collect();
    let all = [MbusCode::SGRBG8, MbusCode::SGRBG10, MbusCode::SGRBG10_DPCM8, MbusCode::SGRBG12];
    assert_eq!(codes, all);
    for Offer { code, sizes } in offers {
        assert_eq!(world.sensor.enumerate(&state, Choice::Code(code)), Ok(Offer { code, sizes }));
        let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } = sizes;
        assert_eq!([min_width_px, max_width_px], [32, 2592]);
        assert_eq!([min_height_px, max_height_px], [32, 1944]);
        for width_px in [30, 31, 32, 34, 1000, 2592, 2593, 2594, u16::MAX] {
            for height_px in [30, 31, 32, 34, 1000, 1944, 1945, 1946, u16::MAX] {
                let format = PadFormat { width_px, height_px, code };
                let change = FormatChange::Format { pad: 0, format };
                let taken = crate::adjust(&state, &change).source == format;
                let even = width_px % 2 == 0 && height_px % 2 == 0;
                assert_eq!(taken, even && sizes.contains(width_px, height_px), "{format:?}");
                let interval = world.sensor.enumerate_interval(&state, format, 0);
                assert_eq!(interval.is_ok(), taken, "{format:?}");
            }
        }
    }
    world.sensor.set_control(ControlId::EXPOSURE, 1).unwrap();
    for (width_px, height_px) in [(32, 32), (648, 486), (2592, 1944)] {
        let format = PadFormat { width_px, height_px, code: MbusCode::SGRBG10 };
        state = crate::adjust(&state, &FormatChange::Format { pad: 0, format });
        let nth = |world: &World, index| world.sensor.enumerate_interval(&state, format, index);
        let listed: Vec<_> = (0..).map_while(|index| nth(&world, index).ok()).collect();
        assert!(listed.is_sorted_by(|a, b| a.numerator < b.numerator), "each once, in order");
        // VERTICAL_BLANK, of eleven bits, and its default of 25.
        assert_eq!(listed.len(), 2048 - 25);
        for interval in listed.iter().step_by(101).chain(listed.last()) {
            assert_eq!(world.sensor.set_frame_interval(&state, *interval), Ok(*interval));
        }
        let beyond = FrameInterval { numerator: u32::MAX, denominator: 1 };
        for (wanted, taken) in
            [(FrameInterval::NONE, listed[0]), (beyond, listed[listed.len() - 1])]
        {
            assert_eq!(world.sensor.set_frame_interval(&state, wanted), Ok(taken));
        }
    }
}

#[test]
fn what_cannot_be_enumerated_is_refused() {
    let world = World::serving();
    let state = Mode::DEFAULT.state();
    for choice in [
        Choice::Index(4),
        Choice::Index(u16::MAX),
        Choice::Code(MbusCode(0)),
        Choice::Code(MbusCode::UYVY8_1X16),
    ] {
        let refused = world.sensor.enumerate(&state, choice);
        assert_eq!(refused, Err(SensorError::InvalidFormat), "{choice:?}");
    }
    let refused = world.sensor.enumerate_interval(&state, state.source, u16::MAX);
    assert_eq!(refused, Err(SensorError::InvalidFormat));
    let dark = World::new();
    assert_eq!(dark.sensor.enumerate(&state, Choice::Index(0)), Err(SensorError::NotReady));
    let refused = dark.sensor.enumerate_interval(&state, state.source, 0);
    assert_eq!(refused, Err(SensorError::NotReady));
}
