//! Asks every rule and decides what their answers mean together: what is blocked by what, what comes first, and that a rule
//! that crashes is a finding and not the end.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::facts::{Facts, Unknown};
use super::finding::{Finding, Outcome};
use super::rule::{Fix, Problem, Rule, Verdict};

/// The id under which a rule that crashed is reported.
pub const CRASHED: &str = "ATLAS-CHECK-001";

/// Begins the reason of what hangs on a failure.
pub(super) const BLOCKED: &str = "blocked by";
/// Begins the reason of what hangs on something that was not looked at.
pub(super) const NEEDY: &str = "what it needs is not known";

pub(super) const RULES: &[Rule] = &[Rule {
    id: CRASHED,
    title: "every check ran to its end",
    why: "a check that crashed has seen nothing: what it looks for may be there",
    manual: "A crash is a bug in atlas. The check counts as not made, all others are not touched by it.",
    see: &[],
    needs: &[],
    cheap: false,
    // What crashed is known only when all have been asked.
    judge: |_| Ok(Verdict::Good("no check crashed".to_owned())),
}];

/// Asks the rules. Failures come first, causes before consequences, then warnings, what was not checked, and what passed.
pub fn examine(facts: &Facts, rules: &[&'static Rule]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut crashed = Vec::new();
    for rule in rules {
        if rule.id == CRASHED {
            continue;
        }
        let verdict = match blocker(rule, None, facts, &findings) {
            Some(id) => Ok(Err(Unknown::Unseen(blocked(id)))),
            None => catch_unwind(AssertUnwindSafe(|| (rule.judge)(facts))),
        };
        let verdict = verdict.unwrap_or(Err(Unknown::Crashed));
        if verdict == Err(Unknown::Crashed) {
            crashed.push(rule.id);
        }
        conclude(rule, verdict, facts, &mut findings);
    }
    findings.extend(crash(rules, &crashed));
    findings.sort_by_key(rank);
    findings
}

/// What a rule said, as findings.
fn conclude(
    rule: &Rule,
    verdict: Result<Verdict, Unknown>,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) {
    match verdict {
        Ok(Verdict::Irrelevant) => {}
        Ok(Verdict::Good(seen)) => findings.push(Finding::of(rule, Outcome::Passed(seen))),
        Ok(Verdict::Bad(problems)) => {
            let before = findings.len();
            for problem in problems {
                let known = &findings[..before];
                let blocker = blocker(rule, problem.subject.as_deref(), facts, known);
                let finding = match blocker {
                    Some(id) => not_checked(rule, problem.subject, blocked(id)),
                    None => Finding::of(rule, Outcome::Found(problem)),
                };
                findings.push(finding);
            }
        }
        Err(unknown) => {
            let reason = match unknown {
                Unknown::Unasked(option) => format!("`{option}` asks for it"),
                Unknown::Unseen(reason) => reason,
                Unknown::Crashed => format!("it crashed; see {CRASHED}"),
                Unknown::Needs(area) => match first_failure(area, findings) {
                    Some(id) => blocked(id),
                    None => format!("{NEEDY} ({})", area.to_lowercase()),
                },
            };
            findings.push(not_checked(rule, None, reason));
        }
    }
}

fn not_checked(rule: &Rule, subject: Option<String>, reason: String) -> Finding {
    Finding::of(rule, Outcome::NotChecked { subject, reason })
}

fn blocked(id: &str) -> String {
    format!("{BLOCKED} {id}")
}

/// The failure of a needed rule that makes this one pointless for the subject.
fn blocker(
    rule: &Rule,
    subject: Option<&str>,
    facts: &Facts,
    findings: &[Finding],
) -> Option<&'static str> {
    let causes = subject.map(|subject| depended_on(subject, facts));
    let failures = findings.iter().filter(|finding| finding.is_failure());
    let mut needed = failures.filter(|finding| {
        rule.needs
            .iter()
            .any(|need| is_of(finding.id, need) && finding.id != rule.id)
    });
    let blocking = needed.find(|finding| match (finding.subject(), &causes) {
        (None, _) => true,
        (Some(cause), Some(causes)) => causes.contains(cause),
        (Some(_), None) => false,
    });
    blocking.map(|finding| finding.id)
}

/// The subject and, if it is a service, all that it depends on.
fn depended_on(subject: &str, facts: &Facts) -> BTreeSet<String> {
    let mut all = BTreeSet::from([subject.to_owned()]);
    if let Ok(deployment) = &facts.deployment {
        let closure = deployment.closure(&[subject.to_owned()]);
        all.extend(closure.into_iter().map(|name| name.to_string()));
    }
    all
}

fn first_failure(area: &str, findings: &[Finding]) -> Option<&'static str> {
    // The configuration is read from more than one file.
    let areas: &[&str] = match area {
        "CFG" => &["CFG", "ENV"],
        _ => &[area],
    };
    let mut failures = findings.iter().filter(|finding| finding.is_failure());
    let found = failures.find(|finding| areas.iter().any(|area| is_of(finding.id, area)));
    found.map(|finding| finding.id)
}

/// Whether an id begins with `NET` or is `NET-003`.
pub(super) fn is_of(id: &str, beginning: &str) -> bool {
    let short = id.strip_prefix("ATLAS-").unwrap_or(id);
    let rest = short.strip_prefix(beginning);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The finding about crashes, where it was asked for or there were any.
fn crash(rules: &[&'static Rule], crashed: &[&str]) -> Option<Finding> {
    let rule = &RULES[0];
    if crashed.is_empty() {
        let asked = rules.iter().any(|rule| rule.id == CRASHED);
        let passed = Outcome::Passed("no check crashed".to_owned());
        return asked.then(|| Finding::of(rule, passed));
    }
    let fix = Fix::by_hand("report it with the output of `atlas doctor --bundle`");
    let problem = Problem::failure(format!("crashed: {}", crashed.join(", ")), fix);
    Some(Finding::of(rule, Outcome::Found(problem)))
}

/// The sort is stable: within a rank the order of the rules stays.
fn rank(finding: &Finding) -> u8 {
    match finding.word() {
        "failure" => 0,
        "warning" => 1,
        "not checked" => 2,
        _ => 3,
    }
}
