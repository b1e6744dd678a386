//! Markdown to plain text, as far as a snippet needs it: marks at the edges of lines and words, links, images, fences.

use super::html_to_text;

const MARKS: [char; 3] = ['*', '_', '`'];

/// The text of a Markdown document on one line.
pub fn markdown_to_text(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.lines().map(str::trim) {
        let is_rule = line.len() >= 3 && line.chars().all(|c| "-=*_|: ".contains(c));
        if is_rule || line.starts_with("```") || line.starts_with("~~~") {
            continue;
        }
        let line = line.trim_start_matches(['#', '>', ' ']);
        let line = ["- [ ] ", "- [x] ", "- ", "* ", "+ "]
            .iter()
            .find_map(|bullet| line.strip_prefix(bullet))
            .unwrap_or(line);
        match line.starts_with('|') {
            true => without_links(&line.replace('|', " "), &mut text),
            false => without_links(line, &mut text),
        }
        text.push(' ');
    }
    html_to_text(&without_marks(&text))
}

/// `[text](address)` and `![text](address)` become their text.
fn without_links(line: &str, text: &mut String) {
    let mut rest = line;
    while let Some(middle) = rest.find("](") {
        let (before, address) = rest.split_at(middle);
        let (Some(open), Some(end)) = (before.rfind('['), address.find(')')) else {
            break;
        };
        text.push_str(before[..open].trim_end_matches('!'));
        text.push_str(&before[open + 1..]);
        rest = &address[end + 1..];
    }
    text.push_str(rest);
}

/// Marks of emphasis and code vanish where they touch one word; inside of words and alone they mean themselves.
fn without_marks(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARKS) {
        bare.push_str(&rest[..at]);
        let length = rest[at..].find(|c| !MARKS.contains(&c));
        let (marks, after) = rest[at..].split_at(length.unwrap_or(rest.len() - at));
        let left = bare.chars().next_back().unwrap_or(' ');
        let right = after.chars().next().unwrap_or(' ');
        let inside = left.is_alphanumeric() && right.is_alphanumeric();
        let alone = left.is_whitespace() && right.is_whitespace();
        if inside || alone {
            bare.push_str(marks);
        }
        rest = after;
    }
    bare.push_str(rest);
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_vanish_and_words_stay() {
        for (markdown, text) in [
            (
                "# Title\n\nSome **bold words** and _it_.",
                "Title Some bold words and it.",
            ),
            (
                "- [x] see [the docs](https://a.example/x) ![shot](b.png)",
                "see the docs shot",
            ),
            (
                "> quoted `code` a [b] [c](d)\n---\n```rust\nlet x = 1;\n```",
                "quoted code a [b] c let x = 1;",
            ),
            (
                "snake_case and 2 * 3 stay<br>&amp; so on",
                "snake_case and 2 * 3 stay & so on",
            ),
            ("| a | b |\n|---|:-:|\n| 1 | `2` |", "a b 1 2"),
            ("[[[[", "[[[["),
            ("", ""),
        ] {
            assert_eq!(markdown_to_text(markdown), text);
        }
    }
}
