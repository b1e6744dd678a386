//! One plan action as one engine call (and what has to be looked up for it). What is done already counts as done, so that
//! an interrupted run can be completed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::errors::Error as Cause;
use bollard::models::{NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
    RenameContainerOptionsBuilder,
};

use super::body::{Circumstances, body, endpoint};
use super::{DockerEngine, EngineError, failure};
use crate::event::{Event, Report};
use crate::model::{Deployment, ServiceName};
use crate::plan::Action;
use crate::targets::compose;

/// No sensible grace before SIGKILL is longer.
const LONGEST_STOP: Duration = Duration::from_secs(3600);
/// A container whose name is taken is shown by then, however busy the engine is.
const LONGEST_MAKING: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);
const NOT_MODIFIED: u16 = 304;
const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;

impl DockerEngine {
    pub(super) async fn run(
        &self,
        action: &Action,
        deployment: Option<&Deployment>,
        report: &dyn Report,
    ) -> Result<(), EngineError> {
        match action {
            Action::Start { container, .. } => self.start(container).await,
            Action::Stop {
                container, name, ..
            } => self.stop(container, name).await,
            Action::Remove {
                container, name, ..
            } => self.remove(container, name).await,
            Action::Rename {
                container, name, ..
            } => self.rename(container, name).await,
            Action::RemoveNetwork { name } => self.remove_network(name, report).await,
            Action::RemoveVolume { name } => self.remove_volume(name, report).await,
            Action::Await { .. } => Ok(()),
            _ => {
                let deployment = deployment.ok_or_else(|| no_deployment(action))?;
                self.make(action, deployment, report).await
            }
        }
    }

    /// Actions that need to know what is wanted.
    async fn make(
        &self,
        action: &Action,
        deployment: &Deployment,
        report: &dyn Report,
    ) -> Result<(), EngineError> {
        match action {
            Action::ProvideImage { service, .. } => {
                self.provide_image(deployment, service, report).await
            }
            Action::CreateNetwork { network } => self.create_network(deployment, network).await,
            Action::CreateVolume { volume } => self.create_volume(deployment, volume).await,
            Action::CreateContainer {
                service,
                number,
                name,
                replaces,
            } => {
                self.create(deployment, service, *number, name, replaces.as_deref())
                    .await
            }
            Action::Connect {
                service,
                container,
                network,
            } => {
                self.connect_network(deployment, service, container, network)
                    .await
            }
            _ => Ok(()),
        }
    }

    async fn create_network(&self, deployment: &Deployment, key: &str) -> Result<(), EngineError> {
        let name = compose::resource_name(&deployment.project, key);
        let network = &deployment.networks[key];
        let labels = compose::network_labels(&deployment.project, key, network);
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".into()),
            internal: Some(network.internal),
            labels: Some(labels.into_iter().collect()),
            ..Default::default()
        };
        let created = self.docker.create_network(request).await;
        accept(created.map(drop), &[CONFLICT], "create network", &name)
    }

    async fn create_volume(&self, deployment: &Deployment, key: &str) -> Result<(), EngineError> {
        let name = compose::resource_name(&deployment.project, key);
        let volume = &deployment.volumes[key];
        let labels = compose::volume_labels(&deployment.project, key, volume);
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            driver: Some("local".into()),
            labels: Some(labels.into_iter().collect()),
            ..Default::default()
        };
        let created = self.docker.create_volume(request).await;
        accept(created.map(drop), &[], "create volume", &name)
    }

    async fn create(
        &self,
        deployment: &Deployment,
        service: &ServiceName,
        number: u32,
        name: &str,
        replaces: Option<&str>,
    ) -> Result<(), EngineError> {
        let service = &deployment.services[service];
        let image_id = self.image_id(service.image.reference().as_str()).await?;
        let request = body(
            deployment,
            service,
            &Circumstances {
                directory: &self.directory,
                image_id: &image_id,
                number,
                replaces,
                all_networks: self.api >= (1, 44),
            },
        );
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let labels = request.labels.clone().unwrap_or_default();
        let deadline = Instant::now() + LONGEST_MAKING;
        loop {
            let asked = self
                .docker
                .create_container(Some(options.clone()), request.clone());
            let created = asked.await.map(drop);
            if !is_conflict(&created) {
                return accept(created, &[], "create", name);
            }
            // A run that was killed may have asked for it after this run had looked.
            match self.labels_of(name).await {
                Some(found) if is_within(&labels, &found) => return Ok(()),
                // The engine reserves the name first, and shows the container once it is made.
                None if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
                _ => return accept(created, &[], "create", name),
            }
        }
    }

    /// Labels of the container of that name, if the engine shows one.
    async fn labels_of(&self, name: &str) -> Option<HashMap<String, String>> {
        let found = self.docker.inspect_container(name, None).await.ok()?;
        found.config?.labels
    }

    async fn connect_network(
        &self,
        deployment: &Deployment,
        service: &ServiceName,
        container: &str,
        key: &str,
    ) -> Result<(), EngineError> {
        let network = compose::resource_name(&deployment.project, key);
        // A temporary name ends with the final one, and that ends with the number.
        let number = container.rsplit('-').next().and_then(|n| n.parse().ok());
        let service = &deployment.services[service];
        let request = NetworkConnectRequest {
            container: container.to_owned(),
            endpoint_config: Some(endpoint(deployment, service, number.unwrap_or(1))),
        };
        let connected = self.docker.connect_network(&network, request).await;
        accept(connected, &[], "connect", container)
    }

    /// Starts a container; one that runs is fine.
    ///
    /// # Errors
    /// The engine's.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        let started = self.docker.start_container(container, None).await;
        accept(started, &[NOT_MODIFIED], "start", container)
    }

    /// Stops a container within its own grace; one that is stopped or gone is fine.
    ///
    /// # Errors
    /// The engine's.
    pub async fn stop(&self, container: &str, name: &str) -> Result<(), EngineError> {
        // The engine answers when the container is down, and its grace is its own.
        let patient = self.docker.clone().with_timeout(LONGEST_STOP);
        let stopped = patient.stop_container(container, None).await;
        accept(stopped, &[NOT_MODIFIED, NOT_FOUND], "stop", name)
    }

    async fn remove(&self, container: &str, name: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(false)
            .build();
        let removed = self.docker.remove_container(container, Some(options)).await;
        // 409: a removal of the same container is under way.
        accept(removed, &[NOT_FOUND, CONFLICT], "remove", name)
    }

    async fn rename(&self, container: &str, name: &str) -> Result<(), EngineError> {
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        let renamed = self.docker.rename_container(container, options).await;
        accept(renamed, &[], "rename", name)
    }

    async fn remove_network(&self, name: &str, report: &dyn Report) -> Result<(), EngineError> {
        let removed = self.docker.remove_network(name).await;
        let removed = unless_in_use(removed, "network", name, report);
        accept(removed, &[NOT_FOUND], "remove network", name)
    }

    async fn remove_volume(&self, name: &str, report: &dyn Report) -> Result<(), EngineError> {
        let options = RemoveVolumeOptionsBuilder::default().build();
        let removed = self.docker.remove_volume(name, Some(options)).await;
        let removed = unless_in_use(removed, "volume", name, report);
        accept(removed, &[NOT_FOUND], "remove volume", name)
    }
}

fn is_conflict(result: &Result<(), Cause>) -> bool {
    matches!(result, Err(Cause::DockerResponseServerError { status_code, .. }) if *status_code == CONFLICT)
}

fn is_within(wanted: &HashMap<String, String>, found: &HashMap<String, String>) -> bool {
    wanted
        .iter()
        .all(|(key, value)| found.get(key) == Some(value))
}

/// Somebody else's container may use a network or a volume: it stays then, and is no reason to fail (compose does the same).
fn unless_in_use(
    result: Result<(), Cause>,
    kind: &str,
    name: &str,
    report: &dyn Report,
) -> Result<(), Cause> {
    match result {
        Err(Cause::DockerResponseServerError { message, .. })
            if message.contains("active endpoints") || message.contains("in use") =>
        {
            let text = format!("{kind} `{name}` stays: a container of another project uses it");
            report.report(Event::Warning { text });
            Ok(())
        }
        other => other,
    }
}

/// Success, or a status that means "already so".
pub(super) fn accept(
    result: Result<(), Cause>,
    fine: &[u16],
    operation: &'static str,
    subject: &str,
) -> Result<(), EngineError> {
    match result {
        Err(Cause::DockerResponseServerError { status_code, .. })
            if fine.contains(&status_code) =>
        {
            Ok(())
        }
        Err(cause) => Err(failure(operation, subject, &cause)),
        Ok(()) => Ok(()),
    }
}

fn no_deployment(action: &Action) -> EngineError {
    EngineError {
        operation: "plan",
        subject: action.subject().to_owned(),
        cause: "this step needs a deployment".into(),
        hint: None,
        unreachable: false,
    }
}
