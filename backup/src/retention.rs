//! Which backups to keep, and why. Pure: the moment and the time zone are parameters, nothing is read or removed here.
//!
//! | rule | keeps |
//! |---|---|
//! | `last: n` | the newest n |
//! | `hourly: n` … `yearly: n` | the newest of each of the n newest hours, days, weeks, months, years that have one |
//! | `within` | those made within that span before the newest |
//! | `tags` | those with one of these tags |
//!
//! - Rules add up: what any of them keeps is kept. A policy without rules removes nothing.
//! - Hours, days, weeks (from Monday), months and years are those of the calendar in the time zone that is given.
//! - If a calendar rule finds fewer than its number, the oldest backup is kept in the place of one more.
//! - Only complete backups count, and only those not found bad. An incomplete one stays until a complete one is newer.
//! - What is dated in the future is kept and does not count.
//! - A pinned backup, the newest complete one and the newest fully verified one are always kept.

mod bucket;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::manifest::Verified;
use crate::repository::Entry;
use bucket::Bucket;

/// What to keep. All rules are off at first.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The newest so many.
    pub last: Option<u32>,
    /// The newest of so many hours.
    pub hourly: Option<u32>,
    /// The newest of so many days.
    pub daily: Option<u32>,
    /// The newest of so many weeks.
    pub weekly: Option<u32>,
    /// The newest of so many months.
    pub monthly: Option<u32>,
    /// The newest of so many years.
    pub yearly: Option<u32>,
    /// All that were made within this span before the newest complete one.
    pub within: Option<Span>,
    /// All with one of these tags.
    pub tags: Vec<String>,
}

/// A backup, as far as keeping it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Whether all its parts are there, and none was found bad.
    pub complete: bool,
    /// Whether it passed a full verification, and none since failed.
    pub verified: bool,
    /// Whether it is never to be removed.
    pub pinned: bool,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What is to become of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The backup.
    pub id: String,
    /// Why it is kept: `daily 2026-11-23`, `last 1`, `pinned`; if there is nothing here, it goes.
    pub reasons: Vec<String>,
}

impl Decision {
    /// Whether it stays.
    pub fn keep(&self) -> bool {
        !self.reasons.is_empty()
    }
}

impl Policy {
    /// Whether it has no rule, and so removes nothing.
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
            && Bucket::ALL
                .iter()
                .all(|bucket| self.number(*bucket).is_none())
            && self.within.is_none()
            && self.tags.is_empty()
    }

    fn number(&self, bucket: Bucket) -> Option<u32> {
        match bucket {
            Bucket::Hour => self.hourly,
            Bucket::Day => self.daily,
            Bucket::Week => self.weekly,
            Bucket::Month => self.monthly,
            Bucket::Year => self.yearly,
        }
    }
}

impl From<&Entry> for Candidate {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.manifest.id.clone(),
            at: entry.manifest.started,
            complete: entry.manifest.missing.is_empty() && !is_bad(&entry.verified),
            verified: is_proven(&entry.verified),
            pinned: entry.pinned,
            tags: entry.manifest.tags.clone(),
        }
    }
}

/// Whether every byte was read and found good, and nothing was found bad since.
fn is_proven(verified: &Verified) -> bool {
    let Verified {
        quick,
        full,
        restored,
    } = verified;
    let passed = [full, restored]
        .into_iter()
        .flatten()
        .filter(|it| it.passed);
    let all = [quick, full, restored].into_iter().flatten();
    let failed = all.filter(|it| !it.passed).map(|it| it.at).max();
    passed.map(|it| it.at).max() > failed
}

/// Whether something was found bad, and nothing good since.
fn is_bad(verified: &Verified) -> bool {
    let all = [&verified.quick, &verified.full, &verified.restored];
    all.into_iter().flatten().any(|it| !it.passed) && !is_proven(verified)
}

/// Decides on all of them, newest first.
pub fn decide(
    policy: &Policy,
    backups: &[Candidate],
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<Decision> {
    let mut sorted: Vec<&Candidate> = backups.iter().collect();
    sorted.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    let mut decisions: Vec<Decision> = sorted
        .iter()
        .map(|backup| Decision {
            id: backup.id.clone(),
            reasons: Vec::new(),
        })
        .collect();
    if policy.is_empty() {
        for decision in &mut decisions {
            decision.reasons.push("there is no rule".to_owned());
        }
        return decisions;
    }
    let counted: Vec<usize> = (0..sorted.len())
        .filter(|&i| sorted[i].complete && sorted[i].at <= now)
        .collect();
    let mut keep = |i: usize, reason: String| decisions[i].reasons.push(reason);
    by_number(policy, &counted, &mut keep);
    by_calendar(policy, &sorted, &counted, zone, &mut keep);
    by_span_and_tag(policy, &sorted, &counted, zone, &mut keep);
    always(&sorted, &counted, now, &mut keep);
    decisions
}

fn by_number(policy: &Policy, counted: &[usize], keep: &mut impl FnMut(usize, String)) {
    let number = policy.last.unwrap_or(0) as usize;
    for (place, &i) in counted.iter().take(number).enumerate() {
        keep(i, format!("last {}", place + 1));
    }
}

fn by_calendar(
    policy: &Policy,
    sorted: &[&Candidate],
    counted: &[usize],
    zone: &TimeZone,
    keep: &mut impl FnMut(usize, String),
) {
    for bucket in Bucket::ALL {
        let number = policy.number(bucket).unwrap_or(0) as usize;
        let mut seen = BTreeSet::new();
        let mut kept = None;
        for &i in counted {
            let name = bucket.name(&sorted[i].at.to_zoned(zone.clone()));
            if seen.len() < number && seen.insert(name.clone()) {
                keep(i, format!("{} {name}", bucket.rule()));
                kept = Some(i);
            }
        }
        if let Some(&oldest) = counted.last()
            && (1..number).contains(&seen.len())
            && kept != Some(oldest)
        {
            keep(oldest, format!("{} oldest", bucket.rule()));
        }
    }
}

fn by_span_and_tag(
    policy: &Policy,
    sorted: &[&Candidate],
    counted: &[usize],
    zone: &TimeZone,
    keep: &mut impl FnMut(usize, String),
) {
    let newest = counted
        .first()
        .map(|&i| sorted[i].at.to_zoned(zone.clone()));
    let since = policy.within.as_ref().zip(newest);
    // A span that leads out of the calendar holds all.
    let since = since.map(|(span, newest)| newest.checked_sub(*span).ok());
    for &i in counted {
        let at = sorted[i].at;
        if since
            .as_ref()
            .is_some_and(|since| since.as_ref().is_none_or(|since| at >= since.timestamp()))
        {
            keep(i, format!("within {:#}", policy.within.unwrap_or_default()));
        }
        for tag in policy
            .tags
            .iter()
            .filter(|tag| sorted[i].tags.contains(tag))
        {
            keep(i, format!("tag {tag}"));
        }
    }
}

fn always(
    sorted: &[&Candidate],
    counted: &[usize],
    now: Timestamp,
    keep: &mut impl FnMut(usize, String),
) {
    let newest = counted.first().copied();
    let proven = counted.iter().copied().find(|&i| sorted[i].verified);
    for (i, backup) in sorted.iter().enumerate() {
        if backup.pinned {
            keep(i, "pinned".to_owned());
        }
        if backup.at > now {
            keep(i, "dated in the future".to_owned());
        } else if !backup.complete && newest.is_none_or(|newest| i < newest) {
            keep(
                i,
                "incomplete, and none that is complete is newer".to_owned(),
            );
        }
        if newest == Some(i) {
            keep(i, "newest complete".to_owned());
        }
        if proven == Some(i) {
            keep(i, "newest verified".to_owned());
        }
    }
}
