//! `backup:` of atlas.yaml as written. Owns its keys and the form of each value; what is done with them belongs to `commands`.

use atlas_backup::notify::Target;

use super::fields::{Fields, Reader};
use super::yaml::{Node, Value};
use crate::diagnostic::At;

/// Keys of `backup`.
pub const KEYS: &[&str] = &["to", "compression", "recipients", "keep", "notify"];
/// Keys of `backup.keep`.
pub const KEEP_KEYS: &[&str] = &[
    "last", "hourly", "daily", "weekly", "monthly", "yearly", "within", "tags",
];
/// Values of `backup.compression`.
pub const COMPRESSIONS: [(&str, Compression); 3] = [
    ("zstd", Compression::Zstd),
    ("gzip", Compression::Gzip),
    ("none", Compression::None),
];

/// How archives are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard.
    Zstd,
    /// gzip, as mongorestore reads it.
    Gzip,
    /// As it is.
    None,
}

/// `backup`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backup {
    /// Where backups go: a folder relative to the project directory, or a store; `backups` by default.
    pub to: Option<At<String>>,
    /// How archives are compressed; gzip by default.
    pub compression: Option<At<Compression>>,
    /// Public keys of age to encrypt to.
    pub recipients: Vec<At<String>>,
    /// Which backups `prune` keeps.
    pub keep: Keep,
    /// Who is told of failures.
    pub notify: Vec<At<Target>>,
}

/// `backup.keep`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keep {
    /// The newest ones.
    pub last: Option<At<u32>>,
    /// One for each of so many hours.
    pub hourly: Option<At<u32>>,
    /// One for each of so many days.
    pub daily: Option<At<u32>>,
    /// One for each of so many weeks.
    pub weekly: Option<At<u32>>,
    /// One for each of so many months.
    pub monthly: Option<At<u32>>,
    /// One for each of so many years.
    pub yearly: Option<At<u32>>,
    /// All that are younger.
    pub within: Option<At<String>>,
    /// All with one of these tags.
    pub tags: Vec<At<String>>,
}

pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Backup {
    let Some(fields) = below(reader, fields, "backup", KEYS) else {
        return Backup::default();
    };
    let to = fields.get("to").and_then(|(node, path)| {
        reader.formed(node, &path, "a folder or a store", |text| {
            (!text.trim().is_empty()).then(|| text.to_owned())
        })
    });
    let compression = fields
        .get("compression")
        .and_then(|(node, path)| reader.choice(node, &path, &COMPRESSIONS));
    Backup {
        to,
        compression,
        recipients: each(reader, &fields, "recipients", |reader, node, path| {
            let form = "a public key of age such as `age1…`";
            reader.formed(node, path, form, |text| {
                atlas_backup::key::is_recipient(text).then(|| text.to_owned())
            })
        }),
        keep: keep(reader, &fields),
        notify: each(reader, &fields, "notify", |reader, node, path| {
            let form = "`https://…` or `mailto:NAME@HOST`";
            reader.formed(node, path, form, Target::parse)
        }),
    }
}

fn keep(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Keep {
    let Some(fields) = below(reader, fields, "keep", KEEP_KEYS) else {
        return Keep::default();
    };
    let mut count = |key: &str| {
        let (node, path) = fields.get(key)?;
        reader.formed(node, &path, "a whole number from 1", |text| {
            text.parse().ok().filter(|count| *count > 0)
        })
    };
    let (last, hourly, daily) = (count("last"), count("hourly"), count("daily"));
    let (weekly, monthly, yearly) = (count("weekly"), count("monthly"), count("yearly"));
    let within = fields.get("within").and_then(|(node, path)| {
        let form = "a span such as `14d`, `12h` or `3mo`";
        reader.formed(node, &path, form, |text| {
            let span: jiff::Span = text.parse().ok()?;
            span.is_positive().then(|| text.to_owned())
        })
    });
    Keep {
        last,
        hourly,
        daily,
        weekly,
        monthly,
        yearly,
        within,
        tags: each(reader, &fields, "tags", |reader, node, path| {
            reader.text(node, path)
        }),
    }
}

/// The mapping at a key; nothing below the key is how one begins to write.
fn below<'n>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    key: &str,
    known: &[&str],
) -> Option<Fields<'n>> {
    let (node, path) = fields.get(key)?;
    match node.value {
        Value::Null => None,
        _ => reader.fields(node, &path, known),
    }
}

/// Every item of a list.
fn each<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    mut one: impl FnMut(&mut Reader<'_>, &Node, &str) -> Option<At<T>>,
) -> Vec<At<T>> {
    let Some((node, path)) = fields.get(key) else {
        return Vec::new();
    };
    let items = reader.list(node, &path).unwrap_or_default();
    let read = items.iter().enumerate();
    read.filter_map(|(index, item)| one(reader, item, &format!("{path}[{index}]")))
        .collect()
}
