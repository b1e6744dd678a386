//! References to secret stores: whether they lead to a value.

use super::looked;
use crate::checks::facts::{Facts, Unknown};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

pub(super) const RESOLVE: Rule = Rule {
    id: "ATLAS-ENV-010",
    title: "references to secret stores resolve",
    why: "`atlas up` cannot hand a service a value that the store does not give",
    manual: "A value such as `op://vault/item/field`, `vault:path#field`, `env:NAME`, `file:/path` or `cmd:program` stands for a \
             secret that is kept elsewhere. It is asked for when a command needs it and never written into .env or compose.yaml. \
             Programs are given 10 s; they must not ask anything.",
    see: &[
        "https://developer.1password.com/docs/cli/reference/commands/read/",
        "https://developer.hashicorp.com/vault/docs/commands/kv/get",
    ],
    needs: &[],
    cheap: false,
    judge: do_resolve,
};

fn do_resolve(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    if looked.references.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let broken = looked.references.iter();
    let broken = broken.filter_map(|(name, fault)| Some((name, fault.as_ref()?)));
    let found = broken.map(|(name, fault)| {
        let text = "mend the reference in .env, or sign in to the store it names";
        Problem::failure(fault.clone(), Fix::by_hand(text)).about(name.clone())
    });
    let count = looked.references.len();
    Ok(Verdict::of(
        found.collect(),
        format!("{count} references lead to a value"),
    ))
}
