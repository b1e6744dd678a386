//! One versioned JSON object per event on stdout, for programs.

use std::io::Write;

use serde_json::{Value, json};

use crate::event::{Event, Report};

/// The JSON reporter.
pub struct Json;

impl Report for Json {
    fn report(&self, event: Event) {
        // Whoever closed stdout does not want the rest.
        let _ = writeln!(std::io::stdout(), "{}", object(&event));
    }
}

fn object(event: &Event) -> Value {
    let mut value = match event {
        Event::CheckedOut { changes, services } => {
            json!({"event": "checked", "changes": changes, "services": services})
        }
        Event::Started {
            verb,
            kind,
            subject,
            service,
        } => {
            json!({"event": "started", "action": verb, "type": kind, "name": subject, "service": service})
        }
        Event::Finished {
            verb,
            kind,
            subject,
            service,
            took,
        } => json!({
            "event": "finished", "action": verb, "type": kind, "name": subject, "service": service,
            "seconds": took.as_secs_f64(),
        }),
        Event::Failed {
            verb,
            kind,
            subject,
            service,
        } => {
            json!({"event": "failed", "action": verb, "type": kind, "name": subject, "service": service})
        }
        Event::Progress {
            subject,
            text,
            current,
            total,
        } => {
            json!({"event": "progress", "name": subject, "text": text, "current": current, "total": total})
        }
        Event::Waiting {
            service,
            answer,
            waited,
        } => {
            json!({"event": "waiting", "service": service, "answer": answer, "seconds": waited.as_secs_f64()})
        }
        Event::Transfer {
            verb,
            bytes,
            total,
            documents,
            rate,
            left,
        } => json!({
            "event": "transfer", "action": verb, "bytes": bytes, "total": total, "documents": documents,
            "bytes_per_second": rate, "seconds_left": left.map(|left| left.as_secs()),
        }),
        Event::Transferred {
            verb,
            bytes,
            documents,
            took,
        } => json!({
            "event": "transferred", "action": verb, "bytes": bytes, "documents": documents,
            "seconds": took.as_secs_f64(),
        }),
        Event::Part {
            subject,
            bytes,
            documents,
        } => json!({"event": "part", "name": subject, "bytes": bytes, "documents": documents}),
        Event::Warning { text } => json!({"event": "warning", "text": text}),
        Event::File { path, outcome } => json!({"event": "file", "path": path, "outcome": outcome}),
    };
    value["schema"] = "atlas/v1".into();
    value["kind"] = "event".into();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_names_its_schema() {
        let event = Event::File {
            path: "compose.yaml".into(),
            outcome: "created",
        };
        assert_eq!(
            object(&event).to_string(),
            r#"{"event":"file","path":"compose.yaml","outcome":"created","schema":"atlas/v1","kind":"event"}"#
        );
    }
}
