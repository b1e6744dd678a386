//! `nginx/compose.yaml`: nginx as a container of the stack, hardened as the others are.

use serde_json::{Value, json};

use super::{FOLDER, KEY_FILE};
use crate::model::{Deployment, Edge, Kind};
use crate::targets::{MARKER, compose};

/// Where the folder of the configuration is in the container.
const INSIDE: &str = "/etc/nginx/atlas";

pub(super) fn render(deployment: &Deployment, edge: &Edge) -> String {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
    };
    let yaml = serde_saphyr::to_string_with_options(&document(deployment, edge), options);
    let yaml = yaml.expect("values with string keys are always YAML");
    format!(
        "{MARKER}: edits belong in atlas.yaml, then `atlas render nginx`.\n\
         # docker compose -f compose.yaml -f {FOLDER}/compose.yaml up -d\n---\n{yaml}"
    )
}

fn document(deployment: &Deployment, edge: &Edge) -> Value {
    let (http, https) = (edge.http.get(), edge.https.get());
    let mut ports = vec![format!("{http}:{http}"), format!("{https}:{https}")];
    if edge.build.http3 {
        ports.push(format!("{https}:{https}/udp"));
    }
    let bind = |source: &str, target: &str| json!({"type": "bind", "source": source, "target": target, "read_only": true, "bind": {"create_host_path": false}});
    let mut volumes = vec![
        bind(&format!("./{FOLDER}"), INSIDE),
        bind(&edge.acme, &edge.acme),
    ];
    let mut files = vec![&edge.certificate, &edge.key];
    files.extend(&edge.clients);
    match files
        .iter()
        .all(|file| file.starts_with("/etc/letsencrypt/"))
    {
        // What certbot calls live are links into another folder of its own.
        true => volumes.push(bind("/etc/letsencrypt", "/etc/letsencrypt")),
        false => volumes.extend(files.iter().map(|file| bind(file, file))),
    }
    let gateway = { deployment.services.values() }.find(|service| service.kind == Kind::Gateway);
    let named = gateway.into_iter().flat_map(|gateway| &gateway.networks);
    let outer: Vec<&String> = named
        .filter(|key| {
            deployment
                .networks
                .get(*key)
                .is_some_and(|network| !network.internal)
        })
        .collect();
    let conf = format!("{INSIDE}/nginx.conf");
    let mut service = json!({
        "image": edge.image.as_str(),
        "depends_on": gateway.map(|gateway| gateway.name.as_str()).into_iter().collect::<Vec<_>>(),
        "volumes": volumes,
        "ports": ports,
        "networks": outer,
        "command": ["nginx", "-c", conf, "-g", "daemon off;"],
        "restart": compose::RESTART,
        "healthcheck": {"test": ["CMD", "nginx", "-t", "-q", "-c", conf], "interval": "60s", "timeout": "5s", "retries": 3},
        "logging": {"driver": compose::LOG_DRIVER, "options": compose::LOG_OPTIONS.into_iter().collect::<std::collections::BTreeMap<_, _>>()},
        // The first process reads the key as root and lets others do the work.
        "cap_add": ["CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"],
        "cap_drop": ["ALL"],
        "cpus": 1,
        "mem_limit": "128m",
        "pids_limit": 64,
        "read_only": true,
        "security_opt": ["no-new-privileges:true"],
        "stop_grace_period": "30s",
        "tmpfs": ["/tmp:rw,noexec,nosuid,nodev,size=64m"],
    });
    let mut document = json!({"services": {}});
    if edge.api_key.is_some() {
        service["secrets"] = json!(["nginx_api_key"]);
        service["group_add"] = json!([compose::SECRETS_GID.to_string()]);
        document["secrets"] = json!({"nginx_api_key": {"file": format!("./{KEY_FILE}")}});
    }
    document["services"]["nginx"] = service;
    document
}
