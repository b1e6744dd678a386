//! Host ports: no two services may want the same one. Owns that rule; whether a port is free on a host is a check's matter.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Scope;
use crate::diagnostic::{Diagnostic, Position};
use crate::model::{Kind, Port, Service, ServiceName};

impl Scope<'_> {
    pub(super) fn check_ports(&mut self, services: &BTreeMap<ServiceName, Service>) {
        let mut taken: BTreeMap<u16, Vec<(&Service, IpAddr)>> = BTreeMap::new();
        for service in services.values() {
            for opening in service.openings().filter(|opening| !opening.udp) {
                let publish = opening.publish;
                let before = taken.entry(publish.port.get()).or_default();
                let clash = before.iter().find(|(other, address)| {
                    let same = *address == publish.address
                        || address.is_unspecified()
                        || publish.address.is_unspecified();
                    other.name != service.name && same
                });
                if let Some((other, _)) = clash {
                    self.clash(service, publish.port, other);
                }
                before.push((service, publish.address));
            }
        }
    }

    fn clash(&mut self, service: &Service, port: Port, other: &Service) {
        let message = format!("port {port} is already published by `{}`", other.name);
        // nginx comes last, so that its settings are the ones to be changed.
        let (key, position) = match service.kind {
            Kind::Edge => {
                let runs = self.inputs.project.nginx.runs.as_ref();
                (
                    "nginx".to_owned(),
                    runs.map(|runs| runs.position).unwrap_or_default(),
                )
            }
            _ => (
                format!("services.{}.port", service.name),
                self.port_position(service),
            ),
        };
        let hint = match service.kind {
            Kind::Edge => "choose another `nginx.http` or `nginx.https`".to_owned(),
            _ => format!("choose another `{key}`"),
        };
        self.in_project(Diagnostic::error(message).key(key).hint(hint), position);
    }

    fn port_position(&self, service: &Service) -> Position {
        let overrides = self.inputs.project.services.get(service.name.as_str());
        overrides.map_or(Position::default(), |overrides| {
            let port = overrides.value.port.as_ref().map(|port| port.position);
            port.unwrap_or(overrides.position)
        })
    }
}
