//! The plan as people and programs read it. Owns wording and the versioned JSON; decides nothing.

use std::fmt;

use serde_json::{Value, json};

use super::{Plan, Reason, Step};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = &self.action;
        let sign = match action.verb() {
            "create" | "provide" => '+',
            "remove" | "stop" => '-',
            _ => '~',
        };
        let kind = action.subject_kind();
        write!(
            f,
            "{sign} {:<8} {kind:<9} {}",
            action.verb(),
            action.subject()
        )?;
        if action.is_destructive() {
            f.write_str("  [data is lost]")?;
        }
        match &self.reason {
            Reason::Changed(changes) if changes.len() > 1 => {
                f.write_str("  # changed:")?;
                for change in changes {
                    write!(f, "\n      {change}")?;
                }
                Ok(())
            }
            reason => write!(f, "  # {reason}"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.changes().count();
        if count == 0 {
            return f.write_str("nothing to do: everything is as wanted");
        }
        for step in self.changes() {
            writeln!(f, "{step}")?;
        }
        let plural = if count == 1 { "step" } else { "steps" };
        write!(f, "{count} {plural}")
    }
}

impl Plan {
    /// One versioned object: `{"schema":"atlas/v1","kind":"plan","changes":n,"steps":[…]}`. `after` holds step ids.
    pub fn to_json(&self) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.action.changes())
            .map(|(id, step)| step_json(id, step))
            .collect();
        json!({"schema": "atlas/v1", "kind": "plan", "changes": steps.len(), "steps": steps})
    }
}

fn step_json(id: usize, step: &Step) -> Value {
    let fields = match &step.reason {
        Reason::Changed(changes) => json!(changes),
        _ => json!([]),
    };
    json!({
        "id": id,
        "action": step.action.verb(),
        "type": step.action.subject_kind(),
        "name": step.action.subject(),
        "service": step.action.service(),
        "reason": step.reason.to_string(),
        "fields": fields,
        "destructive": step.action.is_destructive(),
        "after": step.after,
    })
}
