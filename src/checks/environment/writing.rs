//! How `.env` is written: what readers of such files disagree about, and names that nobody reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Environment, described, looked, problems};
use crate::checks::facts::{Facts, Unknown};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};
use crate::diagnostic::{Topic, nearest};

/// A file of variables, as written. It holds secrets and shows none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// As shown to people.
    pub file: String,
    /// The text, a byte order mark included.
    pub text: String,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** ({})", self.file)
    }
}

/// What other programs set in `.env` for themselves.
const FOREIGN: [&str; 6] = [
    "COMPOSE_",
    "DOCKER_",
    "BUILDKIT_",
    "AWS_",
    "RESTIC_",
    "ATLAS_",
];
const OTHERS: [&str; 8] = [
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
];

pub(super) const STRAY: Rule = Rule {
    id: "ATLAS-ENV-004",
    title: "values hold no stray spaces, quotes or line ends",
    why: "Compose, shells and `docker run --env-file` read such lines differently, so that a service gets another value than the one \
          that was meant",
    manual: "Looked for are a byte order mark, line ends of Windows, spaces and quotes that became part of a value, lines that no \
             reader understands, and a `$` outside single quotes that was taken for a variable: `pa$word` becomes `pa`. \
             `atlas env set` writes a value so that it is read back as it was given.",
    see: &[
        "https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/",
        "https://github.com/docker/compose/issues/8607",
    ],
    needs: &[],
    cheap: false,
    judge: is_clean,
};

fn is_clean(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let mut found: Vec<Problem> = problems(facts, Topic::Syntax)
        .map(|problem| {
            let fix = Fix::by_hand("mend that line, or set the variable with `atlas env set`");
            let told = Problem::failure(problem.said(), fix);
            match &problem.key {
                Some(key) => told.about(key.clone()),
                None => told,
            }
        })
        .collect();
    for Written { file, text } in &looked.written {
        if text.starts_with('\u{feff}') {
            let command = format!("sed -i '1s/^\\xEF\\xBB\\xBF//' {file}");
            let said = format!("{file} begins with a byte order mark");
            let fix = Fix::command("take it away", command);
            found.push(Problem::warning(said, fix).about(file.clone()));
        }
        let ends = text.matches("\r\n").count();
        if ends > 0 {
            let said = format!("{file} has {ends} line ends of Windows (CR LF)");
            let fix = Fix::command("take the CRs away", format!("sed -i 's/\\r$//' {file}"));
            found.push(Problem::warning(said, fix).about(file.clone()));
        }
    }
    for (name, said) in stray(facts, looked) {
        let fix = Fix::command("give the value again", format!("atlas env set {name}"));
        let wrong = [Topic::Missing, Topic::Shape].into_iter();
        let wrong = wrong.flat_map(|topic| problems(facts, topic));
        let mut wrong = wrong.filter(|problem| problem.is_error());
        let problem = match wrong.any(|problem| problem.key.as_deref() == Some(&name)) {
            true => Problem::failure(said, fix),
            false => Problem::warning(said, fix),
        };
        found.push(problem.about(name));
    }
    Ok(Verdict::of(found, "no stray characters"))
}

/// Variables with characters in or around their value that were hardly meant, and what was seen; never a value.
pub(super) fn stray(facts: &Facts, looked: &Environment) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, setting) in facts.inputs.dotenv.iter() {
        let place = format!("{}:{}: the value", setting.file, setting.position.line);
        let value = &setting.value;
        let written = looked.written.iter().find(|w| w.file == setting.file);
        let text = written.map_or("", |written| &written.text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw = text.get(setting.span.clone()).unwrap_or_default();
        let quote = |c: char| matches!(c, '"' | '\'');
        if let Some(unset) = swallowed(facts, looked, raw) {
            let said = format!(
                "{place} lost its `${unset}`: outside single quotes it stands for a variable, and none is set"
            );
            found.insert(name.to_owned(), said);
        } else if value.trim() != value {
            let said = format!("{place} begins or ends with a space inside its quotes");
            found.insert(name.to_owned(), said);
        } else if !value.is_empty() && (value.starts_with(quote) || value.ends_with(quote)) {
            let said = format!("{place} begins or ends with a quote that is part of the value");
            found.insert(name.to_owned(), said);
        }
    }
    found
}

/// The name behind a `$` that was replaced by nothing.
fn swallowed<'r>(facts: &Facts, looked: &Environment, raw: &'r str) -> Option<&'r str> {
    if raw.starts_with('\'') {
        return None;
    }
    references(raw).into_iter().find(|name| {
        let set = facts.inputs.dotenv.get(name).is_some() || looked.set.contains(*name);
        !set && !raw.contains(&format!("${{{name}:")) && !raw.contains(&format!("${{{name}-"))
    })
}

/// The names that a text refers to by `$NAME` or `${NAME…}`.
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        rest = after;
        if before.ends_with('\\') {
            continue;
        }
        let name = after.strip_prefix('{').unwrap_or(after);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &name[..end.unwrap_or(name.len())];
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            found.push(name);
        }
    }
    found
}

pub(super) const UNREAD: Rule = Rule {
    id: "ATLAS-ENV-008",
    title: "every variable is read by a service",
    why: "a variable that nobody reads is a slip of the pen, or left over from an older release: the value that was meant does not \
          arrive",
    manual: "The catalogue and atlas.yaml (`services.<name>.environment`) say which variables are read. Variables of services that \
             are not selected are fine, and so are those of Compose and Docker. `atlas env sync` takes away what is left over.",
    see: &[],
    needs: &[],
    cheap: false,
    judge: is_read,
};

fn is_read(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for entry in facts.inputs.catalogue.entries() {
        known.extend(entry.environment.keys().map(String::as_str));
        let asked = entry.credentials.iter();
        known.extend(asked.filter_map(|asked| asked.base_variable.as_deref()));
    }
    for overrides in facts.inputs.project.services.values() {
        known.extend(overrides.value.environment.keys().map(String::as_str));
    }
    let texts = looked.written.iter().map(|written| written.text.as_str());
    let referred: BTreeSet<&str> = texts.flat_map(references).collect();
    let mut found = Vec::new();
    for (name, setting) in facts.inputs.dotenv.iter() {
        let foreign = OTHERS.contains(&name)
            || (FOREIGN.iter().any(|begin| name.starts_with(begin))
                && described(facts, name).is_none());
        if known.contains(name) || referred.contains(name) || foreign {
            continue;
        }
        let place = format!("{}:{}", setting.file, setting.position.line);
        let mut said = format!("{place}: no service reads it");
        let fix = match nearest(name, known.iter().copied()) {
            Some(near) => {
                said += &format!("; did you mean `{near}`?");
                Fix::by_hand(format!("call it `{near}`, or take the line away"))
            }
            None => Fix::command("take it away", "atlas env sync"),
        };
        found.push(Problem::warning(said, fix).about(name));
    }
    let count = facts.inputs.dotenv.iter().count();
    Ok(Verdict::of(
        found,
        format!("{count} variables, all of them known"),
    ))
}
