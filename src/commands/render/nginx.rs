//! `atlas render nginx`: the configuration of nginx, tested by nginx itself before it is written.

pub(in crate::commands) mod trial;

use std::path::{Path, PathBuf};

use super::{STDOUT, compare};
use crate::app::App;
use crate::cli::{RenderNginx, Selection};
use crate::commands::up::{remove_obsolete, write_artifacts};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::input::Inputs;
use crate::model::{Deployment, Edge, EnvValue, Kind, NginxBuild, NginxVersion, Place};
use crate::resolve;
use crate::survey::nginx::program;
use crate::targets::{Artifact, Contents, nginx};

pub(super) async fn render(app: &App, args: &RenderNginx) -> Result<Exit, Error> {
    let (printing, services): (Vec<_>, Vec<_>) =
        { args.selection.services.iter().cloned() }.partition(|name| name.as_str() == STDOUT);
    let selection = Selection {
        services,
        ..args.selection.clone()
    };
    let report = app.reporter();
    let inputs = app.whole_inputs().await?;
    let deployment = app.deployment(&inputs, &selection, &app.builtin(), &*report)?;
    let rendering = Rendering::of(app, &inputs, &deployment).await;
    let rendering = rendering.map_err(Error::configuration)?;
    rendering.warn(&inputs, &deployment, &*report);
    let Rendering {
        program,
        found,
        edge,
        artifacts,
    } = rendering;
    if args.test {
        trial::hold(app, &artifacts, &edge, program.as_deref().zip(found)).await?;
    }
    if !printing.is_empty() {
        for artifact in &artifacts {
            if let Contents::Text(text) = &artifact.contents {
                app.out(text);
            }
        }
        return Ok(Exit::Ok);
    }
    if args.check || args.diff {
        let exit = compare(app, &artifacts, &nginx::obsolete(&edge))?;
        return Ok(if args.check { exit } else { Exit::Ok });
    }
    write_artifacts(app, &artifacts, args.force, &*report)?;
    remove_obsolete(app, &nginx::obsolete(&edge), &*report)?;
    drop(report);
    app.say(match edge.place {
        Place::Host => "nginx/nginx.conf is up to date; `nginx -c` and its full path runs it, `nginx -s reload` reads it anew",
        Place::Container => "nginx/nginx.conf is up to date; `atlas up` runs nginx with it",
    });
    Ok(Exit::Ok)
}

/// What would be written, and how it came about.
pub(in crate::commands) struct Rendering {
    program: Option<PathBuf>,
    found: Option<NginxBuild>,
    edge: Edge,
    artifacts: Vec<Artifact>,
}

impl Rendering {
    /// # Errors
    /// Every reason why there is no site.
    pub(in crate::commands) async fn of(
        app: &App,
        inputs: &Inputs,
        deployment: &Deployment,
    ) -> Result<Self, Vec<Diagnostic>> {
        let program = program(app);
        let found = match &program {
            Some(program) => program::build(program).await,
            None => None,
        };
        let edge = match &deployment.edge {
            Some(edge) => edge.clone(),
            None => resolve::edge(inputs, deployment, found)?,
        };
        let directory = app.directory.display().to_string();
        let artifacts = nginx::artifacts(&edge, &directory);
        Ok(Self {
            program,
            found,
            edge,
            artifacts,
        })
    }

    /// The files.
    pub(in crate::commands) fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Files of earlier versions and settings.
    pub(in crate::commands) fn obsolete(&self) -> Vec<&'static str> {
        nginx::obsolete(&self.edge)
    }

    /// Tells what is written and yet not all that could be.
    pub(in crate::commands) fn warn(
        &self,
        inputs: &Inputs,
        deployment: &Deployment,
        report: &dyn Report,
    ) {
        let found = self.found.is_some();
        warn(&inputs.project.nginx, deployment, &self.edge, found, report);
    }

    /// What to type now.
    pub(in crate::commands) fn next(&self) -> Vec<String> {
        let commands: &[&str] = match self.edge.place {
            Place::Host => &[
                "atlas up",
                "sudo nginx -t -c \"$PWD/nginx/nginx.conf\"",
                "sudo nginx -c \"$PWD/nginx/nginx.conf\"",
            ],
            Place::Container => &["atlas up"],
        };
        commands.iter().map(|line| (*line).to_owned()).collect()
    }
}

/// What is written and yet not all that could be.
fn warn(
    written: &crate::input::nginx::Nginx,
    deployment: &Deployment,
    edge: &Edge,
    found: bool,
    report: &dyn Report,
) {
    let say = |text: String| report.report(Event::Warning { text });
    if edge.place == Place::Host && written.version.is_none() && !found {
        say(format!(
            "there is no nginx here to ask for its version: written for {} and newer\n  hint: set `nginx.version` in atlas.yaml",
            NginxVersion::OLDEST
        ));
    }
    if edge.place == Place::Container && !edge.build.version.resolves() {
        say(format!(
            "nginx {} cannot keep connections to a container whose address may change; 1.27.3 and newer can",
            edge.build.version
        ));
    }
    let mut gateways = { deployment.services.values() }.filter(|s| s.kind == Kind::Gateway);
    let trusts = |given: Option<&EnvValue>| matches!(given, Some(EnvValue::Plain(text)) if ["1", "true"].contains(&text.as_str()));
    if gateways.any(|gateway| !trusts(gateway.environment.get("ATLAS_TRUST_PROXY"))) {
        say("the gateway takes all clients of nginx for one\n  hint: set `services.gateway.environment.ATLAS_TRUST_PROXY: \"true\"` in atlas.yaml".to_owned());
    }
}

fn program(app: &App) -> Option<PathBuf> {
    let path = app.environment.get("PATH").map_or("", String::as_str);
    program::find(path, Path::new("/"))
}
