//! What a server says to who comes with a password, and to who comes without. Owns that neither takes long and nothing is changed.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::doc;
use mongodb::error::{Error as Driver, ErrorKind};
use mongodb::options::ClientOptions;

use super::connection::{self, Server};
use super::failure::{self, AUTHENTICATION_FAILED, UNAUTHORIZED, explain};
use crate::Kind;

/// Whoever is there answers at once.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What a server says to who comes with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// It lets us in.
    Welcome(Server),
    /// It knows no such user with that password (code 18).
    WrongPassword,
    /// It says something else, and what.
    Refused(String),
    /// Nobody answers, and why.
    Away(String),
}

/// What a server lets a stranger do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// It asks for a password first.
    Closed,
    /// It tells everybody which databases there are: so many.
    Open(usize),
    /// It cannot be told, and why.
    Unknown(String),
}

/// Comes with the user and password of the address.
pub async fn greet(uri: &str) -> Greeting {
    let client = match client(uri, true).await {
        Ok(client) => client,
        Err(why) => return Greeting::Refused(why),
    };
    // Only a command of a database makes the driver show its password.
    let known = client.database("admin").run_command(doc! {"ping": 1}).await;
    match known {
        Ok(_) => match connection::ask(&client, "").await {
            Ok(server) => Greeting::Welcome(server),
            Err(error) => Greeting::Refused(error.cause),
        },
        Err(error) if is_wrong_password(&error) => Greeting::WrongPassword,
        Err(error) => {
            let error = explain("connect to", "", &error);
            match error.kind {
                Kind::Unreachable => Greeting::Away(error.cause),
                _ => Greeting::Refused(error.cause),
            }
        }
    }
}

/// Comes without user and password, and asks which databases there are.
pub async fn door(uri: &str) -> Door {
    let client = match client(uri, false).await {
        Ok(client) => client,
        Err(why) => return Door::Unknown(why),
    };
    let admin = client.database("admin");
    let question = doc! {"listDatabases": 1, "nameOnly": true};
    match admin.run_command(question).await {
        Ok(answer) => Door::Open(answer.get_array("databases").map_or(0, Vec::len)),
        Err(error) if is_closed(&error) => Door::Closed,
        Err(error) => Door::Unknown(explain("connect to", "", &error).cause),
    }
}

async fn client(uri: &str, known: bool) -> Result<Client, String> {
    // The driver's own words of a bad address may quote parts of it.
    let options = ClientOptions::parse(uri).await;
    let mut options = options.map_err(|_| "it is not a valid MongoDB address".to_owned())?;
    options.app_name = Some("atlas-doctor".to_owned());
    options.server_selection_timeout = Some(PATIENCE);
    options.connect_timeout = Some(PATIENCE);
    options.retry_reads = Some(false);
    if options.hosts.len() == 1 && options.repl_set_name.is_none() {
        options.direct_connection.get_or_insert(true);
    }
    if !known {
        options.credential = None;
    }
    Client::with_options(options).map_err(|error| explain("connect to", "", &error).cause)
}

fn is_wrong_password(error: &Driver) -> bool {
    let told = failure::code(error) == Some(AUTHENTICATION_FAILED);
    told || matches!(&*error.kind, ErrorKind::Authentication { .. })
}

/// Unauthorized; servers of other makers say it by code 18, or with a text.
fn is_closed(error: &Driver) -> bool {
    let code = failure::code(error);
    code == Some(UNAUTHORIZED) || is_wrong_password(error)
}
