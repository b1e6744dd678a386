//! When backups are made: the times, and the texts of the entries that systemd, cron and launchd read. Pure; who installs
//! the texts and asks the clock is the command line.

mod cron;
pub mod crontab;
pub mod launchd;
pub mod systemd;

pub use cron::Cron;

use jiff::{SignedDuration, Zoned};

/// What an entry runs: a program and its arguments, none of them secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// `create` or `check`.
    pub name: &'static str,
    /// Program by absolute path, then its arguments.
    pub command: Vec<String>,
    /// When.
    pub when: Cron,
}

/// The longest time between two runs of the next hundred.
pub fn longest_gap(when: &Cron, from: &Zoned) -> Option<SignedDuration> {
    let mut longest = None;
    let mut last = when.next(from)?;
    for _ in 0..100 {
        let next = when.next(&last)?;
        longest = longest.max(Some(last.duration_until(&next)));
        last = next;
    }
    longest
}

/// When to look for a missed backup: once a day, three hours after the first run of a day, when it has long ended.
pub fn check_time(when: &Cron) -> Cron {
    when.daily_after(3)
}

/// What no entry can carry, if a word has it: crontabs cannot quote a line's end, and handle backslashes each in its own way.
pub fn unquotable(word: &str) -> Option<&'static str> {
    match word {
        _ if word.contains(['\n', '\r', '\0']) => Some("a line's end"),
        _ if word.contains('\\') => Some("a backslash"),
        _ => None,
    }
}

/// For a shell: as it is when it is plain, else in single quotes.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
