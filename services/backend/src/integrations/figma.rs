//! Figma: its API searches nothing, so the files of a team are listed, project by project, and compared here by name. The list
//! is kept for a while: it costs one request for each project.
//!
//! Shapes: <https://developers.figma.com/docs/rest-api/projects-endpoints/>

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Account, Integration, Vendor};
use crate::metrics::Metrics;
use crate::search::results::{ranked, survivors};
use crate::search::{Hit, QUERY_MAX, SearchRequest, metadata};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

const NAME: &str = "figma";
/// Projects that are looked into, and how many at once.
const PROJECTS: usize = 100;
const AT_ONCE: usize = 5;
/// How long a list is good for.
const FRESH: Duration = Duration::from_secs(300);

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8018,
    variables: &["FIGMA_TOKEN", "FIGMA_TEAM_ID"],
    optional: &["FIGMA_API_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let base = account.or("FIGMA_API_URL", "https://api.figma.com");
    let login = Login::Header("x-figma-token", account.get("FIGMA_TOKEN"));
    let client = VendorClient::new(&INTEGRATION, base, login, http, metrics)
        .part(NAME, &["FIGMA_TOKEN", "FIGMA_API_URL"])
        .with_meaning(meaning);
    Arc::new(Figma {
        client,
        team: account.get("FIGMA_TEAM_ID").expose().to_owned(),
        listed: Mutex::default(),
    })
}

struct Figma {
    client: VendorClient,
    team: String,
    listed: Mutex<Option<(Instant, Arc<[File]>)>>,
}

#[derive(Deserialize)]
struct Projects {
    #[serde(default)]
    name: String,
    projects: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    // A number in some answers, a text in others.
    id: Value,
    name: String,
}

#[derive(Deserialize)]
struct Files {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    key: String,
    name: String,
    last_modified: String,
    // Whose file it is stands above the list, not in it.
    #[serde(skip)]
    project: String,
}

impl Vendor for Figma {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = request.words(QUERY_MAX)?.to_lowercase();
            let files = self.files(call).await?;
            Ok(ranked(found(&files, &words), request.limit))
        }
        .boxed()
    }

    /// The first step of a search: it proves the token and the team.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let Projects { name, projects } = self.projects(call).await?;
            let count = projects.len();
            Ok(Health::good_because(format!(
                "reads {count} projects of the team `{name}`"
            )))
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        Some("files are found by their names: Figma offers no search".to_owned())
    }
}

impl Figma {
    async fn projects(&self, call: Call<'_>) -> Result<Projects, SourceError> {
        self.client
            .get(&format!("/v1/teams/{}/projects", self.team), &[], call)
            .await
    }

    /// The list that is kept, or a fresh one; who comes meanwhile waits for the same.
    async fn files(&self, call: Call<'_>) -> Result<Arc<[File]>, SourceError> {
        let Ok(mut listed) =
            tokio::time::timeout_at(call.deadline.into(), self.listed.lock()).await
        else {
            return Err(SourceError::new(
                Fault::Timeout,
                "figma did not answer in time",
            ));
        };
        if let Some((at, files)) = listed.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(files.clone());
        }
        let projects = self.projects(call).await?.projects;
        let projects = projects.into_iter().take(PROJECTS);
        let asked: Vec<_> = projects.map(|project| self.of(project, call)).collect();
        let parts = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let (lists, failed) = survivors(parts, call.id);
        let files: Arc<[File]> = lists.into_iter().flatten().collect();
        match failed {
            None => *listed = Some((Instant::now(), files.clone())),
            Some(error) if files.is_empty() => return Err(error),
            // What lacks a project is good enough for now, and not to be kept.
            Some(_) => {}
        }
        Ok(files)
    }

    async fn of(&self, project: Project, call: Call<'_>) -> Result<Vec<File>, SourceError> {
        let id: String = project
            .id
            .to_string()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let found: Files = self
            .client
            .get(&format!("/v1/projects/{id}/files"), &[], call)
            .await?;
        let named = |file| File {
            project: project.name.clone(),
            ..file
        };
        Ok(found.files.into_iter().map(named).collect())
    }
}

/// All words must occur in the names of the file and its project. Files that hold them all come first, then the newest.
fn found(files: &[File], words: &str) -> Vec<Hit> {
    let holds = |text: &str| {
        let text = text.to_lowercase();
        words.split(' ').all(|word| text.contains(word))
    };
    let mut found: Vec<(bool, &File)> = files
        .iter()
        .filter(|file| holds(&format!("{} {}", file.name, file.project)))
        .map(|file| (holds(&file.name), file))
        .collect();
    found.sort_by(|(own, one), (others, other)| {
        others
            .cmp(own)
            .then(other.last_modified.cmp(&one.last_modified))
    });
    found.into_iter().map(|(_, file)| hit(file)).collect()
}

fn hit(file: &File) -> Hit {
    Hit {
        id: file.key.clone(),
        title: file.name.clone(),
        content: format!("a file of the project {}", file.project),
        // It leads on to the editor of the file's kind.
        url: format!("https://www.figma.com/file/{}", file.key),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some("file")),
            ("project", Some(&file.project)),
            ("updated", Some(&file.last_modified)),
        ]),
    }
}

/// A token that is wrong is answered with 403. <https://developers.figma.com/docs/rest-api/errors/>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let said = answer.json();
    let words = said
        .get("err")
        .or(said.get("message"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let lower = words.to_lowercase();
    let (fault, what) = match answer.status.as_u16() {
        403 if lower.contains("expired") => (
            Fault::Unauthorized,
            "says that the token expired".to_owned(),
        ),
        403 if lower.contains("token") && !lower.contains("scope") => (
            Fault::Unauthorized,
            "says that the token is wrong or was revoked".to_owned(),
        ),
        403 if lower.contains("scope") => (
            Fault::Forbidden,
            format!("says that the token lacks a scope: {words}"),
        ),
        403 => (
            Fault::Forbidden,
            "forbids this; the token's owner must be a member of the team".to_owned(),
        ),
        404 => (
            Fault::NotFound,
            "has no such team; check `FIGMA_TEAM_ID`".to_owned(),
        ),
        _ => return None,
    };
    Some(Refusal::new(fault, what))
}
