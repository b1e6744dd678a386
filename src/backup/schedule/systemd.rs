//! The entry as units of systemd: root's for the system, anybody else's for the user.

use std::path::{Path, PathBuf};

use atlas_backup::schedule::{Job, systemd};

use super::{Found, Owner, erase, must, run, write};
use crate::error::Error;

/// Endings of the names of the two jobs' units.
const JOBS: [&str; 2] = ["", "-check"];

/// Whether this machine was started by systemd.
pub(crate) fn runs() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

fn systemctl<'w>(owner: &Owner, words: &[&'w str]) -> Vec<&'w str> {
    let scope: &[&str] = match owner.root {
        true => &["systemctl"],
        false => &["systemctl", "--user"],
    };
    [scope, words].concat()
}

fn timer(owner: &Owner, ending: &str) -> String {
    format!("atlas-backup-{}{ending}.timer", owner.name)
}

pub(crate) async fn install(owner: &Owner, jobs: &[Job]) -> Result<(), Error> {
    let folder = folder(owner)?;
    for job in jobs {
        let unit = systemd::unit(&owner.name, job);
        let service = systemd::service(&owner.project, job);
        write(&folder.join(format!("{unit}.service")), &service)?;
        let timer = systemd::timer(&owner.project, job);
        write(&folder.join(format!("{unit}.timer")), &timer)?;
    }
    if !runs() {
        return Ok(());
    }
    must(&systemctl(owner, &["daemon-reload"]), None).await?;
    for job in jobs {
        let unit = format!("{}.timer", systemd::unit(&owner.name, job));
        must(&systemctl(owner, &["enable", &unit]), None).await?;
        // A timer that runs already has to read its new times.
        must(&systemctl(owner, &["restart", &unit]), None).await?;
    }
    Ok(())
}

pub(crate) async fn remove(owner: &Owner) -> Result<bool, Error> {
    let Ok(folder) = folder(owner) else {
        return Ok(false);
    };
    let mut removed = false;
    for ending in JOBS {
        let unit = timer(owner, ending);
        let path = folder.join(&unit);
        if path.exists() && runs() {
            must(&systemctl(owner, &["disable", "--now", &unit]), None).await?;
        }
        removed |= erase(&path)?;
        removed |= erase(&path.with_extension("service"))?;
    }
    if removed && runs() {
        must(&systemctl(owner, &["daemon-reload"]), None).await?;
    }
    Ok(removed)
}

pub(super) async fn find(owner: &Owner) -> Result<Option<Found>, Error> {
    let Ok(folder) = folder(owner) else {
        return Ok(None);
    };
    let unit = timer(owner, "");
    let path = folder.join(&unit);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let mut trouble = None;
    if !runs() {
        trouble = Some("systemd does not run on this machine: the timer waits for it".to_owned());
    } else {
        let (active, _, _) = run(&systemctl(owner, &["is-active", &unit]), None).await?;
        let (enabled, _, _) = run(&systemctl(owner, &["is-enabled", &unit]), None).await?;
        if !(active && enabled) {
            trouble = Some(format!(
                "{unit} is not active: `atlas backup schedule set` again"
            ));
        } else if !owner.root && !lingers(owner) {
            trouble = Some(
                "timers of a user rest while nobody is logged in: `loginctl enable-linger` changes that".to_owned(),
            );
        }
    }
    Ok(Some(Found {
        kind: "systemd",
        when: systemd::when(&text),
        lines: vec![path.display().to_string()],
        trouble,
    }))
}

/// Whether the user's systemd runs from the start of the machine.
fn lingers(owner: &Owner) -> bool {
    let user = owner.home.as_deref().and_then(Path::file_name);
    let user = user.map(|name| name.to_string_lossy().into_owned());
    user.is_some_and(|user| Path::new("/var/lib/systemd/linger").join(user).exists())
}

fn folder(owner: &Owner) -> Result<PathBuf, Error> {
    owner.units.clone().ok_or_else(|| {
        Error::failed("failed to find the folder of units: neither HOME nor XDG_CONFIG_HOME is set")
    })
}
