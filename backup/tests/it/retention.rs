//! Which backups a policy keeps, and the reasons that it gives.

use atlas_backup::retention::{Candidate, Policy, decide};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A complete and verified backup, named after its moment.
fn good(at: &str) -> Candidate {
    Candidate {
        id: at.to_owned(),
        at: format!("{at}:00Z").parse().unwrap(),
        complete: true,
        verified: true,
        pinned: false,
        tags: Vec::new(),
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// What is kept, one line each, newest first.
fn kept(policy: &Policy, backups: &[Candidate]) -> Vec<String> {
    kept_in(policy, backups, &TimeZone::UTC)
}

fn kept_in(policy: &Policy, backups: &[Candidate], zone: &TimeZone) -> Vec<String> {
    decide(policy, backups, now(), zone)
        .into_iter()
        .filter(|decision| decision.keep())
        .map(|decision| format!("{}: {}", decision.id, decision.reasons.join(", ")))
        .collect()
}

#[test]
fn a_policy_without_rules_removes_nothing() {
    let backups = [good("2020-01-01T00:00"), good("2026-11-23T04:15")];
    assert_eq!(
        kept(&Policy::default(), &backups),
        [
            "2026-11-23T04:15: there is no rule",
            "2020-01-01T00:00: there is no rule"
        ]
    );
}

#[test]
fn each_rule_gives_its_reason() {
    let backups = [
        "2026-11-23T11:50", // Monday
        "2026-11-23T11:10",
        "2026-11-22T23:00", // Sunday: the week before
        "2026-11-16T08:00", // Monday of that week
        "2026-10-31T08:00",
        "2025-12-31T08:00",
        "2024-06-01T08:00",
    ]
    .map(good);
    let rule = |change: fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        kept(&policy, &backups)
    };
    let newest = "newest complete, newest verified";
    let first = |reasons: &str| format!("2026-11-23T11:50: {reasons}, {newest}");
    assert_eq!(
        rule(|policy| policy.last = Some(2)),
        [first("last 1"), "2026-11-23T11:10: last 2".to_owned()]
    );
    assert_eq!(
        rule(|policy| policy.hourly = Some(2)),
        [
            first("hourly 2026-11-23 11:00+00:00"),
            "2026-11-22T23:00: hourly 2026-11-22 23:00+00:00".to_owned(),
        ]
    );
    assert_eq!(
        rule(|policy| policy.daily = Some(3)),
        [
            first("daily 2026-11-23"),
            "2026-11-22T23:00: daily 2026-11-22".to_owned(),
            "2026-11-16T08:00: daily 2026-11-16".to_owned(),
        ]
    );
    assert_eq!(
        rule(|policy| policy.weekly = Some(2)),
        [
            first("weekly 2026-W48"),
            "2026-11-22T23:00: weekly 2026-W47".to_owned(),
        ]
    );
    assert_eq!(
        rule(|policy| policy.monthly = Some(3)),
        [
            first("monthly 2026-11"),
            "2026-10-31T08:00: monthly 2026-10".to_owned(),
            "2025-12-31T08:00: monthly 2025-12".to_owned(),
        ]
    );
    assert_eq!(
        rule(|policy| policy.yearly = Some(2)),
        [
            first("yearly 2026"),
            "2025-12-31T08:00: yearly 2025".to_owned(),
        ]
    );
    assert_eq!(
        rule(|policy| policy.within = Some(1.day())),
        [
            first("within 1d"),
            "2026-11-23T11:10: within 1d".to_owned(),
            "2026-11-22T23:00: within 1d".to_owned(),
        ]
    );
}

#[test]
fn rules_add_up() {
    let backups = ["2026-11-23T04:15", "2026-11-22T04:15", "2026-10-31T04:15"].map(good);
    let policy = Policy {
        last: Some(1),
        monthly: Some(2),
        ..Policy::default()
    };
    assert_eq!(
        kept(&policy, &backups),
        [
            "2026-11-23T04:15: last 1, monthly 2026-11, newest complete, newest verified",
            "2026-10-31T04:15: monthly 2026-10",
        ]
    );
}

#[test]
fn with_too_few_the_oldest_stays_for_one_more() {
    let backups = ["2026-11-23T04:15", "2026-11-22T04:15", "2026-11-22T01:00"].map(good);
    let policy = Policy {
        daily: Some(7),
        ..Policy::default()
    };
    assert_eq!(
        kept(&policy, &backups),
        [
            "2026-11-23T04:15: daily 2026-11-23, newest complete, newest verified",
            "2026-11-22T04:15: daily 2026-11-22",
            "2026-11-22T01:00: daily oldest",
        ]
    );
}

#[test]
fn days_are_those_of_the_time_zone() {
    let backups = ["2026-11-23T01:00", "2026-11-22T23:30"].map(good);
    let policy = Policy {
        daily: Some(1),
        ..Policy::default()
    };
    let east = TimeZone::fixed(jiff::tz::offset(1));
    let west = TimeZone::fixed(jiff::tz::offset(-5));
    let newest = "newest complete, newest verified";
    assert_eq!(
        kept_in(&policy, &backups, &east),
        [format!("2026-11-23T01:00: daily 2026-11-23, {newest}")]
    );
    assert_eq!(
        kept_in(&policy, &backups, &west),
        [format!("2026-11-23T01:00: daily 2026-11-22, {newest}")]
    );
}

#[test]
fn tags_and_pins_keep() {
    let mut backups = [
        "2026-11-23T04:15",
        "2026-11-22T04:15",
        "2026-11-21T04:15",
        "2026-11-20T04:15",
    ]
    .map(good);
    backups[1].tags = vec!["release".to_owned()];
    backups[2].pinned = true;
    let policy = Policy {
        tags: vec!["release".to_owned()],
        ..Policy::default()
    };
    assert_eq!(
        kept(&policy, &backups),
        [
            "2026-11-23T04:15: newest complete, newest verified",
            "2026-11-22T04:15: tag release",
            "2026-11-21T04:15: pinned",
        ]
    );
}

#[test]
fn the_last_good_one_is_never_removed() {
    let mut backups = [
        "2026-11-24T00:00",
        "2026-11-23T04:15",
        "2026-11-22T04:15",
        "2026-11-21T04:15",
        "2026-11-20T04:15",
        "2026-11-19T04:15",
    ]
    .map(good);
    backups[1].complete = false;
    backups[2].verified = false;
    backups[3].complete = false;
    let policy = Policy {
        last: Some(1),
        ..Policy::default()
    };
    assert_eq!(
        kept(&policy, &backups),
        [
            "2026-11-24T00:00: dated in the future",
            "2026-11-23T04:15: incomplete, and none that is complete is newer",
            "2026-11-22T04:15: last 1, newest complete",
            "2026-11-20T04:15: newest verified",
        ]
    );
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn rule(&mut self) -> Option<u32> {
        (self.below(3) == 0).then(|| u32::try_from(self.below(6)).unwrap())
    }

    fn policy(&mut self) -> Policy {
        Policy {
            last: self.rule(),
            hourly: self.rule(),
            daily: self.rule(),
            weekly: self.rule(),
            monthly: self.rule(),
            yearly: self.rule(),
            within: self.rule().map(|days| i64::from(days).days()),
            tags: self.rule().map(|tag| tag.to_string()).into_iter().collect(),
        }
    }

    fn backups(&mut self) -> Vec<Candidate> {
        let number = self.below(40);
        let reach = [3_600, 86_400, 86_400 * 30, 86_400 * 1_000][self.below(4) as usize];
        (0..number)
            .map(|i| Candidate {
                id: i.to_string(),
                at: now()
                    + (i64::try_from(self.below(reach * 5)).unwrap() - 4 * reach as i64).seconds(),
                complete: self.below(5) > 0,
                verified: self.below(2) > 0,
                pinned: self.below(20) == 0,
                tags: vec![self.below(6).to_string()],
            })
            .collect()
    }
}

/// The ids that stay.
fn staying(policy: &Policy, backups: &[Candidate]) -> Vec<String> {
    decide(policy, backups, now(), &TimeZone::UTC)
        .into_iter()
        .filter(|decision| decision.keep())
        .map(|decision| decision.id)
        .collect()
}

#[test]
fn whatever_the_policy_its_promises_hold() {
    let mut dice = Dice(0x2026_1123);
    for round in 0..5_000 {
        let (policy, backups) = (dice.policy(), dice.backups());
        let kept = staying(&policy, &backups);
        let is_kept = |backup: &&Candidate| kept.contains(&backup.id);

        let left: Vec<Candidate> = backups.iter().filter(is_kept).cloned().collect();
        assert_eq!(
            staying(&policy, &left),
            kept,
            "round {round}: not idempotent"
        );

        let good = |backup: &&Candidate| backup.complete && backup.at <= now();
        let proven = |backup: &&Candidate| good(backup) && backup.verified;
        if backups.iter().any(|backup| good(&backup)) {
            assert!(
                left.iter().any(|backup| good(&backup)),
                "round {round}: none complete"
            );
        }
        if backups.iter().any(|backup| proven(&backup)) {
            assert!(
                left.iter().any(|backup| proven(&backup)),
                "round {round}: none verified"
            );
        }
        if backups.iter().all(|backup| !backup.complete) {
            assert_eq!(
                left.len(),
                backups.len(),
                "round {round}: nothing better there"
            );
        }

        if !policy.is_empty() {
            let other = dice.policy();
            let more = Policy {
                last: policy.last.max(other.last),
                hourly: policy.hourly.max(other.hourly),
                daily: policy.daily.max(other.daily),
                weekly: policy.weekly.max(other.weekly),
                monthly: policy.monthly.max(other.monthly),
                yearly: policy.yearly.max(other.yearly),
                within: policy.within.or(other.within),
                tags: [policy.tags, other.tags].concat(),
            };
            let kept_by_more = staying(&more, &backups);
            assert!(
                kept.iter().all(|id| kept_by_more.contains(id)),
                "round {round}: more rules, fewer backups"
            );
        }
    }
}
