//! Colours and numbers for people. Colour is never meaning: every mark has its word beside it.

pub use crate::model::bytes;
use std::time::Duration;

/// Whether to colour, decided once by `app` (`NO_COLOR`, no terminal, `--color`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Emit escape sequences.
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// Good.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Bad.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Worth a look.
    pub fn warn(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Headings and names.
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Of less weight.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// One of six colours for the n-th of several sources.
    pub fn nth(self, index: usize, text: &str) -> String {
        let codes = ["36", "33", "32", "35", "34", "96"];
        self.paint(codes[index % codes.len()], text)
    }
}

/// `0.84s`, `12.3s`, `2m05s`.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 9.995 => format!("{s:.2}s"),
        s if s < 99.95 => format!("{s:.1}s"),
        s => format!("{}m{:02}s", s as u64 / 60, s as u64 % 60),
    }
}

/// `1 key`, `1,234 keys`.
pub fn several(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{} {noun}s", count(many)),
    }
}

/// `7`, `1,234`, `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(seconds(Duration::from_millis(842)), "0.84s");
        assert_eq!(seconds(Duration::from_millis(12_345)), "12.3s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m05s");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(6_710_886), "6.4 MiB");
        assert_eq!(bytes(1 << 30), "1.0 GiB");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
