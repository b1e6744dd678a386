//! The files of `templates/`, inside the executable. The only owner of minijinja; what is undefined is an error. Values are
//! checked before they come here: names and words, never text that YAML could read otherwise.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// The first lines of a new `.env`.
pub const DOTENV: &str = include_str!("../../templates/.env");

/// What a new atlas.yaml says.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// Project name.
    pub name: String,
    /// Services to run; when there are none, the profile is.
    pub services: Vec<String>,
    /// Profile.
    pub profile: String,
    /// Further keys with their values, in this order.
    pub keys: Vec<(String, String)>,
}

impl Manifest {
    /// A new atlas.yaml.
    pub fn render(&self) -> String {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("join", |words: Vec<String>, between: &str| {
            words.join(between)
        });
        let template = include_str!("../../templates/atlas.yaml.j2");
        let rendered = environment.render_str(template, Serde(self));
        let mut text =
            rendered.expect("the template is fixed, a test renders each of its branches");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_atlas_yaml_has_its_keys_in_order() {
        let keys = [("stage", "production"), ("data", "embedded")];
        let manifest = Manifest {
            name: "demo".into(),
            services: vec![],
            profile: "minimal".into(),
            keys: keys.map(|(k, v)| (k.into(), v.into())).into(),
        };
        let text = manifest.render();
        let body: Vec<&str> = text.lines().skip(3).take(5).collect();
        assert_eq!(
            body,
            [
                "name: demo",
                "profile: minimal",
                "stage: production",
                "data: embedded",
                ""
            ]
        );
        assert!(text.ends_with("#     memory: 512m\n"), "{text}");
    }

    #[test]
    fn named_services_stand_instead_of_a_profile() {
        let manifest = Manifest {
            name: "demo".into(),
            services: vec!["jira".into(), "slack".into()],
            profile: "minimal".into(),
            keys: vec![],
        };
        let text = manifest.render();
        let body: Vec<&str> = text.lines().skip(3).take(3).collect();
        assert_eq!(body, ["name: demo", "services-to-run: [jira, slack]", ""]);
    }
}
