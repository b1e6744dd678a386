//! Asks once: a port by HTTP or TCP, or by a command inside a container. Owns the bytes on the wire and nothing about when
//! to ask again.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::engines::{Engine, EngineError};
use crate::model::{Exchange, Probe};

/// How long one question may take; a service that is up answers a health question faster.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a connection may take: on the same machine it is made at once or never.
const CONNECT: Duration = Duration::from_millis(250);
/// How long one command inside a container may take; the engine's own health checks have the same limit.
pub(super) const COMMAND_DEADLINE: Duration = Duration::from_secs(5);
/// As much of an answer as is worth showing.
const ANSWER: usize = 600;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Ready.
    Ready,
    /// Not yet, and what was seen.
    NotYet(String),
    /// No way there: the address does not answer at all.
    NoRoute(String),
}

/// Asks `address`. [`Probe::Command`] is not asked here.
pub(super) async fn ask(probe: &Probe, address: SocketAddr) -> Answer {
    let mut stream = match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
        Err(_) => return Answer::NoRoute(format!("{address} does not answer")),
        Ok(Err(cause)) => {
            return match cause.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    Answer::NotYet("connection refused".to_owned())
                }
                std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => {
                    Answer::NoRoute(cause.to_string())
                }
                _ => Answer::NotYet(cause.to_string()),
            };
        }
        Ok(Ok(stream)) => stream,
    };
    let asked = async {
        match probe {
            Probe::Http { path } => http(&mut stream, path, address).await,
            Probe::Tcp { exchange: None } | Probe::Command(_) => Ok(Answer::Ready),
            Probe::Tcp {
                exchange: Some(exchange),
            } => converse(&mut stream, exchange).await,
        }
    };
    match tokio::time::timeout(DEADLINE, asked).await {
        Err(_) => Answer::NotYet(format!("no answer within {} s", DEADLINE.as_secs())),
        Ok(Err(cause)) => Answer::NotYet(cause.to_string()),
        Ok(Ok(answer)) => answer,
    }
}

/// Asks by a command inside a container. An error means that it could not be asked.
pub(super) async fn ask_inside<E: Engine>(
    engine: &E,
    container: &str,
    command: &[String],
    deadline: Duration,
) -> Result<Answer, EngineError> {
    let asked = engine.exec_status(container, command);
    Ok(match tokio::time::timeout(deadline, asked).await {
        Err(_) => Answer::NotYet(format!("`{}` does not end", command.join(" "))),
        Ok(code) => match code? {
            0 => Answer::Ready,
            code => Answer::NotYet(format!("`{}` exits {code}", command.join(" "))),
        },
    })
}

async fn http(stream: &mut TcpStream, path: &str, address: SocketAddr) -> std::io::Result<Answer> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: atlas\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    // Success is told by the first line; not every server closes the connection after it.
    while bytes.len() < ANSWER && !matches!(status(&bytes), Some(200..=399)) {
        if stream.read_buf(&mut bytes).await? == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(match status(&bytes) {
        Some(200..=399) => Answer::Ready,
        Some(code) => {
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            Answer::NotYet(format!("HTTP {code} {}", one_line(body)).trim().to_owned())
        }
        None if bytes.is_empty() => Answer::NotYet("closed the connection".to_owned()),
        None => Answer::NotYet("does not speak HTTP".to_owned()),
    })
}

fn status(bytes: &[u8]) -> Option<u16> {
    let code = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(code).ok()?.parse().ok()
}

async fn converse(stream: &mut TcpStream, exchange: &Exchange) -> std::io::Result<Answer> {
    stream.write_all(exchange.send.as_bytes()).await?;
    let mut bytes = [0; 128];
    let count = stream.read(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes[..count]);
    let expected = exchange.expect.iter().any(|e| text.starts_with(e.as_str()));
    Ok(match expected {
        true => Answer::Ready,
        false => Answer::NotYet(format!("answered `{}`", one_line(&text))),
    })
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
