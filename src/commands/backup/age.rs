//! Spans of time as people write and read them.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::error::Error;
use crate::exit::Exit;

/// `26h`, `7d`, `1h30m`; days have 24 hours.
pub(super) fn parse(text: &str) -> Result<SignedDuration, Error> {
    let span = text.parse::<Span>().ok();
    let span = span.filter(|span| span.is_positive());
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .ok_or_else(|| {
            Error::new(Exit::Usage, format!("`{text}` is no span of time"))
                .hint("write it as `26h`, `7d` or `90m`")
        })
}

/// `now`, `5 minutes`, `26 hours`, `3 days`.
pub(super) fn words(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    let (number, unit) = match minutes {
        i64::MIN..=0 => return "now".to_owned(),
        1..=119 => (minutes, "minute"),
        120..=2879 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    match number {
        1 => format!("1 {unit}"),
        many => format!("{many} {unit}s"),
    }
}

/// `now`, `5 minutes ago`.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    match words(now.duration_since(then)).as_str() {
        "now" => "now".to_owned(),
        some => format!("{some} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_well() {
        let said = |seconds| words(SignedDuration::from_secs(seconds));
        assert_eq!(said(-5), "now");
        assert_eq!(said(59), "now");
        assert_eq!(said(60), "1 minute");
        assert_eq!(said(3600), "60 minutes");
        assert_eq!(said(2 * 3600), "2 hours");
        assert_eq!(said(26 * 3600), "26 hours");
        assert_eq!(said(9 * 86400), "9 days");
    }

    #[test]
    fn spans_are_read_as_written() {
        let hours = |text| parse(text).map(|span| span.as_hours());
        assert_eq!(hours("26h"), Ok(26));
        assert_eq!(hours("7d"), Ok(168));
        for wrong in ["", "26", "-1h", "0h", "1mo", "soon"] {
            let error = hours(wrong).expect_err("no span");
            assert_eq!(error.message, format!("`{wrong}` is no span of time"));
        }
    }
}
