//! Every format, whole and damaged. The parsers run in this process here: what they must not do is panic or run away.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use rusqlite::Connection;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::child::documents;
use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    for (name, text) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}

/// A PDF of one page a text, streams deflated, as writers of PDFs make them.
pub(crate) fn pdf(title: &str, pages: &[&str]) -> Vec<u8> {
    use lopdf::content::{Content, Operation};
    use lopdf::{Document, Object, Stream, dictionary};
    let mut pdf = Document::with_version("1.5");
    let tree = pdf.new_object_id();
    let font = pdf.add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding"});
    let resources = pdf.add_object(dictionary! {"Font" => dictionary! {"F1" => font}});
    let mut kids: Vec<Object> = Vec::new();
    for text in pages {
        let operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            Operation::new("Tj", vec![Object::string_literal(*text)]),
            Operation::new("ET", vec![]),
        ];
        let mut stream = Stream::new(dictionary! {}, Content { operations }.encode().unwrap());
        stream.compress().unwrap();
        let content = pdf.add_object(stream);
        kids.push(
            pdf.add_object(dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content})
                .into(),
        );
    }
    let count = kids.len() as i64;
    pdf.objects.insert(tree, Object::Dictionary(dictionary! {"Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources}));
    let catalogue = pdf.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
    let information = pdf.add_object(dictionary! {"Title" => Object::string_literal(title)});
    pdf.trailer.set("Root", catalogue);
    pdf.trailer.set("Info", information);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn docx() -> Vec<u8> {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Road</w:t></w:r><w:r><w:t>map &amp; &#8364;5</w:t></w:r></w:p><w:p><w:r><w:t>second</w:t></w:r></w:p></w:body></w:document>"#;
    archive(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", body),
        (
            "word/footnotes.xml",
            "<w:footnotes><w:p><w:t>a note</w:t></w:p></w:footnotes>",
        ),
        (
            "docProps/core.xml",
            "<cp:coreProperties><dc:title>The &lt;Plan&gt;</dc:title></cp:coreProperties>",
        ),
    ])
}

fn places() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.sqlite");
    let places = Connection::open(&path).unwrap();
    // The columns that matter, of Firefox' schema.
    places
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR);
             CREATE TABLE moz_bookmarks (id INTEGER PRIMARY KEY, type INTEGER, fk INTEGER, parent INTEGER, title LONGVARCHAR, guid TEXT);
             INSERT INTO moz_places VALUES (1, 'https://example.com/wiki', 'Wiki'), (2, 'place:sort=8', 'Recent'), (3, 'javascript:alert(1)', 'x');
             INSERT INTO moz_bookmarks VALUES (1, 2, NULL, 0, '', 'root________'), (2, 2, NULL, 1, 'toolbar', 'toolbar_____'),
               (3, 1, 1, 2, NULL, 'aaaaaaaaaaaa'), (4, 1, 2, 2, 'Recent', 'bbbbbbbbbbbb'), (5, 1, 3, 2, 'let', 'cccccccccccc');",
        )
        .unwrap();
    drop(places);
    std::fs::read(path).unwrap()
}

const CHROME: &str = r#"{"checksum": "x", "roots": {"bookmark_bar": {"type": "folder", "name": "Bookmarks bar", "children": [
    {"type": "url", "guid": "g-1", "name": "Rust book", "url": "https://doc.rust-lang.org/book/"},
    {"type": "url", "guid": "g-2", "name": "trick", "url": "javascript:void(0)"},
    {"type": "folder", "name": "Work", "children": [{"type": "url", "guid": "g-3", "name": "", "url": "HTTPS://example.com/\u00e9"}]}]},
    "synced": {"type": "folder", "name": "Mobile", "children": []}}, "version": 1}"#;

#[test]
fn pdfs_have_a_title_and_their_pages() {
    let found = documents(
        Kind::Pdf,
        file(&pdf("Quarterly report", &["Hello budget", "na\u{ef}ve"])),
    )
    .unwrap();
    assert_eq!(found[0].title.as_deref(), Some("Quarterly report"));
    assert!(found[0].text.starts_with("Hello budget"), "{:?}", found[0]);
    assert_eq!(
        documents(Kind::Pdf, file(&pdf("", &[""]))),
        Err(Unread::Empty)
    );
    assert_eq!(
        documents(Kind::Pdf, file(b"%PDF-1.7\nnothing")),
        Err(Unread::Damaged)
    );
}

#[test]
fn office_documents_have_a_title_and_their_words() {
    let found = documents(Kind::Document, file(&docx())).unwrap();
    assert_eq!(
        found,
        [Document {
            title: Some("The <Plan>".into()),
            text: "Roadmap & €5 second a note".into(),
            ..Document::default()
        }]
    );

    let sheet = archive(&[
        (
            "xl/workbook.xml",
            r#"<workbook><sheets><sheet name="Costs &amp; more" sheetId="1"/></sheets></workbook>"#,
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>rent</t></si><si><r><t>wa</t></r><r><t>ges</t></r></si></sst>",
        ),
        (
            "xl/worksheets/sheet1.xml",
            r#"<worksheet><row><c t="s"><v>0</v></c><c><v>42</v></c><c t="inlineStr"><is><t>in place</t></is></c></row></worksheet>"#,
        ),
    ]);
    assert_eq!(
        documents(Kind::Spreadsheet, file(&sheet)).unwrap()[0].text,
        "Costs & more rent wages in place"
    );

    let slides = archive(&[
        (
            "ppt/slides/slide10.xml",
            "<p:sld><a:p><a:r><a:t>last</a:t></a:r></a:p></p:sld>",
        ),
        (
            "ppt/slides/slide2.xml",
            "<p:sld><a:p><a:r><a:t>first</a:t></a:r></a:p></p:sld>",
        ),
        (
            "ppt/notesSlides/notesSlide1.xml",
            "<p:notes><a:p><a:t>say hello</a:t></a:p></p:notes>",
        ),
    ]);
    assert_eq!(
        documents(Kind::Presentation, file(&slides)).unwrap()[0].text,
        "first last say hello"
    );

    let odt = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "content.xml",
            "<office:text><text:h>Title</text:h><text:p>one<text:span>two</text:span><text:tab/>three</text:p></office:text>",
        ),
        (
            "meta.xml",
            "<office:meta><dc:title>Mine</dc:title></office:meta>",
        ),
    ]);
    assert_eq!(
        documents(Kind::Document, file(&odt)).unwrap(),
        [Document {
            title: Some("Mine".into()),
            text: "Title onetwo three".into(),
            ..Document::default()
        }]
    );
    assert_eq!(
        documents(Kind::Document, file(&archive(&[("x.txt", "no document")]))),
        Err(Unread::Damaged)
    );
}

#[test]
fn archives_that_inflate_without_end_are_refused_and_entities_stay_small() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    writer
        .start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    let spaces = vec![b' '; 1024 * 1024];
    for _ in 0..80 {
        writer.write_all(&spaces).unwrap();
    }
    writer.finish().unwrap();
    let bomb = bytes.into_inner();
    assert!(bomb.len() < 200_000);
    assert_eq!(
        documents(Kind::Document, file(&bomb)),
        Err(Unread::Exhausting)
    );

    let laughs =
        r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x><p>&b;&b; end</p></x>"#;
    assert_eq!(
        documents(Kind::Document, file(&archive(&[("content.xml", laughs)]))).unwrap()[0].text,
        "end"
    );
    let deep = format!("{}word{}", "<a>".repeat(300_000), "</a>".repeat(300_000));
    assert_eq!(
        documents(Kind::Document, file(&archive(&[("content.xml", &deep)]))).unwrap()[0].text,
        "word"
    );
}

#[test]
fn bookmarks_of_both_browsers_are_documents_of_their_own() {
    let bookmark = |key: &str, title: &str, url: &str, text: &str| Document {
        key: key.into(),
        title: Some(title.into()),
        url: Some(url.into()),
        text: text.into(),
    };
    assert_eq!(
        documents(Kind::ChromeBookmarks, file(CHROME.as_bytes())).unwrap(),
        [
            bookmark(
                "g-1",
                "Rust book",
                "https://doc.rust-lang.org/book/",
                "Bookmarks bar https://doc.rust-lang.org/book/"
            ),
            bookmark(
                "g-3",
                "HTTPS://example.com/é",
                "HTTPS://example.com/é",
                "Bookmarks bar / Work HTTPS://example.com/é"
            ),
        ]
    );
    assert_eq!(
        documents(Kind::FirefoxBookmarks, file(&places())).unwrap(),
        [bookmark(
            "aaaaaaaaaaaa",
            "Wiki",
            "https://example.com/wiki",
            "toolbar https://example.com/wiki"
        )]
    );
    assert_eq!(
        documents(Kind::ChromeBookmarks, file(b"{}")),
        Err(Unread::Damaged)
    );
    assert_eq!(
        documents(Kind::FirefoxBookmarks, file(b"SQLite format 3\0")),
        Err(Unread::Damaged)
    );
}

/// xorshift64*: the same damage in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn damage(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.roll(8) {
            let at = self.roll(bytes.len());
            match self.roll(5) {
                0 => bytes[at] ^= 1 << self.roll(8),
                1 => bytes[at] = self.roll(256) as u8,
                2 => bytes.truncate(at.max(1)),
                3 => {
                    let piece = bytes[at..bytes.len().min(at + 64)].to_vec();
                    let to = self.roll(bytes.len());
                    bytes.splice(to..to, piece);
                }
                _ => {
                    let end = bytes.len().min(at + self.roll(32));
                    bytes.drain(at..end);
                }
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        bytes
    }
}

#[test]
fn damaged_files_of_every_format_are_answered_without_a_panic() {
    let wholes = [
        (
            Kind::Pdf,
            pdf("Quarterly report", &["Hello budget", "second page"]),
        ),
        (Kind::Document, docx()),
        (Kind::ChromeBookmarks, CHROME.as_bytes().to_vec()),
        (Kind::FirefoxBookmarks, places()),
    ];
    let mut dice = Dice(0x0A71_A5F0_0D5E_ED01);
    let mut read = 0;
    for (kind, whole) in &wholes {
        for _ in 0..400 {
            let damaged = dice.damage(whole);
            read += usize::from(documents(*kind, file(&damaged)).is_ok());
        }
    }
    assert!(
        read > 0,
        "some damage leaves a file readable, or this test tests nothing"
    );
    for _ in 0..2_000 {
        let damaged = dice.damage(
            b"<html><title>a</title><script>b</script><!-- c --><p>d &amp; \xC3\xA9\xFF</p></html>",
        );
        let _ = plain(Kind::Html, &file(&damaged));
    }
}
