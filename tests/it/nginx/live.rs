//! How the rendered site serves, with both nginxes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::programs;
use super::server::{KEY, NAME, Site, Tls, gateway, listener, send};
use crate::engine::free_port;

/// Between two events of the orchestrator.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// Enough for tests that are not about limits.
pub(super) const GENEROUS: &str = "  rate: 1000\n  burst: 1000\n  connections: 1000\n";

/// An orchestrator that is well and streams ten events, one after each pause.
pub(super) fn orchestrator(address: &str) -> u16 {
    listener((address, 0), |client| {
        let mut reader = BufReader::new(client.try_clone().expect("a socket"));
        let mut head = String::new();
        while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
        let mut client = client;
        if head.starts_with("GET ") {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{\"status\":\"healthy\"}";
            let _ = client.write_all(answer.as_bytes());
            return;
        }
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(head.as_bytes());
        for number in 1..=10 {
            std::thread::sleep(PAUSE);
            let name = if number == 10 { "done" } else { "results" };
            let _ = client
                .write_all(format!("event: {name}\ndata: {{\"number\":{number}}}\n\n").as_bytes());
        }
    })
}

/// An upstream that keeps connections, counts them, and remembers the heads of requests. An upgrade to WebSocket is answered by an echo.
pub(super) struct Upstream {
    pub(super) port: u16,
    pub(super) connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    pub(super) fn new() -> Self {
        Self::at(("127.0.0.1", 0))
    }

    pub(super) fn at(at: (&str, u16)) -> Self {
        let connections = Arc::new(AtomicUsize::new(0));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (count, seen) = (Arc::clone(&connections), Arc::clone(&heads));
        let port = listener(at, move |client| {
            count.fetch_add(1, Ordering::SeqCst);
            serve(client, &seen);
        });
        Self {
            port,
            connections,
            heads,
        }
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no thread panics").clone()
    }
}

fn serve(mut client: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().expect("a socket"));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !reader.read_line(&mut head).is_ok_and(|read| read > 0) {
                return;
            }
        }
        let head = head.to_lowercase();
        seen.lock().expect("no thread panics").push(head.clone());
        if head.contains("upgrade: websocket") {
            let _ = client.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
            let mut word = [0; 4];
            while reader.read_exact(&mut word).is_ok() {
                let _ = client.write_all(&word);
            }
            return;
        }
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

#[test]
fn ten_events_arrive_one_by_one() {
    for program in programs() {
        let port = free_port();
        let site = Site::new(&program, port, GENEROUS);
        site.render(&[]).exits(0);
        let (_gateway, _nginx) = (
            gateway(&site, port, orchestrator("127.0.0.1")),
            site.serve(),
        );
        let mut stream = site.connect(NAME).expect("a handshake");
        let body = "{\"query\":\"roadmap\"}";
        let request = format!(
            "POST /api/search/stream HTTP/1.1\r\nHost: {NAME}\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut times = Vec::new();
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().expect("an answer").expect("a line");
        assert!(first.ends_with("200 OK"), "{first}");
        while times.len() < 10 {
            let line = lines.next().expect("ten events").expect("a line");
            if line.starts_with("data:") {
                times.push(Instant::now());
            }
        }
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        eprintln!("{}: gaps between events {gaps:?}", program.display());
        let apart = gaps.iter().filter(|gap| **gap > PAUSE / 4).count();
        assert_eq!(apart, 9, "each comes on its own: {gaps:?}");
    }
}

#[test]
fn the_gateway_gets_few_connections_no_h2c_and_the_true_client() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(&program, upstream.port, GENEROUS);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        for _ in 0..30 {
            assert_eq!(site.ask("GET /api/services").0, 200);
        }
        let count = upstream.connections.load(Ordering::SeqCst);
        eprintln!("{}: 30 requests, {count} connections", program.display());
        assert!(count <= 2, "{count} connections for 30 requests");

        let claims = "GET /api\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nX-Real-IP: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.9\r\nX-Request-ID: mine\r\n";
        assert_eq!(site.ask(claims).0, 200);
        let heads = upstream.heads();
        assert_eq!(heads.len(), 31, "the judge saw every request");
        assert!(
            heads.iter().all(|head| !head.contains("upgrade")),
            "{heads:?}"
        );
        let last = &heads[30];
        for header in [
            "x-real-ip: 127.0.0.1\r\n",
            "x-forwarded-for: 127.0.0.1\r\n",
            "x-forwarded-proto: https\r\n",
            "host: api.example.com\r\n",
        ] {
            assert!(last.contains(header), "{header}: {last}");
        }
        assert!(
            !last.contains("192.0.2.9") && !last.contains("mine"),
            "{last}"
        );
        let id = last.split_once("x-request-id: ").expect("an id").1;
        let id = id.split("\r\n").next().expect("a line");
        let log = site.project.read("access.log");
        let line = log.lines().last().expect("a line");
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(
            (&line["request_id"], &line["status"], &line["path"]),
            (&id.into(), &200.into(), &"/api".into())
        );
    }
}

/// A WebSocket to the upstream.
pub(super) fn websocket(site: &Site) -> BufReader<Tls> {
    let mut stream = site.connect(NAME).expect("a handshake");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a line") > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    reader
}

/// Hears what it says.
pub(super) fn echoes(site: &Site) {
    let mut reader = websocket(site);
    reader.get_mut().write_all(b"ping").expect("it reads");
    let mut echo = [0; 4];
    reader.read_exact(&mut echo).expect("an echo");
    assert_eq!(&echo, b"ping");
}

#[test]
fn a_websocket_is_upgraded_and_echoes() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(&program, upstream.port, GENEROUS);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        echoes(&site);
        assert!(upstream.heads()[0].contains("connection: upgrade\r\n"));
    }
}

#[test]
fn unknown_names_are_refused_and_plain_http_is_redirected() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(&program, upstream.port, GENEROUS);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        let refused = site.connect("evil.example.com").map(drop);
        let refused = refused.expect_err("a refusal").to_string();
        assert_eq!(
            refused,
            "received fatal alert: UnrecognisedName",
            "{}",
            program.display()
        );
        let plain = || TcpStream::connect(("127.0.0.1", site.http)).expect("it listens");
        let (status, answer) = send(&mut plain(), "GET /api/search?q=a");
        let to = format!(
            "\r\nLocation: https://{NAME}:{}/api/search?q=a\r\n",
            site.https
        );
        assert_eq!(status, 308);
        assert!(answer.contains(&to), "{answer}");
        let (status, answer) = send(&mut plain(), "GET /.well-known/acme-challenge/token");
        assert_eq!(status, 200);
        assert!(answer.ends_with("\r\n\r\nanswer"), "{answer}");
        let mut stranger = plain();
        stranger
            .write_all(b"GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n")
            .expect("it reads");
        let mut answer = Vec::new();
        stranger.read_to_end(&mut answer).expect("an end");
        assert_eq!(answer, b"", "a name that nobody gave us gets no answer");
        assert_eq!(upstream.heads(), [""; 0]);
    }
}

#[test]
fn the_key_is_asked_for_by_nginx_itself() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(
            &program,
            upstream.port,
            &format!("{GENEROUS}  api-key: true\n"),
        );
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        let status = |method: &str, path: &str, header: &str| {
            let mut stream = site.connect(NAME).expect("a handshake");
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n{header}\r\n"
            );
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer)
                .get(9..12)
                .and_then(|code| code.parse::<u16>().ok())
        };
        assert_eq!(status("GET", "/api/settings/default", ""), Some(401));
        assert_eq!(
            status("POST", "/api/search/stream", "X-API-Key: K3Y\r\n"),
            Some(401),
            "case matters"
        );
        assert_eq!(status("GET", "/api", "X-API-Key: k3yy\r\n"), Some(401));
        assert_eq!(upstream.heads(), [""; 0]);
        assert_eq!(status("GET", "/api", "X-API-Key: k3y\r\n"), Some(200));
        assert_eq!(
            status("GET", "/api", "Authorization: Bearer k3y\r\n"),
            Some(200)
        );
        assert_eq!(status("OPTIONS", "/api/search", ""), Some(200));
        assert_eq!(status("GET", "/api/health", ""), Some(200));
    }
}

#[test]
fn nobody_but_cloudflare_says_who_the_client_is() {
    for program in programs() {
        let upstream = Upstream::new();
        let settings = format!("{GENEROUS}  behind: cloudflare\n");
        let site = Site::new(&program, upstream.port, &settings);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        let forged = "GET /api\r\nCF-Connecting-IP: 192.0.2.9\r\n";
        assert_eq!(site.ask(forged).0, 200);
        let head = upstream.heads().remove(0);
        assert!(head.contains("x-real-ip: 127.0.0.1\r\n"), "{head}");
    }
}

#[test]
fn clients_without_a_certificate_are_refused_when_one_is_wanted() {
    for program in programs() {
        let upstream = Upstream::new();
        let mut site = Site::new(&program, upstream.port, GENEROUS);
        let authority = site.project.path().join("ca.pem");
        let written = site.project.read("atlas.yaml");
        let written = format!("{written}  clients: {}\n", authority.display());
        site.project.write("atlas.yaml", written);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        assert_eq!(site.ask("GET /api").0, 400);
        assert_eq!(upstream.heads(), [""; 0]);
        site.shows_certificate = true;
        assert_eq!(site.ask("GET /api").0, 200);
    }
}
