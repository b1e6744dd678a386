//! JSON exactly as Go's `encoding/json` writes it, because Compose hashes those bytes. Owns escapes and floats; field order
//! belongs to the structs of `spec`.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Compact JSON, `<`, `>`, `&`, U+2028 and U+2029 escaped, floats without a needless `.0`.
pub(super) fn to_vec<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, GoFormatter))
        .expect("writing plain structs with string keys into memory cannot fail");
    bytes
}

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write!(writer, "{value}")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let special = |c: char| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let mut rest = fragment;
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut tail = tail.chars();
            if let Some(c) = tail.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = tail.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// A duration as Go's `time.Duration.String()`: `1m30s`, `1h0m0s`, `500ms`, `1.5s`.
pub fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let fraction = |value: u128, unit: u128| {
        let digits = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let digits = digits.trim_end_matches('0');
        match digits {
            "" => format!("{}", value / unit),
            _ => format!("{}.{digits}", value / unit),
        }
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanos, 1_000_000)),
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_go_escapes_and_nothing_else() {
        let text = "a<b>&\"\\/'\u{2028}\u{2029}\n\t\u{1}é";
        assert_eq!(
            String::from_utf8(to_vec(&text)).expect("JSON is UTF-8"),
            r#""a\u003cb\u003e\u0026\"\\/'\u2028\u2029\n\t\u0001é""#
        );
    }

    #[test]
    fn floats_are_the_shortest_without_a_point_where_none_is_needed() {
        assert_eq!(to_vec(&[0.5f32, 1.0, 0.25, 0.1]), b"[0.5,1,0.25,0.1]");
    }

    #[test]
    fn durations_read_like_gos() {
        for (millis, text) in [
            (0, "0s"),
            (500, "500ms"),
            (1_500, "1.5s"),
            (10_000, "10s"),
            (60_000, "1m0s"),
            (90_000, "1m30s"),
            (3_600_000, "1h0m0s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(duration(Duration::from_nanos(1)), "1ns");
        assert_eq!(duration(Duration::from_micros(1_500)), "1.5ms");
        assert_eq!(duration(Duration::from_nanos(1_020)), "1.02µs");
    }
}
