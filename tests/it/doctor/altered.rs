//! The engine at hand behind a socket of its own, with some of its answers altered: what this machine's engine cannot be made to say.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

const ENGINE: &str = "/var/run/docker.sock";

/// End of a path, JSON pointer, the value that is put there.
type Changes = Arc<Mutex<Vec<(String, String, Value)>>>;

/// Relays to the engine until the test ends.
pub(crate) struct Altered {
    socket: PathBuf,
    changes: Changes,
}

impl Altered {
    pub(crate) fn new(folder: &Path) -> Self {
        let socket = folder.join("altered.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let changes = Changes::default();
        let known = Arc::clone(&changes);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let changes = Arc::clone(&known);
                std::thread::spawn(move || relay(client, &changes));
            }
        });
        Self { socket, changes }
    }

    /// What DOCKER_HOST has to be.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// The same over TCP, which makes it an engine on another machine.
    pub(crate) fn elsewhere(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let socket = self.socket.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let socket = socket.clone();
                std::thread::spawn(move || {
                    let engine = UnixStream::connect(socket).ok()?;
                    let (mut from, mut to) = (client.try_clone().ok()?, engine.try_clone().ok()?);
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                    let (mut from, mut to) = (engine, client);
                    let _ = std::io::copy(&mut from, &mut to);
                    to.shutdown(Shutdown::Both).ok()
                });
            }
        });
        format!("tcp://{address}")
    }

    /// From now on `GET …path` has this value at the pointer; `/-` is the end of a list.
    pub(crate) fn set(&self, path: &str, pointer: &str, value: Value) {
        let mut changes = self.changes.lock().expect("no thread panics");
        changes.push((path.to_owned(), pointer.to_owned(), value));
    }

    /// The engine's own answers again.
    pub(crate) fn clear(&self) {
        self.changes.lock().expect("no thread panics").clear();
    }
}

/// One request; the connection ends with it.
fn relay(mut client: UnixStream, changes: &Changes) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        (client.read(&mut byte).ok()? == 1).then(|| head.push(byte[0]))?;
    }
    let text = String::from_utf8(head).ok()?;
    let path = text.split(' ').nth(1)?.split('?').next()?.to_owned();
    let changes: Vec<_> = {
        let all = changes.lock().ok()?;
        let meant = all.iter().filter(|(end, ..)| path.ends_with(end.as_str()));
        meant.cloned().collect()
    };
    let mut engine = UnixStream::connect(ENGINE).ok()?;
    let upgrades = text.to_lowercase().contains("\r\nupgrade:");
    let mut lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    if !upgrades {
        lines.retain(|line| !line.to_lowercase().starts_with("connection:"));
        lines.push("Connection: close");
    }
    let request = lines.join("\r\n") + "\r\n\r\n";
    if !changes.is_empty() {
        // Answers of HTTP/1.0 come in one piece.
        let request = request.replacen("HTTP/1.1", "HTTP/1.0", 1);
        engine.write_all(request.as_bytes()).ok()?;
        return client.write_all(&altered(engine, &changes)?).ok();
    }
    engine.write_all(request.as_bytes()).ok()?;
    let (mut from_client, mut to_engine) = (client.try_clone().ok()?, engine.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_engine);
        let _ = to_engine.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut engine, &mut client);
    client.shutdown(Shutdown::Both).ok()
}

fn altered(mut engine: UnixStream, changes: &[(String, String, Value)]) -> Option<Vec<u8>> {
    let mut answer = String::new();
    engine.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut body: Value = serde_json::from_str(body).ok()?;
    for (_, pointer, value) in changes {
        match (body.pointer_mut(pointer), pointer.as_str()) {
            (Some(place), _) => *place = value.clone(),
            (None, "/-") => body.as_array_mut()?.push(value.clone()),
            (None, _) => {
                let name = pointer.trim_start_matches('/').to_owned();
                body.as_object_mut()?.insert(name, value.clone());
            }
        }
    }
    let body = body.to_string();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    lines.retain(|line| !line.to_lowercase().starts_with("content-length:"));
    let length = format!("Content-Length: {}", body.len());
    lines.push(&length);
    let head = lines.join("\r\n").replacen("HTTP/1.0", "HTTP/1.1", 1);
    Some(format!("{head}\r\n\r\n{body}").into_bytes())
}
