//! Reading and writing a live MongoDB. Owns what it means to talk to one; the form of an archive is `archive`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`compare`] | a server against a manifest |
//! | [`connection`] | a connection, and what is known of the server behind it |
//! | `failure` | the driver's errors in the words of this crate |
//! | [`pattern`] | patterns of namespaces, and renaming by them |
//! | [`restore`] | an archive written to a server |

pub mod compare;
pub mod connection;
mod failure;
pub mod pattern;
pub mod restore;

pub use compare::compare;
pub use connection::{Connection, Server, Topology};
pub use pattern::{Pattern, Rename};
pub use restore::{RestoreOptions, Restored, RestoredNamespace, restore};

/// Becomes `true` when the work is to stop as soon as possible.
pub type Cancel = tokio::sync::watch::Receiver<bool>;
