//! The schema of `checklist:`; its keys are those of `input::checklist`.

use serde_json::{Value, json};

pub(super) fn items() -> Value {
    json!({
        "description": "Your own items of the production checklist.",
        "type": ["array", "null"],
        "items": item()
    })
}

fn item() -> Value {
    json!({
        "description": "An item, decided by exactly one of `command`, `http` and `question`.",
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "title"],
        "oneOf": [{"required": ["command"]}, {"required": ["http"]}, {"required": ["question"]}],
        "properties": {
            "id": {
                "description": "Its name in commands.",
                "type": "string",
                "pattern": "^[a-z0-9][a-z0-9-]*$"
            },
            "title": {"description": "What holds when all is well.", "type": "string"},
            "why": {"description": "Why it matters.", "type": "string"},
            "required": {
                "description": "Whether the checklist fails without it.",
                "type": "boolean",
                "default": true
            },
            "command": {
                "description": "A program and its arguments, run in this folder for at most 30 seconds; exit 0 passes, and what it prints is shown.",
                "type": "array",
                "minItems": 1,
                "items": {"type": ["string", "number", "boolean"]},
                "examples": [["curl", "--fail", "https://status.example.com"]]
            },
            "http": {
                "description": "A request that must be answered with this status.",
                "type": "object",
                "additionalProperties": false,
                "required": ["url"],
                "properties": {
                    "url": {"description": "Where to ask.", "type": "string", "pattern": "^https?://"},
                    "status": {
                        "description": "The status that passes.",
                        "type": "integer",
                        "minimum": 100,
                        "maximum": 599,
                        "default": 200
                    }
                }
            },
            "question": {
                "description": "What a person is asked; yes passes, and the answer is kept in .atlas/checklist.yaml.",
                "type": "string"
            },
            "ask-again": {
                "description": "After how long the question is asked again.",
                "type": "string",
                "default": "90d",
                "examples": ["90d", "6mo"]
            }
        }
    })
}
