//! Users and roles: through temporary collections that the server merges into its own. Owns who stays as
//! they are: the user who restores keeps its password and roles.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::insert::Destination;
use super::plan::{Part, Plan};
use crate::Error;
use crate::mongo::Connection;
use crate::mongo::failure::{NAMESPACE_NOT_FOUND, code, explain};
use crate::progress::{Event, Progress};

/// The names that the server's role `restore` is allowed to write.
const USERS: &str = "tempusers";
/// Likewise.
const ROLES: &str = "temproles";
/// How long a cancelled restore may take to remove them.
const GRACE: Duration = Duration::from_millis(500);
/// The schema of SCRAM; those before hold passwords that no server of today takes.
const SCHEMA: i32 = 5;

/// Where the documents of users and roles go first.
pub(super) fn destination(part: &Part, source: String) -> Option<Destination> {
    let collection = match part {
        Part::Users(_) => USERS,
        Part::Roles(_) => ROLES,
        _ => return None,
    };
    Some(Destination {
        source,
        db: "admin".to_owned(),
        collection: collection.to_owned(),
        ordered: false,
        bypass: false,
        raw: false,
    })
}

/// Whether the archive has any.
pub(super) fn any(plan: &Plan) -> bool {
    let account = |part: &Part| matches!(part, Part::Users(_) | Part::Roles(_));
    plan.parts.iter().any(account)
}

/// Removes what an earlier restore may have left behind.
pub(super) async fn clear(connection: &Connection) -> Result<(), Error> {
    for name in [USERS, ROLES] {
        let admin = connection.client().database("admin");
        match admin.run_command(doc! { "drop": name }).await {
            Err(error) if code(&error) != Some(NAMESPACE_NOT_FOUND) => {
                return Err(explain("drop", &format!("admin.{name}"), &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The same after a restore that ended early, as far as the server answers at once.
pub(super) async fn abandon(connection: &Connection, progress: &dyn Progress) {
    let cleared = tokio::time::timeout(GRACE, clear(connection)).await;
    if !matches!(cleared, Ok(Ok(()))) {
        progress.report(Event::Warning(format!(
            "`admin.{USERS}` and `admin.{ROLES}` may be left behind; the next restore of users removes them"
        )));
    }
}

/// Looks at documents of `admin.system.version`: how the users of the archive are stored.
pub(super) fn check_schema(documents: &[u8]) -> Result<(), Error> {
    let mut rest = documents;
    while let Some(length) = rest.first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((document, after)) = rest.split_at_checked(length) else {
            break;
        };
        rest = after;
        let Ok(document) = RawDocument::from_bytes(document) else {
            break;
        };
        if document.get_str("_id").ok() != Some("authSchema") {
            continue;
        }
        let version = document.get("currentVersion").ok().flatten();
        let version = version.and_then(|v| v.as_i32().or_else(|| Some(v.as_f64()? as i32)));
        if version.is_some_and(|version| version < SCHEMA) {
            let cause = "its users are stored in a form that servers stopped taking with 4.0";
            return Err(Error::failed("restore", "users and roles", cause)
                .hint("restore without users and create them anew"));
        }
    }
    Ok(())
}

/// Merges the temporary collections into the server's own. Those of the same name stay as they are, or with `drop` become as in the
/// archive; those that the archive does not have stay.
pub(super) async fn merge(
    connection: &Connection,
    plan: &Plan,
    drop: bool,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let db = plan.parts.iter().find_map(|part| match part {
        Part::Users(db) | Part::Roles(db) => Some(db.as_str()),
        _ => None,
    });
    let db = db.unwrap_or_default();
    let mut command = doc! { "_mergeAuthzCollections": 1 };
    let has = |wanted: fn(&Part) -> bool| plan.parts.iter().any(wanted);
    if has(|part| matches!(part, Part::Users(_))) {
        command.insert("tempUsersCollection", format!("admin.{USERS}"));
        if drop {
            keep(connection, db, &OF_USERS, progress).await?;
        }
    }
    if has(|part| matches!(part, Part::Roles(_))) {
        command.insert("tempRolesCollection", format!("admin.{ROLES}"));
        if drop {
            keep(connection, db, &OF_ROLES, progress).await?;
        }
    }
    command.insert("drop", drop);
    command.insert("db", db);
    command.insert("writeConcern", doc! { "w": "majority" });
    let admin = connection.client().database("admin");
    let merged = admin.run_command(command).await;
    merged.map_err(|error| failed(&error))?;
    clear(connection).await
}

/// Where users or roles are.
struct Place {
    /// What they are called.
    field: &'static str,
    stored: &'static str,
    temporary: &'static str,
    /// Those of the connection, in the reply to `connectionStatus`.
    own: &'static str,
}

const OF_USERS: Place = Place {
    field: "user",
    stored: "system.users",
    temporary: USERS,
    own: "authenticatedUsers",
};
const OF_ROLES: Place = Place {
    field: "role",
    stored: "system.roles",
    temporary: ROLES,
    own: "authenticatedUserRoles",
};

/// Puts what is to stay among what is merged, for the merge removes the rest: all that the archive does not have, and the user who
/// restores with its roles: a backup must not change the password that it is restored with.
async fn keep(
    connection: &Connection,
    db: &str,
    place: &Place,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let admin = connection.client().database("admin");
    let status = admin.run_command(doc! { "connectionStatus": 1 }).await;
    let status = status.map_err(|error| failed(&error))?;
    let info = status.get_document("authInfo").ok();
    let own = info.and_then(|info| info.get_array(place.own).ok());
    let is_own = |one: &Document| {
        let same = |key: &str, own: &Document| own.get(key) == one.get(key);
        let mut own = own.into_iter().flatten().filter_map(Bson::as_document);
        own.any(|own| same(place.field, own) && same("db", own))
    };
    let filter = if db.is_empty() {
        doc! {}
    } else {
        doc! { "db": db }
    };
    let stored = admin.collection::<Document>(place.stored);
    let temporary = admin.collection::<Document>(place.temporary);
    let mut found = stored.find(filter).await.map_err(|error| failed(&error))?;
    while let Some(one) = found.try_next().await.map_err(|error| failed(&error))? {
        let id = doc! { "_id": one.get("_id").cloned() };
        let known = temporary.find_one(id.clone()).await;
        let known = known.map_err(|error| failed(&error))?;
        if known.is_some() && !is_own(&one) {
            continue;
        }
        if known.is_some_and(|known| known != one) {
            progress.report(Event::Warning(format!(
                "the {} `{}` stays as it is: the restore runs with it",
                place.field,
                one.get_str("_id").unwrap_or_default()
            )));
        }
        let replaced = temporary.replace_one(id, &one).upsert(true).await;
        replaced.map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &mongodb::error::Error) -> Error {
    explain("restore", "users and roles", error)
}
