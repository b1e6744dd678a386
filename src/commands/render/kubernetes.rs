//! `atlas render kubernetes` and `atlas render helm`: the folder of a Kustomize base, its components and overlays, or of a chart.

mod sealed;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use sealed::Sealing;

use super::printed;
use crate::app::App;
use crate::cli;
use crate::diagnostic::{Diagnostic, Position};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files::{self, Difference, What};
use crate::input::Inputs;
use crate::model::{Deployment, Image, ImageRef, SecretSource};
use crate::references;
use crate::sealing::Record;
use crate::targets::kubernetes::{self, Fault, Options};
use crate::targets::{Artifact, Contents, helm};

/// In what the objects are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Packing {
    Kustomize,
    Helm,
}

/// What would be written, and how it came about.
pub(in crate::commands) struct Rendering {
    packing: Packing,
    /// Below the project directory.
    folder: PathBuf,
    options: Options,
    artifacts: Vec<Artifact>,
    /// Of what is sealed.
    record: Option<Record>,
}

pub(super) async fn render(
    app: &App,
    args: &cli::Kubernetes,
    packing: Packing,
) -> Result<Exit, Error> {
    let (print, selection) = printed(&args.selection);
    usable(args, packing)?;
    let report = app.reporter();
    let mut inputs = app.inputs();
    // A cluster has a way in of its own.
    inputs.project.nginx = crate::input::nginx::Nginx::default();
    let options = options(&inputs, Some(args), packing);
    let certificate = sealed::certificate(app, &inputs, args.sealed_with.as_deref());
    if options.secrets.reads_values() {
        references::need(&mut inputs, &app.directory, &app.environment).await?;
    }
    let deployment = app.deployment(&inputs, &selection, &app.builtin(), &*report)?;
    let sealing = Sealing {
        certificate,
        lenient: args.check || args.diff,
    };
    let rendering = Rendering::of(
        app,
        &inputs,
        &deployment,
        options,
        sealing,
        (packing, &args.output),
    );
    let rendering = rendering.map_err(Error::configuration)?;
    if print {
        for artifact in &rendering.artifacts {
            if let Contents::Text(text) = &artifact.contents {
                app.out(text);
            }
        }
        return Ok(Exit::Ok);
    }
    if args.check || args.diff {
        let exit = super::show(app, &rendering.differences(app)?);
        return Ok(if args.check { exit } else { Exit::Ok });
    }
    rendering.check(app, args.force)?;
    rendering.write(app, args.force, &*report)?;
    rendering.advise(&deployment, &*report);
    drop(report);
    let folder = args.output.display();
    let reader = match packing {
        Packing::Kustomize => {
            format!("kubectl apply --server-side -k {folder}/overlays/production")
        }
        Packing::Helm => rendering.install(&deployment),
    };
    app.say(&format!("{folder} is up to date; `{reader}` reads it"));
    Ok(Exit::Ok)
}

/// Whether words of the command line can be what they are for.
fn usable(args: &cli::Kubernetes, packing: Packing) -> Result<(), Error> {
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
    if packing == Packing::Helm && args.sealed_with.is_some() {
        let message = "a chart cannot hold sealed secrets: each is sealed for one namespace";
        let hint =
            "render them with `atlas render kubernetes`, and the chart with `--secrets existing`";
        return Err(Error::new(Exit::Usage, message).hint(hint));
    }
    Ok(())
}

/// What atlas.yaml says, and the command line before it. A chart has no namespace yet to seal for: there the Secrets must exist.
fn options(inputs: &Inputs, args: Option<&cli::Kubernetes>, packing: Packing) -> Options {
    let written = &inputs.project.kubernetes;
    let image = args.and_then(|args| args.image.as_deref());
    let said = args.and_then(|args| args.secrets.as_deref());
    let said = said.map(|word| match word {
        "values" => SecretSource::Values,
        "existing" => SecretSource::Existing,
        _ => SecretSource::External,
    });
    let secrets = written.secrets.as_ref().map(|secrets| secrets.value);
    // A word of the command line goes before a certificate of the file.
    let sealed = match args.and_then(|args| args.sealed_with.as_deref()) {
        None => said.is_none() && written.sealed_with.is_some(),
        Some(_) => true,
    };
    let ingress = written.ingress.as_ref().is_some_and(|asks| asks.value);
    Options {
        builtin: image
            .map(ImageRef::new)
            .or_else(|| written.image.as_ref().map(|image| image.value.clone())),
        secrets: match sealed {
            true if packing == Packing::Helm => SecretSource::Existing,
            true => SecretSource::Sealed,
            false => said.or(secrets).unwrap_or_default(),
        },
        sealed: BTreeMap::new(),
        ingress: ingress || args.is_some_and(|args| args.ingress),
    }
}

/// Whether what atlas.yaml alone says puts values into files, not only their names.
pub(in crate::commands) fn reads_values(inputs: &Inputs, packing: Packing) -> bool {
    options(inputs, None, packing).secrets.reads_values()
}

impl Rendering {
    /// As atlas.yaml alone says.
    ///
    /// # Errors
    /// Everything that Kubernetes would refuse.
    pub(in crate::commands) fn written(
        app: &App,
        inputs: &Inputs,
        deployment: &Deployment,
        packing: Packing,
    ) -> Result<Self, Vec<Diagnostic>> {
        if deployment.edge.is_some() {
            let why = "nginx of the stack is no part of a cluster";
            let hint = match packing {
                Packing::Kustomize => "`atlas render kubernetes` leaves it out",
                Packing::Helm => "`atlas render helm` leaves it out",
            };
            return Err(vec![Diagnostic::error(why).key("nginx.runs").hint(hint)]);
        }
        let folder = match packing {
            Packing::Kustomize => Path::new(kubernetes::FOLDER),
            Packing::Helm => Path::new(helm::FOLDER),
        };
        let sealing = Sealing {
            certificate: sealed::certificate(app, inputs, None),
            lenient: false,
        };
        let options = options(inputs, None, packing);
        let place = (packing, folder);
        Self::of(app, inputs, deployment, options, sealing, place)
    }

    fn of(
        app: &App,
        inputs: &Inputs,
        deployment: &Deployment,
        mut options: Options,
        sealing: Sealing,
        (packing, folder): (Packing, &Path),
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut record = None;
        if options.secrets == SecretSource::Sealed {
            let (values, noted) = sealing.values(app, deployment, folder)?;
            options.sealed = values;
            record = Some(noted);
        }
        let artifacts = match packing {
            Packing::Kustomize => kubernetes::artifacts(deployment, &options, folder),
            Packing::Helm => helm::artifacts(deployment, &options, folder),
        };
        let artifacts = artifacts.map_err(|faults| refused(inputs, faults))?;
        Ok(Self {
            packing,
            folder: folder.to_owned(),
            options,
            artifacts,
            record,
        })
    }

    fn differences(&self, app: &App) -> Result<Vec<Difference>, Error> {
        let mut differences = files::compare(&app.directory, &self.artifacts)?;
        differences.extend(self.stale(app)?.into_iter().map(|path| {
            let what = What::Unwanted;
            Difference { path, what }
        }));
        Ok(differences)
    }

    /// Files of ours that are no longer rendered.
    fn stale(&self, app: &App) -> Result<Vec<PathBuf>, Error> {
        let artifacts = self.artifacts.iter();
        let wanted: BTreeSet<&PathBuf> = artifacts.map(|artifact| &artifact.path).collect();
        let found = files::generated(&app.directory, &self.folder)?;
        let paths = found.into_iter().map(|(path, _)| path);
        let is_stale = |path: &PathBuf| self.renders(path) && !wanted.contains(path);
        Ok(paths.filter(is_stale).collect())
    }

    /// Whether files are rendered there. A copy elsewhere (an overlay, values) is a person's, whatever its first line says.
    fn renders(&self, path: &Path) -> bool {
        let places: &[&str] = match self.packing {
            Packing::Kustomize => kubernetes::PLACES,
            Packing::Helm => helm::PLACES,
        };
        let path = path.strip_prefix(&self.folder);
        path.is_ok_and(|path| places.iter().any(|place| path.starts_with(place)))
    }

    /// What the files alone do not bring.
    pub(in crate::commands) fn advise(&self, deployment: &Deployment, report: &dyn Report) {
        let warn = |text: &str| {
            let text = text.to_owned();
            report.report(Event::Warning { text });
        };
        let mut services = deployment.services.values();
        if self.options.builtin.is_none() && services.any(|s| matches!(s.image, Image::Builtin(_)))
        {
            warn(
                "no registry has the built-in image\n  hint: push it, and name it with `--image registry/atlas@sha256:…` or `kubernetes.image`; or load it into the nodes",
            );
        }
        if deployment.public_url.is_none() {
            warn(
                "no route leads to the gateway\n  hint: set `public-url: https://api.example.com` in atlas.yaml",
            );
        }
        if self.options.secrets == SecretSource::Values {
            let place = match self.packing {
                Packing::Kustomize => "components/secrets",
                Packing::Helm => helm::SECRETS,
            };
            warn(&format!(
                "{place} holds secrets in clear: keep it out of version control"
            ));
        }
    }

    /// How Helm brings it into a cluster.
    fn install(&self, deployment: &Deployment) -> String {
        let (folder, name) = (self.folder.display(), kubernetes::namespace(deployment));
        let values = match self.options.secrets {
            SecretSource::Values => format!(" --values {folder}/{}", helm::SECRETS),
            _ => String::new(),
        };
        format!("helm install {name} {folder} --namespace {name} --create-namespace{values}")
    }

    /// What to type now.
    pub(in crate::commands) fn next(&self, deployment: &Deployment) -> Vec<String> {
        let overlay = self.folder.join("overlays/production");
        let overlay = overlay.display();
        let namespace = kubernetes::namespace(deployment);
        let mut commands = match self.packing {
            Packing::Kustomize => vec![
                format!("kubectl apply --server-side --dry-run=server -k {overlay}"),
                format!("kubectl apply --server-side -k {overlay}"),
            ],
            Packing::Helm => vec![self.install(deployment)],
        };
        commands.extend(kubernetes::gateway(deployment).map(|gateway| {
            format!("kubectl -n {namespace} rollout status {gateway} --timeout 5m")
        }));
        commands
    }
}

/// Faults at the place of `atlas.yaml` that decides them, where there is one.
fn refused(inputs: &Inputs, faults: Vec<Fault>) -> Vec<Diagnostic> {
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
    diagnostics.collect()
}
