//! Bytes → text: encodings, and text as the index keeps it.

use super::TEXT_MAX;

/// Bytes looked at to tell text from something else.
const SAMPLE: usize = 8 * 1024;
/// Longest heading that is taken for a title, in characters.
const TITLE_MAX: usize = 200;

/// The text, or nothing if it is none. UTF-8 and UTF-16 are recognised; other bytes are read as Latin-1, unless `strict`.
pub(super) fn decode(bytes: &[u8], strict: bool) -> Option<String> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => return Some(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => return Some(utf16(rest, u16::from_be_bytes)),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let odd = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F);
    if sample.contains(&0) || sample.iter().filter(odd).count() * 50 > sample.len() {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        // Cut within a character, by our bound or by whoever is still writing.
        Err(error) if error.error_len().is_none() => {
            Some(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
        }
        Err(_) if strict => None,
        Err(_) => Some(bytes.iter().copied().map(char::from).collect()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|character| character.unwrap_or('\u{FFFD}'))
        .collect()
}

/// White space collapsed, control characters gone, at most [`TEXT_MAX`] bytes.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len().min(TEXT_MAX));
    let separates = |character: char| character.is_whitespace() || character.is_control();
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        let space = usize::from(!tidied.is_empty());
        let room = TEXT_MAX.saturating_sub(tidied.len() + space);
        if room == 0 {
            break;
        }
        if space == 1 {
            tidied.push(' ');
        }
        tidied.push_str(&word[..word.floor_char_boundary(room)]);
    }
    tidied
}

/// A title of bounded length, if anything is left of it.
pub(super) fn title(text: &str) -> Option<String> {
    let title: String = tidy(text).chars().take(TITLE_MAX).collect();
    (!title.is_empty()).then_some(title)
}

/// The first heading of a Markdown text, where it stands near the beginning.
pub(super) fn heading(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .take(40)
        .skip_while(|line| line.trim().is_empty());
    let heading = lines.find_map(|line| line.strip_prefix("# "))?;
    title(heading.trim_end_matches('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        for (bytes, strict, text) in [
            (&b"\xEF\xBB\xBFna\xC3\xAFve"[..], false, Some("naïve")),
            (b"\xFF\xFEh\0i\0\x3D\xD8\x00\xDE", false, Some("hi😀")),
            (b"\xFE\xFF\0h\0i", false, Some("hi")),
            (b"na\xEFve", false, Some("naïve")),
            (b"na\xEFve", true, None),
            (b"cut \xC3", true, Some("cut ")),
            (b"GIF89a\0\x01", false, None),
            (b"\x01\x02\x03\x04", false, None),
        ] {
            assert_eq!(decode(bytes, strict).as_deref(), text, "{bytes:?}");
        }
    }

    #[test]
    fn text_is_kept_without_layout_and_bounded() {
        assert_eq!(tidy(" a\t\tb\u{0}\u{1b}[1m\r\n\u{a0}c "), "a b [1m c");
        assert_eq!(tidy(&"é".repeat(TEXT_MAX)).len(), TEXT_MAX);
        assert!(tidy(&"ä b ".repeat(TEXT_MAX)).len() <= TEXT_MAX);
    }

    #[test]
    fn a_heading_is_a_title() {
        assert_eq!(
            heading("---\nx: y\n---\n\n# The  Plan #\ntext").as_deref(),
            Some("The Plan")
        );
        assert_eq!(heading("#!/bin/sh\n## second"), None);
    }
}
