//! Walks a plan: every step as soon as the steps before it are done, as parallel as the graph allows. Decides nothing but
//! order; emits events; stops cleanly when a step fails or the user interrupts.

mod failure;
mod health;
mod probe;
mod ready;

use std::cell::RefCell;
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::engines::{Engine, EngineError};
use crate::event::{Event, Report};
use crate::model::Deployment;
use crate::plan::{Action, Plan, Step, StepId};

pub use failure::Unready;
pub use health::{Health, health};

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

/// Carries the plan out. `interrupt` completes when the user wants to stop.
pub async fn execute<E: Engine>(
    plan: &Plan,
    deployment: Option<&Deployment>,
    engine: &E,
    settings: Settings,
    report: &dyn Report,
    interrupt: impl Future<Output = ()>,
) -> Result<(), Vec<Failure>> {
    let run = Run {
        deployment,
        engine,
        settings,
        report,
        stopping: RefCell::new(false),
        stop: tokio::sync::Notify::new(),
    };
    let mut interrupt = std::pin::pin!(interrupt);
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
    loop {
        let (id, outcome) = tokio::select! {
            biased;
            () = &mut interrupt, if !run.is_stopping() => {
                run.stop_all();
                failures.push(Failure::Interrupted);
                continue;
            }
            next = running.next() => match next {
                Some(done) => done,
                None => break,
            },
        };
        match outcome {
            Ok(()) if run.is_stopping() => {}
            Ok(()) => {
                for next in &dependents[id] {
                    open[*next] -= 1;
                    if open[*next] == 0 {
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
    stopping: RefCell<bool>,
    stop: tokio::sync::Notify,
}

impl<E: Engine> Run<'_, E> {
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits and downloads end at once; other engine calls that have begun are finished, so that nothing is left half done.
    fn stop_all(&self) {
        *self.stopping.borrow_mut() = true;
        self.stop.notify_waiters();
    }

    /// `Err(None)` is a wait given up because the run stops.
    async fn step(
        &self,
        id: StepId,
        step: &Step,
        needed: bool,
    ) -> (StepId, Result<(), Option<Failure>>) {
        if !needed {
            return (id, Ok(()));
        }
        let action = &step.action;
        let began = Instant::now();
        self.report.report(Event::Started {
            verb: action.verb(),
            kind: action.subject_kind(),
            subject: action.subject().to_owned(),
            service: action.service().map(str::to_owned),
        });
        let outcome = match action {
            Action::Await { service, container } => {
                let stopped = self.stop.notified();
                tokio::select! {
                    outcome = self.ready(service, container) => outcome.map_err(Some),
                    () = stopped => Err(None),
                }
            }
            // Nothing is half done when the engine stops fetching an image, and it can take long.
            Action::ProvideImage { .. } => {
                let stopped = self.stop.notified();
                tokio::select! {
                    applied = self.engine.apply(action, self.deployment, self.report) =>
                        applied.map_err(|e| Some(Failure::Engine(e))),
                    () = stopped => Err(None),
                }
            }
            _ => {
                let applied = self.engine.apply(action, self.deployment, self.report);
                applied.await.map_err(|e| Some(Failure::Engine(e)))
            }
        };
        let service = action.service().map(str::to_owned);
        let event = match &outcome {
            Ok(()) => Event::Finished {
                verb: action.verb(),
                kind: action.subject_kind(),
                subject: action.subject().to_owned(),
                service,
                took: began.elapsed(),
            },
            Err(_) => Event::Failed {
                verb: action.verb(),
                subject: action.subject().to_owned(),
                service,
            },
        };
        self.report.report(event);
        (id, outcome)
    }
}
