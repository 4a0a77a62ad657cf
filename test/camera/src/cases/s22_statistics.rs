//! S22: a client waits for statistics: its event queue ends with the disconnect, a later request says
//! Disconnected. S51 for the same queue. And what statistics are worth: those of a test pattern are
//! exactly what their definitions say.

use drv_isp_regs::sbl;
use idl::subdev;
use idl::types::{
    AewbConfig, AfConfig, ControlId, EventKind, Grid, HistogramConfig, HistogramRegion, NodeError,
    OwnerCounts, PollEvents, StatisticsConfig, StatisticsEngine,
};

use super::measuring::{AEWB, AEWB_POOL, Measuring, ROOM_BYTES, stop};
use super::removal::{self, Removal, in_time_us};
use crate::check::{Ended, Failure, Verdict, at_most, disconnected, equal, names, ok, refused};
use crate::clock::now_us;
use crate::ensure;
use crate::reference::{self, Gradient};
use crate::stage::{FRAME_MS, QUIET_US, Running, SENSOR_PX, Stage};
use crate::text::Text;

/// Length of a handle's event queue (omap3isp: `STAT_NEVENTS`).
const QUEUED_MAX: u32 = 8;
/// Frames more than the queue holds.
const OVERFLOW: u32 = 3;
/// The picture of the video port in these cases.
const PICTURE: Gradient = Gradient { width_px: SENSOR_PX.0 as u32, height_px: SENSOR_PX.1 as u32 };

/// Gains of 1.0 where the stages multiply, nothing else: what goes in comes out.
const PASS: [u16; 11] = [64, 0, 0, 64, 0, 0, 0, 0, 64, 0, 0];

const AF: AfConfig = AfConfig {
    grid: Grid { left_px: 16, top_px: 8, width_px: 32, height_px: 20, columns: 4, rows: 5 },
    step_y_px: 4,
    filter_start_px: 16,
    filters: [PASS; 2],
    colours: 2,
    peak: false,
    median: None,
    alaw: false,
};

const REGION: HistogramRegion =
    HistogramRegion { left_px: 3, right_px: 61, top_px: 5, bottom_px: 90 };

const HISTOGRAM: HistogramConfig = HistogramConfig {
    bins: 32,
    region_count: 2,
    regions: [
        REGION,
        HistogramRegion { left_px: 62, right_px: 150, top_px: 40, bottom_px: 41 },
        HistogramRegion { left_px: 0, right_px: 0, top_px: 0, bottom_px: 0 },
        HistogramRegion { left_px: 0, right_px: 0, top_px: 0, bottom_px: 0 },
    ],
    gains_q5: [32, 40, 64, 20],
};

/// Streams the test pattern.
fn pattern(stage: &mut Stage) -> Result<Running, Failure> {
    stage.prepared(4, |stage| {
        let sensor = subdev::Client::to(stage.camera.sensor);
        let handle = ok("open the sensor", sensor.open())?;
        let set = sensor.set_control(handle, ControlId::TEST_PATTERN, reference::DIAGONAL);
        equal("test pattern", ok("set control", set)?, reference::DIAGONAL)?;
        ok("close the sensor", sensor.close(handle))
    })
}

/// Measures some frames of the pattern; `compare` looks at each measurement.
fn measure(
    stage: &mut Stage,
    config: StatisticsConfig,
    compare: impl Fn(&[u8]) -> Result<(), Failure>,
) -> Verdict {
    const FRAMES: usize = 3;
    let running = pattern(stage)?;
    let measuring = Measuring::begin(stage, config)?;
    let (mut bytes, mut last) = ([0; ROOM_BYTES], None);
    for _ in 0..FRAMES {
        let announced = measuring.event()?;
        let label = measuring.request(&mut bytes)?;
        // The event of a measurement that was made while others were skipped may be gone.
        let number = label.frame_number;
        ensure!(number == announced || last.is_some() && number < announced, "{label:?}");
        ensure!(last.is_none_or(|last| number > last), "frame {number} after {last:?}");
        equal("configuration", label.config_counter, 1)?;
        equal("bytes", label.bytes, config.bytes())?;
        compare(&bytes[..label.bytes as usize])?;
        last = Some(number);
        stage.run_frames(&running, 1)?;
        // Comparing takes several frames: what came meanwhile is skipped.
        while measuring.node.request(measuring.handle, &mut bytes).is_ok() {}
        while measuring.node.dequeue_event(measuring.handle).is_ok() {}
    }
    measuring.close()?;
    stop(stage, &running)?;
    equal("refused by the firewall", stage.bench.seen().dma_refused, 0)?;
    Ok(Text::of(format_args!("{FRAMES} of {} bytes, to frame {last:?}", config.bytes())))
}

fn words16(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair))
}

fn words32(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word))
}

/// The black row comes first, because its lines do.
fn windows() -> impl Iterator<Item = ((u32, u32), u32)> {
    let Grid { left_px, top_px, width_px, height_px, columns, rows } = AEWB.grid;
    let black = (u32::from(AEWB.black_top_px), u32::from(AEWB.black_height_px));
    let grid = (0..u32::from(rows))
        .map(move |row| (u32::from(top_px) + row * u32::from(height_px), u32::from(height_px)));
    core::iter::once(black).chain(grid).flat_map(move |(top, height)| {
        (0..u32::from(columns))
            .map(move |column| ((u32::from(left_px) + column * u32::from(width_px), top), height))
    })
}

fn compare_aewb(bytes: &[u8]) -> Result<(), Failure> {
    let (mut found, mut counts) = (words16(bytes), [0; 8]);
    let mut take = |what: &str, at: usize, expected: &[u16]| -> Result<(), Failure> {
        for expected in expected {
            let found = found.next().unwrap_or(0);
            ensure!(found == *expected, "{what} {at}: expected {expected}, found {found}");
        }
        Ok(())
    };
    let mut count = 0;
    for (at, height) in windows() {
        let (sums, unsaturated) = reference::aewb_window(&PICTURE, &AEWB, at, height);
        take("window", count, &sums)?;
        counts[count % 8] = unsaturated;
        count += 1;
        if count % 8 == 0 {
            take("counts up to window", count, &core::mem::take(&mut counts))?;
        }
    }
    if count % 8 != 0 {
        take("last counts", count, &counts)?;
    }
    ensure!(found.next().is_none(), "more than {count} windows");
    Ok(())
}

pub fn aewb_exact(stage: &mut Stage) -> Verdict {
    measure(stage, AEWB.into(), compare_aewb)
}

fn compare_af(bytes: &[u8]) -> Result<(), Failure> {
    let Grid { left_px, top_px, width_px, height_px, columns, rows } = AF.grid;
    let mut found = words32(bytes);
    for row in 0..u32::from(rows) {
        for column in 0..u32::from(columns) {
            let left = u32::from(left_px) + column * u32::from(width_px);
            let top = u32::from(top_px) + row * u32::from(height_px);
            for (index, expected) in
                reference::af_paxel(&PICTURE, &AF, (left, top)).into_iter().enumerate()
            {
                let found = found.next().unwrap_or(0);
                ensure!(
                    found == expected,
                    "paxel {column}, {row}, word {index}: expected {expected}, found {found}"
                );
            }
        }
    }
    Ok(())
}

pub fn af_exact(stage: &mut Stage) -> Verdict {
    measure(stage, AF.into(), compare_af)
}

fn compare_histogram(bytes: &[u8]) -> Result<(), Failure> {
    let mut found = words32(bytes);
    for region in 0..usize::from(HISTOGRAM.region_count) {
        for place in 0..4 {
            for bin in 0..u32::from(HISTOGRAM.bins) {
                let expected =
                    reference::histogram_entry(&PICTURE, &HISTOGRAM, region, (place, bin));
                let found = found.next().unwrap_or(u32::MAX);
                ensure!(
                    found == expected,
                    "region {region}, place {place}, bin {bin}: expected {expected}, found {found}"
                );
            }
        }
    }
    Ok(())
}

pub fn histogram_exact(stage: &mut Stage) -> Verdict {
    measure(stage, HISTOGRAM.into(), compare_histogram)
}

pub fn refusals(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let node = stage.statistics[StatisticsEngine::Aewb as usize];
    let handle = ok("open", node.open())?;
    let mut bytes = [0; ROOM_BYTES];
    let mut request = |room: usize| node.request(handle, &mut bytes[..room]);
    refused("request before all", request(ROOM_BYTES), NodeError::NotEnabled)?;
    refused("enable before configure", node.enable(handle, true), NodeError::NotEnabled)?;
    let invalid = NodeError::InvalidConfiguration;
    let odd = AewbConfig { grid: Grid { width_px: 25, ..AEWB.grid }, ..AEWB };
    refused("an odd window", node.configure(handle, odd.into()), invalid)?;
    refused("another engine", node.configure(handle, AF.into()), invalid)?;
    let frame_sync = node.subscribe_event(handle, EventKind::FrameSync);
    refused("frame starts", frame_sync, NodeError::NoSuchEvent)?;
    equal("first configuration", ok("configure", node.configure(handle, AEWB.into()))?, 1)?;
    refused("request before enable", request(ROOM_BYTES), NodeError::NotEnabled)?;
    ok("enable", node.enable(handle, true))?;
    refused("request before a frame", request(ROOM_BYTES), NodeError::Busy)?;
    stage.run_frames(&running, 4)?;
    refused("too little room", request(AEWB.grid.rows.into()), NodeError::TooShort)?;
    let first = ok("request", request(ROOM_BYTES))?;
    equal("second configuration", ok("configure", node.configure(handle, AEWB.into()))?, 2)?;
    // What was measured before keeps its counter; sooner or later the new one comes.
    let second = stage.wait_for("a measurement with the new configuration", QUIET_US, |stage| {
        stage.run_frames(&running, 1)?;
        Ok(node.request(handle, &mut bytes).ok().filter(|label| label.config_counter == 2))
    })?;
    ensure!(second.frame_number > first.frame_number, "{second:?} after {first:?}");
    ok("disable", node.enable(handle, false))?;
    refused("request when off", node.request(handle, &mut bytes), NodeError::NotEnabled)?;
    ok("enable", node.enable(handle, true))?;
    stop(stage, &running)?;
    // The end of the stream disables; all buffers are back.
    refused("request after the stream", node.request(handle, &mut bytes), NodeError::NotEnabled)?;
    let counts = ok("counts", stage.frames.counts(AEWB_POOL))?;
    equal("buffers", counts, OwnerCounts { client: 5, ..OwnerCounts::default() })?;
    ok("close", node.close(handle))?;
    Ok(Text::of(format_args!("frames {} and {}", first.frame_number, second.frame_number)))
}

/// All engines measure, one queue overflows, the module goes.
pub fn full(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let measuring = Measuring::begin(stage, AEWB.into())?;
    stage.run_frames(&running, QUEUED_MAX + OVERFLOW + 3)?;
    let first = ok("DQEVENT", measuring.node.dequeue_event(measuring.handle))?;
    ensure!(first.number >= OVERFLOW, "the queue was not full: {first:?}");
    equal("events behind the first", u32::from(first.pending), QUEUED_MAX - 1)?;
    stage.run_frames(&running, 2)?;
    Removal::Unplug.begin(stage)?;
    let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
        Ok(stage.record(running.handle).ok())
    })?;
    let ended =
        Ended { peer: stage.isp, generation: running.epoch, causes: Removal::Unplug.causes() };
    for _ in 0..2 {
        let told = disconnected("DQEVENT", measuring.node.dequeue_event(measuring.handle))?;
        names("DQEVENT", told, &ended)?;
        equal("the same record on every node", told, record)?;
    }
    measuring.close()?;
    ok("close video6", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{} events were lost, not {record:?}", first.number)))
}

pub fn removed(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 2)?;
    let measuring = Measuring::begin(stage, AEWB.into())?;
    let Measuring { node, handle } = &measuring;
    let mut bytes = [0; ROOM_BYTES];
    for _ in 0..2 {
        measuring.event()?;
        measuring.request(&mut bytes)?;
        stage.run_frames(&running, 1)?;
    }
    // The module goes in the middle of a frame that is being measured, while this client waits.
    let frame = stage.bench.frame() + 2;
    stage.bench.at(frame, 40, drv_isp_regs::bench_control::UNPLUG, 0, 0)?;
    let mut told = 0;
    let begun_us = loop {
        let begun_us = now_us();
        let woke = ok("poll", node.poll(*handle, PollEvents::PRI, FRAME_MS))?;
        if woke.contains(PollEvents::DISCONNECTED) {
            break begun_us;
        }
        equal("poll", woke, PollEvents::PRI)?;
        ok("DQEVENT", node.dequeue_event(*handle))?;
        told += 1;
        ensure!(told < 8, "the module does not go");
    };
    at_most("poll", now_us() - begun_us, in_time_us(interval_us) + interval_us)?;
    let ended =
        Ended { peer: stage.isp, generation: running.epoch, causes: Removal::Unplug.causes() };
    let record = disconnected("DQEVENT", node.dequeue_event(*handle))?;
    names("DQEVENT", record, &ended)?;
    let again = disconnected("request", node.request(*handle, &mut bytes))?;
    equal("request", again, record)?;
    for (what, result) in [
        ("enable", node.enable(*handle, true)),
        ("configure", node.configure(*handle, AEWB.into()).map(|_| ())),
        ("subscribe", node.subscribe_event(*handle, EventKind::Statistics)),
    ] {
        equal(what, disconnected(what, result)?, record)?;
    }
    measuring.close()?;
    ok("close video6", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    // All buffers are back, and the new life knows nothing.
    stage.wait_for("the buffers", QUIET_US, |stage| {
        let OwnerCounts { hardware, quarantined, .. } =
            ok("counts", stage.frames.counts(AEWB_POOL))?;
        Ok((hardware == 0 && quarantined == 0).then_some(()))
    })?;
    let node = stage.statistics[StatisticsEngine::Aewb as usize];
    let handle = ok("open", node.open())?;
    refused("request", node.request(handle, &mut bytes), NodeError::NotEnabled)?;
    ok("close", node.close(handle))?;
    // And it measures.
    let running = stage.stream(4)?;
    let measuring = Measuring::begin(stage, AEWB.into())?;
    measuring.event()?;
    measuring.request(&mut bytes)?;
    measuring.close()?;
    stop(stage, &running)?;
    Ok(Text::of(format_args!("{told} events before the end, then {record:?}")))
}

/// Data of AEWB is lost on its way to memory: two measurements are lost, pictures are not, and then
/// all is as before.
pub fn overflow(stage: &mut Stage) -> Verdict {
    const LOST: u32 = 2;
    let running = pattern(stage)?;
    let measuring = Measuring::begin(stage, AEWB.into())?;
    let mut bytes = [0; ROOM_BYTES];
    measuring.event()?;
    measuring.request(&mut bytes)?;
    // In the middle of a measurement: the engine stands still there, and goes on from there.
    stage.in_mid_frame()?;
    stage.bench.overflow(sbl::pcr::H3A_AEAWB_WBL_OVF.mask());
    let mut lost = 0;
    let good = loop {
        // A damaged picture would end the case here.
        stage.run_frames(&running, 1)?;
        match measuring.any_event()? {
            (_, true) => lost += 1,
            (frame, false) if lost > 0 => break frame,
            // It was measured before the data was lost.
            (_, false) => {
                measuring.request(&mut bytes)?;
            }
        }
        ensure!(lost <= LOST, "{lost} measurements lost in a row");
    };
    equal("lost measurements", lost, LOST)?;
    let label = measuring.request(&mut bytes)?;
    equal("the first good frame", label.frame_number, good)?;
    compare_aewb(&bytes[..label.bytes as usize])?;
    measuring.close()?;
    stop(stage, &running)?;
    equal("refused by the firewall", stage.bench.seen().dma_refused, 0)?;
    Ok(Text::of(format_args!("{lost} lost, frame {good} is exact again")))
}
