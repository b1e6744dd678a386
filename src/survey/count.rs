//! Counts requests until a gateway refuses. Owns the requests and when it gives up; who asks, and what it means, is decided by
//! others. It runs on this machine, or inside the gateway's own container.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::http;

/// Never longer than this; one area of the survey has a little more.
const LONGEST: Duration = Duration::from_secs(4);
/// An address that belongs to nobody (RFC 5737), for gateways that believe a proxy about who asks.
pub(crate) const NOBODY: &str = "198.51.100.254";

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// Requests that were made.
    pub(crate) sent: u32,
    /// Milliseconds that they took.
    pub(crate) millis: u64,
    /// Whether the last one was refused with 429.
    pub(crate) limited: bool,
    /// Whether that told when to come back.
    pub(crate) tells: bool,
    /// The limit that the first answer announced.
    pub(crate) announced: Option<u32>,
}

/// Asks `url` at most so often, from one of this machine's addresses.
pub(crate) async fn count(url: &str, from: Option<IpAddr>, most: u32) -> Result<Count, String> {
    let client = http::client(from).map_err(|error| error.message)?;
    let why = |cause: reqwest::Error| http::why(&cause);
    let began = Instant::now();
    let mut count = Count::default();
    while count.sent < most && !count.limited && began.elapsed() < LONGEST {
        // Without a key: the limit comes before it, so nothing is read and nothing is done.
        let request = client.get(url);
        let request = request
            .header("x-real-ip", NOBODY)
            .header("x-forwarded-for", NOBODY);
        let answer = request.send().await.map_err(why)?;
        count.sent += 1;
        count.announced = count
            .announced
            .or_else(|| number(&answer, "ratelimit-limit"));
        count.limited = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        let tells = ["retry-after", "ratelimit-reset", "ratelimit-limit"];
        count.tells = count.limited
            && tells
                .iter()
                .any(|name| answer.headers().contains_key(*name));
        // The connection is used again only when the answer was read.
        answer.bytes().await.map_err(why)?;
    }
    count.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(count)
}

fn number(answer: &Response, name: &str) -> Option<u32> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}
