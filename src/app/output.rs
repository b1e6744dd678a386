//! Printing: data to stdout, errors to stderr. Owns how an error reads; what went wrong is decided elsewhere.

use std::io::Write;

use serde_json::{Value, json};

use super::App;
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;

impl App {
    /// Prints data. Whoever closed stdout (`| head`) does not want the rest.
    pub(crate) fn out(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stdout.write_all(b"\n");
        }
        let _ = stdout.flush();
    }

    /// Columns of the terminal that data goes to; wide when it goes elsewhere.
    pub(crate) fn width(&self) -> usize {
        rustix::termios::tcgetwinsize(std::io::stdout())
            .map(|size| usize::from(size.ws_col))
            .ok()
            .filter(|columns| *columns > 0)
            .unwrap_or(200)
    }

    /// Talks to the person on stderr; silent with `--json`.
    pub(crate) fn say(&self, text: &str) {
        if !self.global.json {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Shows why a command ended early; with `--json` also as an object on stdout.
    pub(super) fn show_error(&self, error: &Error) {
        if self.global.json {
            self.out(&object(error).to_string());
        }
        let mut stderr = std::io::stderr().lock();
        for diagnostic in &error.diagnostics {
            let _ = writeln!(stderr, "{diagnostic}");
        }
        if !error.diagnostics.is_empty() {
            let _ = writeln!(stderr);
        }
        let _ = writeln!(stderr, "{} {error}", self.talk.bad("error:"));
        for line in &error.details {
            let _ = writeln!(stderr, "  {}", self.talk.faint(line));
        }
        if let Some(hint) = &error.hint {
            let _ = writeln!(stderr, "{} {hint}", self.talk.strong("hint:"));
        }
    }
}

fn object(error: &Error) -> Value {
    let problems: Vec<Value> = error.diagnostics.iter().map(problem).collect();
    json!({
        "schema": "atlas/v1",
        "kind": "error",
        "exit": error.exit.code(),
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
        "problems": problems,
    })
}

fn problem(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "severity": severity,
        "file": diagnostic.file,
        "line": diagnostic.position.map(|p| p.line),
        "column": diagnostic.position.map(|p| p.column),
        "key": diagnostic.key,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    })
}
