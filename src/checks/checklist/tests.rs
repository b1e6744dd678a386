//! Each item failing and passing, what answers are worth, and what stops a start.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::checks::{Facts, Finding, Fix, Outcome, Problem};
use crate::diagnostic::Diagnostic;
use crate::input::Inputs;
use crate::input::answers::{self, Answers};

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

const NOW: &str = "2026-11-27T17:00:00Z";

fn finding(id: &'static str, outcome: Outcome) -> Finding {
    Finding {
        id,
        title: "a title",
        why: "a reason",
        outcome,
    }
}

fn passed(id: &'static str) -> Finding {
    finding(id, Outcome::Passed(format!("{id} is well")))
}

fn failed(id: &'static str) -> Finding {
    let fix = Fix::command("mend it", "atlas up");
    let problem = Problem::failure("it is open", fix)
        .about("store")
        .and("to everybody");
    finding(id, Outcome::Found(problem))
}

fn warned(id: &'static str) -> Finding {
    finding(
        id,
        Outcome::Found(Problem::warning("it is old", Fix::by_hand("renew it"))),
    )
}

fn unseen(id: &'static str, reason: &str) -> Finding {
    let outcome = Outcome::NotChecked {
        subject: None,
        reason: reason.to_owned(),
    };
    finding(id, outcome)
}

/// A world in which items are decided.
struct World {
    facts: Facts,
    findings: Vec<Finding>,
    production: Vec<Diagnostic>,
    answers: Answers,
    probed: BTreeMap<String, Probed>,
    now: Timestamp,
}

impl World {
    fn of(findings: Vec<Finding>) -> Self {
        Self {
            facts: Facts::unseen(Inputs::default(), Err(Vec::new())),
            findings,
            production: Vec::new(),
            answers: Answers::new(),
            probed: BTreeMap::new(),
            now: at(NOW),
        }
    }

    fn answered(mut self, key: &str, yes: bool, when: &str) -> Self {
        let (text, again) = question(&[], key).expect("it is a question");
        let note = Some("by pager".to_owned());
        let answer = answers::given(yes, text, note, "ops@host".into(), at(when), again);
        self.answers.insert(key.to_owned(), answer);
        self
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            facts: &self.facts,
            findings: &self.findings,
            production: &self.production,
            answers: &self.answers,
            probed: &self.probed,
            now: self.now,
        }
    }

    fn item(&self, key: &str) -> Assessment {
        let all = assess(&self.evidence());
        all.into_iter()
            .find(|item| item.key == key)
            .expect("an item")
    }

    fn unfit(&self, has_data: bool) -> Vec<String> {
        let unfit = unfit(&self.evidence(), has_data);
        unfit.into_iter().map(|item| item.key).collect()
    }
}

/// The items that rules alone decide, with the ids of all their rules.
const RULED: [(&str, &[&str]); 8] = [
    (
        "environment",
        &[
            "ATLAS-CFG-001",
            "ATLAS-ENV-001",
            "ATLAS-ENV-002",
            "ATLAS-ENV-003",
        ],
    ),
    ("mongodb", &["ATLAS-DATA-002", "ATLAS-DATA-001"]),
    ("redis", &["ATLAS-DATA-003"]),
    ("cors", &["ATLAS-PATH-004", "ATLAS-PATH-005"]),
    (
        "health",
        &[
            "ATLAS-CON-005",
            "ATLAS-PATH-001",
            "ATLAS-PATH-002",
            "ATLAS-PATH-003",
        ],
    ),
    (
        "backups",
        &["ATLAS-BAK-001", "ATLAS-BAK-002", "ATLAS-BAK-003"],
    ),
    ("rate-limit", &["ATLAS-OPS-001"]),
    ("limits", &["ATLAS-CON-008", "ATLAS-HOST-007"]),
];

#[test]
fn an_item_passes_when_each_of_its_rules_passes_and_by_each_of_them_it_fails() {
    for (key, ids) in RULED {
        let all = || ids.iter().map(|id| passed(id));
        let item = World::of(all().collect()).item(key);
        assert_eq!(
            (item.state, item.fixes.len()),
            (State::Passed, 0),
            "{item:?}"
        );
        for bad in ids {
            let others = all().filter(|finding| finding.id != *bad);
            for (found, state) in [
                (failed(bad), State::Failed),
                (warned(bad), State::Warned),
                (unseen(bad, "nobody looked"), State::NotChecked),
            ] {
                let findings = others.clone().chain([found]).collect();
                let item = World::of(findings).item(key);
                assert_eq!(item.state, state, "{key} by {bad}");
                assert!(item.lacks(), "{key} by {bad}");
            }
        }
    }
    assert_eq!(RULED.len() + 3, ITEMS.len(), "three items have a question");
}

#[test]
fn what_was_found_comes_first_with_its_fix_then_what_was_not_checked_then_what_is_well() {
    let findings = vec![
        failed("ATLAS-CON-005"),
        passed("ATLAS-PATH-001"),
        unseen("ATLAS-PATH-002", "blocked by ATLAS-CON-005"),
        unseen("ATLAS-PATH-003", "blocked by ATLAS-CON-005"),
    ];
    let item = World::of(findings).item("health");
    let expected = [
        "store: it is open (CON-005)",
        "to everybody",
        "not checked: blocked by ATLAS-CON-005 (PATH-002, PATH-003)",
        "ATLAS-PATH-001 is well (PATH-001)",
    ];
    assert_eq!(item.evidence, expected);
    assert_eq!(item.fixes, [Fix::command("mend it", "atlas up")]);
}

#[test]
fn a_rule_that_does_not_exist_is_not_checked_and_one_without_anything_to_look_at_depends() {
    let item = World::of(Vec::new()).item("rate-limit");
    assert_eq!(item.state, State::NotChecked, "{item:?}");
    let item = World::of(Vec::new()).item("monitoring");
    assert_eq!(item.state, State::Unanswered, "{item:?}");
    let nothing = World::of(Vec::new());
    let unknown = Item {
        rules: &["NO-001"],
        ..PLAIN_REDIS
    };
    let item = weighing::Weighing::of(&nothing.evidence(), &unknown).weigh(&unknown, unknown.rules);
    assert_eq!(
        item.evidence,
        ["not checked: this build has no such check (NO-001)"]
    );
    let known = Item {
        rules: &["OPS-001"],
        ..PLAIN_REDIS
    };
    let item = weighing::Weighing::of(&nothing.evidence(), &known).weigh(&known, known.rules);
    assert_eq!((item.state, item.lacks()), (State::DoesNotApply, false));
}

/// An item that does not apply where its rules have nothing to look at.
const PLAIN_REDIS: Item = Item {
    key: "redis",
    title: "x",
    what: "x",
    why: "x",
    fix: "x",
    variables: &[],
    rules: &[],
    before: &[],
    tolerates: &[],
    absent: Absent::DoesNotApply,
    question: None,
};

#[test]
fn what_production_refuses_belongs_to_the_item_of_its_variable() {
    let well = RULED
        .iter()
        .flat_map(|(_, ids)| ids.iter().map(|id| passed(id)));
    let mut world = World::of(well.collect());
    world.production = vec![
        Diagnostic::error("holds `*`")
            .key("CORS_ORIGINS")
            .hint("narrow it down"),
        Diagnostic::error("is too short").key("ATLAS_API_KEY"),
        Diagnostic::warning("is odd").key("SLACK_TOKEN"),
    ];
    let (cors, environment) = (world.item("cors"), world.item("environment"));
    assert_eq!(cors.evidence[0], "CORS_ORIGINS: holds `*`");
    assert_eq!(cors.fixes, [Fix::by_hand("narrow it down")]);
    assert_eq!(environment.evidence[0], "ATLAS_API_KEY: is too short");
    assert_eq!(
        (cors.state, environment.state),
        (State::Failed, State::Failed)
    );
    assert_eq!(environment.fixes.len(), 1);
}

#[test]
fn certificates_may_be_renewed_soon_but_not_be_wrong() {
    let tls = |found| World::of(vec![found]).item("tls").state;
    assert_eq!(tls(passed("ATLAS-TLS-001")), State::Passed);
    assert_eq!(tls(warned("ATLAS-TLS-001")), State::Passed);
    assert_eq!(tls(warned("ATLAS-TLS-005")), State::Warned);
    assert_eq!(tls(failed("ATLAS-TLS-002")), State::Failed);
    assert_eq!(
        tls(unseen("ATLAS-TLS-002", "nothing runs yet; x")),
        State::NotChecked
    );
    assert_eq!(
        tls(unseen("ATLAS-TLS-002", "it ends elsewhere")),
        State::Unanswered
    );
}

#[test]
fn a_question_is_asked_only_where_nothing_was_seen_and_an_answer_decides_then() {
    let kept = || unseen("ATLAS-OPS-003", "logs stay here");
    let world = World::of(vec![passed("ATLAS-OPS-003")]);
    assert_eq!(world.item("logs").asked, None);
    assert_eq!(world.item("logs").state, State::Passed);
    let item = World::of(vec![kept()]).item("logs");
    assert!(item.is_open() && item.lacks(), "{item:?}");
    assert_eq!(
        item.evidence,
        [
            "nobody has answered yet",
            "not checked: logs stay here (OPS-003)"
        ]
    );
    let item = World::of(vec![kept()])
        .answered("logs", true, NOW)
        .item("logs");
    assert_eq!(item.state, State::Passed);
    assert_eq!(
        item.evidence[0],
        "ops@host said yes on 2026-11-27: by pager (asked again on 2027-02-25)"
    );
    let item = World::of(vec![kept()])
        .answered("logs", false, NOW)
        .item("logs");
    assert_eq!(item.state, State::Failed);
    assert_eq!(
        item.fixes[0].command.as_deref(),
        Some("atlas checklist answer logs yes")
    );
    // A yes does not outweigh what was seen.
    let item = World::of(vec![failed("ATLAS-OPS-003")])
        .answered("logs", true, NOW)
        .item("logs");
    assert_eq!((item.state, item.asked), (State::Failed, None));
    // That metrics are scraped does not say that anybody is told.
    let item = World::of(vec![passed("ATLAS-OPS-002")]).item("monitoring");
    assert_eq!(item.state, State::Unanswered);
    let item = World::of(vec![passed("ATLAS-OPS-002")]).answered("monitoring", true, NOW);
    assert_eq!(item.item("monitoring").state, State::Passed);
    let item = World::of(vec![failed("ATLAS-OPS-002")]).answered("monitoring", true, NOW);
    assert_eq!(item.item("monitoring").state, State::Failed);
}

#[test]
fn an_answer_counts_until_its_day_and_for_its_question() {
    let answered = || World::of(vec![unseen("ATLAS-OPS-003", "x")]).answered("logs", true, NOW);
    let mut world = answered();
    world.now = at("2027-02-24T23:59:59Z");
    assert_eq!(world.item("logs").state, State::Passed);
    world.now = at("2027-02-25T00:00:00Z");
    let item = world.item("logs");
    assert_eq!(item.state, State::Unanswered);
    assert_eq!(
        item.evidence[0],
        "ops@host said yes on 2026-11-27, which ran out on 2027-02-25"
    );
    let mut world = answered();
    world.answers.get_mut("logs").expect("answered").question = "Is it?".to_owned();
    let item = world.item("logs");
    assert_eq!(
        item.evidence[0],
        "the question is another than ops@host answered"
    );
    assert!(item.is_open());
}

#[test]
fn before_a_start_only_what_is_known_by_then_stops_it() {
    let seen_later = || unseen("ATLAS-TLS-001", "nothing runs yet; `atlas up` starts it");
    let configured = [
        "ATLAS-CFG-001",
        "ATLAS-ENV-001",
        "ATLAS-ENV-002",
        "ATLAS-ENV-003",
    ];
    let ready = || {
        let mut findings: Vec<Finding> = configured.iter().map(|id| passed(id)).collect();
        findings.extend([
            seen_later(),
            failed("ATLAS-BAK-001"),
            failed("ATLAS-DATA-002"),
        ]);
        findings.extend([failed("ATLAS-CON-005"), unseen("ATLAS-OPS-003", "x")]);
        World::of(findings)
            .answered("monitoring", true, NOW)
            .answered("logs", true, NOW)
    };
    assert_eq!(
        ready().unfit(false),
        [""; 0],
        "a first start has no data, no containers"
    );
    assert_eq!(ready().unfit(true), ["backups"]);
    let mut world = ready();
    world.answers.clear();
    assert_eq!(world.unfit(false), ["monitoring", "logs"]);
    let mut world = ready();
    world.findings.push(failed("ATLAS-TLS-001"));
    world.findings.push(failed("ATLAS-ENV-002"));
    world.production = vec![Diagnostic::error("holds `*`").key("CORS_ORIGINS")];
    assert_eq!(world.unfit(false), ["environment", "cors", "tls"]);
}

#[test]
fn keys_are_those_that_no_item_of_a_user_may_have() {
    let keys: Vec<&str> = ITEMS.iter().map(|item| item.key).collect();
    assert_eq!(keys, crate::input::checklist::BUILTIN);
    assert!(crate::input::span::parse(AGAIN).is_some());
}
