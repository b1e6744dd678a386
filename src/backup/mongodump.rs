//! The stock `mongodump` inside MongoDB's container, for what this process cannot reach itself. Its exit code is looked at, and every document of
//! its archive is checked on the way. Its password goes to its stdin, as a configuration file: never into an argument.

use std::sync::Arc;

use atlas_backup::archive::{self, Checked};
use atlas_backup::codec::{Output, Written};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Progress, Silent};
use atlas_backup::{Error, Kind};

use super::source::Mongo;
use super::tee::Tee;
use crate::engines::docker::{Command, DockerEngine};
use crate::model::Secret;

const TOOL: &str = "mongodump";

/// What the tool made.
pub struct Dumped {
    /// What was found in its archive.
    pub checked: Checked,
    /// What was written.
    pub written: Written,
}

/// Dumps all databases, users and roles among them, or one database.
///
/// # Errors
/// [`Kind::Usage`] where it cannot be used (no container, several databases, no such tool in the image); the tool failed, its archive is
/// damaged, or the work was interrupted.
pub async fn dump(
    engine: &DockerEngine,
    source: &Mongo,
    databases: &[String],
    output: Output,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<Dumped, Error> {
    let Mongo::Container {
        held,
        user,
        password,
    } = source
    else {
        return Err(unusable("MongoDB is not in a container of the project"));
    };
    let command = command(user, password, databases)?;
    let stop = super::stopped(cancel.clone());
    let stopping = cancel.clone();
    let ran = engine.stream(&held.container, &command, stop, move |from| {
        let mut output = output;
        let tee = Tee {
            from,
            to: &mut output,
            progress,
            cancel: stopping,
        };
        let checked = archive::check(tee, &Silent)?;
        Ok::<_, Error>((checked, output.finish()?))
    });
    let ran = match ran.await {
        Err(_) if *cancel.borrow() => return Err(super::interrupted(TOOL, &held.name)),
        ran => ran?,
    };
    if *cancel.borrow() {
        return Err(super::interrupted(TOOL, &held.name));
    }
    let said = ran.said.trim();
    match ran.code {
        0 => {}
        127 => {
            return Err(unusable(format!(
                "there is no `{TOOL}` in the image of `{}`",
                held.name
            )));
        }
        code => {
            let last = said.lines().next_back().unwrap_or_default();
            let cause = format!("`{TOOL}` exits {code}: {last}");
            return Err(Error::failed("dump", &held.name, cause));
        }
    }
    let (checked, written) = ran.value?;
    Ok(Dumped { checked, written })
}

fn command(user: &str, password: &Secret, databases: &[String]) -> Result<Command, Error> {
    let mut command = Command::new([TOOL, "--archive", "--config=/dev/stdin", "--host=127.0.0.1"]);
    if !user.is_empty() {
        let words = [
            format!("--username={user}"),
            "--authenticationDatabase=admin".into(),
        ];
        command.words.extend(words);
    }
    match databases {
        [] => {}
        [one] => command.words.push(format!("--db={one}")),
        _ => return Err(unusable(format!("`{TOOL}` dumps all databases or one"))),
    }
    // JSON is YAML.
    let password = serde_json::Value::from(password.expose());
    command.input = Secret::new(format!("password: {password}\n"));
    command.stoppable = true;
    Ok(command)
}

fn unusable(cause: impl Into<String>) -> Error {
    Error::new(Kind::Usage, "use", TOOL, cause).hint("use `--engine native`")
}
