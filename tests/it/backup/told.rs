//! Who is told of failures: a webhook and a mail server of one's own, and what they get.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::atlas::Project;

/// Takes `answers.len()` requests, and returns their bodies.
fn hook(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let taken = std::thread::spawn(move || {
        let take = |answer: &&str| {
            let (stream, _) = listener.accept().expect("a request");
            body(stream, answer)
        };
        answers.iter().map(take).collect()
    });
    (format!("http://127.0.0.1:{port}/hook/T0P-S3CRET"), taken)
}

fn body(stream: TcpStream, answer: &str) -> String {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a number");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    (&stream).write_all(text.as_bytes()).expect("an answer");
    String::from_utf8(body).expect("UTF-8")
}

/// Speaks as much SMTP as one mail needs; returns what the client said.
fn mail_server() -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let taken = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let say = |text: &str| (&stream).write_all(text.as_bytes()).expect("an answer");
        say("220 mail.example.com\r\n");
        let (mut said, mut inside) = (String::new(), false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return said;
            }
            said += &line;
            match line.trim_end() {
                "." => inside = false,
                _ if inside => continue,
                "DATA" => {
                    inside = true;
                    say("354 go on\r\n");
                    continue;
                }
                "QUIT" => {
                    say("221 bye\r\n");
                    return said;
                }
                _ => {}
            }
            say("250 ok\r\n");
        }
    });
    (port, taken)
}

#[test]
fn a_missed_backup_is_told_to_a_webhook() {
    // The first answer is a passing trouble: it is tried again.
    let (url, taken) = hook(&["503 Busy", "204 No Content"]);
    let project = Project::new("hook");
    project.write(
        "atlas.yaml",
        format!("name: demo\nbackup: {{notify: ['{url}']}}\n"),
    );
    let run = project.run(&["backup", "check", "--notify"]).exits(7);
    let said = "missed: there is no backup that is complete and fully verified\n";
    assert_eq!(run.stderr, said);
    let bodies = taken.join().expect("two requests");
    let told: Value = serde_json::from_str(&bodies[1]).expect("JSON");
    assert_eq!(told["schema"], "atlas/v1");
    assert_eq!(told["project"], "demo");
    assert_eq!(told["kind"], "backup-missed");
    assert_eq!(told["id"], Value::Null);
    assert_eq!(told["exit"], 7);
    assert_eq!(
        told["message"],
        "there is no backup that is complete and fully verified"
    );
    assert!(
        told["at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{told}"
    );
}

#[test]
fn a_failed_backup_is_told_by_mail_without_a_secret() {
    let (port, taken) = mail_server();
    let project = Project::new("mail");
    project.write(
        "atlas.yaml",
        "name: demo\nbackup: {notify: ['mailto:ops@example.com']}\n",
    );
    project.write(
        ".env",
        format!("SMTP_URL=smtp://127.0.0.1:{port}\nSMTP_FROM=atlas@example.com\n"),
    );
    project.write(
        "uri",
        "mongodb://root:t0p-s3cret@127.0.0.1:9/?serverSelectionTimeoutMS=300\n",
    );
    let words = ["backup", "create", "--uri-file", "uri", "--notify"];
    let run = project.run(&words).exits(5);
    assert!(run.stderr.contains("error: failed to "), "{}", run.stderr);
    let said = taken.join().expect("a mail");
    for part in [
        "MAIL FROM:<atlas@example.com>",
        "RCPT TO:<ops@example.com>",
        "Subject: [atlas] demo: backup failed",
        "exit:    5",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(
        !said.contains("t0p-s3cret") && !run.stderr.contains("t0p-s3cret"),
        "{said}"
    );
}

#[test]
fn who_cannot_be_told_is_named_without_the_secret_of_the_address() {
    let (url, taken) = hook(&["404 Not Found"]);
    let project = Project::new("untold");
    project.write(
        "atlas.yaml",
        format!("backup: {{notify: ['{url}', 'mailto:ops@example.com']}}\n"),
    );
    let run = project.run(&["backup", "check", "--notify"]).exits(7);
    taken.join().expect("one request");
    let expected = "warning: failed to notify `http://127.0.0.1/…`: it answered 404 Not Found\n\
        warning: failed to notify `mailto:ops@example.com`: SMTP_URL is not set: there is nobody to send mail by\n";
    assert!(run.stderr.ends_with(expected), "{}", run.stderr);
    assert!(!run.stderr.contains("S3CRET"), "{}", run.stderr);
}
