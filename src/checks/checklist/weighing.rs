//! The findings about one item, weighed against each other: what decides it, in which order it is told, and whether a person
//! has to be asked.

use super::assess::Evidence;
use super::assessment::{Assessment, State};
use super::items::{Absent, ITEMS, Item};
use crate::checks::examine::{BLOCKED, NEEDY, is_of};
use crate::checks::finding::{Finding, Outcome};
use crate::checks::rule::{Fix, Severity};
use crate::checks::{NOT_UP, rules};
use crate::diagnostic::Diagnostic;
use crate::model::EnvValue;

/// What speaks for and against an item.
pub(super) struct Weighing<'e> {
    evidence: &'e Evidence<'e>,
    bad: Vec<String>,
    warnings: Vec<String>,
    /// Reasons and the ids that were not checked for them.
    unknown: Vec<(String, Vec<&'e str>)>,
    good: Vec<String>,
    fixes: Vec<Fix>,
    checks: Vec<&'static str>,
    /// The answer of a person decides.
    open: bool,
}

impl<'e> Weighing<'e> {
    pub(super) fn of(evidence: &'e Evidence<'e>, item: &Item) -> Self {
        let mut weighing = Self {
            evidence,
            bad: Vec::new(),
            warnings: Vec::new(),
            unknown: Vec::new(),
            good: Vec::new(),
            fixes: Vec::new(),
            checks: Vec::new(),
            open: false,
        };
        weighing.configuration(item);
        weighing
    }

    /// What production refuses of the item's variables, or how they are set.
    fn configuration(&mut self, item: &Item) {
        let named = |names: &[&str], problem: &Diagnostic| {
            let key = problem.key.as_deref().unwrap_or_default();
            names
                .iter()
                .any(|name| key == *name || key.ends_with(&format!(".{name}")))
        };
        // What is wrong at every stage is told by the rules of the configuration.
        let told = self.evidence.facts.deployment.as_ref().err();
        let new = |problem: &&Diagnostic| {
            problem.is_error() && told.is_none_or(|told| !told.contains(problem))
        };
        for problem in self.evidence.production.iter().filter(new) {
            let others = || ITEMS.iter().any(|other| named(other.variables, problem));
            let mine = named(item.variables, problem) || (item.key == ITEMS[0].key && !others());
            if mine {
                self.bad.push(problem.said());
                let hint = problem.hint.clone();
                self.fixes
                    .push(Fix::by_hand(hint.unwrap_or_else(|| item.fix.to_owned())));
            }
        }
        if !self.bad.is_empty() {
            return;
        }
        let services = self.evidence.facts.deployment.iter();
        let services = services.flat_map(|deployment| deployment.services.values());
        for service in services {
            for name in item.variables {
                if let Some(EnvValue::Plain(value)) = service.environment.get(*name) {
                    self.good.push(format!("{name} is `{value}`"));
                }
            }
        }
    }

    pub(super) fn weigh(mut self, item: &Item, rules_of_it: &[&'e str]) -> Assessment {
        let mut nothing = !rules_of_it.is_empty();
        for name in rules_of_it {
            let all = self.evidence.findings.iter();
            let findings: Vec<&Finding> = all.filter(|f| is_of(f.id, name)).collect();
            let known = || rules().any(|rule| is_of(rule.id, name));
            if findings.is_empty() && !known() {
                nothing = false;
                self.not_checked("this build has no such check", name);
            }
            for finding in findings {
                nothing = false;
                self.hold(item, finding);
            }
        }
        let mut state = self.state();
        if nothing && state == State::Passed {
            let settled = item
                .question
                .as_ref()
                .is_some_and(|q| !q.settles.is_empty());
            let line = "there is nothing of the kind in this deployment that could be looked at";
            match item.absent {
                Absent::DoesNotApply => state = State::DoesNotApply,
                Absent::NotPassed if settled => self.open = true,
                Absent::NotPassed => state = State::NotChecked,
            }
            self.good.push(line.to_owned());
        }
        self.conclude(item, state)
    }

    fn hold(&mut self, item: &Item, finding: &'e Finding) {
        let short = finding.id.strip_prefix("ATLAS-").unwrap_or(finding.id);
        if !self.checks.contains(&finding.id) {
            self.checks.push(finding.id);
        }
        match &finding.outcome {
            Outcome::Passed(seen) => self.good.push(format!("{seen} ({short})")),
            Outcome::Found(problem) => {
                let subject = problem.subject.as_ref();
                let subject = subject.map_or_else(String::new, |subject| format!("{subject}: "));
                let mut lines = problem.evidence.clone();
                if let Some(first) = lines.first_mut() {
                    *first = format!("{subject}{first} ({short})");
                }
                match problem.severity {
                    Severity::Failure => self.bad.append(&mut lines),
                    Severity::Warning if item.tolerates.iter().any(|id| is_of(finding.id, id)) => {
                        self.good.append(&mut lines);
                    }
                    Severity::Warning => self.warnings.append(&mut lines),
                }
                if !self.fixes.contains(&problem.fix) {
                    self.fixes.push(problem.fix.clone());
                }
            }
            Outcome::NotChecked { reason, .. } => {
                // What will be seen once something else is mended is no question.
                let mut later = [NOT_UP, BLOCKED, NEEDY].into_iter();
                let later = later.any(|beginning| reason.starts_with(beginning));
                let question = item.question.as_ref().filter(|_| !later);
                match question.is_some_and(|q| q.settles.iter().any(|id| is_of(finding.id, id))) {
                    true => {
                        self.open = true;
                        self.good.push(format!("not checked: {reason} ({short})"));
                    }
                    false => self.not_checked(reason, short),
                }
            }
        }
    }

    fn not_checked(&mut self, reason: &str, id: &'e str) {
        match self.unknown.iter_mut().find(|(known, _)| known == reason) {
            Some((_, ids)) => ids.push(id),
            None => self.unknown.push((reason.to_owned(), vec![id])),
        }
    }

    fn state(&self) -> State {
        match (
            self.bad.is_empty(),
            self.warnings.is_empty(),
            self.unknown.is_empty(),
        ) {
            (false, ..) => State::Failed,
            (true, false, _) => State::Warned,
            (true, true, false) => State::NotChecked,
            (true, true, true) => State::Passed,
        }
    }

    fn conclude(self, item: &Item, state: State) -> Assessment {
        let unknown = self.unknown.iter();
        let unknown =
            unknown.map(|(reason, ids)| format!("not checked: {reason} ({})", ids.join(", ")));
        let lines = self.bad.into_iter().chain(self.warnings);
        let mut assessment = Assessment {
            key: item.key.to_owned(),
            title: item.title.to_owned(),
            what: Some(item.what.to_owned()),
            why: Some(item.why.to_owned()),
            required: true,
            state,
            evidence: lines.chain(unknown).chain(self.good).collect(),
            fixes: self.fixes,
            checks: self.checks,
            asked: None,
        };
        if let Some(question) = &item.question
            && (question.always || self.open)
            && !matches!(state, State::Failed | State::Warned)
        {
            self.evidence
                .hear(item.key, question.text)
                .into(&mut assessment);
        }
        let general = matches!(assessment.state, State::Failed | State::Warned);
        if general && assessment.fixes.is_empty() {
            assessment.fixes.push(Fix::by_hand(item.fix));
        }
        assessment
    }
}
