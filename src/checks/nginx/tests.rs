//! Judges of sites on facts alone.

use super::*;
use crate::checks::Verdict;
use crate::input::Inputs;

fn site(host: &str, port: u16) -> Site {
    Site {
        place: "atlas:1".into(),
        targets: vec![Target {
            host: host.into(),
            port,
            place: "atlas:5".into(),
        }],
        tells_client: true,
        ..Site::default()
    }
}

fn facts(site: Site) -> Facts {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.nginx = Ok(Nginx {
        sites: vec![site],
        test: Some(Ok(Vec::new())),
        published: Some(8123),
        addresses: vec![[172, 18, 0, 7].into()],
        quiet: true,
        limited: true,
        cloudflare: None,
    });
    facts
}

fn evidence(verdict: Result<Verdict, Unknown>) -> Vec<String> {
    match verdict {
        Ok(Verdict::Bad(problems)) => problems.into_iter().flat_map(|p| p.evidence).collect(),
        other => panic!("no problem: {other:?}"),
    }
}

#[test]
fn a_site_leads_to_the_published_port_or_says_where_else() {
    let good = (upstream::LEADS.judge)(&facts(site("localhost", 8123)));
    assert_eq!(
        good,
        Ok(Verdict::Good("atlas:1 leads to the gateway".into()))
    );
    assert_eq!(
        evidence((upstream::LEADS.judge)(&facts(site("127.0.0.1", 8001)))),
        ["atlas:5 leads to 127.0.0.1:8001, but the gateway is published on 8123"]
    );
}

#[test]
fn an_address_of_a_container_is_stale_or_will_be() {
    let now = evidence((upstream::STALE.judge)(&facts(site("172.18.0.7", 8001))));
    assert_eq!(
        now,
        ["atlas:5 leads to 172.18.0.7, the gateway's container of this moment"]
    );
    let gone = evidence((upstream::STALE.judge)(&facts(site("172.18.0.5", 8001))));
    assert_eq!(
        gone,
        ["atlas:5 leads to 172.18.0.5, where no gateway is; it is at 172.18.0.7"]
    );
}
