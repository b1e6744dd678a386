//! Who holds a lock or makes a draft. Owns the words for it, and whether that process is still there.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Kind};

/// A process, as it names itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) host: String,
    pub(super) command: String,
    pub(super) since: Timestamp,
}

impl Holder {
    /// This process.
    pub(super) fn this(command: &str) -> Self {
        Self {
            pid: std::process::id(),
            host: this_host(),
            command: command.to_owned(),
            since: Timestamp::now(),
        }
    }

    /// Whether it was a process of this machine, and is no more.
    pub(super) fn is_dead(&self) -> bool {
        let pid = i32::try_from(self.pid).ok();
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        self.host == this_host()
            && pid.is_some_and(|pid| {
                rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
            })
    }
}

fn this_host() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            host,
            command,
            since,
        } = self;
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        write!(
            f,
            "`{command}` works on it (process {pid} on {host}, since {since})"
        )
    }
}

/// That somebody else holds it.
pub(super) fn locked(place: String, holder: Option<Holder>) -> Error {
    let cause = holder.map_or_else(
        || "another process works on it".to_owned(),
        |holder| holder.to_string(),
    );
    Error::new(Kind::Locked, "lock", place, cause).hint("try again when it has ended")
}
