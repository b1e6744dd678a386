//! The variables of the Productivity service.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use reqwest::Url;

use super::reader::Reader;
use super::{ProductivityConfig, budget};
use crate::productivity::extract::Extractor;
use crate::productivity::folder::Folder;
use crate::productivity::{RESCAN, encoded};

/// What programs can make again, by the names everybody gives it.
const EXCLUDED: &str = "node_modules,__pycache__";

pub(super) fn productivity(reader: &mut Reader<'_>) -> ProductivityConfig {
    let exclude = reader
        .text("PRODUCTIVITY_EXCLUDE")
        .unwrap_or_else(|| EXCLUDED.to_owned());
    let index = reader
        .text("PRODUCTIVITY_INDEX")
        .unwrap_or_else(|| "/data".to_owned());
    let folders: Vec<Folder> = reader.checked("PRODUCTIVITY_FOLDERS", folders);
    let index = PathBuf::from(index);
    if let Some(folder) = folders
        .iter()
        .find(|folder| index.starts_with(&folder.path))
    {
        reader.report(format!(
            "`PRODUCTIVITY_INDEX` must not lie in the folder `{}`",
            folder.path.display()
        ));
    }
    ProductivityConfig {
        folders,
        index,
        exclude: exclude
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect(),
        rescan: Duration::from_secs(reader.number(
            "PRODUCTIVITY_RESCAN_SECONDS",
            RESCAN.as_secs(),
            1..=86_400,
        )),
        extractor: Extractor {
            // The executable plays the parser too; see `atlas extract`.
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec!["extract".to_owned()],
            largest: reader.number("PRODUCTIVITY_MAX_FILE_MB", 32, 1..=1024) * 1024 * 1024,
        },
        budget: budget(reader),
    }
}

/// `PATH` or `PATH=ADDRESS`, separated by commas. The address is where a person finds the folder; without one it is `file://` and the path.
fn folders(text: &str) -> Result<Vec<Folder>, Vec<String>> {
    let mut problems = Vec::new();
    let mut folders: Vec<Folder> = Vec::new();
    for item in text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
    {
        let (path, url) = item
            .split_once('=')
            .map_or((item, None), |(path, url)| (path, Some(url)));
        match folder(path, url) {
            Ok(new) => match folders.iter().find(|old| overlap(old, &new)) {
                Some(old) => problems.push(format!(
                    "`{path}` and `{}` have the same name, or one lies in the other",
                    old.path.display()
                )),
                None => folders.push(new),
            },
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(folders)
    } else {
        Err(problems)
    }
}

fn folder(text: &str, url: Option<&str>) -> Result<Folder, String> {
    let path: PathBuf = Path::new(text).components().collect();
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(format!("`{text}` is not an absolute path without `..`"));
    }
    let name = path
        .file_name()
        .ok_or("`/` cannot be searched; name folders in it")?;
    let url = match url {
        None => format!("file://{}", encoded(text.trim_end_matches('/').as_bytes())),
        Some(url)
            if Url::parse(url)
                .is_ok_and(|url| matches!(url.scheme(), "file" | "http" | "https")) =>
        {
            url.trim_end_matches('/').to_owned()
        }
        Some(_) => {
            return Err(format!(
                "what follows `{text}=` must be an address such as `file:///home/ann/notes`"
            ));
        }
    };
    Ok(Folder {
        name: name.to_string_lossy().into_owned(),
        url,
        path,
    })
}

fn overlap(a: &Folder, b: &Folder) -> bool {
    a.name == b.name || a.path.starts_with(&b.path) || b.path.starts_with(&a.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_a_name_and_an_address() {
        let read = folders("/folders/notes=file:///home/ann/notes/ , /srv/My Docs/").unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|folder| {
                (
                    folder.name.as_str(),
                    folder.path.to_str().unwrap(),
                    folder.url.as_str(),
                )
            })
            .collect();
        assert_eq!(
            read,
            [
                ("notes", "/folders/notes", "file:///home/ann/notes"),
                ("My Docs", "/srv/My Docs", "file:///srv/My%20Docs"),
            ]
        );
    }

    #[test]
    fn every_problem_with_folders_is_told() {
        assert_eq!(
            folders("notes,/,/a/../b,/a=nowhere,/x/a,/y/a,/x/a/b").unwrap_err(),
            [
                "`notes` is not an absolute path without `..`",
                "`/` cannot be searched; name folders in it",
                "`/a/../b` is not an absolute path without `..`",
                "what follows `/a=` must be an address such as `file:///home/ann/notes`",
                "`/y/a` and `/x/a` have the same name, or one lies in the other",
                "`/x/a/b` and `/x/a` have the same name, or one lies in the other",
            ]
        );
    }
}
