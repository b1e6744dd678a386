//! What has to be done: observed facts + deployment → steps, each with its reason. Pure; runs nothing.

mod observed;
mod reason;
mod reconcile;
mod step;
mod teardown;
mod text;

pub use observed::{Container, Observed, ObservedNetwork, State};
pub use reason::{FieldChange, Reason};
pub use reconcile::{Options, reconcile};
pub use step::{Action, Plan, Step, StepId};
pub use teardown::{down, restart, start, stop};
