//! The compiler answers any text with code or with a report, and never panics.

const SAMPLE: &str = include_str!("fixtures/sample.idol");

/// Cases of each random test.
const CASES: u64 = 500;

/// Xorshift, so that a seed alone repeats a case.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % bound.max(1)
    }
}

/// Whatever was accepted must be Rust; whatever was refused must say why, inside of the text.
fn check(text: &str, seed: u64) {
    match idol::compile("x.idol", text, "") {
        Ok(code) => {
            assert!(syn::parse_file(&code).is_ok(), "seed {seed}: not Rust:\n{code}");
        }
        Err(report) => {
            assert!(!report.diagnostics.is_empty(), "seed {seed}");
            for found in &report.diagnostics {
                let lines = text.matches('\n').count() + 1;
                assert!((1..=lines).contains(&found.line), "seed {seed}: {found:?}");
                assert!(found.column >= 1 && !found.remedy.is_empty(), "seed {seed}: {found:?}");
            }
        }
    }
}

/// Words that mean something to the compiler or to Rust, and some that hurt.
const WORDS: [&str; 40] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "/*",
    "*/",
    "//",
    "\n",
    "r#\"",
    "\"#",
    "'",
    "name",
    "ops",
    "doc",
    "type",
    "Some(",
    "None",
    "true",
    "0",
    "-1",
    "4294967296",
    "1e999",
    "Simple",
    "Result",
    "CLike",
    "self",
    "Self",
    "r#fn",
    "é",
    "\u{0}",
    "\r",
    "<T>",
    "&'a",
    "\"[u8; 3]\"",
];

#[test]
fn damaged_interfaces_are_answered() {
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let upto = (at + random.below(12)).min(text.len());
            let word = WORDS[random.below(WORDS.len())];
            let insert = random.below(3) > 0;
            text.splice(at..upto, word.chars().filter(|_| insert));
        }
        check(&text.into_iter().collect::<String>(), seed);
    }
}

#[test]
fn swapped_values_are_answered() {
    let strings: Vec<&str> = SAMPLE.split('"').collect();
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let mut mixed = strings.clone();
        for _ in 0..=random.below(3) {
            let from = random.below(strings.len() / 2) * 2 + 1;
            let into = random.below(strings.len() / 2) * 2 + 1;
            if into < mixed.len() {
                mixed[into] = strings.get(from).copied().unwrap_or("");
            }
        }
        check(&mixed.join("\""), seed);
    }
}

#[test]
fn word_salad_is_answered() {
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let count = random.below(60);
        let text: String = (0..count).map(|_| WORDS[random.below(WORDS.len())]).collect();
        check(&text, seed);
    }
}

#[test]
fn deep_nesting_is_answered() {
    for open in ["(", "[", "{", "(ops:{\"a\":(", "/*", "Some("] {
        check(&open.repeat(20_000), 0);
    }
    let deep = format!("(ops: {}1{})", "[".repeat(50_000), "]".repeat(50_000));
    check(&deep, 0);
}
