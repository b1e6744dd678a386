//! No input makes atlas panic or hang.
//!
//! `.ci/fuzz SECONDS` runs all campaigns side by side for a time with a new seed; without `ATLAS_FUZZ_SECONDS` a fixed number of
//! rounds is the same in every run. Not coverage-guided, so that stable Rust is enough. What it finds is written to
//! `tests/fuzz/found`; what stands there is tried first.

mod archives;
mod campaign;
mod mutate;
mod texts;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
