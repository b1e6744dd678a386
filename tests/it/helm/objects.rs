//! Objects by kind and name, as Helm or Kustomize gives them, and in what two sets of them differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

pub(super) type Objects = BTreeMap<(String, String), Value>;

/// What Helm makes of a chart. `--set-json` and `--values` are among `more`.
pub(super) fn rendered(helm: &Path, chart: &Path, namespace: &str, more: &[&str]) -> Objects {
    let (text, said, ok) = helm_template(helm, chart, namespace, more);
    assert!(
        ok && said.is_empty(),
        "{}: {more:?}: {said}",
        chart.display()
    );
    parsed(&text)
}

/// Why Helm refuses values.
pub(super) fn refusal(helm: &Path, chart: &Path, more: &[&str]) -> String {
    let (_, said, ok) = helm_template(helm, chart, "refused", more);
    assert!(!ok, "{more:?} is taken");
    said
}

fn helm_template(
    helm: &Path,
    chart: &Path,
    namespace: &str,
    more: &[&str],
) -> (String, String, bool) {
    let mut command = Command::new(helm);
    command.args(["template", "atlas"]).arg(chart);
    command.args(["--namespace", namespace]).args(more);
    run(command)
}

/// What Kustomize builds of an overlay.
pub(super) fn built(kustomize: &Path, folder: &Path, overlay: &str) -> Objects {
    let mut command = Command::new(kustomize);
    command
        .arg("build")
        .arg(folder.join("overlays").join(overlay));
    let (text, said, ok) = run(command);
    assert!(ok, "{}: {said}", folder.display());
    parsed(&text)
}

fn run(mut command: Command) -> (String, String, bool) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.success(),
    )
}

/// The documents of a text.
pub(super) fn parsed(text: &str) -> Objects {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    collected(documents)
}

pub(super) fn collected(documents: impl IntoIterator<Item = Value>) -> Objects {
    let mut objects = Objects::new();
    for object in documents.into_iter().filter(|object| !object.is_null()) {
        let word = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let key = word("/kind")
            .zip(word("/metadata/name"))
            .expect("an object");
        let old = objects.insert(key.clone(), object);
        assert!(old.is_none(), "{key:?} twice");
    }
    objects
}

/// Fails with every place in which two sets of objects differ; gives how many objects were compared.
pub(super) fn same(what: &str, found: &Objects, wanted: &Objects) -> usize {
    let places = differences(found, wanted);
    assert!(
        places.is_empty(),
        "{what}: found, wanted:\n{}",
        places.join("\n")
    );
    found.len()
}

/// Every place in which two sets of objects differ, as `kind name pointer: found | wanted`.
pub(super) fn differences(found: &Objects, wanted: &Objects) -> Vec<String> {
    let mut places = Vec::new();
    let keys: BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    for key in keys {
        let [a, b] = [found, wanted].map(|objects| objects.get(key).unwrap_or(&Value::Null));
        differ(&format!("{} {} ", key.0, key.1), a, b, &mut places);
    }
    places
}

fn differ(place: &str, found: &Value, wanted: &Value, places: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let [a, b] = [a, b].map(|map| map.get(key).unwrap_or(&Value::Null));
                differ(&format!("{place}/{key}"), a, b, places);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{place}/{number}"), a, b, places);
            }
        }
        (a, b) if a == b => {}
        (a, b) => places.push(format!("{place}: {a} | {b}")),
    }
}
