//! A-law: 10 linear bits to 8 compressed bits, and back.
//!
//! `F(x) = A x / (1 + ln A)` below `1 / A`, `(1 + ln(A x)) / (1 + ln A)` above, A = 87.6, for `x` from
//! 0 to 1 (ITU-T G.711), scaled to the codes. The manual shows the hardware's table as a picture
//! only, so this is the definition that the table is named after; single entries may differ by a
//! code. The tables are computed by the compiler.

/// Compressed code of each 10-bit code.
pub static COMPRESS: [u8; 1024] = compress_table();

/// 10-bit code in the middle of those that compress to each 8-bit code.
pub static EXPAND: [u16; 256] = expand_table();

const A: f64 = 87.6;

/// Compresses in place; the result is in the low eight bits.
pub fn compress(line: &mut [u16]) {
    line.iter_mut().for_each(|code| *code = COMPRESS[usize::from(*code & 0x3ff)].into());
}

/// Expands in place; only the low eight bits count.
pub fn expand(line: &mut [u16]) {
    line.iter_mut().for_each(|code| *code = EXPAND[usize::from(*code & 0xff)]);
}

const fn compress_table() -> [u8; 1024] {
    let scale = 1.0 + ln(A);
    let mut table = [0; 1024];
    let mut code = 0;
    while code < 1024 {
        let x = A * code as f64 / 1023.0;
        let compressed = if x < 1.0 { x / scale } else { (1.0 + ln(x)) / scale };
        table[code] = (255.0 * compressed + 0.5) as u8;
        code += 1;
    }
    table
}

const fn expand_table() -> [u16; 256] {
    let mut first = [u16::MAX; 256];
    let mut last = [0; 256];
    let mut code = 0;
    while code < 1024 {
        let compressed = COMPRESS[code] as usize;
        if first[compressed] == u16::MAX {
            first[compressed] = code as u16;
        }
        last[compressed] = code as u16;
        code += 1;
    }
    let mut table = [0; 256];
    let mut compressed = 1;
    while compressed < 256 {
        // The lower end is steeper than one, so that some codes are never the result.
        table[compressed] = if first[compressed] == u16::MAX {
            table[compressed - 1]
        } else {
            (first[compressed] + last[compressed]) / 2
        };
        compressed += 1;
    }
    table
}

/// Natural logarithm of `value` >= 1: halved until it is small, then `2 artanh((v - 1) / (v + 1))`.
const fn ln(value: f64) -> f64 {
    let (mut rest, mut halvings) = (value, 0.0);
    while rest > 1.5 {
        rest /= 2.0;
        halvings += 1.0;
    }
    let ratio = (rest - 1.0) / (rest + 1.0);
    let (mut power, mut sum, mut divisor) = (ratio, 0.0, 1.0);
    while divisor < 40.0 {
        sum += power / divisor;
        power *= ratio * ratio;
        divisor += 2.0;
    }
    2.0 * sum + halvings * core::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_the_rounded_definition() {
        for (code, &compressed) in COMPRESS.iter().enumerate() {
            let x = code as f64 / 1023.0;
            let scale = 1.0 + A.ln();
            let exact = if A * x < 1.0 { A * x / scale } else { (1.0 + (A * x).ln()) / scale };
            assert_eq!(f64::from(compressed), (255.0 * exact).round(), "code {code}");
        }
        assert_eq!((COMPRESS[0], COMPRESS[1023]), (0, 255));
    }

    #[test]
    fn expanding_comes_back_to_within_half_a_step() {
        let mut line: Vec<u16> = (0..1024).collect();
        compress(&mut line);
        assert!(line.is_sorted() && line.iter().all(|code| *code <= 255));
        expand(&mut line);
        for (code, back) in line.iter().enumerate() {
            // A step is as long as the codes that share a compressed one.
            let step = COMPRESS.iter().filter(|c| **c == COMPRESS[code]).count();
            assert!(usize::from(*back).abs_diff(code) <= step / 2, "{code} {back}");
        }
    }
}
