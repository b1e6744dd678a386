//! `atlas serve`, `atlas probe`, `atlas count` and `atlas snapshot`: what runs inside the built-in image. They start as lean as they can.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::exit::Exit;
use crate::survey::count;

/// How long a probe may take; the engine's own limit for a health check is 5 s.
const DEADLINE: Duration = Duration::from_secs(4);

/// Runs a role until SIGTERM.
pub(crate) fn serve(role: &str) -> ExitCode {
    match atlas_backend::serve(role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(Exit::Configuration.code())
        }
    }
}

/// Asks `http://address:port/path` once and says nothing when all is well.
pub(crate) fn probe(url: &str) -> ExitCode {
    match ask(url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(answer) => {
            println!("{answer}");
            ExitCode::from(Exit::ChecksFailed.code())
        }
    }
}

/// Asks until it is refused, and prints what came of it as JSON.
pub(crate) fn count(url: &str, most: u32) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let counted = runtime.map_err(|cause| cause.to_string());
    let counted = counted.and_then(|runtime| runtime.block_on(count::count(url, None, most)));
    match counted.map(|count| serde_json::json!(count)) {
        Ok(count) => {
            println!("{count}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(Exit::Failed.code())
        }
    }
}

/// Prints a copy of the embedded store that another process serves.
pub(crate) fn snapshot(folder: &Path) -> ExitCode {
    match atlas_backend::store::snapshot::request(folder, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(Exit::Failed.code())
        }
    }
}

fn ask(url: &str) -> Result<(), String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("only http:// can be probed")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = authority
        .parse()
        .map_err(|_| format!("`{authority}` is not ADDRESS:PORT"))?;
    let failed = |cause: std::io::Error| format!("{authority}: {cause}");
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).map_err(failed)?;
    stream.set_read_timeout(Some(DEADLINE)).map_err(failed)?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut bytes = Vec::new();
    stream.take(4096).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let status = text.get(9..12).and_then(|code| code.parse::<u16>().ok());
    match status {
        Some(200..=399) => Ok(()),
        Some(_) => {
            let body = text.split_once("\r\n\r\n").map_or(&*text, |(_, body)| body);
            Err(body.trim().to_owned())
        }
        None => Err("no HTTP answer".to_owned()),
    }
}
