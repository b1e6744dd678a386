//! The kinds of files, told by their names. How each is read belongs to `extract`.

use std::path::Path;

/// What a file is to a person, and thereby how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prose without markup.
    Text,
    /// Markdown and its kin.
    Markdown,
    /// Source and configuration.
    Code,
    /// A page.
    Html,
    /// Rows of values.
    Csv,
    /// JSON, one document or one a line.
    Json,
    /// PDF.
    Pdf,
    /// Word and Writer documents.
    Document,
    /// Excel and Calc.
    Spreadsheet,
    /// PowerPoint and Impress.
    Presentation,
    /// The `Bookmarks` file of Chrome and its kin.
    ChromeBookmarks,
    /// Firefox' `places.sqlite`.
    FirefoxBookmarks,
    /// No ending we know: text if it looks like text.
    Unknown,
    /// Known to hold no text: found by its name only.
    Opaque,
}

const ENDINGS: &[(Kind, &[&str])] = &[
    (
        Kind::Text,
        &[
            "txt", "text", "log", "tex", "srt", "vtt", "eml", "ics", "vcf",
        ],
    ),
    (
        Kind::Markdown,
        &[
            "md", "markdown", "mdx", "rst", "adoc", "asciidoc", "org", "textile",
        ],
    ),
    (
        Kind::Code,
        &[
            "bash", "bat", "c", "cc", "cfg", "clj", "cmake", "conf", "cpp", "cs", "css", "dart",
            "diff", "el", "erl", "ex", "exs", "fish", "go", "gradle", "graphql", "groovy", "h",
            "hpp", "hs", "ini", "ipynb", "java", "jl", "js", "jsx", "kt", "less", "lisp", "lua",
            "m", "mjs", "ml", "mm", "nix", "patch", "php", "pl", "pm", "proto", "ps1", "py", "r",
            "rb", "rs", "sass", "scala", "scss", "sh", "sql", "svelte", "swift", "tf", "toml",
            "ts", "tsx", "vb", "vim", "vue", "xml", "xsl", "yaml", "yml", "zig", "zsh",
        ],
    ),
    (Kind::Html, &["html", "htm", "xhtml"]),
    (Kind::Csv, &["csv", "tsv"]),
    (Kind::Json, &["json", "jsonl", "ndjson", "geojson"]),
    (Kind::Pdf, &["pdf"]),
    (Kind::Document, &["docx", "docm", "dotx", "odt", "ott"]),
    (Kind::Spreadsheet, &["xlsx", "xlsm", "ods", "ots"]),
    (Kind::Presentation, &["pptx", "pptm", "ppsx", "odp", "otp"]),
    (
        Kind::Opaque,
        &[
            "7z", "a", "aac", "avi", "bak", "bin", "bmp", "bz2", "class", "db", "dll", "dmg",
            "doc", "exe", "flac", "gif", "gz", "heic", "ico", "iso", "jar", "jpeg", "jpg",
            "jsonlz4", "key", "kdbx", "lock", "m4a", "mkv", "mov", "mp3", "mp4", "o", "ogg", "p12",
            "pem", "pfx", "png", "ppt", "pyc", "rar", "so", "sqlite", "svg", "tar", "tgz", "tif",
            "tiff", "ttf", "wav", "webm", "webp", "woff", "woff2", "xls", "xz", "zip", "zst",
        ],
    ),
];

impl Kind {
    /// The kind of the file with this name.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default();
        if name == "Bookmarks" {
            return Self::ChromeBookmarks;
        }
        if name == "places.sqlite" {
            return Self::FirefoxBookmarks;
        }
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let row = ENDINGS
            .iter()
            .find(|(_, endings)| endings.contains(&ending.as_str()));
        row.map_or(Self::Unknown, |(kind, _)| *kind)
    }

    /// The kind with this name, of those that are parsed in a process of their own.
    pub fn named(name: &str) -> Option<Self> {
        let parsed = [
            Self::Pdf,
            Self::Document,
            Self::Spreadsheet,
            Self::Presentation,
            Self::ChromeBookmarks,
            Self::FirefoxBookmarks,
        ];
        parsed.into_iter().find(|kind| kind.word() == name)
    }

    /// The name of the kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Code => "code",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Document => "document",
            Self::Spreadsheet => "spreadsheet",
            Self::Presentation => "presentation",
            Self::ChromeBookmarks => "chrome-bookmarks",
            Self::FirefoxBookmarks => "firefox-bookmarks",
            Self::Unknown | Self::Opaque => "other",
        }
    }

    /// Whether it holds a browser's bookmarks.
    pub fn is_bookmarks(self) -> bool {
        matches!(self, Self::ChromeBookmarks | Self::FirefoxBookmarks)
    }

    /// Whether it is parsed in a process of its own: formats with structure, where a hostile file could cost memory, time or the stack.
    pub fn is_parsed(self) -> bool {
        Self::named(self.word()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kinds() {
        for (name, kind) in [
            ("notes/Plan.MD", Kind::Markdown),
            ("Makefile", Kind::Unknown),
            ("report.v2.pdf", Kind::Pdf),
            ("Default/Bookmarks", Kind::ChromeBookmarks),
            ("places.sqlite", Kind::FirefoxBookmarks),
            ("photo.JPG", Kind::Opaque),
            ("id.pem", Kind::Opaque),
        ] {
            assert_eq!(Kind::of(Path::new(name)), kind, "{name}");
        }
    }

    #[test]
    fn no_ending_has_two_kinds() {
        let mut all: Vec<&str> = ENDINGS
            .iter()
            .flat_map(|(_, endings)| endings.iter().copied())
            .collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), before);
    }
}
