//! How long a vendor's answer asks us to wait: `Retry-After` (seconds, or a date), or `X-RateLimit-Remaining: 0` with `X-RateLimit-Reset`.
//!
//! Atlassian gives the reset as an ISO 8601 time, sometimes without seconds:
//! <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>. Others give Unix seconds. Brave gives seconds from now,
//! one for each of its windows (`1, 1419704`), where a limit of 0 is none:
//! <https://api-dashboard.search.brave.com/documentation/guides/rate-limiting>.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::HeaderMap;

/// A number of seconds below it is no time of this century.
const YEARS: i64 = 1_000_000_000;

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
    let windows = |name: &str| -> Vec<&str> {
        let values = text(name).unwrap_or_default().split(',');
        values.map(str::trim).collect()
    };
    let limits = windows("x-ratelimit-limit");
    let left = windows("x-ratelimit-remaining");
    let resets = windows("x-ratelimit-reset");
    let spent = left.iter().zip(&resets).enumerate();
    let spent = spent.filter(|(at, (left, _))| **left == "0" && limits.get(*at) != Some(&"0"));
    spent
        .filter_map(|(_, (_, reset))| seconds_until(reset, now))
        .max()
}

fn seconds_until(reset: &str, now: Timestamp) -> Option<u64> {
    let seconds = match reset.parse::<i64>() {
        Ok(from_now) if from_now < YEARS => from_now,
        Ok(unix) => unix.checked_sub(now.as_second())?,
        Err(_) => reset.parse::<Timestamp>().ok()?.as_second() - now.as_second(),
    };
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
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
        for (limits, left, seconds) in [
            ("1, 15000", "0, 1000", Some(1)),
            ("1, 15000", "1, 0", Some(1_419_704)),
            ("50, 0", "49, 0", None),
            ("1, 15000", "1, 1000", None),
        ] {
            let windows = [
                ("x-ratelimit-limit", limits),
                ("x-ratelimit-remaining", left),
                ("x-ratelimit-reset", "1, 1419704"),
            ];
            assert_eq!(wait(&windows), seconds, "{limits}: {left}");
        }
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "soon")
            ]),
            None
        );
    }
}
