//! Digital zoom: the crop changes under a running stream.

use super::*;

/// The running resizer's state with another crop.
pub fn cropped(pipeline: &Pipeline, left_px: u16, width_px: u16, height_px: u16) -> BlockState {
    let crop = idl::types::Rect { left_px, top_px: left_px, width_px, height_px };
    let running = pipeline.resizer.expect("a resizer");
    crate::formats::resizer::adjust(running, idl::types::FormatChange::Crop(crop))
}

impl Bench {
    fn set_crop(&mut self, state: &BlockState) -> Result<(), IspError> {
        let video = self.pipeline.video;
        self.with(|driver, outside| driver.set_crop(video, state, outside))
    }
}

#[test]
fn a_crop_set_in_the_middle_of_a_frame_is_that_of_the_next() {
    let pipeline = processed(320, 240);
    let mut bench = Bench::streaming(pipeline);
    (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
    bench.frames(1);
    let old = bench.model.borrow_mut().window();
    bench.moment();
    assert_eq!(bench.set_crop(&cropped(&pipeline, 100, 340, 250)), Ok(()));
    assert_eq!(bench.model.borrow_mut().window(), old, "the frame in progress keeps its crop");
    bench.frames(2);
    bench.fetch();
    assert_eq!(bench.good().len(), 3, "no frame is lost or damaged");
    let model = bench.model.borrow();
    assert_eq!(model.window_of(BufferIndex(1)), old);
    assert_ne!(model.window_of(BufferIndex(2)), old);
}

#[test]
fn formats_do_not_change_and_what_has_no_resizer_has_no_crop() {
    let pipeline = processed(320, 240);
    let mut bench = Bench::streaming(pipeline);
    let good = cropped(&pipeline, 100, 340, 250);
    let other = processed(160, 120).resizer.expect("a resizer");
    assert_eq!(bench.set_crop(&other), Err(IspError::InvalidPipeline), "another output size");
    let mut outside = good;
    outside.crop.left_px = 600;
    assert_eq!(bench.set_crop(&outside), Err(IspError::InvalidPipeline));
    bench.stop();
    assert_eq!(bench.set_crop(&good), Err(IspError::NotStreaming));
    for other in [raw(), preview_only()] {
        assert_eq!(Bench::streaming(other).set_crop(&good), Err(IspError::InvalidPipeline));
    }
}

/// The words of a crop, in the order of [`Model::window`].
fn words(state: &BlockState) -> Vec<u32> {
    let mut words = std::collections::BTreeMap::new();
    let mut put = |write: Write| _ = words.insert(write.offset, write.value);
    let live = program::check(&processed(320, 240)).expect("a good pipeline");
    program::configure_crop(&live, state, &mut Writer(&mut put));
    model::locked().map(|offset| words.get(&offset).copied().unwrap_or(0)).collect()
}

/// Whenever a crop is set and whatever passes meanwhile: a frame that is called good was made with
/// one of the crops that were asked for, as a whole, and the last one is reached.
#[test]
fn no_good_frame_shows_two_crops() {
    let (mut good, mut damaged) = (0, 0);
    for seed in 1..=300 {
        let mut random = Random(seed);
        let pipeline = processed(320, 240);
        let mut bench = Bench::streaming(pipeline);
        let crops = [cropped(&pipeline, 0, 640, 480), cropped(&pipeline, 50, 400, 300)];
        let first = words(&pipeline.resizer.expect("a resizer"));
        let asked = [first, words(&crops[0]), words(&crops[1])];
        let mut last = 0;
        let mut free: Vec<u8> = (0..4).collect();
        for round in 0..100 {
            while let Some(index) = free.pop() {
                bench.queue(index).expect("four buffers have room");
            }
            bench.pass();
            let after = (random.below(2) == 0).then(|| random.below(60));
            bench.model.borrow_mut().pass_after = after;
            if round % 8 == 3 {
                last = 1 + random.below(2) as usize;
                assert_eq!(bench.set_crop(&crops[last - 1]), Ok(()));
            }
            if random.below(4) != 0 {
                bench.interrupt();
            }
            bench.model.borrow_mut().pass_after = None;
            let fetched = bench.fetched.len();
            bench.fetch();
            for frame in &bench.fetched[fetched..] {
                free.push(frame.buffer.0);
                if frame.flags != FrameFlags::default() {
                    damaged += 1;
                    continue;
                }
                let model = bench.model.borrow();
                let window = model.window_of(frame.buffer);
                let whole = asked.iter().any(|crop| crop == window);
                assert!(whole, "seed {seed}, round {round}: {frame:?}");
                good += 1;
            }
        }
        bench.frames(3);
        assert_eq!(bench.model.borrow_mut().window(), asked[last], "seed {seed}");
    }
    assert!(good > 3_000 && damaged > 10, "the walk is about something: {good}, {damaged}");
}
