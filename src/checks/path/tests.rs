//! Judges of the way of a search on answers that the backend at hand does not give.

use super::*;
use crate::checks::{Unknown, Verdict};
use crate::input::Inputs;

fn gateway() -> Gateway {
    Gateway {
        service: "gateway".into(),
        address: "172.18.0.5:8001".into(),
        published: None,
        health: Ok(Answer { status: 200, ours: true, ..Answer::default() }),
        near: None,
        needs_orchestrator: true,
        origins: "chrome-extension://*".into(),
        admitted: Vec::new(),
        foreign: Vec::new(),
        without_key: Ok(401),
        settings: Ok(401),
    }
}

fn facts(gateway: Gateway) -> Facts {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.path = Ok(Path { gateway: Some(gateway), orchestrator: None });
    facts
}

fn evidence(verdict: Result<Verdict, Unknown>) -> String {
    match verdict {
        Ok(Verdict::Bad(problems)) => problems.into_iter().flat_map(|p| p.evidence).collect::<Vec<_>>().join("; "),
        other => panic!("no problem: {other:?}"),
    }
}

#[test]
fn settings_handed_out_without_a_key_are_a_failure() {
    let open = facts(Gateway { settings: Ok(200), ..gateway() });
    assert_eq!(
        evidence((admission::SETTINGS.judge)(&open)),
        "`GET /api/settings/default` without a key is answered with 200"
    );
}

#[test]
fn a_published_port_that_does_not_lead_to_the_gateway_is_told_apart() {
    let published = Some(("127.0.0.1:8001".to_owned(), Err("connection refused".to_owned())));
    let cut = facts(Gateway { published, ..gateway() });
    assert_eq!(
        evidence((way::GATEWAY.judge)(&cut)),
        "the gateway answers at 172.18.0.5:8001, but not at 127.0.0.1:8001: connection refused"
    );
}

#[test]
fn what_the_gateway_lacks_is_told_in_its_own_words() {
    let health = Health { status: "unhealthy".into(), reason: Some("did not answer in time".into()) };
    let answer = Answer { status: 503, ours: true, dependencies: [("mongodb".to_owned(), health)].into() };
    let lacking = facts(Gateway { health: Ok(answer), ..gateway() });
    assert_eq!(
        evidence((way::GATEWAY.judge)(&lacking)),
        "the gateway answers 503; mongodb is unhealthy: did not answer in time"
    );
}
