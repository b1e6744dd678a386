//! How long a vendor's answer asks us to wait: `Retry-After` (seconds, or a date), or `X-RateLimit-Remaining: 0` with `X-RateLimit-Reset`.
//!
//! Atlassian gives the reset as an ISO 8601 time, sometimes without seconds:
//! <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>. Others give Unix seconds.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::HeaderMap;

/// Whole seconds to wait, if any.
pub(super) fn wait_of(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    if let Some(value) = text("retry-after") {
        let date = || Some(rfc2822::parse(value).ok()?.timestamp().as_second() - now.as_second());
        let seconds = value.parse().ok().or_else(date)?;
        return u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    }
    if text("x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let reset = instant(text("x-ratelimit-reset")?)?;
    u64::try_from(reset.as_second() - now.as_second())
        .ok()
        .filter(|seconds| *seconds > 0)
}

fn instant(reset: &str) -> Option<Timestamp> {
    if let Ok(seconds) = reset.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    reset.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        wait_of(&headers, "2026-03-26T15:59:30Z".parse().unwrap())
    }

    #[test]
    fn reads_what_vendors_send() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        assert_eq!(wait(&[("retry-after", "0")]), None);
        assert_eq!(
            wait(&[("retry-after", "Thu, 26 Mar 2026 16:00:00 GMT")]),
            Some(30)
        );
        assert_eq!(wait(&[("retry-after", "later")]), None);
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "2026-03-26T16:00Z")
            ]),
            Some(30)
        );
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1774540800")
            ]),
            Some(30)
        );
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "12"),
                ("x-ratelimit-reset", "2026-03-26T16:00Z")
            ]),
            None
        );
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "soon")
            ]),
            None
        );
    }
}
