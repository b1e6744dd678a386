//! What is said of answers that no healthy gateway gives.

use std::collections::BTreeMap;

use super::*;
use crate::checks::{Facts, Finding, examine, rule};
use crate::input::Inputs;

fn well() -> Gateway {
    Gateway {
        address: "172.18.0.5:8001".to_owned(),
        health: Ok((200, BTreeMap::new())),
        extension: Some("chrome-extension://abc".to_owned()),
        admits_extension: Some(true),
        admits_strangers: Some(false),
        without_key: Some(401),
        settings: Some(401),
    }
}

fn found(gateway: Gateway, id: &str) -> Vec<Finding> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.path = Ok(Path {
        gateway: Ok(Some(gateway)),
        orchestrator: Ok(None),
    });
    examine(&facts, &[rule(id).expect("a rule")])
}

#[test]
fn a_well_gateway_passes() {
    for number in 1..=7 {
        let id = format!("PATH-00{number}");
        for finding in found(well(), &id) {
            assert_eq!(finding.word(), "pass", "{id}");
        }
    }
}

#[test]
fn an_open_gateway_fails_for_each_door() {
    let open = Gateway {
        without_key: Some(200),
        settings: Some(200),
        admits_strangers: Some(true),
        admits_extension: Some(false),
        ..well()
    };
    for id in ["PATH-004", "PATH-005", "PATH-006", "PATH-007"] {
        let findings = found(open.clone(), id);
        assert_eq!(findings[0].word(), "failure", "{id}");
        assert_eq!(findings[0].subject(), Some("gateway"));
    }
    let silent = Gateway {
        without_key: Some(429),
        ..well()
    };
    assert_eq!(found(silent, "PATH-006")[0].word(), "not checked");
}
