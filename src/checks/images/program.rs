//! Whether an image has the program of its service's health check.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

pub(super) const PROBE: Rule = Rule {
    id: "ATLAS-IMG-005",
    title: "every image has the program of its health check",
    why: "a health check whose program is missing fails for ever: the service counts as sick while it works",
    manual: "The program that the health check runs is looked for in a container of the image, without running anything: under its path, or \
             along the image's PATH. Images made small mostly lack curl and wget.",
    see: &["https://github.com/promptfoo/promptfoo/issues/1202"],
    needs: &["ENG-001", "SRC-003"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let images = seen(&facts.images)?;
    if images.programs.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let mut problems = Vec::new();
    let mut unknown = None;
    let mut found = 0_usize;
    for program in &images.programs {
        match &program.is_there {
            Ok(true) => found += 1,
            Ok(false) => {
                let text = format!(
                    "the health check runs `{}`, which {} does not have",
                    program.name, program.image
                );
                let fix = Fix::by_hand(format!(
                    "set `healthcheck:` of {} in the catalogue to a program that the image has, or `[NONE]`: atlas asks from outside anyway",
                    program.service
                ));
                problems.push(Problem::failure(text, fix).about(&program.service));
            }
            Err(why) => unknown = Some(why.clone()),
        }
    }
    match unknown {
        Some(unknown) if problems.is_empty() && found == 0 => Err(unknown),
        _ => Ok(Verdict::of(
            problems,
            format!("{found} health checks find their program"),
        )),
    }
}
