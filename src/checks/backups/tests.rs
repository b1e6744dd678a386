//! Judges of backups on ages that no test waits for.

use super::*;
use crate::checks::Verdict;
use crate::input::Inputs;

fn facts(proof: Option<(String, bool, i64)>) -> Facts {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.backups = Ok(Backups {
        now: 100 * DAY,
        place: "backups".into(),
        newest: Ok(Some(Made {
            id: "b1".into(),
            at: 99 * DAY,
            proof,
        })),
        schedule: Ok(None),
    });
    facts
}

fn evidence(proof: Option<(&str, bool, i64)>) -> String {
    let proof = proof.map(|(level, passed, at)| (level.to_owned(), passed, at));
    match proven(&facts(proof)) {
        Ok(Verdict::Bad(problems)) => problems[0].evidence.join("; "),
        Ok(Verdict::Good(seen)) => format!("good: {seen}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_proven_of_a_backup_is_told() {
    assert_eq!(evidence(None), "b1 was never verified");
    assert_eq!(
        evidence(Some(("quick", true, 99 * DAY))),
        "of b1 only sizes and hashes were compared"
    );
    assert_eq!(
        evidence(Some(("full", false, 99 * DAY))),
        "verifying b1 (full) FAILED 24 hours ago"
    );
    assert_eq!(
        evidence(Some(("full", true, 60 * DAY))),
        "b1 was verified (full) 40 days ago"
    );
    assert_eq!(
        evidence(Some(("restored", true, 99 * DAY))),
        "good: b1 was verified (restored) 24 hours ago"
    );
}
