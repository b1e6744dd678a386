//! `atlas serve`, `atlas probe`, `atlas count`, `atlas extract` and `atlas snapshot`: what runs inside the built-in image. They start as lean as they can.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::Inside;
use crate::exit::Exit;
use crate::survey::count;

/// How long a probe may take; the engine's own limit for a health check is 5 s.
const DEADLINE: Duration = Duration::from_secs(4);

/// Runs one of them.
pub(crate) fn inside(command: &Inside) -> ExitCode {
    match command {
        Inside::Serve { role } => serve(role),
        Inside::Probe { urls } => probe(urls),
        Inside::Count { url, most } => count(url, *most),
        Inside::Extract { kind } => extract(kind),
        Inside::Snapshot { folder } => snapshot(folder),
    }
}

/// Runs a role until SIGTERM.
fn serve(role: &str) -> ExitCode {
    match atlas_backend::serve(role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(Exit::Configuration.code())
        }
    }
}

/// Asks each URL once, all at the same time, and says nothing when all is well. The answer of one is printed as it is; of several, each
/// that fails has a line beginning with its URL.
fn probe(urls: &[String]) -> ExitCode {
    let failures: Vec<String> = match urls {
        [url] => ask(url).err().into_iter().collect(),
        urls => std::thread::scope(|scope| {
            let asked = urls.iter().map(|url| (url, scope.spawn(|| ask(url))));
            let asked: Vec<_> = asked.collect();
            let answers = asked.into_iter().map(|(url, asking)| {
                let answer = asking
                    .join()
                    .unwrap_or_else(|_| Err("it crashed".to_owned()));
                answer.map_err(|answer| format!("{url}: {answer}"))
            });
            answers.filter_map(Result::err).collect()
        }),
    };
    for failure in &failures {
        println!("{failure}");
    }
    match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(Exit::ChecksFailed.code()),
    }
}

/// Asks until it is refused, and prints what came of it as JSON.
fn count(url: &str, most: u32) -> ExitCode {
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

/// Parses one file for the Productivity service.
fn extract(kind: &str) -> ExitCode {
    atlas_backend::productivity::extract::child::run(kind)
}

/// Prints a copy of the embedded store that another process serves.
fn snapshot(folder: &Path) -> ExitCode {
    match atlas_backend::store::snapshot::request(folder, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(Exit::Failed.code())
        }
    }
}

fn ask(url: &str) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !["http", "tcp"].contains(&scheme) {
        return Err("only http:// and tcp:// can be probed".to_owned());
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let addresses = authority
        .to_socket_addrs()
        .map_err(|cause| match cause.kind() {
            ErrorKind::InvalidInput => format!("`{authority}` is not ADDRESS:PORT"),
            _ => format!("the name does not resolve: {cause}"),
        })?;
    let failed = |cause: std::io::Error| format!("{authority}: {cause}");
    let mut connected = Err(format!("{authority}: the name has no address"));
    for address in addresses {
        connected = TcpStream::connect_timeout(&address, DEADLINE).map_err(failed);
        if connected.is_ok() {
            break;
        }
    }
    let mut stream = connected?;
    if scheme == "tcp" {
        return Ok(());
    }
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
