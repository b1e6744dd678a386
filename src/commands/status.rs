//! `atlas status`: what runs and how it is, from one listing, one round of probes and one sample of usage each.

mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli;
use crate::engines::Engine;
use crate::engines::docker::{DockerEngine, Usage};
use crate::error::Error;
use crate::execute::{Health, health};
use crate::exit::Exit;
use crate::model::{DataMode, Deployment};
use crate::plan::{Container, Observed, State};

/// Between two pictures of `--watch`.
const PAUSE: Duration = Duration::from_secs(1);

/// One container and how it is.
struct Row<'a> {
    container: &'a Container,
    health: Health,
    usage: Option<Usage>,
    /// Percent of one core: since the last picture, or over its lifetime in the first.
    cpu: Option<f64>,
}

pub(crate) async fn status(app: &App, args: &cli::Status) -> Result<Exit, Error> {
    let inputs = app.inputs();
    let project = app.project_name(&inputs)?;
    let engine = app.engine(None).await?;
    let mut earlier: BTreeMap<String, Usage> = BTreeMap::new();
    loop {
        let observed = engine.observe(&project, None).await?;
        let deployment = app.known(&inputs, &observed);
        let rows = look(&engine, deployment.as_ref(), &observed, &mut earlier).await;
        let missing = deployment
            .as_ref()
            .map(|d| absent(d, &observed))
            .unwrap_or_default();
        show(app, args, &project, deployment.as_ref(), &rows, &missing);
        if !args.watch {
            let well = rows.iter().all(|row| row.health.is_good()) && missing.is_empty();
            return Ok(match well && !rows.is_empty() {
                true => Exit::Ok,
                false => Exit::Unhealthy,
            });
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = app.interrupted() => return Ok(Exit::Interrupted),
        }
    }
}

fn absent(deployment: &Deployment, observed: &Observed) -> Vec<String> {
    let names = deployment.services.keys().map(ToString::to_string);
    names
        .filter(|name| !observed.containers.iter().any(|c| c.service == *name))
        .collect()
}

async fn look<'a>(
    engine: &DockerEngine,
    deployment: Option<&Deployment>,
    observed: &'a Observed,
    earlier: &mut BTreeMap<String, Usage>,
) -> Vec<Row<'a>> {
    let looks = observed.containers.iter().map(async |container| {
        let service = deployment.and_then(|d| {
            d.services
                .values()
                .find(|s| s.name.as_str() == container.service)
        });
        let (health, usage) = tokio::join!(health(engine, service, container), async {
            match container.state {
                State::Running => engine.usage(&container.id).await,
                _ => None,
            }
        });
        (container, health, usage)
    });
    let mut rows: Vec<Row> = join_all(looks)
        .await
        .into_iter()
        .map(|(container, health, usage)| {
            let before = usage.and_then(|usage| earlier.insert(container.id.clone(), usage));
            let cpu = usage.map(|usage| match before {
                Some(before) => usage.cpu_percent(&before),
                None => usage.average_percent(age(container)),
            });
            Row {
                container,
                health,
                usage,
                cpu,
            }
        })
        .collect();
    rows.sort_by_key(|row| (row.container.service.clone(), row.container.number));
    rows
}

/// Since when it exists; a clock that was set back counts as now.
fn age(container: &Container) -> Duration {
    let now = jiff::Timestamp::now().as_second();
    Duration::from_secs(u64::try_from(now - container.created).unwrap_or_default())
}

fn show(
    app: &App,
    args: &cli::Status,
    project: &str,
    deployment: Option<&Deployment>,
    rows: &[Row<'_>],
    missing: &[String],
) {
    let data = deployment.map(|d| match d.data {
        DataMode::Containers => "containers",
        DataMode::External => "external",
        DataMode::Embedded => "embedded",
    });
    if app.global.json {
        let services: Vec<Value> = rows.iter().map(object).collect();
        let object = json!({
            "schema": "atlas/v1", "kind": "status", "project": project, "data": data,
            "services": services, "missing": missing,
        });
        return app.out(&object.to_string());
    }
    let mut text = String::new();
    if args.watch && app.style.colour {
        // Home, and clear what is below: the picture stays in one place.
        text += "\x1b[H\x1b[J";
    }
    text += &table::render(app.style, app.width(), project, data, rows, missing);
    app.out(&text);
}

fn object(row: &Row<'_>) -> Value {
    let container = row.container;
    let ports: Vec<Value> = container
        .ports
        .iter()
        .map(|(address, host, port)| json!({"address": address, "host_port": host, "port": port}))
        .collect();
    json!({
        "service": container.service,
        "container": container.name,
        "number": container.number,
        "state": container.state.as_str(),
        "status": container.status,
        "health": row.health.word(),
        "answer": row.health.answer(),
        "cpu_percent": row.cpu,
        "memory_bytes": row.usage.map(|u| u.memory),
        "memory_limit_bytes": row.usage.map(|u| u.limit),
        "ports": ports,
        "image": container.image_name,
    })
}
