//! Reading and writing a live MongoDB. Owns what it means to talk to one; the form of an archive is `archive`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`connection`] | a connection, and what is known of the server behind it |
//! | [`dump`] | a live server into an archive |
//! | `failure` | the driver's errors in the words of this crate |
//! | `listing` | what there is to dump |
//! | `ranges` | where large collections are split |
//! | `snapshot` | the one cluster time of all cursors |
//! | [`throttle`] | how much of the server a dump may take |

pub mod connection;
pub mod dump;
mod failure;
mod listing;
mod ranges;
mod snapshot;
pub mod throttle;

pub use connection::{Connection, Server, Topology};
pub use dump::{DumpOptions, Dumped, dump};
pub use throttle::Throttle;

/// Becomes `true` when the work is to stop as soon as possible.
pub type Cancel = tokio::sync::watch::Receiver<bool>;
