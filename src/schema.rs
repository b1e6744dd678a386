//! JSON Schema of `atlas.yaml`, for editors. Owns the descriptions; `input::project` owns the keys, and a test holds the
//! two together.

mod checklist;
mod kubernetes;
mod nginx;

use serde_json::{Value, json};

/// The schema, draft 2020-12, closed at every level.
pub fn atlas_yaml() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "atlas.yaml",
        "description": "What atlas shall deploy. Every key is optional; secrets belong in .env.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "not": {"type": "object", "required": ["profile", "services-to-run"]},
        "properties": {
            "name": {
                "description": "Project name, the prefix of containers, networks and volumes. The directory's name by default; COMPOSE_PROJECT_NAME and --project-name go before it.",
                "type": "string",
                "pattern": "^[a-z0-9][a-z0-9_-]*$"
            },
            "stage": {
                "description": "What the deployment is for; production is checked more strictly.",
                "enum": ["development", "production"],
                "default": "development"
            },
            "oldest-engine": {
                "description": "The oldest Docker Engine that shall run compose.yaml. Before 25, Compose refuses health checks with a start_interval, so they come without one and more often.",
                "enum": ["20.10", "25"],
                "default": "25"
            },
            "profile": {
                "description": "The set of services to run: minimal (the gateway alone), atlassian, all, or one of `profiles`.",
                "type": "string",
                "default": "atlassian",
                "examples": ["minimal", "atlassian", "all"]
            },
            "services-to-run": names("Exactly these services and what they depend on, instead of a profile."),
            "profiles": {
                "description": "Further profiles by name; the gateway and what the services depend on are always part of them.",
                "type": "object",
                "propertyNames": {"pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"},
                "additionalProperties": names("The services of this profile.")
            },
            "data": {
                "description": "Where data is kept: in MongoDB and Redis containers, in external ones named by MONGO_URL and REDIS_URL in .env, or embedded in the gateway. Containers by default, embedded in the minimal profile.",
                "enum": ["containers", "external", "embedded"]
            },
            "images": images(),
            "catalogue": {
                "description": "A folder with one YAML file for each further service; relative to this file. A file named like a service of atlas replaces it.",
                "type": "string"
            },
            "backup": backup(),
            "checklist": checklist::items(),
            "public-url": {
                "description": "The address by which clients reach the gateway from outside. `atlas doctor` asks it for its certificate; production needs https.",
                "type": "string",
                "pattern": "^https?://[A-Za-z0-9.-]+(:[0-9]+)?/?$",
                "examples": ["https://api.example.com"]
            },
            "nginx": nginx::settings(),
            "kubernetes": kubernetes::settings(),
            "services": {
                "description": "Settings by service.",
                "type": "object",
                "propertyNames": {"pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$"},
                "additionalProperties": service()
            }
        }
    })
}

fn names(description: &str) -> Value {
    json!({
        "description": description,
        "type": "array",
        "minItems": 1,
        "items": {"type": "string"}
    })
}

fn images() -> Value {
    let sources = ["builtin", "registry", "build"];
    json!({
        "description": "Where programs come from: the atlas executable itself, a registry, or your source tree.",
        "default": "builtin",
        "oneOf": [
            {"enum": sources},
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["source"],
                "properties": {
                    "source": {"description": "Where programs come from.", "enum": sources},
                    "registry": {
                        "description": "Registry and path; the image of a service is <registry>/atlas-<service>:<tag>.",
                        "type": "string",
                        "examples": ["ghcr.io/acme"]
                    },
                    "tag": {
                        "description": "Tag of the registry's images.",
                        "type": ["string", "number"],
                        "default": "latest"
                    },
                    "context": {
                        "description": "The folder that holds services/gateway and the others; relative to this file.",
                        "type": "string",
                        "examples": ["../atlas-ai"]
                    }
                }
            }
        ]
    })
}

fn backup() -> Value {
    let count = |what: &str| {
        json!({
            "description": format!("Keep the newest backup of each of the last N {what} that have one."),
            "type": "integer", "minimum": 1
        })
    };
    json!({
        "description": "Where backups go, and which are kept. Passphrases and the credentials of stores belong in .env.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "to": {
                "description": "A folder, relative to this file, or a store.",
                "type": "string",
                "default": "backups",
                "examples": ["/srv/backups", "s3://acme/backups", "sftp://backup@nas/atlas"]
            },
            "compression": {
                "description": "Of the MongoDB archive. Stock mongorestore reads gzip by itself, zstd through a pipe.",
                "enum": ["zstd", "gzip", "none"],
                "default": "gzip"
            },
            "recipients": {
                "description": "Public keys of age that backups are encrypted to; `atlas backup key new` makes one.",
                "type": "array",
                "items": {"type": "string", "pattern": "^age1"}
            },
            "keep": {
                "description": "Which backups `prune` keeps; a backup stays when any rule wants it. No rules: all.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "last": {"description": "Keep the newest N.", "type": "integer", "minimum": 1},
                    "hourly": count("hours"),
                    "daily": count("days"),
                    "weekly": count("weeks"),
                    "monthly": count("months"),
                    "yearly": count("years"),
                    "within": {
                        "description": "Keep all that are younger.",
                        "type": "string",
                        "examples": ["14d", "12h", "3mo"]
                    },
                    "tags": {
                        "description": "Keep all with one of these tags.",
                        "type": "array",
                        "items": {"type": "string"}
                    }
                }
            },
            "notify": {
                "description": "Who is told when a backup failed or was missed.",
                "type": "array",
                "items": {"type": "string", "pattern": "^(https?://|mailto:)"},
                "examples": [["https://hooks.example.com/backup", "mailto:ops@example.com"]]
            }
        }
    })
}

fn service() -> Value {
    json!({
        "description": "Settings of one service; what is left out is as the catalogue says.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "port": {
                "description": "Port on the host; publishes the service. Its own port by default.",
                "type": "integer",
                "minimum": 1,
                "maximum": 65535
            },
            "expose": {
                "description": "Address on the host; publishes the service. 0.0.0.0 lets everyone in.",
                "type": "string",
                "default": "127.0.0.1",
                "examples": ["127.0.0.1", "0.0.0.0"]
            },
            "publish": {
                "description": "Whether the service has a port on the host. Only the gateway has by default.",
                "type": "boolean"
            },
            "replicas": {
                "description": "Number of containers; more than one needs a scalable service without a port on the host.",
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 1
            },
            "memory": {
                "description": "Memory limit of a container: bytes, or with k, m, g (powers of 1024).",
                "type": ["string", "integer"],
                "examples": ["512MiB", "1g"]
            },
            "cpus": {
                "description": "CPU limit of a container, in cores.",
                "type": "number",
                "minimum": 0.01,
                "maximum": 1024
            },
            "pids": {
                "description": "Limit of processes and threads in a container.",
                "type": "integer",
                "minimum": 1
            },
            "image": {
                "description": "Another image, pulled from its registry.",
                "type": "string",
                "examples": ["ghcr.io/acme/gateway:1.2"]
            },
            "folders": {
                "description": "Folders of this machine that the service may read, by name; relative to this file, `~` is your home directory. Productivity searches them.",
                "type": "object",
                "propertyNames": {"pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"},
                "additionalProperties": {"type": "string"},
                "examples": [{"notes": "~/notes"}]
            },
            "environment": {
                "description": "Further variables. Without a value the variable of the same name is taken from .env.",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]}
            }
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::atlas_yaml;
    use crate::input::project;

    fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
        schema
            .pointer(pointer)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    fn words(schema: &Value, pointer: &str) -> Vec<String> {
        let words = schema.pointer(pointer).unwrap().as_array().unwrap();
        words
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    fn set(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn the_schema_has_exactly_the_keys_that_are_read() {
        let schema = atlas_yaml();
        let service = "/properties/services/additionalProperties/properties";
        assert_eq!(keys(&schema, "/properties"), set(project::KEYS));
        assert_eq!(
            keys(&schema, "/properties/images/oneOf/1/properties"),
            set(project::IMAGES_KEYS)
        );
        assert_eq!(keys(&schema, service), set(project::SERVICE_KEYS));
        let backup = "/properties/backup/properties";
        assert_eq!(keys(&schema, backup), set(crate::input::backup::KEYS));
        assert_eq!(
            keys(&schema, &format!("{backup}/keep/properties")),
            set(crate::input::backup::KEEP_KEYS)
        );
        assert_eq!(
            keys(&schema, "/properties/nginx/properties"),
            set(crate::input::nginx::KEYS)
        );
        assert_eq!(
            keys(&schema, "/properties/kubernetes/properties"),
            set(crate::input::kubernetes::KEYS)
        );
        let item = "/properties/checklist/items/properties";
        assert_eq!(keys(&schema, item), set(crate::input::checklist::KEYS));
        assert_eq!(
            keys(&schema, &format!("{item}/http/properties")),
            set(crate::input::checklist::HTTP_KEYS)
        );
    }

    #[test]
    fn the_schema_has_exactly_the_words_that_are_read() {
        let schema = atlas_yaml();
        assert_eq!(
            words(&schema, "/properties/stage/enum"),
            project::STAGES.map(|(word, _)| word)
        );
        assert_eq!(
            words(&schema, "/properties/data/enum"),
            project::DATA_MODES.map(|(word, _)| word)
        );
        assert_eq!(
            words(&schema, "/properties/images/oneOf/0/enum"),
            project::SOURCES.map(|(word, _)| word)
        );
        assert_eq!(
            words(&schema, "/properties/backup/properties/compression/enum"),
            crate::input::backup::COMPRESSIONS.map(|(word, _)| word)
        );
    }

    #[test]
    fn every_object_is_closed_and_every_key_described() {
        fn check(schema: &Value, path: &str) {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                assert_eq!(schema["additionalProperties"], Value::Bool(false), "{path}");
                for (key, property) in properties {
                    assert!(property["description"].is_string(), "{path}/{key}");
                    check(property, &format!("{path}/{key}"));
                }
            }
            if let Some(rest) = schema.get("additionalProperties") {
                check(rest, &format!("{path}/*"));
            }
            for choice in schema
                .get("oneOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                check(choice, path);
            }
        }
        check(&atlas_yaml(), "");
    }
}
