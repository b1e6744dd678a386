//! Every subset of the services renders files that fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use atlas::model::Deployment;
use atlas::targets::kubernetes::{Options, artifacts};
use serde_json::Value;

use super::{ALL, deployment};

/// All singles, all pairs, 200 picked by a generator that is the same on every machine.
pub(crate) fn subsets() -> Vec<Vec<&'static str>> {
    let mut subsets: Vec<Vec<&str>> = ALL.iter().map(|name| vec![*name]).collect();
    for (number, first) in ALL.iter().enumerate() {
        subsets.extend(ALL[number + 1..].iter().map(|second| vec![*first, *second]));
    }
    let mut state: u32 = 1;
    while subsets.len() < ALL.len() + ALL.len() * (ALL.len() - 1) / 2 + 200 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let picked = |number: &usize| state >> (number + 8) & 1 == 1;
        let subset: Vec<&str> = (0..ALL.len()).filter(picked).map(|n| ALL[n]).collect();
        if !subset.is_empty() {
            subsets.push(subset);
        }
    }
    subsets
}

#[test]
fn every_subset_of_the_services_is_sound() {
    let subsets = subsets();
    assert_eq!(subsets.len(), 15 + 105 + 200);
    // Most files are the same in many subsets.
    let mut parsed: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for subset in subsets {
        let deployment = deployment(&subset);
        let rendered = artifacts(&deployment, &Options::default(), Path::new("k"));
        let files: BTreeMap<String, Vec<Value>> = rendered
            .expect("no fault")
            .iter()
            .map(|artifact| {
                let text = std::str::from_utf8(artifact.contents.bytes()).expect("UTF-8");
                let objects = parsed
                    .entry(text.to_owned())
                    .or_insert_with(|| serde_saphyr::from_multiple(text).expect("YAML"));
                (artifact.path.display().to_string(), objects.clone())
            })
            .collect();
        is_sound(&subset, &deployment, &files);
    }
}

/// Every file is listed, every name is given once, and the policies are the graph.
fn is_sound(subset: &[&str], deployment: &Deployment, files: &BTreeMap<String, Vec<Value>>) {
    let mut names = BTreeSet::new();
    for object in files.values().flatten() {
        let text = |key: &str| object.pointer(key).and_then(Value::as_str);
        let kind = text("/kind").expect("a kind");
        if let Some(name) = text("/metadata/name") {
            // The two ways in exclude each other and share a policy's name.
            let once = names.insert((kind.to_owned(), name.to_owned()));
            assert!(once || name == "edge", "{subset:?}: {kind} {name} twice");
        }
    }
    for (path, objects) in files {
        let Some(folder) = path.strip_suffix("/kustomization.yaml") else {
            continue;
        };
        for key in ["resources", "components"] {
            for listed in objects[0][key].as_array().into_iter().flatten() {
                let listed = listed.as_str().expect("a path");
                let target = match listed.strip_prefix("../../") {
                    Some(rest) => format!("k/{rest}/kustomization.yaml"),
                    None => format!("{folder}/{listed}"),
                };
                assert!(files.contains_key(&target), "{subset:?}: {path}: {target}");
            }
        }
    }
    for service in deployment.services.values() {
        let name = service.name.to_string();
        for kind in [
            "Service",
            "ServiceAccount",
            "PodDisruptionBudget",
            "NetworkPolicy",
        ] {
            let there = names.contains(&(kind.to_owned(), name.clone()));
            assert!(there, "{subset:?}: {kind} {name}");
        }
    }
    let policies = &files["k/components/network-policies/objects.yaml"];
    assert_eq!(allowed(policies), graph(deployment), "{subset:?}");
}

/// Pairs that both sides allow.
fn allowed(policies: &[Value]) -> BTreeSet<(String, String)> {
    let label = "/podSelector/matchLabels/app.kubernetes.io~1name";
    let mut sides = [BTreeSet::new(), BTreeSet::new()];
    for policy in policies {
        let own = policy.pointer(&format!("/spec{label}"));
        let Some(own) = own.and_then(Value::as_str) else {
            continue;
        };
        for (side, (rules, peers)) in [("ingress", "from"), ("egress", "to")].iter().enumerate() {
            let rules = policy["spec"][*rules].as_array().into_iter().flatten();
            for peer in rules.flat_map(|rule| rule[*peers].as_array().into_iter().flatten()) {
                if let Some(other) = peer.pointer(label).and_then(Value::as_str) {
                    let pair = match side {
                        0 => (other.to_owned(), own.to_owned()),
                        _ => (own.to_owned(), other.to_owned()),
                    };
                    sides[side].insert(pair);
                }
            }
        }
    }
    assert_eq!(
        sides[0], sides[1],
        "what one side allows, the other does too"
    );
    sides[0].retain(|(from, to)| from != to);
    let [both, _] = sides;
    both
}

fn graph(deployment: &Deployment) -> BTreeSet<(String, String)> {
    let services = deployment.services.values();
    services
        .flat_map(|service| {
            let to = service.depends_on.keys();
            to.map(|other| (service.name.to_string(), other.to_string()))
        })
        .collect()
}
