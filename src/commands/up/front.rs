//! nginx in a container, before anything is touched: what it needs is there, and nginx of the very image takes its configuration.

use std::path::Path;

use crate::app::App;
use crate::commands::images;
use crate::commands::render::nginx::trial;
use crate::engines::Engine as _;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::event::Report;
use crate::model::{Deployment, EDGE};
use crate::plan::{Action, Plan};
use crate::targets::nginx;

/// What a refusal leaves as it was.
const KEPT: &str = "nothing was touched";

/// # Errors
/// nginx refuses the configuration, or cannot be asked; only where the plan makes or starts its container.
pub(super) async fn before(
    app: &App,
    engine: &DockerEngine,
    deployment: &Deployment,
    plan: &Plan,
    report: &dyn Report,
) -> Result<(), Error> {
    let begins = plan.steps.iter().any(|step| match &step.action {
        Action::CreateContainer { service, .. } => service.as_str() == EDGE,
        Action::Start { service, .. } => service == EDGE,
        _ => false,
    });
    let Some(edge) = deployment.edge.as_ref().filter(|_| begins) else {
        return Ok(());
    };
    if engine.is_local() && !Path::new(&edge.acme).is_dir() {
        let why = format!(
            "{KEPT}: there is no folder `{}`, where ACME's answers are looked for",
            edge.acme
        );
        let hint = format!(
            "`mkdir -p {}`, or set `nginx.acme` in atlas.yaml",
            edge.acme
        );
        return Err(Error::failed(why).hint(hint));
    }
    images::pull_missing(engine, edge.image.as_str(), report).await?;
    let directory = app.directory.display().to_string();
    let artifacts = nginx::artifacts(edge, &directory);
    let answer = trial::in_a_container(engine, &artifacts, edge).await?;
    trial::judge(answer, edge, KEPT)
}
