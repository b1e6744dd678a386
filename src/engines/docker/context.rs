//! A build context: a folder as a tar stream, without what `.dockerignore` names. Owns that file's patterns
//! (docs.docker.com/build/concepts/context, "dockerignore"); the build itself belongs to `image`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc::{Sender, channel};

/// Chunks waiting for the engine; a chunk is what the archive writer hands over at once.
const AHEAD: usize = 16;
const CHUNK: usize = 64 * 1024;

/// The folder as a stream. A thread reads it, so that a large folder neither fills the memory nor holds up anything else; a
/// file that cannot be read ends the stream early, and the engine refuses the archive.
pub(super) fn archive(
    folder: PathBuf,
    dockerfile: &Path,
) -> Result<impl Stream<Item = Bytes> + Send + 'static, String> {
    let file = folder.join(".dockerignore");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
        Err(cause) => return Err(format!("{}: {cause}", file.display())),
    };
    let mut rules = Rules::parse(&text);
    // The engine needs these two whatever the rules say.
    rules
        .0
        .push(Rule::new(&dockerfile.to_string_lossy(), false));
    rules.0.push(Rule::new(".dockerignore", false));
    let (sender, receiver) = channel(AHEAD);
    std::thread::spawn(move || {
        let mut archive = tar::Builder::new(io::BufWriter::with_capacity(CHUNK, Pipe(sender)));
        archive.follow_symlinks(false);
        let written = append(&mut archive, &folder, Path::new(""), &rules);
        // Without its end the archive is refused, which is right when a file could not be read.
        if written.is_ok() {
            let _ = archive.into_inner().and_then(|mut pipe| pipe.flush());
        }
    });
    Ok(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

struct Pipe(Sender<Bytes>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    folder: &Path,
    inside: &Path,
    rules: &Rules,
) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(inside))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = inside.join(entry.file_name());
        let ignored = rules.ignore(&path.to_string_lossy());
        if entry.file_type()?.is_dir() {
            // An exception further down may bring parts of an ignored folder back.
            if !ignored {
                archive.append_dir(&path, entry.path())?;
            }
            if !ignored || rules.has_exceptions() {
                append(archive, folder, &path, rules)?;
            }
        } else if !ignored {
            archive.append_path_with_name(entry.path(), &path)?;
        }
    }
    Ok(())
}

/// The patterns of a `.dockerignore`; the last one that matches decides.
struct Rules(Vec<Rule>);

struct Rule {
    parts: Vec<String>,
    ignores: bool,
}

impl Rules {
    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            lines
                .map(|line| match line.strip_prefix('!') {
                    Some(pattern) => Rule::new(pattern.trim(), false),
                    None => Rule::new(line, true),
                })
                .collect(),
        )
    }

    fn has_exceptions(&self) -> bool {
        self.0.iter().any(|rule| !rule.ignores)
    }

    fn ignore(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let last = self.0.iter().rev().find(|rule| rule.matches(&parts));
        last.is_some_and(|rule| rule.ignores)
    }
}

impl Rule {
    fn new(pattern: &str, ignores: bool) -> Self {
        let parts = pattern
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        Self {
            parts: parts.map(str::to_owned).collect(),
            ignores,
        }
    }

    /// A pattern names a path or one of the folders it is in.
    fn matches(&self, path: &[&str]) -> bool {
        (1..=path.len()).any(|depth| path_matches(&self.parts, &path[..depth]))
    }
}

fn path_matches(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => {
            (0..=path.len()).any(|skipped| path_matches(rest, &path[skipped..]))
        }
        Some((first, rest)) => {
            let (Some(name), tail) = (path.first(), path.get(1..)) else {
                return false;
            };
            let first: Vec<char> = first.chars().collect();
            let name: Vec<char> = name.chars().collect();
            part_matches(&first, &name) && path_matches(rest, tail.unwrap_or_default())
        }
    }
}

/// Go's `filepath.Match` within one part: `*`, `?`, `[…]`, `\\`.
fn part_matches(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|skipped| part_matches(rest, &name[skipped..])),
        ['?', rest @ ..] => !name.is_empty() && part_matches(rest, &name[1..]),
        ['[', rest @ ..] => {
            let Some(end) = rest.iter().position(|c| *c == ']') else {
                return false;
            };
            let (set, tail) = (&rest[..end], &rest[end + 1..]);
            name.first().is_some_and(|c| in_set(set, *c)) && part_matches(tail, &name[1..])
        }
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            name.first() == Some(literal) && part_matches(rest, &name[1..])
        }
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let (negated, set) = match set {
        ['^', rest @ ..] => (true, rest),
        set => (false, set),
    };
    let mut found = false;
    let mut rest = set;
    while let [first, tail @ ..] = rest {
        (found, rest) = match tail {
            ['-', last, tail @ ..] => (found || (*first <= c && c <= *last), tail),
            tail => (found || *first == c, tail),
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_the_documentation_mean_what_it_says() {
        let ignored = |text: &str, path: &str| Rules::parse(text).ignore(path);
        assert!(ignored("*/temp*", "somedir/temporary.txt"));
        assert!(!ignored("*/temp*", "temporary.txt"));
        assert!(ignored("*/*/temp*", "somedir/subdir/temporary.txt"));
        assert!(ignored("temp?", "tempa"));
        assert!(!ignored("temp?", "temp"));
        assert!(ignored("**/*.go", "a/b/c.go"));
        assert!(ignored("**/*.go", "c.go"));
        assert!(ignored("*.md\n!README.md", "NOTES.md"));
        assert!(!ignored("*.md\n!README.md", "README.md"));
        assert!(ignored("# comment\n/.env\n", ".env"));
        assert!(ignored("**/.env*", "services/.env.local"));
        assert!(ignored("node_modules", "node_modules/x/y.js"));
        assert!(!ignored("**/log", "catalog"));
        assert!(ignored("[a-c]x", "bx"));
        assert!(!ignored("[^a-c]x", "bx"));
    }

    #[test]
    fn the_dockerfile_is_sent_whatever_the_rules_say() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join(".dockerignore"), "*").expect("file");
        std::fs::write(folder.path().join("Dockerfile"), "FROM scratch").expect("file");
        std::fs::write(folder.path().join("secret"), "x").expect("file");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("runtime");
        let archive = archive(folder.path().to_owned(), Path::new("Dockerfile")).expect("archive");
        let chunks: Vec<Bytes> = runtime.block_on(futures_util::StreamExt::collect(archive));
        let bytes = chunks.concat();
        let mut names: Vec<String> = tar::Archive::new(&bytes[..])
            .entries()
            .expect("an archive")
            .map(|entry| {
                entry
                    .expect("entry")
                    .path()
                    .expect("path")
                    .display()
                    .to_string()
            })
            .collect();
        names.sort();
        assert_eq!(names, [".dockerignore", "Dockerfile"]);
    }
}
