//! The frame that the CCDC makes, configured as a client configures it.
//!
//! [`Ccdc`] takes what VIDIOC_OMAP3ISP_CCDC_CFG gives the driver, in the same types (`idl`), and corrects a
//! whole mosaic of ten bits, bit for bit: for the preview engine ([`Ccdc::correct`]), or as it lies in
//! memory ([`Ccdc::in_memory`]). It is written from the definitions (OMAP36xx TRM; what TI keeps for itself
//! is defined in the documentation of `test/bench/src/pixels`), as [`crate::preview`] is.

use idl::types::{
    BlackClamp, BlackCompensation, CcdcFeatures, CcdcParameters, CcdcTable, Culling, LensShading,
};

/// The largest code.
const CODE_MAX: u16 = 1023;
/// A of A-law (ITU-T G.711).
const A: f64 = 87.6;

/// What the CCDC is told, function by function.
#[derive(Clone, Debug, Default)]
pub struct Ccdc {
    /// Functions that are on.
    pub on: CcdcFeatures,
    /// What is subtracted while the clamp is off.
    pub subtract: u16,
    clamp: Option<BlackClamp>,
    compensation: [i8; 4],
    culling: Option<Culling>,
    shading: Option<LensShading>,
    faults: Vec<u32>,
    gains: Vec<u8>,
}

impl Ccdc {
    /// Parameters of a function.
    pub fn give(&mut self, given: &CcdcParameters) {
        match *given {
            CcdcParameters::BlackClamp(clamp) => self.clamp = Some(clamp),
            CcdcParameters::BlackCompensation(BlackCompensation(levels)) => {
                self.compensation = levels;
            }
            CcdcParameters::Culling(culling) => self.culling = Some(culling),
            CcdcParameters::LensShading(shading) => self.shading = Some(shading),
        }
    }

    /// A table.
    pub fn give_table(&mut self, table: CcdcTable, bytes: &[u8]) {
        match table {
            CcdcTable::FaultPixels => {
                let words = bytes.as_chunks().0.iter();
                self.faults = words.map(|word| u32::from_le_bytes(*word)).collect();
            }
            CcdcTable::LensShading => self.gains = bytes.to_vec(),
        }
    }

    /// Switches functions. A clamp that is switched off leaves its number.
    pub fn switch(&mut self, update: CcdcFeatures, on: CcdcFeatures) {
        self.on = self.on.without(update).and(on);
        if update.without(on).contains(CcdcFeatures::BLCLAMP) {
            self.subtract = self.clamp.map_or(0, |clamp| clamp.subtract);
        }
    }

    /// The codes behind clamp, compensation, fault pixels and shading.
    pub fn correct(&self, codes: &[u16], width: usize) -> Vec<u16> {
        let mut out = self.black(codes, width);
        if self.on.contains(CcdcFeatures::FPC) {
            self.faults.iter().for_each(|fault| replace(*fault, &mut out, width));
        }
        if let Some(shading) = self.shading.filter(|_| self.on.contains(CcdcFeatures::LSC)) {
            for (place, code) in out.iter_mut().enumerate() {
                let gain = self.gain(&shading, place % width, place / width);
                *code = (f64::from(*code) * gain + 0.5).floor().min(CODE_MAX.into()) as u16;
            }
        }
        out
    }

    /// The lines that are written to memory.
    pub fn in_memory(&self, codes: &[u16], width: usize) -> Vec<Vec<u16>> {
        let all = Culling { lines: 0xFF, even: 0xFF, odd: 0xFF };
        let culling = self.culling.filter(|_| self.on.contains(CcdcFeatures::CULL)).unwrap_or(all);
        let kept = |mask: u8, index: usize| mask >> (index % 8) & 1 == 1;
        let corrected = self.correct(codes, width);
        let lines = corrected.chunks(width).enumerate().filter(|(y, _)| kept(culling.lines, *y));
        lines
            .map(|(y, line)| {
                let mask = if y % 2 == 0 { culling.even } else { culling.odd };
                let passed = self.passed(line);
                let pixels = passed.into_iter().enumerate().filter(|(x, _)| kept(mask, *x));
                pixels.map(|(_, code)| self.compressed(code)).collect()
            })
            .collect()
    }

    /// Clamp, or the number, and the level of each colour of GRBG, in one sum.
    fn black(&self, codes: &[u16], width: usize) -> Vec<u16> {
        let clamp = self.clamp.filter(|_| self.on.contains(CcdcFeatures::BLCLAMP));
        let compensated = self.on.contains(CcdcFeatures::BCOMP);
        let code_at = |place: usize| {
            let (x, y) = (place % width, place / width);
            let level = clamp
                .map_or(self.subtract.into(), |clamp| dark(&clamp, codes, width, y).floor() as i32);
            let colour = match (x % 2, y % 2) {
                (1, 0) => 0,
                (0, 0) => 1,
                (1, 1) => 2,
                _ => 3,
            };
            let added = if compensated { self.compensation[colour].into() } else { 0 };
            (i32::from(codes[place]) - level + added).clamp(0, CODE_MAX.into()) as u16
        };
        (0..codes.len()).map(code_at).collect()
    }

    /// The gain of a pixel: between four points of the map.
    fn gain(&self, shading: &LensShading, x: usize, y: usize) -> f64 {
        let (x, y) = (x + usize::from(shading.initial_x), y + usize::from(shading.initial_y));
        let (across, down) = (1 << shading.width_log2, 1 << shading.height_log2);
        // The place in the cell is that of the pixel in the picture.
        let place = 2 * ((y - usize::from(shading.initial_y)) % 2)
            + (x - usize::from(shading.initial_x)) % 2;
        let point = |column: usize, row: usize| {
            f64::from(self.gains[row * usize::from(shading.stride_bytes) + 4 * column + place])
        };
        let (column, row) = (x / across, y / down);
        let part = |at: usize, length: usize| (at % length) as f64 / length as f64;
        let (right, lower) = (part(x, across), part(y, down));
        let between =
            |row: usize| point(column, row) * (1.0 - right) + point(column + 1, row) * right;
        let byte = between(row) * (1.0 - lower) + between(row + 1) * lower;
        let scale = f64::from(1 << (8 - shading.gain_format / 2));
        byte / scale + f64::from(shading.gain_format % 2)
    }

    /// A quarter, a half and a quarter of pixels of a colour; two are lost at either end.
    fn passed(&self, line: &[u16]) -> Vec<u16> {
        if !self.on.contains(CcdcFeatures::LPF) {
            return line.to_vec();
        }
        line.windows(5).map(|near| (near[0] + 2 * near[2] + near[4] + 2) / 4).collect()
    }

    /// Ten bits to eight.
    fn compressed(&self, code: u16) -> u16 {
        if !self.on.contains(CcdcFeatures::ALAW) {
            return code;
        }
        let x = A * f64::from(code) / f64::from(CODE_MAX);
        let curve = if x < 1.0 { x } else { 1.0 + x.ln() };
        (255.0 * curve / (1.0 + A.ln())).round() as u16
    }
}

/// What is dark for line `y`: the mean of the window in the 2^N lines before those of the line, times the
/// gain, half a code up. The first lines have none.
fn dark(clamp: &BlackClamp, codes: &[u16], width: usize, y: usize) -> f64 {
    let (lines, pixels) = (1 << clamp.lines_log2, 1 << clamp.pixels_log2);
    let Some(first) = (y / lines * lines).checked_sub(lines) else { return 0.0 };
    let window = (first..first + lines).flat_map(|line| {
        let start = line * width + usize::from(clamp.start_px);
        &codes[start..start + pixels]
    });
    let sum: f64 = window.map(|code| f64::from(*code)).sum();
    sum * f64::from(clamp.gain_q4) / 16.0 / (lines * pixels) as f64 + 0.5
}

/// A pixel takes its value from its neighbours of the same colour; one that is not there is the other one.
fn replace(fault: u32, codes: &mut [u16], width: usize) {
    let (y, x) = ((fault >> 19) as usize, (fault >> 5 & 0x3FFF) as usize);
    if x >= width || (y + 1) * width > codes.len() {
        return;
    }
    let line = &mut codes[y * width..][..width];
    let left = if x >= 2 { line[x - 2] } else { line[x + 2] };
    let right = if x + 2 < width { line[x + 2] } else { left };
    line[x] = match fault & 0x1F {
        1 => left,
        2 => right,
        3 => (left + right).div_ceil(2),
        _ => line[x],
    };
}
