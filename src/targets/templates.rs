//! The files of `templates/`, inside the executable. The only owner of minijinja; what is undefined is an error. Values
//! for YAML are checked before they come here: names and words, never text that YAML could read otherwise. Those for HTML are
//! escaped here.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, HtmlEscape, UndefinedBehavior};
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

/// The whole configuration of nginx.
pub(super) fn nginx(site: &impl Serialize) -> String {
    plain(include_str!("../../templates/nginx.conf.j2"), site)
}

/// The site of nginx.
pub(super) fn nginx_site(site: &impl Serialize) -> String {
    plain(include_str!("../../templates/nginx-site.conf.j2"), site)
}

/// Text whose values need no escaping.
fn plain(template: &str, values: &impl Serialize) -> String {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let rendered = environment.render_str(template, Serde(values));
    let mut text = rendered.expect("the template is fixed, a test renders each of its branches");
    text.push('\n');
    text
}

/// A report as one HTML page, and as Markdown: what `doctor` and `checklist` found. Words are for people, nothing is escaped yet.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// `Production checklist`.
    pub title: String,
    /// The project's name.
    pub project: String,
    /// When it was made.
    pub time: String,
    /// Whether all is well.
    pub good: bool,
    /// What it comes to.
    pub verdict: String,
    /// How many of what.
    pub summary: String,
    /// The version of atlas.
    pub version: &'static str,
    /// What was found, in order.
    pub entries: Vec<Entry>,
}

/// One finding or item.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its name in commands.
    pub id: String,
    /// What came of it: `failure`, `not checked`.
    pub word: &'static str,
    /// The same for the style sheet.
    pub class: &'static str,
    /// Whether all fails without it.
    pub required: bool,
    /// What it is about.
    pub subject: Option<String>,
    /// What holds when all is well.
    pub title: String,
    /// What it is.
    pub what: Option<String>,
    /// Why it matters.
    pub why: Option<String>,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What was asked.
    pub question: Option<String>,
    /// What mends it.
    pub fixes: Vec<Mending>,
    /// Ids for `atlas explain`.
    pub more: Vec<&'static str>,
}

/// What mends something.
#[derive(Debug, Clone, Serialize)]
pub struct Mending {
    /// In words.
    pub text: String,
    /// A command for a shell.
    pub command: Option<String>,
}

impl Page {
    /// One page that needs nothing beside it. Everything is escaped; what stands in backticks becomes code.
    pub fn html(&self) -> String {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.add_filter("marked", marked);
        let template = include_str!("../../templates/report.html.j2");
        let rendered = environment.render_str(template, Serde(self));
        rendered.expect("the template is fixed, a test renders each of its branches")
    }
}

fn marked(text: &str) -> Value {
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without its partner is only a character.
    if parts.len().is_multiple_of(2) {
        return Value::from_safe_string(HtmlEscape(text).to_string());
    }
    let parts = parts
        .iter()
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => HtmlEscape(part).to_string(),
            _ => format!("<code>{}</code>", HtmlEscape(part)),
        });
    Value::from_safe_string(parts.collect())
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

    fn page(evidence: &str) -> Page {
        let entry = Entry {
            id: "redis".into(),
            word: "failure",
            class: "failure",
            required: false,
            subject: Some("redis".into()),
            title: "Redis has a password".into(),
            what: Some("what".into()),
            why: Some("why".into()),
            evidence: vec![evidence.into()],
            question: Some("Is it?".into()),
            fixes: vec![Mending {
                text: "set `REDIS_PASSWORD`".into(),
                command: Some("atlas up && echo \"done\"".into()),
            }],
            more: vec!["ATLAS-DATA-003"],
        };
        Page {
            title: "Production checklist".into(),
            project: "demo".into(),
            time: "2026-11-27 17:00 UTC".into(),
            good: false,
            verdict: "not ready".into(),
            summary: "1 item".into(),
            version: "0.1.0",
            entries: vec![entry],
        }
    }

    #[test]
    fn a_page_escapes_everything_and_asks_nothing_of_the_network() {
        let html = page("<script>alert(1)</script> & `a<b` \"'").html();
        let line = "<li class=\"evidence\">&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; <code>a&lt;b</code> &quot;&#x27;</li>";
        assert!(html.contains(line), "{html}");
        assert!(html.contains("<pre><code>atlas up &amp;&amp; echo &quot;done&quot;</code></pre>"));
        for foreign in [
            "<script", "http:", "https:", "src=", "url(", "@import", "<link",
        ] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        assert!(
            page("a lonely ` is a character")
                .html()
                .contains("a lonely ` is a character")
        );
        let other = Page {
            good: true,
            entries: vec![],
            ..page("")
        };
        assert!(other.html().contains("verdict good"));
    }
}
