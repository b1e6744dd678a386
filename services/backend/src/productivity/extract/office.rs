//! The text of Office Open XML and OpenDocument files: zip archives of XML. Runs in the child. XML is read as a stream, so its
//! depth costs nothing, and what the archive inflates to is bounded.

use std::fs::File;
use std::io::{BufReader, Read as _};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::{Document, TEXT_MAX, Unread, text};

/// Most that all parts together may inflate to, in bytes.
const INFLATED_MAX: u64 = 64 * 1024 * 1024;
/// Elements that keep words on both sides together; the others set them apart.
const INLINE: [&str; 10] = [
    "r", "t", "span", "rPr", "a", "b", "i", "u", "lang", "proofErr",
];

/// Whether a part of the archive holds text, in which order; OOXML: ECMA-376 part 2, OpenDocument: ISO 26300 part 3.
fn place(name: &str) -> Option<u32> {
    let number = |prefix: &str| {
        name.strip_prefix(prefix)?
            .strip_suffix(".xml")?
            .parse::<u32>()
            .ok()
    };
    match name {
        "word/document.xml" | "content.xml" | "xl/workbook.xml" => return Some(0),
        "xl/sharedStrings.xml" => return Some(1),
        "word/footnotes.xml" | "word/endnotes.xml" | "word/comments.xml" => return Some(2),
        _ => {}
    }
    number("ppt/slides/slide")
        .or_else(|| number("xl/worksheets/sheet").map(|place| place.saturating_add(10)))
        .or_else(|| number("ppt/notesSlides/notesSlide").map(|place| place.saturating_add(10_000)))
}

pub(super) fn document(file: File) -> Result<Document, Unread> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|_| Unread::Damaged)?;
    let mut parts: Vec<(u32, String)> = archive
        .file_names()
        .filter_map(|name| {
            name.ok()
                .and_then(|name| Some((place(&name)?, name.into_owned())))
        })
        .collect();
    parts.sort();
    let mut left = INFLATED_MAX;
    let mut all = String::new();
    for (_, name) in &parts {
        let sheet = name.starts_with("xl/worksheets/");
        if let Some(xml) = part(&mut archive, name, &mut left)? {
            words(&xml, sheet, &mut all);
        }
        if all.len() > TEXT_MAX {
            break;
        }
    }
    let title = title(&mut archive, &mut left)?;
    let text = text::tidy(&all);
    match (parts.is_empty(), text.is_empty() && title.is_none()) {
        (true, _) => Err(Unread::Damaged),
        (_, true) => Err(Unread::Empty),
        _ => Ok(Document {
            title,
            text,
            ..Document::default()
        }),
    }
}

/// The title that the document's properties give: `docProps/core.xml` or `meta.xml`, both Dublin Core.
fn title(
    archive: &mut ZipArchive<BufReader<File>>,
    left: &mut u64,
) -> Result<Option<String>, Unread> {
    for name in ["docProps/core.xml", "meta.xml"] {
        let Some(xml) = part(archive, name, left)? else {
            continue;
        };
        let xml = String::from_utf8_lossy(&xml);
        let inside = xml
            .split_once("<dc:title>")
            .and_then(|(_, rest)| rest.split_once("</dc:title>"));
        if let Some((inside, _)) = inside {
            let mut title = String::new();
            words(format!("<x>{inside}</x>").as_bytes(), false, &mut title);
            return Ok(text::title(&title));
        }
    }
    Ok(None)
}

/// A part, inflated. One that is missing or cannot be read is none; one that is too large ends the document.
fn part(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    left: &mut u64,
) -> Result<Option<Vec<u8>>, Unread> {
    let Ok(entry) = archive.by_name(name) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let read = entry.take(*left + 1).read_to_end(&mut bytes);
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or(Unread::Exhausting)?;
    // A broken end (a wrong checksum, say) leaves what came before it.
    Ok((read.is_ok() || !bytes.is_empty()).then_some(bytes))
}

/// Appends the words of `xml`. Of a sheet only texts written in place count: the rest are numbers, and places in the table of texts.
fn words(xml: &[u8], sheet: bool, all: &mut String) {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut buffer = Vec::new();
    let mut inside_text = !sheet;
    while all.len() <= TEXT_MAX {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => {
                inside_text |= sheet && element.local_name().as_ref() == "is";
                boundary(element.local_name().as_ref(), all);
                sheet_name(&element, all);
            }
            Ok(Event::End(element)) => {
                inside_text &= !(sheet && element.local_name().as_ref() == "is");
                boundary(element.local_name().as_ref(), all);
            }
            Ok(Event::Empty(element)) => {
                boundary(element.local_name().as_ref(), all);
                sheet_name(&element, all);
            }
            Ok(Event::Text(text)) if inside_text => {
                all.push_str(&text.xml_content(XmlVersion::Implicit1_0))
            }
            Ok(Event::CData(text)) if inside_text => {
                all.push_str(&text.xml_content(XmlVersion::Implicit1_0))
            }
            // Entities of a document type are not expanded: there is nothing to blow up.
            Ok(Event::GeneralRef(reference)) if inside_text => {
                let named = match &*reference.xml_content(XmlVersion::Implicit1_0) {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                all.extend(named);
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

fn boundary(element: &str, all: &mut String) {
    if !INLINE.contains(&element) {
        all.push(' ');
    }
}

/// The names of sheets are attributes.
fn sheet_name(element: &quick_xml::events::BytesStart<'_>, all: &mut String) {
    if matches!(element.local_name().as_ref(), "sheet" | "table") {
        let names = element
            .attributes()
            .flatten()
            .filter(|attribute| attribute.key.local_name().as_ref() == "name");
        for name in names {
            all.push(' ');
            all.push_str(&quick_xml::escape::unescape(&name.value).unwrap_or_default());
        }
    }
}
