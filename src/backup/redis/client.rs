//! `redis-cli` inside the container. The password stays there: it is read from the file that Redis itself reads it from, into the environment of
//! `redis-cli` alone.

use atlas_backup::{Error, Kind};

use crate::backup::source::Held;
use crate::engines::docker::{Command, DockerEngine};

const SCRIPT: &str = r#"file=/run/secrets/redis_conf
if [ -r $file ]; then REDISCLI_AUTH=$(sed -n 's/^requirepass //p' $file); export REDISCLI_AUTH; fi
exec redis-cli --raw "$@""#;

/// The operation of an error by which Redis itself refused a command.
const REFUSED: &str = "ask";

pub(super) struct Client<'a> {
    engine: &'a DockerEngine,
    container: &'a str,
    name: &'a str,
}

impl<'a> Client<'a> {
    pub(super) fn new(engine: &'a DockerEngine, held: &'a Held) -> Self {
        Self::of(engine, &held.container, &held.name)
    }

    pub(super) fn of(engine: &'a DockerEngine, container: &'a str, name: &'a str) -> Self {
        Self {
            engine,
            container,
            name,
        }
    }

    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// One command, one answer.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<String, Error> {
        let script = ["sh", "-c", SCRIPT, "sh"];
        let command = Command::new(script.into_iter().chain(words.iter().copied()));
        let answer = self.engine.ask(self.container, &command).await;
        let answer = answer.map_err(|error| Error {
            subject: self.name.to_owned(),
            ..error.into()
        })?;
        match refusal(&answer) {
            None => Ok(answer),
            Some(reason) => {
                let command = words.first().copied().unwrap_or_default();
                let cause = format!("`{command}` is refused: {reason}");
                Err(Error::failed(REFUSED, self.name, cause))
            }
        }
    }

    /// A section of what Redis tells of itself.
    pub(super) async fn info(&self, section: &str) -> Result<Info, Error> {
        self.ask(&["INFO", section]).await.map(Info)
    }

    /// A setting; empty where this version has none of that name, and `default` where nobody may ask for settings.
    pub(super) async fn setting(&self, name: &str, default: &str) -> Result<String, Error> {
        match self.ask(&["CONFIG", "GET", name]).await {
            Ok(answer) => Ok(answer.lines().nth(1).unwrap_or_default().to_owned()),
            Err(error) if error.operation == REFUSED => Ok(default.to_owned()),
            Err(error) => Err(error),
        }
    }

    /// Seconds since 1970 on the server's clock.
    pub(super) async fn time(&self) -> Result<u64, Error> {
        let answer = self.ask(&["TIME"]).await?;
        let seconds = answer.lines().next().and_then(|line| line.parse().ok());
        seconds.ok_or_else(|| Error::failed("read", self.name, "`TIME` is answered by no time"))
    }

    /// Everything but one that is on its way up; then `None`.
    pub(super) async fn up(&self) -> Result<Option<Info>, Error> {
        match self.info("persistence").await {
            Ok(info) => Ok((!info.is("loading")).then_some(info)),
            Err(error) if error.kind == Kind::Unreachable => Err(error),
            Err(_) => Ok(None),
        }
    }
}

/// `redis-cli` ends with 0 also when the server refuses: then the answer begins with a word in capitals, such as `NOPERM`.
fn refusal(answer: &str) -> Option<&str> {
    let line = answer.lines().next()?;
    let (word, _) = line.split_once(' ')?;
    let capitals = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    capitals.then_some(line)
}

/// `name:value` lines.
pub(super) struct Info(String);

impl Info {
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'))
    }

    /// Empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.lines()
            .find(|(found, _)| *found == name)
            .map_or("", |(_, value)| value)
    }

    /// 0 if there is none.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.text(name) == "1"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        for answer in [
            "OK",
            "PONG",
            "Background saving scheduled",
            "# Persistence\r\nloading:0",
            "dir\n/data",
            "",
        ] {
            assert_eq!(refusal(answer), None);
        }
        for answer in [
            "ERR unknown command",
            "NOAUTH Authentication required.",
            "NOPERM this user",
        ] {
            assert_eq!(refusal(answer), Some(answer));
        }
    }

    #[test]
    fn what_redis_tells_is_found_by_name() {
        let info = Info(
            "# Keyspace\r\nloading:0\r\ndb0:keys=3,expires=1,avg_ttl=0\r\ndb2:keys=4,expires=0\r\n"
                .into(),
        );
        assert!(!info.is("loading"));
        assert_eq!(super::super::keys(&info), 7);
    }
}
