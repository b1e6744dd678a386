//! Waits until a container answers its probe. Owns the rhythm of asking, the way there (container address, published port,
//! or a command inside), and when to give up.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::failure::{Cause, Unready};
use super::probe::{Answer, ask};
use super::{Failure, Run};
use crate::engines::{Condition, Engine};
use crate::event::Event;
use crate::model::{Deployment, Probe, Service, ServiceName};

/// Between two questions at first; it grows, so that a slow service is not hammered.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// A command inside the container costs the engine far more than a connection.
const COMMAND_PAUSE: Duration = Duration::from_millis(500);
/// How often the container itself is looked at while it does not answer.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// When a wait begins to explain itself.
const EXPLAIN_EVERY: Duration = Duration::from_secs(5);
/// Restarts after which a container is in a loop.
const LOOP: i64 = 3;
/// Log lines shown with a failure.
const LINES: usize = 20;
/// Addresses that do not answer are given up after so many questions.
const NO_ROUTE: usize = 3;

/// Ways to a container, best first.
enum Way {
    Address(SocketAddr),
    Inside,
}

impl<E: Engine> Run<'_, E> {
    pub(super) async fn ready(&self, name: &ServiceName, container: &str) -> Result<(), Failure> {
        // Plans over existing containers know no probes: what runs counts as started there.
        let service = self
            .deployment
            .and_then(|d: &Deployment| d.services.get(name));
        let Some(service) = service else {
            return Ok(());
        };
        let began = Instant::now();
        let mut condition = self.engine.look(container).await.map_err(Failure::Engine)?;
        let restarts = condition.restarts;
        let mut ways = self.ways(service, &condition);
        let mut pause = FIRST_PAUSE;
        let (mut looked, mut explained) = (Instant::now(), Instant::now());
        let mut unanswered = 0;
        let mut last;
        loop {
            let answer = self.ask(service, container, ways.first()).await;
            match answer {
                Answer::Ready => return Ok(()),
                Answer::NotYet(text) => last = text,
                Answer::NoRoute(text) => {
                    last = text;
                    unanswered += 1;
                    if unanswered >= NO_ROUTE && ways.len() > 1 {
                        ways.remove(0);
                        unanswered = 0;
                    }
                }
            }
            if looked.elapsed() >= LOOK_EVERY || !condition.running {
                looked = Instant::now();
                condition = self.engine.look(container).await.map_err(Failure::Engine)?;
                if unanswered == 0 && ways.len() > 1 {
                    ways = self.ways(service, &condition);
                }
                if let Some(cause) = fatal(&condition, restarts) {
                    return Err(self
                        .unready(service, container, cause, condition, last)
                        .await);
                }
            }
            if began.elapsed() >= self.settings.timeout {
                let cause = Cause::TimedOut(self.settings.timeout);
                return Err(self
                    .unready(service, container, cause, condition, last)
                    .await);
            }
            if explained.elapsed() >= EXPLAIN_EVERY {
                explained = Instant::now();
                self.report.report(Event::Waiting {
                    service: name.to_string(),
                    answer: last.clone(),
                    waited: began.elapsed(),
                });
            }
            tokio::time::sleep(match ways.first() {
                Some(Way::Address(_)) => pause,
                _ => COMMAND_PAUSE,
            })
            .await;
            pause = (pause * 5 / 4).min(LAST_PAUSE);
        }
    }

    fn ways(&self, service: &Service, condition: &Condition) -> Vec<Way> {
        let mut ways = Vec::new();
        if !matches!(service.probe, Probe::Command(_)) && self.engine.is_local() {
            let port = service.port.get();
            let addresses = condition.addresses.first();
            ways.extend(addresses.map(|ip| Way::Address(SocketAddr::new(*ip, port))));
            let published = condition.published.iter().find(|(p, _)| *p == port);
            ways.extend(published.map(|(_, address)| Way::Address(*address)));
        }
        ways.push(Way::Inside);
        ways
    }

    async fn ask(&self, service: &Service, container: &str, way: Option<&Way>) -> Answer {
        if let Some(Way::Address(address)) = way {
            return ask(&service.probe, *address).await;
        }
        let command = match &service.probe {
            Probe::Command(command) => command.clone(),
            _ => service.healthcheck_command().unwrap_or_default(),
        };
        if command.is_empty() {
            return Answer::NotYet(
                "it cannot be asked: no address answers, and it has no health check".into(),
            );
        }
        match self.engine.exec_status(container, &command).await {
            Ok(0) => Answer::Ready,
            Ok(code) => Answer::NotYet(format!("`{}` exits {code}", command.join(" "))),
            Err(error) => Answer::NotYet(error.cause),
        }
    }

    async fn unready(
        &self,
        service: &Service,
        container: &str,
        cause: Cause,
        condition: Condition,
        answer: String,
    ) -> Failure {
        Failure::Unready(Box::new(Unready {
            service: service.name.to_string(),
            memory: service.resources.memory,
            cause,
            answer,
            health_output: condition.health_output,
            log: self.engine.tail(container, LINES).await,
        }))
    }
}

/// What no further question can mend.
fn fatal(condition: &Condition, restarts_before: i64) -> Option<Cause> {
    let looping = condition.restarts - restarts_before >= LOOP;
    let gone = !condition.running && !condition.restarting;
    if !looping && !gone {
        return None;
    }
    Some(if condition.oom_killed {
        Cause::OutOfMemory
    } else if !condition.error.is_empty() {
        Cause::NotStarted(condition.error.clone())
    } else {
        Cause::Exited {
            code: condition.exit_code,
            restarts: condition.restarts - restarts_before,
        }
    })
}
