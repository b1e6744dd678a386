//! What is said of machines that cannot be planted as files.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Rule, Verdict};
use super::*;
use crate::input::Inputs;

fn machine() -> Host {
    fn unseen<T>() -> Known<T> {
        Err(Unknown::Unseen("not in this test".to_owned()))
    }
    Host {
        memory: unseen(),
        disks: unseen(),
        processor: unseen(),
        clock: unseen(),
        open_files: unseen(),
        limits: unseen(),
        overcommit: unseen(),
        map_count: unseen(),
        huge_pages: unseen(),
    }
}

/// `Ok` with what is well, `Err` with severity and evidence of what is not.
fn judged(rule: &Rule, host: Host) -> Result<String, Vec<(bool, String)>> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.host = Ok(host);
    match (rule.judge)(&facts).expect("the facts are there") {
        Verdict::Good(evidence) => Ok(evidence),
        Verdict::Bad(problems) => Err(problems
            .into_iter()
            .map(|problem| {
                let fails = problem.severity == crate::checks::Severity::Failure;
                (fails, problem.evidence.join("; "))
            })
            .collect()),
        Verdict::Irrelevant => panic!("it is about every machine"),
    }
}

fn disk(free: u64, free_files: u64, files: u64) -> Host {
    let disk = Disk {
        purpose: "Docker keeps its data",
        path: "/var/lib/docker".to_owned(),
        free,
        total: 100 << 30,
        free_files,
        files,
    };
    Host {
        disks: Ok(vec![disk]),
        ..machine()
    }
}

#[test]
fn little_room_is_a_warning_and_none_a_failure() {
    let said = |free| judged(&disk::SPACE, disk(free, 0, 0));
    assert_eq!(
        said(8 << 30),
        Ok("8.0 GiB are free in /var/lib/docker".to_owned())
    );
    let place = "where Docker keeps its data (/var/lib/docker)";
    let warning = format!("only 1.0 GiB are free {place}: little for upgrades and backups");
    assert_eq!(said(1 << 30), Err(vec![(false, warning)]));
    let failure = format!("only 100.0 MiB are free {place}");
    assert_eq!(said(100 << 20), Err(vec![(true, failure)]));
}

#[test]
fn few_files_are_a_warning_and_a_file_system_without_a_limit_is_well() {
    let said = |free, all| judged(&disk::INODES, disk(8 << 30, free, all));
    assert_eq!(
        said(0, 0),
        Ok("these file systems have no limit".to_owned())
    );
    assert_eq!(
        said(50_000, 100_000),
        Ok("50000 more in /var/lib/docker".to_owned())
    );
    let text =
        "only 1500 of 100000 files can still be made where Docker keeps its data (/var/lib/docker)";
    assert_eq!(said(1500, 100_000), Err(vec![(false, text.to_owned())]));
}

#[test]
fn clocks_apart_are_told_with_their_direction() {
    let said = |ahead, same| {
        let clock = Clock {
            engine_ahead: Some(ahead),
            same,
            future: None,
        };
        let host = Host {
            clock: Ok(clock),
            ..machine()
        };
        judged(&clock::CLOCK, host)
    };
    assert_eq!(
        said(2, false),
        Ok("the engine's clock differs by 2 s".to_owned())
    );
    let late = "the engine's clock is 12 min behind this machine's".to_owned();
    assert_eq!(said(-750, false), Err(vec![(true, late)]));
    let early = "the engine's clock is 3 days ahead of this machine's".to_owned();
    assert_eq!(said(259_200, true), Err(vec![(true, early)]));
}

#[test]
fn every_limit_that_is_ignored_is_named() {
    let host = Host {
        limits: Ok(Limits {
            memory: false,
            cpu: true,
            pids: false,
            cgroup: "1".to_owned(),
        }),
        ..machine()
    };
    let text = "the engine ignores memory and process limits (cgroup v1)".to_owned();
    assert_eq!(judged(&limits::LIMITS, host), Err(vec![(false, text)]));
}
