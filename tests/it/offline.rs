//! `atlas` with no engine to speak to and nothing of the caller's environment.

use std::process::Command;

use crate::atlas::{Project, Run};

/// What `atlas init` would generate, and credentials of the default profile.
pub(crate) const ENV: &str = "ATLAS_API_KEY=k3y\nATLAS_SECRET_KEY=s3cret\nMONGO_INITDB_ROOT_PASSWORD=m0ngo\nREDIS_PASSWORD=r3dis\n\
CONFLUENCE_URL=https://acme.atlassian.net\nCONFLUENCE_USERNAME=a@acme.com\nCONFLUENCE_TOKEN=c0nf\n\
JIRA_URL=https://acme.atlassian.net\nJIRA_USERNAME=a@acme.com\nJIRA_TOKEN=j1ra\n";

/// The command, in the project's folder.
pub(crate) fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(arguments);
    command
        .env_clear()
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .env("NO_COLOR", "1");
    // The cache keeps the digest of the executable, which takes seconds to make in a debug build.
    for name in ["PATH", "HOME", "XDG_CACHE_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs it.
pub(crate) fn run(project: &Project, arguments: &[&str]) -> Run {
    Run::of(command(project, arguments).output().expect("atlas starts"))
}

/// Says that a test did not test anything.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}
