//! Slack: `search.messages` with a user's token. A bot's token must not search: with one alone, the latest messages of the
//! channels that the bot is a member of are read and filtered here, within a budget, and health says so.
//!
//! Shapes: <https://docs.slack.dev/reference/methods/search.messages>,
//! <https://docs.slack.dev/reference/methods/conversations.list>, <https://docs.slack.dev/reference/methods/conversations.history>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::Value;

use super::{Account, Integration, Vendor};
use crate::markup::{mrkdwn_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::{ranked, survivors};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

const NAME: &str = "slack";
/// What one search with a bot's token may read: channels, and messages of each.
const CHANNELS: usize = 10;
const MESSAGES: &str = "100";

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8010,
    variables: &["SLACK_BOT_TOKEN"],
    optional: &["SLACK_USER_TOKEN", "SLACK_API_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let user = account.find("SLACK_USER_TOKEN");
    let searches = user.is_some();
    let variable = if searches {
        "SLACK_USER_TOKEN"
    } else {
        "SLACK_BOT_TOKEN"
    };
    let login = Login::Bearer(user.unwrap_or_else(|| account.get("SLACK_BOT_TOKEN")));
    let base = account.or("SLACK_API_URL", "https://slack.com/api");
    let client = VendorClient::new(&INTEGRATION, base, login, http, metrics)
        .part(NAME, &[variable, "SLACK_API_URL"])
        .with_meaning(meaning);
    Arc::new(Slack { client, searches })
}

struct Slack {
    client: VendorClient,
    /// Whether the token is a user's.
    searches: bool,
}

#[derive(Deserialize)]
struct Found {
    messages: Matches,
}

#[derive(Deserialize)]
struct Matches {
    matches: Vec<Message>,
}

#[derive(Deserialize)]
struct Channels {
    channels: Vec<Channel>,
}

#[derive(Deserialize, Clone, Default)]
struct Channel {
    id: String,
    name: Option<String>,
    #[serde(default)]
    is_member: bool,
}

#[derive(Deserialize)]
struct History {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: Option<String>,
    ts: String,
    #[serde(default)]
    text: String,
    user: Option<String>,
    username: Option<String>,
    // The rest stands in answers to searches only.
    #[serde(default)]
    channel: Channel,
    permalink: Option<String>,
}

#[derive(Deserialize)]
struct Workspace {
    url: String,
    team: String,
    user: Option<String>,
}

impl Vendor for Slack {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = request.words(crate::search::QUERY_MAX)?;
            if !self.searches {
                return self.latest(&words, request, call).await;
            }
            // One page is enough: it holds as many as a search may ask for.
            let (query, count) = (
                format!("{words}{}", modifiers(request)),
                request.limit.to_string(),
            );
            let parameters = [("query", query.as_str()), ("count", &count)];
            let found: Found = self
                .client
                .get("/search.messages", &parameters, call)
                .await?;
            let hits = found.messages.matches.into_iter().map(|message| {
                let channel = message.channel.clone();
                hit(message, &channel, None, &request.query)
            });
            Ok(ranked(hits.collect(), request.limit))
        }
        .boxed()
    }

    /// <https://docs.slack.dev/reference/methods/auth.test>; it takes any token, so what a search needs is tried too.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let workspace = self.workspace(call).await?;
            let _: Value = match self.searches {
                true => {
                    self.client
                        .get("/search.messages", &[("query", "a"), ("count", "1")], call)
                        .await?
                }
                false => {
                    self.client
                        .get("/conversations.list", &[("limit", "1")], call)
                        .await?
                }
            };
            let user = workspace.user.as_deref().unwrap_or("an account");
            Ok(Health::good_because(format!(
                "signed in as {user} of {}",
                workspace.team
            )))
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        let limited = format!(
            "search is limited: with a bot token alone it reads the latest {MESSAGES} messages of at most {CHANNELS} public \
             channels that the bot is a member of; set `SLACK_USER_TOKEN` (scope `search:read`) to search everything"
        );
        (!self.searches).then_some(limited)
    }
}

impl Slack {
    async fn workspace(&self, call: Call<'_>) -> Result<Workspace, SourceError> {
        self.client.get("/auth.test", &[], call).await
    }

    /// What a bot can do: read, and compare here. All words must occur; newer is better.
    async fn latest(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let parameters = [
            ("exclude_archived", "true"),
            ("types", "public_channel"),
            ("limit", "200"),
        ];
        let listed: Channels = self
            .client
            .get("/conversations.list", &parameters, call)
            .await?;
        let wanted = request.filter("channel");
        let is_wanted = |channel: &Channel| {
            let name = channel.name.as_deref().unwrap_or_default();
            channel.is_member && (wanted.is_empty() || wanted.contains(&name))
        };
        let channels: Vec<Channel> = listed
            .channels
            .into_iter()
            .filter(is_wanted)
            .take(CHANNELS)
            .collect();
        if channels.is_empty() {
            return Ok(Vec::new());
        }
        let url = self.workspace(call).await?.url;
        let words: Vec<String> = words.split(' ').map(str::to_lowercase).collect();
        let parts = channels.iter().map(|channel| async {
            let parameters = [("channel", channel.id.as_str()), ("limit", MESSAGES)];
            let history: History = self
                .client
                .get("/conversations.history", &parameters, call)
                .await?;
            let messages = history.messages.into_iter().filter(|message| {
                let text = message.text.to_lowercase();
                words.iter().all(|word| text.contains(word.as_str()))
            });
            let hits = messages.map(|message| {
                (
                    message.ts.clone(),
                    hit(message, channel, Some(&url), &request.query),
                )
            });
            Ok::<_, SourceError>(hits.collect())
        });
        let (lists, failed) = survivors(join_all(parts).await, call.id);
        let mut found: Vec<(String, Hit)> = lists.into_iter().flatten().collect();
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        match failed {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(ranked(
                found.into_iter().map(|(_, hit)| hit).collect(),
                request.limit,
            )),
        }
    }
}

/// `in:` and `from:`, for names as Slack allows them.
fn modifiers(request: &SearchRequest) -> String {
    let mut text = String::new();
    for (filter, modifier) in [("channel", "in:"), ("author", "from:")] {
        let names = request.filter(filter).into_iter();
        let is_name = |name: &&str| {
            name.chars()
                .all(|c| c.is_alphanumeric() || "-_.".contains(c))
        };
        names
            .filter(is_name)
            .for_each(|name| text.push_str(&format!(" {modifier}{name}")));
    }
    text
}

fn hit(message: Message, channel: &Channel, workspace: Option<&str>, query: &str) -> Hit {
    let author = message
        .username
        .filter(|name| !name.is_empty())
        .or(message.user);
    let name = channel.name.as_deref().unwrap_or(&channel.id);
    let place = match message.kind.as_deref() {
        Some("im" | "mpim") => "a direct message".to_owned(),
        _ => format!("#{name}"),
    };
    let link = || {
        let digits = message.ts.replace('.', "");
        workspace.map(|url| {
            format!(
                "{}/archives/{}/p{digits}",
                url.trim_end_matches('/'),
                channel.id
            )
        })
    };
    let seconds = message
        .ts
        .split('.')
        .next()
        .and_then(|seconds| seconds.parse().ok());
    let at = seconds
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|at| at.to_string());
    Hit {
        id: format!("{}/{}", channel.id, message.ts),
        title: format!("{} in {place}", author.as_deref().unwrap_or("somebody")),
        content: snippet(&mrkdwn_to_text(&message.text), query),
        url: message.permalink.or_else(link).unwrap_or_default(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some("message")),
            ("channel", Some(name)),
            ("author", author.as_deref()),
            ("updated", at.as_deref()),
        ]),
    }
}

#[derive(Deserialize, Default)]
struct Verdict {
    ok: Option<bool>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    needed: String,
}

/// Refusals come with status 200. <https://docs.slack.dev/apis/web-api/#evaluating-responses>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let verdict: Verdict = serde_json::from_slice(answer.body).unwrap_or_default();
    if verdict.ok != Some(false) || answer.status.as_u16() == 429 {
        return None;
    }
    let error = verdict.error.as_str();
    let (fault, what) = match error {
        "token_expired" => (
            Fault::Unauthorized,
            "says that the token expired (`token_expired`)".to_owned(),
        ),
        "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive" => (
            Fault::Unauthorized,
            format!("says that the token is wrong or was revoked (`{error}`)"),
        ),
        "missing_scope" => {
            let needed = verdict.needed.replace(',', "` or `");
            (
                Fault::Forbidden,
                format!(
                    "says that the token lacks the scope `{needed}`: add it to the app and install it again"
                ),
            )
        }
        "not_allowed_token_type" => (
            Fault::Forbidden,
            "does not allow this kind of token to search".to_owned(),
        ),
        "ratelimited" | "rate_limited" => (Fault::RateLimited, "asked us to slow down".to_owned()),
        "fatal_error"
        | "internal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org" => (Fault::Unavailable, format!("failed (`{error}`)")),
        _ => (Fault::Rejected, format!("refused the query (`{error}`)")),
    };
    Some(Refusal::new(fault, what))
}
