//! Every vendor × everything that a vendor can do to us. What is asked of each pair: this status, this code, this sentence,
//! never a 500, and no secret in the answer, in `/metrics`, in `/health/detailed`, in traces or in anything the process wrote.
//!
//! | fault | test |
//! |---|---|
//! | down, hanging up, silent, dripping | [`FAULTS`] |
//! | HTML, malformed, cut off, not HTTP | [`FAULTS`] |
//! | more than 8 MiB, endless, a bomb | [`FAULTS`] |
//! | 401, 403, 404, 429, 5xx, 418 | [`FAULTS`] |
//! | a redirect to itself, to a stranger | [`FAULTS`], [`nobody_follows_a_redirect`] |
//! | a certificate of nobody, of another name, expired | [`FAULTS`] |
//! | credentials repeated in an error | [`FAULTS`] |
//! | MongoDB or Redis killed and back under load | `mongodb`, `redis` |
//! | what clients send | `bad_input` |
//! | paths and links out of Productivity's folders | `productivity::confinement` |
//! | CORS from an unknown origin | `guards` |

mod party;
mod process;
mod vendors;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{Fake, Reply};
use crate::running::eventually;
use party::{Act, Certificate, Party, answer};
use process::Process;
use vendors::{BASIC, EXCEPTIONS, SECRET, VENDORS, Vendor};

/// What a vendor does, and what a search then says: status, code, part of the sentence.
type Fault = (&'static str, Act, u16, &'static str, &'static str);

fn status(line: &str) -> Act {
    Act::Says(answer(line, "application/json", r#"{"message": "no"}"#))
}

fn said(text: &[u8]) -> Act {
    Act::Says(text.to_vec())
}

/// 64 MiB of spaces in 64 KiB.
fn bomb() -> Act {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        std::io::Write::write_all(&mut encoder, &vec![b' '; 1 << 20]).unwrap();
    }
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n".to_vec();
    bytes.extend(encoder.finish().unwrap());
    Act::Says(bytes)
}

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const UNREACHED: &str = "cannot be reached";
const BROKEN: &str = "broke off its answer";
const NO_JSON: &str =
    "answered with something that is not the JSON it documents; is its URL right?";

/// What takes its time.
fn slow() -> Vec<Fault> {
    let late = "did not answer in time";
    vec![
        ("silent", Act::Silent, 504, "timeout", late),
        ("drips", Act::Drips, 504, "timeout", late),
    ]
}

fn faults() -> Vec<Fault> {
    [
        connections(),
        no_json(),
        too_much(),
        statuses(),
        certificates(),
    ]
    .concat()
}

/// Connections that break.
fn connections() -> Vec<Fault> {
    let cut = said(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"a\":",
    );
    vec![
        ("down", Act::Down, 502, "unavailable", UNREACHED),
        ("hangs up", Act::HangsUp, 502, "unavailable", BROKEN),
        (
            "not HTTP",
            said(b"SSH-2.0-OpenSSH_9.2\r\n"),
            502,
            "unavailable",
            BROKEN,
        ),
        ("cut off", cut, 502, "unavailable", BROKEN),
    ]
}

/// Answers that are not what is documented.
fn no_json() -> Vec<Fault> {
    let html = |line| {
        Act::Says(answer(
            line,
            "text/html",
            "<!doctype html><title>Log in</title>",
        ))
    };
    let page = "answered with a web page that is not the JSON it documents; is its URL right?";
    vec![
        ("HTML", html("200 OK"), 502, "bad_answer", page),
        (
            "HTML, 503",
            html("503 Unavailable"),
            502,
            "unavailable",
            "failed (HTTP 503)",
        ),
        (
            "malformed",
            Act::Says(answer("200 OK", "application/json", "{\"a\": [")),
            502,
            "bad_answer",
            NO_JSON,
        ),
        (
            "a list",
            Act::Says(answer("200 OK", "application/json", "[7]")),
            502,
            "bad_answer",
            NO_JSON,
        ),
        (
            "not UTF-8",
            said(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\xff\xfe{\x00}\x00"),
            502,
            "bad_answer",
            NO_JSON,
        ),
    ]
}

/// Answers that are too large.
fn too_much() -> Vec<Fault> {
    let chunk = [
        format!("{:x}\r\n", 1 << 20).into_bytes(),
        vec![b' '; 1 << 20],
        b"\r\n".to_vec(),
    ]
    .concat();
    vec![
        (
            "endless",
            Act::Endless(CHUNKED, chunk),
            502,
            "bad_answer",
            "answered with more than 8 MiB",
        ),
        (
            "a bomb",
            bomb(),
            502,
            "bad_answer",
            "answered with more than 8 MiB",
        ),
    ]
}

/// Refusals.
fn statuses() -> Vec<Fault> {
    let to_itself =
        said(b"HTTP/1.1 302 Found\r\nlocation: SELF/again\r\ncontent-length: 0\r\n\r\n");
    vec![
        (
            "401",
            status("401 Unauthorized"),
            502,
            "vendor_unauthorized",
            "; check `",
        ),
        (
            "403",
            status("403 Forbidden"),
            502,
            "vendor_forbidden",
            "forbids this",
        ),
        (
            "404",
            status("404 Not Found"),
            502,
            "vendor_not_found",
            "has no such API at this address",
        ),
        (
            "418",
            status("418 I'm a teapot"),
            502,
            "bad_answer",
            "answered with HTTP 418",
        ),
        (
            "429",
            status("429 Slow Down\r\nretry-after: 30"),
            503,
            "vendor_rate_limited",
            "asked us to slow down",
        ),
        (
            "500",
            status("500 Oops"),
            502,
            "unavailable",
            "failed (HTTP 500)",
        ),
        (
            "redirect loop",
            to_itself,
            502,
            "bad_answer",
            "redirected us (HTTP 302)",
        ),
        (
            "echo",
            Act::Says(answer(
                "400 Bad Request",
                "application/json",
                r#"{"message": "no: AUTH"}"#,
            )),
            422,
            "query_rejected",
            "refused the query",
        ),
    ]
}

/// Certificates; the last is good, which shows that the others are refused for what they are.
fn certificates() -> Vec<Fault> {
    vec![
        (
            "self-signed",
            Act::Shows(Certificate::SelfSigned),
            502,
            "unavailable",
            "shows a certificate we do not trust; `SSL_CERT_FILE`",
        ),
        (
            "another name",
            Act::Shows(Certificate::WrongName),
            502,
            "unavailable",
            "shows a certificate of another name",
        ),
        (
            "expired",
            Act::Shows(Certificate::Expired),
            502,
            "unavailable",
            "shows a certificate that has expired",
        ),
        (
            "good certificate",
            Act::Shows(Certificate::Good),
            502,
            "vendor_unauthorized",
            "; check `",
        ),
    ]
}

async fn login() -> Fake {
    let token = format!("ya29.{SECRET}");
    Fake::always(Reply::json(
        json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}),
    ))
    .await
}

/// Searches, and says how that is not as it should be.
async fn problems(vendor: &Vendor, fault: &Fault, login: &Fake, budget_ms: u32) -> Vec<String> {
    let (name, act, ..) = fault;
    let folder = TempDir::new().unwrap();
    let party = Party::start(act.clone(), folder.path());
    let collector = Fake::always(Reply::json(json!({}))).await;
    let mut variables = vendor.variables(&party, login, budget_ms);
    variables.extend([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.clone()),
        ("OTEL_BSP_SCHEDULE_DELAY", "20".to_owned()),
    ]);
    let process = Process::start(vendor.role, &variables).await;
    let request = process
        .request(Method::POST, "/search")
        .json(&json!({"query": "deploy"}));
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap_or_default();
    let mut shown = body.to_string();
    for path in ["/metrics", "/health/detailed"] {
        let response = process.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        shown += &response.text().await.unwrap();
    }
    let exported = async || {
        let batches = collector.seen().into_iter();
        batches.map(|batch| batch.body.to_string()).collect()
    };
    let whole = |spans: &String| spans.contains("POST /search");
    shown += &eventually(exported, whole).await;
    let log = process.end().await;

    let exception = EXCEPTIONS
        .iter()
        .find(|row| (row.0, row.1) == (vendor.name, name));
    let (expected, code, sentence) =
        exception.map_or((fault.2, fault.3, fault.4), |row| (row.2, row.3, row.4));
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    if (status, error["code"].as_str()) != (expected, Some(code)) || !message.contains(sentence) {
        problems.push(format!("{}, {name}: {status} {body}", vendor.name));
    }
    for secret in [SECRET, BASIC] {
        if shown.contains(secret) || log.contains(secret) {
            problems.push(format!(
                "{}, {name}: shows a secret: {shown}\n{log}",
                vendor.name
            ));
        }
    }
    let is_logged = log
        .lines()
        .any(|line| line.contains("\"event\":\"request\"") && line.contains(code));
    if !is_logged {
        problems.push(format!("{}, {name}: not logged: {log}", vendor.name));
    }
    problems
}

/// Every vendor against each of the faults, a handful of processes at a time.
async fn judged(faults: Vec<Fault>, budget_ms: u32) {
    assert_eq!(
        atlas_backend::roles().len() - 3,
        roles(),
        "every integration is a row"
    );
    let login = login().await;
    let mut found = Vec::new();
    for fault in &faults {
        let all = VENDORS
            .iter()
            .map(|vendor| problems(vendor, fault, &login, budget_ms));
        found.extend(join_all(all).await.into_iter().flatten());
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The integrations in the table.
fn roles() -> usize {
    let mut roles: Vec<&str> = VENDORS.iter().map(|vendor| vendor.role).collect();
    roles.dedup();
    roles.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_vendor_may_misbehave_in_every_way() {
    judged(faults(), 8_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_vendor_may_keep_us_waiting() {
    judged(slow(), 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_a_redirect() {
    let (folder, login) = (TempDir::new().unwrap(), login().await);
    let stranger = Party::start(status("200 OK"), folder.path());
    let location = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n",
        stranger.url
    );
    let fault = (
        "stranger",
        said(location.as_bytes()),
        502,
        "bad_answer",
        "redirected us (HTTP 307)",
    );
    let all = VENDORS
        .iter()
        .map(|vendor| problems(vendor, &fault, &login, 8_000));
    let found: Vec<String> = join_all(all).await.into_iter().flatten().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(stranger.asked(), 0, "credentials stay with the vendor");
}
