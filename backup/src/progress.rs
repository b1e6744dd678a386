//! What happens while a backup is made, checked or restored, as values. Owns no wording beyond the names of things.

/// Something that happened. Events come from any thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part of the work began: `dump`, `verify`, `restore`, `indexes`, `upload`.
    Phase {
        /// Its name.
        name: &'static str,
        /// Uncompressed bytes that are expected in all, where known; an estimate.
        bytes: Option<u64>,
    },
    /// More of it is done.
    Advanced {
        /// Uncompressed bytes since the last event.
        bytes: u64,
        /// Documents since the last event.
        documents: u64,
    },
    /// A namespace, file or part is done.
    Finished {
        /// `shop.orders`, `redis.rdb`.
        subject: String,
        /// Its documents.
        documents: u64,
        /// Its uncompressed bytes.
        bytes: u64,
    },
    /// Something the person should know that stops nothing.
    Warning(String),
}

/// Where events go.
pub trait Progress: Send + Sync {
    /// Shows one event; must return at once.
    fn report(&self, event: Event);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: Event) {}
}
