//! PyPI: it offers no search to programs, so the one package whose name the query is gets looked up.
//!
//! Shapes: <https://docs.pypi.org/api/json/>

use serde::Deserialize;
use serde_json::Value;

use super::NAME;
use crate::markup::{markdown_to_text, snippet};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::SourceError;
use crate::vendor::{Call, VendorClient};

pub(super) struct Pypi(pub(super) VendorClient);

#[derive(Deserialize)]
struct Project {
    info: Info,
    #[serde(default)]
    urls: Vec<Upload>,
}

#[derive(Deserialize)]
struct Info {
    name: String,
    version: Option<String>,
    summary: Option<String>,
    author: Option<String>,
    author_email: Option<String>,
}

#[derive(Deserialize)]
struct Upload {
    upload_time_iso_8601: Option<String>,
}

impl Pypi {
    pub(super) async fn search(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let Some(name) = name_of(words) else {
            return Ok(Vec::new());
        };
        let path = format!("/pypi/{name}/json");
        let project = self.0.find(&path, call).await?;
        Ok(project
            .map(|project| hit(project, &request.query))
            .into_iter()
            .collect())
    }

    /// Of a package that is there to be tried, and small.
    pub(super) async fn check(&self, call: Call<'_>) -> Result<String, SourceError> {
        let _: Value = self.0.get("/pypi/sampleproject/json", &[], call).await?;
        Ok("pypi answers".to_owned())
    }
}

/// The words as the name of a package, if they can be one.
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>
fn name_of(words: &str) -> Option<String> {
    let parts: Vec<&str> = words
        .split(['-', '_', '.', ' '])
        .filter(|part| !part.is_empty())
        .collect();
    let name = parts.join("-").to_lowercase();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_name.then_some(name)
}

fn hit(project: Project, query: &str) -> Hit {
    let info = project.info;
    let author = info
        .author
        .filter(|author| !author.is_empty())
        .or(info.author_email);
    let uploaded = project
        .urls
        .into_iter()
        .find_map(|upload| upload.upload_time_iso_8601);
    Hit {
        id: format!("pypi:{}", info.name),
        title: format!("{} (PyPI)", info.name),
        content: snippet(
            &markdown_to_text(info.summary.as_deref().unwrap_or_default()),
            query,
        ),
        url: format!("https://pypi.org/project/{}/", info.name),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("site", Some("pypi")),
            ("type", Some("package")),
            ("version", info.version.as_deref()),
            ("author", author.as_deref()),
            ("updated", uploaded.as_deref()),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_what_is_none_is_not_asked_for() {
        assert_eq!(
            name_of("Flask_SQLAlchemy").as_deref(),
            Some("flask-sqlalchemy")
        );
        assert_eq!(name_of("zope.interface").as_deref(), Some("zope-interface"));
        assert_eq!(name_of("http client").as_deref(), Some("http-client"));
        assert_eq!(name_of("../x?y"), None);
        assert_eq!(name_of("..."), None);
    }
}
