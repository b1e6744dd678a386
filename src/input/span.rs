//! Spans of whole days as people write them: `90d`, `12w`, `3mo`, `1y`. Owns the form; the calendar belongs to jiff.

use jiff::civil::Date;
use jiff::{Span, Unit};

/// The span of a text; `None` unless it is positive and of whole days.
pub fn parse(text: &str) -> Option<Span> {
    let span: Span = text.parse().ok()?;
    let units = [Unit::Hour, Unit::Minute, Unit::Second];
    let smaller = units.map(|unit| match unit {
        Unit::Hour => i64::from(span.get_hours()),
        Unit::Minute => span.get_minutes(),
        _ => {
            span.get_seconds()
                + span.get_milliseconds()
                + span.get_microseconds()
                + span.get_nanoseconds()
        }
    });
    (span.is_positive() && smaller == [0, 0, 0]).then_some(span)
}

/// The day that lies a span after another; the last day there is when it would be none.
pub fn after(day: Date, span: Span) -> Date {
    day.checked_add(span).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{after, parse};

    #[test]
    fn spans_are_of_whole_days() {
        let day = date(2026, 1, 31);
        let days = ["90d", "2w", "1mo", "1y"].map(|text| parse(text).map(|span| after(day, span)));
        let expected = [
            date(2026, 5, 1),
            date(2026, 2, 14),
            date(2026, 2, 28),
            date(2027, 1, 31),
        ];
        assert_eq!(days, expected.map(Some));
        for text in ["", "90", "0d", "-1d", "12h", "1d 5h", "soon"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
