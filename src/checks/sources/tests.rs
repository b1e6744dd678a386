//! Dockerfiles as people write them, and mounts.

use super::super::{Facts, Finding, examine, rule};
use super::{Bind, Dockerfile, Sources};
use crate::input::Inputs;

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

fn binds(folder: Option<bool>, target: &str) -> Vec<Finding> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    let bind = Bind {
        service: "prometheus".to_owned(),
        source: "/srv/atlas/prometheus.yml".to_owned(),
        target: target.to_owned(),
        folder,
    };
    facts.sources = Ok(Sources {
        trees: Vec::new(),
        binds: vec![bind],
    });
    examine(&facts, &[rule("SRC-004").expect("a rule")])
}

#[test]
fn a_mount_must_be_there_and_of_its_kind() {
    let said = |folder, target| {
        let finding = binds(folder, target).remove(0);
        (finding.word(), finding.evidence().join("; "))
    };
    let path = "`/srv/atlas/prometheus.yml`";
    let cases = [
        (None, "/etc/p.yml", format!("there is no {path} to mount")),
        (
            Some(true),
            "/etc/p.yml",
            format!("{path} is a folder, and is mounted as the file /etc/p.yml"),
        ),
        (
            Some(false),
            "/etc/p/",
            format!("{path} is a file, and is mounted as the folder /etc/p/"),
        ),
    ];
    for (folder, target, expected) in cases {
        assert_eq!(said(folder, target), ("failure", expected));
    }
    for (folder, target) in [
        (true, "/etc/conf.d"),
        (false, "/etc/p.yml"),
        (true, "/data"),
    ] {
        assert_eq!(
            said(Some(folder), target),
            ("pass", "1 are there".to_owned())
        );
    }
}
