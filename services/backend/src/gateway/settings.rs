//! `GET/PUT /api/settings/{user_id}`. Secrets in settings are write-only: sealed before they reach the store,
//! and shown as `{"set": true}`. Sending that back keeps what is stored, so a client may put what it got.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;
use super::person::UserId;
use crate::problem::{Body, Problem};
use crate::seal::Sealer;
use crate::store::Settings;

/// The key under which a sealed value is stored; it cannot be sent, because what is sent under a secret's name is sealed whole.
const SEALED: &str = "sealed_v1";
const DEPTH_MAX: usize = 16;

pub(super) async fn get(State(gateway): Shared, user: UserId) -> Result<Json<Value>, Problem> {
    let stored = gateway
        .store
        .settings(user.as_str())
        .await?
        .unwrap_or_default();
    Ok(Json(answer(&user, &stored)))
}

pub(super) async fn put(
    State(gateway): Shared,
    user: UserId,
    Body(sent): Body<Settings>,
) -> Result<Json<Value>, Problem> {
    let stored = gateway
        .store
        .settings(user.as_str())
        .await?
        .unwrap_or_default();
    let sealed = seal(sent, &stored, user.as_str(), gateway.sealer.as_ref(), 0)?;
    gateway
        .store
        .put_settings(user.as_str(), sealed.clone())
        .await?;
    Ok(Json(answer(&user, &sealed)))
}

fn answer(user: &UserId, stored: &Settings) -> Value {
    json!({"user_id": user.as_str(), "settings": masked(stored)})
}

/// What may be shown of what is stored.
fn masked(stored: &Settings) -> Value {
    let rows = stored.iter().map(|(key, value)| {
        // By name too: another tool may have written a secret in the clear.
        let secret = is_sealed(value) || (is_secret(key, value) && !value.is_null());
        let shown = if secret {
            json!({"set": true})
        } else {
            masked_value(value)
        };
        (key.clone(), shown)
    });
    Value::Object(rows.collect())
}

fn masked_value(value: &Value) -> Value {
    match value {
        Value::Object(map) => masked(map),
        Value::Array(items) => items.iter().map(masked_value).collect(),
        plain => plain.clone(),
    }
}

fn is_sealed(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.contains_key(SEALED))
}

/// What to store of what was sent.
fn seal(
    sent: Settings,
    stored: &Settings,
    user: &str,
    sealer: Option<&Sealer>,
    depth: usize,
) -> Result<Settings, Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::invalid("settings are nested too deeply"));
    }
    let mut result = Map::new();
    for (key, value) in sent {
        check_key(&key)?;
        let before = stored.get(&key);
        if !is_secret(&key, &value) {
            result.insert(key, seal_value(value, before, user, sealer, depth)?);
            continue;
        }
        if value == json!({"set": true}) {
            match before {
                Some(before) if is_sealed(before) => drop(result.insert(key, before.clone())),
                Some(plain) if !is_cleared(plain) => {
                    let sealed = seal_secret(&key, plain, user, sealer)?;
                    result.insert(key, json!({SEALED: sealed}));
                }
                _ => {}
            }
        } else if !is_cleared(&value) {
            let sealed = seal_secret(&key, &value, user, sealer)?;
            result.insert(key, json!({SEALED: sealed}));
        }
    }
    Ok(result)
}

fn seal_value(
    value: Value,
    before: Option<&Value>,
    user: &str,
    sealer: Option<&Sealer>,
    depth: usize,
) -> Result<Value, Problem> {
    match value {
        Value::Object(map) => {
            let empty = Map::new();
            let before = before.and_then(Value::as_object).unwrap_or(&empty);
            Ok(Value::Object(seal(map, before, user, sealer, depth + 1)?))
        }
        Value::Array(items) => {
            let before = before.and_then(Value::as_array);
            let sealed = items.into_iter().enumerate().map(|(index, item)| {
                seal_value(
                    item,
                    before.and_then(|before| before.get(index)),
                    user,
                    sealer,
                    depth + 1,
                )
            });
            sealed.collect()
        }
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            Err(Problem::invalid("a number in the settings is too large"))
        }
        plain => Ok(plain),
    }
}

fn seal_secret(
    key: &str,
    value: &Value,
    user: &str,
    sealer: Option<&Sealer>,
) -> Result<String, Problem> {
    let sealer = sealer.ok_or_else(|| {
        let message = format!("`{key}` looks like a secret, and secrets are stored only encrypted: set `ATLAS_SECRET_KEY`");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "secret_key_missing", message)
    })?;
    let plain = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    sealer.seal(user, &plain).ok_or_else(|| {
        Problem::unavailable(
            "no_randomness",
            "the system has no randomness to encrypt with",
        )
    })
}

fn is_cleared(value: &Value) -> bool {
    value.is_null() || value == "" || *value == json!({"set": false})
}

/// MongoDB gives `$` and `.` in keys a meaning of their own.
fn check_key(key: &str) -> Result<(), Problem> {
    if key.is_empty()
        || key.len() > 128
        || key.starts_with('$')
        || key.contains(['.', '\0'])
        || key == SEALED
    {
        return Err(Problem::invalid(
            "a settings key is 1 to 128 bytes, does not begin with `$` and holds no `.`",
        ));
    }
    Ok(())
}

/// Whether a key names a secret: by its words, however they are joined (`apiToken`, `api-token`, `API_TOKEN`).
fn is_secret(key: &str, value: &Value) -> bool {
    let words = words(key);
    let last = words.last().map(String::as_str).unwrap_or_default();
    // `max_tokens: 4096` counts tokens; booleans tell nothing.
    if value.is_boolean() || (value.is_number() && last == "tokens") {
        return false;
    }
    let named = |word: &String| {
        let stem = word.strip_suffix('s').unwrap_or(word);
        [
            "token",
            "secret",
            "password",
            "passwd",
            "passphrase",
            "pas",
            "pass",
            "credential",
            "apikey",
            "privatekey",
        ]
        .contains(&stem)
    };
    words.iter().any(named) || matches!(last, "key" | "keys" | "pat" | "authorization")
}

fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_lower = false;
    for character in key.chars() {
        let boundary = !character.is_alphanumeric() || (character.is_uppercase() && previous_lower);
        if boundary && !words.last().is_none_or(String::is_empty) {
            words.push(String::new());
        }
        previous_lower = character.is_lowercase() || character.is_numeric();
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_secrets_by_their_names() {
        for key in [
            "token",
            "apiToken",
            "jira_api_key",
            "API-KEY",
            "clientSecret",
            "password",
            "slackTokens",
            "openai.pat",
            "apikey",
        ] {
            assert!(is_secret(key, &json!("x")), "{key}");
        }
        for key in ["theme", "keyboard", "monkey_mode", "passenger", "tokenizer"] {
            assert!(!is_secret(key, &json!("x")), "{key}");
        }
        assert!(!is_secret("max_tokens", &json!(4096)));
        assert!(is_secret("tokens", &json!({"slack": "x"})));
    }
}
