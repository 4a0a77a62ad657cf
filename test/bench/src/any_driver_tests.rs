//! Whatever a driver writes, whenever, and however the hardware misbehaves: core 1 neither panics nor runs on
//! for ever, and reaches no byte outside of an open window.
//!
//! Writes go the way of a driver's, through [`Hardware`], so that access classes and locks hold. Random
//! words are mostly dead configurations: so all paths run before the first write, and most writes change a
//! few fields of a block to corners of their ranges and leave the others.

use crate::core1::{Camera, Memory, Turn};
use crate::irq::Pend;
use crate::log::{Access, Log, Who};
use crate::params::Parameters;
use crate::regs::{Hardware, HostTransfer, Kind, Platform, Request};
use crate::scene::{SceneSize, SceneSource};
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{
    ALL, Block, Field, Register, bench_control, ccdc, csi2a, firewall, h3a, hist, main_block, prcm,
    preview, resizer, sensor, sensor::data_format,
};
use proptest::prelude::*;

/// Most bursts of one line: 2048 of a table of fault pixels, one for each of 36 x 128 paxels that a short
/// frame leaves, and 256 lines of a resizer, with room for the rest.
const BURSTS_MAX: u32 = 3 * 8192;
/// Memory that the camera reaches: sixteen megabytes.
const MEMORY: core::ops::Range<u64> = 0x8000_0000..0x8100_0000;

struct Quiet {
    now_us: u64,
}

impl Platform for Quiet {
    fn now_us(&mut self) -> u64 {
        self.now_us
    }
    fn ring_core1(&mut self) {}
    fn relax(&mut self) {
        panic!("core 1 stands still meanwhile")
    }
    fn pend(&mut self, _: usize, _: Pend) {}
    fn send_to_host(&mut self, _: HostTransfer) -> bool {
        panic!("no driver asks the host")
    }
    fn trace(&mut self, _: &Access) {}
}

struct Ramp;

impl SceneSource for Ramp {
    fn size(&self) -> SceneSize {
        SceneSize { width_px: 648, height_px: 486 }
    }
    fn line(&mut self, y: usize, rgb: &mut [u8]) {
        rgb.iter_mut().enumerate().for_each(|(x, byte)| *byte = (x * 7 + y * 13) as u8);
    }
}

/// Memory that knows which of its bytes may be reached, from the registers alone.
struct Guarded<'a> {
    shared: &'a Shared,
    bursts: u32,
}

impl Guarded<'_> {
    fn check(&mut self, address: u32, bytes: usize, direction: drv_isp_regs::Field) {
        self.bursts += 1;
        let burst = u64::from(address)..u64::from(address) + bytes as u64;
        let within =
            |range: &core::ops::Range<u64>| range.start <= burst.start && burst.end <= range.end;
        let word = |register, index| self.shared.element(register, index).load(SeqCst);
        let open = (0..firewall::WINDOWS).any(|index| {
            let control = word(&firewall::WINDOW_CONTROL, index);
            let base = u64::from(word(&firewall::WINDOW_BASE, index));
            let end = base + u64::from(word(&firewall::WINDOW_BYTES, index));
            let is_open = firewall::window_control::ENABLE.is_set(control);
            is_open && direction.is_set(control) && within(&(base..end))
        });
        assert!(open && within(&MEMORY), "{burst:#x?} is in no window");
        assert!(self.shared.gates.load(SeqCst) & gate::DMA != 0, "no bus");
    }
}

impl Memory for Guarded<'_> {
    fn write(&mut self, address: u32, bytes: &[u8]) {
        self.check(address, bytes.len(), firewall::window_control::WRITE);
    }
    /// Any content: small numbers in some places, so that tables have entries that are used.
    fn read(&mut self, address: u32, bytes: &mut [u8]) {
        self.check(address, bytes.len(), firewall::window_control::READ);
        for (at, byte) in bytes.iter_mut().enumerate() {
            let place = address.wrapping_add(at as u32);
            let mixed = place.wrapping_mul(0x9E37_79B1).rotate_left(11);
            *byte = if place & 0x40 == 0 { (place >> 2) as u8 & 7 } else { mixed as u8 };
        }
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Some fields of a block of the ISP, but for its control word; numbers are drawn from the seed.
    Fields(prop::sample::Index, u64),
    /// A driver writes: place in the list of words, value.
    Write(prop::sample::Index, Draw),
    /// The hardware misbehaves: kind, arguments.
    Misbehave(u32, u32, u32),
    /// All that it was asked to do wrong ends with a reset, a loss of power or an unplug; then all starts anew, with the
    /// frames of this way.
    Restart(u32, Way),
    /// The sensor has been told something.
    Sensor(prop::sample::Index, Draw),
    /// Lines pass.
    Lines(u8),
}

/// How frames of the sensor come to the CCDC.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// A mosaic on the parallel port.
    Mosaic,
    /// YCbCr there, in this order, joined by the bridge or not.
    YCbCr(u16, u32),
    /// A mosaic on the serial line, which the receiver writes to memory too, or not.
    Serial { to_memory: bool },
}

/// Where a value comes from.
#[derive(Clone, Debug)]
enum Draw {
    Bits(u32),
    AllOnes,
    Zero,
    /// The reset value, or what ran before, with one bit turned.
    Flip(u8),
    /// Within memory or a little beyond, if it is an address.
    Near(u32),
}

impl Draw {
    fn value(&self, before: u32) -> u32 {
        match *self {
            Self::Bits(bits) => bits,
            Self::AllOnes => u32::MAX,
            Self::Zero => 0,
            Self::Flip(bit) => before ^ 1 << (bit % 32),
            Self::Near(bits) => 0x80FF_0000u32.wrapping_add(bits & 0x1_FFFF),
        }
    }
}

fn draw() -> impl Strategy<Value = Draw> {
    prop_oneof![
        3 => any::<u32>().prop_map(Draw::Bits),
        2 => Just(Draw::AllOnes),
        2 => Just(Draw::Zero),
        5 => any::<u8>().prop_map(Draw::Flip),
        1 => any::<u32>().prop_map(Draw::Near),
    ]
}

/// Misbehaviour of all kinds but the module's coming and going.
const WRONG: core::ops::RangeInclusive<u32> = bench_control::IRQ_LOST..=bench_control::CLOCK_LOST;
/// Of lines of a serial frame.
const LINE_WRONG: core::ops::RangeInclusive<u32> =
    bench_control::CSI2_CRC..=bench_control::CSI2_ECC_2BIT;
/// Of engines and frames.
const DMA_WRONG: core::ops::RangeInclusive<u32> =
    bench_control::DMA_LATE..=bench_control::FRAME_TORN;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (any::<prop::sample::Index>(), any::<u64>()).prop_map(|(at, s)| Step::Fields(at, s)),
        3 => (any::<prop::sample::Index>(), draw()).prop_map(|(at, draw)| Step::Write(at, draw)),
        1 => (any::<prop::sample::Index>(), draw()).prop_map(|(at, draw)| Step::Sensor(at, draw)),
        3 => (1..60_u8).prop_map(Step::Lines),
        1 => (WRONG, 0..200_u32, 1..4_u32).prop_map(|(kind, a, b)| Step::Misbehave(kind, a, b)),
        1 => (DMA_WRONG, any::<u32>(), 1..4_u32)
            .prop_map(|(kind, a, b)| Step::Misbehave(kind, a, b)),
        1 => (LINE_WRONG, 0..50_u32, 1..4_u32)
            .prop_map(|(kind, a, b)| Step::Misbehave(kind, a, b)),
        1 => (0..3_u32, way()).prop_map(|(loss, way)| Step::Restart(loss, way)),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    let order = prop_oneof![Just(data_format::YUYV8), Just(data_format::UYVY8)];
    prop_oneof![
        Just(Way::Mosaic),
        (order, 0..4_u32).prop_map(|(order, bridge)| Way::YCbCr(order, bridge)),
        any::<bool>().prop_map(|to_memory| Way::Serial { to_memory }),
    ]
}

/// Words that a driver of the ISP can write, and the windows of the ledger.
fn words() -> Vec<(&'static Register, u32)> {
    let rows = Block::ISP.iter().chain([&Block::Firewall]).flat_map(|block| ALL[*block as usize]);
    let elements = |row: &'static Register| (0..u32::from(row.count)).map(move |at| (row, at));
    // Where frames come from and go is not a corner: a reset ends everything that runs.
    let resets = |row: &Register| {
        [main_block::SYSCONFIG, csi2a::SYSCONFIG, drv_isp_regs::ccp2::SYSCONFIG].contains(row)
    };
    rows.flat_map(elements).filter(|(row, _)| row.writable != 0 && !resets(row)).collect()
}

/// Numbers of a seed: Marsaglia, Xorshift RNGs, 2003.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    /// The word with one field in `rarity` changed.
    fn word(&mut self, rarity: u32, register: &Register, before: u32) -> u32 {
        let whole = [("", Field::new(0, 32))];
        let fields = match drv_isp_regs::fields(register.window_offset()) {
            [] => &whole[..],
            fields => fields,
        };
        fields.iter().fold(before, |word, (_, field)| {
            let (kind, drawn) = (self.next() % (5 * rarity), self.next());
            let value = match kind {
                0 => 0,
                1 => u32::MAX,
                2 => drawn,
                3 => drawn % 4,
                4 => field.get(word) ^ 1,
                _ => return word,
            };
            word & !field.mask() | field.of(value & field.max())
        })
    }
}

/// Changes some fields of a block, and sets it going again.
fn change_fields(hardware: &mut Machine<'_>, shared: &Shared, block: Block, seed: u64) {
    let mut numbers = Numbers(seed | 1);
    let rarity = 1 + numbers.next() % 8;
    for (register, index) in
        words().iter().filter(|(row, _)| row.block == block && row.name != "PCR")
    {
        let before = shared.element(register, *index as usize).load(SeqCst);
        let value = numbers.word(rarity, register, before);
        if value != before {
            write(hardware, register, *index, value);
        }
    }
    // From memory as likely as live.
    let source = preview::pcr::SOURCE.of(numbers.next() & 1);
    match block {
        Block::Preview => {
            let before = shared.get(&preview::PCR);
            let enable = preview::pcr::EN.mask() | source;
            let changed = numbers.word(rarity, &preview::PCR, before);
            write(hardware, &preview::PCR, 0, changed | enable);
        }
        Block::Resizer => write(hardware, &resizer::PCR, 0, resizer::pcr::EN.mask()),
        Block::Hist => write(hardware, &hist::PCR, 0, hist::pcr::EN.mask()),
        Block::H3a => {
            let before = shared.get(&h3a::PCR);
            let enable = h3a::pcr::AEW_EN.mask() | h3a::pcr::AF_EN.mask();
            write(hardware, &h3a::PCR, 0, numbers.word(rarity, &h3a::PCR, before) | enable);
        }
        Block::Ccdc => write(hardware, &ccdc::PCR, 0, 1),
        _ => {}
    }
}

type Machine<'a> = Hardware<'a, Quiet>;

fn write(hardware: &mut Machine<'_>, register: &Register, index: u32, value: u32) {
    let offset = register.window_offset() + index * u32::from(register.stride_bytes);
    let request = Request { offset, is_word: true, kind: Kind::Write(value), who: Who::default() };
    // Without clock or power it ends in a bus fault, which is an answer too.
    let _ = hardware.access(request);
}

fn misbehave(hardware: &mut Machine<'_>, kind: u32, a: u32, b: u32) {
    for (register, value) in
        [(&bench_control::A, a), (&bench_control::B, b), (&bench_control::COMMAND, kind)]
    {
        write(hardware, register, 0, value);
    }
    hardware.tick();
}

/// The ISP loses its state, in one of three ways, in the middle of whatever it does.
fn lose_state(hardware: &mut Machine<'_>, way: u32) {
    match way {
        0 => write(hardware, &main_block::SYSCONFIG, 0, main_block::sysconfig::SOFTRESET.of(1)),
        1 => write(hardware, &prcm::POWER_CONTROL, 0, 0),
        _ => {
            misbehave(hardware, bench_control::UNPLUG, 0, 0);
            misbehave(hardware, bench_control::REPLUG, 0, 0);
        }
    }
    hardware.platform().now_us += 100_000;
    hardware.tick();
}

/// Sensor, CCDC, preview, resizer, all statistics, with windows over all of memory.
fn start(hardware: &mut Machine<'_>, shared: &Shared) {
    write(hardware, &prcm::POWER_CONTROL, 0, 1);
    hardware.platform().now_us += 1000;
    hardware.tick();
    write(hardware, &prcm::CLOCK_ENABLE, 0, 0xF);
    write(hardware, &prcm::RESET_CONTROL, 0, 0);
    for (index, control) in [(0, 5), (1, 3)] {
        write(hardware, &firewall::WINDOW_BASE, index, 0x8000_0000);
        write(hardware, &firewall::WINDOW_BYTES, index, 0x0100_0000);
        write(hardware, &firewall::WINDOW_CONTROL, index, control);
    }
    for (register, value) in [
        (&main_block::TCTRL_CTRL, main_block::tctrl_ctrl::DIVA.of(8)),
        (&main_block::CTRL, main_block::CTRL.writable & !0xFF),
        (&ccdc::SYN_MODE, ccdc::syn_mode::VDHDEN.of(1) | ccdc::syn_mode::DATSIZ.of(6) | 1 << 17),
        (&ccdc::CFG, ccdc::cfg::VDLC.mask()),
        (&ccdc::HORZ_INFO, 63),
        (&ccdc::VERT_LINES, 39),
        (&ccdc::SDR_ADDR, 0x8001_0000),
        (&ccdc::HSIZE_OFF, 128),
        (&ccdc::FMT_HORZ, 64),
        (&ccdc::FMT_VERT, 40),
        (&ccdc::VP_OUT, 64 << 4 | 39 << 17),
        (&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6)),
        (&preview::HORZ_INFO, 63),
        (&preview::VERT_INFO, 38),
        (&preview::WSDR_ADDR, 0x8002_0000),
        (&preview::WADD_OFFSET, 128),
        (&resizer::CNT, 255 | 255 << 10),
        (&resizer::IN_SIZE, 47 | 34 << 16),
        (&resizer::OUT_SIZE, 40 | 30 << 16),
        (&resizer::SDR_OUTADD, 0x8003_0000),
        (&resizer::SDR_OUTOFF, 96),
        (&h3a::AEWBUFST, 0x8004_0000),
        (&h3a::AFBUFST, 0x8005_0000),
        (&h3a::PCR, h3a::pcr::AEW_EN.mask() | h3a::pcr::AF_EN.mask()),
        (&hist::PCR, hist::pcr::EN.mask()),
        (&resizer::PCR, resizer::pcr::EN.mask()),
        (&preview::PCR, PREVIEW),
        (&ccdc::PCR, 1),
    ] {
        write(hardware, register, 0, value);
    }
    for (register, value) in [
        (&sensor::WINDOW_WIDTH, 8 * 64 - 1),
        (&sensor::WINDOW_HEIGHT, 8 * 40 - 1),
        (&sensor::ROW_ADDRESS_MODE, 7),
        (&sensor::COLUMN_ADDRESS_MODE, 7),
        (&sensor::VERTICAL_BLANK, 8),
        (&sensor::SHUTTER_WIDTH_LOWER, 40),
        (&sensor::OUTPUT_CONTROL, sensor::output_control::CHIP_ENABLE.mask()),
    ] {
        shared.sensor(register.sensor_index()).store(value, SeqCst);
    }
}

/// After [`start`]: the sensor's frames take another way.
fn divert(hardware: &mut Machine<'_>, shared: &Shared, way: Way) {
    match way {
        Way::Mosaic => {}
        Way::YCbCr(order, bridge) => {
            for (register, value) in
                [(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_YCBCR), (&sensor::DATA_FORMAT, order)]
            {
                shared.sensor(register.sensor_index()).store(value.into(), SeqCst);
            }
            let control = shared.get(&main_block::CTRL);
            let control = main_block::ctrl::PAR_BRIDGE.put(control, bridge);
            write(hardware, &main_block::CTRL, 0, control);
            let mode = shared.get(&ccdc::SYN_MODE);
            write(hardware, &ccdc::SYN_MODE, 0, ccdc::syn_mode::INPMOD.put(mode, 1));
        }
        Way::Serial { to_memory } => {
            let lanes = csi2a::complexio_cfg1::CLOCK_POSITION.of(1)
                | csi2a::complexio_cfg1::DATA1_POSITION.of(2)
                | csi2a::complexio_cfg1::PWR_CMD.of(csi2a::POWER_ON);
            let port_only = u32::from(!to_memory);
            for (register, value) in [
                (&csi2a::COMPLEXIO_CFG1, lanes),
                (&csi2a::CTX_CTRL2, csi2a::ctx_ctrl2::FORMAT.of(csi2a::format::RAW10_EXP16_VP)),
                (&csi2a::CTX_DAT_OFST, 128),
                (&csi2a::CTX_DAT_PING_ADDR, 0x8006_0000),
                (&csi2a::CTX_DAT_PONG_ADDR, 0x8006_0000),
                (
                    &csi2a::CTX_CTRL1,
                    csi2a::ctx_ctrl1::CTX_EN.mask() | csi2a::ctx_ctrl1::CS_EN.mask(),
                ),
                (
                    &csi2a::CTRL,
                    csi2a::ctrl::IF_EN.mask()
                        | csi2a::ctrl::ECC_EN.mask()
                        | csi2a::ctrl::VP_ONLY_EN.of(port_only),
                ),
            ] {
                write(hardware, register, 0, value);
            }
            let control = shared.get(&main_block::CTRL);
            write(
                hardware,
                &main_block::CTRL,
                0,
                main_block::ctrl::PAR_SER_CLK_SEL.put(control, 1),
            );
        }
    }
}

const PREVIEW: u32 = preview::pcr::EN.mask()
    | preview::pcr::CFAEN.mask()
    | preview::pcr::RSZPORT.mask()
    | preview::pcr::SDRPORT.mask();

fn pass_lines(hardware: &mut Machine<'_>, camera: &mut Camera, shared: &Shared, count: u8) {
    for _ in 0..count {
        let mut memory = Guarded { shared, bursts: 0 };
        if camera.begin_line(shared) == Turn::Line {
            camera.run_line(shared, &mut Ramp, &mut memory);
        }
        assert!(memory.bursts <= BURSTS_MAX, "{} bursts in a line", memory.bursts);
        hardware.platform().now_us += 50;
        hardware.tick();
    }
}

proptest! {
    // PROPTEST_CASES asks for more of them. A failing input becomes a test of what was wrong.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_driver_breaks_core_1(steps in prop::collection::vec(step(), 1..120)) {
        let (shared, mut log) = (Box::new(Shared::new()), Box::new(Log::new()));
        let platform = Quiet { now_us: 0 };
        let mut hardware = Hardware::new(&shared, &mut log, platform, &Parameters::default());
        let mut camera = Box::new(Camera::new());
        start(&mut hardware, &shared);
        pass_lines(&mut hardware, &mut camera, &shared, 70);
        prop_assert_eq!(shared.progress.frame.load(SeqCst), 2, "it runs");
        let words = words();
        for step in steps {
            match step {
                Step::Fields(at, seed) => {
                    let block = *at.get(&Block::ISP);
                    change_fields(&mut hardware, &shared, block, seed);
                }
                Step::Misbehave(kind, a, b) => misbehave(&mut hardware, kind, a, b),
                Step::Restart(loss, way) => {
                    lose_state(&mut hardware, loss);
                    start(&mut hardware, &shared);
                    divert(&mut hardware, &shared, way);
                }
                Step::Write(at, draw) => {
                    let (register, index) = *at.get(&words);
                    let before = shared.element(register, index as usize).load(SeqCst);
                    write(&mut hardware, register, index, draw.value(before));
                }
                Step::Sensor(at, draw) => {
                    let register = at.get(sensor::TABLE);
                    let word = shared.sensor(register.sensor_index());
                    word.store(draw.value(word.load(SeqCst)) & register.writable, SeqCst);
                }
                Step::Lines(count) => pass_lines(&mut hardware, &mut camera, &shared, count),
            }
        }
        pass_lines(&mut hardware, &mut camera, &shared, 120);
    }
}
