//! An `up` that ends early, whatever the moment and however, leaves what the next one completes.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Stack, docker, eventually, inspect, until};
use crate::atlas::Run;

/// Moments spread over a run of about this long.
const SPAN: Duration = Duration::from_millis(1800);
const MOMENTS: u32 = 12;

/// `atlas up` under way.
fn begin(stack: &Stack) -> Child {
    let mut command = stack.command(&["up"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("atlas starts")
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process id");
    kill_process(pid, Signal::INT).expect("it runs");
}

fn end(child: Child) -> Run {
    Run::of(child.wait_with_output().expect("it ends"))
}

/// Kills `up` at one of the moments; it may have ended before.
fn killed_at(stack: &Stack, moment: u32) {
    let mut child = begin(stack);
    std::thread::sleep(SPAN * moment / MOMENTS);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    settled(stack);
}

/// What the engine was asked for just before may still be on its way there: waits until it shows the same twice.
fn settled(stack: &Stack) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut before = None;
    while before != Some(stack.ids()) {
        assert!(Instant::now() < deadline, "the engine does not settle");
        before = Some(stack.ids());
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

#[test]
fn an_up_killed_at_any_moment_is_completed_by_the_next() {
    let Some(stack) = Stack::of_three("kill") else {
        return;
    };
    for moment in 0..MOMENTS {
        killed_at(&stack, moment);
        stack.up();
        stack.is_converged();
        assert_eq!(stack.ids().len(), 3);
        stack.run(&["down"]).exits(0);
        assert!(stack.ids().is_empty());
    }
}

#[test]
fn a_replacement_killed_at_any_moment_is_completed_by_the_next() {
    let Some(stack) = Stack::of_three("killre") else {
        return;
    };
    stack.up();
    for moment in 0..MOMENTS {
        let change = |n: u32| {
            let body = format!("environment: {{BODY: \"{n}\"}}");
            stack.manifest(&format!(
                "services-to-run: [three]\nservices: {{one: {{{body}}}, three: {{{body}}}}}"
            ));
        };
        change(moment);
        killed_at(&stack, moment);
        stack.up();
        stack.is_converged();
        assert_eq!(stack.ids().len(), 3);
    }
}

/// What a killed replacement can leave: the new container beside the old one, or the new one alone, not renamed yet.
#[test]
fn leftovers_of_a_replacement_are_cleared_up() {
    let Some(stack) = Stack::of_three("leftover") else {
        return;
    };
    stack.up();
    let name = &stack.name;
    let old = stack.id("one");
    let temporary = format!("{}_{name}-one-1", &old[..12]);

    // A container as the killed run made it: the labels and the temporary name are all that counts.
    let mut create = vec!["create".to_owned(), "--name".to_owned(), temporary.clone()];
    let labels = inspect(&old)["Config"]["Labels"].take();
    for (key, value) in labels.as_object().expect("it has labels") {
        create.push(format!("--label={key}={}", value.as_str().expect("text")));
    }
    create.push("atlas-test/trivial:1".to_owned());
    docker(&create.iter().map(String::as_str).collect::<Vec<_>>());
    stack.manifest("services-to-run: [three]\nservices: {one: {environment: {BODY: new}}}");
    let plan = stack.run(&["plan"]).exits(0).stdout;
    let leftover =
        format!("- remove   container {temporary}  # left over from an interrupted run\n");
    assert!(plan.contains(&leftover), "{plan}");
    stack.up();
    stack.is_converged();
}

/// Killed after the old container was removed and before the new one had its name.
#[test]
fn a_replacement_without_its_name_is_adopted() {
    let Some(stack) = Stack::of_three("adopt") else {
        return;
    };
    stack.up();
    let (name, one) = (&stack.name, stack.id("one"));
    docker(&["stop", "-t", "0", &one]);
    docker(&["rename", &one, &format!("0123456789ab_{name}-one-1")]);
    let expected = format!(
        "~ rename   container {name}-one-1  # left over from an interrupted run\n\
         ~ start    container {name}-one-1  # is exited\n\
         2 steps\n"
    );
    assert_eq!(stack.run(&["plan"]).exits(0).stdout, expected);
    stack.up();
    assert_eq!(stack.id("one"), one);
    stack.is_converged();
}

#[test]
fn ctrl_c_ends_with_130_and_the_next_up_completes() {
    let Some(stack) = Stack::of_three("ctrlc") else {
        return;
    };
    let slow = "services: {two: {environment: {START_DELAY_MS: \"3000\"}}}";
    stack.manifest(&format!("services-to-run: [three]\n{slow}"));
    let mut child = begin(&stack);
    until(&mut child, "-two-1 started");
    let began = Instant::now();
    interrupt(&child);
    let run = end(child).exits(130);
    assert!(began.elapsed() < Duration::from_secs(2), "it ends at once");
    let error = "error: interrupted; the next `atlas up` completes what is left\n";
    assert!(run.stderr.ends_with(error), "{}", run.stderr);
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
    let names: Vec<String> = stack.ids().into_keys().collect();
    assert!(
        names.iter().all(|n| n.starts_with(&stack.name)),
        "{names:?}"
    );

    let before = stack.ids();
    stack.up();
    assert_eq!(stack.ids(), before);
    stack.is_converged();
}

/// A registry that never answers: the wait for it ends with the interrupt, not with the registry's patience.
#[test]
fn ctrl_c_ends_a_pull() {
    let Some(stack) = Stack::new("pull") else {
        return;
    };
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("it is bound").port();
    stack.service("one", "");
    let image = format!("127.0.0.1:{port}/acme/one:1");
    stack.manifest(&format!(
        "services-to-run: [one]\nservices: {{one: {{image: \"{image}\"}}}}"
    ));
    let mut child = begin(&stack);
    until(&mut child, "checks passed, ");
    let (_connection, _) = silent.accept().expect("the engine asks the registry");
    let began = Instant::now();
    interrupt(&child);
    end(child).exits(130);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!(stack.ids().is_empty());
}

#[test]
fn two_at_once_the_second_names_the_first() {
    let Some(stack) = Stack::of_three("lock") else {
        return;
    };
    let slow = "services: {one: {environment: {START_DELAY_MS: \"60000\"}}}";
    stack.manifest(&format!("services-to-run: [three]\n{slow}"));
    let mut first = begin(&stack);
    until(&mut first, "-one-1 started");
    for command in ["up", "down", "restart"] {
        let second = stack.run(&[command]).exits(5);
        let expected = format!(
            "error: failed to {command}: another atlas is at work in this project (atlas up, process {})\n\
             hint: wait for it; the lock goes when that process ends, however it ends\n",
            first.id()
        );
        assert!(second.stderr.ends_with(&expected), "{}", second.stderr);
    }
    // Looking needs no lock.
    stack.run(&["plan"]).exits(0);
    stack.run(&["status"]).exits(6);
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    stack.manifest("services-to-run: [three]");
    stack.up();
    stack.is_converged();
}

/// An engine that restarts: its containers come back, or the next `up` brings them.
#[test]
fn paused_and_dying_containers_are_brought_back() {
    let Some(stack) = Stack::of_three("paused") else {
        return;
    };
    stack.up();
    docker(&["pause", &stack.id("one")]);
    let plan = stack.run(&["plan", "--exit-code"]).exits(8);
    assert!(
        plan.stdout.contains("-one-1  # is paused"),
        "{}",
        plan.stdout
    );
    stack.up();
    stack.is_converged();
    docker(&["kill", &stack.id("one")]);
    eventually("it is up again or can be brought up", || {
        stack.run(&["up"]).code == 0
    });
    stack.is_converged();
}
