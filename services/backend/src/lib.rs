//! The Atlas AI backend services: one crate plays every role.
//!
//! | module | owns |
//! |---|---|
//! | [`environment`] | the process environment, and the files `X_FILE` names; nothing else reads them |
//! | [`config`] | every variable, its meaning and its default; all problems at once |
//! | [`server`] | the listener, the accept loop, the graceful end |
//! | [`front`] | what every request passes: request id, trace, deadline, metrics, log, JSON errors |
//! | [`trace`] | W3C Trace Context, spans and their export |
//! | [`source`] | the one contract a searchable thing keeps, near (an integration) or far (a service) |
//! | [`integrations`] | one file per vendor, on top of [`vendor`] |
//! | [`cache`] | results of a short while ago, in Redis or in memory |
//! | [`productivity`] | local folders: the index, what is in files |
//! | [`orchestrator`] | asking many sources at once and merging what they answer |
//! | [`peer`] | the HTTP client under calls to our own services |
//! | [`gateway`] | `/api`: settings, history, limits, CORS, the key |
//! | [`openapi`] | what the API of each role is, for programs and as a page |
//!
//! A role is a router over shared parts: the gateway of the minimal profile runs the very fan-out the
//! orchestrator runs, over the very integrations the services run, without the network in between.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cache;
pub mod config;
pub mod environment;
pub mod front;
pub mod gateway;
pub mod integrations;
pub mod limit;
pub mod log;
pub mod markup;
pub mod metrics;
pub mod openapi;
pub mod orchestrator;
pub mod peer;
pub mod problem;
pub mod productivity;
pub mod redis_server;
pub mod request_id;
pub mod roles;
pub mod seal;
pub mod search;
pub mod secret;
pub mod server;
pub mod service;
pub mod source;
pub mod sse;
pub mod store;
pub mod tls;
pub mod trace;
pub mod vendor;

pub use roles::{ServeError, roles, serve};

/// The version every role reports.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
