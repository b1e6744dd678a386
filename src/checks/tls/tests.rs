//! Judges of certificates on dates and chains that are not made in a test.

use super::*;
use crate::checks::Verdict;
use crate::input::Inputs;

const DAY: i64 = 86_400;

fn certificate() -> Certificate {
    Certificate {
        subject: "CN=api.example.com".into(),
        issuer: "CN=R11".into(),
        names: vec!["api.example.com".into()],
        not_before: -30 * DAY,
        not_after: 60 * DAY,
    }
}

fn facts(shown: Shown) -> Facts {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.tls = Ok(Tls {
        address: Some("api.example.com:443".into()),
        now: 0,
        shown: Some(Ok(shown)),
        renewal: None,
    });
    facts
}

fn good() -> Shown {
    Shown {
        protocol: Some("TLS 1.3".into()),
        chain: vec![certificate()],
        named: true,
        ..Shown::default()
    }
}

fn evidence(verdict: Result<Verdict, Unknown>) -> String {
    match verdict {
        Ok(Verdict::Bad(problems)) => problems
            .into_iter()
            .flat_map(|p| p.evidence)
            .collect::<Vec<_>>()
            .join("; "),
        other => panic!("no problem: {other:?}"),
    }
}

#[test]
fn a_clock_that_is_wrong_makes_certificates_of_the_future() {
    let mut shown = good();
    shown.chain[0].not_before = 3 * DAY;
    assert_eq!(
        evidence((certificate::EXPIRY.judge)(&facts(shown))),
        "a certificate of api.example.com:443 (CN=api.example.com) is valid only in 3 days"
    );
}

#[test]
fn a_chain_that_is_cut_names_what_is_missing() {
    let shown = Shown {
        untrusted: Some("UnknownIssuer".into()),
        ..good()
    };
    assert_eq!(
        evidence((certificate::CHAIN.judge)(&facts(shown))),
        "api.example.com:443 sends 1 certificate(s), without the one of CN=R11; verification says: UnknownIssuer"
    );
}

#[test]
fn what_speaks_nothing_but_old_versions_is_a_failure() {
    let shown = Shown {
        protocol: None,
        old_protocol: Some("TLS 1.1".into()),
        ..good()
    };
    assert_eq!(
        evidence((certificate::PROTOCOL.judge)(&facts(shown))),
        "api.example.com:443 speaks TLS 1.1, and nothing newer"
    );
}
