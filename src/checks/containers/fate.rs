//! What has become of a container. Owns that each has one fate, so that one fault is told by one rule.

use super::Seen;
use crate::plan::State;

/// A container that was restarted and has run for less is still restarting: the engine waits up to a minute between two starts.
const PROVEN: i64 = 60;
/// Exit codes of those that were asked to end: by itself, SIGINT, SIGKILL, SIGTERM.
const ASKED: [i64; 4] = [0, 130, 137, 143];

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs.
    Runs,
    /// It does not run, because it was never started or was asked to end.
    Stopped,
    /// It ended by a failure, or could not be started.
    Failed,
    /// It ends again and again.
    Loops,
    /// The kernel killed it for memory, and it does not run for long since.
    OutOfMemory,
}

impl Fate {
    pub(super) fn of(seen: &Seen, now: i64) -> Self {
        let young = seen.started.is_none_or(|at| now - at < PROVEN);
        let oom = seen.oom_killed || seen.oom_at.is_some_and(|at| now - at < PROVEN);
        match seen.state {
            State::Restarting if oom => Self::OutOfMemory,
            State::Restarting => Self::Loops,
            State::Running if seen.restarts > 0 && young && oom => Self::OutOfMemory,
            State::Running if seen.restarts > 1 && young => Self::Loops,
            State::Running => Self::Runs,
            State::Exited if seen.oom_killed => Self::OutOfMemory,
            State::Exited if ASKED.contains(&seen.exit_code) => Self::Stopped,
            State::Created if seen.error.is_empty() => Self::Stopped,
            State::Paused => Self::Stopped,
            State::Exited | State::Created | State::Dead => Self::Failed,
        }
    }
}
