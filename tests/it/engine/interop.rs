//! A user can leave at any day: the real `docker compose` 2.x and atlas work on the same project, in both directions
//! (the acceptance list of the contract).

use super::{Stack, docker};

/// The only kinds of things a project leaves behind.
#[track_caller]
fn nothing_is_left(stack: &Stack) {
    let label = format!("label=com.docker.compose.project={}", stack.name);
    assert!(stack.ids().is_empty(), "{:?}", stack.ids());
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]), "");
}

fn numbers(stack: &Stack, service: &str) -> Vec<String> {
    let prefix = format!("{}-{service}-", stack.name);
    let ids = stack.ids();
    let names = ids.keys().filter_map(|name| name.strip_prefix(&prefix));
    names.map(str::to_owned).collect()
}

#[test]
fn compose_sees_keeps_and_removes_what_atlas_made() {
    let Some(stack) = Stack::of_three("leave") else {
        return;
    };
    stack.up();
    let before = stack.ids();
    let name = stack.name.clone();

    let ps = stack
        .compose(&["-p", &name, "ps", "--format", "{{.Service}}"])
        .exits(0);
    let mut services: Vec<&str> = ps.stdout.lines().collect();
    services.sort_unstable();
    assert_eq!(services, ["one", "three", "two"]);
    let logs = stack
        .compose(&["-p", &name, "logs", "--no-color", "one"])
        .exits(0);
    assert!(
        logs.stdout.contains("one-1  | trivial: listening on 8080"),
        "{}",
        logs.stdout
    );
    let ls = stack.compose(&["ls", "--format", "json"]).exits(0);
    let folder = stack.path().canonicalize().expect("it exists");
    let file = folder.join("compose.yaml").display().to_string();
    assert!(
        ls.stdout.contains(&name) && ls.stdout.contains(&file),
        "{}",
        ls.stdout
    );

    let up = stack.compose(&["up", "-d"]).exits(0);
    assert_eq!(stack.ids(), before, "{}", up.stderr);
    assert!(
        !up.stderr.contains("Recreate") && !up.stderr.contains("orphan"),
        "{}",
        up.stderr
    );

    stack.compose(&["-p", &name, "down"]).exits(0);
    nothing_is_left(&stack);
}

#[test]
fn atlas_sees_keeps_and_removes_what_compose_made() {
    let Some(stack) = Stack::of_three("arrive") else {
        return;
    };
    stack.run(&["render", "compose"]).exits(0);
    // Compose waits for its own health checks, whose first one comes after 30 seconds; `create` and `start` do not.
    stack.compose(&["create"]).exits(0);
    stack.compose(&["start", "one"]).exits(0);
    stack.up();
    let before = stack.ids();
    assert_eq!(before.len(), 3);
    stack.is_converged();
    stack.up();
    assert_eq!(stack.ids(), before);
    let logs = stack.run(&["logs", "one"]).exits(0);
    assert_eq!(logs.stdout, "one-1 | trivial: listening on 8080\n");
    stack.run(&["down"]).exits(0);
    nothing_is_left(&stack);
}

#[test]
fn both_tools_count_containers_alike() {
    let Some(stack) = Stack::new("count") else {
        return;
    };
    stack.service("one", "scalable: true");
    stack.manifest("services-to-run: [one]");
    stack.up();
    stack.run(&["scale", "one=2"]).exits(0);
    assert_eq!(numbers(&stack, "one"), ["1", "2"]);
    let both = stack.ids();
    stack.compose(&["up", "-d", "--scale", "one=2"]).exits(0);
    assert_eq!(stack.ids(), both);
    stack.compose(&["up", "-d", "--scale", "one=3"]).exits(0);
    assert_eq!(numbers(&stack, "one"), ["1", "2", "3"]);

    // `up` wants what atlas.yaml says: the oldest number stays.
    stack.up();
    assert_eq!(numbers(&stack, "one"), ["1"]);
    assert_eq!(
        stack.ids()[&format!("{}-one-1", stack.name)],
        both[&format!("{}-one-1", stack.name)]
    );
    stack.run(&["scale", "one=0"]).exits(0);
    assert!(stack.ids().is_empty());
}

/// One service, because Compose waits 30 seconds for the first health check of what others depend on.
#[test]
fn after_compose_up_there_is_nothing_for_atlas_to_do() {
    let Some(stack) = Stack::new("composed") else {
        return;
    };
    stack.service("one", "volumes: [\"kept:/data\"]");
    stack.manifest("services-to-run: [one]");
    stack.run(&["render", "compose"]).exits(0);
    stack.compose(&["up", "-d"]).exits(0);
    let before = stack.ids();
    assert_eq!(before.len(), 1);
    let plan = stack.run(&["plan", "--exit-code"]).exits(0);
    assert_eq!(plan.stdout, "nothing to do: everything is as wanted\n");
    stack.up();
    assert_eq!(stack.ids(), before);
    stack.is_converged();
    let logs = stack.run(&["logs"]).exits(0);
    assert_eq!(logs.stdout, "one-1 | trivial: listening on 8080\n");
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
    nothing_is_left(&stack);
}
