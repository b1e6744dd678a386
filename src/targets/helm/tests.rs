//! What the chart promises, without Helm. What Helm and other judges say stands in `tests/it/helm.rs`.

use std::path::Path;

use super::service::split;
use super::{PLACES, artifacts};
use crate::model::{Deployment, EnvValue};
use crate::targets::compose::fixture::{self, portable as deployment};
use crate::targets::kubernetes::{self, Options, Secrets};
use crate::targets::{Contents, is_edited, is_generated};

fn rendered(deployment: &Deployment, options: &Options) -> Vec<(String, String)> {
    artifacts(deployment, options, Path::new("c"))
        .expect("valid")
        .into_iter()
        .map(|artifact| {
            let text = String::from_utf8(artifact.contents.bytes().to_vec()).expect("text");
            (artifact.path.display().to_string(), text)
        })
        .collect()
}

#[test]
fn the_same_deployment_gives_the_same_bytes_which_tell_of_edits() {
    let files = rendered(&deployment(), &Options::default());
    assert_eq!(files, rendered(&deployment(), &Options::default()));
    for (path, text) in files {
        assert!(is_generated(text.as_bytes()), "{path}");
        assert!(!is_edited(&text), "{path}");
        assert!(is_edited(&format!("{text} ")), "{path}");
    }
}

#[test]
fn every_condition_that_begins_ends() {
    for (path, text) in rendered(&deployment(), &Options::default()) {
        if !path.starts_with("c/templates/") {
            continue;
        }
        let count = |word: &str| {
            ["{{- ", "{{ "]
                .map(|open| text.matches(&format!("{open}{word}")).count())
                .iter()
                .sum::<usize>()
        };
        let begun = count("if ") + count("with ") + count("define ");
        assert_eq!(begun, count("end "), "{path}");
        assert_eq!(
            text.matches("{{").count(),
            text.matches("}}").count(),
            "{path}"
        );
    }
}

#[test]
fn no_secret_stands_in_any_file_but_the_private_one_that_was_asked_for() {
    let deployment = deployment();
    let environment = deployment
        .services
        .values()
        .flat_map(|s| s.environment.values());
    let mut values: Vec<&str> = environment
        .filter_map(|value| match value {
            EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => {
                Some(value.expose())
            }
            EnvValue::Plain(_) => None,
        })
        .chain(deployment.secrets.values().map(|secret| secret.expose()))
        .filter(|value| !value.is_empty())
        .collect();
    values.sort_unstable();
    values.dedup();
    assert!(values.len() > 3, "there is something to find");
    for secrets in [Secrets::External, Secrets::Existing, Secrets::Values] {
        let options = Options {
            secrets,
            ..Options::default()
        };
        for artifact in artifacts(&deployment, &options, Path::new("c")).expect("valid") {
            let path = artifact.path.display().to_string();
            if path == "c/values-secrets.yaml" {
                assert_eq!((secrets, artifact.mode), (Secrets::Values, 0o600));
                assert!(matches!(artifact.contents, Contents::Secret(_)));
                continue;
            }
            let text = String::from_utf8_lossy(artifact.contents.bytes()).into_owned();
            for value in &values {
                assert!(!text.contains(value), "{path} holds a secret");
            }
        }
    }
}

#[test]
fn an_image_in_parts_is_the_same_image() {
    for (reference, registry, repository) in [
        ("redis", "", "redis"),
        ("mongo:7", "", "mongo"),
        ("library/redis:7-alpine@sha256:abc", "", "library/redis"),
        ("ghcr.io/acme/atlas@sha256:abc", "ghcr.io", "acme/atlas"),
        ("127.0.0.1:5000/atlas:1", "127.0.0.1:5000", "atlas"),
        ("localhost/a/b:1", "localhost", "a/b"),
    ] {
        let parts = split(reference);
        assert_eq!(parts["registry"], registry, "{reference}");
        assert_eq!(parts["repository"], repository, "{reference}");
        let part = |name: &str, before: &str, after: &str| {
            let text = parts[name].as_str().unwrap_or_default();
            match text {
                "" => String::new(),
                text => format!("{before}{text}{after}"),
            }
        };
        let whole = [
            part("registry", "", "/"),
            part("repository", "", ""),
            part("tag", ":", ""),
            part("digest", "@", ""),
        ];
        assert_eq!(whole.concat(), reference);
    }
}

#[test]
fn what_kubernetes_would_refuse_is_refused_alike() {
    let mut bad = fixture::deployment();
    bad.public_url = "https://127.0.0.1".parse().ok();
    let options = Options::default();
    let here = artifacts(&bad, &options, Path::new("c")).expect_err("refused");
    let there = kubernetes::artifacts(&bad, &options, Path::new("k")).expect_err("refused");
    assert_eq!(here, there);
}

#[test]
fn whatever_is_rendered_is_known_by_its_place() {
    let options = Options {
        secrets: Secrets::Values,
        ..Options::default()
    };
    let deployment = deployment();
    for artifact in artifacts(&deployment, &options, Path::new("c")).expect("valid") {
        let path = artifact.path.strip_prefix("c").expect("below it");
        let is_known = PLACES.iter().any(|place| path.starts_with(place));
        assert!(is_known, "{}", path.display());
    }
}
