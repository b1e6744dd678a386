//! `checklist:` of atlas.yaml, the user's own items.

use super::{accepts, project, refuses};

#[test]
fn an_item_is_a_command_a_request_or_a_question() {
    accepts(&project(
        "checklist:
  - {id: smoke, title: the smoke test passes, command: [./smoke, --quick]}
  - id: status-page
    title: the status page answers
    why: customers look there first
    http: {url: 'https://status.example.com/', status: 204}
    required: false
  - {id: dpa, title: the contract is signed, question: Is the contract signed?, ask-again: 1y}
",
    ));
    accepts(&project("checklist:\n"));
}

#[test]
fn everything_that_is_wrong_with_items_is_told_with_its_place() {
    refuses(
        &project(
            "checklist:
  - {title: x}
  - {id: Smoke, title: x, command: []}
  - {id: redis, title: x, question: x}
  - {id: a, title: x, question: Is it?, ask-again: soon}
  - {id: a, title: x, http: {url: ftp://x, status: 42}}
  - {id: b, title: x, command: [x], question: x}
  - {id: c, title: x, command: [x], ask-again: 90d, requird: false}
  - {id: d, title: '', http: {}}
  - {id: e, title: x, command: [x]}
  - {id: e, title: x, command: [x]}
",
        ),
        "error: atlas.yaml:2:5: checklist[0]: an item needs one of `command`, `http` and `question`
error: atlas.yaml:2:5: checklist[0].id: is missing
error: atlas.yaml:3:10: checklist[1].id: expected a word of lower-case letters, digits and `-`, found `Smoke`
error: atlas.yaml:3:36: checklist[1].command: names no program
  hint: write a list such as `[curl, --fail, https://example.com]`; a shell is `[sh, -c, …]`
error: atlas.yaml:4:10: checklist[2].id: `redis` is an item of atlas itself
  hint: name it otherwise
error: atlas.yaml:5:52: checklist[3].ask-again: expected a span of days, weeks, months or years such as `90d`, found `soon`
error: atlas.yaml:6:35: checklist[4].http.url: expected an address such as `https://host/path`, found `ftp://x`
error: atlas.yaml:6:52: checklist[4].http.status: expected a status from 100 to 599, found `42`
error: atlas.yaml:7:5: checklist[5]: an item has one way to be decided, not `command` and `question`
error: atlas.yaml:8:48: checklist[6].ask-again: only a question is asked again; a probe is made each time
error: atlas.yaml:8:53: checklist[6].requird: unknown key `requird`
  hint: did you mean `required`?
error: atlas.yaml:9:20: checklist[7].title: expected text, found ``
error: atlas.yaml:9:30: checklist[7].http.url: is missing
error: atlas.yaml:11:10: checklist[9].id: `e` is already an item in line 10

error: the configuration has 14 problems
",
    );
    refuses(
        &project("checklist: {smoke: {}}\n"),
        "error: atlas.yaml:1:12: checklist: expected a list, found a mapping

error: the configuration has 1 problem
",
    );
}
