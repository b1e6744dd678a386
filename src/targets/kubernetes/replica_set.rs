//! MongoDB as a replica set that forms itself. Owns how members authenticate to each other and how one joins.
//!
//! The key file is derived from the root password inside the pod: who knows one has the other's power anyway, there is one
//! secret less, and the file can be 0400, which a mounted Secret under `fsGroup` is not (mongod refuses a wider one).

use serde_json::{Value, json};

use super::View;
use crate::model::{EnvValue, Service};

/// How many members: the fewest of which one can be lost.
pub(super) const MEMBERS: u32 = 3;

/// The set's name.
const NAME: &str = "rs0";

/// Where the script is mounted.
const SCRIPTS: &str = "/etc/atlas";

/// The shell's script that joins or makes the set.
const JOIN: &str = include_str!("join.js");

/// Makes the key file, then starts as the image would.
const START: &str = "umask 0377
printf 'keyfile %s' \"$(cat \"$MONGO_INITDB_ROOT_PASSWORD_FILE\")\" | sha256sum | cut -c 1-64 >/tmp/keyfile
umask 0077
exec docker-entrypoint.sh \"$@\"";

/// Whether a service is the official image of MongoDB: it alone reads this variable.
pub(super) fn is_mongodb(service: &Service) -> bool {
    let plain = |name| matches!(service.environment.get(name), Some(EnvValue::Plain(_)));
    plain("MONGO_INITDB_ROOT_USERNAME") && plain("MONGO_INITDB_ROOT_PASSWORD_FILE")
}

/// The headless Service, which gives each member a name.
pub(super) fn members_service(service: &Service) -> String {
    format!("{}-members", service.name)
}

/// The name of the ConfigMap with the script.
pub(super) fn scripts(service: &Service) -> String {
    format!("{}-scripts", service.name)
}

/// The ConfigMap with the script.
pub(super) fn config_map(view: &View<'_>, service: &Service) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": view.metadata(service, &scripts(service)),
        "data": {"join.js": JOIN},
    })
}

/// Makes a container a member.
pub(super) fn complete(container: &mut Value, service: &Service) {
    let members = members_service(service);
    let port = service.port;
    let names: Vec<String> = (0..MEMBERS)
        .map(|number| format!("{}-{number}.{members}:{port}", service.name))
        .collect();
    container["command"] = json!(["bash", "-ec", START, "bash"]);
    container["args"] = json!([
        "mongod",
        "--replSet",
        NAME,
        "--keyFile",
        "/tmp/keyfile",
        "--bind_ip_all"
    ]);
    // The shell writes into its home.
    container["env"] = json!([
        {"name": "HOME", "value": "/tmp"},
        {"name": "ATLAS_MEMBERS", "value": names.join(",")},
        {"name": "ATLAS_REPLICA_SET", "value": NAME},
    ]);
    container["lifecycle"]["postStart"] = json!({"exec": {
        "command": ["mongosh", "--nodb", "--quiet", "--norc", "--file", format!("{SCRIPTS}/join.js")],
    }});
    if let Some(mounts) = container["volumeMounts"].as_array_mut() {
        mounts.push(json!({"name": "scripts", "mountPath": SCRIPTS, "readOnly": true}));
    }
}

/// The script's volume.
pub(super) fn volume(service: &Service) -> Value {
    json!({"name": "scripts", "configMap": {"name": scripts(service)}})
}
