//! What the Kubernetes target promises, without a cluster. What foreign judges say stands in `tests/it/kubernetes.rs`.

mod route;
mod sealed;

use std::path::Path;

use super::{Options, PLACES, Secrets, artifacts};
use crate::model::{DataMode, Deployment, EnvValue, ImageRef, Mount, Service, ServiceName};
use crate::targets::compose::fixture::{self, portable as deployment};
use crate::targets::{Contents, MARKER, is_edited};

fn service<'d>(deployment: &'d mut Deployment, name: &str) -> &'d mut Service {
    let name: ServiceName = name.parse().expect("valid");
    deployment.services.get_mut(&name).expect("there")
}

fn rendered(deployment: &Deployment, options: &Options) -> Vec<(String, String)> {
    artifacts(deployment, options, Path::new("k"))
        .expect("valid")
        .into_iter()
        .map(|artifact| {
            let text = String::from_utf8(artifact.contents.bytes().to_vec()).expect("text");
            (artifact.path.display().to_string(), text)
        })
        .collect()
}

fn file(deployment: &Deployment, options: &Options, path: &str) -> String {
    let files = rendered(deployment, options);
    let found = files.into_iter().find(|(name, _)| name == path);
    found.expect(path).1
}

fn refusal(deployment: &Deployment) -> String {
    let faults = artifacts(deployment, &Options::default(), Path::new("k")).expect_err("refused");
    let lines = faults
        .iter()
        .map(|fault| format!("{}: {} ({})", fault.key, fault.message, fault.hint));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_deployment_gives_the_same_bytes() {
    let options = Options::default();
    let files = rendered(&deployment(), &options);
    assert_eq!(files, rendered(&deployment(), &options));
    for (path, text) in files {
        assert!(text.starts_with(MARKER), "{path}");
        assert!(!is_edited(&text), "{path}");
        assert!(is_edited(&format!("{text}# mine\n")), "{path}");
        assert!(is_edited(&text.replacen("---", "--- # mine", 1)), "{path}");
    }
    assert!(!is_edited("resources: []\n"), "not ours");
}

#[test]
fn secrets_stand_in_files_only_when_asked_for_and_then_in_one_private_file() {
    let deployment = deployment();
    let mut values: Vec<&str> = deployment
        .services
        .values()
        .flat_map(|service| service.environment.values())
        .filter_map(|value| match value {
            EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => {
                Some(value.expose())
            }
            EnvValue::Plain(_) => None,
        })
        .filter(|value| !value.is_empty())
        .collect();
    values.push("0123456789abcdef0123456789abcdef");
    for secrets in [
        Secrets::External,
        Secrets::Existing,
        Secrets::Sealed,
        Secrets::Values,
    ] {
        let options = Options {
            secrets,
            ..Options::default()
        };
        for artifact in artifacts(&deployment, &options, Path::new("k")).expect("valid") {
            let path = artifact.path.display().to_string();
            if path == "k/components/secrets/objects.yaml" {
                assert_eq!(secrets, Secrets::Values);
                assert_eq!(artifact.mode, 0o600);
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
fn an_autoscaler_and_a_number_of_replicas_exclude_each_other() {
    let deployment = deployment();
    for (path, text) in rendered(&deployment, &Options::default()) {
        let Some(own) = path.strip_suffix("deployment.yaml") else {
            continue;
        };
        let others = file(
            &deployment,
            &Options::default(),
            &format!("{own}service.yaml"),
        );
        let scaled = others.contains("kind: HorizontalPodAutoscaler");
        assert_ne!(text.contains("\n  replicas: "), scaled, "{path}");
    }
}

#[test]
fn words_that_look_like_references_stay_words() {
    let mut deployment = deployment();
    service(&mut deployment, "gateway").command = Some(vec!["echo $(HOME) $HOME".to_owned()]);
    let text = file(
        &deployment,
        &Options::default(),
        "k/base/gateway/deployment.yaml",
    );
    assert!(text.contains("- echo $$(HOME) $HOME"), "{text}");
}

#[test]
fn the_built_in_image_has_the_name_that_the_cluster_pulls() {
    let options = Options {
        builtin: Some(ImageRef::new("ghcr.io/acme/atlas:1")),
        ..Options::default()
    };
    let path = "k/base/gateway/deployment.yaml";
    let text = file(&deployment(), &options, path);
    assert!(text.contains("image: ghcr.io/acme/atlas:1\n"), "{text}");
    assert!(text.contains("imagePullPolicy: Always"), "{text}");
    let text = file(&deployment(), &Options::default(), path);
    assert!(text.contains("imagePullPolicy: IfNotPresent"), "{text}");
}

#[test]
fn stores_elsewhere_may_be_reached_by_those_who_know_their_address() {
    let mut deployment = deployment();
    let path = "k/components/network-policies/objects.yaml";
    let inside = file(&deployment, &Options::default(), path);
    deployment.data = DataMode::External;
    let outside = file(&deployment, &Options::default(), path);
    let count = |text: &str| text.matches("port: 6379").count();
    assert_eq!(count(&outside), count(&inside) + 1);
}

#[test]
fn what_could_not_work_is_refused_with_the_key_that_decides_it() {
    let mut bad = fixture::deployment();
    assert_eq!(
        refusal(&bad),
        "services.productivity.folders: `productivity` reads `notes/../documents` of this machine, which no pod of a cluster has (remove `services.productivity.folders`, or leave `productivity` out)\n\
         services.productivity.folders: `productivity` reads `/tmp` of this machine, which no pod of a cluster has (remove `services.productivity.folders`, or leave `productivity` out)"
    );
    bad = deployment();
    bad.public_url = "https://127.0.0.1".parse().ok();
    bad.project = "a".repeat(60).parse().expect("valid");
    service(&mut bad, "slack").resources.memory = 1 << 20;
    service(&mut bad, "slack").resources.cpu_millis = 0;
    service(&mut bad, "slack").capabilities = vec!["SYS_ADMIN".to_owned()];
    let redis = service(&mut bad, "redis");
    redis.command = Some(
        ["redis-server", "--maxmemory", "512mb"]
            .map(str::to_owned)
            .into(),
    );
    assert_eq!(
        refusal(&bad),
        format!(
            "name: `{}` is too long for a namespace: 59 characters at most (choose a shorter name)\n\
             public-url: `127.0.0.1` is not a domain that a route can be made for (give a name such as `https://api.example.com`)\n\
             services.redis.memory: `redis` may hold 512 MiB of data, but is ended at 512 MiB (raise the limit above it)\n\
             services.slack: `slack` wants the capability `SYS_ADMIN`, which the standard `restricted` forbids (remove it in the catalogue)\n\
             services.slack.memory: 1048576 bytes of memory are too few for `slack` (give 16 MiB at least)\n\
             services.slack.cpus: `slack` cannot run on no CPU (give 0.01 at least)",
            "a".repeat(60)
        )
    );
    bad = deployment();
    bad.services.clear();
    assert_eq!(
        refusal(&bad),
        "services-to-run: there is no service to render (name one, or a profile)"
    );
}

#[test]
fn names_that_would_clash_are_refused() {
    let mut bad = deployment();
    service(&mut bad, "redis").mounts = ["a_b", "a-b"]
        .map(|volume| Mount::Volume {
            volume: volume.to_owned(),
            target: format!("/{volume}"),
        })
        .into();
    for name in ["edge", "9lives", "mongodb-members"] {
        let mut service = bad.services.values().next().expect("one").clone();
        service.name = name.parse().expect("valid");
        bad.services.insert(service.name.clone(), service);
    }
    assert_eq!(
        refusal(&bad),
        "services.9lives: `9lives` cannot be the name of a Service: it must begin with a letter (rename its file in the catalogue)\n\
         services.redis: the volumes `a_b` and `a-b` of `redis` would have one name (rename one in the catalogue)\n\
         services.edge: `edge` is the name of an object that atlas makes (rename its file in the catalogue)\n\
         services.mongodb-members: `mongodb-members` is the name of an object that atlas makes (rename its file in the catalogue)"
    );
}

#[test]
fn whatever_is_rendered_is_known_by_its_place() {
    let options = Options {
        secrets: Secrets::Values,
        ..Options::default()
    };
    let deployment = deployment();
    for artifact in artifacts(&deployment, &options, Path::new("k")).expect("valid") {
        let path = artifact.path.strip_prefix("k").expect("below it");
        let is_known = PLACES.iter().any(|place| path.starts_with(place));
        assert!(is_known, "{}", path.display());
    }
}
