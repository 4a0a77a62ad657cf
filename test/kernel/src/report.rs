//! The result lines.

/// Where text goes, byte by byte.
pub trait Sink {
    /// Takes one byte.
    fn byte(&mut self, byte: u8);
}

impl Sink for crate::uart::Uart {
    fn byte(&mut self, byte: u8) {
        self.send(byte);
    }
}

/// Sums of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Cases that were to run.
    pub cases: u32,
    /// Cases that passed.
    pub ok: u32,
    /// Cases that failed.
    pub failed: u32,
}

fn text(sink: &mut impl Sink, text: &[u8]) {
    text.iter().for_each(|byte| sink.byte(*byte));
}

/// Text inside of quotes; what JSON would not take becomes a question mark.
fn quoted(sink: &mut impl Sink, text: &[u8]) {
    sink.byte(b'"');
    for byte in text {
        let plain = matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        sink.byte(if plain { *byte } else { b'?' });
    }
    sink.byte(b'"');
}

fn number(sink: &mut impl Sink, mut number: u32) {
    // Ten digits hold any u32.
    let mut digits = [0; 10];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text(sink, &digits[first..]);
}

/// A case begins: who is to blame, if nothing follows.
pub fn begin(sink: &mut impl Sink, name: &[u8], id: u32) {
    text(sink, b"{\"begin\":");
    quoted(sink, name);
    text(sink, b",\"id\":");
    number(sink, id);
    text(sink, b"}\n");
}

/// One case.
pub fn case(sink: &mut impl Sink, name: &[u8], id: u32, passed: bool, detail: &[u8]) {
    text(sink, b"{\"case\":");
    quoted(sink, name);
    text(sink, b",\"id\":");
    number(sink, id);
    text(sink, b",\"result\":");
    quoted(sink, if passed { b"ok" } else { b"fail" });
    text(sink, b",\"detail\":");
    quoted(sink, detail);
    text(sink, b"}\n");
}

/// The sums, last line of a run.
pub fn sums(sink: &mut impl Sink, sums: Sums) {
    text(sink, b"{\"suite\":\"kernel\",\"cases\":");
    number(sink, sums.cases);
    text(sink, b",\"ok\":");
    number(sink, sums.ok);
    text(sink, b",\"failed\":");
    number(sink, sums.failed);
    text(sink, b"}\n");
}

/// A crash record; the fault's bytes as numbers.
pub fn crash(sink: &mut impl Sink, record: &sys_abi::CrashRecord) {
    let fields: [(&[u8], u32); 7] = [
        (b"{\"crash\":", record.kind),
        (b",\"task\":", record.task),
        (b",\"detail\":", record.detail),
        (b",\"status\":", record.status),
        (b",\"pc\":", record.pc),
        (b",\"sp\":", record.sp),
        (b",\"time_us\":", record.time_us_lo),
    ];
    for (name, value) in fields {
        text(sink, name);
        number(sink, value);
    }
    text(sink, b",\"fault\":[");
    for (place, byte) in record.fault.iter().enumerate() {
        text(sink, if place == 0 { b"" } else { b"," });
        number(sink, (*byte).into());
    }
    text(sink, b"]}\n");
}

/// One measured figure.
pub fn figure(sink: &mut impl Sink, id: &str, figure: u32) {
    text(sink, b"{\"id\":");
    quoted(sink, id.as_bytes());
    text(sink, b",\"figure\":");
    number(sink, figure);
    text(sink, b",\"unit\":\"gi\"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sink for Vec<u8> {
        fn byte(&mut self, byte: u8) {
            self.push(byte);
        }
    }

    #[test]
    fn lines_are_json_whatever_the_detail_is() {
        let mut line = Vec::new();
        case(&mut line, b"a_name", 7, false, b"said \"no\"\n");
        let expect =
            "{\"case\":\"a_name\",\"id\":7,\"result\":\"fail\",\"detail\":\"said ?no??\"}\n";
        assert_eq!(String::from_utf8(line).expect("text"), expect);
    }

    #[test]
    fn a_beginning_is_no_result() {
        let mut line = Vec::new();
        begin(&mut line, b"a_name", 7);
        assert_eq!(String::from_utf8(line).expect("text"), "{\"begin\":\"a_name\",\"id\":7}\n");
    }

    #[test]
    fn sums_are_the_last_line() {
        let mut line = Vec::new();
        sums(&mut line, Sums { cases: 10, ok: 0, failed: 4_294_967_295 });
        let expect = "{\"suite\":\"kernel\",\"cases\":10,\"ok\":0,\"failed\":4294967295}\n";
        assert_eq!(String::from_utf8(line).expect("text"), expect);
    }
}
