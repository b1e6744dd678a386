//! Why a service did not become ready, in a person's words: what happened, what it last said, what to try.

use std::fmt;
use std::time::Duration;

/// What ended the wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The kernel killed it for memory.
    OutOfMemory,
    /// The engine could not start it.
    NotStarted(String),
    /// It ended.
    Exited {
        /// Exit code, if the engine told one.
        code: Option<i64>,
        /// How often the engine has started it again meanwhile.
        restarts: i64,
    },
    /// It runs, but did not answer in time.
    TimedOut(Duration),
}

/// A service that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// The service.
    pub service: String,
    /// Its memory limit, in bytes.
    pub memory: u64,
    /// What ended the wait.
    pub cause: Cause,
    /// What its probe last got.
    pub answer: String,
    /// The last output of the engine's own health check.
    pub health_output: Option<String>,
    /// Its last log lines.
    pub log: Vec<String>,
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not healthy: ", self.service)?;
        match &self.cause {
            Cause::OutOfMemory => write!(
                f,
                "killed for using more than its {} MiB of memory (exited 137, OOM killed)",
                self.memory / 1024 / 1024
            ),
            Cause::NotStarted(error) => f.write_str(error.trim_end_matches('.')),
            Cause::Exited { code, restarts } => {
                match code {
                    Some(code) => write!(f, "exited {code} ({})", meaning(*code))?,
                    None => f.write_str("it exits at once")?,
                }
                if *restarts > 0 {
                    write!(f, " and was restarted {restarts} times")?;
                }
                Ok(())
            }
            Cause::TimedOut(limit) => write!(
                f,
                "no good answer within {} s; the last was: {}",
                limit.as_secs(),
                self.answer
            ),
        }
    }
}

impl Unready {
    /// What to try.
    pub fn hint(&self) -> String {
        let name = &self.service;
        match &self.cause {
            Cause::OutOfMemory => {
                format!("raise `services.{name}.memory` in atlas.yaml")
            }
            Cause::NotStarted(error) if error.contains("port is already allocated") => {
                format!("set another `services.{name}.port` in atlas.yaml or stop what uses it")
            }
            Cause::Exited {
                code: Some(132), ..
            } => "the CPU lacks an instruction the image needs (MongoDB 5 and later need AVX)"
                .to_owned(),
            Cause::TimedOut(_) => {
                format!("`atlas logs {name}` shows all of it; `--timeout` gives it longer")
            }
            _ => format!("`atlas logs {name}` shows all of it"),
        }
    }
}

/// What an exit code usually says (128 + signal; docker's own 125 to 127).
fn meaning(code: i64) -> &'static str {
    match code {
        0 => "it ended by itself",
        1 => "it reported an error",
        125 => "the engine could not run it",
        126 => "its command cannot be executed",
        127 => "its command was not found",
        132 => "illegal instruction",
        134 => "aborted",
        137 => "killed",
        139 => "segmentation fault",
        143 => "terminated",
        _ => "it failed",
    }
}
