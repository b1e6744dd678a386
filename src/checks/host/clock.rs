//! Whether the clocks are right.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

/// Signed requests and tokens are refused some minutes off; half a minute shows that nothing sets the clock.
const MOST_APART: i64 = 30;
/// Files may come from another machine whose clock is a little ahead.
const MOST_AHEAD: i64 = 300;

pub(super) const CLOCK: Rule = Rule {
    id: "ATLAS-HOST-005",
    title: "the clock is right",
    why: "vendors refuse tokens and signatures of a wrong time, and certificates seem not yet valid or expired",
    manual: "The engine's time is compared with this machine's; more than 30 s apart is a failure. Where both are one clock, the dates \
             of the project's files are looked at: a file from the future means that the clock went back. \
             `timedatectl set-ntp true` lets the system set the clock; `chronyc makestep` sets it at once.",
    see: &[
        "https://github.com/docker/for-mac/issues/17",
        "https://github.com/skiffos/SkiffOS/issues/286",
    ],
    needs: &[],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let clock = seen(&seen(&facts.host)?.clock)?;
    let mut problems = Vec::new();
    if let Some(ahead) = clock.engine_ahead.filter(|s| s.abs() > MOST_APART) {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        let text = format!(
            "the engine's clock is {} {direction} this machine's",
            span(ahead.abs())
        );
        let fix = Fix::by_hand(
            "set both clocks from the network: `sudo timedatectl set-ntp true` on each machine; restart Docker Desktop after a sleep",
        );
        problems.push(Problem::failure(text, fix));
    }
    if let Some((file, ahead)) = clock.future.as_ref().filter(|(_, s)| *s > MOST_AHEAD) {
        let text = format!("`{file}` was written {} from now", span(*ahead));
        let fix = Fix::by_hand(format!(
            "set the clock: `sudo timedatectl set-ntp true`; if it is right, date the file anew: `touch {file}`"
        ));
        problems.push(Problem::warning(text, fix));
    }
    let evidence = match (clock.same, clock.engine_ahead) {
        (false, Some(ahead)) => format!("the engine's clock differs by {} s", ahead.abs()),
        _ => "the engine has this machine's clock, and no file is from the future".to_owned(),
    };
    Ok(Verdict::of(problems, evidence))
}

/// `45 s`, `12 min`, `3 h`, `40 days`.
fn span(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
