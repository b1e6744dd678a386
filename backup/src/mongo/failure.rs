//! The driver's errors in the words of this crate. Owns which of them can be tried again; never shows an address.

use mongodb::error::{Error as Driver, ErrorKind};

use crate::{Error, Kind};

/// `AuthenticationFailed`.
pub(crate) const AUTHENTICATION_FAILED: i32 = 18;
/// `Unauthorized`.
pub(crate) const UNAUTHORIZED: i32 = 13;
/// `NamespaceNotFound`.
pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;

/// Failed attempts at this moment may succeed at the next: elections, closed cursors, request limits.
/// HostUnreachable, HostNotFound, CursorNotFound, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown,
/// CursorKilled, ExceededTimeLimit, SocketException, NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
/// NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary, and the request limit of Cosmos.
const TRANSIENT: [i32; 15] = [
    6, 7, 43, 89, 91, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436, 16500,
];

/// The server's code of an error, where the server answered with one.
pub(crate) fn code(error: &Driver) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

/// Whether the same may succeed a little later.
pub(crate) fn is_transient(error: &Driver) -> bool {
    match &*error.kind {
        ErrorKind::Command(command) => TRANSIENT.contains(&command.code),
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. } => true,
        _ => false,
    }
}

/// What failed at the server, in this crate's words.
pub(crate) fn explain(operation: &'static str, subject: &str, error: &Driver) -> Error {
    match &*error.kind {
        ErrorKind::Authentication { .. } => wrong_password(operation, subject),
        ErrorKind::Command(command) => match command.code {
            AUTHENTICATION_FAILED => wrong_password(operation, subject),
            UNAUTHORIZED => Error::failed(operation, subject, "the user is not allowed to")
                .hint("give the user the roles `backup` and `restore`, or use another user"),
            code => Error::failed(
                operation,
                subject,
                format!("{} (code {code})", sentence(&command.message)),
            ),
        },
        ErrorKind::ServerSelection { message, .. } => unreachable(operation, subject, message),
        ErrorKind::DnsResolve { .. } => Error::new(
            Kind::Unreachable,
            operation,
            subject,
            "its name cannot be resolved",
        ),
        ErrorKind::Io(cause) => Error::new(
            Kind::Unreachable,
            operation,
            subject,
            crate::error::words(cause),
        ),
        ErrorKind::InvalidTlsConfig { message, .. } => {
            Error::new(Kind::Usage, operation, subject, sentence(message))
        }
        other => Error::failed(operation, subject, sentence(&other.to_string())),
    }
}

fn wrong_password(operation: &'static str, subject: &str) -> Error {
    Error::failed(operation, subject, "the user name or password is wrong")
        .hint("look at the user, its password, and the database it was made in (`authSource`)")
}

/// The driver's text of a failed selection holds its whole view of the servers: only the innermost cause is told.
fn unreachable(operation: &'static str, subject: &str, message: &str) -> Error {
    let inner = message
        .split_once("Error: ")
        .map_or(message, |(_, rest)| rest);
    let inner = ["Kind: ", "I/O error: "]
        .iter()
        .fold(inner, |text, prefix| {
            text.strip_prefix(prefix).unwrap_or(text)
        });
    let cause = inner
        .split(" (os error")
        .next()
        .and_then(|text| text.split(", labels").next())
        .unwrap_or(inner);
    let error = Error::new(Kind::Unreachable, operation, subject, sentence(cause));
    let lower = message.to_lowercase();
    if lower.contains("certificate") || lower.contains("tls") {
        error.hint("give `tlsCAFile` in the address if the server's certificate is of an authority of its own")
    } else if lower.contains("unexpected end of file") || lower.contains("connection reset") {
        error.hint("if the server asks for TLS, add `tls=true` to the address")
    } else {
        error
    }
}

/// Lower-case beginning, no final stop, one line.
fn sentence(text: &str) -> String {
    let text = text
        .lines()
        .next()
        .unwrap_or(text)
        .trim()
        .trim_end_matches('.');
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_innermost_cause_of_a_failed_selection_is_told() {
        let text = "Server selection timeout: No available servers. Topology: { Type: Single, Servers: [ { Address: \
                    h:1, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), labels: {} } ] }";
        let error = unreachable("connect to", "h:1", text);
        assert_eq!(
            error.to_string(),
            "failed to connect to `h:1`: connection refused"
        );
        assert_eq!(error.kind, Kind::Unreachable);
    }

    #[test]
    fn abbreviations_keep_their_capitals() {
        assert_eq!(sentence("BSON field is wrong."), "BSON field is wrong");
        assert_eq!(sentence("Cursor not found"), "cursor not found");
    }
}
