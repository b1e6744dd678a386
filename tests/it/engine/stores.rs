//! The stores of a real project through `atlas::backup`: what is taken, what comes back, what is left of a run that ends badly.

mod containers;
mod embedded;
mod mongodb;
mod redis;

use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use atlas::backup::source::{self, Held, Sources};
use atlas::engines::Engine;
use atlas::engines::docker::{DockerEngine, Endpoint};
use atlas::input::{self, Environment, Files};
use atlas::model::{Deployment, ImageRef};
use atlas::resolve::{self, Request};
use atlas_backup::codec::{self, Compression, Encryption, Identity, Input, Output};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Progress, Silent};

use super::Stack;
use crate::atlas::Project;

/// Runs to its end on a runtime of its own.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}

/// The engine at hand.
async fn engine(folder: &Path) -> DockerEngine {
    let environment: Environment = std::env::vars().collect();
    let endpoint = Endpoint::find(None, &environment).expect("an endpoint");
    let connected = DockerEngine::connect(endpoint, folder.to_owned(), None).await;
    connected.expect("the engine answers")
}

/// What the files of a project describe.
fn deployment(project: &Project) -> Deployment {
    let inputs = input::read(project.path(), &Files::default(), &Environment::new());
    let roles = atlas_backend::roles().iter().copied();
    let builtin = ImageRef::new("atlas-builtin:unknown");
    let mut request = Request::new(&project.name, builtin, roles);
    request.project = Some(project.name.clone());
    let resolution = resolve::resolve(&inputs, &request).expect("a valid project");
    resolution.deployment
}

/// The stores of a project as it runs.
async fn sources(stack: &Stack, engine: &DockerEngine) -> Sources {
    let observed = engine
        .observe(&stack.name, None)
        .await
        .expect("it is there");
    source::find(&deployment(stack), &observed)
}

/// A container of a test that is no project's.
fn held(id: &str, running: bool) -> Held {
    Held {
        container: id.to_owned(),
        name: id.to_owned(),
        service: "store".into(),
        image: String::new(),
        running,
        command: Vec::new(),
        ready: None,
    }
}

/// Nobody interrupts.
fn never() -> Cancel {
    tokio::sync::watch::channel(false).1
}

fn silent() -> Arc<dyn Progress> {
    Arc::new(Silent)
}

/// A file of a backup, compressed.
fn output(path: &Path) -> Output {
    let file = File::create(path).expect("a file");
    let gzip = Compression::Gzip { level: 1 };
    Output::new(Box::new(file), gzip, &Encryption::None, 1).expect("an output")
}

fn input_of(path: &Path) -> Result<Input, atlas_backup::Error> {
    let file = File::open(path).expect("it was written");
    codec::open(Box::new(file), &Identity::None, 1)
}
