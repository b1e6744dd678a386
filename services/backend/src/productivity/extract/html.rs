//! A whole HTML page: its title, and its text without scripts and styles. Fragments belong to `markup`.

use super::text;
use crate::markup::html_to_text;

/// Elements whose contents are not for people.
const SILENT: [&str; 5] = ["script", "style", "noscript", "template", "svg"];

/// Title and text.
pub(super) fn page(html: &str) -> (Option<String>, String) {
    let mut heard = String::with_capacity(html.len());
    let mut title = None;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        heard.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<!--") {
            // What is never closed is dropped to the end, which also keeps this linear.
            rest = after.find("-->").map_or("", |end| &after[end + 3..]);
        } else if let Some(element) = SILENT.iter().find(|name| opens(rest, name)) {
            rest = past(rest, element).1;
            heard.push(' ');
        } else if title.is_none() && opens(rest, "title") {
            let (inside, after) = past(rest, "title");
            title = text::title(&html_to_text(inside));
            rest = after;
        } else {
            heard.push('<');
            rest = &rest[1..];
        }
    }
    heard.push_str(rest);
    (title, text::tidy(&html_to_text(&heard)))
}

fn opens(rest: &str, name: &str) -> bool {
    let Some((tag, after)) = rest
        .get(1..)
        .and_then(|rest| rest.split_at_checked(name.len()))
    else {
        return false;
    };
    tag.eq_ignore_ascii_case(name)
        && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
}

/// What an element holds, and what follows it.
fn past<'h>(rest: &'h str, name: &str) -> (&'h str, &'h str) {
    let inside = rest.find('>').map_or("", |end| &rest[end + 1..]);
    let mut from = 0;
    while let Some(at) = inside[from..].find("</") {
        let at = from + at;
        if opens(&inside[at + 1..], name) {
            let after = &inside[at..];
            return (
                &inside[..at],
                after.find('>').map_or("", |end| &after[end + 1..]),
            );
        }
        from = at + 2;
    }
    (inside, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_title_and_what_people_see() {
        let html = "<!DOCTYPE html><html><head><TITLE>The &amp; Plan</TITLE><style>p{}</style>\
            <script type=x>if (a</b) { \"</scripts>\" }</script></head><!-- no <p> --><body><p>One</p><p>two<b>three</b></p></body>";
        assert_eq!(
            page(html),
            (Some("The & Plan".to_owned()), "One twothree".to_owned())
        );
    }

    #[test]
    fn what_is_never_closed_ends_the_page() {
        assert_eq!(page("a<!-- b"), (None, "a".to_owned()));
        assert_eq!(page("a<script>b"), (None, "a".to_owned()));
        assert_eq!(page("a <scripted>b <"), (None, "a b <".to_owned()));
    }

    #[test]
    fn hostile_pages_take_linear_time() {
        for piece in [
            "<script>",
            "<!--",
            "<title>",
            "</",
            "<script>x</script",
            "&",
            "<<<<",
        ] {
            page(&piece.repeat(400_000 / piece.len()));
        }
    }
}
