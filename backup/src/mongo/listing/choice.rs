//! Which databases and collections belong into a dump: the rules of mongodump, word for word.

/// What becomes of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is dumped.
    Take,
    /// It belongs to the server itself.
    Leave,
    /// It is a person's, and cannot be dumped.
    Skip(&'static str),
}

/// Of `config`, what says how a sharded cluster is laid out.
const CONFIG: [&str; 7] = [
    "chunks",
    "collections",
    "databases",
    "settings",
    "shards",
    "tags",
    "version",
];

/// Whether a database is dumped when none are named.
pub(super) fn takes_database(name: &str) -> bool {
    name != "local" && !name.starts_with("__mdb_internal")
}

/// Databases that only an administrator may read.
pub(super) fn is_internal(db: &str) -> bool {
    matches!(db, "admin" | "config")
}

/// What becomes of `db.collection`, where `asked` are the databases that were named.
pub(super) fn of(db: &str, collection: &str, asked: &[String], users_and_roles: bool) -> Choice {
    let take = match db {
        "admin" => match collection {
            "system.users" | "system.roles" | "system.version" => users_and_roles,
            "system.keys" => false,
            _ => true,
        },
        "config" => asked.iter().any(|name| name == "config") || CONFIG.contains(&collection),
        _ => collection == "system.js" || !collection.starts_with("system."),
    };
    if !take || collection.starts_with("system.buckets.") {
        Choice::Leave
    } else if collection.contains('$') {
        Choice::Skip("its name holds a `$`, which no restore takes")
    } else {
        Choice::Take
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_mongodump() {
        let of = |db, collection| of(db, collection, &[], true) == Choice::Take;
        let taken = [
            "admin.system.users",
            "admin.x",
            "config.shards",
            "shop.orders",
            "shop.system.js",
        ];
        let left = [
            "admin.system.keys",
            "config.system.sessions",
            "config.transactions",
            "shop.system.profile",
            "shop.system.views",
            "shop.system.buckets.weather",
            "admin.system.buckets.weather",
        ];
        for name in taken {
            let (db, collection) = name.split_once('.').unwrap();
            assert!(of(db, collection), "{name}");
        }
        for name in left {
            let (db, collection) = name.split_once('.').unwrap();
            assert!(!of(db, collection), "{name}");
        }
        assert!(!takes_database("local") && !takes_database("__mdb_internal_search"));
    }

    #[test]
    fn users_are_left_when_not_asked_for() {
        assert_eq!(of("admin", "system.users", &[], false), Choice::Leave);
        assert_eq!(of("admin", "x", &[], false), Choice::Take);
    }

    #[test]
    fn all_of_config_is_taken_when_it_is_named() {
        assert_eq!(
            of("config", "transactions", &["config".to_owned()], true),
            Choice::Take
        );
    }
}
