//! Asks from inside of containers whether a service finds and reaches what it depends on, with what its image has. Nothing is brought in.

use std::io::Read;
use std::time::Duration;

use futures_util::future::join_all;

use crate::checks::network::{Outcome, Way};
use crate::checks::{Known, Unknown};
use crate::engines::docker::{Command, DockerEngine};
use crate::model::{Deployment, Image, Service};
use crate::plan::{Container, Observed, State};

/// How long one container may take over all its questions.
const DEADLINE: Duration = Duration::from_millis(4500);

/// The exit code of `atlas probe` when there was no good answer.
const FAILED: i64 = 7;

/// Programs that can ask, by the paths where they are: the first that an image has is taken.
const PROGRAMS: [(&str, Form); 9] = [
    ("/bin/bash", Form::Bash),
    ("/usr/bin/bash", Form::Bash),
    ("/usr/bin/nc", Form::Nc),
    ("/bin/nc", Form::Nc),
    ("/usr/local/bin/python3", Form::Python),
    ("/usr/bin/python3", Form::Python),
    ("/usr/bin/curl", Form::Curl),
    ("/usr/bin/wget", Form::Wget),
    ("/bin/wget", Form::Wget),
];

#[derive(Debug, Clone, Copy)]
enum Form {
    Bash,
    Nc,
    Python,
    Curl,
    Wget,
}

/// From each running service to each running one that it depends on.
pub(super) async fn look(
    engine: &DockerEngine,
    deployment: &Deployment,
    observed: &Observed,
) -> Vec<Way> {
    let running = |service: &Service| {
        let mut containers = observed.containers.iter();
        containers.find(|c| c.service == service.name.as_str() && c.state == State::Running)
    };
    let asking = deployment.services.values().filter_map(|service| {
        let container = running(service)?;
        let targets = service.depends_on.keys();
        let targets = targets.filter_map(|name| deployment.services.get(name));
        let targets: Vec<&Service> = targets.filter(|target| running(target).is_some()).collect();
        (!targets.is_empty()).then_some((service, container, targets))
    });
    let asked = asking.map(async |(service, container, targets)| {
        let asked = tokio::time::timeout(DEADLINE, ask(engine, service, container, &targets)).await;
        let outcomes = asked.unwrap_or_else(|_| {
            let none = Outcome::Unreachable("no answer".to_owned());
            vec![Ok(none); targets.len()]
        });
        let ways = targets.iter().zip(outcomes).map(|(target, outcome)| Way {
            from: service.name.to_string(),
            to: target.name.to_string(),
            port: target.port.get(),
            outcome: outcome.and_then(|outcome| excused(target, running(target), outcome)),
        });
        ways.collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// A service that does not even answer its own health check is no fault of the network.
fn excused(target: &Service, container: Option<&Container>, outcome: Outcome) -> Known<Outcome> {
    let sick = |container: &Container| {
        ["(unhealthy)", "(health: starting)"]
            .iter()
            .any(|state| container.status.contains(state))
    };
    match outcome {
        Outcome::Unreachable(_) if container.is_some_and(sick) => {
            let reason = format!("{} is not healthy itself", target.name);
            Err(Unknown::Unseen(reason))
        }
        outcome => Ok(outcome),
    }
}

async fn ask(
    engine: &DockerEngine,
    service: &Service,
    container: &Container,
    targets: &[&Service],
) -> Vec<Known<Outcome>> {
    if matches!(service.image, Image::Builtin(_)) {
        return by_atlas(engine, container, targets).await;
    }
    let mut form = None;
    for (path, candidate) in PROGRAMS {
        if engine.has_file(&container.id, path).await.unwrap_or(false) {
            form = Some(candidate);
            break;
        }
    }
    let Some(form) = form else {
        let reason = format!("the image of {} has no program to ask with", service.name);
        return vec![Err(Unknown::Unseen(reason)); targets.len()];
    };
    let asked = targets.iter().map(async |target| {
        let words = form.words(target.name.as_str(), target.port.get());
        let (code, said) = run(engine, container, words).await?;
        Ok(form.outcome(code, &said))
    });
    join_all(asked).await
}

/// One run of `atlas probe` asks for all: it prints a line for each that fails.
async fn by_atlas(
    engine: &DockerEngine,
    container: &Container,
    targets: &[&Service],
) -> Vec<Known<Outcome>> {
    let urls: Vec<String> = targets
        .iter()
        .map(|target| format!("tcp://{}:{}", target.name, target.port))
        .collect();
    let words = ["/atlas", "probe"].into_iter().map(str::to_owned);
    let ran = run(
        engine,
        container,
        words.chain(urls.iter().cloned()).collect(),
    )
    .await;
    let outcome = |url: &String| match &ran {
        Err(unknown) => Err(unknown.clone()),
        Ok((0, _)) => Ok(Outcome::Reached),
        // An older atlas knows no such question.
        Ok((code, said)) if *code != FAILED || said.contains("only http") => {
            let reason = format!("atlas in {} cannot ask", container.name);
            Err(Unknown::Unseen(reason))
        }
        Ok((_, said)) => {
            let mut lines = said.lines();
            let cause = lines.find_map(|line| line.strip_prefix(url)?.strip_prefix(": "));
            match cause {
                Some(cause) => Ok(classified(cause)),
                None if urls.len() == 1 => Ok(classified(said.trim())),
                None => Ok(Outcome::Reached),
            }
        }
    };
    urls.iter().map(outcome).collect()
}

async fn run(
    engine: &DockerEngine,
    container: &Container,
    words: Vec<String>,
) -> Known<(i64, String)> {
    let command = Command {
        words,
        ..Command::default()
    };
    let read = |output: &mut dyn Read| {
        let mut text = Vec::new();
        // A failing command ends its output with an error; what it printed is kept.
        let _ = output.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    let never = std::future::pending();
    let ended = engine.stream(&container.id, &command, never, read).await;
    let ended = ended.map_err(|error| Unknown::Unseen(error.to_string()))?;
    Ok((ended.code, format!("{}{}", ended.value, ended.said)))
}

fn classified(cause: &str) -> Outcome {
    let lower = cause.to_lowercase();
    let resolver = [
        "not known",
        "resolve",
        "resolution",
        "resolving",
        "bad address",
    ];
    match resolver.iter().any(|word| lower.contains(word)) {
        true => Outcome::Unresolved(cause.to_owned()),
        false => Outcome::Unreachable(cause.to_owned()),
    }
}

impl Form {
    fn words(self, host: &str, port: u16) -> Vec<String> {
        const PYTHON: &str =
            "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)";
        let port = port.to_string();
        let url = format!("http://{host}:{port}/");
        let socket = format!("exec 3<>/dev/tcp/{host}/{port}");
        let words: &[&str] = match self {
            Self::Bash => &["bash", "-c", &socket],
            Self::Nc => &["nc", "-z", "-w", "3", host, &port],
            Self::Python => &["python3", "-c", PYTHON, host, &port],
            Self::Curl => &["curl", "-sS", "-m", "3", "-o", "/dev/null", &url],
            Self::Wget => &["wget", "-q", "-T", "3", "-O", "/dev/null", &url],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn outcome(self, code: i64, said: &str) -> Outcome {
        let cause = said.lines().rfind(|line| !line.trim().is_empty());
        let cause = cause.unwrap_or("no answer").trim();
        match (self, code) {
            (_, 0) => Outcome::Reached,
            (Self::Curl, 6) => Outcome::Unresolved(cause.to_owned()),
            // Anything but "failed to connect" and "timed out" came after the connection (curl(1), wget(1)).
            (Self::Curl, 7 | 28) | (Self::Wget, 1 | 4) => classified(cause),
            (Self::Curl | Self::Wget, _) => Outcome::Reached,
            _ => classified(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_understood() {
        let unresolved = |text: &str| Outcome::Unresolved(text.to_owned());
        let unreachable = |text: &str| Outcome::Unreachable(text.to_owned());
        let bash = "bash: line 1: wiki: Temporary failure in name resolution";
        assert_eq!(Form::Bash.outcome(1, bash), unresolved(bash));
        let refused = "bash: connect: Connection refused";
        assert_eq!(Form::Bash.outcome(1, refused), unreachable(refused));
        assert_eq!(
            Form::Nc.outcome(1, "nc: bad address 'wiki'\n"),
            unresolved("nc: bad address 'wiki'")
        );
        let python = "Traceback\nsocket.gaierror: [Errno -2] Name or service not known\n";
        assert_eq!(
            Form::Python.outcome(1, python),
            unresolved("socket.gaierror: [Errno -2] Name or service not known")
        );
        let curl = "curl: (7) Failed to connect to wiki port 1";
        assert_eq!(Form::Curl.outcome(7, curl), unreachable(curl));
        // MongoDB answers HTTP with something else: it was reached.
        assert_eq!(
            Form::Curl.outcome(52, "curl: (52) Empty reply"),
            Outcome::Reached
        );
        assert_eq!(
            Form::Wget.outcome(8, "server returned 404"),
            Outcome::Reached
        );
        assert_eq!(Form::Nc.outcome(1, ""), unreachable("no answer"));
    }
}
