//! Waits until a container answers its probe. Owns the rhythm of asking, the way there (container address, published port,
//! or a command inside), and when to give up.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::failure::{Cause, Unready};
use super::probe::{Answer, COMMAND_DEADLINE, ask, ask_inside};
use super::redact::redact;
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
/// Refused for so long, an address may belong to something else than the container: other ways are tried too.
const DOUBT_AFTER: Duration = Duration::from_secs(3);
/// A service that nobody can ask counts as started once it has stayed up for this long.
const UP_FOR: Duration = Duration::from_secs(3);
/// Restarts after which a container is in a loop.
const LOOP: i64 = 3;
/// Log lines shown with a failure.
const LINES: usize = 20;

/// A way to a container.
#[derive(Clone, Copy)]
enum Way {
    /// Its own address.
    Direct(SocketAddr),
    /// Its port on the host.
    Published(SocketAddr),
    /// A command inside it.
    Inside,
}

impl<E: Engine> Run<'_, E> {
    /// `address` saves a look at a container that was running when the plan was made.
    pub(super) async fn ready(
        &self,
        name: &ServiceName,
        container: &str,
        address: Option<IpAddr>,
    ) -> Result<(), Failure> {
        // Plans over existing containers may know no deployment: what runs counts as started there.
        let service = self
            .deployment
            .and_then(|d: &Deployment| d.services.get(name));
        let Some(service) = service else {
            return Ok(());
        };
        if let Some(ip) = address.filter(|_| self.is_direct(service))
            && ask(&service.probe, SocketAddr::new(ip, service.port.get())).await == Answer::Ready
        {
            return Ok(());
        }
        Wait::begin(self, service, container).await?.end().await
    }

    fn is_direct(&self, service: &Service) -> bool {
        let by_port = !matches!(service.probe, Probe::Command(_));
        by_port && self.engine.is_local() && !self.unroutable.get()
    }

    /// Ways to the container, best first. Behind a published port the engine's proxy accepts whether or not the service does,
    /// so a bare connection says nothing there.
    fn ways(&self, service: &Service, condition: &Condition) -> Vec<Way> {
        let port = service.port.get();
        let mut ways = Vec::new();
        if self.is_direct(service) {
            let address = condition.addresses.first();
            ways.extend(address.map(|ip| Way::Direct(SocketAddr::new(*ip, port))));
        }
        let bare = matches!(service.probe, Probe::Tcp { exchange: None });
        if !bare && !matches!(service.probe, Probe::Command(_)) && self.engine.is_local() {
            let published = condition.published.iter().find(|(p, _)| *p == port);
            ways.extend(published.map(|(_, address)| Way::Published(*address)));
        }
        if service.command_inside().is_some() {
            ways.push(Way::Inside);
        }
        ways
    }
}

/// One wait under way.
struct Wait<'r, 'a, E> {
    run: &'r Run<'a, E>,
    service: &'r Service,
    container: &'r str,
    began: Instant,
    /// Restarts that had happened before.
    restarts: i64,
    condition: Condition,
    last: String,
}

impl<'r, 'a, E: Engine> Wait<'r, 'a, E> {
    async fn begin(
        run: &'r Run<'a, E>,
        service: &'r Service,
        container: &'r str,
    ) -> Result<Self, Failure> {
        let seen = run.in_turn(run.engine.look(container)).await;
        let condition = seen.map_err(Failure::Engine)?;
        Ok(Self {
            run,
            service,
            container,
            began: Instant::now(),
            restarts: condition.restarts,
            condition,
            last: "nothing yet".to_owned(),
        })
    }

    async fn end(mut self) -> Result<(), Failure> {
        let mut pause = FIRST_PAUSE;
        let (mut looked, mut explained) = (Instant::now(), Instant::now());
        loop {
            let ways = self.run.ways(self.service, &self.condition);
            if self.ask_by(&ways).await || self.is_taken_for_started(&ways) {
                return Ok(());
            }
            if looked.elapsed() >= LOOK_EVERY || !self.condition.running {
                looked = Instant::now();
                let seen = self.run.engine.look(self.container);
                let seen = self.run.in_turn(seen).await;
                self.condition = seen.map_err(Failure::Engine)?;
                if let Some(cause) = self.fatal() {
                    return Err(self.unready(cause).await);
                }
            }
            if self.began.elapsed() >= self.run.settings.timeout {
                let cause = self.timed_out();
                return Err(self.unready(cause).await);
            }
            if explained.elapsed() >= EXPLAIN_EVERY {
                explained = Instant::now();
                self.run.report.report(Event::Waiting {
                    service: self.service.name.to_string(),
                    answer: self.last.clone(),
                    waited: self.began.elapsed(),
                });
            }
            let is_inside = matches!(ways.first(), None | Some(Way::Inside));
            tokio::time::sleep(if is_inside { COMMAND_PAUSE } else { pause }).await;
            pause = (pause * 5 / 4).min(LAST_PAUSE);
        }
    }

    /// The first way is asked; the others too once it has been refused for long.
    async fn ask_by(&mut self, ways: &[Way]) -> bool {
        for (index, way) in ways.iter().enumerate() {
            if index > 0 && self.began.elapsed() < DOUBT_AFTER {
                break;
            }
            match self.ask(*way).await {
                Answer::Ready => return true,
                Answer::NotYet(text) => self.last = redact(self.run.deployment, &text),
                Answer::NoRoute(text) => {
                    self.last = text;
                    // One container that cannot be reached by its address: none can, from here.
                    if matches!(way, Way::Direct(_)) && self.condition.running && ways.len() > 1 {
                        self.run.unroutable.set(true);
                    }
                }
            }
        }
        false
    }

    async fn ask(&self, way: Way) -> Answer {
        if let Way::Direct(address) | Way::Published(address) = way {
            return ask(&self.service.probe, address).await;
        }
        let command = self.service.command_inside().unwrap_or_default();
        let left = self
            .run
            .settings
            .timeout
            .saturating_sub(self.began.elapsed());
        let deadline = COMMAND_DEADLINE.min(left);
        let asked = ask_inside(self.run.engine, self.container, &command, deadline);
        let answer = self.run.in_turn(asked).await;
        answer.unwrap_or_else(|error| Answer::NotYet(error.cause))
    }

    /// Unknown is not healthy, and says so.
    fn is_taken_for_started(&self, ways: &[Way]) -> bool {
        let up = self.condition.running && self.began.elapsed() >= UP_FOR;
        if ways.is_empty() && up {
            let text = format!(
                "`{}` was not checked: it cannot be reached from here and has no health check; it has stayed up",
                self.service.name
            );
            self.run.report.report(Event::Warning { text });
            return true;
        }
        false
    }

    /// What no further question can mend.
    fn fatal(&self) -> Option<Cause> {
        let restarts = self.condition.restarts - self.restarts;
        let gone = !self.condition.running && !self.condition.restarting;
        if restarts < LOOP && !gone {
            return None;
        }
        Some(if self.condition.oom_killed {
            Cause::OutOfMemory
        } else if !self.condition.error.is_empty() {
            Cause::NotStarted(self.condition.error.clone())
        } else {
            Cause::Exited {
                code: self.condition.exit_code,
                restarts,
            }
        })
    }

    /// A container that keeps dying is not merely slow.
    fn timed_out(&self) -> Cause {
        let restarts = self.condition.restarts - self.restarts;
        match restarts > 0 || self.condition.restarting {
            true => Cause::Exited {
                code: self.condition.exit_code,
                restarts,
            },
            false => Cause::TimedOut(self.run.settings.timeout),
        }
    }

    async fn unready(self, cause: Cause) -> Failure {
        let hide = |text: &str| redact(self.run.deployment, text);
        let log = self.run.engine.tail(self.container, LINES).await;
        let output = self.condition.health_output.as_deref();
        Failure::Unready(Box::new(Unready {
            service: self.service.name.to_string(),
            memory: self.service.resources.memory,
            cause,
            answer: self.last,
            health_output: output.map(hide),
            log: log.iter().map(|line| hide(line)).collect(),
        }))
    }
}
