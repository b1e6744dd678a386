//! Faults of networks, with the backend running in them.

use serde_json::json;

use super::altered::Altered;
use super::root::Root;
use super::{Mend, fault, findings, wrong};
use crate::atlas::Project;
use crate::engine::backend::brought_up;
use crate::engine::{Stack, docker, is_there};

#[test]
fn what_is_wrong_with_networks_is_found_and_nothing_else() {
    let Some((stack, ..)) = brought_up("doctor-net", &["--profile", "atlassian"]) else {
        return;
    };
    let healthy = findings(&stack, &[]);
    let failures = healthy.iter().filter(|f| f["result"] == "failure");
    assert_eq!(failures.count(), 0, "{:?}", wrong(&healthy));
    names_and_ways(&stack);
    let engine = Altered::new(stack.path());
    stack.set("DOCKER_HOST", engine.host());
    let root = Root::new(&stack);
    addresses(&stack, &engine, &root);
    fault(
        &stack,
        &[],
        "a way out for small packets",
        "ATLAS-NET-006",
        || root.write("sys/class/net/eth0/mtu", "1400\n"),
        Mend::by(|| root.mend("sys/class/net/eth0/mtu")),
    );
    let network =
        json!({"Name": "shop_atlas_ai_network", "Id": "0a", "Driver": "bridge", "Labels": {}});
    fault(
        &stack,
        &[],
        "the guide's deployment beside ours",
        "ATLAS-NET-001",
        || engine.set("/networks", "/-", network),
        Mend::by(|| engine.clear()),
    );
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}

fn addresses(stack: &Stack, engine: &Altered, root: &Root<'_>) {
    let name = format!("{}_mesh", stack.name);
    let format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
    let subnet = docker(&["network", "inspect", "-f", format, &name]);
    let first: u32 = subnet
        .split('/')
        .next()
        .and_then(|text| text.parse::<std::net::Ipv4Addr>().ok())
        .expect("an address")
        .into();
    let route = format!(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
         tun0\t{:08X}\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0\n",
        first.swap_bytes()
    );
    fault(
        stack,
        &[],
        "a VPN with our addresses",
        "ATLAS-NET-002",
        || root.write("proc/net/route", &route),
        Mend::by(|| root.mend("proc/net/route")),
    );
    let pools = json!([{"Base": subnet, "Size": 16}]);
    fault(
        stack,
        &[],
        "no subnets left",
        "ATLAS-NET-003",
        || engine.set("/info", "/DefaultAddressPools", pools),
        Mend::by(|| engine.clear()),
    );
}

fn names_and_ways(stack: &Stack) {
    let project = &stack.name;
    let old = format!("{project}_old");
    let label = format!("com.docker.compose.project={project}");
    fault(
        stack,
        &[],
        "a network that is described no more",
        "ATLAS-NET-001",
        || drop(docker(&["network", "create", "--label", &label, &old])),
        Mend::Printed,
    );
    let mesh = format!("{project}_mesh");
    let orchestrator = format!("{project}-orchestrator-1");
    // Compose's aliases are lost when a container is connected by hand.
    let rename = || {
        for network in [&mesh, &format!("{project}_data")] {
            docker(&["network", "disconnect", network, &orchestrator]);
            docker(&["network", "connect", network, &orchestrator]);
        }
    };
    fault(
        stack,
        &[],
        "a service that lost its name",
        "ATLAS-NET-004",
        rename,
        Mend::Printed,
    );
    let close = || {
        stack.run(&["down"]).exits(0);
        let network = "com.docker.compose.network=mesh";
        let closed = "com.docker.network.bridge.enable_icc=false";
        docker(&[
            "network", "create", "-o", closed, "--label", &label, "--label", network, &mesh,
        ]);
        stack.run(&["up", "--no-wait"]).exits(0);
        crate::engine::eventually("the orchestrator is healthy", || {
            let ps = docker(&["ps", "--filter", &format!("name={orchestrator}")]);
            ps.contains("(healthy)")
        });
    };
    fault(
        stack,
        &[],
        "a network in which nobody may talk",
        "ATLAS-NET-005",
        close,
        Mend::Printed,
    );
}

#[test]
fn a_network_of_ours_that_somebody_else_made_is_found() {
    let Some(stack) = Stack::new("doctor-foreign") else {
        return;
    };
    stack.service("one", "");
    stack.manifest("services-to-run: [one]");
    let name = format!("{}_mesh", stack.name);
    let label = "com.docker.compose.project=shop";
    fault(
        &stack,
        &[],
        "a network of another project under our name",
        "ATLAS-NET-001",
        || drop(docker(&["network", "create", "--label", label, &name])),
        Mend::Printed,
    );
}

#[test]
fn no_subnet_for_a_network_that_is_still_to_be_made_is_a_failure() {
    if !is_there() {
        return;
    }
    let project = Project::new("doctor-pools");
    project
        .run(&["init", "--yes", "--profile", "minimal"])
        .exits(0);
    let engine = Altered::new(project.path());
    project.set("DOCKER_HOST", engine.host());
    // The whole pool is the default bridge's.
    let pools = json!([{"Base": "172.17.0.0/16", "Size": 16}]);
    fault(
        &project,
        &[],
        "no subnet for the first network",
        "ATLAS-NET-003",
        || engine.set("/info", "/DefaultAddressPools", pools),
        Mend::by(|| engine.clear()),
    );
}

#[test]
fn a_service_that_is_told_to_ask_itself_is_found() {
    if !is_there() {
        return;
    }
    let project = Project::new("doctor-localhost");
    project
        .run(&["init", "--yes", "--profile", "atlassian"])
        .exits(0);
    let usual = project.read("atlas.yaml");
    let wrong =
        "services: {gateway: {environment: {ORCHESTRATOR_URL: \"http://localhost:8002\"}}}\n";
    fault(
        &project,
        &[],
        "localhost in a container",
        "ATLAS-NET-007",
        || project.write("atlas.yaml", format!("{usual}{wrong}")),
        Mend::by(|| project.write("atlas.yaml", &usual)),
    );
}
