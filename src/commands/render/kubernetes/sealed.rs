//! Secrets sealed for the controller whose certificate was given. Owns where that certificate comes from, and that what is
//! sealed already stays as it is while its value does.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use crate::app::App;
use crate::diagnostic::{Diagnostic, Position};
use crate::error;
use crate::input::Inputs;
use crate::model::Deployment;
use crate::sealing::{Certificate, Record, SealingError};
use crate::targets::kubernetes::{self, Slot};
use crate::targets::{Artifact, Contents};

/// The record of what was sealed on this machine.
const RECORD: &str = ".atlas/sealed.json";

/// For whom to seal.
pub(super) struct Sealing {
    /// There is none when nobody asked for sealed secrets.
    pub(super) certificate: Result<Certificate, Box<Diagnostic>>,
    /// Whether what somebody else's machine sealed is taken for the value at hand: nobody but the controller could tell.
    pub(super) lenient: bool,
}

/// The certificate of the command line, else that of atlas.yaml.
pub(super) fn certificate(
    app: &App,
    inputs: &Inputs,
    given: Option<&Path>,
) -> Result<Certificate, Box<Diagnostic>> {
    let written = inputs.project.kubernetes.sealed_with.as_ref();
    let (path, place): (_, Option<Position>) = match (given, written) {
        (Some(path), _) => (path.to_owned(), None),
        (None, Some(written)) => (app.directory.join(&written.value), Some(written.position)),
        (None, None) => {
            let problem = Diagnostic::error("there is no certificate to seal with");
            return Err(Box::new(problem));
        }
    };
    read(&path).map_err(|cause| {
        let message = format!(
            "failed to read the certificate `{}`: {cause}",
            path.display()
        );
        let hint = "`kubeseal --fetch-cert > sealing.pem` asks the cluster for it";
        let problem = Diagnostic::error(message).hint(hint);
        Box::new(match place {
            None => problem.key("--sealed-with"),
            Some(position) => {
                let file = inputs.project.file.clone();
                problem.at(file, position).key("kubernetes.sealed-with")
            }
        })
    })
}

fn read(path: &Path) -> Result<Certificate, String> {
    let text = std::fs::read(path).map_err(|cause| error::cause(&cause))?;
    let certificate = Certificate::parse(&text).map_err(|cause| cause.to_string())?;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    match certificate.expires < now {
        true => Err("it has expired; the controller has a newer one".to_owned()),
        false => Ok(certificate),
    }
}

impl Sealing {
    /// All values of a deployment, sealed, and the record of it.
    pub(super) fn values(
        self,
        app: &App,
        deployment: &Deployment,
        folder: &Path,
    ) -> Result<(BTreeMap<Slot, String>, Record), Vec<Diagnostic>> {
        let certificate = self.certificate.map_err(|problem| vec![*problem])?;
        let failed = |cause: SealingError| {
            let message = format!("failed to seal the secrets: {cause}");
            vec![Diagnostic::error(message)]
        };
        let text = |path: &Path| std::fs::read_to_string(app.directory.join(path)).ok();
        let mut record = Record::parse(text(Path::new(RECORD)).as_deref()).map_err(failed)?;
        let mut there = BTreeMap::new();
        for component in ["sealed-secrets", "sealed-secrets-dev"] {
            let path = folder.join("components").join(component);
            let text = text(&path.join("objects.yaml")).unwrap_or_default();
            there.extend(kubernetes::sealed_in(&text));
        }
        let mut values = BTreeMap::new();
        for (slot, value) in kubernetes::slots(deployment) {
            let place = format!("{}/{}", slot.label(), slot.key);
            let known = there.remove(&slot).filter(|sealed| {
                let strange = self.lenient && !record.knows(&place);
                record.holds(&place, &certificate, &value, sealed)
                    || (strange && certificate.may_hold(sealed, &value))
            });
            let sealed = match known {
                Some(sealed) => sealed,
                None => certificate.seal(&slot.label(), &value).map_err(failed)?,
            };
            record.note(&place, &certificate, &value, &sealed);
            values.insert(slot, sealed);
        }
        Ok((values, record))
    }
}

/// The record as a file that nobody else reads.
pub(super) fn artifact(record: &Record) -> Artifact {
    Artifact {
        path: RECORD.into(),
        contents: Contents::Text(record.text()),
        mode: 0o600,
        group: None,
    }
}
