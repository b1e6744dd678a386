//! Markup to plain text: HTML fragments, Markdown, Slack's, Confluence's highlight marks, Atlassian Document Format; and snippets of it.

mod elements;
mod markdown;
mod mrkdwn;

pub use elements::{Element, elements};
pub use markdown::markdown_to_text;
pub use mrkdwn::mrkdwn_to_text;
use serde_json::Value;

/// Longest snippet, in characters.
const SNIPPET: usize = 300;
/// Longest tag, in bytes: a bound, or text full of `<` would be searched to its end for each of them.
const TAG_MAX: usize = 4096;

/// The text of an HTML fragment: tags and highlight marks gone, entities decoded, white space collapsed.
pub fn html_to_text(html: &str) -> String {
    let html = html.replace("@@@hl@@@", "").replace("@@@endhl@@@", "");
    let mut text = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (taken, length) = if rest.starts_with('<') {
            tag(rest)
        } else {
            entity(rest)
        };
        match taken {
            Some(replacement) => text.push(replacement),
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text.push_str(rest);
    collapse(&text)
}

/// A tag becomes a space, so that words on both sides stay apart; a lone `<` stays.
fn tag(rest: &str) -> (Option<char>, usize) {
    let opens = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
    let end = rest[..rest.floor_char_boundary(TAG_MAX)].find('>');
    match end.filter(|_| opens) {
        Some(end) => {
            let name = rest[1..end]
                .trim_start_matches('/')
                .split([' ', '/'])
                .next()
                .unwrap_or_default();
            let joins = ["b", "em", "i", "mark", "span", "strong"]
                .iter()
                .any(|inline| name.eq_ignore_ascii_case(inline));
            (Some(if joins { '\u{200b}' } else { ' ' }), end + 1)
        }
        None => (None, 1),
    }
}

fn entity(rest: &str) -> (Option<char>, usize) {
    let Some(end) = rest.bytes().take(12).position(|byte| byte == b';') else {
        return (None, 1);
    };
    let name = &rest[1..end];
    let decoded = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "hellip" => Some('…'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "lsquo" => Some('‘'),
        "rsquo" => Some('’'),
        "ldquo" => Some('“'),
        "rdquo" => Some('”'),
        _ => numeric(name),
    };
    decoded.map_or((None, 1), |character| (Some(character), end + 1))
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code).filter(|character| !character.is_control() || character.is_whitespace())
}

/// Runs of white space become one space; the zero-width joints of inline tags vanish.
fn collapse(text: &str) -> String {
    text.replace('\u{200b}', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text of an Atlassian Document Format tree.
/// <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>
pub fn adf_to_text(document: &Value) -> String {
    let mut text = String::new();
    // A hostile tree could be deep; serde_json already refuses more than 128 levels.
    adf_node(document, &mut text);
    collapse(&text)
}

fn adf_node(node: &Value, text: &mut String) {
    let attribute = |name: &str| {
        node.pointer(&format!("/attrs/{name}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match node.get("type").and_then(Value::as_str).unwrap_or_default() {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push(' '),
        "mention" | "status" => text.push_str(attribute("text")),
        "emoji" => text.push_str(
            Some(attribute("text"))
                .filter(|t| !t.is_empty())
                .unwrap_or(attribute("shortName")),
        ),
        "inlineCard" | "blockCard" | "embedCard" => text.push_str(attribute("url")),
        _ => {}
    }
    let children = node.get("content").and_then(Value::as_array);
    for child in children.into_iter().flatten() {
        adf_node(child, text);
        if !is_inline(child) {
            text.push(' ');
        }
    }
}

fn is_inline(node: &Value) -> bool {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    matches!(
        kind,
        "text" | "mention" | "status" | "emoji" | "inlineCard" | "hardBreak" | "date"
    )
}

/// At most 300 characters of `text`, around the first word of `query` that occurs in it.
pub fn snippet(text: &str, query: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= SNIPPET {
        return text.to_owned();
    }
    let lower: Vec<char> = characters
        .iter()
        .map(|c| c.to_lowercase().next().unwrap_or(*c))
        .collect();
    let found = query.split_whitespace().filter_map(|word| {
        let word: Vec<char> = word
            .chars()
            .map(|c| c.to_lowercase().next().unwrap_or(c))
            .collect();
        lower.windows(word.len()).position(|window| window == word)
    });
    let start = found
        .min()
        .unwrap_or(0)
        .saturating_sub(60)
        .min(characters.len() - SNIPPET);
    let end = start + SNIPPET;
    let body: String = characters[start..end].iter().collect();
    let (before, after) = (
        if start > 0 { "…" } else { "" },
        if end < characters.len() { "…" } else { "" },
    );
    format!("{before}{}{after}", body.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_plain_text() {
        for (html, text) in [
            ("a<br/>b &amp;&nbsp;<b>c</b>d", "a b & cd"),
            ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
            ("<p>one</p><p>two</p>", "one two"),
            ("&#8211; &#x1F600; &unknown; &", "– 😀 &unknown; &"),
            ("@@@hl@@@hit@@@endhl@@@s <a href=\"x\">y</a>", "hits y"),
            ("<", "<"),
            ("<unclosed", "<unclosed"),
        ] {
            assert_eq!(html_to_text(html), text, "{html}");
        }
    }

    #[test]
    fn a_snippet_is_cut_around_the_first_word_that_occurs() {
        let text = format!("{} needle {}", "ä ".repeat(300), "z ".repeat(300));
        let cut = snippet(&text, "absent NEEDLE");
        assert!(
            cut.starts_with('…') && cut.ends_with('…') && cut.contains(" needle "),
            "{cut}"
        );
        assert!(cut.chars().count() <= SNIPPET + 2);
        assert_eq!(snippet("short", "x"), "short");
    }
}
