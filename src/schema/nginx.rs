//! The schema of `nginx:`; its keys are those of `input::nginx`.

use serde_json::{Value, json};

pub(super) fn settings() -> Value {
    let path = |what: &str| json!({"description": what, "type": "string", "pattern": "^/[A-Za-z0-9/._@-]*$"});
    let port = |what: &str, usual: u16| json!({"description": what, "type": "integer", "minimum": 1, "maximum": 65535, "default": usual});
    let count = |what: &str, usual: u32| json!({"description": what, "type": "integer", "minimum": 1, "maximum": 1_000_000, "default": usual});
    json!({
        "description": "The web server before the gateway, as `atlas render nginx` writes it. Its name is the host of public-url.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "runs": {
                "description": "Where nginx runs: on this machine, or as a container of the Compose stack.",
                "enum": ["host", "compose"],
                "default": "host"
            },
            "version": {
                "description": "The version of nginx to write for; by default the one that is found on this machine.",
                "type": ["string", "number"],
                "examples": ["1.22", "1.30"]
            },
            "image": {
                "description": "The image of the container; the official one of the version by default.",
                "type": "string",
                "examples": ["nginx:1.30-alpine@sha256:…"]
            },
            "http3": {"description": "Whether to speak HTTP/3; by default if the nginx that is found can.", "type": "boolean"},
            "http": port("Port of plain HTTP, which redirects.", 80),
            "https": port("Port of TLS; that of public-url by default.", 443),
            "ipv6": {"description": "Whether to listen on IPv6 too; by default on this machine, not in a container.", "type": "boolean"},
            "certificate": path("The certificate with its chain; where certbot puts it by default."),
            "key": path("The certificate's key; where certbot puts it by default."),
            "acme": path("The folder that ACME clients such as certbot write their answers to; /var/www/acme by default."),
            "rate": count("Requests that one client may make in a second.", 10),
            "burst": count("Requests above the rate that are still answered.", 20),
            "connections": count("Connections of one client at a time.", 30),
            "body": {
                "description": "Largest body of a request: bytes, or with k, m, g. What the gateway takes by default.",
                "type": ["string", "integer"],
                "examples": ["64k", "1m"]
            },
            "silence": count("Longest silence in a stream, in seconds.", 300),
            "behind": {
                "description": "What stands before nginx and tells who the client is.",
                "enum": ["nothing", "cloudflare"],
                "default": "nothing"
            },
            "cloudflare": {
                "description": "The list of Cloudflare's networks (https://www.cloudflare.com/ips-v4 and ips-v6), instead of the one inside atlas.",
                "type": "object",
                "additionalProperties": false,
                "required": ["addresses", "as-of"],
                "properties": {
                    "addresses": {"description": "A file with one network a line, of IPv4 and IPv6; relative to the project directory.", "type": "string"},
                    "as-of": {"description": "The day on which they were those.", "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
                }
            },
            "clients": path("The authorities of client certificates; only clients with one may connect. With Cloudflare: its authority for authenticated origin pulls."),
            "api-key": {"description": "Whether nginx itself asks for ATLAS_API_KEY, so that nothing else reaches the gateway.", "type": "boolean", "default": false}
        }
    })
}
