//! How containers ended: loops, memory, exit codes in words.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Containers, Fate, Seen, count, look};
use crate::plan::State;

const MIB: u64 = 1024 * 1024;
/// Restarts that lie longer back are history.
const DAY: i64 = 86_400;

pub(super) const LOOPS: Rule = Rule {
    id: "ATLAS-CON-002",
    title: "no container is restarted again and again",
    why: "a service in a restart loop answers now and then at best; each start costs, and its log hides the first reason",
    manual: "The engine counts how often it has started a container again. A container that restarts at this moment, or was restarted more \
             than once and runs for less than a minute, is in a loop. Its exit code and its last log lines tell the reason; `atlas logs NAME` shows more.",
    see: &["https://docs.docker.com/engine/containers/start-containers-automatically/"],
    needs: &["ENG-001", "DATA-004", "CON-003", "CON-010"],
    cheap: false,
    judge: loops,
};

pub(super) const MEMORY: Rule = Rule {
    id: "ATLAS-CON-003",
    title: "nothing is killed for memory",
    why: "the kernel kills what needs more memory than its limit, in the middle of its work",
    manual: "The engine notes when the kernel kills a container's process for memory (`OOMKilled`, exit code 137), and remembers such events for a \
             while. `services.NAME.memory` in atlas.yaml is the limit.",
    see: &[
        "https://docs.docker.com/engine/containers/resource_constraints/",
        "https://github.com/coderaiser/cloudcmd/issues/440",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: memory,
};

pub(super) const CODES: Rule = Rule {
    id: "ATLAS-CON-004",
    title: "no container ended by a failure",
    why: "a container that ended by a failure is not started again by itself in every case, and the same will end it again",
    manual: "The exit code of a container is told in words: 125 to 127 are the engine's own, 128 and more are signals, MongoDB has codes of its \
             own (62: data of another version). The last log lines stand below it.",
    see: &["https://docs.docker.com/engine/containers/run/#exit-status"],
    needs: &["ENG-001", "DATA-004", "CON-010"],
    cheap: false,
    judge: codes,
};

/// What an exit code says.
pub(super) fn meaning(code: i64, service: &str) -> String {
    let mongod = service == "mongodb";
    let words = match code {
        0 => "it ended by itself, without an error",
        2 if mongod => "mongod does not take its options",
        14 if mongod => {
            "mongod met an error that it cannot recover from, often damaged or unreadable data files"
        }
        48 if mongod => "mongod's port is taken",
        62 if mongod => "the data was written by another version of MongoDB",
        100 if mongod => {
            "mongod met an unexpected error, often data files that it may not read or that another mongod uses"
        }
        1 => "it reported an error",
        125 => "the engine could not run it",
        126 => {
            "its command is there but cannot be executed: no right to, or made for another processor"
        }
        127 => "its command is not in the image",
        132 => "illegal instruction: the processor lacks something (MongoDB 5 and later need AVX)",
        134 => "it aborted itself",
        137 => {
            "it was killed (SIGKILL), not for its memory: by hand, or because it did not end in time when it was stopped"
        }
        139 => "segmentation fault: a bug, or a library of another kind",
        143 => "it was asked to end (SIGTERM)",
        code if code > 128 && code < 160 => return format!("killed by signal {}", code - 128),
        _ => "it failed",
    };
    words.to_owned()
}

/// `exit code 1: it reported an error`, or the engine's own words.
fn ended(seen: &Seen) -> String {
    let last = match seen.state {
        State::Running => seen.past_codes.first().copied(),
        _ => Some(seen.exit_code),
    };
    let code = last.map(|code| format!("exit code {code}: {}", meaning(code, &seen.service)));
    let error = (!seen.error.is_empty()).then(|| format!("the engine says: {}", seen.error));
    let parts: Vec<String> = code.into_iter().chain(error).collect();
    match parts.is_empty() {
        true => "its exit code is not known any more".to_owned(),
        false => parts.join("; "),
    }
}

/// The problem with the last log lines below it.
fn with_lines(mut problem: Problem, seen: &Seen) -> Problem {
    let lines = seen.lines.iter().map(|line| format!("log: {line}"));
    problem.evidence.extend(lines);
    problem.about(&seen.service)
}

fn see_log(seen: &Seen) -> Fix {
    let name = &seen.service;
    Fix::command(
        "mend what its log tells, then start it again",
        format!("atlas logs --tail 50 {name}; atlas up"),
    )
}

fn fated(containers: &Containers, fate: Fate) -> impl Iterator<Item = &Seen> {
    let now = containers.now;
    let all = containers.all.iter();
    all.filter(move |seen| Fate::of(seen, now) == fate)
}

fn loops(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let mut problems = Vec::new();
    for seen in fated(containers, Fate::Loops) {
        let text = format!(
            "{} was restarted {} times; {}",
            seen.name,
            seen.restarts,
            ended(seen)
        );
        problems.push(with_lines(Problem::failure(text, see_log(seen)), seen));
    }
    for seen in fated(containers, Fate::Runs) {
        let age = seen.started.map_or(i64::MAX, |at| containers.now - at);
        if seen.restarts > 0 && age < DAY {
            let text = format!(
                "{} was restarted {}, last {} minutes ago; {}",
                seen.name,
                match seen.restarts {
                    1 => "once".to_owned(),
                    many => format!("{many} times"),
                },
                age / 60,
                ended(seen)
            );
            problems.push(with_lines(Problem::warning(text, see_log(seen)), seen));
        }
    }
    let evidence = format!("{}, none restarted", count(containers.all.len()));
    Ok(Verdict::of(problems, evidence))
}

fn memory(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let raise = |seen: &Seen| {
        let limit = seen.memory / MIB;
        let text = format!(
            "raise `services.{}.memory` in atlas.yaml (it is {limit}MiB), then `atlas up`",
            seen.service
        );
        Fix::by_hand(text)
    };
    let mut problems = Vec::new();
    for seen in fated(containers, Fate::OutOfMemory) {
        let limit = seen.memory / MIB;
        let text = format!(
            "{} was killed for using more than its {limit} MiB of memory",
            seen.name
        );
        problems.push(with_lines(Problem::failure(text, raise(seen)), seen));
    }
    for seen in fated(containers, Fate::Runs) {
        if let Some(at) = seen.oom_at {
            let (limit, minutes) = (seen.memory / MIB, (containers.now - at) / 60);
            let text = format!(
                "a process in {} was killed {minutes} minutes ago for using more than {limit} MiB of memory",
                seen.name
            );
            problems.push(with_lines(Problem::warning(text, raise(seen)), seen));
        }
    }
    let evidence = format!("{}, none killed", count(containers.all.len()));
    Ok(Verdict::of(problems, evidence))
}

fn codes(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let failed = fated(containers, Fate::Failed).map(|seen| {
        let text = format!("{} does not run; {}", seen.name, ended(seen));
        with_lines(Problem::failure(text, see_log(seen)), seen)
    });
    let evidence = format!("{}, none ended by a failure", count(containers.all.len()));
    Ok(Verdict::of(failed.collect(), evidence))
}
