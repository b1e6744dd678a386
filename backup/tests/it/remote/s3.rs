//! A real server that speaks S3, and what lies in it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use atlas_backup::repository::{Credentials, Location, Repository};

use crate::real::{Server, binary};

const BUCKET: &str = "backups";

pub(crate) struct S3 {
    server: Server,
}

impl S3 {
    /// A server with an empty bucket; `None` if there is no such part.
    pub(crate) fn start() -> Option<Self> {
        let binary = binary("ATLAS_TEST_S3_SERVER", "S3 server")?;
        let server = Server::start(&binary, |port, _| {
            ["-H", "127.0.0.1", "-p", &port.to_string()]
                .map(str::to_owned)
                .to_vec()
        });
        let s3 = Self { server };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !s3
            .ask("PUT", "")
            .is_some_and(|answer| answer.contains("200 OK"))
        {
            assert!(Instant::now() < deadline, "the S3 server does not answer");
            std::thread::yield_now();
        }
        Some(s3)
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    /// The repository in it, reached by a port.
    pub(crate) async fn repository(&self, port: u16) -> Repository {
        Repository::open(&location(port)).await.unwrap()
    }

    /// The names of all that is in it.
    pub(crate) fn keys(&self) -> Vec<String> {
        values(&self.ask("GET", "?list-type=2").unwrap(), "Key")
    }

    /// Uploads that are neither complete nor given up.
    pub(crate) fn uploads(&self) -> Vec<String> {
        values(&self.ask("GET", "?uploads").unwrap(), "UploadId")
    }

    pub(crate) fn put(&self, key: &str, text: &str) {
        let request = format!("/{key} HTTP/1.1\r\nContent-Length: {}", text.len());
        self.send(&format!("PUT /{BUCKET}{request}"), text).unwrap();
    }

    fn ask(&self, method: &str, query: &str) -> Option<String> {
        let request = format!("{method} /{BUCKET}{query} HTTP/1.1\r\nContent-Length: 0");
        self.send(&request, "")
    }

    fn send(&self, head: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).ok()?;
        let host = format!("Host: 127.0.0.1:{}", self.port());
        let request = format!("{head}\r\n{host}\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

pub(crate) fn location(port: u16) -> Location {
    let credentials = Credentials {
        access_key_id: Some("AKIDEXAMPLE".to_owned()),
        secret_access_key: Some("a-key-that-nobody-must-see".to_owned()),
        ..Credentials::default()
    };
    let text = format!("s3://{BUCKET}/shop?endpoint=http://127.0.0.1:{port}");
    Location::parse(&text, &credentials).unwrap()
}

fn values(xml: &str, tag: &str) -> Vec<String> {
    xml.split(&format!("<{tag}>"))
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .map(str::to_owned)
        .collect()
}
