//! What is said of stores that cannot be made for a test on the engine.

use super::*;
use crate::checks::{Facts, Finding, examine, rule};
use crate::input::Inputs;

fn found(data: Data, id: &str) -> Vec<Finding> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.data = Ok(data);
    examine(&facts, &[rule(id).expect("a rule")])
}

fn of_mongodb(version: &str, feature: &str) -> Data {
    let server = Server {
        version: version.to_owned(),
        feature: Some(feature.to_owned()),
    };
    Data {
        mongodb: Ok(Some(Mongodb {
            ours: Ok(server),
            open: Ok(false),
        })),
        redis: Ok(None),
    }
}

#[test]
fn data_of_an_older_version_is_a_warning() {
    assert_eq!(
        found(of_mongodb("7.0.14", "7.0"), "DATA-004")[0].word(),
        "pass"
    );
    let finding = &found(of_mongodb("7.0.14", "6.0"), "DATA-004")[0];
    assert_eq!(finding.word(), "warning");
    assert_eq!(
        finding.evidence(),
        ["the server is 7.0.14, its data is of 6.0"]
    );
}

#[test]
fn a_redis_that_may_outgrow_its_container_is_a_warning() {
    let with = |max_memory| Data {
        mongodb: Ok(None),
        redis: Ok(Some(Redis {
            open: Ok(false),
            settings: Ok(Settings {
                append_only: true,
                save: String::new(),
                max_memory,
            }),
            limit: 256 << 20,
        })),
    };
    assert_eq!(found(with(192 << 20), "DATA-006")[0].word(), "pass");
    for most in [0, 250 << 20, 1 << 30] {
        assert_eq!(found(with(most), "DATA-006")[0].word(), "warning");
    }
}
