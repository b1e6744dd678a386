//! The elements of an HTML page one after the other: enough to pick known ones by class. Nothing is nested and nothing fails.

use super::{TAG_MAX, html_to_text};

/// Longest text of an element, in bytes with its markup.
const TEXT_MAX: usize = 8192;

/// An element from its opening tag on.
pub struct Element<'h> {
    name: &'h str,
    attributes: &'h str,
    after: &'h str,
}

impl Element<'_> {
    /// Whether it has this name, in whatever case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, entities decoded; empty if it stands there without one.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut all = attributes(self.attributes);
        let (_, value) = all.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(html_to_text(value))
    }

    /// Whether `class` is among its classes.
    pub fn has_class(&self, class: &str) -> bool {
        self.attribute("class")
            .is_some_and(|all| all.split(' ').any(|one| one == class))
    }

    /// Its text up to the next end of an element of its name.
    pub fn text(&self) -> String {
        let near = &self.after[..self.after.floor_char_boundary(TEXT_MAX)];
        let closes = |at: usize| {
            let rest = &near[at + 2..];
            let (name, rest) = rest.split_at_checked(self.name.len()).unwrap_or_default();
            self.is(name) && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
        };
        let mut ends = near.match_indices("</").map(|(at, _)| at);
        let end = ends.find(|at| closes(*at)).unwrap_or(near.len());
        html_to_text(&near[..end])
    }
}

/// Every opening tag of `html`, in order.
pub fn elements(html: &str) -> impl Iterator<Item = Element<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find('<')? + 1..];
            let Some(end) = end(rest) else { continue };
            let (tag, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            let stop = tag.find(|c: char| c.is_ascii_whitespace() || c == '/');
            let (name, attributes) = tag.split_at(stop.unwrap_or(tag.len()));
            return Some(Element {
                name,
                attributes,
                after,
            });
        }
    })
}

/// The place of the `>` that ends the opening tag which begins here; one inside quotes does not.
fn end(tag: &str) -> Option<usize> {
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate().take(TAG_MAX) {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes(mut rest: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_space = |c: char| c.is_ascii_whitespace();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| is_space(c) || c == '/');
        let first = rest.chars().next()?.len_utf8();
        let end = rest[first..].find(|c| is_space(c) || c == '=' || c == '/');
        let (name, after) = rest.split_at(end.map_or(rest.len(), |at| first + at));
        let Some(value) = after.trim_start().strip_prefix('=') else {
            rest = after;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(is_space).unwrap_or(value.len())),
        };
        rest = after;
        Some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_however_they_are_written() {
        let html = r#"<p>x</p><INPUT type=hidden NAME='s' value = "a &amp; > b" disabled/><a class="r  r--x" =odd>t <b>u</b></a>"#;
        let all: Vec<Element<'_>> = elements(html).collect();
        let names: Vec<&str> = all.iter().map(|element| element.name).collect();
        assert_eq!(names, ["p", "INPUT", "a", "b"]);
        let input = &all[1];
        assert!(input.is("input"));
        for (name, value) in [
            ("type", Some("hidden")),
            ("name", Some("s")),
            ("value", Some("a & > b")),
            ("disabled", Some("")),
            ("absent", None),
        ] {
            assert_eq!(input.attribute(name).as_deref(), value, "{name}");
        }
        assert!(all[2].has_class("r--x") && all[2].has_class("r") && !all[2].has_class("r-"));
        assert_eq!(all[2].text(), "t u");
    }

    #[test]
    fn what_is_never_closed_is_no_element_and_text_has_an_end() {
        assert_eq!(elements("a < b <i <b x='>").count(), 0);
        let open = format!("<a>{}", "ä".repeat(TEXT_MAX));
        let text = elements(&open).next().unwrap().text();
        assert_eq!(text.len(), TEXT_MAX);
    }
}
