//! Reading and writing a live MongoDB. Owns what it means to talk to one; the form of an archive is `archive`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`connection`] | a connection, and what is known of the server behind it |
//! | `failure` | the driver's errors in the words of this crate |

pub mod connection;
mod failure;

pub use connection::{Connection, Server, Topology};

/// Becomes `true` when the work is to stop as soon as possible.
pub type Cancel = tokio::sync::watch::Receiver<bool>;
