//! How a rendering gets into its folder. Owns what stays there: whatever a person edited or wrote, unless forced.

use std::path::PathBuf;

use super::{Packing, Rendering, sealed};
use crate::app::App;
use crate::diagnostic::enumerate;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::files::{self, Change};
use crate::targets::is_edited;

impl Rendering {
    /// Looks at everything, and touches nothing.
    ///
    /// # Errors
    /// Something there is not as atlas left it.
    pub(in crate::commands) fn check(&self, app: &App, force: bool) -> Result<(), Error> {
        if force {
            return Ok(());
        }
        let found = files::generated(&app.directory, &self.folder)?;
        let edited: Vec<String> = found
            .iter()
            .filter(|(path, text)| self.renders(path) && is_edited(text))
            .map(|(path, _)| path.display().to_string())
            .collect();
        if !edited.is_empty() {
            let names = enumerate(&edited);
            let message = format!("refused to overwrite {names}: edited since atlas generated it");
            let hint = match self.packing {
                Packing::Kustomize => {
                    "move your change into an overlay of your own that lists `../production` under `resources`, or pass `--force`"
                }
                Packing::Helm => {
                    "move your change into a values file of your own that `helm` gets by `--values`, or pass `--force`"
                }
            };
            return Err(Error::failed(message).hint(hint));
        }
        Ok(files::check(&app.directory, &self.artifacts)?)
    }

    /// Writes what has been checked, and removes what is no longer rendered.
    pub(in crate::commands) fn write(
        &self,
        app: &App,
        force: bool,
        report: &dyn Report,
    ) -> Result<(), Error> {
        if let Some(record) = &self.record {
            files::write(&app.directory, &[sealed::artifact(record)], true)?;
        }
        let stale = self.stale(app)?;
        let tell = |path: PathBuf, outcome| {
            let path = path.display().to_string();
            report.report(Event::File { path, outcome });
        };
        for written in files::write(&app.directory, &self.artifacts, force)? {
            match written.change {
                Change::Created => tell(written.path, "created"),
                Change::Updated => tell(written.path, "updated"),
                Change::Unchanged => {}
            }
        }
        for path in stale {
            files::remove(&app.directory, &self.folder, &path)?;
            tell(path, "removed");
        }
        Ok(())
    }
}
