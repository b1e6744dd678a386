//! Redis asked over its own protocol, from outside of its container: what it says to a stranger, and of itself to who has the password.
//! Reads only.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::model::{Deployment, Secret};

/// Whoever is there answers at once.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longer answers are none of the questions asked here.
const LONGEST: usize = 1 << 20;

/// What was seen of a Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// It answers strangers.
    pub open: bool,
    /// What it refuses the password of .env with.
    pub refusal: Option<String>,
    /// Settings by name: `maxmemory`, `appendonly`, `save`, `maxmemory-policy`.
    pub settings: BTreeMap<String, String>,
    /// `INFO persistence` and `INFO memory` by name.
    pub info: BTreeMap<String, String>,
}

const SETTINGS: [&str; 4] = ["maxmemory", "maxmemory-policy", "appendonly", "save"];
const SECTIONS: [&str; 2] = ["persistence", "memory"];

/// The password of the deployment's Redis: that of the file that the server itself reads.
fn password(deployment: &Deployment) -> Option<Secret> {
    let file = deployment.secrets.get("redis_conf")?;
    let lines = file.expose().lines();
    let word = lines
        .filter_map(|line| line.strip_prefix("requirepass "))
        .next()?;
    Some(Secret::new(word.trim()))
}

/// Comes twice: as a stranger, and with the deployment's password.
///
/// # Errors
/// Nobody answers, or not in Redis' words.
pub async fn examine(address: SocketAddr, deployment: &Deployment) -> Result<Seen, String> {
    let asked = async {
        let (open, seen) = tokio::join!(stranger(address), acquaintance(address, deployment));
        let seen = seen?;
        Ok(Seen {
            open: open?,
            ..seen
        })
    };
    let answer: Result<io::Result<Seen>, _> = tokio::time::timeout(PATIENCE, asked).await;
    match answer {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(cause)) => Err(atlas_backup::error::words(&cause)),
        Err(_) => Err(format!("no answer within {} ms", PATIENCE.as_millis())),
    }
}

async fn stranger(address: SocketAddr) -> io::Result<bool> {
    let mut wire = Wire::open(address).await?;
    // `-NOAUTH` and `-DENIED` are closed doors.
    Ok(wire.ask(&["PING"]).await?.is_ok())
}

async fn acquaintance(address: SocketAddr, deployment: &Deployment) -> io::Result<Seen> {
    let mut wire = Wire::open(address).await?;
    let mut seen = Seen::default();
    if let Some(password) = password(deployment) {
        let answer = wire.ask(&["AUTH", password.expose()]).await?;
        // One without a password says so; that is the stranger's to tell.
        seen.refusal = answer
            .err()
            .filter(|said| !said.contains("without any password"));
    }
    if seen.refusal.is_some() {
        return Ok(seen);
    }
    for name in SETTINGS {
        if let Ok(lines) = wire.ask(&["CONFIG", "GET", name]).await?
            && let [_, value] = lines.as_slice()
        {
            seen.settings.insert(name.to_owned(), value.clone());
        }
    }
    for section in SECTIONS {
        let answer = wire.ask(&["INFO", section]).await?.unwrap_or_default();
        let lines = answer.iter().flat_map(|text| text.lines());
        let pairs = lines.filter_map(|line| line.trim_end().split_once(':'));
        seen.info
            .extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    Ok(seen)
}

/// A connection.
struct Wire(BufReader<TcpStream>);

/// The texts of an answer, or what it was refused with.
type Answer = Result<Vec<String>, String>;

impl Wire {
    async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    /// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
    async fn ask(&mut self, words: &[&str]) -> io::Result<Answer> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(request.as_bytes()).await?;
        let (kind, line) = self.line().await?;
        match kind {
            '-' => Ok(Err(line)),
            '*' => {
                let mut texts = Vec::new();
                for _ in 0..number(&line)? {
                    let (_, line) = self.line().await?;
                    texts.push(self.text(&line).await?);
                }
                Ok(Ok(texts))
            }
            '$' => Ok(Ok(vec![self.text(&line).await?])),
            _ => Ok(Ok(vec![line])),
        }
    }

    /// The kind of an answer and the rest of its first line.
    async fn line(&mut self) -> io::Result<(char, String)> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut letters = line.trim_end().chars();
        let kind = letters.next().unwrap_or_default();
        Ok((kind, letters.as_str().to_owned()))
    }

    /// The text whose length was told.
    async fn text(&mut self, length: &str) -> io::Result<String> {
        let mut bytes = vec![0; number(length)? + 2];
        self.0.read_exact(&mut bytes).await?;
        bytes.truncate(bytes.len() - 2);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn number(text: &str) -> io::Result<usize> {
    let number = text.parse().ok().filter(|number| *number < LONGEST);
    number.ok_or_else(|| io::Error::other("this is not Redis"))
}
