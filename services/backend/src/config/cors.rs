//! `CORS_ORIGINS`: who may call the gateway from a browser. Parsing and matching only; the headers are `gateway::cors`'s.

use reqwest::Url;

/// The allowed origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    exact: Vec<String>,
    any: bool,
    any_extension: bool,
}

const EXTENSION: &str = "chrome-extension://";

impl Origins {
    /// Parses a comma-separated list; entries are trimmed.
    ///
    /// # Errors
    /// One sentence per entry that is no origin, or too wide for production. Origins are no secrets, so they are shown.
    pub fn parse(list: &str, production: bool) -> Result<Self, Vec<String>> {
        let mut origins = Self::default();
        let mut problems = Vec::new();
        for entry in list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            match entry {
                "*" | "chrome-extension://*" if production => {
                    problems.push(format!("`{entry}` lets anybody in, which production refuses; name the extension's id"));
                }
                "*" => origins.any = true,
                "chrome-extension://*" => origins.any_extension = true,
                _ => match check(entry) {
                    Ok(()) => origins.exact.push(entry.to_ascii_lowercase()),
                    Err(problem) => problems.push(format!("`{entry}` {problem}")),
                },
            }
        }
        if problems.is_empty() {
            Ok(origins)
        } else {
            Err(problems)
        }
    }

    /// Whether a browser page of `origin` may call.
    pub fn allow(&self, origin: &str) -> bool {
        self.any
            || self.exact.iter().any(|allowed| allowed == origin)
            || (self.any_extension && origin.strip_prefix(EXTENSION).is_some_and(is_extension_id))
    }

    /// Whether it holds a wildcard.
    pub fn is_wide(&self) -> bool {
        self.any || self.any_extension
    }
}

fn check(entry: &str) -> Result<(), &'static str> {
    if let Some(id) = entry.strip_prefix(EXTENSION) {
        return if is_extension_id(id) {
            Ok(())
        } else {
            Err("is no extension origin: the id is 32 letters from a to p")
        };
    }
    let url = Url::parse(entry).map_err(|_| "is no origin such as `https://example.com`")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is no origin: it must begin with http://, https:// or chrome-extension://");
    }
    if url.origin().ascii_serialization() == entry.to_ascii_lowercase() {
        Ok(())
    } else {
        Err(
            "is no origin: it must be scheme, host and port, without a path, a trailing slash or a default port",
        )
    }
}

fn is_extension_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";

    #[test]
    fn takes_trimmed_exact_origins() {
        let origins = Origins::parse(&format!(" {ID} , https://example.com:8443,"), true).unwrap();
        assert!(origins.allow(ID));
        assert!(origins.allow("https://example.com:8443"));
        assert!(!origins.allow("https://example.com"));
        assert!(!origins.allow("https://example.com:8443.evil.org"));
    }

    #[test]
    fn refuses_wildcards_in_production_and_what_is_no_origin() {
        let problems = Origins::parse(
            "*, chrome-extension://*, chrome-extension://abc, https://a.org/",
            true,
        )
        .unwrap_err();
        assert_eq!(
            problems,
            [
                "`*` lets anybody in, which production refuses; name the extension's id",
                "`chrome-extension://*` lets anybody in, which production refuses; name the extension's id",
                "`chrome-extension://abc` is no extension origin: the id is 32 letters from a to p",
                "`https://a.org/` is no origin: it must be scheme, host and port, without a path, a trailing slash or a default port",
            ]
        );
    }

    #[test]
    fn a_wildcard_for_extensions_matches_only_extensions() {
        let origins = Origins::parse("chrome-extension://*", false).unwrap();
        assert!(origins.allow(ID) && origins.is_wide());
        assert!(!origins.allow("https://example.com"));
        assert!(!origins.allow("chrome-extension://abc"));
    }
}
