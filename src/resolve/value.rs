//! Whether a variable's value can be right, without the network. Owns the wording; a message never holds the value.

use crate::diagnostic::{Topic, enumerate};
use crate::input::catalogue::{Format, Variable};

/// What is wrong with a value, if anything.
pub(crate) fn fault(variable: &Variable, value: &str) -> Option<String> {
    if variable
        .placeholders
        .iter()
        .any(|placeholder| placeholder == value)
    {
        return Some("still holds the example's placeholder".to_owned());
    }
    let begins = &variable.begins_with;
    if !begins.is_empty()
        && !begins
            .iter()
            .any(|begin| value.starts_with(begin) && value != begin)
    {
        return Some(match begins.as_slice() {
            [begin] => format!("must begin with {}", enumerate(&[begin])),
            _ => format!("must begin with one of {}", enumerate(begins)),
        });
    }
    let format = variable.format?;
    (!fits(format, value)).then(|| {
        let form = match format {
            Format::Url => "an address such as `https://host`, without spaces",
            Format::Count => "a whole number from 1",
            Format::Seconds => "a whole number of seconds, a day at most",
            Format::Word => "printable ASCII without spaces, quotes and backslashes",
            Format::Email => "an e-mail address",
            Format::Uuid => "an id such as `00000000-0000-0000-0000-000000000000`",
        };
        format!("must be {form}")
    })
}

/// What the fault of such a value is about.
pub(super) fn topic(variable: &Variable, value: &str) -> Topic {
    let mut placeholders = variable.placeholders.iter();
    match placeholders.any(|placeholder| placeholder == value) {
        true => Topic::Placeholder,
        false => Topic::Shape,
    }
}

fn fits(format: Format, value: &str) -> bool {
    match format {
        Format::Url => {
            let host = value
                .strip_prefix("https://")
                .or_else(|| value.strip_prefix("http://"));
            host.is_some_and(|host| {
                host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
                    && !value.contains(char::is_whitespace)
            })
        }
        Format::Count => value.parse::<u32>().is_ok_and(|count| count > 0),
        Format::Seconds => value.parse::<u32>().is_ok_and(|seconds| seconds <= 86_400),
        Format::Word => value
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\')),
        Format::Email => value.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !value.contains(char::is_whitespace)
        }),
        Format::Uuid => {
            let groups: Vec<usize> = value.split('-').map(str::len).collect();
            groups == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        }
    }
}

/// Percent-encodes what has a meaning in a URL's user part (RFC 3986, unreserved characters stay).
pub(super) fn percent_encode(value: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
