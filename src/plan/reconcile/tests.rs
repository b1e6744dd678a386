//! What each situation leads to, as the plan's own text. A deployment of two services: `web` publishes 8001 and waits for `db`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Options, reconcile};
use crate::model::{
    Condition, DataMode, Deployment, Image, ImageRef, ImageSource, Kind, Network, Port, Probe,
    Publish, Resources, Service, ServiceName, Stage,
};
use crate::plan::{Action, Container, Observed, ObservedNetwork, Plan, State};

fn name(text: &str) -> ServiceName {
    text.parse().expect("a valid name")
}

fn service(text: &str, needs: &[&str], publish: Option<u64>) -> Service {
    let port = |number| Port::new(number).expect("a valid port");
    Service {
        name: name(text),
        description: String::new(),
        kind: Kind::Integration,
        image: Image::Reference(ImageRef::new("img:1")),
        entrypoint: None,
        command: None,
        environment: BTreeMap::new(),
        secrets: vec![],
        port: port(80),
        further: Vec::new(),
        publish: publish.map(|number| Publish {
            address: [127, 0, 0, 1].into(),
            port: port(number),
        }),
        probe: Probe::Tcp { exchange: None },
        healthcheck: vec![],
        depends_on: needs
            .iter()
            .map(|n| (name(n), Condition::Healthy))
            .collect(),
        networks: BTreeSet::from(["mesh".to_owned()]),
        mounts: vec![],
        tmpfs: vec![],
        user: None,
        read_only: true,
        capabilities: vec![],
        resources: Resources {
            memory: 1,
            cpu_millis: 1,
            pids: 1,
        },
        replicas: 1,
        scalable: true,
        internet: true,
        stop_grace: Duration::from_secs(1),
        labels: BTreeMap::new(),
    }
}

fn deployment() -> Deployment {
    let services = [
        service("db", &[], None),
        service("web", &["db"], Some(8001)),
    ];
    Deployment {
        project: "p".parse().expect("a valid name"),
        stage: Stage::Development,
        data: DataMode::Embedded,
        start_interval: true,
        public_url: None,
        source: ImageSource::Registry,
        services: services.into_iter().map(|s| (s.name.clone(), s)).collect(),
        networks: BTreeMap::from([("mesh".to_owned(), Network::default())]),
        volumes: BTreeMap::new(),
        secrets: BTreeMap::new(),
        edge: None,
    }
}

fn container(service: &str, id: &str, hash: &str) -> Container {
    Container {
        id: format!("{id:0<64}"),
        name: format!("p-{service}-1"),
        service: service.to_owned(),
        number: 1,
        config_hash: hash.to_owned(),
        image: "sha256:1".to_owned(),
        image_name: "img:1".to_owned(),
        state: State::Running,
        status: String::new(),
        networks: BTreeMap::from([("p_mesh".to_owned(), ("n1".to_owned(), None))]),
        volumes: BTreeSet::new(),
        ports: match service {
            "web" => vec![([127, 0, 0, 1].into(), 8001, 80)],
            _ => vec![],
        },
        depends_on: vec![],
        changes: vec![],
        created: 1,
    }
}

fn observed(containers: Vec<Container>) -> Observed {
    let network = ObservedNetwork {
        id: "n1".to_owned(),
        owned: true,
        ..ObservedNetwork::default()
    };
    Observed {
        containers,
        networks: BTreeMap::from([("p_mesh".to_owned(), network)]),
        images: BTreeMap::from([("img:1".to_owned(), "sha256:1".to_owned())]),
        create_with_networks: true,
        ..Observed::default()
    }
}

/// The plan where every wanted hash is `h`.
fn plan(deployment: &Deployment, observed: &Observed, options: &Options) -> Plan {
    let hashes = deployment
        .services
        .keys()
        .map(|n| (n.clone(), "h".to_owned()));
    let plan = reconcile(deployment, &hashes.collect(), observed, options);
    for (id, step) in plan.steps.iter().enumerate() {
        assert!(step.after.iter().all(|before| *before < id), "{plan}");
    }
    plan
}

fn text(observed: &Observed) -> String {
    plan(&deployment(), observed, &Options::default()).to_string()
}

/// Whether the one step comes after the other, directly or not.
fn is_after(plan: &Plan, later: usize, earlier: usize) -> bool {
    let after = &plan.steps[later].after;
    after.contains(&earlier) || after.iter().any(|id| is_after(plan, *id, earlier))
}

fn find(plan: &Plan, wanted: impl Fn(&Action) -> bool) -> usize {
    let found = plan.steps.iter().position(|step| wanted(&step.action));
    found.unwrap_or_else(|| panic!("no such step in\n{plan}"))
}

#[test]
fn nothing_there_means_everything_is_created_in_order() {
    assert_eq!(
        text(&Observed {
            create_with_networks: true,
            ..Observed::default()
        }),
        "+ provide  image     img:1  # missing
+ create   network   mesh  # missing
+ create   container p-db-1  # missing
~ start    container p-db-1  # missing
+ create   container p-web-1  # missing
~ start    container p-web-1  # missing
6 steps"
    );
}

#[test]
fn everything_there_means_nothing_to_do() {
    let there = observed(vec![container("db", "d", "h"), container("web", "w", "h")]);
    assert_eq!(text(&there), "nothing to do: everything is as wanted");
}

#[test]
fn a_changed_service_alone_is_replaced_and_a_kept_dependent_is_asked_after_it() {
    let there = observed(vec![
        container("db", "d", "old"),
        container("web", "w", "h"),
    ]);
    let plan = plan(&deployment(), &there, &Options::default());
    assert_eq!(
        plan.to_string(),
        "+ create   container d00000000000_p-db-1  # configuration changed
- stop     container p-db-1  # configuration changed
- remove   container p-db-1  # configuration changed
~ rename   container p-db-1  # replaces p-db-1
~ start    container p-db-1  # configuration changed
5 steps"
    );
    let db = find(
        &plan,
        |a| matches!(a, Action::Await { name, .. } if name == "p-db-1"),
    );
    let web = find(
        &plan,
        |a| matches!(a, Action::Await { name, .. } if name == "p-web-1"),
    );
    assert!(is_after(&plan, web, db));
}

#[test]
fn the_leftover_of_an_interrupted_replacement_goes_before_its_name_is_used_again() {
    let mut leftover = container("db", "l", "h");
    leftover.name = "d00000000000_p-db-1".to_owned();
    leftover.state = State::Created;
    leftover.created = 2;
    let there = observed(vec![
        container("db", "d", "old"),
        leftover,
        container("web", "w", "h"),
    ]);
    let plan = plan(&deployment(), &there, &Options::default());
    let removed = find(
        &plan,
        |a| matches!(a, Action::Remove { name, .. } if name.starts_with("d0")),
    );
    let created = find(&plan, |a| matches!(a, Action::CreateContainer { .. }));
    assert!(is_after(&plan, created, removed), "{plan}");
}

#[test]
fn a_replacement_whose_old_container_is_gone_is_renamed_and_started_under_its_final_name() {
    let mut adopted = container("db", "l", "h");
    adopted.name = "d00000000000_p-db-1".to_owned();
    adopted.state = State::Created;
    let there = observed(vec![adopted, container("web", "w", "h")]);
    assert_eq!(
        text(&there),
        "~ rename   container p-db-1  # left over from an interrupted run
~ start    container p-db-1  # is created
2 steps"
    );
}

#[test]
fn a_port_that_moves_to_another_service_is_free_before_it_is_published() {
    let mut wanted = deployment();
    let take = |from: &str, deployment: &mut Deployment| {
        let service = deployment
            .services
            .get_mut(&name(from))
            .expect("it is there");
        service.publish.take()
    };
    let port = take("web", &mut wanted);
    wanted
        .services
        .get_mut(&name("db"))
        .expect("it is there")
        .publish = port;
    let there = observed(vec![
        container("db", "d", "old"),
        container("web", "w", "old"),
    ]);
    let plan = plan(&wanted, &there, &Options::default());
    let freed = find(
        &plan,
        |a| matches!(a, Action::Remove { name, .. } if name == "p-web-1"),
    );
    let taken = find(
        &plan,
        |a| matches!(a, Action::Start { service, .. } if service == "db"),
    );
    assert!(is_after(&plan, taken, freed), "{plan}");
}

#[test]
fn a_network_that_must_be_closed_is_made_anew_between_its_containers() {
    let mut wanted = deployment();
    wanted
        .networks
        .get_mut("mesh")
        .expect("it is there")
        .internal = true;
    let there = observed(vec![container("db", "d", "h"), container("web", "w", "h")]);
    let plan = plan(&wanted, &there, &Options::default());
    let gone = find(&plan, |a| matches!(a, Action::RemoveNetwork { .. }));
    let removed = find(
        &plan,
        |a| matches!(a, Action::Remove { name, .. } if name == "p-web-1"),
    );
    let created = find(&plan, |a| matches!(a, Action::CreateNetwork { .. }));
    let web = find(
        &plan,
        |a| matches!(a, Action::CreateContainer { name, .. } if name == "p-web-1"),
    );
    assert!(is_after(&plan, gone, removed) && is_after(&plan, created, gone));
    assert!(is_after(&plan, web, created), "{plan}");
}

#[test]
fn nothing_that_runs_is_removed_before_a_missing_image_is_there() {
    let mut there = observed(vec![
        container("db", "d", "old"),
        container("web", "w", "h"),
    ]);
    there.images.clear();
    let plan = plan(&deployment(), &there, &Options::default());
    let image = find(&plan, |a| matches!(a, Action::ProvideImage { .. }));
    let stopped = find(&plan, |a| matches!(a, Action::Stop { .. }));
    assert!(is_after(&plan, stopped, image), "{plan}");
}

#[test]
fn an_image_that_nothing_is_made_of_is_not_fetched() {
    let mut there = observed(vec![container("db", "d", "h"), container("web", "w", "h")]);
    there.images.clear();
    assert_eq!(text(&there), "nothing to do: everything is as wanted");
}

#[test]
fn a_stopped_container_whose_network_is_gone_is_replaced() {
    let mut stopped = container("db", "d", "h");
    stopped.state = State::Exited;
    stopped.networks = BTreeMap::from([("p_mesh".to_owned(), (String::new(), None))]);
    let mut there = observed(vec![stopped, container("web", "w", "h")]);
    there.networks.clear();
    assert!(text(&there).contains("p-db-1  # not connected to network p_mesh"));
}

#[test]
fn orphans_stay_unless_they_are_to_go() {
    let there = observed(vec![
        container("db", "d", "h"),
        container("web", "w", "h"),
        container("old", "o", "x"),
    ]);
    assert_eq!(text(&there), "nothing to do: everything is as wanted");
    let options = Options {
        remove_orphans: true,
        ..Options::default()
    };
    assert_eq!(
        plan(&deployment(), &there, &options).to_string(),
        "- stop     container p-old-1  # its service is not part of the deployment
- remove   container p-old-1  # its service is not part of the deployment
2 steps"
    );
}

#[test]
fn only_the_chosen_services_are_touched() {
    let there = observed(vec![
        container("db", "d", "old"),
        container("web", "w", "old"),
    ]);
    let options = Options {
        only: Some(BTreeSet::from([name("db")])),
        ..Options::default()
    };
    let plan = plan(&deployment(), &there, &options);
    assert!(
        plan.changes()
            .all(|step| step.action.service() != Some("web")),
        "{plan}"
    );
}

#[test]
fn more_replicas_get_the_lowest_free_numbers_and_fewer_keep_them() {
    let mut wanted = deployment();
    wanted
        .services
        .get_mut(&name("db"))
        .expect("it is there")
        .replicas = 2;
    let mut second = container("db", "e", "h");
    (second.number, second.name) = (3, "p-db-3".to_owned());
    let there = observed(vec![second.clone(), container("web", "w", "h")]);
    let grown = plan(&wanted, &there, &Options::default()).to_string();
    assert!(
        grown.contains("create   container p-db-1  # missing"),
        "{grown}"
    );
    let there = observed(vec![
        container("db", "d", "h"),
        second,
        container("web", "w", "h"),
    ]);
    assert_eq!(
        text(&there),
        "- stop     container p-db-3  # scaled down\n- remove   container p-db-3  # scaled down\n2 steps"
    );
}
