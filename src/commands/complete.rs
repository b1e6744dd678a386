//! Completions: names of services and profiles from the project at hand, and the scripts that shells load.

use std::ffi::OsStr;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::CompletionCandidate;
use clap_complete::env::Shells;

use crate::app::App;
use crate::checks::{self, checklist};
use crate::cli::{self, Cli};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::{self, Environment, Files, Inputs};
use crate::model::{EDGE, Place};
use crate::resolve;

/// Services of the catalogue and of the project.
pub(crate) fn services(current: &OsStr) -> Vec<CompletionCandidate> {
    let inputs = here();
    let entries = inputs.catalogue.entries();
    let named = entries.map(|entry| (entry.name.to_string(), entry.description.clone()));
    let runs = inputs.project.nginx.runs.as_ref();
    let inside = runs.is_some_and(|runs| runs.value == Place::Container);
    let nginx = inside.then(|| (EDGE.to_owned(), "The way in from the internet".to_owned()));
    candidates(current, named.chain(nginx))
}

/// The same with the `=` of `atlas scale SERVICE=N`.
pub(crate) fn scaled(current: &OsStr) -> Vec<CompletionCandidate> {
    let inputs = here();
    let entries = inputs.catalogue.entries().filter(|entry| entry.scalable);
    let named = entries.map(|entry| (format!("{}=", entry.name), entry.description.clone()));
    candidates(current, named)
}

/// Built-in profiles and those of atlas.yaml.
pub(crate) fn profiles(current: &OsStr) -> Vec<CompletionCandidate> {
    let inputs = here();
    let profiles = resolve::profiles(&inputs.catalogue, &inputs.project);
    let named = profiles.into_iter().map(|(name, members)| {
        let members: Vec<String> = members.iter().map(ToString::to_string).collect();
        (name.to_owned(), members.join(", "))
    });
    candidates(current, named)
}

/// Ids and areas of checks.
pub(crate) fn checks(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut areas: Vec<&str> = checks::rules().map(|rule| rule.area()).collect();
    areas.dedup();
    let areas = areas.into_iter().map(|area| {
        let title = format!("all of {area}");
        (area.to_ascii_lowercase(), title)
    });
    let rules = checks::rules().map(|rule| (rule.id.to_owned(), rule.title.to_owned()));
    candidates(current, areas.chain(rules))
}

/// Items of the checklist that a person answers.
pub(crate) fn questions(current: &OsStr) -> Vec<CompletionCandidate> {
    let own = here().project.checklist;
    let asked =
        checklist::keys(&own).filter_map(|key| Some((key, checklist::question(&own, key)?.0)));
    candidates(
        current,
        asked.map(|(key, text)| (key.to_owned(), text.to_owned())),
    )
}

/// Ids of the backups in the project's folder of them, and `latest`; stores are not asked while somebody types.
pub(crate) fn backups(current: &OsStr) -> Vec<CompletionCandidate> {
    let inputs = here();
    let to = inputs.project.backup.to.map(|to| to.value);
    let folder = to.unwrap_or_else(|| "backups".to_owned());
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let path = Path::new(directory(&words).unwrap_or(".")).join(folder);
    let mut ids: Vec<String> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("manifest.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    ids.sort();
    ids.push("latest".to_owned());
    candidates(current, ids.into_iter().map(|id| (id, String::new())))
}

fn candidates(
    current: &OsStr,
    named: impl Iterator<Item = (String, String)>,
) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    named
        .filter(|(name, _)| name.starts_with(&*typed))
        .map(|(name, help)| CompletionCandidate::new(name).help(Some(help.into())))
        .collect()
}

/// The project of the command line being completed: `-C DIR` if it is there, else the current folder.
fn here() -> Inputs {
    // The completer is handed the current word only; the others stand in the arguments, as the shell's script passed them.
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let directory = directory(&words).unwrap_or(".");
    input::read(Path::new(directory), &Files::default(), &Environment::new())
}

fn directory(words: &[String]) -> Option<&str> {
    let attached = words.iter().find_map(|word| {
        word.strip_prefix("--project-directory=")
            .or_else(|| word.strip_prefix("-C"))
            .filter(|directory| !directory.is_empty())
    });
    let apart = || {
        let mut pairs = words.windows(2);
        pairs.find(|pair| pair[0] == "-C" || pair[0] == "--project-directory")
    };
    attached.or_else(|| apart().map(|pair| pair[1].as_str()))
}

pub(crate) fn write(app: &App, args: &cli::Completions) -> Result<Exit, Error> {
    if let Some(folder) = &args.write {
        write_all(folder).map_err(|cause| {
            Error::failed(format!("failed to write `{}`: {cause}", folder.display()))
        })?;
        return Ok(Exit::Ok);
    }
    if let Some(shell) = args.shell {
        let text = script(&shell.to_string()).map_err(|cause| {
            Error::failed(format!("failed to make the completion script: {cause}"))
        })?;
        app.out(&text);
    }
    Ok(Exit::Ok)
}

/// The script of a shell. It asks atlas itself for candidates, so names are those of the project at hand.
fn script(shell: &str) -> std::io::Result<String> {
    let shells = Shells::builtins();
    let completer = shells
        .completer(shell)
        .ok_or_else(|| std::io::Error::other(format!("unknown shell `{shell}`")))?;
    let mut bytes = Vec::new();
    completer.write_registration("COMPLETE", "atlas", "atlas", "atlas", &mut bytes)?;
    let mut text = String::from_utf8(bytes).map_err(std::io::Error::other)?;
    if shell == "zsh" {
        // Loaded from $fpath, the file is the body of a function; without this the first Tab would only define the completer.
        text.push_str("[[ $funcstack[1] == _atlas ]] && _clap_dynamic_completer_atlas \"$@\"\n");
    }
    Ok(text)
}

/// Scripts and man pages, as the repository's `completions/` holds them.
fn write_all(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (shell, file) in [
        ("bash", "atlas.bash"),
        ("zsh", "_atlas"),
        ("fish", "atlas.fish"),
        ("powershell", "_atlas.ps1"),
        ("elvish", "atlas.elv"),
    ] {
        std::fs::write(folder.join(file), script(shell)?)?;
    }
    let manual = folder.join("man");
    std::fs::create_dir_all(&manual)?;
    clap_mangen::generate_to(Cli::command(), manual)
}
