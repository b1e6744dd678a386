//! Variables without a value, with an example's, or with one that cannot be right. What is wrong was found by `resolve`.

use super::{described, looked, problems, set, writing};
use crate::checks::facts::{Facts, Unknown};
use crate::checks::rule::{Fix, Problem, Rule, Severity, Verdict};
use crate::diagnostic::{Diagnostic, Topic};

pub(super) const MISSING: Rule = Rule {
    id: "ATLAS-ENV-001",
    title: "required variables are set",
    why: "a service without a required variable does not start, or runs and says that it is not configured",
    manual: "The catalogue says which variables each service needs. Passwords and keys that atlas can make itself are made by \
             `atlas init`; all others are asked for by `atlas env set`, which writes them into .env and leaves the rest of the \
             file as it is. An integration without its credentials runs, but finds nothing: that is a warning.",
    see: &[
        "https://docs.docker.com/compose/how-tos/environment-variables/set-environment-variables/",
    ],
    needs: &[],
    cheap: false,
    judge: |facts| judge(facts, Topic::Missing, "every required variable is set"),
};

pub(super) const PLACEHOLDER: Rule = Rule {
    id: "ATLAS-ENV-002",
    title: "no variable holds an example's placeholder",
    why: "a value such as `xoxb-...` was copied from an example: the vendor refuses it, and a password from an example is known to \
          everyone",
    manual: "The catalogue lists the placeholders of examples that people leave in. Values that can be generated are made by \
             `atlas init` when they are empty; all others come from the vendor.",
    see: &[],
    needs: &[],
    cheap: false,
    judge: |facts| judge(facts, Topic::Placeholder, "no placeholder was left in"),
};

pub(super) const SHAPE: Rule = Rule {
    id: "ATLAS-ENV-003",
    title: "values have the shape that their service expects",
    why: "a token of another kind, an address without `https://` or an origin that admits everyone does not do what was meant",
    manual: "The catalogue says how a value begins (`xoxb-` for a bot token of Slack), and whether it is an address, a number, an \
             id. Nothing is asked over the network; `atlas doctor --online` tries the credentials themselves.",
    see: &[],
    needs: &[],
    cheap: false,
    judge: |facts| judge(facts, Topic::Shape, "every value has the right shape"),
};

fn judge(facts: &Facts, topic: Topic, good: &str) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let stray = writing::stray(facts, looked);
    let unexplained = |problem: &&Diagnostic| {
        let key = problem.key.as_deref().unwrap_or_default();
        !stray.contains_key(key)
    };
    let found = problems(facts, topic).filter(unexplained);
    let found: Vec<Problem> = found.map(|problem| told(facts, problem)).collect();
    Ok(Verdict::of(found, good))
}

fn told(facts: &Facts, problem: &Diagnostic) -> Problem {
    let key = problem.key.clone().unwrap_or_default();
    let severity = match problem.is_error() {
        true => Severity::Failure,
        false => Severity::Warning,
    };
    let variable = described(facts, &key);
    let generated = variable.is_some_and(|variable| variable.generate);
    let fix = match problem.topic {
        Topic::Missing if generated => Fix::command("have it made", "atlas init --yes"),
        // What is missing of an integration is named in the sentence; its key is the service.
        Topic::Missing if variable.is_none() => {
            let names: Vec<&str> = problem.message.split('`').skip(1).step_by(2).collect();
            let first = names.first().and_then(|name| described(facts, name));
            set(&names.join(" "), first)
        }
        _ => set(&key, variable),
    };
    Problem {
        severity,
        subject: Some(key),
        // The subject says whose value it is.
        evidence: vec![
            Diagnostic {
                key: None,
                ..problem.clone()
            }
            .said(),
        ],
        fix,
    }
}
