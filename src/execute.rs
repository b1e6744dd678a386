//! Walks a plan: every step as soon as the steps before it are done, as parallel as the graph allows. Decides nothing but
//! order; emits events; stops cleanly when a step fails or the user interrupts.

mod failure;
mod health;
mod probe;
mod ready;
mod redact;

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, Semaphore};

use crate::engines::{Engine, EngineError};
use crate::event::{Event, Report};
use crate::model::Deployment;
use crate::plan::{Action, Plan, Step, StepId};

pub use failure::Unready;
pub use health::{Health, health};
pub(crate) use redact::redact as hide;

/// How a run behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a service may take from its start to its first good answer.
    pub timeout: Duration,
    /// Whether to wait for readiness at all; dependents wait for their dependencies all the same.
    pub wait: bool,
}

/// Why a plan was not carried out.
#[derive(Debug)]
pub enum Failure {
    /// The engine refused or failed.
    Engine(EngineError),
    /// A service did not become ready.
    Unready(Box<Unready>),
    /// The user interrupted; what had begun was finished.
    Interrupted,
}

/// Carries the plan out. `interrupt` completes when the user wants to stop: the first time what has begun is finished, the
/// second time everything is dropped.
pub async fn execute<E: Engine>(
    plan: &Plan,
    deployment: Option<&Deployment>,
    engine: &E,
    settings: Settings,
    report: &dyn Report,
    interrupt: impl AsyncFn(),
) -> Result<(), Vec<Failure>> {
    let run = Run {
        deployment,
        engine,
        settings,
        report,
        stopping: Cell::new(false),
        stop: Notify::new(),
        calls: Semaphore::new(engine.parallel_calls()),
        unroutable: Cell::new(false),
    };
    let mut open: Vec<usize> = plan.steps.iter().map(|step| step.after.len()).collect();
    let mut dependents: Vec<Vec<StepId>> = vec![Vec::new(); plan.steps.len()];
    for (id, step) in plan.steps.iter().enumerate() {
        for before in &step.after {
            dependents[*before].push(id);
        }
    }
    let needed = needed_waits(plan, &dependents, settings.wait);
    let mut running = FuturesUnordered::new();
    for (id, step) in plan.steps.iter().enumerate() {
        if open[id] == 0 {
            running.push(run.step(id, step, needed[id]));
        }
    }
    let mut failures = Vec::new();
    let mut interrupted = Box::pin(interrupt());
    loop {
        let (id, outcome) = tokio::select! {
            biased;
            () = &mut interrupted => {
                if failures.iter().any(|f| matches!(f, Failure::Interrupted)) {
                    break;
                }
                run.stop_all();
                failures.push(Failure::Interrupted);
                interrupted = Box::pin(interrupt());
                continue;
            }
            next = running.next() => match next {
                Some(done) => done,
                None => break,
            },
        };
        match outcome {
            Ok(()) => {
                for next in &dependents[id] {
                    open[*next] -= 1;
                    if open[*next] == 0 && (!run.is_stopping() || completes(plan, *next)) {
                        running.push(run.step(*next, &plan.steps[*next], needed[*next]));
                    }
                }
            }
            Err(None) => {}
            Err(Some(failure)) => {
                run.stop_all();
                failures.push(failure);
            }
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

/// Once an old container is removed, its replacement is named and started even if the run stops: what worked shall work.
fn completes(plan: &Plan, id: StepId) -> bool {
    let is_rename = |id: &StepId| matches!(plan.steps[*id].action, Action::Rename { .. });
    let step = &plan.steps[id];
    is_rename(&id)
        || matches!(step.action, Action::Start { .. }) && step.after.iter().any(is_rename)
}

/// Without `wait`, only the waits that something comes after are kept.
fn needed_waits(plan: &Plan, dependents: &[Vec<StepId>], wait: bool) -> Vec<bool> {
    let is_needed =
        |(id, step): (usize, &Step)| wait || step.action.changes() || !dependents[id].is_empty();
    plan.steps.iter().enumerate().map(is_needed).collect()
}

struct Run<'a, E> {
    deployment: Option<&'a Deployment>,
    engine: &'a E,
    settings: Settings,
    report: &'a dyn Report,
    stopping: Cell<bool>,
    stop: Notify,
    calls: Semaphore,
    /// Container addresses turned out not to be reachable from here.
    unroutable: Cell<bool>,
}

impl<E: Engine> Run<'_, E> {
    fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Waits and downloads end at once; other engine calls that have begun are finished, so that nothing is left half done.
    fn stop_all(&self) {
        self.stopping.set(true);
        self.stop.notify_waiters();
    }

    /// `Err(None)` is a step given up because the run stops.
    async fn step(
        &self,
        id: StepId,
        step: &Step,
        needed: bool,
    ) -> (StepId, Result<(), Option<Failure>>) {
        let action = &step.action;
        if !needed {
            return (id, Ok(()));
        }
        // Another step may have failed between this one's turn and its first poll.
        let completes = matches!(action, Action::Rename { .. } | Action::Start { .. });
        if self.is_stopping() && !completes {
            return (id, Err(None));
        }
        let began = Instant::now();
        self.report.report(Event::Started {
            verb: action.verb(),
            kind: action.subject_kind(),
            subject: action.subject().to_owned(),
            service: action.service().map(str::to_owned),
        });
        let outcome = match action {
            // Nothing is half done when these end early, and they can take long.
            Action::Await { .. } | Action::ProvideImage { .. } => {
                let stopped = self.stop.notified();
                tokio::select! {
                    outcome = self.carry_out(action) => outcome.map_err(Some),
                    () = stopped => Err(None),
                }
            }
            _ => self.carry_out(action).await.map_err(Some),
        };
        self.tell(action, &outcome, began);
        (id, outcome)
    }

    async fn carry_out(&self, action: &Action) -> Result<(), Failure> {
        if let Action::Await {
            service,
            container,
            address,
            ..
        } = action
        {
            return self.ready(service, container, *address).await;
        }
        let applied = self.engine.apply(action, self.deployment, self.report);
        self.in_turn(applied).await.map_err(Failure::Engine)
    }

    /// An engine call, when the engine can take one more. The semaphore lives as long as the run and is never closed.
    async fn in_turn<T>(&self, call: impl Future<Output = T>) -> T {
        let _permit = self.calls.acquire().await.ok();
        call.await
    }

    /// A step that was given up has neither finished nor failed.
    fn tell(&self, action: &Action, outcome: &Result<(), Option<Failure>>, began: Instant) {
        let service = action.service().map(str::to_owned);
        let subject = action.subject().to_owned();
        self.report.report(match outcome {
            Ok(()) => Event::Finished {
                verb: action.verb(),
                kind: action.subject_kind(),
                subject,
                service,
                took: began.elapsed(),
            },
            Err(Some(_)) => Event::Failed {
                verb: action.verb(),
                kind: action.subject_kind(),
                subject,
                service,
            },
            Err(None) => return,
        });
    }
}
