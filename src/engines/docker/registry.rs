//! Credentials for a registry from the Docker configuration and its helpers (`credHelpers`, `credsStore`, `auths`; the
//! protocol is docker/docker-credential-helpers'). Owns the lookup; nothing is ever stored or shown.

use std::path::Path;
use std::process::Stdio;

use bollard::auth::DockerCredentials;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::engines::EngineError;

/// Docker Hub's key in the configuration.
const HUB: &str = "https://index.docker.io/v1/";

/// What the configuration in `folder` has for the registry of a reference; `None` means anonymous.
pub(super) async fn credentials(
    folder: Option<&Path>,
    reference: &str,
) -> Result<Option<DockerCredentials>, EngineError> {
    let Some(config) = folder.and_then(configuration) else {
        return Ok(None);
    };
    let registry = registry_of(reference);
    let helper = config
        .get("credHelpers")
        .and_then(|helpers| helpers.get(registry))
        .or_else(|| config.get("credsStore"))
        .and_then(Value::as_str);
    if let Some(helper) = helper
        && let Some(found) = ask(helper, registry).await?
    {
        return Ok(Some(found));
    }
    let entry = config.get("auths").and_then(|auths| auths.get(registry));
    let text = |name: &str| entry?.get(name)?.as_str().map(str::to_owned);
    let (auth, token) = (text("auth"), text("identitytoken"));
    if auth.is_none() && token.is_none() {
        return Ok(None);
    }
    let plain = auth.as_deref().and_then(decode_base64);
    let plain = plain.as_deref().and_then(|plain| plain.split_once(':'));
    Ok(Some(DockerCredentials {
        username: plain.map(|(user, _)| user.to_owned()),
        password: plain.map(|(_, password)| password.to_owned()),
        identitytoken: token,
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    }))
}

/// The registry part: what stands before the first slash if it looks like a host, else Docker Hub
/// (distribution/reference `normalize.go`).
fn registry_of(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "docker.io" | "index.docker.io" => HUB,
            host => host,
        },
        _ => HUB,
    }
}

fn configuration(folder: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(folder.join("config.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// Asks `docker-credential-<helper> get`. "Not found" is an answer, everything else that fails is an error.
async fn ask(helper: &str, registry: &str) -> Result<Option<DockerCredentials>, EngineError> {
    let program = format!("docker-credential-{helper}");
    let failed = |cause: String| {
        EngineError {
        operation: "ask the credential helper",
        subject: program.clone(),
        cause,
        hint: Some("it is named in the Docker configuration; check that it works: `docker login` uses it too".into()),
        unreachable: false,
    }
    };
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        let written = input.write_all(registry.as_bytes()).await;
        written.map_err(|cause| failed(cause.to_string()))?;
    }
    let output = child.wait_with_output().await;
    let output = output.map_err(|cause| failed(cause.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return match text.contains("credentials not found") {
            true => Ok(None),
            false => Err(failed(output.status.to_string())),
        };
    }
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("its answer is not JSON".into()))?;
    let text = |name: &str| answer.get(name)?.as_str().map(str::to_owned);
    let (username, secret) = (text("Username"), text("Secret"));
    let is_token = username.as_deref() == Some("<token>");
    Ok(Some(DockerCredentials {
        username: username.filter(|_| !is_token),
        password: secret.clone().filter(|_| !is_token),
        identitytoken: secret.filter(|_| is_token),
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    }))
}

fn decode_base64(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    String::from_utf8(bytes).ok()
}
