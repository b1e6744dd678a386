//! Words: a person's query as an expression of SQLite's FTS5, text as its tokenizer shall see it, and the piece of a text that
//! shows a hit. <https://sqlite.org/fts5.html#full_text_query_syntax>

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longest piece shown, in characters.
const SNIPPET: usize = 300;
/// Characters shown before the hit.
const BEFORE: usize = 60;
/// Words this long are found by their beginnings too.
const PREFIX: usize = 3;
/// Most words of a query that count.
const WORDS_MAX: usize = 24;
/// Hits looked at in one text for the place where most words meet.
const HITS_MAX: usize = 500;

/// A query: all its words, and any of them.
pub(super) struct Query {
    pub(super) all: String,
    pub(super) any: String,
}

impl Query {
    /// The expressions, unless there is no word in `text`. Nothing in it can become an operator: every word is a quoted string.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        for word in text.split_whitespace() {
            let known = tokens(word).map(|(_, token)| token).last();
            let Some(last) = known.filter(|_| terms.len() < WORDS_MAX) else {
                continue;
            };
            let clean: String = word
                .chars()
                .filter(|c| *c != '"' && !c.is_control())
                .collect();
            let exact = format!("\"{}\"", spaced(&clean));
            // Twice, so that the whole word ranks before one that only begins with it.
            let prefix = last.chars().count() >= PREFIX;
            terms.push(if prefix {
                format!("({exact} OR {exact}*)")
            } else {
                exact
            });
        }
        (!terms.is_empty()).then(|| Self {
            all: terms.join(" AND "),
            any: terms.join(" OR "),
        })
    }
}

/// Text with spaces around characters of scripts that write without: each is a word of its own.
pub(super) fn spaced(text: &str) -> Cow<'_, str> {
    if !text.contains(is_ideograph) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if is_ideograph(character) {
            out.extend([' ', character, ' ']);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Han, Hiragana and Katakana.
fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The words of a text as the index knows them, lower case and without accents, each with its place.
fn tokens(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.find(|(_, c)| c.is_alphanumeric())?;
        let mut token: String = folded(first).collect();
        if !is_ideograph(first) {
            while let Some((_, next)) = characters.next_if(|(_, c)| {
                (c.is_alphanumeric() || is_combining_mark(*c)) && !is_ideograph(*c)
            }) {
                token.extend(folded(next));
            }
        }
        Some((start, token))
    })
}

fn folded(character: char) -> impl Iterator<Item = char> {
    // Nearly all text; the tables are for the rest.
    let ascii = character.is_ascii().then(|| character.to_ascii_lowercase());
    let other = (!character.is_ascii()).then(|| {
        character
            .to_lowercase()
            .nfd()
            .filter(|c| !is_combining_mark(*c))
    });
    ascii.into_iter().chain(other.into_iter().flatten())
}

/// At most 300 characters of `text`, where most words of the query meet.
pub(super) fn snippet(text: &str, query: &str) -> String {
    let needles: Vec<String> = tokens(query)
        .map(|(_, token)| token)
        .take(WORDS_MAX)
        .collect();
    let hit = densest(text, &needles).unwrap_or(0);
    let start = text[..hit]
        .char_indices()
        .rev()
        .take(BEFORE)
        .last()
        .map_or(0, |(at, _)| at);
    let end = text[start..]
        .char_indices()
        .nth(SNIPPET)
        .map_or(text.len(), |(at, _)| start + at);
    let mut piece = &text[start..end];
    // Not from the middle of a word, if there is a beginning of one before the hit.
    if start > 0
        && let Some(space) = piece[..hit - start].find(' ')
    {
        piece = &piece[space + 1..];
    }
    let (before, after) = (
        if start > 0 { "…" } else { "" },
        if end < text.len() { "…" } else { "" },
    );
    format!("{before}{}{after}", piece.trim())
}

/// Where the most different needles follow within one snippet.
fn densest(text: &str, needles: &[String]) -> Option<usize> {
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for (at, token) in tokens(text) {
        let found = needles.iter().position(|needle| {
            token == *needle
                || (needle.chars().count() >= PREFIX && token.starts_with(needle.as_str()))
        });
        hits.extend(found.map(|needle| (at, needle)));
        if hits.len() == HITS_MAX {
            break;
        }
    }
    let meeting = |from: usize| {
        let near = hits[from..]
            .iter()
            .take_while(|(at, _)| *at < hits[from].0 + SNIPPET - BEFORE);
        let mut needles: Vec<usize> = near.map(|(_, needle)| *needle).collect();
        needles.sort_unstable();
        needles.dedup();
        needles.len()
    };
    // The first of equals.
    let best = (0..hits.len()).rev().max_by_key(|from| meeting(*from))?;
    Some(hits[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_and_nothing_else() {
        let query = Query::of("roadmap AND \"2026\" c++ * ( é NEAR(x y)").unwrap();
        assert_eq!(
            query.all,
            r#"("roadmap" OR "roadmap"*) AND ("AND" OR "AND"*) AND ("2026" OR "2026"*) AND "c++" AND "é" AND "NEAR(x" AND "y)""#
        );
        assert_eq!(Query::of("東京 ok").unwrap().any, r#"" 東  京 " OR "ok""#);
        assert!(Query::of(" ++ \u{1}* \"").is_none());
    }

    #[test]
    fn a_snippet_shows_the_place_where_most_words_meet() {
        let filler = "lorem ipsum ".repeat(60);
        let text = format!("plan {filler} The Café plans a budget {filler}");
        let cut = snippet(&text, "cafe plan");
        assert!(
            cut.starts_with('…') && cut.ends_with('…') && cut.contains("The Café plans a"),
            "{cut}"
        );
        assert!(cut.chars().count() <= SNIPPET + 2, "{cut}");
        assert_eq!(snippet("short", "absent"), "short");
        assert_eq!(snippet("これは東京です", "東京"), "これは東京です");
    }

    #[test]
    fn a_snippet_of_anything_is_cut_between_characters() {
        for text in [
            "ä".repeat(999),
            format!("{}x", "e\u{301} ".repeat(500)),
            "😀".repeat(700),
            format!("{} x", "y".repeat(2000)),
        ] {
            assert!(snippet(&text, "x e y").chars().count() <= SNIPPET + 2);
        }
    }
}
