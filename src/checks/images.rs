//! The images that the deployment names.

mod presence;
mod program;
mod version;

use super::facts::Known;
use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Images {
    /// The engine's architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// One for each image that a service names.
    pub images: Vec<Seen>,
    /// Programs of health checks.
    pub programs: Vec<Program>,
}

/// An image.
#[derive(Debug, Clone)]
pub struct Seen {
    /// As the deployment names it.
    pub reference: String,
    /// The first service that uses it.
    pub service: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What the engine has.
    pub local: Option<Local>,
    /// What the registry has, where it was asked: it is when the image is missing, or came from there.
    pub published: Option<Known<Published>>,
}

/// Where an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Atlas makes it of itself.
    Builtin,
    /// It is pulled.
    Registry,
    /// It is built.
    Build,
}

/// An image that the engine has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Local {
    /// `amd64`.
    pub architecture: String,
    /// `sha256:…` of each registry that knows it.
    pub digests: Vec<String>,
}

/// An image as its registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// `sha256:…`.
    pub digest: String,
    /// Architectures that there are; empty if it does not tell.
    pub architectures: Vec<String>,
}

/// The program of a service's health check.
#[derive(Debug, Clone)]
pub struct Program {
    /// The service.
    pub service: String,
    /// Its image.
    pub image: String,
    /// The program as the health check names it.
    pub name: String,
    /// Whether the image has it.
    pub is_there: Known<bool>,
}

pub(super) const RULES: &[Rule] = &[
    presence::PRESENT,
    presence::PLATFORM,
    version::DRIFT,
    version::LATEST,
    program::PROBE,
];
