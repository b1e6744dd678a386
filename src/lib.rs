//! Atlas takes the Atlas AI backend from nothing to verified production with one binary.
//!
//! ```text
//! services/*.yaml ─┐                                   ┌─► targets  ─► Artifacts ─► files    (init, render)
//! atlas.yaml ──────┼─► input ─► resolve ─► Deployment ─┤
//! .env ────────────┘   (raw)    (pure)      (model)    └─► plan(observed) ─► Plan ─► execute (up, down, …)
//!                                                                              │
//!                                                    engines (docker) ◄────────┴─► Event ─► report (tty | plain | json)
//! ```
//!
//! Invariants:
//! 1. A [`model::Deployment`] is valid by construction; nothing after `resolve` can be a configuration error.
//! 2. `resolve` reports every problem, not the first; each has a file, a position, a key path and a hint.
//! 3. The same `Deployment` gives byte-identical artifacts: sorted maps, no time, no host facts.
//! 4. The model knows no outside format. A format's serialisable structs live in that format's target.
//! 5. A `Step` is one engine call and carries its reason. `execute` decides nothing but order.
//! 6. `plan` and `up --dry-run` print the very `Plan` that `up` would execute.
//! 7. Destructive steps are marked; only a command may ask, only through `prompt`; no terminal and no `--yes` means no.
//! 8. Nobody below `app` prints, exits, or reads the environment or the clock.
//! 9. Events carry values, not sentences; a new variant breaks the build of every reporter until it is shown.
//! 10. `Secret` shows as `***` and cannot be serialised.
//! 11. Data goes to stdout, talk to stderr; `--json` is one versioned object per line; colour is never meaning.
//! 12. Files are written atomically; a file that atlas did not generate is never overwritten without `--force`.
//! 13. Undefined is an error; YAML and JSON are serialised, never pasted.
//! 14. A service is added by one YAML file in the catalogue: no Rust, no template, no test changes.

pub(crate) mod app;
pub(crate) mod cli;
pub(crate) mod commands;
pub mod diagnostic;
pub mod engines;
pub mod error;
pub mod event;
pub mod execute;
pub mod exit;
pub mod files;
pub mod input;
pub mod model;
pub mod plan;
pub mod prompt;
pub mod report;
pub mod resolve;
pub mod schema;
pub mod targets;

pub use app::run;
