//! The template of one service: where its objects have values. Owns what an operator may set of a service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::template::{Actions, END, start};
use super::values::Values;
use super::{Outline, network};
use crate::model::{EnvValue, Image, Service};
use crate::targets::kubernetes::Object;

/// Where a pod of a workload is described.
const POD: &str = "/spec/template/spec";

/// The only container.
const CONTAINER: &str = "/spec/template/spec/containers/0";

/// The template of a service, and its defaults.
pub(super) fn template(
    outline: &Outline<'_>,
    service: &Service,
    objects: Vec<Object>,
    values: &mut Values,
) -> String {
    let has_secret = objects.iter().any(|object| object.component == "secrets");
    let mut text = header(outline, service, has_secret);
    let name = service.name.as_str();
    let path = ["services", name];
    if outline.is_optional(name) {
        values.set(&[&path[..], &["enabled"]].concat(), true.into());
        text += &start("$service.enabled");
        text.push('\n');
    }
    let mut place = Place {
        outline,
        service,
        values,
    };
    for Object { mut value, .. } in objects {
        let mut actions = Actions::of(&mut value);
        let condition = place.mark(&mut value, &mut actions);
        if let Some(condition) = &condition {
            text += &start(condition);
            text.push('\n');
        }
        actions.write(&value, &mut text);
        if condition.is_some() {
            text += END;
            text.push('\n');
        }
    }
    if outline.is_optional(name) {
        text += END;
        text.push('\n');
    }
    text
}

/// What the objects of a service share: its values, its variables without addresses of services that are not there.
fn header(outline: &Outline<'_>, service: &Service, has_secret: bool) -> String {
    let name = service.name.as_str();
    let mut text = format!("{{{{- $service := {} }}}}\n", outline.values_of(name));
    text += "{{- $environment := $service.env }}\n";
    for (variable, other) in links(outline, service) {
        let there = outline.is_there(other);
        text += &format!(
            "{{{{- if not {there} }}}}{{{{ $environment = omit $environment {} }}}}{{{{ end }}}}\n",
            Value::from(variable)
        );
    }
    if has_secret {
        text += &format!("{{{{- $secret := $service.existingSecret | default \"{name}\" }}}}\n");
    }
    text
}

/// Plain variables that hold the address of a service which may be left out.
fn links<'a>(outline: &'a Outline<'_>, service: &'a Service) -> Vec<(&'a str, &'a str)> {
    let known: BTreeMap<String, &str> = { service.depends_on.keys() }
        .map(|other| other.as_str())
        .filter(|other| outline.is_optional(other))
        .filter_map(|other| {
            let port = outline.service(other)?.port;
            Some((format!("{other}:{port}"), other))
        })
        .collect();
    let address = |text: &str| {
        let (_, rest) = text.split_once("://")?;
        let end = rest.find('/').unwrap_or(rest.len());
        known.get(&rest[..end]).copied()
    };
    let variables = service.environment.iter();
    let plain = variables.filter_map(|(name, value)| match value {
        EnvValue::Plain(text) => Some((name.as_str(), address(text)?)),
        EnvValue::Secret { .. } | EnvValue::Composed { .. } => None,
    });
    plain.collect()
}

/// Whose objects are marked.
struct Place<'p, 'a> {
    outline: &'p Outline<'a>,
    service: &'p Service,
    values: &'p mut Values,
}

impl Place<'_, '_> {
    /// Marks an object; gives the condition under which it is there.
    fn mark(&mut self, object: &mut Value, actions: &mut Actions) -> Option<String> {
        object["metadata"]["namespace"] = actions.scalar("$.Release.Namespace | quote");
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let own = object["metadata"]["name"] == self.service.name.as_str();
        match kind.as_str() {
            "ConfigMap" if own => Some(self.configuration(object, actions)),
            "Deployment" | "StatefulSet" => {
                self.workload(object, actions);
                None
            }
            "HorizontalPodAutoscaler" => Some(self.autoscaler(object, actions)),
            "NetworkPolicy" => {
                network::policy(self.outline, self.service, object, actions);
                Some("$.Values.networkPolicies.enabled".to_owned())
            }
            "ExternalSecret" => Some(self.external_secret(object, actions)),
            "Secret" => Some(secret(object, actions)),
            _ => None,
        }
    }

    /// Sets or takes the default of a value of this service.
    fn set(&mut self, path: &[&str], default: Value) {
        let own = ["services", self.service.name.as_str()];
        self.values.set(&[&own[..], path].concat(), default);
    }

    fn take(&mut self, object: &mut Value, pointer: &str, path: &[&str], actions: &mut Actions) {
        let pipeline = format!("int $service.{}", path.join("."));
        let own = ["services", self.service.name.as_str()];
        let path = [&own[..], path].concat();
        self.values.take(object, pointer, &path, actions, &pipeline);
    }

    fn configuration(&mut self, object: &mut Value, actions: &mut Actions) -> String {
        // As it is: what looks like an action is a value, no template.
        let mut data = json!({});
        for (name, value) in &self.service.environment {
            if let EnvValue::Plain(text) = value {
                data[name] = text.as_str().into();
            }
        }
        self.set(&["env"], data);
        let lines = "data: {{- toYaml $environment | nindent +2 }}";
        actions.replace(object, "data", lines);
        "$environment".to_owned()
    }

    fn workload(&mut self, object: &mut Value, actions: &mut Actions) {
        if object["spec"].get("replicas").is_some() {
            self.take(object, "/spec/replicas", &["replicas"], actions);
        } else {
            let lines = "{{- if not $service.autoscaling.enabled }}\nreplicas: {{ int $service.replicas }}\n{{- end }}";
            actions.append(&mut object["spec"], lines);
        }
        actions.replace(
            &mut object["spec"]["template"]["metadata"],
            "annotations",
            "{{- with include \"atlas.annotations\" (list $ $service $environment) }}\nannotations: {{- . | nindent +2 }}\n{{- end }}",
        );
        actions.append(
            &mut object["spec"]["template"]["metadata"]["labels"],
            "{{- with $.Values.podLabels }}\n{{- toYaml . | nindent +0 }}\n{{- end }}",
        );
        if let Some(pod) = object.pointer_mut(POD) {
            for lines in POD_LINES {
                actions.append(pod, lines);
            }
            let volumes = pod["volumes"].as_array_mut().into_iter().flatten();
            for volume in volumes.filter(|volume| volume["name"] == "secrets") {
                volume["secret"]["secretName"] = actions.scalar("$secret | quote");
            }
        }
        if let Some(container) = object.pointer_mut(CONTAINER) {
            self.container(container, actions);
        }
        self.claims(object, actions);
    }

    fn container(&mut self, container: &mut Value, actions: &mut Actions) {
        let image = container["image"].as_str().unwrap_or_default().to_owned();
        let (own, path): (&str, &[&str]) = match self.service.image {
            Image::Builtin(_) => ("$.Values.image", &["image"]),
            Image::Reference(_) | Image::Build(..) => (
                "$service.image",
                &["services", self.service.name.as_str(), "image"],
            ),
        };
        let mut parts = split(&image);
        parts["pullPolicy"] = container["imagePullPolicy"].take();
        self.values.set(path, parts);
        container["image"] =
            actions.scalar(format!("include \"atlas.image\" (list $ {own}) | quote"));
        container["imagePullPolicy"] = actions.scalar(format!("{own}.pullPolicy"));
        let resources = container["resources"].take();
        self.set(&["resources"], resources);
        let lines = "resources: {{- toYaml $service.resources | nindent +2 }}";
        actions.replace(container, "resources", lines);
        let name = self.service.name.as_str();
        let lines = format!(
            "{{{{- if $environment }}}}\nenvFrom:\n  - configMapRef:\n      name: {name}\n{{{{- end }}}}"
        );
        actions.replace(container, "envFrom", &lines);
        if container.get("env").is_none() {
            let lines =
                "{{- with $service.extraEnv }}\nenv: {{- toYaml . | nindent +2 }}\n{{- end }}";
            return actions.append(container, lines);
        }
        for variable in container["env"].as_array_mut().into_iter().flatten() {
            if let Some(name) = variable.pointer_mut("/valueFrom/secretKeyRef/name") {
                *name = actions.scalar("$secret | quote");
            }
        }
        let lines = "{{- with $service.extraEnv }}\n{{- toYaml . | nindent +0 }}\n{{- end }}";
        actions.push(&mut container["env"], lines);
    }

    /// Volumes keep their sizes by name.
    fn claims(&mut self, object: &mut Value, actions: &mut Actions) {
        let Some(claims) = object.pointer_mut("/spec/volumeClaimTemplates") else {
            return;
        };
        for claim in claims.as_array_mut().into_iter().flatten() {
            let Some(name) = claim["metadata"]["name"].as_str().map(str::to_owned) else {
                continue;
            };
            let own = format!("(index $service.volumes \"{name}\")");
            let path = ["services", self.service.name.as_str(), "volumes", &name];
            let size = [&path[..], &["size"]].concat();
            let pointer = "/spec/resources/requests/storage";
            let pipeline = format!("{own}.size | quote");
            self.values.take(claim, pointer, &size, actions, &pipeline);
            let lines = format!(
                "{{{{- with {own}.storageClass | default $.Values.storageClass }}}}\nstorageClassName: {{{{ . | quote }}}}\n{{{{- end }}}}"
            );
            actions.append(&mut claim["spec"], &lines);
            self.values.set(&["storageClass"], "".into());
        }
    }

    fn autoscaler(&mut self, object: &mut Value, actions: &mut Actions) -> String {
        // What an autoscaler would begin with.
        self.set(&["replicas"], object["spec"]["minReplicas"].clone());
        self.set(&["autoscaling", "enabled"], true.into());
        let target = "/spec/metrics/0/resource/target/averageUtilization";
        for (pointer, name) in [
            ("/spec/minReplicas", "minReplicas"),
            ("/spec/maxReplicas", "maxReplicas"),
            (target, "targetCPUUtilizationPercentage"),
        ] {
            self.take(object, pointer, &["autoscaling", name], actions);
        }
        "$service.autoscaling.enabled".to_owned()
    }

    fn external_secret(&mut self, object: &mut Value, actions: &mut Actions) -> String {
        let mut take = |pointer: &str, key: &[&str]| {
            let path = [&["secrets", "external"], key].concat();
            let pipeline = format!("$.Values.{} | quote", path.join("."));
            let values = &mut *self.values;
            values.take(object, pointer, &path, actions, &pipeline);
        };
        take("/spec/refreshInterval", &["refreshInterval"]);
        take("/spec/secretStoreRef/kind", &["store", "kind"]);
        take("/spec/secretStoreRef/name", &["store", "name"]);
        let mut number = 0;
        while object_has(object, number) {
            let path = ["secrets", "external", "entry"];
            let pointer = format!("/spec/data/{number}/remoteRef/key");
            let pipeline = "$.Values.secrets.external.entry | quote";
            self.values.take(object, &pointer, &path, actions, pipeline);
            number += 1;
        }
        "and (eq $.Values.secrets.source \"external\") (not $service.existingSecret)".to_owned()
    }
}

fn object_has(object: &Value, number: usize) -> bool {
    object["spec"]["data"].get(number).is_some()
}

/// A Secret has no value in a chart: an operator gives it.
fn secret(object: &mut Value, actions: &mut Actions) -> String {
    for (key, value) in object["stringData"].as_object_mut().into_iter().flatten() {
        let key = Value::from(key.as_str());
        *value = actions.scalar(format!(
            "required (printf \"secrets.values.%s is not set\" {key}) (index $.Values.secrets.values {key}) | quote"
        ));
    }
    "and (eq $.Values.secrets.source \"values\") (not $service.existingSecret)".to_owned()
}

/// What a pod may have and has not by default.
const POD_LINES: [&str; 4] = [
    "{{- with $.Values.imagePullSecrets }}\nimagePullSecrets: {{- toYaml . | nindent +2 }}\n{{- end }}",
    "{{- with $service.priorityClassName | default $.Values.priorityClassName }}\npriorityClassName: {{ . | quote }}\n{{- end }}",
    "{{- with $service.nodeSelector | default $.Values.nodeSelector }}\nnodeSelector: {{- toYaml . | nindent +2 }}\n{{- end }}",
    "{{- with $service.tolerations | default $.Values.tolerations }}\ntolerations: {{- toYaml . | nindent +2 }}\n{{- end }}",
];

/// An image's reference in parts that give the same reference together.
pub(super) fn split(reference: &str) -> Value {
    let (rest, digest) = reference.split_once('@').unwrap_or((reference, ""));
    let name = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (path, tag) = match rest[name..].find(':') {
        Some(colon) => (&rest[..name + colon], &rest[name + colon + 1..]),
        None => (rest, ""),
    };
    let (registry, repository) = match path.split_once('/') {
        Some((host, repository)) if host.contains(['.', ':']) || host == "localhost" => {
            (host, repository)
        }
        _ => ("", path),
    };
    json!({"registry": registry, "repository": repository, "tag": tag, "digest": digest})
}
