//! Source trees of image source `build`.

mod dockerfile;
mod probes;
#[cfg(test)]
mod tests;
mod trees;

use super::facts::Known;
use super::rule::Rule;

pub use dockerfile::Dockerfile;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// One for each service that is built.
    pub trees: Vec<Tree>,
}

/// A folder to build from.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The service.
    pub service: String,
    /// Absolute.
    pub folder: String,
    /// The path of the Dockerfile, absolute.
    pub file: String,
    /// Whether the folder is there.
    pub is_there: bool,
    /// What the Dockerfile says; `None` if there is none.
    pub dockerfile: Option<Known<Dockerfile>>,
}

pub(super) const RULES: &[Rule] = &[trees::THERE, trees::INSIDE, probes::PROGRAMS];
