//! The other party: a server that misbehaves in one way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const DAY: Duration = Duration::from_secs(86_400);

/// What it does with a connection.
#[derive(Clone)]
pub(crate) enum Act {
    /// Is not there.
    Down,
    /// Hangs up at once.
    HangsUp,
    /// Takes the request and never answers.
    Silent,
    /// Answers a byte at a time, without end.
    Drips,
    /// Sends these bytes and hangs up; `AUTH` in them is what the request showed as its credentials, `SELF` its own address.
    Says(Vec<u8>),
    /// Sends the head, then this chunk for as long as somebody reads.
    Endless(&'static str, Vec<u8>),
    /// Shows a certificate that is wrong, or is not.
    Shows(Certificate),
}

#[derive(Clone, Copy)]
pub(crate) enum Certificate {
    Good,
    SelfSigned,
    WrongName,
    Expired,
}

pub(crate) struct Party {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    authority: Option<PathBuf>,
}

impl Party {
    /// A party that does `act`; `folder` is for what it wants trusted.
    pub(crate) fn start(act: Act, folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let mut party = Self {
            url: format!("http://127.0.0.1:{port}"),
            asked: asked.clone(),
            authority: None,
        };
        let tls = match &act {
            Act::Down => return party,
            Act::Shows(certificate) => {
                party.url = party.url.replace("http:", "https:");
                let (config, authority) = certified(*certificate);
                let path = folder.join("authority.pem");
                std::fs::write(&path, authority).unwrap();
                party.authority = Some(path);
                Some(config)
            }
            _ => None,
        };
        let url = party.url.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                asked.fetch_add(1, Ordering::Relaxed);
                let (act, tls, url) = (act.clone(), tls.clone(), url.clone());
                std::thread::spawn(move || misbehave(stream, &act, tls, &url));
            }
        });
        party
    }

    /// How many connections came.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// What to trust for its certificate.
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }
}

/// An error only says that the other side has had enough.
fn misbehave(
    mut stream: TcpStream,
    act: &Act,
    tls: Option<Arc<ServerConfig>>,
    url: &str,
) -> Option<()> {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    if let Some(config) = tls {
        let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
        head(&mut stream)?;
        stream
            .write_all(&answer("401 Unauthorized", "application/json", "{}"))
            .ok()?;
        stream.conn.send_close_notify();
        return stream.flush().ok();
    }
    if matches!(act, Act::HangsUp) {
        return None;
    }
    let asked = head(&mut stream)?;
    match act {
        Act::Silent => stream.read(&mut [0]).map(|_| ()).ok(),
        Act::Drips => loop {
            stream.write_all(b"H").ok()?;
            std::thread::sleep(Duration::from_millis(50));
        },
        Act::Says(bytes) => {
            let said = replaced(bytes, b"AUTH", credentials(&asked).as_bytes());
            stream
                .write_all(&replaced(&said, b"SELF", url.as_bytes()))
                .ok()
        }
        Act::Endless(head, chunk) => {
            stream.write_all(head.as_bytes()).ok()?;
            loop {
                stream.write_all(chunk).ok()?;
            }
        }
        _ => None,
    }
}

/// Everything up to the end of the request's body.
fn head(stream: &mut impl std::io::Read) -> Option<String> {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        seen.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

fn credentials(asked: &str) -> &str {
    let names = ["authorization: ", "x-figma-token: "];
    let mut lines = asked.lines();
    let shown = lines.find_map(|line| names.iter().find_map(|name| line.strip_prefix(name)));
    shown
        .or_else(|| Some(asked.split_once("\r\n\r\n")?.1))
        .unwrap_or_default()
}

fn replaced(bytes: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let Some(at) = bytes.windows(what.len()).position(|window| window == what) else {
        return bytes.to_vec();
    };
    [&bytes[..at], by, &bytes[at + what.len()..]].concat()
}

/// An answer with its length left to the end of the connection.
pub(crate) fn answer(status: &str, kind: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

fn certified(certificate: Certificate) -> (Arc<ServerConfig>, String) {
    let key = || KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, key()).unwrap();
    let name = match certificate {
        Certificate::WrongName => "elsewhere.example",
        _ => "127.0.0.1",
    };
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    if let Certificate::Expired = certificate {
        params.not_before = (SystemTime::now() - 10 * DAY).into();
        params.not_after = (SystemTime::now() - 2 * DAY).into();
    }
    let own = key();
    let signed = match certificate {
        Certificate::SelfSigned => params.self_signed(&own),
        _ => params.signed_by(&own, &authority),
    };
    let private = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.unwrap().into()], private)
        .unwrap();
    (Arc::new(config), authority.pem())
}
