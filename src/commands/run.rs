//! Carrying a plan out and turning its failures into one error. Shared by every command that changes something.

use std::time::Duration;

use crate::app::App;
use crate::engines::Engine;
use crate::error::Error;
use crate::event::Report;
use crate::execute::{Failure, Settings, execute};
use crate::exit::Exit;
use crate::model::Deployment;
use crate::plan::Plan;

/// How long, and whether, to wait for readiness.
pub(super) fn settings(seconds: u64, wait: bool) -> Settings {
    Settings {
        timeout: Duration::from_secs(seconds),
        wait,
    }
}

/// Executes; Ctrl-C and SIGTERM stop it cleanly.
pub(super) async fn run<E: Engine>(
    app: &App,
    plan: &Plan,
    deployment: Option<&Deployment>,
    engine: &E,
    settings: Settings,
    report: &dyn Report,
) -> Result<(), Error> {
    let interrupt = async || app.interrupted().await;
    execute(plan, deployment, engine, settings, report, interrupt)
        .await
        .map_err(worst)
}

/// The first failure speaks; what failed beside it is listed under it. An interrupt ends the run as such, but hides nothing.
fn worst(mut failures: Vec<Failure>) -> Error {
    let interrupted = failures
        .iter()
        .position(|f| matches!(f, Failure::Interrupted));
    let mut error = describe(failures.remove(interrupted.unwrap_or(0)));
    for other in failures {
        error.details.push(format!("also: {}", describe(other)));
    }
    error
}

fn describe(failure: Failure) -> Error {
    match failure {
        Failure::Engine(error) => error.into(),
        Failure::Interrupted => {
            let message = "interrupted; the next `atlas up` completes what is left";
            Error::new(Exit::Interrupted, message)
        }
        Failure::Unready(unready) => {
            let mut details = Vec::new();
            let output = unready.health_output.as_deref().unwrap_or_default();
            if !output.trim().is_empty() {
                details.push(format!("health check said: {}", output.trim()));
            }
            if unready.log.is_empty() {
                details.push("it logged nothing".to_owned());
            } else {
                details.push(format!("last log lines of {}:", unready.service));
                details.extend(unready.log.iter().map(|line| format!("  {line}")));
            }
            Error::new(Exit::Unhealthy, unready.to_string())
                .hint(unready.hint())
                .details(details)
        }
    }
}
