//! Findings and assessments as the entries of a page. Owns which word stands where; HTML belongs to `targets::templates`.

use jiff::Timestamp;

use super::checklist::{conclusion, items_summary};
use super::findings::summary;
use crate::checks::Finding;
use crate::checks::checklist::{Assessment, State};
use crate::checks::{Fix, Severity};
use crate::targets::templates::{Entry, Mending, Page};

/// The checklist as a page.
pub fn checklist_page(project: &str, now: Timestamp, items: &[Assessment]) -> Page {
    Page {
        title: "Production checklist".to_owned(),
        good: items.iter().all(|item| !item.lacks()),
        verdict: conclusion(items),
        summary: items_summary(items),
        entries: items.iter().map(item).collect(),
        ..blank(project, now)
    }
}

/// What doctor found as a page.
pub fn findings_page(project: &str, now: Timestamp, findings: &[Finding]) -> Page {
    let failures = findings
        .iter()
        .filter(|finding| finding.is_failure())
        .count();
    Page {
        title: "Doctor".to_owned(),
        good: failures == 0,
        verdict: match failures {
            0 if findings.iter().any(|f| f.word() == "not checked") => {
                "nothing that was checked fails".to_owned()
            }
            0 => "nothing fails".to_owned(),
            1 => "something fails".to_owned(),
            many => format!("{many} things fail"),
        },
        summary: summary(findings),
        entries: findings.iter().map(finding).collect(),
        ..blank(project, now)
    }
}

fn blank(project: &str, now: Timestamp) -> Page {
    Page {
        title: String::new(),
        project: project.to_owned(),
        time: now.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        good: false,
        verdict: String::new(),
        summary: String::new(),
        version: env!("CARGO_PKG_VERSION"),
        entries: Vec::new(),
    }
}

fn item(item: &Assessment) -> Entry {
    Entry {
        id: item.key.clone(),
        word: item.state.word(),
        class: match item.state {
            State::Failed => "failure",
            State::Warned => "warning",
            State::NotChecked | State::DoesNotApply => "unknown",
            State::Unanswered => "unanswered",
            State::Passed => "pass",
        },
        required: item.required,
        subject: None,
        title: item.title.clone(),
        what: item.what.clone(),
        why: item.why.clone(),
        evidence: item.evidence.clone(),
        question: item.asked.as_ref().map(|asked| asked.question.clone()),
        fixes: item.fixes.iter().map(mending).collect(),
        more: item.checks.clone(),
    }
}

/// What passed is told without its reason: there are many of them.
fn finding(finding: &Finding) -> Entry {
    let problem = finding.problem();
    let passed = finding.word() == "pass";
    Entry {
        id: finding.id.to_owned(),
        word: finding.word(),
        class: match (finding.word(), problem.map(|problem| problem.severity)) {
            (_, Some(Severity::Failure)) => "failure",
            (_, Some(Severity::Warning)) => "warning",
            ("pass", None) => "pass",
            (_, None) => "unknown",
        },
        required: true,
        subject: finding.subject().map(str::to_owned),
        title: finding.title.to_owned(),
        what: None,
        why: (!passed).then(|| finding.why.to_owned()),
        evidence: finding.evidence().into_iter().map(str::to_owned).collect(),
        question: None,
        fixes: problem
            .map(|problem| mending(&problem.fix))
            .into_iter()
            .collect(),
        more: if passed { Vec::new() } else { vec![finding.id] },
    }
}

fn mending(fix: &Fix) -> Mending {
    Mending {
        text: fix.text.clone(),
        command: fix.command.clone(),
    }
}
