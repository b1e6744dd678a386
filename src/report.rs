//! Shows events: on a terminal, as plain lines, or as JSON. The three are equal consumers of the same events.

mod checklist;
mod findings;
mod json;
mod markdown;
mod page;
mod plain;
mod style;
mod transfer;
mod tty;

pub use checklist::{ending, item, stops, verdict};
pub(crate) use findings::wrapped;
pub use findings::{findings, summary};
pub use json::Json;
pub use markdown::markdown;
pub use page::{checklist_page, findings_page};
pub use plain::Plain;
pub use style::{Style, bytes, count, seconds, several};
pub use tty::Tty;

/// The present participle of a step's verb, as both human reporters show it.
fn doing(verb: &str) -> &'static str {
    match verb {
        "create" => "creating",
        "provide" => "getting",
        "connect" => "connecting",
        "rename" => "renaming",
        "start" => "starting",
        "await" => "waiting for its answer",
        "stop" => "stopping",
        _ => "removing",
    }
}

/// What is true when a step has ended.
fn done(verb: &str) -> &'static str {
    match verb {
        "create" => "created",
        "provide" => "ready",
        "connect" => "connected",
        "rename" => "renamed",
        "start" => "started",
        "await" => "healthy",
        "stop" => "stopped",
        _ => "removed",
    }
}
