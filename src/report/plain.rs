//! Plain lines on stderr, for pipes and CI: one line for what was done, nothing for what is under way.

use std::io::Write;

use super::{Style, done, seconds, transfer};
use crate::event::{Event, Report};

/// The plain reporter.
pub struct Plain {
    /// Colours.
    pub style: Style,
}

impl Report for Plain {
    fn report(&self, event: Event) {
        if let Some(line) = line(&event, self.style) {
            // A closed stderr is no reason to stop working.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

fn line(event: &Event, style: Style) -> Option<String> {
    Some(match event {
        Event::CheckedOut { changes, .. } => match changes {
            0 => return None,
            1 => "checks passed, the engine is untouched so far; 1 step to do".to_owned(),
            n => format!("checks passed, the engine is untouched so far; {n} steps to do"),
        },
        Event::Finished {
            verb,
            kind,
            subject,
            service,
            took,
        } => {
            let name = match (*verb, service) {
                ("await", Some(service)) => service,
                _ => subject,
            };
            let kind = if *verb == "await" { "service" } else { kind };
            format!("{kind} {name} {} ({})", done(verb), seconds(*took))
        }
        Event::Failed { verb, subject, .. } => style.bad(&format!("{verb} {subject} failed")),
        Event::Waiting {
            service,
            answer,
            waited,
        } => format!(
            "still waiting for {service} ({}): {answer}",
            seconds(*waited)
        ),
        Event::Warning { text } => format!("{} {text}", style.warn("warning:")),
        Event::File { path, outcome } => format!("file {path} {outcome}"),
        Event::Transferred {
            verb,
            bytes,
            documents,
            took,
        } => transfer::done(verb, *bytes, *documents, *took),
        Event::Started { .. }
        | Event::Progress { .. }
        | Event::Transfer { .. }
        | Event::Part { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_wait_that_ended_well_names_the_service() {
        let event = Event::Finished {
            verb: "await",
            kind: "container",
            subject: "a1b2c3".into(),
            service: Some("gateway".into()),
            took: Duration::from_millis(312),
        };
        let style = Style { colour: false };
        assert_eq!(
            line(&event, style).expect("a line"),
            "service gateway healthy (0.31s)"
        );
    }
}
