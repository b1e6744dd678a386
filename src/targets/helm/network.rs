//! Objects that speak of several services: policies, routes, what Prometheus scrapes. Owns what of them goes when a service is
//! left out, and what of the way in an operator may set.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Outline;
use super::template::{Actions, END, start};
use super::values::Values;
use crate::model::{Kind, Service};
use crate::targets::kubernetes::Object;

/// The label that names a service, in a peer.
const PEER: &str = "/podSelector/matchLabels/app.kubernetes.io~1name";

/// Who scrapes, in a policy.
const SCRAPER: &str =
    "/spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name";

/// Marks the peers of a service's policy.
pub(super) fn policy(
    outline: &Outline<'_>,
    service: &Service,
    object: &mut Value,
    actions: &mut Actions,
) {
    let optional = |peer: &Value| -> Option<String> {
        let name = peer.pointer(PEER)?.as_str()?;
        let other = outline.is_optional(name) && name != service.name.as_str();
        other.then(|| name.to_owned())
    };
    let there = |peer: &Value| optional(peer).map(|name| outline.is_there(&name));
    if let Some(rule) = object.pointer_mut("/spec/ingress/0") {
        let peers: Vec<Option<String>> = { rule["from"].as_array().into_iter().flatten() }
            .map(there)
            .collect();
        actions.items_if(&mut rule["from"], there);
        // A rule without peers would let in everybody.
        let all: Option<Vec<String>> = peers.into_iter().collect();
        if let Some(conditions) = all {
            let any = format!("or {}", conditions.join(" "));
            actions.only_if(&mut object["spec"], "ingress", &any);
        }
    }
    let Some(rules) = object.pointer_mut("/spec/egress") else {
        return;
    };
    let of_rule = |rule: &Value| optional(rule.pointer("/to/0")?);
    let elsewhere: Vec<(String, Value)> = { rules.as_array().into_iter().flatten() }
        .filter_map(|rule| {
            let name = of_rule(rule)?;
            let store = outline.service(&name)?.kind == Kind::Store;
            store.then(|| (name, json!({"ports": rule["ports"]})))
        })
        .collect();
    actions.items_if(rules, |rule| {
        of_rule(rule).map(|name| outline.is_there(&name))
    });
    for (name, rule) in elsewhere {
        let away = format!("not {}", outline.is_there(&name));
        actions.push_if(rules, rule, &away);
    }
}

/// The templates of what belongs to no service, by the names of their files.
pub(super) fn shared(
    outline: &Outline<'_>,
    objects: Vec<Object>,
    values: &mut Values,
) -> BTreeMap<&'static str, String> {
    let mut files: BTreeMap<&'static str, String> = BTreeMap::new();
    for Object {
        component,
        mut value,
    } in objects
    {
        let is_policy = value["kind"] == "NetworkPolicy";
        // Both routes have the same one.
        if is_policy && component == "ingress" {
            continue;
        }
        let mut actions = Actions::of(&mut value);
        match value["kind"].as_str().unwrap_or_default() {
            "Namespace" => {
                value["metadata"]["name"] = actions.scalar("$.Release.Namespace | quote");
                values.set(&["namespace", "create"], false.into());
            }
            _ => value["metadata"]["namespace"] = actions.scalar("$.Release.Namespace | quote"),
        }
        let any = mark(outline, &mut value, values, &mut actions).unwrap_or_default();
        let file = match (component, is_policy) {
            (_, true) => "network-policies",
            ("", _) => "namespace",
            _ => component,
        };
        let text = files.entry(file).or_default();
        let condition = condition(component, is_policy);
        *text += &format!("{}\n", start(&format!("and {condition}{any}")));
        actions.write(&value, text);
        *text += &format!("{END}\n");
    }
    files
}

/// What must be so for an object to be there.
fn condition(component: &str, is_policy: bool) -> String {
    let policies = "$.Values.networkPolicies.enabled";
    let route = |kind: &str| format!("$.Values.host (eq $.Values.route.type \"{kind}\")");
    match (component, is_policy) {
        ("monitoring", false) => "$.Values.monitoring.enabled".to_owned(),
        ("monitoring", true) => format!("$.Values.monitoring.enabled {policies}"),
        ("gateway-api", true) => {
            format!("$.Values.host (ne $.Values.route.type \"none\") {policies}")
        }
        ("gateway-api" | "ingress", _) => route(component),
        (_, true) => policies.to_owned(),
        _ => "$.Values.namespace.create".to_owned(),
    }
}

/// Marks an object by its kind; gives a further condition.
fn mark(
    outline: &Outline<'_>,
    object: &mut Value,
    values: &mut Values,
    actions: &mut Actions,
) -> Option<String> {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let mut take = |pointer: &str, path: &[&str]| {
        let pipeline = format!("$.Values.{} | quote", path.join("."));
        values.take(object, pointer, path, actions, &pipeline);
    };
    match kind.as_str() {
        "Gateway" => {
            take("/spec/listeners/0/hostname", &["host"]);
            take("/spec/listeners/1/hostname", &["host"]);
            take("/spec/gatewayClassName", &["route", "gatewayClassName"]);
            let secret = "/spec/listeners/1/tls/certificateRefs/0/name";
            take(secret, &["route", "tlsSecret"]);
            issuer(object, values, actions);
        }
        "HTTPRoute" => take("/spec/hostnames/0", &["host"]),
        "Ingress" => {
            take("/spec/rules/0/host", &["host"]);
            take("/spec/tls/0/hosts/0", &["host"]);
            take("/spec/tls/0/secretName", &["route", "tlsSecret"]);
            issuer(object, values, actions);
            values.set(&["route", "ingressClassName"], "".into());
            let lines = "{{- with $.Values.route.ingressClassName }}\ningressClassName: {{ . | quote }}\n{{- end }}";
            actions.append(&mut object["spec"], lines);
        }
        "ServiceMonitor" => {
            take("/spec/endpoints/0/interval", &["monitoring", "interval"]);
            values.set(&["monitoring", "enabled"], true.into());
            return scraped(outline, object, "/spec/selector", actions);
        }
        "NetworkPolicy" => {
            take(SCRAPER, &["monitoring", "namespace"]);
            return scraped(outline, object, "/spec/podSelector", actions);
        }
        _ => {}
    }
    None
}

/// The annotations of what has a certificate.
fn issuer(object: &mut Value, values: &mut Values, actions: &mut Actions) {
    let key = "cert-manager.io/cluster-issuer";
    let default = object["metadata"]["annotations"][key].take();
    values.set(&["route", "issuer"], default);
    values.set(&["route", "annotations"], json!({}));
    let lines = "{{- with include \"atlas.certificate\" $ }}\nannotations: {{- . | nindent +2 }}\n{{- end }}";
    actions.replace(&mut object["metadata"], "annotations", lines);
}

/// Leaves out the names of services that are not there; gives the condition that any is.
fn scraped(
    outline: &Outline<'_>,
    object: &mut Value,
    selector: &str,
    actions: &mut Actions,
) -> Option<String> {
    let names = object.pointer_mut(&format!("{selector}/matchExpressions/0/values"))?;
    let there = |name: &Value| {
        let name = name.as_str().filter(|name| outline.is_optional(name))?;
        Some(outline.is_there(name))
    };
    let all: Option<Vec<String>> = names.as_array()?.iter().map(there).collect();
    actions.items_if(names, there);
    all.map(|conditions| format!(" (or {})", conditions.join(" ")))
}
