//! `atlas backup prune`: removes what no rule keeps, with a reason for everything that stays.

use std::collections::BTreeMap;

use atlas_backup::manifest::Manifest;
use atlas_backup::repository::{Entry, Listed, Repository};
use atlas_backup::retention::{Candidate, Decision, Policy, decide};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::age;
use super::place::Place;
use super::restore::SAFETY;
use crate::app::App;
use crate::cli::backup::{Keep, Prune};
use crate::diagnostic::At;
use crate::error::Error;
use crate::exit::Exit;
use crate::input::backup as written;
use crate::report::{bytes, several};

pub(super) async fn prune(app: &App, args: &Prune) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let policy = match args.keep == Keep::default() {
        true => of_project(&place.settings().keep)?,
        false => typed(&args.keep)?,
    };
    if policy.is_empty() {
        return Err(Error::new(Exit::Usage, "there are no rules, so nothing is removed")
            .hint("give some, such as --keep-daily 7, or write `backup: {keep: {daily: 7}}` into atlas.yaml"));
    }
    let repository = place.open(&args.at).await?;
    let _lock = match args.dry_run {
        true => None,
        false => Some(repository.lock("backup prune").await?),
    };
    let fate = Fate::of(&place, &repository, &policy).await?;
    if !app.global.json {
        app.out(&fate.table());
    }
    let going = fate.going();
    if !args.dry_run && !going.is_empty() {
        let question = format!(
            "Remove {} ({})?",
            several(going.len() as u64, "backup"),
            bytes(fate.freed())
        );
        if !app.prompt.confirm(&question, false)? {
            return Err(Error::failed("nothing was removed: it was not confirmed")
                .hint("`--yes` confirms it, `--dry-run` shows it"));
        }
        for id in &going {
            repository.remove(id).await?;
        }
    }
    fate.conclude(app, args.dry_run);
    Ok(Exit::Ok)
}

/// By the rules of atlas.yaml, after a backup; the caller holds the lock. No rules: nothing is removed.
pub(super) async fn apply(
    app: &App,
    place: &Place<'_>,
    repository: &Repository,
) -> Result<(), Error> {
    let policy = of_project(&place.settings().keep)?;
    let fate = Fate::of(place, repository, &policy).await?;
    for id in fate.going() {
        repository.remove(&id).await?;
        app.say(&format!("removed backup {id}: no rule keeps it"));
    }
    Ok(())
}

/// What a backup is a backup of. Rules count within it: one of Redis alone, of chosen databases, or of what a restore was about
/// to overwrite, does not take the place of one of everything.
fn scope(manifest: &Manifest) -> (bool, [bool; 3], &[String]) {
    let asked = |name: &str, held: bool| held || manifest.missing.contains_key(name);
    let databases = manifest.mongodb.as_ref().map(|part| &part.databases[..]);
    (
        manifest.tags.iter().any(|tag| tag == SAFETY),
        [
            asked("mongodb", manifest.mongodb.is_some()),
            asked("redis", manifest.redis.is_some()),
            asked("embedded", manifest.embedded.is_some()),
        ],
        databases.unwrap_or_default(),
    )
}

/// What becomes of each backup.
struct Fate {
    /// Newest first, with its age and size.
    decisions: Vec<(Decision, String, u64)>,
}

impl Fate {
    /// Of the project's own backups; those of others in the same place are theirs to remove.
    async fn of(
        place: &Place<'_>,
        repository: &Repository,
        policy: &Policy,
    ) -> Result<Self, Error> {
        let listed = repository.list().await?;
        let whole = listed.iter().filter_map(Listed::whole);
        let whole: Vec<&Entry> = whole
            .filter(|entry| entry.manifest.project == place.project)
            .collect();
        let mut groups: BTreeMap<_, Vec<Candidate>> = BTreeMap::new();
        for entry in &whole {
            let group = groups.entry(scope(&entry.manifest)).or_default();
            group.push(Candidate::from(*entry));
        }
        let now = Timestamp::now();
        let decided = groups.values();
        let decided = decided.flat_map(|group| decide(policy, group, now, &TimeZone::system()));
        let mut decided: Vec<Decision> = decided.collect();
        let newest = |decision: &Decision| whole.iter().position(|e| e.manifest.id == decision.id);
        decided.sort_by_key(|decision| std::cmp::Reverse(newest(decision)));
        let decided = decided.into_iter();
        let decisions = decided.map(|decision| {
            let entry = whole.iter().find(|entry| entry.manifest.id == decision.id);
            let made = entry.map_or(String::new(), |e| age::ago(e.manifest.started, now));
            (decision, made, entry.map_or(0, |entry| entry.size))
        });
        Ok(Self {
            decisions: decisions.collect(),
        })
    }

    fn going(&self) -> Vec<String> {
        let going = self.decisions.iter().filter(|(d, ..)| !d.keep());
        going.map(|(decision, ..)| decision.id.clone()).collect()
    }

    fn freed(&self) -> u64 {
        let going = self.decisions.iter().filter(|(d, ..)| !d.keep());
        going.map(|(.., size)| size).sum()
    }

    fn table(&self) -> String {
        let width = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or_default();
        let ids = width(&mut self.decisions.iter().map(|(d, ..)| d.id.len()));
        let ages = width(&mut self.decisions.iter().map(|(_, made, _)| made.len()));
        let mut text = String::new();
        for (decision, made, size) in &self.decisions {
            let fate = match decision.keep() {
                true => format!("keep    {}", decision.reasons.join(", ")),
                false => "remove".to_owned(),
            };
            let line = format!(
                "{:<ids$}  {made:<ages$}  {:>10}  {fate}",
                decision.id,
                bytes(*size)
            );
            text += &format!("{}\n", line.trim_end());
        }
        text
    }

    fn conclude(&self, app: &App, dry: bool) {
        let going = self.going();
        let (removed, freed) = (several(going.len() as u64, "backup"), bytes(self.freed()));
        app.say(&match (going.is_empty(), dry) {
            (true, _) => "nothing to remove: every backup is kept".to_owned(),
            (false, true) => format!("would remove {removed} ({freed})"),
            (false, false) => format!("removed {removed} ({freed})"),
        });
        if !app.global.json {
            return;
        }
        let backups: Vec<Value> = self
            .decisions
            .iter()
            .map(|(decision, _, size)| {
                json!({
                    "id": decision.id, "size": size, "keep": decision.keep(), "reasons": decision.reasons,
                })
            })
            .collect();
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-prune", "done": !dry, "removed": going,
            "freed": self.freed(), "backups": backups,
        });
        app.out(&object.to_string());
    }
}

fn span(text: &str) -> Result<jiff::Span, Error> {
    let span: Option<jiff::Span> = text.parse().ok();
    span.filter(|span| span.is_positive()).ok_or_else(|| {
        Error::new(Exit::Usage, format!("`{text}` is no span of time"))
            .hint("write it as `14d`, `12h`, `2w`, `3mo` or `1y`")
    })
}

fn typed(keep: &Keep) -> Result<Policy, Error> {
    Ok(Policy {
        last: keep.last,
        hourly: keep.hourly,
        daily: keep.daily,
        weekly: keep.weekly,
        monthly: keep.monthly,
        yearly: keep.yearly,
        within: keep.within.as_deref().map(span).transpose()?,
        tags: keep.tags.clone(),
    })
}

fn of_project(keep: &written::Keep) -> Result<Policy, Error> {
    let number = |count: &Option<At<u32>>| count.as_ref().map(|count| count.value);
    let within = keep.within.as_ref().map(|within| within.value.as_str());
    Ok(Policy {
        last: number(&keep.last),
        hourly: number(&keep.hourly),
        daily: number(&keep.daily),
        weekly: number(&keep.weekly),
        monthly: number(&keep.monthly),
        yearly: number(&keep.yearly),
        within: within.map(span).transpose()?,
        tags: keep.tags.iter().map(|tag| tag.value.clone()).collect(),
    })
}
