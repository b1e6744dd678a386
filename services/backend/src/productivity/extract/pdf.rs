//! The text of a PDF. Runs in the child; `lopdf` bounds nesting and what streams inflate to, the child's limits everything else.

use std::io::Read;

use lopdf::{LoadOptions, Object, decode_text_string};
use unicode_normalization::UnicodeNormalization as _;

use super::{Document, TEXT_MAX, Unread, text};

/// Most that one stream may inflate to, in bytes.
const STREAM_MAX: usize = 16 * 1024 * 1024;
/// Pages read at once: fonts are looked up anew for each call.
const PAGES: usize = 8;

pub(super) fn document(file: impl Read) -> Result<Document, Unread> {
    let options = LoadOptions::with_max_decompressed_size(STREAM_MAX);
    let pdf =
        lopdf::Document::load_from_with_options(file, options).map_err(|_| Unread::Damaged)?;
    let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
    let mut all = String::new();
    for some in pages.chunks(PAGES) {
        // A page that cannot be read does not take the others with it.
        for chunk in pdf
            .extract_text_chunks_with_limit(some, STREAM_MAX)
            .into_iter()
            .flatten()
        {
            all.push_str(&chunk);
        }
        all.push('\n');
        if all.len() > TEXT_MAX {
            break;
        }
    }
    let title = title(&pdf);
    let text = text::tidy(&letters(&all));
    if text.is_empty() && title.is_none() {
        return Err(if pages.is_empty() {
            Unread::Damaged
        } else {
            Unread::Empty
        });
    }
    Ok(Document {
        title,
        text,
        ..Document::default()
    })
}

/// Ligatures and other forms of print as the letters that people type.
fn letters(text: &str) -> String {
    text.nfkc().collect()
}

fn title(pdf: &lopdf::Document) -> Option<String> {
    let (_, information) = pdf.dereference(pdf.trailer.get(b"Info").ok()?).ok()?;
    let (_, title) = pdf
        .dereference(information.as_dict().ok()?.get(b"Title").ok()?)
        .ok()?;
    matches!(title, Object::String(..))
        .then(|| decode_text_string(title).ok())
        .flatten()
        .and_then(|title| text::title(&title))
}

#[cfg(test)]
mod tests {
    #[test]
    fn ligatures_are_letters() {
        assert_eq!(
            super::letters("speci\u{fb01}c o\u{fb03}ce 10\u{b2} é"),
            "specific office 102 é"
        );
    }
}
