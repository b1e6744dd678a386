//! Values of `.env` that stand in a secret store: `op://…`, `vault:path#field`, `env:NAME`, `file:/path`, `cmd:program`. Owns the
//! asking: each reference once, all at the same time, with a deadline. Commands that only look at what runs never ask.
//!
//! An answer lives in memory and goes where any secret goes: into the files that containers mount, or to the engine. `.env` and
//! compose.yaml keep the reference. A fault names the variable, the reference and what the program said on stderr.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::process::Command;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, cause};
use crate::input::dotenv::is_reference;
use crate::input::{Environment, Inputs};

/// How long a secret store may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How much of what a program said is shown.
const SAID: usize = 300;

/// Puts the answers in the place of the references; by variable, the fault of each that has none.
pub(crate) async fn ask(
    inputs: &mut Inputs,
    directory: &Path,
    environment: &Environment,
) -> BTreeMap<String, Option<String>> {
    let mut by_reference: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, setting) in inputs.dotenv.iter() {
        let overridden = environment.contains_key(name);
        if !overridden && is_reference(&setting.value) {
            let names = by_reference.entry(setting.value.clone()).or_default();
            names.push(name.to_owned());
        }
    }
    let asked = by_reference.keys().map(|reference| async {
        let answer = tokio::time::timeout(DEADLINE, answer(reference, directory, environment));
        let late = |_| {
            Err(format!(
                "there was no answer within {} s",
                DEADLINE.as_secs()
            ))
        };
        answer.await.unwrap_or_else(late)
    });
    let answers = join_all(asked).await;
    let mut faults = BTreeMap::new();
    for ((reference, names), answer) in by_reference.iter().zip(answers) {
        for name in names {
            let fault = match &answer {
                Ok(value) => {
                    inputs.dotenv.answer(name, value);
                    None
                }
                Err(fault) => Some(format!(
                    "`{name}`: failed to resolve `{reference}`: {fault}"
                )),
            };
            faults.insert(name.clone(), fault);
        }
    }
    faults
}

/// The same for a command that cannot go on without them.
pub(crate) async fn need(
    inputs: &mut Inputs,
    directory: &Path,
    environment: &Environment,
) -> Result<(), Error> {
    need_of(inputs, directory, environment, |_, _| true).await
}

/// Puts the answers to `before` in the place of the same references: what was asked a moment ago is not asked again.
pub(crate) fn repeat(inputs: &mut Inputs, before: &Inputs, answered: &Inputs) {
    for (name, asked) in before.dotenv.iter() {
        let is_same = { inputs.dotenv.get(name) }.is_some_and(|now| now.value == asked.value);
        if let Some(answer) = answered.dotenv.get(name)
            && is_same
            && is_reference(&asked.value)
        {
            inputs.dotenv.answer(name, &answer.value);
        }
    }
}

/// The same for a command that cannot go on without some of them.
pub(crate) async fn need_of(
    inputs: &mut Inputs,
    directory: &Path,
    environment: &Environment,
    is_needed: impl Fn(&Inputs, &str) -> bool,
) -> Result<(), Error> {
    let faults = ask(inputs, directory, environment).await;
    let problems: Vec<Diagnostic> = faults
        .into_iter()
        .filter_map(|(name, fault)| Some((name, fault?)))
        .filter(|(name, _)| is_needed(inputs, name))
        .map(|(name, fault)| {
            let problem = Diagnostic::error(fault);
            match inputs.dotenv.get(&name) {
                Some(setting) => problem.at(setting.file.clone(), setting.position),
                None => problem,
            }
        })
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::configuration(problems)),
    }
}

async fn answer(
    reference: &str,
    directory: &Path,
    environment: &Environment,
) -> Result<String, String> {
    let (scheme, rest) = reference.split_once(':').unwrap_or_default();
    let value = match scheme {
        "env" => match environment.get(rest) {
            Some(value) => value.clone(),
            None => return Err(format!("the environment has no `{rest}`")),
        },
        "file" => {
            let read = tokio::fs::read_to_string(rest).await;
            read.map_err(|error| format!("failed to read it: {}", cause(&error)))?
        }
        "op" => run("op", &["read", "--no-newline", reference], directory).await?,
        "vault" => {
            let (path, field) = rest.split_once('#').unwrap_or_default();
            let field = format!("-field={field}");
            run("vault", &["kv", "get", &field, path], directory).await?
        }
        _ => run("sh", &["-c", rest.trim_start()], directory).await?,
    };
    let value = value.strip_suffix('\n').unwrap_or(&value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    match value.is_empty() {
        true => Err("its value is empty".to_owned()),
        false => Ok(value.to_owned()),
    }
}

async fn run(program: &str, arguments: &[&str], directory: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("failed to run `{program}`: {}", cause(&error)))?;
    if output.status.success() {
        let text = String::from_utf8(output.stdout);
        return text.map_err(|_| "its value is not UTF-8".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(SAID).collect();
    let said = said.lines().collect::<Vec<_>>().join("; ");
    let status = match output.status.code() {
        Some(code) => format!("`{program}` ended with {code}"),
        None => format!("`{program}` was killed"),
    };
    match said.is_empty() {
        true => Err(status),
        false => Err(format!("{status}: {said}")),
    }
}
