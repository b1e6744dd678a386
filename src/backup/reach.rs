//! The address at which this process gets to MongoDB. Owns the one place where its password is put into an address.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use atlas_backup::mongo::Connection;
use atlas_backup::mongo::greeting::{self, Door, Greeting};
use atlas_backup::{Error, Kind};
use tokio::net::TcpStream;

use super::source::Mongo;
use crate::engines::docker::DockerEngine;
use crate::engines::{Condition, Engine};
use crate::model::Secret;

const PORT: u16 = 27017;
/// A way that exists is there at once.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a server that starts may refuse.
const START: Duration = Duration::from_secs(20);
/// Between two refusals.
const PAUSE: Duration = Duration::from_millis(100);

/// Connects to a project's MongoDB: an external one by its address; one in a container by its published port, else by the container's own
/// address.
///
/// # Errors
/// [`Kind::Unreachable`] when there is no way from here; else what connecting says.
pub async fn mongodb(engine: &DockerEngine, source: &Mongo) -> Result<Connection, Error> {
    match source {
        Mongo::External { url } => Connection::open(url.expose()).await,
        Mongo::Container {
            held,
            user,
            password,
        } => {
            let address = way(engine, &held.container, &held.name).await?;
            Connection::open(&url(address, user, password)).await
        }
    }
}

/// Connects to a MongoDB without users, in a container of ours.
pub(super) async fn unguarded(engine: &DockerEngine, container: &str) -> Result<Connection, Error> {
    let address = way(engine, container, container).await?;
    Connection::open(&format!("mongodb://{address}/?directConnection=true")).await
}

/// Where a project's MongoDB is at this moment: its address without and with user and password.
///
/// # Errors
/// Why there is no way from here.
pub async fn address(engine: &DockerEngine, source: &Mongo) -> Result<(String, Secret), String> {
    match source {
        Mongo::External { url } => Ok((String::new(), url.clone())),
        Mongo::Container {
            held,
            user,
            password,
        } => {
            let place = place(engine, &held.container, PORT).await?;
            Ok((place.to_string(), Secret::new(url(place, user, password))))
        }
    }
}

/// What a MongoDB says to who comes with this address' password, and to who comes without.
pub async fn greet(address: &Secret) -> (Greeting, Door) {
    let uri = address.expose();
    tokio::join!(greeting::greet(uri), greeting::door(uri))
}

/// The first address of a container that takes a connection at this moment.
///
/// # Errors
/// Why there is none.
pub async fn place(
    engine: &DockerEngine,
    container: &str,
    port: u16,
) -> Result<SocketAddr, String> {
    let condition = engine.look(container).await;
    let condition = condition.map_err(|error| error.to_string())?;
    if !condition.running {
        return Err("it does not run".to_owned());
    }
    if !engine.is_local() {
        return Err(
            "containers are reached on the engine's machine only; run atlas there".to_owned(),
        );
    }
    let mut tried = Vec::new();
    for address in candidates(&condition, port) {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(cause)) => {
                tried.push(format!("{address}: {}", atlas_backup::error::words(&cause)));
            }
            Err(_) => tried.push(format!("{address}: no answer")),
        }
    }
    Err(match tried.is_empty() {
        true => "its container has no address that this machine can reach".to_owned(),
        false => tried.join(", "),
    })
}

/// The first address that takes a connection. A server that was just started refuses for a while, so a refusal is asked again.
async fn way(engine: &DockerEngine, container: &str, name: &str) -> Result<SocketAddr, Error> {
    let began = Instant::now();
    loop {
        let condition = engine.look(container).await?;
        if !condition.running {
            let error = Error::new(Kind::Unreachable, "reach", name, "it is not running");
            return Err(error.hint("start it with `atlas up mongodb`"));
        }
        // The addresses are those of the engine's machine.
        let candidates = match engine.is_local() {
            true => candidates(&condition, PORT),
            false => Vec::new(),
        };
        let mut tried = Vec::new();
        let mut refused = false;
        for address in candidates {
            match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(address),
                Ok(Err(cause)) => {
                    refused |= cause.kind() == std::io::ErrorKind::ConnectionRefused;
                    tried.push(format!("{address}: {}", atlas_backup::error::words(&cause)));
                }
                Err(_) => tried.push(format!("{address}: no answer")),
            }
        }
        if !refused || began.elapsed() > START {
            return Err(no_way(name, &tried));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Published ports, then the container's own addresses.
fn candidates(condition: &Condition, port: u16) -> Vec<SocketAddr> {
    let published = condition.published.iter();
    let published =
        published
            .filter(|(inside, _)| *inside == port)
            .map(|(_, address)| match address.ip().is_unspecified() {
                true => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
                false => *address,
            });
    let own = condition.addresses.iter();
    published
        .chain(own.map(|ip| SocketAddr::new(*ip, port)))
        .collect()
}

fn no_way(name: &str, tried: &[String]) -> Error {
    let cause = match tried {
        [] => "its container has no address that this machine can reach".to_owned(),
        tried => tried.join(", "),
    };
    let error = Error::new(Kind::Unreachable, "reach", name, cause);
    error.hint("run atlas on the machine of the engine, or use `--engine mongodump`, which works through the engine")
}

fn url(address: SocketAddr, user: &str, password: &Secret) -> String {
    let (user, password) = (encoded(user), encoded(password.expose()));
    format!("mongodb://{user}:{password}@{address}/?authSource=admin&directConnection=true")
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_with_any_character_is_part_of_a_valid_address() {
        let address = "172.18.0.2:27017".parse().expect("an address");
        assert_eq!(
            url(address, "atlas", &Secret::new("p@ss/w:ö%")),
            "mongodb://atlas:p%40ss%2Fw%3A%C3%B6%25@172.18.0.2:27017/?authSource=admin&directConnection=true"
        );
    }
}
