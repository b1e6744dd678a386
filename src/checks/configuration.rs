//! atlas.yaml, the catalogue and .env as a whole: whether there is a deployment. What is said of single variables belongs to
//! `environment`.

use super::facts::{Facts, Unknown};
use super::rule::{Fix, Problem, Rule, Verdict};
use crate::diagnostic::Diagnostic;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "ATLAS-CFG-001",
    title: "the configuration is valid",
    why: "nothing can be started, and little can be checked, until atlas.yaml, the catalogue and .env make sense together",
    manual: "Every command reads atlas.yaml, the catalogue and .env first and refuses to go on while anything in them is wrong. \
             Each problem is shown with its file, line and key; all of them at once.",
    see: &[],
    needs: &[],
    cheap: false,
    judge: is_valid,
}];

fn is_valid(facts: &Facts) -> Result<Verdict, Unknown> {
    let problems = match &facts.deployment {
        Ok(deployment) => {
            let services = deployment.services.len();
            return Ok(Verdict::Good(format!("{services} services are described")));
        }
        Err(problems) => problems,
    };
    let own = problems.iter().filter(|problem| problem.is_error());
    let own: Vec<Problem> = own.map(failure).collect();
    Ok(Verdict::of(own, "the problems are those of variables"))
}

fn failure(problem: &Diagnostic) -> Problem {
    let hint = problem.hint.clone();
    let fix = hint.unwrap_or_else(|| "mend that line".to_owned());
    Problem::failure(problem.said(), Fix::by_hand(fix))
}
