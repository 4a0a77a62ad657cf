//! How good the interpolation is, in decibels, against plain bilinear.
//!
//! Two kinds of natural pictures: a photograph (`cat.jpg`, a part of "Chelsea", dedicated to the
//! public domain under CC0), and generated ones. "Dead leaves", discs of power-law sizes that cover
//! each other, have the edges, the occlusions and the spectrum of natural pictures (Lee, Mumford,
//! Huang 2001, "Occlusion models for natural images"). Their colours are as alike in the three
//! channels as natural ones, each leaf is shaded and textured, and a lens blurs it by about a pixel,
//! as it must in front of a mosaic.

use super::*;

const WIDTH: usize = 260;
const HEIGHT: usize = 196;
/// Samples per pixel and direction before the lens.
const FINE: usize = 3;
const THRESHOLDS: Thresholds = Thresholds { horizontal: 0x28, vertical: 0x28 };

/// A picture: 10-bit codes, `[HEIGHT][WIDTH][3]`.
type Picture = Vec<[u16; 3]>;

/// Uniform numbers in 0..1 from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mix = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mix = (mix ^ mix >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mix ^ mix >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Leaf {
    x: f64,
    y: f64,
    radius: f64,
    colour: [f64; 3],
    slope: [f64; 2],
    texture: [f64; 4],
}

impl Leaf {
    fn new(random: &mut Random) -> Self {
        // Radii from 4 to 80 pixels with a density that falls with the cube.
        let radius = 4.0 / (1.0 - random.next() * (1.0 - (4.0_f64 / 80.0).powi(2))).sqrt();
        let brightness = 60.0 + 760.0 * random.next() * random.next().sqrt();
        let tint: [f64; 3] = core::array::from_fn(|_| 0.8 + 0.4 * random.next());
        let mut signed = |scale: f64| scale * (2.0 * random.next() - 1.0);
        Self {
            slope: [signed(0.3), signed(0.3)],
            texture: [signed(0.05), signed(0.8), signed(0.8), signed(3.0)],
            x: WIDTH as f64 * random.next(),
            y: HEIGHT as f64 * random.next(),
            radius,
            colour: tint.map(|share| share * brightness),
        }
    }

    /// The colour at a point, if the leaf is there.
    fn at(&self, x: f64, y: f64) -> Option<[f64; 3]> {
        let (dx, dy) = (x - self.x, y - self.y);
        if dx * dx + dy * dy > self.radius * self.radius {
            return None;
        }
        let shade = 1.0 + (self.slope[0] * dx + self.slope[1] * dy) / self.radius;
        let [depth, across, down, phase] = self.texture;
        let texture = 1.0 + depth * (across * dx + down * dy + phase).sin();
        Some(self.colour.map(|level| level * shade * texture))
    }
}

/// Leaves from the front to the back, sampled finely, blurred by a lens and taken by pixels.
fn dead_leaves(seed: u64) -> Picture {
    let mut random = Random(seed);
    let leaves: Vec<Leaf> = (0..2000).map(|_| Leaf::new(&mut random)).collect();
    let (width, height) = (FINE * WIDTH, FINE * HEIGHT);
    let sample = |index: usize| {
        let at = |fine: usize| (fine as f64 + 0.5) / FINE as f64;
        let (x, y) = (at(index % width), at(index / width));
        leaves.iter().find_map(|leaf| leaf.at(x, y)).unwrap_or([200.0; 3])
    };
    let fine: Vec<[f64; 3]> = (0..width * height).map(sample).collect();
    let blurred = blur(&blur(&fine, width, 1), width, width);
    let pixel = |index: usize| {
        let corner = FINE * (index / WIDTH) * width + FINE * (index % WIDTH);
        let cells = (0..FINE * FINE).map(|i| blurred[corner + i / FINE * width + i % FINE]);
        let sum = cells.fold([0.0; 3], |sum, cell| core::array::from_fn(|c| sum[c] + cell[c]));
        sum.map(|level| (level / (FINE * FINE) as f64).round().clamp(0.0, 1023.0) as u16)
    };
    (0..WIDTH * HEIGHT).map(pixel).collect()
}

/// A lens in one direction: a Gaussian of half a pixel.
fn blur(fine: &[[f64; 3]], width: usize, step: usize) -> Vec<[f64; 3]> {
    let reach = 2 * FINE as isize;
    let sigma = 0.5 * FINE as f64;
    let weight = |offset: isize| (-(offset as f64 / sigma).powi(2) / 2.0).exp();
    let total: f64 = (-reach..=reach).map(weight).sum();
    let position = |index: usize| if step == 1 { index % width } else { index / width };
    let length = if step == 1 { width } else { fine.len() / width };
    let sample = |index: usize| {
        let here = position(index) as isize;
        let mut sum = [0.0; 3];
        for offset in -reach..=reach {
            let there = (here + offset).clamp(0, length as isize - 1) - here;
            let near = fine[index.wrapping_add_signed(there * step as isize)];
            (0..3).for_each(|c| sum[c] += weight(offset) / total * near[c]);
        }
        sum
    };
    (0..fine.len()).map(sample).collect()
}

/// The photograph, its 8-bit codes as 10-bit ones.
fn photograph() -> Picture {
    let photograph = image::load_from_memory(include_bytes!("cat.jpg")).expect("the photograph");
    let photograph = photograph.to_rgb8();
    assert_eq!((photograph.width(), photograph.height()), (WIDTH as u32, HEIGHT as u32));
    photograph.pixels().map(|pixel| pixel.0.map(|code| u16::from(code) << 2)).collect()
}

/// Mean squared errors of the interpolation and of bilinear.
fn errors(picture: &Picture, phase: Phase) -> [f64; 2] {
    let truth = |x: usize, y: usize| picture[y * WIDTH + x];
    let mosaic = Mosaic::of(WIDTH, HEIGHT, phase, truth);
    let inner = WIDTH - 2 * MARGIN;
    [mosaic.interpolated(THRESHOLDS), bilinear(&mosaic)].map(|got| {
        let squares = got.iter().enumerate().flat_map(|(index, got)| {
            let truth = truth(index % inner + MARGIN, index / inner + MARGIN);
            (0..3).map(move |c| (f64::from(got[c]) - f64::from(truth[c])).powi(2))
        });
        squares.sum::<f64>() / (3 * got.len()) as f64
    })
}

fn psnr_db(error: f64) -> f64 {
    10.0 * (1023.0 * 1023.0 / error).log10()
}

#[test]
fn a_natural_picture_comes_out_with_34_db_and_better_than_with_bilinear() {
    let mut pictures = vec![("cat".into(), photograph())];
    pictures.extend((1..=4).map(|seed| (format!("dead leaves {seed}"), dead_leaves(seed))));
    for (name, picture) in pictures {
        for phase in PHASES {
            let [own, plain] = errors(&picture, phase).map(psnr_db);
            println!("{name}, {phase:?}: {own:.2} dB, bilinear {plain:.2} dB");
            assert!(own >= 34.0 && own >= plain, "{name} {phase:?}: {own} {plain}");
        }
    }
}

#[test]
fn no_kind_of_picture_comes_out_worse_than_with_bilinear() {
    let picture = |code: &dyn Fn(f64, f64) -> [f64; 3]| -> Picture {
        let pixel = |index: usize| code((index % WIDTH) as f64, (index / WIDTH) as f64);
        (0..WIDTH * HEIGHT).map(|i| pixel(i).map(|level| level.clamp(0.0, 1023.0) as u16)).collect()
    };
    let zone = |x: f64, y: f64| {
        let squared = (x - 130.0).powi(2) + (y - 98.0).powi(2);
        [512.0 + 400.0 * (squared / 500.0).cos(); 3]
    };
    let edge = |turn: f64| {
        move |x: f64, y: f64| {
            let distance = (x - 130.0) * turn.cos() + (y - 98.0) * turn.sin();
            [300.0, 250.0, 200.0].map(|level| level + 500.0 * (distance + 0.5).clamp(0.0, 1.0))
        }
    };
    let stripes = |turn: f64| {
        move |x: f64, y: f64| {
            let wave = ((x * turn.cos() + y * turn.sin()) * 1.1).sin();
            [500.0 + 300.0 * wave, 450.0 + 270.0 * wave, 420.0 + 250.0 * wave]
        }
    };
    let mut cases = vec![("zone plate".into(), picture(&zone))];
    for step in 0..8 {
        let turn = f64::from(step) * core::f64::consts::PI / 8.0;
        cases.push((format!("edge {step}"), picture(&edge(turn))));
        cases.push((format!("stripes {step}"), picture(&stripes(turn))));
    }
    for (name, picture) in cases {
        for phase in PHASES {
            let [own, plain] = errors(&picture, phase);
            println!(
                "{name}, {phase:?}: {:.2} dB, bilinear {:.2} dB",
                psnr_db(own),
                psnr_db(plain)
            );
            assert!(own <= plain, "{name} {phase:?}: {own} {plain}");
        }
    }
}
