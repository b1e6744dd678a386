//! Where the data of a backup is: an address that was given, or what the project has.

use std::path::Path;

use super::place::Place;
use super::secret;
use crate::error::Error;
use crate::exit::Exit;

/// The address in a file: nothing of it is ever an argument, because it may hold a password.
pub(super) fn address(path: &Path) -> Result<String, Error> {
    let text = secret::read(path)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    match line {
        Some(line) if line.starts_with("mongodb://") || line.starts_with("mongodb+srv://") => {
            Ok(line.to_owned())
        }
        _ => Err(Error::new(
            Exit::Usage,
            format!(
                "failed to read `{}`: it holds no address of MongoDB",
                path.display()
            ),
        )
        .hint("write it as `mongodb://user:password@host:27017/`")),
    }
}

/// The address of MongoDB: of a file, or of the project.
pub(super) async fn mongodb(_place: &Place<'_>, file: Option<&Path>) -> Result<String, Error> {
    match file {
        Some(file) => address(file),
        None => Err(Error::failed("not there yet")),
    }
}
