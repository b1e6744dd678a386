//! A role under test: real configuration, real listener, real HTTP; a free port and an in-process stop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas_backend::config::Config;
use atlas_backend::environment::Variables;
use atlas_backend::roles::{ServeError, configure, serve_on};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fake::{Fake, Reply};

/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) url: String,
    http: Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(crate) async fn start(role: &'static str, variables: &[(&str, &str)]) -> Self {
        let variables: Variables = variables.iter().copied().collect();
        let config = configure(role, &variables).unwrap_or_else(|error| panic!("{error}"));
        Self::start_configured(role, config).await
    }

    pub(crate) async fn start_configured(role: &'static str, config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve_on(role, config, listener, async {
            let _ = stopped.await;
        }));
        let http = atlas_backend::vendor::http_client(None).unwrap();
        Self {
            url,
            http,
            stop: Some(stop),
            task,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn search(&self, query: &str) -> (u16, Value) {
        self.post("/search", serde_json::json!({"query": query}))
            .await
    }

    /// Stops the role; says how long that took.
    pub(crate) async fn stop(mut self) -> Duration {
        let started = Instant::now();
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap().unwrap();
        started.elapsed()
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

/// The code of an error answer.
pub(crate) fn code(body: &Value) -> &str {
    body["error"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no error code in {body}"))
}

/// What a search says (code and words) of a vendor that gives this one answer; `variables` without the vendor's address.
pub(crate) async fn refused(
    role: &'static str,
    variables: &[(&str, &str)],
    address: &str,
    reply: Reply,
) -> (String, String) {
    let vendor = Fake::always(reply).await;
    let mut variables = variables.to_vec();
    variables.push((address, &vendor.url));
    let (_, body) = Running::start(role, &variables).await.search("x").await;
    let message = body["error"]["message"].as_str().unwrap_or_default();
    (code(&body).to_owned(), message.to_owned())
}

/// The values of one field of all results.
pub(crate) fn all<'a>(body: &'a Value, field: &str) -> Vec<&'a str> {
    let hits = body
        .as_array()
        .unwrap_or_else(|| panic!("no results: {body}"));
    hits.iter()
        .map(|hit| hit[field].as_str().unwrap())
        .collect()
}

/// The results without their scores, which fall from 1.
pub(crate) fn unscored(mut body: Value) -> Value {
    let hits = body.as_array_mut().unwrap().iter_mut();
    let scores: Vec<f64> = hits
        .map(|hit| hit.as_object_mut().unwrap().remove("score").unwrap())
        .map(|score| score.as_f64().unwrap())
        .collect();
    let falling = scores.is_sorted_by(|one, other| one > other);
    assert!(
        falling && scores.first() == Some(&1.0) && scores.iter().all(|score| *score > 0.0),
        "{scores:?}"
    );
    body
}

/// Asks again until the answer satisfies `wanted`.
pub(crate) async fn eventually<T: std::fmt::Debug>(
    mut ask: impl AsyncFnMut() -> T,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let started = Instant::now();
    loop {
        let answer = ask().await;
        if wanted(&answer) {
            return answer;
        }
        assert!(
            started.elapsed() < DEADLINE,
            "not in time; last answer: {answer:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Eight clients that ask for one path again and again, and count the answers by status; no answer within the deadline is 0.
pub(crate) struct Load {
    found: Arc<Mutex<BTreeMap<u16, u64>>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn on(running: &Running, path: &str) -> Self {
        let found: Arc<Mutex<BTreeMap<u16, u64>>> = Arc::default();
        let clients = (0..8).map(|_| {
            let (found, request) = (found.clone(), running.request(Method::GET, path));
            tokio::spawn(async move {
                loop {
                    let request = request.try_clone().unwrap().timeout(DEADLINE);
                    let status = request
                        .send()
                        .await
                        .map_or(0, |answer| answer.status().as_u16());
                    *found.lock().unwrap().entry(status).or_default() += 1;
                }
            })
        });
        let clients = clients.collect();
        Self { found, clients }
    }

    fn total(&self) -> u64 {
        self.found.lock().unwrap().values().sum()
    }

    /// Waits until a hundred more were answered.
    pub(crate) async fn grows(&self) {
        let before = self.total();
        eventually(async || self.total(), |total| *total >= before + 100).await;
    }

    pub(crate) async fn end(self) -> BTreeMap<u16, u64> {
        self.clients.iter().for_each(JoinHandle::abort);
        self.found.lock().unwrap().clone()
    }
}
