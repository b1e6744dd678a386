//! `atlas.yaml` as written. Owns its keys and the form of each value; whether they fit together belongs to `resolve`.
//! `schema` describes the same keys to editors.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::fields::{Fields, Reader, join};
use super::yaml::{self, Node, Value};
use super::{backup, checklist, folders, form, kubernetes, nginx, size};
use crate::diagnostic::{At, Diagnostic};
use crate::model::{DataMode, ImageRef, ImageSource, Port, ProjectName, PublicUrl, Stage};

/// Keys of the document.
pub const KEYS: &[&str] = &[
    "name",
    "stage",
    "oldest-engine",
    "profile",
    "services-to-run",
    "profiles",
    "data",
    "images",
    "catalogue",
    "backup",
    "checklist",
    "public-url",
    "nginx",
    "kubernetes",
    "services",
];
/// Keys of `images`.
pub const IMAGES_KEYS: &[&str] = &["source", "registry", "tag", "context"];
/// Keys of each of `services`.
pub const SERVICE_KEYS: &[&str] = &[
    "port",
    "expose",
    "publish",
    "replicas",
    "memory",
    "cpus",
    "pids",
    "image",
    "folders",
    "environment",
];
/// Values of `stage`.
pub const STAGES: [(&str, Stage); 2] = [
    ("development", Stage::Development),
    ("production", Stage::Production),
];
/// Values of `oldest-engine`, and whether such engines know `start_interval` (API 1.44).
pub const ENGINES: &[(&str, bool)] = &[("20.10", false), ("25", true)];
/// Values of `data`.
pub const DATA_MODES: [(&str, DataMode); 3] = [
    ("containers", DataMode::Containers),
    ("external", DataMode::External),
    ("embedded", DataMode::Embedded),
];
/// Values of `images` and `images.source`.
pub const SOURCES: [(&str, ImageSource); 3] = [
    ("builtin", ImageSource::Builtin),
    ("registry", ImageSource::Registry),
    ("build", ImageSource::Build),
];

/// The document. Everything is optional; an empty file is the default deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// The file's name as shown to people; empty when there is none.
    pub file: String,
    /// Whether the file could not be read at all, so that nobody knows what it asks for.
    pub unreadable: bool,
    /// `name`: Compose project name; the directory's name by default.
    pub name: Option<At<ProjectName>>,
    /// `stage`: development (default) or production.
    pub stage: Option<At<Stage>>,
    /// `oldest-engine`: the oldest Docker Engine that shall run compose.yaml; whether it knows `start_interval`.
    pub start_interval: Option<At<bool>>,
    /// `profile`: the set of services to run; `atlassian` by default.
    pub profile: Option<At<String>>,
    /// `services-to-run`: exactly these services and what they depend on, instead of a profile.
    pub services_to_run: Option<At<Vec<At<String>>>>,
    /// `profiles`: further profiles by name.
    pub profiles: BTreeMap<String, At<Vec<At<String>>>>,
    /// `data`: where data is kept.
    pub data: Option<At<DataMode>>,
    /// `images`: where programs come from.
    pub images: Images,
    /// `catalogue`: a folder of further services.
    pub catalogue: Option<At<PathBuf>>,
    /// `backup`: where backups go, and which are kept.
    pub backup: backup::Backup,
    /// `checklist`: the user's own items.
    pub checklist: Vec<checklist::Item>,
    /// `public-url`: the address by which clients reach the gateway from outside.
    pub public_url: Option<At<PublicUrl>>,
    /// `nginx`: the web server before the gateway.
    pub nginx: nginx::Nginx,
    /// `kubernetes`: what rendering for a cluster is told.
    pub kubernetes: kubernetes::Kubernetes,
    /// `services`: settings by service.
    pub services: BTreeMap<String, At<Overrides>>,
}

/// `images`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Images {
    /// `images: builtin` or `images.source`; builtin by default.
    pub source: Option<At<ImageSource>>,
    /// Registry and path before `/atlas-<service>`, e.g. `ghcr.io/acme`.
    pub registry: Option<At<String>>,
    /// Tag of the registry's images; `latest` by default.
    pub tag: Option<At<String>>,
    /// The folder that holds `services/gateway` and so on; relative to the project directory.
    pub context: Option<At<PathBuf>>,
}

/// Settings of one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Host port; publishes the service.
    pub port: Option<At<Port>>,
    /// Host address; publishes the service. 127.0.0.1 by default.
    pub expose: Option<At<IpAddr>>,
    /// Whether there is a host port at all.
    pub publish: Option<At<bool>>,
    /// How many containers.
    pub replicas: Option<At<u32>>,
    /// Memory limit in bytes.
    pub memory: Option<At<u64>>,
    /// CPU limit in thousandths of a core.
    pub cpus: Option<At<u32>>,
    /// Limit of processes and threads.
    pub pids: Option<At<u32>>,
    /// Another image, from a registry.
    pub image: Option<At<ImageRef>>,
    /// Folders of this machine that it may read, by name.
    pub folders: BTreeMap<String, At<PathBuf>>,
    /// Further variables; `None` takes the variable of the same name from `.env`.
    pub environment: BTreeMap<String, At<Option<String>>>,
}

impl Project {
    /// Reads the file's bytes; what could be understood and every problem.
    pub fn parse(file: &str, bytes: &[u8]) -> (Self, Vec<Diagnostic>) {
        let empty = Self {
            file: file.to_owned(),
            ..Self::default()
        };
        let unreadable = Self {
            unreadable: true,
            ..empty.clone()
        };
        let root = match yaml::text(file, bytes).and_then(|text| yaml::parse(file, text)) {
            Ok(root) => root,
            Err(problem) => return (unreadable, vec![*problem]),
        };
        if root.value == Value::Null {
            return (empty, Vec::new());
        }
        let mut reader = Reader::new(file);
        let project = reader.fields(&root, "", KEYS).map(|fields| Self {
            name: read(&fields, "name", |n, p| reader.parsed(n, p)),
            stage: read(&fields, "stage", |n, p| reader.choice(n, p, &STAGES)),
            start_interval: read(&fields, "oldest-engine", |n, p| {
                reader.choice(n, p, ENGINES)
            }),
            profile: read(&fields, "profile", |n, p| reader.text(n, p)),
            services_to_run: read(&fields, "services-to-run", |n, p| names(&mut reader, n, p)),
            profiles: profiles(&mut reader, &fields),
            data: read(&fields, "data", |n, p| reader.choice(n, p, &DATA_MODES)),
            images: images(&mut reader, &fields),
            catalogue: read(&fields, "catalogue", |n, p| reader.text(n, p))
                .map(|path| At::new(PathBuf::from(path.value), path.position)),
            backup: backup::read(&mut reader, &fields),
            checklist: checklist::read(&mut reader, &fields),
            public_url: read(&fields, "public-url", |n, p| {
                let form = "an address such as `https://api.example.com`";
                reader.formed(n, p, form, |text| text.parse().ok())
            }),
            nginx: nginx::read(&mut reader, &fields),
            kubernetes: kubernetes::read(&mut reader, &fields),
            services: services(&mut reader, &fields),
            ..empty
        });
        (project.unwrap_or(unreadable), reader.problems)
    }
}

fn read<T>(
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&Node, &str) -> Option<T>,
) -> Option<T> {
    let (node, path) = fields.get(key)?;
    read(node, &path)
}

fn names(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<Vec<At<String>>>> {
    let names = reader.texts(node, path)?;
    if names.is_empty() && reader.list(node, path).is_some_and(<[_]>::is_empty) {
        reader.refuse(node.position, path, "names no service");
    }
    Some(At::new(names, node.position))
}

fn profiles(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, At<Vec<At<String>>>> {
    let mut profiles = BTreeMap::new();
    let Some((node, path)) = fields.get("profiles") else {
        return profiles;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        if !form::is_profile(&key.value) {
            let message = format!("invalid profile name `{}`", key.value);
            let hint = "use letters, digits, `.`, `_` and `-`, beginning with a letter or digit";
            reader.refuse_with(key.position, &path, message, hint);
            continue;
        }
        if let Some(members) = names(reader, node, &path) {
            profiles.insert(key.value.clone(), At::new(members.value, key.position));
        }
    }
    profiles
}

fn images(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Images {
    let Some((node, path)) = fields.get("images") else {
        return Images::default();
    };
    if !matches!(node.value, Value::Mapping(_)) {
        let source = reader.choice(node, &path, &SOURCES);
        return Images {
            source,
            ..Images::default()
        };
    }
    let Some(fields) = reader.fields(node, &path, IMAGES_KEYS) else {
        return Images::default();
    };
    if fields.get("source").is_none() {
        reader.refuse(node.position, &fields.path("source"), "is missing");
    }
    Images {
        source: read(&fields, "source", |n, p| reader.choice(n, p, &SOURCES)),
        registry: read(&fields, "registry", |n, p| {
            let text = reader.text(n, p)?;
            if !form::is_repository(&text.value) {
                let message = format!(
                    "expected a registry and path such as `ghcr.io/acme`, found `{}`",
                    text.value
                );
                reader.refuse(text.position, p, message);
            }
            // Kept even so: that one is missing would be a second message about the same mistake.
            Some(text)
        }),
        tag: read(&fields, "tag", |n, p| {
            let what = "a tag of letters, digits, `.`, `_` and `-`";
            reader.formed(n, p, what, |text| {
                form::is_tag(text).then(|| text.to_owned())
            })
        }),
        context: read(&fields, "context", |n, p| reader.text(n, p))
            .map(|path| At::new(PathBuf::from(path.value), path.position)),
    }
}

fn services(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, At<Overrides>> {
    let mut services = BTreeMap::new();
    let Some((node, path)) = fields.get("services") else {
        return services;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        // `gateway:` with nothing below it is how one begins to write, not a mistake.
        let overrides = match node.value {
            Value::Null => Some(Overrides::default()),
            _ => overrides(reader, node, &path),
        };
        let overrides = overrides.unwrap_or_default();
        services.insert(key.value.clone(), At::new(overrides, key.position));
    }
    services
}

fn overrides(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Overrides> {
    let fields = reader.fields(node, path, SERVICE_KEYS)?;
    Some(Overrides {
        port: read(&fields, "port", |n, p| {
            reader.formed(n, p, "a port from 1 to 65535", |text| {
                text.parse().ok().and_then(Port::new)
            })
        }),
        expose: read(&fields, "expose", |n, p| {
            reader.formed(
                n,
                p,
                "an address of this machine such as `127.0.0.1` or `0.0.0.0`",
                |text| text.parse().ok(),
            )
        }),
        publish: read(&fields, "publish", |n, p| reader.boolean(n, p)),
        replicas: read(&fields, "replicas", |n, p| {
            reader.formed(n, p, "a whole number from 1 to 1000", |text| {
                text.parse().ok().filter(|count| (1..=1000).contains(count))
            })
        }),
        memory: size::memory(reader, &fields),
        cpus: size::cpus(reader, &fields),
        pids: size::pids(reader, &fields),
        image: read(&fields, "image", |n, p| {
            reader.formed(
                n,
                p,
                "an image reference such as `ghcr.io/acme/gateway:1.2`",
                form::image,
            )
        }),
        folders: folders::read(reader, &fields),
        environment: environment(reader, &fields),
    })
}

fn environment(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
) -> BTreeMap<String, At<Option<String>>> {
    let mut variables = BTreeMap::new();
    let Some((node, path)) = fields.get("environment") else {
        return variables;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        if !form::is_variable(&key.value) {
            let message = format!("invalid variable name `{}`", key.value);
            let hint = "use letters, digits and `_`, not beginning with a digit";
            reader.refuse_with(key.position, &path, message, hint);
            continue;
        }
        let value = match node.value {
            Value::Null => None,
            _ => match reader.text(node, &path) {
                Some(text) => Some(text.value),
                None => continue,
            },
        };
        variables.insert(key.value.clone(), At::new(value, key.position));
    }
    variables
}
