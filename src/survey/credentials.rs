//! Looks for the facts of `checks::credentials`: one request for each integration, all at once, as the catalogue describes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::Scene;
use crate::checks::credentials::{Credentials, Tried};
use crate::checks::{Known, Unknown};
use crate::input::catalogue::{Credential, Entry};

/// How long one vendor may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// How much of a vendor's words is shown.
const SAID: usize = 120;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Credentials> {
    if !scene.online {
        return Err(Unknown::Unasked("--online"));
    }
    let authorities = scene.environment.get("SSL_CERT_FILE").map(Path::new);
    let client = atlas_backend::vendor::http_client(authorities).map_err(Unknown::Unseen)?;
    let asked = entries(scene).into_iter().filter_map(|entry| {
        let credential = entry.credentials.as_ref()?;
        let values = match &credential.untried {
            Some(_) if !is_configured(scene, entry) => return None,
            Some(_) => BTreeMap::new(),
            None => values(scene, credential)?,
        };
        let base = credential.base_variable.as_deref();
        let base = base.and_then(|name| variable(scene, name));
        let client = &client;
        Some(async move {
            let tried = match &credential.untried {
                Some(reason) => Tried::Unknown(reason.clone()),
                None => {
                    let request = Request {
                        credential,
                        values,
                        base,
                    };
                    let answer = tokio::time::timeout(DEADLINE, request.send(client));
                    let late =
                        |_| Tried::Unknown(format!("no answer within {} s", DEADLINE.as_secs()));
                    answer.await.unwrap_or_else(late)
                }
            };
            (entry.name.to_string(), tried)
        })
    });
    let tried = join_all(asked).await.into_iter().collect();
    Ok(Credentials { tried })
}

/// The services of the deployment, and those whose work one of them does.
fn entries<'s>(scene: &Scene<'s>) -> Vec<&'s Entry> {
    let Some(deployment) = scene.deployment else {
        return scene.inputs.catalogue.entries().collect();
    };
    let is_there = |name: &str| deployment.services.keys().any(|n| n.as_str() == name);
    let mut names: Vec<&str> = deployment.services.keys().map(|n| n.as_str()).collect();
    for entry in scene
        .inputs
        .catalogue
        .entries()
        .filter(|e| is_there(e.name.as_str()))
    {
        let others = entry
            .answers_for
            .iter()
            .filter(|o| !is_there(o.without.as_str()));
        names.extend(others.flat_map(|o| &o.services).map(|n| n.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| scene.inputs.catalogue.get(name))
        .collect()
}

fn variable<'s>(scene: &Scene<'s>, name: &str) -> Option<&'s str> {
    let environment = scene.environment.get(name);
    let value = environment.or_else(|| Some(&scene.inputs.dotenv.get(name)?.value))?;
    let unasked = matches!(scene.references.get(name), Some(Some(_)));
    (!value.is_empty() && !unasked).then_some(value)
}

fn is_configured(scene: &Scene<'_>, entry: &Entry) -> bool {
    let mut required = entry.environment.iter().filter(|(_, v)| v.required);
    required.all(|(name, _)| variable(scene, name).is_some())
}

/// The variables of a request; `None` unless all are set.
fn values<'s>(scene: &Scene<'s>, credential: &'s Credential) -> Option<BTreeMap<&'s str, &'s str>> {
    let names = credential.variables().into_iter();
    names
        .map(|name| Some((name, variable(scene, name)?)))
        .collect()
}

struct Request<'s> {
    credential: &'s Credential,
    values: BTreeMap<&'s str, &'s str>,
    base: Option<&'s str>,
}

impl Request<'_> {
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.values {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        text
    }

    async fn send(&self, client: &atlas_backend::vendor::Client) -> Tried {
        let credential = self.credential;
        let base = self
            .base
            .map_or_else(|| self.filled(&credential.base), str::to_owned);
        let url = format!(
            "{}{}",
            base.trim_end_matches('/'),
            self.filled(&credential.path)
        );
        let mut request = match credential.post {
            true => client.post(url),
            false => client.get(url),
        };
        for (name, value) in &credential.headers {
            request = request.header(name, self.filled(value));
        }
        if let Some((user, password)) = credential.basic.as_deref().and_then(|b| b.split_once(':'))
        {
            request = request.basic_auth(self.filled(user), Some(self.filled(password)));
        }
        if let Some(json) = &credential.json {
            let body = self.filled(json);
            request = request
                .header("Content-Type", "application/json")
                .body(body);
        } else if !credential.form.is_empty() {
            let fields = credential.form.iter();
            let fields =
                fields.map(|(name, value)| format!("{name}={}", encoded(&self.filled(value))));
            let body = fields.collect::<Vec<_>>().join("&");
            let kind = "application/x-www-form-urlencoded";
            request = request.header("Content-Type", kind).body(body);
        }
        match request.send().await {
            // The error's own words may hold the address, and that the key.
            Err(error) if error.is_timeout() => Tried::Unknown("no answer in time".to_owned()),
            Err(error) if error.is_builder() => Tried::Unknown("its address is not one".to_owned()),
            Err(_) => Tried::Unknown("the vendor cannot be reached from here".to_owned()),
            Ok(response) => {
                let status = response.status().as_u16();
                let header = credential.scopes_header.as_deref();
                let scopes = header.and_then(|name| response.headers().get(name));
                let scopes = scopes.and_then(|value| Some(value.to_str().ok()?.to_owned()));
                let body = response.text().await.unwrap_or_default();
                self.judge(status, scopes.as_deref(), &body)
            }
        }
    }

    fn judge(&self, status: u16, scopes: Option<&str>, body: &str) -> Tried {
        let credential = self.credential;
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let at = |pointer: &Option<String>| pointer.as_ref().and_then(|p| body.pointer(p));
        let said = at(&credential.error)
            .and_then(Value::as_str)
            .map(|said| self.shown(said));
        let said = said.map_or_else(String::new, |said| format!(": {said}"));
        match status {
            401 => Tried::Refused(status, said),
            403 => Tried::Forbidden(said),
            429 => Tried::Unknown("the vendor allows no more requests for now (429)".to_owned()),
            _ if credential.refusals.contains(&status) => Tried::Refused(status, said),
            200..=299 => {
                let good = at(&credential.success);
                let good =
                    good.is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
                if credential.success.is_some() && !good {
                    return Tried::Refused(status, said);
                }
                let lacking = scopes.map_or_else(Vec::new, |scopes| {
                    let given: Vec<&str> = scopes.split(',').map(str::trim).collect();
                    let wanted = credential.scopes.iter();
                    wanted
                        .filter(|scope| !given.contains(&scope.as_str()))
                        .cloned()
                        .collect()
                });
                if !lacking.is_empty() {
                    return Tried::Lacks(lacking);
                }
                let account = at(&credential.account).and_then(Value::as_str);
                Tried::Works(account.map(|account| self.shown(account)))
            }
            _ => Tried::Unknown(format!("an unexpected answer ({status}{said})")),
        }
    }

    /// A vendor's words on one line, without the credentials that it may repeat.
    fn shown(&self, said: &str) -> String {
        let mut said = said.to_owned();
        for value in self.values.values().filter(|value| value.len() > 5) {
            said = said.replace(value, "***");
        }
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars()
            .filter(|c| !c.is_control())
            .take(SAID)
            .collect()
    }
}

/// Percent-encodes a form's value.
fn encoded(value: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}
