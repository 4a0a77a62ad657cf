//! sRGB code values to linear light.
//!
//! IEC 61966-2-1: `L = C / 12.92` below 0.04045, else `((C + 0.055) / 1.055)^2.4`. The table is
//! computed by the compiler, so nothing is typed by hand and core 1 needs no floating point.

/// Linear light of each 8-bit sRGB code, 0..=65535 for 0..=255.
pub static LINEAR_U16: [u16; 256] = linear_table();

const fn linear_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = (to_linear(code as f64 / 255.0) * 65535.0 + 0.5) as u16;
        code += 1;
    }
    table
}

const fn to_linear(code: f64) -> f64 {
    if code <= 0.04045 {
        return code / 12.92;
    }
    // x^2.4 = (x^(1/5))^12, and a fifth root is a short Newton iteration.
    let root = fifth_root((code + 0.055) / 1.055);
    let cube = root * root * root;
    cube * cube * cube * cube
}

/// Newton iteration for `value` in (0, 1]; 40 rounds are far more than double precision needs.
const fn fifth_root(value: f64) -> f64 {
    let mut root = 1.0;
    let mut round = 0;
    while round < 40 {
        let fourth = root * root * root * root;
        root = (4.0 * root + value / fourth) / 5.0;
        round += 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_equals_the_definition_with_powf() {
        for (code, &linear) in LINEAR_U16.iter().enumerate() {
            let c = code as f64 / 255.0;
            let l = if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
            assert_eq!(linear, (l * 65535.0).round() as u16, "code {code}");
        }
    }
}
