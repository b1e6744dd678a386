//! A role as a process of its own, with everything it ever wrote.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::running::eventually;

pub(crate) struct Process {
    url: String,
    child: Child,
    http: Client,
    log: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

impl Process {
    /// Starts `role` with these variables and no others.
    pub(crate) async fn start(role: &str, variables: &[(&str, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_serve"))
            .arg(role)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .envs([("PORT", "0"), ("LOG_LEVEL", "debug")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let written = log.clone();
        let reading = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let port = async || {
            let log = log.lock().unwrap();
            let line = log.lines().find(|line| line.contains("\"listening\""))?;
            let line: Value = serde_json::from_str(line).unwrap();
            let (_, port) = line["address"].as_str()?.rsplit_once(':')?;
            Some(port.to_owned())
        };
        let port = eventually(port, Option::is_some).await.unwrap();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            http: atlas_backend::vendor::http_client(None).unwrap(),
            log,
            reading,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Ends it; everything it wrote.
    pub(crate) async fn end(mut self) -> String {
        self.child.kill().await.unwrap();
        self.reading.await.unwrap();
        self.log.lock().unwrap().clone()
    }
}
