//! npm: the search of its registry.
//!
//! Shapes: <https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md#get-v1search>

use serde::Deserialize;
use serde_json::Value;

use super::NAME;
use crate::markup::{markdown_to_text, snippet};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::SourceError;
use crate::vendor::{Call, VendorClient};

pub(super) struct Npm(pub(super) VendorClient);

#[derive(Deserialize)]
struct Found {
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    description: Option<String>,
    date: Option<String>,
    publisher: Option<Publisher>,
}

#[derive(Deserialize)]
struct Publisher {
    username: Option<String>,
}

impl Npm {
    /// One page is enough: it holds as many as a search may ask for.
    pub(super) async fn search(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let size = request.limit.to_string();
        let found: Found = self
            .0
            .get("/-/v1/search", &[("text", words), ("size", &size)], call)
            .await?;
        let packages = found.objects.into_iter();
        Ok(packages
            .map(|object| hit(object.package, &request.query))
            .collect())
    }

    pub(super) async fn check(&self, call: Call<'_>) -> Result<String, SourceError> {
        let _: Value = self.0.get("/-/ping", &[], call).await?;
        Ok("npm answers".to_owned())
    }
}

fn hit(package: Package, query: &str) -> Hit {
    let author = package.publisher.and_then(|publisher| publisher.username);
    let description = markdown_to_text(package.description.as_deref().unwrap_or_default());
    Hit {
        id: format!("npm:{}", package.name),
        title: format!("{} (npm)", package.name),
        content: snippet(&description, query),
        url: format!("https://www.npmjs.com/package/{}", package.name),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("site", Some("npm")),
            ("type", Some("package")),
            ("version", package.version.as_deref()),
            ("author", author.as_deref()),
            ("updated", package.date.as_deref()),
        ]),
    }
}
