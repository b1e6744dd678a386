//! The user's own probes of atlas.yaml: commands and requests, all at once, each with a deadline. Owns how they are run and what
//! of their output is kept; what that means for the checklist belongs to `checks`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::http;
use crate::checks::checklist::Probed;
use crate::execute::hide;
use crate::input::Inputs;
use crate::input::checklist::How;
use crate::model::Deployment;

/// How long a command may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of output that are kept: its end.
const KEPT: usize = 8 << 10;
/// Lines of output that are shown.
const SHOWN: usize = 5;

/// Where the probes are run.
pub(crate) struct Bench<'a> {
    /// The project directory.
    pub(crate) directory: &'a Path,
    /// The three sources as written.
    pub(crate) inputs: &'a Inputs,
    /// For its secrets, which are hidden in what is shown.
    pub(crate) deployment: Option<&'a Deployment>,
    /// How long a command may take; [`DEADLINE`] but for tests.
    pub(crate) deadline: Duration,
}

/// Runs every probe; what came of it by item. Questions are left out.
pub(crate) async fn probes(bench: &Bench<'_>) -> BTreeMap<String, Probed> {
    let asked = bench.inputs.project.checklist.iter().map(async |item| {
        let probed = match &item.how {
            How::Command(words) => bench.command(words).await,
            How::Http { url, status } => bench.request(url, *status).await,
            How::Question { .. } => return None,
        };
        Some((item.id.value.clone(), probed))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

impl Bench<'_> {
    async fn command(&self, words: &[String]) -> Probed {
        let Some((program, arguments)) = words.split_first() else {
            return Probed::NotChecked("the item names no program".to_owned());
        };
        // A path means one from the project directory; a bare name is looked for where a shell would.
        let path = match program.contains('/') {
            true => self.directory.join(program),
            false => program.into(),
        };
        let child = Command::new(path)
            .args(arguments)
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(cause) => {
                let why = crate::error::cause(&cause);
                return Probed::Failed(vec![format!("`{program}` does not start: {why}")]);
            }
        };
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let (mut output, mut complaints) = (Vec::new(), Vec::new());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let run = async {
            tokio::join!(
                child.wait(),
                end_of(stdout, &mut output),
                end_of(stderr, &mut complaints)
            )
            .0
        };
        let ended = tokio::time::timeout(self.deadline, run).await;
        if ended.is_err()
            && let Some(group) = group
        {
            // What it started ends with it; it may have ended by itself just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let mut said = self.lines(&output);
        said.extend(self.lines(&complaints));
        let said = said.split_off(said.len().saturating_sub(SHOWN));
        let ended = ended.map(|ended| ended.map_err(|cause| cause.to_string()));
        let late = || {
            format!(
                "`{program}` did not end within {} s",
                self.deadline.as_secs()
            )
        };
        verdict(program, ended.map_err(|_| late()), said)
    }

    async fn request(&self, url: &str, wanted: u16) -> Probed {
        let client = match http::client(None) {
            Ok(client) => client,
            Err(error) => return Probed::NotChecked(error.message),
        };
        let shown = self.shown(url);
        match client.get(url).send().await {
            Ok(answer) if answer.status().as_u16() == wanted => {
                Probed::Passed(vec![format!("{shown} answers {wanted}")])
            }
            Ok(answer) => {
                let status = answer.status().as_u16();
                Probed::Failed(vec![format!("{shown} answers {status}, not {wanted}")])
            }
            Err(cause) => Probed::Failed(vec![format!(
                "{shown} does not answer: {}",
                http::why(&cause)
            )]),
        }
    }

    /// Text without secrets and without what would steer a terminal.
    fn shown(&self, text: &str) -> String {
        let mut text = hide(self.deployment, text);
        for (name, setting) in self.inputs.dotenv.iter() {
            let secret = ["KEY", "TOKEN", "SECRET", "PASSWORD", "URL"]
                .iter()
                .any(|word| name.contains(word));
            if secret && setting.value.len() >= 6 {
                text = text.replace(&setting.value, "***");
            }
        }
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect()
    }

    fn lines(&self, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let text = hide(self.deployment, &text);
        let lines = text
            .lines()
            .map(|line| self.shown(line).trim_end().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }
}

/// `ended` is how it ended, or why it was ended.
fn verdict(
    program: &str,
    ended: Result<Result<ExitStatus, String>, String>,
    said: Vec<String>,
) -> Probed {
    let (passed, line) = match ended {
        Ok(Ok(status)) if status.success() => (true, format!("`{program}` exits 0")),
        Ok(Ok(status)) => match status.code() {
            Some(code) => (false, format!("`{program}` exits {code}")),
            None => (false, format!("`{program}` was killed by a signal")),
        },
        Ok(Err(cause)) => (false, format!("`{program}` cannot be waited for: {cause}")),
        Err(late) => (false, late),
    };
    let lines = std::iter::once(line).chain(said).collect();
    match passed {
        true => Probed::Passed(lines),
        false => Probed::Failed(lines),
    }
}

/// Reads to the end and keeps the last bytes.
async fn end_of(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else {
        return;
    };
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
        kept.extend_from_slice(&bytes[..length]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_does_not_end_is_ended_with_all_that_it_started() {
        let inputs = Inputs::default();
        let bench = Bench {
            directory: Path::new("/"),
            inputs: &inputs,
            deployment: None,
            deadline: Duration::from_secs(1),
        };
        let script = "sleep 600 & echo $!; wait";
        let probed = bench
            .command(&["sh", "-c", script].map(str::to_owned))
            .await;
        let Probed::Failed(lines) = probed else {
            panic!("{probed:?}");
        };
        assert_eq!(lines[0], "`sh` did not end within 1 s");
        let child = format!("/proc/{}/stat", lines[1]);
        let began = std::time::Instant::now();
        // A zombie is dead: whoever inherited it only has not looked yet.
        let lives = || std::fs::read_to_string(&child).is_ok_and(|stat| !stat.contains(") Z "));
        while lives() {
            assert!(began.elapsed() < Duration::from_secs(10), "{child} lives");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
