//! An offer of TLS 1.1 at most, which rustls rightly cannot make: one greeting, written by hand, and the first bytes of the answer.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// ECDHE and RSA with AES and SHA-1: what servers of that time speak.
const SUITES: [u16; 6] = [0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035];

/// `TLS 1.1` or `TLS 1.0`, if the server takes it.
pub(super) async fn offer(address: SocketAddr, host: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(&greeting(host)).await.ok()?;
    // Type, version and length of the record; type and length of the message; the version that was chosen.
    let mut answer = [0; 11];
    stream.read_exact(&mut answer).await.ok()?;
    match answer {
        [22, _, _, _, _, 2, _, _, _, 3, 2] => Some("TLS 1.1".to_owned()),
        [22, _, _, _, _, 2, _, _, _, 3, 1] => Some("TLS 1.0".to_owned()),
        _ => None,
    }
}

fn short(number: usize) -> [u8; 2] {
    // Nothing here is longer than a host's name.
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&short(bytes.len())[..], bytes].concat()
}

/// ClientHello of RFC 4346, with the extensions that servers with elliptic curves and many names need.
fn greeting(host: &str) -> Vec<u8> {
    let extension = |kind: u16, body: &[u8]| [&kind.to_be_bytes()[..], &with_length(body)].concat();
    let mut extensions = Vec::new();
    if host.parse::<IpAddr>().is_err() {
        let name = [&[0][..], &with_length(host.as_bytes())].concat();
        extensions.extend(extension(0, &with_length(&name)));
    }
    extensions.extend(extension(10, &with_length(&[0, 29, 0, 23, 0, 24])));
    extensions.extend(extension(11, &[1, 0]));
    extensions.extend(extension(0xff01, &[0]));
    let suites: Vec<u8> = SUITES
        .iter()
        .flat_map(|suite| suite.to_be_bytes())
        .collect();
    let mut body = vec![3, 2];
    // The random number of a greeting that leads to no connection.
    body.extend([0x41; 32]);
    body.push(0);
    body.extend(with_length(&suites));
    body.extend([1, 0]);
    body.extend(with_length(&extensions));
    let length = short(body.len());
    let message = [&[1, 0, length[0], length[1]][..], &body].concat();
    [&[22, 3, 1][..], &with_length(&message)].concat()
}
