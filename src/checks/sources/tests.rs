//! Dockerfiles as people write them, and mounts.

use super::super::containers::{self, Bind, Containers};
use super::super::{Facts, Finding, examine, rule};
use super::Dockerfile;
use crate::input::Inputs;
use crate::plan::State;

#[test]
fn a_dockerfile_tells_what_it_copies_from_outside_and_what_only_buildkit_knows() {
    let file = Dockerfile::parse(
        "# syntax\nFROM python:3.11-slim AS base\nRUN apt-get update && \\\n    apt-get install -y curl\n\
         FROM base\nCOPY --from=base /x ../y\nCOPY [\"../base\", \"a/../../b\", \"/app/\"]\nADD https://example.org/../x /x\n\
         COPY a/../b /app/\nRUN --mount=type=cache,target=/c pip install .\n\
         HEALTHCHECK --interval=5s CMD [\"curl\", \"-f\", \"http://localhost/\"]\n",
    );
    assert_eq!(file.outside(), [(7, "../base"), (7, "a/../../b")]);
    assert_eq!(file.buildkit(), Some((10, "RUN --mount".to_owned())));
    assert_eq!(file.base().as_deref(), Some("python:3.11-slim"));
    let healthcheck = file.healthcheck().expect("there is one");
    assert_eq!(healthcheck, ["curl", "-f", "http://localhost/"]);
    assert!(file.brings("curl") && !file.brings("wget"));
    let plain = Dockerfile::parse("FROM scratch\nCOPY --chown=1:1 a b\nRUN echo --mount\n");
    assert_eq!((plain.buildkit(), plain.outside()), (None, Vec::new()));
}

fn mounted(folder: Option<bool>, target: &str) -> Finding {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    let bind = Bind {
        source: "/srv/atlas/prometheus.yml".to_owned(),
        target: target.to_owned(),
        folder,
    };
    let mut container = containers::tests::seen(State::Running);
    container.binds = vec![bind];
    facts.containers = Ok(Containers {
        all: vec![container],
        ..Containers::default()
    });
    examine(&facts, &[rule("SRC-004").expect("a rule")]).remove(0)
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
