//! `atlas explain`: the manual of each check.

use serde_json::json;

use super::doctor::unknown;
use crate::app::App;
use crate::checks::{self, Rule};
use crate::cli;
use crate::error::Error;
use crate::exit::Exit;
use crate::report::wrapped;

/// Columns that are pleasant to read.
const WIDEST: usize = 90;

pub(crate) fn explain(app: &App, args: &cli::Explain) -> Result<Exit, Error> {
    let named = args.id.as_deref();
    if let Some(rule) = named.and_then(checks::rule) {
        match app.global.json {
            true => app.out(&object(rule)),
            false => app.out(&page(app, rule)),
        }
        return Ok(Exit::Ok);
    }
    let area = named.map(|id| {
        let id = id.to_ascii_uppercase();
        id.strip_prefix("ATLAS-").unwrap_or(&id).to_owned()
    });
    let is_wanted = |rule: &&Rule| area.as_ref().is_none_or(|area| rule.area() == area);
    let rules: Vec<&Rule> = checks::rules().filter(is_wanted).collect();
    if rules.is_empty() {
        return Err(unknown(named.unwrap_or_default()));
    }
    for rule in rules {
        match app.global.json {
            true => app.out(&object(rule)),
            false => app.out(&format!("{:18}{}", rule.id, rule.title)),
        }
    }
    Ok(Exit::Ok)
}

fn page(app: &App, rule: &Rule) -> String {
    let width = app.width().min(WIDEST);
    let mut text = format!("{}  {}\n", app.style.strong(rule.id), rule.title);
    for paragraph in [rule.why, rule.manual] {
        text += &format!("\n{}\n", wrapped(paragraph, width).join("\n"));
    }
    if !rule.needs.is_empty() {
        let needs = rule.needs.join(", ");
        text += &format!("\nNot checked where one of these fails: {needs}\n");
    }
    if rule.cheap {
        text += "\n`atlas up` looks at it before it starts anything.\n";
    }
    if !rule.see.is_empty() {
        text += &format!("\nSee:\n  {}\n", rule.see.join("\n  "));
    }
    text
}

fn object(rule: &Rule) -> String {
    json!({
        "schema": "atlas/v1", "kind": "check", "id": rule.id, "title": rule.title, "why": rule.why,
        "manual": rule.manual, "see": rule.see, "needs": rule.needs, "before_up": rule.cheap,
    })
    .to_string()
}
