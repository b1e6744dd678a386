//! Commands that make the engine equal to the deployment: up, plan, scale, build, pull.

use clap::Args;

use super::Selection;

/// `atlas up`
#[derive(Debug, Args)]
#[command(
    after_help = "Everything that can fail cheaply (configuration, placeholders, ports, disk, images, rights) is checked \
before anything is touched. A second `up` changes nothing; only what changed is replaced. \
In a folder without an atlas.yaml, it writes one first, as `atlas init --yes` does.

Exits 6 when a service does not become healthy, with its last log lines.

With --production the stage is production for this run (`stage: production` in atlas.yaml keeps it), and the items of \
`atlas checklist` must pass. What is known before a start (configuration, CORS, certificates, answers, backups of a \
project that has data already) is checked first: while a required item fails, nothing is touched. What only running \
containers show (authentication, health, rate limit, limits, backups of a first start) is checked as soon as all are \
healthy: then everything stays up, and what does not pass is shown. Exits 7 in both cases.

Examples:
  atlas up                        what atlas.yaml says
  atlas up --profile atlassian --data embedded
  atlas up confluence             Confluence and what it needs
  atlas up --dry-run              the same as `atlas plan`
  atlas up --production           only if the checklist lets it
  atlas up --timeout 300          for slow machines"
)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what would be done and touch nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Seconds that a service may take from its start to its first good answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Return as soon as everything is started
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Refuse while a required item of the checklist fails, and run as production
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) production: bool,
    /// Replace containers even if nothing changed
    #[arg(long)]
    pub(crate) force_recreate: bool,
    /// Remove containers of services that are no longer part of the deployment
    #[arg(long)]
    pub(crate) remove_orphans: bool,
}

impl Up {
    /// `atlas up` without any option.
    pub(crate) fn whole() -> Self {
        Self {
            selection: Selection::default(),
            dry_run: false,
            timeout: 120,
            no_wait: false,
            production: false,
            force_recreate: false,
            remove_orphans: false,
        }
    }
}

/// `atlas plan`
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the very steps that `up` would take, each with its reason and the fields that changed. \
Values that could be secret are never shown.

Examples:
  atlas plan
  atlas plan --exit-code          0 = nothing to do, 8 = changes
  atlas plan --json | jq '.steps[].reason'"
)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Exit 8 when there is something to do
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Plan to replace containers even if nothing changed
    #[arg(long)]
    pub(crate) force_recreate: bool,
    /// Plan to remove containers of services that are no longer part of the deployment
    #[arg(long)]
    pub(crate) remove_orphans: bool,
}

/// `atlas scale`
#[derive(Debug, Args)]
#[command(
    after_help = "The number lasts until the next `up`; to keep it, set `services.<name>.replicas` in atlas.yaml.

Examples:
  atlas scale confluence=2
  atlas scale confluence=2 jira=3"
)]
pub(crate) struct Scale {
    /// Service and number of containers
    #[arg(required = true, value_name = "SERVICE=N", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::scaled))]
    pub(crate) targets: Vec<String>,
    /// Seconds that a service may take to become healthy
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

/// `atlas build`
#[derive(Debug, Args)]
#[command(after_help = "`atlas up` builds what is missing; this builds again.

Examples:
  atlas build                     whatever the deployment builds
  atlas build --images build gateway        one service from the source tree")]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// `atlas pull`
#[derive(Debug, Args)]
#[command(
    after_help = "Credentials come from the Docker configuration and its helpers (`docker login`).

Examples:
  atlas pull
  atlas pull mongodb redis"
)]
pub(crate) struct Pull {
    #[command(flatten)]
    pub(crate) selection: Selection,
}
