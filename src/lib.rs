//! Atlas takes the Atlas AI backend from nothing to verified production with one binary.
//!
//! ```text
//! services/*.yaml ─┐                                   ┌─► targets  ─► Artifacts ─► files    (init, render)
//! atlas.yaml ──────┼─► input ─► resolve ─► Deployment ─┼─► survey ─► Facts ─► checks ─► Findings (doctor, checklist)
//! .env ────────────┘   (raw)    (pure)      (model)    └─► plan(observed) ─► Plan ─► execute (up, down, …)
//!                                                                              │
//!                                                    engines (docker) ◄────────┴─► Event ─► report (tty | plain | json)
//! ```
//!
//! | room | owns |
//! |---|---|
//! | `app` | the composition root: environment, terminal, engine, printing |
//! | `backup` | the data of what runs: where it is, how it is reached, restored, tried |
//! | `checks` | what makes a deployment fail: facts, rules and findings |
//! | `cli` | what can be typed, and the help texts |
//! | `commands` | one file for each command: what was typed → the rooms below |
//! | `diagnostic` | a problem with file, line, column, key and hint |
//! | `engines` | the trait, and Docker behind it: the only room that names bollard |
//! | `error` | operation, name, cause, hint and exit code |
//! | `event` | what happened, as values |
//! | `execute` | walks a plan: order, concurrency, readiness, cancellation |
//! | `exit` | the exit codes |
//! | `files` | the only writer of artifacts: atomic, with modes, compared |
//! | `input` | catalogue, atlas.yaml and .env exactly as written |
//! | `model` | the deployment and its validated names |
//! | `plan` | observed facts, steps with reasons, their text; reconcile |
//! | `prompt` | the only place that asks a person |
//! | `references` | values of .env that stand in secret stores: asked for when a command needs them |
//! | `report` | events shown on a terminal, as lines, as JSON |
//! | `resolve` | what was written → a deployment, or every problem at once |
//! | `schema` | the JSON Schema of atlas.yaml |
//! | `sealing` | values that the Sealed Secrets controller of a cluster alone can read |
//! | `survey` | looks at host, engine, containers, stores and files: the facts of `checks` |
//! | `targets` | a deployment → the files of a format: Compose; the files of `templates/` |
//!
//! Which room may know which is a test: `tests/it/tidy.rs`.
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
pub mod backup;
pub mod checks;
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
pub(crate) mod references;
pub mod report;
pub mod resolve;
pub mod schema;
pub mod sealing;
pub(crate) mod survey;
pub mod targets;

pub use app::run;
