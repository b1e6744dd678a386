//! Commands in containers whose output is data: streamed to a reader that sees its end only after exit code 0, with what was said on
//! stderr kept.

use std::io::{self, Read};
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::pipe::{Feed, pipe};
use super::{DockerEngine, EngineError, failure};
use crate::model::Secret;

/// Output that is handed on at once.
const CAPACITY: usize = 256 * 1024;
/// The last words that are kept of stderr.
const SAID: usize = 4096;
/// Between two looks at a command whose output has ended and which has not.
const PAUSE: Duration = Duration::from_millis(20);
const OPERATION: &str = "run a command in";

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Program and arguments; every process of the host can read them.
    pub words: Vec<String>,
    /// Further environment: readable by root and the same user only.
    pub environment: Vec<(String, Secret)>,
    /// What it reads on stdin; nothing if empty.
    pub input: Secret,
    /// `user` or `uid:gid`; `None` is the container's own with its groups.
    pub user: Option<String>,
    /// Ends it when the caller is interrupted. Needs `sh` in the image.
    pub stoppable: bool,
}

impl Command {
    /// A program and its arguments.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            words: words.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Ended<T> {
    /// What the reader made of its output.
    pub value: T,
    /// Its exit code.
    pub code: i64,
    /// The last it said on stderr.
    pub said: String,
}

impl DockerEngine {
    /// Runs a command, and hands its output to a reader that blocks on a thread of its own. The reader gets an error instead of its end when
    /// the exit code is not 0.
    ///
    /// # Errors
    /// The command cannot be started, the engine went away, or `interrupt` completed.
    pub async fn stream<T: Send + 'static>(
        &self,
        container: &str,
        command: &Command,
        interrupt: impl Future<Output = ()>,
        consume: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> Result<Ended<T>, EngineError> {
        let (feed, mut pipe) = pipe();
        let consumer = tokio::task::spawn_blocking(move || consume(&mut pipe));
        let mut said = String::new();
        let mut process = None;
        let outcome = tokio::select! {
            outcome = self.converse(container, command, &feed, &mut said, &mut process) => outcome,
            () = interrupt => {
                if let Some(process) = process.filter(|_| command.stoppable) {
                    self.kill(container, &process).await?;
                }
                Err(error(container, "interrupted"))
            }
        };
        match &outcome {
            Ok(0) => feed.end().await,
            Ok(code) => {
                feed.fail(format!("exit code {code}: {}", said.trim()))
                    .await
            }
            Err(error) => feed.fail(error.cause.clone()).await,
        }
        let value = consumer.await;
        let code = outcome?;
        let value = value.map_err(|cause| error(container, &cause.to_string()))?;
        Ok(Ended { value, code, said })
    }

    /// What a command prints.
    ///
    /// # Errors
    /// As [`DockerEngine::stream`], and any exit code but 0: the cause is what it said.
    pub async fn ask(&self, container: &str, command: &Command) -> Result<String, EngineError> {
        let read = |output: &mut dyn Read| {
            let mut text = Vec::new();
            let read = output.read_to_end(&mut text);
            read.map(|_| String::from_utf8_lossy(&text).into_owned())
        };
        let ended = self
            .stream(container, command, std::future::pending(), read)
            .await?;
        let name = command.words.first().map_or("", String::as_str);
        let said = match ended.said.trim() {
            "" => format!("`{name}` exits {}", ended.code),
            said => format!("`{name}` exits {}: {said}", ended.code),
        };
        ended.value.map_err(|_: io::Error| error(container, &said))
    }

    async fn converse(
        &self,
        container: &str,
        command: &Command,
        feed: &Feed,
        said: &mut String,
        process: &mut Option<String>,
    ) -> Result<i64, EngineError> {
        let failed = |cause| failure(OPERATION, container, &cause);
        let config = config(command);
        let exec = self.docker.create_exec(container, config).await;
        let exec = exec.map_err(failed)?.id;
        let options = StartExecOptions {
            output_capacity: Some(CAPACITY),
            ..Default::default()
        };
        let started = self.docker.start_exec(&exec, Some(options)).await;
        let StartExecResults::Attached {
            mut output,
            mut input,
        } = started.map_err(failed)?
        else {
            return Err(error(container, "the engine did not attach"));
        };
        // Nothing that is asked this way is longer than what a pipe holds.
        let given = input.write_all(command.input.expose().as_bytes()).await;
        // A command that ends before its input does tells by its exit code.
        drop(given.and(input.shutdown().await));
        while let Some(chunk) = output.next().await {
            match chunk.map_err(failed)? {
                LogOutput::StdErr { message } => {
                    listen(&String::from_utf8_lossy(&message), said, command, process);
                }
                other => {
                    if !feed.send(other.into_bytes()).await {
                        // The reader has given up, so nobody waits for the rest.
                        if let Some(process) = process.as_deref() {
                            self.kill(container, process).await?;
                        }
                        break;
                    }
                }
            }
        }
        self.exit_code(container, &exec).await
    }

    async fn exit_code(&self, container: &str, exec: &str) -> Result<i64, EngineError> {
        loop {
            let inspected = self.docker.inspect_exec(exec).await;
            let inspected = inspected.map_err(|cause| failure(OPERATION, container, &cause))?;
            match (inspected.running, inspected.exit_code) {
                (Some(true), _) => tokio::time::sleep(PAUSE).await,
                (_, Some(code)) => return Ok(code),
                (_, None) => {
                    return Err(error(
                        container,
                        "it was killed together with its container",
                    ));
                }
            }
        }
    }

    async fn kill(&self, container: &str, process: &str) -> Result<(), EngineError> {
        let words = ["sh", "-c", "kill \"$1\"", "sh", process].map(str::to_owned);
        // A process that has ended meanwhile is what was wanted.
        self.run_command(container, &words).await.map(drop)
    }
}

fn config(command: &Command) -> ExecConfig {
    let mut words = command.words.clone();
    if command.stoppable {
        let shell = ["sh", "-c", "echo $$ >&2; exec \"$@\"", "sh"];
        words.splice(0..0, shell.map(str::to_owned));
    }
    let environment = command.environment.iter();
    ExecConfig {
        cmd: Some(words),
        env: Some(
            environment
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect(),
        ),
        user: command.user.clone(),
        attach_stdin: Some(!command.input.is_empty()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        ..Default::default()
    }
}

/// Keeps the last words; the first line of a stoppable command is its process id.
fn listen(text: &str, said: &mut String, command: &Command, process: &mut Option<String>) {
    said.push_str(text);
    if command.stoppable
        && process.is_none()
        && let Some((first, rest)) = said.split_once('\n')
    {
        *process = Some(first.to_owned());
        *said = rest.to_owned();
    }
    if said.len() > SAID {
        let keep = said.ceil_char_boundary(said.len() - SAID);
        said.drain(..keep);
    }
}

fn error(container: &str, cause: &str) -> EngineError {
    EngineError {
        operation: OPERATION,
        subject: container.to_owned(),
        cause: cause.to_owned(),
        hint: None,
        unreachable: false,
    }
}
