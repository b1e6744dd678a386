//! Slack's own markup to plain text: `<address|words>`, `<@user>`, `*bold*`.
//!
//! <https://docs.slack.dev/messaging/formatting-message-text>

use super::html_to_text;

/// The text of a message on one line.
pub fn mrkdwn_to_text(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((inside, behind)) = after.split_once('>') else {
            rest = after;
            continue;
        };
        let shown = inside.rsplit_once('|').map_or(inside, |(_, words)| words);
        text.push_str(shown.trim_start_matches('!'));
        rest = behind;
    }
    text.push_str(rest);
    let is_mark = |c: char| matches!(c, '*' | '`' | '~');
    let words = text
        .split_whitespace()
        .map(|word| word.trim_matches(is_mark));
    html_to_text(
        &words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_what_a_person_reads() {
        for (markup, text) in [
            (
                "see <https://a.example/x|the *docs*> &amp; <@U12|ann>",
                "see the docs & ann",
            ),
            (
                "<!here> *deploy failed* in `prod`",
                "here deploy failed in prod",
            ),
            ("<#C12|general> 1 &lt; 2", "general 1 < 2"),
            ("a < b", "a b"),
        ] {
            assert_eq!(mrkdwn_to_text(markup), text);
        }
    }
}
