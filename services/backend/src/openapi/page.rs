//! The document as a page: plain HTML made here, without a script, so that nothing has to be trusted, loaded or waited for.

mod schema;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// The page's Content-Security-Policy: nothing but its own style.
pub(super) fn policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// One operation of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    tag: &'a str,
    id: &'a str,
    body: &'a Value,
}

/// The page of `document`.
pub(super) fn render(document: &Value) -> String {
    let info = &document["info"];
    let (title, version) = (text(&info["title"]), text(&info["version"]));
    let mut html = String::with_capacity(96 * 1024);
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\
         <header><h1>{title}</h1><p class=\"soft\">{} Version {version}, OpenAPI {}.</p>{}",
        text(&info["summary"]),
        text(&document["openapi"]),
        prose(&info["description"]),
        title = escaped(title),
        version = escaped(version),
    );
    html.push_str(
        "<p>The same for programs: <a href=\"openapi.json\">openapi.json</a>. In the examples, <code>$ATLAS</code> is the \
         address of this page without its path.</p></header>",
    );
    let operations = operations(document);
    contents(&mut html, document, &operations);
    html.push_str("<main>");
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let description = prose(&tag["description"]);
        let _ = write!(html, "<h2>{}</h2>{description}", escaped(name));
        for operation in operations.iter().filter(|operation| operation.tag == name) {
            show(&mut html, document, operation);
        }
    }
    schema::all(&mut html, document);
    html.push_str("</main></body></html>");
    html
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = fields(&document["paths"]);
    let operations = paths.flat_map(|(path, methods)| {
        fields(methods).map(move |(method, body)| Operation {
            method: method.to_uppercase(),
            path,
            tag: text(&body["tags"][0]),
            id: text(&body["operationId"]),
            body,
        })
    });
    operations.collect()
}

fn contents(html: &mut String, document: &Value, operations: &[Operation<'_>]) {
    html.push_str("<nav aria-label=\"Contents\"><ul>");
    for tag in list(&document["tags"]) {
        for operation in operations.iter().filter(|o| o.tag == text(&tag["name"])) {
            let (method, path, id) = (&operation.method, escaped(operation.path), operation.id);
            let _ = write!(
                html,
                "<li><a href=\"#{id}\"><b class=\"method\">{method}</b> {path}</a></li>"
            );
        }
    }
    html.push_str("<li><a href=\"#schemas\">Shapes</a></li></ul></nav>");
}

fn show(html: &mut String, document: &Value, operation: &Operation<'_>) {
    let body = operation.body;
    let _ = write!(
        html,
        "<section id=\"{}\"><h3><b class=\"method\">{}</b> <code>{}</code></h3><p><strong>{}</strong></p>{}",
        operation.id,
        operation.method,
        escaped(operation.path),
        escaped(text(&body["summary"])),
        prose(&body["description"]),
    );
    if !list(&body["security"]).is_empty() {
        html.push_str("<p class=\"soft\">Asks for the key, and is limited.</p>");
    }
    parameters(html, document, operation);
    let request = &body["requestBody"];
    if !request.is_null() {
        let _ = write!(html, "<h4>Body</h4>{}", prose(&request["description"]));
        content(html, document, request);
    }
    let _ = write!(
        html,
        "<h4>Try it</h4><pre>{}</pre>",
        curl(document, operation)
    );
    html.push_str("<h4>Answers</h4><dl>");
    for (status, response) in fields(&body["responses"]) {
        answer(html, document, status, resolved(document, response));
    }
    html.push_str("</dl></section>");
}

fn parameters(html: &mut String, document: &Value, operation: &Operation<'_>) {
    html.push_str("<h4>Parameters</h4><dl>");
    for parameter in list(&operation.body["parameters"]) {
        let parameter = resolved(document, parameter);
        let required = if parameter["required"] == true {
            ", required"
        } else {
            ""
        };
        let _ = write!(
            html,
            "<dt><code>{}</code> <span class=\"soft\">in the {}, {}{required}</span></dt><dd>{}</dd>",
            escaped(text(&parameter["name"])),
            text(&parameter["in"]),
            schema::kind(&parameter["schema"]),
            prose(&parameter["description"]),
        );
    }
    html.push_str("</dl>");
}

fn answer(html: &mut String, document: &Value, status: &str, response: &Value) {
    let _ = write!(
        html,
        "<dt><code>{status}</code></dt><dd>{}",
        prose(&response["description"])
    );
    let headers: Vec<String> = fields(&response["headers"])
        .map(|(name, _)| format!("<code>{}</code>", escaped(name)))
        .collect();
    let _ = write!(html, "<p>Headers: {}</p>", headers.join(" "));
    // A refusal says all that matters with its code.
    if status.starts_with('2') || status == "503" {
        content(html, document, response);
    }
    html.push_str("</dd>");
}

/// The media type, the shape and the example of a body.
fn content(html: &mut String, document: &Value, body: &Value) {
    for (kind, media) in fields(&body["content"]) {
        let shape = schema::kind(&media["schema"]);
        let _ = write!(html, "<p><code>{}</code>: {shape}</p>", escaped(kind));
        for (event, shape) in fields(&media["x-events"]) {
            let _ = write!(
                html,
                "<p>event <code>{event}</code>: {}</p>",
                schema::kind(shape)
            );
        }
        let own = Some(&media["example"]).filter(|example| !example.is_null());
        let example = own.unwrap_or_else(|| &resolved(document, &media["schema"])["examples"][0]);
        if !example.is_null() {
            let _ = write!(html, "<pre>{}</pre>", escaped(&shown(example)));
        }
    }
}

/// A line for a shell that makes the request of the example.
fn curl(document: &Value, operation: &Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    for parameter in list(&operation.body["parameters"]) {
        let parameter = resolved(document, parameter);
        let example = shown(&parameter["example"]);
        let name = text(&parameter["name"]);
        path = match text(&parameter["in"]) {
            "path" => path.replace(&format!("{{{name}}}"), &example),
            "query" => format!("{path}?{name}={example}"),
            _ => path,
        };
    }
    let mut line = match operation.method.as_str() {
        "GET" => "curl".to_owned(),
        method => format!("curl -X {method}"),
    };
    if !list(&operation.body["security"]).is_empty() {
        line.push_str(" -H \"X-API-Key: $ATLAS_API_KEY\"");
    }
    for (kind, media) in fields(&operation.body["requestBody"]["content"]) {
        let _ = write!(
            line,
            " \\\n  -H 'Content-Type: {kind}' -d '{}'",
            media["example"]
        );
    }
    let gap = if line.contains('\n') { " \\\n  " } else { " " };
    let _ = write!(line, "{gap}\"$ATLAS{path}\"");
    escaped(&line)
}

fn shown(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// What a reference refers to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|t| t.strip_prefix('#'));
    target
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = value.as_object().into_iter().flat_map(Map::iter);
    map.map(|(name, value)| (name.as_str(), value))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// Paragraphs, with what stands between backticks as code.
fn prose(value: &Value) -> String {
    let mut html = String::new();
    for paragraph in text(value).split("\n\n").filter(|text| !text.is_empty()) {
        html.push_str("<p>");
        for (index, part) in paragraph.split('`').enumerate() {
            match index % 2 {
                0 => html.push_str(&escaped(part)),
                _ => _ = write!(html, "<code>{}</code>", escaped(part)),
            }
        }
        html.push_str("</p>");
    }
    html
}
