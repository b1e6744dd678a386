//! Judges of containers on facts that no engine can be made to give at will.

use super::*;
use crate::checks::{Finding, examine, rule};
use crate::input::Inputs;
use crate::plan::State;

fn seen(state: State) -> Seen {
    Seen {
        service: "mongodb".into(),
        name: "shop-mongodb-1".into(),
        image: "mongo:7".into(),
        state,
        drifted: false,
        exit_code: 0,
        past_codes: Vec::new(),
        oom_killed: false,
        oom_at: None,
        restarts: 0,
        started: Some(0),
        error: String::new(),
        lines: Vec::new(),
        health: None,
        memory: 0,
        cpu_millis: 0,
        pids: 0,
        folder: None,
        log: Log::default(),
        user: None,
        volumes: Vec::new(),
        binds: Vec::new(),
    }
}

#[test]
fn each_container_has_one_fate() {
    let of = |seen: &Seen| Fate::of(seen, 1000);
    assert_eq!(of(&seen(State::Running)), Fate::Runs);
    assert_eq!(of(&seen(State::Paused)), Fate::Stopped);
    assert_eq!(of(&seen(State::Created)), Fate::Stopped);
    assert_eq!(of(&seen(State::Restarting)), Fate::Loops);
    for (code, fate) in [
        (0, Fate::Stopped),
        (143, Fate::Stopped),
        (137, Fate::Stopped),
        (1, Fate::Failed),
        (62, Fate::Failed),
    ] {
        let exited = Seen {
            exit_code: code,
            ..seen(State::Exited)
        };
        assert_eq!(of(&exited), fate, "{code}");
    }
    let killed = Seen {
        exit_code: 137,
        oom_killed: true,
        ..seen(State::Exited)
    };
    assert_eq!(of(&killed), Fate::OutOfMemory);
    let refused = Seen {
        error: "exec: not found".into(),
        ..seen(State::Created)
    };
    assert_eq!(of(&refused), Fate::Failed);
    // Between two crashes a container in a loop runs for a while.
    let young = Seen {
        restarts: 5,
        started: Some(990),
        ..seen(State::Running)
    };
    assert_eq!(of(&young), Fate::Loops);
    let proven = Seen {
        restarts: 5,
        started: Some(900),
        ..seen(State::Running)
    };
    assert_eq!(of(&proven), Fate::Runs);
}

#[test]
fn exit_codes_are_words() {
    let mongod = |code| end::meaning(code, "mongodb");
    assert_eq!(
        mongod(62),
        "the data was written by another version of MongoDB"
    );
    assert!(mongod(14).contains("cannot recover") && mongod(100).contains("may not read"));
    let other = |code| end::meaning(code, "gateway");
    assert_eq!(other(62), "it failed");
    assert_eq!(other(127), "its command is not in the image");
    assert_eq!(other(136), "killed by signal 8");
    let unlike: std::collections::BTreeSet<String> = [0, 1, 125, 126, 127, 132, 134, 137, 139, 143]
        .map(other)
        .into();
    assert_eq!(unlike.len(), 10);
}

fn mounted(folder: Option<bool>, target: &str) -> Finding {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    let bind = Bind {
        source: "/srv/atlas/prometheus.yml".to_owned(),
        target: target.to_owned(),
        folder,
    };
    let mut container = seen(State::Running);
    container.binds = vec![bind];
    facts.containers = Ok(Containers {
        all: vec![container],
        ..Containers::default()
    });
    examine(&facts, &[rule("CON-013").expect("a rule")]).remove(0)
}

#[test]
fn a_mount_must_be_there_and_of_its_kind() {
    let said = |folder, target| {
        let finding = mounted(folder, target);
        (finding.word(), finding.evidence().join("; "))
    };
    let path = "`/srv/atlas/prometheus.yml`";
    let gone = format!("there is no {path}, which is mounted as /etc/p.yml");
    assert_eq!(said(None, "/etc/p.yml"), ("failure", gone));
    let folder = format!("{path} is a folder, and is mounted as the file /etc/p.yml");
    assert_eq!(said(Some(true), "/etc/p.yml"), ("failure", folder));
    for (folder, target) in [
        (true, "/etc/conf.d"),
        (false, "/etc/p.yml"),
        (true, "/data"),
    ] {
        let there = ("pass", "1 are there".to_owned());
        assert_eq!(said(Some(folder), target), there);
    }
}
