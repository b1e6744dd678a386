//! Reads one catalogue file into an [`Entry`]. Owns the file's keys and their defaults by kind; `entry` owns what they mean.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::entry::{Dependency, Embedded, Entry, Folders, Images, Internet, Substitution};
use super::{credential, images, variables};
use crate::diagnostic::Diagnostic;
use crate::input::fields::{Fields, Reader};
use crate::input::yaml::{self, Node, Value};
use crate::input::{form, size};
use crate::model::{Condition, Exchange, Kind, Port, Probe, Resources, ServiceName, Tmpfs};

const KEYS: &[&str] = &[
    "name",
    "title",
    "description",
    "kind",
    "port",
    "health",
    "healthcheck",
    "profiles",
    "depends_on",
    "environment",
    "provides",
    "addresses_of",
    "answers_for",
    "embedded",
    "folders",
    "volumes",
    "tmpfs",
    "user",
    "read_only",
    "capabilities",
    "resources",
    "scalable",
    "publish",
    "internet",
    "stop_grace",
    "images",
    "credential",
];
const KINDS: &[(&str, Kind)] = &[
    ("gateway", Kind::Gateway),
    ("orchestrator", Kind::Orchestrator),
    ("integration", Kind::Integration),
    ("store", Kind::Store),
];
const CONDITIONS: &[(&str, Condition)] = &[
    ("healthy", Condition::Healthy),
    ("started", Condition::Started),
];

/// Reads a file; `stem` is its name without the ending and the service's name.
pub(super) fn read(file: &str, stem: &str, bytes: &[u8]) -> Result<Entry, Vec<Diagnostic>> {
    let text = yaml::text(file, bytes).map_err(|problem| vec![*problem])?;
    let root = yaml::parse(file, text).map_err(|problem| vec![*problem])?;
    let mut reader = Reader::new(file);
    let entry = entry(&mut reader, file, stem, &root);
    match entry {
        Some(entry) if reader.problems.is_empty() => Ok(entry),
        _ => Err(reader.problems),
    }
}

fn entry(reader: &mut Reader<'_>, file: &str, stem: &str, root: &Node) -> Option<Entry> {
    let fields = reader.fields(root, "", KEYS)?;
    let name = name(reader, &fields, stem);
    let title = optional_text(reader, &fields, "title");
    let kind = required(reader, &fields, "kind", |r, n, p| r.choice(n, p, KINDS));
    let port = required(reader, &fields, "port", port);
    let description = required(reader, &fields, "description", |r, n, p| r.text(n, p));
    let probe = required(reader, &fields, "health", probe);
    let kind = kind?.value;
    let rest = Entry {
        file: file.to_owned(),
        title: title.unwrap_or_else(|| stem.to_owned()),
        name: name?,
        description: description?.value,
        kind,
        port: port?.value,
        probe: probe?,
        healthcheck: words(reader, &fields, "healthcheck"),
        profiles: words(reader, &fields, "profiles").unwrap_or_default(),
        depends_on: dependencies(reader, &fields),
        environment: variables::environment(reader, &fields),
        provides: variables::provides(reader, &fields),
        addresses_of: fields
            .get("addresses_of")
            .and_then(|(node, path)| reader.choice(node, &path, KINDS))
            .map(|kind| kind.value),
        answers_for: answers_for(reader, &fields),
        embedded: embedded(reader, &fields),
        folders: folders(reader, &fields),
        volumes: volumes(reader, &fields),
        tmpfs: tmpfs(reader, &fields),
        user: optional_text(reader, &fields, "user"),
        read_only: flag(reader, &fields, "read_only", true),
        capabilities: words(reader, &fields, "capabilities").unwrap_or_default(),
        resources: resources(reader, &fields, kind),
        scalable: flag(reader, &fields, "scalable", false),
        publish: flag(reader, &fields, "publish", false),
        internet: internet(reader, &fields, kind),
        stop_grace: fields
            .get("stop_grace")
            .and_then(|(node, path)| reader.formed(node, &path, "a time such as `10s`", seconds))
            .map_or(Duration::from_secs(10), |time| time.value),
        credentials: credential::credential(reader, &fields),
        images: Images::default(),
    };
    let images = images::read(reader, &fields, &rest);
    Some(Entry { images, ..rest })
}

/// Integrations ask their vendors; the gateway may do the work of integrations. A variable's name is for those whom only a
/// setting sends outside.
fn internet(reader: &mut Reader<'_>, fields: &Fields<'_>, kind: Kind) -> Internet {
    let given = fields.get("internet").and_then(|(node, path)| {
        let form = "`true`, `false`, or the name of a variable";
        reader.formed(node, &path, form, |text| match text {
            "true" => Some(Internet::Always),
            "false" => Some(Internet::Never),
            name if form::is_variable(name) => Some(Internet::WhenSet(name.to_owned())),
            _ => None,
        })
    });
    match given {
        Some(given) => given.value,
        None if matches!(kind, Kind::Gateway | Kind::Integration) => Internet::Always,
        None => Internet::Never,
    }
}

/// Reads a key that must be there.
pub(super) fn required<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&mut Reader<'_>, &Node, &str) -> Option<T>,
) -> Option<T> {
    if let Some((node, path)) = fields.get(key) {
        return read(reader, node, &path);
    }
    reader.refuse(fields.position, &fields.path(key), "is missing");
    None
}

pub(super) fn optional_text(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
) -> Option<String> {
    let (node, path) = fields.get(key)?;
    reader.text(node, &path).map(|text| text.value)
}

pub(super) fn words(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
) -> Option<Vec<String>> {
    let (node, path) = fields.get(key)?;
    let texts = reader.texts(node, &path)?;
    Some(texts.into_iter().map(|text| text.value).collect())
}

pub(super) fn flag(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, default: bool) -> bool {
    let read = fields
        .get(key)
        .and_then(|(node, path)| reader.boolean(node, &path));
    read.map_or(default, |flag| flag.value)
}

fn name(reader: &mut Reader<'_>, fields: &Fields<'_>, stem: &str) -> Option<ServiceName> {
    let Some((node, path)) = fields.get("name") else {
        return match stem.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                reader.refuse(fields.position, "name", format!("{error}"));
                None
            }
        };
    };
    let name = reader.parsed::<ServiceName>(node, &path)?;
    if name.value.as_str() != stem {
        let message = format!("`{}` must be the name of its file, `{stem}`", name.value);
        reader.refuse(name.position, &path, message);
        return None;
    }
    Some(name.value)
}

pub(super) fn port(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
) -> Option<crate::diagnostic::At<Port>> {
    reader.formed(node, path, "a port from 1 to 65535", |text| {
        text.parse().ok().and_then(Port::new)
    })
}

fn seconds(text: &str) -> Option<Duration> {
    text.strip_suffix('s')?
        .parse()
        .ok()
        .map(Duration::from_secs)
}

fn probe(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Probe> {
    let fields = reader.fields(node, path, &["http", "tcp", "command"])?;
    if let Some(path) = optional_text(reader, &fields, "http") {
        return Some(Probe::Http { path });
    }
    if let Some(command) = words(reader, &fields, "command") {
        return Some(Probe::Command(command));
    }
    let Some((tcp, tcp_path)) = fields.get("tcp") else {
        reader.refuse(
            node.position,
            path,
            "one of `http`, `tcp` and `command` is needed",
        );
        return None;
    };
    if tcp.value == Value::Null {
        return Some(Probe::Tcp { exchange: None });
    }
    let exchange = reader.fields(tcp, &tcp_path, &["send", "expect"])?;
    let send = optional_text(reader, &exchange, "send");
    let expect = words(reader, &exchange, "expect");
    let exchange = send
        .zip(expect)
        .map(|(send, expect)| Exchange { send, expect });
    Some(Probe::Tcp { exchange })
}

fn dependencies(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<ServiceName, Dependency> {
    let mut found = BTreeMap::new();
    let Some((node, path)) = fields.get("depends_on") else {
        return found;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = format!("{path}.{}", key.value);
        let Ok(name) = key.value.parse::<ServiceName>() else {
            reader.refuse(
                key.position,
                &path,
                format!("invalid service name `{}`", key.value),
            );
            continue;
        };
        let (condition, unless_profile, optional) = if matches!(node.value, Value::Mapping(_)) {
            let keys = ["condition", "unless_profile", "optional"];
            let Some(fields) = reader.fields(node, &path, &keys) else {
                continue;
            };
            let condition = required(reader, &fields, "condition", |r, n, p| {
                r.choice(n, p, CONDITIONS)
            });
            (
                condition,
                words(reader, &fields, "unless_profile").unwrap_or_default(),
                flag(reader, &fields, "optional", false),
            )
        } else {
            (reader.choice(node, &path, CONDITIONS), Vec::new(), false)
        };
        if let Some(condition) = condition {
            let condition = condition.value;
            found.insert(
                name,
                Dependency {
                    condition,
                    unless_profile,
                    optional,
                    position: key.position,
                },
            );
        }
    }
    found
}

fn answers_for(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Substitution> {
    let (node, path) = fields.get("answers_for")?;
    let fields = reader.fields(node, &path, &["without", "services"])?;
    let without = required(reader, &fields, "without", |r, n, p| {
        r.parsed::<ServiceName>(n, p)
    })?
    .value;
    let (services, path) = fields.get("services")?;
    let services = reader
        .list(services, &path)?
        .iter()
        .filter_map(|node| reader.parsed::<ServiceName>(node, &path))
        .map(|name| name.value)
        .collect();
    Some(Substitution { without, services })
}

fn embedded(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Embedded> {
    let (node, path) = fields.get("embedded")?;
    let fields = reader.fields(node, &path, &["volume", "variable"])?;
    let volume = required(reader, &fields, "volume", mount)?;
    let variable = required(reader, &fields, "variable", |r, n, p| r.text(n, p))?.value;
    Some(Embedded {
        volume: volume.0,
        target: volume.1,
        variable,
    })
}

fn folders(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Folders> {
    let (node, path) = fields.get("folders")?;
    let fields = reader.fields(node, &path, &["target", "variable"])?;
    let target = required(reader, &fields, "target", |r, n, p| {
        r.formed(n, p, "an absolute path", |text| {
            text.starts_with('/').then(|| text.to_owned())
        })
    })?;
    let variable = required(reader, &fields, "variable", |r, n, p| r.text(n, p))?.value;
    Some(Folders {
        target: target.value,
        variable,
    })
}

fn mount(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<(String, String)> {
    let mount = reader.formed(node, path, "`volume:/absolute/path`", |text| {
        let (volume, target) = text.split_once(':')?;
        let named = !volume.is_empty() && !volume.contains('/');
        (named && target.starts_with('/')).then(|| (volume.to_owned(), target.to_owned()))
    });
    mount.map(|mount| mount.value)
}

fn volumes(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(String, String)> {
    let Some((node, path)) = fields.get("volumes") else {
        return Vec::new();
    };
    let items = reader.list(node, &path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| mount(reader, item, &path))
        .collect()
}

fn tmpfs(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Tmpfs> {
    let targets = words(reader, fields, "tmpfs").unwrap_or_else(|| vec!["/tmp".to_owned()]);
    let options = "rw,noexec,nosuid,nodev,size=64m";
    targets
        .into_iter()
        .map(|target| Tmpfs {
            target,
            options: options.to_owned(),
        })
        .collect()
}

/// Unless the file says otherwise: 512 MiB and half a core for what everything passes through, half of it for an integration.
fn resources(reader: &mut Reader<'_>, fields: &Fields<'_>, kind: Kind) -> Resources {
    let (memory, cpu_millis) = match kind {
        Kind::Gateway | Kind::Orchestrator | Kind::Store | Kind::Edge => (512 << 20, 500),
        Kind::Integration => (256 << 20, 250),
    };
    let mut resources = Resources {
        memory,
        cpu_millis,
        pids: 128,
    };
    let Some((node, path)) = fields.get("resources") else {
        return resources;
    };
    let Some(fields) = reader.fields(node, &path, size::KEYS) else {
        return resources;
    };
    if let Some(memory) = size::memory(reader, &fields) {
        resources.memory = memory.value;
    }
    if let Some(cpus) = size::cpus(reader, &fields) {
        resources.cpu_millis = cpus.value;
    }
    if let Some(pids) = size::pids(reader, &fields) {
        resources.pids = pids.value;
    }
    resources
}

pub(super) fn path(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<PathBuf> {
    optional_text(reader, fields, key).map(PathBuf::from)
}
