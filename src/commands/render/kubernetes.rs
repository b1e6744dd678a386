//! `atlas render kubernetes` and `atlas render helm`: the folder of a Kustomize base, its components and overlays, or of a chart.

use std::collections::BTreeSet;
use std::path::{Component, PathBuf};

use super::printed;
use crate::app::App;
use crate::cli;
use crate::diagnostic::{Diagnostic, Position, enumerate};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files::{self, Change, Difference, What};
use crate::input::Inputs;
use crate::model::{Deployment, Image, ImageRef};
use crate::targets::kubernetes::{self, Fault, Options, Secrets};
use crate::targets::{Artifact, Contents, helm, is_edited};

/// In what the objects are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Kustomize,
    Helm,
}

pub(super) async fn render(
    app: &App,
    args: &cli::Kubernetes,
    packing: Packing,
) -> Result<Exit, Error> {
    let (print, selection) = printed(&args.selection);
    let options = options(args)?;
    let report = app.reporter();
    let mut inputs = match options.secrets {
        Secrets::Values => app.whole_inputs().await?,
        Secrets::External | Secrets::Existing => app.inputs(),
    };
    // A cluster has a way in of its own.
    inputs.project.nginx = crate::input::nginx::Nginx::default();
    let deployment = app.deployment(&inputs, &selection, &app.builtin(), &*report)?;
    let artifacts = match packing {
        Packing::Kustomize => kubernetes::artifacts(&deployment, &options, &args.output),
        Packing::Helm => helm::artifacts(&deployment, &options, &args.output),
    };
    let artifacts = artifacts.map_err(|faults| refused(&inputs, faults))?;
    if print {
        for artifact in &artifacts {
            if let Contents::Text(text) = &artifact.contents {
                app.out(text);
            }
        }
        return Ok(Exit::Ok);
    }
    if args.check || args.diff {
        let mut differences = files::compare(&app.directory, &artifacts)?;
        differences.extend(stale(app, args, &artifacts)?.into_iter().map(|path| {
            let what = What::Unwanted;
            Difference { path, what }
        }));
        let exit = super::show(app, &differences);
        return Ok(if args.check { exit } else { Exit::Ok });
    }
    write(app, args, packing, &artifacts, &*report)?;
    advise(&deployment, &options, packing, &*report);
    drop(report);
    let folder = args.output.display();
    let reader = match packing {
        Packing::Kustomize => {
            format!("kubectl apply --server-side -k {folder}/overlays/production")
        }
        Packing::Helm => format!(
            "helm install {name} {folder} --namespace {name} --create-namespace",
            name = kubernetes::namespace(&deployment)
        ),
    };
    app.say(&format!("{folder} is up to date; `{reader}` reads it"));
    Ok(Exit::Ok)
}

fn options(args: &cli::Kubernetes) -> Result<Options, Error> {
    let wrong = |text: &str| {
        let blank = text.is_empty() || text.contains(char::is_whitespace) || text.contains("://");
        blank || text.starts_with(['-', ':', '@', '/'])
    };
    if let Some(image) = args.image.as_deref().filter(|image| wrong(image)) {
        let message = format!("invalid image `{image}`");
        let hint = "give a reference such as `ghcr.io/acme/atlas:1`";
        return Err(Error::new(Exit::Usage, message).hint(hint));
    }
    let inside = |part| matches!(part, Component::Normal(_));
    if args.output.as_os_str().is_empty() || !args.output.components().all(inside) {
        let message = format!("invalid folder `{}`", args.output.display());
        let hint = "name a folder in the project directory, such as `kubernetes`";
        return Err(Error::new(Exit::Usage, message).hint(hint));
    }
    Ok(Options {
        builtin: args.image.as_deref().map(ImageRef::new),
        secrets: match args.secrets.as_str() {
            "values" => Secrets::Values,
            "existing" => Secrets::Existing,
            _ => Secrets::External,
        },
        ingress: args.ingress,
    })
}

/// Looks at everything before it touches the first file: what a person edited or wrote stays unless `--force`.
fn write(
    app: &App,
    args: &cli::Kubernetes,
    packing: Packing,
    artifacts: &[Artifact],
    report: &dyn Report,
) -> Result<(), Error> {
    let found = files::generated(&app.directory, &args.output)?;
    let edited: Vec<String> = found
        .iter()
        .filter(|(_, text)| is_edited(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !edited.is_empty() && !args.force {
        let names = enumerate(&edited);
        let message = format!("refused to overwrite {names}: edited since atlas generated it");
        let hint = match packing {
            Packing::Kustomize => {
                "move your change into an overlay of your own that lists `../production` under `resources`, or pass `--force`"
            }
            Packing::Helm => {
                "move your change into a values file of your own that `helm` gets by `--values`, or pass `--force`"
            }
        };
        return Err(Error::failed(message).hint(hint));
    }
    let stale = stale(app, args, artifacts)?;
    let tell = |path: PathBuf, outcome| {
        let path = path.display().to_string();
        report.report(Event::File { path, outcome });
    };
    for written in files::write(&app.directory, artifacts, args.force)? {
        match written.change {
            Change::Created => tell(written.path, "created"),
            Change::Updated => tell(written.path, "updated"),
            Change::Unchanged => {}
        }
    }
    for path in stale {
        files::remove(&app.directory, &args.output, &path)?;
        tell(path, "removed");
    }
    Ok(())
}

/// Files of ours that are no longer rendered.
fn stale(app: &App, args: &cli::Kubernetes, artifacts: &[Artifact]) -> Result<Vec<PathBuf>, Error> {
    let wanted: BTreeSet<&PathBuf> = artifacts.iter().map(|artifact| &artifact.path).collect();
    let found = files::generated(&app.directory, &args.output)?;
    let paths = found.into_iter().map(|(path, _)| path);
    Ok(paths.filter(|path| !wanted.contains(path)).collect())
}

/// Faults at the place of `atlas.yaml` that decides them, where there is one.
fn refused(inputs: &Inputs, faults: Vec<Fault>) -> Error {
    let project = &inputs.project;
    let place = |key: &str| -> Option<Position> {
        match key.split('.').collect::<Vec<_>>()[..] {
            ["name"] => project.name.as_ref().map(|name| name.position),
            ["public-url"] => project.public_url.as_ref().map(|url| url.position),
            ["services", name, ref rest @ ..] => {
                let service = project.services.get(name)?;
                let written = &service.value;
                let exact = match rest {
                    ["memory"] => written.memory.as_ref().map(|memory| memory.position),
                    ["cpus"] => written.cpus.as_ref().map(|cpus| cpus.position),
                    ["folders"] => written.folders.values().map(|f| f.position).next(),
                    _ => None,
                };
                Some(exact.unwrap_or(service.position))
            }
            _ => None,
        }
    };
    let diagnostics = faults.into_iter().map(|fault| {
        let problem = Diagnostic::error(fault.message).hint(fault.hint);
        match place(&fault.key) {
            Some(position) => problem.at(project.file.clone(), position),
            None => problem,
        }
        .key(fault.key)
    });
    Error::configuration(diagnostics.collect())
}

/// What the files alone do not bring.
fn advise(deployment: &Deployment, options: &Options, packing: Packing, report: &dyn Report) {
    let warn = |text: &str| {
        let text = text.to_owned();
        report.report(Event::Warning { text });
    };
    let services = || deployment.services.values();
    if options.builtin.is_none() && services().any(|s| matches!(s.image, Image::Builtin(_))) {
        warn(
            "no registry has the built-in image\n  hint: push it, and name it with `--image registry/atlas@sha256:…`; or load it into the nodes",
        );
    }
    if deployment.public_url.is_none() {
        warn(
            "no route leads to the gateway\n  hint: set `public-url: https://api.example.com` in atlas.yaml",
        );
    }
    if options.secrets == Secrets::Values {
        let place = match packing {
            Packing::Kustomize => "components/secrets",
            Packing::Helm => helm::SECRETS,
        };
        warn(&format!(
            "{place} holds secrets in clear: keep it out of version control"
        ));
    }
}
