//! Ids of traces and spans, and the headers `traceparent` and `tracestate`, as in
//! <https://www.w3.org/TR/trace-context/>.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderName};
use ring::rand::{SecureRandom, SystemRandom};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Length of a `traceparent` of version 00, and of what is understood of later ones.
const LENGTH: usize = 55;
/// Longest `tracestate` that is passed on, in bytes; longer ones may be dropped (section 3.3.1.5).
const STATE_MAX: usize = 512;
/// Most entries of a `tracestate` (section 3.3.1.1).
const STATE_ENTRIES: usize = 32;

/// A place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace; never 0.
    pub trace: u128,
    /// The span; never 0.
    pub span: u64,
    /// Whether it is recorded.
    pub sampled: bool,
    /// What tracing systems of others want to be passed on.
    pub state: Option<Arc<str>>,
}

impl Context {
    /// The beginning of a trace.
    pub fn fresh() -> Self {
        Self {
            trace: u128::from(random()) << 64 | u128::from(random()),
            span: random(),
            sampled: false,
            state: None,
        }
    }

    /// A span below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span: random(),
            ..self.clone()
        }
    }

    /// What the caller sent; `None` unless it is well-formed.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut sent = headers.get_all(&TRACEPARENT).iter();
        let (first, second) = (sent.next()?, sent.next());
        let (trace, span, flags) = parse(first.to_str().ok().filter(|_| second.is_none())?)?;
        Some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
            state: state(headers),
        })
    }

    /// Its headers, for the next service.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, String)> {
        let (trace, span, flags) = (self.trace, self.span, u8::from(self.sampled));
        let parent = (
            TRACEPARENT,
            format!("00-{trace:032x}-{span:016x}-{flags:02x}"),
        );
        let state = self.state.as_ref().map(|s| (TRACESTATE, s.to_string()));
        std::iter::once(parent).chain(state)
    }

    /// The id of the trace, 32 hex digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

/// Never 0. Every request needs some, so they cost no system call: the first is the system's, the rest follow from it
/// (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
fn random() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let seed = SEED.get_or_init(|| {
        let mut bytes = [0_u8; 8];
        // Without randomness ids are merely less unique; that is no reason to refuse the request.
        let _ = SystemRandom::new().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut z = count
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(*seed);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).max(1)
}

/// Trace, span and flags of a `traceparent` (section 3.2).
fn parse(text: &str) -> Option<(u128, u64, u8)> {
    let (known, rest) = text.split_at_checked(LENGTH)?;
    let parts: Vec<&str> = known.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        return None;
    };
    let hex = |text: &str| matches!(text.bytes().next(), Some(b'0'..=b'9' | b'a'..=b'f'));
    let lower = known
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let shaped = (version.len(), trace.len(), span.len(), flags.len()) == (2, 32, 16, 2);
    // A later version may have more to say.
    let ends = rest.is_empty() || (version != "00" && rest.starts_with('-'));
    if !(lower && shaped && ends && hex(version)) || version == "ff" {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok()?;
    let span = u64::from_str_radix(span, 16).ok()?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (trace != 0 && span != 0).then_some((trace, span, flags))
}

/// The `tracestate` of all headers of that name, if every entry of it is well-formed (section 3.3).
fn state(headers: &HeaderMap) -> Option<Arc<str>> {
    let mut entries = Vec::new();
    for header in headers.get_all(&TRACESTATE) {
        let text = header.to_str().ok()?;
        entries.extend(text.split(',').map(str::trim).filter(|e| !e.is_empty()));
    }
    let joined = entries.join(",");
    let sane = entries.iter().all(|entry| is_entry(entry));
    (sane && (1..=STATE_MAX).contains(&joined.len()) && entries.len() <= STATE_ENTRIES)
        .then(|| joined.into())
}

fn is_entry(entry: &str) -> bool {
    let Some((key, value)) = entry.split_once('=') else {
        return false;
    };
    let in_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let in_value = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'=';
    (1..=256).contains(&key.len())
        && key.bytes().all(in_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(pairs: &[(&'static str, &str)]) -> Option<Context> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Context::of(&headers)
    }

    #[test]
    fn what_is_well_formed_is_continued() {
        let context = of(&[
            ("traceparent", PARENT),
            ("tracestate", "congo=t61rcWkgMzE"),
            ("tracestate", "rojo=00f067aa0ba902b7, tenant@sys=1"),
        ])
        .unwrap();
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let headers: Vec<String> = context.headers().map(|(_, value)| value).collect();
        assert_eq!(
            headers,
            [
                PARENT,
                "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7,tenant@sys=1"
            ]
        );
        let child = context.child();
        assert_eq!((child.trace, child.sampled), (context.trace, true));
        assert_ne!(child.span, context.span);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = PARENT.replace("00-4b", "cc-4b");
        assert!(of(&[("traceparent", &later)]).is_some());
        assert!(of(&[("traceparent", &format!("{later}-what.comes"))]).is_some());
        assert!(of(&[("traceparent", &format!("{later}.what"))]).is_none());
        let unsampled = PARENT.replace("-01", "-fe");
        assert!(!of(&[("traceparent", &unsampled)]).unwrap().sampled);
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for bad in [
            "",
            "00",
            &PARENT.to_uppercase(),
            &PARENT.replace("00-4b", "ff-4b"),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace('f', "g"),
            &PARENT.replace("-01", "-1"),
            &format!("{PARENT}-01"),
            &format!("{PARENT}0"),
            &PARENT.replace('-', "_"),
        ] {
            assert_eq!(of(&[("traceparent", bad)]), None, "{bad}");
        }
        assert_eq!(
            of(&[("traceparent", PARENT), ("traceparent", PARENT)]),
            None
        );
        for bad in ["a", "=b", "A=b", "a=", "a=b=c", "a=b,c", &"a=b,".repeat(33)] {
            let context = of(&[("traceparent", PARENT), ("tracestate", bad)]);
            assert_eq!(context.unwrap().state, None, "{bad}");
        }
    }

    #[test]
    fn ids_differ() {
        let ids: std::collections::BTreeSet<u64> = (0..1000).map(|_| random()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
