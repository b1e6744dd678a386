//! Services of one's own: one file each, checked like everything else; and what a person may set of services.

use super::{full_env, inputs, request, text};
use crate::diagnostic::Diagnostic;
use crate::input::Inputs;
use crate::resolve::{resolve, wanted};

fn with(files: &[(&str, &str)], yaml: &str) -> Inputs {
    let mut inputs = inputs(yaml, &full_env());
    let mut problems: Vec<Diagnostic> = Vec::new();
    for (name, text) in files {
        inputs.catalogue.add(
            &format!("mine/{name}.yaml"),
            name,
            text.as_bytes(),
            &mut problems,
        );
    }
    inputs.problems.extend(problems);
    inputs
}

fn own(rest: &str) -> String {
    format!(
        "kind: integration\ndescription: Mine\nport: 9100\nhealth: {{http: /health}}\nimages: {{any: {{image: acme/mine:1}}}}\n{rest}"
    )
}

#[test]
fn a_service_is_added_by_one_file() {
    let yaml = "services-to-run: [wiki, orchestrator]";
    let inputs = with(
        &[(
            "wiki",
            &own("provides: {WIKI_SERVICE_URL: {value: 'http://wiki:9100'}}\n"),
        )],
        yaml,
    );
    let resolution = resolve(&inputs, &request()).unwrap();
    let orchestrator = &resolution.deployment.services[&"orchestrator".parse().unwrap()];
    assert!(orchestrator.environment.contains_key("WIKI_SERVICE_URL"));
}

#[test]
fn dependency_circles_are_shown() {
    let inputs = with(
        &[
            ("aa", &own("depends_on:\n  bb: healthy\n")),
            ("bb", &own("depends_on:\n  cc: healthy\n")),
            ("cc", &own("depends_on:\n  aa: started\n")),
        ],
        "services-to-run: [aa]",
    );
    assert_eq!(
        text(&resolve(&inputs, &request()).unwrap_err()),
        "error: mine/aa.yaml:7:3: depends_on: dependency circle: aa → bb → cc → aa
  hint: remove one of the dependencies of `bb`, `cc` and `aa`"
    );
}

#[test]
fn catalogue_files_are_checked_like_atlas_yaml() {
    let inputs = with(
        &[
            ("aa", "kind: integraton\nport: 0\nhealth: {}\nimage: x\n"),
            ("bb", &own("name: other\ndepends_on: {slak: healthy}\n")),
            ("cc", &own("depends_on: {slak: healthy}\n")),
        ],
        "services-to-run: [aa, bb, cc]",
    );
    assert_eq!(
        text(&resolve(&inputs, &request()).unwrap_err()),
        "error: mine/aa.yaml:1:1: description: is missing
error: mine/aa.yaml:1:7: kind: unknown value `integraton`
  hint: did you mean `integration`?
error: mine/aa.yaml:2:7: port: expected a port from 1 to 65535, found `0`
error: mine/aa.yaml:3:9: health: one of `http`, `tcp` and `command` is needed
error: mine/aa.yaml:4:1: image: unknown key `image`
  hint: did you mean `images`?
error: mine/bb.yaml:6:7: name: `other` must be the name of its file, `bb`
error: mine/cc.yaml:6:14: depends_on.slak: unknown service `slak`
  hint: did you mean `slack`?"
    );
}

#[test]
fn two_hundred_services_resolve() {
    let mut files = Vec::new();
    for number in 0..200 {
        let mut text = own(&format!("port: {}\n", 10_000 + number)).replacen("port: 9100\n", "", 1);
        text.push_str("profiles: [many]\nenvironment: {TOKEN: {secret: true}}\n");
        if number > 0 {
            text.push_str(&format!("depends_on: {{s{:03}: healthy}}\n", number - 1));
        }
        files.push((format!("s{number:03}"), text));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let resolution = resolve(&with(&files, "profile: many"), &request()).unwrap();
    let order = resolution.deployment.in_dependency_order();
    assert_eq!(order.len(), 200);
    assert_eq!(order[199].name.as_str(), "s199");
}

#[test]
fn what_a_person_may_set_is_known_before_anything_is_set() {
    let inputs = inputs("profile: minimal", "");
    let request = request();
    let wanted = wanted(&inputs, &request).unwrap();
    let sections: Vec<&str> = wanted
        .iter()
        .map(|wanted| wanted.entry.name.as_str())
        .collect();
    assert_eq!(sections, ["gateway", "orchestrator", "confluence", "jira"]);
    let variables: Vec<&str> = wanted[0].variables.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        variables,
        [
            "ATLAS_API_KEY",
            "ATLAS_SECRET_KEY",
            "CORS_ORIGINS",
            "DB_NAME",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "RATE_LIMIT_PER_MINUTE"
        ]
    );
    assert!(wanted[0].variables[0].1.generate);
}
