//! nginx itself: where it is, what it is, what it says against a configuration. Also what `atlas render nginx --test` asks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::model::NginxBuild;

/// A test of a configuration takes milliseconds; names in it are resolved, too.
const PATIENCE: Duration = Duration::from_secs(4);

/// The program, on PATH or in the folder of servers, which not every user has on PATH.
pub(crate) fn find(path: &str, root: &Path) -> Option<PathBuf> {
    let folders = path
        .split(':')
        .map(PathBuf::from)
        .chain([root.join("usr/sbin")]);
    { folders }
        .map(|folder| folder.join("nginx"))
        .find(|file| file.is_file())
}

/// Its version and what it was built with (`nginx -V`).
pub(crate) async fn build(program: &Path) -> Option<NginxBuild> {
    let said = run(program, &["-V".as_ref()]).await.ok()?;
    parse(&String::from_utf8_lossy(&said.stderr))
}

fn parse(said: &str) -> Option<NginxBuild> {
    let (_, rest) = said.split_once("nginx/")?;
    let version = rest
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?;
    Some(NginxBuild {
        version: version.parse().ok()?,
        http3: said.contains("--with-http_v3_module"),
    })
}

/// What a test says.
pub(crate) enum Answer {
    /// Nothing against the configuration.
    Good,
    /// Each fault.
    Bad(Vec<String>),
    /// There is no answer, and why.
    None(String),
}

/// `nginx -t` of a whole configuration; relative paths in it are below `prefix`.
pub(crate) async fn test(program: &Path, prefix: &Path, configuration: &Path) -> Answer {
    let mut arguments = ["-t", "-q", "-e", "stderr", "-p"]
        .map(AsRef::as_ref)
        .to_vec();
    arguments.extend([prefix.as_os_str(), "-c".as_ref(), configuration.as_os_str()]);
    let output = match run(program, &arguments).await {
        Ok(output) => output,
        Err(why) => return Answer::None(why),
    };
    match output.status.success() {
        true => Answer::Good,
        false => read(&String::from_utf8_lossy(&output.stderr)),
    }
}

/// What it said against the configuration.
pub(crate) fn read(said: &str) -> Answer {
    if said.contains("Permission denied") || said.contains("(13:") {
        return Answer::None("only root may read all of nginx's configuration".to_owned());
    }
    let lines = said
        .lines()
        .filter(|line| line.contains("[emerg]") || line.contains("[crit]"));
    let lines: Vec<String> = lines.map(trimmed).collect();
    match lines.is_empty() {
        true => Answer::None(
            said.lines()
                .next()
                .unwrap_or("nginx says nothing")
                .to_owned(),
        ),
        false => Answer::Bad(lines),
    }
}

async fn run(
    program: &Path,
    arguments: &[&std::ffi::OsStr],
) -> Result<std::process::Output, String> {
    let command = Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(PATIENCE, command).await {
        Err(_) => Err(format!("nginx takes longer than {} s", PATIENCE.as_secs())),
        Ok(outcome) => {
            outcome.map_err(|cause| format!("nginx cannot be run: {}", crate::error::cause(&cause)))
        }
    }
}

/// Without time and process.
fn trimmed(line: &str) -> String {
    let rest = line
        .split_once("[emerg] ")
        .or_else(|| line.split_once("[crit] "));
    let text = rest.map_or(line, |(_, text)| text);
    text.split_once(": ")
        .filter(|(first, _)| first.contains('#'))
        .map_or(text, |(_, text)| text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NginxVersion;

    #[test]
    fn the_version_and_http3_are_read_from_what_nginx_says() {
        let said = |text: &str| parse(text).map(|build| (build.version, build.http3));
        assert_eq!(
            said("nginx version: nginx/1.22.1\nconfigure arguments: --with-http_v2_module\n"),
            Some((NginxVersion(1, 22, 1), false))
        );
        assert_eq!(
            said(
                "nginx version: nginx/1.30.6 (Ubuntu)\nconfigure arguments: --with-http_v3_module\n"
            ),
            Some((NginxVersion(1, 30, 6), true))
        );
        assert_eq!(said("openresty/1.27"), None);
    }
}
