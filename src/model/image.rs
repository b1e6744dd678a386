//! Images: where a service's program comes from. Owns references and build contexts; pulling and building belong to engines.

use std::fmt;
use std::path::PathBuf;

/// An image reference as Docker reads it (`redis:7-alpine`, `registry/name@sha256:…`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef(String);

impl ImageRef {
    /// Wraps a reference; `resolve` has checked its form.
    pub fn new(reference: impl Into<String>) -> Self {
        Self(reference.into())
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The image source the whole deployment was resolved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSource {
    /// The image that atlas makes of its own executable.
    Builtin,
    /// Images of a registry.
    Registry,
    /// Images built from the user's source tree.
    Build,
}

/// One service's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The image that atlas makes of its own executable; the reference is fixed by the executable's content.
    Builtin(ImageRef),
    /// An image to be pulled when it is missing.
    Reference(ImageRef),
    /// An image built from a folder with a Dockerfile; tagged with the reference.
    Build(ImageRef, BuildContext),
}

/// A folder to build from. Both paths are relative to the project directory unless absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The folder that is sent to the engine.
    pub context: PathBuf,
    /// The Dockerfile's path inside the folder.
    pub dockerfile: PathBuf,
}

impl Image {
    /// The reference under which the engine knows the image.
    pub fn reference(&self) -> &ImageRef {
        match self {
            Self::Builtin(reference) | Self::Reference(reference) | Self::Build(reference, _) => {
                reference
            }
        }
    }
}
