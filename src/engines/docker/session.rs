//! Conversations with running containers: log streams and interactive commands. Owns the transport; colours and
//! interleaving belong to `report` and `commands`.

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::{LogsOptionsBuilder, ResizeExecOptionsBuilder};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::{DockerEngine, EngineError, failure};

/// Which log lines to read.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Go on as new lines come.
    pub follow: bool,
    /// Only lines since this second of 1970; 0 means all.
    pub since: i64,
    /// Only the last lines; `None` means all.
    pub tail: Option<usize>,
}

/// One line of one container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLine {
    /// RFC 3339 with nanoseconds, as the engine gives it: sorts as text.
    pub time: String,
    /// Container name.
    pub container: String,
    /// Service.
    pub service: String,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// The line without its end.
    pub text: String,
}

impl DockerEngine {
    /// Lines of one container, oldest first.
    pub fn log_lines(
        &self,
        container: &str,
        name: &str,
        service: &str,
        request: &LogRequest,
    ) -> impl Stream<Item = Result<LogLine, EngineError>> {
        let tail = request.tail.map_or("all".to_owned(), |n| n.to_string());
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(request.follow)
            // The client has 32 bits for it. What is later than 2038 is later than any line there is.
            .since(i32::try_from(request.since.max(0)).unwrap_or(i32::MAX))
            .tail(&tail)
            .build();
        let (name, service) = (name.to_owned(), service.to_owned());
        self.docker.logs(container, Some(options)).map(move |item| {
            let output = item.map_err(|e| failure("read the logs of", &name, &e))?;
            let stream = match output {
                LogOutput::StdErr { .. } => "stderr",
                _ => "stdout",
            };
            let line = output.to_string();
            let (time, text) = line.split_once(' ').unwrap_or(("", &line));
            Ok(LogLine {
                time: time.to_owned(),
                container: name.clone(),
                service: service.clone(),
                stream,
                text: text.trim_end_matches(['\r', '\n']).to_owned(),
            })
        })
    }

    /// Runs a command in a container with this process's input and output; returns its exit code. `size` is the terminal's
    /// (columns, rows) and asks for a terminal in the container.
    pub async fn session(
        &self,
        container: &str,
        command: Vec<String>,
        user: Option<String>,
        size: Option<(u16, u16)>,
        mut input: Option<impl AsyncRead + Unpin>,
        (mut out, mut err): (impl AsyncWrite + Unpin, impl AsyncWrite + Unpin),
    ) -> Result<i64, EngineError> {
        let failed = |e: &bollard::errors::Error| failure("run a command in", container, e);
        let config = ExecConfig {
            cmd: Some(command),
            user,
            tty: Some(size.is_some()),
            attach_stdin: Some(input.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let exec = self.docker.create_exec(container, config).await;
        let exec = exec.map_err(|e| failed(&e))?.id;
        let options = StartExecOptions {
            tty: size.is_some(),
            ..Default::default()
        };
        let started = self.docker.start_exec(&exec, Some(options)).await;
        let StartExecResults::Attached {
            mut output,
            input: mut container_input,
        } = started.map_err(|e| failed(&e))?
        else {
            return Ok(0);
        };
        if let Some((width, height)) = size {
            let options = ResizeExecOptionsBuilder::default()
                .w(width.into())
                .h(height.into())
                .build();
            // The command may have ended already; its size then matters to nobody.
            let _ = self.docker.resize_exec(&exec, options).await;
        }
        // Both directions at once: a command that waits for its output to be read must not keep its input from being written.
        let feed = async {
            if let Some(input) = &mut input {
                // The command may end before its input does.
                let _ = tokio::io::copy(input, &mut container_input).await;
                let _ = container_input.shutdown().await;
            }
            std::future::pending::<()>().await;
        };
        let show = async {
            while let Some(chunk) = output.next().await {
                let chunk = chunk.map_err(|e| failed(&e))?;
                // Unflushed output goes with the process.
                let written = match &chunk {
                    LogOutput::StdErr { message } => {
                        err.write_all(message).await.and(err.flush().await)
                    }
                    other => out.write_all(other.as_ref()).await.and(out.flush().await),
                };
                // Nobody reads any more (a closed pipe): end as other tools do.
                if written.is_err() {
                    break;
                }
            }
            Ok::<(), EngineError>(())
        };
        tokio::select! {
            shown = show => shown?,
            () = feed => {}
        }
        let inspected = self.docker.inspect_exec(&exec).await;
        Ok(inspected.map_err(|e| failed(&e))?.exit_code.unwrap_or(-1))
    }
}
