//! Hides the deployment's own secrets in text that services wrote: log lines, health answers. Knows nothing of where the
//! text is shown.

use crate::model::{Deployment, EnvValue};

/// Shorter values would hide ordinary words.
const SHORTEST: usize = 6;

/// The text with every known secret replaced by `***`.
pub(crate) fn redact(deployment: Option<&Deployment>, text: &str) -> String {
    let mut shown = text.to_owned();
    for secret in deployment.into_iter().flat_map(secrets) {
        if shown.contains(secret) {
            shown = shown.replace(secret, "***");
        }
    }
    shown
}

/// Longest first, so that a secret within another leaves nothing of the other.
fn secrets(deployment: &Deployment) -> Vec<&str> {
    let files = deployment.secrets.values();
    let variables = deployment.services.values().flat_map(|service| {
        service
            .environment
            .values()
            .filter_map(|value| match value {
                EnvValue::Plain(_) => None,
                EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => Some(value),
            })
    });
    let mut values: Vec<&str> = files
        .chain(variables)
        .flat_map(|secret| secret.expose().split_whitespace())
        .filter(|value| value.len() >= SHORTEST)
        .collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.dedup();
    values
}
