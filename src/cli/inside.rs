//! What runs inside the built-in image: services, their probes and their helpers, hidden from a person's help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// These commands alone. A service and its probes do not pay for the rest of the command line: reading it takes longer than
/// a probe, and leaves memory behind that a service never uses again.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
pub(crate) struct Lean {
    #[command(subcommand)]
    pub(crate) command: Inside,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Inside {
    /// Run one of the backend's services in this process
    #[command(hide = true)]
    Serve {
        /// The service's name
        role: String,
    },
    /// Ask URLs once; exit 0 if all answer with success
    #[command(hide = true)]
    Probe {
        /// `http://HOST:PORT/path`, or `tcp://HOST:PORT` for a connection only
        #[arg(required = true)]
        urls: Vec<String>,
    },
    /// Ask a URL until it refuses for asking too often, and print what came of it
    #[command(hide = true)]
    Count {
        /// `http://127.0.0.1:PORT/path`
        url: String,
        /// At most so many requests
        most: u32,
    },
    /// Print the documents in the file on standard input, as JSON
    #[command(hide = true)]
    Extract {
        /// `pdf`, `document`, …
        kind: String,
    },
    /// Print a consistent copy of the embedded store that a gateway on this machine serves
    #[command(hide = true)]
    Snapshot {
        /// The folder it lies in
        folder: PathBuf,
    },
}
