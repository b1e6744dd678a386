//! How a service's readiness is seen from outside. Owns the question, not the asking (`engines` and `execute` ask).

/// A readiness question to a service's own port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// `GET path` answers with a status from 200 to 399.
    Http {
        /// The path, beginning with `/`.
        path: String,
    },
    /// The port accepts a connection and, where given, an exchange succeeds on it.
    Tcp {
        /// What to send and what to look for in the answer.
        exchange: Option<Exchange>,
    },
    /// A command inside the container exits with 0.
    Command(Vec<String>),
}

/// A line to send and the beginnings of an answer that mean "ready".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Bytes to send, as text.
    pub send: String,
    /// The answer must begin with one of these.
    pub expect: Vec<String>,
}
