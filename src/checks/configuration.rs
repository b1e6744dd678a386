//! atlas.yaml, the catalogue and .env as a whole: whether there is a deployment. What is said of single variables belongs to
//! `environment`.

use super::facts::{Facts, Unknown};
use super::rule::{Fix, Problem, Rule, Verdict};
use crate::diagnostic::{Diagnostic, Topic};

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
    if is_nowhere(facts) {
        let fix = Fix::command("make a project", "atlas init");
        let said = "there is no project here: neither atlas.yaml nor .env";
        return Ok(Verdict::Bad(vec![Problem::failure(said, fix)]));
    }
    let own = problems.iter().filter(|problem| is_own(problem));
    let own: Vec<Problem> = own.map(failure).collect();
    Ok(Verdict::of(
        own,
        "atlas.yaml and the catalogue are; what is wrong with .env is told of each variable",
    ))
}

/// Whether there is no project at all: neither atlas.yaml nor a variable of it, and therefore no deployment.
pub(super) fn is_nowhere(facts: &Facts) -> bool {
    let unset = facts.inputs.dotenv.iter().next().is_none();
    facts.deployment.is_err() && facts.inputs.project.file.is_empty() && unset
}

/// Whether no check of `environment` tells it.
fn is_own(problem: &Diagnostic) -> bool {
    problem.is_error() && problem.topic == Topic::Other
}

fn failure(problem: &Diagnostic) -> Problem {
    let hint = problem.hint.clone();
    let fix = hint.unwrap_or_else(|| "mend that line".to_owned());
    Problem::failure(problem.said(), Fix::by_hand(fix))
}
