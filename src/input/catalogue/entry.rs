//! One service as its catalogue file describes it. Owns the facts; `reader` turns YAML into them, `resolve` decides
//! which of them apply.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::credential::Credential;
use crate::diagnostic::Position;
use crate::model::{Condition, ImageSource, Kind, Port, Probe, Resources, ServiceName, Tmpfs};

/// A service of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The file it was read from, as shown to people.
    pub file: String,
    /// Key and host name; the file's name without `.yaml`.
    pub name: ServiceName,
    /// How people call it.
    pub title: String,
    /// One line for people.
    pub description: String,
    /// Its part in the system.
    pub kind: Kind,
    /// The port it listens on.
    pub port: Port,
    /// Readiness, asked from outside.
    pub probe: Probe,
    /// Health check inside the container, when the image source does not bring its own.
    pub healthcheck: Option<Vec<String>>,
    /// Profiles it belongs to.
    pub profiles: Vec<String>,
    /// What must be there before it.
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    /// The environment it reads, by variable.
    pub environment: BTreeMap<String, Variable>,
    /// What it gives to those whose variables say `from:` its name.
    pub provides: BTreeMap<String, Provided>,
    /// It is told every address that services of this kind provide.
    pub addresses_of: Option<Kind>,
    /// It takes over the work (and reads the environment) of others in some deployments.
    pub answers_for: Option<Substitution>,
    /// Where it keeps data itself when there are no stores.
    pub embedded: Option<Embedded>,
    /// Where it finds folders of the host that the user names.
    pub folders: Option<Folders>,
    /// Named volumes: volume key and absolute target.
    pub volumes: Vec<(String, String)>,
    /// Memory file systems.
    pub tmpfs: Vec<Tmpfs>,
    /// `uid:gid`.
    pub user: Option<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Capabilities kept.
    pub capabilities: Vec<String>,
    /// Limits.
    pub resources: Resources,
    /// Whether more than one container makes sense.
    pub scalable: bool,
    /// Whether its port is published unless the user says otherwise.
    pub publish: bool,
    /// Whether it calls APIs on the internet; integrations and the gateway do unless they say otherwise.
    pub internet: Internet,
    /// Time between SIGTERM and SIGKILL.
    pub stop_grace: Duration,
    /// How its credentials are tried at their vendor.
    pub credentials: Option<Credential>,
    /// Where its program comes from.
    pub images: Images,
}

/// A dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// When it counts as there.
    pub condition: Condition,
    /// Profiles in which the service does without it.
    pub unless_profile: Vec<String>,
    /// The service uses it if it runs anyway, and does without it otherwise.
    pub optional: bool,
    /// Where it is written.
    pub position: Position,
}

/// A variable that a service reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variable {
    /// One line for people.
    pub description: String,
    /// Whether the service needs it. For an integration's credentials a missing one is a warning, else an error.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Whether `atlas init` makes a random value for it.
    pub generate: bool,
    /// A fixed value, not to be set by the user; `{stage}` stands for the stage.
    pub value: Option<String>,
    /// The value when the user sets none.
    pub default: Option<String>,
    /// The service whose `provides` gives the value.
    pub from: Option<ServiceName>,
    /// What the value must look like.
    pub format: Option<Format>,
    /// What the value must begin with: one of these.
    pub begins_with: Vec<String>,
    /// Example values that people leave in; refused.
    pub placeholders: Vec<String>,
    /// Parts of a value that are unwise in production.
    pub unwise_in_production: Vec<String>,
    /// Where a person gets the value.
    pub obtain: Option<String>,
    /// The name of its secret file; the variable in lower case by default.
    pub file: Option<String>,
    /// The secret file's content with `{value}` in it; such a file is the only way the value reaches the service.
    pub content: Option<String>,
}

/// A shape of values that can be checked without the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `http://` or `https://`, a host, no spaces.
    Url,
    /// A whole number from 1.
    Count,
    /// A whole number of seconds, a day at most.
    Seconds,
    /// Printable ASCII without spaces, quotes and backslashes.
    Word,
    /// Something with one `@` inside and no spaces.
    Email,
    /// Eight-four-four-four-twelve hexadecimal digits.
    Uuid,
}

/// A value for other services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// The value; `${VARIABLE}` stands for a variable of this service's environment, percent-encoded.
    pub value: String,
    /// Whether it must never be shown.
    pub secret: bool,
}

/// Doing the work of others when a coordinator is not deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// The service whose absence makes it necessary.
    pub without: ServiceName,
    /// The services whose environment it then reads.
    pub services: Vec<ServiceName>,
}

/// A store inside the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Volume key.
    pub volume: String,
    /// Absolute path in the container.
    pub target: String,
    /// The variable that tells the service the path.
    pub variable: String,
}

/// Taking folders of the host, read-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Absolute path in the container; each folder is mounted below it by its name.
    pub target: String,
    /// The variable that tells the service the folders: `PATH=ADDRESS`, separated by commas.
    pub variable: String,
}

/// Where a service's program comes from, for each image source; `any` answers for the ones that are not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Images {
    /// The image made of the atlas executable.
    pub builtin: Option<ImageSpec>,
    /// An image of the user's registry.
    pub registry: Option<ImageSpec>,
    /// An image built from the user's source tree.
    pub build: Option<ImageSpec>,
    /// One public image, whatever the source.
    pub any: Option<ImageSpec>,
}

impl Images {
    /// The description for a source and whether it is the `any` one.
    pub fn of(&self, source: ImageSource) -> Option<(&ImageSpec, bool)> {
        let own = match source {
            ImageSource::Builtin => &self.builtin,
            ImageSource::Registry => &self.registry,
            ImageSource::Build => &self.build,
        };
        own.as_ref()
            .map(|spec| (spec, false))
            .or(self.any.as_ref().map(|spec| (spec, true)))
    }
}

/// How a service runs from one image source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageSpec {
    /// Reference; `{registry}` and `{tag}` stand for what the user chose.
    pub image: Option<String>,
    /// Folder to build, relative to the user's `context`.
    pub context: Option<PathBuf>,
    /// The Dockerfile inside that folder.
    pub dockerfile: Option<PathBuf>,
    /// Command; `None` keeps the image's.
    pub command: Option<Vec<String>>,
    /// Whether every secret `X` may be given as a file named by `X_FILE`.
    pub secret_files: bool,
    /// Health check inside the container.
    pub healthcheck: Option<Vec<String>>,
    /// `uid:gid`.
    pub user: Option<String>,
}

/// When a service calls APIs on the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Internet {
    /// In every deployment.
    Always,
    /// Never.
    Never,
    /// Where this variable is set.
    WhenSet(String),
}
