//! Backups: their age, their proof, their schedule.

#[cfg(test)]
mod tests;

use super::facts::{Facts, Known, Unknown, seen};
use super::rule::{Fix, Problem, Rule, Severity, Verdict};
use crate::model::Stage;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Without a schedule a backup a week is what a person may remember.
const BY_HAND: i64 = 7 * DAY;
/// After so long a proof says little of the disk that the backup lies on.
const STALE: i64 = 30 * DAY;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Backups {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Where they lie.
    pub place: String,
    /// The newest one that is complete, if there is one; or why the place cannot be read.
    pub newest: Known<Option<Made>>,
    /// The entry that makes them, if there is one; or why it cannot be told.
    pub schedule: Known<Option<Schedule>>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// When it was begun, in seconds since 1970.
    pub at: i64,
    /// What was tried with it last and counts most: level, whether it passed, when.
    pub proof: Option<(String, bool, i64)>,
}

/// An entry of systemd, cron or launchd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What runs it.
    pub by: String,
    /// The longest time between two runs, with time to spare, in seconds; `None` if somebody changed its times.
    pub gap: Option<i64>,
    /// Why it will not run.
    pub trouble: Option<String>,
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ATLAS-BAK-003",
        title: "backups are made by themselves",
        why: "backups that somebody has to think of are missing on the day that they are needed",
        manual: "The entry that `atlas backup schedule set` writes is looked for in systemd, launchd and the crontab, and whether what runs it \
                 is there: a timer that is not active and a crontab without a cron daemon make no backups.",
        see: &["https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html"],
        needs: &[],
        cheap: false,
        judge: scheduled,
    },
    Rule {
        id: "ATLAS-BAK-001",
        title: "there is a young and complete backup",
        why: "everything since the last backup is lost with the disk",
        manual: "The newest complete backup of this project in `backup.to` of atlas.yaml (by default the folder `backups`). It may be as old as the \
                 schedule's longest pause and two hours; without a schedule, a week.",
        see: &["https://www.cisa.gov/news-events/news/data-backup-options"],
        needs: &[],
        cheap: false,
        judge: young,
    },
    Rule {
        id: "ATLAS-BAK-002",
        title: "the newest backup is proven",
        why: "a backup that nobody has read since may be unreadable, and one finds out when it is too late",
        manual: "`atlas backup verify` reads a backup again: by hashes, byte for byte (full), or by restoring it into a throwaway server. What came of it \
                 is kept beside the backup. The newest one must have passed at least the full level, within the last 30 days.",
        see: &["https://www.cisa.gov/news-events/news/data-backup-options"],
        needs: &[],
        cheap: false,
        judge: proven,
    },
];

/// A lack that a person who tries things may live with, and real users may not.
fn lack(facts: &Facts, text: String, fix: Fix) -> Result<Problem, Unknown> {
    let severity = match facts.deployment()?.stage {
        Stage::Production => Severity::Failure,
        Stage::Development => Severity::Warning,
    };
    Ok(Problem {
        severity,
        ..Problem::failure(text, fix)
    })
}

fn scheduled(facts: &Facts) -> Result<Verdict, Unknown> {
    let backups = seen(&facts.backups)?;
    let set = || {
        Fix::command(
            "let backups be made every night",
            "atlas backup schedule set --at 03:15",
        )
    };
    let problem = match seen(&backups.schedule)? {
        Some(Schedule {
            by,
            trouble: Some(trouble),
            ..
        }) => {
            let text = format!("backups are scheduled by {by}, but none will be made: {trouble}");
            Problem::failure(text, set())
        }
        Some(schedule) => return Ok(Verdict::Good(format!("{} makes them", schedule.by))),
        None => {
            // A project that has none at all is told so once.
            let none = matches!(backups.newest, Ok(None));
            let production = facts.deployment()?.stage == Stage::Production;
            if none && !production {
                return Ok(Verdict::Irrelevant);
            }
            lack(facts, "no backups are scheduled".to_owned(), set())?
        }
    };
    Ok(Verdict::Bad(vec![problem]))
}

fn young(facts: &Facts) -> Result<Verdict, Unknown> {
    let backups = seen(&facts.backups)?;
    let make = || Fix::command("make one now", "atlas backup");
    let Some(newest) = seen(&backups.newest)? else {
        let text = format!(
            "there is no complete backup of this project in {}",
            backups.place
        );
        return Ok(Verdict::Bad(vec![lack(facts, text, make())?]));
    };
    let schedule = backups.schedule.as_ref().ok().and_then(Option::as_ref);
    let limit = schedule
        .and_then(|schedule| schedule.gap)
        .unwrap_or(BY_HAND);
    let age = backups.now - newest.at;
    let text = format!("{} was made {} ago", newest.id, span(age));
    if age <= limit {
        return Ok(Verdict::Good(text));
    }
    let text = format!(
        "the newest complete backup, {text}; {} are allowed",
        span(limit)
    );
    Ok(Verdict::Bad(vec![lack(facts, text, make())?]))
}

fn proven(facts: &Facts) -> Result<Verdict, Unknown> {
    let backups = seen(&facts.backups)?;
    let Some(newest) = seen(&backups.newest)? else {
        return Ok(Verdict::Irrelevant);
    };
    let id = &newest.id;
    let verify = || Fix::command("verify it", "atlas backup verify latest");
    let warning = |text: String| Problem::warning(text, verify());
    let problem = match &newest.proof {
        None => warning(format!("{id} was never verified")),
        Some((level, false, at)) => {
            let text = format!(
                "verifying {id} ({level}) FAILED {} ago",
                span(backups.now - at)
            );
            let fix = Fix::command(
                "make another one, and see what is wrong with this one",
                format!("atlas backup; atlas backup show {id}"),
            );
            Problem::failure(text, fix)
        }
        Some((level, true, _)) if level == "quick" => {
            warning(format!("of {id} only sizes and hashes were compared"))
        }
        Some((level, true, at)) if backups.now - at > STALE => warning(format!(
            "{id} was verified ({level}) {} ago",
            span(backups.now - at)
        )),
        Some((level, true, at)) => {
            return Ok(Verdict::Good(format!(
                "{id} was verified ({level}) {} ago",
                span(backups.now - at)
            )));
        }
    };
    Ok(Verdict::Bad(vec![problem]))
}

/// `5 minutes`, `26 hours`, `9 days`.
fn span(seconds: i64) -> String {
    match seconds {
        ..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}
