//! Forms of names that come from outside: image references, tags, variables, profiles. Owns their grammar only.

use crate::model::ImageRef;

/// `[A-Za-z_][A-Za-z0-9_]*`
pub(crate) fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Compose's form of a profile's name.
pub(crate) fn is_profile(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The id of an item of the checklist: `[a-z0-9][a-z0-9-]*`
pub(crate) fn is_item(text: &str) -> bool {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.bytes().next().is_some_and(edge) && text.bytes().all(|b| edge(b) || b == b'-')
}

/// `http://host…` or `https://host…`, without spaces.
pub(crate) fn is_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty())
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

/// A tag of the OCI distribution specification.
pub(crate) fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// `host[:port]/path/…` or `path/…` without tag and digest.
pub(crate) fn is_repository(text: &str) -> bool {
    let (first, rest) = match text.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (text, None),
    };
    let host = first.contains(['.', ':']) || first == "localhost";
    let first_is_right = if host {
        is_host(first)
    } else {
        is_component(first)
    };
    first_is_right && text.len() <= 255 && rest.is_none_or(|rest| rest.split('/').all(is_component))
}

/// A reference: repository, then a tag, a digest or both.
pub(crate) fn image(text: &str) -> Option<ImageRef> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (rest, None),
    };
    let bare_host = repository.contains(':') && !repository.contains('/');
    let right = is_repository(repository)
        && !bare_host
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    right.then(|| ImageRef::new(text))
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.split('.').all(label)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_component(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(edge)
        && text.ends_with(edge)
        && text
            .chars()
            .all(|c| edge(c) || matches!(c, '.' | '_' | '-'))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::{image, is_repository};

    #[test]
    fn image_references_are_those_of_docker() {
        for right in [
            "redis",
            "redis:7-alpine",
            "localhost:5000/a/b:1",
            "ghcr.io/acme/gateway:1.2",
        ] {
            assert!(image(right).is_some(), "{right}");
        }
        let digest = format!("ghcr.io/a/b@sha256:{}", "a".repeat(64));
        assert!(image(&digest).is_some());
        for wrong in [
            "",
            "Redis",
            "a b",
            "redis:",
            "redis:a b",
            "host:99999/a",
            "a@sha256:12",
            "https://x/y",
            "a//b",
        ] {
            assert!(image(wrong).is_none(), "{wrong}");
        }
        assert!(is_repository("ghcr.io/acme"));
        assert!(is_repository("127.0.0.1:5000"));
        assert!(!is_repository("ghcr.io/acme/"));
    }
}
