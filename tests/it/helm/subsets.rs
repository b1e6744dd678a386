//! Every subset of the services is a chart that Helm renders to the objects of the Kustomize files.

use std::path::Path;

use atlas::targets::{Contents, helm, kubernetes};

use super::helms;
use super::objects::{Objects, collected, parsed, rendered, same};
use crate::kubernetes::{deployment, project, subsets::subsets};

#[test]
fn every_subset_of_the_services_renders_equal_objects() {
    let Some([_, helm]) = helms("subsets") else {
        return;
    };
    let project = project("subsets");
    let chart = project.path().join("chart");
    let options = kubernetes::Options::default();
    let mut compared = 0;
    for subset in subsets() {
        let deployment = deployment(&subset);
        let _ = std::fs::remove_dir_all(&chart);
        let artifacts = helm::artifacts(&deployment, &options, Path::new("chart"));
        for artifact in artifacts.expect("no fault") {
            let path = artifact.path.display().to_string();
            let Contents::Text(text) = artifact.contents else {
                panic!("{path} is secret");
            };
            project.write(&path, text);
        }
        let namespace = kubernetes::namespace(&deployment);
        let found = rendered(&helm, &chart, &namespace, &[]);
        let wanted = production(
            kubernetes::artifacts(&deployment, &options, Path::new("k")).expect("no fault"),
        );
        compared += same(&format!("{subset:?}"), &found, &wanted);
    }
    assert!(compared > 320 * 20, "{compared}");
}

/// The objects of the base and of the components that the overlay `production` lists, but for the Namespace.
fn production(artifacts: Vec<atlas::targets::Artifact>) -> Objects {
    let folders = [
        "k/base",
        "k/components/external-secrets",
        "k/components/gateway-api",
        "k/components/monitoring",
        "k/components/network-policies",
    ];
    let mut objects = Vec::new();
    for artifact in artifacts {
        let wanted = folders
            .iter()
            .any(|folder| artifact.path.starts_with(folder));
        if wanted
            && !artifact.path.ends_with("kustomization.yaml")
            && !artifact.path.ends_with("namespace.yaml")
        {
            let text = std::str::from_utf8(artifact.contents.bytes())
                .expect("UTF-8")
                .to_owned();
            objects.extend(parsed(&text).into_values());
        }
    }
    collected(objects)
}
