//! Judges of stores on facts that no store at hand can be made to tell.

use super::*;
use crate::checks::{Facts, Problem, Verdict};
use crate::input::Inputs;

fn mongo() -> Mongo {
    Mongo {
        contained: true,
        greeting: Err(Unknown::Unseen("it does not run".into())),
        door: Ok(Door::Closed),
        exit_code: None,
        lines: Vec::new(),
        volume: None,
        written: None,
    }
}

fn facts(data: Data) -> Facts {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.data = Ok(data);
    facts
}

fn of(mongodb: Mongo) -> Facts {
    facts(Data {
        runs: true,
        mongodb: Some(mongodb),
        ..Data::default()
    })
}

fn only(verdict: Result<Verdict, Unknown>) -> Problem {
    match verdict {
        Ok(Verdict::Bad(problems)) if problems.len() == 1 => {
            problems.into_iter().next().expect("there is one")
        }
        other => panic!("no single problem: {other:?}"),
    }
}

#[test]
fn data_of_another_version_is_told_by_exit_code_or_by_log() {
    let by_code = of(Mongo {
        exit_code: Some(62),
        ..mongo()
    });
    assert_eq!(
        only((version::VERSION.judge)(&by_code)).evidence,
        ["MongoDB refuses its data and ends with 62: another version wrote it"]
    );
    let line = r#"{"s":"F","id":20573,"msg":"Wrong mongod version"}"#;
    let by_log = of(Mongo {
        lines: vec!["{}".into(), line.into()],
        ..mongo()
    });
    assert_eq!(
        only((version::VERSION.judge)(&by_log)).evidence,
        [
            "MongoDB refuses its data: another version wrote it".to_owned(),
            format!("log: {line}")
        ]
    );
}

#[test]
fn an_external_server_that_is_away_is_a_failure_and_one_in_a_container_is_not_known() {
    let away = Ok(Greeting::Away("connection refused".into()));
    let external = of(Mongo {
        contained: false,
        greeting: away.clone(),
        ..mongo()
    });
    assert_eq!(
        only((door::PASSWORD.judge)(&external)).evidence,
        ["MongoDB does not answer: connection refused"]
    );
    let contained = of(Mongo {
        greeting: away,
        ..mongo()
    });
    let verdict = (door::PASSWORD.judge)(&contained);
    assert_eq!(
        verdict,
        Err(Unknown::Unseen(
            "MongoDB does not answer: connection refused".into()
        ))
    );
}

#[test]
fn failing_writes_of_redis_are_a_failure() {
    let told = Told {
        appends: true,
        failing: vec!["aof_last_write_status is err".into()],
        ..Told::default()
    };
    let facts = facts(Data {
        runs: true,
        redis: Some(Redis {
            told: Ok(told),
            limit: 0,
        }),
        ..Data::default()
    });
    assert_eq!(
        only((persistence::PERSISTENCE.judge)(&facts)).evidence,
        ["Redis fails to write: aof_last_write_status is err"]
    );
}
