//! The validated deployment: what shall run, free of any outside format.
//!
//! Owns the types that every target, plan and engine reads. Knows no YAML, no Docker, no Compose; nothing here does I/O.
//! A [`Deployment`] is valid by construction: `resolve` is the only place that builds one from user input.

mod cluster;
mod deployment;
mod edge;
mod image;
mod name;
mod probe;
mod public_url;
mod secret;
mod service;
mod size;

pub use cluster::SecretSource;
pub use deployment::{DataMode, Deployment, Network, Stage, Volume};
pub use edge::{
    EDGE, EDGE_FOLDER, EDGE_INSIDE, EDGE_KEY, Edge, Networks, NginxBuild, NginxVersion, Place,
    Upstream,
};
pub use image::{BuildContext, Image, ImageRef, ImageSource};
pub use name::{InvalidName, Port, ProjectName, ServiceName};
pub use probe::{Exchange, Probe};
pub use public_url::{NoPublicUrl, PublicUrl};
pub use secret::Secret;
pub use service::{
    Condition, EnvValue, Kind, Mount, Opening, Publish, Resources, SecretMount, Service, Tmpfs,
};
pub use size::bytes;
