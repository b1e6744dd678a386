//! `atlas backup schedule`: the entry that makes backups regularly, written, shown and removed for real. What the texts of
//! entries are belongs to `atlas_backup::schedule`.

use std::path::Path;

use atlas_backup::schedule::{self as times, Cron, Job};
use jiff::Zoned;
use serde_json::json;

use super::age;
use super::place::Place;
use crate::app::App;
use crate::backup::schedule::{
    self as entry, Owner, SLACK_HOURS, cron, launchd, systemd, unusable,
};
use crate::cli::backup::{Entry, Kind, Schedule, Set};
use crate::error::Error;
use crate::exit::Exit;

pub(super) async fn schedule(app: &App, args: &Schedule) -> Result<Exit, Error> {
    let place = Place::of(app)?;
    let owner = Owner::of(&app.directory, &place.project, &app.environment)?;
    match &args.entry {
        Entry::Set(set) => install(app, &owner, set).await,
        Entry::Show => show(app, &owner).await,
        Entry::Remove => remove(app, &owner).await,
    }
}

/// The backup, and the look for missed ones.
fn jobs(app: &App, owner: &Owner, when: Cron) -> Result<Vec<Job>, Error> {
    let program = app.executable()?;
    let program = program.to_str().ok_or_else(|| unusable("UTF-8"))?;
    if let Some(what) = times::unquotable(program) {
        return Err(unusable(what));
    }
    let mut words = vec![program.to_owned(), "-C".to_owned(), owner.directory.clone()];
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
    let jobs = jobs(app, owner, when)?;
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

async fn show(app: &App, owner: &Owner) -> Result<Exit, Error> {
    let found = entry::find(owner, Path::new("/")).await?;
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
