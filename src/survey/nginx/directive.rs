//! The configuration of nginx as directives: words, blocks, includes. Judges nothing and knows no directive but `include`.

use std::fs;
use std::path::{Path, PathBuf};

/// Includes within includes are followed so deep.
const DEPTH: usize = 8;

/// One directive with what is in its block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its name and arguments, without quotes.
    pub(super) words: Vec<String>,
    /// What is in its block.
    pub(super) block: Vec<Directive>,
    /// The file and line where it begins.
    pub(super) place: String,
}

impl Directive {
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    pub(super) fn argument(&self, index: usize) -> &str {
        self.words.get(index + 1).map_or("", String::as_str)
    }

    /// It, and everything in it.
    pub(super) fn all(&self) -> Vec<&Directive> {
        let inner = self.block.iter().flat_map(Directive::all);
        std::iter::once(self).chain(inner).collect()
    }

    /// Whether a directive of that name is in it.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.all().iter().any(|directive| directive.name() == name)
    }

    /// Whether a directive of that name with that first argument is in it.
    pub(super) fn has(&self, name: &str, argument: &str) -> bool {
        let mut all = self.all().into_iter();
        all.any(|directive| directive.name() == name && directive.argument(0) == argument)
    }
}

/// The directives of a file, includes put in their place. What cannot be read is left out.
pub(super) fn read(root: &Path, file: &Path) -> Vec<Directive> {
    follow(root, file.parent().unwrap_or(root), file, DEPTH)
}

fn follow(root: &Path, base: &Path, file: &Path, depth: usize) -> Vec<Directive> {
    let Ok(text) = fs::read_to_string(file) else {
        return Vec::new();
    };
    let place = file
        .strip_prefix(root)
        .map_or(file.to_path_buf(), |path| Path::new("/").join(path));
    let mut tokens = tokens(&text).into_iter();
    let directives = block(&mut tokens, &place.display().to_string());
    expand(directives, root, base, depth)
}

fn expand(directives: Vec<Directive>, root: &Path, base: &Path, depth: usize) -> Vec<Directive> {
    let mut expanded = Vec::new();
    for mut directive in directives {
        if directive.name() == "include" && depth > 0 {
            for file in files(root, base, directive.argument(0)) {
                expanded.extend(follow(root, base, &file, depth - 1));
            }
            continue;
        }
        directive.block = expand(directive.block, root, base, depth);
        expanded.push(directive);
    }
    expanded
}

/// The files of a pattern; `*` stands in the last part only, as everybody writes it.
fn files(root: &Path, base: &Path, pattern: &str) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix('/') {
        Some(absolute) => root.join(absolute),
        None => base.join(pattern),
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let (Some(name), Some(folder)) = (name, path.parent()) else {
        return Vec::new();
    };
    let Some((begin, end)) = name.split_once('*') else {
        return vec![path.clone()];
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String, usize),
    End,
    Open,
    Close,
}

/// Words, quoted or not, and `;`, `{`, `}`, each with its line; comments are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut line = 1;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match (quote, letter) {
            (Some(open), letter) if letter == open => {
                tokens.push(Token::Word(std::mem::take(&mut word), line));
                quote = None;
            }
            (_, '\\') => {
                word.push(letter);
                word.extend(letters.next());
            }
            (Some(_), letter) => word.push(letter),
            (None, '"' | '\'') if word.is_empty() => quote = Some(letter),
            (None, '#') if word.is_empty() => {
                while letters.next_if(|letter| *letter != '\n').is_some() {}
            }
            // `${name}` is part of a word.
            (None, '{') if word.ends_with('$') => {
                word.push(letter);
                while let Some(letter) = letters.next_if(|letter| *letter != '}') {
                    word.push(letter);
                }
                word.extend(letters.next());
            }
            (None, letter) if letter.is_whitespace() || ";{}".contains(letter) => {
                if !word.is_empty() {
                    tokens.push(Token::Word(
                        std::mem::take(&mut word),
                        line - usize::from(letter == '\n'),
                    ));
                }
                match letter {
                    ';' => tokens.push(Token::End),
                    '{' => tokens.push(Token::Open),
                    '}' => tokens.push(Token::Close),
                    _ => {}
                }
            }
            (None, letter) => word.push(letter),
        }
    }
    tokens
}

/// Directives up to the end of the block.
fn block(tokens: &mut impl Iterator<Item = Token>, file: &str) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut current = Directive::default();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word, line) => {
                if current.words.is_empty() {
                    current.place = format!("{file}:{line}");
                }
                current.words.push(word);
            }
            Token::End => directives.push(std::mem::take(&mut current)),
            Token::Open => {
                current.block = block(tokens, file);
                directives.push(std::mem::take(&mut current));
            }
            Token::Close => return directives,
        }
    }
    directives
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<Directive> {
        block(&mut tokens(text).into_iter(), "site")
    }

    #[test]
    fn words_quotes_comments_and_blocks_are_told_apart() {
        let text = "# a comment; { }\nserver {\n  listen 80;\n  add_header X \"a; b\";\n  location ~ ^/(a|b)$ { set $x '${host}'; return 200; }\n}\n";
        let all = parsed(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].place, "site:2");
        let lines: Vec<String> = all[0].all().iter().map(|d| d.words.join("|")).collect();
        assert_eq!(
            lines,
            [
                "server",
                "listen|80",
                "add_header|X|a; b",
                "location|~|^/(a|b)$",
                "set|$x|${host}",
                "return|200"
            ]
        );
    }

    #[test]
    fn includes_are_put_in_their_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("etc/nginx/sites-enabled")).expect("a folder");
        fs::write(
            root.join("etc/nginx/nginx.conf"),
            "http { include sites-enabled/*; include /etc/nginx/none.conf; }",
        )
        .expect("a file");
        fs::write(
            root.join("etc/nginx/sites-enabled/atlas"),
            "\nserver { listen 80; }",
        )
        .expect("a file");
        let all = read(root, &root.join("etc/nginx/nginx.conf"));
        assert_eq!(all[0].block.len(), 1);
        assert_eq!(all[0].block[0].place, "/etc/nginx/sites-enabled/atlas:2");
        assert!(all[0].has("listen", "80"));
    }
}
