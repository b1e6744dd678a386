//! The five fields of a crontab: parsed, and asked for the next run.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Time};
use jiff::{ToSpan, Zoned};

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// 29 February comes every four years, or eight.
const HORIZON_DAYS: i64 = 366 * 9;

/// Minute, hour, day of the month, month, day of the week; `*`, lists, ranges, steps and names.
///
/// ```
/// let nightly: atlas_backup::schedule::Cron = "15 3 * * *".parse().unwrap();
/// let now: jiff::Zoned = "2026-11-23T04:00[UTC]".parse().unwrap();
/// assert_eq!(nightly.next(&now).unwrap().to_string(), "2026-11-24T03:15:00+00:00[UTC]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// 0 to 59.
    pub(super) minutes: BTreeSet<i8>,
    /// 0 to 23.
    pub(super) hours: BTreeSet<i8>,
    /// 1 to 31; `None` for `*`.
    pub(super) days: Option<BTreeSet<i8>>,
    /// 1 to 12; `None` for `*`.
    pub(super) months: Option<BTreeSet<i8>>,
    /// 0 (Sunday) to 6; `None` for `*`.
    pub(super) weekdays: Option<BTreeSet<i8>>,
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "expected five fields (minute, hour, day, month, day of the week), found {}",
                fields.len()
            ));
        };
        let some = |text: &str, set| (!text.starts_with('*') || text.len() > 1).then_some(set);
        let mut weekdays = field(weekday, "day of the week", 0, 7, &DAYS)?;
        if weekdays.remove(&7) {
            weekdays.insert(0);
        }
        let cron = Self {
            text: fields.join(" "),
            minutes: field(minute, "minute", 0, 59, &[])?,
            hours: field(hour, "hour", 0, 23, &[])?,
            days: some(day, field(day, "day", 1, 31, &[])?),
            months: some(month, field(month, "month", 1, 12, &MONTHS)?),
            weekdays: some(weekday, weekdays),
        };
        let start = Date::constant(2024, 1, 1).to_zoned(jiff::tz::TimeZone::UTC);
        match start.ok().and_then(|start| cron.next(&start)) {
            Some(_) => Ok(cron),
            None => Err("there is no such day".to_owned()),
        }
    }
}

/// One field: `*`, `*/n`, `a`, `a-b`, `a-b/n`, and lists of them.
fn field(
    text: &str,
    what: &str,
    low: i8,
    high: i8,
    names: &[&str],
) -> Result<BTreeSet<i8>, String> {
    let wrong = || format!("`{text}` is no {what} from {low} to {high}");
    let one = |word: &str| -> Option<i8> {
        let named = names
            .iter()
            .position(|name| word.eq_ignore_ascii_case(name));
        // Months count from 1, days of the week from 0.
        let number = match named {
            Some(index) => i8::try_from(index).ok()? + i8::from(low == 1),
            None if word.starts_with('+') => return None,
            None => word.parse().ok()?,
        };
        (low..=high).contains(&number).then_some(number)
    };
    let mut set = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step: usize = step.parse().map_err(|_| wrong())?;
                (
                    range,
                    Some(step).filter(|step| *step > 0).ok_or_else(wrong)?,
                )
            }
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, if high == 7 { 6 } else { high }),
            Some((from, to)) => (one(from).ok_or_else(wrong)?, one(to).ok_or_else(wrong)?),
            None if part.contains('/') => return Err(wrong()),
            None => one(range)
                .map(|number| (number, number))
                .ok_or_else(wrong)?,
        };
        if from > to {
            return Err(wrong());
        }
        set.extend((from..=to).step_by(step));
    }
    Ok(set)
}

impl Cron {
    /// Every day at `HH:MM`.
    ///
    /// # Errors
    /// In words, if it is no time.
    pub fn daily(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time such as `03:15`");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let digits = |word: &str| word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
        let (true, true) = (digits(hour), digits(minute)) else {
            return Err(wrong());
        };
        let hour: u8 = hour.parse().map_err(|_| wrong())?;
        let minute: u8 = minute.parse().map_err(|_| wrong())?;
        format!("{minute} {hour} * * *")
            .parse()
            .map_err(|_| wrong())
    }

    /// Every so often: minutes that divide an hour, hours that divide a day, or a day.
    ///
    /// # Errors
    /// In words, if a crontab cannot say it.
    pub fn every(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not one of 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1d"
            )
        };
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let marker = jiff::SpanRelativeTo::days_are_24_hours();
        let seconds = span.to_duration(marker).map_err(|_| wrong())?.as_secs();
        let fields = match (seconds / 60, seconds % 60) {
            (minutes @ (5 | 10 | 15 | 20 | 30), 0) => format!("*/{minutes} * * * *"),
            (60, 0) => "0 * * * *".to_owned(),
            (minutes @ (120 | 180 | 240 | 360 | 480 | 720), 0) => {
                format!("0 */{} * * *", minutes / 60)
            }
            (1440, 0) => "0 0 * * *".to_owned(),
            _ => return Err(wrong()),
        };
        fields.parse().map_err(|_| wrong())
    }

    /// Once a day, so many hours after the first run of a day.
    pub(super) fn daily_after(&self, hours: i8) -> Self {
        let hour = self.hours.first().copied().unwrap_or_default();
        let minute = self.minutes.first().copied().unwrap_or_default();
        let hour = (hour + hours) % 24;
        Self {
            text: format!("{minute} {hour} * * *"),
            minutes: BTreeSet::from([minute]),
            hours: BTreeSet::from([hour]),
            days: None,
            months: None,
            weekdays: None,
        }
    }

    /// The next run after a moment, by that moment's time zone. `None` when there is none within nine years.
    pub fn next(&self, after: &Zoned) -> Option<Zoned> {
        let mut date = after.date();
        for _ in 0..HORIZON_DAYS {
            if self.on(date) {
                for hour in &self.hours {
                    for minute in &self.minutes {
                        let time = Time::new(*hour, *minute, 0, 0).ok()?;
                        let run = date.to_datetime(time).to_zoned(after.time_zone().clone());
                        let run = run.ok()?;
                        if run > *after {
                            return Some(run);
                        }
                    }
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// Whether it runs on a day. As in every cron: with both a day of the month and of the week, either will do.
    fn on(&self, date: Date) -> bool {
        let within =
            |set: &Option<BTreeSet<i8>>, value| set.as_ref().is_none_or(|set| set.contains(&value));
        let weekday = date.weekday().to_sunday_zero_offset();
        let day = within(&self.days, date.day());
        let of_week = within(&self.weekdays, weekday);
        let right = match (&self.days, &self.weekdays) {
            (Some(_), Some(_)) => day || of_week,
            _ => day && of_week,
        };
        right && within(&self.months, date.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(fields: &str, from: &str, count: usize) -> Vec<String> {
        let cron: Cron = fields.parse().unwrap();
        let mut now: Zoned = from.parse().unwrap();
        let mut runs = Vec::new();
        for _ in 0..count {
            now = cron.next(&now).unwrap();
            runs.push(now.strftime("%a %Y-%m-%d %H:%M").to_string());
        }
        runs
    }

    #[test]
    fn the_next_run_is_that_of_cron() {
        let monday = "2026-11-23T04:00[UTC]";
        assert_eq!(
            runs("15 3 * * *", monday, 2),
            ["Tue 2026-11-24 03:15", "Wed 2026-11-25 03:15"]
        );
        assert_eq!(
            runs("0 */6 * * *", monday, 3),
            [
                "Mon 2026-11-23 06:00",
                "Mon 2026-11-23 12:00",
                "Mon 2026-11-23 18:00"
            ]
        );
        assert_eq!(
            runs("0 5 * * sat,SUN", monday, 3),
            [
                "Sat 2026-11-28 05:00",
                "Sun 2026-11-29 05:00",
                "Sat 2026-12-05 05:00"
            ]
        );
        // A day of the month or of the week: either will do.
        assert_eq!(
            runs("0 0 1 * 7", monday, 3),
            [
                "Sun 2026-11-29 00:00",
                "Tue 2026-12-01 00:00",
                "Sun 2026-12-06 00:00"
            ]
        );
        assert_eq!(runs("0 0 29 feb *", monday, 1), ["Tue 2028-02-29 00:00"]);
        // The hour that a clock skips in spring comes an hour later.
        assert_eq!(
            runs("30 2 * * *", "2026-03-29T01:00[Europe/Berlin]", 1),
            ["Sun 2026-03-29 03:30"]
        );
    }

    #[test]
    fn what_cron_would_refuse_is_refused() {
        for (fields, words) in [
            ("* * * *", "found 4"),
            ("60 * * * *", "`60` is no minute from 0 to 59"),
            ("5-1 * * * *", "`5-1` is no minute from 0 to 59"),
            ("*/0 * * * *", "`*/0` is no minute from 0 to 59"),
            ("0 24 * * *", "`24` is no hour from 0 to 23"),
            ("0 0 0 * *", "`0` is no day from 1 to 31"),
            ("0 0 * foo *", "`foo` is no month from 1 to 12"),
            ("0 0 30 2 *", "there is no such day"),
        ] {
            let error = fields.parse::<Cron>().unwrap_err();
            assert!(error.contains(words), "{fields}: {error}");
        }
    }

    #[test]
    fn short_forms_are_fields() {
        assert_eq!(Cron::daily("03:15").unwrap().to_string(), "15 3 * * *");
        assert_eq!(Cron::every("6h").unwrap().to_string(), "0 */6 * * *");
        assert_eq!(Cron::every("1d").unwrap().to_string(), "0 0 * * *");
        for wrong in ["3", "25:00", "03:60", "+3:15", "", "x:y"] {
            let error = Cron::daily(wrong).unwrap_err();
            assert_eq!(error, format!("`{wrong}` is no time such as `03:15`"));
        }
        for wrong in ["5h", "7m", "0m", "2d", "x", ""] {
            assert!(Cron::every(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_check_comes_three_hours_after_the_first_run_of_a_day() {
        let cron = Cron::daily("22:40").unwrap();
        assert_eq!(super::super::check_time(&cron).to_string(), "40 1 * * *");
        let now: Zoned = "2026-11-23T04:00[UTC]".parse().unwrap();
        let weekly: Cron = "0 1 * * mon".parse().unwrap();
        let gap = super::super::longest_gap(&weekly, &now).unwrap();
        assert_eq!(gap.as_hours(), 7 * 24);
    }
}
