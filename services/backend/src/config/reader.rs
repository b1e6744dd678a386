//! Reads single variables and collects what is wrong with them. Knows forms (numbers, addresses), not meanings.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use mongodb::options::ConnectionString;
use redis::IntoConnectionInfo as _;
use reqwest::Url;

use crate::environment::Variables;
use crate::secret::Secret;

/// A cursor over [`Variables`] that remembers problems.
pub(super) struct Reader<'a> {
    variables: &'a Variables,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(variables: &'a Variables) -> Self {
        Self {
            variables,
            problems: Vec::new(),
        }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<String>> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(self.problems)
        }
    }

    /// Notes a problem once, however many roads lead to it.
    pub(super) fn report(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(str::to_owned)
    }

    pub(super) fn number<N: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        name: &str,
        default: N,
        range: RangeInclusive<N>,
    ) -> N {
        let Some(text) = self.variables.get(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.report(format!(
                    "`{name}` must be a number between {} and {}",
                    range.start(),
                    range.end()
                ));
                default
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        };
        self.named(name, false, parse, "true or false")
    }

    pub(super) fn named<T>(
        &mut self,
        name: &str,
        default: T,
        parse: impl Fn(&str) -> Option<T>,
        must_be: &str,
    ) -> T {
        let Some(text) = self.variables.get(name) else {
            return default;
        };
        parse(text).unwrap_or_else(|| {
            self.report(format!("`{name}` must be {must_be}"));
            default
        })
    }

    /// A value with a form of its own; `parse` gets an empty string if it is unset.
    pub(super) fn checked<T: Default>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Vec<String>>,
    ) -> T {
        parse(self.variables.get(name).unwrap_or_default()).unwrap_or_else(|problems| {
            self.problems.extend(
                problems
                    .into_iter()
                    .map(|problem| format!("`{name}`: {problem}")),
            );
            T::default()
        })
    }

    /// A value that may also be given as a file.
    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        self.variables
            .get_or_file(name)
            .unwrap_or_else(|problem| {
                self.report(problem);
                None
            })
            .map(Secret::new)
    }

    /// A secret of our own making: not a placeholder, and at least `length` characters long.
    pub(super) fn own_secret(&mut self, name: &str, length: usize) -> Option<Secret> {
        let secret = self.secret(name)?;
        if is_placeholder(secret.expose()) {
            self.report(format!("`{name}` is still a placeholder"));
            return None;
        }
        if secret.expose().chars().count() < length {
            self.report(format!(
                "`{name}` must be at least {length} characters long"
            ));
            return None;
        }
        Some(secret)
    }

    /// A secret that is neither unset nor what the example file says.
    pub(super) fn credential(&mut self, name: &str) -> Option<Secret> {
        let value = self
            .secret(name)
            .filter(|value| !is_placeholder(value.expose()))?;
        if name.ends_with("_URL") && http_url(value.expose()).is_none() {
            self.report(not_an_address(name));
            return None;
        }
        Some(value)
    }

    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        let value = self.secret(name)?;
        let url = http_url(value.expose());
        if url.is_none() {
            self.report(not_an_address(name));
        }
        url
    }

    /// Every `<PREFIX><suffix>`, as (prefix, address).
    pub(super) fn services(&mut self, suffix: &str) -> Vec<(String, String)> {
        let mut services = Vec::new();
        for (prefix, value) in self.variables.ending_with(suffix) {
            match http_url(value) {
                Some(url) => services.push((prefix.to_owned(), url)),
                None => self
                    .problems
                    .push(not_an_address(&format!("{prefix}{suffix}"))),
            }
        }
        services
    }

    /// A MongoDB address and the database it names.
    pub(super) fn mongo_url(&mut self, name: &str) -> Option<(Secret, Option<String>)> {
        let url = self.secret(name)?;
        match ConnectionString::parse(url.expose()) {
            Ok(parsed) => Some((url, parsed.default_database)),
            // The driver's words may repeat the value.
            Err(_) => {
                self.report(format!(
                    "`{name}` is not a MongoDB address (`mongodb://host:27017`)"
                ));
                None
            }
        }
    }

    pub(super) fn redis_url(&mut self, name: &str) -> Option<Secret> {
        let url = self.secret(name)?;
        if url.expose().into_connection_info().is_err() {
            self.report(format!(
                "`{name}` is not a Redis address (`redis://host:6379`)"
            ));
            return None;
        }
        Some(url)
    }
}

fn not_an_address(name: &str) -> String {
    format!("`{name}` must be an address such as `http://host:8002`")
}

/// The address without a trailing slash, if it is one a client can call. Credentials do not belong there.
fn http_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let callable = matches!(url.scheme(), "http" | "https") && url.has_host() && plain;
    callable.then(|| text.trim_end_matches('/').to_owned())
}

/// Values people forget to replace: those of the documented example file and their kin.
fn is_placeholder(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.contains("your-")
        || value.contains("your_")
        || value.ends_with("...")
        || value.starts_with('<')
        || matches!(
            value.as_str(),
            "changeme" | "change-me" | "change_me" | "placeholder" | "todo" | "xxx"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_placeholders_of_the_example_file() {
        for value in [
            "your-api-token",
            "your-email@company.com",
            "https://your-company.atlassian.net",
            "xoxb-...",
            "<token>",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("ATATT3xFfGF0"));
    }
}
