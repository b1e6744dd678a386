//! The `images` part of a catalogue file. Owns the conventions that let a file leave most of it out.

use std::path::PathBuf;

use super::entry::{Entry, ImageSpec, Images};
use super::reader::{flag, optional_text, path, words};
use crate::input::fields::{Fields, Reader};
use crate::input::form;
use crate::model::{Kind, Probe};

const KEYS: &[&str] = &[
    "image",
    "context",
    "dockerfile",
    "command",
    "secret_files",
    "healthcheck",
    "user",
];
/// The user that the builtin image is made for; it owns `/data` there.
const BUILTIN_USER: &str = "10001:10001";

/// Reads the part; a source that is not listed has no image of this service.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, entry: &Entry) -> Images {
    let mut images = Images::default();
    let Some((node, at)) = fields.get("images") else {
        reader.refuse(fields.position, "images", "is missing");
        return images;
    };
    let Some(sources) = reader.fields(node, &at, &["builtin", "registry", "build", "any"]) else {
        return images;
    };
    images.builtin = spec(reader, &sources, "builtin", builtin(entry));
    images.registry = spec(reader, &sources, "registry", registry(entry));
    images.build = spec(reader, &sources, "build", build(entry));
    images.any = spec(reader, &sources, "any", ImageSpec::default());
    images
}

fn spec(
    reader: &mut Reader<'_>,
    sources: &Fields<'_>,
    key: &str,
    usual: ImageSpec,
) -> Option<ImageSpec> {
    let (node, at) = sources.get(key)?;
    let fields = reader.fields(node, &at, KEYS)?;
    let spec = ImageSpec {
        image: optional_text(reader, &fields, "image").or(usual.image),
        context: path(reader, &fields, "context").or(usual.context),
        dockerfile: path(reader, &fields, "dockerfile").or(usual.dockerfile),
        command: words(reader, &fields, "command").or(usual.command),
        secret_files: flag(reader, &fields, "secret_files", usual.secret_files),
        healthcheck: words(reader, &fields, "healthcheck").or(usual.healthcheck),
        user: optional_text(reader, &fields, "user").or(usual.user),
    };
    let reference = spec.image.as_deref().filter(|image| !image.contains('{'));
    if reference.is_some_and(|image| form::image(image).is_none()) {
        let message = "expected an image reference such as `ghcr.io/acme/wiki:1.2`";
        reader.refuse(fields.position, &fields.path("image"), message);
    }
    if key == "any" && spec.image.is_none() {
        reader.refuse(fields.position, &fields.path("image"), "is missing");
    }
    Some(spec)
}

fn builtin(entry: &Entry) -> ImageSpec {
    ImageSpec {
        command: Some(vec!["serve".to_owned(), entry.name.to_string()]),
        secret_files: true,
        healthcheck: address(entry)
            .map(|url| ["CMD", "/atlas", "probe", &url].map(str::to_owned).to_vec()),
        user: Some(BUILTIN_USER.to_owned()),
        ..ImageSpec::default()
    }
}

fn registry(entry: &Entry) -> ImageSpec {
    ImageSpec {
        image: Some(format!("{{registry}}/atlas-{}:{{tag}}", entry.name)),
        healthcheck: python(entry),
        ..ImageSpec::default()
    }
}

fn build(entry: &Entry) -> ImageSpec {
    let folder = match entry.kind {
        Kind::Integration => PathBuf::from("services/integrations"),
        Kind::Gateway | Kind::Orchestrator | Kind::Store | Kind::Edge => PathBuf::from("services"),
    };
    ImageSpec {
        context: Some(folder.join(entry.name.as_str())),
        dockerfile: Some(PathBuf::from("Dockerfile")),
        healthcheck: python(entry),
        ..ImageSpec::default()
    }
}

/// The upstream images are Python ones without curl or wget.
fn python(entry: &Entry) -> Option<Vec<String>> {
    let url = address(entry)?;
    let program = format!("import urllib.request as r; r.urlopen('{url}', timeout=4)");
    Some(vec![
        "CMD".to_owned(),
        "python".to_owned(),
        "-c".to_owned(),
        program,
    ])
}

/// `127.0.0.1` rather than `localhost`, which is `::1` first in many images.
fn address(entry: &Entry) -> Option<String> {
    match &entry.probe {
        Probe::Http { path } => Some(format!("http://127.0.0.1:{}{path}", entry.port)),
        Probe::Tcp { .. } | Probe::Command(_) => None,
    }
}
