//! OAuth 2.0 grants that need no browser: a token is fetched when it is needed and kept until shortly before it expires.
//!
//! Shapes: RFC 6749, sections 4.4, 5 and 6 <https://www.rfc-editor.org/rfc/rfc6749>.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Answer, Refusal};
use crate::secret::Secret;
use crate::source::{Fault, SourceError};

/// A token is not used in its last minute: it could expire on its way.
const MARGIN: Duration = Duration::from_secs(60);
/// The fields of the form that are secret.
const SECRET: [&str; 2] = ["client_secret", "refresh_token"];
/// For servers that do not say how long a token is good for.
const LIFE: u64 = 300;

/// A way to tokens, shared by all clients of one vendor.
#[derive(Debug)]
pub struct Grant {
    url: String,
    form: Vec<(&'static str, Secret)>,
    kept: Mutex<Option<(Secret, Instant)>>,
    /// The latest token, expired or not.
    latest: std::sync::Mutex<Option<Secret>>,
}

#[derive(Deserialize)]
pub(super) struct Token {
    access_token: String,
    expires_in: Option<u64>,
}

impl Grant {
    /// Tokens are had from `url` (the token endpoint) for `form`.
    pub fn new(url: String, form: Vec<(&'static str, Secret)>) -> Self {
        Self {
            url,
            form,
            kept: Mutex::default(),
            latest: std::sync::Mutex::default(),
        }
    }

    pub(super) fn request(&self, http: &Client) -> RequestBuilder {
        let form: Vec<(&str, &str)> = self
            .form
            .iter()
            .map(|(name, value)| (*name, value.expose()))
            .collect();
        http.post(&self.url)
            .header("accept", "application/json")
            .form(&form)
    }

    /// The token that is kept, or a fresh one; who comes meanwhile waits for the same.
    pub(super) async fn token(
        &self,
        fetch: impl Future<Output = Result<Token, SourceError>>,
    ) -> Result<Secret, SourceError> {
        let mut kept = self.kept.lock().await;
        if let Some((token, until)) = kept.as_ref()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let asked = Instant::now();
        let fresh = fetch.await?;
        let token = Secret::new(fresh.access_token);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        let life = Duration::from_secs(fresh.expires_in.unwrap_or(LIFE).min(24 * 3600));
        *kept = Some((token.clone(), asked + life.saturating_sub(MARGIN)));
        Ok(token)
    }

    /// What must not be repeated: the values of the form and the latest token.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = self.form.iter().filter(|(name, _)| SECRET.contains(name));
        sent.map(|(_, value)| value.clone())
            .chain(latest.clone())
            .collect()
    }

    /// Forgets the token; whether there was one.
    pub(super) async fn forget(&self) -> bool {
        self.kept.lock().await.take().is_some()
    }
}

/// What a token endpoint means by its refusals (section 5.2). Microsoft's descriptions go on with ids for its support.
pub(super) fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    if !answer.status.is_client_error() || answer.status.as_u16() == 429 {
        return None;
    }
    let said = answer.json();
    let code = said.get("error")?.as_str()?;
    let description = said.get("error_description").and_then(|d| d.as_str());
    let description = description.unwrap_or_default();
    let end = ["Trace ID", "\r", "\n"]
        .iter()
        .filter_map(|end| description.find(end))
        .min();
    let description = description[..end.unwrap_or(description.len())].trim();
    let what = match code {
        "invalid_client" | "unauthorized_client" => "does not accept the client id or its secret",
        "invalid_grant" => "says that the consent expired or was revoked",
        _ => "gives no token",
    };
    let said: String = description.chars().take(200).collect();
    let said = if said.is_empty() { code } else { &said };
    Some(Refusal::new(
        Fault::Unauthorized,
        format!("{what} ({said})"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn token(grant: &Grant, fresh: &'static str, expires_in: u64) -> String {
        let fetch = async {
            Ok(Token {
                access_token: fresh.to_owned(),
                expires_in: Some(expires_in),
            })
        };
        grant.token(fetch).await.unwrap().expose().to_owned()
    }

    #[tokio::test]
    async fn a_token_is_kept_until_its_last_minute_or_until_it_is_forgotten() {
        let grant = Grant::new("http://localhost/token".to_owned(), Vec::new());
        assert_eq!(token(&grant, "first", 60).await, "first");
        assert_eq!(token(&grant, "second", 3600).await, "second");
        assert_eq!(token(&grant, "third", 3600).await, "second");
        assert!(grant.forget().await);
        assert!(!grant.forget().await);
        assert_eq!(token(&grant, "fourth", 3600).await, "fourth");
    }
}
