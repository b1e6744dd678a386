//! A page as Markdown: a table at a glance, then each entry. Owns the escaping.

use crate::targets::templates::{Entry, Page};

/// The page as GitHub's Markdown.
pub fn markdown(page: &Page) -> String {
    let mut text = format!("# {}: {}\n\n", page.title, escaped(&page.project));
    text += &format!(
        "{}. **{}**\n\n{}\n\n",
        page.time,
        escaped(&page.verdict),
        escaped(&page.summary)
    );
    text += "| result | item | |\n|---|---|---|\n";
    for entry in &page.entries {
        let id = &entry.id;
        text += &format!(
            "| {} | {} | `{id}` |\n",
            entry.word,
            escaped(&entry.title).replace('|', "\\|")
        );
    }
    for entry in &page.entries {
        text += &one(entry);
    }
    text
}

fn one(entry: &Entry) -> String {
    let mut text = format!("\n## {}: {}\n\n", entry.word, escaped(&entry.title));
    let id = &entry.id;
    text += &match entry.required {
        true => format!("`{id}`"),
        false => format!("`{id}`, not required"),
    };
    if let Some(subject) = &entry.subject {
        text += &format!(", about {}", escaped(subject));
    }
    text += "\n\n";
    for paragraph in [&entry.what, &entry.why].into_iter().flatten() {
        text += &format!("{}\n\n", escaped(paragraph));
    }
    for line in &entry.evidence {
        text += &format!("- {}\n", escaped(line));
    }
    if let Some(question) = &entry.question {
        text += &format!("\nAsked: {}\n", escaped(question));
    }
    for fix in &entry.fixes {
        text += &format!("\nFix: {}\n", escaped(&fix.text));
        if let Some(command) = &fix.command {
            text += &format!("\n```sh\n{command}\n```\n");
        }
    }
    text
}

/// Text that means nothing to Markdown, but for pairs of backticks.
fn escaped(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text).replace('`', "\\`");
    }
    let parts = parts
        .iter()
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => plain(part),
            // Inside code nothing is escaped, and nothing has to be.
            _ => format!("`{part}`"),
        });
    parts.collect()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' => out.extend(['\\', c]),
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markdown_reads_text_as_text_and_code_as_code() {
        let cases = [
            ("set `MONGO_URL` now", "set `MONGO_URL` now"),
            ("a_b *c* <d> [e]", "a\\_b \\*c\\* &lt;d> \\[e\\]"),
            ("a lonely ` here", "a lonely \\` here"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }
}
