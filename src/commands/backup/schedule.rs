//! `atlas backup schedule`: the entry that makes backups regularly, written, shown and removed for real. What the texts of
//! entries are belongs to `atlas_backup::schedule`.

mod cron;
mod launchd;
mod systemd;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use atlas_backup::schedule::{self as times, Cron, Job};
use jiff::Zoned;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::age;
use super::place::Place;
use crate::app::App;
use crate::cli::backup::{Entry, Kind, Schedule, Set};
use crate::error::{Error, cause};
use crate::exit::Exit;

/// After the longest time between two runs, a backup may take so long before it counts as missed.
const SLACK_HOURS: i64 = 2;

/// Whose entries, and where they could be.
struct Owner {
    /// The project directory.
    directory: String,
    project: String,
    /// The project's name with a digest of its folder: two folders of one name have two entries.
    name: String,
    home: Option<PathBuf>,
    /// Where units of systemd lie.
    units: Option<PathBuf>,
    root: bool,
    /// What the jobs say, where there is no journal.
    log: String,
}

/// What was found of an entry.
struct Found {
    kind: &'static str,
    when: Option<Cron>,
    /// Files or lines.
    lines: Vec<String>,
    /// Why it will not run, though it is written.
    trouble: Option<String>,
}

pub(super) async fn schedule(app: &App, args: &Schedule) -> Result<Exit, Error> {
    let place = Place::of(app)?;
    let owner = Owner::of(app, &place)?;
    match &args.entry {
        Entry::Set(set) => install(app, &owner, set).await,
        Entry::Show => show(app, &owner).await,
        Entry::Remove => remove(app, &owner).await,
    }
}

impl Owner {
    fn of(app: &App, place: &Place<'_>) -> Result<Self, Error> {
        let directory = app.directory.to_str().ok_or_else(|| unusable("UTF-8"))?;
        if let Some(what) = times::unquotable(directory) {
            return Err(unusable(what));
        }
        let digest = Sha256::digest(directory.as_bytes());
        let short: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        let folder = |name: &str| {
            let value = app.environment.get(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let home = folder("HOME");
        let root = rustix::process::geteuid().is_root();
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        Ok(Self {
            directory: directory.to_owned(),
            project: place.project.clone(),
            name: format!("{}-{short}", place.project),
            units: match root {
                true => Some(PathBuf::from("/etc/systemd/system")),
                false => config.map(|folder| folder.join("systemd/user")),
            },
            home,
            root,
            log: format!("{directory}/.atlas/backup.log"),
        })
    }

    /// The backup, and the look for missed ones.
    fn jobs(&self, app: &App, when: Cron) -> Result<Vec<Job>, Error> {
        let program = app.executable()?;
        let program = program.to_str().ok_or_else(|| unusable("UTF-8"))?;
        if let Some(what) = times::unquotable(program) {
            return Err(unusable(what));
        }
        let mut words = vec![program.to_owned(), "-C".to_owned(), self.directory.clone()];
        let host = app.global.host.as_ref();
        let host = host.or_else(|| app.environment.get("DOCKER_HOST"));
        for (option, value) in [("-p", app.global.project_name.as_ref()), ("-H", host)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                words.extend([option.to_owned(), value.clone()]);
            }
        }
        let gap = times::longest_gap(&when, &Zoned::now()).unwrap_or_default();
        let max_age = format!("{}h", gap.as_hours() + SLACK_HOURS);
        let create = ["backup", "create", "--prune", "--notify", "--yes"];
        let check = ["backup", "check", "--max-age", &max_age, "--notify"];
        let with = |more: &[&str]| {
            let more = more.iter().map(|word| (*word).to_owned());
            words.iter().cloned().chain(more).collect()
        };
        Ok(vec![
            Job {
                name: "check",
                command: with(&check),
                when: times::check_time(&when),
            },
            Job {
                name: "create",
                command: with(&create),
                when,
            },
        ])
    }
}

fn unusable(what: &str) -> Error {
    let message = match what {
        "UTF-8" => "the paths of project and atlas must be UTF-8 for an entry of a schedule".into(),
        what => format!("no entry of a schedule can carry a path with {what}"),
    };
    Error::new(Exit::Usage, message)
}

fn when(set: &Set) -> Result<Cron, Error> {
    let parsed = match (&set.at, &set.every, &set.cron) {
        (Some(at), _, _) => Cron::daily(at),
        (_, Some(every), _) => Cron::every(every),
        (_, _, Some(fields)) => fields.parse(),
        // clap has seen to it that one is there.
        _ => Err("no time was given".to_owned()),
    };
    parsed.map_err(|words| Error::new(Exit::Usage, words))
}

/// The kind that was named, else what runs here.
fn kind(app: &App, set: &Set) -> Result<Kind, Error> {
    let found = || {
        if cfg!(target_os = "macos") {
            Some(Kind::Launchd)
        } else if systemd::runs() {
            Some(Kind::Systemd)
        } else {
            app.finds("crontab").then_some(Kind::Cron)
        }
    };
    set.kind.or_else(found).ok_or_else(|| {
        Error::failed("failed to find what runs entries: neither systemd, cron nor launchd is here")
            .hint("install cron, or let a scheduler of yours run `atlas backup create --prune --notify --yes`")
    })
}

async fn install(app: &App, owner: &Owner, set: &Set) -> Result<Exit, Error> {
    let when = when(set)?;
    let kind = kind(app, set)?;
    let jobs = owner.jobs(app, when)?;
    // One entry, whatever kind it was before.
    if kind != Kind::Systemd {
        systemd::remove(owner).await?;
    }
    if kind != Kind::Cron && app.finds("crontab") {
        cron::remove(owner).await?;
    }
    if kind != Kind::Launchd {
        launchd::remove(owner).await?;
    }
    match kind {
        Kind::Systemd => systemd::install(owner, &jobs).await?,
        Kind::Cron => cron::install(owner, &jobs).await?,
        Kind::Launchd => launchd::install(owner, &jobs).await?,
    }
    show(app, owner).await
}

async fn find(app: &App, owner: &Owner) -> Result<Option<Found>, Error> {
    if let Some(found) = systemd::find(owner).await? {
        return Ok(Some(found));
    }
    if let Some(found) = launchd::find(owner).await? {
        return Ok(Some(found));
    }
    match app.finds("crontab") {
        true => cron::find(owner).await,
        false => Ok(None),
    }
}

async fn show(app: &App, owner: &Owner) -> Result<Exit, Error> {
    let found = find(app, owner).await?;
    let now = Zoned::now();
    let next = found
        .as_ref()
        .and_then(|found| found.when.as_ref()?.next(&now));
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-schedule", "project": owner.project,
            "installed": found.is_some(),
            "by": found.as_ref().map(|found| found.kind),
            "cron": found.as_ref().and_then(|found| found.when.as_ref().map(ToString::to_string)),
            "next": next.as_ref().map(|next| next.timestamp().to_string()),
            "entry": found.as_ref().map(|found| &found.lines),
            "trouble": found.as_ref().and_then(|found| found.trouble.as_ref()),
        });
        app.out(&object.to_string());
        return Ok(Exit::Ok);
    }
    let Some(found) = found else {
        app.say("no backups are scheduled; `atlas backup schedule set --at 03:15` does it");
        return Ok(Exit::Ok);
    };
    let mut text = format!(
        "backups of {} are scheduled by {}\n",
        owner.project, found.kind
    );
    match (&found.when, next) {
        (Some(when), Some(next)) => {
            let left = age::words(now.timestamp().duration_until(next.timestamp()));
            let shown = next.strftime("%A, %Y-%m-%d %H:%M %Z");
            text += &format!("{:<6}{when}\n{:<6}{shown} (in {left})\n", "when", "next");
        }
        _ => text += "the entry was changed by somebody; its times are not those of atlas\n",
    }
    for line in &found.lines {
        text += &format!("{:<6}{line}\n", "entry");
    }
    app.out(&text);
    if let Some(trouble) = found.trouble {
        app.say(&format!("{} {trouble}", app.talk.warn("warning:")));
    }
    Ok(Exit::Ok)
}

async fn remove(app: &App, owner: &Owner) -> Result<Exit, Error> {
    let mut removed = systemd::remove(owner).await?;
    removed |= launchd::remove(owner).await?;
    if app.finds("crontab") {
        removed |= cron::remove(owner).await?;
    }
    if app.global.json {
        let object = json!({"schema": "atlas/v1", "kind": "backup-schedule", "installed": false, "removed": removed});
        app.out(&object.to_string());
    }
    app.say(match removed {
        true => "backups are no longer scheduled; those that were made stay",
        false => "no backups were scheduled",
    });
    Ok(Exit::Ok)
}

/// What a program said, and whether it ended well.
async fn run(words: &[&str], input: Option<&str>) -> Result<(bool, String, String), Error> {
    let (program, arguments) = words.split_first().unwrap_or((&"", &[]));
    let failed = |error: std::io::Error| {
        Error::failed(format!("failed to run `{program}`: {}", cause(&error)))
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(input.unwrap_or_default().as_bytes())
            .await
            .map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    ))
}

/// As [`run`], where anything but a good end is a failure.
async fn must(words: &[&str], input: Option<&str>) -> Result<String, Error> {
    let (good, stdout, stderr) = run(words, input).await?;
    match good {
        true => Ok(stdout),
        false => Err(
            Error::failed(format!("failed to run `{}`", words.join(" ")))
                .details(stderr.lines().map(str::to_owned).collect()),
        ),
    }
}

/// Writes a file of an entry; its folder is made.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| {
            Error::failed(format!(
                "failed to write `{}`: {}",
                path.display(),
                cause(&error)
            ))
        })
}

/// Removes a file of an entry; whether it was there.
fn erase(path: &Path) -> Result<bool, Error> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::failed(format!(
            "failed to remove `{}`: {}",
            path.display(),
            cause(&error)
        ))),
    }
}
