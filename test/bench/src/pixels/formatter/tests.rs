//! The formatter against the manual's examples and a reference from its definition.

use super::*;

fn program(lines: usize, pointers: &[(u8, u16)], entries: &[u32]) -> Program {
    let mut all = [Pointer::default(); POINTERS];
    for (place, &(line, pixel)) in all.iter_mut().zip(pointers) {
        *place = Pointer { line, pixel };
    }
    let packed = entries.iter().rev().fold(0, |word, entry| word << 4 | entry);
    Program { lines, pointers: all, entries: [[packed, 0]; 2], lengths: [entries.len(); 2] }
}

/// What comes out for one line at row `row`.
fn run(how: FormatterConfig, row: usize, pixels: &[u16]) -> Vec<Vec<u16>> {
    let mut formatter = Box::new(Formatter::new());
    let ready = formatter.push(&how, row, pixels, false);
    ready.map(|number| formatter.line(&how, number).to_vec()).collect()
}

fn counted(count: u16) -> Vec<u16> {
    (0..count).collect()
}

#[test]
fn one_pointer_that_goes_on_is_the_line_itself() {
    // The manual's example 6-2.
    let how = FormatterConfig::Decompose(program(1, &[(0, 0)], &[0]));
    let lines = run(how, 3, &counted(300));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0][..300], counted(300));
}

#[test]
fn two_ends_that_are_read_at_once_become_one_line() {
    // The manual's example 6-3: pixels 0, 2, 4, ... 5, 3, 1.
    let how = FormatterConfig::Decompose(program(1, &[(0, 0), (0, 4095)], &[0, 3]));
    let lines = run(how, 0, &counted(4096));
    let expected: Vec<u16> = (0..4096).step_by(2).chain((1..4096).step_by(2).rev()).collect();
    assert_eq!(lines[0][..4096], expected);
}

#[test]
fn three_lines_that_are_read_from_both_ends_at_once_come_apart() {
    // The manual's example 6-4 and its table of what goes where, over a whole line of 858 pixels.
    let pointers = [(0, 2), (2, 855), (1, 1), (1, 856), (2, 0), (0, 857)];
    let how = FormatterConfig::Decompose(program(3, &pointers, &[0, 3, 4, 7, 8, 11]));
    let lines = run(how, 4, &counted(6 * 428));
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0][2..6], [0, 6, 12, 18]);
    assert_eq!(lines[0][854..858], [23, 17, 11, 5]);
    assert_eq!(lines[1][1..4], [2, 8, 14]);
    assert_eq!(lines[1][854..857], [15, 9, 3]);
    assert_eq!(lines[2][..4], [4, 10, 16, 22]);
    assert_eq!(lines[2][854..856], [7, 1]);
}

#[test]
fn even_and_odd_lines_have_programs_of_their_own() {
    let backwards = program(1, &[(0, 0), (0, 9)], &[3]);
    let Program { entries: [odd, _], lengths: [odd_length, _], .. } = backwards;
    let program = Program { entries: [[0; 2], odd], lengths: [1, odd_length], ..backwards };
    let how = FormatterConfig::Decompose(program);
    let reversed: Vec<u16> = counted(10).into_iter().rev().collect();
    assert_eq!(run(how, 2, &counted(10))[0][..10], counted(10));
    assert_eq!(run(how, 3, &counted(10))[0][..10], reversed);
}

#[test]
fn the_lines_of_a_row_follow_those_of_the_row_before() {
    let mut formatter = Box::new(Formatter::new());
    let how = FormatterConfig::Decompose(program(4, &[], &[0]));
    assert_eq!(formatter.push(&how, 0, &[1], false), 0..4);
    assert_eq!(formatter.push(&how, 1, &[1], true), 4..8);
}

#[test]
fn a_pointer_out_of_the_line_memory_loses_its_pixels() {
    // Back from 0 is the last place of thirteen bits; line 3 is none of two; 2752 is too far for one of two.
    let pointers = [(0, 0), (3, 0), (1, 2 * 1376 - 1)];
    let how = FormatterConfig::Decompose(program(2, &pointers, &[1, 2, 4]));
    let lines = run(how, 0, &[7; 9]);
    for (line, place) in [(0, 0), (1, 2 * 1376 - 1)] {
        let written: Vec<_> = (0..2 * 1376).filter(|x| lines[line][*x] != 0).collect();
        assert_eq!(written, [place], "{line}");
    }
}

#[test]
fn what_no_pixel_goes_to_keeps_what_was_there() {
    let mut formatter = Box::new(Formatter::new());
    let how = FormatterConfig::Decompose(program(1, &[(0, 0)], &[0]));
    formatter.push(&how, 0, &[9; 20], false);
    formatter.push(&how, 1, &[5; 10], false);
    assert_eq!(formatter.line(&how, 1)[8..12], [5, 5, 9, 9]);
}

#[test]
fn swapped_lines_come_in_pairs_and_a_last_one_alone() {
    let mut formatter = Box::new(Formatter::new());
    let mut out = vec![];
    for row in 0..5 {
        for number in formatter.push(&FormatterConfig::Swap, row, &[row as u16; 6], row == 4) {
            out.push((number, formatter.line(&FormatterConfig::Swap, number).to_vec()));
        }
    }
    let line = |row| vec![row; 6];
    assert_eq!(out, [(0, line(1)), (1, line(0)), (2, line(3)), (3, line(2)), (4, line(4))]);
}

#[test]
fn what_does_not_fit_is_cut() {
    let how = FormatterConfig::Swap;
    let mut formatter = Box::new(Formatter::new());
    formatter.push(&how, 0, &vec![1; 9000], false);
    let ready = formatter.push(&how, 1, &vec![2; 9000], false);
    assert_eq!(ready, 0..2);
    assert_eq!(formatter.line(&how, 0), [2; 2 * 1376]);
    assert_eq!(formatter.line(&how, 1), [1; 2 * 1376]);
}

/// Where the definition puts pixel `index` of a line: the entry's turn says how often its pointer has
/// moved before, one by one.
fn reference(program: &Program, odd: usize, index: usize) -> (usize, i64) {
    let [low, high] = program.entries[odd].map(u64::from);
    let all = low + (high << 32);
    let entry = |index: usize| all >> (4 * (index % program.lengths[odd])) & 0xF;
    let pointer = entry(index) >> 1;
    let moves: i64 = (0..index)
        .filter(|before| entry(*before) >> 1 == pointer)
        .map(|before| if entry(before) & 1 == 1 { -1 } else { 1 })
        .sum();
    let begin = program.pointers[pointer as usize];
    (usize::from(begin.line), (i64::from(begin.pixel) + moves).rem_euclid(8192))
}

proptest::proptest! {
    /// Integers: no tolerance. A later pixel at the same place is the one that stays.
    #[test]
    fn each_pixel_is_where_the_definition_puts_it(
        lines in 1_usize..=4,
        begins in proptest::array::uniform8((0_u8..4, 0_u16..8192)),
        entries in proptest::array::uniform2(proptest::array::uniform2(0_u32..)),
        lengths in proptest::array::uniform2(1_usize..=16),
        odd in 0_usize..2,
        count in 0_u16..200,
    ) {
        let pointers = begins.map(|(line, pixel)| Pointer { line, pixel });
        let program = Program { lines, pointers, entries, lengths };
        let length = [5504, 2752, 1376, 1376][lines - 1];
        let mut expected = vec![vec![0; length]; lines];
        for index in 0..usize::from(count) {
            let (line, x) = reference(&program, odd, index);
            let place = expected.get_mut(line).and_then(|line| line.get_mut(x as usize));
            if let Some(place) = place {
                *place = index as u16 + 1;
            }
        }
        let pixels: Vec<u16> = (1..=count).collect();
        proptest::prop_assert_eq!(run(FormatterConfig::Decompose(program), odd, &pixels), expected);
    }
}
