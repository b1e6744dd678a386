//! What the vendors say of each integration's credentials, with `--online`.

use std::collections::BTreeMap;

use super::environment::set;
use super::facts::{Facts, Unknown, seen};
use super::rule::{Fix, Problem, Rule, Verdict};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// What came of it, by service.
    pub tried: BTreeMap<String, Tried>,
}

/// What a vendor said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// They work; whose they are, where that was said.
    Works(Option<String>),
    /// They work, but are not allowed to do this.
    Lacks(Vec<String>),
    /// They are wrong, expired or revoked: status and the vendor's words.
    Refused(u16, String),
    /// They are right but may not do what was asked: the vendor's words.
    Forbidden(String),
    /// Nobody knows, and why.
    Unknown(String),
}

pub(super) const RULES: &[Rule] = &[Rule {
    id: "ATLAS-CRED-001",
    title: "the credentials of integrations work",
    why: "with wrong credentials an integration runs and finds nothing; only the vendor can tell",
    manual: "With `--online` each configured integration's credentials are tried with the cheapest call that needs them, as the \
             service's catalogue file says under `credential`. A variable such as SLACK_API_URL names another address. What cannot be \
             reached, is limited for the moment or fails on the vendor's side is not checked, and never a failure.",
    see: &[
        "https://docs.slack.dev/reference/methods/auth.test",
        "https://docs.github.com/en/rest/users/users#get-the-authenticated-user",
        "https://developers.notion.com/reference/get-self",
    ],
    needs: &["ENV-001", "ENV-002", "ENV-003", "ENV-004", "ENV-010"],
    cheap: false,
    judge: do_work,
}];

fn do_work(facts: &Facts) -> Result<Verdict, Unknown> {
    let tried = &seen(&facts.credentials)?.tried;
    if tried.is_empty() {
        return Err(Unknown::Unseen("no integration is configured".to_owned()));
    }
    let mut found = Vec::new();
    let mut well = Vec::new();
    let mut unknown = Vec::new();
    for (service, tried) in tried {
        let again = || fix(facts, service);
        let problem = match tried {
            Tried::Works(account) => {
                let account = account.iter().map(|account| format!(" ({account})"));
                well.push(format!("{service}{}", account.collect::<String>()));
                continue;
            }
            Tried::Unknown(reason) => {
                unknown.push(format!("{service}: {reason}"));
                continue;
            }
            Tried::Refused(status, said) => Problem::failure(
                format!("the vendor refuses the credentials ({status}{said})"),
                again(),
            ),
            Tried::Forbidden(said) => {
                let said =
                    format!("the credentials are right, but not allowed to do this (403{said})");
                Problem::failure(
                    said,
                    Fix::by_hand("give the token the rights it lacks, at the vendor"),
                )
            }
            Tried::Lacks(scopes) => {
                let said = format!("the token works, but lacks {}", scopes.join(", "));
                Problem::warning(
                    said,
                    Fix::by_hand("give the token these scopes, at the vendor"),
                )
            }
        };
        found.push(problem.about(service.clone()));
    }
    let well = well.join(", ");
    if let Some(last) = found.pop() {
        let last = unknown
            .iter()
            .fold(last, |last, said| last.and(format!("not checked: {said}")));
        found.push(last);
        return Ok(Verdict::Bad(found));
    }
    if !unknown.is_empty() {
        let well = match well.is_empty() {
            true => well,
            false => format!("; these work: {well}"),
        };
        return Err(Unknown::Unseen(format!("{}{well}", unknown.join("; "))));
    }
    Ok(Verdict::Good(format!("these work: {well}")))
}

/// The fix that asks for the service's secrets again.
fn fix(facts: &Facts, service: &str) -> Fix {
    let entry = facts.inputs.catalogue.get(service);
    let secrets = entry.into_iter().flat_map(|entry| {
        let used = entry.credentials.iter().flat_map(|c| c.variables());
        used.filter_map(|name| entry.environment.get_key_value(name))
    });
    let secrets: Vec<_> = secrets.filter(|(_, variable)| variable.secret).collect();
    let names: Vec<&str> = secrets.iter().map(|(name, _)| name.as_str()).collect();
    set(
        &names.join(" "),
        secrets.first().map(|(_, variable)| *variable),
    )
}
