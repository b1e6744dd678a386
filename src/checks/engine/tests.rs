//! What is said of engines and users that cannot be had here.

use super::super::facts::Unknown;
use super::super::rule::{Problem, Verdict};
use super::*;
use crate::input::Inputs;

fn judged(rule: &Rule, reach: Result<Told, Away>) -> Result<String, Box<Problem>> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.engine = Ok(Engine {
        reach,
        compose_1: Some(("/usr/bin/docker-compose".to_owned(), "1.29.2".to_owned())),
        largest_log: Err(Unknown::Unseen("not in this test".to_owned())),
    });
    match (rule.judge)(&facts).expect("the facts are there") {
        Verdict::Good(evidence) => Ok(evidence),
        Verdict::Bad(mut problems) => Err(Box::new(problems.remove(0))),
        Verdict::Irrelevant => panic!("it is about every engine"),
    }
}

#[test]
fn a_socket_that_refuses_a_member_of_its_group_is_told_so() {
    let away = |member, in_session| Away {
        message: "failed to reach the Docker engine".to_owned(),
        denied: Some(Denied {
            user: "ann".to_owned(),
            group: "docker".to_owned(),
            member,
            in_session,
        }),
        ..Away::default()
    };
    let said = |away| {
        let problem = judged(&reach::REACHABLE, Err(away)).expect_err("it is away");
        (problem.evidence[1].clone(), problem.fix.command)
    };
    let (evidence, command) = said(away(true, true));
    let expected = "user ann is in the group docker, and the socket's mode refuses it";
    assert_eq!((evidence.as_str(), command), (expected, None));
    let (_, command) = said(away(false, false));
    assert_eq!(command.as_deref(), Some("sudo usermod -aG docker ann"));
}

#[test]
fn drivers_that_new_engines_have_no_more_are_named() {
    let said = |driver: &str| {
        let told = Told {
            storage_driver: driver.to_owned(),
            ..Told::default()
        };
        judged(&settings::STORAGE, Ok(told)).map_err(|problem| problem.evidence.join("; "))
    };
    assert_eq!(said("overlay2"), Ok("the driver is overlay2".to_owned()));
    let old = "the driver is devicemapper, which Engine 25 has no more";
    assert_eq!(said("devicemapper"), Err(old.to_owned()));
}

#[test]
fn compose_1_is_in_the_way_of_new_engines_only() {
    let said = |version: &str, api| {
        let told = Told {
            version: version.to_owned(),
            api,
            ..Told::default()
        };
        judged(&around::COMPOSE_1, Ok(told)).map_err(|problem| problem.evidence.join("; "))
    };
    let path = "/usr/bin/docker-compose is Compose 1.29.2";
    let works = format!("{path}, which still works with engine 20.10.24");
    assert_eq!(said("20.10.24", (1, 41)), Ok(works));
    let fails = format!("{path}, which fails on engine 28.5.1");
    assert_eq!(said("28.5.1", (1, 51)), Err(fails));
}
