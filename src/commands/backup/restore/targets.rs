//! Which collections of an archive go where, and what stands there now.

use atlas_backup::mongo::{Connection, RestoreOptions, estimate};

use crate::error::Error;
use crate::report::count;

/// One namespace of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) db: String,
    pub(super) collection: String,
    pub(super) documents: u64,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) source: String,
    pub(super) db: String,
    pub(super) collection: String,
    pub(super) documents: u64,
    /// Documents that stand there now; `None` when there is no such collection.
    pub(super) there: Option<u64>,
}

impl Target {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.db, self.collection)
    }

    /// Whether documents stand in its way.
    pub(super) fn is_taken(&self) -> bool {
        self.there.is_some_and(|there| there > 0)
    }
}

/// Names by the options, as the restore itself finds them; users, roles and the oplog are no collections.
pub(super) fn choose(sources: &[Source], options: &RestoreOptions) -> Result<Vec<Target>, Error> {
    let mut targets = Vec::new();
    for source in sources {
        let name = format!("{}.{}", source.db, source.collection);
        let system = source.db.is_empty()
            || source.collection.starts_with("$admin.")
            || (source.db == "admin" && source.collection.starts_with("system."));
        let included =
            options.include.is_empty() || options.include.iter().any(|p| p.matches(&name));
        if system || !included || options.exclude.iter().any(|p| p.matches(&name)) {
            continue;
        }
        let renamed = options.rename.iter().find_map(|rename| rename.apply(&name));
        let renamed = renamed.unwrap_or_else(|| name.clone());
        let Some((db, collection)) = renamed.split_once('.') else {
            return Err(Error::failed(format!(
                "`{renamed}` is no name of a collection"
            )));
        };
        targets.push(Target {
            source: name,
            db: options.into.clone().unwrap_or_else(|| db.to_owned()),
            collection: collection.to_owned(),
            documents: source.documents,
            there: None,
        });
    }
    Ok(targets)
}

/// Asks the server what stands there.
pub(super) async fn look(connection: &Connection, targets: &mut [Target]) -> Result<(), Error> {
    for target in targets {
        target.there = estimate::documents(connection, &target.db, &target.collection).await?;
    }
    Ok(())
}

/// One line for each, what is overwritten first.
pub(super) fn lines(targets: &[Target]) -> Vec<String> {
    let name = |target: &Target| match target.source == target.name() {
        true => target.source.clone(),
        false => format!("{} → {}", target.source, target.name()),
    };
    let width = targets
        .iter()
        .map(|target| name(target).chars().count())
        .max();
    let width = width.unwrap_or_default();
    let mut sorted: Vec<&Target> = targets.iter().collect();
    sorted.sort_by_key(|target| (!target.is_taken(), target.name()));
    let line = |target: &&Target| {
        let documents = count(target.documents);
        let effect = match target.there {
            Some(there) if there > 0 => format!("replace {} that are there now", count(there)),
            Some(_) => "into the empty collection that is there".to_owned(),
            None => "into a new collection".to_owned(),
        };
        format!(
            "{:<width$}  {documents:>11} documents {effect}",
            name(target)
        )
    };
    sorted.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use atlas_backup::mongo::{Pattern, Rename};

    use super::*;

    fn source(db: &str, collection: &str) -> Source {
        Source {
            db: db.into(),
            collection: collection.into(),
            documents: 7,
        }
    }

    #[test]
    fn names_follow_the_options() {
        let sources = [
            source("", "oplog"),
            source("admin", "system.users"),
            source("shop", "orders"),
            source("shop", "log"),
            source("blog", "posts"),
        ];
        let options = RestoreOptions {
            include: vec![Pattern::parse("shop.*").expect("a pattern")],
            exclude: vec![Pattern::parse("*.log").expect("a pattern")],
            rename: vec![Rename::parse("shop.*", "old.*").expect("a pattern")],
            ..RestoreOptions::default()
        };
        let targets = choose(&sources, &options).expect("names");
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].name(), "old.orders");
        let into = RestoreOptions {
            into: Some("copy".into()),
            ..RestoreOptions::default()
        };
        let names: Vec<String> = choose(&sources, &into)
            .expect("names")
            .iter()
            .map(Target::name)
            .collect();
        assert_eq!(names, ["copy.orders", "copy.log", "copy.posts"]);
    }

    #[test]
    fn what_is_overwritten_is_told_first() {
        let target = |collection: &str, there| Target {
            source: format!("shop.{collection}"),
            db: "shop".into(),
            collection: collection.into(),
            documents: 1234,
            there,
        };
        let targets = [
            target("a", None),
            target("b", Some(0)),
            target("cc", Some(12)),
        ];
        assert_eq!(
            lines(&targets),
            [
                "shop.cc        1,234 documents replace 12 that are there now",
                "shop.a         1,234 documents into a new collection",
                "shop.b         1,234 documents into the empty collection that is there",
            ]
        );
    }
}
