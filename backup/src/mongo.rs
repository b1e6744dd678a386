//! Reading and writing a live MongoDB. Owns what it means to talk to one; the form of an archive is `archive`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`compare`] | a server against a manifest |
//! | [`connection`] | a connection, and what is known of the server behind it |
//! | [`dump`] | a live server into an archive |
//! | [`estimate`] | how much there is |
//! | `failure` | the driver's errors in the words of this crate |
//! | [`greeting`] | what a server says to who comes with a password, and without |
//! | `listing` | what there is to dump |
//! | [`pattern`] | patterns of namespaces, and renaming by them |
//! | `ranges` | where large collections are split |
//! | [`restore`] | an archive written to a server |
//! | `snapshot` | the one cluster time of all cursors |
//! | [`throttle`] | how much of the server a dump may take |

pub mod compare;
pub mod connection;
pub mod dump;
pub mod estimate;
mod failure;
pub mod greeting;
mod listing;
pub mod pattern;
mod ranges;
pub mod restore;
mod snapshot;
pub mod throttle;

pub use compare::compare;
pub use connection::{Connection, Server, Topology};
pub use dump::{DumpOptions, Dumped, dump};
pub use pattern::{Pattern, Rename};
pub use restore::{RestoreOptions, Restored, RestoredNamespace, restore};
pub use throttle::Throttle;

/// Becomes `true` when the work is to stop as soon as possible.
pub type Cancel = tokio::sync::watch::Receiver<bool>;
