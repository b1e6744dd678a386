//! `atlas logs`: lines of several containers, interleaved in time order, coloured by service.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use futures_util::stream;
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::lifecycle::check_names;
use crate::app::App;
use crate::cli;
use crate::engines::docker::{DockerEngine, LogLine, LogRequest};
use crate::engines::{Engine, EngineError};
use crate::error::Error;
use crate::exit::Exit;
use crate::plan::Container;

/// Lines that come within this of each other are sorted together.
const BREATH: Duration = Duration::from_millis(50);
/// As many lines are held back at most.
const LONGEST_BREATH: usize = 2000;

pub(crate) async fn logs(app: &App, args: &cli::Logs) -> Result<Exit, Error> {
    let request = LogRequest {
        follow: args.follow,
        since: args.since.as_deref().map(since).transpose()?.unwrap_or(0),
        tail: args.tail.as_deref().map(tail).transpose()?.flatten(),
    };
    let project = app.project_name(&app.inputs())?;
    let engine = app.engine(None).await?;
    let observed = engine.observe(&project, None).await?;
    let services: BTreeSet<String> = args.services.iter().cloned().collect();
    check_names(&services, &observed, &project)?;
    let containers: Vec<&Container> = observed
        .containers
        .iter()
        .filter(|c| services.is_empty() || services.contains(&c.service))
        .collect();
    if containers.is_empty() {
        app.say("no logs: there are no containers; `atlas up` makes them");
        return Ok(Exit::Ok);
    }
    let printer = Printer::new(app, &containers, args.timestamps);
    let shown = show(&engine, &containers, &request, &printer);
    tokio::select! {
        shown = shown => shown.map(|()| Exit::Ok),
        () = app.interrupted() => Ok(Exit::Interrupted),
    }
}

/// What is there is merged in time order; what comes later is shown as it comes.
async fn show(
    engine: &DockerEngine,
    containers: &[&Container],
    request: &LogRequest,
    printer: &Printer<'_>,
) -> Result<(), Error> {
    let names: Vec<String> = containers
        .iter()
        .map(|c| format!("{}-{}", c.service, c.number))
        .collect();
    let opened = containers.iter().zip(&names).map(|(container, name)| {
        let lines = engine.log_lines(&container.id, name, &container.service, request);
        lines.boxed_local()
    });
    if request.follow {
        return follow(stream::select_all(opened), printer).await;
    }
    let mut heads: BTreeMap<(String, usize), LogLine> = BTreeMap::new();
    let mut streams: Vec<_> = opened.collect();
    for (index, stream) in streams.iter_mut().enumerate() {
        if let Some(line) = stream.next().await.transpose()? {
            heads.insert((line.time.clone(), index), line);
        }
    }
    while let Some(((_, index), line)) = heads.pop_first() {
        printer.print(&line);
        if let Some(next) = streams[index].next().await.transpose()? {
            // A container's own lines stay in their order, whatever their clocks say.
            let time = next.time.clone().max(line.time);
            heads.insert((time, index), next);
        }
    }
    Ok(())
}

/// Lines as they come, put in order within each breath: what several containers said at once reads in time order.
async fn follow(
    mut lines: impl Stream<Item = Result<LogLine, EngineError>> + Unpin,
    printer: &Printer<'_>,
) -> Result<(), Error> {
    let mut breath: Vec<LogLine> = Vec::new();
    loop {
        let next = match breath.is_empty() {
            true => Ok(lines.next().await),
            false => tokio::time::timeout(BREATH, lines.next()).await,
        };
        match next {
            Ok(Some(line)) if breath.len() < LONGEST_BREATH => breath.push(line?),
            other => {
                breath.sort();
                breath.drain(..).for_each(|line| printer.print(&line));
                match other {
                    Ok(Some(line)) => breath.push(line?),
                    Ok(None) => return Ok(()),
                    Err(_) => {}
                }
            }
        }
    }
}

struct Printer<'a> {
    app: &'a App,
    services: Vec<&'a str>,
    width: usize,
    timestamps: bool,
}

impl<'a> Printer<'a> {
    fn new(app: &'a App, containers: &[&'a Container], timestamps: bool) -> Self {
        let services: BTreeSet<&str> = containers.iter().map(|c| c.service.as_str()).collect();
        let names = containers
            .iter()
            .map(|c| format!("{}-{}", c.service, c.number).len());
        Self {
            app,
            width: names.max().unwrap_or(0),
            services: services.into_iter().collect(),
            timestamps,
        }
    }

    fn print(&self, line: &LogLine) {
        if self.app.global.json {
            let object = serde_json::json!({
                "schema": "atlas/v1", "kind": "log", "time": line.time, "service": line.service,
                "container": line.container, "stream": line.stream, "text": line.text,
            });
            return self.app.out(&object.to_string());
        }
        let index = self
            .services
            .iter()
            .position(|s| *s == line.service)
            .unwrap_or(0);
        let name = format!("{:<width$} |", line.container, width = self.width);
        let name = self.app.style.nth(index, &name);
        match self.timestamps {
            true => self.app.out(&format!("{name} {} {}", line.time, line.text)),
            false => self.app.out(&format!("{name} {}", line.text)),
        }
    }
}

/// `30s`, `10m`, `2h`, `1d` ago, or an RFC 3339 time, as seconds since 1970.
fn since(text: &str) -> Result<i64, Error> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_second());
    }
    let unknown = || {
        Error::new(
            crate::exit::Exit::Usage,
            format!("`--since {text}` is not understood"),
        )
        .hint("30s, 10m, 2h, 1d, or a time such as 2026-01-31T08:00:00Z")
    };
    let (digits, unit) = text.split_at(text.len().saturating_sub(1));
    let number: i64 = digits.parse().map_err(|_| unknown())?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(unknown()),
    };
    let ago = number
        .checked_mul(unit)
        .filter(|n| *n >= 0)
        .ok_or_else(unknown)?;
    let time = Timestamp::now().checked_sub(SignedDuration::from_secs(ago));
    Ok(time.map_err(|_| unknown())?.as_second())
}

fn tail(text: &str) -> Result<Option<usize>, Error> {
    if text == "all" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::new(
            crate::exit::Exit::Usage,
            format!("`--tail {text}` is neither a number nor `all`"),
        )
    })
}
