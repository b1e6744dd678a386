//! Where the backups of a project lie, from what atlas.yaml and the environment say. Owns no connection.

use std::path::{Path, PathBuf};

use atlas_backup::Error;
use atlas_backup::repository::{Credentials, Location};

/// The folder of backups, if nothing else is said.
const FOLDER: &str = "backups";

/// The place that is written, else the folder `backups` of the project.
///
/// # Errors
/// It is no place that backups can be in.
pub fn location(
    directory: &Path,
    written: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Location, Error> {
    let text = written.unwrap_or(FOLDER);
    match text.contains("://") {
        true => Location::parse(text, &credentials(variable)),
        false => Ok(Location::Folder(directory.join(text))),
    }
}

fn credentials(variable: impl Fn(&str) -> Option<String>) -> Credentials {
    Credentials {
        access_key_id: variable("AWS_ACCESS_KEY_ID"),
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
        session_token: variable("AWS_SESSION_TOKEN"),
        endpoint: variable("AWS_ENDPOINT_URL"),
        region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
        certificates: variable("AWS_CA_BUNDLE").map(PathBuf::from),
        identity: None,
        ssh_config: None,
    }
}
