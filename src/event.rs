//! What happens while a plan runs, as values. Owns no wording: each reporter shows them in its own way.

use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The cheap checks are through; from now on things are touched.
    CheckedOut {
        /// Steps that will change something.
        changes: usize,
        /// Services that will be waited for.
        services: usize,
    },
    /// A step began.
    Started {
        /// `create`, `start`, `await` …
        verb: &'static str,
        /// `container`, `network`, `volume`, `image`.
        kind: &'static str,
        /// What it is about.
        subject: String,
        /// Its service.
        service: Option<String>,
    },
    /// A step ended well.
    Finished {
        /// `create`, `start`, `await` …
        verb: &'static str,
        /// `container`, `network`, `volume`, `image`.
        kind: &'static str,
        /// What it was about.
        subject: String,
        /// Its service.
        service: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// A step failed; the error itself is returned, not reported here.
    Failed {
        /// `create`, `start`, `await` …
        verb: &'static str,
        /// `container`, `network`, `volume`, `image`.
        kind: &'static str,
        /// What it was about.
        subject: String,
        /// Its service.
        service: Option<String>,
    },
    /// A long step moved on.
    Progress {
        /// What it is about (an image's reference).
        subject: String,
        /// The engine's own words ("Downloading").
        text: String,
        /// Bytes done, where known.
        current: Option<u64>,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// A probe was asked again and again without success; shown so that a wait explains itself.
    Waiting {
        /// The service.
        service: String,
        /// What the last probe got.
        answer: String,
        /// Since when.
        waited: Duration,
    },
    /// Bytes are on their way; told a few times a second.
    Transfer {
        /// `dump`, `verify`, `restore` …
        verb: &'static str,
        /// Bytes so far, before compression.
        bytes: u64,
        /// Bytes expected in all; an estimate.
        total: Option<u64>,
        /// Documents so far.
        documents: u64,
        /// Bytes a second, since it began.
        rate: u64,
        /// Time left at that rate, where the end is known.
        left: Option<Duration>,
    },
    /// All bytes are where they should be.
    Transferred {
        /// `dump`, `verify`, `restore` …
        verb: &'static str,
        /// Bytes, before compression.
        bytes: u64,
        /// Documents.
        documents: u64,
        /// How long it took.
        took: Duration,
    },
    /// A collection or file is through.
    Part {
        /// Its name.
        subject: String,
        /// Bytes, before compression.
        bytes: u64,
        /// Documents.
        documents: u64,
    },
    /// Something the user should know that stops nothing.
    Warning {
        /// The text.
        text: String,
    },
    /// A file was written or left alone.
    File {
        /// Path as the user knows it.
        path: String,
        /// `created`, `updated`, `unchanged`.
        outcome: &'static str,
    },
}

/// Where events go. Reporters are called from one thread.
pub trait Report {
    /// Shows one event.
    fn report(&self, event: Event);
}
