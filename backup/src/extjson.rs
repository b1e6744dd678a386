//! Canonical Extended JSON, with the order of keys kept. Owns the two directions between it and raw BSON.
//!
//! The order of keys is meaning: `{b: 1, a: 1}` is another index than `{a: 1, b: 1}`. Nothing here goes through a map.

mod node;
mod parse;
mod write;

pub use parse::parse;
pub use write::write;
