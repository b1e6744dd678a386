//! What a person writes and what comes of it. `good` holds deployments, `bad` every refusal with its exact text,
//! `catalogue` services of one's own.

#![allow(clippy::unwrap_used)]

mod bad;
mod catalogue;
mod edge;
mod good;

use super::{Request, Resolution, resolve};
use crate::diagnostic::Diagnostic;
use crate::input::{Catalogue, Dotenv, Environment, Inputs, Project};
use crate::model::ImageRef;

/// Everything `atlas init` would generate.
const GENERATED: &str = "MONGO_INITDB_ROOT_PASSWORD=m0ngo\nREDIS_PASSWORD=r3dis\nATLAS_API_KEY=k3y\nATLAS_SECRET_KEY=s3cret\n";
/// Credentials of the default profile.
const ATLASSIAN: &str = "CONFLUENCE_URL=https://acme.atlassian.net\nCONFLUENCE_USERNAME=a@acme.com\nCONFLUENCE_TOKEN=c0nf\n\
JIRA_URL=https://acme.atlassian.net\nJIRA_USERNAME=a@acme.com\nJIRA_TOKEN=j1ra\n";

fn request() -> Request {
    let roles = ["gateway", "orchestrator", "confluence", "jira"];
    Request::new("My Project", ImageRef::new("atlas-builtin:test"), roles)
}

fn inputs(yaml: &str, dotenv: &str) -> Inputs {
    let (catalogue, mut problems) = Catalogue::embedded();
    let (project, found) = Project::parse("atlas.yaml", yaml.as_bytes());
    problems.extend(found);
    let mut variables = Dotenv::default();
    problems.extend(variables.parse(".env", dotenv.as_bytes(), &Environment::new()));
    Inputs {
        catalogue,
        project,
        dotenv: variables,
        problems,
    }
}

fn full_env() -> String {
    format!("{GENERATED}{ATLASSIAN}")
}

/// Resolves with all variables set.
fn resolved(yaml: &str) -> Resolution {
    let inputs = inputs(yaml, &full_env());
    resolve(&inputs, &request()).unwrap_or_else(|problems| panic!("{}", text(&problems)))
}

/// The refusal, with all variables set.
fn refused(yaml: &str) -> String {
    refused_with(yaml, &full_env(), &request())
}

fn refused_with(yaml: &str, dotenv: &str, request: &Request) -> String {
    match resolve(&inputs(yaml, dotenv), request) {
        Ok(_) => "accepted".to_owned(),
        Err(problems) => text(&problems),
    }
}

fn text(problems: &[Diagnostic]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
