//! What the files are for, and what each target has to be told.

use clap::ValueEnum as _;

use super::super::settings::Settings;
use super::line;
use crate::app::App;
use crate::cli::Target;
use crate::error::Error;
use crate::input::Inputs;
use crate::model::PublicUrl;

/// One of the targets; compose is what Enter alone takes.
pub(super) fn ask(app: &App, settings: &mut Settings) -> Result<(), Error> {
    let about = |target: &Target| {
        let value = target.to_possible_value()?;
        let help = value.get_help().map(ToString::to_string);
        Some(line(value.get_name(), 10, &help.unwrap_or_default()))
    };
    let targets = Target::value_variants();
    let lines: Vec<String> = targets.iter().filter_map(about).collect();
    let chosen = app.prompt.select("Where shall it run?", &lines, 0)?;
    settings.targets.extend(targets.get(chosen));
    Ok(())
}

/// What the chosen ones need and nobody said; only nginx cannot do without.
pub(super) fn ask_for(app: &App, inputs: &Inputs, settings: &mut Settings) -> Result<(), Error> {
    let is_for = |settings: &Settings, target| settings.targets.contains(&target);
    let nginx = is_for(settings, Target::Nginx);
    let cluster = is_for(settings, Target::Kubernetes) || is_for(settings, Target::Helm);
    let known = inputs.project.public_url.is_some() || settings.keys.contains_key("public-url");
    if (nginx || cluster) && !known {
        ask_address(app, settings, nginx)?;
    }
    let source = settings.keys.get("images").map(String::as_str);
    let known = inputs.project.kubernetes.image.is_some();
    if cluster
        && !known
        && source.is_none_or(|source| source == "builtin")
        && !settings.keys.contains_key("kubernetes")
    {
        ask_image(app, inputs, settings)?;
    }
    Ok(())
}

fn ask_address(app: &App, settings: &mut Settings, needed: bool) -> Result<(), Error> {
    app.say("  The address by which clients reach the gateway, such as https://api.example.com");
    loop {
        let answer = app.prompt.text("public-url", "")?;
        let answer = answer.trim();
        match answer.parse::<PublicUrl>() {
            Ok(_) => {
                let key = "public-url".to_owned();
                settings.keys.insert(key, answer.to_owned());
                return Ok(());
            }
            Err(_) if answer.is_empty() && !needed => {
                app.say("  left for later: public-url");
                return Ok(());
            }
            Err(_) if answer.is_empty() => app.say("  nginx needs the name of its site"),
            Err(error) => app.say(&format!("  it is {error}; try again")),
        }
    }
}

fn ask_image(app: &App, inputs: &Inputs, settings: &mut Settings) -> Result<(), Error> {
    app.say(
        "  The built-in image as the cluster pulls it, such as ghcr.io/acme/atlas:1; push it there",
    );
    loop {
        let answer = app.prompt.text("image", "")?;
        let answer = answer.trim();
        if answer.is_empty() {
            app.say("  left for later: kubernetes.image");
            return Ok(());
        }
        match settings.set_image(answer, inputs) {
            Ok(()) => return Ok(()),
            Err(problem) => app.say(&format!("  {}; try again", problem.message)),
        }
    }
}
