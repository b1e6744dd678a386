//! atlas.yaml as `init` writes it. Owns the text of a new one and single-key edits of an existing one; every other line of
//! the user's stays as it is.

use super::settings::Settings;
use crate::model::ProjectName;
use crate::resolve::DEFAULT_PROFILE;
use crate::targets::templates::Manifest;

/// The new text.
pub(super) fn merge(before: Option<&str>, settings: &Settings, directory: &str) -> String {
    match before {
        None => fresh(settings, directory),
        Some(before) => edited(before, settings),
    }
}

fn fresh(settings: &Settings, directory: &str) -> String {
    let key = |name: &str| settings.keys.get(name).cloned();
    let name = key("name").or_else(|| Some(ProjectName::from_directory(directory)?.to_string()));
    let further = [
        "stage",
        "data",
        "images",
        "oldest-engine",
        "public-url",
        "kubernetes",
    ];
    let manifest = Manifest {
        name: name.unwrap_or_else(|| "atlas-ai".to_owned()),
        services: settings.services.clone(),
        profile: key("profile").unwrap_or_else(|| DEFAULT_PROFILE.to_owned()),
        keys: further
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), key(name)?)))
            .collect(),
    };
    manifest.render()
}

fn services_line(settings: &Settings) -> String {
    format!("services-to-run: [{}]\n", settings.services.join(", "))
}

/// Replaces or adds the top-level lines that were asked for; line ends and a byte order mark stay.
fn edited(before: &str, settings: &Settings) -> String {
    let (bom, text) = match before.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", before),
    };
    let mut text = text.to_owned();
    if !settings.services.is_empty() {
        text = without(&text, "profile");
        text = with(&text, "services-to-run", services_line(settings).trim_end());
    }
    for (key, value) in &settings.keys {
        if key == "profile" && settings.services.is_empty() {
            text = without(&text, "services-to-run");
        }
        text = with(&text, key, &format!("{key}: {value}"));
    }
    format!("{bom}{text}")
}

fn is_key(line: &str, key: &str) -> bool {
    line.strip_prefix(key)
        .is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// The text without a top-level key and the lines that belong to it.
fn without(text: &str, key: &str) -> String {
    let mut inside = false;
    text.split_inclusive('\n')
        .filter(|line| {
            if is_key(line, key) {
                inside = true;
            } else if !line.starts_with([' ', '\t', '-']) {
                inside = false;
            }
            !inside
        })
        .collect()
}

/// The text with a top-level line in the place of the old one, whose comment it keeps, or at the end.
fn with(text: &str, key: &str, line: &str) -> String {
    let old = text.split_inclusive('\n').find(|l| is_key(l, key));
    let (value, comment) = match old.map(str::trim_end).and_then(|l| l.split_once(" #")) {
        Some((value, comment)) => (value.trim_end(), format!(" #{comment}")),
        None => (old.unwrap_or_default().trim_end(), String::new()),
    };
    if value == line {
        return text.to_owned();
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = format!("{line}{comment}{end}");
    let at = text.split_inclusive('\n').position(|l| is_key(l, key));
    let rest = without(text, key);
    let mut lines: Vec<&str> = rest.split_inclusive('\n').collect();
    match at {
        Some(at) => {
            lines.insert(at.min(lines.len()), &line);
            lines.concat()
        }
        None if rest.is_empty() || rest.ends_with('\n') => rest.clone() + &line,
        None => format!("{rest}{end}{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Settings {
        let mut settings = Settings::default();
        settings.keys.insert(key.into(), value.into());
        settings
    }

    #[test]
    fn a_key_is_replaced_in_its_place_and_everything_else_stays() {
        let before =
            "# mine\nname: demo\nprofile: minimal # small\nservices:\n  gateway: {port: 9000}\n";
        let after =
            "# mine\nname: demo\nprofile: all # small\nservices:\n  gateway: {port: 9000}\n";
        assert_eq!(merge(Some(before), &set("profile", "all"), "x"), after);
    }

    #[test]
    fn a_new_key_goes_to_the_end() {
        assert_eq!(
            merge(Some("name: demo"), &set("data", "embedded"), "x"),
            "name: demo\ndata: embedded\n"
        );
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_stay() {
        let before = "\u{feff}name: a\r\ndata: external\r\n";
        assert_eq!(
            merge(Some(before), &set("name", "b"), "x"),
            "\u{feff}name: b\r\ndata: external\r\n"
        );
        assert_eq!(
            merge(Some(before), &set("stage", "production"), "x"),
            "\u{feff}name: a\r\ndata: external\r\nstage: production\r\n"
        );
    }

    #[test]
    fn what_is_said_already_changes_nothing() {
        let before = "profile: all\n";
        assert_eq!(merge(Some(before), &set("profile", "all"), "x"), before);
    }

    #[test]
    fn a_block_below_a_key_goes_with_it() {
        let mut settings = Settings::default();
        settings.keys.insert("profile".into(), "all".into());
        let before = "services-to-run:\n  - slack\n  - jira\nname: demo\n";
        assert_eq!(
            merge(Some(before), &settings, "x"),
            "name: demo\nprofile: all\n"
        );
    }
}
