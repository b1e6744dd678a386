//! Commands over what runs already: status, logs, exec, stop, start, restart, down.

use clap::Args;

use crate::commands::complete;

/// `atlas status`
#[derive(Debug, Args)]
#[command(after_help = "Exits 6 when a service is not healthy.

Examples:
  atlas status
  atlas status --watch
  atlas status --json | jq -r '.services[] | [.service, .health] | @tsv'")]
pub(crate) struct Status {
    /// Show again every second until interrupted
    #[arg(short, long)]
    pub(crate) watch: bool,
}

/// `atlas logs`
#[derive(Debug, Args)]
#[command(
    after_help = "Lines of all containers are put into one order by their time.

Examples:
  atlas logs --tail 100
  atlas logs -f gateway orchestrator
  atlas logs --since 10m confluence"
)]
pub(crate) struct Logs {
    /// Go on as new lines come
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines since then: 30s, 10m, 2h, 1d, or an RFC 3339 time
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only the last lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) tail: Option<String>,
    /// Show the time of each line
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Services (default: all)
    #[arg(value_name = "SERVICE", add = clap_complete::ArgValueCompleter::new(complete::services))]
    pub(crate) services: Vec<String>,
}

/// `atlas stop`, `atlas start`, `atlas restart`
#[derive(Debug, Args)]
pub(crate) struct Services {
    /// Services (default: all)
    #[arg(value_name = "SERVICE", add = clap_complete::ArgValueCompleter::new(complete::services))]
    pub(crate) services: Vec<String>,
    /// Seconds that a service may take to become healthy
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

/// `atlas down`
#[derive(Debug, Args)]
#[command(
    after_help = "Volumes hold your data and stay, unless --volumes is given and confirmed (or --yes).
It needs no atlas.yaml: what belongs to the project is found by its labels.

Examples:
  atlas down
  atlas down --volumes            asks before data goes
  atlas -p atlas-ai down          from anywhere"
)]
pub(crate) struct Down {
    /// Remove the volumes too: all data is lost
    #[arg(short, long)]
    pub(crate) volumes: bool,
    /// Show what would be done and touch nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `atlas exec`
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with the command's own code. The built-in image holds no shell, only /atlas.

Examples:
  atlas exec mongodb mongosh
  atlas exec -T redis redis-cli ping < /dev/null
  atlas exec --index 2 confluence /atlas --version"
)]
pub(crate) struct Exec {
    /// No terminal in the container, even if there is one here
    #[arg(short = 'T', long)]
    pub(crate) no_tty: bool,
    /// User (and group) to run as
    #[arg(short, long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Number of the container, when the service has several
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) index: u32,
    /// The service
    #[arg(value_name = "SERVICE", add = clap_complete::ArgValueCompleter::new(complete::services))]
    pub(crate) service: String,
    /// The command and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub(crate) command: Vec<String>,
}
