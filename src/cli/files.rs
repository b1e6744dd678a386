//! Commands that write files: init, render, completions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Selection;

/// `atlas init`
#[derive(Debug, Args)]
#[command(
    after_help = "Writes atlas.yaml, .env (mode 0600, with generated passwords), .gitignore lines and the files of the targets, as \
`atlas render` would: compose.yaml, unless --target says otherwise. When one of them cannot be written, nothing is. \
A second `init` keeps what you wrote: it adds what is missing and says what it left alone. \
Secrets belong into --set-from (a file or `-`), not into arguments that every process can see.

Examples:
  atlas init                      asks
  atlas init --yes --profile atlassian      asks nothing
  atlas init --yes --set data=embedded --set JIRA_URL=https://acme.example
  atlas init --target kubernetes --image ghcr.io/acme/atlas:1
  atlas init --target nginx --public-url https://api.example.com
  printf 'CONFLUENCE_TOKEN=%s\\n' \"$TOKEN\" | atlas init --yes --set-from -"
)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What to write files for; may be given several times, or with commas (default: compose)
    #[arg(
        long = "target",
        value_name = "TARGET",
        value_enum,
        value_delimiter = ','
    )]
    pub(crate) targets: Vec<Target>,
    /// Address by which clients reach the gateway, such as https://api.example.com
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The built-in image as a cluster pulls it, best with its digest
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Set a variable of .env (upper case) or a key of atlas.yaml (lower case)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Read KEY=VALUE lines from a file, or from standard input with `-`
    #[arg(long, value_name = "FILE")]
    pub(crate) set_from: Option<PathBuf>,
    /// Overwrite files that atlas did not generate
    #[arg(long)]
    pub(crate) force: bool,
}

/// What files are written for. The order is that of the help, and of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Target {
    /// The engine of a machine: compose.yaml
    Compose,
    /// A cluster: a folder for `kubectl apply -k`
    Kubernetes,
    /// A cluster: a chart for `helm install`
    Helm,
    /// A machine with nginx before its gateway
    Nginx,
}

/// `atlas render`
#[derive(Debug, Args)]
#[command(
    after_help = "The same input gives the same bytes: what is rendered can be committed and checked in CI.

Examples:
  atlas render compose            write compose.yaml
  atlas render compose --check    exit 8 if it is out of date
  atlas render nginx --test       write nginx's files if nginx takes them
  atlas render kubernetes         write the folder kubernetes
  atlas render helm               write a chart, the folder helm"
)]
pub(crate) struct Render {
    #[command(subcommand)]
    pub(crate) target: RenderTarget,
}

/// Targets of `atlas render`.
#[derive(Debug, Subcommand)]
pub(crate) enum RenderTarget {
    /// compose.yaml and its secret files
    #[command(
        after_help = "Passwords are not in compose.yaml: it names files in .atlas/secrets, which are written with it.

Examples:
  atlas render compose            write compose.yaml
  atlas render compose -          print it
  atlas render compose --check    exit 8 if it is out of date
  docker compose up -d                      reads what was written"
    )]
    Compose {
        #[command(flatten)]
        selection: Selection,
        /// Write nothing; exit 8 with the difference when a file is out of date
        #[arg(long)]
        check: bool,
        /// Overwrite a compose.yaml that atlas did not generate
        #[arg(long)]
        force: bool,
    },
    /// A Helm chart of the objects that `kubernetes` writes
    #[command(
        mut_arg("output", |argument| argument.default_value("helm")),
        mut_arg("secrets", |argument| argument.help(
            "Who makes the Secrets by default: external (External Secrets), existing (you), or values (written into values-secrets.yaml)"
        )),
        mut_arg("ingress", |argument| argument.help("Lead to the gateway by a plain Ingress by default")),
        mut_arg("sealed_with", |argument| argument.hide(true)),
        after_help = "Writes a chart for Helm 3 and 4. Without a values file of yours it renders the objects of the overlay `production`, \
with values-dev.yaml those of `dev`. What you set belongs in a values file of your own: a file that was edited since is not overwritten \
without --force. No secret stands in a file unless --secrets values asks for it.

Examples:
  atlas render helm               write the folder helm
  atlas render helm --profile all --check      exit 8 if it is old
  atlas render helm --image ghcr.io/acme/atlas:1
  helm install atlas helm -n atlas --create-namespace -f mine.yaml"
    )]
    Helm(Kubernetes),
    /// A Kustomize base with overlays and components
    Kubernetes(Kubernetes),
    /// nginx before the gateway: TLS, limits, streams
    Nginx(RenderNginx),
}

/// `atlas render nginx`
#[derive(Debug, Args)]
#[command(
    after_help = "Its name is the host of public-url; `nginx:` of atlas.yaml sets the rest. nginx/nginx.conf is the whole configuration, \
nginx/atlas.conf what another nginx can include; with `runs: compose`, nginx/compose.yaml adds the container.

Examples:
  atlas render nginx -            print it
  atlas render nginx --test       write it if nginx accepts it
  atlas render nginx --diff       show what would change
  sudo nginx -c \"$PWD/nginx/nginx.conf\"       runs what was written"
)]
pub(crate) struct RenderNginx {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Write nothing; exit 8 with the difference when a file is out of date
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; show what would change
    #[arg(long, conflicts_with = "check")]
    pub(crate) diff: bool,
    /// Have nginx test the whole configuration first; write nothing that it refuses
    #[arg(long)]
    pub(crate) test: bool,
    /// Overwrite files that atlas did not generate
    #[arg(long)]
    pub(crate) force: bool,
}

/// `atlas render kubernetes` and `atlas render helm`
#[derive(Debug, Args)]
#[command(
    after_help = "Writes a Kustomize base, components and the overlays `dev` and `production`. A change of your own belongs in an \
overlay of your own, beside them: a file that was edited since is not overwritten without --force. No secret stands in a \
file unless --secrets values asks for it; --sealed-with writes what only the cluster can read, safe to commit. \
`kubernetes:` of atlas.yaml sets the same.

Examples:
  atlas render kubernetes         write the folder kubernetes
  atlas render kubernetes --profile all --check      exit 8 if it is old
  atlas render kubernetes --image ghcr.io/acme/atlas:1
  kubeseal --fetch-cert > sealing.pem
  atlas render kubernetes --sealed-with sealing.pem
  kubectl apply --server-side -k kubernetes/overlays/production"
)]
pub(crate) struct Kubernetes {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Folder to write, in the project directory
    #[arg(long, value_name = "DIR", default_value = "kubernetes")]
    pub(crate) output: PathBuf,
    /// The built-in image as the cluster pulls it, best with its digest
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Who makes the Secrets: external (External Secrets, the default), existing (you), or values (written out)
    #[arg(long, value_name = "WHO", value_parser = ["external", "existing", "values"])]
    pub(crate) secrets: Option<String>,
    /// Seal the Secrets for the Sealed Secrets controller with this certificate
    #[arg(long, value_name = "CERT.pem", conflicts_with = "secrets")]
    pub(crate) sealed_with: Option<PathBuf>,
    /// Lead to the gateway by a plain Ingress instead of the Gateway API
    #[arg(long)]
    pub(crate) ingress: bool,
    /// Write nothing; exit 8 with the difference when a file is out of date
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; show the difference
    #[arg(long, conflicts_with = "check")]
    pub(crate) diff: bool,
    /// Overwrite files that atlas did not generate or that were edited since
    #[arg(long)]
    pub(crate) force: bool,
}

/// `atlas completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, required_unless_present = "write")]
    pub(crate) shell: Option<clap_complete::Shell>,
    /// Write scripts for all shells into a folder, and man pages into `man` in it
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    pub(crate) write: Option<PathBuf>,
}
