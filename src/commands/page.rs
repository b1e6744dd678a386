//! `--html FILE|-`: where a page goes. Owns that nothing but such a page is overwritten.

use std::path::Path;

use crate::app::App;
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::targets::templates::Page;

/// Tells a page of atlas from any other file.
const GENERATOR: &str = "<meta name=\"generator\" content=\"atlas\">";

/// Whether the page goes to stdout, where nothing else may go then.
pub(super) fn is_stdout(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path.as_os_str() == "-")
}

/// Prints the page, or writes it in one piece.
pub(super) fn write(app: &App, path: &Path, page: &Page) -> Result<(), Error> {
    let text = page.html();
    if is_stdout(Some(path)) && app.global.json {
        let message = "`--html -` and `--json` both want stdout";
        return Err(Error::new(Exit::Usage, message).hint("write the page to a file"));
    }
    if is_stdout(Some(path)) {
        app.out(&text);
        return Ok(());
    }
    let shown = path.display();
    if let Ok(bytes) = std::fs::read(path)
        && !String::from_utf8_lossy(&bytes).contains(GENERATOR)
    {
        let message = format!("failed to write `{shown}`: it is there, and no page of atlas");
        return Err(Error::failed(message).hint("choose another name, or remove it"));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, path));
    written.map_err(|error| {
        // It may never have been made.
        let _ = std::fs::remove_file(&fresh);
        Error::failed(format!("failed to write `{shown}`: {}", cause(&error)))
    })?;
    app.say(&format!("wrote {shown}"));
    Ok(())
}
