//! Looks for the facts of `checks::backups`: the place of backups, and the entry that makes them.

use atlas_backup::repository::{Listed, Location, Repository};
use atlas_backup::schedule as times;
use jiff::{Timestamp, Zoned};

use super::Scene;
use super::containers::now;
use crate::backup::place;
use crate::backup::schedule::{self, Owner, SLACK_HOURS};
use crate::checks::backups::{Backups, Made, Schedule};
use crate::checks::{Known, Unknown};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Backups> {
    let project = scene.deployment()?.project.to_string();
    let written = scene.inputs.project.backup.to.as_ref();
    let variable = |name: &str| {
        let dotenv = || scene.inputs.dotenv.get(name).map(|setting| &setting.value);
        let value = scene.environment.get(name).or_else(dotenv)?;
        (!value.is_empty()).then(|| value.clone())
    };
    let location = place::location(
        scene.directory,
        written.map(|to| to.value.as_str()),
        variable,
    );
    let location = location.map_err(|error| Unknown::Unseen(error.to_string()))?;
    let (newest, schedule) = tokio::join!(
        newest(scene, &location, &project),
        scheduled(scene, &project)
    );
    Ok(Backups {
        now: now(),
        place: location.to_string(),
        newest,
        schedule,
    })
}

async fn newest(scene: &Scene<'_>, location: &Location, project: &str) -> Known<Option<Made>> {
    if scene.offline && matches!(location, Location::Remote(_)) {
        return Err(Unknown::Unseen(
            "they are not on this machine, and `--offline` was given".to_owned(),
        ));
    }
    let listed = async { Repository::open(location).await?.list().await };
    let listed: Result<Vec<Listed>, atlas_backup::Error> = listed.await;
    let listed = listed.map_err(|error| Unknown::Unseen(error.to_string()))?;
    let complete = listed.into_iter().filter_map(|one| match one {
        Listed::Whole(entry) if entry.is_complete_of(project) => Some(entry),
        _ => None,
    });
    let newest = complete.max_by_key(|entry| entry.manifest.started);
    Ok(newest.map(|entry| Made {
        id: entry.manifest.id.clone(),
        at: entry.manifest.started.as_second(),
        proof: { entry.verified.verdict() }
            .map(|(level, verdict)| (level.to_owned(), verdict.passed, verdict.at.as_second())),
    }))
}

async fn scheduled(scene: &Scene<'_>, project: &str) -> Known<Option<Schedule>> {
    let unseen = |error: crate::error::Error| Unknown::Unseen(error.to_string());
    let owner = Owner::of(scene.directory, project, scene.environment).map_err(unseen)?;
    let found = schedule::find(&owner, &scene.root())
        .await
        .map_err(unseen)?;
    let now: Zoned = Timestamp::now().to_zoned(jiff::tz::TimeZone::system());
    Ok(found.map(|found| {
        let gap = found
            .when
            .as_ref()
            .and_then(|when| times::longest_gap(when, &now));
        Schedule {
            by: found.kind.to_owned(),
            gap: gap.map(|gap| gap.as_secs() + SLACK_HOURS * 3600),
            trouble: found.trouble,
        }
    }))
}
