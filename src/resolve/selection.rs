//! Which services run: a profile or named services, and what they depend on. Owns unknown names and dependency circles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scope, settings::Settings};
use crate::diagnostic::{At, Diagnostic, Position, enumerate};
use crate::input::catalogue::{Dependency, Entry};
use crate::input::{Catalogue, Project};
use crate::model::{Condition, DataMode, EDGE, Kind, ServiceName};

/// What runs when nothing was chosen.
pub const DEFAULT_PROFILE: &str = "atlassian";
/// The profile of the gateway alone, which keeps its data itself.
pub(super) const MINIMAL: &str = "minimal";

/// The services that were selected, with the dependencies that hold among them.
#[derive(Default)]
pub(super) struct Selection<'i> {
    pub(super) entries: BTreeMap<&'i ServiceName, &'i Entry>,
    pub(super) depends_on: BTreeMap<&'i ServiceName, BTreeMap<ServiceName, Condition>>,
}

impl Selection<'_> {
    /// What is optional and was selected by nobody is no dependency.
    fn forget_those_absent(&mut self) {
        for dependencies in self.depends_on.values_mut() {
            dependencies.retain(|name, _| self.entries.contains_key(name));
        }
    }

    /// Whoever is told the addresses of others starts after them; it does not wait until they answer, and it must not where
    /// they wait for it.
    fn start_those_told_first(&mut self) {
        let listeners: Vec<&Entry> = self.entries.values().copied().collect();
        for listener in listeners {
            let Some(kind) = listener.addresses_of else {
                continue;
            };
            let told = self.entries.values().filter(|entry| entry.kind == kind);
            let names: Vec<ServiceName> = told
                .filter(|entry| !self.needs(&entry.name, &listener.name))
                .map(|entry| entry.name.clone())
                .collect();
            let dependencies = self.depends_on.entry(&listener.name).or_default();
            for name in names {
                dependencies.entry(name).or_insert(Condition::Started);
            }
        }
    }

    /// Whether a service is, or comes after, another.
    fn needs(&self, name: &ServiceName, other: &ServiceName) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            if name == other {
                return true;
            }
            if seen.insert(name) {
                waiting.extend(self.depends_on.get(name).into_iter().flat_map(|d| d.keys()));
            }
        }
        false
    }

    pub(super) fn has(&self, name: &ServiceName) -> bool {
        self.entries.contains_key(name)
    }
}

/// Every profile with its members: the catalogue's and the user's. A profile of the user's always has the gateway.
pub fn profiles<'i>(
    catalogue: &'i Catalogue,
    project: &'i Project,
) -> BTreeMap<&'i str, BTreeSet<&'i str>> {
    let mut profiles: BTreeMap<&str, BTreeSet<&str>> = catalogue
        .profiles()
        .into_iter()
        .map(|(profile, members)| {
            (
                profile,
                members.into_iter().map(ServiceName::as_str).collect(),
            )
        })
        .collect();
    for (profile, members) in &project.profiles {
        let gateways = catalogue
            .entries()
            .filter(|entry| entry.kind == Kind::Gateway);
        let named = members.value.iter().map(|member| member.value.as_str());
        let members = named
            .chain(gateways.map(|entry| entry.name.as_str()))
            .collect();
        profiles.entry(profile).or_insert(members);
    }
    profiles
}

/// Where a name was written: key path and position in `atlas.yaml`, or the command line.
type Written = (String, Option<Position>);

impl<'i> Scope<'i> {
    /// The profile that was asked for or applies by default, even when services are named.
    pub(super) fn profile_in_force(&self) -> Option<&'i str> {
        let written = &self.inputs.project;
        match (&self.request.profile, &written.profile) {
            (Some(profile), _) => Some(profile),
            (None, _) if written.services_to_run.is_some() => None,
            (None, Some(profile)) => Some(&profile.value),
            (None, None) if self.request.services.is_empty() => Some(DEFAULT_PROFILE),
            (None, None) => None,
        }
    }

    pub(super) fn selection(&mut self, settings: &Settings) -> Selection<'i> {
        self.check_profiles();
        let mut selection = Selection::default();
        let mut waiting: Vec<&'i Entry> = Vec::new();
        for (name, written) in self.roots() {
            let gateway = match name {
                // nginx is no entry of the catalogue, and comes with the gateway.
                EDGE if self.has_front() => {
                    { self.inputs.catalogue.entries() }.find(|entry| entry.kind == Kind::Gateway)
                }
                _ => None,
            };
            let Some(entry) = gateway.or_else(|| self.known(name, &written)) else {
                continue;
            };
            if entry.kind == Kind::Store && settings.data != DataMode::Containers {
                self.store_without_containers(entry, &written);
            } else {
                waiting.push(entry);
            }
        }
        let profile = self.profile_in_force();
        while let Some(entry) = waiting.pop() {
            if selection.entries.insert(&entry.name, entry).is_some() {
                continue;
            }
            let dependencies = self.dependencies(entry, profile, settings.data);
            let needed = dependencies.iter().filter(|(_, how)| !how.optional);
            waiting.extend(needed.map(|(dependency, _)| *dependency));
            let conditions = dependencies
                .into_iter()
                .map(|(entry, how)| (entry.name.clone(), how.condition));
            selection
                .depends_on
                .insert(&entry.name, conditions.collect());
        }
        selection.forget_those_absent();
        self.check_circles(&selection);
        selection.start_those_told_first();
        selection
    }

    fn roots(&mut self) -> Vec<(&'i str, Written)> {
        let inputs = self.inputs;
        let written = &inputs.project;
        let request = self.request;
        let mut roots: Vec<(&str, Written)> = request
            .services
            .iter()
            .map(|name| (name.as_str(), (String::new(), None)))
            .collect();
        if let (Some(profile), Some(services)) = (&written.profile, &written.services_to_run) {
            let problem = Diagnostic::error("`profile` and `services-to-run` exclude each other")
                .key("services-to-run")
                .hint("keep one of them");
            let later = profile.position.max(services.position);
            self.in_project(problem, later);
        }
        if let Some(profile) = &request.profile {
            roots.extend(self.members(profile, None));
        } else if request.services.is_empty() {
            match (&written.services_to_run, &written.profile) {
                (Some(services), _) => roots.extend(listed("services-to-run", &services.value)),
                (None, Some(profile)) => {
                    roots.extend(self.members(&profile.value, Some(profile.position)))
                }
                (None, None) => roots.extend(self.members(DEFAULT_PROFILE, None)),
            }
        }
        roots
    }

    /// A profile's members.
    fn members(&mut self, profile: &'i str, position: Option<Position>) -> Vec<(&'i str, Written)> {
        let inputs = self.inputs;
        let profiles = profiles(&inputs.catalogue, &inputs.project);
        if let Some(members) = profiles.get(profile) {
            // Unknown members have been reported where the profile is written.
            let known = members
                .iter()
                .filter(|name| inputs.catalogue.get(name).is_some());
            return known.map(|name| (*name, (String::new(), None))).collect();
        }
        let problem = Diagnostic::error(format!("unknown profile `{profile}`"))
            .did_you_mean(profile, profiles.keys().copied());
        match position {
            Some(position) => self.in_project(problem.key("profile"), position),
            None => self.problems.push(problem),
        }
        Vec::new()
    }

    fn check_profiles(&mut self) {
        let inputs = self.inputs;
        let existing = inputs.catalogue.profiles();
        for (profile, members) in &inputs.project.profiles {
            let key = format!("profiles.{profile}");
            if existing.contains_key(profile.as_str()) {
                let problem =
                    Diagnostic::error(format!("the profile `{profile}` is part of the catalogue"));
                let problem = problem.key(&key).hint("give yours another name");
                self.in_project(problem, members.position);
            }
            for (name, written) in listed(&key, &members.value) {
                self.known(name, &written);
            }
        }
    }

    /// A service of the catalogue; an unknown name is reported where it was written.
    fn known(&mut self, name: &str, (key, position): &Written) -> Option<&'i Entry> {
        let inputs = self.inputs;
        let found = inputs.catalogue.get(name);
        if found.is_none() && !inputs.catalogue.is_broken(name) {
            let problem = self.unknown(name).key(key);
            match position {
                Some(position) => self.in_project(problem, *position),
                None => self.problems.push(problem),
            }
        }
        found
    }

    pub(super) fn unknown(&self, name: &str) -> Diagnostic {
        let names = self
            .inputs
            .catalogue
            .entries()
            .map(|entry| entry.name.as_str());
        Diagnostic::error(format!("unknown service `{name}`")).did_you_mean(name, names)
    }

    fn store_without_containers(&mut self, entry: &Entry, (key, position): &Written) {
        let problem = Diagnostic::error(format!(
            "`{}` does not run when data is not kept in containers",
            entry.name
        ))
        .key(key)
        .hint("use `data: containers`, or leave it out");
        match position {
            Some(position) => self.in_project(problem, *position),
            None => self.problems.push(problem),
        }
    }

    fn dependencies(
        &mut self,
        entry: &'i Entry,
        profile: Option<&str>,
        data: DataMode,
    ) -> Vec<(&'i Entry, &'i Dependency)> {
        let inputs = self.inputs;
        let mut found = Vec::new();
        for (name, dependency) in &entry.depends_on {
            if profile.is_some_and(|profile| dependency.unless_profile.iter().any(|p| p == profile))
            {
                continue;
            }
            match inputs.catalogue.get(name.as_str()) {
                Some(other) if other.kind == Kind::Store && data != DataMode::Containers => {}
                Some(other) => found.push((other, dependency)),
                None if inputs.catalogue.is_broken(name.as_str()) => {}
                None => {
                    let problem = self
                        .unknown(name.as_str())
                        .at(entry.file.clone(), dependency.position)
                        .key(format!("depends_on.{name}"));
                    self.problems.push(problem);
                }
            }
        }
        found
    }

    /// Settings of services that are not in the catalogue.
    pub(super) fn check_settings_of_services(&mut self) {
        let inputs = self.inputs;
        for (name, overrides) in &inputs.project.services {
            if name == EDGE && self.has_front() && inputs.catalogue.get(EDGE).is_none() {
                let problem = Diagnostic::error("nginx is set up elsewhere")
                    .key("services.nginx")
                    .hint("its settings stand under `nginx`");
                self.in_project(problem, overrides.position);
                continue;
            }
            self.known(
                name,
                &(format!("services.{name}"), Some(overrides.position)),
            );
        }
    }

    /// Removes services without open dependencies until none is left; what is left then waits for itself.
    fn check_circles(&mut self, selection: &Selection<'i>) {
        let mut open: BTreeMap<&ServiceName, usize> = BTreeMap::new();
        let mut dependents: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
        let mut ready = Vec::new();
        for (name, dependencies) in &selection.depends_on {
            open.insert(name, dependencies.len());
            if dependencies.is_empty() {
                ready.push(*name);
            }
            for dependency in dependencies.keys() {
                dependents.entry(dependency).or_default().push(name);
            }
        }
        while let Some(name) = ready.pop() {
            open.remove(name);
            for dependent in dependents.remove(name).unwrap_or_default() {
                if let Some(count) = open.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(dependent);
                    }
                }
            }
        }
        let Some((first, _)) = open.first_key_value() else {
            return;
        };
        let circle = circle(first, &open, selection);
        let entry = circle.first().and_then(|name| selection.entries.get(name));
        let Some(entry) = entry else { return };
        let next = circle.get(1).or(circle.first());
        let dependency = next.and_then(|next| entry.depends_on.get(*next));
        let position = dependency.map_or(Position::default(), |dependency| dependency.position);
        let mut path: Vec<&str> = circle.iter().map(|name| name.as_str()).collect();
        path.push(entry.name.as_str());
        let problem = Diagnostic::error(format!("dependency circle: {}", path.join(" → ")))
            .at(entry.file.clone(), position)
            .key("depends_on")
            .hint(format!(
                "remove one of the dependencies of {}",
                enumerate(&path[1..])
            ));
        self.problems.push(problem);
    }
}

fn listed<'n>(key: &str, names: &'n [At<String>]) -> Vec<(&'n str, Written)> {
    let written =
        |name: &'n At<String>| (name.value.as_str(), (key.to_owned(), Some(name.position)));
    names.iter().map(written).collect()
}

/// Follows dependencies among what is left until a service comes a second time.
fn circle<'n>(
    first: &'n ServiceName,
    open: &BTreeMap<&'n ServiceName, usize>,
    selection: &Selection<'n>,
) -> Vec<&'n ServiceName> {
    let mut path: Vec<&ServiceName> = Vec::new();
    let mut place: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    let mut here = first;
    loop {
        if let Some(start) = place.get(here) {
            return path.split_off(*start);
        }
        place.insert(here, path.len());
        path.push(here);
        let dependencies = selection
            .depends_on
            .get(here)
            .into_iter()
            .flat_map(BTreeMap::keys);
        let next = dependencies
            .filter_map(|name| open.get_key_value(name))
            .map(|(name, _)| *name)
            .next();
        match next {
            Some(next) => here = next,
            None => return path,
        }
    }
}
