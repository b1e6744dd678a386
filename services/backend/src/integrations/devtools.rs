//! DevTools: Stack Overflow, npm and PyPI, asked side by side and merged. One that is dead costs only its own results.

mod npm;
mod pypi;
mod stackoverflow;

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::join;

use super::{Account, Integration, Vendor};
use crate::metrics::Metrics;
use crate::search::results::merged;
use crate::search::{Hit, SearchRequest};
use crate::source::{Health, SourceError, Status};
use crate::vendor::{Call, Login, VendorClient};

const NAME: &str = "devtools";

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8025,
    variables: &[],
    optional: &[
        "STACKOVERFLOW_KEY",
        "STACKOVERFLOW_API_URL",
        "NPM_API_URL",
        "PYPI_API_URL",
    ],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let client = |name, base, address| {
        let base = account.or(address, base);
        let client = VendorClient::new(
            &INTEGRATION,
            base,
            Login::Nobody,
            http.clone(),
            metrics.clone(),
        );
        client.part(name, &[address])
    };
    let key = account.find("STACKOVERFLOW_KEY");
    let stackoverflow = client(
        "stackoverflow",
        "https://api.stackexchange.com",
        "STACKOVERFLOW_API_URL",
    );
    Arc::new(DevTools {
        stackoverflow: stackoverflow::StackOverflow::new(stackoverflow, key),
        npm: npm::Npm(client("npm", "https://registry.npmjs.org", "NPM_API_URL")),
        pypi: pypi::Pypi(client("pypi", "https://pypi.org", "PYPI_API_URL")),
    })
}

struct DevTools {
    stackoverflow: stackoverflow::StackOverflow,
    npm: npm::Npm,
    pypi: pypi::Pypi,
}

impl Vendor for DevTools {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = request.words(crate::search::QUERY_MAX)?;
            let chosen = request.filter("site");
            let is_meant = |site| chosen.is_empty() || chosen.contains(&site);
            let none = || Ok(Vec::new());
            let (questions, modules, package) = join!(
                async {
                    if is_meant("stackoverflow") {
                        self.stackoverflow.search(&words, request, call).await
                    } else {
                        none()
                    }
                },
                async {
                    if is_meant("npm") {
                        self.npm.search(&words, request, call).await
                    } else {
                        none()
                    }
                },
                async {
                    if is_meant("pypi") {
                        self.pypi.search(&words, request, call).await
                    } else {
                        none()
                    }
                },
            );
            // A package of exactly this name is what was meant.
            merged(vec![package, questions, modules], request.limit, call.id)
        }
        .boxed()
    }

    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let (questions, modules, packages) = join!(
                self.stackoverflow.check(call),
                self.npm.check(call),
                self.pypi.check(call)
            );
            let (mut said, mut bad) = (Vec::new(), Vec::new());
            for outcome in [questions, modules, packages] {
                match outcome {
                    Ok(good) => said.push(good),
                    Err(error) => bad.push(error),
                }
            }
            let status = match (said.is_empty(), bad.first()) {
                (true, Some(error)) => return Err(error.clone()),
                (_, Some(_)) => Status::Degraded,
                (_, None) => Status::Healthy,
            };
            let bad = bad.into_iter().map(|error| error.message);
            let reasons: Vec<String> = bad.chain(said).collect();
            Ok(Health {
                status,
                ..Health::good_because(reasons.join("; "))
            })
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        Some("PyPI offers no search: a package is found by its exact name".to_owned())
    }
}
