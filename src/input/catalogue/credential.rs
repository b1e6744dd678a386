//! How a service's credentials are tried at their vendor: the `credential` part of a catalogue file. Owns its keys and what they
//! mean; who asks is `survey`.

use std::collections::BTreeMap;

use super::reader::{optional_text, required, words};
use crate::input::fields::{Fields, Reader, join};
use crate::input::yaml::Node;

/// One request whose answer tells whether credentials work. `${NAME}` stands for a variable in `base`, `path`, headers, login
/// and body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credential {
    /// Scheme, host and what all paths begin with.
    pub base: String,
    /// The variable that names another base, such as a vendor's own server or a test's.
    pub base_variable: Option<String>,
    /// What is asked.
    pub path: String,
    /// Whether it is a POST; otherwise a GET.
    pub post: bool,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// `user:password` of basic authentication.
    pub basic: Option<String>,
    /// Fields of a form in the body.
    pub form: BTreeMap<String, String>,
    /// A JSON body, as text.
    pub json: Option<String>,
    /// JSON pointer to what must be there, and not `false` or `null`, although the status says success.
    pub success: Option<String>,
    /// JSON pointer to the vendor's word for what is wrong.
    pub error: Option<String>,
    /// JSON pointer to whom the credentials belong to.
    pub account: Option<String>,
    /// Statuses besides 401 by which the vendor refuses the credentials themselves.
    pub refusals: Vec<u16>,
    /// The header that lists what the credentials may do, separated by commas.
    pub scopes_header: Option<String>,
    /// What they must be allowed to do.
    pub scopes: Vec<String>,
    /// Why it cannot be tried at all.
    pub untried: Option<String>,
}

const KEYS: &[&str] = &[
    "base",
    "base_variable",
    "path",
    "method",
    "headers",
    "basic",
    "form",
    "json",
    "success",
    "error",
    "account",
    "refusals",
    "scopes_header",
    "scopes",
    "untried",
];
const METHODS: &[(&str, bool)] = &[("get", false), ("post", true)];

pub(super) fn credential(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let (node, path) = fields.get("credential")?;
    let fields = reader.fields(node, &path, KEYS)?;
    if let Some(reason) = optional_text(reader, &fields, "untried") {
        return Some(Credential {
            untried: Some(reason),
            ..Credential::default()
        });
    }
    let text = |r: &mut Reader<'_>, n: &Node, p: &str| r.text(n, p);
    let base = required(reader, &fields, "base", text)?.value;
    let path = required(reader, &fields, "path", text)?.value;
    let method = fields.get("method");
    let method = method.and_then(|(node, path)| reader.choice(node, &path, METHODS));
    let refusals = words(reader, &fields, "refusals").unwrap_or_default();
    Some(Credential {
        base,
        base_variable: optional_text(reader, &fields, "base_variable"),
        path,
        post: method.is_some_and(|method| method.value),
        headers: texts(reader, &fields, "headers"),
        basic: optional_text(reader, &fields, "basic"),
        form: texts(reader, &fields, "form"),
        json: optional_text(reader, &fields, "json"),
        success: optional_text(reader, &fields, "success"),
        error: optional_text(reader, &fields, "error"),
        account: optional_text(reader, &fields, "account"),
        refusals: refusals
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        scopes_header: optional_text(reader, &fields, "scopes_header"),
        scopes: words(reader, &fields, "scopes").unwrap_or_default(),
        untried: None,
    })
}

/// A mapping of texts.
fn texts(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some((node, path)) = fields.get(key) else {
        return found;
    };
    for (name, node) in reader.entries(node, &path).unwrap_or_default() {
        if let Some(text) = reader.text(node, &join(&path, &name.value)) {
            found.insert(name.value.clone(), text.value);
        }
    }
    found
}

impl Credential {
    /// The variables that the request is made of.
    pub fn variables(&self) -> Vec<&str> {
        let texts = [
            Some(&self.base),
            Some(&self.path),
            self.basic.as_ref(),
            self.json.as_ref(),
        ];
        let texts = texts.into_iter().flatten();
        let mut names: Vec<&str> = Vec::new();
        for text in texts.chain(self.headers.values()).chain(self.form.values()) {
            let parts = text.split("${").skip(1);
            names.extend(parts.filter_map(|part| Some(part.split_once('}')?.0)));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
