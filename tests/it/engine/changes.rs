//! A second `up` changes nothing; a change replaces what it concerns and says which field it was.

use super::{Stack, inspect};

#[test]
fn a_second_up_changes_nothing() {
    let Some(stack) = Stack::of_three("noop") else {
        return;
    };
    let first = stack.up();
    assert!(
        first.stderr.contains("up and healthy in "),
        "{}",
        first.stderr
    );
    let before = stack.ids();
    assert_eq!(before.len(), 3);

    let second = stack.up();
    assert_eq!(stack.ids(), before);
    let said = "nothing to do: everything is as wanted and healthy\n";
    assert!(second.stderr.contains(said), "{}", second.stderr);
    stack.is_converged();
}

#[test]
fn a_dry_run_prints_the_plan_and_touches_nothing() {
    let Some(stack) = Stack::of_three("dry") else {
        return;
    };
    let plan = stack.run(&["plan"]).exits(0).stdout;
    let name = &stack.name;
    let expected = format!(
        "+ create   network   mesh  # missing\n\
         + create   container {name}-one-1  # missing\n\
         ~ start    container {name}-one-1  # missing\n\
         + create   container {name}-two-1  # missing\n\
         ~ start    container {name}-two-1  # missing\n\
         + create   container {name}-three-1  # missing\n\
         ~ start    container {name}-three-1  # missing\n\
         7 steps\n"
    );
    assert_eq!(plan, expected);
    assert_eq!(stack.run(&["up", "--dry-run"]).exits(0).stdout, expected);
    stack.run(&["plan", "--exit-code"]).exits(8);
    assert!(stack.ids().is_empty());
    assert!(!stack.path().join("compose.yaml").exists());
    assert!(!stack.path().join(".atlas").exists());
}

/// Changes one thing of `two` and checks that its container alone is another one, for the reason that `plan` gave.
#[track_caller]
fn changes_only_two(stack: &Stack, manifest: &str, reason: &str) {
    let before = stack.ids();
    stack.manifest(manifest);
    let plan = stack.run(&["plan", "--exit-code"]).exits(8).stdout;
    let first = plan.lines().next().unwrap_or_default();
    assert!(first.ends_with(reason), "{plan}");
    assert_eq!(stack.run(&["up", "--dry-run"]).exits(0).stdout, plan);
    assert_eq!(stack.ids(), before);

    stack.up();
    let after = stack.ids();
    for (name, id) in &before {
        let is_two = name.ends_with("-two-1");
        assert_eq!(after.get(name) == Some(id), !is_two, "{name}");
    }
    stack.is_converged();
}

#[test]
fn only_the_changed_service_is_replaced_and_the_plan_names_the_field() {
    let Some(stack) = Stack::of_three("change") else {
        return;
    };
    stack.up();
    let of_two = |text: &str| format!("services-to-run: [three]\nservices: {{two: {{{text}}}}}");
    changes_only_two(
        &stack,
        &of_two("environment: {BODY: hello}"),
        "  # changed: environment.BODY (→ hello)",
    );
    changes_only_two(
        &stack,
        &of_two("environment: {BODY: there}"),
        "  # changed: environment.BODY (hello → there)",
    );
    changes_only_two(
        &stack,
        &of_two("environment: {BODY: there}, memory: 64MiB"),
        "  # changed: mem_limit (256m → 64m)",
    );
    assert_eq!(inspect(&stack.id("two"))["HostConfig"]["Memory"], 64 << 20);
    let port = super::free_port();
    changes_only_two(
        &stack,
        &of_two(&format!(
            "environment: {{BODY: there}}, memory: 64MiB, port: {port}"
        )),
        &format!("  # changed: ports (→ 127.0.0.1:{port}:8080)"),
    );
}

/// The value of a variable that looks like a secret appears nowhere, though it is what changed.
#[test]
fn a_changed_secret_replaces_its_consumers_and_is_never_shown() {
    let Some(stack) = Stack::new("secret") else {
        return;
    };
    let secret = "environment: {THE_TOKEN: {description: A token, required: true, secret: true}}";
    stack.service("reader", secret);
    stack.service("other", "");
    stack.manifest("services-to-run: [reader, other]");
    stack.write(".env", "THE_TOKEN=first-value\n");
    let mut said = vec![stack.up()];
    let before = stack.ids();
    stack.write(".env", "THE_TOKEN=second-value\n");
    let plan = stack.run(&["plan", "--exit-code"]).exits(8);
    let reason = "  # changed: environment.THE_TOKEN\n";
    assert!(plan.stdout.contains(reason), "{}", plan.stdout);
    said.push(plan);
    said.push(stack.run(&["plan", "--json"]).exits(0));
    said.push(stack.up());
    said.push(stack.run(&["status", "--json"]).exits(0));
    assert_ne!(
        stack.id("reader"),
        before[&format!("{}-reader-1", stack.name)]
    );
    assert_eq!(
        stack.id("other"),
        before[&format!("{}-other-1", stack.name)]
    );
    said.push(stack.run(&["down"]).exits(0));
    for run in &said {
        for value in ["first-value", "second-value"] {
            assert!(!run.stdout.contains(value), "{}", run.stdout);
            assert!(!run.stderr.contains(value), "{}", run.stderr);
        }
    }
    assert!(!stack.read("compose.yaml").contains("-value"));
}

#[test]
fn what_is_gone_or_stopped_is_brought_back_and_the_rest_stays() {
    let Some(stack) = Stack::of_three("gone") else {
        return;
    };
    stack.up();
    let before = stack.ids();
    let (one, two) = (stack.id("one"), stack.id("two"));
    super::docker(&["rm", "-f", &one]);
    super::docker(&["stop", "-t", "0", &two]);
    let name = &stack.name;
    let expected = format!(
        "+ create   container {name}-one-1  # missing\n\
         ~ start    container {name}-one-1  # missing\n\
         ~ start    container {name}-two-1  # is exited\n\
         3 steps\n"
    );
    assert_eq!(stack.run(&["plan"]).exits(0).stdout, expected);
    stack.up();
    assert_ne!(stack.id("one"), one);
    assert_eq!(stack.id("two"), two);
    assert_eq!(stack.id("three"), before[&format!("{name}-three-1")]);
    stack.is_converged();
}

#[test]
fn orphans_are_named_and_removed_only_on_request() {
    let Some(stack) = Stack::of_three("orphan") else {
        return;
    };
    stack.up();
    stack.manifest("services-to-run: [one]");
    let name = &stack.name;
    let up = stack.up();
    let warning = "warning: there, but not part of this deployment: ";
    assert!(up.stderr.contains(warning), "{}", up.stderr);
    assert_eq!(stack.ids().len(), 3);
    stack.run(&["up", "--remove-orphans"]).exits(0);
    let left: Vec<String> = stack.ids().into_keys().collect();
    assert_eq!(left, [format!("{name}-one-1")]);
    stack.is_converged();
}
