//! Sending one batch: retries with backoff, and what the server made of each document. Owns no order of batches.

use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocumentBuf, rawdoc};
use mongodb::{Client, bson::raw::cstr};

use super::batch::{Batch, Statement};
use crate::Error;
use crate::mongo::failure::{code, explain, is_transient};

/// The request limit of Cosmos, told for single documents.
const LIMITED: u64 = 16500;
/// `DuplicateKey`.
const DUPLICATE: u64 = 11000;
/// Waits double from 50 ms up to 5 s: 12 of them are half a minute.
const ATTEMPTS: u32 = 12;

/// Where a batch goes, and how.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// Name in the archive.
    pub(super) source: String,
    pub(super) db: String,
    pub(super) collection: String,
    /// Whether documents keep their order.
    pub(super) ordered: bool,
    /// Whether there is a validator to pass by.
    pub(super) bypass: bool,
    /// Whether the documents are buckets of a time series that has no collection of buckets.
    pub(super) raw: bool,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) inserted: u64,
    /// Documents that the server refused.
    pub(super) refused: u64,
    /// Why the first of them was.
    pub(super) reason: Option<String>,
}

/// Sends a batch until the server has taken or refused every document.
pub(super) async fn send(
    client: &Client,
    to: &Destination,
    mut batch: Batch,
) -> Result<Sent, Error> {
    let db = client.database(&to.db);
    let mut sent = Sent::default();
    // After a lost answer a duplicate is what the first attempt wrote: unique indexes come after the data.
    let mut lost = false;
    let mut attempt = 0;
    loop {
        let command = RawDocumentBuf::from_bytes(batch.command(head(to, batch.statement)))
            .map_err(|error| Error::failed("insert into", to.source.as_str(), error.to_string()))?;
        match db.run_raw_command(command).await {
            Ok(reply) => {
                let before = sent.inserted + sent.refused;
                let again = judge(&reply, to.ordered, lost, batch.count as usize, &mut sent);
                if again.is_empty() {
                    return Ok(sent);
                }
                batch = batch.only(&again);
                if sent.inserted + sent.refused > before {
                    attempt = 0;
                }
            }
            Err(error) if is_transient(&error) && attempt < ATTEMPTS && !gone(&error) => {
                lost |= code(&error).is_none();
            }
            Err(error) => return Err(explain("insert into", &to.source, &error)),
        }
        if attempt == ATTEMPTS {
            let cause = "the server keeps refusing documents for its request limit";
            return Err(Error::failed("insert into", to.source.as_str(), cause)
                .hint("raise its throughput for the time of the restore"));
        }
        tokio::time::sleep(pause(attempt)).await;
        attempt += 1;
    }
}

/// Nobody has answered for as long as the address allows: more attempts would only make the person wait.
fn gone(error: &mongodb::error::Error) -> bool {
    matches!(
        *error.kind,
        mongodb::error::ErrorKind::ServerSelection { .. }
    )
}

fn pause(attempt: u32) -> Duration {
    Duration::from_millis(50 << attempt.min(7)).min(Duration::from_secs(5))
}

fn head(to: &Destination, statement: Statement) -> RawDocumentBuf {
    let collection = to.collection.as_str();
    let mut head = match statement {
        Statement::Insert => rawdoc! { "insert": collection },
        Statement::Upsert => rawdoc! { "update": collection },
    };
    head.append(cstr!("ordered"), to.ordered);
    head.append(cstr!("writeConcern"), rawdoc! { "w": 1 });
    if to.bypass {
        head.append(cstr!("bypassDocumentValidation"), true);
    }
    if to.raw {
        head.append(cstr!("rawData"), true);
    }
    head
}

/// Counts what was taken and refused; returns the numbers of the documents to send again.
fn judge(reply: &Document, ordered: bool, lost: bool, count: usize, sent: &mut Sent) -> Vec<usize> {
    sent.inserted += whole(reply.get("n")).unwrap_or(0);
    let mut again = Vec::new();
    let errors = reply.get_array("writeErrors").map(Vec::as_slice);
    for error in errors
        .unwrap_or_default()
        .iter()
        .filter_map(Bson::as_document)
    {
        let index = whole(error.get("index")).unwrap_or(0) as usize;
        let code = whole(error.get("code"));
        if code == Some(LIMITED) {
            again.push(index);
        } else if code == Some(DUPLICATE) && lost {
            sent.inserted += 1;
        } else {
            sent.refused += 1;
            sent.reason.get_or_insert_with(|| reason(error, code));
        }
        if ordered {
            again.extend(index + 1..count);
        }
    }
    again
}

fn reason(error: &Document, code: Option<u64>) -> String {
    let text = error
        .get_str("errmsg")
        .unwrap_or("the server does not say why");
    match code {
        Some(code) => format!("{text} (code {code})"),
        None => text.to_owned(),
    }
}

fn whole(value: Option<&Bson>) -> Option<u64> {
    match value? {
        Bson::Int32(value) => u64::try_from(*value).ok(),
        Bson::Int64(value) => u64::try_from(*value).ok(),
        Bson::Double(value) if *value >= 0.0 => Some(*value as u64),
        _ => None,
    }
}
