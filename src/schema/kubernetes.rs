//! The schema of `kubernetes:`; its keys are those of `input::kubernetes`.

use serde_json::{Value, json};

pub(super) fn settings() -> Value {
    json!({
        "description": "What `atlas render kubernetes` is told; its options go before.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "not": {"type": "object", "required": ["secrets", "sealed-with"]},
        "properties": {
            "image": {
                "description": "The built-in image as the cluster pulls it, best with its digest.",
                "type": "string",
                "examples": ["ghcr.io/acme/atlas@sha256:…"]
            },
            "secrets": {
                "description": "Who makes the Secrets: the External Secrets operator, you, or the rendered files, which then hold the values.",
                "enum": ["external", "existing", "values"],
                "default": "external"
            },
            "sealed-with": {
                "description": "The certificate of the Sealed Secrets controller, as `kubeseal --fetch-cert` prints it; relative to this file. Secrets are then sealed for it.",
                "type": "string",
                "examples": ["sealing.pem"]
            },
            "ingress": {"description": "Whether a plain Ingress leads to the gateway, instead of the Gateway API.", "type": "boolean", "default": false}
        }
    })
}
