//! Stretches of the calendar, and their names.

use jiff::Zoned;

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bucket {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Bucket {
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// What the rule of it is called.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }

    /// The stretch that a moment is in: `2026-11-23 04:00+00:00`, `2026-11-23`, `2026-W48`, `2026-11`, `2026`.
    pub(super) fn name(self, at: &Zoned) -> String {
        match self {
            // With its offset, as an hour comes twice when clocks are set back.
            Self::Hour => at.strftime("%Y-%m-%d %H:00%:z").to_string(),
            Self::Day => at.strftime("%Y-%m-%d").to_string(),
            Self::Week => at.strftime("%G-W%V").to_string(),
            Self::Month => at.strftime("%Y-%m").to_string(),
            Self::Year => at.strftime("%Y").to_string(),
        }
    }
}
