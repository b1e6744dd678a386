//! Host ports: no two services may want the same one. Owns that rule; whether a port is free on a host is a check's matter.

use std::collections::BTreeMap;

use super::Scope;
use crate::diagnostic::{Diagnostic, Position};
use crate::model::{Service, ServiceName};

impl Scope<'_> {
    pub(super) fn check_ports(&mut self, services: &BTreeMap<ServiceName, Service>) {
        let mut taken: BTreeMap<u16, Vec<&Service>> = BTreeMap::new();
        for service in services.values() {
            let Some(publish) = service.publish else {
                continue;
            };
            let before = taken.entry(publish.port.get()).or_default();
            let clash = before.iter().find(|other| {
                other.publish.is_some_and(|other| {
                    other.address == publish.address
                        || other.address.is_unspecified()
                        || publish.address.is_unspecified()
                })
            });
            if let Some(other) = clash {
                let problem = Diagnostic::error(format!(
                    "port {} is already published by `{}`",
                    publish.port, other.name
                ));
                let hint = format!("choose another `services.{}.port`", service.name);
                let problem = problem
                    .key(format!("services.{}.port", service.name))
                    .hint(hint);
                let position = self.port_position(service);
                self.in_project(problem, position);
            }
            before.push(service);
        }
    }

    fn port_position(&self, service: &Service) -> Position {
        let overrides = self.inputs.project.services.get(service.name.as_str());
        overrides.map_or(Position::default(), |overrides| {
            let port = overrides.value.port.as_ref().map(|port| port.position);
            port.unwrap_or(overrides.position)
        })
    }
}
