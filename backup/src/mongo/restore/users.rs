//! Users and roles: through temporary collections that the server merges into its own. The user who restores keeps its password and roles.

use std::time::Duration;

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

/// Merges the temporary collections: those of the archive replace those of the same name, the others stay.
pub(super) async fn merge(
    connection: &Connection,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let failed = |error: &_| explain("restore", "users and roles", error);
    spare(connection, progress).await?;
    let admin = connection.client().database("admin");
    let db = plan.parts.iter().find_map(|part| match part {
        Part::Users(db) | Part::Roles(db) => Some(db.as_str()),
        _ => None,
    });
    let has = |wanted: fn(&Part) -> bool| plan.parts.iter().any(wanted);
    let mut command = doc! { "_mergeAuthzCollections": 1 };
    if has(|part| matches!(part, Part::Users(_))) {
        command.insert("tempUsersCollection", format!("admin.{USERS}"));
    }
    if has(|part| matches!(part, Part::Roles(_))) {
        command.insert("tempRolesCollection", format!("admin.{ROLES}"));
    }
    command.insert("drop", false);
    command.insert("db", db.unwrap_or_default());
    command.insert("writeConcern", doc! { "w": "majority" });
    admin
        .run_command(command)
        .await
        .map_err(|error| failed(&error))?;
    clear(connection).await
}

/// Takes the user who restores, and its roles, out of what is merged: a backup must not change the password that it is restored with.
async fn spare(connection: &Connection, progress: &dyn Progress) -> Result<(), Error> {
    let admin = connection.client().database("admin");
    let status = admin
        .run_command(doc! { "connectionStatus": 1 })
        .await
        .map_err(|error| explain("ask who we are on", connection.address(), &error))?;
    let list = |key: &str| -> Vec<Document> {
        let info = status.get_document("authInfo").ok();
        let list = info.and_then(|info| info.get_array(key).ok());
        let all = list.into_iter().flatten();
        all.filter_map(Bson::as_document).cloned().collect()
    };
    for (key, collection, field) in [
        ("authenticatedUsers", USERS, "user"),
        ("authenticatedUserRoles", ROLES, "role"),
    ] {
        for own in list(key) {
            let (Ok(name), Ok(db)) = (own.get_str(field), own.get_str("db")) else {
                continue;
            };
            let gone = admin
                .collection::<Document>(collection)
                .delete_many(doc! { field: name, "db": db })
                .await
                .map_err(|error| explain("restore", "users and roles", &error))?;
            if gone.deleted_count > 0 {
                progress.report(Event::Warning(format!(
                    "the {field} `{db}.{name}` stays as it is: the restore runs with it"
                )));
            }
        }
    }
    Ok(())
}
