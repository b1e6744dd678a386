//! Exit codes: the contract with scripts. Owns the numbers; which error has which code is decided where the error is made.

/// Every way a command can end. The numbers are documented in `atlas help` and never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Ok = 0,
    /// A bug in atlas.
    Unexpected = 1,
    /// The command line could not be understood.
    Usage = 2,
    /// `atlas.yaml`, `.env` or the catalogue is wrong.
    Configuration = 3,
    /// The container engine cannot be reached.
    EngineUnreachable = 4,
    /// An operation failed.
    Failed = 5,
    /// Something did not become healthy in time.
    Unhealthy = 6,
    /// Checks did not pass.
    ChecksFailed = 7,
    /// Differences were found (`--check`, `plan --exit-code`).
    Differences = 8,
    /// A backup was made, but a part of it is missing.
    Incomplete = 20,
    /// Another process works on the same backups.
    Locked = 21,
    /// The key or passphrase does not open the backup.
    WrongKey = 22,
    /// A backup is not what was written.
    Damaged = 23,
    /// There is no such backup.
    NotFound = 24,
    /// Interrupted by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, for help texts and the manual.
    pub const TABLE: [(Exit, &'static str); 15] = [
        (Exit::Ok, "done, or nothing to do"),
        (Exit::Unexpected, "unexpected error (a bug in atlas)"),
        (Exit::Usage, "the command line could not be understood"),
        (
            Exit::Configuration,
            "atlas.yaml, .env or the catalogue is wrong",
        ),
        (
            Exit::EngineUnreachable,
            "the container engine cannot be reached",
        ),
        (Exit::Failed, "an operation failed"),
        (Exit::Unhealthy, "a service did not become healthy in time"),
        (Exit::ChecksFailed, "checks did not pass"),
        (
            Exit::Differences,
            "differences found (--check, plan --exit-code)",
        ),
        (
            Exit::Incomplete,
            "a part is missing from the backup; the rest is there",
        ),
        (Exit::Locked, "another process works on the same backups"),
        (Exit::WrongKey, "key or passphrase do not open the backup"),
        (
            Exit::Damaged,
            "verification failed: a backup is not what was written",
        ),
        (Exit::NotFound, "there is no such backup"),
        (Exit::Interrupted, "interrupted"),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}
