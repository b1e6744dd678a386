//! Sealed secrets: which values there are, where they stand, and that they are found there again.

use std::collections::BTreeMap;

use super::super::{Slot, sealed_in, slots};
use super::{Options, Secrets, deployment, file, rendered};

fn options() -> Options {
    let sealed = slots(&deployment()).into_keys();
    Options {
        secrets: Secrets::Sealed,
        sealed: sealed
            .map(|slot| {
                // Longer than any line that YAML would fold.
                let text = format!("{}{}", "Ag".repeat(1500), slot.key);
                (slot, text)
            })
            .collect(),
        ..Options::default()
    }
}

#[test]
fn each_overlay_gets_its_own_and_every_value_is_in_its_slot() {
    let (deployment, options) = (deployment(), options());
    let mut found: BTreeMap<Slot, String> = BTreeMap::new();
    for (component, overlay) in [
        ("sealed-secrets", "production"),
        ("sealed-secrets-dev", "dev"),
    ] {
        let path = format!("k/components/{component}/objects.yaml");
        found.extend(sealed_in(&file(&deployment, &options, &path)));
        let path = format!("k/overlays/{overlay}/kustomization.yaml");
        let text = file(&deployment, &options, &path);
        assert!(
            text.contains(&format!("- ../../components/{component}\n")),
            "{text}"
        );
        assert_eq!(text.matches("secrets").count(), 1, "{text}");
    }
    assert_eq!(found, options.sealed);
    let labels: Vec<String> = found.keys().map(Slot::label).collect();
    assert!(labels.contains(&"atlas/gateway".to_owned()), "{labels:?}");
    assert!(
        labels.contains(&"atlas-dev/gateway".to_owned()),
        "{labels:?}"
    );
}

#[test]
fn it_is_an_object_of_the_controllers_and_pods_do_not_see_a_difference() {
    let (deployment, options) = (deployment(), options());
    let text = file(
        &deployment,
        &options,
        "k/components/sealed-secrets/objects.yaml",
    );
    let own = text
        .split("---\n")
        .find(|text| text.contains("  name: redis\n"));
    let own = own.expect("one for redis");
    assert!(
        own.starts_with("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"),
        "{own}"
    );
    assert!(own.ends_with("    type: Opaque\n"), "{own}");
    let others = Options::default();
    let pods = |options: &Options| {
        let mut files = rendered(&deployment, options);
        files.retain(|(path, _)| path.starts_with("k/base/"));
        files
    };
    assert_eq!(pods(&options), pods(&others));
}
